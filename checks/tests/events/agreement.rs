//! What serde_json reads is read alike: documents from a seed, with odd white space, escapes, names and numbers.

use serde_json::{Map, Value as Judge};
use trailaudit_checks::events::{Field, FormatKind, Raw, Record, Value, scan};

use crate::dice::Dice;

const NAMES: [&str; 18] = [
    "eventVersion",
    "eventName",
    "EVENTNAME",
    "userIdentity",
    "eventTime",
    "requestParameters",
    "responseElements",
    "resources",
    "odd name",
    "",
    "é",
    "a\\\"b",
    "event\\u004eame",
    "\\ud83d\\ude00",
    "Records",
    "errorCode",
    "tags",
    "x",
];

const SCALARS: [&str; 22] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1.5e+3",
    "12345678901234567890",
    "1E5",
    "0.1",
    "123456789012",
    "\"\"",
    "\"1.08\"",
    "\"StopLogging\"",
    "\"a\\\\\\\"b\\/\\u0041\\n\"",
    "\"\\ud83d\\ude00 é 😀\"",
    "\"{\\\"a\\\":[1]}\"",
    "\"],}\"",
    "\"[{\"",
    "\"0123456789012345678901234567890123456789012345678901234567890123456789\"",
    "\"\\\\\"",
    "\"\\\\\\\\\\\"\"",
    "\"2026-02-04T00:00:00Z\"",
];

/// White space of a document: none, some, or any.
fn space(dice: &mut Dice, out: &mut String, loose: usize) {
    for _ in 0..if loose == 0 { 0 } else { dice.roll(loose) } {
        out.push_str(dice.pick(&[" ", "\n", "\t", "\r\n"]));
    }
}

fn value(dice: &mut Dice, out: &mut String, loose: usize, depth: usize) {
    let kind = if depth == 0 { 9 } else { dice.roll(10) };
    match kind {
        0 | 1 => object(dice, out, loose, depth),
        2 => {
            out.push('[');
            for n in 0..dice.roll(4) {
                if n > 0 {
                    out.push(',');
                }
                space(dice, out, loose);
                value(dice, out, loose, depth - 1);
                space(dice, out, loose);
            }
            space(dice, out, loose);
            out.push(']');
        }
        _ => out.push_str(dice.pick(&SCALARS)),
    }
}

fn object(dice: &mut Dice, out: &mut String, loose: usize, depth: usize) {
    out.push('{');
    space(dice, out, loose);
    for n in 0..dice.roll(7) {
        if n > 0 {
            out.push(',');
            space(dice, out, loose);
        }
        out.push_str(&format!("\"{}\"", dice.pick(&NAMES)));
        space(dice, out, loose);
        out.push(':');
        space(dice, out, loose);
        value(dice, out, loose, depth - 1);
        space(dice, out, loose);
    }
    out.push('}');
}

fn document(dice: &mut Dice) -> String {
    let loose = dice.roll(3) * 2;
    let mut out = String::new();
    space(dice, &mut out, loose);
    out.push('{');
    space(dice, &mut out, loose);
    if dice.roll(4) == 0 {
        out.push_str("\"before\":");
        value(dice, &mut out, loose, 3);
        out.push(',');
        space(dice, &mut out, loose);
    }
    out.push_str("\"Records\"");
    space(dice, &mut out, loose);
    out.push(':');
    space(dice, &mut out, loose);
    out.push('[');
    space(dice, &mut out, loose);
    for n in 0..dice.roll(6) {
        if n > 0 {
            out.push(',');
            space(dice, &mut out, loose);
        }
        object(dice, &mut out, loose, 4);
        space(dice, &mut out, loose);
    }
    out.push(']');
    space(dice, &mut out, loose);
    if dice.roll(4) == 0 {
        out.push_str(",\"after\":");
        value(dice, &mut out, loose, 3);
    }
    out.push('}');
    space(dice, &mut out, loose);
    out
}

/// As serde_json has it: of a doubled name the last counts, numbers are 64 bits.
fn judged(value: &Value<'_>) -> Judge {
    match value {
        Value::Null => Judge::Null,
        Value::Bool(it) => Judge::Bool(*it),
        Value::Number(text) => serde_json::from_str(text).unwrap(),
        Value::String(text) => {
            assert!(!text.lossy);
            Judge::String(text.to_string())
        }
        Value::Array(list) => list.iter().map(judged).collect(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.to_string(), judged(value)));
            Judge::Object(members.collect::<Map<_, _>>())
        }
        Value::Unread(why, _) => panic!("{why:?}"),
    }
}

/// The top level of a record, as its list of members has it.
fn top(record: &Record<'_>) -> Judge {
    let members = record.all_members();
    let members = members.map(|(_, name, value)| (name.to_string(), judged(&value.open())));
    Judge::Object(members.collect())
}

#[test]
fn every_valid_document_is_read_as_serde_json_reads_it() {
    let mut dice = Dice::new(18);
    for _ in 0..Dice::rounds(1_000) {
        let text = document(&mut dice);
        let expected: Judge = serde_json::from_str(&text).unwrap();
        let mut found = Vec::new();
        let scanned = scan(text.as_bytes(), &mut |record| {
            assert_eq!(record.index(), u64::try_from(found.len()).unwrap());
            let whole = judged(&Raw::new(record.raw()).open());
            assert_eq!(top(record), whole);
            let again = Record::read(record.raw()).unwrap();
            assert_eq!((top(&again), again.marks()), (top(record), record.marks()));
            // Compact JSON is the same JSON, and has no white space to lose.
            let compact = Raw::new(record.raw()).compact();
            assert_eq!(serde_json::from_str::<Judge>(&compact).unwrap(), whole);
            assert_eq!(Raw::new(compact.as_bytes()).compact(), compact);
            assert_eq!(Raw::new(record.raw()).open().to_json(), compact);
            for field in Field::ALL {
                let all: Vec<_> = record.values(*field).collect();
                assert_eq!(record.get(*field), all.first().copied());
                let named = record
                    .all_members()
                    .filter(|(own, _, _)| *own == Some(*field));
                assert_eq!(all, named.map(|(_, _, value)| value).collect::<Vec<_>>());
            }
            found.push(whole);
        });
        assert_eq!(Judge::Array(found), expected["Records"], "{text}");
        for problem in &scanned.problems {
            let known = [FormatKind::DuplicateKey, FormatKind::UnknownVersion];
            assert!(known.contains(&problem.kind), "{problem} in {text}");
        }
    }
}

#[test]
fn strings_are_those_of_serde_json() {
    fn gather(value: &Judge, out: &mut Vec<String>) {
        match value {
            Judge::String(text) => out.push(text.clone()),
            Judge::Array(list) => list.iter().for_each(|it| gather(it, out)),
            Judge::Object(members) => members.values().for_each(|it| gather(it, out)),
            Judge::Null | Judge::Bool(_) | Judge::Number(_) => {}
        }
    }
    let mut dice = Dice::new(19);
    for _ in 0..Dice::rounds(500) {
        let mut text = String::new();
        let loose = dice.roll(4);
        value(&mut dice, &mut text, loose, 5);
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        gather(&serde_json::from_str(&text).unwrap(), &mut expected);
        Raw::new(text.trim().as_bytes()).strings(&mut |it| found.push(it.to_string()));
        // serde_json sorts members and drops all but the last of a doubled name.
        found.sort();
        expected.sort();
        let mut missing = expected.iter();
        assert!(missing.all(|it| found.contains(it)), "{text}");
        if found.len() == expected.len() {
            assert_eq!(found, expected, "{text}");
        }
    }
}
