//! Each rule on a chain of its own. The expected actors are those that the records name.

use serde_json::json;

use super::{World, line};
use crate::events::Proof;
use crate::events::who::{Disagreement, Offer, State};

#[test]
fn a_role_switched_to_in_the_console_leads_to_the_user_of_the_other_account() {
    let who = World::of(&["switch-role"]).who("40c9c1062cc8");
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::111122223333:user/bob [R2+R4 R3]"
    );
    assert_eq!(who.proof, Proof::Verified);
    assert_eq!(who.contradictions, []);
    let switched = who.hops[0].switched.as_ref().unwrap();
    assert_eq!(switched.name, "SwitchRole");
    assert_eq!(switched.address.as_deref(), Some("203.0.113.77"));
    // The user's own session began in the console five hours before, and nothing here says how.
    assert_eq!(who.hops[2].session.as_ref().unwrap().mfa, Some(true));
    assert!(who.hops.iter().map(|it| it.logs_read).sum::<u64>() < 10);
}

#[test]
fn a_switch_itself_leads_to_whoever_switched() {
    let who = World::of(&["switch-role"]).who("635bed4ce63d");
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::111122223333:user/bob [R2 R3]"
    );
    assert_eq!(who.hops[0].switched, None);
}

#[test]
fn identity_center_names_its_user_though_the_key_is_another() {
    let who = World::of(&["identity-center"]).who("e6fbfc36649d");
    let user = "906700000a-11111111-2222-3333-4444-555555555555 @ arn:aws:identitystore::111122223333:identitystore/d-906700000a";
    assert_eq!(
        line(&who),
        format!("resolved identity-center-user {user} [R2+R5]")
    );
    assert_eq!(who.actor.name.as_deref(), Some("alice@example.com"));
    // Likely, for no field joins it.
    assert_eq!(
        who.hops[1].access.as_ref().unwrap().name,
        "GetRoleCredentials"
    );
    // Before 2026 records did not name the user: the subject of the assertion does.
    let old = World::of(&["identity-center"]).change("e6fbfc36649d", |it, _| {
        it["userIdentity"]
            .as_object_mut()
            .unwrap()
            .remove("onBehalfOf");
    });
    let who = old.who("e6fbfc36649d");
    assert_eq!(
        line(&who),
        "resolved federated alice@example.com @ /nQTexampleQualifier= [R2+R5]"
    );
}

#[test]
fn a_token_of_identity_center_leads_to_its_application() {
    let who = World::of(&["identity-center"]).who("5d25ff8ebf13");
    assert_eq!(who.state, State::Resolved);
    assert_eq!(who.actor.kind, "identity-center-user");
    let application = who.hops[0].application.as_ref().unwrap();
    assert_eq!(application.name, "CreateTokenWithIAM");
}

#[test]
fn a_root_session_leads_to_whoever_took_it_on() {
    let who = World::of(&["assume-root"]).who("b8bc6dc84825");
    // The central role's own session is not in the record, and that account's hour is whole.
    assert_eq!(
        line(&who),
        "not_recorded role arn:aws:iam::111122223333:role/central [R1]"
    );
    assert_eq!(who.hops[1].event.name, "AssumeRoot");
    assert_eq!(who.hops[0].state, State::Resolved);
    assert_eq!(who.hops[1].state, State::NotRecorded);
}

#[test]
fn a_pipeline_is_followed_through_two_roles_to_the_subject_of_its_token() {
    let who = World::of(&["web-identity", "role-chain"]).who("1417631264ee");
    let subject = "repo:example/app:ref:refs/heads/main @ arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    assert_eq!(
        line(&who),
        format!("ends_outside federated {subject} [R1 R1+R8]")
    );
    assert_eq!(who.contradictions, []);
    assert!(matches!(who.next[0], Offer::Provider { .. }));
}

#[test]
fn a_session_token_is_the_users_and_its_key_was_made_by_somebody() {
    let who = World::of(&["session-token"]).who("0247b965732b");
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::111122223333:user/alice [R1]"
    );
    let key = "AKIAXEXAMPLEALICE001".to_owned();
    assert_eq!(who.next, [Offer::KeyMade { key }]);
}

#[test]
fn a_sign_in_begins_the_session_of_a_user() {
    let login = |second: &str| {
        json!({
            "eventVersion": "1.08", "eventTime": format!("2026-02-02T09:00:0{second}Z"), "eventName": "ConsoleLogin",
            "eventSource": "signin.amazonaws.com", "awsRegion": "eu-west-1", "recipientAccountId": "111122223333",
            "eventID": "00000000-0000-4000-8000-000000000abc", "responseElements": {"ConsoleLogin": "Success"},
            "userIdentity": {"type": "IAMUser", "principalId": "AIDAXEXAMPLEALICE0001", "accountId": "111122223333",
                "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice"},
        })
    };
    let world = || World::of(&["session-token"]).without("aa9eaa70ebac");
    let who = world().with(login("0")).who("0247b965732b");
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::111122223333:user/alice [console]"
    );
    // Five seconds later it is another session, and a failed one is none.
    let who = world().with(login("5")).who("0247b965732b");
    assert_eq!(who.state, State::NotRecorded);
    let mut failed = login("0");
    failed["responseElements"]["ConsoleLogin"] = "Failure".into();
    assert_eq!(
        world().with(failed).who("0247b965732b").state,
        State::NotRecorded
    );
    // A service may forward a session of its own for the user's call: no record issues it.
    let forwarded = world().change("0247b965732b", |it, _| {
        it["userIdentity"]["invokedBy"] = "health.amazonaws.com".into();
    });
    let who = forwarded.who("0247b965732b");
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::111122223333:user/alice []"
    );
    assert_eq!(
        who.hops[0].by_service.as_deref(),
        Some("health.amazonaws.com")
    );
    assert_eq!(
        who.hops[0].ended_by,
        Some(crate::events::who::Rule::Forwarded)
    );
}

#[test]
fn credentials_of_an_instance_are_those_of_the_instance() {
    let who = World::of(&["service-credentials"]).who("2490545d85f6");
    let instance = "arn:aws:ec2:eu-west-2:111122223333:instance/i-0123456789abcdef0";
    assert_eq!(line(&who), format!("resolved resource {instance} []"));
    let Offer::ResourceChanged { calls, .. } = &who.next[0] else {
        panic!("{:?}", who.next);
    };
    assert!(calls.contains(&"RunInstances".to_owned()));
    // Without what AWS writes, a name alone proves nothing: anybody may call a session like an instance.
    let named = World::of(&["service-credentials"]).change("2490545d85f6", |it, _| {
        let identity = it["userIdentity"].as_object_mut().unwrap();
        identity.remove("inScopeOf");
        identity["sessionContext"]
            .as_object_mut()
            .unwrap()
            .remove("ec2RoleDelivery");
    });
    assert_eq!(named.who("2490545d85f6").state, State::NotRecorded);
    // Unless the service itself issued it.
    let issue = |by: serde_json::Value| {
        json!({
            "eventVersion": "1.08", "eventTime": "2026-03-27T17:08:37Z", "eventName": "AssumeRole",
            "eventSource": "sts.amazonaws.com", "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
            "eventID": "00000000-0000-4000-8000-000000000abc", "userIdentity": by,
            "responseElements": {"credentials": {"accessKeyId": "ASIAXEXAMPLEINST0001"}},
        })
    };
    let service = json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"});
    let who = named.clone().with(issue(service)).who("2490545d85f6");
    assert_eq!(line(&who), "resolved resource i-0123456789abcdef0 [R1]");
    let person = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallory", "principalId": "AIDAMALLORY"});
    let who = named.with(issue(person)).who("2490545d85f6");
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::111122223333:user/mallory [R1]"
    );
}

#[test]
fn a_provider_with_delegated_access_stands_beside_the_role() {
    let who = World::of(&["delegate"]).who("1d435992a81e");
    assert_eq!(who.hops[0].delegate.as_deref(), Some("777788889999"));
    assert_eq!(who.state, State::NotRecorded);
}

#[test]
fn published_records_resolve() {
    // A role that a user took on twice in one second: the key tells which time it was.
    let who = World::of(&["stratus-role"]).who("d07a6e2105cb");
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::334391180257:user/john [R1]"
    );
    let who = World::of(&["stratus-run-instances"]).who("ea29002bb2a7");
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::722110432788:user/john [R1]"
    );
    let who = World::of(&["stratus-federation"]).who("d70bbcfe9d19");
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::516916730379:user/stratus-red-team-user-federation-user [R1]"
    );
}

#[test]
fn the_key_decides_where_the_second_disagrees_and_that_is_told() {
    let world = World::of(&["session-token"]).change("0247b965732b", |it, _| {
        it["userIdentity"]["sessionContext"]["attributes"]["creationDate"] =
            "2026-02-02T08:34:41Z".into();
    });
    let who = world.who("0247b965732b");
    assert_eq!(
        line(&who),
        "resolved user arn:aws:iam::111122223333:user/alice [R1]"
    );
    let on: Vec<Disagreement> = who.contradictions.iter().map(|it| it.on).collect();
    assert_eq!(on, [Disagreement::CreationDate]);
    assert_eq!(who.contradictions[0].found, "2026-02-02T08:34:41Z");
}

#[test]
fn a_source_identity_that_changes_is_told() {
    let world = World::of(&["web-identity", "role-chain"]).change("1417631264ee", |it, _| {
        it["userIdentity"]["sessionContext"]["sourceIdentity"] = "somebody-else".into();
    });
    let who = world.who("1417631264ee");
    let on: Vec<Disagreement> = who.contradictions.iter().map(|it| it.on).collect();
    assert_eq!(on, [Disagreement::SourceIdentity]);
    assert_eq!(who.contradictions[0].found, "somebody-else");
    assert_eq!(who.contradictions[0].expected, "repo:example");
    let lost = World::of(&["web-identity", "role-chain"]).change("1417631264ee", |it, _| {
        let context = it["userIdentity"]["sessionContext"]
            .as_object_mut()
            .unwrap();
        context.remove("sourceIdentity");
    });
    assert_eq!(lost.who("1417631264ee").contradictions[0].found, "none");
}
