//! What a principal can change about another, or itself, so that it may do more.

use std::collections::BTreeMap;

use super::answer::{Answer, Names};
use super::environment::Environment;
use super::evaluate::{Evaluator, Question};
use super::graph::Means;
use super::identity_policies::{
    AccountPolicies, Modification, Principal, PrincipalId, is_linked, is_reserved, place,
};
use super::indexed_document::Indexed;
use crate::ids::Arn;
use crate::policy::{Key, Strength, Target, Value};

/// One way to change somebody.
#[derive(Clone)]
pub(super) struct Freedom {
    pub(super) freed: Modification,
    pub(super) answer: Answer,
    pub(super) by: Means,
}

/// Every action that changes what a principal may do.
pub(super) const CHANGES: [&str; 24] = [
    "iam:PutUserPolicy",
    "iam:AttachUserPolicy",
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    "iam:PutGroupPolicy",
    "iam:AttachGroupPolicy",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:AddUserToGroup",
    "iam:DeleteUserPolicy",
    "iam:DeleteRolePolicy",
    "iam:DeleteGroupPolicy",
    "iam:DetachUserPolicy",
    "iam:DetachRolePolicy",
    "iam:DetachGroupPolicy",
    "iam:RemoveUserFromGroup",
    "iam:DeleteUserPermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:TagUser",
    "iam:TagRole",
    "iam:UntagUser",
    "iam:UntagRole",
];

pub(super) fn touches(evaluator: &Evaluator<'_>) -> bool {
    CHANGES
        .iter()
        .any(|action| evaluator.touches(place(action)))
}

/// The groups that principals who are alike can make somebody a member of, by the boundary that the request tells: the
/// question is the same whoever of them asks, and about whomever.
#[derive(Default)]
pub(super) struct Joins {
    by_boundary: BTreeMap<Option<String>, Groups>,
    /// The names of the policies, as the answers have them.
    names: Vec<String>,
}

/// Groups, by their places in the listing.
type Groups = Vec<(usize, (Answer, Means))>;

/// The questions about one principal.
struct Change<'q, 'c> {
    evaluator: &'q Evaluator<'c>,
    joins: &'q mut Joins,
    papers: &'c AccountPolicies<'c>,
    environment: &'c Environment<'c>,
    /// `iam:PermissionsBoundary`, as requests about it carry it.
    boundary: Key,
}

/// An answer, and the actions behind it.
type Way = Option<(Answer, Means)>;

impl Change<'_, '_> {
    fn ask(&mut self, action: &'static str, arn: &Arn) -> Way {
        if !self.evaluator.touches(place(action)) {
            return None;
        }
        let admin = format!(
            "arn:{}:iam::aws:policy/AdministratorAccess",
            arn.partition()
        );
        let mut with = Vec::new();
        // A guard that lets only harmless policies be attached is a guard.
        if action.starts_with("iam:Attach") {
            with.push(("iam:PolicyARN", Key::Known(Value::One(admin))));
        }
        if !action.ends_with("PermissionsBoundary") {
            with.push(("iam:PermissionsBoundary", self.boundary.clone()));
        }
        let target = Target::One(arn.to_string());
        let owner = self.papers.account;
        let question = Question::new(action, target, owner).with(&with);
        let answer = self.evaluator.ask(self.environment, question);
        (!answer.is_denied()).then(|| (answer, Means::one(action)))
    }

    /// The groups that somebody can be made a member of, but for these.
    fn groups_but(&mut self, own: &[String]) -> Groups {
        let action = "iam:AddUserToGroup";
        if !self.evaluator.touches(place(action)) {
            return Vec::new();
        }
        let names = self.evaluator.identity.iter();
        let names: Vec<String> = names.map(|it| it.name.clone()).collect();
        let boundary = if let Key::Known(Value::One(arn)) = &self.boundary {
            Some(arn.clone())
        } else {
            None
        };
        if !self.joins.by_boundary.contains_key(&boundary) {
            if self.joins.by_boundary.is_empty() {
                self.joins.names.clone_from(&names);
            }
            let back = Names::between(&names, &self.joins.names);
            let mut all = self.groups(action);
            for (_, (answer, _)) in &mut all {
                *answer = answer.renamed(&back);
            }
            self.joins.by_boundary.insert(boundary.clone(), all);
        }
        let all = self.joins.by_boundary.get(&boundary);
        let groups = &self.papers.details.groups;
        let member = |at: usize| groups.get(at).is_some_and(|it| own.contains(&it.name));
        let others = all.into_iter().flatten().filter(|(at, _)| !member(*at));
        let to = Names::between(&self.joins.names, &names);
        let told = others.map(|(at, (answer, by))| (*at, (answer.renamed(&to), by.clone())));
        told.collect()
    }

    fn groups(&mut self, action: &'static str) -> Groups {
        let papers = self.papers;
        let (members, places) = &papers.group_arns;
        let start = members.start();
        let with = [("iam:PermissionsBoundary", self.boundary.clone())];
        let every = Target::Matching(format!("{start}*"));
        let question = Question::new(action, every, papers.account).with(&with);
        let parts = self.evaluator.parts(self.environment, question, members);
        let mut all = Vec::new();
        // Each part is answered alike: the first is asked.
        for runs in parts {
            let first = runs.first().and_then(|run| members.arn(run.start));
            let Some(way) = first.and_then(|arn| self.ask(action, &Arn::from(arn))) else {
                continue;
            };
            let own = runs.into_iter().filter_map(|run| places.get(run));
            all.extend(own.flatten().map(|place| (*place, way.clone())));
        }
        for place in &papers.odd_groups {
            let group = papers.details.groups.get(*place);
            if let Some(way) = group.and_then(|it| self.ask(action, &it.arn)) {
                all.push((*place, way));
            }
        }
        all.sort_by_key(|(place, _)| *place);
        all
    }

    fn best(&mut self, actions: &[&'static str], arn: &Arn) -> Way {
        let mut best: Way = None;
        for action in actions {
            best = better(best, self.ask(action, arn));
        }
        best
    }

    /// The customer's own policies can be rewritten.
    fn rewrite(&mut self, policy: &Arn) -> Way {
        if policy.account() != *self.papers.account {
            return None;
        }
        let older = self
            .ask("iam:SetDefaultPolicyVersion", policy)
            .map(|(answer, by)| {
                (
                    answer.only_if("an older version says more", Strength::Weak),
                    by,
                )
            });
        better(self.ask("iam:CreatePolicyVersion", policy), older)
    }
}

fn better(one: Way, two: Way) -> Way {
    match (one, two) {
        (Some(one), Some(two)) if two.0.rank() < one.0.rank() => Some(two),
        (Some(one), _) => Some(one),
        (None, two) => two,
    }
}

fn both(one: &(Answer, Means), two: &(Answer, Means)) -> (Answer, Means) {
    (one.0.clone().and(&two.0), one.1.and(&two.1))
}

/// Everything that the asker can change about `who`.
pub(super) fn of<'c>(
    evaluator: &Evaluator<'c>,
    papers: &'c AccountPolicies<'c>,
    who: PrincipalId,
    environment: &'c Environment<'_>,
    joins: &mut Joins,
) -> Vec<Freedom> {
    let person = papers.person(who);
    if is_linked(person.arn) || is_reserved(person.arn) {
        return Vec::new();
    }
    let boundary = match person.boundary {
        Some(arn) => Key::Known(Value::One(arn.to_string())),
        None => Key::Absent,
    };
    let mut change = Change {
        evaluator,
        joins,
        papers,
        environment,
        boundary,
    };
    let ways = single(&mut change, &person);
    let mut all = Vec::new();
    // Each way, and every set of them together.
    for set in 1_usize..1 << ways.len() {
        let chosen = ways.iter().enumerate();
        let chosen = chosen.filter(|(at, _)| set & (1 << at) != 0);
        let chosen: Vec<&Freedom> = chosen.map(|(_, way)| way).collect();
        all.extend(together(&chosen));
    }
    if person.role.is_none() {
        let groups = change.groups_but(person.groups);
        all.extend(joining(groups, &ways));
    }
    all
}

/// What can be changed without a group, one by one.
fn single(change: &mut Change<'_, '_>, person: &Principal<'_>) -> Vec<Freedom> {
    let mut all = Vec::new();
    let mut add = |way: Way, freed: Modification| {
        all.extend(way.map(|(answer, by)| Freedom { freed, answer, by }));
    };
    add(
        granted(change, person),
        Modification {
            granted: true,
            ..Modification::default()
        },
    );
    let boundary = person.boundary;
    add(
        boundary.and_then(|arn| without_boundary(change, person, arn)),
        Modification {
            without_boundary: true,
            ..Modification::default()
        },
    );
    add(
        without_denies(change, person),
        Modification {
            without_denies: true,
            ..Modification::default()
        },
    );
    add(
        tagged(change, person),
        Modification {
            tagged: true,
            ..Modification::default()
        },
    );
    all
}

/// Each group that can be joined, alone and with a boundary lifted or tags set; and all at once: permissions of several
/// groups may make one way.
fn joining(groups: Groups, ways: &[Freedom]) -> Vec<Freedom> {
    let joins = groups.into_iter().map(|(group, (answer, by))| Freedom {
        freed: Modification {
            joined: vec![group],
            ..Modification::default()
        },
        answer,
        by,
    });
    let joins: Vec<Freedom> = joins.collect();
    let every: Vec<&Freedom> = joins.iter().collect();
    let sets = joins.iter().map(|join| vec![join]);
    let several = (joins.len() > 1).then_some(every);
    let mut all = Vec::new();
    for set in sets.chain(several) {
        all.extend(together(&set));
        let ways = ways.iter();
        for way in ways.filter(|way| way.freed.without_boundary || way.freed.tagged) {
            let mut more = set.clone();
            more.push(way);
            all.extend(together(&more));
        }
    }
    all
}

/// Several changes as one.
fn together(ways: &[&Freedom]) -> Option<Freedom> {
    let (first, rest) = ways.split_first()?;
    let mut all = Freedom::clone(first);
    for more in rest {
        all.freed = all.freed.and(&more.freed);
        all.answer = all.answer.and(&more.answer);
        all.by = all.by.and(&more.by);
    }
    Some(all)
}

/// Its tags can be set; nothing where nobody looks at them.
fn tagged(change: &mut Change<'_, '_>, person: &Principal<'_>) -> Way {
    let mut own = change.papers.documents(person);
    if !change.environment.own_tags_matter && !own.any(Indexed::looks_at_own_tags) {
        return None;
    }
    let ways: &[&'static str] = match person.role {
        Some(_) => &["iam:TagRole", "iam:UntagRole"],
        None => &["iam:TagUser", "iam:UntagUser"],
    };
    change.best(ways, person.arn)
}

fn granted(change: &mut Change<'_, '_>, person: &Principal<'_>) -> Way {
    let own: &[&'static str] = match person.role {
        Some(_) => &["iam:PutRolePolicy", "iam:AttachRolePolicy"],
        None => &["iam:PutUserPolicy", "iam:AttachUserPolicy"],
    };
    let mut best = change.best(own, person.arn);
    for policy in person.attached {
        best = better(best, change.rewrite(policy));
    }
    for name in person.groups {
        let Some(group) = change.papers.groups.get(name.as_str()) else {
            continue;
        };
        let Some(group) = change.papers.details.groups.get(*group) else {
            continue;
        };
        let way = change.best(&["iam:PutGroupPolicy", "iam:AttachGroupPolicy"], &group.arn);
        best = better(best, way);
        for policy in &group.attached {
            best = better(best, change.rewrite(policy));
        }
    }
    best
}

fn without_boundary(change: &mut Change<'_, '_>, person: &Principal<'_>, boundary: &Arn) -> Way {
    let lift: &[&'static str] = match person.role {
        Some(_) => &[
            "iam:DeleteRolePermissionsBoundary",
            "iam:PutRolePermissionsBoundary",
        ],
        None => &[
            "iam:DeleteUserPermissionsBoundary",
            "iam:PutUserPermissionsBoundary",
        ],
    };
    better(change.best(lift, person.arn), change.rewrite(boundary))
}

/// Every document of its own that denies something can go, or be rewritten; nothing if there is none.
fn without_denies(change: &mut Change<'_, '_>, person: &Principal<'_>) -> Way {
    let (delete, detach): (&[&'static str], &[&'static str]) = match person.role {
        Some(_) => (
            &["iam:DeleteRolePolicy", "iam:PutRolePolicy"],
            &["iam:DetachRolePolicy"],
        ),
        None => (
            &["iam:DeleteUserPolicy", "iam:PutUserPolicy"],
            &["iam:DetachUserPolicy"],
        ),
    };
    let mut all: Way = None;
    if !collect(
        change,
        person.arn,
        person.attached,
        (delete, detach),
        None,
        &mut all,
    ) {
        return None;
    }
    for name in person.groups {
        let group = change.papers.groups.get(name.as_str())?;
        let group = change.papers.details.groups.get(*group)?;
        let ways: (&[&'static str], &[&'static str]) = (
            &["iam:DeleteGroupPolicy", "iam:PutGroupPolicy"],
            &["iam:DetachGroupPolicy"],
        );
        let leave = change.ask("iam:RemoveUserFromGroup", &group.arn);
        if !collect(change, &group.arn, &group.attached, ways, leave, &mut all) {
            return None;
        }
    }
    all
}

/// Adds how each denying document of an owner goes. Says no if one cannot.
fn collect(
    change: &mut Change<'_, '_>,
    owner: &Arn,
    attached: &[Arn],
    (delete, detach): (&[&'static str], &[&'static str]),
    otherwise: Way,
    all: &mut Way,
) -> bool {
    let papers = change.papers;
    let inline = papers.inline.get(owner.as_str()).into_iter().flatten();
    let inline = inline
        .filter(|(_, read)| read.as_ref().as_ref().is_ok_and(Indexed::denies))
        .count();
    let denying = |arn: &&Arn| {
        let read = papers.managed.get(arn.as_str());
        read.is_some_and(|read| read.as_ref().as_ref().is_ok_and(Indexed::denies))
    };
    let attached: Vec<&Arn> = attached.iter().filter(denying).collect();
    let mut ways = Vec::new();
    if inline > 0 {
        ways.push(better(change.best(delete, owner), otherwise.clone()));
    }
    for policy in attached {
        let way = better(change.best(detach, owner), change.rewrite(policy));
        ways.push(better(way, otherwise.clone()));
    }
    for way in ways {
        let Some(way) = way else { return false };
        *all = Some(match all.take() {
            Some(before) => both(&before, &way),
            None => way,
        });
    }
    true
}
