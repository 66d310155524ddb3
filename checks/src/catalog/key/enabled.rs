//! The key can be used.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-enabled",
    title: "KMS keys that encrypt logs should be enabled",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "CloudTrail cannot encrypt with a key that is disabled, deleted or without key material. Delivery stops, and \
          existing log files cannot be decrypted.",
    fix: "Enable the key: `aws kms enable-key --key-id KEY --region REGION`. If its key material is missing, import \
          it again (ImportKeyMaterial). Or configure another key on the trail: `aws cloudtrail update-trail --name \
          TRAIL_ARN --kms-key-id KEY_ARN --region TRAIL_REGION`.",
    judged: "The key must exist and its state must be Enabled.",
    alike: &["A trail with a disabled key fails, although encryption is configured."],
    references: &["https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_BUCKET_ENCRYPTION,
        calls::DESCRIBE_KEY,
    ],
    run: Run::Key(run),
};

fn run(key: &Key, _: &Context<'_>) -> Outcome {
    let Some(metadata) = key.metadata.known()? else {
        return Ok(Verdict::fail("the key does not exist"));
    };
    // A key that is being updated (its primary moves to another region) goes on encrypting.
    let state = metadata.state.known()?;
    let usable = ["Enabled", "Updating"].contains(&state.as_str());
    let verdict = Verdict::pass_if(
        usable,
        "the key is enabled",
        format!("the key cannot be used: its state is {state} (expected: Enabled)"),
    );
    Ok(verdict.saw("KeyState", state).expected("Enabled"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let state = |state: &str| {
            key(|k| known(&mut k.metadata).as_mut().unwrap().state = Known(state.to_owned()))
        };
        table(
            &CHECK,
            [
                (Pass, state("Enabled")),
                (Pass, state("Updating")),
                (Fail, state("Disabled")),
                (Fail, state("PendingDeletion")),
                (Fail, state("PendingImport")),
                (Fail, state("Unavailable")),
                (Fail, key(|k| k.metadata = Known(None))),
                (Unknown, key(|k| k.metadata = denied(calls::DESCRIBE_KEY))),
            ],
        );
    }
}
