//! One record of a chain is dropped, altered, doubled or hidden. What must come out follows from what is left.

use serde_json::json;

use super::{World, line};
use crate::events::who::{Disagreement, MAX_HOPS, Offer, State};
use crate::events::{Proof, Reason};

const START: &str = "40c9c1062cc8";
/// AssumeRole in the role's account; the caller's copy.
const ISSUED: &str = "bfeeaec5b2c9";
const COPY: &str = "e60f104ef042";

fn world() -> World {
    World::of(&["switch-role"])
}

#[test]
fn the_issuing_log_is_missing() {
    // The caller's copy is in another account, and says the same.
    let mut hole = world().without(ISSUED);
    hole.holes.push("444455556666");
    assert_eq!(hole.who(START).state, State::Resolved);
    let mut hole = hole.without(COPY);
    let who = hole.who(START);
    assert_eq!(
        line(&who),
        "open role arn:aws:iam::444455556666:role/admin []"
    );
    assert!(who.why.contains("hours of 444455556666"), "{}", who.why);
    // Without the hole the record itself is suspicious.
    hole.holes.clear();
    let who = hole.who(START);
    assert_eq!(
        line(&who),
        "not_recorded role arn:aws:iam::444455556666:role/admin []"
    );
}

#[test]
fn the_callers_copy_is_missing() {
    let mut hole = world().without(COPY).with(json!({
        "eventID": "00000000-0000-4000-8000-00000000ffff", "recipientAccountId": "111122223333",
        "eventTime": "2020-09-17T19:04:10Z", "eventName": "ListRoles",
    }));
    assert_eq!(hole.who(START).state, State::NotRecorded);
    hole.holes.push("111122223333");
    assert_eq!(hole.who(START).state, State::Open);
    // That account is not in the record at all.
    let who = world().without(COPY).who(START);
    assert_eq!(who.state, State::EndsOutside);
    assert_eq!(who.actor.kind, "principal");
    assert_eq!(who.actor.id, "AIDAXEXAMPLEBOB00001 @ 111122223333");
    let account = "111122223333".to_owned();
    assert_eq!(who.next, [Offer::Account { account }]);
}

#[test]
fn the_issuing_log_is_altered() {
    for proof in [Proof::Altered, Proof::Unlisted] {
        let both = world()
            .change(ISSUED, |_, own| *own = proof)
            .change(COPY, |_, own| *own = proof);
        let who = both.who(START);
        assert_eq!(
            line(&who),
            "unverified role arn:aws:iam::444455556666:role/admin []"
        );
        assert_eq!(who.proof, proof);
        // It is shown, and proves nothing.
        assert_eq!(who.candidates.len(), 1);
        assert_eq!(who.candidates[0].event.proof, proof);
        assert!(who.why.contains(proof.word()), "{}", who.why);
        // The event itself.
        let who = world().change(START, |_, own| *own = proof).who(START);
        assert_eq!(who.state, State::Unverified);
    }
    // Not verified for another reason: the chain goes on, and is as good as its weakest record.
    let file = Proof::Unverified(Reason::NotDelivered);
    let who = world().change(ISSUED, |_, own| *own = file).who(START);
    assert_eq!((who.state, who.proof), (State::Resolved, file));
}

#[test]
fn a_planted_record_does_not_hide_the_true_one() {
    let planted = |world: World| {
        let (mut record, _) = world.records[1].clone();
        record["eventID"] = "00000000-0000-4000-8000-00000000eeee".into();
        record["userIdentity"] = json!({"type": "IAMUser", "arn": "arn:aws:iam::444455556666:user/victim", "principalId": "AIDAVICTIM"});
        let mut world = world;
        world.records.insert(0, (record, Proof::Unlisted));
        world
    };
    let who = planted(world()).who(START);
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::111122223333:user/bob [R2+R4 R3]"
    );
}

#[test]
fn two_sessions_of_one_name_in_one_second() {
    let twice = || {
        let world = world();
        let (mut record, _) = world.records[1].clone();
        record["eventID"] = "00000000-0000-4000-8000-00000000dddd".into();
        record["sharedEventID"] = "00000000-0000-4000-8000-00000000dddd".into();
        record["responseElements"]["credentials"]["accessKeyId"] = "ASIAXEXAMPLESECOND01".into();
        record["userIdentity"]["principalId"] = "AIDAXEXAMPLEEVE00001".into();
        world.with(record)
    };
    let who = twice().who(START);
    assert_eq!(
        line(&who),
        "ambiguous role arn:aws:iam::444455556666:role/admin []"
    );
    let callers: Vec<_> = who
        .candidates
        .iter()
        .map(|it| it.identity.principal_id.as_deref().unwrap())
        .collect();
    assert_eq!(callers.len(), 2);
    assert!(callers.contains(&"AIDAXEXAMPLEBOB00001") && callers.contains(&"AIDAXEXAMPLEEVE00001"));
    // The key tells them apart.
    let keyed = twice().change(START, |it, _| {
        it["userIdentity"]["accessKeyId"] = "ASIAXEXAMPLESWROLE01".into();
    });
    assert_eq!(
        line(&keyed.who(START)),
        "resolved user arn:aws:iam::111122223333:user/bob [R1+R4 R3]"
    );
    // The same event, delivered by two trails, is one.
    let world = world();
    let copies: Vec<_> = world.records.clone();
    let doubled = copies
        .into_iter()
        .fold(world, |world, (record, _)| world.with(record));
    let start = doubled.found(|it| it.name().is_some_and(|it| *it == *"CreateUser"));
    assert_eq!(
        line(&doubled.chase(&start[0])),
        "resolved user arn:aws:iam::111122223333:user/bob [R2+R4 R3]"
    );
}

#[test]
fn a_key_that_does_not_fit_is_told_and_not_followed() {
    let world = |change: &dyn Fn(&mut serde_json::Value)| {
        World::of(&["session-token"]).change("aa9eaa70ebac", |it, _| change(it))
    };
    let late = world(&|it| {
        it["responseElements"]["credentials"]["expiration"] = "Feb 2, 2026, 9:01:00 AM".into()
    });
    let who = late.who("0247b965732b");
    assert_eq!(who.state, State::NotRecorded);
    assert_eq!(who.contradictions[0].on, Disagreement::AfterExpiration);
    let early = world(&|it| it["eventTime"] = "2026-02-02T09:05:02.5Z".into());
    assert_eq!(early.who("0247b965732b").state, State::NotRecorded);
    let refused = world(&|it| it["errorCode"] = "AccessDenied".into());
    assert_eq!(refused.who("0247b965732b").state, State::NotRecorded);
    let redacted = World::of(&["session-token"]).change("0247b965732b", |it, _| {
        it["userIdentity"]["accessKeyId"] = "ASIA_REDACTED".into();
    });
    assert_eq!(redacted.who("0247b965732b").state, State::NotRecorded);
}

/// A call of a role's session that issues the next one.
fn assume(number: usize, caller: usize) -> serde_json::Value {
    let role = |n: usize| format!("AROAROLE{n:08}");
    let time = |n: usize| format!("2026-01-01T{:02}:{:02}:00Z", 20 - n / 60, 59 - n % 60);
    json!({
        "eventTime": time(number), "eventName": "AssumeRole", "recipientAccountId": "111122223333", "awsRegion": "us-east-1",
        "eventID": format!("00000000-0000-4000-8000-{number:012}"),
        "userIdentity": {"type": "AssumedRole", "principalId": format!("{}:x", role(caller)), "accountId": "111122223333",
            "sessionContext": {"attributes": {"creationDate": time(caller)}}},
        "responseElements": {"assumedRoleUser": {"assumedRoleId": format!("{}:x", role(number))}},
    })
}

#[test]
fn long_chains_and_circles_end() {
    let mut long = World::default();
    for number in 0..40 {
        long = long.with(assume(number, number + 1));
    }
    let who = long.who("000000000000");
    assert_eq!(who.hops.len(), MAX_HOPS + 1);
    assert_eq!(who.state, State::Open);
    assert!(who.why.contains("16"), "{}", who.why);
    let mut circle = World::default().with(assume(2, 0));
    for number in 0..2 {
        circle = circle.with(assume(number, number + 1));
    }
    let who = circle.who("000000000000");
    assert_eq!(who.state, State::Open);
    assert_eq!(who.contradictions[0].on, Disagreement::Cycle);
}

#[test]
fn what_is_not_looked_for_is_open() {
    let found = world().found(|world| world.name().is_some_and(|it| *it == *"CreateUser"));
    let who = super::Chase::new(&found[0]).unwrap().finish();
    assert_eq!(who.state, State::Open);
    let json = serde_json::to_value(&who).unwrap();
    assert_eq!(json["hops"][0]["event"]["proof"], "verified");
    assert_eq!(json["state"], "open");
}
