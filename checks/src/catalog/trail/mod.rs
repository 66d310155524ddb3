//! What trails are set to record, and whether they do.

use crate::check::Check;

mod advanced_selectors_no_blind_spots;
mod cloudwatch_logs;
mod copies;
mod data_events_ai;
mod data_events_dynamodb;
mod data_events_lambda;
mod data_events_log_bucket;
mod data_events_required_resources;
mod data_events_s3_read;
mod data_events_s3_tables_vectors;
mod data_events_s3_write;
mod designated_bucket;
mod event_configuration;
mod exists;
mod global_service_events;
mod global_service_events_not_duplicated;
mod home_region_approved;
mod insights;
mod insights_call_rate;
mod insights_error_rate;
mod is_logging;
pub(super) mod judging;
mod kms_encrypted;
mod log_file_validation;
mod management_events_no_exclusions;
mod management_events_read_write;
mod multi_region;
mod network_activity_events;
mod no_recent_gap;
mod no_redundant_management_trail;
mod objects;
mod regions_covered;
mod single_trail_meets_baseline;
mod sns_notifications;
mod tagged;

pub(super) const ALL: &[&Check] = &[
    &advanced_selectors_no_blind_spots::CHECK,
    &cloudwatch_logs::CHECK,
    &data_events_ai::CHECK,
    &data_events_dynamodb::CHECK,
    &data_events_lambda::CHECK,
    &data_events_log_bucket::CHECK,
    &data_events_required_resources::CHECK,
    &data_events_s3_read::CHECK,
    &data_events_s3_tables_vectors::CHECK,
    &data_events_s3_write::CHECK,
    &designated_bucket::CHECK,
    &event_configuration::CHECK,
    &exists::CHECK,
    &global_service_events::CHECK,
    &global_service_events_not_duplicated::CHECK,
    &home_region_approved::CHECK,
    &insights_call_rate::CHECK,
    &insights_error_rate::CHECK,
    &is_logging::CHECK,
    &kms_encrypted::CHECK,
    &log_file_validation::CHECK,
    &management_events_no_exclusions::CHECK,
    &management_events_read_write::CHECK,
    &multi_region::CHECK,
    &network_activity_events::CHECK,
    &no_recent_gap::CHECK,
    &no_redundant_management_trail::CHECK,
    &regions_covered::CHECK,
    &single_trail_meets_baseline::CHECK,
    &sns_notifications::CHECK,
    &tagged::CHECK,
];
