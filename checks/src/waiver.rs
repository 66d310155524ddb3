//! Accepted risks and accepted gaps: who, why, until when.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::coverage::{Coverage, RegionStatus};
use crate::finding::{AppliedWaiver, Finding, Status};
use crate::settings::AllowedPrincipal;

/// The waiver file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Waivers {
    /// Failing findings whose risk is accepted.
    #[serde(rename = "waiver")]
    pub waivers: Vec<Waiver>,
    /// Calls that are known not to be answered.
    #[serde(rename = "accepted_gap")]
    pub accepted_gaps: Vec<AcceptedGap>,
}

/// One accepted risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// A check id, or a glob over ids.
    pub check: String,
    /// A glob over subject ids.
    pub subject: String,
    /// A glob over accounts.
    pub account: Option<String>,
    /// A glob over regions.
    pub region: Option<String>,
    /// Why.
    #[serde(deserialize_with = "said")]
    pub reason: String,
    /// By whom.
    #[serde(deserialize_with = "said")]
    pub approver: String,
    /// Through which day, UTC.
    pub expires: Date,
    /// Where it was discussed.
    pub ticket: Option<String>,
}

/// One accepted gap: the status stays unknown, and no longer asks for attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedGap {
    /// A glob over accounts.
    pub account: Option<String>,
    /// A glob over regions.
    pub region: Option<String>,
    /// A glob over calls, such as `s3:GetBucketPolicy`.
    pub call: Option<String>,
    /// Why.
    #[serde(deserialize_with = "said")]
    pub reason: String,
    /// By whom.
    #[serde(deserialize_with = "said")]
    pub approver: String,
    /// Through which day, UTC.
    pub expires: Date,
}

/// Words that are there: nobody accepts a risk for no reason.
pub(crate) fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let words = String::deserialize(deserializer)?;
    if words.trim().is_empty() {
        return Err(D::Error::custom("it must say something, it is empty"));
    }
    Ok(words)
}

/// The day of a time, UTC. A waiver counts through the day it names.
fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// Whether `text` matches `pattern`: `*` any run of characters, `?` exactly one.
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                // Let the last star swallow one character more.
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

fn within(pattern: Option<&str>, text: &str) -> bool {
    pattern.is_none_or(|pattern| glob(pattern, text))
}

/// What became of the waivers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// They match no failing finding.
    pub unused: Vec<String>,
    /// Their time is over.
    pub expired: Vec<String>,
}

/// Puts the waivers on the failing findings they match. A status never changes.
pub fn apply(
    waivers: &Waivers,
    allowed: &[AllowedPrincipal],
    now: Timestamp,
    findings: &mut [Finding],
) -> Applied {
    let today = day(now);
    let mut applied = Applied::default();
    for waiver in &waivers.waivers {
        let words = format!(
            "{} on {}, expires {}",
            waiver.check, waiver.subject, waiver.expires
        );
        if waiver.expires < today {
            applied.expired.push(words);
            continue;
        }
        let mut used = false;
        for finding in findings
            .iter_mut()
            .filter(|finding| waives(waiver, finding))
        {
            used = true;
            finding.waiver.get_or_insert_with(|| AppliedWaiver {
                reason: waiver.reason.clone(),
                approver: waiver.approver.clone(),
                expires: waiver.expires.to_string(),
                ticket: waiver.ticket.clone(),
            });
        }
        if !used {
            applied.unused.push(words);
        }
    }
    for principal in allowed {
        let words = format!(
            "allowed principal {}, expires {}",
            principal.arn, principal.expires
        );
        if principal.expires < today {
            applied.expired.push(words);
            continue;
        }
        let matches = |finding: &&mut Finding| {
            finding.status == Status::Fail
                && finding.check.starts_with("access-")
                && glob(&principal.arn, &finding.subject.id)
        };
        let mut used = false;
        for finding in findings.iter_mut().filter(matches) {
            used = true;
            finding.waiver.get_or_insert_with(|| AppliedWaiver {
                reason: principal.reason.clone(),
                approver: "settings: allowed_principals".to_owned(),
                expires: principal.expires.to_string(),
                ticket: None,
            });
        }
        if !used {
            applied.unused.push(words);
        }
    }
    applied
}

fn waives(waiver: &Waiver, finding: &Finding) -> bool {
    let account = finding
        .subject
        .account
        .as_ref()
        .map_or("", |it| it.as_str());
    let region = finding.subject.region.as_ref().map_or("", |it| it.as_str());
    finding.status == Status::Fail
        && glob(&waiver.check, &finding.check)
        && glob(&waiver.subject, &finding.subject.id)
        && within(waiver.account.as_deref(), account)
        && within(waiver.region.as_deref(), region)
}

/// The accepted gaps that still count.
#[must_use]
pub fn current_gaps(waivers: &Waivers, now: Timestamp) -> Vec<&AcceptedGap> {
    let today = day(now);
    waivers
        .accepted_gaps
        .iter()
        .filter(|gap| gap.expires >= today)
        .collect()
}

/// Accepted gaps whose time is over, and those that cover nothing that is missing.
#[must_use]
pub fn review_gaps(
    waivers: &Waivers,
    now: Timestamp,
    findings: &[Finding],
    coverage: &Coverage,
) -> Applied {
    let today = day(now);
    let mut review = Applied::default();
    for gap in &waivers.accepted_gaps {
        let part = |name: &str, glob: &Option<String>| {
            let glob = glob.as_ref();
            glob.map_or_else(String::new, |glob| format!(" {name} {glob},"))
        };
        let words = format!(
            "accepted gap:{}{}{} expires {}",
            part("account", &gap.account),
            part("region", &gap.region),
            part("call", &gap.call),
            gap.expires
        );
        if gap.expires < today {
            review.expired.push(words);
        } else if !is_used(gap, findings, coverage) {
            review.unused.push(words);
        }
    }
    review
}

fn is_used(gap: &AcceptedGap, findings: &[Finding], coverage: &Coverage) -> bool {
    let unknown = |finding: &&Finding| finding.status == Status::Unknown;
    findings.iter().filter(unknown).any(|finding| {
        finding.evidence.iter().any(|evidence| {
            let alone = Finding {
                evidence: vec![evidence.clone()],
                ..finding.clone()
            };
            is_accepted(&[gap], &alone)
        })
    }) || uncovered_population(&[], coverage) && !uncovered_population(&[gap], coverage)
}

/// Whether every call that stood in this unknown finding's way is accepted.
#[must_use]
pub fn is_accepted(gaps: &[&AcceptedGap], finding: &Finding) -> bool {
    let unanswered: Vec<_> = finding
        .evidence
        .iter()
        .filter(|it| it.call.is_some())
        .collect();
    !unanswered.is_empty()
        && unanswered.iter().all(|evidence| {
            // Who gave no answer may be another account than the subject's.
            let account = evidence
                .account
                .as_ref()
                .or(finding.subject.account.as_ref());
            let region = evidence.region.as_ref().or(finding.subject.region.as_ref());
            let account = account.map_or("", |it| it.as_str());
            let region = region.map_or("", |it| it.as_str());
            let call = evidence.call.map(|call| call.to_string());
            gaps.iter()
                .any(|gap| covers(gap, account, region, call.as_deref()))
        })
}

fn covers(gap: &AcceptedGap, account: &str, region: &str, call: Option<&str>) -> bool {
    within(gap.account.as_deref(), account)
        && within(gap.region.as_deref(), region)
        && call.is_none_or(|call| within(gap.call.as_deref(), call))
}

/// Whether something in scope could not be seen at all, and no accepted gap covers it.
#[must_use]
pub fn uncovered_population(gaps: &[&AcceptedGap], coverage: &Coverage) -> bool {
    use crate::coverage::AccountStatus::Unreachable;
    let accounts = coverage
        .accounts
        .iter()
        .filter(|it| it.status == Unreachable);
    let mut regions = coverage
        .regions
        .iter()
        .filter(|it| it.status == RegionStatus::Denied);
    let whole = |gap: &&&AcceptedGap| gap.region.is_none();
    accounts.into_iter().any(|it| {
        !gaps
            .iter()
            .filter(whole)
            .any(|gap| covers(gap, it.id.as_str(), "", Some("sts:AssumeRole")))
    }) || regions.any(|it| {
        let call = Some("cloudtrail:DescribeTrails");
        !gaps
            .iter()
            .any(|gap| covers(gap, it.account.as_str(), it.region.as_str(), call))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("a*b*c", "aXbYbZc"),
            ("?b", "ab"),
            ("arn:*:trail/x", "arn:aws:cloudtrail:eu:1:trail/x"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", ""),
            ("a*c", "abd"),
            ("?", ""),
            ("ab", "abc"),
            ("*b", "ba"),
        ] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    fn finding(check: &str, subject: &str, status: Status) -> Finding {
        use crate::finding::{Severity, Subject, SubjectKind, fingerprint};
        Finding {
            fingerprint: fingerprint(check, subject),
            check: check.to_owned(),
            status,
            severity: Severity::High,
            subject: Subject {
                kind: SubjectKind::Trail,
                id: subject.to_owned(),
                name: "name".to_owned(),
                account: Some("111111111111".into()),
                region: Some("eu-west-1".into()),
            },
            message: String::new(),
            evidence: Vec::new(),
            waiver: None,
            baseline: None,
        }
    }

    fn waivers(text: &str) -> Waivers {
        toml::from_str(text).unwrap()
    }

    fn waiver(check: &str, subject: &str, expires: &str) -> String {
        format!(
            "[[waiver]]\ncheck = {check:?}\nsubject = {subject:?}\nreason = \"r\"\napprover = \"a\"\n\
             expires = {expires:?}\n"
        )
    }

    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

    /// The last day, the clock, and whether the waiver still counts.
    #[test]
    fn through_the_day_that_it_names_in_utc() {
        for (expires, now, counts) in [
            // The day before, the day, the day after.
            ("2026-03-31", "2026-03-30T12:00:00Z", true),
            ("2026-03-31", "2026-03-31T00:00:00Z", true),
            ("2026-03-31", "2026-03-31T23:59:59Z", true),
            ("2026-03-31", "2026-04-01T00:00:00Z", false),
            // A leap day, and the year's end.
            ("2028-02-29", "2028-02-29T23:59:59Z", true),
            ("2028-02-29", "2028-03-01T00:00:00Z", false),
            ("2026-12-31", "2026-12-31T23:59:59Z", true),
            ("2026-12-31", "2027-01-01T00:00:00Z", false),
            // Clocks elsewhere: what counts is the day in UTC.
            ("2026-03-31", "2026-04-01T00:30:00+01:00", true),
            ("2026-03-31", "2026-03-31T23:30:00-05:00", false),
        ] {
            let now: Timestamp = now.parse().unwrap();
            let mut findings = [finding("trail-exists", TRAIL, Status::Fail)];
            let file = waivers(&waiver("trail-exists", TRAIL, expires));
            let applied = apply(&file, &[], now, &mut findings);
            assert_eq!(findings[0].waiver.is_some(), counts, "{expires} {now}");
            assert_eq!(findings[0].status, Status::Fail, "the status stays");
            assert_eq!(applied.expired.is_empty(), counts, "{expires} {now}");
            assert_eq!(applied.unused, [""; 0], "expired is not unused");
            let allowed = AllowedPrincipal {
                arn: TRAIL.to_owned(),
                reason: "r".to_owned(),
                expires: expires.parse().unwrap(),
            };
            let mut findings = [finding("access-trail-stop", TRAIL, Status::Fail)];
            let applied = apply(&Waivers::default(), &[allowed], now, &mut findings);
            assert_eq!(findings[0].waiver.is_some(), counts, "{expires} {now}");
            assert_eq!(applied.expired.is_empty(), counts);
            let gaps = format!(
                "[[accepted_gap]]\ncall = \"*\"\nreason = \"r\"\napprover = \"a\"\nexpires = {expires:?}\n"
            );
            assert_eq!(
                current_gaps(&waivers(&gaps), now).len(),
                usize::from(counts)
            );
        }
    }

    /// Check, subject, more keys, and whether it matches the trail's finding.
    #[test]
    fn by_id_or_by_glob() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        for (check, subject, more, matches) in [
            ("trail-exists", TRAIL, "", true),
            ("trail-*", "*", "", true),
            ("*", "arn:aws:cloudtrail:*:trail/ma?n", "", true),
            ("trail-exist", TRAIL, "", false),
            ("trail-exists", "main", "", false),
            ("trail-exists", "ARN:*", "", false),
            ("*", "*", "account = \"111111111111\"", true),
            ("*", "*", "account = \"2*\"", false),
            ("*", "*", "region = \"eu-*\"", true),
            (
                "*",
                "*",
                "region = \"eu-*\"\naccount = \"222222222222\"",
                false,
            ),
        ] {
            let file = waivers(&(waiver(check, subject, "2026-12-31") + more));
            let mut findings = [
                finding("trail-exists", TRAIL, Status::Fail),
                // Nothing but a fail is waived.
                finding("trail-exists", TRAIL, Status::Pass),
                finding("trail-exists", TRAIL, Status::Unknown),
                finding("trail-exists", TRAIL, Status::NotApplicable),
            ];
            let applied = apply(&file, &[], now, &mut findings);
            let waived: Vec<bool> = findings.iter().map(|it| it.waiver.is_some()).collect();
            assert_eq!(waived, [matches, false, false, false], "{check} {subject}");
            assert_eq!(
                applied.unused.is_empty(),
                matches,
                "{check} {subject} {more}"
            );
        }
    }

    #[test]
    fn the_first_that_counts_is_the_one_that_is_told() {
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let text = waiver("trail-*", "*", "2026-05-31")
            + &waiver("trail-exists", "*", "2026-12-31")
            + &waiver("*", TRAIL, "2027-12-31");
        let mut findings = [finding("trail-exists", TRAIL, Status::Fail)];
        let applied = apply(&waivers(&text), &[], now, &mut findings);
        assert_eq!(findings[0].waiver.as_ref().unwrap().expires, "2026-12-31");
        assert_eq!(
            applied.expired,
            ["trail-* on *, expires 2026-05-31"],
            "told, although another one counts"
        );
        assert_eq!(applied.unused, [""; 0], "both of the others match");
    }

    #[test]
    fn what_is_no_waiver() {
        let good = waiver("a", "b", "2026-12-31");
        for (from, to) in [
            ("2026-12-31", "2027-02-29"),
            ("2026-12-31", "31.12.2026"),
            ("reason = \"r\"", "reason = \" \""),
            ("approver = \"a\"", "approver = \"\""),
            ("reason = \"r\"\n", ""),
            ("approver = \"a\"\n", ""),
            ("expires = \"2026-12-31\"\n", ""),
            ("subject = \"b\"\n", ""),
            ("[[waiver]]", "[[waivers]]"),
            ("[[waiver]]", "[[waiver]"),
        ] {
            let text = good.replace(from, to);
            assert!(toml::from_str::<Waivers>(&text).is_err(), "{text}");
        }
        assert!(toml::from_str::<Waivers>(&good).is_ok());
    }
}
