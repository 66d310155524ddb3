//! Other names of the checks: the ids of Prowler's checks and of Security Hub's controls.

use std::collections::BTreeMap;

use crate::framework::Framework;

/// The framework whose control ids name checks.
const SECURITY_HUB: &str = "aws-security-hub";

/// The checks by each of their other names.
#[derive(Debug)]
pub struct Aliases(BTreeMap<String, Vec<String>>);

impl Aliases {
    /// All of them; the names of controls are taken from the frameworks.
    ///
    /// # Errors
    ///
    /// The table in the program cannot be read.
    pub fn of(frameworks: &[Framework]) -> Result<Self, toml::de::Error> {
        let mut all: BTreeMap<String, Vec<String>> =
            toml::from_str(include_str!("../data/prowler.toml"))?;
        let hub = frameworks.iter().filter(|it| it.id == SECURITY_HUB);
        for control in hub.flat_map(|it| &it.controls) {
            if !control.checks.is_empty() {
                all.insert(control.id.clone(), control.checks.clone());
            }
        }
        Ok(Self(all))
    }

    /// The ids in the place of each name that is an alias; case does not matter.
    #[must_use]
    pub fn expand(&self, names: &[String]) -> Vec<String> {
        let each = names.iter().flat_map(|name| {
            let found = self.0.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
            found.map_or_else(|| vec![name.clone()], |(_, checks)| checks.clone())
        });
        each.collect()
    }

    /// The other names of a check.
    pub fn names<'a>(&'a self, check: &'a str) -> impl Iterator<Item = &'a str> {
        let own = move |(_, checks): &(&String, &Vec<String>)| checks.iter().any(|it| it == check);
        self.0.iter().filter(own).map(|(name, _)| name.as_str())
    }

    /// Every name.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog, framework};

    #[test]
    fn every_name_is_of_checks_that_are_there() {
        let aliases = Aliases::of(&framework::all().unwrap()).unwrap();
        assert!(aliases.0.len() > 80, "{}", aliases.0.len());
        for (name, checks) in &aliases.0 {
            assert!(!checks.is_empty(), "{name}");
            assert!(catalog::find(name).is_none(), "{name} is a check");
            for check in checks {
                assert!(catalog::find(check).is_some(), "{name}: {check}");
            }
        }
    }

    #[test]
    fn names_of_other_tools_select_checks() {
        let aliases = Aliases::of(&framework::all().unwrap()).unwrap();
        let of = |name: &str| aliases.expand(&[name.to_owned()]);
        assert!(of("cloudtrail_multi_region_enabled").contains(&"trail-multi-region".to_owned()));
        assert!(of("CloudTrail.4").contains(&"trail-log-file-validation".to_owned()));
        assert_eq!(of("cloudtrail.4"), of("CloudTrail.4"));
        assert_eq!(of("bucket-*"), ["bucket-*"]);
        let names: Vec<&str> = aliases.names("trail-log-file-validation").collect();
        assert!(names.contains(&"cloudtrail_log_file_validation_enabled"));
        assert!(names.contains(&"CloudTrail.4"));
    }
}
