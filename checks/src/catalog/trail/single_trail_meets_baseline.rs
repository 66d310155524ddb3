//! One trail has all of it: pieces spread over several trails leave seams.

use std::collections::BTreeMap;

use crate::catalog::recording;
use crate::prelude::*;
use crate::selectors::{self, Answer, Events};

pub(super) const CHECK: Check = Check {
    id: "trail-single-trail-meets-baseline",
    title: "Accounts should have one trail that logs all management events in all regions, validated and encrypted",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "Two trails that each meet half of the requirements do not add up to complete, verifiable logs. Auditors \
          require one trail with all properties.",
    fix: "Set all properties on the trail that the message names: `aws cloudtrail update-trail --name TRAIL \
          --is-multi-region-trail --enable-log-file-validation --kms-key-id KEY_ARN --region HOME_REGION`. Select \
          all management events, and start the trail: `aws cloudtrail start-logging --name TRAIL --region \
          HOME_REGION`.",
    judged: "A single running trail must be multi-region, log all management events, validate log files and encrypt \
             them.",
    alike: &["Two trails that meet the requirements only together fail."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
        "https://docs.aws.amazon.com/config/latest/developerguide/cloudtrail-security-trail-enabled.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
        calls::GET_EVENT_SELECTORS,
    ],
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    let mut gaps = Vec::from_iter(account.regions.known().err());
    let mut seen = BTreeMap::new();
    // Any one region in scope shows every multi-region trail; none shows nothing.
    if recording::in_scope(account).next().is_none() {
        gaps.extend(recording::left_out(account, ctx));
    }
    for switch in recording::in_scope(account) {
        match recording::trails_in(account, &switch.name, ctx) {
            Err(gap) => gaps.push(gap),
            Ok(sight) => {
                gaps.extend(sight.hidden);
                for trail in sight.trails {
                    match trail {
                        Ok(trail) => drop(seen.insert(&trail.arn, trail)),
                        Err(gap) => gaps.push(gap),
                    }
                }
            }
        }
    }
    let mut lacking = BTreeMap::new();
    for (arn, trail) in seen {
        match lacks(trail, ctx) {
            (missing, None) if missing.is_empty() => {
                let verdict = Verdict::pass(format!(
                    "trail {arn} logs all management events in all regions, with validation and a KMS key"
                ));
                return Ok(verdict.saw("TrailARN", arn));
            }
            (missing, Some(gap)) if missing.is_empty() => gaps.push(gap),
            (missing, _) => drop(lacking.insert(arn, missing)),
        }
    }
    if let Some(gaps) = Gaps::collect(gaps) {
        return Err(gaps);
    }
    let nearest = lacking.iter().min_by_key(|(_, missing)| missing.len());
    let message = match nearest {
        Some((arn, missing)) => format!(
            "no trail meets the baseline; the closest is {arn}, which {}",
            missing.join(", ")
        ),
        None => "no trail meets the baseline: the account has no trail".to_owned(),
    };
    Ok(Verdict::fail(message).saw("missing properties", lacking))
}

/// What a trail lacks, and what stands in the way of knowing the rest.
fn lacks(trail: &Trail, ctx: &Context<'_>) -> (Vec<String>, Option<Gaps>) {
    let (mut missing, mut gaps) = (Vec::new(), Vec::new());
    let set = &trail.configuration;
    let properties = [
        (
            set.multi_region.known().copied(),
            "logs events in one region only",
        ),
        (
            set.log_file_validation.known().copied(),
            "has no log file validation",
        ),
        (set.kms_key.known().map(Option::is_some), "has no KMS key"),
        (trail.status.logging.known().copied(), "is stopped"),
    ];
    for (on, words) in properties {
        match on {
            Ok(true) => {}
            Ok(false) => missing.push(words.to_owned()),
            Err(gap) => gaps.push(gap),
        }
    }
    match recording::bucket_is_gone(trail, ctx) {
        Err(gap) => gaps.push(gap),
        Ok(true) => missing.push("delivers to a bucket that does not exist".to_owned()),
        Ok(false) => {}
    }
    let recorded = selectors::recorded(trail);
    match recorded.map(|sets| selectors::judge(&Events::management(), &sets)) {
        Ok(Answer::Covers) => {}
        Ok(Answer::Lacks(hole)) if hole.is_everything() => {
            missing.push("logs no management events".to_owned());
        }
        Ok(Answer::Lacks(hole)) => {
            missing.push(format!("does not log all management events ({hole})"));
        }
        Ok(Answer::CannotTell(gap)) | Err(gap) => gaps.push(gap),
    }
    (missing, Gaps::collect(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |change: fn(&mut crate::inventory::TrailConfiguration)| {
            trail(|it| change(configuration(it)))
        };
        let spread = |case: Case| {
            case.and(|inventory| {
                add_trail(inventory, ACCOUNT, HOME, "second", |trail| {
                    configuration(trail).multi_region = Known(false);
                });
            })
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, set(|it| it.multi_region = Known(false))),
                (Fail, set(|it| it.log_file_validation = Known(false))),
                (Fail, set(|it| it.kms_key = Known(None))),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    Fail,
                    trail(|trail| {
                        trail.selectors =
                            Known(classic_selectors("All", true, &["kms.amazonaws.com"]))
                    }),
                ),
                // A log group is no part of it.
                (Pass, set(|it| it.log_group = Known(None))),
                // Every property is there, but not in one trail.
                (
                    Fail,
                    spread(set(|it| it.log_file_validation = Known(false))),
                ),
                (Pass, spread(inventory(|_| {}))),
                (Fail, region(|it| it.trails = Known(Vec::new()))),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
                (
                    Fail,
                    set(|it| it.kms_key = Known(None)).and(|inventory| {
                        inventory.trails.values_mut().next().unwrap().status =
                            denied(calls::GET_TRAIL_STATUS)
                    }),
                ),
                (
                    Unknown,
                    region(|it| it.trails = denied(calls::DESCRIBE_TRAILS)),
                ),
                (Unknown, inventory(|it| it.trails.clear())),
                (
                    Unknown,
                    account(|it| it.regions = denied(calls::LIST_REGIONS)),
                ),
            ],
        );
    }
}
