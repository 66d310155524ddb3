//! The machine that follows a chain: it says what it needs, is given it, and decides.

mod issue;
mod kinds;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::MAX_HOPS;
use super::agree::contradiction;
use super::caller::Caller;
use super::issue::FEDERATION_CALLS;
use super::need::{Cover, Found, Need, What, is_void};
use super::told::{Candidate, Contradiction, Disagreement, Hop, Offer, Rule, State, Who, Whom};

/// Credentials that STS issues end after 36 hours at the latest.
const LONGEST: SignedDuration = SignedDuration::from_hours(36);
/// A token of IAM Identity Center ends after an hour.
const TOKEN: SignedDuration = SignedDuration::from_hours(1);
/// Where calls go that name no region.
const GLOBAL: &str = "us-east-1";
const PERMISSION_SET: &str = "AWSReservedSSO_";

/// One chain that is being followed.
#[derive(Debug)]
pub struct Chase {
    steps: Vec<Step>,
    contradictions: Vec<Contradiction>,
    candidates: Vec<Candidate>,
    next: BTreeSet<Offer>,
    seen: BTreeSet<String>,
    need: Option<Need>,
    /// Where the session of the last record was looked for, and how far that can be relied on.
    looked: Vec<(Stage, Cover)>,
    /// How it ended, once it has.
    end: Option<(State, String)>,
    actor: Option<Whom>,
    /// The subject of an assertion, as a readable name of the user of IAM Identity Center.
    subject: Option<String>,
}

#[derive(Debug)]
struct Step {
    hop: Hop,
    caller: Caller,
}

/// Where a session's issue is looked for, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// In the second in which it began, in its own account.
    Second,
    /// In that second, in every other account: the caller's copy.
    Elsewhere,
    /// By its key in all the time that it could have been issued.
    Key,
}

impl Chase {
    /// Begins with a record. None if its bytes are no record.
    #[must_use]
    pub fn new(found: &Found) -> Option<Self> {
        let caller = Caller::of(found)?;
        let mut chase = Self {
            steps: Vec::new(),
            contradictions: Vec::new(),
            candidates: Vec::new(),
            next: BTreeSet::new(),
            seen: BTreeSet::new(),
            need: None,
            looked: Vec::new(),
            end: None,
            actor: None,
            subject: None,
        };
        chase.push(caller, None);
        chase.decide();
        Some(chase)
    }

    /// What is needed to go on; none when the chain has ended.
    #[must_use]
    pub fn wants(&self) -> Option<&Need> {
        self.need.as_ref()
    }

    /// Takes what was found for [`Self::wants`]. Records that do not fit are left out.
    pub fn give(&mut self, found: &[Found], cover: Cover) {
        let Some(need) = self.need.take() else {
            return;
        };
        if let Some(step) = self.steps.last_mut() {
            step.hop.logs_read += cover.logs;
        }
        let fits = |it: &&Found| {
            crate::events::Record::read(&it.record).is_some_and(|record| need.fits(&record))
        };
        let callers = found.iter().filter(fits).filter_map(Caller::of);
        let mut callers: Vec<Caller> = callers.collect();
        callers.sort_by_key(|it| (it.event.time, it.event.id.clone(), it.event.at.clone()));
        match &need.what {
            What::Issued(wanted) => self.issued(wanted, callers, cover),
            What::Shared(_) => self.shared(callers, &cover),
            What::Token(_) => {
                // The application is beside the actor: its own chain can be asked for.
                let token = callers.into_iter().find(|it| !is_void(it.event.proof));
                if let (Some(token), Some(step)) = (token, self.steps.last_mut()) {
                    step.hop.application = Some(token.event);
                }
                self.finish_as(State::Resolved, "a user of IAM Identity Center");
            }
            What::Access { .. } => {
                let access = callers.into_iter().find(|it| !is_void(it.event.proof));
                if let (Some(access), Some(step)) = (access, self.steps.last_mut()) {
                    step.hop.access = Some(access.event);
                }
                self.end_at_provider();
            }
        }
    }

    /// The answer. A chain that still wants something is open.
    #[must_use]
    pub fn finish(mut self) -> Who {
        if self.end.is_none() {
            let why = match &self.need {
                Some(need) => format!("not looked for: {}", need.words()),
                None => "not followed to its end".to_owned(),
            };
            self.end = Some((State::Open, why));
        }
        let (state, why) = self.end.unwrap_or((State::Open, String::new()));
        let (state, why) = match self.steps.first().map(|it| it.hop.event.proof) {
            Some(proof) if is_void(proof) => {
                let why = format!("the event itself is {}: {why}", proof.word());
                (State::Unverified, why)
            }
            Some(_) | None => (state, why),
        };
        if let Some(step) = self.steps.last_mut() {
            step.hop.state = state;
            let ended = state == State::Resolved && step.hop.ended_by.is_none();
            step.hop.ended_by = step.hop.ended_by.or(ended.then_some(Rule::Written));
        }
        // Behind what proves nothing nobody is proven.
        let solid = self.steps.iter().rfind(|it| !is_void(it.hop.event.proof));
        let last = solid
            .or(self.steps.first())
            .map(|it| it.caller.actor.clone());
        let mut actor = self.actor.or(last).unwrap_or(Whom {
            kind: "unknown".to_owned(),
            id: "unknown".to_owned(),
            name: None,
        });
        if actor.name.is_none() && actor.kind == "identity-center-user" {
            actor.name = self.subject;
        }
        let proofs = self.steps.iter().map(|it| it.hop.event.proof);
        let proofs = proofs.chain(self.candidates.iter().map(|it| it.event.proof));
        let proof = proofs.reduce(|a, b| a.weaker(b));
        let hops: Vec<Hop> = self.steps.into_iter().map(|it| it.hop).collect();
        Who {
            state,
            why,
            actor,
            proof: proof.unwrap_or(crate::events::Proof::Unverified(
                crate::events::Reason::NotDelivered,
            )),
            contradictions: self.contradictions,
            candidates: self.candidates,
            next: self.next.into_iter().collect(),
            logs_read: hops.iter().map(|it| it.logs_read).sum(),
            hops,
        }
    }

    fn last(&self) -> Option<&Caller> {
        self.steps.last().map(|it| &it.caller)
    }

    fn push(&mut self, caller: Caller, rule: Option<Rule>) {
        if let Some(step) = self.steps.last_mut() {
            step.hop.state = State::Resolved;
        }
        self.looked.clear();
        self.steps.push(Step {
            hop: Hop {
                event: caller.event.clone(),
                rules: rules(&caller, rule),
                ended_by: None,
                state: State::Open,
                identity: caller.written.clone(),
                session: caller.session.clone(),
                by_service: caller.by_service.clone(),
                delegate: caller.delegate.clone(),
                access: None,
                application: None,
                switched: None,
                logs_read: 0,
            },
            caller,
        });
    }

    fn finish_as(&mut self, state: State, why: impl Into<String>) {
        self.need = None;
        self.end = Some((state, why.into()));
    }

    fn ended_by(&mut self, rule: Rule) {
        if let Some(step) = self.steps.last_mut() {
            step.hop.ended_by = Some(rule);
        }
    }

    /// What the last record leads to.
    fn decide(&mut self) {
        let Some(caller) = self.last().cloned() else {
            return;
        };
        if is_void(caller.event.proof) && self.steps.len() > 1 {
            let why = format!(
                "the log of event {} is {}: what it says of its caller proves nothing",
                named(&caller),
                caller.event.proof.word()
            );
            return self.finish_as(State::Unverified, why);
        }
        if self.steps.len() > MAX_HOPS {
            let why = format!("not followed beyond {MAX_HOPS} hops");
            return self.finish_as(State::Open, why);
        }
        if !self.seen.insert(session_of(&caller)) {
            let on = Disagreement::Cycle;
            let same = caller.event.id.clone().unwrap_or_default();
            self.contradictions.push(contradiction(
                on,
                &same,
                "another session",
                &caller,
                &caller,
            ));
            return self.finish_as(State::Open, on.words());
        }
        if let Some((_, store)) = &caller.behalf {
            // The record itself names the user: that wins over all that leads there.
            if self.actor.is_none() && !store.is_empty() {
                self.actor = Some(caller.actor.clone());
            }
        }
        if caller.is("AssumedRole") {
            self.role(&caller);
        } else if caller.is("Root") {
            self.root(&caller);
        } else if caller.is("IAMUser") {
            self.user(&caller);
        } else if caller.is("FederatedUser") {
            self.look(Stage::Second, FEDERATION_CALLS);
        } else if caller.is("SAMLUser") || caller.is("WebIdentityUser") {
            self.federated(&caller);
        } else if caller.is("IdentityCenterUser") || caller.is("IdentityStoreUser") {
            self.center_user(&caller);
        } else if caller.is("AWSAccount") {
            self.other_account(&caller);
        } else if caller.is("AWSService") {
            self.service(&caller);
        } else {
            let why = match &caller.written.kind {
                Some(kind) => format!("the identity is of type {kind}, which leads no further"),
                None => "the record has no identity".to_owned(),
            };
            self.finish_as(State::Resolved, why);
        }
    }
}

/// How a call was found, and what it is besides.
fn rules(call: &Caller, found: Option<Rule>) -> Vec<Rule> {
    let center = call
        .role
        .as_ref()
        .is_some_and(|it| it.contains(PERMISSION_SET));
    let is = |name: &str| call.event.name.eq_ignore_ascii_case(name);
    let by_provider = is("AssumeRoleWithSAML") || is("AssumeRoleWithWebIdentity");
    let more = match (by_provider && found.is_some(), center) {
        (true, true) => Some(Rule::IdentityCenter),
        (true, false) => Some(Rule::WebIdentity),
        (false, _) => None,
    };
    found.into_iter().chain(more).collect()
}

/// What tells sessions apart: principal and beginning; a record without a session is itself.
fn session_of(caller: &Caller) -> String {
    let own = || match &caller.event.id {
        Some(id) => id.clone(),
        None => format!("{:?}", caller.event.at),
    };
    match (&caller.written.principal_id, caller.since) {
        (Some(principal), Some(since)) if !caller.is("AWSAccount") => {
            format!("{principal} {since} {:?}", caller.key)
        }
        _ => own(),
    }
}

fn named(caller: &Caller) -> String {
    caller
        .event
        .id
        .clone()
        .unwrap_or_else(|| caller.event.name.clone())
}

/// The event's region first, then that of calls which name none.
fn regions(caller: &Caller) -> Vec<String> {
    let own = caller.event.region.clone();
    let mut regions: Vec<String> = own.into_iter().collect();
    if !regions.iter().any(|it| it == GLOBAL) {
        regions.push(GLOBAL.to_owned());
    }
    regions
}

fn before(time: Timestamp, seconds: i64) -> Timestamp {
    let earlier = time.checked_sub(SignedDuration::from_secs(seconds));
    earlier.unwrap_or(time)
}

fn after(time: Timestamp, seconds: i64) -> Timestamp {
    let later = time.checked_add(SignedDuration::from_secs(seconds));
    later.unwrap_or(time)
}
