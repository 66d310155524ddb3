//! Broken and hostile logs: nothing panics, what was whole is kept, and no log is read as empty in silence.

use trailaudit_checks::events::{FormatKind, Raw, Scanned, mask, read, scan};

use crate::dice::Dice;

const RECORDS: [&str; 3] = [
    r#"{"eventVersion":"1.08","eventName":"A\"}]","userIdentity":{"type":"Root","sessionContext":{"attributes":{}}},"eventTime":"2026-02-04T00:00:00Z"}"#,
    r#"{ "eventVersion" : 1.08 , "requestParameters" : { "a" : [ 1 , {"b":"\\"} , [] ] } , "eventName" : "é\ud83d\ude00" }"#,
    r#"{"eventName":null,"resources":[{"ARN":"arn:a"}],"x":true}"#,
];

fn log() -> String {
    format!(r#"{{"Records":[{}],"after":"x"}}"#, RECORDS.join(" ,\n"))
}

/// Scans, looks into all there is, and says what was found.
fn scanned(log: &[u8]) -> (Vec<Vec<u8>>, Scanned) {
    let mut found = Vec::new();
    let scanned = scan(log, &mut |record| {
        found.push(record.raw().to_vec());
        let identity = record.identity();
        let _ = (
            record.actor_of(identity),
            record.session_of(identity),
            record.by_service(),
        );
        let _ = (
            record.time(),
            record.name(),
            record.account(),
            record.mfa(),
            record.denied(),
        );
        record.resources(&mut |_| {});
        let _ = (
            record.category(),
            record.kind(),
            record.all_members().count(),
        );
        let _ = Raw::new(record.raw()).open().to_json();
        let _ = mask(Raw::new(record.raw()));
    });
    assert_eq!(scanned.records, u64::try_from(found.len()).unwrap());
    (found, scanned)
}

#[test]
fn cut_at_every_byte_what_was_whole_is_kept() {
    let log = log();
    let ends: Vec<usize> = RECORDS
        .iter()
        .map(|record| log.find(record).unwrap() + record.len())
        .collect();
    for end in 0..log.len() {
        let (found, result) = scanned(&log.as_bytes()[..end]);
        let whole = ends.iter().filter(|it| **it <= end).count();
        assert_eq!(found.len(), whole, "cut at {end}");
        assert!(
            found
                .iter()
                .zip(RECORDS)
                .all(|(own, record)| own == record.as_bytes())
        );
        let kinds: Vec<_> = result.problems.iter().map(|it| it.kind).collect();
        let expected = if end == 0 {
            FormatKind::NotAnObject
        } else {
            FormatKind::Cut
        };
        assert_eq!(kinds, [expected], "cut at {end}");
    }
    assert_eq!(scanned(log.as_bytes()).1.problems, []);
}

#[test]
fn damage_anywhere_is_reported_or_harmless() {
    let log = log();
    let mut dice = Dice::new(3);
    let odd = [
        b'"', b'\\', b'{', b'}', b'[', b']', b',', b':', b' ', 0, 0xFF, b'x', b'1',
    ];
    for _ in 0..Dice::rounds(5_000) {
        let mut bytes = log.clone().into_bytes();
        for _ in 0..=dice.roll(3) {
            let at = dice.roll(bytes.len());
            match dice.roll(3) {
                0 => bytes[at] = odd[dice.roll(odd.len())],
                1 => bytes.insert(at, odd[dice.roll(odd.len())]),
                _ => drop(bytes.remove(at)),
            }
        }
        let (found, result) = scanned(&bytes);
        assert!(
            found.len() == 3
                || !result.problems.is_empty()
                || serde_json::from_slice::<serde_json::Value>(&bytes).is_ok()
        );
        for problem in &result.problems {
            assert!(
                problem.offset <= bytes.len() as u64
                    && (problem.count > 0 || problem.kind == FormatKind::Cut)
                    && !problem.to_string().is_empty()
            );
        }
        let _ = read(&bytes, &mut |record| drop(mask(Raw::new(record.raw()))));
    }
}

#[test]
fn no_bytes_panic() {
    let pieces: [&[u8]; 24] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\",
        b",",
        b":",
        b"\"Records\":",
        b"\"eventName\":",
        b"null",
        b"-",
        b"1e",
        b"\\u",
        b"\\ud8",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\n",
        b"\"detail\":",
        b"\"CloudTrailEvent\":",
        b"\"message\":\"{",
        b"Event name,Event time,Event source",
        b"2026 {",
        b"\0",
    ];
    let mut dice = Dice::new(4);
    for _ in 0..Dice::rounds(5_000) {
        let mut bytes = Vec::new();
        for _ in 0..dice.roll(24) {
            bytes.extend_from_slice(pieces[dice.roll(pieces.len())]);
        }
        let (_, result) = scanned(&bytes);
        let empty = serde_json::from_slice::<serde_json::Value>(&bytes)
            .is_ok_and(|it| it["Records"].is_array());
        assert!(
            result.records > 0 || !result.problems.is_empty() || empty,
            "{bytes:?}"
        );
        let got = read(&bytes, &mut |_| {});
        assert!(
            got.input.is_some() || !got.scanned.problems.is_empty(),
            "{bytes:?}"
        );
    }
}

#[test]
fn work_is_linear() {
    let many = 30_000;
    for body in [
        format!(r#""a":{}{}"#, "[".repeat(many), "]".repeat(many)),
        format!(r#""a":{}{}"#, "{\"a\":".repeat(many), "1"),
        format!(r#""a":"{}""#, "\\\"".repeat(many)),
        vec![r#""a":1"#; many].join(","),
        vec![r#""eventName":"x""#; many].join(","),
        (0..many)
            .map(|n| format!("\"{n}\":1"))
            .collect::<Vec<_>>()
            .join(","),
        format!(
            r#""requestParameters":{{{}}}"#,
            vec![r#""bucketName":"x""#; many].join(",")
        ),
    ] {
        let log = format!(r#"{{"Records":[{{{body}}}]}}"#);
        let (found, result) = scanned(log.as_bytes());
        assert!(found.len() == 1 || !result.problems.is_empty());
        let _ = read(log.as_bytes(), &mut |_| {});
    }
    let empty = format!(r#"{{"Records":[{}]}}"#, vec!["{}"; many].join(","));
    assert_eq!(scanned(empty.as_bytes()).0.len(), many);
    let lines = "{\"eventName\":".repeat(2_000);
    let _ = read(lines.as_bytes(), &mut |_| {});
    let lines = "{\"eventName\":\n".repeat(20_000);
    let _ = read(lines.as_bytes(), &mut |_| {});
}

#[test]
fn a_broken_record_does_not_cost_the_others() {
    let log = r#"{"Records":[{"eventName":"A" "x":1},{"eventName":"B"},7,null,{"eventName":"C"}]}"#;
    let mut names = Vec::new();
    let result = scan(log.as_bytes(), &mut |it| {
        names.push((it.name().unwrap().to_string(), it.marks().broken))
    });
    assert_eq!(
        names,
        [
            ("A".to_owned(), true),
            ("B".to_owned(), false),
            ("C".to_owned(), false)
        ]
    );
    let kinds: Vec<_> = result
        .problems
        .iter()
        .map(|it| (it.kind, it.count))
        .collect();
    assert_eq!(
        kinds,
        [
            (FormatKind::RecordNotAnObject, 2),
            (FormatKind::BrokenRecord, 1)
        ]
    );
}

#[test]
fn no_record_is_made_up_out_of_text() {
    // A quote too many turns texts and structure around. What follows is not read.
    let log = r#"{"Records":[{"a":"b"c","d":"},{\"eventName\":\"X\"}"},{"eventName":"Y"}]}"#;
    let (found, result) = scanned(log.as_bytes());
    assert!(!found.iter().any(|it| it.starts_with(br#"{\"eventName"#)));
    assert!(!result.problems.is_empty());
}

#[test]
fn lists_that_are_none() {
    for (log, kinds) in [
        (r"{}", vec![FormatKind::NoRecords]),
        (r#"{"records":[]}"#, vec![]),
        (r#"{"Records":{}}"#, vec![FormatKind::RecordsNotAnArray]),
        (r#"{"Records":"[]"}"#, vec![FormatKind::RecordsNotAnArray]),
        (r#"{"x":{"Records":[{}]}}"#, vec![FormatKind::NoRecords]),
        (
            r#"{"Records":[],"Records":[{}]}"#,
            vec![FormatKind::DuplicateKey],
        ),
        (r#"[{"Records":[]}]"#, vec![FormatKind::NotAnObject]),
        ("\u{1f}\u{8b}", vec![FormatKind::NotAnObject]),
        (r#"{"Records":[{}{}]}"#, vec![FormatKind::Malformed]),
        (r#"{"Records":[{},]}"#, vec![FormatKind::Malformed]),
        (r#"{"Records":[]]}"#, vec![FormatKind::Malformed]),
    ] {
        let found: Vec<_> = scanned(log.as_bytes())
            .1
            .problems
            .iter()
            .map(|it| it.kind)
            .collect();
        assert_eq!(found, kinds, "{log}");
    }
}
