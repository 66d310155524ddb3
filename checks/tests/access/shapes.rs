//! Small organizations of the shapes that real ones have, against a judge of its own.

use std::collections::BTreeMap;

use super::judge::*;
use super::ways::idle;
use super::*;

/// Numbers that look like chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

fn role(name: String, says: Vec<Says>, trust: Trust) -> Somebody {
    Somebody {
        account: MEMBER,
        user: false,
        name,
        says,
        attached: Vec::new(),
        groups: Vec::new(),
        bound: false,
        trust,
        team: None,
    }
}

fn user(name: String, says: Vec<Says>, groups: Vec<usize>) -> Somebody {
    Somebody {
        account: MEMBER,
        user: true,
        name,
        says,
        attached: Vec::new(),
        groups,
        bound: false,
        trust: Trust::Service,
        team: None,
    }
}

/// One of the shapes, with something that matters in it here and there.
fn world(shape: usize, chance: &mut Chance) -> World {
    let mut it = World::default();
    let stop = || yes(&["cloudtrail:*"], "*");
    match shape {
        // Users who manage their own credentials; one of them may stop the trail.
        0 => {
            let own = ["iam:CreateAccessKey", "iam:CreateLoginProfile"];
            it.groups
                .push(vec![yes(&own, in_iam("user/${aws:username}"))]);
            for k in 0..5 {
                let says = if chance.one_in(3) {
                    vec![stop()]
                } else {
                    Vec::new()
                };
                it.all.push(user(format!("u{k}"), says, vec![0]));
            }
            let helps = ["iam:CreateAccessKey", "iam:UpdateLoginProfile"];
            let of = ["user/u1*", "user/u*", "user/v", "role/*"][chance.below(4)];
            it.all.push(user(
                "desk".to_owned(),
                vec![yes(&helps, in_iam(of))],
                Vec::new(),
            ));
        }
        // Deploy roles, each free within its own prefix.
        1 => {
            for k in 0..5 {
                let all: [&[&str]; 4] = [
                    &["iam:CreateRole", "iam:PutRolePolicy"],
                    &["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"],
                    &["iam:UpdateAssumeRolePolicy"],
                    &["iam:*"],
                ];
                let of = ["", "*", "-x", "-*"][chance.below(4)];
                let mut says = vec![yes(
                    all[chance.below(4)],
                    in_iam(&format!("role/app-{k}{of}")),
                )];
                if chance.one_in(4) {
                    says.push(stop());
                }
                it.all
                    .push(role(format!("app-{k}-x"), says, Trust::Provider));
            }
            let vouch = ["iam:AddClientIDToOpenIDConnectProvider"];
            it.all.push(role(
                "vouch".to_owned(),
                vec![yes(&vouch, "*")],
                Trust::Service,
            ));
        }
        // Administrators who trust the account, some of them bound or denied.
        2 => {
            for k in 0..5 {
                let mut says = vec![yes(&["*"], "*")];
                if chance.one_in(3) {
                    says.push(no(&["cloudtrail:*"], "*"));
                }
                if chance.one_in(4) {
                    says.push(no(&["iam:*"], "*"));
                }
                let trust = [Trust::Account, Trust::Root][chance.below(2)].clone();
                let mut it_is = role(format!("admin-{k}"), says, trust);
                it_is.bound = chance.one_in(3);
                it.all.push(it_is);
            }
            let assume = ["sts:AssumeRole"];
            let of = ["role/admin-1*", "role/admin-*", "role/other"][chance.below(3)];
            it.all.push(user(
                "erin".to_owned(),
                vec![yes(&assume, in_iam(of))],
                Vec::new(),
            ));
        }
        // Groups, one of which may stop the trail, and users who may join some.
        3 => {
            for k in 0..3 {
                let of = ["group/g0", "group/g1", "group/*", "group/g2"][chance.below(4)];
                let mut says = vec![yes(&["iam:AddUserToGroup"], in_iam(of))];
                if k == chance.below(3) {
                    says.push(stop());
                }
                if chance.one_in(4) {
                    says.push(no(&["cloudtrail:StopLogging"], "*"));
                }
                if chance.one_in(4) {
                    says.push(yes(&["iam:DeleteGroupPolicy"], in_iam("group/*")));
                }
                it.groups.push(says);
            }
            for k in 0..5 {
                let own = (0..3).filter(|_| chance.one_in(2)).collect();
                let mut it_is = user(format!("u{k}"), Vec::new(), own);
                it_is.bound = chance.one_in(4);
                it.all.push(it_is);
            }
        }
        // Roles of two accounts that let in the own account, the other, or some of either.
        4 => two_accounts(&mut it, chance),
        // Roles that let in principals of their account by name.
        5 => {
            for k in 0..7 {
                let mut says = Vec::new();
                if chance.one_in(3) {
                    let of = ["role/app-*", "role/app-1*", "role/*-x"][chance.below(3)];
                    let assume = ["sts:AssumeRole"];
                    says.push(match chance.one_in(3) {
                        true => yes(&assume, in_iam(of)),
                        false => no(&assume, in_iam(of)),
                    });
                }
                if chance.one_in(5) {
                    says.push(stop());
                }
                let trust = Trust::Named((0..3).map(|_| chance.below(8)).collect());
                let name = format!("app-{k}-x");
                let mut it_is = role(name, says, trust);
                it_is.bound = chance.one_in(5);
                it.all.push(it_is);
            }
            it.all.push(user("dev".to_owned(), Vec::new(), Vec::new()));
        }
        // Roles that trust the account, each of which may assume some.
        _ => {
            for k in 0..6 {
                let of = format!(
                    "role/cross-{}{}",
                    chance.below(6),
                    ["*", "-x", "-*", ""][chance.below(4)]
                );
                let mut says = vec![yes(&["sts:AssumeRole"], in_iam(&of))];
                if chance.one_in(5) {
                    says.push(stop());
                }
                if chance.one_in(4) {
                    let change = ["iam:PutRolePolicy", "iam:DeleteRolePermissionsBoundary"];
                    says.push(yes(&change, in_iam(&of)));
                }
                let trusts = [Trust::Service, Trust::Account, Trust::Root, Trust::Root];
                let trust = trusts[chance.below(4)].clone();
                let mut it_is = role(format!("cross-{k}-x"), says, trust);
                it_is.bound = chance.one_in(5);
                it.all.push(it_is);
            }
        }
    }
    it
}

fn two_accounts(it: &mut World, chance: &mut Chance) {
    let number = 9;
    for k in 0..number {
        let far = k >= 5;
        let of = [
            "222222222222:role/door-*",
            "*:role/door-1*",
            "*:role/*",
            "111111111111:role/far-6",
            "222222222222:role/door-3",
        ][chance.below(5)];
        let of = format!("arn:aws:iam::{of}");
        let mut says = Vec::new();
        if !chance.one_in(3) {
            says.push(yes(&["sts:AssumeRole"], of.clone()));
        }
        if chance.one_in(6) {
            says.push(no(&["sts:AssumeRole"], of));
        }
        if chance.one_in(3) {
            says.push(yes(&["cloudtrail:*"], "*"));
        }
        let named = |chance: &mut Chance| (0..2).map(|_| chance.below(number)).collect();
        let trust = match chance.below(6) {
            0 => Trust::Service,
            1 => Trust::Account,
            2 => Trust::Root,
            3 => Trust::Named(named(chance)),
            it => Trust::Whole(if far { MEMBER } else { ACCOUNT }, it == 4),
        };
        let name = format!("{}-{k}", if far { "far" } else { "door" });
        let mut it_is = match k == number - 1 {
            true => user(name, says, Vec::new()),
            false => role(name, says, trust),
        };
        it_is.account = if far { ACCOUNT } else { MEMBER };
        it_is.bound = chance.one_in(5);
        it.all.push(it_is);
    }
}

/// How many organizations of each shape: by hand `TRAILAUDIT_ORGANIZATIONS` asks for more.
#[expect(
    clippy::disallowed_methods,
    reason = "a longer run is asked for by a variable"
)]
fn organizations(usual: u64) -> u64 {
    let asked = std::env::var("TRAILAUDIT_ORGANIZATIONS").ok();
    asked.map_or(usual, |it| it.parse().expect("a number"))
}

const SHAPES: usize = 7;

#[test]
fn small_organizations_of_every_shape_are_what_a_slow_judge_says() {
    let case = with_own_trail(idle());
    let (mut direct, mut indirect, mut none) = (0, 0, 0);
    for seed in 1..organizations(50) {
        for shape in 0..SHAPES {
            let mut chance =
                Chance((seed * SHAPES as u64 + shape as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let world = world(shape, &mut chance);
            let access = analyse(&case, &world.records());
            let mut found: BTreeMap<String, bool> = BTreeMap::new();
            for row in rows(&access, "cloudtrail:StopLogging", TRAIL) {
                if row.verdict == Verdict::Unknown || row.principal.kind == ActorKind::Federated {
                    continue;
                }
                let name = row.principal.id.rsplit('/').next().unwrap_or_default();
                *found.entry(name.to_owned()).or_default() |= row.direct;
            }
            let expected = world.stop(Mode::Perhaps);
            direct += expected.values().filter(|it| **it).count();
            indirect += expected.values().filter(|it| !**it).count();
            none += world.all.len() - expected.len();
            assert_eq!(found, expected, "seed {seed}, shape {shape}");
        }
    }
    assert!(
        direct > 100 && indirect > 100 && none > 100,
        "{direct} {indirect} {none}"
    );
}

/// A statement that matters, under one condition or none.
fn statement(chance: &mut Chance) -> Says {
    let k = chance.below(4);
    let roles = [
        in_iam(&format!("role/x-{k}")),
        in_iam("role/x-*"),
        in_iam(&format!("role/*{k}")),
    ];
    let role = roles[chance.below(3)].clone();
    let says = match chance.below(12) {
        0 | 1 => yes(&["cloudtrail:*"], "*"),
        2 => no(&["cloudtrail:Stop*"], "*"),
        3 | 4 => yes(&["sts:AssumeRole"], role),
        5 => yes(&["iam:PutRolePolicy"], role),
        6 => yes(&["iam:UpdateAssumeRolePolicy"], role),
        7 => {
            let of = ["user/${aws:username}", "user/u*", "user/u1"][chance.below(3)];
            yes(&["iam:CreateAccessKey"], in_iam(of))
        }
        8 => yes(
            &["iam:CreatePolicyVersion"],
            in_iam(["policy/m0", "policy/m*"][chance.below(2)]),
        ),
        9 => yes(
            &["iam:AddUserToGroup"],
            in_iam(["group/g0", "group/*"][chance.below(2)]),
        ),
        10 => yes(&["iam:DeleteRolePolicy", "iam:DetachRolePolicy"], role),
        _ => yes(&["iam:DeleteRolePermissionsBoundary"], role),
    };
    says.when(match chance.below(10) {
        0 => When::Mfa,
        1 => When::NoMfa,
        2 => When::Team("a"),
        3 => When::NotLike("arn:aws:iam::*:role/x-1"),
        4 => When::NotLike("arn:aws:iam::*:user/u0"),
        _ => When::Always,
    })
}

/// Users in groups and roles of every trust, who share managed policies, some of them bound, under policies from above.
fn mixed(chance: &mut Chance) -> World {
    let some = |chance: &mut Chance, most: usize| -> Vec<Says> {
        (0..=chance.below(most))
            .map(|_| statement(chance))
            .collect()
    };
    let mut it = World::default();
    for _ in 0..3 {
        it.managed.push(some(chance, 2));
        it.groups.push(some(chance, 2));
    }
    for k in 0..7 {
        let says = if chance.one_in(2) {
            Vec::new()
        } else {
            some(chance, 2)
        };
        let mut one = if k < 4 {
            let trust = [Trust::Service, Trust::Account, Trust::Root][chance.below(3)].clone();
            role(format!("x-{k}"), says, trust)
        } else {
            let groups = (0..3).filter(|_| chance.one_in(3)).collect();
            user(format!("u{}", k - 4), says, groups)
        };
        one.attached = (0..3).filter(|_| chance.one_in(3)).collect();
        one.bound = chance.one_in(4);
        one.team = [None, Some("a"), Some("b")][chance.below(3)];
        it.all.push(one);
    }
    if chance.one_in(2) {
        let guard = || no(&["cloudtrail:StopLogging"], "*");
        let root = [
            guard().when(When::NotLike("arn:aws:iam::*:role/x-0")),
            guard().when(When::NoMfa),
            no(&["iam:*"], in_iam("role/x-1")).when(When::NotLike("arn:aws:iam::*:role/x-2")),
            no(&["s3:*"], "*"),
        ];
        let unit = [
            yes(&["*"], "*"),
            yes(&["iam:*", "sts:*", "cloudtrail:*"], "*"),
            yes(&["iam:Create*", "sts:*", "cloudtrail:S*"], "*"),
        ];
        it.levels = vec![
            vec![yes(&["*"], "*"), root[chance.below(4)].clone()],
            vec![unit[chance.below(3)].clone()],
            vec![yes(&["*"], "*"), root[chance.below(4)].clone()],
        ];
    }
    it
}

/// The account below a unit, each with policies from above.
fn under(levels: &[Vec<Says>]) -> Case {
    let full = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let case = with_own_trail(scp(full));
    let [root, unit, own] = levels else {
        return case;
    };
    case.and(|it| {
        let of = known(&mut it.organization).as_mut().unwrap();
        let units = known(&mut of.units);
        let mut below = units[0].clone();
        (below.id, below.parent) = ("ou-1".to_owned(), Some("r-root".to_owned()));
        units.push(below);
        let policies = known(&mut of.policies);
        let mut one = policies[0].clone();
        policies.clear();
        for (at, (says, id)) in [(root, "r-root"), (unit, "ou-1"), (own, MEMBER)]
            .into_iter()
            .enumerate()
        {
            (one.id, one.name) = (format!("p-{at}"), format!("level {at}"));
            one.document = Known(document(says));
            one.targets = Known(vec![id.to_owned()]);
            policies.push(one.clone());
        }
        let account = it.accounts.get_mut(&AccountId::from(MEMBER)).unwrap();
        account.parent = Known(Some("ou-1".to_owned()));
    })
}

/// Who can in no world is not told, who can in some is, and who is said to be able to surely can.
#[test]
fn conditions_variables_boundaries_and_policies_from_above_are_what_a_slow_judge_says() {
    let (mut surely, mut perhaps, mut none, mut cautious) = (0, 0, 0, 0);
    for seed in 1..organizations(100) {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let world = mixed(&mut chance);
        let access = analyse(&under(&world.levels), &world.records());
        let mut found: BTreeMap<String, Verdict> = BTreeMap::new();
        for row in rows(&access, "cloudtrail:StopLogging", TRAIL) {
            let name = row.principal.id.rsplit('/').next().unwrap_or_default();
            let best = found.entry(name.to_owned()).or_insert(row.verdict);
            *best = row.verdict.min(*best);
        }
        let (always, sometimes) = (world.stop(Mode::Surely), world.stop(Mode::Perhaps));
        let told: Vec<&String> = found.keys().collect();
        let expected: Vec<&String> = sometimes.keys().collect();
        assert_eq!(told, expected, "seed {seed}");
        for (name, verdict) in &found {
            let sure = always.contains_key(name);
            match (verdict, sure) {
                (Verdict::Allowed, _) => assert!(sure, "seed {seed}: {name} is said to be able to"),
                (Verdict::Conditional, true) => cautious += 1,
                (Verdict::Conditional, false) => perhaps += 1,
                (Verdict::Unknown | Verdict::Denied, _) => panic!("seed {seed}: {name}"),
            }
        }
        surely += always.len();
        none += world.all.len() - sometimes.len();
    }
    assert!(
        surely > 100 && perhaps > 30 && none > 100 && cautious * 5 < surely,
        "{surely} {perhaps} {none} {cautious}"
    );
}
