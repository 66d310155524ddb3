//! `aws_cloudtrail`.

use std::collections::BTreeMap;

use super::{Builder, KEYS, Linked};
use crate::calls;
use crate::fact::Unknown;
use crate::ids::Arn;
use crate::inventory::trail::{
    AdvancedSelector, DataResource, EventSelector, FieldSelector, Insight,
};
use crate::inventory::{Selectors, Trail, TrailConfiguration, TrailStatus};
use crate::terraform::plan::{Resource, Side};
use crate::terraform::value::{Unsettled, View, as_bool, as_text};

const CALL: calls::ApiCall = calls::DESCRIBE_TRAILS;

impl<'a> Builder<'a> {
    pub(super) fn trails(&mut self) {
        for (at, resource) in self.plan.of_kind("aws_cloudtrail") {
            if resource.is_on(self.side) {
                let trail = self.trail(at, resource);
                self.origin(trail.arn.as_str(), [at]);
                self.built.trails.insert(trail.arn.clone(), trail);
            }
        }
    }

    fn trail(&self, at: usize, it: &'a Resource) -> Trail {
        let view = self.view(it);
        let place = self.place(it);
        let flag = |name: &str, unset: bool| {
            self.fact(it, name, CALL, |value| value.map_or(Some(unset), as_bool))
        };
        let configuration = TrailConfiguration {
            bucket: self.link(
                at,
                "s3_bucket_name",
                &["aws_s3_bucket"],
                CALL,
                |to| match to {
                    Linked::Text(name) => Some(name),
                    Linked::Resource(bucket) => Some(self.arn(bucket).resource().to_owned()),
                    Linked::Nothing => None,
                },
            ),
            prefix: self.fact(it, "s3_key_prefix", CALL, optional),
            sns_topic: self.topic_of(at, it),
            include_global_service_events: flag("include_global_service_events", true),
            multi_region: flag("is_multi_region_trail", false),
            organization: flag("is_organization_trail", false),
            log_file_validation: flag("enable_log_file_validation", false),
            log_group: self.link(
                at,
                "cloud_watch_logs_group_arn",
                &["aws_cloudwatch_log_group"],
                CALL,
                |to| match to {
                    Linked::Text(arn) => Some(Some(Arn::from(arn))),
                    Linked::Resource(group) => {
                        Some(Some(Arn::from(format!("{}:*", self.arn(group)))))
                    }
                    Linked::Nothing => Some(None),
                },
            ),
            log_group_role: self.link(
                at,
                "cloud_watch_logs_role_arn",
                &["aws_iam_role"],
                CALL,
                |to| match to {
                    Linked::Text(arn) => Some(Some(Arn::from(arn))),
                    Linked::Resource(role) => Some(Some(self.arn(role))),
                    Linked::Nothing => Some(None),
                },
            ),
            kms_key: self.link(at, "kms_key_id", &KEYS, CALL, |to| match to {
                Linked::Text(key) => Some(Some(self.key_arn(&key, &place))),
                Linked::Resource(key) => Some(Some(self.arn(self.key_behind(key)))),
                Linked::Nothing => Some(None),
            }),
        };
        let status = calls::GET_TRAIL_STATUS;
        // What is written to another bucket, or with another key, has not been written yet.
        let moved = self.side == Side::After
            && !self.is_created(it)
            && ["s3_bucket_name", "s3_key_prefix", "kms_key_id"]
                .into_iter()
                .any(|name| {
                    let before = it.view(Side::Before, false).attr(name);
                    before.text() != view.attr(name).text()
                });
        let delivery = || match moved {
            true => Unknown(self.after_apply(it, "", status)),
            false => self.in_time(it, status),
        };
        Trail {
            arn: self.arn(at),
            name: self.name(it, "name"),
            account: place.account(),
            home_region: place.region(),
            configuration,
            differing: BTreeMap::new(),
            status: TrailStatus {
                logging: self.fact(it, "enable_logging", status, |value| {
                    value.map_or(Some(true), as_bool)
                }),
                started: self.in_time(it, status),
                stopped: self.in_time(it, status),
                delivery: delivery(),
                digest: delivery(),
                log_group: self.in_time(it, status),
                notification: self.in_time(it, status),
            },
            selectors: self.selectors(it, calls::GET_EVENT_SELECTORS),
            insights: self.settled(
                it,
                "insight_selector",
                calls::GET_INSIGHT_SELECTORS,
                insights(view),
            ),
            aggregations: self.default(it, calls::GET_EVENT_CONFIGURATION, Vec::new()),
            regions: Vec::new(),
            tags: self.tags(it, calls::LIST_TRAIL_TAGS),
        }
    }

    /// The topic by its ARN, or by its name: then it is the trail's own account's and region's.
    fn topic_of(&self, at: usize, it: &'a Resource) -> crate::fact::Fact<Option<Arn>> {
        let place = self.place(it);
        self.link(
            at,
            "sns_topic_name",
            &["aws_sns_topic"],
            CALL,
            |to| match to {
                Linked::Text(arn) if arn.starts_with("arn:") => Some(Some(Arn::from(arn))),
                Linked::Text(name) => Some(Some(place.arn("sns", &name))),
                Linked::Resource(topic) => Some(Some(self.arn(topic))),
                Linked::Nothing => Some(None),
            },
        )
    }

    /// The selectors of a trail or a store.
    pub(super) fn selectors(
        &self,
        it: &'a Resource,
        call: calls::ApiCall,
    ) -> crate::fact::Fact<Selectors> {
        let view = self.view(it);
        let part = |name: &str| -> Option<Vec<View<'a>>> {
            match view.blocks(name) {
                Some(blocks) => Some(blocks),
                None if self.is_created(it) && !self.is_configured(it, name) => Some(Vec::new()),
                None => None,
            }
        };
        let (Some(advanced), Some(classic)) =
            (part("advanced_event_selector"), part("event_selector"))
        else {
            return Unknown(self.after_apply(it, "event_selector", call));
        };
        let read = match advanced.is_empty() {
            false => advanced
                .into_iter()
                .map(advanced_selector)
                .collect::<Result<_, _>>()
                .map(Selectors::Advanced),
            true => classic
                .into_iter()
                .map(classic_selector)
                .collect::<Result<_, _>>()
                .map(Selectors::Classic),
        };
        self.settled(it, "event_selector", call, read)
    }

    /// All tags: those of the provider as well, where it says them.
    pub(in crate::terraform) fn tags(
        &self,
        it: &'a Resource,
        call: calls::ApiCall,
    ) -> crate::fact::Fact<BTreeMap<String, String>> {
        self.fact(it, "tags_all", call, |value| {
            let value = value.or_else(|| self.view(it).values.get("tags"));
            let Some(all) = value.and_then(serde_json::Value::as_object) else {
                return Some(BTreeMap::new());
            };
            let each = all
                .iter()
                .map(|(key, value)| Some((key.clone(), as_text(value)?)));
            each.collect()
        })
    }
}

/// A text; an empty one is none.
pub(super) fn optional(value: Option<&serde_json::Value>) -> Option<Option<String>> {
    match value {
        None => Some(None),
        Some(value) => Some(Some(as_text(value)?).filter(|it| !it.is_empty())),
    }
}

/// The provider's and AWS's defaults are the same.
fn classic_selector(view: View<'_>) -> Result<EventSelector, Unsettled> {
    let data = view.blocks("data_resource").ok_or(Unsettled)?;
    let data = data.into_iter().map(|block| {
        Ok(DataResource {
            kind: block.text("type")?.unwrap_or_default(),
            values: block.texts("values")?,
        })
    });
    Ok(EventSelector {
        read_write: view
            .text("read_write_type")?
            .unwrap_or_else(|| "All".to_owned()),
        management: view.bool("include_management_events", true)?,
        excluded_sources: view.texts("exclude_management_event_sources")?,
        data: data.collect::<Result<_, _>>()?,
    })
}

fn advanced_selector(view: View<'_>) -> Result<AdvancedSelector, Unsettled> {
    let fields = view.blocks("field_selector").ok_or(Unsettled)?;
    let fields = fields.into_iter().map(|field| {
        Ok(FieldSelector {
            field: field.text("field")?.ok_or(Unsettled)?,
            equals: field.texts("equals")?,
            starts_with: field.texts("starts_with")?,
            ends_with: field.texts("ends_with")?,
            not_equals: field.texts("not_equals")?,
            not_starts_with: field.texts("not_starts_with")?,
            not_ends_with: field.texts("not_ends_with")?,
        })
    });
    Ok(AdvancedSelector {
        // It means nothing.
        name: view.text("name").unwrap_or_default(),
        fields: fields.collect::<Result<_, _>>()?,
    })
}

fn insights(view: View<'_>) -> Result<Vec<Insight>, Unsettled> {
    let blocks = view.blocks("insight_selector").ok_or(Unsettled)?;
    let each = blocks.into_iter().map(|block| {
        let kind = block.text("insight_type")?.ok_or(Unsettled)?;
        let categories = block.texts("event_categories")?;
        Ok(match categories.is_empty() {
            true => Insight::of_management(kind),
            false => Insight { kind, categories },
        })
    });
    each.collect()
}
