//! A store in a bucket: the sink. Its client can write, and its guard lets one kind of write through.

use std::path::Path;

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::ObjectLockMode;
use aws_sdk_s3::{Client, config::Region};
use jiff::Timestamp;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Runtime;

use super::guard::OnlyRuns;
use super::{Kept, Options, Put, Store};
use crate::files;

/// The name of the session that writes, in CloudTrail's own records.
const SESSION_NAME: &str = "trailaudit-store";
/// So often an object is written over, where others write it at the same time.
const REPLACED: u32 = 3;

/// A part of a bucket.
#[derive(Debug)]
pub struct Bucket {
    client: Client,
    runtime: Runtime,
    bucket: String,
    prefix: String,
    kept: Kept,
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
            kept: options.kept,
        };
        let client = runtime.block_on(client(guard, options))?;
        Ok(Self {
            client,
            runtime,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            kept: options.kept,
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
    fn names(&self) -> anyhow::Result<Vec<String>> {
        let below = self.key(self.kept.listed());
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.list_objects_v2().bucket(&self.bucket);
            let request = request.prefix(&below).set_continuation_token(token.take());
            let out = self
                .runtime
                .block_on(request.send())
                .map_err(|error| failed(&error))
                .with_context(|| format!("{} cannot be listed", self.at(self.kept.listed())))?;
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
        for _ in 0..REPLACED {
            match self.replaced(name, bytes)? {
                Put::Written => return Ok(()),
                Put::Exists => {}
            }
        }
        bail!("{} is written by others again and again", self.at(name))
    }
}

impl Bucket {
    /// Writes over what was there a moment ago, and over nothing that came since.
    fn replaced(&self, name: &str, bytes: &[u8]) -> anyhow::Result<Put> {
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
        match self.runtime.block_on(request.send()) {
            Ok(_) => Ok(Put::Written),
            Err(error) if is_taken(&error) => Ok(Put::Exists),
            Err(error) => {
                Err(failed(&error)).with_context(|| format!("{} cannot be written", self.at(name)))
            }
        }
    }

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
fn is_taken<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(
        error.code(),
        Some("PreconditionFailed" | "ConditionalRequestConflict")
    )
}
