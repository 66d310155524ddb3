//! What expressions mean, and what is said of those that are none.

use trailaudit_checks::events::filter::{self, Subject};
use trailaudit_checks::events::{Proof, Reason, Record};

use crate::dice::Dice;

const ALICE: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAXEXAMPLEADMIN001:bob",
  "arn":"arn:aws:sts::444455556666:assumed-role/admin/bob","accountId":"444455556666","accessKeyId":"ASIAXEXAMPLECONSOLE2",
  "invokedBy":"cloudformation.amazonaws.com",
  "sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::444455556666:role/admin","userName":"admin"},
  "attributes":{"creationDate":"2020-09-17T19:04:10Z","mfaAuthenticated":"true"}}},
  "eventTime":"2020-09-17T19:05:08Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1",
  "sourceIPAddress":"203.0.113.77","userAgent":"console.amazonaws.com (Linux, x)","errorCode":"AccessDenied",
  "requestParameters":{"userName":"test","tags":[{"key":"team","value":"A"},{"key":"cost","value":7}],"limit":1e2,
    "deep":{"list":[[1,2],[3]],"none":null,"text":"2020-09-17T21:05:08+02:00"},"ids":["i-1","i-2"],"KeyCase":"x","flag":"True"},
  "responseElements":null,"additionalEventData":{"identitystore:UserId":"906"},"eventID":"e-1","readOnly":false,
  "resources":[{"ARN":"arn:aws:iam::444455556666:user/test"}],"recipientAccountId":"444455556666",
  "newTopLevel":{"a":"b"}}"#;

fn holds(expression: &str) -> bool {
    let record = Record::read(ALICE.as_bytes()).unwrap();
    let subject = Subject {
        record: &record,
        proof: Proof::Unverified(Reason::NoDigest),
    };
    filter::parse(expression)
        .unwrap_or_else(|it| panic!("{expression}: {it}"))
        .matches(&subject)
}

#[test]
fn expressions_that_hold() {
    for expression in [
        "",
        "name = createuser",
        "name = Create* and source = iam.amazonaws.com",
        "name = ?reateUser",
        "NAME = createuser AND NOT region = eu-*",
        "name == CreateUser",
        "name != DeleteUser",
        "errorMessage != x",
        "requestParameters.absent != x",
        "requestparameters.USERNAME = test",
        "requestParameters.keycase = X",
        "requestParameters.tags.key = team",
        "requestParameters.tags.key = cost and requestParameters.tags[1].key = cost",
        "requestParameters.tags.value = 7",
        "requestParameters.tags.value = 7.0",
        "requestParameters.limit = 100 and requestParameters.limit > 99.5 and requestParameters.limit <= 100",
        "requestParameters.limit == 1e2",
        "requestParameters.deep.list = 3",
        "requestParameters.deep.list[0] = 2",
        "requestParameters.deep.list[0][1] = 2",
        "requestParameters.deep.text = 2020-09-17T19:05:08Z",
        "requestParameters.deep.text > 2020-09-17",
        "requestParameters.deep exists and not requestParameters.deep.none exists",
        "requestParameters.ids contains '[\"i-1\",\"i-2\"]'",
        "requestParameters.ids = i-2",
        "requestParameters.flag = true",
        "readOnly = false and readOnly == false",
        "additionalEventData.\"identitystore:UserId\" = 906",
        "additionalEventData.'identitystore:UserId' exists",
        "\"newTopLevel\".a = b",
        "'newtoplevel' contains '\"a\":\"b\"'",
        "userIdentity.sessionContext.attributes.mfaAuthenticated = true",
        "userIdentity.sessionContext contains creationDate",
        "ip in (10.0.0.0, cidr 203.0.113.0/24)",
        "ip in(cidr 203.0.113.77)",
        "ip not in (cidr 10.0.0.0/8, 1.1.1.1)",
        "name in (StopLogging, create*)",
        "time = 2020-09-17T21:05:08+02:00",
        "time >= 2020-09-17T19:05:08Z and time < 2020-09-18",
        "time = 2020-09-17*",
        "eventTime > 2020-09-17T19:05:07.999Z",
        "agent ~ /^console\\.amazonaws\\.com/",
        "agent ~ /LINUX/i and not agent ~ /LINUX/",
        "agent contains '(linux, X)'",
        "agent startswith CONSOLE and agent endswith 'x)' or name = nothing",
        "agent = \"console*(Linux, ?)\"",
        "error = AccessDenied and denied and failed",
        "denied = true",
        "not denied = false",
        "resource = arn:aws:iam::444455556666:user/test",
        "resource = i-2",
        "actor = arn:aws:iam::444455556666:role/admin",
        "actor = admin and not root",
        "root = false",
        "session = bob",
        "session and session = arn:aws:sts::444455556666:assumed-role/admin/*",
        "service = cloudformation.amazonaws.com and service",
        "mfa and mfa = true",
        "proof = unverified and proof = no-digest and proof != verified",
        "category = management",
        "account = 444455556666",
        "bob",
        "cloudformation",
        "\"identitystore\" or 906",
        "not nowhere-at-all",
        "'linux, x'",
        "arn:aws:iam::*:role/admin",
        "(((name = CreateUser)))",
        "not not name = CreateUser",
        "name = x or name = y or name = CreateUser and region = us-east-1",
        "name=CreateUser and(region=us-east-1)",
    ] {
        assert!(holds(expression), "{expression}");
        assert!(
            expression.is_empty() || !holds(&format!("not ({expression})")),
            "{expression}"
        );
    }
}

#[test]
fn expressions_that_do_not_hold() {
    for expression in [
        "name == createuser",
        "name = Create",
        "name = \"Create\\*\"",
        "requestParameters.tags[0].key = cost",
        "requestParameters.tags[2] exists",
        "requestParameters.deep.none exists",
        "requestParameters.deep.none = null",
        "requestParameters.limit > 100",
        "requestParameters.userName > 5",
        "requestParameters.username.x exists",
        "responseElements exists",
        "responseElements.x exists",
        "errorMessage exists",
        "errorMessage = *",
        "time > 2020-09-18",
        "agent contains '*'",
        "agent startswith linux",
        "ip in (cidr 10.0.0.0/8)",
        "service = 203.0.113.77",
        "root",
        "mfa = false",
        "newTopLevelx-nothing",
        "e-1 and e-2",
        "proof = verified",
        "tags",
    ] {
        assert!(!holds(expression), "{expression}");
    }
}

#[test]
fn the_base_name_of_a_dated_call_is_its_name() {
    let record = Record::read(br#"{"eventName":"AddPermission20150331v2"}"#).unwrap();
    for (expression, expected) in [
        ("name = AddPermission", true),
        ("name = AddPermission20150331v2", true),
        ("name == AddPermission", true),
        ("name = Add", false),
        ("eventName = AddPermission", false),
    ] {
        let subject = Subject {
            record: &record,
            proof: Proof::Verified,
        };
        assert_eq!(
            filter::parse(expression).unwrap().matches(&subject),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn sign_ins_tell_of_their_own_mfa_and_failure() {
    let json = r#"{"eventName":"ConsoleLogin","userIdentity":{"type":"Root","accountId":"111122223333"},
        "responseElements":{"ConsoleLogin":"Failure"},"additionalEventData":{"MFAUsed":"No"}}"#;
    let record = Record::read(json.as_bytes()).unwrap();
    for expression in [
        "failed",
        "not denied",
        "error = Failure",
        "mfa = false",
        "not mfa",
        "root",
        "actor = 111122223333",
    ] {
        let subject = Subject {
            record: &record,
            proof: Proof::Verified,
        };
        assert!(
            filter::parse(expression).unwrap().matches(&subject),
            "{expression}"
        );
    }
}

#[test]
fn errors_name_the_place_and_the_nearest_name() {
    for (expression, at, part) in [
        ("nam = x", 0, "did you mean `name`?"),
        ("eventNmae = x", 0, "did you mean `eventName`?"),
        (
            "name = x and userIdentity.arm = y",
            13,
            "did you mean `arn`?",
        ),
        (
            "userIdentity.sessionContext.atributes.mfaAuthenticated = true",
            0,
            "did you mean `attributes`?",
        ),
        ("eventName.x = y", 0, "single value"),
        ("userIdentity.arn.x = y", 0, "single value"),
        ("name = ", 7, "expected a value"),
        ("name = and x", 7, "expected a value, found `and`"),
        ("name", 0, "expected an operator after `name`"),
        ("name = x y = z", 9, "expected `and`, `or`"),
        ("name = a, b", 8, "quotes"),
        ("(name = x", 0, "without `)`"),
        ("name = x)", 8, "without `(`"),
        ("not", 3, "expression ends"),
        ("and x", 0, "needs a name"),
        ("name = \"x", 7, "not closed"),
        ("name ~ Stop.*", 7, "between slashes"),
        ("name ~ /(/", 7, "unclosed group"),
        ("name ~ /a{1000}{1000}/", 7, "more than 1 MiB"),
        ("name ~ /x/g", 10, "only `i`"),
        ("ip in 10.0.0.0/8", 6, "expected `(`"),
        ("ip in (cidr 10.0.0.0/40)", 12, "not a network"),
        ("ip in (a b)", 9, "expected `,` or `)`"),
        ("time > yesterday", 7, "a number or a time"),
        ("denied = maybe", 0, "true, false"),
        ("proof = verifed", 0, "verified"),
        ("name = a\\b", 7, "unknown escape"),
        ("requestParameters..x = 1", 0, "empty name"),
        ("requestParameters. = 1", 0, "ends with `.`"),
        ("requestParameters.a[x] = 1", 0, "number of an element"),
        ("name ! x", 5, "expected `!=`"),
        ("= x", 0, "expected a name"),
        ("x not y", 0, "expected an operator after `not`"),
    ] {
        let error = filter::parse(expression).expect_err(expression);
        assert_eq!(error.at, at, "{expression}: {error}");
        assert!(error.message.contains(part), "{expression}: {error}");
    }
    assert!(filter::parse(&"(".repeat(100_000)).is_err());
    assert!(filter::parse(&"not ".repeat(10_000)).is_err());
    assert!(filter::parse(&"x".repeat(300_000)).is_err());
    let list = format!("name in ({})", vec!["StopLogging"; 10_000].join(","));
    assert!(filter::parse(&list).is_ok());
}

#[test]
fn paths_that_no_record_had_are_told() {
    let expression = filter::parse("name = Nothing and (requestParameters.bucketNmae = x or requestParameters.tags.key = y or \"odd\" = z)").unwrap();
    let all = [
        "requestParameters.bucketNmae",
        "requestParameters.tags.key",
        "\"odd\"",
    ];
    assert_eq!(expression.paths_never_seen(), all);
    let record = Record::read(ALICE.as_bytes()).unwrap();
    let subject = Subject {
        record: &record,
        proof: Proof::Verified,
    };
    // The left side decides; the paths are looked for all the same.
    assert!(!expression.matches(&subject));
    assert_eq!(
        expression.paths_never_seen(),
        ["requestParameters.bucketNmae", "\"odd\""]
    );
    assert!(
        filter::parse("errorCode = x and userIdentity.arn = y")
            .unwrap()
            .paths_never_seen()
            .is_empty()
    );
}

#[test]
fn no_text_panics() {
    let pieces = [
        "name",
        "requestParameters",
        "userIdentity",
        ".",
        "tags",
        "[0]",
        "[",
        "]",
        "\"a b\"",
        "'",
        "\"",
        "=",
        "!=",
        "==",
        "<",
        ">=",
        "~",
        "/a+/i",
        "/(/",
        "(",
        ")",
        ",",
        " ",
        " and ",
        " or ",
        "not ",
        " in (",
        "cidr ",
        "10.0.0.0/8",
        "exists",
        "contains ",
        "*",
        "?",
        "\\",
        "\\u00e9",
        "é",
        "2026-02-04",
        "1e5",
        "denied",
        "proof",
        "\u{0}",
        "\n",
    ];
    let record = Record::read(ALICE.as_bytes()).unwrap();
    let subject = Subject {
        record: &record,
        proof: Proof::Verified,
    };
    let (mut dice, mut valid) = (Dice::new(5), 0);
    for _ in 0..Dice::rounds(10_000) {
        let mut text = String::new();
        for _ in 0..dice.roll(12) {
            text.push_str(dice.pick(&pieces));
        }
        match filter::parse(&text) {
            Ok(expression) => {
                valid += 1;
                let found = expression.matches(&subject);
                assert!(!found || expression.may_match(ALICE.as_bytes()), "{text}");
            }
            Err(error) => assert!(
                error.at <= text.chars().count() && !error.message.is_empty(),
                "{text}"
            ),
        }
    }
    assert!(valid > 100, "only {valid} were expressions");
}
