//! Analyses of small organizations whose truth is known: from published paths, from the rule, or from a slow judge.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod facts;
mod grantees;
mod judge;
mod paths;
mod shapes;
mod ways;

use trailaudit_checks::access::{Access, ActorKind, Holder, Wanted};
use trailaudit_checks::context::Context;
use trailaudit_checks::fact::Known;
use trailaudit_checks::ids::{AccountId, Arn};
use trailaudit_checks::inventory::Iam;
use trailaudit_checks::inventory::iam::{Group, Role};
use trailaudit_checks::policy::Verdict;
use trailaudit_checks::settings::Settings;
use trailaudit_checks::testing::members::*;
use trailaudit_checks::testing::*;

fn rows(access: &Access, action: &str, target: &str) -> Vec<Holder> {
    let mut all = Vec::new();
    let wanted = Wanted {
        minor: false,
        indirect: true,
    };
    access.each(wanted, |row| {
        if row.action == action && row.target == target && row.principal.kind != ActorKind::Root {
            all.push(row);
        }
    });
    all.sort_by(|a, b| a.principal.cmp(&b.principal));
    all
}

fn names(rows: &[Holder]) -> Vec<(&str, Verdict, bool)> {
    rows.iter()
        .map(|row| {
            let name = row.principal.id.rsplit('/').next().unwrap_or_default();
            (name, row.verdict, row.direct)
        })
        .collect()
}

#[test]
fn a_break_glass_role_is_what_the_policy_from_above_leaves() {
    let guard = r#"{"Effect":"Deny","Action":["cloudtrail:StopLogging"],"Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/break-glass"}}}"#;
    let case = with_own_trail(scp(guard));
    let stop = allow("cloudtrail:*", "*");
    let iam = record(MEMBER, |it| {
        it.roles.push(role_of(MEMBER, "break-glass", &stop));
        it.roles.push(role_of(MEMBER, "operator", &stop));
    });
    let access = analyse(&case, &[iam]);
    let held = rows(&access, "cloudtrail:StopLogging", TRAIL);
    assert_eq!(names(&held), [("break-glass", Verdict::Allowed, true)]);
    let held = rows(&access, "cloudtrail:DeleteTrail", TRAIL);
    let both = [
        ("break-glass", Verdict::Allowed, true),
        ("operator", Verdict::Allowed, true),
    ];
    assert_eq!(names(&held), both);
    assert!(
        held[0]
            .statements
            .iter()
            .any(|it| it.contains("identity policy"))
    );
}

#[test]
fn the_organization_trail_is_beyond_members() {
    let case = with_own_trail(scp(r#"{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#));
    let delegated = |case: Case, to: &str| {
        case.and(|it| {
            let of = known(&mut it.organization).as_mut().unwrap();
            known(&mut of.delegated_administrators)[0].account = AccountId::from(to);
        })
    };
    let records = || {
        let member = record(MEMBER, |it| {
            it.roles
                .push(role_of(MEMBER, "operator", &allow("cloudtrail:*", "*")));
        });
        [record(ACCOUNT, |_| {}), member]
    };
    let case = delegated(case, "333333333333");
    let access = analyse(&case, &records());
    assert_eq!(rows(&access, "cloudtrail:StopLogging", TRAIL_ARN), []);
    let harmless = access.harmless();
    let told = harmless
        .iter()
        .filter(|it| it.action == "cloudtrail:StopLogging");
    let told: Vec<&str> = told.map(|it| it.target.as_str()).collect();
    assert_eq!(told, [TRAIL_ARN, TRAIL_ARN]);
    // A delegated administrator is not beyond it.
    let case = delegated(case, MEMBER);
    let access = analyse(&case, &records());
    let held = rows(&access, "cloudtrail:StopLogging", TRAIL_ARN);
    assert_eq!(names(&held), [("operator", Verdict::Allowed, true)]);
}

#[test]
fn boundaries_and_groups() {
    let case = with_own_trail(scp(r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#));
    let iam = record(MEMBER, |it| {
        let mut bound = role_of(MEMBER, "bound", &allow("*", "*"));
        let boundary = "arn:aws:iam::222222222222:policy/boundary";
        bound.boundary = Some(Arn::from(boundary));
        it.roles.push(bound);
        it.policies.push(managed(boundary, &allow("s3:List*", "*")));
        let mut ana = user_of(MEMBER, "ana");
        ana.groups.push("ops".to_owned());
        it.users.extend([ana, user_of(MEMBER, "bob")]);
        it.groups.push(Group {
            arn: Arn::from("arn:aws:iam::222222222222:group/ops"),
            name: "ops".to_owned(),
            inline: vec![inline(&allow("cloudtrail:Stop*", TRAIL))],
            attached: Vec::new(),
        });
    });
    let access = analyse(&case, &[iam]);
    let held = rows(&access, "cloudtrail:StopLogging", TRAIL);
    assert_eq!(names(&held), [("ana", Verdict::Allowed, true)]);
}

#[test]
fn a_key_without_delegation_is_for_those_whom_it_names() {
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/keeper"},"Action":"kms:*","Resource":"*"}}"#;
    let case = key(|it| it.policy = Known(Some(policy.to_owned())));
    let iam = record(ACCOUNT, |it| {
        it.roles
            .push(role_of(ACCOUNT, "admin", &allow("kms:*", "*")));
        it.roles
            .push(role_of(ACCOUNT, "keeper", &allow("s3:List*", "*")));
    });
    let access = analyse(&case, &[iam]);
    let held = rows(&access, "kms:ScheduleKeyDeletion", KEY_ARN);
    assert_eq!(names(&held), [("keeper", Verdict::Allowed, true)]);
}

#[test]
fn compliance_holds_and_governance_needs_the_bypass() {
    let mode =
        |mode| bucket(move |it| known(&mut it.default_retention).as_mut().unwrap().mode = mode);
    let delete = allow("s3:DeleteObjectVersion", "*");
    let both = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:DeleteObjectVersion","s3:BypassGovernanceRetention"],"Resource":"*"}}"#;
    let objects = "arn:aws:s3:::logs/*";
    let held = |case: &Case| {
        let iam = record(ACCOUNT, |it| {
            it.roles.push(role_of(ACCOUNT, "one", &delete));
            it.roles.push(role_of(ACCOUNT, "two", both));
        });
        let access = analyse(case, &[iam]);
        let rows = rows(&access, "s3:DeleteObjectVersion", objects);
        rows.into_iter()
            .map(|it| it.principal.id)
            .collect::<Vec<_>>()
    };
    use trailaudit_checks::inventory::RetentionMode::{Compliance, Governance};
    assert!(held(&mode(Compliance)).is_empty());
    assert_eq!(
        held(&mode(Governance)),
        ["arn:aws:iam::111111111111:role/two"]
    );
    let none = bucket(|it| it.default_retention = Known(None));
    assert_eq!(held(&none).len(), 2);
}

#[test]
fn a_missing_boundary_or_group_is_unknown_and_never_denied() {
    let case = inventory(|_| {});
    let iam = record(ACCOUNT, |it| {
        let mut bound = role_of(ACCOUNT, "bound", &allow("cloudtrail:StopLogging", "*"));
        bound.boundary = Some(Arn::from("arn:aws:iam::111111111111:policy/gone"));
        it.roles.push(bound);
        let mut ana = user_of(ACCOUNT, "ana");
        ana.groups.push("gone".to_owned());
        it.users.push(ana);
    });
    let access = analyse(&case, &[iam]);
    let mut held = rows(&access, "cloudtrail:StopLogging", TRAIL_ARN);
    // What the policies of the group say may also lead elsewhere.
    held.retain(|row| row.direct || row.verdict != Verdict::Unknown);
    assert_eq!(
        names(&held),
        [
            ("bound", Verdict::Unknown, true),
            ("ana", Verdict::Unknown, true)
        ]
    );
}
