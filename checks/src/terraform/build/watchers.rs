//! What is set for a region or an account: alarms, GuardDuty, Security Hub, Macie, Block Public Access of the account.
//!
//! A plan holds what it manages of these, and not all that there is: the lists are to be compared with the other side's.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Builder, Place};
use crate::calls::{self, ApiCall};
use crate::fact::{Fact, Known, Unknown};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::facts::Facts as _;
use crate::inventory::monitoring::{Alarm, WatchedMetric};
use crate::inventory::{Account, RegionView};
use crate::terraform::plan::Resource;
use crate::terraform::resolve::Target;
use crate::terraform::value::{Unsettled, View, as_bool, as_number, as_text};

const CALL: ApiCall = calls::DESCRIBE_ALARMS;

/// Services that are on where their resource is, and the attribute that can switch them off.
const SERVICES: [(&str, &str); 3] = [
    ("aws_guardduty_detector", "enable"),
    ("aws_securityhub_account", ""),
    ("aws_macie2_account", "status"),
];

impl<'a> Builder<'a> {
    pub(super) fn watchers(&mut self) {
        let mut views: BTreeMap<(AccountId, Region), RegionView> = BTreeMap::new();
        for (at, it) in self.plan.of_kind("aws_cloudwatch_metric_alarm") {
            let view = self.region(&mut views, it);
            if let Fact::Unknown(_) = view.alarms {
                view.alarms = Known(Vec::new());
            }
            if let (true, Known(alarms)) = (it.is_on(self.side), &mut view.alarms) {
                alarms.push(self.alarm(at, it));
            }
        }
        for (kind, switch) in SERVICES {
            for (_, it) in self.plan.of_kind(kind) {
                let on = match it.is_on(self.side) {
                    // Not yet there: what the inventory says of it counts.
                    false if self.side == crate::terraform::plan::Side::Before => continue,
                    false => Known(false),
                    true => self.fact(it, switch, calls::GET_DETECTOR, |value| match value {
                        None => Some(true),
                        Some(Value::String(status)) => {
                            Some(status != "PAUSED" && status != "false")
                        }
                        Some(value) => as_bool(value),
                    }),
                };
                let view = self.region(&mut views, it);
                match kind {
                    "aws_guardduty_detector" => view.guardduty = on,
                    "aws_securityhub_account" => view.security_hub = on,
                    _ => view.macie = on,
                }
            }
        }
        self.built.regions = views.into_values().collect();
        self.accounts();
    }

    fn region<'v>(
        &self,
        views: &'v mut BTreeMap<(AccountId, Region), RegionView>,
        it: &Resource,
    ) -> &'v mut RegionView {
        let place = self.place(it);
        let key = (place.account(), place.region());
        views.entry(key).or_insert_with(|| {
            let view = RegionView {
                account: place.account(),
                region: place.region(),
                trails: Fact::default(),
                event_data_stores: Fact::default(),
                channels: Fact::default(),
                alarms: Fact::default(),
                rules: Fact::default(),
                log_resource_policies: Fact::default(),
                config_recorder: Fact::default(),
                guardduty: Fact::default(),
                security_hub: Fact::default(),
                security_standards: Fact::default(),
                macie: Fact::default(),
                access_analyzers: Fact::default(),
                tampering: Fact::default(),
            };
            view.settled(&|call| self.not_in_plan(it, call))
        })
    }

    fn alarm(&self, at: usize, it: &'a Resource) -> Alarm {
        let text = |name: &str| self.fact(it, name, CALL, super::trail::optional);
        // The provider writes 0 for what is not set.
        let number = |name: &str| {
            self.fact(it, name, CALL, |value| match value {
                None => Some(None),
                Some(value) => Some(i32::try_from(as_number(value)?).ok().filter(|it| *it != 0)),
            })
        };
        let (statistic, extended) = (text("statistic"), text("extended_statistic"));
        Alarm {
            arn: self.arn(at),
            name: self.name(it, "alarm_name"),
            namespace: text("namespace"),
            metric: text("metric_name"),
            statistic: match (statistic, extended) {
                (Known(None), other) => other,
                (some, _) => some,
            },
            period: number("period"),
            evaluation_periods: number("evaluation_periods"),
            datapoints_to_alarm: number("datapoints_to_alarm"),
            threshold: self.fact(it, "threshold", CALL, |value| match value {
                None => Some(None),
                Some(value) => Some(Some(value.as_f64()?)),
            }),
            comparison: text("comparison_operator"),
            missing_data: text("treat_missing_data"),
            actions_enabled: self.fact(it, "actions_enabled", CALL, |value| {
                value.map_or(Some(true), as_bool)
            }),
            alarm_actions: self.actions(at, it),
            expressions: self.queries(it, |query| query.text("expression")),
            metrics: self.queries(it, |query| {
                let Some(metric) = query.block("metric")? else {
                    return Ok(None);
                };
                Ok(Some(WatchedMetric {
                    namespace: metric.text("namespace")?.unwrap_or_default(),
                    name: metric.text("metric_name")?.ok_or(Unsettled)?,
                }))
            }),
            dimensions: self.fact(it, "dimensions", CALL, |value| {
                let all = value.and_then(Value::as_object).into_iter().flatten();
                all.map(|(key, value)| Some((key.clone(), as_text(value)?)))
                    .collect()
            }),
            unit: text("unit"),
            state: self.in_time(it, CALL),
            state_since: self.in_time(it, CALL),
        }
    }

    fn queries<T>(
        &self,
        it: &'a Resource,
        read: impl Fn(View<'a>) -> Result<Option<T>, Unsettled>,
    ) -> Fact<Vec<T>> {
        let all = self.view(it).blocks("metric_query").ok_or(Unsettled);
        let all = all.and_then(|all| {
            let each = all.into_iter().filter_map(|query| read(query).transpose());
            each.collect()
        });
        self.settled(it, "metric_query", CALL, all)
    }

    /// The topics, where each is known or one of the plan's.
    fn actions(&self, at: usize, it: &'a Resource) -> Fact<Vec<Arn>> {
        if let Ok(all) = self.view(it).texts("alarm_actions") {
            return Known(all.into_iter().map(Arn::from).collect());
        }
        match self
            .plan
            .target(at, "alarm_actions", &["aws_sns_topic"], self.side)
        {
            Target::Resource(topic) => Known(vec![self.arn(topic)]),
            Target::Nothing => Known(Vec::new()),
            Target::Text(_) | Target::Open(_) => {
                Unknown(self.after_apply(it, "alarm_actions", CALL))
            }
        }
    }

    fn accounts(&mut self) {
        let call = calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK;
        for (_, it) in self.plan.of_kind("aws_s3_account_public_access_block") {
            let block = match it.is_on(self.side) {
                false if self.side == crate::terraform::plan::Side::Before => continue,
                false => Known(None),
                true => {
                    let read = super::bucket_parts::public_access_block(self.view(it));
                    self.settled(it, "block_public_acls", call, read.map(Some))
                }
            };
            let place: Place = self.place(it);
            let account = Account {
                id: place.account(),
                name: None,
                state: Fact::default(),
                parent: Fact::default(),
                management: false,
                excluded: false,
                session: Fact::default(),
                regions: Fact::default(),
                regions_assumed: false,
                public_access_block: block,
                summary: Fact::default(),
            };
            let account = account.settled(&|call| self.not_in_plan(it, call));
            self.built.accounts.push(account);
        }
    }
}
