//! Steps to many at once against a slow judge: every principal asked about every other, one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::access::answer::Rank;
use crate::access::environment::Environment;
use crate::access::evaluate::{Question, TRUST_POLICY};
use crate::access::graph::{Graph, NodeId};
use crate::access::identity_policies::{AccountPolicies, Modification, PrincipalId};
use crate::access::tamper_permissions::{Permissions, holdings};
use crate::policy::{Policy, Target};

/// Numbers that look like chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

const ACTIONS: [&str; 4] = [
    "iam:CreateAccessKey",
    "iam:UpdateAssumeRolePolicy",
    "sts:AssumeRole",
    "iam:*",
];
const RESOURCES: [&str; 13] = [
    "*",
    "arn:aws:iam::222222222222:role/*",
    "arn:aws:iam::222222222222:role/app-1*",
    "arn:aws:iam::222222222222:role/app-1",
    "arn:aws:iam::*:role/app-1-*",
    "arn:aws:iam::222222222222:role/*-x",
    "arn:aws:iam::222222222222:role/a?p-1",
    "arn:aws:iam::222222222222:role/team/*",
    "arn:aws:iam::222222222222:user/*",
    "arn:aws:iam::222222222222:user/${aws:username}",
    "arn:aws:iam::222222222222:user/u?",
    "arn:aws:iam::222222222222:user/u1*",
    "arn:aws:iam::999999999999:role/*",
];
const CONDITIONS: [&str; 5] = [
    "",
    "",
    r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
    r#","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}"#,
    r#","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app-1*"}}"#,
];
const ROLES: [&str; 7] = [
    "app-1",
    "app-1-x",
    "app-10",
    "app-2",
    "team/app-3",
    "team/x",
    "zz-x",
];
const USERS: [&str; 4] = ["u1", "u10", "u2", "v"];
const WHOM: [&str; 6] = [
    r#"{"AWS":"arn:aws:iam::222222222222:root"}"#,
    r#"{"AWS":"222222222222"}"#,
    r#"{"AWS":"arn:aws:iam::222222222222:role/app-1"}"#,
    r#"{"Service":"ec2.amazonaws.com"}"#,
    r#"{"AWS":["arn:aws:iam::222222222222:root","arn:aws:iam::222222222222:user/u1"]}"#,
    r#""*""#,
];
const ASKED: [&str; 5] = [
    "",
    "",
    r#","Condition":{"StringEquals":{"sts:ExternalId":"x"}}"#,
    r#","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}"#,
    r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
];

fn document(chance: &mut Chance) -> String {
    let statement = |chance: &mut Chance| {
        let effect = chance.of(&["Allow", "Allow", "Deny"]);
        let which = chance.of(&["Resource", "Resource", "Resource", "NotResource"]);
        format!(
            r#"{{"Effect":"{effect}","Action":"{}","{which}":"{}"{}}}"#,
            chance.of(&ACTIONS),
            chance.of(&RESOURCES),
            chance.of(&CONDITIONS),
        )
    };
    let all = [statement(chance), statement(chance)].join(",");
    format!(r#"{{"Version":"2012-10-17","Statement":[{all}]}}"#)
}

fn organization(chance: &mut Chance) -> Iam {
    // Some have the same policies.
    let shared = document(chance);
    let either = |chance: &mut Chance| match chance.below(2) {
        0 => shared.clone(),
        _ => document(chance),
    };
    record(MEMBER, |details| {
        for name in ROLES {
            let mut role = role_of(MEMBER, name, &either(chance));
            name.rsplit('/').next().unwrap().clone_into(&mut role.name);
            role.trust = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{},"Action":"sts:AssumeRole"{}}}}}"#,
                chance.of(&WHOM),
                chance.of(&ASKED),
            );
            if chance.below(2) == 0 {
                role.tags.insert("team".to_owned(), "a".to_owned());
            }
            details.roles.push(role);
        }
        for name in USERS {
            let mut user = user_of(MEMBER, name);
            user.inline.push(inline(&either(chance)));
            details.users.push(user);
        }
    })
}

/// How one reaches others by this action and then by what is no step.
fn reached(graph: &Graph, from: NodeId, by: &str) -> BTreeMap<NodeId, Rank> {
    let mut best: BTreeMap<NodeId, Rank> = BTreeMap::new();
    // What it shares with those that are like it begins at the node that stands for them.
    let starts = [Some(from), graph.node(from).alike];
    let mut open: Vec<(NodeId, Rank)> = graph
        .edges
        .iter()
        .filter(|edge| starts.contains(&Some(edge.from)) && edge.by.to_string() == by)
        .map(|edge| (edge.to, edge.answer.rank()))
        .collect();
    while let Some((node, rank)) = open.pop() {
        if best.get(&node).is_some_and(|before| *before <= rank) {
            continue;
        }
        best.insert(node, rank);
        for edge in graph
            .edges
            .iter()
            .filter(|it| it.from == node && it.by.is_none())
        {
            open.push((edge.to, rank.max(edge.answer.rank())));
        }
    }
    best
}

#[test]
fn steps_to_many_are_steps_to_each() {
    let case = idle_with_scp();
    let settings = Settings::default();
    let ctx = Context::new(&case.inventory, &settings, taken_at());
    let mut kinds = BTreeSet::new();
    for seed in 1..40_u64 {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let iam = organization(&mut chance);
        let access = analyse(&case, std::slice::from_ref(&iam));
        let environment = Environment::new(&ctx);
        let account = AccountId::from(MEMBER);
        let details = iam.details.clone().into_known().unwrap();
        let papers = AccountPolicies::of(&account, &details, &environment);
        let node = |arn: &str| {
            let mut all = access.graph.each();
            all.find(|(_, it)| *it.id == *arn)
                .map(|(id, _)| id)
                .unwrap()
        };
        for who in papers.everybody() {
            let own = papers.person(who).arn.clone();
            for action in &ACTIONS[..3] {
                let found = reached(&access.graph, node(own.as_str()), action);
                for other in papers.everybody() {
                    let to = papers.person(other).arn;
                    let fits =
                        matches!(other, PrincipalId::User(_)) == (*action == "iam:CreateAccessKey");
                    if *to == own || !fits {
                        continue;
                    }
                    let evaluator = papers.evaluator(who, &Modification::default(), &environment);
                    let mut policy = None;
                    if let (PrincipalId::Role(at), "sts:AssumeRole") = (other, *action) {
                        let trust = papers.trust(at).unwrap().as_ref().unwrap();
                        policy = Some(Policy::new(TRUST_POLICY, trust));
                    }
                    let target = Target::One(to.to_string());
                    let question = Question::new(action, target, &account).under(policy);
                    let answer = evaluator.ask(&environment, question);
                    let rank = found.get(&node(to.as_str())).copied();
                    kinds.insert(answer.rank());
                    assert_eq!(
                        rank.unwrap_or(Rank::Denied),
                        answer.rank(),
                        "seed {seed}: {own} {action} {to}"
                    );
                }
            }
        }
    }
    assert!(kinds.len() >= 4, "{kinds:?}");
}

/// Each holds what it would if it were asked by itself, under the names of its own policies.
#[test]
fn those_who_are_alike_hold_what_each_holds_by_itself() {
    let case = idle_with_scp();
    let settings = Settings::default();
    let ctx = Context::new(&case.inventory, &settings, taken_at());
    let (mut shared, mut renamed) = (0, 0);
    for seed in 1..30_u64 {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut iam = organization(&mut chance);
        let mut details = iam.details.clone().into_known().unwrap();
        let more = allow("cloudtrail:*", "*");
        let guarded = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app-1*"}}},{"Effect":"Allow","Action":"cloudtrail:StopLogging","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}}]}"#;
        for role in &mut details.roles {
            let document = chance.of(&[more.as_str(), guarded]);
            role.inline.push(inline(document));
        }
        iam.details = details.into();
        let access = analyse(&case, std::slice::from_ref(&iam));
        let environment = Environment::new(&ctx);
        let account = AccountId::from(MEMBER);
        let details = iam.details.clone().into_known().unwrap();
        let papers = AccountPolicies::of(&account, &details, &environment);
        for who in papers.everybody() {
            let arn = papers.person(who).arn.as_str();
            let mut all = access.graph.each();
            let (_, node) = all.find(|(_, it)| *it.id == *arn).unwrap();
            let evaluator = papers.evaluator(who, &Modification::default(), &environment);
            let mut own = holdings(&evaluator, &environment);
            let mut held = Permissions::clone(&node.holdings);
            for it in &mut held.held {
                it.answer = node.renamed(&it.answer).into_owned();
            }
            for it in [&mut held, &mut own] {
                for it in &mut it.held {
                    it.answer.statements.sort();
                }
            }
            assert_eq!(held, own, "seed {seed}: {arn}");
            let alike = |it: &crate::access::graph::Node| it.alike == node.alike;
            let alike = access.graph.each().filter(|(_, it)| alike(it)).count();
            shared += usize::from(node.alike.is_some() && alike > 1);
            renamed += usize::from(!node.names.is_empty() && !held.held.is_empty());
        }
    }
    assert!(shared > 50 && renamed > 10, "{shared} {renamed}");
}

fn idle_with_scp() -> Case {
    with_own_trail(scp(
        r#"{"Effect":"Deny","Action":"iam:*","Resource":"arn:aws:iam::*:role/team/*"}"#,
    ))
}
