//! What holds for the organization as a whole.

use crate::check::Check;

mod all_accounts_covered;
mod trail;

pub(super) const ALL: &[&Check] = &[&all_accounts_covered::CHECK, &trail::CHECK];
