//! What is done to a tree after CloudTrail has delivered it: what a tamperer, a bad copy or a broken disk does.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use super::events::id_of;
use super::random::Random;
use super::{At, Object, Tree, gunzip, gzip, hex, keys, text, to_sign};

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Fault {
    Delete(Target),
    /// Changes the content and compresses it again.
    Tamper(Target),
    /// Damages the compressed bytes.
    Corrupt(Target),
    /// Cuts the last bytes off: the end of the gzip member.
    Truncate(Target),
    /// Adds bytes after the gzip member.
    Append(Target),
    /// Adds a second gzip member.
    AppendMember(Target),
    /// Adds a second gzip member that is a log of these records.
    AppendRecords {
        target: Target,
        records: Vec<Value>,
    },
    /// Takes one record out of the log that holds it, and compresses the log again.
    DropRecord(Target),
    /// Changes fields of one record in the log that holds it, by JSON pointer.
    EditRecord {
        target: Target,
        set: serde_json::Map<String, Value>,
    },
    /// Compresses the same content differently, which is no fault.
    Recompress(Target),
    /// Stores the content itself, as a download does that undoes Content-Encoding.
    Decompress(Target),
    /// Replaces the object's bytes with these.
    Content {
        target: Target,
        text: String,
    },
    /// Makes the content that many mebibytes of zeros.
    Bomb {
        target: Target,
        mebibytes: usize,
    },
    /// Takes the metadata away, as copying does.
    Strip(Target),
    /// Takes one entry of the metadata away, or changes it.
    Metadata {
        target: Target,
        name: String,
        value: Option<String>,
    },
    /// Changes a digest and signs it with a key that CloudTrail does not list, naming that key.
    Forge(Target),
    /// Moves an object: `from` is replaced by `to` in its key.
    Move {
        target: Target,
        from: String,
        to: String,
    },
    /// Puts a copy of the object in the place of another.
    Replace {
        target: Target,
        with: Target,
    },
    /// Adds a log that no digest lists.
    AddLog {
        #[serde(default)]
        chain: usize,
        minute: i64,
        #[serde(default = "cloudtrail")]
        service: String,
        #[serde(default)]
        records: Vec<Value>,
    },
    /// Adds any object.
    AddObject {
        key: String,
        text: String,
    },
}

fn cloudtrail() -> String {
    "CloudTrail".to_owned()
}

/// An object by its place in the tree.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Target {
    #[serde(default)]
    pub chain: usize,
    pub digest: Option<usize>,
    pub log: Option<(usize, usize)>,
    pub backfill: Option<usize>,
    /// All digests.
    #[serde(default)]
    pub digests: bool,
    /// All logs.
    #[serde(default)]
    pub logs: bool,
    /// The logs that hold the record of this event ID, in every chain or in those of one trail.
    pub event: Option<String>,
    pub trail: Option<String>,
}

impl Tree {
    pub fn find(&self, target: &Target) -> Vec<At> {
        let chain = &self.chains[target.chain];
        let mut found = Vec::new();
        found.extend(target.digest.map(|hour| chain.digests[hour].clone()));
        found.extend(
            target
                .log
                .map(|(hour, index)| chain.logs[hour][index].clone()),
        );
        found.extend(target.backfill.map(|index| chain.backfills[index].clone()));
        if target.digests {
            found.extend(chain.digests.iter().cloned());
        }
        if target.logs {
            found.extend(chain.logs.iter().flatten().cloned());
        }
        if let Some(id) = &target.event {
            let trail = target.trail.as_ref();
            let chains = self.chains.iter();
            let chains = chains.filter(|it| trail.is_none_or(|trail| it.trail == *trail));
            found.extend(chains.filter_map(|it| it.events.get(id)).cloned());
        }
        assert!(!found.is_empty(), "{target:?} names nothing");
        found
    }

    fn change(&mut self, target: &Target, change: impl Fn(&mut Object)) {
        for at in self.find(target) {
            change(
                self.objects
                    .get_mut(&at)
                    .expect("the object is still there"),
            );
        }
    }

    pub fn inflict(&mut self, fault: &Fault, random: &mut Random) {
        match fault {
            Fault::Delete(target) => {
                for at in self.find(target) {
                    self.objects.remove(&at);
                }
            }
            Fault::Tamper(target) => self.change(target, tamper),
            Fault::Corrupt(target) => self.change(target, |object| {
                let middle = object.bytes.len() / 2;
                object.bytes[middle..]
                    .iter_mut()
                    .take(8)
                    .for_each(|byte| *byte = !*byte);
            }),
            Fault::Truncate(target) => self.change(target, |object| {
                object.bytes.truncate(object.bytes.len() - 8)
            }),
            Fault::Append(target) => self.change(target, |object| object.bytes.extend(b"more")),
            Fault::AppendMember(target) => {
                self.change(target, |object| object.bytes.extend(gzip(b"more", 6)))
            }
            Fault::AppendRecords { target, records } => {
                let member = gzip(&text(&records.iter().collect::<Vec<_>>()), 6);
                self.change(target, |object| object.bytes.extend(&member));
            }
            Fault::DropRecord(target) => {
                let id = target.event.as_deref();
                self.rewrite(target, |records| records.retain(|it| id_of(it) != id));
            }
            Fault::EditRecord { target, set } => {
                let id = target.event.as_deref();
                self.rewrite(target, |records| {
                    let wanted = records.iter_mut().filter(|it| id_of(it) == id);
                    wanted.for_each(|record| {
                        for (pointer, value) in set {
                            let field = record.pointer_mut(pointer);
                            field.expect("a field of the record").clone_from(value);
                        }
                    });
                });
            }
            Fault::Recompress(target) => self.change(target, |object| {
                object.bytes = gzip(&gunzip(&object.bytes), 1)
            }),
            Fault::Decompress(target) => self.change(target, |object| {
                object.bytes = gunzip(&object.bytes);
            }),
            Fault::Content { target, text } => {
                self.change(target, |object| object.bytes = gzip(text.as_bytes(), 6))
            }
            Fault::Bomb { target, mebibytes } => {
                let bytes = gzip(&vec![0; mebibytes << 20], 6);
                self.change(target, |object| object.bytes.clone_from(&bytes));
            }
            Fault::Strip(target) => self.change(target, |object| object.metadata.clear()),
            Fault::Metadata {
                target,
                name,
                value,
            } => self.change(target, |object| {
                match value {
                    Some(value) => object.metadata.insert(name.clone(), value.clone()),
                    None => object.metadata.remove(name),
                };
            }),
            Fault::Forge(target) => self.change(target, forge),
            Fault::Move { target, from, to } => {
                for at in self.find(target) {
                    let object = self.objects.remove(&at).expect("the object is still there");
                    assert!(
                        at.1.contains(from.as_str()),
                        "{} does not contain {from}",
                        at.1
                    );
                    self.objects
                        .insert((at.0, at.1.replace(from.as_str(), to)), object);
                }
            }
            Fault::Replace { target, with } => {
                let with = self.objects[&self.find(with)[0]].clone();
                self.change(target, |object| object.clone_from(&with));
            }
            Fault::AddLog {
                chain,
                minute,
                service,
                records,
            } => {
                let records = text(&records.iter().collect::<Vec<_>>());
                self.add_log(*chain, *minute, service, &records, random);
            }
            Fault::AddObject { key, text } => {
                let bucket = self.chains[0].digests[0].0.clone();
                let object = Object {
                    bytes: gzip(text.as_bytes(), 6),
                    ..Object::default()
                };
                self.objects.insert((bucket, key.clone()), object);
            }
        }
    }

    /// A log at that minute after the first digest's end less an hour, named as CloudTrail names logs.
    fn add_log(
        &mut self,
        chain: usize,
        minute: i64,
        service: &str,
        content: &[u8],
        random: &mut Random,
    ) {
        let laid = &self.chains[chain];
        let (bucket, digest) = &laid.digests[0];
        let stamp = digest
            .trim_end_matches(".json.gz")
            .rsplit('_')
            .next()
            .expect("a stamp");
        let end = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).expect("a stamp");
        let end = end
            .to_zoned(jiff::tz::TimeZone::UTC)
            .expect("a time")
            .timestamp();
        let time = end + SignedDuration::from_mins(minute - 60);
        let account_prefix = digest.split("CloudTrail-Digest").next().expect("a folder");
        let key = format!(
            "{account_prefix}{service}/{region}/{date}/{account}_{service}_{region}_{time}_{unique}.json.gz",
            region = laid.region,
            account = laid.account,
            date = time.strftime("%Y/%m/%d"),
            time = time.strftime("%Y%m%dT%H%MZ"),
            unique = random.name(16),
        );
        let object = Object {
            bytes: gzip(content, 6),
            ..Object::default()
        };
        self.objects.insert((bucket.clone(), key), object);
    }

    fn rewrite(&mut self, target: &Target, change: impl Fn(&mut Vec<Value>)) {
        assert!(target.event.is_some(), "{target:?} names no record");
        self.change(target, |object| {
            let content = gunzip(&object.bytes);
            let mut document: Value = serde_json::from_slice(&content).expect("JSON");
            let records = document["Records"].as_array_mut().expect("a log");
            change(records);
            object.bytes = gzip(&text(&records.iter().collect::<Vec<_>>()), 6);
        });
    }
}

/// Hides one log from a digest, or changes who did what in a log.
fn tamper(object: &mut Object) {
    let plain = object.bytes.starts_with(b"{");
    let content = match plain {
        true => object.bytes.clone(),
        false => gunzip(&object.bytes),
    };
    let mut document: Value = serde_json::from_slice(&content).expect("JSON");
    match document["logFiles"].as_array_mut() {
        Some(logs) if !logs.is_empty() => drop(logs.remove(0)),
        Some(_) => document["newestEventTime"] = "2026-01-01T00:00:00Z".into(),
        None => document["Records"][0]["userIdentity"]["accountId"] = "999922223333".into(),
    }
    let content = document.to_string().into_bytes();
    object.bytes = if plain { content } else { gzip(&content, 6) };
}

fn forge(object: &mut Object) {
    let mut document: Value = serde_json::from_slice(&gunzip(&object.bytes)).expect("a digest");
    document["digestPublicKeyFingerprint"] = keys()[1].fingerprint.clone().into();
    document["logFiles"] = Value::Array(Vec::new());
    let bytes = serde_json::to_vec(&document).expect("JSON can be written");
    object.metadata.insert(
        "signature".to_owned(),
        hex(&keys()[1].sign(&to_sign(&document, &bytes))),
    );
    object.bytes = gzip(&bytes, 6);
}
