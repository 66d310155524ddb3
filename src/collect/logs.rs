//! CloudWatch Logs: the groups that trails deliver to.

use trailaudit_checks::calls::{
    DESCRIBE_LOG_GROUPS, DESCRIBE_METRIC_FILTERS, DESCRIBE_SUBSCRIPTION_FILTERS,
};
use trailaudit_checks::fact::{Fact, Known};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::monitoring::{
    MetricFilter, MetricTransformation, SubscriptionFilter,
};
use trailaudit_checks::inventory::{LogGroup, LogGroupConfiguration};

use super::ask::{Ask, Target, pages};

const ABSENT: &[&str] = &["ResourceNotFoundException"];

/// Reads a log group in its own account and region.
pub(crate) async fn log_group(ask: &Ask, target: &Target, arn: Arn) -> LogGroup {
    let name = arn.resource().trim_start_matches("log-group:").to_owned();
    let (configuration, metric_filters, subscription_filters) = futures::join!(
        configuration(ask, target, &name),
        metric_filters(ask, target, &name),
        subscription_filters(ask, target, &name),
    );
    LogGroup {
        account: target.account.clone(),
        region: target.region.clone(),
        name,
        configuration,
        metric_filters,
        subscription_filters,
        arn,
    }
}

/// There is no call for one group: groups are listed by prefix, and the one of this very name is taken.
async fn configuration(
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Fact<Option<LogGroupConfiguration>> {
    let pages = pages!(
        ask,
        target,
        DESCRIBE_LOG_GROUPS,
        name,
        &[],
        aws_sdk_cloudwatchlogs,
        |token| ask
            .clients
            .logs
            .describe_log_groups()
            .log_group_name_prefix(name)
            .set_next_token(token.clone()),
        |out| (out.log_groups, out.next_token)
    );
    pages.map(|groups| {
        let mut groups = groups.unwrap_or_default().into_iter();
        let group = groups.find(|it| it.log_group_name.as_deref() == Some(name))?;
        Some(LogGroupConfiguration {
            retention_days: Known(group.retention_in_days),
            kms_key: Known(group.kms_key_id.map(Arn::from)),
            class: Known(group.log_group_class.map(|it| it.as_str().to_owned())),
            deletion_protection: Known(group.deletion_protection_enabled),
            bearer_token: Known(group.bearer_token_authentication_enabled),
        })
    })
}

async fn metric_filters(ask: &Ask, target: &Target, name: &str) -> Fact<Vec<MetricFilter>> {
    let pages = pages!(
        ask,
        target,
        DESCRIBE_METRIC_FILTERS,
        name,
        ABSENT,
        aws_sdk_cloudwatchlogs,
        |token| ask
            .clients
            .logs
            .describe_metric_filters()
            .log_group_name(name)
            .set_next_token(token.clone()),
        |out| (out.metric_filters, out.next_token)
    );
    pages.map(|filters| {
        let filters = filters
            .unwrap_or_default()
            .into_iter()
            .map(|filter| MetricFilter {
                name: filter.filter_name.unwrap_or_default(),
                pattern: filter.filter_pattern.unwrap_or_default(),
                transformations: filter
                    .metric_transformations
                    .unwrap_or_default()
                    .into_iter()
                    .map(|metric_transformation| MetricTransformation {
                        namespace: metric_transformation.metric_namespace,
                        name: metric_transformation.metric_name,
                        value: metric_transformation.metric_value,
                        default: metric_transformation.default_value.map(|it| it.to_string()),
                        dimensions: metric_transformation
                            .dimensions
                            .unwrap_or_default()
                            .into_iter()
                            .collect(),
                        unit: Known(metric_transformation.unit.map(|it| it.as_str().to_owned())),
                    })
                    .collect(),
                field_selection: Known(filter.field_selection_criteria),
                system_dimensions: Known(filter.emit_system_field_dimensions.unwrap_or_default()),
                transformed: Known(filter.apply_on_transformed_logs),
            });
        filters.collect()
    })
}

async fn subscription_filters(
    ask: &Ask,
    target: &Target,
    name: &str,
) -> Fact<Vec<SubscriptionFilter>> {
    let pages = pages!(
        ask,
        target,
        DESCRIBE_SUBSCRIPTION_FILTERS,
        name,
        ABSENT,
        aws_sdk_cloudwatchlogs,
        |token| ask
            .clients
            .logs
            .describe_subscription_filters()
            .log_group_name(name)
            .set_next_token(token.clone()),
        |out| (out.subscription_filters, out.next_token)
    );
    pages.map(|filters| {
        let filters = filters
            .unwrap_or_default()
            .into_iter()
            .map(|filter| SubscriptionFilter {
                name: filter.filter_name.unwrap_or_default(),
                pattern: filter.filter_pattern.unwrap_or_default(),
                destination: Arn::from(filter.destination_arn.unwrap_or_default()),
            });
        filters.collect()
    })
}
