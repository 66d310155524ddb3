//! Facts that are missing and bear on who can tamper, to name the calls behind an answer.

use crate::calls::ApiCall;
use crate::context::Context;
use crate::fact::{Gap, Reason};
use crate::ids::{AccountId, Region};
use crate::inventory::RegionView;
use crate::policy::ParseError;

/// Whether alarms and rules about trails are looked for in this region.
pub(super) fn is_watched(view: &RegionView, ctx: &Context<'_>) -> bool {
    let groups = ctx.inventory.log_groups.values();
    let mut groups = groups.map(|it| (&it.account, &it.region));
    let trails = ctx.inventory.trails.values();
    let mut trails = trails.map(|it| (&it.account, &it.home_region));
    let here = (&view.account, &view.region);
    groups.any(|it| it == here) || trails.any(|it| it == here)
}

/// Why a document that is there says nothing that could be used.
pub(super) fn reason(error: &ParseError) -> Reason {
    if error.is_size() {
        Reason::TooComplex
    } else {
        Reason::Malformed
    }
}

/// A gap that is no answer's: about something that was read and does not say what is needed.
pub(super) fn of(
    call: ApiCall,
    account: &AccountId,
    region: &Region,
    reason: Reason,
    detail: &str,
) -> Gap {
    Gap::of_call(call, account, region, reason, detail)
}
