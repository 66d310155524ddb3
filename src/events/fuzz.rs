//! Records and expressions that somebody else wrote, spoiled: no panic, and no input that takes its time.

use trailaudit_checks::events::filter::{self, Subject};
use trailaudit_checks::events::{Proof, Raw, Record, mask, read, scan, selectors_of, tally};

use crate::fuzz::feed;

const SHAPES: [&[u8]; 8] = [
    include_bytes!("../../checks/tests/events/shapes/pretty.json"),
    include_bytes!("../../checks/tests/events/shapes/lookup-events.json"),
    include_bytes!("../../checks/tests/events/shapes/eventbridge.json"),
    include_bytes!("../../checks/tests/events/shapes/deep.json"),
    include_bytes!("../../checks/tests/events/shapes/times.json"),
    include_bytes!("../../checks/tests/events/shapes/params-string.json"),
    include_bytes!("../../checks/tests/events/shapes/surrogate.json"),
    include_bytes!("../../checks/tests/events/shapes/duplicate-key.json"),
];

/// One of each construct of the language.
const EXPRESSIONS: [&str; 8] = [
    "name = Stop* and not (region in (us-east-1, eu-*) or denied)",
    "ip in (cidr 10.0.0.0/8, cidr 2001:db8::/32, 203.0.113.9)",
    "time >= 2026-01-01T00:00:00Z and requestParameters.maxResults < 1e3",
    r#"requestParameters."odd name"[0].x ~ /^a(b|c)*\/d{2,8}$/ and agent contains "x\"y""#,
    "userIdentity.sessionContext.attributes.mfaAuthenticated = false",
    "resource = arn:aws:s3:::* or additionalEventData exists",
    "errorCode == AccessDenied and actor startswith arn: and session endswith /x",
    "proof = verified and category != Data and (mfa or root or failed)",
];

/// Looks at all that a record can be asked for.
fn look(record: &Record<'_>) {
    let identity = record.identity();
    let _ = (
        record.actor_of(identity),
        record.session_of(identity),
        record.by_service_of(identity),
        identity.created_at(),
        identity.mfa(),
        identity.key().is_some(),
    );
    let _ = (record.time(), record.name(), record.account(), record.ip());
    let _ = (record.denied(), record.error(), record.kind());
    let _ = (record.category(), record.mfa(), record.read_only());
    record.resources(&mut |_| {});
    let _ = (record.unknown_members().count(), selectors_of(record));
    let raw = Raw::new(record.raw());
    let _ = (raw.compact(), raw.open().to_json(), mask(raw));
}

#[test]
fn records_of_all_shapes() {
    feed(&SHAPES, |bytes| {
        let mut found = 0_u64;
        let scanned = scan(bytes, &mut |record| {
            found += 1;
            look(record);
        });
        assert_eq!(scanned.records, found);
        // Counts only what CloudTrail wrote; it may say anything of other bytes, but must end.
        let _ = tally(bytes);
        read(bytes, &mut |record| look(record));
    });
}

#[test]
fn expressions() {
    let log = SHAPES[0];
    let seeds: Vec<&[u8]> = EXPRESSIONS.iter().map(|it| it.as_bytes()).collect();
    for text in EXPRESSIONS {
        filter::parse(text).unwrap();
    }
    feed(&seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(expression) = filter::parse(&text) else {
            return;
        };
        let may = expression.may_match(log);
        let mut matched = false;
        scan(log, &mut |record| {
            let subject = Subject {
                record,
                proof: Proof::Verified,
            };
            matched |= expression.matches(&subject);
        });
        assert!(may || !matched, "a match was left out: {text}");
    });
}

/// A spoiled record is asked by an expression of all constructs: looking at it ends.
#[test]
fn expressions_of_spoiled_records() {
    let all: Vec<_> = EXPRESSIONS
        .iter()
        .map(|it| filter::parse(it).unwrap())
        .collect();
    feed(&SHAPES, |bytes| {
        scan(bytes, &mut |record| {
            let proof = Proof::Altered;
            for it in &all {
                let _ = it.matches(&Subject { record, proof });
            }
        });
    });
}
