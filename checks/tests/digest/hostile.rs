//! Input made to harm: each gives an error for its object, in bounded time and memory.

use trailaudit_checks::digest::{
    Cap, KeyRing, Kind, Limits, Link, LogEntry, LogOutcome, LogReader, ObjectRef, Signature, open,
};

use crate::tree::gzip;

fn try_open(json: &[u8]) -> Result<Link, Kind> {
    let at = ObjectRef::new("logs", "x");
    let signature = Signature {
        value: "00".repeat(256),
        algorithm: None,
        backfill_generated: None,
    };
    open(
        &at,
        &gzip(json, 1),
        Some(&signature),
        &KeyRing::default(),
        &Limits::default(),
    )
    .map_err(|flaw| flaw.kind)
}

#[track_caller]
fn is_no_digest(json: &[u8]) {
    assert_eq!(try_open(json).map(|link| link.at), Err(Kind::DigestFormat));
}

#[test]
fn deep_json() {
    for open in ["[", "{\"x\":"] {
        is_no_digest(open.repeat(1_000_000).as_bytes());
        is_no_digest(format!("{{\"x\":{}", open.repeat(1_000_000)).as_bytes());
    }
}

#[test]
fn huge_json() {
    is_no_digest(&[b"{\"logFiles\":[".to_vec(), b"{},".repeat(10_000_000)].concat());
    is_no_digest(&[b"{\"x\":\"".to_vec(), b"x".repeat(40 << 20)].concat());
    is_no_digest(format!("{{\"x\":1{}}}", "0".repeat(1 << 20)).as_bytes());
}

#[test]
fn what_is_not_text() {
    is_no_digest(b"");
    is_no_digest(b"\0");
    is_no_digest(b"{\"x\":\"\xff\xfe\"}");
    is_no_digest(b"{\"x\":\"\xed\xa0\x80\"}");
    is_no_digest(br#"{"x":"\ud800"}"#);
}

#[test]
fn bombs_stop_early() {
    let bomb = gzip(&vec![0; 64 << 20], 9);
    let entry = LogEntry {
        at: ObjectRef::new("", ""),
        sha256: [0; 32],
        range: None,
    };
    let mut reader = LogReader::new(Limits::default().log);
    assert!(!reader.push(&bomb));
    let (outcome, read) = reader.end(&entry);
    assert!(matches!(outcome, LogOutcome::Invalid(flaw) if flaw.kind == Kind::LogCorrupt));
    assert!(read < 20 << 20, "{read} bytes were inflated");
    // Slowly growing ones reach the other bound.
    let mut reader = LogReader::new(Cap {
        bytes: 1 << 20,
        ratio: u64::MAX,
    });
    assert!(!reader.push(&bomb));
    let (outcome, read) = reader.end(&entry);
    assert!(matches!(outcome, LogOutcome::Invalid(flaw) if flaw.detail.contains("1048576")));
    assert!(read <= 2 << 20);
    // The reader is as good as new.
    let entry = LogEntry {
        sha256: hash(b"log"),
        ..entry
    };
    assert!(reader.push(&gzip(b"log", 6)));
    assert_eq!(reader.end(&entry), (LogOutcome::Valid, 3));
}

#[test]
fn gzip_in_the_smallest_pieces() {
    let log = b"a log, and the same log, and the same log again".repeat(100);
    let entry = LogEntry {
        at: ObjectRef::new("", ""),
        sha256: hash(&log),
        range: None,
    };
    let mut reader = LogReader::new(Limits::default().log);
    let zipped = gzip(&log, 6);
    for (bytes, valid) in [
        (zipped.clone(), true),
        (zipped[..zipped.len() - 1].to_vec(), false),
        ([&zipped[..], &[0]].concat(), false),
        ([&zipped[..], &zipped[..]].concat(), false),
        (Vec::new(), false),
        (log.clone(), false),
    ] {
        for size in [1, 7, 1000, bytes.len().max(1)] {
            let _ = bytes.chunks(size).all(|piece| reader.push(piece));
            assert_eq!(reader.end(&entry).0 == LogOutcome::Valid, valid);
        }
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    ring::digest::digest(&ring::digest::SHA256, bytes)
        .as_ref()
        .try_into()
        .unwrap()
}
