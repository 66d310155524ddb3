//! CloudTrail: trails with their shadows, status and selectors; Lake stores and channels.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::types;
use trailaudit_checks::calls::{
    DESCRIBE_TRAILS, GET_CHANNEL, GET_EVENT_CONFIGURATION, GET_EVENT_DATA_STORE,
    GET_EVENT_SELECTORS, GET_INSIGHT_SELECTORS, GET_LAKE_RESOURCE_POLICY, GET_TRAIL_STATUS,
    LIST_CHANNELS, LIST_EVENT_DATA_STORES, LIST_TRAIL_TAGS,
};
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::{Arn, Region};
use trailaudit_checks::inventory::store::Channel;
use trailaudit_checks::inventory::trail::{
    AdvancedSelector, Aggregation, DataResource, EventSelector, FieldSelector, Insight,
    RegionalStatus,
};
use trailaudit_checks::inventory::{
    Delivery, EventDataStore, Selectors, StoreConfiguration, Trail, TrailConfiguration, TrailStatus,
};

use trailaudit_checks::inventory::facts::Facts as _;

use super::ask::{Ask, Read, Target, malformed, not_asked, of_one_answer, pages, send};
use super::time::maybe;

/// Every trail that is shown here, shadows included, with its configuration and nothing else yet.
pub(crate) async fn trails(ask: &Ask, target: &Target) -> Fact<Vec<Trail>> {
    let request = ask
        .clients
        .cloudtrail
        .describe_trails()
        .include_shadow_trails(true);
    let answer = send!(
        ask,
        target,
        DESCRIBE_TRAILS,
        "",
        &[],
        aws_sdk_cloudtrail,
        request
    );
    answer.read((target, DESCRIBE_TRAILS), |out| {
        // One trail without a name makes the listing unreadable: it must not be shorter than it was.
        out.trail_list?
            .into_iter()
            .map(|it| trail(target, it))
            .collect()
    })
}

fn trail(target: &Target, it: types::Trail) -> Option<Trail> {
    let arn = Arn::from(it.trail_arn?);
    let home_region = it.home_region.map_or_else(|| arn.region(), Region::from);
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let configuration = TrailConfiguration {
        bucket: match given(it.s3_bucket_name) {
            Some(bucket) => Known(bucket),
            None => Unknown(malformed(target, DESCRIBE_TRAILS, "no bucket")),
        },
        prefix: Known(given(it.s3_key_prefix)),
        sns_topic: Known(given(it.sns_topic_arn).map(Arn::from)),
        include_global_service_events: Known(it.include_global_service_events.unwrap_or_default()),
        multi_region: Known(it.is_multi_region_trail.unwrap_or_default()),
        organization: Known(it.is_organization_trail.unwrap_or_default()),
        log_file_validation: Known(it.log_file_validation_enabled.unwrap_or_default()),
        log_group: Known(given(it.cloud_watch_logs_log_group_arn).map(Arn::from)),
        log_group_role: Known(given(it.cloud_watch_logs_role_arn).map(Arn::from)),
        kms_key: Known(given(it.kms_key_id).map(Arn::from)),
    };
    let gap = |call| not_asked(target, call);
    Some(Trail {
        name: it
            .name
            .unwrap_or_else(|| arn.resource().trim_start_matches("trail/").to_owned()),
        account: arn.account(),
        home_region,
        configuration,
        differing: BTreeMap::new(),
        status: TrailStatus::default().settled(&gap),
        selectors: Unknown(gap(GET_EVENT_SELECTORS)),
        insights: Unknown(gap(GET_INSIGHT_SELECTORS)),
        aggregations: Unknown(gap(GET_EVENT_CONFIGURATION)),
        regions: Vec::new(),
        tags: Unknown(gap(LIST_TRAIL_TAGS)),
        arn,
    })
}

/// What is only told once, in the home region: status, selectors, insights, tags.
pub(crate) async fn details(ask: &Ask, target: &Target, mut trail: Trail) -> Trail {
    let target = &target.in_region(&trail.home_region);
    let arn = &trail.arn;
    let (status, selectors, insights, aggregations, tags) = futures::join!(
        status(ask, target, arn),
        selectors(ask, target, arn),
        insights(ask, target, arn),
        aggregations(ask, target, arn),
        tags(ask, target, arn),
    );
    trail.status = status;
    trail.selectors = selectors;
    trail.insights = insights;
    trail.aggregations = aggregations;
    trail.tags = tags;
    trail
}

/// The status in further regions: each answers for itself. The home region has answered already.
pub(crate) async fn in_regions(
    ask: &Ask,
    target: &Target,
    trail: &Trail,
    regions: Vec<Region>,
) -> Vec<RegionalStatus> {
    let others = regions.into_iter().filter(|it| *it != trail.home_region);
    let others = others.map(|region| async {
        let there = target.in_region(&region);
        RegionalStatus {
            delivery: status(ask, &there, &trail.arn).await.delivery,
            region,
        }
    });
    let mut all = futures::future::join_all(others).await;
    all.push(RegionalStatus {
        region: trail.home_region.clone(),
        delivery: trail.status.delivery.clone(),
    });
    all.sort_by(|a, b| a.region.cmp(&b.region));
    all
}

async fn status(ask: &Ask, target: &Target, arn: &Arn) -> TrailStatus {
    let request = ask.clients.cloudtrail.get_trail_status().name(arn.as_str());
    let about = arn.as_str();
    let answer = send!(
        ask,
        target,
        GET_TRAIL_STATUS,
        about,
        &[],
        aws_sdk_cloudtrail,
        request
    );
    let read = answer.read((target, GET_TRAIL_STATUS), |out| {
        let delivery =
            |latest: Option<&aws_smithy_types::DateTime>, error: Option<String>| Delivery {
                latest: maybe(latest),
                error: error.filter(|text| !text.is_empty()),
            };
        Some(TrailStatus {
            logging: Known(out.is_logging?),
            started: Known(maybe(out.start_logging_time.as_ref())),
            stopped: Known(maybe(out.stop_logging_time.as_ref())),
            delivery: Known(delivery(
                out.latest_delivery_time.as_ref(),
                out.latest_delivery_error,
            )),
            digest: Known(delivery(
                out.latest_digest_delivery_time.as_ref(),
                out.latest_digest_delivery_error,
            )),
            log_group: Known(delivery(
                out.latest_cloud_watch_logs_delivery_time.as_ref(),
                out.latest_cloud_watch_logs_delivery_error,
            )),
            notification: Known(delivery(
                out.latest_notification_time.as_ref(),
                out.latest_notification_error,
            )),
        })
    });
    of_one_answer(read)
}

async fn selectors(ask: &Ask, target: &Target, arn: &Arn) -> Fact<Selectors> {
    let request = ask
        .clients
        .cloudtrail
        .get_event_selectors()
        .trail_name(arn.as_str());
    let about = arn.as_str();
    let answer = send!(
        ask,
        target,
        GET_EVENT_SELECTORS,
        about,
        &[],
        aws_sdk_cloudtrail,
        request
    );
    answer.read((target, GET_EVENT_SELECTORS), |out| {
        // A trail without selectors has an empty list of them: an answer with neither list is none.
        if out.advanced_event_selectors.is_none() && out.event_selectors.is_none() {
            return None;
        }
        let advanced = out.advanced_event_selectors.unwrap_or_default();
        // A trail has one kind or the other; where an answer holds both, the advanced ones are in force.
        if advanced.is_empty() {
            Some(Selectors::Classic(
                out.event_selectors
                    .unwrap_or_default()
                    .into_iter()
                    .map(classic)
                    .collect(),
            ))
        } else {
            Some(Selectors::Advanced(
                advanced.into_iter().map(self::advanced).collect(),
            ))
        }
    })
}

fn classic(it: types::EventSelector) -> EventSelector {
    let data = it.data_resources.unwrap_or_default().into_iter();
    EventSelector {
        // AWS's documented defaults.
        read_write: it
            .read_write_type
            .map_or("All".to_owned(), |kind| kind.as_str().to_owned()),
        management: it.include_management_events.unwrap_or(true),
        excluded_sources: it.exclude_management_event_sources.unwrap_or_default(),
        data: data
            .map(|it| DataResource {
                kind: it.r#type.unwrap_or_default(),
                values: it.values.unwrap_or_default(),
            })
            .collect(),
    }
}

fn advanced(it: types::AdvancedEventSelector) -> AdvancedSelector {
    let fields = it.field_selectors.into_iter().map(|field| FieldSelector {
        field: field.field,
        equals: field.equals.unwrap_or_default(),
        starts_with: field.starts_with.unwrap_or_default(),
        ends_with: field.ends_with.unwrap_or_default(),
        not_equals: field.not_equals.unwrap_or_default(),
        not_starts_with: field.not_starts_with.unwrap_or_default(),
        not_ends_with: field.not_ends_with.unwrap_or_default(),
    });
    AdvancedSelector {
        name: it.name,
        fields: fields.collect(),
    }
}

async fn insights(ask: &Ask, target: &Target, arn: &Arn) -> Fact<Vec<Insight>> {
    let request = ask
        .clients
        .cloudtrail
        .get_insight_selectors()
        .trail_name(arn.as_str());
    let absent = &["InsightNotEnabledException"];
    let about = arn.as_str();
    let answer = send!(
        ask,
        target,
        GET_INSIGHT_SELECTORS,
        about,
        absent,
        aws_sdk_cloudtrail,
        request
    );
    let selectors = match answer {
        Known(None) => return Known(Vec::new()),
        other => other.read((target, GET_INSIGHT_SELECTORS), |out| out.insight_selectors),
    };
    selectors.map(|selectors| {
        let insight = |selector: types::InsightSelector| {
            let mut insight = Insight::of_management(selector.insight_type?.as_str());
            if let Some(given) = selector.event_categories.filter(|it| !it.is_empty()) {
                insight.categories = given.iter().map(|it| it.as_str().to_owned()).collect();
            }
            Some(insight)
        };
        selectors.into_iter().filter_map(insight).collect()
    })
}

async fn aggregations(ask: &Ask, target: &Target, arn: &Arn) -> Fact<Vec<Aggregation>> {
    let request = ask
        .clients
        .cloudtrail
        .get_event_configuration()
        .trail_name(arn.as_str());
    let answer = send!(
        ask,
        target,
        GET_EVENT_CONFIGURATION,
        arn.as_str(),
        &[],
        aws_sdk_cloudtrail,
        request
    );
    // A trail that aggregates nothing may have no list: the answer names the trail all the same.
    answer.read((target, GET_EVENT_CONFIGURATION), |out| {
        out.trail_arn?;
        let all = out.aggregation_configurations.unwrap_or_default();
        let read = |configuration: types::AggregationConfiguration| Aggregation {
            category: configuration.event_category.as_str().to_owned(),
            templates: configuration
                .templates
                .iter()
                .map(|it| it.as_str().to_owned())
                .collect(),
        };
        Some(all.into_iter().map(read).collect())
    })
}

async fn tags(ask: &Ask, target: &Target, arn: &Arn) -> Fact<BTreeMap<String, String>> {
    let pages = pages!(
        ask,
        target,
        LIST_TRAIL_TAGS,
        arn.as_str(),
        &[],
        aws_sdk_cloudtrail,
        |token| ask
            .clients
            .cloudtrail
            .list_tags()
            .resource_id_list(arn.as_str())
            .set_next_token(token.clone()),
        |out| (out.resource_tag_list, out.next_token)
    );
    pages.map(|resources| {
        let tags = resources
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| it.tags_list)
            .flatten();
        tags.map(|tag| (tag.key, tag.value.unwrap_or_default()))
            .collect()
    })
}

/// The stores that live in this region, in full.
pub(crate) async fn stores(ask: &Ask, target: &Target) -> Fact<Vec<EventDataStore>> {
    let listed = pages!(
        ask,
        target,
        LIST_EVENT_DATA_STORES,
        "",
        &[],
        aws_sdk_cloudtrail,
        |token| ask
            .clients
            .cloudtrail
            .list_event_data_stores()
            .set_next_token(token.clone()),
        |out| (out.event_data_stores, out.next_token)
    );
    let listed = match listed {
        Known(listed) => listed.unwrap_or_default(),
        Unknown(gap) => return Unknown(gap),
    };
    let mut stores = Vec::new();
    for it in listed {
        let Some(arn) = it.event_data_store_arn else {
            return Unknown(malformed(
                target,
                LIST_EVENT_DATA_STORES,
                "a store without an ARN",
            ));
        };
        stores.push(store(ask, target, Arn::from(arn), it.name).await);
    }
    Known(stores)
}

async fn store(ask: &Ask, target: &Target, arn: Arn, name: Option<String>) -> EventDataStore {
    let request = ask
        .clients
        .cloudtrail
        .get_event_data_store()
        .event_data_store(arn.as_str());
    let about = arn.as_str();
    let answer = send!(
        ask,
        target,
        GET_EVENT_DATA_STORE,
        about,
        &[],
        aws_sdk_cloudtrail,
        request
    );
    let both = answer.read((target, GET_EVENT_DATA_STORE), |out| {
        let selectors = out.advanced_event_selectors.unwrap_or_default();
        let configuration = StoreConfiguration {
            status: Known(out.status?.as_str().to_owned()),
            multi_region: Known(out.multi_region_enabled.unwrap_or_default()),
            organization: Known(out.organization_enabled.unwrap_or_default()),
            retention_days: Known(out.retention_period.map(i64::from)),
            termination_protection: Known(out.termination_protection_enabled.unwrap_or_default()),
            kms_key: Known(out.kms_key_id.filter(|key| !key.is_empty()).map(Arn::from)),
            federation_status: Known(out.federation_status.map(|it| it.as_str().to_owned())),
            federation_role: Known(out.federation_role_arn.map(Arn::from)),
        };
        Some((configuration, selectors.into_iter().map(advanced).collect()))
    });
    let (configuration, selectors) = match both {
        Known((configuration, selectors)) => (configuration, Known(Selectors::Advanced(selectors))),
        Unknown(gap) => (of_one_answer(Unknown(gap.clone())), Unknown(gap)),
    };
    EventDataStore {
        name: name.unwrap_or_else(|| arn.resource().to_owned()),
        account: arn.account(),
        region: arn.region(),
        configuration,
        selectors,
        policy: lake_policy(ask, target, &arn).await,
        tags: tags(ask, target, &arn).await,
        arn,
    }
}

/// The channels that live in this region, in full.
pub(crate) async fn channels(ask: &Ask, target: &Target) -> Fact<Vec<Channel>> {
    let listed = pages!(
        ask,
        target,
        LIST_CHANNELS,
        "",
        &[],
        aws_sdk_cloudtrail,
        |token| ask
            .clients
            .cloudtrail
            .list_channels()
            .set_next_token(token.clone()),
        |out| (out.channels, out.next_token)
    );
    let listed = match listed {
        Known(listed) => listed.unwrap_or_default(),
        Unknown(gap) => return Unknown(gap),
    };
    let mut channels = Vec::new();
    for it in listed {
        let Some(arn) = it.channel_arn.map(Arn::from) else {
            return Unknown(malformed(target, LIST_CHANNELS, "a channel without an ARN"));
        };
        let request = ask.clients.cloudtrail.get_channel().channel(arn.as_str());
        let about = arn.as_str();
        let answer = send!(
            ask,
            target,
            GET_CHANNEL,
            about,
            &[],
            aws_sdk_cloudtrail,
            request
        );
        channels.push(Channel {
            name: it.name.unwrap_or_default(),
            source: answer.read((target, GET_CHANNEL), |out| out.source),
            policy: lake_policy(ask, target, &arn).await,
            arn,
        });
    }
    Known(channels)
}

async fn lake_policy(ask: &Ask, target: &Target, arn: &Arn) -> Fact<Option<String>> {
    let request = ask
        .clients
        .cloudtrail
        .get_resource_policy()
        .resource_arn(arn.as_str());
    let absent = &["ResourcePolicyNotFoundException"];
    let about = arn.as_str();
    let answer = send!(
        ask,
        target,
        GET_LAKE_RESOURCE_POLICY,
        about,
        absent,
        aws_sdk_cloudtrail,
        request
    );
    answer.map(|out| out.and_then(|out| out.resource_policy))
}
