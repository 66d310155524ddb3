//! Causes of holes: what is planted beside proved records takes nothing from them.

use jiff::Timestamp;
use trailaudit_checks::digest::{Caused, Certainty, ChainId, Window};
use trailaudit_checks::events::{Hole, Proof, Reason, Record, Suspect, causes, narrowings};

const OPEN: Proof = Proof::Unverified(Reason::NoDigest);

fn suspect(id: &str, time: &str, name: &str, parameters: &str, proof: Proof) -> Suspect {
    let text = format!(
        r#"{{"eventID":"{id}","eventTime":"2026-01-01T{time}Z","eventName":"{name}","eventSource":"cloudtrail.amazonaws.com",
        "awsRegion":"us-east-1","recipientAccountId":"111122223333","requestParameters":{parameters},
        "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/{proof}"}}}}"#
    );
    let record = Record::read(text.as_bytes()).unwrap();
    Suspect::of(&record, proof).unwrap()
}

fn of_hole(suspects: &[Suspect]) -> Vec<Caused> {
    let chain = ChainId {
        account: "111122223333".into(),
        region: "us-east-1".into(),
        home_region: "us-east-1".into(),
        trail: "main".into(),
        bucket: "logs".into(),
        prefix: String::new(),
    };
    let at = |hour: &str| {
        format!("2026-01-01T{hour}:00:00Z")
            .parse::<Timestamp>()
            .unwrap()
    };
    let hole = Hole {
        chain: &chain,
        window: Window {
            start: at("10"),
            end: at("12"),
        },
        key: None,
    };
    causes(&hole, suspects)
}

const TRAIL: &str = r#"{"name":"main"}"#;
/// It may be another trail's: a possible cause.
const NARROWED: &str = r#"{"name":"main","includeGlobalServiceEvents":false}"#;

#[test]
fn a_copy_takes_the_place_of_no_proved_cause() {
    let stopped = suspect("e-1", "10:10:00", "StopLogging", TRAIL, Proof::Verified);
    let possible = suspect("e-2", "10:20:00", "UpdateTrail", NARROWED, Proof::Verified);
    for (proved, certainty) in [
        (stopped, Certainty::Caused),
        (possible, Certainty::Possible),
    ] {
        // Nearer to the beginning of the hole, refused, and more than are told.
        let name = proved.event.name.clone();
        let parameters = if name == "StopLogging" {
            TRAIL
        } else {
            NARROWED
        };
        let copy = |id: &str, time: &str| suspect(id, time, &name, parameters, OPEN);
        let mut all = vec![copy(&proved.event.id, "10:00:00")];
        all.extend((0..9).map(|it| copy(&format!("x-{it}"), "10:00:01")));
        all.push(proved.clone());
        for suspects in [all.clone(), all.into_iter().rev().collect()] {
            let told = of_hole(&suspects);
            assert_eq!(
                (&told[0].event, told[0].certainty),
                (&proved.event, certainty)
            );
            let same = told.iter().filter(|it| it.event.id == proved.event.id);
            assert_eq!(same.count(), 1);
        }
    }
}

#[test]
fn what_is_put_beside_undoes_nothing_that_a_proved_call_undid() {
    let stopped = suspect("e-1", "10:10:00", "StopLogging", TRAIL, Proof::Verified);
    let started = suspect("e-2", "11:50:00", "StartLogging", TRAIL, Proof::Verified);
    let early = suspect("x-1", "10:10:01", "StartLogging", TRAIL, OPEN);
    let told = of_hole(&[early.clone(), stopped.clone(), started.clone()]);
    assert_eq!(told[0].undone_by.as_ref(), Some(&started.event));
    // By itself it is told, with what is proved of it.
    let told = of_hole(&[stopped, early.clone()]);
    assert_eq!(told[0].undone_by.as_ref(), Some(&early.event));
    let words = told[0].to_string();
    assert!(
        words.ends_with("(record unverified (no-digest))"),
        "{words}"
    );
}

#[test]
fn a_copy_takes_the_place_of_no_proved_narrowing() {
    let proved = suspect("e-1", "10:10:00", "UpdateTrail", NARROWED, Proof::Verified);
    let copy = suspect("e-1", "10:00:00", "UpdateTrail", NARROWED, OPEN);
    for suspects in [[proved.clone(), copy.clone()], [copy, proved.clone()]] {
        let told = narrowings(&suspects);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].event, proved.event);
    }
}
