//! What the names of digest and log objects say: account, region, trail and time.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an object lies, or says that it lies.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct ObjectRef {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key.
    pub key: String,
}

impl ObjectRef {
    /// A reference to `key` in `bucket`.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            key: key.into(),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// One chain of digests: what one trail delivers for one account and one region to one place.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct ChainId {
    /// The account whose events the digests cover.
    pub account: String,
    /// The region whose events the digests cover.
    pub region: String,
    /// The region in which the trail was created.
    pub home_region: String,
    /// The trail's name.
    pub trail: String,
    /// The bucket that it delivers to.
    pub bucket: String,
    /// What stands before `AWSLogs/`, without the slash at its end; empty without a prefix.
    pub prefix: String,
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            account,
            region,
            home_region,
            trail,
            bucket,
            prefix,
        } = self;
        write!(
            f,
            "{account}/{region}/{home_region}/{trail}@{bucket}/{prefix}"
        )
    }
}

/// The key of a digest, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DigestKey {
    /// The chain that the digest belongs to.
    pub chain: ChainId,
    /// The organization's id, where the trail is an organization's.
    pub organization: Option<String>,
    /// The end of the interval that the digest covers.
    pub end: Timestamp,
    /// Whether it was delivered later, for logs that the first digest left out.
    pub backfill: bool,
}

impl DigestKey {
    /// Takes a digest's key apart; `None` if it is not one, or if its parts contradict each other.
    pub fn parse(at: &ObjectRef) -> Option<Self> {
        let folder = Folder::parse(&at.key)?;
        if folder.service != "CloudTrail-Digest" {
            return None;
        }
        let (stem, backfill) = match folder.file.strip_suffix(".json.gz")? {
            stem if stem.ends_with("_backfill") => (stem.strip_suffix("_backfill")?, true),
            stem => (stem, false),
        };
        let rest = stem
            .strip_prefix(folder.account)?
            .strip_prefix("_CloudTrail-Digest_")?
            .strip_prefix(folder.region)?
            .strip_prefix('_')?;
        // A trail's name may hold underscores, so the parts are counted from the right.
        let mut parts = rest.rsplitn(3, '_');
        let (stamp, home, trail) = (parts.next()?, parts.next()?, parts.next()?);
        let end = parse_stamp(stamp)?;
        if trail.is_empty() || !is_region(home) || folder.date != date(end) {
            return None;
        }
        Some(Self {
            chain: ChainId {
                account: folder.account.to_owned(),
                region: folder.region.to_owned(),
                home_region: home.to_owned(),
                trail: trail.to_owned(),
                bucket: at.bucket.clone(),
                prefix: folder.prefix.to_owned(),
            },
            organization: folder.organization.map(str::to_owned),
            end,
            backfill,
        })
    }

    /// The same chain's digest that ends at `end`.
    pub fn ending(&self, end: Timestamp) -> Self {
        Self {
            end,
            ..self.clone()
        }
    }

    /// Where the digest lies: the opposite of [`DigestKey::parse`].
    pub fn object(&self) -> ObjectRef {
        let ChainId {
            account,
            region,
            home_region,
            trail,
            ..
        } = &self.chain;
        let stamp = TimeZone::UTC
            .to_datetime(self.end)
            .strftime("%Y%m%dT%H%M%SZ")
            .to_string();
        let key = format!(
            "{}CloudTrail-Digest/{region}/{}/{account}_CloudTrail-Digest_{region}_{trail}_{home_region}_{stamp}{}.json.gz",
            self.account_prefix(),
            date(self.end),
            if self.backfill { "_backfill" } else { "" },
        );
        ObjectRef::new(self.chain.bucket.clone(), key)
    }

    /// What every key of this account, by this trail, begins with: up to the slash after the account.
    pub fn account_prefix(&self) -> String {
        let slash = if self.chain.prefix.is_empty() {
            ""
        } else {
            "/"
        };
        let organization = self
            .organization
            .as_ref()
            .map_or(String::new(), |id| format!("{id}/"));
        format!(
            "{}{slash}AWSLogs/{organization}{}/",
            self.chain.prefix, self.chain.account
        )
    }
}

/// The key of a log object, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    /// `CloudTrail`, or `CloudTrail-Insight` and its like.
    pub service: String,
    /// When it was delivered, to the minute; where the name does not say it, the day of its folder.
    pub delivered: (Timestamp, Timestamp),
}

impl LogKey {
    /// Takes a log's key apart; `None` if it does not lie in a folder of CloudTrail's logs.
    pub fn parse(key: &str) -> Option<Self> {
        let folder = Folder::parse(key)?;
        if folder.service == "CloudTrail-Digest" || folder.file.is_empty() {
            return None;
        }
        let stamp = folder
            .file
            .strip_suffix(".json.gz")
            .and_then(|stem| stem.rsplit('_').nth(1))
            .and_then(parse_stamp);
        let delivered = match stamp {
            Some(stamp) => (stamp, stamp),
            None => {
                let day = parse_date(folder.date)?;
                let start = utc(day)?;
                (start, utc(day.tomorrow().ok()?)?)
            }
        };
        Some(Self {
            service: folder.service.to_owned(),
            delivered,
        })
    }
}

/// The folders of a key, from the right: a prefix may itself look like anything.
struct Folder<'k> {
    prefix: &'k str,
    organization: Option<&'k str>,
    account: &'k str,
    service: &'k str,
    region: &'k str,
    date: &'k str,
    file: &'k str,
}

impl<'k> Folder<'k> {
    fn parse(key: &'k str) -> Option<Self> {
        let (rest, file) = key.rsplit_once('/')?;
        let at = rest.rmatch_indices('/').nth(2)?.0;
        let (rest, date) = (rest.get(..at)?, rest.get(at + 1..)?);
        parse_date(date)?;
        let mut parts = rest.rsplitn(4, '/');
        let (region, service, account) = (parts.next()?, parts.next()?, parts.next()?);
        let rest = parts.next()?;
        let known = service == "CloudTrail" || service.starts_with("CloudTrail-");
        if !known || !is_region(region) || !is_account(account) {
            return None;
        }
        let (rest, organization) = match rest.rsplit_once('/') {
            Some((before, id)) if id.starts_with("o-") => (before, Some(id)),
            _ => (rest, None),
        };
        let prefix = match rest.strip_suffix("AWSLogs")? {
            "" => "",
            prefix => prefix.strip_suffix('/')?,
        };
        Some(Self {
            prefix,
            organization,
            account,
            service,
            region,
            date,
            file,
        })
    }
}

/// The account and region of the folder that a digest or log lies in, whatever its file is called.
pub(super) fn account_and_region(key: &str) -> (String, String) {
    Folder::parse(key).map_or_else(Default::default, |folder| {
        (folder.account.to_owned(), folder.region.to_owned())
    })
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_region(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// `20260102T030405Z` or, on logs, `20260102T0304Z`.
fn parse_stamp(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..8)?);
    let (hour, minute) = (time.get(..2)?, time.get(2..4)?);
    let second = match (date.len(), time.len()) {
        (8, 6) => number(time.get(4..6)?)?,
        (8, 4) => 0,
        _ => return None,
    };
    let year = i16::try_from(number(year)?).ok()?;
    let small = |text| number(text).and_then(|n| i8::try_from(n).ok());
    let second = i8::try_from(second).ok()?;
    utc_time(
        DateTime::new(
            year,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            second,
            0,
        )
        .ok()?,
    )
}

/// `2026/01/02`
fn parse_date(text: &str) -> Option<jiff::civil::Date> {
    let mut parts = text.split('/');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let year = i16::try_from(number(year)?).ok()?;
    let small = |text| number(text).and_then(|n| i8::try_from(n).ok());
    jiff::civil::Date::new(year, small(month)?, small(day)?).ok()
}

/// Digits only: `parse` alone would also take a sign.
fn number(text: &str) -> Option<u32> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn date(time: Timestamp) -> String {
    TimeZone::UTC
        .to_datetime(time)
        .strftime("%Y/%m/%d")
        .to_string()
}

fn utc(day: jiff::civil::Date) -> Option<Timestamp> {
    utc_time(day.to_datetime(jiff::civil::Time::midnight()))
}

fn utc_time(time: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "111122223333";

    fn digest(key: &str) -> Option<DigestKey> {
        DigestKey::parse(&ObjectRef::new("b", key))
    }

    #[test]
    fn digest_keys_survive_a_round_trip() {
        for (prefix, organization, trail, backfill) in [
            ("", "", "t", ""),
            ("logs/", "", "my_trail_name", ""),
            (
                "o-abc/",
                "o-abc/",
                "aws-controltower-BaselineCloudTrail",
                "_backfill",
            ),
            ("a/AWSLogs/111122223333/", "", "t_backfill", ""),
        ] {
            let key = format!(
                "{prefix}AWSLogs/{organization}{ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/01/02/\
                 {ACCOUNT}_CloudTrail-Digest_eu-west-1_{trail}_us-east-1_20260102T030405Z{backfill}.json.gz"
            );
            let parsed = digest(&key).unwrap();
            assert_eq!(parsed.object().key, key);
            assert_eq!(parsed.chain.trail, trail);
            assert_eq!(parsed.chain.prefix, prefix.trim_end_matches('/'));
            assert_eq!(parsed.backfill, !backfill.is_empty());
            assert_eq!(parsed.end.to_string(), "2026-01-02T03:04:05Z");
        }
    }

    #[test]
    fn contradictions_are_no_digest_keys() {
        let good = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/02/\
                    111122223333_CloudTrail-Digest_eu-west-1_t_us-east-1_20260102T030405Z.json.gz";
        assert!(digest(good).is_some());
        for (from, to) in [
            ("2026/01/02", "2026/01/03"),
            ("2026/01/02", "2026/13/02"),
            ("2026/01/02", "2026/1/2"),
            ("/eu-west-1/", "/eu-west-2/"),
            ("AWSLogs/111122223333", "AWSLogs/111122223334"),
            ("AWSLogs/111122223333", "AWSLogs/x/111122223333"),
            ("AWSLogs", "xAWSLogs"),
            ("T030405Z", "T0304Z_"),
            ("T030405Z", "T+30405Z"),
            ("_t_", "_"),
            (".json.gz", ".json"),
        ] {
            assert_eq!(digest(&good.replacen(from, to, 1)), None, "{from} -> {to}");
        }
    }

    #[test]
    fn log_keys_tell_their_time() {
        let key = |service: &str, file: &str| {
            LogKey::parse(&format!(
                "p/AWSLogs/o-1/111122223333/{service}/eu-west-1/2026/01/02/{file}"
            ))
        };
        let log = key(
            "CloudTrail",
            "111122223333_CloudTrail_eu-west-1_20260102T0305Z_abcdefgh.json.gz",
        )
        .unwrap();
        assert_eq!(log.delivered.0.to_string(), "2026-01-02T03:05:00Z");
        assert_eq!(log.delivered.0, log.delivered.1);
        assert_eq!(
            key("CloudTrail-Insight", "x")
                .unwrap()
                .delivered
                .1
                .to_string(),
            "2026-01-03T00:00:00Z"
        );
        assert_eq!(key("CloudTrail-Digest", "x"), None);
        assert_eq!(key("Config", "x"), None);
        assert_eq!(key("CloudTrail", ""), None);
    }
}
