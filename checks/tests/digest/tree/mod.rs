//! Makes signed trees of digests and logs, as CloudTrail lays them down, and damages them in every way that the
//! verifier must find. Shared by the tests and by the example `digest-tree`.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a generator for tests: it may stop at once, and each program that includes it uses a part"
)]

pub mod events;
pub mod fault;
pub mod multiplied;
pub mod random;
pub mod rsa;
pub mod spec;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use events::Event;
use random::Random;
use rsa::SigningKey;
use spec::Spec;

/// Bucket and key.
pub type At = (String, String);

#[derive(Clone, Debug, Default)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub metadata: BTreeMap<String, String>,
}

/// Where the parts of one chain were laid down, so that faults can name them by hour.
#[derive(Clone, Debug, Default)]
pub struct Laid {
    pub account: String,
    pub region: String,
    pub trail: String,
    pub digests: Vec<At>,
    pub logs: Vec<Vec<At>>,
    pub backfills: Vec<At>,
    /// The log that holds each of the records that were given, by event ID.
    pub events: BTreeMap<String, At>,
}

/// A tree in memory.
#[derive(Default)]
pub struct Tree {
    pub objects: BTreeMap<At, Object>,
    pub chains: Vec<Laid>,
    pub regions: Vec<String>,
    pub key_from: Timestamp,
    pub key_until: Timestamp,
}

/// The key that signs, and one that CloudTrail does not list.
pub fn keys() -> &'static [SigningKey; 2] {
    static KEYS: OnceLock<[SigningKey; 2]> = OnceLock::new();
    KEYS.get_or_init(|| [SigningKey::new(1), SigningKey::new(2)])
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn sha256(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

pub fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

pub fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut decoder = flate2::write::GzDecoder::new(&mut out);
    decoder.write_all(bytes).expect("made by this generator");
    decoder.finish().expect("made by this generator");
    out
}

fn stamp(time: Timestamp, format: &str) -> String {
    time.strftime(format).to_string()
}

impl Tree {
    /// The tree of a specification, with its faults.
    pub fn new(spec: &Spec) -> Self {
        let margin = SignedDuration::from_hours(24 * 30);
        let (key_from, key_until) = (spec.start - margin, spec.end() + margin);
        let mut tree = Self {
            regions: spec.regions.clone(),
            key_from,
            key_until,
            ..Self::default()
        };
        let mut random = Random::new(spec.seed);
        let all: Vec<&Spec> = std::iter::once(spec).chain(&spec.also).collect();
        let events = events_of(&all);
        for spec in all {
            for account in &spec.accounts {
                for region in &spec.regions {
                    for trail in &spec.trails {
                        tree.lay_chain(spec, account, region, trail, &events, &mut random);
                    }
                }
            }
        }
        for fault in &spec.faults {
            tree.inflict(fault, &mut random);
        }
        tree
    }

    /// `{region: ListPublicKeys response}`.
    pub fn public_keys(&self) -> Value {
        use base64::Engine as _;
        let key = &keys()[0];
        let answer = json!({"PublicKeyList": [{
            "Value": base64::engine::general_purpose::STANDARD.encode(&key.der),
            "Fingerprint": key.fingerprint,
            "ValidityStartTime": self.key_from.as_second(),
            "ValidityEndTime": self.key_until.as_second(),
        }]});
        self.regions
            .iter()
            .map(|region| (region.clone(), answer.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    fn lay_chain(
        &mut self,
        spec: &Spec,
        account: &str,
        region: &str,
        trail: &str,
        events: &[Event],
        random: &mut Random,
    ) {
        let own = events.iter().filter(|it| {
            let wanted = it.trails.is_empty() || it.trails.iter().any(|it| it == trail);
            wanted && it.account() == account && it.region() == region
        });
        let own: Vec<&Event> = own.collect();
        let mut logs_since = None;
        let mut laid = Laid {
            account: account.into(),
            region: region.into(),
            trail: trail.into(),
            ..Laid::default()
        };
        let mut previous = None;
        let mut previous_backfill = None;
        let mut start = spec.start;
        for hour in 0..spec.hours {
            let restart = spec.restarts.iter().find(|restart| restart.before == hour);
            if let Some(restart) = restart {
                previous = None;
                start += SignedDuration::from_mins(restart.off_minutes);
                if restart.off_minutes > 0 {
                    logs_since = None;
                }
            }
            let shorter = spec.short.iter().find(|short| {
                let of = short.trail.as_ref();
                short.hour == hour && of.is_none_or(|it| it == trail)
            });
            let end = start + SignedDuration::from_mins(shorter.map_or(60, |short| short.minutes));
            let only = spec.only.iter().find(|only| only.trail == trail);
            if only.is_some_and(|only| hour < only.from || hour >= only.to) {
                start = end;
                logs_since = None;
                continue;
            }
            let since = *logs_since.get_or_insert(start);
            let stops = spec.stops_after(hour) || only.is_some_and(|it| it.to == hour + 1);
            let before = Spot::at(spec, hour.checked_sub(1));
            let moved = spec.moves.iter().find(|it| it.before == hour);
            let old_logs = moved.map_or(0, |it| it.old_logs);
            let place = Place {
                spot: Spot::at(spec, Some(hour)),
                spec,
                account,
                region,
                trail,
                start,
                end,
                late: spec.late.contains(&hour),
            };
            let count = if spec.empty.contains(&hour) {
                0
            } else {
                spec.logs_per_hour
            };
            let mut logs: Vec<_> = (0..count)
                .map(|index| {
                    let spot = if index < old_logs {
                        &before
                    } else {
                        &place.spot
                    };
                    self.lay_log(&place, spot, index, count, random)
                })
                .collect();
            for (service, delivered, events) in place.deliveries(&own, hour, since, stops) {
                let records: Vec<&Value> = events.iter().map(|it| &it.record).collect();
                let range = range(&records);
                let log = self.put_log(&place, service, delivered, &text(&records), range, random);
                let ids = records.iter().filter_map(|it| events::id_of(it));
                laid.events
                    .extend(ids.map(|id| (id.to_owned(), log.at.clone())));
                logs.push(log);
            }
            for raw in spec.raw_logs.iter().filter(|it| it.is_of(&laid, hour)) {
                let (bytes, at) = (raw.bytes(), start + SignedDuration::from_mins(5));
                logs.push(self.put_log(&place, "CloudTrail", at, &bytes, raw.range(), random));
            }
            if spec.timeless.contains(&hour) {
                logs.iter_mut().for_each(|log| log.range = None);
            }
            if spec.unvalidated.iter().any(|it| it == trail) {
                laid.logs
                    .push(logs.iter().map(|log| log.at.clone()).collect());
                start = end;
                continue;
            }
            let edits: Vec<_> = spec
                .signed
                .iter()
                .filter(|edit| edit.hour == hour && !edit.backfill)
                .collect();
            let digest = self.lay_digest(&place, &logs, previous.as_ref(), &edits, None);
            laid.digests.push(digest.at.clone());
            laid.logs
                .push(logs.iter().map(|log| log.at.clone()).collect());
            previous = Some(digest);
            for backfill in spec
                .backfills
                .iter()
                .filter(|backfill| backfill.hour == hour)
            {
                let logs: Vec<_> = (0..backfill.logs)
                    .map(|index| self.lay_log(&place, &place.spot, index, backfill.logs, random))
                    .collect();
                let edits: Vec<_> = spec
                    .signed
                    .iter()
                    .filter(|edit| edit.hour == hour && edit.backfill)
                    .collect();
                let before = previous_backfill.as_ref().filter(|_| backfill.linked);
                let made = end + SignedDuration::from_hours(5);
                let digest = self.lay_digest(&place, &logs, before, &edits, Some(made));
                laid.backfills.push(digest.at.clone());
                previous_backfill = Some(digest);
            }
            start = end;
        }
        self.chains.push(laid);
    }

    /// Lays a log down, delivered within the place's interval.
    fn lay_log(
        &mut self,
        place: &Place<'_>,
        spot: &Spot,
        index: usize,
        count: usize,
        random: &mut Random,
    ) -> LaidLog {
        let minutes = place.end.duration_since(place.start).as_mins();
        let even = minutes * (index as i64 + 1) / (count as i64 + 1);
        let delivered = match index == 0 && place.late {
            true => place.start - SignedDuration::from_mins(2),
            false => place.start + SignedDuration::from_mins(even / 5 * 5),
        };
        let count = place.spec.records;
        let (bytes, range) = match place.spec.templates.as_slice() {
            [] => {
                let bytes = records(place, delivered, count, random);
                (bytes, Some((delivered, delivered)))
            }
            templates => {
                let (account, region) = (place.account, place.region);
                multiplied::log(templates, count, account, region, delivered, random)
            }
        };
        let key = place.log_key(spot, "CloudTrail", delivered, &random.name(16));
        self.insert_log(spot, key, &bytes, range)
    }

    /// A log with this content.
    fn put_log(
        &mut self,
        place: &Place<'_>,
        service: &str,
        delivered: Timestamp,
        bytes: &[u8],
        range: Option<(Timestamp, Timestamp)>,
        random: &mut Random,
    ) -> LaidLog {
        let key = place.log_key(&place.spot, service, delivered, &random.name(16));
        self.insert_log(&place.spot, key, bytes, range)
    }

    fn insert_log(
        &mut self,
        spot: &Spot,
        key: String,
        bytes: &[u8],
        range: Option<(Timestamp, Timestamp)>,
    ) -> LaidLog {
        let at = (spot.bucket.clone(), key);
        let hash = sha256(bytes);
        let object = Object {
            bytes: gzip(bytes, 6),
            ..Object::default()
        };
        self.objects.insert(at.clone(), object);
        LaidLog { at, hash, range }
    }

    fn lay_digest(
        &mut self,
        place: &Place<'_>,
        logs: &[LaidLog],
        previous: Option<&LaidDigest>,
        edits: &[&spec::Signed],
        backfill: Option<Timestamp>,
    ) -> LaidDigest {
        let at = (
            place.spot.bucket.clone(),
            place.digest_key(backfill.is_some()),
        );
        let oldest = logs.iter().filter_map(|log| log.range).map(|it| it.0).min();
        let newest = logs.iter().filter_map(|log| log.range).map(|it| it.1).max();
        let mut document = json!({
            "awsAccountId": place.account,
            "digestStartTime": place.start.to_string(),
            "digestEndTime": place.end.to_string(),
            "digestS3Bucket": at.0,
            "digestS3Object": at.1,
            "digestPublicKeyFingerprint": keys()[0].fingerprint,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": newest.map(|time| time.to_string()),
            "oldestEventTime": oldest.map(|time| time.to_string()),
            "previousDigestS3Bucket": previous.map(|digest| &digest.at.0),
            "previousDigestS3Object": previous.map(|digest| &digest.at.1),
            "previousDigestHashValue": previous.map(|digest| &digest.hash),
            "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"),
            "previousDigestSignature": previous.map(|digest| &digest.signature),
            "logFiles": logs.iter().map(LaidLog::entry).collect::<Vec<_>>(),
        });
        edits
            .iter()
            .for_each(|edit| edit.apply(&mut document, logs));
        let bytes = serde_json::to_vec(&document).expect("JSON can be written");
        let signer = if edits.iter().any(|edit| edit.foreign_key) {
            &keys()[1]
        } else {
            &keys()[0]
        };
        let message = to_sign(&document, &bytes);
        let sha1 = edits.iter().any(|edit| edit.sha1);
        let signature = hex(&if sha1 {
            signer.sign_sha1(&message)
        } else {
            signer.sign(&message)
        });
        let mut metadata = BTreeMap::from([
            ("signature".to_owned(), signature.clone()),
            ("signature-algorithm".to_owned(), "SHA256withRSA".to_owned()),
        ]);
        if let Some(made) = backfill {
            metadata.insert("backfill-generation-timestamp".to_owned(), made.to_string());
        }
        let hash = sha256(&bytes);
        self.objects.insert(
            at.clone(),
            Object {
                bytes: gzip(&bytes, 6),
                metadata,
            },
        );
        LaidDigest {
            at,
            hash,
            signature,
        }
    }
}

pub struct LaidLog {
    pub at: At,
    pub hash: String,
    /// The oldest and the newest event in it, as the digest says it.
    pub range: Option<(Timestamp, Timestamp)>,
}

impl LaidLog {
    /// Its entry in the digest.
    fn entry(&self) -> Value {
        let mut entry = json!({
            "s3Bucket": self.at.0,
            "s3Object": self.at.1,
            "hashValue": self.hash,
            "hashAlgorithm": "SHA-256",
        });
        if let Some((oldest, newest)) = self.range {
            entry["newestEventTime"] = newest.to_string().into();
            entry["oldestEventTime"] = oldest.to_string().into();
        }
        entry
    }
}

struct LaidDigest {
    at: At,
    hash: String,
    signature: String,
}

/// What CloudTrail signs.
pub fn to_sign(document: &Value, bytes: &[u8]) -> Vec<u8> {
    let text = |name: &str| document[name].as_str().unwrap_or("null").to_owned();
    let place = format!("{}/{}", text("digestS3Bucket"), text("digestS3Object"));
    [
        text("digestEndTime"),
        place,
        sha256(bytes),
        text("previousDigestSignature"),
    ]
    .join("\n")
    .into_bytes()
}

/// Where a trail delivers to.
struct Spot {
    bucket: String,
    prefix: String,
    organization: Option<String>,
}

impl Spot {
    /// That of an hour, after all moves before it.
    fn at(spec: &Spec, hour: Option<usize>) -> Self {
        let mut spot = Self {
            bucket: spec.bucket.clone(),
            prefix: spec.prefix.clone(),
            organization: spec.organization.clone(),
        };
        let moves = spec.moves.iter();
        for moved in moves.filter(|it| hour.is_some_and(|hour| it.before <= hour)) {
            spot.bucket = moved.bucket.clone().unwrap_or(spot.bucket);
            spot.prefix = moved.prefix.clone().unwrap_or(spot.prefix);
            spot.organization = moved.organization.clone().or(spot.organization);
        }
        spot
    }
}

/// One interval of one chain.
struct Place<'s> {
    spot: Spot,
    spec: &'s Spec,
    account: &'s str,
    region: &'s str,
    trail: &'s str,
    start: Timestamp,
    end: Timestamp,
    late: bool,
}

impl<'s> Place<'s> {
    /// The logs of what was given: those that are delivered in the digest's hour, by kind and time of delivery. What
    /// happens before logging stops is delivered with the last digest.
    fn deliveries<'e>(
        &self,
        events: &[&'e Event],
        hour: usize,
        since: Timestamp,
        stops: bool,
    ) -> Vec<(&'static str, Timestamp, Vec<&'e Event>)> {
        let mut logs: BTreeMap<(&'static str, Timestamp), Vec<&'e Event>> = BTreeMap::new();
        for event in events {
            let time = events::time_of(&event.record);
            if time.is_none() && hour > 0 || time.is_some_and(|it| it < since || it >= self.end) {
                continue;
            }
            let mut delivered = event.delivered(self.start);
            if stops && delivered >= self.end {
                delivered = self.end - SignedDuration::from_secs(1);
            }
            if (self.start..self.end).contains(&delivered) {
                let log = logs.entry((event.service(), delivered)).or_default();
                log.push(event);
            }
        }
        let most = match self.spec.records_per_log {
            0 => usize::MAX,
            most => most,
        };
        let logs = logs.into_iter().flat_map(|((service, at), events)| {
            let parts: Vec<Vec<&'e Event>> = events.chunks(most).map(<[_]>::to_vec).collect();
            parts.into_iter().map(move |part| (service, at, part))
        });
        logs.collect()
    }

    fn folder(&self, spot: &Spot, service: &str, time: Timestamp) -> String {
        let prefix = if spot.prefix.is_empty() {
            String::new()
        } else {
            format!("{}/", spot.prefix)
        };
        let organization = spot
            .organization
            .as_ref()
            .map_or(String::new(), |id| format!("{id}/"));
        let date = stamp(time, "%Y/%m/%d");
        format!(
            "{prefix}AWSLogs/{organization}{}/{service}/{}/{date}",
            self.account, self.region
        )
    }

    fn log_key(&self, spot: &Spot, service: &str, time: Timestamp, unique: &str) -> String {
        let (account, region) = (self.account, self.region);
        let when = stamp(time, "%Y%m%dT%H%MZ");
        format!(
            "{}/{account}_{service}_{region}_{when}_{unique}.json.gz",
            self.folder(spot, service, time)
        )
    }

    fn digest_key(&self, backfill: bool) -> String {
        let (account, region, trail, home) = (
            self.account,
            self.region,
            self.trail,
            &self.spec.home_region,
        );
        let when = stamp(self.end, "%Y%m%dT%H%M%SZ");
        let folder = self.folder(&self.spot, "CloudTrail-Digest", self.end);
        let suffix = if backfill { "_backfill" } else { "" };
        format!(
            "{folder}/{account}_CloudTrail-Digest_{region}_{trail}_{home}_{when}{suffix}.json.gz"
        )
    }
}

/// The records of all specifications, and the calls that caused what is wrong with them.
fn events_of(all: &[&Spec]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for spec in all {
        events.extend(spec.events.iter().cloned());
        for cause in &spec.causes {
            events.extend(cause.events(spec, all));
        }
    }
    events
}

/// The oldest and the newest event.
fn range(records: &[&Value]) -> Option<(Timestamp, Timestamp)> {
    let times = || records.iter().filter_map(|it| events::time_of(it));
    times().min().zip(times().max())
}

/// A log as CloudTrail writes it: one line, and the fields in its order.
pub fn text(records: &[&Value]) -> Vec<u8> {
    let mut text = String::from("{\"Records\":[");
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_ordered(record, &mut text);
    }
    text.push_str("]}");
    text.into_bytes()
}

fn write_ordered(value: &Value, text: &mut String) {
    #[rustfmt::skip]
    const ORDER: [&str; 30] = [
        "eventVersion", "userIdentity", "type", "principalId", "arn", "accountId", "accessKeyId", "userName",
        "sessionContext", "sessionIssuer", "attributes", "creationDate", "mfaAuthenticated", "invokedBy", "eventTime",
        "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode", "errorMessage",
        "requestParameters", "responseElements", "additionalEventData", "requestID", "eventID", "readOnly",
        "resources", "eventType",
    ];
    match value {
        Value::Object(fields) => {
            let place = |name: &str| ORDER.iter().position(|it| *it == name);
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| place(name).unwrap_or(ORDER.len()));
            text.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_ordered(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_ordered(item, text);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
    }
}

/// A log's content: events that compress about as well as real ones.
fn records(place: &Place<'_>, time: Timestamp, count: usize, random: &mut Random) -> Vec<u8> {
    const NAMES: [(&str, &str); 6] = [
        ("s3.amazonaws.com", "GetBucketAcl"),
        ("ec2.amazonaws.com", "DescribeInstances"),
        ("sts.amazonaws.com", "AssumeRole"),
        ("kms.amazonaws.com", "GenerateDataKey"),
        ("iam.amazonaws.com", "ListRoles"),
        ("cloudtrail.amazonaws.com", "LookupEvents"),
    ];
    let (account, region) = (place.account, place.region);
    let records: Vec<_> = (0..count)
        .map(|_| {
            let (source, name) = NAMES[random.below(NAMES.len())];
            let user = format!("user-{}", random.below(40));
            json!({
                "eventVersion": "1.11",
                "userIdentity": {
                    "type": "AssumedRole",
                    "principalId": format!("AROA{}:{user}", random.name(17).to_uppercase()),
                    "arn": format!("arn:aws:sts::{account}:assumed-role/service/{user}"),
                    "accountId": account,
                    "sessionContext": {"attributes": {"mfaAuthenticated": "false", "creationDate": time.to_string()}},
                },
                "eventTime": time.to_string(),
                "eventSource": source,
                "eventName": name,
                "awsRegion": region,
                "sourceIPAddress": format!("203.0.113.{}", random.below(256)),
                "userAgent": "aws-sdk-rust/1.3 os/linux lang/rust",
                "requestParameters": {"maxResults": random.below(1000), "token": random.name(160)},
                "responseElements": null,
                "requestID": hex(&random.bytes(16)),
                "eventID": hex(&random.bytes(16)),
                "readOnly": true,
                "eventType": "AwsApiCall",
                "managementEvent": true,
                "recipientAccountId": account,
                "eventCategory": "Management",
                "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
            })
        })
        .collect();
    serde_json::to_vec(&json!({"Records": records})).expect("JSON can be written")
}
