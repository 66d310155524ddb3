//! What an event is about: the resource that was changed, else who did it.

use super::Of;
use crate::events::field::Field;
use crate::events::raw::Kind;
use crate::events::{Actor, ActorKind, Raw, Record};
use crate::finding::{Subject, SubjectKind, short};
use crate::ids::{AccountId, Region};

/// The longest id; a name of an attacker may be of any length.
const LONGEST: usize = 400;

/// The subject of a record.
pub(super) fn of(what: Of, record: &Record<'_>, who: &str, account: &str, region: &str) -> Subject {
    match what {
        Of::Actor => actor(who, account),
        Of::Account => place(SubjectKind::Account, account.to_owned(), account, None),
        Of::Region => place(
            SubjectKind::Region,
            format!("{account}/{region}"),
            account,
            Some(region),
        ),
        Of::Named(parameters) => {
            let mut named = parameters
                .iter()
                .filter_map(|(path, arn)| Some((parameter(record, path)?, *arn)));
            match named.next() {
                Some((value, arn)) => resource(&value, arn, account, region),
                None => actor(who, account),
            }
        }
    }
}

fn place(kind: SubjectKind, id: String, account: &str, region: Option<&str>) -> Subject {
    let id = match id.is_empty() {
        true => "unknown".to_owned(),
        false => short(&id, LONGEST),
    };
    Subject {
        kind,
        name: region.map_or_else(|| id.clone(), str::to_owned),
        id,
        account: Some(account)
            .filter(|it| !it.is_empty())
            .map(AccountId::cut),
        region: region.filter(|it| !it.is_empty()).map(Region::cut),
        location: None,
    }
}

/// The value of a parameter, the first of several; `response.` looks into the answer of the call.
pub(super) fn parameter(record: &Record<'_>, path: &str) -> Option<String> {
    let (field, path) = match path.strip_prefix("response.") {
        Some(path) => (Field::ResponseElements, path),
        None => (Field::RequestParameters, path),
    };
    let names: Vec<&str> = path.split('.').collect();
    let value = record.get(field)?;
    if value.kind() == Kind::String {
        return record
            .text_at(field, &names)
            .map(|it| it.to_string())
            .filter(|it| !it.is_empty());
    }
    first_text(value.path(&names)?)
}

fn first_text(value: Raw<'_>) -> Option<String> {
    let text = match value.kind() {
        Kind::Array => first_text(value.elements().next()?)?,
        Kind::Object => first_text(value.get("items")?)?,
        Kind::String | Kind::Number => value.text()?.to_string(),
        Kind::Null | Kind::Bool(_) | Kind::Unreadable => return None,
    };
    Some(text).filter(|it| !it.is_empty())
}

fn resource(value: &str, arn: &str, account: &str, region: &str) -> Subject {
    let value = short(value, LONGEST);
    let value = match value.starts_with("alias/") && arn.contains(":key/") {
        true => format!("key {value}"),
        false => value,
    };
    let id = if value.starts_with("arn:") {
        value.clone()
    } else {
        arn.replace("{p}", partition(region))
            .replace("{r}", region)
            .replace("{a}", account)
            .replace("{v}", &value)
    };
    let kind = match id.starts_with("arn:") && id.contains(":cloudtrail:") && id.contains(":trail/")
    {
        true => SubjectKind::Trail,
        false => SubjectKind::Resource,
    };
    Subject {
        name: value.rsplit(['/', ':']).next().unwrap_or(&value).to_owned(),
        ..place(kind, id, account, Some(region))
    }
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
fn actor(id: &str, account: &str) -> Subject {
    Subject {
        name: id.rsplit('/').next().unwrap_or(id).to_owned(),
        ..place(SubjectKind::Principal, id.to_owned(), account, None)
    }
}

/// What identifies whoever did it.
pub(super) fn actor_id(record: &Record<'_>) -> String {
    let identity = record.identity();
    let actor: Actor<'_> = record.actor();
    // What was given credentials acts as a role; a user of Identity Center is the person behind one.
    let id = match actor.kind {
        ActorKind::Resource => identity
            .issuer_arn()
            .map_or_else(|| actor.id.to_string(), |it| it.to_string()),
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
        | ActorKind::Unknown => actor.id.to_string(),
    };
    short(&id, LONGEST)
}
