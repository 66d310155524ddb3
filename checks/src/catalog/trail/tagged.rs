//! A trail says whose it is.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-tagged",
    title: "Trails should have the required tags",
    severity: Severity::Info,
    question: Some(Question::Recorded),
    why: "Tags name the owner and the purpose of a trail. Without them a forgotten or unauthorized trail is hard to \
          recognize.",
    fix: "Add the tags that the message names: `aws cloudtrail add-tags --resource-id TRAIL_ARN --tags-list \
          Key=NAME,Value=VALUE --region REGION` (Terraform: `tags` of `aws_cloudtrail`).",
    judged: "Every key of `required_tags` must be a tag of the trail. Not applicable without that setting.",
    alike: &["Keys are case-sensitive: `Owner` is not `owner`."],
    references: &["https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AddTags.html"],
    reads: &[calls::DESCRIBE_TRAILS, calls::LIST_TRAIL_TAGS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let required = &ctx.settings.required_tags;
    if required.is_empty() {
        return Ok(Verdict::not_applicable("`required_tags` is not set"));
    }
    let tags = trail.tags.known()?;
    let missing: Vec<&str> = required
        .iter()
        .map(String::as_str)
        .filter(|key| !tags.contains_key(*key))
        .collect();
    let verdict = Verdict::pass_if(
        missing.is_empty(),
        "the trail has all required tags",
        format!(
            "the trail does not have the required tags {}",
            missing.join(", ")
        ),
    );
    Ok(verdict.saw("TagsList", tags).expected(required))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let tags = |keys: &[&str]| {
            let tags = keys.iter().map(|key| (key.to_string(), String::new()));
            trail(|it| it.tags = Known(tags.collect()))
        };
        let require = |keys: &[&str], case: Case| {
            let keys = keys.iter().map(ToString::to_string).collect();
            case.with(|it| it.required_tags = keys)
        };
        let refused = || trail(|it| it.tags = denied(calls::LIST_TRAIL_TAGS));
        table(
            &CHECK,
            [
                (NotApplicable, tags(&[])),
                (NotApplicable, refused()),
                (Pass, require(&["owner"], tags(&["owner", "cost"]))),
                (Fail, require(&["owner", "stage"], tags(&["owner", "cost"]))),
                // Keys are told apart by case.
                (Fail, require(&["owner"], tags(&["Owner"]))),
                (Unknown, require(&["owner"], refused())),
            ],
        );
    }
}
