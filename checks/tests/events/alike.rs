//! What the records before look like changes nothing: each record of a log is what it is by itself.

use trailaudit_checks::events::{Field, Record, scan};

use crate::dice::Dice;

/// Names as CloudTrail writes them, and spellings that are nearly them, or them in other words.
const NAMES: [&str; 14] = [
    "eventVersion",
    "eventTime",
    "eventName",
    "eventNames",
    "EVENTNAME",
    "event\\u004eame",
    "eventSource",
    "sessionCredentialFromConsole",
    "sessionCredentialFromConsole2",
    "readOnly",
    "é",
    "",
    "unknown\\\"",
    "aNameThatIsLongerThanWhatIsComparedAtOnce",
];
const PARTS: [&str; 14] = [
    "type",
    "Type",
    "principalId",
    "arn",
    "accountId",
    "accesKeyId",
    "accessKeyId",
    "userName",
    "invokedBy",
    "sessionContext",
    "attributes",
    "sessionIssuer",
    "creationDate",
    "issuerType",
];
const VALUES: [&str; 9] = [
    "\"x\"",
    "\"AssumedRole\"",
    "\"a\\\"b\"",
    "\"a text that is longer than sixteen, and then than thirty-two bytes\"",
    "null",
    "true",
    "nulls",
    "-1e999",
    "[{\"a\":\"]\"}]",
];

fn space(dice: &mut Dice) -> &'static str {
    match dice.roll(8) {
        0 => " ",
        1 => "\n\t",
        _ => "",
    }
}

fn members(dice: &mut Dice, names: &[&str], out: &mut String, depth: usize) {
    out.push('{');
    for at in 0..dice.roll(6) {
        if at > 0 {
            out.push(',');
        }
        out.push_str(space(dice));
        let name = dice.pick(names).to_owned();
        out.push_str(&format!("\"{name}\"{}:{}", space(dice), space(dice)));
        match depth > 0 && dice.roll(3) == 0 {
            true => members(dice, &PARTS, out, depth - 1),
            false => out.push_str(dice.pick(&VALUES)),
        }
        out.push_str(space(dice));
    }
    out.push('}');
}

fn record(dice: &mut Dice) -> String {
    let mut identity = String::new();
    members(dice, &PARTS, &mut identity, 3);
    let mut rest = String::new();
    members(dice, &NAMES, &mut rest, 1);
    let rest = rest.trim_start_matches('{');
    let comma = match rest.trim_start().starts_with('}') {
        true => "",
        false => ",",
    };
    format!("{{\"userIdentity\":{identity}{comma}{rest}")
}

/// Words, and others of the same length: a text that ends early, texts, spellings, names, what is no text.
const ALIKE: [(&str, &str); 10] = [
    ("AssumedRole", "A\",\"arn\":\"B"),
    ("AssumedRole", "SharedRoles"),
    ("AssumedRole", "AssumedRo\\\""),
    ("AssumedRole", "\\\\sumedRole"),
    ("than thirty-two", "than \\\"irty-two"),
    ("principalId", "principalIx"),
    ("type", "Type"),
    ("arn", "nra"),
    ("true", "null"),
    ("\"a\":", "\"b\":"),
];

/// All that a record has, as text.
fn all(record: &Record<'_>) -> Vec<String> {
    let mut told: Vec<String> = record.all_members().map(|it| format!("{it:?}")).collect();
    for field in Field::ALL {
        told.push(format!(
            "{:?} {:?}",
            record.get(*field),
            record.text(*field)
        ));
    }
    let it = record.identity();
    told.push(format!("{:?}", (it.type_(), it.principal_id(), it.arn())));
    told.push(format!(
        "{:?}",
        (it.account_id(), it.access_key_id(), it.user_name())
    ));
    told.push(format!(
        "{:?}",
        (it.invoked_by(), it.created(), it.issuer_type())
    ));
    told.push(format!(
        "{:?}",
        (it.scope_issuer(), it.issuer_arn(), it.is_present())
    ));
    told.push(format!("{:?} {:?}", record.marks(), record.time()));
    told
}

#[test]
fn each_record_is_what_it_is_by_itself() {
    let mut dice = Dice::new(21);
    let mut compared = 0;
    for _ in 0..Dice::rounds(2_000) {
        // Some of them several times, so that what came before is what comes again.
        let mut records: Vec<String> = (0..1 + dice.roll(5)).map(|_| record(&mut dice)).collect();
        for _ in 0..dice.roll(8) {
            let again = records.get(dice.roll(records.len())).cloned();
            // Or nearly: everything stands where it stood.
            let nearly = |it: String| match dice.roll(2) {
                0 => it,
                _ => {
                    let (from, to) = ALIKE[dice.roll(ALIKE.len())];
                    it.replace(from, to)
                }
            };
            records.extend(again.map(nearly));
        }
        let log = format!("{{\"Records\":[{}]}}", records.join(","));
        let mut found = Vec::new();
        let scanned = scan(log.as_bytes(), &mut |it| {
            found.push((it.raw().to_vec(), all(it)));
        });
        assert_eq!(scanned.records, records.len() as u64, "{log}");
        for (text, (raw, told)) in records.iter().zip(&found) {
            assert_eq!(text.as_bytes(), raw, "{log}");
            let alone = Record::read(raw).unwrap();
            assert_eq!(*told, all(&alone), "{log}");
            compared += 1;
        }
    }
    assert!(compared > 2_000);
}

#[test]
fn the_last_member_of_a_broken_record_is_kept() {
    for record in [
        r#"{"eventName":"A","eventSource":"b" x}"#,
        r#"{"eventName":"A","eventSource":"b";"eventID":"c"}"#,
    ] {
        let whole = r#"{"eventName":"A","eventSource":"b","eventID":"c"}"#;
        let log = format!("{{\"Records\":[{whole},{record},{whole}]}}");
        let mut sources = Vec::new();
        scan(log.as_bytes(), &mut |it| {
            sources.push(it.source().map(|it| it.to_string()));
        });
        assert_eq!(sources, vec![Some("b".to_owned()); 3], "{record}");
    }
}
