//! What the client of a store may do: one kind of write, and reads of its own part of the bucket.

use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::head_bucket::HeadBucketInput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Input;
use aws_sdk_s3::operation::put_object::PutObjectInput;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextMut, Input,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::Kept;

/// Lets through what a store does, and nothing else: reads of its part of the bucket, and writes of objects there that
/// are not there yet, or of one that was just read.
#[derive(Debug)]
pub(super) struct OnlyRuns {
    pub(super) bucket: String,
    pub(super) prefix: String,
    pub(super) kept: Kept,
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
            let once = self.kept.is_once(&name) && new;
            let pointer = !name.is_empty() && !name.contains('/') && (new || over);
            (it.bucket(), once || (self.kept.replaces() && pointer))
        } else if let Some(it) = input.downcast_ref::<GetObjectInput>() {
            (it.bucket(), !key(it.key()).is_empty())
        } else if let Some(it) = input.downcast_ref::<ListObjectsV2Input>() {
            (
                it.bucket(),
                key(it.prefix()).starts_with(self.kept.listed()),
            )
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

    use aws_sdk_s3::Client;
    use aws_sdk_s3::config::Region;
    use aws_sdk_s3::error::SdkError;

    use super::*;

    fn guard() -> OnlyRuns {
        OnlyRuns {
            bucket: "audits".to_owned(),
            prefix: "org/".to_owned(),
            kept: Kept::Audits,
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
    fn a_sharded_run_replaces_nothing() {
        let guard = OnlyRuns {
            kept: Kept::Shards,
            ..guard()
        };
        for name in [
            "plan.json",
            "organization.jsonl.zst",
            "inventory.jsonl.zst",
            "shards/0007.jsonl.zst",
        ] {
            let key = format!("org/{name}");
            assert_eq!(guard.refused(&put("audits", &key, Some("*"), None)), None);
            for (none, over) in [(None, None), (None, Some("\"e\""))] {
                let input = put("audits", &key, none, over);
                assert!(guard.refused(&input).is_some(), "{input:?}");
            }
        }
        for name in ["latest.json", "plan.json.2", "audits/x", "shards/"] {
            let input = put("audits", &format!("org/{name}"), Some("*"), None);
            assert!(guard.refused(&input).is_some(), "{input:?}");
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
