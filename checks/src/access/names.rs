//! Names that AWS has: actions and condition keys, so that a misspelt one is not taken for one that nobody may call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "source")]
    _source: String,
    global_keys: Vec<String>,
    other_services: BTreeSet<String>,
    services: BTreeMap<String, Lists>,
}

/// Names with spaces between them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    actions: String,
    keys: String,
}

fn file() -> &'static File {
    static FILE: LazyLock<File> = LazyLock::new(|| {
        let text = include_str!("../../data/action-names.json");
        // A test reads it too.
        serde_json::from_str(text).unwrap_or_default()
    });
    &FILE
}

/// Checks the name of an action. One that AWS does not have gives those it may have been meant to be.
pub fn action(name: &str) -> Result<(), Vec<String>> {
    let Some((service, call)) = name.split_once(':') else {
        return Err(every_action());
    };
    let (service, call) = (service.to_ascii_lowercase(), call.to_ascii_lowercase());
    if file().other_services.contains(&service) && !call.is_empty() && !call.contains(['*', '?']) {
        return Ok(());
    }
    let Some(lists) = file().services.get(&service) else {
        return Err(every_action());
    };
    let mut known = lists.actions.split(' ');
    if known.any(|it| it.eq_ignore_ascii_case(&call)) {
        return Ok(());
    }
    let known = lists.actions.split(' ');
    Err(known.map(|it| format!("{service}:{it}")).collect())
}

/// Whether AWS has a service of this name in ARNs and actions.
pub(super) fn is_service(name: &str) -> bool {
    file().services.contains_key(name) || file().other_services.contains(name)
}

fn every_action() -> Vec<String> {
    let all = file().services.iter();
    all.flat_map(|(service, lists)| {
        let actions = lists.actions.split(' ');
        actions.map(move |it| format!("{service}:{it}"))
    })
    .collect()
}

/// Checks the name of a condition key. One that AWS does not have gives those it may have been meant to be.
pub fn key(name: &str) -> Result<(), Vec<String>> {
    let lower = name.to_ascii_lowercase();
    let service = lower.split(':').next().unwrap_or_default();
    if file().other_services.contains(service) {
        return Ok(());
    }
    let known: Vec<&str> = match file().services.get(service) {
        Some(lists) => lists.keys.split(' ').filter(|it| !it.is_empty()).collect(),
        None => file().global_keys.iter().map(String::as_str).collect(),
    };
    // A key such as `aws:PrincipalTag/` or `kms:EncryptionContext:` goes on with a name of somebody's own.
    let is = |it: &&str| {
        let it = it.to_ascii_lowercase();
        let goes_on = it.ends_with(['/', ':']);
        it == lower && !goes_on
            || goes_on && lower.strip_prefix(&it).is_some_and(|rest| !rest.is_empty())
    };
    match known.iter().any(is) {
        true => Ok(()),
        false => {
            let mut all: Vec<String> = known.into_iter().map(str::to_owned).collect();
            all.extend(file().global_keys.iter().cloned());
            Err(all)
        }
    }
}

/// A service principal that AWS has: `cloudtrail.amazonaws.com`. Any other gives those that it may have been meant to
/// be.
pub fn service(name: &str) -> Result<(), Vec<String>> {
    let plain = super::services::plain_name(name).unwrap_or_default();
    let of_table = super::services::services().iter().flat_map(|it| &it.trusts);
    let mut known: BTreeSet<&str> = of_table.map(String::as_str).collect();
    known.extend(file().services.keys().map(String::as_str));
    known.extend(file().other_services.iter().map(String::as_str));
    // They differ from the prefix of the service's actions.
    known.extend(["delivery.logs", "monitoring", "cloudwatch", "vpc-flow-logs"]);
    match known.contains(plain.as_str()) {
        true => Ok(()),
        false => {
            let whole = known.into_iter().map(|it| format!("{it}.amazonaws.com"));
            Err(whole.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::table;

    #[test]
    fn every_action_that_the_code_knows_is_there() {
        let read: File =
            serde_json::from_str(include_str!("../../data/action-names.json")).unwrap();
        assert!(read.services.len() > 50);
        for it in &table().actions {
            assert_eq!(action(&it.action), Ok(()), "{}", it.action);
        }
        for name in super::super::services::actions() {
            assert_eq!(action(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn misspelt_names() {
        for name in [
            "cloudtrail:StopLogging",
            "CLOUDTRAIL:stoplogging",
            "dynamodb:PutItem",
        ] {
            assert_eq!(action(name), Ok(()), "{name}");
        }
        for name in [
            "cloudtrail:StopLoging",
            "cloudtrail:*",
            "cloudtrial:StopLogging",
            "StopLogging",
            "cloudtrail:",
        ] {
            let near = action(name).unwrap_err();
            assert!(
                near.contains(&"cloudtrail:StopLogging".to_owned()),
                "{name}"
            );
        }
        for name in [
            "aws:SourceIp",
            "AWS:sourceip",
            "aws:PrincipalTag/team",
            "s3:prefix",
            "kms:EncryptionContext:aws:cloudtrail:arn",
            "iam:PassedToService",
        ] {
            assert_eq!(key(name), Ok(()), "{name}");
        }
        for name in ["aws:SorceIp", "aws:PrincipalTag/", "SourceIp", "s3:prefx"] {
            assert!(key(name).is_err(), "{name}");
        }
        for name in [
            "cloudtrail.amazonaws.com",
            "delivery.logs.amazonaws.com",
            "logs.eu-west-1.amazonaws.com",
        ] {
            assert_eq!(service(name), Ok(()), "{name}");
        }
        assert!(service("cloudtrial.amazonaws.com").is_err());
    }
}
