//! Data events of resources: of all that a service has, or of those that the settings name.

use super::judging;
use crate::prelude::*;
use crate::selectors::{Events, Field, Pattern};

/// Whether a trail records the reads, or the writes, of all S3 objects in question.
pub(super) fn judge(trail: &Trail, reading: bool, ctx: &Context<'_>) -> Outcome {
    let asked = asked(trail, "AWS::S3::Object", "s3", ctx);
    let what = match reading {
        true => "read events of S3 objects",
        false => "write events of S3 objects",
    };
    let what = named_in_messages(what, "s3", ctx);
    judging::records_everywhere(trail, &asked.reading(reading), &what, ctx)
}

/// What messages call these events: those of all resources of a service, or of those that the settings name.
pub(super) fn named_in_messages(what: &str, service: &str, ctx: &Context<'_>) -> String {
    let required = &ctx.settings.required_data_event_resources;
    let mut required = required.iter().map(|arn| Arn::from(arn.as_str()));
    match required.any(|arn| arn.service() == service) {
        true => format!("{what} in `required_data_event_resources`"),
        false => what.to_owned(),
    }
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

/// The cases of a check on reads, or on writes, of objects.
#[cfg(test)]
pub(super) mod cases {
    use crate::prelude::*;
    use crate::testing::*;

    /// What the check asks for, and the other half, as the two sorts of selectors spell them.
    const READS: [&str; 2] = ["readOnly = true", "ReadOnly"];
    const WRITES: [&str; 2] = ["readOnly = false", "WriteOnly"];

    const OBJECTS: [&str; 2] = ["eventCategory = Data", "resources.type = AWS::S3::Object"];
    const ONE: &str = "resources.ARN ^ arn:aws:s3:::one/";

    fn objects(more: &[&str]) -> Case {
        let test = [&OBJECTS, more].concat();
        trail(|it| it.selectors = Known(selectors(&[&test])))
    }

    fn classic(read_write: &str, value: &str) -> Case {
        trail(|it| it.selectors = Known(classic_objects(read_write, value)))
    }

    pub(in super::super) fn all(check: &'static Check, reads: bool) {
        let (asked, other) = if reads {
            (READS, WRITES)
        } else {
            (WRITES, READS)
        };
        verdicts(check, asked, other);
        required_buckets(check);
        a_trail_for_management_events_alone(check, other);
    }

    fn verdicts(check: &'static Check, asked: [&str; 2], other: [&str; 2]) {
        table(
            check,
            [
                (Pass, inventory(|_| {})),
                (Pass, objects(&[])),
                (Pass, objects(&asked[..1])),
                (Fail, objects(&other[..1])),
                (Fail, objects(&[ONE])),
                (Fail, objects(&["resources.ARN !^ arn:aws:s3:::one/"])),
                (Unknown, objects(&["userAgent = curl"])),
                (Pass, classic(asked[1], "arn:aws:s3")),
                (Fail, classic(other[1], "arn:aws:s3:::")),
                (Fail, classic("All", "arn:aws:s3:::one/")),
                (
                    Fail,
                    trail(|it| it.selectors = Known(classic_selectors("All", true, &[]))),
                ),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    Fail,
                    trail(|it| configuration(it).multi_region = Known(false)),
                ),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
            ],
        );
    }

    fn required_buckets(check: &'static Check) {
        let need = |arns: &'static [&str], case: Case| {
            let arns = arns.iter().map(ToString::to_string).collect();
            case.with(|it| it.required_data_event_resources = arns)
        };
        table(
            check,
            [
                (Pass, need(&["arn:aws:s3:::one"], objects(&[ONE]))),
                (Pass, need(&["arn:aws:s3:::one/a/*"], objects(&[ONE]))),
                (Fail, need(&["arn:aws:s3:::one2"], objects(&[ONE]))),
                (
                    Fail,
                    need(&["arn:aws:s3:::one", "arn:aws:s3:::two/"], objects(&[ONE])),
                ),
                (
                    Fail,
                    need(&["arn:aws:lambda:us-east-1:1:function:f"], objects(&[ONE])),
                ),
            ],
        );
    }

    fn a_trail_for_management_events_alone(check: &'static Check, other: [&'static str; 2]) {
        let beside = |change: &dyn Fn(&mut Trail)| {
            let case = inventory(|inventory| {
                add_trail(inventory, ACCOUNT, HOME, "management", |trail| {
                    trail.selectors = Known(classic_selectors("All", true, &[]));
                });
                change(inventory.trails.get_mut(&Arn::from(TRAIL_ARN)).unwrap());
            });
            statuses(check, &case)[1].1
        };
        assert_eq!(beside(&|_| {}), NotApplicable);
        assert_eq!(beside(&|it| status(it).logging = Known(false)), Fail);
        assert_eq!(
            beside(&|it| it.selectors = Known(classic_objects(other[1], "arn:aws:s3"))),
            Fail
        );
    }
}
