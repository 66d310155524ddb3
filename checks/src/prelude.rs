//! What every check needs.

pub use crate::access::Judged;
pub use crate::calls;
pub use crate::check::{Check, Identity, Outcome, Principal, Question, RegionOf, Run, Verdict};
pub use crate::context::Context;
pub use crate::fact::{Fact, Gaps, Known};
pub use crate::finding::Severity;
pub use crate::ids::{AccountId, Arn, Region};
pub use crate::inventory::facts::Facts;
pub use crate::inventory::{
    Account, Bucket, EventDataStore, Inventory, Key, LogGroup, Organization, RegionSwitch,
    RegionView, Retention, RetentionMode, Trail, VerifiedChain,
};
