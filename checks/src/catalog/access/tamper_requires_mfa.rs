//! Tampering takes more than a stolen key.

use super::effective::{EVERYTHING, verdict};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-tamper-requires-mfa",
    title: "Rights over the record are held only under a condition such as MFA or a network",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "A key that leaks from a laptop or a build carries all rights that its owner holds without condition. With a \
          second factor, or a network, in the condition it is not enough to blind the record.",
    fix: "Add a condition on `aws:MultiFactorAuthPresent`, `aws:SourceIp` or `aws:SourceVpce` to the statements that \
          grant the actions in the finding, or to the trust policy's role that they belong to.",
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html",
    ],
    reads: EVERYTHING,
    run: Run::Access(run),
};

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    let mut rights = judged.tampering();
    let grave = |it: &crate::access::Right<'_>| it.action.severity >= Severity::High;
    rights.retain(|it| grave(it) && (it.is_free() || !it.is_known()));
    verdict(
        &rights,
        "holds rights over the record without a second factor",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let under = |condition: &str| {
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"cloudtrail:StopLogging","Resource":"*","Condition":{{{condition}}}}}}}"#
            );
            role(|r| r.inline.push(inline(&document)))
        };
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Fail, may("cloudtrail:StopLogging", "*")),
                (Pass, with_mfa("cloudtrail:StopLogging")),
                (
                    Pass,
                    under(r#""IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#),
                ),
                // Whoever calls chooses it.
                (Fail, under(r#""StringEquals":{"aws:UserAgent":"console"}"#)),
                (
                    Fail,
                    under(r#""BoolIfExists":{"aws:SecureTransport":"true"}"#),
                ),
                (Pass, may("cloudtrail:PutInsightSelectors", "*")),
                (Unknown, role(|r| r.inline.push(inline("{")))),
            ],
        );
    }
}
