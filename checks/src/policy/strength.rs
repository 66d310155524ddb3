//! How hard a condition is to meet: by the easiest state of its key that meets it. Operator, negation, `IfExists`,
//! absence and value count together, not the name of the key.

use super::assignments;
use super::atoms::Atom;
use super::compile::Build;
use super::condition::Condition;
use super::context::{Key, Tri, Value, View};
use super::document::Effect;
use super::formula::Alternatives;
use super::instant;
use super::matcher::boolean;
use super::principal::CallerKind;
use std::collections::BTreeMap;

/// How hard a condition is to meet for somebody who wants to; the later, the harder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// It binds nobody: whoever does nothing special meets it.
    Unbound,
    /// The caller chooses it: treat as allowed.
    Choosable,
    /// It takes some effort, such as a certain network or a detour through a service.
    Weak,
    /// It takes what an attacker does not have, such as MFA.
    Strong,
}

/// A condition as part of a statement with this effect, and whether it must hold.
type Wanted<'a> = (&'a Condition, Effect, bool);

/// How hard the easiest of these alternatives is; nothing if there is none.
pub(super) fn of<R>(terms: &Alternatives, build: &Build<'_, R>) -> Option<Strength> {
    let hardest = |term: &std::collections::BTreeSet<(usize, bool)>| {
        let mut strength = Strength::Unbound;
        let mut keys: BTreeMap<&str, Vec<Wanted<'_>>> = BTreeMap::new();
        for (id, holds) in term {
            match build.atoms.get(*id) {
                Some(Atom::Condition { condition, effect }) => {
                    let own = keys.entry(condition.key.as_str()).or_default();
                    own.push((condition, *effect, *holds));
                }
                Some(Atom::Resource(_)) | None => strength = strength.max(Strength::Choosable),
            }
        }
        for (key, wanted) in keys {
            strength = strength.max(of_key(key, &wanted, build));
        }
        strength
    };
    terms.iter().map(hardest).min()
}

/// Whether requests of the caller may lack a key (in lower case).
pub(super) fn may_lack<R>(key: &str, build: &Build<'_, R>) -> bool {
    let caller = &build.request.caller;
    let role = caller.kind != CallerKind::User && caller.role_arn.is_some();
    // See `KeyOf::absent`.
    build.request.context.may_lack(key) && !(role && key == "aws:multifactorauthpresent")
}

/// All tests of one key together.
fn of_key<R>(key: &str, wanted: &[Wanted<'_>], build: &Build<'_, R>) -> Strength {
    let context = &build.request.context;
    let view = View::of(context);
    let conditions: Vec<&Condition> = wanted.iter().map(|(it, ..)| *it).collect();
    let mut states = assignments::states(context.key(key), &conditions, &view).unwrap_or_default();
    let clock = context.key("aws:currenttime");
    let now = if let Key::From(now) = clock {
        Some(now)
    } else {
        None
    };
    if key == "aws:tokenissuetime" {
        states.extend(now.map(|now| Some(Value::One(now.clone()))));
    }
    let of = KeyOf {
        key,
        conditions: &conditions,
        view: &view,
        now: now.and_then(|now| instant::seconds(now)),
        role: build.request.caller.kind != CallerKind::User
            && build.request.caller.role_arn.is_some(),
        own_session: matches!(context.key(key), Key::Like(_)),
    };
    let meets = |state: &Option<Value>| {
        let world = [(key, state.as_ref())];
        let view = View::in_world(context, &world);
        let as_wanted = |(condition, effect, holds): &Wanted<'_>| {
            condition.holds_in(*effect, &view) == Tri::from(*holds)
        };
        wanted.iter().all(as_wanted)
    };
    let met = states.iter().filter(|state| meets(state));
    let easiest = met.map(|state| of.state(state.as_ref())).min();
    // What could not be tried: as hard as a value that is listed.
    easiest.unwrap_or_else(|| of.listed())
}

/// What decides how hard a state of a key is to reach.
struct KeyOf<'k> {
    key: &'k str,
    conditions: &'k [&'k Condition],
    view: &'k View<'k>,
    now: Option<f64>,
    /// The caller is a session of a role.
    role: bool,
    /// The value is the caller's own but for the name of its session, which whoever assumes a role chooses.
    own_session: bool,
}

/// The caller sets it, or it is a parameter of the request.
fn is_chosen(key: &str) -> bool {
    let Some(global) = key.strip_prefix("aws:") else {
        return !is_of_services(key);
    };
    global.starts_with("requesttag/")
        || matches!(
            global,
            "useragent" | "referer" | "tagkeys" | "securetransport" | "requestedregion"
        )
}

/// Keys of services that the caller does not set.
fn is_of_services(key: &str) -> bool {
    matches!(
        key,
        "kms:viaservice" | "kms:calleraccount" | "s3:dataaccesspointaccount"
    )
}

impl KeyOf<'_> {
    /// How hard it is to be in this state.
    fn state(&self, state: Option<&Value>) -> Strength {
        if is_chosen(self.key) || self.own_session {
            return Strength::Choosable;
        }
        match state {
            None => self.absent(),
            Some(value) => self.value(value),
        }
    }

    fn absent(&self) -> Strength {
        match self.key {
            // Long-term keys carry no word on MFA. Sessions of a role always do: "included in the request context
            // only when the principal uses temporary security credentials" (IAM User Guide, global condition keys).
            "aws:multifactorauthpresent" if self.role => Strength::Strong,
            // Through a VPC endpoint, or by a service.
            "aws:sourceip" => Strength::Weak,
            tag if is_tag(tag) => Strength::Choosable,
            _ => Strength::Unbound,
        }
    }

    fn value(&self, value: &Value) -> Strength {
        let text = value.all().first().map_or("", String::as_str);
        let is_true = boolean(text) == Some(true);
        match self.key {
            "aws:multifactorauthpresent" if !is_true => Strength::Unbound,
            "aws:viaawsservice" if is_true => Strength::Weak,
            "aws:viaawsservice" => Strength::Unbound,
            "aws:currenttime" | "aws:epochtime" | "aws:tokenissuetime" => self.time(text),
            "aws:sourceip" => self.address(text),
            "aws:sourcevpc" | "aws:sourcevpce" | "aws:vpcsourceip" if !self.lists(value) => {
                Strength::Weak
            }
            key if is_tag(key) && !self.lists(value) => Strength::Choosable,
            key if key.starts_with("aws:calledvia") && self.lists(value) => Strength::Weak,
            key if is_of_services(key) => Strength::Weak,
            "aws:multifactorauthpresent" | "aws:multifactorauthage" => Strength::Strong,
            "aws:sourceidentity" | "aws:federatedprovider" => Strength::Strong,
            _ if self.lists(value) => Strength::Strong,
            // Every caller and resource has some value of these.
            key if key.starts_with("aws:principal")
                || key.starts_with("aws:resource")
                || matches!(key, "aws:userid" | "aws:username") =>
            {
                Strength::Unbound
            }
            _ => Strength::Weak,
        }
    }

    /// A value that some condition asks for.
    fn listed(&self) -> Strength {
        match self.key {
            key if is_chosen(key) => Strength::Choosable,
            "aws:sourceip" | "aws:viaawsservice" | "aws:currenttime" | "aws:epochtime" => {
                Strength::Weak
            }
            key if key.starts_with("aws:calledvia") || is_of_services(key) => Strength::Weak,
            _ => Strength::Strong,
        }
    }

    fn lists(&self, value: &Value) -> bool {
        self.conditions.iter().any(|it| it.lists(value, self.view))
    }

    /// Now is for everybody; later takes waiting. A token can be had now, and not in the past.
    fn time(&self, text: &str) -> Strength {
        match (self.now, instant::seconds(text)) {
            (Some(now), Some(at)) if (at - now).abs() < 0.5 => Strength::Unbound,
            (Some(now), Some(at)) if at > now => Strength::Weak,
            (None, Some(_)) => Strength::Weak,
            (Some(_) | None, Some(_) | None) => Strength::Strong,
        }
    }

    /// Outside the ranges that conditions list is nearly everybody; so is inside where they are half of all addresses.
    fn address(&self, text: &str) -> Strength {
        let Ok(address) = text.parse() else {
            return Strength::Strong;
        };
        let mut ranges = Vec::new();
        for condition in self.conditions {
            ranges.extend(condition.ranges(self.view));
        }
        let inside = ranges.iter().any(|it| it.contains(address));
        // Shares of all addresses of the family; ranges within each other count twice, which hides nothing.
        let same = ranges
            .iter()
            .filter(|it| it.address.is_ipv4() == address.is_ipv4());
        let share: f64 = same.map(|it| (-f64::from(it.prefix)).exp2()).sum();
        if inside && share < 0.5 {
            Strength::Weak
        } else {
            Strength::Unbound
        }
    }
}

fn is_tag(key: &str) -> bool {
    key.starts_with("aws:principaltag/") || key.starts_with("aws:resourcetag/")
}
