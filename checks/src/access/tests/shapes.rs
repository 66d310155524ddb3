//! Small organizations of the shapes that real ones have, against a judge of its own: it knows what each statement says,
//! asks everybody about everything, one by one, and walks from everyone to everyone.

use std::collections::{BTreeMap, BTreeSet};

use super::ways::idle;
use super::*;

/// A statement: whether it allows, the actions, the resource.
type Says = (bool, Vec<&'static str>, String);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Service,
    Account,
    Provider,
}

struct Somebody {
    user: bool,
    name: String,
    says: Vec<Says>,
    groups: Vec<usize>,
    bound: bool,
    trust: Trust,
}

impl Somebody {
    fn arn(&self) -> String {
        let kind = if self.user { "user" } else { "role" };
        format!("arn:aws:iam::{MEMBER}:{kind}/{}", self.name)
    }
}

/// What is in an account, as the judge knows it.
#[derive(Default)]
struct World {
    all: Vec<Somebody>,
    groups: Vec<Vec<Says>>,
}

const BOUND: &str = "arn:aws:iam::222222222222:policy/bound";
const PROVIDER: &str = "arn:aws:iam::222222222222:oidc-provider/id.example.com";

fn bound() -> Vec<Says> {
    vec![(true, vec!["s3:*", "iam:*", "sts:*"], "*".to_owned())]
}

fn group(at: usize) -> String {
    format!("arn:aws:iam::{MEMBER}:group/g{at}")
}

/// Somebody, after changes: given every right, without documents, without boundary, and in more groups.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    who: usize,
    granted: bool,
    bare: bool,
    unbound: bool,
    joined: BTreeSet<usize>,
}

/// `*` is any run.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let mut ends = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
            ends.any(|at| like(rest, &text[at..]))
        }),
    }
}

impl World {
    fn can(&self, state: &State, action: &str, resource: &str) -> bool {
        let it = &self.all[state.who];
        let own = (!state.bare).then_some(&it.says).into_iter().flatten();
        let of_groups = it
            .groups
            .iter()
            .filter(|_| !state.bare)
            .chain(&state.joined);
        let of_groups = of_groups.flat_map(|at| &self.groups[*at]);
        let applies = |(_, actions, pattern): &&Says| {
            let pattern = match it.user {
                true => pattern.replace("${aws:username}", &it.name),
                false if pattern.contains("${") => return false,
                false => pattern.clone(),
            };
            actions.iter().any(|it| like(it, action)) && like(&pattern, resource)
        };
        let named: Vec<&Says> = own.chain(of_groups).filter(applies).collect();
        let limits = bound();
        let within = !it.bound || state.unbound || limits.iter().any(|it| applies(&it));
        let granted = state.granted || named.iter().any(|(allows, ..)| *allows);
        granted && within && named.iter().all(|(allows, ..)| *allows)
    }

    /// Whether it can be this other as it is.
    fn becomes(&self, state: &State, other: usize) -> bool {
        let it = &self.all[other];
        let arn = it.arn();
        let any = |actions: &[&str]| actions.iter().any(|action| self.can(state, action, &arn));
        if it.user {
            return any(&[
                "iam:CreateAccessKey",
                "iam:CreateLoginProfile",
                "iam:UpdateLoginProfile",
            ]);
        }
        any(&["iam:UpdateAssumeRolePolicy"])
            || match it.trust {
                Trust::Account => any(&["sts:AssumeRole"]),
                Trust::Provider => self.vouches(state),
                Trust::Service => false,
            }
    }

    fn vouches(&self, state: &State) -> bool {
        let actions = [
            "iam:AddClientIDToOpenIDConnectProvider",
            "iam:CreateOpenIDConnectProvider",
        ];
        actions
            .iter()
            .any(|action| self.can(state, action, PROVIDER))
    }

    /// What it can change about somebody, all of which it may do at once, and the groups it can add a user to.
    fn changes(&self, state: &State, other: usize) -> Vec<State> {
        let it = &self.all[other];
        let (arn, kind) = (it.arn(), if it.user { "User" } else { "Role" });
        let on = |arn: &str, verbs: &[&str], what: &str| {
            verbs.iter().any(|verb| {
                let action = format!("iam:{verb}{what}");
                self.can(state, &action, arn)
            })
        };
        let own = format!("{kind}Policy");
        let mut ways = Vec::new();
        let mut granted = on(&arn, &["Put", "Attach"], &own);
        for at in &it.groups {
            granted |= on(&group(*at), &["Put", "Attach"], "GroupPolicy");
        }
        let limit = format!("{kind}PermissionsBoundary");
        let unbound = it.bound
            && (on(&arn, &["Delete", "Put"], &limit)
                || on(
                    BOUND,
                    &["CreatePolicyVersion", "SetDefaultPolicyVersion"],
                    "",
                ));
        let denies = |says: &[Says]| says.iter().any(|(allows, ..)| !allows);
        let denying: Vec<usize> = it
            .groups
            .iter()
            .copied()
            .filter(|at| denies(&self.groups[*at]))
            .collect();
        let own_denies = denies(&it.says);
        let bare = (own_denies || !denying.is_empty())
            && (!own_denies || on(&arn, &["Delete", "Put"], &own))
            && denying.iter().all(|at| {
                on(&group(*at), &["Delete", "Put"], "GroupPolicy")
                    || self.can(state, "iam:RemoveUserFromGroup", &group(*at))
            });
        for set in 1..8 {
            let (grant, free, strip) = (set & 1 != 0, set & 2 != 0, set & 4 != 0);
            if (!grant || granted) && (!free || unbound) && (!strip || bare) {
                ways.push(State {
                    who: other,
                    granted: grant,
                    unbound: free,
                    bare: strip,
                    joined: BTreeSet::new(),
                });
            }
        }
        if it.user {
            let others = (0..self.groups.len()).filter(|at| !it.groups.contains(at));
            let joins: Vec<usize> = others
                .filter(|at| self.can(state, "iam:AddUserToGroup", &group(*at)))
                .collect();
            let one = joins.iter().map(|at| BTreeSet::from([*at]));
            let sets: BTreeSet<BTreeSet<usize>> =
                one.chain([joins.iter().copied().collect()]).collect();
            for joined in sets.into_iter().filter(|it| !it.is_empty()) {
                for free in [false, true] {
                    if !free || unbound {
                        ways.push(State {
                            who: other,
                            granted: false,
                            bare: false,
                            unbound: free,
                            joined: joined.clone(),
                        });
                    }
                }
            }
        }
        ways
    }

    /// Roles and users that somebody may make: of any name, and of those that some statement means.
    fn makeable(&self) -> BTreeSet<String> {
        let own = self.all.iter().flat_map(|it| &it.says);
        let all = own.chain(self.groups.iter().flatten());
        let named = all.map(|(.., pattern)| pattern.replace('*', "new"));
        let made = named.filter(|it| it.contains(":role/") || it.contains(":user/"));
        let mut all: BTreeSet<String> = made.filter(|it| !it.contains("${")).collect();
        all.extend(["role/new", "user/new"].map(iam));
        all
    }

    /// Who can stop the trail, and whether by its own rights.
    fn stop(&self) -> BTreeMap<String, bool> {
        let plain = |who: usize| State {
            who,
            granted: false,
            bare: false,
            unbound: false,
            joined: BTreeSet::new(),
        };
        let mut all = BTreeMap::new();
        for who in 0..self.all.len() {
            let mut seen = BTreeSet::from([plain(who)]);
            let mut open = vec![plain(who)];
            let mut stops = self.can(&plain(who), "cloudtrail:StopLogging", TRAIL);
            let direct = stops;
            while let Some(state) = open.pop() {
                stops |= self.can(&state, "cloudtrail:StopLogging", TRAIL);
                let untouched = state == plain(state.who);
                let mut next = Vec::new();
                // Whoever was changed changes itself further, and nobody else before it becomes them.
                for mut more in self.changes(&state, state.who) {
                    more.granted |= state.granted;
                    more.bare |= state.bare;
                    more.unbound |= state.unbound;
                    more.joined.extend(&state.joined);
                    next.push(more);
                }
                for other in 0..self.all.len() {
                    if other == state.who || !self.becomes(&state, other) {
                        continue;
                    }
                    next.push(plain(other));
                    if untouched {
                        next.extend(self.changes(&state, other));
                    }
                }
                // A new role, or a new user with keys, given every right.
                let can = |action: &str, arn: &str| self.can(&state, action, arn);
                for new in self.makeable() {
                    stops |= can("iam:CreateRole", &new)
                        && (can("iam:PutRolePolicy", &new) || can("iam:AttachRolePolicy", &new));
                    stops |= can("iam:CreateUser", &new)
                        && (can("iam:PutUserPolicy", &new) || can("iam:AttachUserPolicy", &new))
                        && (can("iam:CreateAccessKey", &new)
                            || can("iam:CreateLoginProfile", &new));
                }
                for it in next {
                    if seen.insert(it.clone()) {
                        open.push(it);
                    }
                }
            }
            if stops {
                all.insert(self.all[who].name.clone(), direct);
            }
        }
        all
    }

    fn record(&self) -> Iam {
        let document = |says: &[Says]| {
            let statement = |(allows, actions, resource): &Says| {
                let effect = if *allows { "Allow" } else { "Deny" };
                serde_json::json!({"Effect": effect, "Action": actions, "Resource": resource})
            };
            let statements: Vec<_> = says.iter().map(statement).collect();
            serde_json::json!({"Version": "2012-10-17", "Statement": statements}).to_string()
        };
        record(MEMBER, |it| {
            for (at, says) in self.groups.iter().enumerate() {
                it.groups.push(Group {
                    arn: Arn::from(group(at)),
                    name: format!("g{at}"),
                    inline: vec![inline(&document(says))],
                    attached: Vec::new(),
                });
            }
            it.policies.push(crate::inventory::iam::ManagedPolicy {
                arn: Arn::from(BOUND),
                name: "bound".to_owned(),
                version: "v1".to_owned(),
                document: document(&bound()),
            });
            for one in &self.all {
                let limit = one.bound.then(|| Arn::from(BOUND));
                if one.user {
                    let mut user = user_of(MEMBER, &one.name);
                    user.groups = one.groups.iter().map(|at| format!("g{at}")).collect();
                    user.inline = one
                        .says
                        .first()
                        .map(|_| inline(&document(&one.says)))
                        .into_iter()
                        .collect();
                    user.boundary = limit;
                    it.users.push(user);
                } else {
                    let mut role = role_of(MEMBER, &one.name, &document(&one.says));
                    role.boundary = limit;
                    role.trust = match one.trust {
                        Trust::Service => role.trust,
                        Trust::Account => trusts(&format!(r#"{{"AWS":"{MEMBER}"}}"#)),
                        Trust::Provider => trusts(&format!(r#"{{"Federated":"{PROVIDER}"}}"#))
                            .replace("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"),
                    };
                    it.roles.push(role);
                }
            }
        })
    }
}

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

fn iam(rest: &str) -> String {
    format!("arn:aws:iam::{MEMBER}:{rest}")
}

fn role(name: String, says: Vec<Says>, trust: Trust) -> Somebody {
    Somebody {
        user: false,
        name,
        says,
        groups: Vec::new(),
        bound: false,
        trust,
    }
}

fn user(name: String, says: Vec<Says>, groups: Vec<usize>) -> Somebody {
    Somebody {
        user: true,
        name,
        says,
        groups,
        bound: false,
        trust: Trust::Service,
    }
}

/// One of the shapes, with something that matters in it here and there.
fn world(shape: usize, chance: &mut Chance) -> World {
    let mut it = World::default();
    let stop = || (true, vec!["cloudtrail:*"], "*".to_owned());
    match shape {
        // Users who manage their own credentials; one of them may stop the trail.
        0 => {
            let own = vec!["iam:CreateAccessKey", "iam:CreateLoginProfile"];
            it.groups
                .push(vec![(true, own, iam("user/${aws:username}"))]);
            for k in 0..5 {
                let says = if chance.one_in(3) {
                    vec![stop()]
                } else {
                    Vec::new()
                };
                it.all.push(user(format!("u{k}"), says, vec![0]));
            }
            let helps = vec!["iam:CreateAccessKey", "iam:UpdateLoginProfile"];
            let of = ["user/u1*", "user/u*", "user/v", "role/*"][chance.below(4)];
            it.all.push(user(
                "desk".to_owned(),
                vec![(true, helps, iam(of))],
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
                let mut says = vec![(
                    true,
                    all[chance.below(4)].to_vec(),
                    iam(&format!("role/app-{k}{of}")),
                )];
                if chance.one_in(4) {
                    says.push(stop());
                }
                it.all
                    .push(role(format!("app-{k}-x"), says, Trust::Provider));
            }
            let vouch = vec!["iam:AddClientIDToOpenIDConnectProvider"];
            it.all.push(role(
                "vouch".to_owned(),
                vec![(true, vouch, "*".to_owned())],
                Trust::Service,
            ));
        }
        // Administrators who trust the account, some of them bound or denied.
        2 => {
            for k in 0..5 {
                let mut says = vec![(true, vec!["*"], "*".to_owned())];
                if chance.one_in(3) {
                    says.push((false, vec!["cloudtrail:*"], "*".to_owned()));
                }
                if chance.one_in(4) {
                    says.push((false, vec!["iam:*"], "*".to_owned()));
                }
                let mut it_is = role(format!("admin-{k}"), says, Trust::Account);
                it_is.bound = chance.one_in(3);
                it.all.push(it_is);
            }
            let assume = vec!["sts:AssumeRole"];
            let of = ["role/admin-1*", "role/admin-*", "role/other"][chance.below(3)];
            it.all.push(user(
                "erin".to_owned(),
                vec![(true, assume, iam(of))],
                Vec::new(),
            ));
        }
        // Groups, one of which may stop the trail, and users who may join some.
        3 => {
            for k in 0..3 {
                let mut says = vec![(
                    true,
                    vec!["iam:AddUserToGroup"],
                    iam(["group/g0", "group/g1", "group/*", "group/g2"][chance.below(4)]),
                )];
                if k == chance.below(3) {
                    says.push(stop());
                }
                if chance.one_in(4) {
                    says.push((false, vec!["cloudtrail:StopLogging"], "*".to_owned()));
                }
                if chance.one_in(4) {
                    says.push((true, vec!["iam:DeleteGroupPolicy"], iam("group/*")));
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
        // Roles that trust the account, each of which may assume some.
        _ => {
            for k in 0..6 {
                let of = format!(
                    "role/cross-{}{}",
                    chance.below(6),
                    ["*", "-x", "-*", ""][chance.below(4)]
                );
                let mut says = vec![(true, vec!["sts:AssumeRole"], iam(&of))];
                if chance.one_in(5) {
                    says.push(stop());
                }
                if chance.one_in(4) {
                    says.push((
                        true,
                        vec!["iam:PutRolePolicy", "iam:DeleteRolePermissionsBoundary"],
                        iam(&of),
                    ));
                }
                let trust = if chance.one_in(4) {
                    Trust::Service
                } else {
                    Trust::Account
                };
                let mut it_is = role(format!("cross-{k}-x"), says, trust);
                it_is.bound = chance.one_in(5);
                it.all.push(it_is);
            }
        }
    }
    it
}

#[test]
fn small_organizations_of_every_shape_are_what_a_slow_judge_says() {
    let case = with_own_trail(idle());
    let (mut direct, mut indirect, mut none) = (0, 0, 0);
    for seed in 1..60_u64 {
        for shape in 0..5 {
            let mut chance = Chance((seed * 5 + shape as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let world = world(shape, &mut chance);
            let access = analyse(&case, &[world.record()]);
            let mut found: BTreeMap<String, bool> = BTreeMap::new();
            for row in rows(&access, "cloudtrail:StopLogging", TRAIL) {
                if row.verdict == Verdict::Unknown || row.principal.kind == ActorKind::Federated {
                    continue;
                }
                let name = row.principal.id.rsplit('/').next().unwrap_or_default();
                *found.entry(name.to_owned()).or_default() |= row.direct;
            }
            let expected = world.stop();
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
