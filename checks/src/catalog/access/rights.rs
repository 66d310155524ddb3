//! What policy documents grant, by meaning.

use super::policies::Read;
use crate::check::{Outcome, Principal, Verdict};
use crate::context::Context;
use crate::fact::Gaps;
use crate::policy::{Statement, posture};

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
    let full = |all: &[&Statement]| posture::held(all, &TAMPER, &trails).len() == TAMPER.len();
    verdict(
        read,
        full,
        "it does not have full access to trails",
        "can stop, delete and change every trail of the account",
    )
}

/// Fails where the documents make an administrator.
pub(super) fn no_administrator(read: Read<'_>) -> Outcome {
    verdict(
        read,
        posture::is_administrator,
        "it has no administrator permissions",
        "has administrator permissions",
    )
}

/// Fails where one document grants it, or all of them together do.
///
/// One by one first: what one document grants another may deny, and that is not looked at yet.
fn verdict(
    read: Read<'_>,
    grants: impl Fn(&[&Statement]) -> bool,
    harmless: &str,
    harmful: &str,
) -> Outcome {
    let (mut alone, mut statements) = (Vec::new(), Vec::new());
    for policy in &read.policies {
        let own: Vec<&Statement> = policy.statements().iter().collect();
        if grants(&own) {
            alone.push(policy.name);
        }
        statements.extend(own);
    }
    let together = || grants(&statements);
    let verdict = if !alone.is_empty() {
        let by = alone.join(", ");
        Verdict::fail(format!("{harmful} (policy {by})")).saw("Policies", alone)
    } else if together() {
        let all: Vec<&str> = read.policies.iter().map(|policy| policy.name).collect();
        let by = all.join(", ");
        Verdict::fail(format!("{harmful} (policies combined: {by})")).saw("Policies", all)
    } else {
        Verdict::pass(harmless)
    };
    verdict.unless_open(Gaps::collect(read.gaps))
}
