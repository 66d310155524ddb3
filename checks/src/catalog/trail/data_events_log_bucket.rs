//! Who reads or removes log files is in the record too.

use crate::catalog::recording;
use crate::context::not_seen;
use crate::prelude::*;
use crate::selectors::{Events, Field, Hole, Pattern};

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-log-bucket",
    title: "Access to objects of the log bucket should be logged",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "GetObject and DeleteObject are data events. If no trail logs them for the log bucket, the logs do not show \
          who copied or deleted log files.",
    fix: "In the account that owns the bucket, or with an organization trail, add a selector with eventCategory \
          Data, resources.type AWS::S3::Object and resources.ARN StartsWith `arn:aws:s3:::BUCKET/`: `aws cloudtrail \
          put-event-selectors --trail-name OTHER_TRAIL --advanced-event-selectors file://selectors.json --region \
          HOME_REGION`. Use a trail that delivers to another bucket: otherwise each delivery is itself logged.",
    judged: "A running trail must log read and write events of the objects of the trail's own log bucket, in the \
             bucket's account and region.",
    alike: &[
        "A trail of another account that logs data events of all its own buckets does not include this bucket, and \
         fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-understanding-s3-entries.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::GET_EVENT_SELECTORS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LOCATION,
    ],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let name = trail.configuration.bucket.known()?;
    let Some(bucket) = ctx.bucket(name) else {
        return Err(not_seen(calls::HEAD_BUCKET, &trail.account, &trail.home_region, ctx).into());
    };
    if bucket.exists.ok() == Some(&false) {
        let gone =
            Verdict::not_applicable("the log bucket does not exist (see delivery-bucket-exists)");
        return Ok(gone.saw("Bucket", name));
    }
    let Some(owner) = bucket.owner.known()? else {
        let strange =
            "the log bucket belongs to an external account (see bucket-owner-in-organization)";
        return Ok(Verdict::not_applicable(strange).saw("Bucket", name));
    };
    let region = bucket.region.known()?;
    let Some(account) = ctx.inventory.accounts.get(owner) else {
        return Err(not_seen(calls::DESCRIBE_TRAILS, owner, region, ctx).into());
    };
    let objects = Pattern::starts_with(format!("{}/", bucket.arn));
    let asked = Events::data("AWS::S3::Object").with(Field::ResourceArn, [objects]);
    // Many trails may deliver to one bucket.
    let of = [bucket.arn.as_str(), owner.as_str(), region.as_str()];
    let find = || Unrecorded(recording::unrecorded(&asked, account, region, ctx));
    let verdict = match ctx.once(&of, find).0.clone()? {
        None => Verdict::pass(format!(
            "S3 data events of log bucket {name} are logged in account {owner}, {region}"
        )),
        Some(hole) => Verdict::fail(format!(
            "S3 data events of log bucket {name} are not all logged in account {owner}, {region}: {hole}"
        )),
    };
    Ok(verdict.saw("Bucket", name))
}

/// What is not recorded of the objects of one bucket.
struct Unrecorded(Result<Option<Hole>, Gaps>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const OBJECTS: [&str; 2] = ["eventCategory = Data", "resources.type = AWS::S3::Object"];

    fn objects(more: &[&str]) -> Case {
        let test = [&OBJECTS, more].concat();
        trail(|it| it.selectors = Known(selectors(&[&test])))
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, objects(&["resources.ARN ^ arn:aws:s3:::logs/"])),
                (Fail, objects(&["resources.ARN ^ arn:aws:s3:::logs2/"])),
                (Fail, objects(&["resources.ARN !^ arn:aws:s3:::logs/"])),
                // No object has such an ARN: nothing is left out, and nothing is chosen.
                (Pass, objects(&["resources.ARN != arn:aws:s3:::logs/*"])),
                (Fail, objects(&["resources.ARN = arn:aws:s3:::logs/*"])),
                (
                    Fail,
                    objects(&["resources.ARN != arn:aws:s3:::logs/AWSLogs/x"]),
                ),
                (Fail, objects(&["readOnly = false"])),
                (
                    Fail,
                    trail(|it| it.selectors = Known(classic_selectors("All", true, &[]))),
                ),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
                (Unknown, bucket(|it| it.owner = denied(calls::HEAD_BUCKET))),
                (
                    Unknown,
                    bucket(|it| it.region = denied(calls::GET_BUCKET_LOCATION)),
                ),
                (Unknown, inventory(|it| it.buckets.clear())),
                (
                    Unknown,
                    bucket(|it| it.owner = Known(Some(AccountId::from("222222222222")))),
                ),
                (NotApplicable, bucket(|it| it.owner = Known(None))),
                (NotApplicable, bucket(|it| it.exists = Known(false))),
            ],
        );
    }

    #[test]
    fn it_is_the_owners_account_that_counts() {
        const ARCHIVE: &str = "222222222222";
        let of = |change: fn(&mut Inventory)| {
            let case = trail(|it| it.selectors = Known(classic_selectors("All", true, &[])));
            let case = case.and(|inventory| {
                member(inventory, ARCHIVE, &[HOME]);
                let logs = inventory.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap();
                logs.owner = Known(Some(AccountId::from(ARCHIVE)));
                change(inventory);
            });
            statuses(&CHECK, &case)
                .into_iter()
                .find(|(id, _)| id == TRAIL_ARN)
                .unwrap()
                .1
        };
        assert_eq!(of(|_| {}), Fail);
        assert_eq!(
            of(|it| add_trail(it, ARCHIVE, HOME, "objects", |_| {})),
            Pass
        );
        // Another account's trail sees what its own principals do, not what strangers do in the bucket.
        assert_eq!(
            of(|it| add_trail(it, ACCOUNT, HOME, "objects", |trail| {
                configuration(trail).organization = Known(false);
            })),
            Fail
        );
    }
}
