//! Data events of resources: of all that a service has, or of those that the settings name.

use super::judging;
use crate::prelude::*;
use crate::selectors::{Events, Field, Pattern};

/// Whether a trail records the reads, or the writes, of all S3 objects in question.
pub(super) fn judge(trail: &Trail, reading: bool, ctx: &Context<'_>) -> Outcome {
    let asked = asked(trail, "AWS::S3::Object", "s3", ctx);
    judging::records_everywhere(trail, &asked.reading(reading), ctx)
}

/// The data events of a type of resource of one service, or of those that the settings name.
pub(super) fn asked(trail: &Trail, kind: &str, service: &str, ctx: &Context<'_>) -> Events {
    let all = ctx.settings.required_data_event_resources.iter();
    let required: Vec<Pattern> = all
        .map(|arn| Arn::from(arn.as_str()))
        .filter(|arn| arn.service() == service)
        .map(|arn| named(&arn))
        .collect();
    let asked = if required.is_empty() {
        let partition = trail.arn.partition();
        let separator = if service == "s3" { ":::" } else { ":" };
        vec![Pattern::starts_with(format!(
            "arn:{partition}:{service}{separator}"
        ))]
    } else {
        required
    };
    Events::data(kind).with(Field::ResourceArn, asked)
}

/// What the settings mean by an ARN: a bucket stands for all of its objects, a `*` at the end for anything.
pub(super) fn named(arn: &Arn) -> Pattern {
    let text = arn.as_str().trim_end_matches('*');
    let s3 = arn.service() == "s3";
    if s3 && !arn.resource().contains('/') {
        Pattern::starts_with(format!("{text}/"))
    } else if s3 || text != arn.as_str() {
        Pattern::starts_with(text)
    } else {
        Pattern::equals(text)
    }
}
