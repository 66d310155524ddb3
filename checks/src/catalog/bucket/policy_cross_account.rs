//! Nobody from elsewhere gets at the files.

use super::gone;
use crate::catalog::{gap, named};
use crate::fact::Reason;
use crate::policy::posture::Found;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-policy-cross-account",
    title: "The bucket policy lets in nobody from outside the organization",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "A statement for a foreign account hands the record, or a hand in it, to people whom nobody here can \
          hold to account, and outlives the contract that asked for it.",
    fix: "Take statements that name foreign accounts out of the bucket policy (`aws s3api put-bucket-policy`), \
          or require aws:PrincipalOrgID.",
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_POLICY,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(policy) = gap::bucket_policy(bucket, ctx)? else {
        return Ok(Verdict::pass("there is no bucket policy"));
    };
    let whose = gap::of_bucket(
        bucket,
        ctx,
        calls::GET_BUCKET_POLICY,
        Reason::Malformed,
        "it names a canonical user id, and whose that is cannot be seen".to_owned(),
    );
    let (mut open, mut gaps) = (Vec::new(), Vec::new());
    for (index, statement) in policy.statements.iter().enumerate() {
        if statement.effect == crate::policy::Effect::Allow {
            match named::lets_outsiders_in(statement, ctx, &whose) {
                Ok(true) => open.push(Found { index, statement }.label()),
                Ok(false) => {}
                Err(missing) => gaps.push(missing),
            }
        }
    }
    let verdict = match open.as_slice() {
        [] => Verdict::pass("no statement names anybody from elsewhere"),
        _ => Verdict::fail("the bucket policy lets outsiders in").saw("Statement", &open),
    };
    verdict.unless_open(Gaps::collect(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn allows(principal: &str, condition: &str) -> Case {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*","Condition":{{{condition}}}}}}}"#
        );
        bucket(|b| b.policy = Known(Some(policy)))
    }

    #[test]
    fn verdicts() {
        let org = |id: &str| format!(r#""StringEquals":{{"aws:PrincipalOrgID":"{id}"}}"#);
        table(
            &CHECK,
            [
                (Pass, bucket(|_| {})),
                (Fail, allows(r#"{"AWS":"999999999999"}"#, "")),
                (
                    Fail,
                    allows(
                        r#"{"AWS":["111111111111","arn:aws:iam::999999999999:role/x"]}"#,
                        "",
                    ),
                ),
                (Pass, allows(r#"{"AWS":"111111111111"}"#, "")),
                (Fail, allows(r#""*""#, "")),
                (Pass, allows(r#""*""#, &org("o-test"))),
                (Fail, allows(r#""*""#, &org("o-another"))),
                (
                    Pass,
                    allows(
                        r#""*""#,
                        r#""StringEquals":{"aws:PrincipalAccount":"111111111111"}"#,
                    ),
                ),
                (
                    Fail,
                    allows(
                        r#""*""#,
                        r#""StringEquals":{"aws:PrincipalAccount":"999999999999"}"#,
                    ),
                ),
                (Pass, allows(r#"{"AWS":"AROAEXAMPLEEXAMPLE"}"#, "")),
                (
                    Unknown,
                    bucket(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (Unknown, allows(r#"{"CanonicalUser":"79a59d"}"#, "")),
                (
                    Fail,
                    allows(r#"{"AWS":"999999999999","CanonicalUser":"79a59d"}"#, ""),
                ),
            ],
        );
        let unlisted = allows(r#"{"AWS":"999999999999"}"#, "").and(|it| {
            let of = known(&mut it.organization).as_mut().unwrap();
            of.accounts = denied(calls::LIST_ACCOUNTS);
        });
        table_on(&CHECK, "arn:aws:s3:::logs", [(Unknown, unlisted)]);
    }
}
