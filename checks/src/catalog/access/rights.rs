//! What policy documents grant, by meaning.

use super::policies::{Policy, Read};
use crate::check::{Outcome, Principal, Verdict};
use crate::evaluate::Context;
use crate::fact::Gaps;
use crate::policy::{Document, Effect, Version, posture};

/// The actions by which a trail is blinded; whoever holds all of them needs no other.
const TAMPER: [&str; 4] = [
    "cloudtrail:StopLogging",
    "cloudtrail:DeleteTrail",
    "cloudtrail:UpdateTrail",
    "cloudtrail:PutEventSelectors",
];

/// Fails where the documents give full rights over every trail of the principal's account.
pub(super) fn no_full_cloudtrail(
    read: Read<'_>,
    principal: &Principal<'_>,
    ctx: &Context<'_>,
) -> Outcome {
    let partition = &ctx.inventory.header.scope.partition;
    let trails = format!("arn:{partition}:cloudtrail:*:{}:trail/*", principal.account);
    let granted = |document: &Document| posture::granted(document, &TAMPER, &trails).len();
    let full = holds(&read.policies, |document| granted(document) == TAMPER.len());
    let from = read
        .policies
        .iter()
        .filter(|it| granted(&unconditional(&it.document)) > 0);
    let from: Vec<&str> = from.map(|it| it.name).collect();
    let verdict = Verdict::pass_if(
        !full,
        "no full rights over trails",
        format!(
            "may stop, delete and change every trail of the account, by {}",
            from.join(", ")
        ),
    );
    verdict
        .saw("Policies", from)
        .unless_open(Gaps::collect(read.gaps))
}

/// Fails where the documents make an administrator.
pub(super) fn no_administrator(read: Read<'_>) -> Outcome {
    let admin = holds(&read.policies, posture::is_administrator);
    let from = read
        .policies
        .iter()
        .filter(|it| posture::is_administrator(&unconditional(&it.document)));
    let from: Vec<&str> = from.map(|it| it.name).collect();
    let how = if from.is_empty() {
        "several together".to_owned()
    } else {
        from.join(", ")
    };
    let verdict = Verdict::pass_if(
        !admin,
        "no administrator",
        format!("holds administrator rights, by {how}"),
    );
    verdict
        .saw("Policies", from)
        .unless_open(Gaps::collect(read.gaps))
}

/// One document grants it, or all of them together do.
///
/// One by one first: what one document grants another may deny, and that is not looked at yet.
fn holds(policies: &[Policy<'_>], grants: impl Fn(&Document) -> bool) -> bool {
    let documents: Vec<Document> = policies
        .iter()
        .map(|it| unconditional(&it.document))
        .collect();
    documents.iter().any(&grants) || {
        let statements = documents.into_iter().flat_map(|it| it.statements);
        grants(&Document {
            version: Version::V2012,
            id: None,
            statements: statements.collect(),
        })
    }
}

/// A right that is held under a condition is held all the same: the condition may be met.
fn unconditional(document: &Document) -> Document {
    let mut document = document.clone();
    for statement in &mut document.statements {
        if statement.effect == Effect::Allow {
            statement.conditions.clear();
        }
    }
    document
}
