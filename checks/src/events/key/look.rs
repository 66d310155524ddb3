//! One look at one record: which key events it may be.

use std::cell::OnceCell;

use super::detector::{At, Detector};
use super::row::Local;
use super::subject::{self, actor_id};
use super::{Distinct, First, When, distinct};
use crate::events::field::Field;
use crate::events::filter::{Subject as Asked, base_name};
use crate::events::{Proof, Record};
use crate::finding::short;
use crate::ids::{AccountId, Region};

/// One look at one record.
pub(super) struct Look<'l, 'r, 'a> {
    pub(super) detector: &'l Detector,
    pub(super) record: &'r Record<'a>,
    pub(super) proof: Proof,
    pub(super) at: At<'l>,
    account: OnceCell<String>,
    region: OnceCell<String>,
    actor: OnceCell<String>,
}

impl<'l, 'r, 'a> Look<'l, 'r, 'a> {
    pub(super) fn new(
        detector: &'l Detector,
        record: &'r Record<'a>,
        proof: Proof,
        at: At<'l>,
    ) -> Self {
        Self {
            detector,
            record,
            proof,
            at,
            account: OnceCell::new(),
            region: OnceCell::new(),
            actor: OnceCell::new(),
        }
    }
}

impl Look<'_, '_, '_> {
    /// Makes the rows of every key that the record may be.
    pub(super) fn all(&self, local: &mut Local) {
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
    pub(super) fn account(&self) -> &str {
        self.account.get_or_init(|| {
            let account = self.record.account();
            let account = account.as_ref().map_or(self.at.account, |it| it.as_str());
            AccountId::cut(account).0
        })
    }

    pub(super) fn region(&self) -> &str {
        self.region.get_or_init(|| {
            let region = self.record.region();
            let region = region.as_ref().map_or(self.at.region, |it| it.as_str());
            Region::cut(region).0
        })
    }

    /// What identifies whoever did it.
    pub(super) fn actor(&self) -> &str {
        self.actor.get_or_init(|| actor_id(self.record))
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
                let other =
                    caller.is_some_and(|it| !it.is_empty() && it.as_str() != self.account());
                if other && !service {
                    self.push(local, at, "", "", false);
                }
            }
            When::First(first) => {
                let group = match first {
                    First::DeniedOfActor => self.actor().to_owned(),
                    First::WriteInRegion => format!("{}/{}", self.account(), self.region()),
                };
                self.first(local, at, group);
            }
            When::Distinct { of, .. } => {
                for (value, alone) in distinct::values(of, self.record, self.account()) {
                    let mut group = self.actor().to_owned();
                    if of == Distinct::ObjectsLost {
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
}

/// `i-0123456789abcdef0`: the session name that the instance metadata service uses.
fn is_instance(name: &str) -> bool {
    name.strip_prefix("i-").is_some_and(|it| {
        (8..=17).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphanumeric())
    })
}
