//! The sample's day, as its generator tells it: Dana takes on one role after another, stops the trail, deletes a log.

use serde_json::Value;

use crate::binary::Place;

const STOPPED: &str = "00000000-0000-4000-8000-000000000012";
const DELETED: &str = "00000000-0000-4000-8000-000000000031";

fn demo(command: &str, more: &[&str]) -> (i32, Value) {
    let mut args = vec!["events", command, "--demo", "-f", "json"];
    args.extend(more);
    let ended = Place::new().run(&args);
    (ended.code, serde_json::from_str(&ended.stdout).unwrap())
}

#[test]
fn the_person_behind_two_roles_stopped_the_trail() {
    let (code, answer) = demo("who", &[STOPPED]);
    let who = &answer["who"][0];
    assert_eq!(
        (code, &who["state"], &who["proof"]),
        (0, &"resolved".into(), &"verified".into())
    );
    assert_eq!(who["actor"]["name"], "dana@example.com");
    let names = who["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["event"]["name"].as_str().unwrap());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["StopLogging", "AssumeRole", "AssumeRoleWithSAML"]
    );
    assert!(who["logs_read"].as_u64().unwrap() <= 40, "{who}");
}

#[test]
fn each_hole_has_its_cause() {
    let (code, answer) = demo("coverage", &[]);
    assert_eq!(code, 3);
    let holes = answer["chains"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| it["holes"].as_array().unwrap());
    let mut gaps = 0;
    for hole in holes {
        let cause = &hole["cause"];
        match hole["kind"].as_str().unwrap() {
            "chain-gap" => {
                gaps += 1;
                assert_eq!(
                    (&cause["certainty"], &cause["event"]["id"]),
                    (&"caused".into(), &STOPPED.into())
                );
                assert_eq!(cause["undone_by"]["name"], "StartLogging");
                assert!(
                    cause["actor"]
                        .as_str()
                        .unwrap()
                        .starts_with("dana@example.com"),
                    "{cause}"
                );
                assert_eq!(cause["proof"], "verified");
            }
            "log-missing" => assert_eq!(
                (&cause["certainty"], &cause["event"]["id"]),
                (&"caused".into(), &DELETED.into())
            ),
            // Nothing records who overwrote a log or deleted a digest of an account whose trail has no data events.
            "log-hash-mismatch" | "digest-missing" => assert!(cause.is_null(), "{cause}"),
            other => panic!("{other}"),
        }
    }
    assert_eq!(gaps, 4);
}

#[test]
fn counts_are_those_of_a_search() {
    let (_, found) = demo("search", &[]);
    let (_, counted) = demo("stats", &["--by", "name", "--first"]);
    let rows = counted["rows"].as_array().unwrap();
    let sum: u64 = rows.iter().map(|it| it["count"].as_u64().unwrap()).sum();
    assert_eq!(
        (sum, &counted["records"]),
        (found["total"].as_u64().unwrap(), &found["total"])
    );
    for row in rows {
        let name = row["values"][0].as_str().unwrap();
        let (_, one) = demo("search", &[&format!("eventName == {name}")]);
        assert_eq!(one["total"], row["count"], "{name}");
    }
    let (_, by_hour) = demo("stats", &["--by", "name", "--over", "1h"]);
    assert_eq!(by_hour["records"], counted["records"]);
}

#[test]
fn every_format_says_what_it_rests_on() {
    for command in ["search", "stats", "coverage"] {
        let text = Place::new()
            .run(&["events", command, "--demo"])
            .code(3)
            .stdout;
        assert!(text.contains("This answer rests on"), "{command}");
        assert!(
            text.contains("Nothing can be said for certain of"),
            "{command}"
        );
    }
    let lines = Place::new()
        .run(&[
            "events",
            "search",
            "--demo",
            "-f",
            "jsonl",
            "name = StopLogging",
        ])
        .code(3);
    assert_eq!(lines.stdout.lines().count(), 3);
    assert!(lines.stderr.contains("\"rests_on\""));
    for line in lines.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["record"]["eventName"], "StopLogging");
        assert_eq!(line["proof"], "verified");
    }
}

#[test]
fn what_is_asked_wrongly_is_told_before_anything_is_read() {
    for (args, says) in [
        (vec!["search", "--demo", "nmae = x"], "name"),
        (vec!["search", "--demo", "name ="], "character"),
        (vec!["search", "--demo", "name = x", "and more"], "quote"),
        (vec!["search"], "s3://BUCKET"),
        (vec!["search", "nowhere"], "there is no folder nowhere"),
        (vec!["who", "--demo", "nobody"], "event ID"),
        (vec!["who", "--demo"], "event ID"),
        (vec!["stats", "--demo", "--by", "nmae"], "name"),
        (vec!["stats", "--demo", "--over", "1s"], "minute"),
    ] {
        let all: Vec<&str> = ["events"].into_iter().chain(args.clone()).collect();
        let ended = Place::new().run(&all);
        assert_eq!(ended.code, 2, "{args:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(says) && ended.stdout.is_empty(),
            "{args:?}: {}",
            ended.stderr
        );
    }
}

#[test]
fn verify_names_the_cause_as_well() {
    // The sample's bucket is no folder: the same causes are tried on trees in `causes`.
    let (code, _) = demo("coverage", &["--fail-if-found"]);
    assert_eq!(code, 1);
}
