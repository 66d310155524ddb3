//! What the records of the logs say: the key events of a period, and what that rests on.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::events::RestsOn;
use crate::events::key::{ALTERED, Kind, PLANTED};
use crate::finding::{Subject, SubjectKind, short};
use crate::ids::{AccountId, Region};

/// The key events of a period.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventsRead {
    /// Which hours, logs and records are proved.
    pub rests_on: RestsOn,
    /// What was found, by check and subject.
    pub found: Vec<KeyEvents>,
    /// The kinds of events that proved records are of. What is not among them may not be logged at all.
    #[serde(default)]
    pub logged: BTreeSet<Kind>,
}

/// The events of one check on one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyEvents {
    /// The check's id.
    pub check: String,
    /// The resource that was changed, else the actor.
    pub subject: Subject,
    /// By how many steps the severity differs from that of the check.
    pub step: i8,
    /// How many proved records there are; of logs that were altered or planted, how many records these hold.
    pub count: u64,
    /// How many of them tell of a call that was refused or failed.
    pub refused: u64,
    /// How many more records are in logs that nothing proves.
    pub unproven: u64,
    /// The time of the first.
    pub first: Option<Timestamp>,
    /// The time of the last.
    pub last: Option<Timestamp>,
    /// Nothing before was read: it is the first of its kind in what was read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_in_what_was_read: bool,
    /// The first records.
    pub records: Vec<EventRecord>,
}

/// What is shown of one record.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct EventRecord {
    /// When it happened, if the record says.
    pub time: Option<Timestamp>,
    /// `eventID`.
    pub id: String,
    /// `eventName`.
    pub name: String,
    /// `eventSource`.
    pub source: String,
    /// The account that received the event.
    pub account: String,
    /// `awsRegion`.
    pub region: String,
    /// Who did it, as far as the record proves it.
    pub actor: String,
    /// `sourceIPAddress`.
    pub ip: String,
    /// The error of the call.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// What is proved of it.
    pub proof: String,
    /// The bucket of its log; empty for files.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bucket: String,
    /// The key of its log, or the file.
    pub key: String,
    /// Its place among the records of the log, from 0.
    pub index: u64,
}

/// The account and region of a log, by its key.
fn place(key: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = key.split('/').collect();
    let service = parts.iter().position(|it| it.starts_with("CloudTrail"))?;
    let account = parts.get(service.checked_sub(1)?)?;
    Some((account, parts.get(service + 1)?))
}

impl EventsRead {
    /// With a finding for each log that is not what CloudTrail delivered, also where no record of it could be read.
    #[must_use]
    pub fn of(rests_on: RestsOn, mut found: Vec<KeyEvents>, logged: BTreeSet<Kind>) -> Self {
        for note in &rests_on.objects {
            let check = match note.verdict.as_str() {
                "altered" => ALTERED,
                "unlisted" => PLANTED,
                _ => continue,
            };
            let id = match note.at.bucket.as_str() {
                "" => note.at.key.clone(),
                bucket => format!("arn:aws:s3:::{bucket}/{}", note.at.key),
            };
            let tail = id.rsplit(":s3:::").next().unwrap_or(&id);
            let known = |it: &KeyEvents| it.check == check && it.subject.id.ends_with(tail);
            if found.iter().any(known) {
                continue;
            }
            let place = place(&note.at.key);
            found.push(KeyEvents {
                check: check.to_owned(),
                subject: Subject {
                    kind: SubjectKind::Resource,
                    name: note
                        .at
                        .key
                        .rsplit('/')
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                    id,
                    account: place.map(|it| AccountId::cut(it.0)),
                    region: place.map(|it| Region::cut(it.1)),
                    location: None,
                },
                step: 0,
                count: 0,
                refused: 0,
                unproven: 0,
                first: note.events.map(|it| it.start),
                last: note.events.map(|it| it.end),
                first_in_what_was_read: false,
                records: Vec::new(),
            });
        }
        found.sort_by(|a, b| (&a.check, &a.subject.id).cmp(&(&b.check, &b.subject.id)));
        Self {
            rests_on,
            found,
            logged,
        }
    }
}

impl KeyEvents {
    /// What happened, as one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let all = self.count + self.unproven;
        let Some(record) = self.records.first() else {
            return match self.check.as_str() {
                ALTERED => "the log file is not what its digest lists".to_owned(),
                PLANTED => "no digest lists the log file".to_owned(),
                _ => format!("{all} events"),
            };
        };
        if self.check == ALTERED {
            return format!(
                "the log file is not what its digest lists; it holds {} changed or added records, such as {} by {}",
                self.count,
                short(&record.name, 100),
                short(&record.actor, 200)
            );
        }
        if self.check == PLANTED {
            return format!(
                "no digest lists the log file; it holds {} records, such as {} by {}",
                self.count,
                short(&record.name, 100),
                short(&record.actor, 200)
            );
        }
        let mut names: Vec<&str> = self.records.iter().map(|it| it.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let names: Vec<String> = names.iter().take(4).map(|it| short(it, 100)).collect();
        let mut actors: Vec<&str> = self.records.iter().map(|it| it.actor.as_str()).collect();
        actors.sort_unstable();
        actors.dedup();
        let more = actors.len().saturating_sub(3);
        let mut actors: Vec<String> = actors.iter().take(3).map(|it| short(it, 300)).collect();
        if more > 0 {
            actors.push(format!("{more} more"));
        }
        let attempt = match (self.refused == self.count && self.count > 0, self.refused) {
            (true, _) => " (attempted, and refused)".to_owned(),
            (false, 0) => String::new(),
            (false, some) => format!(" ({some} of them refused)"),
        };
        let when = match (self.first, self.last) {
            (Some(first), Some(last)) if first == last => format!(" at {first}"),
            (Some(first), Some(last)) => format!(" between {first} and {last}"),
            _ => String::new(),
        };
        let first = match self.first_in_what_was_read {
            true => "; the first in what was read",
            false => "",
        };
        let times = match all {
            1 => String::new(),
            many => format!(", {many} times"),
        };
        let one = self.records.iter().all(|it| it.ip == record.ip);
        let from = match record.ip.as_str() {
            "" => String::new(),
            ip if one => format!(" from {}", short(ip, 100)),
            _ => " from several addresses".to_owned(),
        };
        format!(
            "{} by {}{from}{when}{times}{attempt}{first}",
            names.join(", "),
            actors.join(", ")
        )
    }
}
