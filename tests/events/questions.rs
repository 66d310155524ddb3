//! `events ask`: found; absent and verified; absent and open; cannot tell.

use serde_json::{Value, json};

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

/// Records of calls that only read.
const WHOLE: &str = r#"{"records": 3}"#;

/// The same, and a call that changes something.
fn whole_with_a_write() -> String {
    let write = call("TagRole", 0, &json!({"readOnly": false}));
    format!(r#"{{"records": 3, "events": [{write}]}}"#)
}

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
        &["old-tls"],
        &["regions"],
        &["enumeration"],
        &["who-started", "i-1"],
        &["who-changed", "main"],
        &["who-used", "AKIAIOSFODNN7EXAMPL2"],
        &["what-did", "eve"],
    ] {
        let answer = ask(&whole_with_a_write(), 0, question);
        let asked = &answer["asked"];
        assert_eq!(asked["verdict"], "absent", "{question:?}");
        let words = asked["answer"].as_str().unwrap();
        assert!(
            words.starts_with("none in 37 verified records of 6 verified hours"),
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
    let whole = whole_with_a_write();
    let altered = format!(
        r#"{}, "faults": [{{"do": "tamper", "log": [3, 0]}}]}}"#,
        whole.strip_suffix('}').unwrap()
    );
    let answer = ask(&altered, 3, &["root"]);
    assert_eq!(answer["asked"]["verdict"], "open");
}

/// Without one data event of the bucket nobody knows whether reads are recorded, however well all is verified.
#[test]
fn what_may_not_be_recorded_cannot_be_told() {
    let answer = ask(WHOLE, 3, &["who-read", "data/key"]);
    assert_eq!(answer["asked"]["verdict"], "cannot_tell");
    assert_eq!(answer["rests_on"]["complete"], true);
}

/// A trail may log calls that read, or calls that change something, alone; Insights and network activity are logged where
/// somebody says so.
#[test]
fn a_kind_of_events_that_no_log_shows_is_no_answer() {
    let write = call("TagRole", 0, &json!({"readOnly": false}));
    let writes = with(&[write], "");
    for (questions, reads_alone, writes_alone) in [
        (
            &["tamper", "logins", "public", "shared", "regions"][..],
            true,
            false,
        ),
        (&["enumeration"], false, true),
        (
            &[
                "root",
                "denied",
                "cross-account",
                "federated",
                "old-tls",
                "insights",
                "network-denied",
            ],
            true,
            true,
        ),
    ] {
        for question in questions {
            for (spec, open) in [(WHOLE, reads_alone), (&*writes, writes_alone)] {
                let (code, verdict) = match open {
                    true => (3, "cannot_tell"),
                    false => (0, "absent"),
                };
                let answer = ask(spec, code, &[question]);
                assert_eq!(answer["asked"]["verdict"], verdict, "{question} {spec}");
            }
        }
    }
    // What a session did later is any call, and there may be more than was found.
    let asked = call("TagRole", 0, &json!({"readOnly": false}));
    let answer = ask(&with(&[asked], ""), 0, &["after", "TagRole-0"]);
    let words = answer["asked"]["answer"].as_str().unwrap();
    let more = "; the verified logs hold no management events that read, so there may be calls that are not recorded";
    assert!(words.ends_with(more), "{words}");
    let answer = ask(WHOLE, 3, &["tamper"]);
    let words = answer["asked"]["answer"].as_str().unwrap();
    assert_eq!(
        words,
        "cannot be answered: the verified logs hold no management events that change something, so such calls may not be \
         recorded at all"
    );
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

/// A call of the second hour.
fn call(name: &str, second: u32, more: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventID": format!("{name}-{second}"), "eventName": name, "eventSource": "iam.amazonaws.com",
        "eventTime": format!("2026-01-01T01:{:02}:{:02}Z", second / 60, second % 60), "eventType": "AwsApiCall",
        "awsRegion": "eu-west-1", "recipientAccountId": "111122223333", "eventCategory": "Management", "managementEvent": true,
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAMALLORY", "arn": "arn:aws:iam::111122223333:user/mallory",
            "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": "mallory"},
    });
    for (name, value) in more.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn with(records: &[Value], more: &str) -> String {
    let records = serde_json::to_string(records).unwrap();
    format!(r#"{{"records": 0, "events": {records}{more}}}"#)
}

fn ids(answer: &Value) -> Vec<&str> {
    let records = answer["records"].as_array().unwrap().iter();
    records
        .map(|it| it["record"]["eventID"].as_str().unwrap())
        .collect()
}

/// Bursts of different reads and denied calls: found; absent and verified; absent and open; and where no read was
/// recorded at all, nobody can tell.
#[test]
fn enumeration() {
    let reads = json!({"readOnly": true});
    let denied = json!({"readOnly": false, "errorCode": "AccessDenied"});
    let mut burst: Vec<Value> = (0..9)
        .map(|it| call(&format!("List{it}"), it * 30, &reads))
        .collect();
    burst.push(call("CreateUser", 300, &denied));
    // Neither a call that was allowed nor one of an hour before belongs to it.
    burst.push(call("PutUserPolicy", 310, &json!({"readOnly": false})));
    burst.push(call("ListUsers", 3000, &reads));
    let answer = ask(&with(&burst, ""), 0, &["enumeration"]);
    assert_eq!(answer["asked"]["verdict"], "found");
    assert_eq!(answer["asked"]["search_finds_more"], true);
    assert_eq!(ids(&answer).len(), 10, "{:?}", ids(&answer));
    let words = answer["asked"]["answer"].as_str().unwrap();
    assert!(words.starts_with("found 10 calls in 1: bursts"), "{words}");

    let few = &burst[..8];
    let answer = ask(&with(few, ""), 0, &["enumeration"]);
    assert_eq!(answer["asked"]["verdict"], "absent");
    let open = ask(ALTERED, 3, &["enumeration"]);
    assert_eq!(open["asked"]["verdict"], "open");

    let writes = [call("CreateUser", 0, &json!({"readOnly": false}))];
    let answer = ask(&with(&writes, ""), 3, &["enumeration"]);
    assert_eq!(answer["asked"]["verdict"], "cannot_tell");
    assert_eq!(answer["rests_on"]["complete"], true);
    // Records of a planted log show neither a burst nor that reads are recorded.
    let planted = serde_json::to_string(&burst).unwrap();
    let fault =
        format!(r#", "faults": [{{"do": "add-log", "minute": 130, "records": {planted}}}]"#);
    let answer = ask(&with(&writes, &fault), 3, &["enumeration"]);
    assert_eq!(answer["asked"]["verdict"], "cannot_tell");
}

/// A user takes a role, and as this role another one.
fn chain() -> Vec<Value> {
    let assume = |role: &str, key: &str| {
        json!({"eventSource": "sts.amazonaws.com", "readOnly": true,
            "requestParameters": {"roleArn": format!("arn:aws:iam::111122223333:role/{role}"), "roleSessionName": "x"},
            "responseElements": {"credentials": {"accessKeyId": key},
                "assumedRoleUser": {"assumedRoleId": format!("AROA{}:x", role.to_uppercase())}}})
    };
    let session = |role: &str, key: &str, since: &str| {
        json!({"type": "AssumedRole", "principalId": format!("AROA{}:x", role.to_uppercase()), "accountId": "111122223333",
            "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/x"), "accessKeyId": key,
            "sessionContext": {"attributes": {"creationDate": since},
                "sessionIssuer": {"type": "Role", "arn": format!("arn:aws:iam::111122223333:role/{role}"), "accountId": "111122223333"}}})
    };
    let first = session("ops", "ASIAIOSFODNN7EXAMPL1", "2026-01-01T01:00:10Z");
    let second = session("admin", "ASIAIOSFODNN7EXAMPL2", "2026-01-01T01:00:30Z");
    let mut next = assume("admin", "ASIAIOSFODNN7EXAMPL2");
    next["userIdentity"] = first.clone();
    // The same role and session name, taken by somebody else at another time.
    let other = session("admin", "ASIAIOSFODNN7EXAMPL3", "2026-01-01T01:00:20Z");
    let by_other = json!({"userIdentity": {"type": "IAMUser", "principalId": "AIDABOB", "arn": "arn:aws:iam::111122223333:user/bob",
        "accountId": "111122223333"}});
    let mut of_other = assume("admin", "ASIAIOSFODNN7EXAMPL3");
    of_other["userIdentity"] = by_other["userIdentity"].clone();
    vec![
        call("Before", 5, &json!({})),
        call("AssumeRole", 10, &assume("ops", "ASIAIOSFODNN7EXAMPL1")),
        call("Own", 15, &json!({"userIdentity": first})),
        call("AssumeRole", 20, &of_other),
        call("AssumeRole", 30, &next),
        call("DeleteUser", 40, &json!({"userIdentity": second})),
        call("Others", 50, &json!({"userIdentity": other})),
        call("After", 60, &json!({})),
    ]
}

#[test]
fn after_follows_the_sessions_that_were_issued() {
    let answer = ask(&with(&chain(), ""), 0, &["after", "AssumeRole-10"]);
    let found = [
        "AssumeRole-10",
        "Own-15",
        "AssumeRole-30",
        "DeleteUser-40",
        "After-60",
    ];
    assert_eq!(ids(&answer), found);
    let sessions = answer["asked"]["sessions"].as_array().unwrap();
    let told = sessions.iter().map(|it| {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        (text("event"), text("principal"), text("proof"))
    });
    let expected = [
        ("AssumeRole-10", "AROAOPS:x"),
        ("AssumeRole-30", "AROAADMIN:x"),
    ];
    let expected = expected.map(|(event, principal)| {
        (
            event.to_owned(),
            principal.to_owned(),
            "verified".to_owned(),
        )
    });
    assert_eq!(told.collect::<Vec<_>>(), expected);
    // Only what is issued later is followed, and a session alone has none.
    let answer = ask(&with(&chain(), ""), 0, &["after", "DeleteUser-40"]);
    assert_eq!(ids(&answer), ["DeleteUser-40"]);
    assert_eq!(answer["asked"]["sessions"], Value::Null);
}

/// What was planted leads to no session, and what nothing proves leads to one that is not proved.
#[test]
fn each_session_that_is_followed_has_its_proof() {
    let chain = chain();
    let (planted, rest) = (vec![chain[4].clone()], [&chain[..4], &chain[5..]].concat());
    let planted = serde_json::to_string(&planted).unwrap();
    let fault =
        format!(r#", "faults": [{{"do": "add-log", "minute": 130, "records": {planted}}}]"#);
    let answer = ask(&with(&rest, &fault), 3, &["after", "AssumeRole-10"]);
    assert!(
        !ids(&answer).contains(&"DeleteUser-40"),
        "{:?}",
        ids(&answer)
    );
    let place = Place::new();
    place.write("log.json", json!({"Records": chain}).to_string());
    let ended = place.run(&[
        "events",
        "ask",
        "log.json",
        "after",
        "AssumeRole-10",
        "-f",
        "json",
    ]);
    let answer = ended.code(3).json();
    let sessions = answer["asked"]["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|it| it["proof"] == "unverified"));
    let words = answer["asked"]["answer"].as_str().unwrap();
    assert!(
        words.contains("2 by records that are not verified"),
        "{words}"
    );
}

/// The sample's day: one person behind four sessions, each by the call that issued it.
#[test]
fn after_a_sign_in_comes_all_that_the_person_did() {
    let place = Place::new();
    let id = "00000000-0000-4000-8000-000000000003";
    let ended = place.run(&["events", "ask", "--demo", "after", id, "-f", "json"]);
    let answer = ended.code(3).json();
    let stopped = "00000000-0000-4000-8000-000000000012";
    assert!(ids(&answer).contains(&stopped));
    assert!(answer["asked"]["sessions"].as_array().unwrap().len() >= 3);
    let search = answer["where"].as_str().unwrap();
    let args = [
        "events", "search", "--demo", search, "--sort", "time", "-f", "json",
    ];
    let again = place.run(&args).code(3).json();
    assert_eq!(again["records"], answer["records"]);
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
