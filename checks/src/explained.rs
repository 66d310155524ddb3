//! How each check judges, in words, and the cases that look alike and end differently.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::catalog;
use crate::events::key::{Distinct, First, Key, When};

/// What is said of one check.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// How it judges.
    pub judged: String,
    /// Cases that look alike and end differently, one sentence each.
    pub alike: Vec<String>,
}

/// Every check's words, by id; those of checks that are to come among them.
pub fn all() -> Result<BTreeMap<String, Explained>, toml::de::Error> {
    let mut all: BTreeMap<String, Explained> = toml::from_str(include_str!("../explained.toml"))?;
    for key in catalog::keys() {
        all.insert(key.id.to_owned(), of_events(key));
    }
    Ok(all)
}

/// The words of a check on records: its table says it all.
fn of_events(key: &Key) -> Explained {
    let names = match key.names {
        [] => "any call".to_owned(),
        names => format!("`{}`", names.join(", ")),
    };
    let judged = match key.when {
        When::Each("") => format!("Fails for each resource or actor of a verified record of {names}."),
        When::Each(text) => format!("Fails for each resource or actor of a verified record of {names} for which `{text}` holds."),
        When::LogBucket(_) => format!("Fails for each log bucket that a verified record of {names} is about."),
        When::LogKey => format!(
            "Fails for each key that encrypts logs and that a verified record of {names} is about. Where these keys are \
             not known, any key counts, one severity step lower."
        ),
        When::CrossAccount => format!("Fails for each role of a verified record of {names} whose caller belongs to another account."),
        When::First(First::DeniedOfActor) => "Fails for the first denied call of each actor in what was read, one severity step \
             lower: earlier calls may be unknown.".to_owned(),
        When::First(First::WriteInRegion) => "Fails for the first write in each region of each account in what was read, one severity \
             step lower: earlier use may be unknown.".to_owned(),
        When::Distinct { least, of } => {
            let what = match of {
                Distinct::DeniedNames => "different denied calls",
                Distinct::BucketReads => "different reads of bucket settings",
                Distinct::ObjectsLost => "deleted or encrypted objects of a bucket",
                Distinct::Secrets => "different secrets or parameters",
            };
            format!("Fails for each actor with {least} or more {what} in ten minutes of event time, by verified records of {names}.")
        }
        When::OffInstance => "Fails for each instance role of a session whose public address is not the first that the session used. \
             Private addresses are those of VPC endpoints and do not count.".to_owned(),
        When::Log => "Fails for each log file of this kind in the period.".to_owned(),
    };
    let mut alike = vec![
        "A record in a log that no valid digest proves gives unknown, not fail.".to_owned(),
        "No such record gives a pass only where every hour of the period is verified.".to_owned(),
    ];
    if !key.failures {
        alike.push("An attempt that was refused counts one severity step lower.".to_owned());
    }
    Explained { judged, alike }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_explained_and_nothing_else() {
        let mut wanted: BTreeMap<String, String> =
            toml::from_str(include_str!("../catalogue.toml")).unwrap();
        for key in catalog::keys() {
            wanted.insert(key.id.to_owned(), String::new());
        }
        let (all, left_out) = (all().unwrap(), catalog::left_out().unwrap());
        for id in wanted.keys().filter(|id| !left_out.contains_key(*id)) {
            let words = all.get(id).unwrap_or_else(|| {
                panic!("checks/explained.toml says nothing of {id}");
            });
            assert!(words.judged.len() > 25, "{id}: say how it judges");
            assert!(!words.alike.is_empty(), "{id}: which cases look alike?");
            let sentences = words.alike.iter().chain([&words.judged]);
            for sentence in sentences {
                assert!(sentence.ends_with('.'), "{id}: {sentence}");
            }
        }
        for id in all.keys() {
            assert!(wanted.contains_key(id), "what is {id}?");
        }
    }
}
