//! Escalation by services and IAM: every path that others have published, and the same ways one call short.

use serde::Deserialize;

use super::*;
use trailaudit_checks::access::services::services;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    #[expect(dead_code, reason = "it says where the paths come from")]
    source: String,
    paths: Vec<Path>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Path {
    id: String,
    needs: Vec<String>,
}

const STOP: &str = "cloudtrail:StopLogging";
const GROUP: &str = "arn:aws:iam::222222222222:group/team";
const POLICY: &str = "arn:aws:iam::222222222222:policy/own";

fn all_of(actions: &[String]) -> String {
    let document = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
    });
    document.to_string()
}

fn trusting(principals: &[String]) -> String {
    let document = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": principals}, "Action": "sts:AssumeRole"}],
    });
    document.to_string()
}

/// Every service of the table.
fn every_service() -> Vec<String> {
    let all = services().iter().flat_map(|it| &it.trusts);
    all.map(|name| format!("{name}.amazonaws.com")).collect()
}

/// A user and a role that have these permissions, each in a group or with a policy of the account's; a user, a group
/// and two roles that can stop the trail: one that services use, one that the account may assume.
fn world(actions: &[String], principals: &[String]) -> Iam {
    record(MEMBER, |it| {
        let stop = allow(STOP, "*");
        let own = all_of(actions);
        let mut ana = user_of(MEMBER, "ana");
        ana.groups.push("team".to_owned());
        ana.attached.push(Arn::from(POLICY));
        let mut admin = user_of(MEMBER, "admin");
        admin.inline.push(inline(&stop));
        it.users.extend([ana, admin]);
        let mut app = role_of(MEMBER, "app", &allow("s3:ListBucket", "*"));
        app.attached.push(Arn::from(POLICY));
        let mut runner = role_of(MEMBER, "runner", &stop);
        runner.trust = trusting(principals);
        let mut open = role_of(MEMBER, "open", &stop);
        open.trust = trusts(r#"{"AWS":"arn:aws:iam::222222222222:root"}"#);
        it.roles.extend([app, runner, open]);
        it.policies.push(managed(POLICY, &own));
        for (name, document) in [("team", None), ("admins", Some(&stop))] {
            it.groups.push(Group {
                arn: Arn::from(GROUP.replace("team", name)),
                name: name.to_owned(),
                inline: document.map(|it| inline(it)).into_iter().collect(),
                attached: Vec::new(),
            });
        }
    })
}

fn own_trail() -> Case {
    with_own_trail(scp(
        r#"{"Effect":"Deny","Action":"organizations:*","Resource":"*"}"#,
    ))
}

/// Of the user and the role, the best verdict on stopping the trail by way of others.
fn reached(actions: &[String], principals: &[String]) -> Option<Verdict> {
    let access = analyse(&own_trail(), &[world(actions, principals)]);
    let all = rows(&access, STOP, TRAIL);
    let own = all.iter().filter(|it| {
        it.principal.id.ends_with("user/ana") || it.principal.id.ends_with("role/app")
    });
    own.map(|it| it.verdict).min()
}

fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(|it| (*it).to_owned()).collect()
}

#[test]
fn every_published_path_is_found() {
    let text = include_str!("published-paths.json");
    let published: Published = serde_json::from_str(text).unwrap();
    assert_eq!(published.paths.len(), 65);
    let services = every_service();
    assert_eq!(reached(&strings(&["s3:ListBucket"]), &services), None);
    let missed: Vec<&str> = published
        .paths
        .iter()
        .filter(|path| {
            let found = reached(&path.needs, &services);
            !matches!(found, Some(Verdict::Allowed | Verdict::Conditional))
        })
        .map(|path| path.id.as_str())
        .collect();
    assert_eq!(missed, Vec::<&str>::new());
}

/// Each way of the table leads to the role that the service uses, and not to one that another service uses.
#[test]
fn every_way_of_the_table_is_followed() {
    for service in services() {
        let trusts = [format!("{}.amazonaws.com", service.trusts[0])];
        let nobody = ["nobody.amazonaws.com".to_owned()];
        let with_role = service.with_role.iter().map(|it| (it, true));
        let existing = service.existing.iter().map(|it| (it, false));
        for (way, passes) in with_role.chain(existing) {
            let mut actions: Vec<String> = way.calls.iter().map(|it| it[0].clone()).collect();
            actions.extend(way.starts.first().cloned());
            let found = |actions: &[String], trusts: &[String]| reached(actions, trusts).is_some();
            if passes {
                actions.push("iam:PassRole".to_owned());
            }
            assert!(found(&actions, &trusts), "{}: {actions:?}", service.name);
            assert!(!found(&actions, &nobody), "{}: {actions:?}", service.name);
        }
    }
}

#[test]
fn a_role_that_is_handed_over_is_named_with_region_and_domain() {
    let launch = strings(&["states:CreateStateMachine", "states:StartExecution"]);
    let with_pass = [launch.clone(), strings(&["iam:PassRole"])].concat();
    for (principal, found) in [
        ("states.amazonaws.com", true),
        ("states.us-east-1.amazonaws.com", true),
        ("states.amazonaws.com.cn", true),
        ("lambda.amazonaws.com", false),
    ] {
        let expected = found.then_some(Verdict::Allowed);
        let principal = strings(&[principal]);
        assert_eq!(reached(&with_pass, &principal), expected, "{principal:?}");
        assert_eq!(reached(&launch, &principal), None, "{principal:?}");
    }
}

/// One call short there is no way, or one that takes somebody else.
#[test]
fn a_call_less_is_no_way() {
    let services = every_service();
    for (needs, expected) in [
        (&["cloudformation:CreateStackSet", "iam:PassRole"][..], None),
        (
            &["cloudformation:CreateStackInstances", "iam:PassRole"],
            None,
        ),
        (&["cloudformation:CreateChangeSet", "iam:PassRole"], None),
        (&["cloudformation:CreateStack"], None),
        (&["bedrock-agentcore:StartCodeInterpreterSession"], None),
        (&["sagemaker:CreateNotebookInstanceLifecycleConfig"], None),
        (&["iam:PassRole"], None),
        (
            &["iam:PassRole", "lambda:CreateFunction"],
            Some(Verdict::Conditional),
        ),
        (
            &["iam:PassRole", "glue:CreateSession"],
            Some(Verdict::Conditional),
        ),
        (
            &["iam:PassRole", "glue:CreateSession", "glue:RunStatement"],
            Some(Verdict::Allowed),
        ),
        (&["cloudformation:UpdateStack"], Some(Verdict::Conditional)),
        (&["batch:SubmitJob"], Some(Verdict::Conditional)),
    ] {
        assert_eq!(reached(&strings(needs), &services), expected, "{needs:?}");
    }
}

/// A permission on the resources of another service counts: commands are sent to instances.
#[test]
fn calls_that_act_on_resources_of_another_service() {
    let access = |document: &str| {
        let mut iam = world(
            &strings(&["s3:ListBucket"]),
            &strings(&["ec2.amazonaws.com"]),
        );
        let mut details = iam.details.into_known().unwrap();
        details.users[0].inline.push(inline(document));
        iam.details = details.into();
        let access = analyse(&own_trail(), &[iam]);
        let all = rows(&access, STOP, TRAIL);
        all.into_iter()
            .find(|it| it.principal.id.ends_with("user/ana"))
            .map(|it| it.verdict)
    };
    let instances = "arn:aws:ec2:us-east-1:222222222222:instance/*";
    for action in [
        "ec2-instance-connect:SendSSHPublicKey",
        "ssm:StartSession",
        "ec2:ModifyInstanceAttribute",
    ] {
        let found = access(&allow(action, instances));
        assert_eq!(found, Some(Verdict::Conditional), "{action}");
    }
}
