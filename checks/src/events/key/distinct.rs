//! What is counted once within a burst.

use super::Distinct;
use super::subject::parameter;
use crate::events::field::Field;
use crate::events::{Raw, Record};
use crate::finding::short;

/// A call that deletes many objects at once names none of them: it stands for so many.
const MANY: usize = 10;
/// Names of one record that are counted.
const MOST: usize = 100;

/// The values of a record; and whether one counts by itself.
pub(super) fn values(of: Distinct, record: &Record<'_>, account: &str) -> Vec<(String, bool)> {
    let name = record.name().unwrap_or_default();
    let id = || record.event_id().unwrap_or_default().to_string();
    let cut = |text: String| (short(&text, 200), false);
    match of {
        Distinct::DeniedNames => {
            let source = record.source().unwrap_or_default();
            vec![cut(format!("{source} {name}"))]
        }
        Distinct::BucketReads => {
            // A service that looks at buckets for somebody is the console, or a tool like this one.
            if record.by_service().is_some() {
                return Vec::new();
            }
            let bucket = parameter(record, "bucketName").unwrap_or_default();
            let alone = name.as_str() == "ListBuckets" && is_of_instance(record);
            vec![(short(&format!("{name} {bucket}"), 200), alone)]
        }
        Distinct::ObjectsLost => {
            let key = parameter(record, "key").unwrap_or_default();
            match name.as_str() {
                "DeleteObject" => vec![cut(key)],
                "DeleteObjects" => (0..MANY).map(|at| cut(format!("{} {at}", id()))).collect(),
                _ => match other_key(record, account) {
                    Some(alone) => vec![(short(&key, 200), alone)],
                    None => Vec::new(),
                },
            }
        }
        Distinct::Secrets => secrets(record),
    }
}

fn is_of_instance(record: &Record<'_>) -> bool {
    let identity = record.identity();
    let session = identity.session_name();
    identity.is_type("AssumedRole")
        && (identity.ec2_role_delivery().is_some()
            || session.is_some_and(|it| it.starts_with("i-")))
}

/// Whether an object was written with a key that its owner may not have: one of another account counts by itself; one
/// that the caller brought counts by itself where it replaces the very object.
fn other_key(record: &Record<'_>, account: &str) -> Option<bool> {
    if let Some(key) = parameter(record, "x-amz-server-side-encryption-aws-kms-key-id") {
        let owner = key.strip_prefix("arn:").and_then(|it| it.split(':').nth(3));
        if owner.is_some_and(|it| !it.is_empty() && !account.is_empty() && it != account) {
            return Some(true);
        }
    }
    parameter(record, "x-amz-server-side-encryption-customer-algorithm")?;
    let source = parameter(record, "x-amz-copy-source").unwrap_or_default();
    let bucket = parameter(record, "bucketName").unwrap_or_default();
    let key = parameter(record, "key").unwrap_or_default();
    Some(source.trim_start_matches('/') == format!("{bucket}/{key}"))
}

fn secrets(record: &Record<'_>) -> Vec<(String, bool)> {
    const NAMES: [&str; 5] = ["secretId", "name", "path", "names", "secretIdList"];
    let mut all = Vec::new();
    let mut found = [false; NAMES.len()];
    let request = record.get(Field::RequestParameters);
    for (name, value) in request.into_iter().flat_map(Raw::members) {
        let place = NAMES.iter().position(|it| name.eq_ignore_ascii_case(it));
        // Of doubled names the first counts.
        let Some(found @ false) = place.and_then(|it| found.get_mut(it)) else {
            continue;
        };
        *found = true;
        let mut each = |value: Raw<'_>| {
            if let Some(text) = value.text().filter(|it| !it.is_empty()) {
                all.push((short(&text, 200), false));
            }
        };
        each(value);
        value.elements().take(MOST).for_each(&mut each);
    }
    // Those that were found by a filter are named in the answer, if anywhere.
    if let Some(value) = record.path(Field::ResponseElements, &["parameters"]) {
        for element in value.elements().take(MOST) {
            let name = element.get("name").and_then(Raw::text);
            all.extend(name.map(|it| (short(&it, 200), false)));
        }
    }
    all
}
