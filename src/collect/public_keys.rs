//! The public keys that CloudTrail signed digests with, region by region.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::primitives::DateTime;
use jiff::Timestamp;
use trailaudit_checks::calls::LIST_PUBLIC_KEYS;
use trailaudit_checks::digest::PublicKey;
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::Region;

use super::ask::{Target, malformed, pages};
use super::digests::Bucket;
use super::time;
use crate::verify::Keys;

impl Bucket {
    /// The public keys of some regions that CloudTrail signed with from then until then, and what stood in the way.
    /// A region that the caller has not switched on is asked through the first of `members` that has.
    pub(crate) fn public_keys(
        &self,
        regions: &BTreeSet<String>,
        (from, until): (Timestamp, Timestamp),
        members: &BTreeMap<String, Vec<Target>>,
    ) -> Keys {
        let asked = regions.iter().map(|region| async move {
            let mut answer = self.keys_of(&self.target, region, from, until).await;
            for member in members.get(region).into_iter().flatten() {
                if answer.gap().is_none() {
                    break;
                }
                answer = self.keys_of(member, region, from, until).await;
            }
            (region.clone(), answer)
        });
        let answers = self.runtime.block_on(futures::future::join_all(asked));
        let mut keys = Keys::default();
        for (region, answer) in answers {
            keys.ring.set_complete(&region, answer.gap().is_none());
            match answer {
                Known(listed) => {
                    let ring = &mut keys.ring;
                    listed.into_iter().for_each(|key| ring.insert(&region, key));
                }
                Unknown(gap) => drop(keys.gaps.insert(region, gap)),
            }
        }
        keys
    }

    async fn keys_of(
        &self,
        target: &Target,
        region: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Fact<Vec<PublicKey>> {
        let ask = &self.ask;
        let target = &target.in_region(&Region::from(region));
        let listed = pages!(
            ask,
            target,
            LIST_PUBLIC_KEYS,
            "",
            &[],
            aws_sdk_cloudtrail,
            |token| ask
                .clients
                .cloudtrail
                .list_public_keys()
                .start_time(DateTime::from_secs(from.as_second()))
                .end_time(DateTime::from_secs(until.as_second()))
                .set_next_token(token.clone()),
            |out| (out.public_key_list, out.next_token)
        );
        let keys = match listed {
            Known(keys) => keys.unwrap_or_default(),
            Unknown(gap) => return Unknown(gap),
        };
        let read = keys.iter().map(|key| {
            let value = aws_smithy_types::base64::encode(key.value.as_ref()?.as_ref());
            let from = time::maybe(key.validity_start_time.as_ref())?;
            let until = time::maybe(key.validity_end_time.as_ref())?;
            PublicKey::new(&value, key.fingerprint.as_deref()?, from, until).ok()
        });
        match read.collect::<Option<Vec<_>>>() {
            Some(keys) => Known(keys),
            None => Unknown(malformed(target, LIST_PUBLIC_KEYS, "a key that is none")),
        }
    }
}
