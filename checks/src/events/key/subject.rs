//! What an event is about: the resource that was changed, else who did it.

use std::borrow::Cow;

use super::Of;
use crate::events::field::Field;
use crate::events::raw::Kind;
use crate::events::{Actor, ActorKind, Raw, Record};
use crate::finding::{SubjectKind, short_text};
use crate::ids::{AccountId, Region};

/// The longest id; a name of an attacker may be of any length.
const LONGEST: usize = 400;

/// A subject: of its texts only those are copies that were made.
#[derive(Debug)]
pub(super) struct About<'t> {
    pub(super) kind: SubjectKind,
    pub(super) id: Cow<'t, str>,
    pub(super) name: Cow<'t, str>,
    pub(super) account: Option<Cow<'t, str>>,
    pub(super) region: Option<Cow<'t, str>>,
}

/// The subject of a record.
pub(super) fn of<'t>(
    what: Of,
    record: &Record<'_>,
    who: &'t str,
    account: &'t str,
    region: &'t str,
) -> About<'t> {
    match what {
        Of::Actor => actor(who, account),
        Of::Account => place(
            SubjectKind::Account,
            Cow::Borrowed(account),
            None,
            account,
            None,
        ),
        Of::Region => place(
            SubjectKind::Region,
            Cow::Owned(format!("{account}/{region}")),
            None,
            account,
            Some(region),
        ),
        Of::Named(parameters) => {
            let mut named = parameters
                .iter()
                .filter_map(|(path, arn)| Some((parameter(record, path)?, *arn)));
            match named.next() {
                Some((value, arn)) => resource(value, arn, account, region),
                None => actor(who, account),
            }
        }
    }
}

/// Without a name it is called by its region, else by its id.
fn place<'t>(
    kind: SubjectKind,
    id: Cow<'t, str>,
    name: Option<Cow<'t, str>>,
    account: &'t str,
    region: Option<&'t str>,
) -> About<'t> {
    let id = match id.is_empty() {
        true => Cow::Borrowed("unknown"),
        false => short_text(id, LONGEST),
    };
    let written = |it: &&str| !it.is_empty();
    About {
        kind,
        name: name.unwrap_or_else(|| region.map_or_else(|| id.clone(), Cow::Borrowed)),
        id,
        account: Some(account)
            .filter(written)
            .map(|it| AccountId::cut_text(Cow::Borrowed(it))),
        region: region
            .filter(written)
            .map(|it| Region::cut_text(Cow::Borrowed(it))),
    }
}

/// The value of a parameter, the first of several; `response.` looks into the answer of the call.
pub(super) fn parameter<'a>(record: &Record<'a>, path: &str) -> Option<Cow<'a, str>> {
    let (field, path) = match path.strip_prefix("response.") {
        Some(path) => (Field::ResponseElements, path),
        None => (Field::RequestParameters, path),
    };
    let value = record.get(field)?;
    match value.kind() {
        Kind::Object => {}
        Kind::String => {
            let names: Vec<&str> = path.split('.').collect();
            return record
                .text_at(field, &names)
                .map(|it| it.text)
                .filter(|it| !it.is_empty());
        }
        // Nothing is below it.
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::Array | Kind::Unreadable => return None,
    }
    first_text(record, path.split('.').try_fold(value, Raw::get)?)
}

fn first_text<'a>(record: &Record<'a>, value: Raw<'a>) -> Option<Cow<'a, str>> {
    let text = match value.kind() {
        Kind::Array => first_text(record, value.elements().next()?)?,
        Kind::Object => first_text(record, value.get("items")?)?,
        Kind::String | Kind::Number => record.text_of(value)?.text,
        Kind::Null | Kind::Bool(_) | Kind::Unreadable => return None,
    };
    Some(text).filter(|it| !it.is_empty())
}

fn resource<'t>(value: Cow<'_, str>, arn: &str, account: &'t str, region: &'t str) -> About<'t> {
    let mut value = short_text(value, LONGEST);
    if value.starts_with("alias/") && arn.contains(":key/") {
        value = Cow::Owned(format!("key {value}"));
    }
    let name = value.rsplit(['/', ':']).next().unwrap_or(&value).to_owned();
    let id = match value.starts_with("arn:") {
        true => value.into_owned(),
        false => filled(arn, &value, account, region),
    };
    let kind = match id.starts_with("arn:") && id.contains(":cloudtrail:") && id.contains(":trail/")
    {
        true => SubjectKind::Trail,
        false => SubjectKind::Resource,
    };
    let name = Some(Cow::Owned(name));
    place(kind, Cow::Owned(id), name, account, Some(region))
}

/// The ARN that a pattern makes: `{p}` is the partition, `{r}` the region, `{a}` the account, `{v}` the value.
fn filled(pattern: &str, value: &str, account: &str, region: &str) -> String {
    let mut arn = String::with_capacity(pattern.len() + value.len() + 32);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        arn.push_str(before);
        let (word, behind) = after.split_once('}').unwrap_or((after, ""));
        arn.push_str(match word {
            "p" => partition(region),
            "r" => region,
            "a" => account,
            "v" => value,
            _ => "",
        });
        rest = behind;
    }
    arn.push_str(rest);
    arn
}

/// The partition of a region, by the beginnings of their names.
pub(super) fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// Who did it: the role or user, never its session.
pub(super) fn actor<'t>(id: &'t str, account: &'t str) -> About<'t> {
    let name = id.rsplit('/').next().unwrap_or(id);
    let name = Some(Cow::Borrowed(name));
    place(
        SubjectKind::Principal,
        Cow::Borrowed(id),
        name,
        account,
        None,
    )
}

/// What identifies whoever did it.
pub(super) fn actor_id<'a>(record: &Record<'a>) -> Cow<'a, str> {
    let actor: Actor<'a> = record.actor();
    // What was given credentials acts as a role; a user of Identity Center is the person behind one.
    let id = match actor.kind {
        ActorKind::Resource => record
            .identity()
            .issuer_arn()
            .map_or(actor.id, |it| it.text),
        ActorKind::Root
        | ActorKind::User
        | ActorKind::Role
        | ActorKind::IdentityCenterUser
        | ActorKind::Federated
        | ActorKind::Principal
        | ActorKind::Account
        | ActorKind::Anonymous
        | ActorKind::Service
        | ActorKind::Other
        | ActorKind::Unknown => actor.id,
    };
    short_text(id, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_record_says_is_no_pattern() {
        let pattern = "arn:{p}:lambda:{r}:{a}:function:{v}";
        let arn = "arn:aws-cn:lambda:cn-north-1:1:function:f";
        assert_eq!(filled(pattern, "f", "1", "cn-north-1"), arn);
        let arn = "arn:aws:lambda:{v}:{r}:function:{a}{";
        assert_eq!(filled(pattern, "{a}{", "{r}", "{v}"), arn);
        assert_eq!(filled("{v}", "x", "1", "r"), "x");
    }
}
