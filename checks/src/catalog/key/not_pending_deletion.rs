//! The key stays.

use super::described;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-not-pending-deletion",
    title: "Key that encrypts log files is not about to be deleted",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "Once the key is deleted, every log file that it encrypts is lost for ever, Object Lock or not. \
          Destroying the key is the quiet way to destroy the record.",
    fix: "Call CancelKeyDeletion before the date, then EnableKey: `aws kms cancel-key-deletion --key-id KEY --region \
          REGION` and `aws kms enable-key --key-id KEY --region REGION`. Find out who scheduled it.",
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
        "no deletion is scheduled",
        match metadata.deletion.ok().copied().flatten() {
            Some(date) => format!("the key will be deleted at {date}"),
            None => "the key will be deleted".to_owned(),
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
