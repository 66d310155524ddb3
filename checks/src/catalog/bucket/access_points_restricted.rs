//! No side door leads into the bucket.

use super::{block, gone};
use crate::catalog::{gap, outsiders, own_accounts};
use crate::fact::Reason;
use crate::inventory::bucket::AccessPoint;
use crate::policy::posture::Found;
use crate::policy::{Document, Effect, posture};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-access-points-restricted",
    title: "Access points of log buckets should block public access and grant nothing to external principals",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "An access point has its own name, policy and Block Public Access settings. If the bucket policy delegates \
          access control to access points, the policy of one access point can grant the public or an external \
          account access to the whole bucket.",
    fix: "Delete access points that are not needed: `aws s3control delete-access-point --account-id ACCOUNT --name \
          NAME`. The Block Public Access settings of an access point cannot be changed: recreate it with all four \
          enabled (CreateAccessPoint), preferably with a VPC as its only origin.",
    judged: "Every access point on the bucket must block public access, and its policy may grant nothing to the \
             public or to external principals. Passes where there is no access point.",
    alike: &[
        "A bucket that blocks public access passes its own checks; an access point without Block Public Access fails \
         here.",
        "A role of another account in the access point's policy fails although all four settings are enabled: they \
         block public access, not a named principal.",
    ],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-bpa-settings.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::LIST_ACCESS_POINTS,
        calls::GET_ACCESS_POINT,
        calls::GET_ACCESS_POINT_POLICY,
        calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let points = bucket.access_points.known()?;
    if points.is_empty() {
        return Ok(Verdict::pass("the bucket has no access points"));
    }
    let (mut flaws, mut gaps) = (Vec::new(), Vec::new());
    for point in points {
        let checks = [
            judge(point, bucket, ctx),
            outsiders(point, bucket, ctx),
            owner(point, ctx),
        ];
        for found in checks {
            match found {
                Ok(None) => {}
                Ok(Some(flaw)) => flaws.push(format!("access point {}: {flaw}", point.name)),
                Err(gap) => gaps.push(gap),
            }
        }
    }
    let verdict = Verdict::pass_if(
        flaws.is_empty(),
        "all access points block public access and grant nothing to external principals",
        flaws.join("; "),
    );
    let names: Vec<&str> = points.iter().map(|it| it.name.as_str()).collect();
    verdict
        .saw("AccessPoints", names)
        .unless_open(Gaps::collect(gaps))
}

fn judge(point: &AccessPoint, bucket: &Bucket, ctx: &Context<'_>) -> Result<Option<String>, Gaps> {
    let own = point.public_access_block.known();
    if let Ok(Some(own)) = &own
        && own.off().is_empty()
    {
        return Ok(None);
    }
    let of_account = block::of_account(bucket, ctx);
    if let Ok(Some(block)) = &of_account
        && block.off().is_empty()
    {
        return Ok(None);
    }
    let gaps = own
        .as_ref()
        .err()
        .cloned()
        .into_iter()
        .chain(of_account.as_ref().err().cloned());
    if let Some(gaps) = Gaps::collect(gaps) {
        return Err(gaps);
    }
    let own = own.ok().copied().flatten().unwrap_or_default();
    let account = of_account.ok().flatten().unwrap_or_default();
    let off: Vec<&str> = own
        .off()
        .into_iter()
        .filter(|name| account.off().contains(name))
        .collect();
    if off.is_empty() {
        return Ok(None);
    }
    let public = if off.contains(&"RestrictPublicBuckets") {
        public(point, bucket, ctx)
    } else {
        Ok(false)
    };
    // The policy only makes it worse: what is off is told either way.
    let worse = if public == Ok(true) {
        ", and its policy grants public access"
    } else {
        ""
    };
    Ok(Some(format!(
        "Block Public Access settings disabled: {}{worse}",
        off.join(", ")
    )))
}

fn public(point: &AccessPoint, bucket: &Bucket, ctx: &Context<'_>) -> Result<bool, Gaps> {
    let policy = policy(point, bucket, ctx)?;
    Ok(policy.is_some_and(|it| !posture::public_grants(&it).is_empty()))
}

/// Who writes the policy of an access point: the account that its ARN names, which need not be the bucket's.
fn owner(point: &AccessPoint, ctx: &Context<'_>) -> Result<Option<String>, Gaps> {
    let account = point.arn.account();
    let external = !own_accounts::is_ours(&account, ctx)?;
    Ok(external.then(|| format!("it belongs to external account {account}")))
}

/// The statements of the policy that grant access to external principals. What is open to the public is told above.
///
/// Assumed about AWS ("Blocking public access to your Amazon S3 storage", section on access points): one with the
/// network origin VPC is never considered public, whatever its policy grants, so Block Public Access restricts nobody
/// there, and every principal whose requests come from that VPC can use it.
fn outsiders(
    point: &AccessPoint,
    bucket: &Bucket,
    ctx: &Context<'_>,
) -> Result<Option<String>, Gaps> {
    let Some(policy) = policy(point, bucket, ctx)? else {
        return Ok(None);
    };
    let public = match point.network_origin.as_str() {
        "VPC" => Vec::new(),
        _ => posture::public_grants(&policy),
    };
    let detail =
        "the policy names a canonical user ID or a unique ID, whose account cannot be determined";
    let (call, reason) = (calls::GET_ACCESS_POINT_POLICY, Reason::NotModelled);
    let whose = gap::of_bucket(bucket, ctx, call, reason, detail.to_owned());
    let (mut open, mut gaps) = (Vec::new(), Vec::new());
    for (index, statement) in policy.statements.iter().enumerate() {
        let found = Found { index, statement };
        if statement.effect == Effect::Deny || public.contains(&found) {
            continue;
        }
        match outsiders::lets_outsiders_in(statement, ctx, &whose) {
            Ok(true) => open.push(outsiders::outsiders(found, ctx)),
            Ok(false) => {}
            Err(missing) => gaps.push(missing),
        }
    }
    if !open.is_empty() {
        let statements = outsiders::few(&open, "; ", 3);
        return Ok(Some(format!("its policy: {statements}")));
    }
    Gaps::collect(gaps).map_or(Ok(None), Err)
}

fn policy(
    point: &AccessPoint,
    bucket: &Bucket,
    ctx: &Context<'_>,
) -> Result<Option<Document>, Gaps> {
    let Some(text) = point.policy.known()? else {
        return Ok(None);
    };
    let policy = Document::parse(text).map_err(|error| {
        let (call, reason) = (calls::GET_ACCESS_POINT_POLICY, Reason::Malformed);
        gap::of_bucket(bucket, ctx, call, reason, error.to_string())
    })?;
    Ok(Some(policy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::PublicAccessBlock;
    use crate::testing::*;

    const PUBLIC: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}"#;

    /// One access point; the account blocks nothing.
    fn with(change: impl FnOnce(&mut AccessPoint)) -> Case {
        let mut point = AccessPoint {
            arn: Arn::from("arn:aws:s3:us-east-1:111111111111:accesspoint/side"),
            name: "side".to_owned(),
            network_origin: "Internet".to_owned(),
            policy: Known(None),
            public_access_block: Known(Some(PublicAccessBlock::ALL)),
        };
        change(&mut point);
        bucket(|b| b.access_points = Known(vec![point])).and(|inventory| {
            inventory
                .accounts
                .values_mut()
                .next()
                .unwrap()
                .public_access_block = Known(None);
        })
    }

    #[test]
    fn verdicts() {
        let partly = || {
            Known(Some(PublicAccessBlock {
                restrict_public_buckets: false,
                ..PublicAccessBlock::ALL
            }))
        };
        let names = |account: &str| {
            let principal = format!(r#"{{"AWS":"arn:aws:iam::{account}:role/x"}}"#);
            Known(Some(PUBLIC.replace(
                r#""*","Action"#,
                &format!(r#"{principal},"Action"#),
            )))
        };
        let only_restrict = PublicAccessBlock {
            restrict_public_buckets: true,
            ..PublicAccessBlock::default()
        };
        let account = |case: Case, block| {
            case.and(|it| it.accounts.values_mut().next().unwrap().public_access_block = block)
        };
        let refused = || denied(calls::GET_ACCESS_POINT);
        let of_account = || denied(calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK);
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, with(|_| {})),
                (Fail, with(|it| it.public_access_block = partly())),
                (Fail, with(|it| it.public_access_block = Known(None))),
                (Pass, with(|it| it.policy = Known(Some(PUBLIC.to_owned())))),
                // From a VPC it stops nobody.
                (
                    Fail,
                    with(|point| {
                        point.network_origin = "VPC".to_owned();
                        point.policy = Known(Some(PUBLIC.to_owned()));
                    }),
                ),
                (
                    Pass,
                    with(|point| {
                        point.network_origin = "VPC".to_owned();
                        point.policy = names("111111111111");
                    }),
                ),
                (
                    Fail,
                    with(|point| {
                        point.arn = Arn::from("arn:aws:s3:us-east-1:999999999999:accesspoint/side");
                    }),
                ),
                // Block Public Access does not stop a principal that the policy names.
                (Fail, with(|it| it.policy = names("999999999999"))),
                (Pass, with(|it| it.policy = names("111111111111"))),
                (
                    Pass,
                    with(|it| it.policy = names("222222222222"))
                        .and(|it| member(it, "222222222222", &[HOME])),
                ),
                (
                    Unknown,
                    with(|it| it.policy = denied(calls::GET_ACCESS_POINT_POLICY)),
                ),
                (Unknown, with(|it| it.policy = Known(Some("{".to_owned())))),
                // What one leaves open the other may close.
                (
                    Pass,
                    account(
                        with(|it| it.public_access_block = partly()),
                        Known(Some(only_restrict)),
                    ),
                ),
                (
                    Fail,
                    account(
                        with(|it| it.public_access_block = Known(None)),
                        Known(Some(only_restrict)),
                    ),
                ),
                (
                    Pass,
                    account(
                        with(|it| it.public_access_block = refused()),
                        Known(Some(PublicAccessBlock::ALL)),
                    ),
                ),
                (Unknown, with(|it| it.public_access_block = refused())),
                (Pass, account(with(|_| {}), of_account())),
                (
                    Unknown,
                    account(with(|it| it.public_access_block = partly()), of_account()),
                ),
                (
                    Unknown,
                    bucket(|b| b.access_points = denied(calls::LIST_ACCESS_POINTS)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }

    #[test]
    fn a_public_policy_is_told() {
        let says = |policy: &str| {
            let case = with(|point| {
                point.public_access_block = Known(None);
                point.policy = Known(Some(policy.to_owned()));
            });
            case.findings(&[&CHECK])[0].message.clone()
        };
        assert!(says(PUBLIC).contains("grants public access"));
        assert!(
            !says(&PUBLIC.replace(r#""*","Action"#, r#"{"AWS":"111111111111"},"Action"#))
                .contains("grants public access")
        );
    }
}
