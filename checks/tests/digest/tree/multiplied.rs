//! Logs of multiplied records: real ones, each time with ids, times, keys and addresses of its own.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::random::Random;
use super::{hex, text};

/// One log of `count` records of the account and region, up to ten minutes older than its delivery, and the times of
/// the oldest and the newest.
pub fn log(
    templates: &[Value],
    count: usize,
    account: &str,
    region: &str,
    delivered: Timestamp,
    random: &mut Random,
) -> (Vec<u8>, Option<(Timestamp, Timestamp)>) {
    // The calls of one minute come from few people: a log repeats itself.
    let begin = random.below(templates.len());
    let people: Vec<String> = (0..4).map(|_| random.name(16).to_uppercase()).collect();
    let mut records: Vec<(Timestamp, Value)> = Vec::new();
    for index in 0..count {
        let near = begin + random.below(32.min(templates.len()));
        let mut record = templates[near % templates.len()].clone();
        let time = delivered - SignedDuration::from_secs(300 + random.below(300) as i64);
        let person = &people[index % people.len()];
        if let Some(fields) = record.as_object_mut() {
            renew(fields, account, region, time, person, random);
        }
        records.push((time, record));
    }
    let range = records.iter().map(|it| it.0).min();
    let range = range.zip(records.iter().map(|it| it.0).max());
    let records: Vec<&Value> = records.iter().map(|it| &it.1).collect();
    (text(&records), range)
}

fn renew(
    record: &mut Map<String, Value>,
    account: &str,
    region: &str,
    time: Timestamp,
    person: &str,
    random: &mut Random,
) {
    for id in ["eventID", "requestID", "sharedEventID"] {
        if record.contains_key(id) {
            record.insert(id.to_owned(), uuid(random).into());
        }
    }
    for (name, value) in [
        ("eventTime", time.to_string()),
        ("awsRegion", region.to_owned()),
        ("recipientAccountId", account.to_owned()),
    ] {
        record.insert(name.to_owned(), value.into());
    }
    // Published records may be older than version 1.07, which brought the category.
    if !record.contains_key("eventCategory") {
        record.insert("eventCategory".to_owned(), "Management".into());
    }
    let identity = record.get_mut("userIdentity");
    if let Some(identity) = identity.and_then(Value::as_object_mut) {
        if identity.contains_key("accessKeyId") {
            identity.insert("accessKeyId".to_owned(), format!("ASIA{person}").into());
        }
        if identity.contains_key("accountId") {
            identity.insert("accountId".to_owned(), account.into());
        }
    }
    if let Some(Value::String(address)) = record.get("sourceIPAddress")
        && address.parse::<std::net::IpAddr>().is_ok()
    {
        let address = format!(
            "198.51.100.{}",
            person.bytes().map(u32::from).sum::<u32>() % 256
        );
        record.insert("sourceIPAddress".to_owned(), address.into());
    }
}

fn uuid(random: &mut Random) -> String {
    let mut text = hex(&random.bytes(16));
    text.replace_range(12..13, "4");
    text.replace_range(16..17, "a");
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}
