//! Plans applied to what was collected.

use trailaudit_checks::finding::{BaselineState, Status};
use trailaudit_checks::inventory::{Inventory, Record};

use serde_json::{Value, json};
use trailaudit_checks::fact::Fact;
use trailaudit_checks::inventory::Iam;
use trailaudit_checks::inventory::iam::{AuthorizationDetails, User};
use trailaudit_checks::terraform::iam::apply;

use super::{alone, json as read, onto};

/// The sample organization of the program.
fn collected() -> Inventory {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/demo.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let mut records = text
        .lines()
        .map(|it| serde_json::from_str::<Record>(it).unwrap());
    let Some(Record::Header(header)) = records.next() else {
        panic!("no header")
    };
    let gap = trailaudit_checks::fact::Fact::default();
    let mut inventory = Inventory::new(*header, gap);
    for record in records {
        inventory.insert(record);
    }
    inventory
}

/// What the plan that changes nothing says is there, as if it had been collected.
fn applied(name: &str) -> Inventory {
    let mut inventory = alone(&read(name), false);
    inventory.plan = None;
    inventory
}

#[test]
fn a_plan_that_changes_nothing_changes_nothing() {
    for (live, name) in [
        (collected(), "no-op"),
        (collected(), "split-no-op"),
        (applied("no-op"), "no-op"),
        (applied("split-no-op"), "split-no-op"),
    ] {
        let (mut after, audit) = onto(&live, &read(name));
        after.plan = None;
        assert_eq!(after, live, "{name}");
        assert_eq!(audit.run.exit_code, 0, "{name}");
    }
}

#[test]
fn only_what_gets_worse_counts() {
    let live = applied("no-op");
    let (_, audit) = onto(&live, &read("validation-off"));
    assert_eq!(audit.run.exit_code, 1);
    let new: Vec<&str> = audit
        .findings
        .iter()
        .filter(|it| it.status == Status::Fail && it.baseline == Some(BaselineState::New))
        .map(|it| &*it.check)
        .filter(|it| it.starts_with("trail-") && *it != "trail-single-trail-meets-baseline")
        .collect();
    assert_eq!(new, ["trail-log-file-validation"]);
}

#[test]
fn a_deleted_trail_is_gone_from_every_list() {
    let live = applied("no-op");
    let (after, audit) = onto(&live, &read("delete-trail"));
    assert_eq!((live.trails.len(), after.trails.len()), (1, 0));
    assert!(
        after
            .regions
            .values()
            .all(|it| it.trails.ok().is_none_or(Vec::is_empty))
    );
    assert_eq!(audit.run.exit_code, 1);
    let deleted = audit
        .findings
        .iter()
        .find(|it| &*it.check == "plan-deletes-logging")
        .unwrap();
    assert_eq!(deleted.baseline, Some(BaselineState::New));
    // What others set of the bucket stays.
    assert_eq!(after.buckets, live.buckets);
}

#[test]
fn a_weakened_setting_changes_that_fact_alone() {
    let live = applied("split-no-op");
    let (mut after, audit) = onto(&live, &read("split-public"));
    assert_eq!(audit.run.exit_code, 1);
    let bucket = live.buckets.keys().next().unwrap();
    let block = live.buckets[bucket].public_access_block.clone();
    assert_ne!(after.buckets[bucket].public_access_block, block);
    after.buckets.get_mut(bucket).unwrap().public_access_block = block;
    after.plan = None;
    assert_eq!(after, live);
}

#[test]
fn a_partial_plan_is_incomplete() {
    let live = applied("no-op");
    for (key, value) in [("errored", true), ("complete", false)] {
        let mut plan = read("no-op");
        plan[key] = value.into();
        let (_, audit) = onto(&live, &plan);
        assert_eq!(audit.run.exit_code, 3, "{key}");
        assert!(!audit.run.complete);
    }
}

/// A resource that the plan creates, changes or deletes.
fn change(kind: &str, name: &str, before: &Value, after: &Value, unknown: &Value) -> Value {
    let action = match (before, after) {
        (Value::Null, _) => "create",
        (_, Value::Null) => "delete",
        _ => "update",
    };
    json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
           "change": {"actions": [action], "before": before, "after": after, "after_unknown": unknown}})
}

const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The documents of the account of the sample plans after these changes: it has one user, who is in no group.
fn documents(changes: Vec<Value>) -> Iam {
    let mut plan = read("no-op");
    plan["resource_changes"]
        .as_array_mut()
        .unwrap()
        .extend(changes);
    let (after, _) = onto(&applied("no-op"), &plan);
    let user = User {
        arn: "arn:aws:iam::123456789012:user/there".into(),
        name: "there".to_owned(),
        id: "AIDA".to_owned(),
        groups: Vec::new(),
        inline: Vec::new(),
        attached: Vec::new(),
        boundary: None,
        tags: Default::default(),
    };
    let details = AuthorizationDetails {
        users: vec![user],
        ..AuthorizationDetails::default()
    };
    let mut iam = Iam {
        account: "123456789012".into(),
        details: details.into(),
    };
    apply(after.plan.as_ref().unwrap(), &mut iam);
    iam
}

#[test]
fn iam_is_carried_over() {
    let none = Value::Null;
    let user = json!({"name": "boss", "path": "/", "arn": "arn:aws:iam::123456789012:user/boss"});
    let inline = json!({"name": "all", "user": "boss", "policy": ALL});
    let iam = documents(vec![
        change("aws_iam_user", "boss", &none, &user, &json!({"id": true})),
        change("aws_iam_user_policy", "all", &none, &inline, &json!({})),
        change(
            "aws_iam_user_policy_attachment",
            "there",
            &none,
            &json!({"user": "there", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
            &json!({}),
        ),
    ]);
    let users = iam.details.users.ok().unwrap();
    let [there, boss] = users.as_slice() else {
        panic!()
    };
    assert_eq!(
        there.attached[0].as_str(),
        "arn:aws:iam::aws:policy/AdministratorAccess"
    );
    assert_eq!(
        (boss.name.as_str(), boss.inline[0].document.as_str()),
        ("boss", ALL)
    );
    // What is deleted is gone.
    let there =
        json!({"name": "there", "path": "/", "arn": "arn:aws:iam::123456789012:user/there"});
    let iam = documents(vec![change(
        "aws_iam_user",
        "there",
        &there,
        &none,
        &json!({}),
    )]);
    assert_eq!(iam.details.users.ok().unwrap().len(), 0);
    // A plan without changes of IAM changes nothing of it.
    assert_eq!(documents(Vec::new()).details.users.ok().unwrap().len(), 1);
}

/// What is not known of one principal may be anything: nothing can be said of the account's.
#[test]
fn an_unknown_document_leaves_the_account_unknown() {
    let none = Value::Null;
    let unknown = json!({"name": "all", "user": "there"});
    for changes in [
        vec![change(
            "aws_iam_user_policy",
            "all",
            &none,
            &unknown,
            &json!({"policy": true}),
        )],
        vec![change(
            "aws_iam_user_policy",
            "all",
            &none,
            &json!({"name": "all", "policy": ALL}),
            &json!({"user": true}),
        )],
        vec![change(
            "aws_iam_role_policies_exclusive",
            "x",
            &none,
            &json!({"role_name": "x"}),
            &json!({}),
        )],
        vec![change(
            "aws_iam_policy_attachment",
            "x",
            &none,
            &json!({"name": "x", "policy_arn": "arn:aws:iam::aws:policy/X"}),
            &json!({"users": true}),
        )],
    ] {
        let iam = documents(changes.clone());
        assert!(matches!(iam.details.users, Fact::Unknown(_)), "{changes:?}");
    }
}

/// What is set for a region or the organization, and is not carried over, is not as it was: it is unknown.
#[test]
fn what_is_not_carried_over_is_unknown() {
    let live = collected();
    let organization = |it: &Inventory| it.organization.ok().cloned().flatten().unwrap();
    let none = Value::Null;
    let with = |changes: Vec<Value>| {
        let mut plan = read("no-op");
        plan["resource_changes"]
            .as_array_mut()
            .unwrap()
            .extend(changes);
        let identity = json!({"address": "data.aws_caller_identity.org", "mode": "data", "type": "aws_caller_identity",
            "name": "org", "values": {"account_id": "111111111111"}});
        plan["prior_state"]["values"]["root_module"]["resources"] = json!([identity]);
        onto(&live, &plan).0
    };
    let before = organization(&live);
    let first = &before.policies.ok().unwrap()[0];
    let (id, name) = (first.id.clone(), first.name.clone());
    let policy = |content: &str| json!({"id": id, "name": name, "type": "SERVICE_CONTROL_POLICY", "content": content});
    let changed = with(vec![change(
        "aws_organizations_policy",
        "p",
        &policy(ALL),
        &policy("{}"),
        &json!({}),
    )]);
    let all = organization(&changed).policies;
    let found = all.ok().unwrap().iter().find(|it| it.id == id).unwrap();
    assert_eq!(found.document.ok().map(String::as_str), Some("{}"));
    let open = with(vec![change(
        "aws_organizations_policy",
        "p",
        &policy(ALL),
        &json!({"id": id}),
        &json!({"content": true}),
    )]);
    let all = organization(&open).policies;
    assert!(
        all.ok()
            .unwrap()
            .iter()
            .find(|it| it.id == id)
            .unwrap()
            .document
            .ok()
            .is_none()
    );
    let gone = with(vec![change(
        "aws_organizations_policy",
        "p",
        &policy(ALL),
        &none,
        &json!({}),
    )]);
    assert!(
        !organization(&gone)
            .policies
            .ok()
            .unwrap()
            .iter()
            .any(|it| it.id == id)
    );
    let rule = with(vec![change(
        "aws_cloudwatch_event_rule",
        "r",
        &json!({"name": "r"}),
        &none,
        &json!({}),
    )]);
    assert!(
        rule.regions
            .values()
            .filter(|it| it.account.as_str() == "111111111111")
            .any(|it| it.rules.ok().is_none())
    );
    assert!(
        rule.regions
            .values()
            .filter(|it| it.account.as_str() == "222222222222")
            .all(|it| {
                it.rules.ok().is_some()
                    == live.regions[&(it.account.clone(), it.region.clone())]
                        .rules
                        .ok()
                        .is_some()
            })
    );
}
