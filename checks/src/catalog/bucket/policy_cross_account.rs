//! Nobody from elsewhere gets at the files.

use std::collections::BTreeSet;

use super::gone;
use crate::catalog::{gap, outsiders};
use crate::fact::Reason;
use crate::inventory::bucket::AclGrant;
use crate::policy::Effect;
use crate::policy::posture::Found;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-policy-cross-account",
    title: "Log bucket policies should grant nothing to principals outside the organization",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "A statement or an ACL grant for an external account gives it access to the logs that your organization does \
          not control. A condition on the network only (aws:SourceIp, aws:SourceVpc, aws:SourceVpce) does not \
          identify the account of the caller.",
    fix: "Remove the statements for external accounts from the bucket policy, or add a condition on \
          aws:PrincipalOrgID: `aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json`. To disable \
          ACL grants: `aws s3api put-bucket-ownership-controls --bucket BUCKET --ownership-controls \
          'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'`.",
    judged: "Evaluates every Allow of the bucket policy: fails when it grants access to an external principal, by its \
             account, or because it names everyone without a condition on the principal. A network (aws:SourceIp, \
             aws:SourceVpc, aws:SourceVpce) does not identify the account of the caller. The accounts from which \
             Elastic Load Balancing delivers logs may write. A canonical user id, in the policy or in an effective \
             ACL, is unknown: its account cannot be determined.",
    alike: &[
        "A grant to the organization's auditors passes; a grant to a partner's account fails.",
        "Principal `*` with aws:SourceVpc fails; with aws:PrincipalOrgID beside it it passes.",
    ],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_POLICY,
        calls::GET_BUCKET_ACL,
        calls::GET_BUCKET_OWNERSHIP,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let whose = gap::of_bucket(
        bucket,
        ctx,
        calls::GET_BUCKET_POLICY,
        Reason::NotModelled,
        "the policy names a canonical user ID or a unique ID, whose account cannot be determined"
            .to_owned(),
    );
    let (mut open, mut gaps) = (Vec::new(), Vec::from_iter(acl(bucket, ctx)));
    match gap::bucket_policy(bucket, ctx) {
        Err(missing) => gaps.push(missing),
        Ok(policy) => {
            let statements = policy.iter().flat_map(|it| &it.statements).enumerate();
            for (index, statement) in statements.filter(|(_, it)| it.effect == Effect::Allow) {
                match outsiders::lets_outsiders_in(statement, ctx, &whose) {
                    Ok(true) => open.push(outsiders::outsiders(Found { index, statement }, ctx)),
                    Ok(false) => {}
                    Err(missing) => gaps.push(missing),
                }
            }
        }
    }
    let verdict = match open.as_slice() {
        [] => Verdict::pass("no statement and no ACL grants access to external principals"),
        _ => Verdict::fail(format!("bucket policy: {}", outsiders::few(&open, "; ", 3)))
            .saw("Statement", &open),
    };
    let verdict = match only_grantee(bucket) {
        Some(id) => verdict.saw("canonical user assumed to be the owner", id),
        None => verdict,
    };
    verdict.unless_open(Gaps::collect(gaps))
}

/// The one canonical user that an access control list names, where the list counts and names no owner: its owner, as
/// far as is known.
fn only_grantee(bucket: &Bucket) -> Option<&str> {
    let off = bucket.ownership.ok().and_then(Option::as_deref) == Some("BucketOwnerEnforced");
    let grants = bucket.acl.ok().filter(|_| !off)?;
    let people = grants.iter().filter(|it| it.is_to_user());
    let people = people.filter(|it| it.of_owner.is_none());
    let ids: BTreeSet<&str> = people.map(|it| it.grantee.as_str()).collect();
    ids.first().copied().filter(|_| ids.len() == 1)
}

/// What an access control list leaves open, where it counts: a canonical user id does not say of which account.
///
/// Every user but the owner that the list names is somebody else. Where it names none, the first grant that S3 makes is
/// the owner's: FULL_CONTROL for one id. Groups are for `bucket-not-public-acl`.
fn acl(bucket: &Bucket, ctx: &Context<'_>) -> Option<Gaps> {
    let off = bucket.ownership.ok().and_then(Option::as_deref) == Some("BucketOwnerEnforced");
    if off {
        return None;
    }
    let grants = match bucket.acl.known() {
        Ok(grants) => grants,
        Err(gaps) => return Some(gaps),
    };
    let people = grants.iter().filter(|it| it.is_to_user());
    let mut others = people.filter(|it| it.of_owner != Some(true));
    let ids: BTreeSet<&str> = others.clone().map(|it| it.grantee.as_str()).collect();
    if ids.is_empty() || (ids.len() == 1 && others.any(AclGrant::may_be_owners)) {
        return None;
    }
    if let Some(missing) = bucket.ownership.gap() {
        return Some(missing.clone().into());
    }
    let detail = format!(
        "the ACL grants access to {} canonical user IDs, whose accounts cannot be determined: {}",
        ids.len(),
        ids.into_iter().take(3).collect::<Vec<_>>().join(", ")
    );
    let call = calls::GET_BUCKET_ACL;
    Some(gap::of_bucket(
        bucket,
        ctx,
        call,
        Reason::NotModelled,
        detail,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn allows(principal: &str, condition: &str) -> Case {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*","Condition":{{{condition}}}}}}}"#
        );
        bucket(|b| b.policy = Known(Some(policy)))
    }

    #[test]
    fn verdicts() {
        let org = |id: &str| format!(r#""StringEquals":{{"aws:PrincipalOrgID":"{id}"}}"#);
        table(
            &CHECK,
            [
                (Pass, bucket(|_| {})),
                (Fail, allows(r#"{"AWS":"999999999999"}"#, "")),
                (
                    Fail,
                    allows(
                        r#"{"AWS":["111111111111","arn:aws:iam::999999999999:role/x"]}"#,
                        "",
                    ),
                ),
                (Pass, allows(r#"{"AWS":"111111111111"}"#, "")),
                (Fail, allows(r#""*""#, "")),
                (Pass, allows(r#""*""#, &org("o-test"))),
                (Fail, allows(r#""*""#, &org("o-another"))),
                (
                    Pass,
                    allows(
                        r#""*""#,
                        r#""StringEquals":{"aws:PrincipalAccount":"111111111111"}"#,
                    ),
                ),
                (
                    Fail,
                    allows(
                        r#""*""#,
                        r#""StringEquals":{"aws:PrincipalAccount":"999999999999"}"#,
                    ),
                ),
                (Pass, allows(r#"{"AWS":"AROAEXAMPLEEXAMPLE"}"#, "")),
                (
                    Unknown,
                    bucket(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (Unknown, allows(r#"{"CanonicalUser":"79a59d"}"#, "")),
                (
                    Fail,
                    allows(r#"{"AWS":"999999999999","CanonicalUser":"79a59d"}"#, ""),
                ),
            ],
        );
        let only = |key: &str, operator: &str, value: &str| {
            allows(r#""*""#, &format!(r#""{operator}":{{"{key}":"{value}"}}"#))
        };
        let load_balancing = |action: &str, id: &str| {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{id}:root"}},"Action":"{action}","Resource":"arn:aws:s3:::logs/AWSLogs/*"}}}}"#
            );
            bucket(|b| b.policy = Known(Some(policy)))
        };
        table(
            &CHECK,
            [
                // A network is nobody's name.
                (Fail, only("aws:SourceIp", "IpAddress", "11.0.0.0/8")),
                (Fail, only("aws:SourceIp", "IpAddress", "198.51.100.7/32")),
                (Fail, only("aws:SourceVpc", "StringEquals", "vpc-1")),
                (Fail, only("aws:SourceVpce", "StringEquals", "vpce-1")),
                (
                    Fail,
                    only("aws:VpceAccount", "StringEquals", "111111111111"),
                ),
                (
                    Pass,
                    allows(
                        r#""*""#,
                        r#""StringEquals":{"aws:SourceVpc":"vpc-1","aws:PrincipalOrgID":"o-test"}"#,
                    ),
                ),
                (
                    Pass,
                    only(
                        "aws:PrincipalArn",
                        "ArnLike",
                        "arn:aws:iam::111111111111:role/*",
                    ),
                ),
                (
                    Fail,
                    only("aws:PrincipalArn", "ArnLike", "arn:aws:iam::*:role/x"),
                ),
                (
                    Fail,
                    only(
                        "aws:PrincipalArn",
                        "ArnLike",
                        "arn:aws:iam::999999999999:role/*",
                    ),
                ),
                (
                    Pass,
                    only("s3:DataAccessPointAccount", "StringEquals", "111111111111"),
                ),
                (
                    Fail,
                    only("s3:DataAccessPointAccount", "StringEquals", "999999999999"),
                ),
                (Unknown, only("aws:userid", "StringEquals", "AIDAEXAMPLE")),
                // No principal of theirs is of our organization.
                (Pass, allows(r#"{"AWS":"999999999999"}"#, &org("o-test"))),
                (Fail, allows(r#"{"AWS":"999999999999"}"#, &org("o-another"))),
                // Elastic Load Balancing delivers from accounts of AWS.
                (Pass, load_balancing("s3:PutObject", "127311923021")),
                (Pass, load_balancing("s3:PutObject", "048591011584")),
                (Fail, load_balancing("s3:PutObject", "127311923022")),
                (Fail, load_balancing("s3:GetObject", "127311923021")),
                (Fail, load_balancing("s3:Put*", "127311923021")),
            ],
        );
        let unlisted = allows(r#"{"AWS":"999999999999"}"#, "").and(|inventory| {
            let of = known(&mut inventory.organization).as_mut().unwrap();
            of.accounts = denied(calls::LIST_ACCOUNTS);
        });
        table_on(&CHECK, "arn:aws:s3:::logs", [(Unknown, unlisted)]);
    }

    #[test]
    fn access_control_lists() {
        let of = |ids: &[(&str, &str)], owner: Option<&str>, ownership: Option<&str>| {
            let acl = ids.iter().map(|(id, permission)| AclGrant {
                grantee: (*id).to_owned(),
                kind: "CanonicalUser".to_owned(),
                permission: (*permission).to_owned(),
                of_owner: owner.map(|it| it == *id),
            });
            let acl = acl.collect();
            let ownership = ownership.map(str::to_owned);
            bucket(|b| {
                b.acl = Known(acl);
                b.ownership = Known(ownership);
            })
        };
        let grants = |ids: &[(&str, &str)], ownership| of(ids, None, ownership);
        let owned = |ids: &[(&str, &str)]| of(ids, Some("0a1b"), Some("ObjectWriter"));
        let owner = ("0a1b", "FULL_CONTROL");
        let lost = |case: Case| {
            case.and(|inventory| {
                let of = inventory
                    .buckets
                    .get_mut(&Arn::from("arn:aws:s3:::logs"))
                    .unwrap();
                of.ownership = denied(calls::GET_BUCKET_OWNERSHIP);
            })
        };
        table(
            &CHECK,
            [
                (Pass, grants(&[owner], None)),
                (Pass, owned(&[owner])),
                (Pass, owned(&[("0a1b", "READ")])),
                // The owner has taken its own grant away, or stands last.
                (Unknown, owned(&[("9f9f", "FULL_CONTROL")])),
                (Unknown, owned(&[("9f9f", "FULL_CONTROL"), owner])),
                (Unknown, owned(&[owner, ("9f9f", "READ")])),
                (
                    Unknown,
                    grants(&[owner, ("9f9f", "READ")], Some("BucketOwnerPreferred")),
                ),
                (
                    Pass,
                    grants(&[owner, ("9f9f", "READ")], Some("BucketOwnerEnforced")),
                ),
                (Unknown, grants(&[("9f9f", "READ")], None)),
                (Pass, grants(&[owner, owner, ("0a1b", "READ")], None)),
                (Unknown, lost(grants(&[owner, ("9f9f", "READ")], None))),
                (Pass, lost(grants(&[owner], None))),
                (
                    Unknown,
                    lost(bucket(|b| b.acl = denied(calls::GET_BUCKET_ACL))),
                ),
                (Pass, bucket(|b| b.acl = denied(calls::GET_BUCKET_ACL))),
            ],
        );
        // Whose the only grantee is rests on how S3 makes a list: it is named.
        let told = |case: &Case| format!("{:?}", case.findings(&[&CHECK])[0].evidence);
        assert!(told(&grants(&[owner], None)).contains("0a1b"));
        let off = grants(&[owner], Some("BucketOwnerEnforced"));
        assert!(!told(&off).contains("0a1b"));
    }
}
