//! The one translation of errors: what an SDK error says about the fact it stands in the way of.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use trailaudit_checks::fact::Reason;

/// A call that gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// AWS's name of the error; empty where it gave none.
    pub(crate) code: String,
    pub(crate) reason: Reason,
    /// What AWS said, or what happened on the way.
    pub(crate) detail: String,
    pub(crate) request_id: Option<String>,
}

impl Failure {
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let request_id = error.request_id().map(str::to_owned);
        let status = error.raw_response().map(|raw| raw.status().as_u16());
        let (code, message) = match error {
            SdkError::ServiceError(service) => {
                let metadata = service.err().meta();
                (
                    metadata.code().unwrap_or_default(),
                    metadata.message().unwrap_or_default(),
                )
            }
            _ => ("", ""),
        };
        let reason = match error {
            SdkError::ServiceError(_) => answered(code, message, status),
            SdkError::ResponseError(_) if status.is_some_and(|status| status < 400) => {
                Reason::Malformed
            }
            SdkError::ResponseError(_) => answered("", "", status),
            _ => Reason::Failed,
        };
        Self {
            code: code.to_owned(),
            reason,
            detail: words(error, code, message, status),
            request_id,
        }
    }
}

/// How an error answer is to be read, by its name; by its HTTP status only where it has no name.
fn answered(code: &str, message: &str, status: Option<u16>) -> Reason {
    const THROTTLED: [&str; 11] = [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "SlowDown",
        "PriorRequestNotComplete",
    ];
    const DENIED: [&str; 8] = [
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedFault",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "UnauthorizedOperation",
        "AllAccessDisabled",
    ];
    const UNKNOWN_OPERATION: [&str; 5] = [
        "NotImplemented",
        "UnknownOperationException",
        "UnsupportedOperation",
        "InvalidAction",
        "UnknownAction",
    ];
    let denied = || {
        // The words are AWS's own, and only a hint: the text is kept as evidence.
        if message.contains("service control policy") {
            Reason::DeniedByScp
        } else {
            Reason::Denied
        }
    };
    if THROTTLED.contains(&code) {
        Reason::Throttled
    } else if DENIED.contains(&code) {
        denied()
    } else if UNKNOWN_OPERATION.contains(&code) {
        Reason::Unimplemented
    } else if code.is_empty() {
        match status {
            Some(403) => denied(),
            Some(429) => Reason::Throttled,
            Some(501 | 405) => Reason::Unimplemented,
            Some(_) | None => Reason::Failed,
        }
    } else {
        // UnrecognizedClientException is ambiguous (a region that is off, or a bad token), an expired
        // token says nothing of rights: neither is a denial.
        Reason::Failed
    }
}

fn words<E: Error + Send + Sync + 'static>(
    error: &SdkError<E, HttpResponse>,
    code: &str,
    message: &str,
    status: Option<u16>,
) -> String {
    if !code.is_empty() || !message.is_empty() {
        return join(&[code, message]);
    }
    let mut words: Vec<String> = Vec::new();
    if let Some(status) = status {
        words.push(format!("HTTP {status}"));
    }
    let mut source: Option<&dyn Error> = Some(error);
    while let Some(it) = source {
        let text = it.to_string();
        // The SDK's own words for "something else": the status says more.
        let empty = ["service error", "unhandled error"].contains(&text.as_str());
        if words.last() != Some(&text) && !(empty && status.is_some()) {
            words.push(text);
        }
        source = it.source();
    }
    words.join(": ").chars().take(500).collect()
}

fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_by_name() {
        let scp = "not authorized with an explicit deny in a service control policy";
        for (code, message, status, reason) in [
            (
                "AccessDeniedException",
                "no identity-based policy allows",
                400,
                Reason::Denied,
            ),
            ("AccessDeniedException", scp, 400, Reason::DeniedByScp),
            ("", "", 403, Reason::Denied),
            ("ThrottlingException", "", 400, Reason::Throttled),
            ("SlowDown", "", 503, Reason::Throttled),
            ("UnrecognizedClientException", "", 400, Reason::Failed),
            ("ExpiredTokenException", "", 403, Reason::Failed),
            ("InternalFailure", "", 500, Reason::Failed),
            ("", "", 501, Reason::Unimplemented),
            ("", "", 500, Reason::Failed),
            ("NoSuchBucket", "", 404, Reason::Failed),
        ] {
            assert_eq!(
                answered(code, message, Some(status)),
                reason,
                "{code} {status}"
            );
        }
    }
}
