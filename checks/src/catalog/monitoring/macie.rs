//! Macie watches the log bucket, where the organization uses it.

use super::all_in_sight;
use crate::catalog::gap;
use crate::context::not_seen;
use crate::fact::Reason;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-macie",
    title: "Macie should be enabled in the log bucket's account and region if the organization uses Macie",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Macie reports buckets that become public, shared or unencrypted. An organization that uses Macie should \
          include the bucket that contains all its logs.",
    fix: "Enable Macie in the bucket's account and region: `aws macie2 enable-macie --region REGION`. Or add the \
          account from the delegated administrator.",
    judged: "If Macie is enabled anywhere in the organization, it must be enabled for the log bucket's account and \
             region. Otherwise not applicable.",
    alike: &["Macie in another region of the same account fails."],
    references: &["https://docs.aws.amazon.com/macie/latest/user/getting-started.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LOCATION,
        calls::GET_MACIE_SESSION,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if bucket.exists.ok() == Some(&false) {
        return Ok(Verdict::not_applicable(
            "the bucket does not exist: see delivery-bucket-exists",
        ));
    }
    let (owner, region) = (bucket.owner.known()?, bucket.region.known()?);
    let Some(owner) = owner else {
        let detail = "the bucket's owner is not known".to_owned();
        return Err(gap::of_bucket(
            bucket,
            ctx,
            calls::HEAD_BUCKET,
            Reason::NotAsked,
            detail,
        ));
    };
    let Some(view) = ctx.region(owner, region) else {
        return Err(not_seen(calls::GET_MACIE_SESSION, owner, region, ctx).into());
    };
    if *view.macie.known()? {
        return Ok(Verdict::pass(
            "Macie is enabled for the bucket's account and region",
        ));
    }
    let views = ctx.inventory.regions.values();
    if let Some(used) = views.clone().find(|it| it.macie.ok() == Some(&true)) {
        let verdict = Verdict::fail(
            "Macie is enabled in other accounts or regions, but not for the log bucket",
        );
        return Ok(verdict.saw("UsedIn", format!("{}/{}", used.account, used.region)));
    }
    let accounts = ctx.inventory.accounts.values();
    let unseen = accounts.filter_map(|it| it.session.gap().or(it.regions.gap()));
    let unseen = unseen.map(|it| Gaps::from(it.clone()));
    match Gaps::collect(views.filter_map(|it| it.macie.known().err()).chain(unseen)) {
        Some(gaps) => Err(gaps),
        None => {
            all_in_sight(ctx)?;
            Ok(Verdict::not_applicable(
                "Macie is not enabled in any assessed account and region",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let lost = || denied(calls::GET_MACIE_SESSION);
        let two = |here: Fact<bool>, there: Fact<bool>| {
            inventory(|inventory| {
                add_region(inventory, ACCOUNT, "eu-west-1");
                for (view, macie) in inventory.regions.values_mut().zip([there, here]) {
                    view.macie = macie;
                }
            })
        };
        table(
            &CHECK,
            [
                (Pass, two(Known(true), Known(false))),
                (Fail, two(Known(false), Known(true))),
                (NotApplicable, two(Known(false), Known(false))),
                (Unknown, two(lost(), Known(true))),
                (Unknown, two(Known(false), lost())),
                (Pass, two(Known(true), lost())),
                (
                    Unknown,
                    bucket(|it| it.region = denied(calls::GET_BUCKET_LOCATION)),
                ),
                (Unknown, bucket(|it| it.owner = Known(None))),
                (NotApplicable, bucket(|it| it.exists = Known(false))),
            ],
        );
    }
}
