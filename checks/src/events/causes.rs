//! Why a hole is in a chain: which recorded call made it, and who called.
//!
//! A hole is what `verify` found: hours without a digest, a log that is missing or altered. A suspect is a record of a
//! call that can make one: trails stopped, deleted, moved or narrowed, keys and buckets taken away, objects deleted.
//! Where the call names the trail, or the very object, and came at the time, it is the cause; where it fits otherwise it
//! is a possible one; an attempt that was refused is told as that.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::field::Field;
use super::proof::Proof;
use super::record::Record;
use super::selected::{left_out, selectors_of};
use crate::digest::{Caused, Certainty, ChainId, Event, Window};

/// A call that may have made a hole, with what is to be told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The event.
    pub event: Event,
    /// What kind of cause it would be.
    kind: &'static str,
    /// The trail that it names, as it is written.
    trail: Option<String>,
    /// The bucket that it names.
    bucket: Option<String>,
    /// The objects that it names.
    keys: BTreeSet<String>,
    /// Settings that an UpdateTrail gives.
    narrows: Vec<String>,
    /// The bucket that an UpdateTrail gives.
    to: Option<String>,
    /// A digest proves the record.
    proven: bool,
}

/// A call that ends what another began.
const UNDOES: &[(&str, &[&str])] = &[
    ("StopLogging", &["StartLogging"]),
    ("DeleteTrail", &["CreateTrail"]),
    ("UpdateTrail", &["UpdateTrail"]),
    ("PutEventSelectors", &["PutEventSelectors"]),
    ("PutInsightSelectors", &["PutInsightSelectors"]),
    ("PutEventConfiguration", &["PutEventConfiguration"]),
    ("DisableKey", &["EnableKey"]),
    ("ScheduleKeyDeletion", &["CancelKeyDeletion", "EnableKey"]),
    ("PutKeyPolicy", &["PutKeyPolicy"]),
    ("PutBucketPolicy", &["PutBucketPolicy"]),
    ("DeleteBucketPolicy", &["PutBucketPolicy"]),
    ("DeleteBucket", &["CreateBucket"]),
    ("DisableRegion", &["EnableRegion"]),
    ("DisableAWSServiceAccess", &["EnableAWSServiceAccess"]),
    ("RemoveAccountFromOrganization", &["AcceptHandshake"]),
    ("LeaveOrganization", &["AcceptHandshake"]),
];

/// The kind of cause that a call may be; none for all others. An empty kind only undoes others.
fn kind_of(source: &str, name: &str) -> Option<&'static str> {
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    Some(match (service, name) {
        ("cloudtrail", "StopLogging") => "stopped",
        ("cloudtrail", "StartLogging") => "",
        ("cloudtrail", "DeleteTrail") => "deleted",
        ("cloudtrail", "CreateTrail") => "made",
        ("cloudtrail", "UpdateTrail") => "moved",
        ("cloudtrail", "PutEventSelectors" | "PutInsightSelectors" | "PutEventConfiguration") => {
            "selectors"
        }
        ("kms", "DisableKey" | "ScheduleKeyDeletion" | "PutKeyPolicy" | "RevokeGrant") => "key",
        ("kms", "EnableKey" | "CancelKeyDeletion") | ("s3", "CreateBucket") => "",
        (
            "s3",
            "PutBucketPolicy"
            | "DeleteBucketPolicy"
            | "DeleteBucket"
            | "PutBucketLifecycle"
            | "PutBucketLifecycleConfiguration"
            | "DeleteBucketLifecycle"
            | "PutBucketObjectLockConfiguration"
            | "PutObjectLockConfiguration"
            | "PutBucketVersioning"
            | "PutBucketEncryption"
            | "DeleteBucketEncryption"
            | "PutBucketPublicAccessBlock",
        ) => "bucket",
        ("s3", "DeleteObject" | "DeleteObjects" | "PutObject" | "CopyObject") => "objects",
        (
            "organizations" | "cloudtrail",
            "LeaveOrganization"
            | "RemoveAccountFromOrganization"
            | "CloseAccount"
            | "DisableAWSServiceAccess"
            | "RegisterOrganizationDelegatedAdmin"
            | "DeregisterOrganizationDelegatedAdmin"
            | "RegisterDelegatedAdministrator"
            | "DeregisterDelegatedAdministrator"
            | "AcceptHandshake"
            | "CreateAccount",
        ) => "organization",
        ("organizations", "EnableAWSServiceAccess") => "",
        ("account" | "ec2", "EnableRegion" | "DisableRegion") => "region",
        _ => return None,
    })
}

impl Suspect {
    /// The suspect that a record tells of; none of nearly all.
    #[must_use]
    pub fn of(record: &Record<'_>, proof: Proof) -> Option<Self> {
        let name = record.name()?;
        let source = record.source()?;
        let kind = kind_of(&source, &name)?;
        let at = record.time()?;
        let given = |names: &[&str]| {
            let text = record.text_at(Field::RequestParameters, names)?;
            Some(text.as_str().to_owned()).filter(|it| !it.is_empty())
        };
        let mut keys: BTreeSet<String> = given(&["key"]).into_iter().collect();
        let mut all = |text: super::text::Text<'_>| {
            if let Some((_, key)) = text
                .as_str()
                .strip_prefix("arn:")
                .and_then(|it| it.split_once(":::"))
            {
                keys.extend(key.split_once('/').map(|(_, key)| key.to_owned()));
            }
        };
        record.resources(&mut all);
        let bucket = given(&["bucketName"]);
        if kind == "objects"
            && (keys.is_empty() && &*name != "DeleteObjects" || by_cloudtrail(record))
        {
            return None;
        }
        let flag = |field: &str| {
            record
                .path(Field::RequestParameters, &[field])
                .and_then(super::raw::Raw::flag)
        };
        let mut narrows = Vec::new();
        for (field, word) in [
            ("isMultiRegionTrail", "one region only"),
            ("isOrganizationTrail", "one account only"),
            ("includeGlobalServiceEvents", "no global service events"),
            ("enableLogFileValidation", "no log file validation"),
        ] {
            if flag(field) == Some(false) {
                narrows.push(word.to_owned());
            }
        }
        for (field, word) in [
            ("s3BucketName", BUCKET),
            ("s3KeyPrefix", "another prefix"),
            ("kmsKeyId", "another key"),
        ] {
            narrows.extend(given(&[field]).map(|_| word.to_owned()));
        }
        if kind == "selectors" {
            // What was recorded before is not known: it is compared with every management event.
            let left = selectors_of(record).map(|it| left_out(None, &it));
            let left = left.unwrap_or_default();
            narrows.extend(left.lost.into_iter().chain(left.unclear));
        }
        let text = |read: Option<super::text::Text<'_>>| {
            read.map(|it| it.as_str().to_owned()).unwrap_or_default()
        };
        let actor = record.actor();
        let event = Event {
            id: text(record.event_id()),
            time: at,
            name: name.as_str().to_owned(),
            account: text(record.account()),
            region: text(record.region()),
            error: record
                .error()
                .filter(|_| record.failed())
                .map(|it| it.as_str().to_owned()),
            actor: actor.id.into_owned(),
            address: text(record.ip()),
            proof: proof.to_string(),
        };
        Some(Self {
            event,
            kind,
            trail: given(&["name"])
                .or_else(|| given(&["trailName"]))
                .or_else(|| given(&["trailARN"])),
            bucket,
            keys,
            narrows,
            to: given(&["s3BucketName"]),
            proven: proof.is_proven(),
        })
    }

    /// The owner of the trail that the call names, if that may be the trail of a chain: by its ARN, or by its name in its
    /// home region.
    fn owner(&self, chain: &ChainId) -> Option<&str> {
        let trail = self.trail.as_ref()?;
        let Some(rest) = trail.strip_prefix("arn:") else {
            let here = *trail == chain.trail && self.event.region == chain.home_region;
            return here.then_some(self.event.account.as_str());
        };
        let mut parts = rest.splitn(5, ':').skip(2);
        let (region, account, name) = (parts.next()?, parts.next()?, parts.next()?);
        let here = region == chain.home_region && name.strip_prefix("trail/") == Some(&chain.trail);
        here.then_some(account)
    }
}

fn by_cloudtrail(record: &Record<'_>) -> bool {
    let identity = record.identity();
    identity
        .invoked_by()
        .is_some_and(|it| &*it == "cloudtrail.amazonaws.com")
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole<'a> {
    /// The chain.
    pub chain: &'a ChainId,
    /// The hours.
    pub window: Window,
    /// The object that is missing or was altered.
    pub key: Option<&'a str>,
}

/// What an UpdateTrail may say.
const BUCKET: &str = "another bucket";
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Possible causes that are told of one hole.
const TOLD: usize = 5;

/// The causes of a hole, the most certain first; among `suspects`, which are those of the whole organization.
#[must_use]
pub fn causes(hole: &Hole<'_>, suspects: &[Suspect]) -> Vec<Caused> {
    // A digest does not tell whose trail it is: where trails of one name have several owners, it may be any of them.
    let owners: BTreeSet<&str> = suspects
        .iter()
        .filter_map(|it| it.owner(hole.chain))
        .collect();
    let mut found: Vec<_> = copies_of_none(suspects)
        .filter_map(|suspect| {
            let (certainty, detail) = hole.judge(suspect)?;
            let certainty = match suspect.event.error {
                Some(_) => Certainty::Refused,
                // What was planted or altered may name anybody.
                None if owners.len() > 1 || !suspect.proven => certainty.max(Certainty::Possible),
                None => certainty,
            };
            let apart = suspect
                .event
                .time
                .duration_since(hole.window.start)
                .as_secs()
                .abs();
            let caused = Caused {
                kind: suspect.kind.to_owned(),
                certainty,
                detail,
                actor: suspect.event.actor.clone(),
                proof: suspect.event.proof.clone(),
                event: suspect.event.clone(),
                undone_by: undone_by(suspect, suspects),
            };
            // What is not proved takes no place of what is.
            let order = (certainty, !suspect.proven, apart, caused.event.id.clone());
            Some((order, caused))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let mut seen = BTreeSet::new();
    found.retain(|(_, it)| it.event.id.is_empty() || seen.insert(it.event.id.clone()));
    found.into_iter().map(|(_, it)| it).take(TOLD).collect()
}

/// Suspects, less those of which nothing is proved that have the id of a proved one: whoever plants a record can copy it.
fn copies_of_none(suspects: &[Suspect]) -> impl Iterator<Item = &Suspect> {
    let proved = suspects.iter().filter(|it| it.proven);
    let proved: BTreeSet<&str> = proved.map(|it| it.event.id.as_str()).collect();
    let of_none = move |it: &&Suspect| {
        it.proven || it.event.id.is_empty() || !proved.contains(it.event.id.as_str())
    };
    suspects.iter().filter(of_none)
}

/// The call that ended what a suspect began: the first that is proved, else the first.
fn undone_by(suspect: &Suspect, suspects: &[Suspect]) -> Option<Event> {
    let (_, names) = UNDOES
        .iter()
        .find(|(name, _)| *name == suspect.event.name)?;
    let same = |it: &&Suspect| {
        let named =
            it.trail == suspect.trail || ends_alike(it.trail.as_deref(), suspect.trail.as_deref());
        it.event.time > suspect.event.time
            && it.event.error.is_none()
            && it.event.account == suspect.event.account
            && names.contains(&it.event.name.as_str())
            && named
            && it.bucket == suspect.bucket
    };
    let undoing = suspects.iter().filter(same);
    let first = undoing.min_by_key(|it| (!it.proven, it.event.time));
    first
        .filter(|_| suspect.event.error.is_none())
        .map(|it| it.event.clone())
}

/// One is the ARN of what the other names.
fn ends_alike(one: Option<&str>, other: Option<&str>) -> bool {
    let name = |arn: &str| {
        arn.rsplit_once('/')
            .map_or(arn.to_owned(), |(_, name)| name.to_owned())
    };
    one.map(name) == other.map(name)
}

impl Hole<'_> {
    fn judge(&self, suspect: &Suspect) -> Option<(Certainty, String)> {
        let at = suspect.event.time;
        let start = self.window.start;
        let since = |before: SignedDuration| start.saturating_sub(before).unwrap_or(Timestamp::MIN);
        let soon = at <= start.saturating_add(HOUR).unwrap_or(Timestamp::MAX);
        let own = suspect.owner(self.chain).is_some();
        match suspect.kind {
            "" => None,
            "objects" => {
                let key = self.key?;
                let bucket = suspect
                    .bucket
                    .as_ref()
                    .is_none_or(|it| *it == self.chain.bucket);
                // It cannot be removed before it was delivered.
                if !bucket || at < start {
                    return None;
                }
                if suspect.keys.contains(key) {
                    return Some((Certainty::Caused, String::new()));
                }
                // Which keys a DeleteObjects names, no record tells.
                let any = suspect.event.name == "DeleteObjects" && suspect.keys.is_empty();
                any.then(|| {
                    (
                        Certainty::Possible,
                        "the record does not name the objects".to_owned(),
                    )
                })
            }
            // What a trail did is no reason for an object that is not what it was.
            "stopped" | "deleted" | "made" | "moved" | "selectors" if self.key.is_some() => None,
            "stopped" | "deleted" | "made" => {
                let near = at >= since(HOUR)
                    && (soon || (suspect.kind == "made" && at <= self.window.end));
                (own && near).then(|| (Certainty::Caused, String::new()))
            }
            "moved" => {
                let stays = suspect.to.as_deref() == Some(&self.chain.bucket);
                let mut narrows = suspect.narrows.clone();
                narrows.retain(|it| it != BUCKET || !stays);
                let near = own && at >= since(HOUR) && soon && !narrows.is_empty();
                let sure = narrows.iter().any(|it| match it.as_str() {
                    "one region only" => self.chain.region != self.chain.home_region,
                    "one account only" => self.chain.account != suspect.event.account,
                    BUCKET | "another prefix" | "no log file validation" => true,
                    _ => false,
                });
                let certainty = if sure {
                    Certainty::Caused
                } else {
                    Certainty::Possible
                };
                near.then(|| (certainty, narrows.join(", ")))
            }
            "selectors" => None,
            "key" => (at >= since(DAY) && soon).then(|| {
                (
                    Certainty::Possible,
                    "if it is the trail's or the bucket's key".to_owned(),
                )
            }),
            "bucket" => {
                let named = suspect.bucket.as_deref() == Some(&self.chain.bucket);
                let near = at >= since(DAY) && (soon || self.key.is_some());
                (named && near).then(|| (Certainty::Possible, String::new()))
            }
            "organization" => {
                let near =
                    self.key.is_none() && at >= since(HOUR) && (soon || at <= self.window.end);
                near.then(|| (Certainty::Possible, String::new()))
            }
            "region" => {
                let near = self.key.is_none() && suspect.event.account == self.chain.account;
                (near && at >= since(DAY) && soon).then(|| (Certainty::Possible, String::new()))
            }
            _ => None,
        }
    }
}

/// A time in which less was recorded though its chain is whole.
#[must_use]
pub fn narrowings(suspects: &[Suspect]) -> Vec<Caused> {
    let narrows = |suspect: &&Suspect| {
        let update = suspect.kind == "moved"
            && suspect
                .narrows
                .iter()
                .any(|it| it.starts_with("no ") || it.starts_with("one "));
        update || suspect.kind == "selectors"
    };
    let mut all: Vec<Caused> = copies_of_none(suspects)
        .filter(narrows)
        .map(|suspect| Caused {
            kind: suspect.kind.to_owned(),
            certainty: match suspect.event.error {
                Some(_) => Certainty::Refused,
                None => Certainty::Possible,
            },
            detail: suspect.narrows.join(", "),
            actor: suspect.event.actor.clone(),
            proof: suspect.event.proof.clone(),
            event: suspect.event.clone(),
            undone_by: undone_by(suspect, suspects),
        })
        .collect();
    all.sort_by(|a, b| (a.event.time, &a.event.id).cmp(&(b.event.time, &b.event.id)));
    all.dedup_by(|a, b| !a.event.id.is_empty() && a.event.id == b.event.id);
    all
}
