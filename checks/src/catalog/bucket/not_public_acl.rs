//! No access control list lets strangers in.

use super::{block, gone};
use crate::inventory::bucket::AclGrant;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-not-public-acl",
    title: "The log bucket ACL should not grant public access",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "A grant to AllUsers (everyone) or AuthenticatedUsers (every AWS account) lets external principals read the \
          log files of the whole organization, or write to the bucket.",
    fix: "Disable ACLs: `aws s3api put-bucket-ownership-controls --bucket BUCKET --ownership-controls \
          'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'`. Or remove the grants: `aws s3api put-bucket-acl --bucket \
          BUCKET --acl private`.",
    judged: "Fails when the ACL grants anything to AllUsers or AuthenticatedUsers and neither disabled ACLs nor \
             IgnorePublicAcls of the bucket or account make the grant ineffective.",
    alike: &["AuthenticatedUsers means every AWS account, and fails as AllUsers does."],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_ACL,
        calls::GET_BUCKET_OWNERSHIP,
        calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK,
        calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let acl = bucket.acl.known();
    let public: Vec<&AclGrant> = match &acl {
        Ok(grants) => grants.iter().filter(|grant| is_public(grant)).collect(),
        Err(_) => Vec::new(),
    };
    if acl.is_ok() && public.is_empty() {
        return Ok(Verdict::pass("the ACL does not grant public access"));
    }
    let ownership = bucket.ownership.known();
    if ownership
        .as_ref()
        .is_ok_and(|it| it.as_deref() == Some("BucketOwnerEnforced"))
    {
        let verdict = Verdict::pass("ACLs are disabled (object ownership: BucketOwnerEnforced)");
        return Ok(verdict.saw("ObjectOwnership", "BucketOwnerEnforced"));
    }
    let ignored = block::switched_on(bucket, ctx, |it| it.ignore_public_acls);
    if let Ok(Some(place)) = ignored {
        let verdict = Verdict::pass(format!(
            "Block Public Access of {place} ignores public ACL grants (IgnorePublicAcls)"
        ));
        return Ok(verdict.saw("IgnorePublicAcls", true));
    }
    let gaps = Gaps::collect(
        [acl.err(), ownership.err(), ignored.err()]
            .into_iter()
            .flatten(),
    );
    if let Some(gaps) = gaps {
        return Err(gaps);
    }
    let grants: Vec<String> = public.iter().map(|it| words(it)).collect();
    let verdict = Verdict::fail(format!("the ACL grants {}", grants.join(", ")));
    Ok(verdict
        .saw("Grants", public)
        .expected("no grant to AllUsers or AuthenticatedUsers"))
}

/// `READ to AllUsers`.
fn words(grant: &AclGrant) -> String {
    let group = grant.grantee.rsplit('/').next().unwrap_or_default();
    format!("{} to {group}", grant.permission)
}

/// To everyone, or to everyone with an AWS account.
fn is_public(grant: &AclGrant) -> bool {
    ["/global/AllUsers", "/global/AuthenticatedUsers"]
        .iter()
        .any(|group| grant.grantee.ends_with(group))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::PublicAccessBlock;
    use crate::testing::*;

    const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";

    /// Only the access control list stands between the bucket and its grantee.
    fn granted(to: &str) -> Case {
        let grant = AclGrant {
            grantee: to.to_owned(),
            kind: "Group".to_owned(),
            permission: "READ".to_owned(),
            of_owner: None,
        };
        open(bucket(|b| b.acl = Known(vec![grant])))
    }

    fn open(case: Case) -> Case {
        case.and(|inventory| {
            for account in inventory.accounts.values_mut() {
                account.public_access_block = Known(None);
            }
            let bucket = inventory
                .buckets
                .get_mut(&Arn::bucket("aws", "logs"))
                .unwrap();
            bucket.ownership = Known(Some("ObjectWriter".to_owned()));
            bucket.public_access_block = Known(Some(PublicAccessBlock {
                ignore_public_acls: false,
                ..PublicAccessBlock::ALL
            }));
        })
    }

    fn and(case: Case, change: impl FnOnce(&mut Bucket)) -> Case {
        case.and(|it| change(it.buckets.get_mut(&Arn::bucket("aws", "logs")).unwrap()))
    }

    #[test]
    fn verdicts() {
        let only_ignore = PublicAccessBlock {
            ignore_public_acls: true,
            ..PublicAccessBlock::default()
        };
        let logged = "http://acs.amazonaws.com/groups/s3/LogDelivery";
        let any_account = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
        table(
            &CHECK,
            [
                (Pass, bucket(|_| {})),
                (Pass, granted(logged)),
                (Fail, granted(ALL_USERS)),
                (Fail, granted(any_account)),
                (
                    Pass,
                    and(granted(ALL_USERS), |b| {
                        b.ownership = Known(Some("BucketOwnerEnforced".to_owned()));
                    }),
                ),
                (
                    Pass,
                    and(granted(ALL_USERS), |b| {
                        b.public_access_block = Known(Some(only_ignore))
                    }),
                ),
                (
                    Pass,
                    granted(ALL_USERS).and(|inventory| {
                        inventory
                            .accounts
                            .values_mut()
                            .next()
                            .unwrap()
                            .public_access_block = Known(Some(only_ignore));
                    }),
                ),
                (
                    NotApplicable,
                    and(granted(ALL_USERS), |b| b.exists = Known(false)),
                ),
            ],
        );
    }

    #[test]
    fn what_is_not_known() {
        let acl = || denied(calls::GET_BUCKET_ACL);
        table(
            &CHECK,
            [
                (Pass, bucket(|b| b.acl = acl())),
                (Unknown, open(bucket(|b| b.acl = acl()))),
                (
                    Unknown,
                    and(granted(ALL_USERS), |b| {
                        b.ownership = denied(calls::GET_BUCKET_OWNERSHIP)
                    }),
                ),
                (
                    Unknown,
                    and(granted(ALL_USERS), |b| {
                        b.public_access_block = denied(calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK);
                    }),
                ),
                (
                    Unknown,
                    and(granted(ALL_USERS), |b| b.owner = denied(calls::HEAD_BUCKET)),
                ),
                (Unknown, and(granted(ALL_USERS), |b| b.owner = Known(None))),
                (
                    Unknown,
                    granted(ALL_USERS).and(|inventory| {
                        inventory
                            .accounts
                            .values_mut()
                            .next()
                            .unwrap()
                            .public_access_block = denied(calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK);
                    }),
                ),
                (
                    Fail,
                    and(granted(ALL_USERS), |b| {
                        b.exists = denied(calls::HEAD_BUCKET)
                    }),
                ),
            ],
        );
    }
}
