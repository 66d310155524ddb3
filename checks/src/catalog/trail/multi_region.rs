//! One trail for every region, also for those switched on later.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-multi-region",
    title: "Trail records in every region",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "An intruder works where nobody looks. A single-region trail sees one region, and a region that is \
          switched on tomorrow is not recorded until someone thinks of it.",
    fix: "Turn the trail into a multi-region one, from its home region: \
          `aws cloudtrail update-trail --name TRAIL --is-multi-region-trail`.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-multi-region-trails.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    let multi = *trail.configuration.multi_region.known()?;
    let verdict = Verdict::pass_if(
        multi,
        "it records in every region",
        format!("it records in {} alone", trail.home_region),
    );
    Ok(verdict.saw("IsMultiRegionTrail", multi).expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |multi| trail(|it| configuration(it).multi_region = Known(multi));
        table(
            &CHECK,
            [
                (Pass, set(true)),
                (Fail, set(false)),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
            ],
        );
    }
}
