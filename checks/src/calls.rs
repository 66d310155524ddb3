//! Every API call the tool can make, and the IAM action that allows it (they differ at times).
//!
//! One table: collectors ask by it, the read-only guard allows nothing else, checks say which calls they
//! rest on, and the generated IAM policy and the ledger are printed from it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One operation of one AWS service: a row of the table. Gaps hold calls, and facts hold gaps, by the million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiCall(&'static Call);

/// What the table says of a call.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// The service, by the prefix that IAM and the command line use.
    pub service: &'static str,
    /// The operation, as AWS's API reference names it.
    pub operation: &'static str,
    /// The IAM action that allows it.
    pub action: &'static str,
}

impl Deref for ApiCall {
    type Target = Call;

    fn deref(&self) -> &Call {
        self.0
    }
}

impl ApiCall {
    /// The list that its answer holds.
    #[must_use]
    pub fn list(self) -> List {
        let found = LISTS.iter().find(|(call, _)| *call == self);
        found.map_or(List::Nothing, |(_, list)| *list)
    }
}

/// The list in a call's answer, and what it means when it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// The answer is no list.
    Nothing,
    /// The answer always holds this member, if only an empty one: without it, it is malformed. So it is with the
    /// services that speak JSON or CBOR, and with those that speak AWS Query, which write an empty element.
    Required(&'static str),
    /// An answer without this element says that there are none: S3 leaves out what is empty.
    MayBeAbsent(&'static str),
}

impl fmt::Display for ApiCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

impl Serialize for ApiCall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ApiCall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        named(&name).ok_or_else(|| serde::de::Error::custom(format!("unknown API call {name:?}")))
    }
}

impl JsonSchema for ApiCall {
    fn schema_name() -> Cow<'static, str> {
        "ApiCall".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<String> = ALL.iter().map(ToString::to_string).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

/// The call with this name, such as `cloudtrail:DescribeTrails`.
#[must_use]
pub fn named(name: &str) -> Option<ApiCall> {
    let (service, operation) = name.split_once(':')?;
    ALL.iter()
        .copied()
        .find(|call| call.service == service && call.operation == operation)
}

/// These calls, and those without which they cannot be made: who is asked, where, and about what.
#[must_use]
pub fn with_prerequisites(needed: &BTreeSet<ApiCall>) -> BTreeSet<ApiCall> {
    let mut all = needed.clone();
    all.extend([
        GET_CALLER_IDENTITY,
        ASSUME_ROLE,
        DESCRIBE_ORGANIZATION,
        LIST_ACCOUNTS,
        LIST_REGIONS,
    ]);
    let any = |service: &str| needed.iter().any(|call| call.service == service);
    if any("s3") || any("s3control") || any("kms") {
        // Trails name buckets, and not who owns them; buckets name keys.
        all.extend([
            DESCRIBE_TRAILS,
            LIST_BUCKETS,
            HEAD_BUCKET,
            GET_BUCKET_LOCATION,
        ]);
    }
    if any("kms") {
        all.insert(GET_BUCKET_ENCRYPTION);
    }
    if any("cloudtrail") || any("logs") {
        all.insert(DESCRIBE_TRAILS);
    }
    // An answer to a listing is only half of what is wanted.
    for (listing, rest) in [
        (
            LIST_POLICIES,
            &[DESCRIBE_POLICY, LIST_TARGETS_FOR_POLICY, LIST_ROOTS][..],
        ),
        (LIST_DELEGATED_ADMINISTRATORS, &[LIST_DELEGATED_SERVICES]),
        (LIST_EVENT_DATA_STORES, &[GET_EVENT_DATA_STORE]),
        (LIST_CHANNELS, &[GET_CHANNEL]),
        (
            LIST_ACCESS_POINTS,
            &[GET_ACCESS_POINT, GET_ACCESS_POINT_POLICY],
        ),
    ] {
        if needed.contains(&listing) || rest.iter().any(|call| needed.contains(call)) {
            all.insert(listing);
            all.extend(rest);
        }
    }
    if all.contains(&LIST_ROOTS) {
        all.extend([LIST_OUS, LIST_ACCOUNTS_FOR_PARENT]);
    }
    all
}

macro_rules! list {
    () => {
        List::Nothing
    };
    (lists $member:literal) => {
        List::Required($member)
    };
    (may_lack $element:literal) => {
        List::MayBeAbsent($element)
    };
}

macro_rules! calls {
    ($($name:ident = $service:literal $operation:literal $action:literal $($kind:ident $member:literal)?;)*) => {
        $(
            #[doc = concat!("`", $service, ":", $operation, "`, allowed by `", $action, "`.")]
            pub const $name: ApiCall = ApiCall(&Call {
                service: $service,
                operation: $operation,
                action: $action,
            });
        )*
        /// The lists in the answers of all calls.
        const LISTS: &[(ApiCall, List)] = &[$(($name, list!($($kind $member)?))),*];
        /// The whole table.
        pub const ALL: &[ApiCall] = &[$($name),*];
    };
}

calls! {
    GET_CALLER_IDENTITY = "sts" "GetCallerIdentity" "sts:GetCallerIdentity";
    ASSUME_ROLE = "sts" "AssumeRole" "sts:AssumeRole";
    LIST_REGIONS = "account" "ListRegions" "account:ListRegions" lists "Regions";

    DESCRIBE_ORGANIZATION = "organizations" "DescribeOrganization" "organizations:DescribeOrganization";
    LIST_ACCOUNTS = "organizations" "ListAccounts" "organizations:ListAccounts" lists "Accounts";
    LIST_ROOTS = "organizations" "ListRoots" "organizations:ListRoots" lists "Roots";
    LIST_OUS = "organizations" "ListOrganizationalUnitsForParent" "organizations:ListOrganizationalUnitsForParent" lists "OrganizationalUnits";
    LIST_ACCOUNTS_FOR_PARENT = "organizations" "ListAccountsForParent" "organizations:ListAccountsForParent" lists "Accounts";
    LIST_POLICIES = "organizations" "ListPolicies" "organizations:ListPolicies" lists "Policies";
    DESCRIBE_POLICY = "organizations" "DescribePolicy" "organizations:DescribePolicy";
    LIST_TARGETS_FOR_POLICY = "organizations" "ListTargetsForPolicy" "organizations:ListTargetsForPolicy" lists "Targets";
    LIST_SERVICE_ACCESS = "organizations" "ListAWSServiceAccessForOrganization" "organizations:ListAWSServiceAccessForOrganization" lists "EnabledServicePrincipals";
    LIST_DELEGATED_ADMINISTRATORS = "organizations" "ListDelegatedAdministrators" "organizations:ListDelegatedAdministrators" lists "DelegatedAdministrators";
    LIST_DELEGATED_SERVICES = "organizations" "ListDelegatedServicesForAccount" "organizations:ListDelegatedServicesForAccount" lists "DelegatedServices";
    DESCRIBE_ORGANIZATION_RESOURCE_POLICY = "organizations" "DescribeResourcePolicy" "organizations:DescribeResourcePolicy";

    DESCRIBE_TRAILS = "cloudtrail" "DescribeTrails" "cloudtrail:DescribeTrails" lists "trailList";
    GET_TRAIL_STATUS = "cloudtrail" "GetTrailStatus" "cloudtrail:GetTrailStatus";
    GET_EVENT_SELECTORS = "cloudtrail" "GetEventSelectors" "cloudtrail:GetEventSelectors" lists "EventSelectors or AdvancedEventSelectors";
    GET_INSIGHT_SELECTORS = "cloudtrail" "GetInsightSelectors" "cloudtrail:GetInsightSelectors" lists "InsightSelectors";
    GET_EVENT_CONFIGURATION = "cloudtrail" "GetEventConfiguration" "cloudtrail:GetEventConfiguration";
    LIST_TRAIL_TAGS = "cloudtrail" "ListTags" "cloudtrail:ListTags" lists "ResourceTagList";
    LIST_EVENT_DATA_STORES = "cloudtrail" "ListEventDataStores" "cloudtrail:ListEventDataStores" lists "EventDataStores";
    GET_EVENT_DATA_STORE = "cloudtrail" "GetEventDataStore" "cloudtrail:GetEventDataStore";
    LIST_CHANNELS = "cloudtrail" "ListChannels" "cloudtrail:ListChannels" lists "Channels";
    GET_CHANNEL = "cloudtrail" "GetChannel" "cloudtrail:GetChannel";
    GET_LAKE_RESOURCE_POLICY = "cloudtrail" "GetResourcePolicy" "cloudtrail:GetResourcePolicy";
    LIST_PUBLIC_KEYS = "cloudtrail" "ListPublicKeys" "cloudtrail:ListPublicKeys" lists "PublicKeyList";
    LOOKUP_EVENTS = "cloudtrail" "LookupEvents" "cloudtrail:LookupEvents" lists "Events";

    LIST_BUCKETS = "s3" "ListBuckets" "s3:ListAllMyBuckets" may_lack "Buckets";
    HEAD_BUCKET = "s3" "HeadBucket" "s3:ListBucket";
    GET_BUCKET_LOCATION = "s3" "GetBucketLocation" "s3:GetBucketLocation";
    GET_BUCKET_ACL = "s3" "GetBucketAcl" "s3:GetBucketAcl";
    GET_BUCKET_POLICY = "s3" "GetBucketPolicy" "s3:GetBucketPolicy";
    GET_BUCKET_POLICY_STATUS = "s3" "GetBucketPolicyStatus" "s3:GetBucketPolicyStatus";
    GET_BUCKET_PUBLIC_ACCESS_BLOCK = "s3" "GetPublicAccessBlock" "s3:GetBucketPublicAccessBlock";
    GET_BUCKET_OWNERSHIP = "s3" "GetBucketOwnershipControls" "s3:GetBucketOwnershipControls";
    GET_BUCKET_VERSIONING = "s3" "GetBucketVersioning" "s3:GetBucketVersioning";
    GET_OBJECT_LOCK = "s3" "GetObjectLockConfiguration" "s3:GetBucketObjectLockConfiguration";
    GET_BUCKET_ENCRYPTION = "s3" "GetBucketEncryption" "s3:GetEncryptionConfiguration";
    GET_BUCKET_LOGGING = "s3" "GetBucketLogging" "s3:GetBucketLogging";
    GET_BUCKET_LIFECYCLE = "s3" "GetBucketLifecycleConfiguration" "s3:GetLifecycleConfiguration";
    GET_BUCKET_REPLICATION = "s3" "GetBucketReplication" "s3:GetReplicationConfiguration";
    GET_BUCKET_NOTIFICATION = "s3" "GetBucketNotificationConfiguration" "s3:GetBucketNotification";
    GET_BUCKET_WEBSITE = "s3" "GetBucketWebsite" "s3:GetBucketWebsite";
    GET_BUCKET_TAGGING = "s3" "GetBucketTagging" "s3:GetBucketTagging";
    LIST_OBJECTS = "s3" "ListObjectsV2" "s3:ListBucket" may_lack "Contents";
    LIST_OBJECT_VERSIONS = "s3" "ListObjectVersions" "s3:ListBucketVersions" may_lack "Version";
    GET_OBJECT = "s3" "GetObject" "s3:GetObject";
    GET_OBJECT_RETENTION = "s3" "GetObjectRetention" "s3:GetObjectRetention";
    GET_ACCOUNT_PUBLIC_ACCESS_BLOCK = "s3control" "GetPublicAccessBlock" "s3:GetAccountPublicAccessBlock";
    LIST_ACCESS_POINTS = "s3control" "ListAccessPoints" "s3:ListAccessPoints" lists "AccessPointList";
    GET_ACCESS_POINT = "s3control" "GetAccessPoint" "s3:GetAccessPoint";
    GET_ACCESS_POINT_POLICY = "s3control" "GetAccessPointPolicy" "s3:GetAccessPointPolicy";

    DESCRIBE_KEY = "kms" "DescribeKey" "kms:DescribeKey";
    GET_KEY_POLICY = "kms" "GetKeyPolicy" "kms:GetKeyPolicy";
    GET_KEY_ROTATION_STATUS = "kms" "GetKeyRotationStatus" "kms:GetKeyRotationStatus";
    LIST_GRANTS = "kms" "ListGrants" "kms:ListGrants" lists "Grants";

    GET_ACCOUNT_AUTHORIZATION_DETAILS = "iam" "GetAccountAuthorizationDetails" "iam:GetAccountAuthorizationDetails" lists "UserDetailList, GroupDetailList, RoleDetailList or Policies";
    LIST_ORGANIZATIONS_FEATURES = "iam" "ListOrganizationsFeatures" "iam:ListOrganizationsFeatures" lists "EnabledFeatures";
    GET_ACCOUNT_SUMMARY = "iam" "GetAccountSummary" "iam:GetAccountSummary";

    DESCRIBE_LOG_GROUPS = "logs" "DescribeLogGroups" "logs:DescribeLogGroups" lists "logGroups";
    DESCRIBE_METRIC_FILTERS = "logs" "DescribeMetricFilters" "logs:DescribeMetricFilters" lists "metricFilters";
    DESCRIBE_SUBSCRIPTION_FILTERS = "logs" "DescribeSubscriptionFilters" "logs:DescribeSubscriptionFilters" lists "subscriptionFilters";
    DESCRIBE_LOG_RESOURCE_POLICIES = "logs" "DescribeResourcePolicies" "logs:DescribeResourcePolicies" lists "resourcePolicies";
    DESCRIBE_ALARMS = "cloudwatch" "DescribeAlarms" "cloudwatch:DescribeAlarms" lists "MetricAlarms or CompositeAlarms";
    GET_TOPIC_ATTRIBUTES = "sns" "GetTopicAttributes" "sns:GetTopicAttributes";
    LIST_SUBSCRIPTIONS = "sns" "ListSubscriptionsByTopic" "sns:ListSubscriptionsByTopic" lists "Subscriptions";
    GET_SUBSCRIPTION_ATTRIBUTES = "sns" "GetSubscriptionAttributes" "sns:GetSubscriptionAttributes";
    LIST_RULES = "events" "ListRules" "events:ListRules" lists "Rules";
    LIST_TARGETS_BY_RULE = "events" "ListTargetsByRule" "events:ListTargetsByRule" lists "Targets";

    DESCRIBE_CONFIG_RECORDERS = "config" "DescribeConfigurationRecorders" "config:DescribeConfigurationRecorders" lists "ConfigurationRecorders";
    DESCRIBE_CONFIG_RECORDER_STATUS = "config" "DescribeConfigurationRecorderStatus" "config:DescribeConfigurationRecorderStatus" lists "ConfigurationRecordersStatus";
    LIST_DETECTORS = "guardduty" "ListDetectors" "guardduty:ListDetectors" lists "detectorIds";
    GET_DETECTOR = "guardduty" "GetDetector" "guardduty:GetDetector";
    DESCRIBE_HUB = "securityhub" "DescribeHub" "securityhub:DescribeHub";
    GET_ENABLED_STANDARDS = "securityhub" "GetEnabledStandards" "securityhub:GetEnabledStandards" lists "StandardsSubscriptions";
    LIST_ANALYZERS = "access-analyzer" "ListAnalyzers" "access-analyzer:ListAnalyzers" lists "analyzers";
    GET_MACIE_SESSION = "macie2" "GetMacieSession" "macie2:GetMacieSession";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_found_again() {
        let names: BTreeSet<String> = ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), ALL.len());
        for call in ALL {
            assert_eq!(named(&call.to_string()), Some(*call));
        }
        assert_eq!(named("cloudtrail:StopLogging"), None);
    }

    /// Whoever adds a listing says what an answer without its list means.
    #[test]
    fn every_listing_has_its_list() {
        for call in ALL {
            let lists = call.operation.starts_with("List") || call.operation.ends_with('s');
            // Singular by nature, whatever they end in.
            let single = [
                "GetBucketPolicyStatus",
                "GetTrailStatus",
                "GetKeyRotationStatus",
                "GetTopicAttributes",
                "GetSubscriptionAttributes",
                "GetBucketOwnershipControls",
            ];
            if lists && !single.contains(&call.operation) {
                assert_ne!(call.list(), List::Nothing, "{call}");
            }
            // Only S3 leaves out what is empty.
            if matches!(call.list(), List::MayBeAbsent(_)) {
                assert_eq!(call.service, "s3", "{call}");
            }
        }
    }

    #[test]
    fn every_call_only_reads() {
        for call in ALL {
            let verb = ["Get", "List", "Describe", "Head", "Lookup", "AssumeRole"];
            assert!(
                verb.iter().any(|verb| call.operation.starts_with(verb)),
                "{call}"
            );
        }
    }
}
