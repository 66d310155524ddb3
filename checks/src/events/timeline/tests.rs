//! Episodes of records, whatever their order.

use super::*;
use crate::events::key::At;
use crate::events::{Proof, Reason, Record};

fn told(records: &[String], shared: bool) -> Vec<Episode> {
    let records: Vec<_> = records
        .iter()
        .map(|it| (it.clone(), Proof::Verified))
        .collect();
    told_of(&records, shared)
}

fn told_of(records: &[(String, Proof)], shared: bool) -> Vec<Episode> {
    let mut rows = Vec::new();
    for half in [1, 0] {
        let mut lane = Lane::default();
        for (text, proof) in records.iter().skip(half).step_by(2) {
            let record = Record::read(text.as_bytes()).unwrap();
            let at = At {
                bucket: "b",
                key: "k",
                account: "1",
                region: "r",
            };
            let seen = Seen {
                at,
                proof: *proof,
                shared,
                keys: Vec::new(),
            };
            lane.record(&record, seen, Hide::Noise);
        }
        rows.extend(lane.finish().0);
    }
    rows.sort();
    let mut episodes = Episodes::default();
    let mut all = Vec::new();
    for (sort, piece) in &rows {
        all.extend(episodes.piece(sort, piece).unwrap());
    }
    all.extend(episodes.last());
    all.sort_by_key(Episode::order);
    all
}

fn call(user: &str, minute: u32, name: &str, reads: bool) -> String {
    format!(
        r#"{{"eventID":"{name}{minute}","eventTime":"2026-03-01T10:{minute:02}:00Z","eventName":"{name}","eventSource":"s3.amazonaws.com","readOnly":{reads},
        "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::1:user/{user}","principalId":"AIDA{user}"}}}}"#
    )
}

#[test]
fn a_pause_of_ten_minutes_ends_an_episode() {
    let records = [
        call("a", 0, "PutObject", false),
        call("a", 9, "GetObject", true),
        call("a", 18, "GetObject", true),
        call("b", 5, "PutObject", false),
        call("a", 28, "GetObject", true),
    ];
    let all = told(&records, false);
    let told: Vec<_> = all
        .iter()
        .map(|it| {
            (
                it.actor.as_str(),
                it.records,
                it.items.len(),
                it.reads.values().sum::<u64>(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("arn:aws:iam::1:user/a", 3, 1, 2),
            ("arn:aws:iam::1:user/b", 1, 1, 0),
            ("arn:aws:iam::1:user/a", 1, 0, 1),
        ]
    );
}

#[test]
fn what_two_trails_delivered_is_told_once() {
    let one = call("a", 0, "PutObject", false);
    let read = call("a", 1, "GetObject", true);
    let twice = [one.clone(), one, read.clone(), read];
    let all = told(&twice, true);
    assert_eq!((all.len(), all[0].records, all[0].items.len()), (1, 2, 1));
    // What nothing proves is no reason to leave out what is proved, whatever is written in it.
    let open = Proof::Unverified(Reason::NoDigest);
    let one = call("a", 0, "PutObject", false);
    for other in ["AaaObject", "ZzzObject", "PutObject"] {
        let other = one.replace(
            r#""eventName":"PutObject""#,
            &format!(r#""eventName":"{other}""#),
        );
        for records in [
            [(one.clone(), Proof::Verified), (other.clone(), open)],
            [(other.clone(), open), (one.clone(), Proof::Verified)],
        ] {
            let all = told_of(&records, true);
            let items: Vec<_> = all[0]
                .items
                .iter()
                .map(|it| (&*it.name, &*it.proof))
                .collect();
            assert_eq!(items, [("PutObject", "verified")]);
        }
    }
    // One trail delivers each record once: equal ids are two records.
    let all = told(&twice, false);
    assert_eq!((all.len(), all[0].records, all[0].items.len()), (1, 4, 2));
}
