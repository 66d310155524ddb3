//! Where resource control policies reach.

/// Service prefixes that support resource control policies, after the AWS documentation as of September 2026. CloudTrail
/// and SNS do not. The list grows: what is missing here is taken as unlimited, so that no problem is hidden.
const SUPPORTED: [&str; 62] = [
    "aoss",
    "appconfig",
    "appstream",
    "autoscaling",
    "autoscaling-plans",
    "budgets",
    "clouddirectory",
    "cloudfront",
    "cloudsearch",
    "cloudtrail-data",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "cognito-identity",
    "cognito-idp",
    "comprehend",
    "comprehendmedical",
    "compute-optimizer",
    "cost-optimization-hub",
    "dax",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "events",
    "firehose",
    "fis",
    "fms",
    "gamelift",
    "health",
    "inspector-scan",
    "kendra",
    "kinesisvideo",
    "kms",
    "logs",
    "memorydb",
    "networkmonitor",
    "notifications",
    "opensearch",
    "pca-connector-ad",
    "personalize",
    "polly",
    "pricing",
    "resource-groups",
    "rolesanywhere",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "signin",
    "sqs",
    "sts",
    "support",
    "swf",
    "textract",
    "timestream-influxdb",
    "transcribe",
    "transfer",
    "translate",
    "wafv2",
    "workspaces",
    "xray",
];

/// Whether resource control policies limit an action.
#[must_use]
pub fn limits(action: &str) -> bool {
    // Retiring a grant is its holder's right, whatever policies say.
    if action.eq_ignore_ascii_case("kms:RetireGrant") {
        return false;
    }
    let prefix = action
        .split(':')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    SUPPORTED.binary_search(&prefix.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reach() {
        assert!(SUPPORTED.is_sorted());
        for action in [
            "s3:PutObject",
            "KMS:Decrypt",
            "sts:AssumeRole",
            "cloudtrail-data:PutAuditEvents",
        ] {
            assert!(limits(action), "{action}");
        }
        for action in [
            "cloudtrail:StopLogging",
            "sns:Publish",
            "kms:retiregrant",
            "iam:CreateUser",
        ] {
            assert!(!limits(action), "{action}");
        }
    }
}
