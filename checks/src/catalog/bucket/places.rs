//! Where in a bucket CloudTrail writes, and which rules by prefix reach there.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::inventory::Bucket;

/// The prefixes under which the trails that are seen deliver; the whole bucket where a prefix is not known.
pub(super) fn of_logs(bucket: &Bucket, ctx: &Context<'_>) -> BTreeSet<String> {
    let trails = ctx.deliverers(bucket).iter();
    trails
        .map(|trail| match trail.configuration.prefix.ok() {
            Some(Some(prefix)) if !prefix.is_empty() => format!("{prefix}/AWSLogs/"),
            Some(Some(_) | None) => "AWSLogs/".to_owned(),
            None => String::new(),
        })
        .collect()
}

/// A rule for this prefix takes in every file that CloudTrail writes there.
pub(super) fn covers(rule: &str, logs: &str) -> bool {
    logs.starts_with(rule)
}

/// A rule for this prefix takes in some file that CloudTrail writes there, log or digest.
pub(super) fn touches(rule: &str, logs: &str) -> bool {
    if covers(rule, logs) {
        return true;
    }
    let Some(rest) = rule.strip_prefix(logs) else {
        return false;
    };
    // AWSLogs/[o-organization/]account/CloudTrail../: other services write beside it.
    let mut parts = rest
        .split('/')
        .skip_while(|it| it.starts_with("o-"))
        .skip(1);
    match (parts.next(), parts.next()) {
        (None, _) => true,
        (Some(folder), None) => {
            "CloudTrail".starts_with(folder) || folder.starts_with("CloudTrail")
        }
        (Some(folder), Some(_)) => folder.starts_with("CloudTrail"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_rules() {
        for (rule, all, some) in [
            ("", true, true),
            ("AWS", true, true),
            ("AWSLogs/", true, true),
            ("AWSLogs/1111", false, true),
            ("AWSLogs/111111111111/", false, true),
            ("AWSLogs/111111111111/Cloud", false, true),
            ("AWSLogs/111111111111/CloudTrail-Digest/", false, true),
            ("AWSLogs/111111111111/Config/", false, false),
            ("AWSLogs/111111111111/Conf", false, false),
            (
                "AWSLogs/o-a1/111111111111/CloudTrail/eu-west-1/",
                false,
                true,
            ),
            (
                "AWSLogs/o-a1/111111111111/elasticloadbalancing/",
                false,
                false,
            ),
            ("access/", false, false),
            ("AWSLogs2/", false, false),
        ] {
            assert_eq!(covers(rule, "AWSLogs/"), all, "{rule}");
            assert_eq!(touches(rule, "AWSLogs/"), some, "{rule}");
        }
    }
}
