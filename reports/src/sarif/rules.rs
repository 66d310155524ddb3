//! Every selected check as a rule, fired or not, and the frameworks as taxonomies.

use std::collections::BTreeMap;

use serde_json::json;
use trailaudit_checks::audit::{Audit, CheckInfo, ControlRef};
use trailaudit_checks::finding::Severity;

use super::model::{
    Bag, ComponentRef, Configuration, Message, Relationship, Rule, Taxon, TaxonRef, Taxonomy, Text,
};
use super::{DESCRIPTION, NAME, Profile};
use crate::identity;
use crate::sanitize;

/// GitHub shows ten tags of a rule; ours are fewer, the first three the same for all.
const TAGS: usize = 8;
/// The longest help text.
const HELP: usize = 8_000;

/// The level of an open failure.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// A string, as GitHub wants it. 9.0 would be ambiguous: critical is what is over it.
fn security_severity(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Critical => Some("9.5"),
        Severity::High => Some("8.0"),
        Severity::Medium => Some("5.5"),
        Severity::Low => Some("2.0"),
        Severity::Info => None,
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "recommendation",
    }
}

/// The rules, in the order of the audit's checks.
pub(super) fn rules(audit: &Audit, profile: Profile, frameworks: &Frameworks<'_>) -> Vec<Rule> {
    let rule = |check: &CheckInfo| {
        let relationships = match profile {
            Profile::Github => Vec::new(),
            Profile::Full => frameworks.relationships(&check.controls),
        };
        let mut properties = Bag::from([
            ("precision", json!("very-high")),
            ("problem.severity", json!(problem_severity(check.severity))),
            ("tags", json!(tags(check))),
        ]);
        if let Some(score) = security_severity(check.severity) {
            properties.insert("security-severity", json!(score));
        }
        Rule {
            id: sanitize::short(&check.id, NAME),
            name: pascal(&check.id),
            short_description: text(&check.title),
            full_description: text(&check.why),
            help: help(check),
            help_uri: Some(identity::page_of(&check.id)),
            default_configuration: Configuration {
                level: level(check.severity),
            },
            relationships,
            properties,
        }
    };
    audit.checks.iter().map(rule).collect()
}

fn text(words: &str) -> Text {
    // GitHub refuses an empty text.
    let words = if words.is_empty() { "-" } else { words };
    Text {
        text: sanitize::short(words, DESCRIPTION),
    }
}

fn is_link(text: &str) -> bool {
    text.starts_with("https://") && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `trail-log-file-validation` as `TrailLogFileValidation`.
fn pascal(id: &str) -> String {
    let mut name = String::new();
    for part in id.split('-') {
        let mut chars = part.chars();
        name.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(chars.as_str());
    }
    sanitize::short(&name, NAME)
}

fn tags(check: &CheckInfo) -> Vec<String> {
    let common = ["security", "aws", "cloudtrail"].map(str::to_owned);
    let control =
        |it: &ControlRef| sanitize::short(&format!("{}/{}", it.framework, it.control), NAME);
    let controls = check.controls.iter().map(control);
    common.into_iter().chain(controls).take(TAGS).collect()
}

fn help(check: &CheckInfo) -> Message {
    let CheckInfo {
        title, why, fix, ..
    } = check;
    let controls: Vec<String> = check
        .controls
        .iter()
        .map(|it| format!("{} {}", it.framework, it.control))
        .collect();
    let mut words = format!("{title}. {why} What to do: {fix}");
    let said = |text: &str| sanitize::markdown(text, DESCRIPTION);
    let mut markdown = format!(
        "**{}**\n\n{}\n\n**What to do:** {}\n",
        said(title),
        said(why),
        said(fix)
    );
    if !controls.is_empty() {
        words.push_str(&format!(" Controls: {}.", controls.join(", ")));
        markdown.push_str("\n| Framework | Control |\n| --- | --- |\n");
        for control in &check.controls {
            markdown.push_str(&format!(
                "| {} | {} |\n",
                said(&control.framework),
                said(&control.control)
            ));
        }
    }
    for link in check.references.iter().filter(|it| is_link(it)) {
        markdown.push_str(&format!("\n<{link}>\n"));
    }
    Message {
        text: sanitize::short(&words, HELP),
        markdown: Some(markdown),
    }
}

/// The frameworks that checks refer to, or that were selected: controls by id.
#[derive(Debug)]
pub(super) struct Frameworks<'a>(BTreeMap<&'a str, BTreeMap<&'a str, Option<&'a str>>>);

impl<'a> Frameworks<'a> {
    pub(super) fn of(audit: &'a Audit) -> Self {
        let mut all: BTreeMap<&str, BTreeMap<&str, Option<&str>>> = BTreeMap::new();
        for control in audit.checks.iter().flat_map(|check| &check.controls) {
            all.entry(&control.framework)
                .or_default()
                .insert(&control.control, None);
        }
        for framework in &audit.frameworks {
            let controls = all.entry(&framework.id).or_default();
            for control in &framework.controls {
                controls.insert(&control.id, Some(&control.title));
            }
        }
        Self(all)
    }

    pub(super) fn components(&self) -> Vec<ComponentRef> {
        let component = |(index, name): (usize, &&str)| ComponentRef {
            name: sanitize::short(name, NAME),
            index,
        };
        self.0.keys().enumerate().map(component).collect()
    }

    pub(super) fn taxonomies(&self, audit: &Audit) -> Vec<Taxonomy> {
        let taxonomy = |(id, controls): (&&str, &BTreeMap<&str, Option<&str>>)| {
            let selected = audit.frameworks.iter().find(|it| it.id == **id);
            let taxon = |(id, title): (&&str, &Option<&str>)| Taxon {
                id: sanitize::short(id, NAME),
                short_description: title.map(text),
            };
            Taxonomy {
                name: sanitize::short(id, NAME),
                version: selected.map(|it| sanitize::short(&it.version, NAME)),
                short_description: text(selected.map_or(*id, |it| it.name.as_str())),
                taxa: controls.iter().map(taxon).collect(),
            }
        };
        self.0.iter().map(taxonomy).collect()
    }

    fn relationships(&self, controls: &[ControlRef]) -> Vec<Relationship> {
        let relationship = |control: &ControlRef| {
            let framework = control.framework.as_str();
            let component = self.0.keys().position(|id| *id == framework)?;
            let taxa = self.0.get(framework)?;
            let index = taxa.keys().position(|id| *id == control.control)?;
            Some(Relationship {
                target: TaxonRef {
                    id: sanitize::short(&control.control, NAME),
                    index,
                    tool_component: ComponentRef {
                        name: sanitize::short(framework, NAME),
                        index: component,
                    },
                },
                kinds: ["relevant"],
            })
        };
        controls.iter().filter_map(relationship).collect()
    }
}
