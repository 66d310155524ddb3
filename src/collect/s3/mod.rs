//! S3: the buckets that trails deliver to, read with the role of the account that owns them.

mod answers;
mod shapes;
mod unread;

use trailaudit_checks::calls::{ApiCall, GET_BUCKET_LOCATION, HEAD_BUCKET, LIST_BUCKETS};
use trailaudit_checks::fact::{Fact, Gap, Known, Unknown};
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::Bucket;

use crate::collect::ask::{Ask, Read, Target, overrides, pages, send};
use crate::collect::s3control;
use answers::Place;

/// The names of the account's buckets.
pub(crate) async fn owned(ask: &Ask, target: &Target) -> Fact<Vec<String>> {
    let pages = pages!(
        ask,
        target,
        LIST_BUCKETS,
        "",
        &[],
        aws_sdk_s3,
        |token| ask
            .clients
            .s3
            .list_buckets()
            .max_buckets(10_000)
            .set_continuation_token(token.clone()),
        |out| (out.buckets, out.continuation_token)
    );
    pages.map(|buckets| {
        buckets
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| it.name)
            .collect()
    })
}

/// Whether a bucket of this name exists at all, whoever owns it.
pub(crate) async fn exists(ask: &Ask, target: &Target, name: &str) -> Fact<bool> {
    let request = ask.clients.s3.head_bucket().bucket(name);
    let absent = &["NotFound", "NoSuchBucket"];
    match send!(ask, target, HEAD_BUCKET, name, absent, aws_sdk_s3, request) {
        Known(answer) => Known(answer.is_some()),
        // "Elsewhere" is an answer too. "Forbidden" is not: S3 also says so of names that nobody holds.
        Unknown(gap) if gap.detail.contains("HTTP 301") => Known(true),
        Unknown(gap) => Unknown(gap),
    }
}

/// A bucket of which nothing is known but this.
pub(crate) fn unread(
    partition: &str,
    name: &str,
    exists: Fact<bool>,
    owner: Fact<Option<AccountId>>,
    gap: impl Fn(ApiCall) -> Gap,
) -> Bucket {
    Bucket {
        exists,
        owner,
        ..Bucket::unread(Arn::bucket(partition, name), name, &gap)
    }
}

/// Reads everything about a bucket with its owner's credentials.
pub(crate) async fn bucket(
    ask: &Ask,
    target: &Target,
    partition: &str,
    name: &str,
    owner: Fact<Option<AccountId>>,
) -> Bucket {
    let region = region(ask, target, name).await;
    let here = match &region {
        Known(region) => target.in_region(region),
        Unknown(_) => target.clone(),
    };
    let at = Place {
        ask,
        target: &here,
        name,
    };
    let (acl, ownership, public_access_block, policy, policy_is_public, versioning, lock) = futures::join!(
        at.acl(),
        at.ownership(),
        at.public_access_block(),
        at.policy(),
        at.policy_is_public(),
        at.versioning(),
        at.object_lock(),
    );
    let (
        encryption,
        access_logging,
        lifecycle,
        replication,
        notifications,
        website,
        tags,
        prefixes,
    ) = futures::join!(
        at.encryption(),
        at.access_logging(),
        at.lifecycle(),
        at.replication(),
        at.notifications(),
        at.website(),
        at.tags(),
        at.prefixes(),
    );
    let access_points = s3control::access_points(ask, &here, name).await;
    let (object_lock, default_retention) = match lock {
        Known((on, retention)) => (Known(on), Known(retention)),
        Unknown(gap) => (Unknown(gap.clone()), Unknown(gap)),
    };
    Bucket {
        arn: Arn::bucket(partition, name),
        name: name.to_owned(),
        exists: Known(true),
        owner,
        region,
        acl,
        ownership,
        public_access_block,
        policy,
        policy_is_public,
        versioning,
        object_lock,
        default_retention,
        encryption,
        access_logging,
        lifecycle,
        replication,
        notifications,
        website,
        access_points,
        tags,
        prefixes,
    }
}

/// GetBucketLocation is answered anywhere, but only when the bucket's name is in the path.
pub(crate) async fn region(ask: &Ask, target: &Target, name: &str) -> Fact<Region> {
    let call = GET_BUCKET_LOCATION;
    let request = ask.clients.s3.get_bucket_location().bucket(name);
    let answer = ask
        .call(target, call, name, &[], |meter| {
            let place = overrides!(aws_sdk_s3, target, call).force_path_style(true);
            request
                .customize()
                .interceptor(meter)
                .config_override(place)
                .send()
        })
        .await;
    answer.read((target, call), |out| {
        let constraint = out.location_constraint.map(|it| it.as_str().to_owned());
        Some(match constraint.as_deref() {
            // The oldest region has no name here, and Ireland its first one.
            None | Some("") => Region::from("us-east-1"),
            Some("EU") => Region::from("eu-west-1"),
            Some(name) => Region::from(name),
        })
    })
}
