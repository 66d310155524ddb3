//! Whom a Deny binds: every principal that may exist, kind by kind, not one example.
//!
//! A Deny protects when no principal of the account escapes it but those that it exempts by name. So each kind of
//! principal (root user, IAM users, federated users, roles of any name, path and tag) is evaluated over all the ARNs that
//! it can have, less the names that the policies exempt one by one. Service-linked roles are left out: no SCP or RCP
//! binds them.
//!
//! Assumed about AWS (docs/policies.md has the sources): `aws:PrincipalArn` of a session is the ARN of its role, path
//! included; of a federated user session it is `arn:aws:sts::ACCOUNT:federated-user/NAME`; tags of a principal and of a
//! session may hold any value.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::policy::posture;
use crate::policy::{
    Caller, CallerKind, Condition, Context, Document, Effect, Key, Principal, Statement, Test,
    Value as Words, Verdict,
};

/// A kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The account's root user.
    Root,
    /// IAM users.
    User,
    /// Sessions that `sts:GetFederationToken` makes of a user.
    FederatedUser,
    /// Roles of any name and path, those of IAM Identity Center among them.
    Role,
    /// Callers without credentials.
    Anonymous,
}

/// All that an account has.
pub const OF_AN_ACCOUNT: [Kind; 4] = [Kind::Root, Kind::User, Kind::FederatedUser, Kind::Role];
/// Those, and callers without credentials.
pub const ANYONE: [Kind; 5] = [
    Kind::Root,
    Kind::User,
    Kind::FederatedUser,
    Kind::Role,
    Kind::Anonymous,
];

impl Kind {
    /// As messages name them.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Kind::Root => "the root user",
            Kind::User => "IAM users",
            Kind::FederatedUser => "federated users",
            Kind::Role => "roles",
            Kind::Anonymous => "anonymous callers",
        }
    }
}

/// Whom the Denies of some policies exempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exemptions {
    /// Principals that are named one by one, as written.
    pub named: BTreeSet<String>,
    /// Everything else: wildcards, tags, accounts, kinds of principals.
    pub wide: BTreeSet<String>,
    /// ARNs of one role or user in an account; the account may be a wildcard.
    arns: BTreeSet<(String, String)>,
    external: bool,
    ids: BTreeSet<String>,
    usernames: BTreeSet<String>,
    /// What else the policies compare `aws:PrincipalArn` with, one value each.
    patterns: BTreeSet<Condition>,
    /// The root user is exempt by name.
    pub root: bool,
}

impl Exemptions {
    /// Of the statements that deny one of these actions.
    ///
    /// `external`: for principals of other organizations. Anybody can give a role of theirs any name: only one in an
    /// account that is named is named itself.
    #[must_use]
    pub fn of<'d>(
        documents: impl IntoIterator<Item = &'d Document>,
        actions: &[&str],
        external: bool,
    ) -> Self {
        let mut all = Self {
            external,
            ..Self::default()
        };
        let statements = documents.into_iter().flat_map(|it| &it.statements);
        for statement in statements {
            if actions.iter().any(|it| statement.actions.matches(it)) {
                if statement.effect == Effect::Deny {
                    all.add(statement);
                }
                let patterns = all.patterns_of(statement);
                all.patterns.extend(patterns);
            }
        }
        all
    }

    /// The roles and users that are exempt by their ARN in an account, each as it follows the account there:
    /// `role/ops/break-glass`.
    pub fn in_account(&self, account: &str) -> BTreeSet<&str> {
        let here = self
            .arns
            .iter()
            .filter(|(of, _)| is_pattern(of) || of == account);
        here.map(|(_, name)| name.as_str()).collect()
    }

    /// The users that are exempt by their name, of any path, in every account.
    pub fn usernames(&self) -> &BTreeSet<String> {
        &self.usernames
    }

    /// The unique ids that are exempt.
    pub fn ids(&self) -> &BTreeSet<String> {
        &self.ids
    }

    /// The same, in any account.
    pub fn anywhere(&self) -> BTreeSet<&str> {
        self.arns.iter().map(|(_, name)| name.as_str()).collect()
    }

    /// An ARN of this shape for each way in which the policies can tell such ARNs apart.
    fn arns_like(&self, shape: &str, context: &Context) -> Key {
        let any = || Key::Any {
            may_be_absent: false,
        };
        let mut patterns: Vec<Condition> = self.patterns.iter().cloned().collect();
        // A text that is itself the name of an exempt principal stands for nobody else: tell it apart, and look again.
        loop {
            let all: Vec<&Condition> = patterns.iter().collect();
            let Some(arns) = posture::values_within(&all, context, shape) else {
                return any();
            };
            let (named, others): (Vec<String>, Vec<String>) =
                arns.into_iter().partition(|it| self.names(it));
            let told = |arn: &String| all.iter().any(|it| it.values.contains(arn));
            let new: Vec<String> = named.into_iter().filter(|it| !told(it)).collect();
            if new.is_empty() {
                let states = others.into_iter().map(|it| Some(Words::One(it)));
                return Key::OneOf(states.collect());
            }
            let literal =
                |arn| Condition::new("StringEquals", "aws:PrincipalArn", vec![arn], false);
            patterns.extend(new.into_iter().map(literal));
        }
    }

    /// What a statement compares `aws:PrincipalArn` with, but the names of single principals.
    fn patterns_of(&self, statement: &Statement) -> Vec<Condition> {
        let conditions = statement.conditions.iter();
        let about = conditions.filter(|it| it.key == "aws:principalarn");
        let one = |condition: &Condition, value: &String| {
            Condition::new(
                &condition.operator_name,
                &condition.key,
                vec![value.clone()],
                true,
            )
        };
        let patterns = about.flat_map(|it| {
            let values = it.values.iter().filter(|value| self.one(value).is_none());
            values.map(|value| one(it, value)).collect::<Vec<_>>()
        });
        patterns.collect()
    }

    /// Account and name of the one principal that an ARN names in each account.
    fn one(&self, arn: &str) -> Option<(String, String)> {
        one_of_iam(arn).filter(|(account, _)| !self.external || !is_pattern(account))
    }

    fn names(&self, arn: &str) -> bool {
        let (account, name) = fields(arn);
        let named =
            |(of, exempt): &(String, String)| exempt == name && (is_pattern(of) || of == account);
        self.arns.iter().any(named)
    }

    fn add(&mut self, statement: &Statement) {
        if let Some(set) = statement.principals.as_ref().filter(|it| it.negated) {
            for member in &set.members {
                self.spare(member);
            }
        }
        for condition in &statement.conditions {
            self.exempt(condition);
        }
    }

    /// A member of `NotPrincipal`.
    fn spare(&mut self, member: &Principal) {
        match member {
            Principal::Aws(arn) => match one_of_iam(arn) {
                Some(one) => {
                    self.arns.insert(one);
                    self.named.insert(arn.clone());
                }
                None => {
                    self.named.insert(arn.clone());
                }
            },
            // Listing an account spares its root user, not its principals.
            Principal::Account(id) => {
                self.root = true;
                self.named.insert(format!("the root user of {id}"));
            }
            Principal::Everyone => {
                self.wide.insert("everyone".to_owned());
            }
            Principal::Service(name) | Principal::Federated(name) => {
                self.named.insert(name.clone());
            }
            Principal::CanonicalUser(id) => {
                self.wide.insert(format!("account with canonical id {id}"));
            }
        }
    }

    fn exempt(&mut self, condition: &Condition) {
        let exempts = condition.operator.negated;
        for value in &condition.values {
            let named = match condition.key.as_str() {
                "aws:principalarn" => match self.one(value) {
                    Some(one) => {
                        self.arns.insert(one);
                        true
                    }
                    None => {
                        self.root |= exempts && value.ends_with(":root");
                        value.ends_with(":root") && !fields(value).1.contains(['*', '?'])
                    }
                },
                "aws:userid" => is_one_id(value)
                    .then(|| self.ids.insert(value.clone()))
                    .is_some(),
                "aws:username" if condition.operator.test != Test::Arn && !is_pattern(value) => {
                    self.usernames.insert(value.clone());
                    true
                }
                _ => false,
            };
            if named && exempts {
                self.named.insert(value.clone());
            } else if !named && is_about_principals(&condition.key) {
                let key = &condition.key_name;
                let text = match exempts {
                    true if condition.key == "aws:principalarn" => value.clone(),
                    true => format!("{key} {value}"),
                    false => format!("all but {key} {value}"),
                };
                self.wide.insert(text);
            }
        }
    }
}

fn is_about_principals(key: &str) -> bool {
    // Network, time and the like bind nobody in particular: the verdict names what is left.
    (key.starts_with("aws:principal") && key != "aws:principalisawsservice")
        || key == "aws:userid"
        || key == "aws:username"
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?']) || text.contains("${")
}

/// Account and name of the one role or user that an ARN names in each account that its fourth field allows.
fn one_of_iam(arn: &str) -> Option<(String, String)> {
    let (account, name) = fields(arn);
    let rest = name.strip_prefix("role/").or(name.strip_prefix("user/"))?;
    let whole = !rest.is_empty() && !rest.ends_with('/') && !is_pattern(rest);
    whole.then(|| (account.to_owned(), name.to_owned()))
}

/// The account of an ARN, and what follows it.
fn fields(arn: &str) -> (&str, &str) {
    let mut fields = arn.rsplitn(2, ':');
    let name = fields.next().unwrap_or_default();
    let account = fields.next().and_then(|it| it.rsplit(':').next());
    (account.unwrap_or_default(), name)
}

/// The unique id of one role, with any session, or of one user.
fn is_one_id(text: &str) -> bool {
    let (id, session) = text.split_once(':').unwrap_or((text, ""));
    let letters = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit();
    let kind = id.starts_with("AROA") || id.starts_with("AIDA");
    kind && id.len() >= 16 && id.chars().all(letters) && !session.contains("${")
}

/// Where principals come from.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    /// The partition.
    pub partition: &'a str,
    /// The account.
    pub account: &'a str,
    /// The organization's id, where it is known.
    pub organization: Option<&'a str>,
    /// They do not belong to it.
    pub external: bool,
    /// The units over the account, as `aws:PrincipalOrgPaths` writes them.
    pub path: Option<&'a str>,
}

/// All principals of one kind, as one caller.
#[derive(Debug)]
pub struct Probe {
    /// The kind.
    pub kind: Kind,
    /// Somebody whom no policy names.
    pub caller: Caller,
    /// What is known of their requests.
    pub context: Context,
    /// Grants everything, to principals of the kind that are not exempt by name.
    pub everything: Document,
    /// The same as the policy of a resource.
    pub open: Document,
}

impl Home<'_> {
    /// The principals of these kinds, less those that are exempt by name.
    ///
    /// `unnamed` is a name that no policy in question uses.
    #[must_use]
    pub fn probes(&self, kinds: &[Kind], exempt: &Exemptions, unnamed: &str) -> Vec<Probe> {
        let probe = |kind: &Kind| self.probe(*kind, exempt, unnamed);
        kinds.iter().filter_map(probe).collect()
    }

    fn probe(&self, kind: Kind, exempt: &Exemptions, unnamed: &str) -> Option<Probe> {
        let Self {
            partition, account, ..
        } = self;
        let iam = format!("arn:{partition}:iam::{account}:");
        let sts = format!("arn:{partition}:sts::{account}:");
        let (caller, shape) = match kind {
            Kind::Root => {
                let arn = format!("{iam}root");
                (Caller::new(CallerKind::Root, &arn, account), arn)
            }
            Kind::User => {
                let arn = format!("{iam}user/{unnamed}");
                let caller = Caller::new(CallerKind::User, &arn, account);
                (caller, format!("{iam}user/?*"))
            }
            Kind::FederatedUser => {
                let arn = format!("{sts}federated-user/{unnamed}");
                let caller = Caller::new(CallerKind::User, &arn, account);
                (caller, format!("{sts}federated-user/?*"))
            }
            Kind::Role => {
                let arn = format!("{sts}assumed-role/{unnamed}/session");
                let mut caller = Caller::new(CallerKind::AssumedRole, &arn, account);
                caller.role_arn = Some(format!("{iam}role/{unnamed}"));
                (caller, format!("{iam}role/?*"))
            }
            Kind::Anonymous => (Caller::anonymous(), String::new()),
        };
        let mut context = Context::of_caller(&caller);
        match kind {
            Kind::Root => context = context.with("aws:userid", account),
            Kind::User | Kind::FederatedUser | Kind::Role => {
                context.set("aws:PrincipalArn", exempt.arns_like(&shape, &context));
            }
            Kind::Anonymous => {}
        }
        if kind == Kind::User {
            let any = Key::Any {
                may_be_absent: false,
            };
            context.set("aws:username", any);
        }
        if matches!(kind, Kind::Root | Kind::Anonymous) {
            context.close("aws:PrincipalTag/");
        }
        if kind != Kind::Anonymous {
            self.organization(&mut context);
        }
        let conditions = self.conditions(kind, &shape, exempt);
        let mut allow = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": conditions}});
        let everything = Document::parse(&allow.to_string()).ok()?;
        if let Some(statement) = allow.get_mut("Statement") {
            put(statement, "Principal", json!("*"));
        }
        let open = Document::parse(&allow.to_string()).ok()?;
        Some(Probe {
            kind,
            caller,
            context,
            everything,
            open,
        })
    }

    fn organization(&self, context: &mut Context) {
        let one = |text: &str| Key::Known(Words::One(text.to_owned()));
        if self.external {
            // Of another organization, or of none.
            context.set(
                "aws:PrincipalOrgID",
                Key::Any {
                    may_be_absent: true,
                },
            );
            let other = Words::Many(vec!["o-0000000000/r-0000/ou-0000-00000000/".to_owned()]);
            context.set("aws:PrincipalOrgPaths", Key::OneOf(vec![None, Some(other)]));
            return;
        }
        if let Some(id) = self.organization {
            context.set("aws:PrincipalOrgID", one(id));
        }
        if let Some(path) = self.path {
            let path = Words::Many(vec![path.to_owned()]);
            context.set("aws:PrincipalOrgPaths", Key::Known(path));
        }
    }

    /// What holds for each principal of the kind, as conditions.
    fn conditions(&self, kind: Kind, shape: &str, exempt: &Exemptions) -> Value {
        let Self {
            partition, account, ..
        } = self;
        let mut conditions = json!({});
        let ours = |of: &str| of == *account || is_pattern(of);
        let names = exempt.arns.iter().filter(|(of, _)| ours(of));
        let arns: Vec<String> = names
            .map(|(_, name)| format!("arn:{partition}:iam::{account}:{name}"))
            .collect();
        let mut not_equals = json!({});
        match kind {
            Kind::Root | Kind::Anonymous => {}
            Kind::User | Kind::FederatedUser | Kind::Role => {
                put(
                    &mut conditions,
                    "ArnLike",
                    json!({"aws:PrincipalArn": shape}),
                );
                if !arns.is_empty() {
                    put(&mut not_equals, "aws:PrincipalArn", json!(arns));
                }
                // No name holds a star or a question mark: what compares with one literally exempts nobody.
                let mut unlike = json!({"aws:PrincipalArn": ["*${*}*", "*${?}*"]});
                if !exempt.ids.is_empty() {
                    put(&mut unlike, "aws:userid", json!(exempt.ids));
                }
                put(&mut conditions, "StringNotLike", unlike);
            }
        }
        if kind == Kind::Role {
            let linked = format!("arn:{partition}:iam::{account}:role/aws-service-role/*");
            put(
                &mut conditions,
                "ArnNotLike",
                json!({"aws:PrincipalArn": linked}),
            );
        }
        if kind == Kind::User && !exempt.usernames.is_empty() {
            put(&mut not_equals, "aws:username", json!(exempt.usernames));
        }
        if let Some(id) = self.organization.filter(|_| self.external)
            && kind != Kind::Anonymous
        {
            put(&mut not_equals, "aws:PrincipalOrgID", json!(id));
        }
        put(&mut conditions, "StringNotEquals", not_equals);
        conditions
    }
}

fn put(object: &mut Value, key: &str, value: Value) {
    let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
    if let Some(map) = object.as_object_mut().filter(|_| !empty) {
        map.insert(key.to_owned(), value);
    }
}

/// What a Deny leaves of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Denied only if it is to principals of every kind.
    pub verdict: Verdict,
    /// The kinds that are not denied it.
    pub kinds: Vec<Kind>,
}

/// What is left to these principals, each evaluated by `decide`.
///
/// Nobody evaluated is never denied.
pub fn left(probes: &[Probe], decide: impl Fn(&Probe) -> Verdict) -> Left {
    let mut all = Left {
        verdict: match probes.is_empty() {
            true => Verdict::Unknown,
            false => Verdict::Denied,
        },
        kinds: Vec::new(),
    };
    for probe in probes {
        match decide(probe) {
            Verdict::Denied => {}
            Verdict::Unknown if all.kinds.is_empty() => all.verdict = Verdict::Unknown,
            Verdict::Unknown => {}
            verdict @ (Verdict::Allowed | Verdict::Conditional) => {
                all.verdict = verdict;
                all.kinds.push(probe.kind);
            }
        }
    }
    all
}

/// A name that none of these documents uses for a principal.
#[must_use]
pub fn unnamed<'d>(documents: impl IntoIterator<Item = &'d Document>) -> String {
    let statements = documents.into_iter().flat_map(|it| &it.statements);
    let sets = statements.filter_map(|it| it.principals.as_ref());
    let members: Vec<&Principal> = sets.flat_map(|it| &it.members).collect();
    let used = |name: &str| {
        let is_used = |it: &&&Principal| matches!(it, Principal::Aws(arn) if arn.contains(name));
        members.iter().any(|it| is_used(&it))
    };
    let mut name = "any-other".to_owned();
    while used(&name) {
        name.push('x');
    }
    name
}
