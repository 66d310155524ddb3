//! The wrong verdicts that other tools really give: each is a row, and here it ends as it should.

use crate::calls;
use crate::catalog;
use crate::check::Check;
use crate::context::Context;
use crate::evaluate::evaluate;
use crate::fact::{Fact::Known, Reason};
use crate::finding::Status::{self, Fail, Pass, Unknown};
use crate::ids::{AccountId, Arn};
use crate::inventory::bucket::LifecycleRule;
use crate::inventory::{Bucket, PublicAccessBlock};
use crate::testing::*;

fn check(id: &str) -> &'static Check {
    catalog::find(id).unwrap()
}

/// What the check says of this subject.
#[track_caller]
fn ends(who: &str, id: &str, subject: &str, expected: Status, case: &Case) {
    let findings = case.findings(&[check(id)]);
    let finding = findings.iter().find(|it| it.subject.id == subject);
    let finding = finding.unwrap_or_else(|| panic!("{who}: {id} says nothing: {findings:#?}"));
    let message = &finding.message;
    assert_eq!(finding.status, expected, "{who}: {id}: {message}");
}

fn logs(case: Case, change: impl FnOnce(&mut Bucket)) -> Case {
    case.and(|it| change(it.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap()))
}

fn with_policy(document: &str) -> Case {
    let document = document.to_owned();
    logs(inventory(|_| {}), |b| b.policy = Known(Some(document)))
}

/// Public bucket = AllUsers in the ACL: a public policy passes.
#[test]
fn prowler_public_is_more_than_the_acl() {
    let everyone = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*",
        "Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}}"#;
    let case = logs(with_policy(everyone), |b| {
        b.public_access_block = Known(Some(PublicAccessBlock::default()));
    });
    let case = case.and(|inventory| {
        for account in inventory.accounts.values_mut() {
            account.public_access_block = Known(None);
        }
    });
    ends("Prowler", "bucket-not-public-acl", BUCKET_ARN, Pass, &case);
    ends(
        "Prowler",
        "bucket-not-public-policy",
        BUCKET_ARN,
        Fail,
        &case,
    );
}

/// Management events by the selector's name: good trails fail, bad ones pass.
#[test]
fn prowler_the_name_of_a_selector_means_nothing() {
    let named = |name: &str, fields: &[&str]| {
        let mut selector = advanced(fields);
        selector.name = Some(name.to_owned());
        trail(|trail| {
            trail.selectors = Known(crate::inventory::Selectors::Advanced(vec![selector]));
        })
    };
    const GOOD: &str = "Management events selector";
    const ID: &str = "trail-management-events-read-write";
    let all = ["eventCategory = Management"];
    let reads = ["eventCategory = Management", "readOnly = true"];
    ends("Prowler", ID, TRAIL_ARN, Pass, &named("x", &all));
    ends("Prowler", ID, TRAIL_ARN, Fail, &named(GOOD, &reads));
}

/// S3 write events by any selector on objects: read-only, one-bucket and stopped trails pass.
#[test]
fn prowler_any_selector_on_objects_is_not_every_write() {
    const ID: &str = "trail-data-events-s3-write";
    let objects = |more: &[&str]| {
        let fields = ["eventCategory = Data", "resources.type = AWS::S3::Object"];
        let fields = [&fields, more].concat();
        trail(|it| it.selectors = Known(selectors(&[&fields])))
    };
    let stopped = trail(|it| status(it).logging = Known(false));
    ends("Prowler", ID, TRAIL_ARN, Pass, &objects(&[]));
    for case in [
        objects(&["readOnly = true"]),
        objects(&["resources.ARN ^ arn:aws:s3:::one/"]),
        stopped,
    ] {
        ends("Prowler", ID, TRAIL_ARN, Fail, &case);
    }
}

/// The first error in the status loop leaves every later trail as not logging.
#[test]
fn prowler_one_error_is_one_trails() {
    let case = inventory(|inventory| {
        for name in ["a", "b", "z"] {
            add_trail(inventory, ACCOUNT, HOME, name, |trail| {
                if name == "a" {
                    trail.status = denied(calls::GET_TRAIL_STATUS);
                }
            });
        }
    });
    let arn = |name: &str| format!("arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/{name}");
    for (name, expected) in [("a", Unknown), ("b", Pass), ("main", Pass), ("z", Pass)] {
        ends("Prowler", "trail-is-logging", &arn(name), expected, &case);
    }
}

/// The alarm is matched by the metric's name: one that tells nobody passes.
#[test]
fn prowler_an_alarm_that_tells_nobody_fails() {
    const ID: &str = "monitoring-alarm-cloudtrail-changes";
    let names = [
        "CreateTrail",
        "UpdateTrail",
        "DeleteTrail",
        "StartLogging",
        "StopLogging",
        "PutEventSelectors",
    ];
    let silent = |change: fn(&mut crate::inventory::monitoring::Alarm)| {
        filter(&any_of(&names)).and(|inventory| {
            let view = inventory.regions.values_mut().next().unwrap();
            change(&mut known(&mut view.alarms)[0]);
        })
    };
    ends("Prowler", ID, ACCOUNT, Pass, &silent(|_| {}));
    for change in [
        (|it| it.alarm_actions = Known(Vec::new())) as fn(&mut crate::inventory::monitoring::Alarm),
        |it| it.actions_enabled = Known(false),
        |it| it.namespace = Known(Some("Elsewhere".to_owned())),
        |it| it.threshold = Known(Some(100.0)),
    ] {
        ends("Prowler", ID, ACCOUNT, Fail, &silent(change));
    }
    let alone = filter(&any_of(&names)).and(|inventory| {
        let topic = inventory.topics.values_mut().next().unwrap();
        for subscription in known(&mut topic.subscriptions).iter_mut() {
            subscription.confirmed = false;
        }
    });
    ends("Prowler", ID, ACCOUNT, Fail, &alone);
}

/// A key id that is there = encrypted: a disabled or dying key passes.
#[test]
fn six_peers_a_key_must_work() {
    let in_state = |state: &str| {
        key(|k| {
            let metadata = known(&mut k.metadata).as_mut().unwrap();
            metadata.state = Known(state.to_owned());
        })
    };
    let who = "Prowler, Steampipe, ScoutSuite, Trivy, Checkov, Panther";
    let disabled = in_state("Disabled");
    ends(who, "trail-kms-encrypted", TRAIL_ARN, Pass, &disabled);
    ends(who, "key-enabled", KEY_ARN, Fail, &disabled);
    let dying = in_state("PendingDeletion");
    ends(who, "key-not-pending-deletion", KEY_ARN, Fail, &dying);
}

/// A policy grants `cloudtrail:*` or nothing: StopLogging alone, or the full-access policy, passes.
#[test]
fn prowler_steampipe_stopping_alone_is_enough() {
    let who = "Prowler, Steampipe";
    let stop = may("cloudtrail:StopLogging", "*");
    ends(who, "access-trail-stop", WORKER, Fail, &stop);
    let arn = "arn:aws:iam::aws:policy/AWSCloudTrail_FullAccess";
    let full = role(|r| r.attached.push(Arn::from(arn)));
    let id = "access-full-access-policy-attachments";
    ends(who, id, WORKER, Fail, &full);
}

/// Classic selectors only, and a search in the text for readOnly: wrong both ways.
#[test]
fn steampipe_selectors_are_modelled() {
    const ID: &str = "trail-management-events-read-write";
    let with = |list: &[&[&str]]| trail(|it| it.selectors = Known(selectors(list)));
    let management = "eventCategory = Management";
    for (expected, case) in [
        (Pass, with(&[&[management]])),
        // The word is there, and all is recorded.
        (
            Pass,
            with(&[
                &[management, "readOnly = true"],
                &[management, "readOnly = false"],
            ]),
        ),
        (Fail, with(&[&[management, "readOnly = false"]])),
        // The word is missing, and little is recorded.
        (
            Fail,
            with(&[&["eventCategory = Data", "resources.type = AWS::S3::Object"]]),
        ),
    ] {
        ends("Steampipe", ID, TRAIL_ARN, expected, &case);
    }
}

/// Trail and bucket are joined by name within the account: a bucket of another account vanishes.
#[test]
fn steampipe_a_bucket_of_another_account_is_judged() {
    let case = logs(inventory(|it| member(it, "222222222222", &[HOME])), |b| {
        b.owner = Known(Some(AccountId::from("222222222222")));
        b.versioning = never_versioned();
    });
    let findings = case.findings(&[check("bucket-versioning")]);
    let [finding] = findings.as_slice() else {
        panic!("one bucket: {findings:#?}")
    };
    assert_eq!(finding.status, Fail);
    assert_eq!(finding.subject.account, Some("222222222222".into()));
}

/// CloudWatch freshness from the S3 delivery time: a broken delivery passes.
#[test]
fn steampipe_each_channel_has_its_own_time() {
    let case = trail(|trail| {
        known(&mut status(trail).delivery).latest = Some(hours_ago(0));
        known(&mut status(trail).log_group).latest = Some(hours_ago(100));
        status(trail).started = Known(Some(hours_ago(9_000)));
    });
    ends("Steampipe", "delivery-s3-fresh", TRAIL_ARN, Pass, &case);
    let id = "delivery-cloudwatch-fresh";
    ends("Steampipe", id, TRAIL_ARN, Fail, &case);
}

/// Seconds / 1440 compared with 24: a window of 9.6 hours.
#[test]
fn scoutsuite_a_day_has_24_hours() {
    for (hours, expected) in [(9, Pass), (10, Pass), (24, Pass), (25, Fail)] {
        let case = trail(|trail| {
            known(&mut status(trail).delivery).latest = Some(hours_ago(hours));
            status(trail).started = Known(Some(hours_ago(9_000)));
        });
        let id = "delivery-s3-fresh";
        ends("ScoutSuite", id, TRAIL_ARN, expected, &case);
    }
}

/// Any of four condition keys is there: `aws:SourceArn: "*"` passes.
#[test]
fn panther_a_star_is_no_restriction() {
    let id = "bucket-cloudtrail-source-arn";
    for (value, expected) in [
        (TRAIL_ARN, Pass),
        ("*", Fail),
        ("arn:aws:cloudtrail:*", Fail),
    ] {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",
            "Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":"s3:PutObject",
            "Resource":"arn:aws:s3:::logs/AWSLogs/*",
            "Condition":{{"StringLike":{{"aws:SourceArn":"{value}"}}}}}}}}"#
        );
        ends("Panther", id, BUCKET_ARN, expected, &with_policy(&document));
    }
}

/// No Expiration counts as 0 days: a rule that never expires raises an alert.
#[test]
fn panther_never_is_not_zero() {
    let moves = LifecycleRule {
        enabled: true,
        expiration_days: None,
        ..LifecycleRule::default()
    };
    let case = logs(inventory(|_| {}), |b| {
        b.default_retention = Known(None);
        b.lifecycle = Known(Some(vec![moves]));
    });
    let id = "bucket-lifecycle-retention";
    ends("Panther", id, BUCKET_ARN, Pass, &case);
}

/// Zero trails give zero rows: the worst account looks clean.
#[test]
fn several_no_trail_is_a_finding() {
    let case = inventory(|inventory| {
        inventory.trails.clear();
        for view in inventory.regions.values_mut() {
            view.trails = Known(Vec::new());
        }
    });
    ends("several", "trail-exists", ACCOUNT, Fail, &case);
    let region = format!("{ACCOUNT}/{HOME}");
    ends("several", "trail-regions-covered", &region, Fail, &case);
    ends("several", "organization-trail", "o-test", Fail, &case);
}

/// Denied calls become PASS or FAIL: here no check says either because of a call that was refused.
#[test]
fn several_denied_is_unknown() {
    let denied_all = trail(|trail| {
        trail.configuration = gap(calls::DESCRIBE_TRAILS, Reason::Denied);
        trail.status = gap(calls::GET_TRAIL_STATUS, Reason::Denied);
        trail.selectors = gap(calls::GET_EVENT_SELECTORS, Reason::Denied);
        trail.insights = gap(calls::GET_INSIGHT_SELECTORS, Reason::Denied);
        trail.tags = gap(calls::LIST_TRAIL_TAGS, Reason::Denied);
    });
    let all: Vec<&'static Check> = catalog::all()
        .into_iter()
        .filter(|it| matches!(it.run, crate::check::Run::Trail(_)))
        .collect();
    let context = Context::new(&denied_all.inventory, &denied_all.settings, taken_at());
    let said = evaluate(&all, &context);
    let of_trail = said.iter().filter(|it| it.subject.id == TRAIL_ARN);
    for finding in of_trail {
        let asked = finding.status != Status::NotApplicable;
        assert!(
            !asked || finding.status == Unknown,
            "{} is {}: {}",
            finding.check,
            finding.status,
            finding.message
        );
    }
    let closed =
        region(|it| it.trails = denied(calls::DESCRIBE_TRAILS)).and(|it| it.trails.clear());
    ends("several", "trail-exists", ACCOUNT, Unknown, &closed);
    let blind = logs(inventory(|_| {}), |b| {
        b.policy = denied(calls::GET_BUCKET_POLICY)
    });
    for id in ["bucket-cloudtrail-source-arn", "bucket-tls-only"] {
        ends("several", id, BUCKET_ARN, Unknown, &blind);
    }
}

/// One finding per region and account for one organization trail: noise.
#[test]
fn several_one_trail_is_one_finding() {
    let case = inventory(|inventory| {
        add_region(inventory, ACCOUNT, "eu-west-1");
        member(inventory, "222222222222", &[HOME, "eu-west-1"]);
        member(inventory, "333333333333", &[HOME, "eu-west-1"]);
    });
    for id in ["trail-is-logging", "trail-multi-region", "bucket-tls-only"] {
        assert_eq!(case.findings(&[check(id)]).len(), 1, "{id}");
    }
}
