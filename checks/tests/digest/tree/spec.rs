//! What a tree is to be like: read from JSON, so that a case takes no Rust.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::events::{Cause, Event};
use super::fault::Fault;
use super::{Laid, LaidLog};

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    pub seed: u64,
    pub bucket: String,
    pub prefix: String,
    pub organization: Option<String>,
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
    pub trails: Vec<String>,
    pub home_region: String,
    pub start: Timestamp,
    pub hours: usize,
    pub logs_per_hour: usize,
    /// Events in each log.
    pub records: usize,
    /// What these events are like; made-up ones without it.
    pub templates: Vec<Value>,
    /// Hours without logs.
    pub empty: Vec<usize>,
    /// Hours whose first log is named two minutes before they begin.
    pub late: Vec<usize>,
    /// Where chains begin anew.
    pub restarts: Vec<Restart>,
    /// Digests that cover less than an hour, such as the final one.
    pub short: Vec<Short>,
    pub backfills: Vec<Backfill>,
    /// Trails that log in some of the hours only.
    pub only: Vec<Only>,
    /// Trails without log file validation: logs, and no digests.
    pub unvalidated: Vec<String>,
    /// Where trails begin to deliver to another place, as by UpdateTrail.
    pub moves: Vec<Move>,
    /// Records, each for the log of its account, region and time; beside the random ones.
    pub events: Vec<Event>,
    /// The calls that made chains begin anew or record less, as records.
    pub causes: Vec<Cause>,
    /// Logs of given bytes that CloudTrail itself delivered and signed.
    pub raw_logs: Vec<RawLog>,
    /// So many of the given records at most in one log; 0 for no limit.
    pub records_per_log: usize,
    /// Hours whose digests do not say the times of the logs' events.
    pub timeless: Vec<usize>,
    /// What is changed in digests before they are signed: what only CloudTrail itself could do.
    pub signed: Vec<Signed>,
    /// What is done to the tree afterwards, in this order.
    pub faults: Vec<Fault>,
    /// More trails, which may have the same names: laid into the same tree before the faults.
    pub also: Vec<Spec>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    pub before: usize,
    #[serde(default)]
    pub off_minutes: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Short {
    pub hour: usize,
    pub minutes: i64,
    /// Of this trail alone: its final digest.
    pub trail: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    pub trail: String,
    #[serde(default)]
    pub from: usize,
    /// The first hour in which it does not log any more.
    #[serde(default = "always")]
    pub to: usize,
}

fn always() -> usize {
    usize::MAX
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    pub before: usize,
    pub bucket: Option<String>,
    pub prefix: Option<String>,
    pub organization: Option<String>,
    /// So many logs of the first digest there were delivered to the place before.
    #[serde(default)]
    pub old_logs: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backfill {
    pub hour: usize,
    #[serde(default = "one")]
    pub logs: usize,
    /// Whether it names the backfill digest before it.
    #[serde(default)]
    pub linked: bool,
}

fn one() -> usize {
    1
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Signed {
    pub hour: usize,
    pub backfill: bool,
    /// Fields of the digest.
    pub set: Map<String, Value>,
    pub remove: Vec<String>,
    /// Fields of its first log.
    pub set_log: Map<String, Value>,
    /// Lists the first log once more.
    pub list_twice: bool,
    /// Leaves the first log out.
    pub leave_out: bool,
    /// Signs with SHA-1.
    pub sha1: bool,
    /// Signs with a key that CloudTrail does not list, while naming the one that it does.
    pub foreign_key: bool,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            seed: 1,
            bucket: "logs".to_owned(),
            prefix: String::new(),
            organization: None,
            accounts: vec!["111122223333".to_owned()],
            regions: vec!["eu-west-1".to_owned()],
            trails: vec!["main".to_owned()],
            home_region: "eu-west-1".to_owned(),
            start: "2026-01-01T00:00:00Z".parse().expect("a time"),
            hours: 6,
            logs_per_hour: 2,
            records: 2,
            templates: Vec::new(),
            empty: Vec::new(),
            late: Vec::new(),
            restarts: Vec::new(),
            short: Vec::new(),
            backfills: Vec::new(),
            only: Vec::new(),
            unvalidated: Vec::new(),
            moves: Vec::new(),
            events: Vec::new(),
            causes: Vec::new(),
            raw_logs: Vec::new(),
            records_per_log: 0,
            timeless: Vec::new(),
            signed: Vec::new(),
            faults: Vec::new(),
            also: Vec::new(),
        }
    }
}

impl Spec {
    /// Where the last digest ends.
    pub fn end(&self) -> Timestamp {
        let off: i64 = self
            .restarts
            .iter()
            .map(|restart| restart.off_minutes)
            .sum();
        let short = self.short.iter().filter(|short| short.trail.is_none());
        let short: i64 = short.map(|short| 60 - short.minutes).sum();
        self.start + SignedDuration::from_mins(self.hours as i64 * 60 + off - short)
    }
}

impl Spec {
    /// Where the digest before a restart ends, and the one after it begins.
    pub fn restart(&self, before: usize) -> (Timestamp, Timestamp) {
        let until = |hours: usize, restarts: &dyn Fn(&Restart) -> bool| {
            let off = self.restarts.iter().filter(|it| restarts(it));
            let off: i64 = off.map(|it| it.off_minutes).sum();
            let short = self.short.iter().filter(|it| it.hour < hours);
            let short = short.filter(|it| it.trail.is_none());
            let short: i64 = short.map(|it| 60 - it.minutes).sum();
            self.start + SignedDuration::from_mins(hours as i64 * 60 + off - short)
        };
        let end = until(before, &|it| it.before < before);
        (end, until(before, &|it| it.before <= before))
    }

    /// Nothing is logged between this hour's digest and the next.
    pub fn stops_after(&self, hour: usize) -> bool {
        let mut restarts = self.restarts.iter();
        restarts.any(|it| it.before == hour + 1 && it.off_minutes > 0)
    }
}

/// A log whose bytes are given, in one hour of some chains.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLog {
    pub hour: usize,
    /// Only in this account, region and trail.
    pub account: Option<String>,
    pub region: Option<String>,
    pub trail: Option<String>,
    #[serde(default)]
    pub text: String,
    /// The same for what is no text.
    #[serde(default)]
    pub base64: String,
    /// What the digest says of it, if anything.
    pub oldest: Option<Timestamp>,
    pub newest: Option<Timestamp>,
}

impl RawLog {
    pub fn is_of(&self, laid: &Laid, hour: usize) -> bool {
        let fits =
            |wanted: &Option<String>, own: &String| wanted.as_ref().is_none_or(|it| it == own);
        self.hour == hour
            && fits(&self.account, &laid.account)
            && fits(&self.region, &laid.region)
            && fits(&self.trail, &laid.trail)
    }

    pub fn bytes(&self) -> Vec<u8> {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::STANDARD;
        match self.base64.as_str() {
            "" => self.text.clone().into_bytes(),
            text => engine.decode(text).expect("base64"),
        }
    }

    pub fn range(&self) -> Option<(Timestamp, Timestamp)> {
        self.oldest.zip(self.newest)
    }
}

impl Signed {
    pub fn apply(&self, document: &mut Value, logs: &[LaidLog]) {
        document
            .as_object_mut()
            .expect("a digest is an object")
            .extend(self.set.clone());
        if let Some(listed) = document["logFiles"].as_array_mut() {
            if let Some(first) = listed.first_mut() {
                first
                    .as_object_mut()
                    .expect("a log is an object")
                    .extend(self.set_log.clone());
            }
            if self.list_twice {
                let first = listed.first().cloned();
                listed.extend(first);
            }
            if self.leave_out && !logs.is_empty() {
                listed.remove(0);
            }
        }
        for name in &self.remove {
            document
                .as_object_mut()
                .expect("a digest is an object")
                .remove(name);
        }
    }
}
