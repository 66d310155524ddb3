//! Services read the log files on behalf of accounts of the organization only.

use super::gone;
use crate::catalog::{gap, outsiders};
use crate::policy::posture::allows_on;
use crate::policy::{Principal, Statement, Test, posture};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-policy-services-scoped",
    title: "Log bucket policies should allow AWS services to read only on behalf of the organization's accounts",
    severity: Severity::Low,
    question: Some(Question::Guarded),
    why: "An AWS service uses the same service principal for all customers. If a statement grants it read access \
          without a condition on the source account, any AWS account can read the logs through that service \
          (confused deputy).",
    fix: "Add the condition `StringEquals: {aws:SourceAccount: ACCOUNT}` or `StringEquals: {aws:SourceOrgID: \
          ORGANIZATION_ID}` to the statement: `aws s3api put-bucket-policy --bucket BUCKET --policy \
          file://policy.json`.",
    judged: "Evaluates every statement that allows an AWS service to read objects or list the bucket: it must be \
             limited by aws:SourceAccount, aws:SourceArn, aws:SourceOrgID or aws:SourceOrgPaths to accounts of the \
             organization.",
    alike: &[
        "aws:SourceAccount with your own account passes; with IfExists, or with another account, it fails.",
        "Services that only write are evaluated by bucket-policy-writers-only-cloudtrail.",
    ],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceorgid",
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

/// What shows log files, or their names.
const READS: [&str; 5] = [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:GetObjectTorrent",
    "s3:ListBucket",
    "s3:ListBucketVersions",
];

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let policy = gap::bucket_policy(bucket, ctx)?;
    let (mut some, mut open, mut gaps) = (false, Vec::new(), Vec::new());
    let arn = format!("{}*", bucket.arn);
    for found in policy.iter().flat_map(|it| allows_on(it, &READS, &arn)) {
        let services = services(found.statement);
        if services.is_empty() {
            continue;
        }
        some = true;
        match outsiders::acts_for_us_only(found.statement, ctx) {
            Ok(true) => {}
            Ok(false) => open.push(format!(
                "{} lets {} read log files on behalf of any AWS account",
                found.label(),
                services.join(", ")
            )),
            Err(missing) => gaps.push(missing),
        }
    }
    let verdict = match (open.as_slice(), some) {
        ([], false) => Verdict::pass(
            "no statement of the bucket policy allows an AWS service to read log files",
        ),
        ([], true) => Verdict::pass(
            "the bucket policy lets AWS services read log files only on behalf of the \
                organization's accounts",
        ),
        _ => Verdict::fail(format!(
            "the bucket policy: {}",
            outsiders::few(&open, "; ", 3)
        ))
        .saw("Statement", &open),
    };
    verdict.unless_open(Gaps::collect(gaps))
}

/// The services that a statement names, by its principals or by a condition.
fn services(statement: &Statement) -> Vec<&str> {
    let principals = statement.principals.iter().flat_map(|it| &it.members);
    let named = principals.filter_map(|principal| match principal {
        Principal::Service(name) => Some(name.as_str()),
        Principal::Everyone
        | Principal::Account(_)
        | Principal::Aws(_)
        | Principal::Federated(_)
        | Principal::CanonicalUser(_) => None,
    });
    let conditions = statement.conditions.iter();
    let keys = ["aws:principalservicename", "aws:principalservicenameslist"];
    let of_services = conditions
        .clone()
        .filter(|it| keys.contains(&it.key.as_str()) && posture::restricts(it));
    let values = of_services.flat_map(|it| &it.values).map(String::as_str);
    let any = conditions.filter(|condition| {
        let is = |value: &String| value.eq_ignore_ascii_case("true");
        condition.key == "aws:principalisawsservice"
            && condition.operator.test == Test::Bool
            && condition.values.iter().any(is) != condition.operator.negated
    });
    let any = any.map(|_| "any AWS service");
    let every: Vec<&str> = named.chain(values).collect();
    // A statement for everyone that only services meet.
    match every.is_empty() && statement.principals.as_ref().is_some_and(outsiders::wide) {
        true => any.take(1).collect(),
        false => every,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn also(principal: &str, action: &str, condition: &str) -> Case {
        let more = format!(
            r#"{{"Sid":"More","Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"],"Condition":{{{condition}}}}},{{"Sid":"Tls""#
        );
        let policy = BUCKET_POLICY.replace(r#"{"Sid":"Tls""#, &more);
        bucket(|b| b.policy = Known(Some(policy)))
    }

    #[test]
    fn verdicts() {
        let athena = r#"{"Service":"athena.amazonaws.com"}"#;
        let equals = |key: &str, value: &str| format!(r#""StringEquals":{{"{key}":"{value}"}}"#);
        let reads = |condition: &str| also(athena, "s3:GetObject", condition);
        table(
            &CHECK,
            [
                (Pass, bucket(|_| {})),
                (Pass, bucket(|b| b.policy = Known(None))),
                (Fail, reads("")),
                (Fail, also(athena, "s3:List*", "")),
                (Fail, also(athena, "s3:*", "")),
                (Pass, reads(&equals("aws:SourceAccount", "111111111111"))),
                (Fail, reads(&equals("aws:SourceAccount", "999999999999"))),
                (Pass, reads(&equals("aws:SourceOrgID", "o-test"))),
                (Fail, reads(&equals("aws:SourceOrgID", "o-else"))),
                (
                    Pass,
                    reads(r#""ForAnyValue:StringLike":{"aws:SourceOrgPaths":"o-test/*"}"#),
                ),
                (
                    Pass,
                    reads(
                        r#""ArnLike":{"aws:SourceArn":"arn:aws:athena:*:111111111111:workgroup/*"}"#,
                    ),
                ),
                (
                    Fail,
                    reads(r#""ArnLike":{"aws:SourceArn":"arn:aws:athena:*:*:workgroup/*"}"#),
                ),
                (
                    Fail,
                    reads(r#""StringEqualsIfExists":{"aws:SourceAccount":"111111111111"}"#),
                ),
                (
                    Fail,
                    reads(r#""StringEquals":{"aws:ResourceAccount":"111111111111"}"#),
                ),
                // Writing is another question, and so are principals.
                (Pass, also(athena, "s3:PutObject", "")),
                (
                    Pass,
                    also(
                        r#"{"AWS":"arn:aws:iam::111111111111:role/x"}"#,
                        "s3:GetObject",
                        "",
                    ),
                ),
                (
                    Fail,
                    also(
                        r#""*""#,
                        "s3:GetObject",
                        &equals("aws:PrincipalServiceName", "athena.amazonaws.com"),
                    ),
                ),
                (
                    Fail,
                    also(
                        r#""*""#,
                        "s3:GetObject",
                        r#""Bool":{"aws:PrincipalIsAWSService":"true"}"#,
                    ),
                ),
                (
                    Pass,
                    also(
                        r#""*""#,
                        "s3:GetObject",
                        r#""Bool":{"aws:PrincipalIsAWSService":"true"},"StringEquals":{"aws:SourceOrgID":"o-test"}"#,
                    ),
                ),
                (
                    Fail,
                    also(
                        r#""*""#,
                        "s3:GetObject",
                        r#""ForAnyValue:StringEquals":{"aws:PrincipalServiceNamesList":"athena.amazonaws.com"}"#,
                    ),
                ),
                (
                    Unknown,
                    bucket(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
        let unlisted = reads(&equals("aws:SourceAccount", "222222222222")).and(|inventory| {
            let of = known(&mut inventory.organization).as_mut().unwrap();
            of.accounts = denied(calls::LIST_ACCOUNTS);
        });
        table_on(&CHECK, BUCKET_ARN, [(Unknown, unlisted)]);
    }
}
