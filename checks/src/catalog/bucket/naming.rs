//! Names that say what they are.

use super::gone;
use crate::catalog::recording;
use crate::prelude::*;
use crate::text::glob;

pub(super) const CHECK: Check = Check {
    id: "bucket-naming",
    title: "Log buckets and their trails should have names that match `naming_pattern`",
    severity: Severity::Info,
    question: Some(Question::Guarded),
    why: "Policies, alarms and operators identify trails and log buckets by name. A trail or bucket with another name \
          may be unmanaged.",
    fix: "Trails and buckets cannot be renamed: recreate the trail or bucket with a matching name (CreateTrail, \
          CreateBucket), or change the setting `naming_pattern`.",
    judged: "Names of the bucket and of trails that deliver to it must match `naming_pattern`. Not applicable without \
             that setting.",
    alike: &["`*` matches any run of characters, `?` exactly one."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::HEAD_BUCKET],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(pattern) = ctx.settings.naming_pattern.get() else {
        return Ok(Verdict::not_applicable(
            "the setting `naming_pattern` is not set",
        ));
    };
    if pattern.chars().all(|it| it == '*') {
        return Ok(Verdict::not_applicable(
            "the setting `naming_pattern` matches every name, so it requires nothing",
        ));
    }
    let trails = ctx.deliverers(bucket).iter().map(|it| it.name.as_str());
    let odd: Vec<&str> = [bucket.name.as_str()]
        .into_iter()
        .chain(trails)
        .filter(|name| !glob(pattern, name))
        .collect();
    let verdict = Verdict::pass_if(
        odd.is_empty(),
        format!("the names of the bucket and its trails match {pattern}"),
        format!("names that do not match {pattern}: {}", odd.join(", ")),
    );
    // A hidden trail may deliver here, under another name.
    verdict
        .saw("Names", odd)
        .expected(pattern)
        .unless_open(recording::hidden_anywhere(ctx))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let by = |pattern: &str, case: Case| {
            let pattern = crate::settings::NamingPattern::try_from(pattern.to_owned());
            case.with(|it| it.naming_pattern = pattern.unwrap())
        };
        let named = |trail: &str| {
            inventory(|it| it.trails.values_mut().next().unwrap().name = trail.to_owned())
        };
        table(
            &CHECK,
            [
                (NotApplicable, inventory(|_| {})),
                // What every name matches is no requirement.
                (NotApplicable, by("*", inventory(|_| {}))),
                (NotApplicable, by("**", named("lots"))),
                (Pass, by("*o*", named("lots"))),
                (Pass, by("lo*s", named("lots"))),
                (Fail, by("lo*s", inventory(|_| {}))),
                (Fail, by("main", named("main"))),
                (Pass, by("log?", named("logo"))),
                (Fail, by("log?", named("logos"))),
                (NotApplicable, by("x", bucket(|b| b.exists = Known(false)))),
            ],
        );
        let hidden = |inventory: &mut Inventory| {
            add_trail(inventory, ACCOUNT, HOME, "hidden", |trail| {
                trail.configuration = denied(calls::DESCRIBE_TRAILS);
            });
        };
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (Unknown, by("*?", inventory(hidden))),
                (Fail, by("x", inventory(hidden))),
            ],
        );
    }
}
