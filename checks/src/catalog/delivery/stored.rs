//! What S3 said of the objects that were read: how they are encrypted, how long they are locked.

use crate::catalog::gap;
use crate::fact::Reason;
use crate::finding::Evidence;
use crate::inventory::{ObjectKind, Stored};
use crate::prelude::*;

/// What one way of storing means for a check.
pub(super) enum Means {
    /// It is as it should be.
    Right,
    /// It is not, and why.
    Wrong(String),
}

/// The verdict on all objects of some kinds: a fail when any is wrong, unknown when any was not seen.
pub(super) fn judge(
    it: &VerifiedChain,
    kinds: &[ObjectKind],
    means: impl Fn(&Stored) -> Result<Means, Gaps>,
    right: &str,
) -> Outcome {
    let (mut wrong, mut gaps, mut objects) = (Vec::new(), Vec::new(), 0);
    for stored in it.stored.iter().filter(|it| kinds.contains(&it.kind)) {
        objects += stored.objects;
        match means(stored) {
            Ok(Means::Right) => {}
            Ok(Means::Wrong(why)) => wrong.push((stored, why)),
            Err(gap) => gaps.push(gap),
        }
    }
    if let [(_, why), ..] = wrong.as_slice() {
        let bad: u64 = wrong.iter().map(|(stored, _)| stored.objects).sum();
        let mut verdict = Verdict::fail(format!("{bad} of {objects} objects are {why}"));
        let each = wrong.iter().map(|(stored, why)| evidence(it, stored, why));
        verdict.evidence.extend(each);
        return Ok(verdict);
    }
    gaps.extend(unseen(it, kinds, objects));
    match Gaps::collect(gaps) {
        Some(gaps) => Err(gaps),
        None if objects == 0 => Ok(Verdict::not_applicable(
            "no objects were delivered in the time range",
        )),
        None => Ok(Verdict::pass(right).saw("objects", objects)),
    }
}

/// What is there, or may be, and was not read: nothing is said of it.
fn unseen(it: &VerifiedChain, kinds: &[ObjectKind], objects: u64) -> Vec<Gaps> {
    let mut gaps: Vec<Gaps> = it.unread.iter().cloned().map(Gaps::from).collect();
    let listings = [&it.digests_listed, &it.logs_listed];
    gaps.extend(listings.into_iter().filter_map(|it| it.known().err()));
    let (digests, logs) = (&it.chain.digests, &it.chain.logs);
    let (mut read, mut left) = (0, 0);
    if kinds.contains(&ObjectKind::Digest) {
        read += digests.valid + digests.invalid;
        left += digests.unverified;
    }
    if kinds.contains(&ObjectKind::Log) {
        read += logs.valid + logs.invalid;
        // Logs of a digest that is missing or wrong, and those that no digest lists.
        left += logs.unverified + logs.unlisted;
    }
    let mut open = |detail: String| gaps.push(missing(it, calls::GET_OBJECT, &detail));
    if left > 0 {
        open(format!(
            "{left} objects were not read, because no valid digest lists them"
        ));
    }
    if read > 0 && objects == 0 {
        open(
            "the objects were read from a copy, or by a version that did not keep their encryption and retention"
                .to_owned(),
        );
    }
    gaps
}

/// A gap in the record of the chain's own account and region.
pub(super) fn missing(it: &VerifiedChain, call: calls::ApiCall, detail: &str) -> Gaps {
    let id = &it.chain.id;
    let account = AccountId::from(id.account.as_str());
    let region = Region::from(id.region.as_str());
    gap::gap(call, &account, &region, Reason::NotAsked, detail)
}

fn evidence(it: &VerifiedChain, stored: &Stored, why: &str) -> Evidence {
    let delivered = stored.delivered.map(|it| format!(", delivered {it}"));
    let (bucket, key) = (&it.chain.id.bucket, &stored.example);
    let more = stored.objects.saturating_sub(1);
    let more = (more > 0).then(|| format!(" and {more} more"));
    Evidence {
        what: format!(
            "s3://{bucket}/{key}{}{}",
            delivered.unwrap_or_default(),
            more.unwrap_or_default()
        ),
        seen: Some(serde_json::Value::String(why.to_owned())),
        ..Evidence::default()
    }
}

#[cfg(test)]
pub(super) mod cases {
    //! Objects for verdict tables.

    use super::*;

    /// Some objects, encrypted with this.
    pub(in crate::catalog::delivery) fn encrypted(
        kind: ObjectKind,
        encryption: &str,
        key: Option<&str>,
    ) -> Stored {
        Stored {
            kind,
            encryption: Some(encryption.to_owned()),
            key: key.map(Arn::from),
            lock: Known(None),
            objects: 2,
            example: "AWSLogs/object.json.gz".to_owned(),
            delivered: None,
        }
    }
}
