//! One SDK client per service for the whole process.
//!
//! Region, credentials and retry partition are given per call: clients kept for every account and region
//! of a large organization would take gigabytes.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::config::Region as SdkRegion;

use super::guard::ReadOnly;

/// The clients. None of them can write.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) account: aws_sdk_account::Client,
    pub(crate) cloudtrail: aws_sdk_cloudtrail::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) events: aws_sdk_eventbridge::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) kms: aws_sdk_kms::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) organizations: aws_sdk_organizations::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sts: aws_sdk_sts::Client,
    /// For the few requests that are signed by hand.
    pub(crate) config: SdkConfig,
}

impl Clients {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        macro_rules! client {
            ($sdk:ident) => {
                $sdk::Client::from_conf(
                    $sdk::config::Builder::from(config)
                        .interceptor(ReadOnly)
                        .build(),
                )
            };
        }
        // Names of buckets are not names of hosts behind an endpoint of one's own.
        let s3 = aws_sdk_s3::config::Builder::from(config)
            .interceptor(ReadOnly)
            .force_path_style(config.endpoint_url().is_some())
            .build();
        Self {
            account: client!(aws_sdk_account),
            cloudtrail: client!(aws_sdk_cloudtrail),
            cloudwatch: client!(aws_sdk_cloudwatch),
            events: client!(aws_sdk_eventbridge),
            iam: client!(aws_sdk_iam),
            kms: client!(aws_sdk_kms),
            logs: client!(aws_sdk_cloudwatchlogs),
            organizations: client!(aws_sdk_organizations),
            s3: aws_sdk_s3::Client::from_conf(s3),
            sns: client!(aws_sdk_sns),
            sts: client!(aws_sdk_sts),
            config: config.clone(),
        }
    }
}

/// The SDK's own chain of credentials and configuration, with this tool's retries and timeouts.
pub(crate) async fn load(profile: Option<&str>) -> SdkConfig {
    use aws_config::retry::RetryConfig;
    use aws_config::timeout::TimeoutConfig;
    use std::time::Duration;

    let retries = RetryConfig::standard()
        .with_max_attempts(5)
        .with_initial_backoff(Duration::from_millis(300))
        .with_max_backoff(Duration::from_secs(10));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_secs(90))
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(retries)
        .timeout_config(timeouts);
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    let config = loader.load().await;
    match config.region() {
        Some(_) => config,
        None => config
            .into_builder()
            .region(SdkRegion::new("us-east-1"))
            .build(),
    }
}
