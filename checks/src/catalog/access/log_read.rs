//! Who reads the record is few.

use super::effective::{READING, verdict};
use crate::access::Right;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-log-read",
    title: "Only approved principals should be able to read log files",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Log files contain principals, IP addresses and resource names, which help an attacker. Reading requires \
          access to the bucket and to the key, and few roles need both.",
    fix: "Remove s3:GetObject on the log bucket, or kms:Decrypt on its key, from the principals. List the principals \
          that need to read log files in the setting `allowed_principals`.",
    judged: "Fails for every principal that can read log files, including the permission to decrypt them where they \
             are encrypted with a KMS key.",
    alike: &[
        "s3:GetObject on the bucket without kms:Decrypt on its key passes for encrypted logs; with both it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
    ],
    reads: READING,
    run: Run::EffectiveRights(run),
};

fn run(judged: &Judged<'_>, ctx: &Context<'_>) -> Outcome {
    let files = judged.rights(&["s3:GetObject"]);
    let keys = judged.rights(&["kms:Decrypt"]);
    let mut open = Vec::new();
    for right in files {
        // The worse of both is what it takes.
        if let Some(key) = decrypts(&right, &keys, ctx) {
            open.push(if key.is_known() { right } else { key });
        }
    }
    verdict(judged, &open, "can read log files")
}

/// The right to decrypt these files, if it is held: the files' own where nothing but S3's keys protects them.
fn decrypts<'a>(files: &Right<'a>, keys: &[Right<'a>], ctx: &Context<'_>) -> Option<Right<'a>> {
    let bucket = ctx
        .inventory
        .buckets
        .get(&Arn::from(files.target.trim_end_matches("/*")))?;
    let mut wanted: Vec<String> = Vec::new();
    for trail in ctx.deliverers(bucket) {
        if let Some(key) = trail.configuration.kms_key.ok().and_then(Option::as_ref) {
            wanted.push(key.to_string());
        } else {
            return Some(files.clone());
        }
    }
    let real = |arn: &String| {
        let key = ctx.inventory.keys.get(&Arn::from(arn.as_str()));
        let metadata = key.and_then(|it| it.metadata.ok()?.as_ref());
        let real = metadata.and_then(|it| it.arn.ok());
        real.map_or_else(|| arn.clone(), ToString::to_string)
    };
    let wanted: Vec<String> = wanted.iter().map(real).collect();
    let held = keys
        .iter()
        .filter(|it| wanted.iter().any(|key| key == it.target));
    held.cloned().min_by_key(|it| !it.is_known())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn both(first: &str, second: &str) -> Case {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":["{first}","{second}"],"Resource":"*"}}}}"#
        );
        role(|r| r.inline.push(inline(&document)))
    }

    #[test]
    fn verdicts() {
        let plain = |mut case: Case| {
            let trail = case.inventory.trails.values_mut().next().unwrap();
            configuration(trail).kms_key = Known(None);
            case
        };
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Fail, both("s3:GetObject", "kms:Decrypt")),
                (Pass, both("s3:GetObject", "kms:DescribeKey")),
                (Pass, both("s3:ListBucket", "kms:Decrypt")),
                (Fail, plain(both("s3:GetObject", "kms:DescribeKey"))),
                (Unknown, role(|r| r.inline.push(inline("{")))),
            ],
        );
    }
}
