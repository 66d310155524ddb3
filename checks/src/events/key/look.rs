//! One look at one record: which key events it may be.

use std::borrow::Cow;
use std::cell::OnceCell;

use jiff::Timestamp;

use super::detector::{At, Detector};
use super::row::Local;
use super::subject::{self, actor_id};
use super::{Distinct, First, When, distinct};
use crate::events::field::Field;
use crate::events::filter::{Subject as Asked, base_name};
use crate::events::{Identity, Proof, Raw, Record, Text};
use crate::finding::short_text;
use crate::ids::{AccountId, Region};

/// One look at one record.
pub(super) struct Look<'l, 'a> {
    pub(super) detector: &'l Detector,
    pub(super) record: &'l Record<'a>,
    pub(super) proof: Proof,
    pub(super) at: At<'l>,
    account: OnceCell<Cow<'l, str>>,
    region: OnceCell<Cow<'l, str>>,
    actor: OnceCell<Cow<'l, str>>,
}

impl<'l, 'a> Look<'l, 'a> {
    pub(super) fn new(
        detector: &'l Detector,
        record: &'l Record<'a>,
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

impl Look<'_, '_> {
    /// Makes the rows of every key that the record may be.
    pub(super) fn all(&self, local: &mut Local) {
        let record = self.record;
        let detector = self.detector;
        for key in self.of_its_name() {
            self.named(local, *key);
        }
        let identity = record.identity();
        let kind = Type::of(identity);
        if let Some(key) = detector.root
            && kind == Type::Root
        {
            self.one(local, key);
        }
        if let Some(key) = detector.insight
            && record
                .get(Field::EventType)
                .is_some_and(|it| it.is_word("AwsCloudTrailInsight"))
        {
            self.one(local, key);
        }
        // What a service does for itself is no attempt of anybody.
        let own = kind == Type::Service || !identity.is_present();
        let read_only = record.read_only();
        if !detector.denied.is_empty() && !own && self.denied() {
            let forwarded = read_only == Some(true) && record.by_service_of(identity).is_some();
            if !forwarded {
                for key in &detector.denied {
                    self.one(local, *key);
                }
            }
        }
        if let Some(key) = detector.region
            && !own
            && read_only == Some(false)
            && !local.writes.is_later(record, self.time())
            && record.by_service_of(identity).is_none()
        {
            self.one(local, key);
            local.writes.keep(record, self.time());
        }
        if let Some(key) = detector.off_instance
            && kind == Type::Role
            && self.may_be_of_instance()
        {
            self.off_instance(local, key);
        }
    }

    /// The keys that ask for its name.
    fn of_its_name(&self) -> &[usize] {
        let by_name = &self.detector.by_name;
        let name = self.record.get(Field::EventName).and_then(Raw::plain);
        // Without a digit at its end a name has no version in it.
        let found = match name {
            Some(name) if !name.last().is_none_or(u8::is_ascii_digit) => by_name.get(name),
            _ => self.record.name().and_then(|name| {
                let found = by_name.get(name.as_bytes());
                found.or_else(|| by_name.get(base_name(&name)?.as_bytes()))
            }),
        };
        found.map_or(&[], Vec::as_slice)
    }

    /// Without decoding it: whether the principal id may end in the name of an instance.
    fn may_be_of_instance(&self) -> bool {
        let id = self.record.identity().raw_principal_id();
        id.is_some_and(|it| match it.plain() {
            Some(plain) => memchr::memchr(b':', plain)
                .and_then(|colon| plain.get(colon + 1..))
                .is_some_and(|it| it.starts_with(b"i-")),
            None => true,
        })
    }

    /// The same as `Record::denied`; what stands in the answer is looked into only where it can be an error.
    fn denied(&self) -> bool {
        if let Some(code) = self.record.error_code() {
            return crate::events::is_denial(&code);
        }
        let answer = self.record.get(Field::ResponseElements);
        let may = answer
            .is_some_and(|it| !it.is_null() && self.detector.error_type.find(it.bytes()).is_some());
        may && self.record.denied()
    }

    /// The account that received the event, else that of the chain.
    pub(super) fn account(&self) -> &str {
        self.account
            .get_or_init(|| AccountId::cut_text(or(self.record.account(), self.at.account)))
    }

    pub(super) fn region(&self) -> &str {
        self.region
            .get_or_init(|| Region::cut_text(or(self.record.region(), self.at.region)))
    }

    /// When it happened.
    pub(super) fn time(&self) -> Option<Timestamp> {
        self.record.time()
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
            let is = |source: &[u8]| {
                let mut sources = key.sources.iter();
                sources.any(|it| source.eq_ignore_ascii_case(it.as_bytes()))
            };
            let written = self.record.get(Field::EventSource).and_then(Raw::plain);
            if !written.map_or_else(
                || is(self.record.source().unwrap_or_default().as_bytes()),
                is,
            ) {
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
                let stores = &self.detector.stores.buckets;
                let is_store = |bucket: Cow<'_, str>| stores.contains(&*bucket);
                let bucket = || subject::parameter(self.record, "bucketName");
                if !stores.is_empty() && bucket().is_some_and(is_store) && self.holds(at) {
                    self.push(local, at, "", "", false);
                }
            }
            When::LogKey => {
                let id = subject::parameter(self.record, "keyId").unwrap_or_default();
                let bare = id.rsplit('/').next().unwrap_or(&id);
                let known = self.detector.stores.keys.as_ref();
                if known.is_none_or(|keys| {
                    keys.iter()
                        .any(|it| **it == *id || it.rsplit('/').next() == Some(bare))
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
                // Nothing is made of a record that is not the first: its group is only looked up.
                let mut group = std::mem::take(&mut local.group);
                group.clear();
                match first {
                    First::DeniedOfActor => group.push_str(self.actor()),
                    First::WriteInRegion => {
                        for part in [self.account(), "/", self.region()] {
                            group.push_str(part);
                        }
                    }
                }
                self.first(local, at, &group);
                local.group = group;
            }
            When::Distinct { of, .. } => {
                distinct::values(of, self.record, self.account(), &mut |value, alone| {
                    let mut group = Cow::Borrowed(self.actor());
                    if of == Distinct::ObjectsLost {
                        let bucket = subject::parameter(self.record, "bucketName");
                        group = Cow::Owned([&bucket.unwrap_or_default(), " ", &*group].concat());
                    }
                    self.push(local, at, &group, value, alone);
                });
            }
            When::OffInstance => {}
        }
    }

    /// Keeps the earliest of a log.
    fn first(&self, local: &mut Local, at: usize, group: &str) {
        let Some(time) = self.time() else {
            return;
        };
        match local.firsts.get(at, group) {
            Some((before, _)) if before <= time => {}
            Some((_, row)) => {
                if self.push(local, at, group, "", false) {
                    local.put_last_at(row);
                    local.firsts.set(at, group, (time, row));
                }
            }
            None => {
                let row = local.count();
                if self.push(local, at, group, "", false) {
                    local.firsts.set(at, group, (time, row));
                }
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
        let Some(time) = self.time() else {
            return;
        };
        let since = identity.created().unwrap_or_default();
        let principal = short_text(principal.text, 200);
        let group = format!("{principal} {} {class}", short_text(since.text, 60));
        let address = address.to_string();
        let place = format!("{group} {address}");
        if let Some((before, _)) = local.firsts.get(at, &place)
            && before <= time
        {
            return;
        }
        self.push(local, at, &group, &address, false);
        local.firsts.set(at, &place, (time, 0));
    }
}

/// The types of identities that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Root,
    Service,
    Role,
    Other,
}

impl Type {
    fn of(identity: &Identity<'_>) -> Self {
        let Some(raw) = identity.raw_type() else {
            return Self::Other;
        };
        match raw.bytes() {
            br#""AssumedRole""# => return Self::Role,
            br#""AWSService""# => return Self::Service,
            br#""IAMUser""# => return Self::Other,
            _ => {}
        }
        let words = [
            ("Root", Self::Root),
            ("AWSService", Self::Service),
            ("AssumedRole", Self::Role),
        ];
        let is = words.into_iter().find(|(word, _)| raw.is_word(word));
        is.map_or(Self::Other, |(_, kind)| kind)
    }
}

/// A text of the record, else what is known from outside.
fn or<'l>(text: Option<Text<'l>>, else_: &'l str) -> Cow<'l, str> {
    text.map_or(Cow::Borrowed(else_), |it| it.text)
}

/// `i-0123456789abcdef0`: the session name that the instance metadata service uses.
fn is_instance(name: &str) -> bool {
    name.strip_prefix("i-").is_some_and(|it| {
        (8..=17).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphanumeric())
    })
}
