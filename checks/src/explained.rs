//! How each check judges, in words, and the cases that look alike and end differently.

use std::collections::BTreeMap;

use serde::Deserialize;

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
    toml::from_str(include_str!("../explained.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn every_check_is_explained_and_nothing_else() {
        let wanted: BTreeMap<String, String> =
            toml::from_str(include_str!("../catalogue.toml")).unwrap();
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
