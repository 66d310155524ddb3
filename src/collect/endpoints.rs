//! Which endpoints stand in the place of AWS's own, by the variables and the profile that the SDK reads.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

use crate::endpoint::host;

/// The services that are called through the SDK's own clients, as its configuration names them.
const SERVICES: [&str; 11] = [
    "Account",
    "CloudTrail",
    "CloudWatch",
    "CloudWatch Logs",
    "EventBridge",
    "IAM",
    "KMS",
    "Organizations",
    "S3",
    "SNS",
    "STS",
];

/// Each custom endpoint, and for which services; none where all are AWS's own.
pub(crate) fn custom(config: &SdkConfig) -> Vec<String> {
    let mut endpoints: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    if let Some(url) = config.endpoint_url() {
        endpoints.entry(host(url)).or_default().push("all services");
    }
    for service in SERVICES {
        let key = ServiceConfigKey::builder()
            .service_id(service)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let loaded = config.service_config().zip(key.ok());
        let url = loaded.and_then(|(config, key)| config.load_config(key));
        if let Some(url) = url.filter(|it| Some(it.as_str()) != config.endpoint_url()) {
            endpoints.entry(host(&url)).or_default().push(service);
        }
    }
    endpoints
        .into_iter()
        .map(|(url, services)| format!("{url} ({})", services.join(", ")))
        .collect()
}
