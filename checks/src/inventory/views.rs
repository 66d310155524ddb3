//! One trail, seen from several accounts and regions: which view of it is kept.

use super::{Inventory, Trail};
use crate::ids::Arn;

impl Inventory {
    /// Takes in what one listing shows of a trail. The owner's view, in its home region, is the one that counts. Of
    /// others the same one is kept in whatever order they come: the first by its text, in which what is known stands
    /// before what is not.
    pub fn see(&mut self, trail: Trail, own: bool) {
        let kept = match self.trails.get(&trail.arn) {
            Some(_) if own => false,
            Some(_) if self.owner_sees(&trail.arn) => true,
            Some(other) => text(other) <= text(&trail),
            None => false,
        };
        if !kept {
            self.trails.insert(trail.arn.clone(), trail);
        }
    }

    /// The trail's own account shows it in its home region.
    #[must_use]
    pub fn owner_sees(&self, arn: &Arn) -> bool {
        let Some(trail) = self.trails.get(arn) else {
            return false;
        };
        let home = (trail.account.clone(), trail.home_region.clone());
        let listed = self.regions.get(&home).and_then(|it| it.trails.ok());
        listed.is_some_and(|it| it.contains(arn))
    }
}

fn text(trail: &Trail) -> String {
    // A trail can always be written; two that could not would be equal.
    serde_json::to_string(trail).unwrap_or_default()
}
