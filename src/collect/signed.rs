//! Small signed requests to services that are asked for one bit each: the SDK's signer and HTTP client,
//! without the SDK crate, which would cost a minute of building.

use std::fmt;
use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::request_id::RequestId;
use serde_json::Value;
use trailaudit_checks::calls::ApiCall;
use trailaudit_checks::fact::Fact;

use super::ask::{Ask, Target};
use super::guard::{Meter, ReadOnly};

/// An answer's text.
#[derive(Debug)]
pub(crate) struct Answer {
    body: String,
    request_id: Option<String>,
}

impl Answer {
    /// The text as it came.
    pub(crate) fn text(&self) -> &str {
        &self.body
    }

    /// The text as JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }
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

/// A small request, and of whom it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Small {
    pub(crate) call: ApiCall,
    /// What the signature names, which need not be the host's name.
    pub(crate) signing_name: &'static str,
    /// The host without the region's domain, such as `guardduty`.
    pub(crate) host: String,
    pub(crate) method: &'static str,
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: &'static str,
}

impl Small {
    /// A GET without anything to it.
    pub(crate) fn get(call: ApiCall, host: &'static str, path: impl Into<String>) -> Self {
        Self {
            call,
            signing_name: host,
            host: host.to_owned(),
            method: "GET",
            path: path.into(),
            headers: Vec::new(),
            body: "",
        }
    }

    /// Asks, like any other call.
    pub(crate) async fn ask(
        self,
        ask: &Ask,
        target: &Target,
        about: &str,
        absent: &[&str],
    ) -> Fact<Option<Answer>> {
        let call = self.call;
        ask.call(target, call, about, absent, |meter| {
            send(ask, target, self, meter)
        })
        .await
    }
}

fn domain(target: &Target) -> &'static str {
    if target.region.as_str().starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

async fn send(
    ask: &Ask,
    target: &Target,
    small: Small,
    meter: Meter,
) -> Result<Answer, SdkError<ErrorAnswer, HttpResponse>> {
    let config = &ask.clients.config;
    let host = match config.endpoint_url() {
        Some(endpoint) => endpoint.to_owned(),
        None => format!(
            "https://{}.{}.{}",
            small.host,
            target.region,
            domain(target)
        ),
    };
    let request = signed(target, &small, &host)
        .await
        .map_err(SdkError::construction_failure)?;
    let mut operation = Operation::builder()
        .service_name(small.call.service)
        .operation_name(small.call.operation)
        .endpoint_url(&host)
        .no_auth()
        .interceptor(ReadOnly)
        .interceptor(meter)
        .runtime_plugin(own_quota(target, small.call))
        .retry_classifier(AwsErrorCodeClassifier::<ErrorAnswer>::new())
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

/// The retry quota of one account and region, as `ask::send` gives it to the SDK's own clients.
fn own_quota(target: &Target, call: ApiCall) -> StaticRuntimePlugin {
    let mut layer = Layer::new("own retry quota");
    layer.store_put(RetryPartition::new(super::ask::quota(target, call)));
    StaticRuntimePlugin::new().with_config(layer.freeze())
}

/// A request with its signature, still to be put on the wire.
#[derive(Debug, Clone)]
struct Signed {
    small: Small,
    added: Vec<(String, String)>,
}

impl Signed {
    fn into_http(self) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::from(self.small.body));
        request.set_method(self.small.method)?;
        request.set_uri(self.small.path)?;
        for (name, value) in self.small.headers {
            request.headers_mut().insert(name, value);
        }
        for (name, value) in self.added {
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

async fn signed(target: &Target, small: &Small, host: &str) -> Result<Signed, BoxError> {
    let identity = target.credentials.provide_credentials().await?.into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(target.region.as_str())
        .name(small.signing_name)
        .time(SystemTime::now())
        .settings(settings)
        .build()?
        .into();
    let uri = format!("{}{}", host.trim_end_matches('/'), small.path);
    let headers = small
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    let body = SignableBody::Bytes(small.body.as_bytes());
    let request = SignableRequest::new(small.method, &uri, headers, body)?;
    let (instructions, _) = sign(request, &params)?.into_parts();
    let added = instructions
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Signed {
        small: small.clone(),
        added: added.collect(),
    })
}

fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<ErrorAnswer>> {
    let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default()).into_owned();
    if response.status().is_success() {
        let request_id = response.request_id().map(str::to_owned);
        return Ok(Answer { body, request_id });
    }
    let kind = response.headers().get("x-amzn-errortype");
    let metadata = error(&body, kind);
    Err(OrchestratorError::operation(ErrorAnswer(metadata)))
}

/// XML or JSON: the services have one or the other.
fn error(body: &str, kind: Option<&str>) -> ErrorMetadata {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let field = |names: &[&str]| {
        let json = json.as_ref()?;
        names.iter().find_map(|name| json.get(name)?.as_str())
    };
    let code = kind
        .or_else(|| field(&["__type", "code", "Code"]))
        .or_else(|| tag(body, "Code"));
    let message = field(&["message", "Message"]).or_else(|| tag(body, "Message"));
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = code {
        // `namespace#Name` and `Name:address` are both just `Name`.
        let name = code.rsplit('#').next().unwrap_or(code);
        metadata = metadata.code(name.split(':').next().unwrap_or(name));
    }
    if let Some(message) = message {
        metadata = metadata.message(message);
    }
    metadata.build()
}

/// A value for a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// The text of the first element with this name.
pub(crate) fn tag<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found() {
        let body = "<A><Code>NoSuchThing</Code><B>true</B></A>";
        assert_eq!(tag(body, "Code"), Some("NoSuchThing"));
        assert_eq!(tag(body, "B"), Some("true"));
        assert_eq!(tag(body, "C"), None);
        assert_eq!(tag("<Code>cut", "Code"), None);
    }

    #[test]
    fn errors_are_named_in_xml_and_json() {
        for (body, kind, code) in [
            ("<E><Code>NoSuchThing</Code></E>", None, "NoSuchThing"),
            (
                "{\"__type\":\"a.b#Denied\",\"message\":\"no\"}",
                None,
                "Denied",
            ),
            (
                "{\"message\":\"no\"}",
                Some("InvalidAccessException:http://x"),
                "InvalidAccessException",
            ),
        ] {
            assert_eq!(error(body, kind).code(), Some(code), "{body}");
        }
        assert_eq!(error("<html>oops", None).code(), None);
    }
}
