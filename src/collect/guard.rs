//! Read-only by construction: no operation outside the table of calls leaves the process.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use trailaudit_checks::calls::{self, ApiCall};

use super::limits::Bounded;

/// Refuses every operation that is not in the table of calls, before anything is sent.
#[derive(Debug)]
pub(crate) struct ReadOnly;

#[dyn_dispatch_hint]
impl Intercept for ReadOnly {
    fn name(&self) -> &'static str {
        "ReadOnly"
    }

    // Not `read_before_execution`: the operation's metadata is not there yet.
    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match cfg.load::<Metadata>() {
            Some(operation) => allowed(operation.service(), operation.name()),
            None => Err("an operation without a name is refused".into()),
        }
    }
}

fn allowed(service: &str, operation: &str) -> Result<(), BoxError> {
    let prefix = prefix(service);
    let known = |call: &&ApiCall| call.service == prefix && call.operation == operation;
    match calls::ALL.iter().find(known) {
        Some(_) => Ok(()),
        None => Err(format!("{service} {operation} is not in the table of calls: refused").into()),
    }
}

/// The SDK's name of a service, as the table has it.
fn prefix(service: &str) -> String {
    match service {
        "CloudWatchLogs" | "CloudWatch Logs" => "logs".to_owned(),
        "EventBridge" => "events".to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

/// Counts the requests that one call sends, retries included, and hears the last answer where it is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    sent: Arc<AtomicU32>,
    /// How large an answer may be.
    most: u64,
    received: Arc<AtomicU64>,
    heard: Option<Arc<Mutex<Option<Heard>>>>,
}

/// An answer as it came: its status and its bytes.
pub(crate) type Heard = (u16, Vec<u8>);

impl Meter {
    /// One that bounds answers, and hears them if they are to be kept.
    pub(crate) fn new(most: u64, keeps: bool) -> Self {
        Self {
            sent: Arc::default(),
            most,
            received: Arc::default(),
            heard: keeps.then(Arc::default),
        }
    }

    pub(crate) fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How many bytes the last answer had.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// The last answer.
    pub(crate) fn heard(&self) -> Option<Heard> {
        let heard = self.heard.as_ref()?;
        heard.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    // Before its body is read into memory.
    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.most < u64::MAX {
            let response = context.response_mut();
            let body = response.take_body();
            *response.body_mut() = Bounded::body(body, self.most, Arc::clone(&self.received));
        }
        Ok(())
    }

    // Once it was parsed, or could not be: its body is in memory then, unless it is a stream.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(heard) = &self.heard {
            let response = context.response();
            let bytes = response.body().bytes().unwrap_or_default().to_vec();
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            *heard = Some((response.status().as_u16(), bytes));
        }
        Ok(())
    }
}

/// The bytes of one answer, for what the SDK's shapes leave out of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body(Arc<Mutex<Vec<u8>>>);

impl Body {
    /// What was answered last.
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Body {
    fn name(&self) -> &'static str {
        "Body"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pass_and_writes_do_not() {
        for (service, operation) in [
            ("CloudTrail", "DescribeTrails"),
            ("S3", "GetBucketPolicy"),
            ("CloudWatchLogs", "DescribeLogGroups"),
            ("STS", "AssumeRole"),
        ] {
            assert!(allowed(service, operation).is_ok(), "{service} {operation}");
        }
        for (service, operation) in [
            ("CloudTrail", "StopLogging"),
            ("S3", "PutBucketPolicy"),
            ("KMS", "Decrypt"),
            ("SNS", "DescribeTrails"),
        ] {
            assert!(
                allowed(service, operation).is_err(),
                "{service} {operation}"
            );
        }
    }

    /// A real client, a real writing operation, and a listener that must not hear of it.
    #[tokio::test]
    async fn a_writing_operation_never_leaves_the_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let config = aws_sdk_cloudtrail::Config::builder()
            .behavior_version(aws_sdk_cloudtrail::config::BehaviorVersion::v2026_01_12())
            .region(aws_sdk_cloudtrail::config::Region::new("us-east-1"))
            .credentials_provider(aws_credential_types::Credentials::new(
                "a", "b", None, None, "test",
            ))
            .endpoint_url(format!("http://{}", listener.local_addr().unwrap()))
            .interceptor(ReadOnly)
            .build();
        let client = aws_sdk_cloudtrail::Client::from_conf(config);
        let refused = client.stop_logging().name("main").send().await.unwrap_err();
        assert!(matches!(
            refused,
            aws_sdk_cloudtrail::error::SdkError::ConstructionFailure(_)
        ));
        assert!(listener.accept().is_err(), "something was sent");
    }
}
