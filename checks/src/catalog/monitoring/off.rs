//! Regions that are switched off, or that the run did not reach.

use crate::calls::ApiCall;
use crate::context::not_reached;
use crate::prelude::*;

/// What was seen in the region; the verdict where it is switched off.
pub(super) fn view<'a>(
    region: &RegionOf<'a>,
    call: ApiCall,
) -> Result<Result<&'a RegionView, Verdict>, Gaps> {
    if !region.enabled {
        return Ok(Err(Verdict::not_applicable("the region is not enabled")));
    }
    match (region.view, region.account.session.gap()) {
        (Some(view), _) => Ok(Ok(view)),
        (None, Some(gap)) => Err(gap.clone().into()),
        (None, None) => Err(not_reached(call, &region.account.id, region.name).into()),
    }
}
