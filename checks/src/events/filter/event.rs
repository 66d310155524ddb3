//! What an expression can ask of an event.

use jiff::Timestamp;

use super::super::field::Field;
use super::super::proof::Proof;
use super::super::raw::Raw;
use super::super::record::Record;
use super::super::text::Text;
use super::super::time;

/// A short name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Short {
    /// `eventName`, with the base name of calls that have a version in it.
    Name,
    /// `eventSource`.
    Source,
    /// The account that received the event.
    Account,
    /// `awsRegion`.
    Region,
    /// `sourceIPAddress`.
    Ip,
    /// `userAgent`.
    Agent,
    /// When it happened.
    Time,
    /// The error of the call.
    Error,
    /// What the record is about.
    Resource,
    /// Who did it, as far as the record proves it.
    Actor,
    /// Whether that is the root user of an account.
    Root,
    /// The session.
    Session,
    /// The service that made the call.
    Service,
    /// Whether the call was refused for lack of a permission.
    Denied,
    /// Whether the call failed.
    Failed,
    /// The proof of the record, and its reason.
    Proof,
    /// The category of the event.
    Category,
    /// Whether MFA was used.
    Mfa,
}

impl Short {
    /// All, with the words for them.
    pub const ALL: [(&'static str, Self); 18] = [
        ("name", Self::Name),
        ("source", Self::Source),
        ("account", Self::Account),
        ("region", Self::Region),
        ("ip", Self::Ip),
        ("agent", Self::Agent),
        ("time", Self::Time),
        ("error", Self::Error),
        ("resource", Self::Resource),
        ("actor", Self::Actor),
        ("root", Self::Root),
        ("session", Self::Session),
        ("service", Self::Service),
        ("denied", Self::Denied),
        ("failed", Self::Failed),
        ("proof", Self::Proof),
        ("category", Self::Category),
        ("mfa", Self::Mfa),
    ];

    /// Whether its values are true and false.
    pub(super) fn is_flag(self) -> bool {
        matches!(self, Self::Root | Self::Denied | Self::Failed | Self::Mfa)
    }

    /// Whether it can stand alone: `denied`, `service`.
    pub(super) fn stands_alone(self) -> bool {
        self.is_flag() || matches!(self, Self::Session | Self::Service)
    }
}

/// One value that a test looks at.
#[derive(Debug, Clone, Copy)]
pub enum Item<'v> {
    /// A value of the record.
    Json(Raw<'v>),
    /// A text.
    Text(&'v str),
    /// Yes or no.
    Flag(bool),
    /// A time, if it could be read, and its text.
    Time(Option<Timestamp>, &'v str),
}

/// An event: a record of CloudTrail, or what else there may be. A condition holds if it holds of any value.
pub trait Event {
    /// Whether the test holds of a value of this top-level field.
    fn any_value(&self, field: Field, test: &mut dyn FnMut(Raw<'_>) -> bool) -> bool;

    /// Whether the test holds of the value of a top-level member that CloudTrail does not document.
    fn any_unknown(&self, name: &str, test: &mut dyn FnMut(Raw<'_>) -> bool) -> bool;

    /// Whether the test holds of a value of this short name.
    fn any_item(&self, short: Short, test: &mut dyn FnMut(Item<'_>) -> bool) -> bool;

    /// Whether the test holds of a string anywhere in the event.
    fn any_string(&self, test: &mut dyn FnMut(&str) -> bool) -> bool;
}

/// What an expression is asked about: a record, and what is known of it from outside.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'r, 'a> {
    /// The record.
    pub record: &'r Record<'a>,
    /// Its proof.
    pub proof: Proof,
}

impl Event for Subject<'_, '_> {
    fn any_value(&self, field: Field, test: &mut dyn FnMut(Raw<'_>) -> bool) -> bool {
        self.record.values(field).any(test)
    }

    fn any_unknown(&self, name: &str, test: &mut dyn FnMut(Raw<'_>) -> bool) -> bool {
        let mut values = self.record.unknown_members();
        values.any(|(own, value)| own.eq_ignore_ascii_case(name) && test(value))
    }

    fn any_string(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let mut found = false;
        Raw::new(self.record.raw()).strings(&mut |text| found = found || test(&text));
        found
    }

    fn any_item(&self, short: Short, test: &mut dyn FnMut(Item<'_>) -> bool) -> bool {
        let record = self.record;
        let mut text = |text: Option<Text<'_>>| text.is_some_and(|it| test(Item::Text(&it)));
        match short {
            Short::Name => self.any_text(Field::EventName, record.name(), &mut |name| {
                test(Item::Text(name)) || base_name(name).is_some_and(|it| test(Item::Text(it)))
            }),
            Short::Source => self.any_text(Field::EventSource, record.source(), &mut |it| {
                test(Item::Text(it))
            }),
            Short::Account => {
                self.any_text(Field::RecipientAccountId, record.account(), &mut |it| {
                    test(Item::Text(it))
                })
            }
            Short::Region => self.any_text(Field::AwsRegion, None, &mut |it| test(Item::Text(it))),
            Short::Ip => {
                self.any_text(Field::SourceIpAddress, None, &mut |it| test(Item::Text(it)))
            }
            Short::Agent => self.any_text(Field::UserAgent, None, &mut |it| test(Item::Text(it))),
            Short::Error => self.any_text(Field::ErrorCode, record.error(), &mut |it| {
                !it.is_empty() && test(Item::Text(it))
            }),
            Short::Time => {
                let mut has = false;
                let found = record.values(Field::EventTime).any(|value| {
                    has = true;
                    let text = value.text().unwrap_or_default();
                    !value.is_null() && test(Item::Time(time::instant(value), &text))
                });
                let window = || record.path(Field::TimeWindow, &["windowStart"]);
                found
                    || (!has
                        && window().is_some_and(|value| {
                            let text = value.text().unwrap_or_default();
                            test(Item::Time(time::instant(value), &text))
                        }))
            }
            Short::Resource => {
                let mut found = false;
                record.resources(&mut |text| found = found || test(Item::Text(&text)));
                found
            }
            Short::Actor => {
                let actor = record.actor();
                test(Item::Text(&actor.id))
                    || actor.name.is_some_and(|name| test(Item::Text(&name)))
            }
            Short::Root => {
                let root = record.actor().kind == super::super::actor::ActorKind::Root;
                test(Item::Flag(root))
            }
            Short::Session => record.session().is_some_and(|session| {
                session.name.is_some_and(|name| test(Item::Text(&name)))
                    || session.arn.is_some_and(|it| test(Item::Text(&it)))
                    || session.principal_id.is_some_and(|it| test(Item::Text(&it)))
            }),
            Short::Service => text(record.by_service()),
            Short::Denied => test(Item::Flag(record.denied())),
            Short::Failed => test(Item::Flag(record.failed())),
            Short::Proof => {
                test(Item::Text(self.proof.word()))
                    || self.proof.reason().is_some_and(|it| test(Item::Text(it)))
            }
            Short::Category => test(Item::Text(&record.category().name)),
            Short::Mfa => record.mfa().is_some_and(|it| test(Item::Flag(it))),
        }
    }
}

impl Subject<'_, '_> {
    /// Whether the test holds of a text of the field, or, where the field has none, of what stands for it.
    fn any_text(
        &self,
        field: Field,
        instead: Option<Text<'_>>,
        test: &mut dyn FnMut(&str) -> bool,
    ) -> bool {
        let mut has = false;
        let found = self.record.values(field).any(|value| {
            value.text().is_some_and(|text| {
                has |= !text.is_empty();
                test(&text)
            })
        });
        found || (!has && instead.is_some_and(|text| test(&text)))
    }
}

/// The name of a call without the date of its API: Lambda and CloudFront write `AddPermission20150331v2` and
/// `CreateDistribution2020_05_31`.
pub(crate) fn base_name(name: &str) -> Option<&str> {
    // All of them end so.
    if !name.as_bytes().last().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let digits = |text: &str, count: usize| {
        text.len() >= count && text.bytes().rev().take(count).all(|it| it.is_ascii_digit())
    };
    let unversioned = match name.rsplit_once('v') {
        Some((before, version))
            if !version.is_empty() && version.bytes().all(|it| it.is_ascii_digit()) =>
        {
            before
        }
        Some(_) | None => name,
    };
    for name in [unversioned, name] {
        if digits(name, 8) {
            return name.get(..name.len() - 8).filter(|it| !it.is_empty());
        }
    }
    // 2020_05_31
    let (rest, day) = name.rsplit_once('_')?;
    let (rest, month) = rest.rsplit_once('_')?;
    let dated = day.len() == 2 && month.len() == 2 && digits(day, 2) && digits(month, 2);
    let found = dated && digits(rest, 4);
    found
        .then(|| rest.get(..rest.len() - 4))
        .flatten()
        .filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_names() {
        for (name, base) in [
            ("AddPermission20150331v2", Some("AddPermission")),
            ("CreateFunction20150331", Some("CreateFunction")),
            ("CreateDistribution2020_05_31", Some("CreateDistribution")),
            ("StopLogging", None),
            ("20150331", None),
            ("GetV2", None),
            ("PutRule2", None),
        ] {
            assert_eq!(base_name(name), base, "{name}");
        }
    }
}
