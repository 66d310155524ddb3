//! Whether what is recorded arrives.

use crate::check::Check;

mod bucket_exists;
mod cloudwatch_fresh;
mod cloudwatch_no_error;
mod digest_fresh;
mod digest_no_error;
mod lateness;
mod s3_fresh;
mod s3_no_error;
mod sns_no_error;

pub(super) const ALL: &[&Check] = &[
    &bucket_exists::CHECK,
    &cloudwatch_fresh::CHECK,
    &cloudwatch_no_error::CHECK,
    &digest_fresh::CHECK,
    &digest_no_error::CHECK,
    &s3_fresh::CHECK,
    &s3_no_error::CHECK,
    &sns_no_error::CHECK,
];
