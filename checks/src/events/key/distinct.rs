//! What is counted once within a burst.

use std::borrow::Cow;

use super::Distinct;
use super::subject::parameter;
use crate::events::field::Field;
use crate::events::raw::Kind;
use crate::events::{Raw, Record};
use crate::finding::short_text;

/// A call that deletes many objects at once names none of them: it stands for so many.
const MANY: usize = 10;
/// Names of one record that are counted.
const MOST: usize = 100;
/// The longest value.
const LONGEST: usize = 200;

/// Gives the values of a record, and whether one counts by itself.
pub(super) fn values(
    of: Distinct,
    record: &Record<'_>,
    account: &str,
    each: &mut dyn FnMut(&str, bool),
) {
    let name = record.name().unwrap_or_default();
    let mut cut = |text: Cow<'_, str>, alone| each(&short_text(text, LONGEST), alone);
    match of {
        Distinct::DeniedNames => {
            let source = record.source().unwrap_or_default();
            cut([&*source, " ", &*name].concat().into(), false);
        }
        Distinct::BucketReads => {
            // A service that looks at buckets for somebody is the console, or a tool like this one.
            if record.by_service().is_some() {
                return;
            }
            let bucket = parameter(record, "bucketName").unwrap_or_default();
            let alone = name.as_str() == "ListBuckets" && is_of_instance(record);
            cut([&*name, " ", &*bucket].concat().into(), alone);
        }
        Distinct::ObjectsLost => match name.as_str() {
            "DeleteObject" => cut(parameter(record, "key").unwrap_or_default(), false),
            "DeleteObjects" => {
                let id = record.event_id().unwrap_or_default();
                (0..MANY).for_each(|at| cut(format!("{id} {at}").into(), false));
            }
            _ => {
                if let Some(alone) = other_key(record, account) {
                    cut(parameter(record, "key").unwrap_or_default(), alone);
                }
            }
        },
        Distinct::Secrets => secrets(record, &mut |text| cut(text, false)),
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
    const OF_KMS: &str = "x-amz-server-side-encryption-aws-kms-key-id";
    const OF_CALLER: &str = "x-amz-server-side-encryption-customer-algorithm";
    // Most objects are written without: one look at all names tells.
    let request = record.get(Field::RequestParameters)?;
    if request.kind() == Kind::Object && !request.has_any(&[OF_KMS, OF_CALLER]) {
        return None;
    }
    if let Some(key) = parameter(record, OF_KMS) {
        let owner = key.strip_prefix("arn:").and_then(|it| it.split(':').nth(3));
        if owner.is_some_and(|it| !it.is_empty() && !account.is_empty() && it != account) {
            return Some(true);
        }
    }
    parameter(record, OF_CALLER)?;
    let source = parameter(record, "x-amz-copy-source").unwrap_or_default();
    let bucket = parameter(record, "bucketName").unwrap_or_default();
    let key = parameter(record, "key").unwrap_or_default();
    Some(source.trim_start_matches('/') == format!("{bucket}/{key}"))
}

fn secrets(record: &Record<'_>, each: &mut dyn FnMut(Cow<'_, str>)) {
    const NAMES: [&str; 5] = ["secretId", "name", "path", "names", "secretIdList"];
    let mut found = [false; NAMES.len()];
    let request = record.get(Field::RequestParameters);
    for (name, value) in request.into_iter().flat_map(Raw::members) {
        let place = NAMES.iter().position(|it| name.eq_ignore_ascii_case(it));
        // Of doubled names the first counts.
        let Some(found @ false) = place.and_then(|it| found.get_mut(it)) else {
            continue;
        };
        *found = true;
        for value in std::iter::once(value).chain(value.elements().take(MOST)) {
            if let Some(text) = value.text().filter(|it| !it.is_empty()) {
                each(text.text);
            }
        }
    }
    // Those that were found by a filter are named in the answer, if anywhere.
    if let Some(value) = record.path(Field::ResponseElements, &["parameters"]) {
        for element in value.elements().take(MOST) {
            if let Some(name) = element.get("name").and_then(Raw::text) {
                each(name.text);
            }
        }
    }
}
