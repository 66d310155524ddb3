//! Services that run code or make calls under a role: by which calls somebody puts them to use, with iam:PassRole or
//! where the role is in use already. The one table is `data/services.json`; the documentation is made of it.

use std::fmt::Write as _;
use std::sync::LazyLock;

use serde::Deserialize;

/// A service that acts under roles that trust it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// As AWS calls it.
    pub name: String,
    /// The service principals that such roles trust, without region and domain: `tasks.apprunner`.
    pub trusts: Vec<String>,
    /// It makes only certain calls under the role: not whatever the caller likes.
    #[serde(default)]
    pub limited: bool,
    /// Ways that hand over a role; each needs iam:PassRole as well.
    #[serde(default)]
    pub with_role: Vec<Way>,
    /// Ways that use a role which the service has already.
    #[serde(default)]
    pub existing: Vec<Way>,
}

/// One way to act under a role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// One call of each group is needed.
    pub calls: Vec<Vec<String>>,
    /// Calls that then start the code. Without any of them somebody or something else has to.
    #[serde(default)]
    pub starts: Vec<String>,
}

impl Way {
    fn actions(&self) -> impl Iterator<Item = &str> {
        let all = self.calls.iter().flatten().chain(&self.starts);
        all.map(String::as_str)
    }
}

/// The table.
#[must_use]
pub fn services() -> &'static [Service] {
    static TABLE: LazyLock<Vec<Service>> = LazyLock::new(|| {
        let text = include_str!("../../data/services.json");
        // A test reads it too, and counts.
        serde_json::from_str(text).unwrap_or_default()
    });
    &TABLE
}

/// Every action of the table; some stand there several times.
pub(super) fn actions() -> impl Iterator<Item = &'static str> {
    let ways = services()
        .iter()
        .flat_map(|it| it.with_role.iter().chain(&it.existing));
    ways.flat_map(Way::actions)
}

/// The domains that service principals end in: AWS, China, the European Sovereign Cloud, and the isolated partitions.
const DOMAINS: [&str; 7] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
];

/// A service principal without region and domain: `states.us-east-1.amazonaws.com` and `states.amazonaws.com.cn` are
/// both `states`. Nothing where it ends in no domain of AWS.
#[must_use]
pub fn plain_name(principal: &str) -> Option<String> {
    let name = principal.to_ascii_lowercase();
    let mut domains = DOMAINS.iter();
    let name = domains.find_map(|domain| name.strip_suffix(domain))?;
    let labels: Vec<&str> = name.split('.').filter(|it| !is_region(it)).collect();
    Some(labels.join("."))
}

/// `us-east-1`, `us-gov-west-1`: words of letters, and a number at the end.
fn is_region(label: &str) -> bool {
    let Some((words, number)) = label.rsplit_once('-') else {
        return false;
    };
    let letters = |word: &str| !word.is_empty() && word.bytes().all(|it| it.is_ascii_alphabetic());
    let digits = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    digits && words.contains('-') && words.split('-').all(letters)
}

/// The services that roles trusting this principal are used by, by their places in the table.
pub(super) fn trusted_by(principal: &str) -> impl Iterator<Item = usize> {
    let name = plain_name(principal);
    let all = services().iter().enumerate();
    all.filter(move |(_, it)| name.as_ref().is_some_and(|name| it.trusts.contains(name)))
        .map(|(place, _)| place)
}

/// What can lead to another's permissions and is not looked for: a pass says so.
pub const NOT_FOLLOWED: [&str; 5] = [
    "secrets, access keys and code stored as data (parameter stores, repositories, images, pipeline sources)",
    "logins to machines, containers and clusters by means other than the AWS API calls in the table",
    "service principals that are not in the table of services",
    "MFA devices that are removed or newly enrolled (iam:DeactivateMFADevice, iam:EnableMFADevice)",
    "the directory behind IAM Identity Center (identitystore:*)",
];

/// The table for people: one row per service.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(
        "| service | roles trust | with `iam:PassRole` | without: where the role is in use already |\n\
         | --- | --- | --- | --- |\n",
    );
    for it in services() {
        let trusts: Vec<String> = it.trusts.iter().map(|it| format!("`{it}`")).collect();
        let limited = if it.limited { " *" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| {}{limited} | {} | {} | {} |",
            it.name,
            trusts.join(", "),
            ways(&it.with_role),
            ways(&it.existing),
        );
    }
    out
}

fn ways(all: &[Way]) -> String {
    if all.is_empty() {
        return "–".to_owned();
    }
    let mut cells = Vec::new();
    for way in all {
        let groups = way.calls.iter().map(|group| {
            let group: Vec<String> = group.iter().map(|it| format!("`{it}`")).collect();
            match group.as_slice() {
                [one] => one.clone(),
                several if way.calls.len() > 1 => format!("({})", several.join(" or ")),
                several => several.join(" or "),
            }
        });
        cells.push(groups.collect::<Vec<_>>().join(" and "));
    }
    cells.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_whole() {
        let text = include_str!("../../data/services.json");
        let read: Vec<Service> = serde_json::from_str(text).unwrap();
        assert_eq!(services(), read);
        assert_eq!(read.len(), 33);
        let mut names = BTreeSet::new();
        for it in &read {
            assert!(!it.with_role.is_empty(), "{}", it.name);
            for name in &it.trusts {
                assert!(names.insert(name.clone()), "{name} stands there twice");
                let whole = format!("{name}.amazonaws.com");
                assert_eq!(plain_name(&whole).as_ref(), Some(name));
            }
            for way in it.with_role.iter().chain(&it.existing) {
                assert!(!way.calls.is_empty(), "{}", it.name);
                assert!(way.calls.iter().all(|it| !it.is_empty()), "{}", it.name);
            }
        }
        assert!(actions().all(|it| it.split(':').count() == 2));
    }

    #[test]
    fn regions_and_domains_do_not_matter() {
        for (principal, name) in [
            ("states.us-east-1.amazonaws.com", Some("states")),
            ("ec2.amazonaws.com.cn", Some("ec2")),
            ("states.cn-north-1.amazonaws.com.cn", Some("states")),
            ("SSM.us-gov-west-1.amazonaws.com", Some("ssm")),
            ("lambda.amazonaws.eu", Some("lambda")),
            ("tasks.apprunner.amazonaws.com", Some("tasks.apprunner")),
            ("ecs-tasks.amazonaws.com", Some("ecs-tasks")),
            ("bedrock-agentcore.amazonaws.com", Some("bedrock-agentcore")),
            ("states.example.com", None),
            ("states", None),
        ] {
            assert_eq!(plain_name(principal).as_deref(), name, "{principal}");
        }
    }
}
