//! The key's material changes by itself.

use super::described;
use crate::inventory::KeyMetadata;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-rotation",
    title: "KMS keys that encrypt logs should have automatic rotation enabled",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Rotation limits the number of log files that compromised key material can decrypt. Existing log files stay \
          readable, and no configuration changes.",
    fix: "Enable automatic rotation: `aws kms enable-key-rotation --key-id KEY --region REGION`. In Terraform: \
          `enable_key_rotation = true` in `aws_kms_key`.",
    judged: "Automatic rotation must be enabled. Not applicable where KMS cannot rotate: asymmetric keys, imported \
             key material, custom key stores.",
    alike: &["An AWS managed key passes: AWS rotates it every year."],
    references: &["https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_BUCKET_ENCRYPTION,
        calls::DESCRIBE_KEY,
        calls::GET_KEY_ROTATION_STATUS,
    ],
    run: Run::Key(run),
};

fn run(key: &Key, _: &Context<'_>) -> Outcome {
    let metadata = match described(key)? {
        Ok(metadata) => metadata,
        Err(gone) => return Ok(gone),
    };
    if metadata.manager.known()? == "AWS" {
        return Ok(Verdict::pass("AWS rotates AWS managed keys every year"));
    }
    if let Some(reason) = never(metadata)? {
        let verdict =
            Verdict::not_applicable(format!("KMS cannot rotate the key automatically: {reason}"));
        return Ok(verdict
            .saw("Origin", metadata.origin.known()?)
            .saw("KeySpec", metadata.spec.known()?));
    }
    let on = match key.rotation.known()? {
        Some(rotation) => *rotation.enabled.known()?,
        None => false,
    };
    let verdict = Verdict::pass_if(
        on,
        "automatic rotation is enabled",
        "automatic rotation is not enabled",
    );
    Ok(verdict.saw("KeyRotationEnabled", on).expected(true))
}

/// Why KMS offers no automatic rotation for a key, if it does not.
fn never(metadata: &KeyMetadata) -> Result<Option<&'static str>, Gaps> {
    let (origin, spec) = (metadata.origin.known()?, metadata.spec.known()?);
    Ok(match (origin.as_str(), spec.as_str()) {
        ("AWS_KMS", "SYMMETRIC_DEFAULT") => None,
        ("AWS_KMS", _) => Some("it is not a symmetric encryption key"),
        ("EXTERNAL", _) => Some("its key material is imported"),
        _ => Some("it is in a custom key store"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Rotation;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let rotates = |enabled| {
            let period_days = None;
            key(|k| {
                k.rotation = Known(Some(Rotation {
                    enabled: Known(enabled),
                    period_days: Known(period_days),
                }))
            })
        };
        let off = |change: fn(&mut KeyMetadata)| {
            rotates(false).and(|inventory| {
                let key = inventory.keys.values_mut().next().unwrap();
                change(known(&mut key.metadata).as_mut().unwrap());
            })
        };
        table(
            &CHECK,
            [
                (Pass, rotates(true)),
                (Fail, rotates(false)),
                (Fail, key(|k| k.rotation = Known(None))),
                (Pass, off(|it| it.manager = Known("AWS".to_owned()))),
                (
                    NotApplicable,
                    off(|it| it.spec = Known("RSA_2048".to_owned())),
                ),
                (
                    NotApplicable,
                    off(|it| it.origin = Known("EXTERNAL".to_owned())),
                ),
                (
                    NotApplicable,
                    off(|it| it.origin = Known("AWS_CLOUDHSM".to_owned())),
                ),
                (NotApplicable, key(|k| k.metadata = Known(None))),
                (Unknown, key(|k| k.metadata = denied(calls::DESCRIBE_KEY))),
                (
                    Unknown,
                    key(|k| k.rotation = denied(calls::GET_KEY_ROTATION_STATUS)),
                ),
            ],
        );
    }

    #[test]
    fn the_reason_is_told() {
        let key =
            key(|k| known(&mut k.metadata).as_mut().unwrap().origin = Known("EXTERNAL".to_owned()));
        let findings = key.findings(&[&CHECK]);
        assert!(
            findings[0].message.contains("imported"),
            "{}",
            findings[0].message
        );
    }
}
