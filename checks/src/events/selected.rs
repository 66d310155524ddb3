//! What a call that sets the event selectors of a trail leaves out, by the same sets that judge a trail.

use crate::ids::{AccountId, Region};
use crate::inventory::Selectors;
use crate::inventory::trail::{AdvancedSelector, DataResource, EventSelector, FieldSelector};
use crate::selectors::{self, Answer, Events, Field as On, Pattern};

use super::field::Field;
use super::raw::{Kind, Raw};
use super::record::Record;

/// What is no longer recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Events that are not recorded any more, in words: `management events: read events are not logged`.
    pub lost: Vec<String>,
    /// Events of which it cannot be told.
    pub unclear: Vec<String>,
}

impl LeftOut {
    /// Everything is still recorded.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.lost.is_empty() && self.unclear.is_empty()
    }
}

/// The selectors that a PutEventSelectors sets, in either language. None if the record has none: its parameters may
/// have been too long to be recorded.
#[must_use]
pub fn selectors_of(record: &Record<'_>) -> Option<Selectors> {
    let given = |name: &str| record.path(Field::RequestParameters, &[name]);
    let list = |name: &str| given(name).filter(|it| it.kind() == Kind::Array);
    if let Some(advanced) = list("advancedEventSelectors") {
        return Some(Selectors::Advanced(
            advanced.elements().map(advanced_of).collect(),
        ));
    }
    let classic = list("eventSelectors")?;
    Some(Selectors::Classic(
        classic.elements().map(classic_of).collect(),
    ))
}

fn texts(value: Raw<'_>, name: &str) -> Vec<String> {
    let items = value.get(name).into_iter().flat_map(Raw::elements);
    items
        .filter_map(|it| Some(it.text()?.to_string()))
        .collect()
}

fn text(value: Raw<'_>, name: &str) -> Option<String> {
    Some(value.get(name)?.text()?.to_string())
}

/// What the call leaves out is AWS's default: everything of management events (API reference, EventSelector).
fn classic_of(value: Raw<'_>) -> EventSelector {
    let data = value
        .get("dataResources")
        .into_iter()
        .flat_map(Raw::elements);
    EventSelector {
        read_write: text(value, "readWriteType").unwrap_or_else(|| "All".to_owned()),
        management: value
            .get("includeManagementEvents")
            .and_then(Raw::flag)
            .unwrap_or(true),
        excluded_sources: texts(value, "excludeManagementEventSources"),
        data: data
            .map(|it| DataResource {
                kind: text(it, "type").unwrap_or_default(),
                values: texts(it, "values"),
            })
            .collect(),
    }
}

fn advanced_of(value: Raw<'_>) -> AdvancedSelector {
    let fields = value
        .get("fieldSelectors")
        .into_iter()
        .flat_map(Raw::elements);
    AdvancedSelector {
        name: text(value, "name"),
        fields: fields
            .map(|field| FieldSelector {
                field: text(field, "field").unwrap_or_default(),
                equals: texts(field, "equals"),
                starts_with: texts(field, "startsWith"),
                ends_with: texts(field, "endsWith"),
                not_equals: texts(field, "notEquals"),
                not_starts_with: texts(field, "notStartsWith"),
                not_ends_with: texts(field, "notEndsWith"),
            })
            .collect(),
    }
}

/// What is recorded no longer. Where it is not known what was recorded before, it is every management event: a trail
/// that was given no selectors records these. Of data events nothing can be said then.
#[must_use]
pub fn left_out(before: Option<&Selectors>, now: &Selectors) -> LeftOut {
    let management = Selectors::Classic(Vec::new());
    let before = sets(before.unwrap_or(&management));
    let now = sets(now);
    let mut out = LeftOut::default();
    for set in &before {
        let what = words(set);
        match selectors::judge(set, &now) {
            Answer::Covers => {}
            Answer::Lacks(hole) => out.lost.push(format!("{what}: {hole}")),
            Answer::CannotTell(gaps) => {
                let why: Vec<String> = gaps.iter().map(|it| it.detail.clone()).collect();
                out.unclear.push(format!("{what}: {}", why.join("; ")));
            }
        }
    }
    out.lost.sort();
    out.lost.dedup();
    out
}

fn sets(selectors: &Selectors) -> Vec<Events> {
    selectors::sets(selectors, &AccountId::from(""), &Region::from(""))
}

/// What a set holds, by its category and the type of its resources.
fn words(set: &Events) -> String {
    let value = |field| {
        let mut on = set.conditions.iter().filter(|it| it.field == field);
        on.find_map(|it| match it.any_of.as_slice() {
            [Pattern::Equals(value)] => Some(value.clone()),
            _ => None,
        })
    };
    match (value(On::EventCategory).as_deref(), value(On::ResourceType)) {
        (Some("Management"), _) => "management events".to_owned(),
        (Some("Data"), Some(kind)) => format!("data events of {kind}"),
        (Some("Data"), None) => "data events".to_owned(),
        (Some("NetworkActivity"), _) => "network activity events".to_owned(),
        (Some(other), _) => format!("{other} events"),
        (None, _) => "events".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parameters: &str) -> Selectors {
        let record =
            format!(r#"{{"eventName":"PutEventSelectors","requestParameters":{parameters}}}"#);
        selectors_of(&Record::read(record.as_bytes()).unwrap()).unwrap()
    }

    fn lost(before: Option<&str>, now: &str) -> Vec<String> {
        let before = before.map(of);
        let out = left_out(before.as_ref(), &of(now));
        assert_eq!(out.unclear, Vec::<String>::new());
        out.lost
    }

    const ALL: &str = r#"{"trailName":"t","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true}]}"#;

    #[test]
    fn what_a_call_leaves_out_is_told() {
        for (before, now, wanted) in [
            (None, ALL, vec![]),
            // What a published attack tool does: nothing is recorded any more.
            (
                None,
                r#"{"eventSelectors":[{"dataResources":[{"type":"AWS::S3::Object","values":[]},{"type":"AWS::Lambda::Function","values":[]}],"excludeManagementEventSources":[],"includeManagementEvents":false,"readWriteType":"ReadOnly"}],"trailName":"t"}"#,
                vec!["management events: none of these events is logged"],
            ),
            (
                Some(ALL),
                r#"{"trailName":"t","eventSelectors":[{"readWriteType":"WriteOnly","includeManagementEvents":true}]}"#,
                vec!["management events: read events are not logged"],
            ),
            // In the other language, and back.
            (
                Some(ALL),
                r#"{"trailName":"t","advancedEventSelectors":[{"name":"m","fieldSelectors":[{"field":"eventCategory","equals":["Management"]},{"field":"eventSource","notEquals":["kms.amazonaws.com"]}]}]}"#,
                vec!["management events: events from kms.amazonaws.com are not logged"],
            ),
            (
                Some(
                    r#"{"trailName":"t","advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Data"]},{"field":"resources.type","equals":["AWS::S3::Object"]}]},{"fieldSelectors":[{"field":"eventCategory","equals":["Management"]}]}]}"#,
                ),
                ALL,
                vec!["data events of AWS::S3::Object: none of these events is logged"],
            ),
            // More than before.
            (
                Some(
                    r#"{"trailName":"t","eventSelectors":[{"readWriteType":"WriteOnly","includeManagementEvents":true}]}"#,
                ),
                ALL,
                vec![],
            ),
        ] {
            assert_eq!(lost(before, now), wanted, "{now}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_fine() {
        let odd = of(
            r#"{"trailName":"t","advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Management"]},{"field":"moonPhase","equals":["full"]}]}]}"#,
        );
        let out = left_out(None, &odd);
        assert!(!out.is_nothing());
        // Omitted parameters are no selectors.
        let record = br#"{"eventName":"PutEventSelectors","requestParameters":null}"#;
        assert_eq!(selectors_of(&Record::read(record).unwrap()), None);
    }
}
