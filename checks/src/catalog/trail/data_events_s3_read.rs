//! Who read which object: the record of a theft.

use super::objects;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-s3-read",
    title: "Trail records read events of every S3 object, or of those in the required buckets",
    severity: Severity::Medium,
    why: "GetObject is no management event. Without S3 read events nobody can say which objects left with a stolen \
          credential, and every record counts as lost.",
    fix: "Add a selector for S3 object reads (a selector without readOnly takes reads and writes): `aws cloudtrail \
          put-event-selectors --trail-name TRAIL --advanced-event-selectors` with eventCategory Data, \
          resources.type AWS::S3::Object and readOnly true; or name the buckets that matter in \
          `required_data_event_resources`.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::GET_EVENT_SELECTORS,
    ],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    objects::judge(trail, true, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const OBJECTS: [&str; 2] = ["eventCategory = Data", "resources.type = AWS::S3::Object"];
    const ONE: &str = "resources.ARN ^ arn:aws:s3:::one/";

    fn objects(more: &[&str]) -> Case {
        let test = [&OBJECTS, more].concat();
        trail(|it| it.selectors = Known(selectors(&[&test])))
    }

    fn classic(read_write: &str, value: &str) -> Case {
        trail(|it| it.selectors = Known(classic_objects(read_write, value)))
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, objects(&[])),
                (Pass, objects(&["readOnly = true"])),
                (Fail, objects(&["readOnly = false"])),
                (Fail, objects(&[ONE])),
                (Fail, objects(&["resources.ARN !^ arn:aws:s3:::one/"])),
                (Unknown, objects(&["userAgent = curl"])),
                (Pass, classic("ReadOnly", "arn:aws:s3")),
                (Fail, classic("WriteOnly", "arn:aws:s3:::")),
                (Fail, classic("All", "arn:aws:s3:::one/")),
                (
                    Fail,
                    trail(|it| it.selectors = Known(classic_selectors("All", true, &[]))),
                ),
                (Fail, trail(|it| status(it).logging = false)),
                (Fail, trail(|it| configuration(it).multi_region = false)),
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

    #[test]
    fn required_buckets() {
        let need = |arns: &'static [&str], case: Case| {
            let arns = arns.iter().map(ToString::to_string).collect();
            case.with(|it| it.required_data_event_resources = arns)
        };
        table(
            &CHECK,
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

    #[test]
    fn a_trail_for_management_events_alone() {
        let beside = |change: fn(&mut Trail)| {
            let case = inventory(|it| {
                add_trail(it, ACCOUNT, HOME, "management", |it| {
                    it.selectors = Known(classic_selectors("All", true, &[]));
                });
                change(it.trails.get_mut(&Arn::from(TRAIL_ARN)).unwrap());
            });
            statuses(&CHECK, &case)[1].1
        };
        assert_eq!(beside(|_| {}), NotApplicable);
        assert_eq!(beside(|it| status(it).logging = false), Fail);
        assert_eq!(
            beside(|it| it.selectors = Known(classic_objects("WriteOnly", "arn:aws:s3"))),
            Fail
        );
    }
}
