//! `events ask`: found; absent and verified; absent and open; cannot tell.

use serde_json::Value;

use super::events;
use crate::binary::Place;
use crate::verify::{END, lay};

fn ask(spec: &str, code: i32, question: &[&str]) -> Value {
    let place = Place::new();
    lay(&place, spec);
    let mut args = question.to_vec();
    args.extend(["--until", END, "-f", "json"]);
    events(&place, "ask", &args).code(code).json()
}

const WHOLE: &str = r#"{"records": 3}"#;
const ALTERED: &str = r#"{"records": 3, "faults": [{"do": "tamper", "log": [1, 0]}]}"#;

#[test]
fn absent_and_verified() {
    for question in [
        &["root"][..],
        &["tamper"],
        &["denied"],
        &["denied", "--first"],
        &["logins"],
        &["cross-account"],
        &["federated"],
        &["public"],
        &["shared"],
        &["insights"],
        &["network-denied"],
        &["old-tls"],
        &["regions"],
        &["who-started", "i-1"],
        &["who-changed", "main"],
        &["who-used", "AKIAIOSFODNN7EXAMPLE"],
        &["what-did", "mallory"],
    ] {
        let answer = ask(WHOLE, 0, question);
        let asked = &answer["asked"];
        assert_eq!(asked["verdict"], "absent", "{question:?}");
        let words = asked["answer"].as_str().unwrap();
        assert!(
            words.starts_with("none in 36 verified records of 6 verified hours"),
            "{words}"
        );
        assert!(
            asked["search"]
                .as_str()
                .unwrap()
                .starts_with("trailaudit events search tree ")
        );
    }
}

#[test]
fn absent_and_open() {
    let answer = ask(ALTERED, 3, &["root"]);
    assert_eq!(answer["asked"]["verdict"], "open");
}

/// Without one data event of the bucket nobody knows whether reads are recorded, however well all is verified.
#[test]
fn what_may_not_be_recorded_cannot_be_told() {
    let answer = ask(WHOLE, 3, &["who-read", "data/key"]);
    assert_eq!(answer["asked"]["verdict"], "cannot_tell");
    assert_eq!(answer["rests_on"]["complete"], true);
}

#[test]
fn found_and_the_printed_search_finds_the_same() {
    let place = Place::new();
    let ended = place.run(&["events", "ask", "--demo", "tamper", "-f", "json"]);
    let answer = ended.code(3).json();
    assert_eq!(answer["asked"]["verdict"], "found");
    let search = answer["where"].as_str().unwrap();
    let again = place
        .run(&[
            "events", "search", "--demo", search, "--sort", "time", "-f", "json",
        ])
        .code(3)
        .json();
    assert_eq!(again["records"], answer["records"]);
    let printed = answer["asked"]["search"].as_str().unwrap();
    assert!(
        printed.starts_with("trailaudit events search --demo '"),
        "{printed}"
    );
    // What the same session did afterwards.
    let stopped = &answer["records"][0]["record"];
    let id = stopped["eventID"].as_str().unwrap();
    let after = place
        .run(&["events", "ask", "--demo", "after", id, "-f", "json"])
        .code(3)
        .json();
    for line in after["records"].as_array().unwrap() {
        let identity = &line["record"]["userIdentity"]["principalId"];
        assert_eq!(*identity, stopped["userIdentity"]["principalId"]);
    }
}

#[test]
fn questions_that_are_none() {
    let place = Place::new();
    for (args, words) in [
        (&["events", "ask", "--demo"][..], "a question is expected"),
        (
            &["events", "ask", "--demo", "who-reads"],
            "there is no question",
        ),
        (&["events", "ask", "--demo", "who-read"], "needs BUCKET"),
        (
            &["events", "ask", "--demo", "root", "x"],
            "takes no argument",
        ),
        (
            &["events", "ask", "--demo", "after", "nothing"],
            "no record with eventID",
        ),
    ] {
        let ended = place.run(args);
        assert_eq!(ended.code, 2, "{args:?}");
        assert!(ended.stderr.contains(words), "{args:?}: {}", ended.stderr);
    }
}

#[test]
fn a_timeline_holds_episodes_holes_and_causes() {
    let place = Place::new();
    let ended = place.run(&["events", "timeline", "--demo", "-f", "json"]);
    let told = ended.code(3).json();
    let holes = told["holes"].as_array().unwrap();
    let caused = holes.iter().any(|it| {
        let cause = it["cause"].as_str().unwrap_or_default();
        cause.contains("StopLogging")
    });
    assert!(caused, "{holes:#?}");
    let shown: u64 = told["records"].as_u64().unwrap();
    let hidden: u64 = told["hidden"]
        .as_object()
        .unwrap()
        .values()
        .map(|it| it.as_u64().unwrap())
        .sum();
    let all = told["rests_on"]["records"].as_object().unwrap().values();
    let all: u64 = all.map(|it| it.as_u64().unwrap()).sum();
    assert!(
        hidden > 0 && shown + hidden <= all && shown + hidden > all / 2,
        "{shown} {hidden} {all}"
    );
    let episodes = told["episodes"].as_array().unwrap();
    let starts: Vec<&str> = episodes
        .iter()
        .filter_map(|it| it["start"].as_str())
        .collect();
    assert!(starts.is_sorted());
    let marked = episodes
        .iter()
        .flat_map(|it| it["items"].as_array().unwrap());
    let marked: Vec<&Value> = marked
        .filter(|it| it["keys"][0] == "event-trail-logging-stopped")
        .collect();
    assert!(!marked.is_empty());
    let show = place
        .run(&[
            "events", "timeline", "--demo", "--noise", "show", "-f", "json",
        ])
        .json();
    assert_eq!(show["hidden"].as_object().unwrap().len(), 0);
    assert!(show["records"].as_u64().unwrap() > shown);
}
