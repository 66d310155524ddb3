//! The role by which other engines read a store can do nothing else.

use crate::catalog::{gap, recording};
use crate::context::not_reached;
use crate::fact::Reason;
use crate::inventory::iam::Role;
use crate::policy::{Document, Statement, posture};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "lake-federation-role",
    title: "Lake federation roles should only be able to read and decrypt event data",
    severity: Severity::Low,
    question: Some(Question::Guarded),
    why: "Lake Formation uses the role for every principal that queries the event data store through Athena. Each \
          further permission of the role is available to all of them.",
    fix: "Limit the role's policies to cloudtrail:GetEventDataStoreData on the event data store, and kms:Decrypt and \
          kms:GenerateDataKey on its key (PutRolePolicy, DetachRolePolicy). Or disable federation: `aws cloudtrail \
          disable-federation --event-data-store STORE_ARN --region REGION`.",
    judged: "The role that federates a store must have permission to read event data and to decrypt it, and no other \
             permissions. Not applicable to stores that are not federated.",
    alike: &["cloudtrail:GetEventDataStoreData passes; cloudtrail:* fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-federation.html",
    ],
    reads: &[
        calls::LIST_EVENT_DATA_STORES,
        calls::GET_EVENT_DATA_STORE,
        calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
    ],
    run: Run::IamPrincipal(run),
};

/// All that federation needs.
const NEEDED: [&str; 3] = [
    "cloudtrail:GetEventDataStoreData",
    "kms:Decrypt",
    "kms:GenerateDataKey",
];

fn run(principal: &Principal<'_>, ctx: &Context<'_>) -> Outcome {
    let Identity::Role(role) = principal.identity else {
        return Ok(unasked());
    };
    // Without this trust the role cannot federate anything.
    if !role.trust.contains("lakeformation") {
        return Ok(unasked());
    }
    if !federates(role, principal, ctx)? {
        return Ok(unasked());
    }
    let (excess, gaps) = excess(role, principal, ctx);
    let verdict = Verdict::pass_if(
        excess.is_empty(),
        "the federation role can only read and decrypt event data",
        format!(
            "policies of the federation role allow more than reading event data: {}",
            excess.join("; ")
        ),
    );
    verdict
        .saw("Policies", excess)
        .unless_open(Gaps::collect(gaps))
}

fn unasked() -> Verdict {
    Verdict::not_applicable("the role does not federate a CloudTrail Lake event data store")
}

/// A store names the role; while a store of its account is hidden, it may.
fn federates(role: &Role, principal: &Principal<'_>, ctx: &Context<'_>) -> Result<bool, Gaps> {
    let mut gaps = Vec::new();
    let stores = ctx.inventory.event_data_stores.values();
    for store in stores.filter(|it| it.account == *principal.account) {
        let set = &store.configuration;
        match (set.federation_role.known(), set.federation_status.known()) {
            (Ok(named), _) if named.as_ref() != Some(&role.arn) => {}
            (_, Ok(status)) if status.as_deref() == Some("DISABLED") => {}
            (Ok(_), Ok(_)) => return Ok(true),
            (named, status) => gaps.extend(named.err().into_iter().chain(status.err())),
        }
    }
    let account = ctx.inventory.accounts.get(principal.account);
    for switch in account.into_iter().flat_map(recording::in_scope) {
        let hidden = match ctx.region(principal.account, &switch.name) {
            Some(view) => view.event_data_stores.gap().cloned(),
            None => {
                let call = calls::LIST_EVENT_DATA_STORES;
                Some(not_reached(call, principal.account, &switch.name))
            }
        };
        let hidden = hidden.filter(|gap| gap.reason != Reason::DeniedByScp);
        gaps.extend(hidden.map(Gaps::from));
    }
    gaps.extend(account.and_then(|it| it.regions.known().err()));
    Gaps::collect(gaps).map_or(Ok(false), Err)
}

/// What its policies grant beyond need, and what could not be read.
fn excess(role: &Role, principal: &Principal<'_>, ctx: &Context<'_>) -> (Vec<String>, Vec<Gaps>) {
    let inline = role
        .inline
        .iter()
        .map(|it| (it.name.as_str(), Some(it.document.as_str())));
    let attached = role.attached.iter().map(|arn| {
        let policy = principal.details.policy(arn);
        (arn.as_str(), policy.map(|it| it.document.as_str()))
    });
    let (mut excess, mut gaps) = (Vec::new(), Vec::new());
    for (name, text) in inline.chain(attached) {
        let document = text.ok_or_else(|| "the response does not include its document".to_owned());
        let document =
            document.and_then(|document| Document::parse(document).map_err(|it| it.to_string()));
        match document {
            Ok(document) => excess.extend(beyond_need(&document).map(|it| format!("{name}: {it}"))),
            Err(why) => gaps.push(gap::gap(
                calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
                principal.account,
                &ctx.home(),
                Reason::Malformed,
                format!("policy {name}: {why}"),
            )),
        }
    }
    (excess, gaps)
}

fn beyond_need(document: &Document) -> Option<String> {
    let needed = |statement: &Statement| {
        let mut patterns = statement.actions.patterns.iter();
        let needed = |text: &str| NEEDED.iter().any(|it| it.eq_ignore_ascii_case(text));
        !statement.actions.negated && patterns.all(|it| needed(&it.text))
    };
    if let Some(statement) = document.allows().find(|it| !needed(it)) {
        let texts: Vec<&str> = statement
            .actions
            .patterns
            .iter()
            .map(|it| it.text.as_str())
            .collect();
        let not = if statement.actions.negated {
            "all actions except "
        } else {
            ""
        };
        return Some(format!("{not}{}", texts.join(", ")));
    }
    let every_store = posture::granted(document, &NEEDED[..1], "*");
    (!every_store.is_empty())
        .then(|| "cloudtrail:GetEventDataStoreData on all event data stores".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const STORE: &str = "arn:aws:cloudtrail:us-east-1:111111111111:eventdatastore/lake";

    fn grants(action: &str, resource: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":{action},"Resource":"{resource}"}}}}"#
        )
    }

    /// A role that Lake Formation may take on, and a store that names it.
    fn federated(document: &str, change: impl FnOnce(&mut EventDataStore)) -> Case {
        let mut arn = None;
        let case = role(|role| {
            role.trust = role
                .trust
                .replace("ec2.amazonaws.com", "lakeformation.amazonaws.com");
            role.inline.push(inline(document));
            arn = Some(role.arn.clone());
        });
        case.and(|inventory| {
            add_store(inventory, ACCOUNT, HOME, |store| {
                let set = &mut store.configuration;
                set.federation_status = Known(Some("ENABLED".to_owned()));
                set.federation_role = Known(arn);
                change(store);
            });
        })
    }

    #[test]
    fn verdicts() {
        let read = || grants(r#""cloudtrail:GetEventDataStoreData""#, STORE);
        let with = |document: &str| federated(document, |_| {});
        table(
            &CHECK,
            [
                (Pass, with(&read())),
                (
                    Pass,
                    with(&grants(r#"["kms:Decrypt","kms:generatedatakey"]"#, "*")),
                ),
                (
                    Fail,
                    with(&grants(r#""cloudtrail:GetEventDataStoreData""#, "*")),
                ),
                (Fail, with(&grants(r#""cloudtrail:*""#, STORE))),
                (
                    Fail,
                    with(&grants(r#"["kms:Decrypt","s3:GetObject"]"#, "*")),
                ),
                (Fail, with(&read().replace(r#""Action""#, r#""NotAction""#))),
                (Unknown, with("{")),
                (
                    NotApplicable,
                    federated("{", |store| {
                        store.configuration.federation_status = Known(Some("DISABLED".to_owned()));
                    }),
                ),
                (
                    NotApplicable,
                    federated("{", |it| it.configuration.federation_role = Known(None)),
                ),
                (
                    Unknown,
                    federated(&read(), |store| {
                        store.configuration = denied(calls::GET_EVENT_DATA_STORE)
                    }),
                ),
                (
                    Unknown,
                    with(&read()).and(|inventory| {
                        inventory.event_data_stores.clear();
                        inventory
                            .regions
                            .values_mut()
                            .next()
                            .unwrap()
                            .event_data_stores = denied(calls::LIST_EVENT_DATA_STORES);
                    }),
                ),
                // Lake Formation cannot take on a role that does not trust it.
                (
                    NotApplicable,
                    with(&grants(r#""*""#, "*")).and_iam(|document| {
                        for role in document.roles.iter_mut() {
                            role.trust = role.trust.replace("lakeformation", "ec2");
                        }
                    }),
                ),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
            ],
        );
    }
}
