//! Small signed requests to services that are asked for one bit each: the SDK's signer and HTTP client,
//! without the SDK crate, which would cost a minute of building.

use std::fmt;
use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::request_id::RequestId;
use trailaudit_checks::calls::{ApiCall, GET_ACCOUNT_PUBLIC_ACCESS_BLOCK};
use trailaudit_checks::fact::Fact;
use trailaudit_checks::inventory::PublicAccessBlock;

use super::ask::{Ask, Read, Target};
use super::guard::{Meter, ReadOnly};

/// An answer's text.
#[derive(Debug)]
pub(crate) struct Answer {
    body: String,
    request_id: Option<String>,
}

impl RequestId for Answer {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// An error answer.
#[derive(Debug)]
pub(crate) struct ErrorAnswer(ErrorMetadata);

impl fmt::Display for ErrorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for ErrorAnswer {}

impl ProvideErrorMetadata for ErrorAnswer {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// Block Public Access for the whole account.
pub(crate) async fn public_access_block(
    ask: &Ask,
    target: &Target,
) -> Fact<Option<PublicAccessBlock>> {
    const CALL: ApiCall = GET_ACCOUNT_PUBLIC_ACCESS_BLOCK;
    let absent = &["NoSuchPublicAccessBlockConfiguration"];
    let account = target.account.as_str();
    let host = format!(
        "https://{account}.s3-control.{}.{}",
        target.region,
        suffix(target)
    );
    let get = Get {
        call: CALL,
        signing_name: "s3",
        host,
        path: "/v20180820/configuration/publicAccessBlock",
        headers: vec![("x-amz-account-id", account.to_owned())],
    };
    let answer = ask
        .call(target, CALL, account, absent, |meter| {
            send(ask, target, get, meter)
        })
        .await;
    match answer {
        Fact::Known(None) => Fact::Known(None),
        some => some
            .read((target, CALL), |out| {
                let on = |name| Some(tag(&out.body, name)? == "true");
                Some(PublicAccessBlock {
                    block_public_acls: on("BlockPublicAcls")?,
                    ignore_public_acls: on("IgnorePublicAcls")?,
                    block_public_policy: on("BlockPublicPolicy")?,
                    restrict_public_buckets: on("RestrictPublicBuckets")?,
                })
            })
            .map(Some),
    }
}

fn suffix(target: &Target) -> &'static str {
    if target.region.as_str().starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

/// What is asked for, and of whom.
struct Get {
    call: ApiCall,
    signing_name: &'static str,
    host: String,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
}

async fn send(
    ask: &Ask,
    target: &Target,
    get: Get,
    meter: Meter,
) -> Result<Answer, SdkError<ErrorAnswer, HttpResponse>> {
    let config = &ask.clients.config;
    let host = config
        .endpoint_url()
        .map_or(get.host.clone(), str::to_owned);
    let request = signed(target, &get, &host)
        .await
        .map_err(SdkError::construction_failure)?;
    let mut operation = Operation::builder()
        .service_name(get.call.service)
        .operation_name(get.call.operation)
        .endpoint_url(&host)
        .no_auth()
        .interceptor(ReadOnly)
        .interceptor(meter)
        .retry_classifier(TransientErrorClassifier::<ErrorAnswer>::new())
        .retry_classifier(HttpStatusCodeClassifier::default());
    if let Some(client) = config.http_client() {
        operation = operation.http_client(client);
    }
    if let Some(retries) = config.retry_config() {
        operation = operation.standard_retry(retries);
    }
    if let Some(timeouts) = config.timeout_config() {
        operation = operation.timeout_config(timeouts.clone());
    }
    if let Some(sleep) = config.sleep_impl() {
        operation = operation.sleep_impl(sleep);
    }
    operation
        .serializer(|request: Signed| request.into_http())
        .deserializer(answer)
        .build()
        .invoke(request)
        .await
}

/// A request with its signature, still to be put on the wire.
#[derive(Debug, Clone)]
struct Signed {
    uri: String,
    headers: Vec<(String, String)>,
}

impl Signed {
    fn into_http(self) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_uri(self.uri)?;
        for (name, value) in self.headers {
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

async fn signed(target: &Target, get: &Get, host: &str) -> Result<Signed, BoxError> {
    let identity = target.credentials.provide_credentials().await?.into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(target.region.as_str())
        .name(get.signing_name)
        .time(SystemTime::now())
        .settings(settings)
        .build()?
        .into();
    let uri = format!("{}{}", host.trim_end_matches('/'), get.path);
    let headers = get
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    let request = SignableRequest::new("GET", &uri, headers, SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign(request, &params)?.into_parts();
    let given = get
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    let added = instructions
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers = given.chain(added).collect();
    Ok(Signed {
        uri: get.path.to_owned(),
        headers,
    })
}

fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<ErrorAnswer>> {
    let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default()).into_owned();
    if response.status().is_success() {
        let request_id = response.request_id().map(str::to_owned);
        return Ok(Answer { body, request_id });
    }
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = tag(&body, "Code") {
        metadata = metadata.code(code);
    }
    if let Some(message) = tag(&body, "Message") {
        metadata = metadata.message(message);
    }
    Err(OrchestratorError::operation(ErrorAnswer(metadata.build())))
}

/// The text of the first element with this name.
fn tag<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn elements_are_found() {
        let body = "<A><Code>NoSuchThing</Code><B>true</B></A>";
        assert_eq!(tag(body, "Code"), Some("NoSuchThing"));
        assert_eq!(tag(body, "B"), Some("true"));
        assert_eq!(tag(body, "C"), None);
        assert_eq!(tag("<Code>cut", "Code"), None);
    }
}
