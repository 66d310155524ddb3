//! What a chain can begin with.

use serde_json::json;

use super::World;
use crate::events::who::Start;

fn pick(world: &World, text: &str) -> Vec<String> {
    let start = Start::parse(text).unwrap();
    let picked = start.pick(world.found(|it| start.fits(it)));
    let names = picked.iter().map(|it| {
        let record = crate::events::Record::read(&it.record).unwrap();
        record.name().unwrap().to_string()
    });
    names.collect()
}

#[test]
fn what_was_meant_is_told_by_its_form() {
    for (text, wanted) in [
        (
            "0000000A-0000-4000-8000-40c9c1062cc8",
            Some(Start::Event(
                "0000000a-0000-4000-8000-40c9c1062cc8".to_owned(),
            )),
        ),
        (
            "ASIAXEXAMPLESWROLE01",
            Some(Start::Key("ASIAXEXAMPLESWROLE01".to_owned())),
        ),
        (
            "i-0123456789abcdef0",
            Some(Start::Instance("i-0123456789abcdef0".to_owned())),
        ),
        (
            "arn:aws:ec2:eu-west-2:111122223333:instance/i-0123456789abcdef0",
            Some(Start::Instance("i-0123456789abcdef0".to_owned())),
        ),
        (
            "arn:aws:iam::111122223333:user/bob",
            Some(Start::Arn("arn:aws:iam::111122223333:user/bob".to_owned())),
        ),
        ("bob", None),
        ("", None),
        ("i-xyz", None),
        ("ASIA", None),
    ] {
        assert_eq!(Start::parse(text).ok(), wanted, "{text}");
    }
}

#[test]
fn a_chain_begins_for_each_session() {
    let world = World::of(&["switch-role", "session-token"]);
    // The copy that names the caller.
    let shared = "19ee34b2-0000-4000-8000-000000000001";
    assert_eq!(pick(&world, shared), ["AssumeRole"]);
    assert_eq!(pick(&world, "ASIAXEXAMPLECONSOLE2"), ["CreateUser"]);
    // Never used here: the call that issued it.
    assert_eq!(pick(&world, "ASIAXEXAMPLESWROLE01"), ["AssumeRole"]);
    assert_eq!(pick(&world, "ASIAXEXAMPLEGST00001"), ["DeleteTrail"]);
    let alice = "arn:aws:iam::111122223333:user/alice";
    assert_eq!(pick(&world, alice), ["GetSessionToken", "DeleteTrail"]);
    assert_eq!(
        pick(&world, "arn:aws:iam::444455556666:role/admin"),
        ["CreateUser"]
    );
}

#[test]
fn an_instance_leads_to_whoever_started_it() {
    let world = World::default().with(json!({
        "eventID": "00000000-0000-4000-8000-000000000001", "eventName": "RunInstances", "eventTime": "2026-01-01T00:00:00Z",
        "recipientAccountId": "111122223333", "awsRegion": "us-east-1",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:user/alice", "principalId": "AIDA1", "accessKeyId": "AKIAXEXAMPLEALICE001"},
        "responseElements": {"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef1"}, {"instanceId": "i-0123456789abcdef0"}]}},
    }));
    assert_eq!(pick(&world, "i-0123456789abcdef0"), ["RunInstances"]);
    assert_eq!(pick(&world, "i-0123456789abcdef2"), Vec::<String>::new());
}
