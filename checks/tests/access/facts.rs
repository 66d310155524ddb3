//! Facts that are known: the clock, unique ids, who a root session is for.

use super::*;

const STOP: &str = "cloudtrail:StopLogging";

fn under(condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{STOP}","Resource":"*","Condition":{{{condition}}}}}}}"#
    )
}

/// The verdict on a role with the unique id `AROAME`.
fn verdict(document: &str) -> Option<Verdict> {
    let iam = record(ACCOUNT, |it| {
        let mut role = role_of(ACCOUNT, "me", document);
        role.id = "AROAME".to_owned();
        it.roles.push(role);
    });
    let access = analyse(&inventory(|_| {}), &[iam]);
    let held = rows(&access, STOP, TRAIL_ARN);
    held.first().map(|it| it.verdict)
}

#[test]
fn the_clock() {
    for (condition, expected) in [
        (
            r#""DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}"#,
            None,
        ),
        (r#""NumericLessThan":{"aws:EpochTime":"1577836800"}"#, None),
        (r#""DateLessThan":{"aws:EpochTime":"1577836800"}"#, None),
        // It ends some day, and holds today.
        (
            r#""DateLessThan":{"aws:CurrentTime":"2120-01-01T00:00:00Z"}"#,
            Some(Verdict::Allowed),
        ),
        (
            r#""DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}"#,
            Some(Verdict::Allowed),
        ),
        // It begins some day.
        (
            r#""DateGreaterThan":{"aws:CurrentTime":"2120-01-01T00:00:00Z"}"#,
            Some(Verdict::Conditional),
        ),
        (
            r#""NumericGreaterThan":{"aws:EpochTime":"4733510400"}"#,
            Some(Verdict::Conditional),
        ),
    ] {
        assert_eq!(verdict(&under(condition)), expected, "{condition}");
    }
}

#[test]
fn unique_ids() {
    for (condition, expected) in [
        (
            r#""StringLike":{"aws:userid":"AROAME:*"}"#,
            Some(Verdict::Allowed),
        ),
        (r#""StringLike":{"aws:userid":"AROAOTHER:*"}"#, None),
        (r#""StringNotLike":{"aws:userid":"AROAME:*"}"#, None),
        (
            r#""StringEquals":{"aws:userid":"AROAME:alice"}"#,
            Some(Verdict::Conditional),
        ),
        (r#""StringEquals":{"aws:userid":"AROAME"}"#, None),
    ] {
        assert_eq!(verdict(&under(condition)), expected, "{condition}");
    }
}

#[test]
fn key_administration_comes_through_no_service() {
    let policy = |action: &str, effect: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"111111111111"}},"Action":"kms:*","Resource":"*"}},{{"Effect":"{effect}","Principal":"*","Action":"{action}","Resource":"*","Condition":{{"StringEquals":{{"kms:ViaService":"s3.us-east-1.amazonaws.com"}}}}}}]}}"#
        )
    };
    let iam = record(ACCOUNT, |it| {
        it.roles
            .push(role_of(ACCOUNT, "admin", &allow("kms:*", "*")));
    });
    let text = policy("kms:*", "Deny");
    let case = key(|it| it.policy = Known(Some(text)));
    let access = analyse(&case, &[iam]);
    let held = rows(&access, "kms:ScheduleKeyDeletion", KEY_ARN);
    assert_eq!(names(&held), [("admin", Verdict::Allowed, true)]);
}

/// A root session for one account says nothing of another's, and its task policy says how far it goes.
#[test]
fn root_sessions_are_for_one_account_and_one_task() {
    let third = "333333333333";
    let case = with_own_trail(scp(r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#))
        .and(|it| trailaudit_checks::testing::member(it, third, &[HOME]));
    let reaches = |document: &str| {
        let management = record(ACCOUNT, |it| {
            it.roles.push(role_of(ACCOUNT, "hub", document));
        });
        let records = [management, record(MEMBER, |_| {}), record(third, |_| {})];
        let access = analyse(&case, &records);
        let held = rows(&access, STOP, TRAIL);
        held.iter()
            .any(|it| it.principal.id == "arn:aws:iam::111111111111:role/hub")
    };
    let root = |account: &str| format!("arn:aws:iam::{account}:root");
    assert!(reaches(&allow("sts:AssumeRoot", "*")));
    assert!(reaches(&allow("sts:AssumeRoot", &root(MEMBER))));
    assert!(!reaches(&allow("sts:AssumeRoot", &root(third))));
    let task = |name: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"sts:AssumeRoot","Resource":"*","Condition":{{"StringEquals":{{"sts:TaskPolicyArn":"arn:aws:iam::aws:policy/root-task/{name}"}}}}}}}}"#
        )
    };
    assert!(reaches(&task("IAMCreateRootUserPassword")));
    assert!(!reaches(&task("S3UnlockBucketPolicy")));
    assert!(!reaches(&task("IAMAuditRootUserCredentials")));
}

#[test]
fn a_denial_names_the_statement_that_denies() {
    let statements = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"Grant","Effect":"Allow","Action":"cloudtrail:*","Resource":"*"},
        {"Sid":"Neighbour","Effect":"Deny","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}},
        {"Sid":"Wall","Effect":"Deny","Action":"cloudtrail:Stop*","Resource":"*"}]}"#;
    let iam = record(ACCOUNT, |it| {
        it.roles.push(role_of(ACCOUNT, "me", statements))
    });
    let case = inventory(|_| {});
    let settings = Settings::default();
    let ctx = Context::new(&case.inventory, &settings, taken_at());
    let request = trailaudit_checks::access::Simulation {
        principal: "arn:aws:iam::111111111111:role/me",
        action: STOP,
        resource: TRAIL_ARN,
        context: Vec::new(),
    };
    let told = trailaudit_checks::access::simulate(&request, &[iam], &ctx)
        .unwrap()
        .answer;
    assert_eq!(told.verdict, Verdict::Denied);
    assert_eq!(told.statements.len(), 1, "{:?}", told.statements);
    assert!(told.statements[0].contains("Wall"), "{:?}", told.statements);
}

/// The task policy for buckets reaches the policy of a member's bucket, and nothing else of it.
#[test]
fn a_root_session_unlocks_the_bucket_of_its_member() {
    let case =
        with_own_trail(scp(r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#)).and(|it| {
            for bucket in it.buckets.values_mut() {
                bucket.owner = Known(Some(AccountId::from(MEMBER)));
            }
        });
    let hub = |account: &str, action: &str| {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"sts:AssumeRoot","Resource":"arn:aws:iam::{account}:root","Condition":{{"StringEquals":{{"sts:TaskPolicyArn":"arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}}}}}}}}"#
        );
        let management = record(ACCOUNT, |it| {
            it.roles.push(role_of(ACCOUNT, "hub", &document))
        });
        let access = analyse(&case, &[management, record(MEMBER, |_| {})]);
        let mut found = false;
        let wanted = Wanted {
            minor: false,
            indirect: true,
        };
        access.each(wanted, |row| {
            found |= row.action == action && row.principal.id.ends_with("role/hub");
        });
        found
    };
    assert!(hub(MEMBER, "s3:DeleteBucketPolicy"));
    assert!(!hub("333333333333", "s3:DeleteBucketPolicy"));
    assert!(!hub(MEMBER, "s3:DeleteBucket"));
    assert!(!hub(MEMBER, "cloudtrail:StopLogging"));
}
