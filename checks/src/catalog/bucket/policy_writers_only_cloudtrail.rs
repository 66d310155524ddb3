//! Only CloudTrail writes.

use std::collections::BTreeSet;

use super::{gone, places};
use crate::catalog::{gap, outsiders};
use crate::policy::{Principal, Statement, posture};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-policy-writers-only-cloudtrail",
    title: "Log bucket policies should allow only CloudTrail to write log files",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "A principal that can write to CloudTrail's prefixes (AWSLogs/ACCOUNT/CloudTrail/) can add forged log files \
          or flood the prefix. Both s3:PutObject and s3:ReplicateObject allow this.",
    fix: "In the bucket policy, grant s3:PutObject and s3:ReplicateObject on CloudTrail's prefixes only to \
          cloudtrail.amazonaws.com: `aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json`. Let \
          other services write to their own prefix, such as AWSLogs/ACCOUNT/Config/, or to another bucket.",
    judged: "Fails when a statement allows s3:PutObject or s3:ReplicateObject in one of CloudTrail's prefixes \
             (AWSLogs/ACCOUNT/CloudTrail, -Digest, -Insight, and below the organization's id) to a principal other \
             than cloudtrail.amazonaws.com.",
    alike: &[
        "A statement for AWS Config on AWSLogs/ACCOUNT/Config/ passes; one on AWSLogs/ACCOUNT/ includes CloudTrail's \
         prefix, and fails.",
        "A replication role with s3:ReplicateObject can write as well, and fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_POLICY,
        calls::DESCRIBE_ORGANIZATION,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(policy) = gap::bucket_policy(bucket, ctx)? else {
        return Ok(Verdict::pass("the bucket has no policy"));
    };
    let cloudtrail = Principal::Service("cloudtrail.amazonaws.com".to_owned());
    let mut others = Vec::new();
    let (places, missing) = places_of_files(bucket, ctx);
    for place in places {
        for found in posture::allows_on(&policy, &WRITES, &place) {
            let principals = found.statement.principals.as_ref();
            let alone = principals.is_some_and(|principal| {
                !principal.negated
                    && principal
                        .members
                        .iter()
                        .all(|it| *it == cloudtrail || it.is_deleted())
            });
            if !alone && !beside(found.statement, bucket, ctx) {
                others.push(found.grant());
            }
        }
    }
    others.sort();
    others.dedup();
    if others.is_empty() {
        if let Some(missing) = missing {
            return Err(missing);
        }
        return Ok(Verdict::pass(
            "the bucket policy allows only CloudTrail to write log files",
        ));
    }
    let verdict = Verdict::fail(format!(
        "principals other than CloudTrail can write log files: {}",
        outsiders::few(&others, "; ", 3)
    ));
    Ok(verdict.saw("Statement", others))
}

/// Where trails put their files, and the trails of which that is not known: below the account's folder, in one of
/// CloudTrail's own. Other services of AWS write beside it, as AWS Config does below `AWSLogs/ACCOUNT/Config/`.
fn places_of_files(bucket: &Bucket, ctx: &Context<'_>) -> (BTreeSet<String>, Option<Gaps>) {
    let account = "?".repeat(12);
    // An organization trail puts a folder of the organization between; of an unknown one any text may be its id.
    let organization = match ctx.organization() {
        Ok(None) => None,
        Ok(Some(organization)) => Some(organization.id.as_str()),
        Err(_) => Some("o-*"),
    };
    let (mut places, mut missing) = (BTreeSet::new(), Vec::new());
    for trail in ctx.deliverers(bucket) {
        let root = match trail.configuration.prefix.known() {
            Ok(Some(prefix)) if !prefix.is_empty() => {
                format!("{}/{}/AWSLogs", bucket.arn, prefix.trim_matches('/'))
            }
            Ok(_) => format!("{}/AWSLogs", bucket.arn),
            Err(gaps) => {
                missing.push(gaps);
                continue;
            }
        };
        places.insert(format!("{root}/{account}/CloudTrail*"));
        places.extend(organization.map(|id| format!("{root}/{id}/{account}/CloudTrail*")));
    }
    (places, Gaps::collect(missing))
}

/// Whether every resource of a statement lies in the folder of another service below a log prefix, as
/// `AWSLogs/*/Config/*` does. A `*` crosses slashes, so that such a pattern takes in keys below CloudTrail's folder as
/// well; none of them looks like a log file, whose key has the form
/// `AWSLogs/[o-ORGANIZATION/]ACCOUNT/CloudTrail../REGION/YYYY/MM/DD/FILE`.
fn beside(statement: &Statement, bucket: &Bucket, ctx: &Context<'_>) -> bool {
    let Some(resources) = statement.resources.as_ref().filter(|it| !it.negated) else {
        return false;
    };
    let roots = places::of_logs(bucket, ctx);
    let other = |pattern: &str, root: &String| {
        let root = format!("{}/{root}", bucket.arn);
        let folders = pattern
            .strip_prefix(&root)
            .and_then(|it| it.rsplit_once('/'));
        folders.is_some_and(|(folders, _)| folders.split('/').any(|it| !of_a_log(it)))
    };
    let mut patterns = resources.patterns.iter();
    !roots.is_empty() && patterns.all(|pattern| roots.iter().all(|root| other(&pattern.text, root)))
}

/// Whether a folder on the way to a log file can have this name.
fn of_a_log(folder: &str) -> bool {
    let number = folder.bytes().all(|it| it.is_ascii_digit());
    let region = folder.contains('-') && folder.ends_with(|it: char| it.is_ascii_digit());
    number
        || region
        || folder.contains(['*', '?', '$'])
        || folder.starts_with("o-")
        || folder.starts_with("CloudTrail")
}

/// What puts a file there: a write, and the write of a replication from another bucket.
const WRITES: [&str; 2] = ["s3:PutObject", "s3:ReplicateObject"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn also(principal: &str, action: &str, resource: &str) -> Case {
        let more = format!(
            r#"{{"Sid":"More","Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"{resource}"}},{{"Sid":"Tls""#
        );
        let policy = BUCKET_POLICY.replace(r#"{"Sid":"Tls""#, &more);
        bucket(|b| b.policy = Known(Some(policy)))
    }

    #[test]
    fn verdicts() {
        let role = r#"{"AWS":"arn:aws:iam::111111111111:role/x"}"#;
        let all = "arn:aws:s3:::logs/*";
        table(
            &CHECK,
            [
                (Pass, bucket(|_| {})),
                (Pass, bucket(|b| b.policy = Known(None))),
                (Fail, also(role, "s3:PutObject", all)),
                (
                    Fail,
                    also(role, "s3:Put*", "arn:aws:s3:::logs/AWSLogs/111111111111/*"),
                ),
                (Pass, also(role, "s3:GetObject", all)),
                (
                    Pass,
                    also(role, "s3:PutObject", "arn:aws:s3:::logs/reports/*"),
                ),
                (
                    Fail,
                    also(r#"{"Service":"config.amazonaws.com"}"#, "s3:PutObject", all),
                ),
                (Fail, also(r#""*""#, "s3:PutObject", all)),
                // A replication writes too.
                (Fail, also(role, "s3:ReplicateObject", all)),
                (Pass, also(role, "s3:ReplicateTags", all)),
                // Each service has a folder of its own beside CloudTrail's.
                (
                    Pass,
                    also(
                        r#"{"Service":"config.amazonaws.com"}"#,
                        "s3:PutObject",
                        "arn:aws:s3:::logs/AWSLogs/111111111111/Config/*",
                    ),
                ),
                (
                    Pass,
                    also(
                        r#"{"AWS":"arn:aws:iam::127311923021:root"}"#,
                        "s3:PutObject",
                        "arn:aws:s3:::logs/AWSLogs/*/elasticloadbalancing/*",
                    ),
                ),
                (
                    Pass,
                    also(
                        r#"{"Service":"config.amazonaws.com"}"#,
                        "s3:PutObject",
                        "arn:aws:s3:::logs/AWSLogs/*/Config/*",
                    ),
                ),
                (
                    Fail,
                    also(
                        r#"{"Service":"config.amazonaws.com"}"#,
                        "s3:PutObject",
                        "arn:aws:s3:::logs/AWSLogs/111111111111/*",
                    ),
                ),
                (
                    Fail,
                    also(
                        r#"{"Service":"config.amazonaws.com"}"#,
                        "s3:PutObject",
                        "arn:aws:s3:::logs/AWSLogs/*/us-east-1/*",
                    ),
                ),
                (
                    Fail,
                    also(
                        r#"{"Service":"config.amazonaws.com"}"#,
                        "s3:PutObject",
                        "arn:aws:s3:::logs/*/Config/*",
                    ),
                ),
                (
                    Fail,
                    also(
                        role,
                        "s3:PutObject",
                        "arn:aws:s3:::logs/AWSLogs/o-test/111111111111/CloudTrail-Digest/*",
                    ),
                ),
                (
                    Fail,
                    also(
                        r#"{"Service":"config.amazonaws.com"}"#,
                        "s3:PutObject",
                        "arn:aws:s3:::logs/AWSLogs/111111111111/C*",
                    ),
                ),
                (
                    Unknown,
                    bucket(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (Unknown, bucket(|b| b.policy = Known(Some("{".to_owned())))),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
