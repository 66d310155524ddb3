//! Ways over others: assuming, changing, making, and acting for the whole organization.

use super::*;

#[test]
fn a_role_of_another_account_is_a_way() {
    let case = with_own_trail(scp(r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#));
    let target = "arn:aws:iam::222222222222:role/admin";
    let member = record(MEMBER, |it| {
        let mut admin = role_of(MEMBER, "admin", &allow("cloudtrail:*", "*"));
        admin.trust = trusts(r#"{"AWS":["arn:aws:iam::111111111111:root","999999999999"]}"#);
        it.roles.push(admin);
    });
    let management = record(ACCOUNT, |it| {
        it.roles
            .push(role_of(ACCOUNT, "hub", &allow("sts:AssumeRole", target)));
        it.roles.push(role_of(
            ACCOUNT,
            "other",
            &allow("sts:AssumeRole", "arn:aws:iam::*:role/x"),
        ));
    });
    let access = analyse(&case, &[management, member]);
    let held = rows(&access, "cloudtrail:StopLogging", TRAIL);
    let told: Vec<(&str, bool)> = held
        .iter()
        .map(|row| (row.principal.id.as_str(), row.direct))
        .collect();
    let expected = [
        ("arn:aws:iam::111111111111:role/hub", false),
        (target, true),
        ("arn:aws:iam::999999999999:root", false),
    ];
    assert_eq!(told, expected);
    assert_eq!(held[0].path.len(), 1);
    assert_eq!(held[0].path[0].to, target);
    assert_eq!(held[2].principal.kind, ActorKind::External);
}

#[test]
fn the_shortest_of_several_ways_and_none_that_is_too_long() {
    let case = inventory(|_| {});
    let chain = |length: usize| {
        record(ACCOUNT, |it| {
            for step in 0..length {
                let next = format!("arn:aws:iam::111111111111:role/r{}", step + 1);
                let mut role = role_of(
                    ACCOUNT,
                    &format!("r{step}"),
                    &allow("sts:AssumeRole", &next),
                );
                role.trust = trusts(r#"{"AWS":"arn:aws:iam::111111111111:root"}"#);
                it.roles.push(role);
            }
            let mut last = role_of(
                ACCOUNT,
                &format!("r{length}"),
                &allow("cloudtrail:StopLogging", "*"),
            );
            last.trust = trusts(r#"{"AWS":"arn:aws:iam::111111111111:root"}"#);
            it.roles.push(last);
        })
    };
    let access = analyse(&case, &[chain(8)]);
    let held = rows(&access, "cloudtrail:StopLogging", TRAIL_ARN);
    let far: Vec<(&str, usize)> = held
        .iter()
        .map(|row| {
            (
                row.principal.id.rsplit('/').next().unwrap_or_default(),
                row.path.len(),
            )
        })
        .collect();
    let expected = [
        ("r2", 6),
        ("r3", 5),
        ("r4", 4),
        ("r5", 3),
        ("r6", 2),
        ("r7", 1),
        ("r8", 0),
    ];
    assert_eq!(far, expected);
}

#[test]
fn a_way_under_a_condition_is_a_condition() {
    let case = inventory(|_| {});
    let iam = record(ACCOUNT, |it| {
        let mut admin = role_of(ACCOUNT, "admin", &allow("cloudtrail:StopLogging", "*"));
        admin.trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}"#.to_owned();
        it.roles.push(admin);
        let mut ana = user_of(ACCOUNT, "ana");
        ana.inline.push(inline(&allow("sts:AssumeRole", "*")));
        it.users.push(ana);
    });
    let access = analyse(&case, &[iam]);
    let held = rows(&access, "cloudtrail:StopLogging", TRAIL_ARN);
    let ana = held
        .iter()
        .find(|it| it.principal.id.ends_with("/ana"))
        .unwrap();
    assert_eq!((ana.verdict, ana.direct), (Verdict::Conditional, false));
    assert!(
        ana.condition.as_deref().unwrap().contains("with MFA"),
        "{ana:#?}"
    );
}

fn stops(access: &Access, principal: &str) -> Option<(Verdict, bool)> {
    let all = rows(access, "cloudtrail:StopLogging", TRAIL);
    let of = all.iter().filter(|it| it.principal.id == principal);
    of.map(|it| (it.verdict, it.direct)).min()
}

pub(super) fn idle() -> Case {
    with_own_trail(scp(r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#))
}

const BOUNDARY: &str = "arn:aws:iam::222222222222:policy/boundary";

/// First it gives itself every right that the boundary leaves, and with one of these it lifts the boundary.
#[test]
fn one_change_makes_the_next_possible() {
    let record = |boundary: &str| {
        record(MEMBER, |it| {
            let own = "arn:aws:iam::222222222222:role/climber";
            let mut climber = role_of(MEMBER, "climber", &allow("iam:PutRolePolicy", own));
            climber.boundary = Some(Arn::from(BOUNDARY));
            it.roles.push(climber);
            it.policies.push(managed(BOUNDARY, &allow(boundary, "*")));
        })
    };
    let climber = "arn:aws:iam::222222222222:role/climber";
    let access = analyse(&idle(), &[record("iam:*")]);
    assert_eq!(stops(&access, climber), Some((Verdict::Allowed, false)));
    let access = analyse(&idle(), &[record("iam:*RolePolicy")]);
    assert_eq!(stops(&access, climber), None);
}

/// One group gives the right to hand over a role, another the right to run code.
#[test]
fn groups_count_together() {
    let group = |name: &str, action: &str| Group {
        arn: Arn::from(format!("arn:aws:iam::222222222222:group/{name}")),
        name: name.to_owned(),
        inline: vec![inline(&allow(action, "*"))],
        attached: Vec::new(),
    };
    let record = |second: &str| {
        record(MEMBER, |it| {
            let mut ana = user_of(MEMBER, "ana");
            ana.inline.push(inline(&allow("iam:AddUserToGroup", "*")));
            it.users.push(ana);
            it.groups = vec![group("hand", "iam:PassRole"), group("run", second)];
            let mut admin = role_of(MEMBER, "admin", &allow("cloudtrail:StopLogging", "*"));
            admin.trust = trusts(r#"{"Service":"lambda.amazonaws.com"}"#);
            it.roles.push(admin);
        })
    };
    let ana = "arn:aws:iam::222222222222:user/ana";
    let access = analyse(&idle(), &[record("lambda:*")]);
    assert_eq!(stops(&access, ana), Some((Verdict::Allowed, false)));
    let access = analyse(&idle(), &[record("lambda:ListFunctions")]);
    assert_eq!(stops(&access, ana), None);
}

#[test]
fn tags_can_be_changed_where_they_decide() {
    let by_tag = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cloudtrail:StopLogging","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"audit"}}}}"#;
    let record = |tag: &str| {
        record(MEMBER, |it| {
            let mut role = role_of(MEMBER, "tagger", by_tag);
            role.inline.push(inline(&allow(tag, "*")));
            it.roles.push(role);
        })
    };
    let tagger = "arn:aws:iam::222222222222:role/tagger";
    let access = analyse(&idle(), &[record("iam:TagRole")]);
    assert_eq!(stops(&access, tagger), Some((Verdict::Conditional, false)));
    let access = analyse(&idle(), &[record("iam:TagUser")]);
    assert_eq!(stops(&access, tagger), None);
}

/// From the management account: a root session of a member, or a permission set of Identity Center.
#[test]
fn who_acts_for_the_organization_acts_in_every_member() {
    let member = || record(MEMBER, |_| {});
    let management = |action: &str| {
        record(ACCOUNT, |it| {
            it.roles.push(role_of(ACCOUNT, "hub", &allow(action, "*")));
        })
    };
    let hub = "arn:aws:iam::111111111111:role/hub";
    for (action, reaches) in [
        ("sts:AssumeRoot", true),
        ("sso:PutInlinePolicyToPermissionSet", true),
        ("sso:CreateAccountAssignment", true),
        ("sso:ListAccountAssignments", false),
    ] {
        let access = analyse(&idle(), &[management(action), member()]);
        let expected = reaches.then_some((Verdict::Conditional, false));
        assert_eq!(stops(&access, hub), expected, "{action}");
    }
    // A member that administers neither service for the organization cannot.
    let third = "333333333333";
    let case = idle().and(|it| trailaudit_checks::testing::member(it, third, &[HOME]));
    let iam = record(third, |it| {
        it.roles
            .push(role_of(third, "hub", &allow("sts:AssumeRoot", "*")));
    });
    let access = analyse(&case, &[record(ACCOUNT, |_| {}), member(), iam]);
    assert_eq!(stops(&access, "arn:aws:iam::333333333333:role/hub"), None);
}

#[test]
fn a_trust_policy_that_cannot_be_read_may_let_anybody_in() {
    let member = record(MEMBER, |it| {
        let mut admin = role_of(MEMBER, "admin", &allow("cloudtrail:StopLogging", "*"));
        admin.trust = "{".to_owned();
        it.roles.push(admin);
    });
    let management = record(ACCOUNT, |it| {
        it.roles
            .push(role_of(ACCOUNT, "hub", &allow("sts:AssumeRole", "*")));
        it.roles
            .push(role_of(ACCOUNT, "other", &allow("s3:ListBucket", "*")));
    });
    let access = analyse(&idle(), &[management, member]);
    let hub = stops(&access, "arn:aws:iam::111111111111:role/hub");
    assert_eq!(hub, Some((Verdict::Unknown, false)));
    assert_eq!(stops(&access, "*"), Some((Verdict::Unknown, false)));
    assert_eq!(stops(&access, "arn:aws:iam::111111111111:role/other"), None);
}

/// More than are looked at one by one: nobody is overlooked.
#[test]
fn one_of_very_many_that_can_be_changed() {
    let iam = record(MEMBER, |it| {
        let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*"}}"#;
        for n in 0..80 {
            let mut role = role_of(MEMBER, &format!("team-{n}"), deny);
            role.trust = trusts(r#"{"AWS":"arn:aws:iam::222222222222:user/ana"}"#);
            if n == 79 {
                role.inline.push(inline(&allow("cloudtrail:*", "*")));
            }
            it.roles.push(role);
        }
        let mut ana = user_of(MEMBER, "ana");
        ana.inline.push(inline(&allow("iam:DeleteRolePolicy", "*")));
        it.users.push(ana);
    });
    let access = analyse(&idle(), &[iam]);
    let ana = stops(&access, "arn:aws:iam::222222222222:user/ana");
    assert_eq!(ana, Some((Verdict::Unknown, false)));
}

/// Who can become anyone, and change one, becomes the one that is changed.
#[test]
fn anyone_can_be_become_and_one_be_changed() {
    let case = inventory(|_| {});
    for count in [9, 200] {
        for (action, on, can) in [
            ("iam:PutUserPolicy", "user/u007", true),
            ("iam:AttachUserPolicy", "user/u00*", true),
            ("iam:PutUserPolicy", "user/nobody", false),
            ("iam:GetUser", "user/u007", false),
        ] {
            let iam = record(ACCOUNT, |it| {
                for at in 0..count {
                    it.users.push(user_of(ACCOUNT, &format!("u{at:03}")));
                }
                let document = format!(
                    r#"{{"Version":"2012-10-17","Statement":[
                        {{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"*"}},
                        {{"Effect":"Allow","Action":"{action}","Resource":"arn:aws:iam::{ACCOUNT}:{on}"}}]}}"#
                );
                it.roles.push(role_of(ACCOUNT, "helpdesk", &document));
            });
            let access = analyse(&case, &[iam]);
            let held = rows(&access, "cloudtrail:StopLogging", TRAIL_ARN);
            let helpdesk = held
                .iter()
                .any(|row| row.principal.id.ends_with("role/helpdesk"));
            assert_eq!(helpdesk, can, "{count} users, {action} on {on}");
        }
    }
}

/// Only so many principals are looked at one by one: what may be gained by the others is unknown, never nothing.
#[test]
fn the_last_of_many_who_can_be_changed_is_not_passed_over() {
    let change = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:PutRolePolicy","iam:UpdateAssumeRolePolicy"],"Resource":"arn:aws:iam::222222222222:role/x-*"}}"#;
    let of = |many: usize| {
        let iam = record(MEMBER, |it| {
            it.policies.push(managed(BOUNDARY, &allow("s3:*", "*")));
            it.roles.push(role_of(MEMBER, "boss", change));
            for at in 1..=many {
                let mut role = role_of(MEMBER, &format!("x-{at:03}"), &allow("s3:List*", "*"));
                // None but the last can have the rights that it is given.
                role.boundary = (at < many).then(|| Arn::from(BOUNDARY));
                it.roles.push(role);
            }
        });
        let access = analyse(&idle(), &[iam]);
        let held = rows(&access, "cloudtrail:StopLogging", TRAIL);
        let boss = held.iter().find(|it| it.principal.id.ends_with("/boss"));
        boss.map(|it| it.verdict)
    };
    assert_eq!(of(1), Some(Verdict::Allowed));
    assert_eq!(of(60), Some(Verdict::Allowed));
    assert_eq!(of(80), Some(Verdict::Unknown));
}
