//! The top-level names of a record, as CloudTrail documents them up to version 1.11.

/// A top-level member of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is the member of its name")]
pub enum Field {
    EventVersion,
    UserIdentity,
    EventTime,
    EventSource,
    EventName,
    AwsRegion,
    SourceIpAddress,
    UserAgent,
    ErrorCode,
    ErrorMessage,
    RequestParameters,
    ResponseElements,
    AdditionalEventData,
    RequestId,
    EventId,
    ReadOnly,
    Resources,
    EventType,
    ApiVersion,
    ManagementEvent,
    RecipientAccountId,
    ServiceEventDetails,
    SharedEventId,
    VpcEndpointId,
    VpcEndpointAccountId,
    EventCategory,
    Addendum,
    SessionCredentialFromConsole,
    EdgeDeviceDetails,
    TlsDetails,
    InsightDetails,
    EventContext,
    AccountId,
    TimeWindow,
    Summary,
}

impl Field {
    /// All, in the order in which they are declared.
    pub const ALL: &'static [Self] = &[
        Self::EventVersion,
        Self::UserIdentity,
        Self::EventTime,
        Self::EventSource,
        Self::EventName,
        Self::AwsRegion,
        Self::SourceIpAddress,
        Self::UserAgent,
        Self::ErrorCode,
        Self::ErrorMessage,
        Self::RequestParameters,
        Self::ResponseElements,
        Self::AdditionalEventData,
        Self::RequestId,
        Self::EventId,
        Self::ReadOnly,
        Self::Resources,
        Self::EventType,
        Self::ApiVersion,
        Self::ManagementEvent,
        Self::RecipientAccountId,
        Self::ServiceEventDetails,
        Self::SharedEventId,
        Self::VpcEndpointId,
        Self::VpcEndpointAccountId,
        Self::EventCategory,
        Self::Addendum,
        Self::SessionCredentialFromConsole,
        Self::EdgeDeviceDetails,
        Self::TlsDetails,
        Self::InsightDetails,
        Self::EventContext,
        Self::AccountId,
        Self::TimeWindow,
        Self::Summary,
    ];

    /// The name as CloudTrail writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EventVersion => "eventVersion",
            Self::UserIdentity => "userIdentity",
            Self::EventTime => "eventTime",
            Self::EventSource => "eventSource",
            Self::EventName => "eventName",
            Self::AwsRegion => "awsRegion",
            Self::SourceIpAddress => "sourceIPAddress",
            Self::UserAgent => "userAgent",
            Self::ErrorCode => "errorCode",
            Self::ErrorMessage => "errorMessage",
            Self::RequestParameters => "requestParameters",
            Self::ResponseElements => "responseElements",
            Self::AdditionalEventData => "additionalEventData",
            Self::RequestId => "requestID",
            Self::EventId => "eventID",
            Self::ReadOnly => "readOnly",
            Self::Resources => "resources",
            Self::EventType => "eventType",
            Self::ApiVersion => "apiVersion",
            Self::ManagementEvent => "managementEvent",
            Self::RecipientAccountId => "recipientAccountId",
            Self::ServiceEventDetails => "serviceEventDetails",
            Self::SharedEventId => "sharedEventID",
            Self::VpcEndpointId => "vpcEndpointId",
            Self::VpcEndpointAccountId => "vpcEndpointAccountId",
            Self::EventCategory => "eventCategory",
            Self::Addendum => "addendum",
            Self::SessionCredentialFromConsole => "sessionCredentialFromConsole",
            Self::EdgeDeviceDetails => "edgeDeviceDetails",
            Self::TlsDetails => "tlsDetails",
            Self::InsightDetails => "insightDetails",
            Self::EventContext => "eventContext",
            Self::AccountId => "accountId",
            Self::TimeWindow => "timeWindow",
            Self::Summary => "summary",
        }
    }

    /// The field of a name as CloudTrail writes it.
    #[inline]
    pub(super) fn exact(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"eventVersion" => Self::EventVersion,
            b"userIdentity" => Self::UserIdentity,
            b"eventTime" => Self::EventTime,
            b"eventSource" => Self::EventSource,
            b"eventName" => Self::EventName,
            b"awsRegion" => Self::AwsRegion,
            b"sourceIPAddress" => Self::SourceIpAddress,
            b"userAgent" => Self::UserAgent,
            b"errorCode" => Self::ErrorCode,
            b"errorMessage" => Self::ErrorMessage,
            b"requestParameters" => Self::RequestParameters,
            b"responseElements" => Self::ResponseElements,
            b"additionalEventData" => Self::AdditionalEventData,
            b"requestID" => Self::RequestId,
            b"eventID" => Self::EventId,
            b"readOnly" => Self::ReadOnly,
            b"resources" => Self::Resources,
            b"eventType" => Self::EventType,
            b"apiVersion" => Self::ApiVersion,
            b"managementEvent" => Self::ManagementEvent,
            b"recipientAccountId" => Self::RecipientAccountId,
            b"serviceEventDetails" => Self::ServiceEventDetails,
            b"sharedEventID" => Self::SharedEventId,
            b"vpcEndpointId" => Self::VpcEndpointId,
            b"vpcEndpointAccountId" => Self::VpcEndpointAccountId,
            b"eventCategory" => Self::EventCategory,
            b"addendum" => Self::Addendum,
            b"sessionCredentialFromConsole" => Self::SessionCredentialFromConsole,
            b"edgeDeviceDetails" => Self::EdgeDeviceDetails,
            b"tlsDetails" => Self::TlsDetails,
            b"insightDetails" => Self::InsightDetails,
            b"eventContext" => Self::EventContext,
            b"accountId" => Self::AccountId,
            b"timeWindow" => Self::TimeWindow,
            b"summary" => Self::Summary,
            _ => return None,
        })
    }

    /// The field of a name in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::exact(name.as_bytes()).or_else(|| {
            let known = |it: &&Self| it.name().eq_ignore_ascii_case(name);
            Self::ALL.iter().find(known).copied()
        })
    }

    /// Whether AWS does not say what is below it: it depends on the service and the call.
    #[must_use]
    pub fn is_free(self) -> bool {
        match self {
            Self::RequestParameters
            | Self::ResponseElements
            | Self::AdditionalEventData
            | Self::ServiceEventDetails
            | Self::Resources
            | Self::Addendum
            | Self::EdgeDeviceDetails
            | Self::TlsDetails
            | Self::InsightDetails
            | Self::EventContext
            | Self::TimeWindow
            | Self::Summary => true,
            Self::EventVersion
            | Self::UserIdentity
            | Self::EventTime
            | Self::EventSource
            | Self::EventName
            | Self::AwsRegion
            | Self::SourceIpAddress
            | Self::UserAgent
            | Self::ErrorCode
            | Self::ErrorMessage
            | Self::RequestId
            | Self::EventId
            | Self::ReadOnly
            | Self::EventType
            | Self::ApiVersion
            | Self::ManagementEvent
            | Self::RecipientAccountId
            | Self::SharedEventId
            | Self::VpcEndpointId
            | Self::VpcEndpointAccountId
            | Self::EventCategory
            | Self::SessionCredentialFromConsole
            | Self::AccountId => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_its_field() {
        for (n, field) in Field::ALL.iter().enumerate() {
            assert_eq!(*field as usize, n);
            assert_eq!(Field::exact(field.name().as_bytes()), Some(*field));
            assert_eq!(Field::named(&field.name().to_uppercase()), Some(*field));
        }
        assert_eq!(Field::named("eventNames"), None);
    }
}
