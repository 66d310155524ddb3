//! What trails are set to record, and whether they do.

use crate::check::Check;

mod log_file_validation;

pub(super) const ALL: &[&Check] = &[&log_file_validation::CHECK];
