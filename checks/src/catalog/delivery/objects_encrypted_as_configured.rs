//! The log files are encrypted with the key that the trail names.

use super::stored::{Means, judge, missing};
use crate::inventory::{ObjectKind, Stored};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-objects-encrypted-as-configured",
    title: "Every log file that was read is encrypted with the trail's key",
    severity: Severity::Medium,
    why: "The trail's setting says how the next file will be encrypted. A file that was delivered before the key was \
          set, or written again by someone else, can be read by whoever may read the bucket.",
    fix: "Copy the named objects onto themselves with the key (`aws s3api copy-object --copy-source BUCKET/KEY \
          --bucket BUCKET --key KEY --server-side-encryption aws:kms --ssekms-key-id KEY_ARN \
          --metadata-directive COPY`), and find out who wrote them if it was not CloudTrail.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::LIST_OBJECTS,
        calls::GET_OBJECT,
        // Only what a valid digest lists is read.
        calls::LIST_PUBLIC_KEYS,
        calls::DESCRIBE_KEY,
    ],
    run: Run::Chain(run),
};

/// Digest files are left out: AWS's guide has described them as encrypted by SSE-S3 whatever the trail's key is.
fn run(chain: &VerifiedChain, ctx: &Context<'_>) -> Outcome {
    let Some(trail) = deliverer(chain, ctx) else {
        let (call, why) = (calls::DESCRIBE_TRAILS, "its trail is not in sight");
        return Err(missing(chain, call, why));
    };
    let Some(key) = &trail.configuration.known()?.kms_key else {
        return Ok(Verdict::not_applicable(
            "the trail names no key: trail-kms-encrypted judges that",
        ));
    };
    // An alias stands for its key, where the key could be asked.
    let metadata = ctx.inventory.keys.get(key).map(|it| &it.metadata);
    let real = metadata.and_then(|it| it.ok()?.as_ref().map(|it| &it.arn));
    let means = |it: &Stored| Ok(weigh(it, key, real));
    judge(
        chain,
        &[ObjectKind::Log],
        means,
        "every log file is encrypted with the trail's key",
    )
}

fn weigh(it: &Stored, key: &Arn, real: Option<&Arn>) -> Means {
    let encryption = it.encryption.as_deref().unwrap_or("nothing that S3 tells");
    if !matches!(encryption, "aws:kms" | "aws:kms:dsse") {
        return Means::Wrong(format!("encrypted with {encryption}, not with {key}"));
    }
    match &it.key {
        Some(used) if used == key || Some(used) == real => Means::Right,
        Some(used) => Means::Wrong(format!("encrypted with {used}, not with {key}")),
        None => Means::Wrong(format!(
            "encrypted with a key that S3 does not name, not with {key}"
        )),
    }
}

/// The trail whose chain it is.
fn deliverer<'a>(chain: &VerifiedChain, ctx: &Context<'a>) -> Option<&'a Trail> {
    let id = &chain.chain.id;
    let mut trails = ctx.inventory.trails.values();
    trails.find(|trail| {
        let Some(set) = trail.configuration.ok() else {
            return false;
        };
        trail.arn.resource().strip_prefix("trail/") == Some(&id.trail)
            && trail.home_region.as_str() == id.home_region
            && set.bucket == id.bucket
            && (set.organization || trail.account.as_str() == id.account)
    })
}

#[cfg(test)]
mod tests {
    use super::super::chains::cases::{chain, with_chain};
    use super::super::stored::cases::encrypted;
    use super::*;
    use crate::inventory::ObjectKind::{Digest, Log};
    use crate::testing::*;

    const OTHER: &str = "arn:aws:kms:eu-west-1:999999999999:key/other";

    fn logs(stored: Vec<Stored>) -> Case {
        chain(|it| it.stored = stored)
    }

    #[test]
    fn verdicts() {
        let good = || encrypted(Log, "aws:kms", Some(KEY_ARN));
        table(
            &CHECK,
            [
                (Pass, logs(vec![good()])),
                (
                    Pass,
                    logs(vec![encrypted(Log, "aws:kms:dsse", Some(KEY_ARN))]),
                ),
                // Some delivered before the key was set: they stay as they were.
                (Fail, logs(vec![good(), encrypted(Log, "AES256", None)])),
                (Fail, logs(vec![encrypted(Log, "aws:kms", Some(OTHER))])),
                (Fail, logs(vec![encrypted(Log, "aws:kms", None)])),
                // Digests may be encrypted by S3's own key.
                (Pass, logs(vec![good(), encrypted(Digest, "AES256", None)])),
                (Unknown, logs(vec![])),
                (
                    NotApplicable,
                    chain(|it| {
                        it.stored = vec![];
                        it.chain.logs.valid = 0;
                    }),
                ),
                (
                    Unknown,
                    chain(|it| {
                        it.stored = vec![good()];
                        it.unread
                            .extend(denied::<()>(calls::GET_OBJECT).gap().cloned());
                    }),
                ),
                (Unknown, chain(|it| it.chain.id.trail = "former".to_owned())),
                (
                    NotApplicable,
                    with_chain(trail(|it| configuration(it).kms_key = None)),
                ),
            ],
        );
    }

    #[test]
    fn an_alias_stands_for_its_key() {
        let alias = "arn:aws:kms:us-east-1:111111111111:alias/trail";
        let key = Arn::from(alias);
        let stored = encrypted(Log, "aws:kms", Some(KEY_ARN));
        let real = Arn::from(KEY_ARN);
        assert!(matches!(weigh(&stored, &key, Some(&real)), Means::Right));
        assert!(matches!(weigh(&stored, &key, None), Means::Wrong(_)));
    }
}
