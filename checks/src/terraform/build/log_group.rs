//! `aws_cloudwatch_log_group` and its filters, and `aws_sns_topic`.

use std::collections::BTreeMap;

use super::{Builder, Joined, KEYS, Linked, Place};
use crate::calls;
use crate::fact::{Fact, Known, Unknown};
use crate::ids::Arn;
use crate::inventory::change::DraftOf;
use crate::inventory::monitoring::{MetricFilter, MetricTransformation, SubscriptionFilter};
use crate::inventory::{LogGroup, LogGroupConfiguration, Topic, TopicConfiguration};
use crate::terraform::plan::{Resource, Side};
use crate::terraform::value::{Unsettled, View, as_bool, as_number, as_text};

const GROUP: &[&str] = &["aws_cloudwatch_log_group"];

impl<'a> Builder<'a> {
    pub(super) fn log_groups(&mut self) {
        let by_name = |name: &str, place: &Place| place.arn("logs", &format!("log-group:{name}"));
        let metrics = self.joined(
            "aws_cloudwatch_log_metric_filter",
            "log_group_name",
            GROUP,
            &by_name,
        );
        let subscriptions = self.joined(
            "aws_cloudwatch_log_subscription_filter",
            "log_group_name",
            GROUP,
            &by_name,
        );
        for (at, it) in self.plan.of_kind("aws_cloudwatch_log_group") {
            let gone = it.is_removed() && !it.is_on(self.side);
            if !it.is_on(self.side) && !gone {
                continue;
            }
            let arn = self.arn(at);
            let place = self.place(it);
            let group = LogGroup {
                arn: arn.clone(),
                name: self.name(it, "name"),
                account: place.account(),
                region: place.region(),
                configuration: match gone {
                    true => Known(None),
                    false => Known(Some(self.group_configuration(at, it))),
                },
                metric_filters: self.filters(
                    it,
                    at,
                    &metrics,
                    calls::DESCRIBE_METRIC_FILTERS,
                    metric_filter,
                ),
                subscription_filters: self.filters(
                    it,
                    at,
                    &subscriptions,
                    calls::DESCRIBE_SUBSCRIPTION_FILTERS,
                    subscription_filter,
                ),
            };
            let all = [metrics.of(&arn), subscriptions.of(&arn)].concat();
            self.origin(arn.as_str(), std::iter::once(at).chain(all));
            self.built.log_groups.insert(arn, group);
        }
    }

    fn group_configuration(&self, at: usize, it: &'a Resource) -> LogGroupConfiguration {
        let call = calls::DESCRIBE_LOG_GROUPS;
        let place = self.place(it);
        LogGroupConfiguration {
            retention_days: self.fact(it, "retention_in_days", call, |value| match value {
                None => Some(None),
                // 0: events never expire.
                Some(value) => Some(i32::try_from(as_number(value)?).ok().filter(|it| *it != 0)),
            }),
            kms_key: self.link(at, "kms_key_id", &KEYS, call, |to| match to {
                Linked::Text(key) => Some(Some(self.key_arn(&key, &place))),
                Linked::Resource(key) => Some(Some(self.arn(self.key_behind(key)))),
                Linked::Nothing => Some(None),
            }),
            class: self.fact(it, "log_group_class", call, |value| match value {
                None => Some(Some("STANDARD".to_owned())),
                Some(value) => Some(as_text(value).filter(|it| !it.is_empty())),
            }),
            deletion_protection: self.fact(it, "deletion_protection_enabled", call, |value| {
                value.map_or(Some(Some(false)), |value| as_bool(value).map(Some))
            }),
            bearer_token: self.default(it, call, Some(false)),
        }
    }

    /// The filters of a group: all of them are known only of a group that the plan creates.
    fn filters<T>(
        &self,
        it: &Resource,
        at: usize,
        joined: &Joined,
        call: calls::ApiCall,
        read: fn(View<'a>) -> Result<T, Unsettled>,
    ) -> Fact<Vec<T>> {
        if let Some(open) = joined
            .open(Some(at))
            .and_then(|at| self.plan.resources.get(at))
        {
            return Unknown(self.after_apply(open, "log_group_name", call));
        }
        let all = joined.of(&self.arn(at)).iter();
        let all = all.filter_map(|at| self.plan.resources.get(*at));
        let all: Vec<&Resource> = all.collect();
        if !self.is_created(it) {
            // Lists of what is there already: only what the plan changes in them is told.
            return match all.iter().find(|it| it.is_changed()) {
                Some(changed) if self.side == Side::After => {
                    Unknown(self.after_apply(changed, "", call))
                }
                Some(_) | None => Unknown(self.not_in_plan(it, call)),
            };
        }
        let mut filters = Vec::new();
        for it in all.into_iter().filter(|it| it.is_on(self.side)) {
            match read(self.view(it)) {
                Ok(filter) => filters.push(filter),
                Err(Unsettled) => return Unknown(self.after_apply(it, "pattern", call)),
            }
        }
        Known(filters)
    }

    pub(super) fn topics(&mut self) {
        let by_arn = |arn: &str, _: &Place| Arn::from(arn);
        let kinds = &["aws_sns_topic"];
        let policies = self.joined("aws_sns_topic_policy", "arn", kinds, &by_arn);
        let listeners = self.joined("aws_sns_topic_subscription", "topic_arn", kinds, &by_arn);
        for (at, it) in self.plan.of_kind("aws_sns_topic") {
            let gone = it.is_removed() && !it.is_on(self.side);
            if !it.is_on(self.side) && !gone {
                continue;
            }
            let arn = self.arn(at);
            let call = calls::GET_TOPIC_ATTRIBUTES;
            let on = |at: &&usize| {
                self.plan
                    .resources
                    .get(**at)
                    .is_some_and(|it| it.is_on(self.side))
            };
            let policy = match policies.of(&arn).iter().find(on) {
                Some(at) => match self.plan.resources.get(*at) {
                    Some(it) => {
                        let named = !arn.as_str().contains("plan:");
                        let of = DraftOf::Topic(arn.clone());
                        self.policy(it, self.view(it), call, named, of)
                    }
                    None => Fact::default(),
                },
                None => match self.fact(it, "policy", call, super::trail::optional) {
                    // The default policy names the account's own principals; which statements it has is not documented.
                    Known(None) => Unknown(self.not_in_plan(it, call)),
                    other @ (Known(_) | Unknown(_)) => other,
                },
            };
            let call = calls::LIST_SUBSCRIPTIONS;
            let mut all = listeners
                .of(&arn)
                .iter()
                .chain(listeners.open.iter().map(|it| &it.0));
            let changed = all.any(|at| {
                self.plan
                    .resources
                    .get(*at)
                    .is_some_and(Resource::is_changed)
            });
            let subscriptions = match (changed, self.side) {
                (true, Side::After) => Unknown(self.after_apply(it, "", call)),
                (true, Side::Before) => Unknown(self.not_in_plan(it, call)),
                (false, _) => self.default(it, call, Vec::new()),
            };
            let topic = Topic {
                arn: arn.clone(),
                configuration: match gone {
                    true => Known(None),
                    false => Known(Some(TopicConfiguration {
                        policy,
                        kms_key: self.link(
                            at,
                            "kms_master_key_id",
                            &KEYS,
                            calls::GET_TOPIC_ATTRIBUTES,
                            |to| match to {
                                Linked::Text(key) => Some(Some(key)),
                                Linked::Resource(key) => Some(Some(self.arn(key).to_string())),
                                Linked::Nothing => Some(None),
                            },
                        ),
                    })),
                },
                subscriptions,
            };
            let all = [policies.of(&arn), listeners.of(&arn)].concat();
            self.origin(arn.as_str(), std::iter::once(at).chain(all));
            self.built.topics.insert(arn, topic);
        }
    }
}

fn metric_filter(view: View<'_>) -> Result<MetricFilter, Unsettled> {
    let blocks = view.blocks("metric_transformation").ok_or(Unsettled)?;
    let transformations = blocks.into_iter().map(|block| {
        let dimensions = block.settled("dimensions")?.and_then(|it| it.as_object());
        let dimensions = dimensions.into_iter().flatten();
        let dimensions: Option<BTreeMap<String, String>> = dimensions
            .map(|(key, value)| Some((key.clone(), as_text(value)?)))
            .collect();
        Ok(MetricTransformation {
            namespace: block.text("namespace")?.ok_or(Unsettled)?,
            name: block.text("name")?.ok_or(Unsettled)?,
            value: block.text("value")?.ok_or(Unsettled)?,
            default: block.text("default_value")?,
            dimensions: dimensions.ok_or(Unsettled)?,
            unit: Known(block.text("unit")?),
        })
    });
    Ok(MetricFilter {
        name: view.text("name")?.ok_or(Unsettled)?,
        pattern: view.text("pattern")?.unwrap_or_default(),
        transformations: transformations.collect::<Result<_, _>>()?,
        // Attributes of later providers; without them, AWS's defaults.
        field_selection: Known(view.text("field_selection_criteria")?),
        system_dimensions: Known(view.texts("emit_system_field_dimensions")?),
        transformed: Known(view.bool("apply_on_transformed_logs", false)?),
    })
}

fn subscription_filter(view: View<'_>) -> Result<SubscriptionFilter, Unsettled> {
    Ok(SubscriptionFilter {
        name: view.text("name")?.ok_or(Unsettled)?,
        pattern: view.text("filter_pattern")?.unwrap_or_default(),
        destination: Arn::from(view.text("destination_arn")?.ok_or(Unsettled)?),
    })
}
