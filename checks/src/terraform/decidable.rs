//! Which checks a plan can decide.

use crate::calls::{self, ApiCall};
use crate::check::{Check, Run};

/// What is needed to decide a check on a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decidable {
    /// The plan alone, where it creates what the check reads.
    Plan,
    /// The inventory that the plan is applied to.
    Onto,
    /// Nothing: the check is about objects that are delivered.
    Never,
}

impl Decidable {
    /// As lists show it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Decidable::Plan => "plan",
            Decidable::Onto => "onto",
            Decidable::Never => "never",
        }
    }
}

/// Calls whose answers a plan tells of what it creates.
const TOLD: [ApiCall; 31] = [
    calls::DESCRIBE_TRAILS,
    calls::GET_TRAIL_STATUS,
    calls::GET_EVENT_SELECTORS,
    calls::GET_INSIGHT_SELECTORS,
    calls::GET_EVENT_CONFIGURATION,
    calls::LIST_TRAIL_TAGS,
    calls::GET_EVENT_DATA_STORE,
    calls::LIST_EVENT_DATA_STORES,
    calls::LIST_BUCKETS,
    calls::HEAD_BUCKET,
    calls::GET_BUCKET_LOCATION,
    calls::GET_BUCKET_ACL,
    calls::GET_BUCKET_POLICY,
    calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK,
    calls::GET_BUCKET_OWNERSHIP,
    calls::GET_BUCKET_VERSIONING,
    calls::GET_OBJECT_LOCK,
    calls::GET_BUCKET_ENCRYPTION,
    calls::GET_BUCKET_LOGGING,
    calls::GET_BUCKET_LIFECYCLE,
    calls::GET_BUCKET_NOTIFICATION,
    calls::GET_BUCKET_WEBSITE,
    calls::GET_BUCKET_TAGGING,
    calls::LIST_ACCESS_POINTS,
    calls::DESCRIBE_KEY,
    calls::GET_KEY_POLICY,
    calls::GET_KEY_ROTATION_STATUS,
    calls::LIST_GRANTS,
    calls::DESCRIBE_LOG_GROUPS,
    calls::DESCRIBE_METRIC_FILTERS,
    calls::DESCRIBE_SUBSCRIPTION_FILTERS,
];

/// Checks that read more, and are decided by what a plan tells in the usual cases.
const MOSTLY_TOLD: [&str; 18] = [
    "bucket-access-logging",
    "bucket-access-points-restricted",
    "bucket-cloudtrail-source-arn",
    "bucket-event-notifications",
    "bucket-not-public-acl",
    "bucket-not-public-policy",
    "bucket-policy-cross-account",
    "bucket-policy-denies-delete",
    "bucket-policy-services-scoped",
    "bucket-policy-writers-only-cloudtrail",
    "bucket-replication",
    "delivery-bucket-exists",
    "key-cloudtrail-source-arn",
    "key-grants",
    "monitoring-log-group-subscriptions",
    "trail-is-logging",
    "trail-multi-region",
    "trail-sns-notifications",
];

/// What is needed to decide this check.
#[must_use]
pub fn decidable(check: &Check) -> Decidable {
    if MOSTLY_TOLD.contains(&check.id) {
        return Decidable::Plan;
    }
    let of_one = match check.run {
        Run::Chain(_) | Run::Event(_) => return Decidable::Never,
        Run::Plan(_) => return Decidable::Plan,
        Run::Trail(_)
        | Run::Bucket(_)
        | Run::Key(_)
        | Run::LogGroup(_)
        | Run::EventDataStore(_) => true,
        Run::Organization(_)
        | Run::Account(_)
        | Run::Region(_)
        | Run::IamPrincipal(_)
        | Run::EffectiveRights(_)
        | Run::Exempt(_)
        | Run::Replicated(_)
        | Run::DeliveryRole(_) => false,
    };
    // What was delivered, and when, is known only later.
    let in_time = check.group() == "delivery";
    match of_one && !in_time && check.reads.iter().all(|call| TOLD.contains(call)) {
        true => Decidable::Plan,
        false => Decidable::Onto,
    }
}
