//! The fields of an event that selectors may test.

/// A field of an event, by CloudTrail's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `Management`, `Data`, `NetworkActivity`, `Insight`.
    EventCategory,
    /// The event changes nothing. Not tested: both kinds.
    ReadOnly,
    /// Such as `AWS::S3::Object`.
    ResourceType,
    /// The service, such as `kms.amazonaws.com`.
    EventSource,
    /// Such as `ConsoleLogin`.
    EventName,
    /// Such as `AwsApiCall`.
    EventType,
    /// The resource that was touched.
    ResourceArn,
    /// Who acted.
    UserArn,
    /// The session began in the console. Events leave it out when it did not.
    ConsoleSession,
    /// Such as `VpceAccessDenied`.
    ErrorCode,
    /// The endpoint that the call came through.
    VpcEndpoint,
}

impl Field {
    /// All, the coarse ones first: a hole is told in this order.
    pub const ALL: [Self; 11] = [
        Self::EventCategory,
        Self::ResourceType,
        Self::ReadOnly,
        Self::EventSource,
        Self::EventName,
        Self::EventType,
        Self::ResourceArn,
        Self::UserArn,
        Self::ConsoleSession,
        Self::ErrorCode,
        Self::VpcEndpoint,
    ];

    /// The fields that say more than which kind of event it is: a condition on them narrows what is recorded.
    pub const NARROWING: [Self; 7] = [
        Self::EventName,
        Self::EventType,
        Self::ResourceArn,
        Self::UserArn,
        Self::ConsoleSession,
        Self::ErrorCode,
        Self::VpcEndpoint,
    ];

    /// As selectors write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Field::EventCategory => "eventCategory",
            Field::ReadOnly => "readOnly",
            Field::ResourceType => "resources.type",
            Field::EventSource => "eventSource",
            Field::EventName => "eventName",
            Field::EventType => "eventType",
            Field::ResourceArn => "resources.ARN",
            Field::UserArn => "userIdentity.arn",
            Field::ConsoleSession => "sessionCredentialFromConsole",
            Field::ErrorCode => "errorCode",
            Field::VpcEndpoint => "vpcEndpointId",
        }
    }

    /// From the selector's word; none for a field that we do not know.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == text)
    }

    /// Every value it can have, where they can be listed.
    pub(super) fn values(self) -> Option<&'static [&'static str]> {
        match self {
            Field::EventCategory => Some(&["Management", "Data", "NetworkActivity", "Insight"]),
            Field::ReadOnly | Field::ConsoleSession => Some(&["true", "false"]),
            Field::ResourceType
            | Field::EventSource
            | Field::EventName
            | Field::EventType
            | Field::ResourceArn
            | Field::UserArn
            | Field::ErrorCode
            | Field::VpcEndpoint => None,
        }
    }

    /// It says which kind of event it is: category, read or write, type of resource.
    pub(super) fn is_coarse(self) -> bool {
        self != Self::EventSource && !Self::NARROWING.contains(&self)
    }
}
