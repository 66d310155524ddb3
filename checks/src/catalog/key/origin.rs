//! The key's material is KMS's own.

use super::described;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-origin",
    title: "Key that encrypts log files has material that KMS made and keeps",
    severity: Severity::Low,
    question: Some(Question::Guarded),
    why: "Imported material can expire, or be deleted at once and without the waiting time that protects other keys; a \
          custom key store goes with its cluster or its proxy. With it go the log files.",
    fix: "Encrypt with a key of origin AWS_KMS: `aws kms create-key --origin AWS_KMS --region REGION`, then \
          UpdateTrail or PutBucketEncryption with it. Where the law demands your own material, import it without an \
          expiry date.",
    references: &[
        "https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html",
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-store-overview.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_BUCKET_ENCRYPTION,
        calls::DESCRIBE_KEY,
    ],
    run: Run::Key(run),
};

fn run(key: &Key, _: &Context<'_>) -> Outcome {
    let metadata = match described(key)? {
        Ok(metadata) => metadata,
        Err(gone) => return Ok(gone),
    };
    let origin = metadata.origin.known()?;
    // Until when, where it is known: imported material fails either way.
    let valid_to = metadata.valid_to.ok().copied().flatten();
    let verdict = match (origin.as_str(), valid_to) {
        ("AWS_KMS", _) => Verdict::pass("KMS made the material"),
        ("EXTERNAL", Some(end)) => {
            Verdict::fail(format!("the material is imported, and expires at {end}"))
        }
        ("EXTERNAL", None) => Verdict::fail("the material is imported, and can be deleted at once"),
        (other, _) => Verdict::fail(format!("the key lives outside KMS's own store: {other}")),
    };
    Ok(verdict.saw("Origin", origin).expected("AWS_KMS"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn origin(origin: &str, expires: bool) -> Case {
        key(|k| {
            let metadata = known(&mut k.metadata).as_mut().unwrap();
            metadata.origin = Known(origin.to_owned());
            metadata.valid_to = Known(expires.then(|| hours_ago(-1000)));
        })
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, origin("AWS_KMS", false)),
                (Fail, origin("EXTERNAL", false)),
                (Fail, origin("EXTERNAL", true)),
                (Fail, origin("AWS_CLOUDHSM", false)),
                (Fail, origin("EXTERNAL_KEY_STORE", false)),
                (NotApplicable, key(|k| k.metadata = Known(None))),
                (Unknown, key(|k| k.metadata = denied(calls::DESCRIBE_KEY))),
            ],
        );
        let message = &origin("EXTERNAL", true).findings(&[&CHECK])[0].message;
        assert!(message.contains("expires"), "{message}");
    }
}
