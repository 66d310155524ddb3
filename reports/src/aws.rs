//! What AWS's own formats call a subject, and where they file it.

use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Subject, SubjectKind};

/// The partition: that of the subject's ARN, else the caller's.
pub(crate) fn partition<'a>(audit: &'a Audit, subject: &'a Subject) -> &'a str {
    of_arn(&subject.id).unwrap_or_else(|| caller_partition(audit))
}

/// The partition of whoever asked.
pub(crate) fn caller_partition(audit: &Audit) -> &str {
    of_arn(audit.scope.caller_arn.as_str()).unwrap_or("aws")
}

fn of_arn(arn: &str) -> Option<&str> {
    let (partition, _) = arn.strip_prefix("arn:")?.split_once(':')?;
    partition.starts_with("aws").then_some(partition)
}

/// The account that answers for it: the owner, else the one that answers for the organization.
pub(crate) fn account<'a>(audit: &'a Audit, subject: Option<&'a Subject>) -> Option<&'a str> {
    let scope = &audit.scope;
    subject
        .and_then(|it| it.account.as_ref())
        .or(scope.management_account.as_ref())
        .or(scope.accounts.first())
        .map(|it| it.as_str())
}

/// The type by CloudFormation's names; ours where it has none.
pub(crate) fn cloudformation(subject: &Subject) -> &'static str {
    match subject.kind {
        SubjectKind::Organization => "AWS::Organizations::Organization",
        SubjectKind::Account | SubjectKind::Region => "AWS::::Account",
        SubjectKind::Trail => "AWS::CloudTrail::Trail",
        SubjectKind::Bucket => "AWS::S3::Bucket",
        SubjectKind::Key => "AWS::KMS::Key",
        SubjectKind::LogGroup => "AWS::Logs::LogGroup",
        SubjectKind::EventDataStore => "AWS::CloudTrail::EventDataStore",
        SubjectKind::Principal if subject.id.contains(":role/") => "AWS::IAM::Role",
        SubjectKind::Principal if subject.id.contains(":user/") => "AWS::IAM::User",
        SubjectKind::Principal | SubjectKind::Chain | SubjectKind::Resource => "Other",
    }
}

/// The type by Security Hub's names.
pub(crate) fn security_hub(subject: &Subject) -> &'static str {
    match cloudformation(subject) {
        "AWS::::Account" => "AwsAccount",
        "AWS::CloudTrail::Trail" => "AwsCloudTrailTrail",
        "AWS::S3::Bucket" => "AwsS3Bucket",
        "AWS::KMS::Key" => "AwsKmsKey",
        "AWS::IAM::Role" => "AwsIamRole",
        "AWS::IAM::User" => "AwsIamUser",
        _ => "Other",
    }
}
