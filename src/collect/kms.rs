//! KMS: the keys that encrypt log files, buckets and stores.

use std::collections::{BTreeMap, HashMap};

use trailaudit_checks::calls::{
    DESCRIBE_KEY, GET_KEY_POLICY, GET_KEY_ROTATION_STATUS, LIST_GRANTS,
};
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::key::KeyGrant;
use trailaudit_checks::inventory::{Key, KeyMetadata, Rotation};

use super::ask::{Ask, Read, Target, not_asked, pages, send};
use super::time::maybe;

/// Reads a key in its own account and region.
pub(crate) async fn key(ask: &Ask, target: &Target, arn: Arn) -> Key {
    let metadata = metadata(ask, target, &arn).await;
    // The other calls take no alias: they are asked about the key that the alias stands for.
    let real = metadata
        .ok()
        .and_then(|it| it.as_ref())
        .and_then(|it| it.arn.ok())
        .unwrap_or(&arn)
        .clone();
    let (policy, rotation, grants) = futures::join!(
        policy(ask, target, &real),
        rotation(ask, target, &real),
        grants(ask, target, &real),
    );
    let account = target.account.clone();
    Key {
        account,
        region: target.region.clone(),
        metadata,
        policy,
        rotation,
        grants,
        arn,
    }
}

/// The key and its policy alone.
pub(crate) async fn key_policy(ask: &Ask, target: &Target, arn: Arn) -> Key {
    let metadata = metadata(ask, target, &arn).await;
    let real = metadata
        .ok()
        .and_then(|it| it.as_ref())
        .and_then(|it| it.arn.ok())
        .unwrap_or(&arn)
        .clone();
    let policy = policy(ask, target, &real).await;
    Key {
        account: target.account.clone(),
        region: target.region.clone(),
        metadata,
        policy,
        rotation: Unknown(not_asked(target, GET_KEY_ROTATION_STATUS)),
        grants: Unknown(not_asked(target, LIST_GRANTS)),
        arn,
    }
}

const ABSENT: &[&str] = &["NotFoundException"];

async fn metadata(ask: &Ask, target: &Target, arn: &Arn) -> Fact<Option<KeyMetadata>> {
    let request = ask.clients.kms.describe_key().key_id(arn.as_str());
    let answer = send!(
        ask,
        target,
        DESCRIBE_KEY,
        arn.as_str(),
        ABSENT,
        aws_sdk_kms,
        request
    );
    optional(answer, target, |out| {
        let it = out.key_metadata?;
        let arn = Arn::from(it.arn?);
        let multi_region = it.multi_region.unwrap_or_default();
        // A multi-region key without its list of keys is an answer that cannot be read.
        let replicas = match (multi_region, it.multi_region_configuration) {
            (false, _) => Vec::new(),
            (true, None) => return None,
            (true, Some(set)) => {
                let all = set
                    .primary_key
                    .into_iter()
                    .chain(set.replica_keys.unwrap_or_default());
                let mut all: Vec<Arn> =
                    all.map(|it| it.arn.map(Arn::from)).collect::<Option<_>>()?;
                all.retain(|it| *it != arn);
                all
            }
        };
        Some(KeyMetadata {
            arn: Known(arn),
            manager: Known(it.key_manager?.as_str().to_owned()),
            state: Known(it.key_state?.as_str().to_owned()),
            origin: Known(
                it.origin
                    .map(|it| it.as_str().to_owned())
                    .unwrap_or_default(),
            ),
            spec: Known(
                it.key_spec
                    .map(|it| it.as_str().to_owned())
                    .unwrap_or_default(),
            ),
            multi_region: Known(multi_region),
            replicas: Known(replicas),
            deletion: Known(maybe(it.deletion_date.as_ref())),
            valid_to: Known(maybe(it.valid_to.as_ref())),
        })
    })
}

/// There is none, or it holds what it should.
fn optional<T, U>(
    answer: Fact<Option<T>>,
    target: &Target,
    with: impl FnOnce(T) -> Option<U>,
) -> Fact<Option<U>> {
    match answer {
        Fact::Known(None) => Fact::Known(None),
        some => some.read((target, DESCRIBE_KEY), with).map(Some),
    }
}

async fn policy(ask: &Ask, target: &Target, arn: &Arn) -> Fact<Option<String>> {
    let request = ask
        .clients
        .kms
        .get_key_policy()
        .key_id(arn.as_str())
        .policy_name("default");
    let answer = send!(
        ask,
        target,
        GET_KEY_POLICY,
        arn.as_str(),
        ABSENT,
        aws_sdk_kms,
        request
    );
    answer.map(|out| out.and_then(|out| out.policy))
}

async fn rotation(ask: &Ask, target: &Target, arn: &Arn) -> Fact<Option<Rotation>> {
    let request = ask
        .clients
        .kms
        .get_key_rotation_status()
        .key_id(arn.as_str());
    // Keys that cannot rotate (asymmetric, imported, custom stores) say so by this name.
    let absent = &["NotFoundException", "UnsupportedOperationException"];
    let about = arn.as_str();
    let answer = send!(
        ask,
        target,
        GET_KEY_ROTATION_STATUS,
        about,
        absent,
        aws_sdk_kms,
        request
    );
    answer.map(|out| {
        out.map(|out| Rotation {
            enabled: Known(out.key_rotation_enabled),
            period_days: Known(out.rotation_period_in_days),
        })
    })
}

async fn grants(ask: &Ask, target: &Target, arn: &Arn) -> Fact<Vec<KeyGrant>> {
    let pages = pages!(
        ask,
        target,
        LIST_GRANTS,
        arn.as_str(),
        ABSENT,
        aws_sdk_kms,
        |token| ask
            .clients
            .kms
            .list_grants()
            .key_id(arn.as_str())
            .set_marker(token.clone()),
        |out| (out.grants, out.next_marker)
    );
    pages.map(|grants| grants.unwrap_or_default().into_iter().map(grant).collect())
}

fn grant(it: aws_sdk_kms::types::GrantListEntry) -> KeyGrant {
    let sorted = |map: Option<HashMap<String, String>>| -> BTreeMap<String, String> {
        map.unwrap_or_default().into_iter().collect()
    };
    let (equals, subset) = it
        .constraints
        .map(|it| (it.encryption_context_equals, it.encryption_context_subset))
        .unwrap_or_default();
    let operations = it.operations.unwrap_or_default();
    KeyGrant {
        id: it.grant_id.unwrap_or_default(),
        grantee: it
            .grantee_principal
            .or(it.grantee_service_principal)
            .unwrap_or_default(),
        retiring: it.retiring_principal.or(it.retiring_service_principal),
        operations: operations
            .into_iter()
            .map(|it| it.as_str().to_owned())
            .collect(),
        context_equals: sorted(equals),
        context_subset: sorted(subset),
    }
}
