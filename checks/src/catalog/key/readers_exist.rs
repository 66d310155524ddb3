//! Somebody can still decrypt.

use super::described;
use crate::access::grant_of;
use crate::bound::{Exemptions, Home, Kind, unnamed};
use crate::catalog::{gap, own_accounts};
use crate::control_policies::Control;
use crate::fact::Gap;
use crate::inventory::ControlPolicyKind;
use crate::policy::{
    Caller, CallerKind, Context as RequestContext, Document, Key as Value, Layers, Policy,
    Principal, Request, Target, Verdict as Decided, decide,
};
use crate::prelude::*;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "key-readers-exist",
    title: "Policies of keys that encrypt logs should allow at least one principal to decrypt",
    severity: Severity::Medium,
    question: Some(Question::Delivered),
    why: "Log files that no principal can decrypt are still delivered and stored, but cannot be used in an investigation or \
          audit. One Deny on kms:Decrypt is sufficient to cause this, and no trail status shows it.",
    fix: "Remove the Deny on kms:Decrypt from the key policy or exempt the auditors' role. Then grant kms:Decrypt to \
          that role or to the account: `aws kms put-key-policy --key-id KEY --policy-name default --policy \
          file://policy.json --region REGION`.",
    judged: "Looks for one principal of the organization that the key policy and the grants allow to decrypt in some \
             request: any role of an account that is named, every principal that is named by an ARN (also as an \
             exemption from a Deny), and every grantee. Fails when a Deny or a missing Allow excludes all of them. \
             The identity policies of that principal are not evaluated, and the root user does not count.",
    alike: &[
        "A Deny on kms:Decrypt for everyone fails; with ArnNotEquals aws:PrincipalArn of an auditors' role it passes.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html",
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
    ],
    reads: &[
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        calls::LIST_GRANTS,
        calls::DESCRIBE_TRAILS,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
    ],
    run: Run::Key(run),
};

const DECRYPT: &str = "kms:Decrypt";

/// Some principals of an account, as one caller; or one that is named.
struct Reader {
    caller: Caller,
    context: RequestContext,
    everything: Document,
}

fn run(key: &Key, ctx: &Context<'_>) -> Outcome {
    let described = described(key);
    if let Ok(Err(gone)) = described {
        return Ok(gone);
    }
    let policy = gap::key_policy(key)?;
    let mut gaps = Vec::from_iter(described.err());
    let Some(policy) = policy else {
        return Verdict::fail("the key has no policy, so no principal can decrypt")
            .unless_open(Gaps::collect(gaps));
    };
    let organization = ctx.inventory.organization.ok().and_then(Option::as_ref);
    let control = organization.map(|it| ctx.control_of(it));
    let (readers, hidden) = readers(&policy, key, control.as_ref(), ctx);
    // Each trail's files have a context of their own, on which a policy may depend.
    let trails = ctx.encryptors(key).iter().copied().map(Some);
    let files: Vec<Option<&Trail>> = trails.collect();
    let files = match files.is_empty() {
        true => vec![None],
        false => files,
    };
    let (mut examples, mut unread) = (BTreeSet::new(), Vec::new());
    for trail in files {
        let mut open = hidden.clone();
        let found = readers.iter().find_map(|reader| {
            match may_decrypt(reader, trail, (&policy, control.as_ref()), key, ctx) {
                Ok(true) => Some(reader.caller.id.clone()),
                Ok(false) => None,
                Err(missing) => {
                    open.push(missing);
                    None
                }
            }
        });
        match (found, Gaps::collect(open)) {
            (Some(id), _) => drop(examples.insert(id)),
            (None, Some(missing)) => gaps.push(missing),
            (None, None) => unread.push(trail.map(|it| it.name.as_str())),
        }
    }
    let Some(first) = unread.first() else {
        let verdict = Verdict::pass("the key policy allows at least one principal to decrypt");
        return verdict
            .saw("Example", examples)
            .unless_open(Gaps::collect(gaps));
    };
    gaps.extend(key.grants.known().err());
    let of = first.map_or_else(String::new, |name| {
        format!(" the log files of trail {name}")
    });
    let verdict = Verdict::fail(format!(
        "no principal in the organization can decrypt{of} with the key"
    ))
    .saw("Action", DECRYPT)
    .expected("an auditors' role");
    // A grant that is not seen may let somebody decrypt.
    Gaps::collect(gaps).map_or(Ok(verdict), Err)
}

/// Who may be able to: users and roles of each account that is named, kind by kind; everybody who is named by an ARN, be
/// it to be exempt from a Deny; and the grantees. The root user of an account is no reader: nobody works as it.
///
/// What may hide another is returned beside.
fn readers(
    policy: &Document,
    key: &Key,
    control: Option<&Control<'_>>,
    ctx: &Context<'_>,
) -> (Vec<Reader>, Vec<Gaps>) {
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
        for condition in &statement.conditions {
            let fields = condition.values.iter().flat_map(|it| it.split(':'));
            let id =
                |text: &&str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
            accounts.extend(fields.filter(id).map(str::to_owned));
            if condition.key == "aws:principalorgpaths" {
                // One account of each unit: the policy can tell no two of them apart.
                let mut paths = BTreeSet::new();
                for account in ctx.inventory.accounts.values() {
                    let path = control.and_then(|it| it.org_path(account));
                    if paths.insert(path) {
                        accounts.insert(account.id.to_string());
                    }
                }
            }
        }
    }
    let grants = key.grants.ok().into_iter().flatten();
    arns.extend(grants.map(|it| it.grantee.clone()));
    let exempt = Exemptions::of([policy], &[DECRYPT], false);
    let unnamed = unnamed([policy]);
    let partition = key.arn.partition();
    let organization = ctx.inventory.organization.ok().and_then(Option::as_ref);
    let (mut readers, mut gaps) = (Vec::new(), Vec::new());
    let mut ours = |id: &str| match own_accounts::is_ours(&AccountId::from(id), ctx) {
        Ok(ours) => ours,
        Err(missing) => {
            gaps.push(missing);
            false
        }
    };
    let path_of = |id: &str| {
        let account = ctx.inventory.accounts.get(&AccountId::from(id))?;
        control?.org_path(account)
    };
    let anything = Document::parse(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
    );
    for id in accounts {
        if !ours(&id) {
            continue;
        }
        let path = path_of(&id);
        let home = Home {
            partition,
            account: &id,
            organization: organization.map(|it| it.id.as_str()),
            external: false,
            path: path.as_deref(),
        };
        let kinds = [Kind::Role, Kind::User, Kind::FederatedUser];
        let probes = home.probes(&kinds, &exempt, &unnamed);
        readers.extend(probes.into_iter().map(|probe| Reader {
            caller: probe.caller,
            context: probe.context,
            everything: probe.everything,
        }));
        let named = exempt.in_account(&id);
        arns.extend(
            named
                .into_iter()
                .map(|it| format!("arn:{partition}:iam::{id}:{it}")),
        );
    }
    for caller in arns.iter().filter_map(|it| caller(it)) {
        if let (true, Ok(everything)) = (ours(&caller.account), &anything) {
            let mut context = RequestContext::of_caller(&caller);
            if let Some(organization) = organization {
                context = context.with("aws:PrincipalOrgID", &organization.id);
            }
            if let Some(path) = path_of(&caller.account) {
                context = context.with_list("aws:PrincipalOrgPaths", [path.as_str()]);
            }
            readers.push(Reader {
                context,
                caller,
                everything: everything.clone(),
            });
        }
    }
    (readers, gaps)
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

/// Whether policies and grants let this reader decrypt a trail's files in some request, if its own policies allow
/// everything.
fn may_decrypt(
    reader: &Reader,
    trail: Option<&Trail>,
    (policy, control): (&Document, Option<&Control<'_>>),
    key: &Key,
    ctx: &Context<'_>,
) -> Result<bool, Gaps> {
    let caller = &reader.caller;
    let role = caller.role_arn.as_deref().unwrap_or(&caller.id);
    let grants = key.grants.ok().into_iter().flatten();
    let grants = grants.filter(|it| it.grantee == role || it.grantee == caller.id);
    let metadata = key.metadata.ok().and_then(Option::as_ref);
    let arn = metadata.and_then(|it| it.arn.ok()).unwrap_or(&key.arn);
    let mut context = reader.context.clone();
    if let Some(trail) = trail {
        // What CloudTrail encrypts with, a reader must name.
        let (names, any) = (
            ["aws:cloudtrail:arn", "aws:s3:arn"],
            Value::Any {
                may_be_absent: false,
            },
        );
        context.close("kms:EncryptionContext:");
        context.set("kms:EncryptionContext:aws:s3:arn", any);
        context = context
            .with(
                "kms:EncryptionContext:aws:cloudtrail:arn",
                trail.arn.as_str(),
            )
            .with_list("kms:EncryptionContextKeys", names);
    }
    let request = Request {
        caller: caller.clone(),
        action: DECRYPT.to_owned(),
        target: Target::One(arn.to_string()),
        resource_account: key.account.to_string(),
        context,
    };
    let account = |id: &str| ctx.inventory.accounts.get(&AccountId::from(id));
    let above = |kind: ControlPolicyKind, id: &str| control?.levels(kind, account(id)?);
    let grants: Vec<_> = grants.map(grant_of).collect();
    let scps = above(ControlPolicyKind::ServiceControlPolicy, &caller.account);
    let owner = key.account.as_str();
    let rcps = above(ControlPolicyKind::ResourceControlPolicy, owner);
    let layers: Layers<'_, Gap> = Layers {
        identity: &[Policy::new("everything", &reader.everything)],
        resource: Some(&Policy::new("the key policy", policy)),
        grants: &grants,
        scps: scps.as_deref(),
        rcps: rcps.as_deref(),
        management_account: control.map(|it| it.management_account().as_str()),
        ..Layers::default()
    };
    let decision = decide(&request, &layers);
    match decision.verdict {
        Decided::Denied => Ok(false),
        Decided::Allowed | Decided::Conditional => Ok(true),
        Decided::Unknown => {
            let missing = decision.missing.iter();
            let gaps = missing.map(|it| Gaps::from(it.reason.clone()));
            Gaps::collect(gaps).map_or(Ok(true), Err)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    /// Everybody of a member account may decrypt, and nobody else.
    fn allow_only(it: &mut Inventory, account: &str) {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"kms:Decrypt","Resource":"*"}}}}"#
        );
        it.keys.values_mut().next().unwrap().policy = Known(Some(policy));
    }

    fn only_if(condition: &str) -> Case {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{{{condition}}}}}}}"#
        );
        key(|k| k.policy = Known(Some(policy)))
    }

    fn granted(case: Case, grantee: &str, operation: &str) -> Case {
        let grant = key_grant(grantee, operation);
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
                // Whoever has such a name, path or tag can, in an account of ours.
                (
                    Pass,
                    unless("ArnNotLike", "arn:aws:iam::111111111111:role/audit/*"),
                ),
                (Pass, unless("ArnNotLike", "arn:aws:iam::*:role/auditor")),
                (Pass, unless("ArnNotLike", "arn:aws:iam::*:user/*")),
                (
                    Fail,
                    unless("ArnNotLike", "arn:aws:iam::999999999999:role/*"),
                ),
                (Fail, unless("ArnNotLike", "arn:aws:iam::111111111111:root")),
                (
                    Pass,
                    denies(
                        all,
                        "kms:Decrypt",
                        r#""StringNotEquals":{"aws:PrincipalTag/team":"audit"}"#,
                    ),
                ),
                (
                    Pass,
                    denies(
                        all,
                        "kms:Decrypt",
                        r#""StringNotEquals":{"aws:PrincipalOrgID":"o-test"}"#,
                    ),
                ),
                (
                    Fail,
                    denies(
                        all,
                        "kms:Decrypt",
                        r#""StringNotEquals":{"aws:PrincipalOrgID":"o-other"}"#,
                    ),
                ),
                // The files name their trail.
                (
                    Fail,
                    denies(
                        all,
                        "kms:Decrypt",
                        r#""StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"*"}"#,
                    ),
                ),
                (
                    Pass,
                    denies(
                        all,
                        "kms:Decrypt",
                        r#""Null":{"kms:EncryptionContext:aws:cloudtrail:arn":"true"}"#,
                    ),
                ),
                (
                    Pass,
                    also(
                        r#"{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"arn:aws:kms:us-east-1:111111111111:key/other"}"#,
                    ),
                ),
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
                (
                    Pass,
                    only_if(r#""StringEquals":{"aws:PrincipalOrgID":"o-test"}"#),
                ),
                (
                    Fail,
                    only_if(r#""StringEquals":{"aws:PrincipalOrgID":"o-other"}"#),
                ),
                (
                    Pass,
                    only_if(r#""StringEquals":{"aws:PrincipalAccount":"222222222222"}"#)
                        .and(|it| member(it, "222222222222", &[HOME])),
                ),
                (
                    Fail,
                    only_if(r#""StringEquals":{"aws:PrincipalAccount":"222222222222"}"#),
                ),
                // An SCP that denies it to every account that may.
                (
                    Fail,
                    scp(r#"{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}"#)
                        .and(|it| allow_only(it, "222222222222")),
                ),
                (
                    Pass,
                    scp(r#"{"Effect":"Deny","Action":"kms:Encrypt","Resource":"*"}"#)
                        .and(|it| allow_only(it, "222222222222")),
                ),
                (
                    Pass,
                    scp(r#"{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}"#)
                        .and(|it| allow_only(it, "111111111111")),
                ),
                (
                    Unknown,
                    scp(r#"{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}"#).and(
                        |inventory| {
                            allow_only(inventory, "222222222222");
                            let of = known(&mut inventory.organization).as_mut().unwrap();
                            known(&mut of.policies)[1].document = denied(calls::DESCRIBE_POLICY);
                        },
                    ),
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
                    only(service, "kms:*").and(|inventory| {
                        inventory.keys.values_mut().next().unwrap().grants =
                            denied(calls::LIST_GRANTS);
                    }),
                ),
            ],
        );
    }
}
