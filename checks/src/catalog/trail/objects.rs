//! Data events of S3 objects: of every bucket, or of those that the settings name.

use super::judging;
use crate::finding::Status;
use crate::prelude::*;
use crate::selectors::{Events, Field, Pattern};

/// Whether a trail records the reads, or the writes, of all objects in question.
pub(super) fn judge(trail: &Trail, reading: bool, ctx: &Context<'_>) -> Outcome {
    let required = required(ctx);
    let asked = if required.is_empty() {
        vec![Pattern::StartsWith(format!(
            "arn:{}:s3:::",
            trail.arn.partition()
        ))]
    } else {
        required
    };
    let asked = Events::data("AWS::S3::Object").with(Field::ResourceArn, asked);
    let verdict = judging::records(trail, &asked.reading(reading), |it| it, ctx)?;
    if verdict.status != Status::Pass || trail.configuration.known()?.multi_region {
        return Ok(verdict);
    }
    let region = &trail.home_region;
    let verdict = Verdict::fail(format!(
        "only of buckets in {region}: it is a single-region trail"
    ));
    Ok(verdict.saw("IsMultiRegionTrail", false).expected(true))
}

/// The buckets and prefixes among `required_data_event_resources`.
fn required(ctx: &Context<'_>) -> Vec<Pattern> {
    let all = ctx.settings.required_data_event_resources.iter();
    let objects = all
        .map(|arn| Arn::from(arn.as_str()))
        .filter(|arn| arn.service() == "s3");
    objects
        .map(|arn| {
            let text = arn.as_str().trim_end_matches('*');
            let whole_bucket = !arn.resource().contains('/');
            Pattern::StartsWith(format!("{text}{}", if whole_bucket { "/" } else { "" }))
        })
        .collect()
}
