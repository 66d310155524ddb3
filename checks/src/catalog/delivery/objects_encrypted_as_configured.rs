//! The log files are encrypted with the key that the trail names.

use super::stored::{Means, judge, missing};
use crate::inventory::{ObjectKind, Stored, TrailConfiguration};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-objects-encrypted-as-configured",
    title: "Log files should be encrypted with the trail's KMS key",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "The KMS key of a trail applies to later deliveries only. Log files that were delivered before, or \
          rewritten by another principal, can be read without permissions on the key.",
    fix: "Copy the objects that the message names onto themselves with the key: `aws s3api copy-object --bucket \
          BUCKET --key KEY --copy-source BUCKET/KEY --server-side-encryption aws:kms --ssekms-key-id KEY_ARN \
          --metadata-directive COPY`. Find out who wrote them, if it was not CloudTrail.",
    judged: "Each log file that was read during verification must be encrypted with the trail's key, as the response \
             of S3 states. For trails without a key, see `trail-kms-encrypted`. Digest files may be encrypted with \
             SSE-S3.",
    alike: &[
        "Log files that are not read (digest missing, invalid, or none lists them) make the result unknown.",
        "Files from before the key was set fail, since they are readable without it. The message gives their dates.",
        "An alias in the trail's configuration is resolved to its key, where the key could be read.",
    ],
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
    let open = |why| missing(chain, calls::DESCRIBE_TRAILS, why);
    let deliverers = deliverers(chain, ctx);
    let [set, others @ ..] = deliverers.as_slice() else {
        return Err(open("the trail of the digest chain was not found"));
    };
    // The chain's objects are called alike, whichever of them delivered it.
    if others.iter().any(|it| it.kms_key != set.kms_key) {
        return Err(open(
            "trails of the same name with different KMS keys deliver these objects",
        ));
    }
    let Some(key) = set.kms_key.known()? else {
        return Ok(Verdict::not_applicable(
            "the trail has no KMS key (see trail-kms-encrypted)",
        ));
    };
    // An alias stands for its key, where the key could be asked.
    let metadata = ctx.inventory.keys.get(key).map(|it| &it.metadata);
    let real = metadata.and_then(|it| it.ok()?.as_ref()?.arn.ok());
    let means = |it: &Stored| Ok(weigh(it, key, real));
    judge(
        chain,
        &[ObjectKind::Log],
        means,
        "all log files are encrypted with the KMS key of the trail",
    )
}

fn weigh(it: &Stored, key: &Arn, real: Option<&Arn>) -> Means {
    let encryption = it
        .encryption
        .as_deref()
        .unwrap_or("no encryption that S3 reports");
    if !matches!(encryption, "aws:kms" | "aws:kms:dsse") {
        return Means::Wrong(format!(
            "encrypted with {encryption}, not with KMS key {key}"
        ));
    }
    match &it.key {
        Some(used) if used == key || Some(used) == real => Means::Right,
        Some(used) => Means::Wrong(format!("encrypted with {used}, not with KMS key {key}")),
        None => Means::Wrong(format!(
            "encrypted with a key that S3 does not report, not with KMS key {key}"
        )),
    }
}

/// What the trails are set to whose chain it is: one, but for an organization's trail and a member's of the same name.
fn deliverers<'a>(chain: &VerifiedChain, ctx: &Context<'a>) -> Vec<&'a TrailConfiguration> {
    let id = &chain.chain.id;
    let delivers = |trail: &'a Trail| {
        let set = &trail.configuration;
        let named = trail.arn.resource().strip_prefix("trail/") == Some(&id.trail)
            && trail.home_region.as_str() == id.home_region;
        let here = set.bucket.ok()? == &id.bucket
            && (trail.account.as_str() == id.account || *set.organization.ok()?);
        (named && here).then_some(set)
    };
    ctx.inventory.trails.values().filter_map(delivers).collect()
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

    /// The organization's trail, and one of its own name in the account.
    fn two_of_a_name(key: Option<&str>) -> Case {
        with_chain(trail(|_| {})).and(|inventory| {
            let mut twin = inventory.trails.values().next().unwrap().clone();
            configuration(&mut twin).kms_key = Known(key.map(Arn::from));
            configuration(&mut twin).organization = Known(true);
            twin.arn = Arn::from("arn:aws:cloudtrail:us-east-1:999999999999:trail/main");
            twin.account = AccountId::from("999999999999");
            inventory.trails.insert(twin.arn.clone(), twin);
        })
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
                            .extend(denied::<Fact<()>>(calls::GET_OBJECT).gap().cloned());
                    }),
                ),
                // What lies there and was not read may be anything.
                (Unknown, chain(|it| it.chain.logs.unverified = 1)),
                (Unknown, chain(|it| it.chain.logs.unlisted = 1)),
                (
                    Unknown,
                    chain(|it| it.logs_listed = denied(calls::LIST_OBJECTS)),
                ),
                (Unknown, chain(|it| it.chain.id.trail = "former".to_owned())),
                (Unknown, two_of_a_name(Some(OTHER))),
                (Unknown, two_of_a_name(None)),
                (Pass, two_of_a_name(Some(KEY_ARN))),
                (
                    NotApplicable,
                    with_chain(trail(|it| configuration(it).kms_key = Known(None))),
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
