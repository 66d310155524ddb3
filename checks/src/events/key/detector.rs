//! Which records may matter, by one look at each.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::distinct;
use super::grade;
use super::subject::{self, actor_id};
use super::{ALTERED, First, Key, PLANTED, When};
use crate::events::field::Field;
use crate::events::filter::{Expression, FilterError, Subject as Asked, base_name, parse};
use crate::events::{Proof, Record};
use crate::finding::{Subject, SubjectKind, short};
use crate::ids::{AccountId, Region};
use crate::inventory::EventRecord;

/// The longest text of a record that is kept.
const LONGEST: usize = 300;

/// What keeps the logs, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stores {
    /// Names of buckets.
    pub buckets: BTreeSet<String>,
    /// Ids and ARNs of keys; none where nobody knows them.
    pub keys: Option<BTreeSet<String>>,
}

/// Where a record is stored.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The bucket; empty for files.
    pub bucket: &'a str,
    /// The key, or the file.
    pub key: &'a str,
    /// The account of its chain; empty for files.
    pub account: &'a str,
    /// The region of its chain; empty for files.
    pub region: &'a str,
}

/// A record that may matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) subject: Subject,
    pub(super) step: i8,
    pub(super) refused: bool,
    /// It counts by itself, whatever there is beside it.
    pub(super) alone: bool,
    pub(super) proven: bool,
    pub(super) record: EventRecord,
}

/// Looks at records. It can be asked from several threads.
#[derive(Debug)]
pub struct Detector {
    keys: Vec<(&'static Key, Option<Expression>)>,
    by_name: HashMap<&'static str, Vec<usize>>,
    stores: Stores,
    root: Option<usize>,
    insight: Option<usize>,
    denied: Vec<usize>,
    region: Option<usize>,
    off_instance: Option<usize>,
    altered: Option<usize>,
    planted: Option<usize>,
}

/// Rows of one log: what each is sorted by, and what belongs to it.
#[derive(Debug, Default)]
pub struct Local {
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    /// The first of a kind, by key and group: when, and where it stands among the rows.
    firsts: HashMap<(usize, String), (Option<Timestamp>, usize)>,
}

impl Local {
    /// All rows.
    #[must_use]
    pub fn into_rows(self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.rows
    }
}

impl Detector {
    /// Looks for these. They must be in the order that [`super::Gather`] has.
    ///
    /// # Errors
    ///
    /// If an expression of the table is none: a defect of this program.
    pub fn new(keys: &[&'static Key], stores: Stores) -> Result<Self, FilterError> {
        let mut detector = Self {
            keys: Vec::new(),
            by_name: HashMap::new(),
            stores,
            root: None,
            insight: None,
            denied: Vec::new(),
            region: None,
            off_instance: None,
            altered: None,
            planted: None,
        };
        for (at, key) in keys.iter().enumerate() {
            let text = match key.when {
                When::Each(text) | When::LogBucket(text) => text,
                When::LogKey
                | When::CrossAccount
                | When::First(_)
                | When::Distinct { .. }
                | When::OffInstance
                | When::Log => "",
            };
            let expression = match text {
                "" => None,
                text => Some(parse(text)?),
            };
            detector.keys.push((key, expression));
            for name in key.names {
                detector.by_name.entry(name).or_default().push(at);
            }
            match (key.when, key.id) {
                (When::OffInstance, _) => detector.off_instance = Some(at),
                (When::First(First::WriteInRegion), _) => detector.region = Some(at),
                (_, ALTERED) => detector.altered = Some(at),
                (_, PLANTED) => detector.planted = Some(at),
                (_, "event-root-used") => detector.root = Some(at),
                (_, "event-insight") => detector.insight = Some(at),
                _ if key.names.is_empty() => detector.denied.push(at),
                _ => {}
            }
        }
        Ok(detector)
    }

    /// Looks at one record. Whether it may matter.
    pub fn record(&self, local: &mut Local, record: &Record<'_>, proof: Proof, at: At<'_>) -> bool {
        let before = local.rows.len();
        let log = match proof {
            Proof::Altered => Some(self.altered),
            Proof::Unlisted => Some(self.planted),
            Proof::Verified | Proof::Version | Proof::Unverified(_) => None,
        };
        let look = Look {
            detector: self,
            record,
            proof,
            at,
        };
        match log {
            Some(key) => look.log(local, key),
            None => look.all(local),
        }
        local.rows.len() > before
    }
}

/// One look at one record.
struct Look<'l, 'r, 'a> {
    detector: &'l Detector,
    record: &'r Record<'a>,
    proof: Proof,
    at: At<'l>,
}

impl Look<'_, '_, '_> {
    fn all(&self, local: &mut Local) {
        let record = self.record;
        let detector = self.detector;
        if let Some(name) = record.name() {
            let keys = detector.by_name.get(name.as_str());
            let keys = keys.or_else(|| {
                let base = base_name(&name)?;
                detector.by_name.get(base)
            });
            for key in keys.into_iter().flatten() {
                self.named(local, *key);
            }
        }
        let identity = record.identity();
        if let Some(key) = detector.root
            && identity.is_type("Root")
        {
            self.one(local, key);
        }
        let kind = record.text(Field::EventType);
        if let Some(key) = detector.insight
            && kind.is_some_and(|it| it.eq_ignore_ascii_case("AwsCloudTrailInsight"))
        {
            self.one(local, key);
        }
        // What a service does for itself is no attempt of anybody.
        let own = identity.is_type("AWSService") || !identity.is_present();
        let reads = record.read_only() == Some(true);
        if !detector.denied.is_empty() && !own && self.denied() {
            let forwarded = reads && record.by_service_of(&identity).is_some();
            if !forwarded {
                for key in &detector.denied {
                    self.one(local, *key);
                }
            }
        }
        if let Some(key) = detector.region
            && !reads
            && !own
            && record.read_only() == Some(false)
            && record.by_service_of(&identity).is_none()
        {
            self.one(local, key);
        }
        if let Some(key) = detector.off_instance
            && identity.is_type("AssumedRole")
        {
            self.off_instance(local, key);
        }
    }

    /// The same as `Record::denied`; what stands in the answer is looked into only where it can be an error.
    fn denied(&self) -> bool {
        if let Some(code) = self.record.error_code() {
            return crate::events::is_denial(&code);
        }
        let answer = self.record.get(Field::ResponseElements);
        let may = answer.is_some_and(|it| memchr::memmem::find(it.bytes(), b"__type").is_some());
        may && self.record.denied()
    }

    /// The account that received the event, else that of the chain.
    fn account(&self) -> String {
        let account = self.record.account();
        let account = account.as_ref().map_or(self.at.account, |it| it.as_str());
        AccountId::cut(account).0
    }

    fn region(&self) -> String {
        let region = self.record.region();
        let region = region.as_ref().map_or(self.at.region, |it| it.as_str());
        Region::cut(region).0
    }

    fn named(&self, local: &mut Local, at: usize) {
        let Some((key, _)) = self.detector.keys.get(at) else {
            return;
        };
        if !key.sources.is_empty() {
            let source = self.record.source().unwrap_or_default();
            if !key
                .sources
                .iter()
                .any(|it| it.eq_ignore_ascii_case(&source))
            {
                return;
            }
        }
        self.one(local, at);
    }

    fn holds(&self, at: usize) -> bool {
        let expression = self.detector.keys.get(at).and_then(|it| it.1.as_ref());
        expression.is_none_or(|it| {
            it.matches(&Asked {
                record: self.record,
                proof: self.proof,
            })
        })
    }

    /// Makes the rows of one key.
    fn one(&self, local: &mut Local, at: usize) {
        let Some((key, _)) = self.detector.keys.get(at) else {
            return;
        };
        let (account, region) = (self.account(), self.region());
        match key.when {
            When::Log => {}
            When::Each(_) => {
                if self.holds(at) {
                    self.push(local, at, "", "", false);
                }
            }
            When::LogBucket(_) => {
                let bucket = subject::parameter(self.record, "bucketName").unwrap_or_default();
                if self.detector.stores.buckets.contains(&bucket) && self.holds(at) {
                    self.push(local, at, "", "", false);
                }
            }
            When::LogKey => {
                let id = subject::parameter(self.record, "keyId").unwrap_or_default();
                let bare = id.rsplit('/').next().unwrap_or(&id);
                let known = self.detector.stores.keys.as_ref();
                if known.is_none_or(|keys| {
                    keys.iter()
                        .any(|it| *it == id || it.rsplit('/').next() == Some(bare))
                }) {
                    self.push(local, at, "", "", false);
                }
            }
            When::CrossAccount => {
                let caller = self.record.identity().account_id();
                let service = self.record.identity().is_type("AWSService");
                let other = caller.is_some_and(|it| !it.is_empty() && it.as_str() != account);
                if other && !service {
                    self.push(local, at, "", "", false);
                }
            }
            When::First(first) => {
                let group = match first {
                    First::DeniedOfActor => actor_id(self.record),
                    First::WriteInRegion => format!("{account}/{region}"),
                };
                self.first(local, at, group);
            }
            When::Distinct { of, .. } => {
                for (value, alone) in distinct::values(of, self.record, &account) {
                    let mut group = actor_id(self.record);
                    if of == super::Distinct::ObjectsLost {
                        let bucket = subject::parameter(self.record, "bucketName");
                        group = format!("{group} {}", bucket.unwrap_or_default());
                    }
                    self.push(local, at, &group, &value, alone);
                }
            }
            When::OffInstance => {}
        }
    }

    /// Keeps the earliest of a log.
    fn first(&self, local: &mut Local, at: usize, group: String) {
        let Some(time) = self.record.time() else {
            return;
        };
        let place = (at, group);
        if let Some((Some(before), _)) = local.firsts.get(&place)
            && *before <= time
        {
            return;
        }
        let rows = local.rows.len();
        self.push(local, at, &place.1, "", false);
        if local.rows.len() == rows {
            return;
        }
        match local.firsts.get_mut(&place) {
            Some((before, row)) => {
                *before = Some(time);
                if let Some(new) = local.rows.pop()
                    && let Some(old) = local.rows.get_mut(*row)
                {
                    *old = new;
                }
            }
            None => {
                local.firsts.insert(place, (Some(time), rows));
            }
        }
    }

    /// A call with the credentials of an instance, by the session and the kind of address. Addresses of private
    /// networks are those of VPC endpoints: an instance that uses one has another address there than on the internet.
    fn off_instance(&self, local: &mut Local, at: usize) {
        let identity = self.record.identity();
        let principal = identity.principal_id().unwrap_or_default();
        let instance = principal
            .split_once(':')
            .is_some_and(|(_, name)| is_instance(name));
        if !instance {
            return;
        }
        let Some(ip) = self.record.ip() else { return };
        let Ok(address) = ip.parse::<std::net::IpAddr>() else {
            return;
        };
        let class = match address {
            std::net::IpAddr::V4(it)
                if it.is_private() || it.is_link_local() || it.is_loopback() =>
            {
                return;
            }
            std::net::IpAddr::V4(_) => "4",
            std::net::IpAddr::V6(it)
                if it.is_loopback()
                    || (it.segments().first().copied().unwrap_or_default() & 0xfe00) == 0xfc00 =>
            {
                return;
            }
            std::net::IpAddr::V6(_) => "6",
        };
        let since = identity.created().unwrap_or_default();
        let group = format!("{} {} {class}", short(&principal, 200), short(&since, 60));
        let place = (at, format!("{group} {address}"));
        let Some(time) = self.record.time() else {
            return;
        };
        if local
            .firsts
            .get(&place)
            .is_some_and(|(before, _)| before.is_some_and(|it| it <= time))
        {
            return;
        }
        self.push(local, at, &group, &address.to_string(), false);
        let row = local.rows.len();
        local.firsts.insert(place, (Some(time), row));
    }

    /// A record of a log that is not what CloudTrail delivered.
    fn log(&self, local: &mut Local, key: Option<usize>) {
        let Some(at) = key else { return };
        let id = match self.at.bucket {
            "" => self.at.key.to_owned(),
            bucket => format!(
                "arn:{}:s3:::{bucket}/{}",
                subject::partition(self.at.region),
                self.at.key
            ),
        };
        let account = match self.at.account {
            "" => self.account(),
            account => account.to_owned(),
        };
        let subject = Subject {
            kind: SubjectKind::Resource,
            name: self
                .at
                .key
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            id,
            account: Some(AccountId::cut(&account)),
            region: Some(Region::cut(self.at.region)).filter(|it| !it.0.is_empty()),
            location: None,
        };
        self.add(local, at, subject, "", "", false, 0);
    }

    fn push(&self, local: &mut Local, at: usize, group: &str, value: &str, alone: bool) {
        let Some((key, _)) = self.detector.keys.get(at) else {
            return;
        };
        let (account, region) = (self.account(), self.region());
        let subject = subject::of(key.subject, self.record, &account, &region);
        let mut step = grade::of(key.grade, self.record, &account);
        // Which keys encrypt logs is not known: it may be any other.
        if key.when == When::LogKey && self.detector.stores.keys.is_none() {
            step -= 1;
        }
        if let When::First(_) = key.when {
            step -= 1;
        }
        self.add(local, at, subject, group, value, alone, step);
    }

    #[expect(clippy::too_many_arguments, reason = "all that a row is made of")]
    fn add(
        &self,
        local: &mut Local,
        at: usize,
        subject: Subject,
        group: &str,
        value: &str,
        alone: bool,
        step: i8,
    ) {
        let Some((key, _)) = self.detector.keys.get(at) else {
            return;
        };
        let record = self.record;
        let text = |it: Option<crate::events::Text<'_>>| {
            it.map_or_else(String::new, |it| short(&it, LONGEST))
        };
        let time = record.time();
        let row = Row {
            step,
            refused: !key.failures && record.failed(),
            alone,
            proven: self.proof.is_proven(),
            record: EventRecord {
                time,
                id: text(record.event_id()),
                name: text(record.name()),
                source: text(record.source()),
                account: self.account(),
                region: self.region(),
                actor: actor_id(record),
                ip: text(record.ip()),
                error: text(record.error()),
                proof: self.proof.to_string(),
                bucket: self.at.bucket.to_owned(),
                key: self.at.key.to_owned(),
                index: record.index(),
            },
            subject,
        };
        let group = match group {
            "" => row.subject.id.as_str(),
            group => group,
        };
        let time = time.map_or(u64::MAX, |it| {
            it.as_microsecond().cast_unsigned() ^ (1 << 63)
        });
        let number = u16::try_from(at).unwrap_or(u16::MAX);
        let mut sort = Vec::with_capacity(group.len() + value.len() + 64);
        sort.extend_from_slice(&number.to_be_bytes());
        // No text can end a part early: a NUL is not kept.
        sort.extend(group.bytes().map(|it| it.max(1)));
        sort.push(0);
        sort.extend_from_slice(&time.to_be_bytes());
        for part in [row.record.id.as_str(), value] {
            sort.extend(part.bytes().map(|it| it.max(1)));
            sort.push(0);
        }
        if let Ok(bytes) = serde_json::to_vec(&row) {
            local.rows.push((sort, bytes));
        }
    }
}

/// `i-0123456789abcdef0`: the session name that the instance metadata service uses.
fn is_instance(name: &str) -> bool {
    name.strip_prefix("i-").is_some_and(|it| {
        (8..=17).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphanumeric())
    })
}
