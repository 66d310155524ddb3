//! A judge of its own for small accounts: it knows what each statement says, asks everybody about everything, one by one,
//! in each world, and walks from everyone to everyone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::json;

use super::*;

/// A statement.
#[derive(Clone)]
pub(super) struct Says {
    allows: bool,
    actions: Vec<&'static str>,
    resource: String,
    when: When,
}

/// Its condition.
#[derive(Clone, Copy)]
pub(super) enum When {
    Always,
    /// With MFA.
    Mfa,
    /// Without it, or not known to be with it.
    NoMfa,
    /// The caller's tag `team` is this.
    Team(&'static str),
    /// The caller's ARN is not like this.
    NotLike(&'static str),
}

pub(super) fn yes(actions: &[&'static str], resource: impl Into<String>) -> Says {
    Says {
        allows: true,
        actions: actions.to_vec(),
        resource: resource.into(),
        when: When::Always,
    }
}

pub(super) fn no(actions: &[&'static str], resource: impl Into<String>) -> Says {
    Says {
        allows: false,
        ..yes(actions, resource)
    }
}

impl Says {
    pub(super) fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    fn json(&self) -> serde_json::Value {
        let effect = if self.allows { "Allow" } else { "Deny" };
        let mut all = json!({"Effect": effect, "Action": self.actions, "Resource": self.resource});
        let condition = match self.when {
            When::Always => return all,
            When::Mfa => json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            When::NoMfa => json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
            When::Team(team) => json!({"StringEquals": {"aws:PrincipalTag/team": team}}),
            When::NotLike(arn) => json!({"ArnNotLike": {"aws:PrincipalArn": arn}}),
        };
        all["Condition"] = condition;
        all
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Trust {
    Service,
    /// The role's own account, by its number.
    Account,
    /// The same, by the ARN of its root user.
    Root,
    Provider,
    /// This account, by its number or by the ARN of its root user.
    Whole(&'static str, bool),
    /// These principals, by their places.
    Named(Vec<usize>),
}

pub(super) struct Somebody {
    pub(super) account: &'static str,
    pub(super) user: bool,
    pub(super) name: String,
    pub(super) says: Vec<Says>,
    pub(super) attached: Vec<usize>,
    pub(super) groups: Vec<usize>,
    pub(super) bound: bool,
    pub(super) trust: Trust,
    pub(super) team: Option<&'static str>,
}

impl Somebody {
    fn arn(&self) -> String {
        let kind = if self.user { "user" } else { "role" };
        format!("arn:aws:iam::{}:{kind}/{}", self.account, self.name)
    }
}

/// What is in an account, as the judge knows it.
#[derive(Default)]
pub(super) struct World {
    pub(super) all: Vec<Somebody>,
    pub(super) groups: Vec<Vec<Says>>,
    /// Managed policies that several may have.
    pub(super) managed: Vec<Vec<Says>>,
    /// The control policies of each level above the account, root first; none where nothing limits it.
    pub(super) levels: Vec<Vec<Says>>,
}

/// What the caller can for certain, or what it may be able to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Without MFA: everybody can leave that out.
    Surely,
    /// In some world.
    Perhaps,
}

/// As many steps as a way may have.
const STEPS: usize = trailaudit_checks::access::MAX_HOPS;

const BOUND: &str = "arn:aws:iam::222222222222:policy/bound";
const PROVIDER: &str = "arn:aws:iam::222222222222:oidc-provider/id.example.com";

fn bound() -> Vec<Says> {
    vec![yes(&["s3:*", "iam:*", "sts:*"], "*")]
}

fn group(at: usize) -> String {
    format!("arn:aws:iam::{MEMBER}:group/g{at}")
}

fn managed_arn(at: usize) -> String {
    format!("arn:aws:iam::{MEMBER}:policy/m{at}")
}

pub(super) fn document(says: &[Says]) -> String {
    let statements: Vec<_> = says.iter().map(Says::json).collect();
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

pub(super) fn in_iam(rest: &str) -> String {
    format!("arn:aws:iam::{MEMBER}:{rest}")
}

/// Somebody, after changes: given every right, without documents, without boundary, and in more groups.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    who: usize,
    granted: bool,
    bare: bool,
    without_boundary: bool,
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
    /// By its own rights.
    fn can(&self, asked: (&State, Mode), action: &str, resource: &str) -> bool {
        self.granted(asked, false, (action, resource))
    }

    /// What a world decides is whether the call comes with MFA. `named`: a policy of the resource grants it to this
    /// principal of its own account.
    fn granted(&self, (state, mode): (&State, Mode), named: bool, what: (&str, &str)) -> bool {
        let worlds: &[Option<bool>] = match mode {
            Mode::Surely => &[None],
            Mode::Perhaps => &[None, Some(false), Some(true)],
        };
        let mut worlds = worlds.iter();
        worlds.any(|mfa| self.allows(state, *mfa, named, what))
    }

    fn allows(
        &self,
        state: &State,
        mfa: Option<bool>,
        by_resource: bool,
        (action, resource): (&str, &str),
    ) -> bool {
        let it = &self.all[state.who];
        let own = it.says.iter();
        let own = own.chain(it.attached.iter().flat_map(|at| &self.managed[*at]));
        let of_groups = it.groups.iter().flat_map(|at| &self.groups[*at]);
        let joined = state.joined.iter().flat_map(|at| &self.groups[*at]);
        let applies = |says: &&Says| {
            let pattern = match it.user {
                true => says.resource.replace("${aws:username}", &it.name),
                false if says.resource.contains("${") => return false,
                false => says.resource.clone(),
            };
            let when = match says.when {
                When::Always => true,
                When::Mfa => mfa == Some(true),
                When::NoMfa => mfa != Some(true),
                When::Team(team) => it.team == Some(team),
                When::NotLike(arn) => !like(arn, &it.arn()),
            };
            let names = says.actions.iter().any(|it| like(it, action));
            names && like(&pattern, resource) && when
        };
        let documents = own.chain(of_groups).filter(|_| !state.bare).chain(joined);
        let named: Vec<&Says> = documents.filter(applies).collect();
        let passes = |says: &[Says]| {
            let named: Vec<&Says> = says.iter().filter(applies).collect();
            !named.is_empty() && named.iter().all(|it| it.allows)
        };
        let within = !it.bound || state.without_boundary || passes(&bound());
        let granted = by_resource || state.granted || named.iter().any(|it| it.allows);
        // Policies from above do not limit the management account.
        let above = it.account != MEMBER || self.levels.iter().all(|level| passes(level));
        granted && within && above && named.iter().all(|it| it.allows)
    }

    /// Whether it can be this other as it is.
    fn becomes(&self, state: (&State, Mode), other: usize) -> bool {
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
        any(&["iam:UpdateAssumeRolePolicy"]) || self.assumes(state, other)
    }

    /// A trust policy that names a principal of the same account is enough; one that names the account, or somebody of
    /// another, leaves it to that account's own policies.
    fn assumes(&self, state: (&State, Mode), other: usize) -> bool {
        let (it, who) = (&self.all[other], &self.all[state.0.who]);
        let near = it.account == who.account;
        let arn = it.arn();
        let named = match &it.trust {
            Trust::Account | Trust::Root if near => false,
            Trust::Whole(account, _) if *account == who.account => false,
            Trust::Named(all) if all.contains(&state.0.who) => near,
            Trust::Provider => return near && self.vouches(state),
            Trust::Service | Trust::Account | Trust::Root | Trust::Whole(..) | Trust::Named(_) => {
                return false;
            }
        };
        self.granted(state, named, ("sts:AssumeRole", &arn))
    }

    /// Trails have no policies that let other accounts in.
    fn stops(&self, state: (&State, Mode)) -> bool {
        self.all[state.0.who].account == MEMBER && self.can(state, "cloudtrail:StopLogging", TRAIL)
    }

    fn vouches(&self, state: (&State, Mode)) -> bool {
        let actions = [
            "iam:AddClientIDToOpenIDConnectProvider",
            "iam:CreateOpenIDConnectProvider",
        ];
        actions
            .iter()
            .any(|action| self.can(state, action, PROVIDER))
    }

    /// What it can change about somebody, all of which it may do at once, and the groups it can add a user to.
    fn changes(&self, state: (&State, Mode), other: usize) -> Vec<State> {
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
        let without_boundary = it.bound
            && (on(&arn, &["Delete", "Put"], &limit)
                || on(
                    BOUND,
                    &["CreatePolicyVersion", "SetDefaultPolicyVersion"],
                    "",
                ));
        for at in &it.attached {
            granted |= on(&managed_arn(*at), &["CreatePolicyVersion"], "");
        }
        let denies = |says: &[Says]| says.iter().any(|it| !it.allows);
        let denying: Vec<usize> = it
            .groups
            .iter()
            .copied()
            .filter(|at| denies(&self.groups[*at]))
            .collect();
        let own_denies = denies(&it.says);
        let attached: Vec<usize> = it
            .attached
            .iter()
            .copied()
            .filter(|at| denies(&self.managed[*at]))
            .collect();
        let bare = (own_denies || !denying.is_empty() || !attached.is_empty())
            && (!own_denies || on(&arn, &["Delete", "Put"], &own))
            && attached.iter().all(|at| {
                on(&arn, &["Detach"], &own) || on(&managed_arn(*at), &["CreatePolicyVersion"], "")
            })
            && denying.iter().all(|at| {
                on(&group(*at), &["Delete", "Put"], "GroupPolicy")
                    || self.can(state, "iam:RemoveUserFromGroup", &group(*at))
            });
        for set in 1..8 {
            let (grant, free, strip) = (set & 1 != 0, set & 2 != 0, set & 4 != 0);
            if (!grant || granted) && (!free || without_boundary) && (!strip || bare) {
                ways.push(State {
                    who: other,
                    granted: grant,
                    without_boundary: free,
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
                    if !free || without_boundary {
                        ways.push(State {
                            who: other,
                            granted: false,
                            bare: false,
                            without_boundary: free,
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
        let all = own.chain(self.groups.iter().chain(&self.managed).flatten());
        let named = all.map(|it| it.resource.replace('*', "new"));
        let made = named.filter(|it| it.contains(":role/") || it.contains(":user/"));
        let mut all: BTreeSet<String> = made.filter(|it| !it.contains("${")).collect();
        all.extend(["role/new", "user/new"].map(in_iam));
        all
    }

    /// Who can stop the trail, and whether by its own rights.
    pub(super) fn stop(&self, mode: Mode) -> BTreeMap<String, bool> {
        let plain = |who: usize| State {
            who,
            granted: false,
            bare: false,
            without_boundary: false,
            joined: BTreeSet::new(),
        };
        let mut all = BTreeMap::new();
        for who in 0..self.all.len() {
            let mut seen = BTreeSet::from([plain(who)]);
            let mut open = VecDeque::from([(plain(who), 0)]);
            let mut stops = self.stops((&plain(who), mode));
            let direct = stops;
            while let Some((state, steps)) = open.pop_front() {
                stops |= self.stops((&state, mode));
                if steps == STEPS {
                    continue;
                }
                let asked = (&state, mode);
                let untouched = state == plain(state.who);
                let mut next = Vec::new();
                // Whoever was changed changes itself further, and nobody else before it becomes them.
                for mut more in self.changes(asked, state.who) {
                    more.granted |= state.granted;
                    more.bare |= state.bare;
                    more.without_boundary |= state.without_boundary;
                    more.joined.extend(&state.joined);
                    next.push(more);
                }
                for other in 0..self.all.len() {
                    if other == state.who || !self.becomes(asked, other) {
                        continue;
                    }
                    next.push(plain(other));
                    if untouched {
                        next.extend(self.changes(asked, other));
                    }
                }
                // A new role, or a new user with keys, given every right.
                let can = |action: &str, arn: &str| self.can(asked, action, arn);
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
                        open.push_back((it, steps + 1));
                    }
                }
            }
            if stops {
                all.insert(self.all[who].name.clone(), direct);
            }
        }
        all
    }

    /// What is read of each account.
    pub(super) fn records(&self) -> Vec<Iam> {
        let of = |account: &str| self.all.iter().any(|it| it.account == account);
        let accounts = [MEMBER, ACCOUNT].into_iter().filter(|it| of(it));
        accounts.map(|it| self.record(it)).collect()
    }

    fn trust(&self, trust: &Trust, account: &str) -> String {
        let root = |account: &str| format!("arn:aws:iam::{account}:root");
        match trust {
            Trust::Service => trusts(r#"{"Service":"ec2.amazonaws.com"}"#),
            Trust::Account | Trust::Whole(_, false) | Trust::Root | Trust::Whole(_, true) => {
                let account = if let Trust::Whole(it, _) = trust {
                    it
                } else {
                    account
                };
                let by_arn = matches!(trust, Trust::Root | Trust::Whole(_, true));
                let name = if by_arn {
                    root(account)
                } else {
                    account.to_owned()
                };
                trusts(&json!({"AWS": name}).to_string())
            }
            Trust::Provider => trusts(&format!(r#"{{"Federated":"{PROVIDER}"}}"#))
                .replace("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"),
            Trust::Named(all) => {
                let all: Vec<String> = all.iter().map(|at| self.all[*at].arn()).collect();
                trusts(&json!({"AWS": all}).to_string())
            }
        }
    }

    fn record(&self, account: &str) -> Iam {
        record(account, |it| {
            if account == MEMBER {
                for (at, says) in self.groups.iter().enumerate() {
                    it.groups.push(Group {
                        arn: Arn::from(group(at)),
                        name: format!("g{at}"),
                        inline: vec![inline(&document(says))],
                        attached: Vec::new(),
                    });
                }
                for (at, says) in self.managed.iter().enumerate() {
                    it.policies.push(managed(&managed_arn(at), &document(says)));
                }
            }
            let limit = BOUND.replace(MEMBER, account);
            it.policies.push(managed(&limit, &document(&bound())));
            for one in self.all.iter().filter(|it| it.account == account) {
                let attached: Vec<Arn> = one
                    .attached
                    .iter()
                    .map(|at| managed_arn(*at).into())
                    .collect();
                let team = one.team.map(|it| ("team".to_owned(), it.to_owned()));
                let limit = one.bound.then(|| Arn::from(limit.as_str()));
                if one.user {
                    let mut user = user_of(account, &one.name);
                    user.groups = one.groups.iter().map(|at| format!("g{at}")).collect();
                    user.inline = one
                        .says
                        .first()
                        .map(|_| inline(&document(&one.says)))
                        .into_iter()
                        .collect();
                    user.boundary = limit;
                    user.attached = attached;
                    user.tags = team.into_iter().collect();
                    it.users.push(user);
                } else {
                    let mut role = role_of(account, &one.name, &document(&one.says));
                    role.boundary = limit;
                    role.attached = attached;
                    role.tags = team.into_iter().collect();
                    role.trust = self.trust(&one.trust, account);
                    it.roles.push(role);
                }
            }
        })
    }
}
