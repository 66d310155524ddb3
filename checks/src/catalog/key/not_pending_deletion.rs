//! The key stays.

use super::described;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-not-pending-deletion",
    title: "KMS keys that encrypt logs should not be scheduled for deletion",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "When the key is deleted, no log file that it encrypts can ever be decrypted again, even with Object Lock. \
          Deleting the key destroys the logs without an S3 API call.",
    fix: "Cancel the deletion before its date: `aws kms cancel-key-deletion --key-id KEY --region REGION`. Then \
          enable the key: `aws kms enable-key --key-id KEY --region REGION`. Search the CloudTrail logs for the \
          principal that called ScheduleKeyDeletion.",
    judged: "Fails when a deletion is scheduled. The finding contains the date.",
    alike: &[
        "A disabled key is evaluated by key-enabled: it can be enabled again, a deleted key cannot.",
    ],
    references: &["https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html"],
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
    let state = metadata.state.known()?;
    let pending = ["PendingDeletion", "PendingReplicaDeletion"].contains(&state.as_str());
    let verdict = Verdict::pass_if(
        !pending,
        "the key is not scheduled for deletion",
        match metadata.deletion.ok().copied().flatten() {
            Some(date) => format!("the key is scheduled for deletion at {date}"),
            None => "the key is scheduled for deletion".to_owned(),
        },
    );
    Ok(verdict
        .saw("KeyState", &metadata.state)
        .saw("DeletionDate", metadata.deletion.ok().copied().flatten()))
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
                (Pass, state("Disabled")),
                (Fail, state("PendingDeletion")),
                (Fail, state("PendingReplicaDeletion")),
                (NotApplicable, key(|k| k.metadata = Known(None))),
                (Unknown, key(|k| k.metadata = denied(calls::DESCRIBE_KEY))),
            ],
        );
    }
}
