//! What trails are set to record, and whether they do.

use crate::check::Check;

mod advanced_selectors_no_blind_spots;
mod cloudwatch_logs;
mod data_events_s3_read;
mod data_events_s3_write;
mod exists;
mod global_service_events;
mod is_logging;
mod judging;
mod kms_encrypted;
mod log_file_validation;
mod management_events_no_exclusions;
mod management_events_read_write;
mod multi_region;
mod objects;
mod regions_covered;

pub(super) const ALL: &[&Check] = &[
    &advanced_selectors_no_blind_spots::CHECK,
    &cloudwatch_logs::CHECK,
    &data_events_s3_read::CHECK,
    &data_events_s3_write::CHECK,
    &exists::CHECK,
    &global_service_events::CHECK,
    &is_logging::CHECK,
    &kms_encrypted::CHECK,
    &log_file_validation::CHECK,
    &management_events_no_exclusions::CHECK,
    &management_events_read_write::CHECK,
    &multi_region::CHECK,
    &regions_covered::CHECK,
];
