//! Somebody can still decrypt.

use super::described;
use crate::catalog::{gap, ours};
use crate::policy::{
    Caller, CallerKind, Context as RequestContext, Document, KeyGrant, Layers, Policy, Principal,
    Request, Target, Verdict as Decided, decide,
};
use crate::prelude::*;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "key-readers-exist",
    title: "Policies of keys that encrypt logs should leave somebody who can decrypt",
    severity: Severity::Medium,
    question: Some(Question::Delivered),
    why: "Log files that nobody can decrypt are delivered, signed and kept, and cannot be read: no investigation, no \
          audit. One Deny on kms:Decrypt does it, and nothing else looks wrong.",
    fix: "Remove the Deny on kms:Decrypt from the key policy or exempt the auditors' role from it, and allow \
          kms:Decrypt to that role or to the account (`aws kms put-key-policy --key-id KEY_ARN --policy-name default \
          --policy file://policy.json`).",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html",
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
    ],
    reads: &[
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        calls::LIST_GRANTS,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Key(run),
};

const DECRYPT: &str = "kms:Decrypt";

fn run(key: &Key, ctx: &Context<'_>) -> Outcome {
    let described = described(key);
    if let Ok(Err(gone)) = described {
        return Ok(gone);
    }
    let policy = gap::key_policy(key)?;
    let mut gaps = Vec::from_iter(described.err());
    let Some(policy) = policy else {
        return Verdict::fail("there is no key policy, so nobody can decrypt")
            .unless_open(Gaps::collect(gaps));
    };
    for caller in candidates(&policy, key) {
        match ours::is_ours(&AccountId::from(caller.account.as_str()), ctx) {
            Ok(true) if may_decrypt(&caller, &policy, key) => {
                let verdict = Verdict::pass("the key policy leaves principals who can decrypt");
                return verdict
                    .saw("Example", &caller.id)
                    .unless_open(Gaps::collect(gaps));
            }
            Ok(_) => {}
            Err(missing) if may_decrypt(&caller, &policy, key) => gaps.push(missing),
            Err(_) => {}
        }
    }
    gaps.extend(key.grants.known().err());
    let verdict = Verdict::fail("nobody in the organization can decrypt with the key")
        .saw("Action", DECRYPT)
        .expected("a role of auditors");
    // A grant that is not seen may let somebody decrypt.
    Gaps::collect(gaps).map_or(Ok(verdict), Err)
}

/// Who may be able to: any role of an account that is named, everybody who is named by an ARN, be it to be exempt from
/// a Deny, and the grantees. The root user of an account is no reader: nobody works as it.
fn candidates(policy: &Document, key: &Key) -> Vec<Caller> {
    let mut accounts = BTreeSet::from([key.account.to_string()]);
    let mut arns = BTreeSet::new();
    for statement in &policy.statements {
        let members = statement.principals.iter().flat_map(|it| &it.members);
        for member in members.filter(|it| !it.is_deleted()) {
            match member {
                Principal::Account(id) => drop(accounts.insert(id.clone())),
                Principal::Aws(arn) => drop(arns.insert(arn.clone())),
                Principal::Everyone
                | Principal::Service(_)
                | Principal::Federated(_)
                | Principal::CanonicalUser(_) => {}
            }
        }
        let conditions = statement.conditions.iter();
        let named = conditions.filter(|it| it.key == "aws:principalarn");
        let fixed = |it: &&String| !it.contains(['*', '?']) && !it.contains("${");
        arns.extend(named.flat_map(|it| &it.values).filter(fixed).cloned());
    }
    let grants = key.grants.ok().into_iter().flatten();
    arns.extend(grants.map(|it| it.grantee.clone()));
    let partition = key.arn.partition();
    let anybody = accounts.iter().map(|id| {
        let role = format!("arn:{partition}:iam::{id}:role/somebody");
        caller(&role).unwrap_or_else(|| Caller::new(CallerKind::Role, &role, id))
    });
    anybody
        .chain(arns.iter().filter_map(|it| caller(it)))
        .collect()
}

/// A role, as a session of it; or a user.
fn caller(arn: &str) -> Option<Caller> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, partition, service, _, account, path] = fields.as_slice() else {
        return None;
    };
    let (kind, rest) = path.split_once('/')?;
    match (*service, kind) {
        ("iam", "user") => Some(Caller::new(CallerKind::User, arn, account)),
        ("iam", "role") => {
            let name = rest.rsplit('/').next()?;
            let session = format!("arn:{partition}:sts::{account}:assumed-role/{name}/any");
            let mut caller = Caller::new(CallerKind::AssumedRole, &session, account);
            caller.role_arn = Some(arn.to_owned());
            Some(caller)
        }
        ("sts", "assumed-role") => Some(Caller::new(CallerKind::AssumedRole, arn, account)),
        _ => None,
    }
}

/// Whether the policy lets this caller decrypt in some request, if its own policies allow everything.
fn may_decrypt(caller: &Caller, policy: &Document, key: &Key) -> bool {
    let text =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let Ok(everything) = Document::parse(text) else {
        return false;
    };
    let role = caller.role_arn.as_deref().unwrap_or(&caller.id);
    let grants = key.grants.ok().into_iter().flatten();
    let grants = grants.filter(|it| it.grantee == role || it.grantee == caller.id);
    let grants = grants.map(|it| KeyGrant {
        id: it.id.clone(),
        retiring: it.retiring.clone(),
        grantee: it.grantee.clone(),
        operations: it.operations.clone(),
        constraints: Vec::new(),
    });
    let metadata = key.metadata.ok().and_then(Option::as_ref);
    let arn = metadata.and_then(|it| it.arn.ok()).unwrap_or(&key.arn);
    let request = Request {
        caller: caller.clone(),
        action: DECRYPT.to_owned(),
        target: Target::One(arn.to_string()),
        resource_account: key.account.to_string(),
        context: RequestContext::of_caller(caller),
    };
    let layers: Layers<'_> = Layers {
        identity: vec![Policy::new("everything", &everything)],
        resource: Some(Policy::new("the key policy", policy)),
        grants: grants.collect(),
        ..Layers::default()
    };
    decide(&request, &layers).verdict != Decided::Denied
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::key::KeyGrant as Granted;
    use crate::testing::*;

    fn also(statement: &str) -> Case {
        let more = format!(r#"{statement},{{"Sid":"Describe""#);
        let policy = KEY_POLICY.replace(r#"{"Sid":"Describe""#, &more);
        key(|k| k.policy = Known(Some(policy)))
    }

    fn denies(principal: &str, action: &str, condition: &str) -> Case {
        also(&format!(
            r#"{{"Effect":"Deny",{principal},"Action":"{action}","Resource":"*","Condition":{{{condition}}}}}"#
        ))
    }

    fn only(principal: &str, action: &str) -> Case {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"*"}}}}"#
        );
        key(|k| k.policy = Known(Some(policy)))
    }

    fn granted(case: Case, grantee: &str, operation: &str) -> Case {
        let grant = Granted {
            id: "g-1".to_owned(),
            grantee: grantee.to_owned(),
            retiring: None,
            operations: vec![operation.to_owned()],
            context_equals: Default::default(),
            context_subset: Default::default(),
        };
        case.and(|it| it.keys.values_mut().next().unwrap().grants = Known(vec![grant]))
    }

    #[test]
    fn verdicts() {
        let all = r#""Principal":"*""#;
        let auditor = "arn:aws:iam::111111111111:role/auditor";
        let unless = |operator: &str, arn: &str| {
            denies(
                all,
                "kms:Decrypt",
                &format!(r#""{operator}":{{"aws:PrincipalArn":"{arn}"}}"#),
            )
        };
        let service = r#"{"Service":"cloudtrail.amazonaws.com"}"#;
        table(
            &CHECK,
            [
                (Pass, key(|_| {})),
                (Fail, denies(all, "kms:Decrypt", "")),
                (Fail, denies(all, "kms:*", "")),
                (Fail, denies(all, "kms:De*", "")),
                (Pass, denies(all, "kms:Encrypt", "")),
                (
                    Fail,
                    denies(r#""Principal":{"AWS":"111111111111"}"#, "kms:Decrypt", ""),
                ),
                // Whoever is exempt, or comes by another way, can.
                (Pass, unless("ArnNotEquals", auditor)),
                (
                    Fail,
                    unless("ArnNotEquals", "arn:aws:iam::999999999999:role/theirs"),
                ),
                (Fail, unless("ArnLike", "*")),
                (
                    Pass,
                    denies(
                        &format!(r#""NotPrincipal":{{"AWS":["111111111111","{auditor}"]}}"#),
                        "kms:Decrypt",
                        "",
                    ),
                ),
                (
                    Pass,
                    denies(
                        all,
                        "kms:Decrypt",
                        r#""StringNotEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}"#,
                    ),
                ),
                // Nobody is allowed to.
                (Fail, only(service, "kms:*")),
                (Fail, only(r#"{"AWS":"111111111111"}"#, "kms:PutKeyPolicy")),
                (Pass, only(r#"{"AWS":"111111111111"}"#, "kms:Decrypt")),
                (
                    Pass,
                    only(&format!(r#"{{"AWS":"{auditor}"}}"#), "kms:Decrypt"),
                ),
                (Fail, only(r#"{"AWS":"999999999999"}"#, "kms:Decrypt")),
                (Fail, only(r#"{"AWS":"AROAEXAMPLEEXAMPLE"}"#, "kms:Decrypt")),
                (Pass, granted(only(service, "kms:*"), auditor, "Decrypt")),
                (Fail, granted(only(service, "kms:*"), auditor, "Encrypt")),
                (
                    Fail,
                    granted(denies(all, "kms:Decrypt", ""), auditor, "Decrypt"),
                ),
                (Unknown, key(|k| k.policy = denied(calls::GET_KEY_POLICY))),
                (Unknown, key(|k| k.policy = Known(Some("{".to_owned())))),
                (NotApplicable, key(|k| k.metadata = Known(None))),
                (Unknown, key(|k| k.metadata = denied(calls::DESCRIBE_KEY))),
                (Pass, key(|k| k.grants = denied(calls::LIST_GRANTS))),
                (
                    Unknown,
                    only(service, "kms:*").and(|it| {
                        it.keys.values_mut().next().unwrap().grants = denied(calls::LIST_GRANTS);
                    }),
                ),
            ],
        );
    }
}
