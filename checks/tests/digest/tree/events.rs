//! Records that a tree is given: each goes into a log of its account and region, delivered some minutes after the
//! event, in every trail that logged then.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::spec::Spec;

/// CloudTrail names logs by multiples of five minutes.
const STEP: i64 = 5;

/// A record, and which trails have it. In JSON the record itself will do, if every trail that logs has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Written")]
pub struct Event {
    pub record: Value,
    /// Only these trails; empty for all that log at that time.
    pub trails: Vec<String>,
    /// Minutes from the event to its delivery.
    pub late: i64,
    /// The account whose trails deliver it; as the record has it otherwise.
    pub account: Option<String>,
    /// The region; as the record has it otherwise.
    pub region: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    With(With),
    Record(Value),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct With {
    record: Value,
    #[serde(default)]
    trails: Vec<String>,
    #[serde(default = "five")]
    late: i64,
    account: Option<String>,
    region: Option<String>,
}

fn five() -> i64 {
    STEP
}

impl From<Written> for Event {
    fn from(written: Written) -> Self {
        match written {
            Written::With(it) => Self {
                record: it.record,
                trails: it.trails,
                late: it.late,
                account: it.account,
                region: it.region,
            },
            Written::Record(record) => Self::from(record),
        }
    }
}

impl From<Value> for Event {
    fn from(record: Value) -> Self {
        Self {
            record,
            trails: Vec::new(),
            late: STEP,
            account: None,
            region: None,
        }
    }
}

/// The time of an aggregated event is that of its window.
pub fn time_of(record: &Value) -> Option<Timestamp> {
    let text = record["eventTime"].as_str();
    let text = text.or_else(|| record["timeWindow"]["windowStart"].as_str());
    text?.parse().ok()
}

pub fn id_of(record: &Value) -> Option<&str> {
    let id = record["eventID"].as_str();
    id.or_else(|| record["eventId"].as_str())
}

impl Event {
    /// Only these trails have it.
    #[must_use]
    pub fn seen_by(mut self, trails: &[&str]) -> Self {
        self.trails = trails.iter().map(|it| (*it).to_owned()).collect();
        self
    }

    /// The account that it is delivered for.
    pub fn account(&self) -> &str {
        let record = &self.record;
        let own = self.account.as_deref();
        own.or_else(|| record["recipientAccountId"].as_str())
            .or_else(|| record["accountId"].as_str())
            .or_else(|| record["userIdentity"]["accountId"].as_str())
            .expect("a record is for an account")
    }

    pub fn region(&self) -> &str {
        let own = self.region.as_deref();
        own.or_else(|| self.record["awsRegion"].as_str())
            .expect("a record is of a region")
    }

    /// Where CloudTrail puts records of its kind.
    pub fn service(&self) -> &'static str {
        match self.record["eventType"].as_str() {
            Some("AwsCloudTrailInsight") => "CloudTrail-Insight",
            Some("AwsAggregatedEvent") => "CloudTrail-Aggregated",
            _ => "CloudTrail",
        }
    }

    /// What a log's name says of when it came. A record without a time came when the digest's hour began.
    pub fn delivered(&self, start: Timestamp) -> Timestamp {
        let Some(time) = time_of(&self.record) else {
            return start + SignedDuration::from_mins(STEP);
        };
        let late = time.as_second() + self.late * 60;
        let step = STEP * 60;
        Timestamp::from_second((late + step - 1).div_euclid(step) * step).expect("a time")
    }
}

/// What made a chain begin anew, or record less: the call that says so, and the one that undid it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// `StopLogging`, `DeleteTrail`, `UpdateTrail`, `PutEventSelectors` ..
    pub call: String,
    /// The trail; the specification's first without it.
    pub trail: Option<String>,
    /// The trail's owner, whose account the call was made in; the first account without it.
    pub owner: Option<String>,
    /// The account and region that it was called in, where they are not the owner's and the home region.
    pub account: Option<String>,
    pub region: Option<String>,
    /// The restart that it caused, by its `before`: the call came in the last second of the digest before.
    pub before: Option<usize>,
    /// When it was called, if it caused no restart or not at that second.
    pub at: Option<Timestamp>,
    /// Says the trail's name alone, and not its ARN.
    #[serde(default)]
    pub by_name: bool,
    /// Further parameters.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// It was refused with this code.
    pub error: Option<String>,
    /// The call that ended it, in the first second of what came after: `StartLogging`, `CreateTrail`.
    pub undo: Option<String>,
    /// Who called; a user of the owner's account without it.
    pub by: Option<Value>,
    /// Trails that recorded the calls. Whether the stopped trail still delivers its own stop is not known: name it to
    /// have it so. All others without it.
    pub seen_by: Option<Vec<String>>,
}

impl Cause {
    /// The calls as records.
    pub fn events(&self, spec: &Spec, all: &[&Spec]) -> Vec<Event> {
        let trail = self.trail.as_ref().or_else(|| spec.trails.first());
        let trail = trail.expect("a cause is a trail's");
        let owner = self.owner.as_ref().or_else(|| spec.accounts.first());
        let owner = owner.expect("a trail has an owner");
        let restart = self.before.map(|before| spec.restart(before));
        let (end, start) = match restart {
            Some(it) => it,
            None => (self.at.expect("a cause has a time"), spec.end()),
        };
        let stopped = self.at.unwrap_or(end - SignedDuration::from_secs(1));
        let seen_by = self.seen_by.clone().unwrap_or_else(|| {
            let trails = all.iter().flat_map(|it| &it.trails);
            let mut others: Vec<String> = trails.filter(|it| *it != trail).cloned().collect();
            if others.is_empty() {
                // No trail is left that could have it: none, and not every trail.
                others.push(String::new());
            }
            others
        });
        let mut events = vec![self.event(spec, owner, trail, &self.call, stopped)];
        if let Some(undo) = &self.undo {
            let again = start + SignedDuration::from_secs(1);
            let mut undo = self.event(spec, owner, trail, undo, again);
            if let Some(record) = undo.record.as_object_mut() {
                record.remove("errorCode");
                record.remove("errorMessage");
            }
            events.push(undo);
        }
        for event in &mut events {
            event.trails.clone_from(&seen_by);
        }
        events
    }

    fn event(&self, spec: &Spec, owner: &str, trail: &str, call: &str, at: Timestamp) -> Event {
        let arn = format!(
            "arn:aws:cloudtrail:{}:{owner}:trail/{trail}",
            spec.home_region
        );
        let account = self.account.as_deref().unwrap_or(owner);
        let region = self.region.as_deref().unwrap_or(&spec.home_region);
        let name = if self.by_name { trail } else { &arn };
        let field = match call {
            "PutEventSelectors" | "PutInsightSelectors" | "PutEventConfiguration" => "trailName",
            _ => "name",
        };
        let mut parameters = Map::from_iter([(field.to_owned(), Value::from(name))]);
        if call == self.call {
            parameters.extend(self.parameters.clone());
        }
        let by = self.by.clone().unwrap_or_else(|| user(account, "mallory"));
        let mut record = json!({
            "eventVersion": "1.11",
            "userIdentity": by,
            "eventTime": at.to_string(),
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": call,
            "awsRegion": region,
            "sourceIPAddress": "198.51.100.7",
            "userAgent": "aws-cli/2.15.0",
            "requestParameters": parameters,
            "responseElements": null,
            "requestID": uuid(&format!("request {call} {trail} {at}")),
            "eventID": uuid(&format!("{call} {trail} {at}")),
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": account,
            "eventCategory": "Management",
        });
        if let Some(code) = &self.error {
            record["errorCode"] = code.as_str().into();
            record["errorMessage"] = format!("not authorized to perform cloudtrail:{call}").into();
        }
        Event::from(record)
    }
}

/// A user with a long-lived key.
pub fn user(account: &str, name: &str) -> Value {
    let id = name.to_uppercase();
    json!({
        "type": "IAMUser",
        "principalId": format!("AIDA{id:0>17}"),
        "arn": format!("arn:aws:iam::{account}:user/{name}"),
        "accountId": account,
        "accessKeyId": format!("AKIA{id:0>16}"),
        "userName": name,
    })
}

/// A version 4 UUID that is the same for the same text.
pub fn uuid(text: &str) -> String {
    let mut hex = super::sha256(text.as_bytes());
    hex.replace_range(12..13, "4");
    hex.replace_range(16..17, "8");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..32],
    ];
    parts.join("-")
}
