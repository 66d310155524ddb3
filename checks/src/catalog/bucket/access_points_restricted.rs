//! No side door leads into the bucket.

use super::{block, gone};
use crate::catalog::gap;
use crate::fact::Reason;
use crate::inventory::bucket::AccessPoint;
use crate::policy::{Document, posture};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-access-points-restricted",
    title: "Access points on the log bucket block public access and let nobody in from the public",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "An access point has its own name, policy and Block Public Access. Where the bucket's policy trusts access \
          points, one careless policy on one of them opens the whole bucket.",
    fix: "Delete access points that nobody needs (`aws s3control delete-access-point --account-id ACCOUNT --name NAME`). \
          Block Public Access of an access point cannot be changed afterwards: make it anew with all four on \
          (CreateAccessPoint), best with a VPC as its only origin.",
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
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let points = bucket.access_points.known()?;
    if points.is_empty() {
        return Ok(Verdict::pass("there is no access point"));
    }
    let (mut flaws, mut gaps) = (Vec::new(), Vec::new());
    for point in points {
        match judge(point, bucket, ctx) {
            Ok(None) => {}
            Ok(Some(flaw)) => flaws.push(format!("{}: {flaw}", point.name)),
            Err(gap) => gaps.push(gap),
        }
    }
    let verdict = Verdict::pass_if(
        flaws.is_empty(),
        "every access point blocks public access",
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
        ", and its policy lets the public in"
    } else {
        ""
    };
    Ok(Some(format!(
        "Block Public Access is off: {}{worse}",
        off.join(", ")
    )))
}

fn public(point: &AccessPoint, bucket: &Bucket, ctx: &Context<'_>) -> Result<bool, Gaps> {
    let Some(text) = point.policy.known()? else {
        return Ok(false);
    };
    let policy = Document::parse(text).map_err(|error| {
        let (call, reason) = (calls::GET_ACCESS_POINT_POLICY, Reason::Malformed);
        gap::of_bucket(bucket, ctx, call, reason, error.to_string())
    })?;
    Ok(!posture::public_grants(&policy).is_empty())
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
        bucket(|b| b.access_points = Known(vec![point])).and(|it| {
            it.accounts.values_mut().next().unwrap().public_access_block = Known(None);
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
            let case = with(|it| {
                it.public_access_block = Known(None);
                it.policy = Known(Some(policy.to_owned()));
            });
            case.findings(&[&CHECK])[0].message.clone()
        };
        assert!(says(PUBLIC).contains("lets the public in"));
        assert!(
            !says(&PUBLIC.replace(r#""*","Action"#, r#"{"AWS":"111111111111"},"Action"#))
                .contains("public in")
        );
    }
}
