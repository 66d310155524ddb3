//! A store in a bucket: the sink. Its client can write, and its guard lets one kind of write through.

use std::path::Path;

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::head_bucket::HeadBucketInput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Input;
use aws_sdk_s3::operation::put_object::PutObjectInput;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::ObjectLockMode;
use aws_sdk_s3::{Client, config::Region};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextMut, Input,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::result::SdkError as Failed;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::Timestamp;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Runtime;

use super::{Options, Put, RUNS, Store};
use crate::files;

/// The name of the session that writes, in CloudTrail's own records.
const SESSION_NAME: &str = "trailaudit-store";

/// A part of a bucket.
#[derive(Debug)]
pub struct Bucket {
    client: Client,
    runtime: Runtime,
    bucket: String,
    prefix: String,
    lock: Option<Timestamp>,
}

impl Bucket {
    /// Opens it: finds the bucket's region, with credentials that may list it.
    pub fn open(
        bucket: &str,
        prefix: &str,
        options: &Options,
        lock: Option<Timestamp>,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("no threads to run on")?;
        let guard = OnlyRuns {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        let client = runtime.block_on(client(guard, options))?;
        Ok(Self {
            client,
            runtime,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            lock,
        })
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn at(&self, name: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.key(name))
    }

    /// An object's body, and its tag.
    fn get(&self, name: &str) -> anyhow::Result<Option<(ByteStream, Option<String>)>> {
        let request = self.client.get_object().bucket(&self.bucket);
        let sent = request.key(self.key(name)).send();
        match self.runtime.block_on(sent) {
            Ok(out) => Ok(Some((out.body, out.e_tag))),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(None),
            Err(error) => {
                Err(failed(&error)).with_context(|| format!("{} cannot be read", self.at(name)))
            }
        }
    }
}

/// The client, in the region of the bucket.
async fn client(guard: OnlyRuns, options: &Options) -> anyhow::Result<Client> {
    let bucket = guard.bucket.clone();
    let config = crate::collect::config(options.profile.as_deref()).await;
    let config = match &options.role {
        Some(role) => with_role(&config, role).await,
        None => config,
    };
    let builder = aws_sdk_s3::config::Builder::from(&config)
        .interceptor(guard)
        // Names of buckets are not names of hosts behind an endpoint of one's own.
        .force_path_style(config.endpoint_url().is_some());
    let client = Client::from_conf(builder.clone().build());
    let region = match client.head_bucket().bucket(&bucket).send().await {
        Ok(out) => out.bucket_region,
        Err(error) => {
            // "It is in another region" is an answer: a redirect that names it.
            let answer = error.raw_response();
            let region = answer.and_then(|it| it.headers().get("x-amz-bucket-region"));
            match (answer.map(|it| it.status().as_u16()), region) {
                (Some(301), Some(region)) => Some(region.to_owned()),
                _ => {
                    return Err(failed(&error)).with_context(|| {
                        format!(
                            "the store s3://{bucket} cannot be used (s3:ListBucket is needed; `trailaudit list \
                             permissions --store s3://{bucket}` prints the policy)"
                        )
                    });
                }
            }
        }
    };
    Ok(match region {
        Some(region) => Client::from_conf(builder.region(Region::new(region)).build()),
        None => client,
    })
}

/// The same, acting as the role.
async fn with_role(config: &SdkConfig, role: &str) -> SdkConfig {
    let provider = AssumeRoleProvider::builder(role)
        .session_name(SESSION_NAME)
        .configure(config)
        .build()
        .await;
    let provider = aws_credential_types::provider::SharedCredentialsProvider::new(provider);
    config
        .clone()
        .into_builder()
        .credentials_provider(provider)
        .build()
}

/// What went wrong: AWS's own code and words, else what the client says, cause by cause.
fn failed<E, R>(error: &SdkError<E, R>) -> anyhow::Error
where
    SdkError<E, R>: std::error::Error + ProvideErrorMetadata,
{
    if let Some(code) = error.code() {
        return anyhow::anyhow!("{code}: {}", error.message().unwrap_or("no message"));
    }
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(it) = cause {
        words.push_str(&format!(": {it}"));
        cause = it.source();
    }
    anyhow::anyhow!(words)
}

impl Store for Bucket {
    fn runs(&self) -> anyhow::Result<Vec<String>> {
        let below = self.key(RUNS);
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.list_objects_v2().bucket(&self.bucket);
            let request = request.prefix(&below).set_continuation_token(token.take());
            let out = self
                .runtime
                .block_on(request.send())
                .map_err(|error| failed(&error))
                .with_context(|| format!("{} cannot be listed", self.at(RUNS)))?;
            let keys = out
                .contents
                .unwrap_or_default()
                .into_iter()
                .filter_map(|it| it.key);
            names.extend(keys.filter_map(|it| Some(it.strip_prefix(&self.prefix)?.to_owned())));
            match (out.is_truncated, out.next_continuation_token) {
                (Some(true), Some(next)) => token = Some(next),
                (Some(true), None) => bail!("a page of the listing does not say how to go on"),
                (Some(false) | None, _) => break,
            }
        }
        names.sort();
        Ok(names)
    }

    fn fetch(&self, name: &str, to: &Path) -> anyhow::Result<bool> {
        let Some((mut body, _)) = self.get(name)? else {
            return Ok(false);
        };
        let copied = async {
            let mut file = tokio::fs::File::create(to).await?;
            while let Some(piece) = body.next().await {
                file.write_all(&piece?).await?;
            }
            file.flush().await?;
            anyhow::Ok(())
        };
        let copied = self.runtime.block_on(copied);
        copied.with_context(|| format!("{} cannot be copied", self.at(name)))?;
        Ok(true)
    }

    fn read(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        match self.get(name)? {
            Some((body, _)) => self.small(name, body).map(Some),
            None => Ok(None),
        }
    }

    fn put(&self, name: &str, file: &Path) -> anyhow::Result<Put> {
        let request = self.client.put_object().bucket(&self.bucket);
        let mut request = request.key(self.key(name)).if_none_match("*");
        if let Some(until) = self.lock {
            request = request
                .object_lock_mode(ObjectLockMode::Compliance)
                .object_lock_retain_until_date(DateTime::from_secs(until.as_second()));
        }
        let sent = async {
            let body = ByteStream::from_path(file).await?;
            anyhow::Ok(request.body(body).send().await)
        };
        match self.runtime.block_on(sent)? {
            Ok(_) => Ok(Put::Written),
            Err(error) if is_taken(&error) => Ok(Put::Exists),
            Err(error) => {
                Err(failed(&error)).with_context(|| format!("{} cannot be written", self.at(name)))
            }
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        // Only over what was there a moment ago: of two writers at once, one is told.
        let tag = self.get(name)?.map(|(_, tag)| tag);
        let request = self.client.put_object().bucket(&self.bucket);
        let request = request
            .key(self.key(name))
            .body(ByteStream::from(bytes.to_vec()));
        let request = match tag {
            None => request.if_none_match("*"),
            Some(None) => bail!("{} has no ETag, so it is not replaced", self.at(name)),
            Some(Some(tag)) => request.if_match(tag),
        };
        let sent = self.runtime.block_on(request.send());
        sent.map_err(|error| failed(&error))
            .with_context(|| format!("{} cannot be written", self.at(name)))?;
        Ok(())
    }
}

impl Bucket {
    fn small(&self, name: &str, mut body: ByteStream) -> anyhow::Result<Vec<u8>> {
        let read = async {
            let mut bytes = Vec::new();
            while let Some(piece) = body.next().await {
                bytes.extend_from_slice(&piece?);
                if bytes.len() as u64 > files::SMALL {
                    bail!("it is larger than {} MB", files::SMALL >> 20);
                }
            }
            Ok(bytes)
        };
        self.runtime
            .block_on(read)
            .with_context(|| format!("{} cannot be read", self.at(name)))
    }
}

/// S3 refused to write over an object that is there, or two wrote at once.
fn is_taken<E: ProvideErrorMetadata, R>(error: &Failed<E, R>) -> bool {
    matches!(
        error.code(),
        Some("PreconditionFailed" | "ConditionalRequestConflict")
    )
}

/// Lets through what a store does, and nothing else: reads of its part of the bucket, and writes of objects there that
/// are not there yet, or of one that was just read.
#[derive(Debug)]
struct OnlyRuns {
    bucket: String,
    prefix: String,
}

impl OnlyRuns {
    fn refused(&self, input: &Input) -> Option<String> {
        let key = |key: Option<&str>| match key.and_then(|it| it.strip_prefix(&self.prefix)) {
            Some(name) => name.to_owned(),
            None => String::new(),
        };
        let (bucket, allowed) = if let Some(it) = input.downcast_ref::<PutObjectInput>() {
            let name = key(it.key());
            let new = it.if_none_match() == Some("*");
            let over = it.if_match().is_some() && !name.contains('/');
            let run = name.starts_with(RUNS) && new;
            let pointer = !name.is_empty() && !name.contains('/') && (new || over);
            (it.bucket(), run || pointer)
        } else if let Some(it) = input.downcast_ref::<GetObjectInput>() {
            (it.bucket(), !key(it.key()).is_empty())
        } else if let Some(it) = input.downcast_ref::<ListObjectsV2Input>() {
            (it.bucket(), key(it.prefix()).starts_with(RUNS))
        } else if let Some(it) = input.downcast_ref::<HeadBucketInput>() {
            (it.bucket(), true)
        } else {
            return Some("a call that a store does not make is refused".to_owned());
        };
        let ours = bucket == Some(&self.bucket);
        (!ours || !allowed).then(|| {
            format!(
                "refused: it is not a read of, or a conditional write to, s3://{}/{}",
                self.bucket, self.prefix
            )
        })
    }
}

#[dyn_dispatch_hint]
impl Intercept for OnlyRuns {
    fn name(&self) -> &'static str {
        "OnlyRuns"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match self.refused(context.input()) {
            Some(words) => Err(words.into()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::operation::delete_object::DeleteObjectInput;
    use aws_sdk_s3::operation::put_bucket_policy::PutBucketPolicyInput;

    use super::*;

    fn guard() -> OnlyRuns {
        OnlyRuns {
            bucket: "audits".to_owned(),
            prefix: "org/".to_owned(),
        }
    }

    fn put(bucket: &str, key: &str, none: Option<&str>, over: Option<&str>) -> Input {
        let input = PutObjectInput::builder().bucket(bucket).key(key);
        let input = input
            .set_if_none_match(none.map(str::to_owned))
            .set_if_match(over.map(str::to_owned));
        Input::erase(input.build().unwrap())
    }

    #[test]
    fn one_kind_of_write_passes() {
        for input in [
            put(
                "audits",
                "org/audits/2026-12-01/r/night.json",
                Some("*"),
                None,
            ),
            put("audits", "org/latest.json", Some("*"), None),
            put("audits", "org/latest.json", None, Some("\"e\"")),
        ] {
            assert_eq!(guard().refused(&input), None);
        }
        for input in [
            // Over an object of a run, or with no condition.
            put(
                "audits",
                "org/audits/2026-12-01/r/night.json",
                None,
                Some("\"e\""),
            ),
            put("audits", "org/audits/2026-12-01/r/night.json", None, None),
            put("audits", "org/latest.json", None, None),
            // Elsewhere.
            put("audits", "org/other/x", Some("*"), None),
            put("audits", "latest.json", Some("*"), None),
            put("audits", "org/", Some("*"), None),
            put("logs", "org/audits/x", Some("*"), None),
            // Other writes.
            Input::erase(
                DeleteObjectInput::builder()
                    .bucket("audits")
                    .key("org/audits/x")
                    .build()
                    .unwrap(),
            ),
            Input::erase(
                PutBucketPolicyInput::builder()
                    .bucket("audits")
                    .policy("{}")
                    .build()
                    .unwrap(),
            ),
        ] {
            assert!(guard().refused(&input).is_some(), "{input:?}");
        }
    }

    #[test]
    fn reads_of_its_own_part_pass() {
        let get = |key: &str| {
            Input::erase(
                GetObjectInput::builder()
                    .bucket("audits")
                    .key(key)
                    .build()
                    .unwrap(),
            )
        };
        let list = |prefix: &str| {
            let input = ListObjectsV2Input::builder()
                .bucket("audits")
                .prefix(prefix);
            Input::erase(input.build().unwrap())
        };
        assert_eq!(guard().refused(&get("org/latest.json")), None);
        assert_eq!(guard().refused(&list("org/audits/")), None);
        assert!(guard().refused(&get("secrets/a")).is_some());
        assert!(guard().refused(&list("")).is_some());
    }

    /// A real client, and a listener that must not hear of it.
    #[tokio::test]
    async fn what_is_refused_never_leaves_the_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(aws_credential_types::Credentials::new(
                "a", "b", None, None, "test",
            ))
            .endpoint_url(format!("http://{}", listener.local_addr().unwrap()))
            .force_path_style(true)
            .interceptor(guard())
            .build();
        let client = Client::from_conf(config);
        let deleted = client.delete_object().bucket("audits").key("org/audits/x");
        assert!(matches!(
            deleted.send().await.unwrap_err(),
            SdkError::ConstructionFailure(_)
        ));
        let put = client.put_object().bucket("audits").key("org/audits/x");
        assert!(put.send().await.is_err());
        assert!(listener.accept().is_err(), "something was sent");
    }
}
