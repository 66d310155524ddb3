//! A trail lives where its administrators look.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-home-region-approved",
    title: "Trails should have an approved home region",
    severity: Severity::Low,
    question: Some(Question::Recorded),
    why: "A trail can be changed and stopped in its home region only. A home region that is not in use is easily \
          missed in reviews, and other SCPs may apply there.",
    fix: "A home region cannot be changed. Create a trail in one of `approved_home_regions` (`aws cloudtrail \
          create-trail --name NEW_TRAIL --s3-bucket-name BUCKET --is-multi-region-trail --region NEW_REGION`), \
          start it (`aws cloudtrail start-logging --name NEW_TRAIL --region NEW_REGION`), then delete the old one.",
    judged: "The home region must be in `approved_home_regions`. Not applicable without that setting.",
    alike: &["Regions of shadow trails are not evaluated."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-multi-region-trails.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let approved = &ctx.settings.approved_home_regions;
    if approved.is_empty() {
        let unset = "`approved_home_regions` is not set";
        return Ok(Verdict::not_applicable(unset));
    }
    let home = trail.home_region.as_str();
    let verdict = Verdict::pass_if(
        approved.iter().any(|it| it == home),
        format!("home region {home} of the trail is approved"),
        format!("home region {home} of the trail is not in `approved_home_regions`"),
    );
    Ok(verdict.saw("HomeRegion", home).expected(approved))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let approve = |names: &[&str], case: Case| {
            let names = names.iter().map(ToString::to_string).collect();
            case.with(|it| it.approved_home_regions = names)
        };
        table(
            &CHECK,
            [
                (NotApplicable, inventory(|_| {})),
                (Pass, approve(&["us-east-1"], inventory(|_| {}))),
                (Fail, approve(&["us-east-2"], inventory(|_| {}))),
                (
                    Pass,
                    approve(&["us-east-2", "us-east-1"], inventory(|_| {})),
                ),
            ],
        );
        // It stands in the trail's own ARN: no call can hide it.
        let lost = trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS));
        table(&CHECK, [(Pass, approve(&["us-east-1"], lost))]);
    }
}
