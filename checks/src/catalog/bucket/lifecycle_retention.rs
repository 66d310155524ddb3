//! No rule tidies the record away.

use super::{gone, places};
use crate::catalog::recording;
use crate::inventory::bucket::LifecycleRule;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-lifecycle-retention",
    title: "Lifecycle rules of log buckets should not remove log files before the required retention ends",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "One call to PutBucketLifecycleConfiguration is enough to delete all log files, and S3 deletes them without \
          further API calls by the attacker. Readers no longer find log files that expire early. A short \
          NoncurrentVersionExpiration makes deletions and overwrites permanent.",
    fix: "Set the days of Expiration and NoncurrentVersionExpiration to at least `retention_days`, or remove the \
          rule: `aws s3api put-bucket-lifecycle-configuration --bucket BUCKET --lifecycle-configuration \
          file://lifecycle.json`. Object Lock keeps noncurrent versions regardless of the rules, but an expiration \
          still hides current versions behind delete markers.",
    judged: "Evaluates every enabled rule that affects the log prefix. Current versions may not expire before \
             `retention_days`, with or without Object Lock: an expiration adds a delete marker, and readers no longer \
             find the file. Noncurrent versions may not be removed before that, unless a default retention keeps them \
             that long. The same applies if versioning is suspended. Without rules, objects never expire, and the \
             check passes.",
    alike: &[
        "No expiration passes: it is not zero days.",
        "Expiration after 30 days fails although Object Lock keeps every version for 400 days; \
         NoncurrentVersionExpiration after 30 days passes with that retention.",
    ],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html#object-lock-managing-lifecycle",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LIFECYCLE,
        calls::GET_OBJECT_LOCK,
        calls::GET_BUCKET_VERSIONING,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let needed = i64::from(ctx.settings.retention_days);
    let retention = bucket.default_retention.known();
    let locked = match &retention {
        Ok(Some(retention)) => i64::from(retention.in_days()),
        Ok(None) | Err(_) => 0,
    };
    let kept = locked >= needed;
    let rules = match bucket.lifecycle.known() {
        Ok(rules) => rules.as_deref().unwrap_or_default(),
        Err(gap) => {
            return Err(Gaps::collect(retention.err()).map_or(gap.clone(), |it| gap.and(it)));
        }
    };
    let short = Short::of(bucket, rules, needed, kept, ctx);
    if let Some(rule) = short.rules.first() {
        if !short.hides {
            // A lock that is long enough keeps older versions against every rule.
            retention?;
        }
        // An expiration only adds a delete marker where versions are kept: no lock stops that, and readers find nothing.
        let why = match kept {
            true => "Object Lock keeps the versions, but delete markers hide them from readers"
                .to_owned(),
            false => format!("{needed} days are required"),
        };
        let verdict = Verdict::fail(format!("{rule}; {why}")).saw("Rules", &short.rules);
        return Ok(verdict.saw("DefaultRetention", locked).expected(needed));
    }
    let words = match rules.iter().filter(|it| it.enabled).count() {
        0 => "no lifecycle rule is enabled".to_owned(),
        _ if kept => format!(
            "no lifecycle rule expires log files, and Object Lock keeps them for {locked} \
            days"
        ),
        _ => format!("no lifecycle rule removes log files before {needed} days"),
    };
    let gaps = retention.err().into_iter().chain(short.gaps);
    // The retention matters only where a rule may be too short.
    let open = Gaps::collect(gaps).filter(|_| short.doubtful);
    let verdict = Verdict::pass(words);
    let verdict = match kept {
        true => verdict.saw("DefaultRetention", locked).expected(needed),
        false => verdict,
    };
    verdict.unless_open(open)
}

/// What is removed too early.
#[derive(Debug, Default)]
struct Short {
    rules: Vec<String>,
    /// One of them lets current versions expire.
    hides: bool,
    /// Some rule is too short, and may or may not reach log files.
    doubtful: bool,
    gaps: Vec<Gaps>,
}

impl Short {
    /// `kept`: older versions are locked for long enough.
    fn of(
        bucket: &Bucket,
        rules: &[LifecycleRule],
        needed: i64,
        kept: bool,
        ctx: &Context<'_>,
    ) -> Self {
        let (mut short, logs) = (Self::default(), places::of_logs(bucket, ctx));
        for rule in rules.iter().filter(|it| it.enabled) {
            let early = |days: &i64| *days < needed;
            let current = expiration(rule).filter(early);
            let mut noncurrent = rule.noncurrent_days.filter(early).filter(|_| !kept);
            if current.is_none() && noncurrent.is_none() {
                continue;
            }
            if !logs
                .iter()
                .any(|place| places::touches(&rule.prefix, place))
            {
                // It is meant for other objects, unless a hidden trail delivers there.
                let hidden = recording::hidden_anywhere(ctx);
                short.doubtful |= hidden.is_some();
                short.gaps.extend(hidden);
                continue;
            }
            match bucket.versioning.enabled.known() {
                Ok(true) => {}
                Ok(false) => match bucket.versioning.suspended.known() {
                    // What was stored before the suspension has older versions, and the rule goes on removing them.
                    Ok(true) => {}
                    Ok(false) => noncurrent = None,
                    Err(gap) if noncurrent.is_some() && current.is_none() => {
                        short.doubtful = true;
                        short.gaps.push(gap);
                        continue;
                    }
                    Err(_) => noncurrent = None,
                },
                Err(gap) if noncurrent.is_some() && current.is_none() => {
                    short.doubtful = true;
                    short.gaps.push(gap);
                    continue;
                }
                Err(_) => noncurrent = None,
            }
            short.rules.extend(words(rule, current, noncurrent));
            short.hides |= current.is_some();
        }
        short
    }
}

/// After how many days current versions go. A date takes all that is there on the day, and all that comes later.
pub(super) fn expiration(rule: &LifecycleRule) -> Option<i64> {
    rule.expiration_date.map(|_| 0).or(rule.expiration_days)
}

fn words(rule: &LifecycleRule, current: Option<i64>, noncurrent: Option<i64>) -> Option<String> {
    let name = rule.id.as_deref().unwrap_or("(no ID)");
    let limits = if rule.narrowed {
        " (filtered by tags or object size)"
    } else {
        ""
    };
    let removes = match (current, noncurrent) {
        (None, None) => return None,
        (Some(_), _) if rule.expiration_date.is_some() => {
            "current versions on a fixed date".to_owned()
        }
        (Some(days), None) => format!("current versions after {days} days"),
        (None, Some(days)) => format!("noncurrent versions after {days} days"),
        (Some(days), Some(later)) => {
            format!(
                "current versions after {days} days and noncurrent versions after {later} more days"
            )
        }
    };
    Some(format!("lifecycle rule {name}{limits} removes {removes}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Versioning;
    use crate::testing::*;

    fn expires(days: i64) -> LifecycleRule {
        LifecycleRule {
            enabled: true,
            expiration_days: Some(days),
            ..LifecycleRule::default()
        }
    }

    fn older(days: i64) -> LifecycleRule {
        LifecycleRule {
            enabled: true,
            noncurrent_days: Some(days),
            ..LifecycleRule::default()
        }
    }

    fn under(prefix: &str, rule: LifecycleRule) -> LifecycleRule {
        let prefix = prefix.to_owned();
        LifecycleRule { prefix, ..rule }
    }

    /// A versioned bucket without a retention, but what `change` gives it.
    fn with(rules: &[LifecycleRule], change: impl FnOnce(&mut Bucket)) -> Case {
        let rules = rules.to_vec();
        bucket(|b| {
            b.default_retention = Known(None);
            b.lifecycle = Known(Some(rules));
            change(b);
        })
    }

    fn locked(days: u32) -> Fact<Option<Retention>> {
        let (mode, days, years) = (RetentionMode::Governance, Some(days), None);
        Known(Some(Retention { mode, days, years }))
    }

    #[test]
    fn arithmetic() {
        let dated = LifecycleRule {
            expiration_date: Some(hours_ago(-90_000)),
            expiration_days: None,
            ..expires(0)
        };
        let off = LifecycleRule {
            enabled: false,
            ..expires(1)
        };
        let tagged = LifecycleRule {
            narrowed: true,
            ..expires(1)
        };
        let off_since = |suspended: Fact<bool>| {
            move |b: &mut Bucket| {
                b.versioning = Versioning {
                    suspended,
                    ..never_versioned()
                };
            }
        };
        let unversioned = |b: &mut Bucket| b.versioning = never_versioned();
        let unread = || denied(calls::GET_BUCKET_VERSIONING);
        table(
            &CHECK,
            [
                // Without a rule everything is kept for ever.
                (Pass, with(&[], |b| b.lifecycle = Known(None))),
                (Pass, with(&[], |_| {})),
                (Pass, with(&[expires(365)], |_| {})),
                (Fail, with(&[expires(364)], |_| {})),
                (
                    Pass,
                    with(&[expires(364)], |_| {}).with(|it| it.retention_days = 364),
                ),
                (Fail, with(&[expires(364)], unversioned)),
                (Fail, with(&[older(30)], |_| {})),
                (Pass, with(&[older(365), expires(365)], |_| {})),
                (Fail, with(&[older(365), expires(90)], |_| {})),
                (Fail, with(&[older(65), expires(300)], |_| {})),
                // There are no older versions to remove.
                (Pass, with(&[older(30)], unversioned)),
                // Versioning that was suspended leaves them behind.
                (Fail, with(&[older(30)], off_since(Known(true)))),
                (Unknown, with(&[older(30)], off_since(unread()))),
                (Fail, with(&[older(30), expires(30)], off_since(unread()))),
                (Pass, with(&[older(365)], off_since(Known(true)))),
                (Fail, with(&[dated], |_| {})),
                (Pass, with(&[off], |_| {})),
                (Fail, with(&[tagged], |_| {})),
                // A lock that lasts keeps older versions, and lets delete markers hide the current ones.
                (
                    Pass,
                    with(&[older(1)], |b| b.default_retention = locked(365)),
                ),
                (
                    Fail,
                    with(&[older(1)], |b| b.default_retention = locked(364)),
                ),
                (
                    Fail,
                    with(&[expires(1)], |b| b.default_retention = locked(365)),
                ),
                (
                    Fail,
                    with(&[expires(364), older(365)], |b| {
                        b.default_retention = locked(4000)
                    }),
                ),
                (
                    Pass,
                    with(&[expires(365), older(1)], |b| {
                        b.default_retention = locked(365)
                    }),
                ),
                (
                    Fail,
                    with(&[expires(1), older(1)], |b| {
                        b.default_retention = locked(364)
                    }),
                ),
                (
                    Fail,
                    with(&[expires(400), older(1)], |b| {
                        b.default_retention = locked(30)
                    }),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }

    #[test]
    fn prefixes() {
        let at = |prefix: &str| with(&[under(prefix, expires(30))], |_| {});
        let of_trail = |case: Case| {
            case.and(|inventory| {
                configuration(inventory.trails.values_mut().next().unwrap()).prefix =
                    Known(Some("org".to_owned()));
            })
        };
        table(
            &CHECK,
            [
                (Fail, at("AWSLogs/")),
                (Fail, at("AWSLogs/111111111111/CloudTrail-Digest/")),
                (Pass, at("AWSLogs/111111111111/Config/")),
                (Pass, at("tmp/")),
                (Pass, of_trail(at("AWSLogs/"))),
                (Fail, of_trail(at("org/"))),
            ],
        );
    }

    #[test]
    fn what_is_not_known() {
        let rules = || denied(calls::GET_BUCKET_LIFECYCLE);
        let lock = || denied(calls::GET_OBJECT_LOCK);
        let versioning = || denied(calls::GET_BUCKET_VERSIONING);
        table(
            &CHECK,
            [
                (Unknown, with(&[], |b| b.lifecycle = rules())),
                (
                    Unknown,
                    with(&[], |b| {
                        b.lifecycle = rules();
                        b.default_retention = locked(365);
                    }),
                ),
                // Whatever the lock keeps, delete markers hide it.
                (Fail, with(&[expires(30)], |b| b.default_retention = lock())),
                (
                    Unknown,
                    with(&[older(30)], |b| b.default_retention = lock()),
                ),
                (
                    Pass,
                    with(&[expires(365)], |b| b.default_retention = lock()),
                ),
                (Unknown, with(&[older(30)], |b| b.versioning = versioning())),
                (Fail, with(&[expires(30)], |b| b.versioning = versioning())),
                (Pass, with(&[older(365)], |b| b.versioning = versioning())),
            ],
        );
        let hidden = |prefix: &str| {
            with(&[under(prefix, expires(30))], |_| {}).and(|inventory| {
                add_trail(inventory, ACCOUNT, HOME, "hidden", |trail| {
                    trail.configuration = denied(calls::DESCRIBE_TRAILS);
                });
            })
        };
        table_on(
            &CHECK,
            BUCKET_ARN,
            [(Unknown, hidden("tmp/")), (Fail, hidden("AWSLogs/"))],
        );
    }
}
