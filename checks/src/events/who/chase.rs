//! The machine that follows a chain: it says what it needs, is given it, and decides.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::agree::{compare, contradiction};
use super::caller::Caller;
use super::issue::{ASSUME_ROOT, FEDERATION_CALLS, Issue, ROLE_CALLS, ROOT_CALLS, USER_CALLS};
use super::need::{Cover, Found, Need, Wanted, What, is_void};
use super::told::{Candidate, Contradiction, Disagreement, Hop, Offer, Rule, State, Who, Whom};
use super::{MAX_HOPS, SLACK};

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

    fn role(&mut self, caller: &Caller) {
        if let Some(resource) = &caller.issued_to {
            // AWS writes it; nobody can choose it.
            let resource = resource.clone();
            return self.resource(
                resource,
                "the record names what the credentials were issued to",
            );
        }
        // So does the metadata service of an instance, and the session's name is the instance's.
        let instance = caller.session_name().filter(|it| it.starts_with("i-"));
        if let (Some(_), Some(instance)) = (&caller.ec2_delivery, instance) {
            let why = "the instance's metadata service delivered the credentials";
            return self.resource(instance.to_owned(), why);
        }
        self.look(Stage::Second, ROLE_CALLS);
    }

    /// Credentials that a service issued to a resource.
    fn resource(&mut self, resource: String, why: &str) {
        let calls: &[&str] = if resource.contains(":function") {
            &["CreateFunction", "UpdateFunctionCode"]
        } else if resource.contains(":task/") {
            &["RunTask", "StartTask", "UpdateService"]
        } else if resource.contains("i-") {
            &[
                "RunInstances",
                "StartInstances",
                "AssociateIamInstanceProfile",
            ]
        } else {
            &[]
        };
        if !calls.is_empty() {
            self.next.insert(Offer::ResourceChanged {
                resource: resource.clone(),
                calls: calls.iter().map(|it| (*it).to_owned()).collect(),
            });
        }
        if self.actor.is_none() {
            self.actor = Some(Whom {
                kind: "resource".to_owned(),
                id: resource,
                name: None,
            });
        }
        self.ended_by(Rule::ServiceCredentials);
        self.finish_as(State::Resolved, why);
    }

    fn root(&mut self, caller: &Caller) {
        if caller.assumed_root {
            self.look(Stage::Elsewhere, ASSUME_ROOT);
        } else if caller.has_temporary_key() {
            self.look(Stage::Second, ROOT_CALLS);
        } else {
            self.finish_as(State::Resolved, "the root user of the account");
        }
    }

    fn user(&mut self, caller: &Caller) {
        if let Some(key) = caller.key.as_ref().filter(|it| it.starts_with("AKIA")) {
            self.next.insert(Offer::KeyMade { key: key.clone() });
        }
        let begins = caller.event.name.eq_ignore_ascii_case("ConsoleLogin");
        let in_session = caller.has_temporary_key() || (caller.since.is_some() && !begins);
        if in_session && !caller.key.as_ref().is_some_and(|it| it.starts_with("AKIA")) {
            self.look(Stage::Second, USER_CALLS);
        } else {
            self.finish_as(State::Resolved, "a user of the account");
        }
    }

    /// The subject of a provider. Its account's record ends here: the provider has a log of its own.
    fn federated(&mut self, caller: &Caller) {
        let center = caller
            .role
            .as_ref()
            .is_some_and(|it| it.contains(PERMISSION_SET));
        if !center {
            let provider = caller.provider.clone();
            let provider = provider.or_else(|| caller.written.principal_id.clone());
            let provider = provider.unwrap_or_else(|| "unknown".to_owned());
            self.next.insert(Offer::Provider {
                provider: provider.clone(),
            });
            self.ended_by(Rule::WebIdentity);
            let why = format!(
                "the provider {provider} vouches for the subject; its log is not a CloudTrail log"
            );
            return self.finish_as(State::EndsOutside, why);
        }
        let issue = caller.issue.clone().unwrap_or_default();
        self.subject = issue.subject.or_else(|| caller.written.user_name.clone());
        let role = caller.role.as_deref().unwrap_or_default();
        let set = role.split_once(PERMISSION_SET).map(|(_, rest)| rest);
        // AWSReservedSSO_NAME_16 hexadecimal digits.
        let set = set
            .and_then(|rest| rest.rsplit_once('_'))
            .map(|(name, _)| name);
        let account = role.split(':').nth(4);
        let store = self.steps.iter().find_map(|it| it.caller.behalf.as_ref());
        let store = store
            .and_then(|(_, store)| store.split(':').nth(4))
            .map(str::to_owned);
        match (set, account, caller.event.time) {
            (Some(set), Some(account), Some(time)) => {
                self.need = Some(Need {
                    account: store,
                    regions: regions(caller),
                    only_these: false,
                    from: before(time, SLACK),
                    to: after(time, SLACK),
                    names: &["GetRoleCredentials"],
                    literals: vec!["GetRoleCredentials".to_owned()],
                    wide: false,
                    optional: true,
                    what: What::Access {
                        role: set.to_owned(),
                        account: account.to_owned(),
                    },
                });
            }
            _ => self.end_at_provider(),
        }
    }

    fn end_at_provider(&mut self) {
        let why = match self.actor {
            Some(_) => "IAM Identity Center names the user",
            None => "IAM Identity Center vouches for the subject",
        };
        self.ended_by(Rule::IdentityCenter);
        self.finish_as(State::Resolved, why);
    }

    fn center_user(&mut self, caller: &Caller) {
        match (&caller.credential, caller.event.time) {
            (Some(credential), Some(time)) => {
                self.need = Some(Need {
                    account: caller.account().cloned(),
                    regions: regions(caller),
                    only_these: false,
                    from: time.checked_sub(TOKEN).unwrap_or(time),
                    to: time,
                    names: &["CreateTokenWithIAM"],
                    literals: vec![credential.clone()],
                    wide: true,
                    optional: true,
                    what: What::Token(credential.clone()),
                });
            }
            _ => self.finish_as(State::Resolved, "a user of IAM Identity Center"),
        }
    }

    /// A caller of another account, by its id: that account has a copy with the name.
    fn other_account(&mut self, caller: &Caller) {
        if caller.actor.kind == "anonymous" {
            return self.finish_as(State::Resolved, "the call was not signed");
        }
        let account = caller.account().cloned();
        let place = account.clone().unwrap_or_else(|| "unknown".to_owned());
        match (&caller.shared, caller.event.time, account) {
            (Some(shared), Some(time), Some(account)) => {
                self.need = Some(Need {
                    account: Some(account),
                    regions: regions(caller),
                    only_these: false,
                    from: before(time, SLACK),
                    to: after(time, SLACK),
                    names: &[],
                    literals: vec![shared.clone()],
                    wide: false,
                    optional: false,
                    what: What::Shared(shared.clone()),
                });
            }
            _ => {
                self.next.insert(Offer::Account {
                    account: place.clone(),
                });
                let why =
                    format!("the caller is of account {place}, and no field joins the copy there");
                self.finish_as(State::EndsOutside, why);
            }
        }
    }

    fn service(&mut self, caller: &Caller) {
        let service = caller.invoked_by.clone().unwrap_or_default();
        let hands_out = ["ec2.", "lambda.", "ecs-tasks.", "ecs.", "pods.eks."];
        let role = self.steps.iter().rev().nth(1);
        let name = role
            .and_then(|it| it.caller.session_name())
            .map(str::to_owned);
        match name.filter(|_| hands_out.iter().any(|it| service.starts_with(it))) {
            // The service chose the session's name, not a caller.
            Some(name) => {
                self.resource(name, &format!("{service} issued the credentials"));
            }
            None => self.finish_as(State::Resolved, "an AWS service"),
        }
    }

    /// Asks for the call that issued the session of the last record.
    fn look(&mut self, stage: Stage, names: &'static [&'static str]) {
        let Some(caller) = self.last().cloned() else {
            return;
        };
        // In a long time only the key tells.
        let by_key = stage == Stage::Key;
        let wanted = Wanted {
            key: caller.key.clone().filter(|_| caller.has_temporary_key()),
            principal: caller.written.principal_id.clone().filter(|_| !by_key),
            since: caller.since,
            root_of: caller
                .is("Root")
                .then(|| caller.account().cloned())
                .flatten(),
            sign_in: !caller.is("AssumedRole"),
        };
        let used = caller.event.time;
        let second = wanted.since.map(|it| (before(it, SLACK), after(it, SLACK)));
        let long = used.map(|it| (it.checked_sub(LONGEST).unwrap_or(it), after(it, SLACK)));
        let window = match stage {
            Stage::Second | Stage::Elsewhere => second.or(long),
            Stage::Key => long,
        };
        let Some((from, to)) = window else {
            let why = "the record has no time, and its session has none: the call that issued it cannot be looked for";
            return self.finish_as(State::Open, why);
        };
        let elsewhere = stage == Stage::Elsewhere;
        self.need = Some(Need {
            account: caller.account().cloned().filter(|_| !elsewhere),
            regions: regions(&caller),
            only_these: stage == Stage::Key,
            from,
            to,
            names,
            literals: wanted.literals(),
            wide: stage == Stage::Key || second.is_none(),
            optional: false,
            what: What::Issued(wanted),
        });
        // Marks the stage; its cover comes with the answer.
        self.looked.push((stage, Cover::default()));
    }

    fn issued(&mut self, wanted: &Wanted, callers: Vec<Caller>, cover: Cover) {
        let Some(session) = self.last().cloned() else {
            return;
        };
        let stage = match self.looked.last_mut() {
            Some((stage, own)) => {
                *own = cover;
                *stage
            }
            None => return,
        };
        let (switches, calls): (Vec<_>, Vec<_>) = callers
            .into_iter()
            .partition(|it| it.issue.as_ref().is_some_and(|issue| issue.switch));
        let own = session.event.id.as_ref();
        let calls = calls
            .into_iter()
            .filter(|it| own.is_none() || it.event.id.as_ref() != own);
        let (void, solid): (Vec<_>, Vec<_>) = calls.partition(|it| is_void(it.event.proof));
        let mut keyed: Vec<Caller> = Vec::new();
        let mut by_session: Vec<Caller> = Vec::new();
        for call in &solid {
            let Some(issue) = &call.issue else { continue };
            if wanted.key.is_some()
                && issue.key == wanted.key
                && self.accepts(&session, call, issue)
            {
                keyed.push(call.clone());
            }
            if wanted.is_session(issue) {
                by_session.push(call.clone());
            }
        }
        let groups = calls_of(&by_session);
        if let Some(call) = best(&keyed) {
            self.tell_of_key(&session, &call, &groups);
            return self.follow(call, Rule::Key, &switches);
        }
        match groups.as_slice() {
            [] => self.nothing(stage, &session, void),
            [one] => {
                let Some(call) = best(one) else { return };
                let sign_in = call.issue.as_ref().is_some_and(|it| it.sign_in);
                let rule = if sign_in { Rule::SignIn } else { Rule::Session };
                self.follow(call, rule, &switches);
            }
            many => {
                self.candidates = many
                    .iter()
                    .filter_map(|it| best(it))
                    .map(candidate)
                    .collect();
                let why = format!(
                    "{} calls issued a session of this principal in the second in which it began",
                    many.len()
                );
                self.finish_as(State::Ambiguous, why);
            }
        }
    }

    /// Whether a call that issued the key can be what the session comes from.
    fn accepts(&mut self, session: &Caller, call: &Caller, issue: &Issue) -> bool {
        let used = session.event.time;
        let text = |it: Option<Timestamp>| it.map(|it| it.to_string()).unwrap_or_default();
        let mut refuse = |on, found: String, expected: String| {
            let told = contradiction(on, &found, &expected, session, call);
            if !self.contradictions.contains(&told) {
                self.contradictions.push(told);
            }
        };
        let principal = session.written.principal_id.as_ref();
        if let (Some(own), Some(issued)) = (principal, &issue.principal)
            && own != issued
        {
            refuse(Disagreement::Principal, own.clone(), issued.clone());
            return false;
        }
        if let (Some(used), Some(issued)) = (used, issue.time)
            && issued > after(used, SLACK)
        {
            refuse(
                Disagreement::BeforeIssued,
                used.to_string(),
                text(issue.time),
            );
            return false;
        }
        if let (Some(used), Some(end)) = (used, issue.expires)
            && used > end
        {
            refuse(
                Disagreement::AfterExpiration,
                used.to_string(),
                end.to_string(),
            );
            return false;
        }
        true
    }

    /// The key decides. That the session's principal and second say otherwise is told.
    fn tell_of_key(&mut self, session: &Caller, call: &Caller, groups: &[Vec<Caller>]) {
        let Some(issue) = &call.issue else { return };
        if let (Some(since), Some(time)) = (session.since, issue.time)
            && since.duration_since(time).abs() > SignedDuration::from_secs(SLACK)
        {
            let told =
                |on, found: &str, expected: &str| contradiction(on, found, expected, session, call);
            let on = Disagreement::CreationDate;
            self.contradictions
                .push(told(on, &since.to_string(), &time.to_string()));
            if let Some(other) = groups.first().and_then(|it| best(it)) {
                let on = Disagreement::TwoCalls;
                let other = other.event.id.unwrap_or_default();
                let own = call.event.id.clone().unwrap_or_default();
                self.contradictions.push(told(on, &other, &own));
            }
        }
    }

    fn follow(&mut self, call: Caller, rule: Rule, switches: &[Caller]) {
        if let Some(step) = self.steps.last_mut() {
            let own = step.hop.event.id.clone();
            let mut switches = switches
                .iter()
                .filter(|it| own.is_none() || it.event.id != own);
            let switch = switches.find(|it| !is_void(it.event.proof));
            step.hop.switched = switch.map(|it| it.event.clone());
            self.contradictions.extend(compare(&step.caller, &call));
        }
        let switched = self
            .steps
            .last()
            .is_some_and(|it| it.hop.switched.is_some());
        let signs_in = rule == Rule::SignIn;
        self.push(call, Some(rule));
        if let (true, Some(step)) = (switched, self.steps.last_mut()) {
            step.hop.rules.push(Rule::Console);
        }
        if signs_in {
            self.ended_by(Rule::SignIn);
            return self.finish_as(State::Resolved, "signed in to the console");
        }
        self.decide();
    }

    /// No call issued the session, as far as was looked.
    fn nothing(&mut self, stage: Stage, session: &Caller, void: Vec<Caller>) {
        if !void.is_empty() {
            self.candidates = void.into_iter().map(candidate).collect();
            let words: BTreeSet<&str> = self
                .candidates
                .iter()
                .map(|it| it.event.proof.word())
                .collect();
            let words: Vec<&str> = words.into_iter().collect();
            let why = format!(
                "only records that are {} say who issued the session: they prove nothing",
                words.join(" and ")
            );
            return self.finish_as(State::Unverified, why);
        }
        let first = self
            .looked
            .first()
            .map(|(_, cover)| cover.clone())
            .unwrap_or_default();
        let is_role = session.is("AssumedRole");
        let key = session.has_temporary_key() && session.since.is_some();
        if stage == Stage::Second && session.is("Root") && session.has_temporary_key() {
            return self.look(Stage::Elsewhere, ASSUME_ROOT);
        }
        if session.is("IAMUser") && session.invoked_by.is_some() {
            self.ended_by(Rule::Forwarded);
            let why =
                "a service made the session for a call of the user's own; no record issues it";
            return self.finish_as(State::Resolved, why);
        }
        // The caller's account has a copy of a call across accounts.
        if is_role && stage == Stage::Second && session.since.is_some() {
            return self.look(Stage::Elsewhere, ROLE_CALLS);
        }
        if stage < Stage::Key && key && !session.assumed_root {
            let names = match (is_role, session.is("FederatedUser")) {
                (true, _) => ROLE_CALLS,
                (false, true) => FEDERATION_CALLS,
                (false, false) => USER_CALLS,
            };
            return self.look(Stage::Key, names);
        }
        self.not_found(session, &first);
    }

    /// The session stays without the call that issued it.
    fn not_found(&mut self, session: &Caller, cover: &Cover) {
        if session.since.is_none() && session.key.is_none() {
            let why = "the record has neither the key nor the beginning of its session: the call that issued it cannot be told";
            return self.finish_as(State::Open, why);
        }
        let account = session
            .account()
            .cloned()
            .unwrap_or_else(|| "unknown".to_owned());
        let since = session.since.or(session.event.time);
        let since = since.map(|it| it.to_string()).unwrap_or_default();
        if cover.outside {
            self.next.insert(Offer::Account {
                account: account.clone(),
            });
            let why = format!("the record holds nothing of account {account}");
            return self.finish_as(State::EndsOutside, why);
        }
        if cover.complete {
            let why = format!(
                "the hour of {since} is verified in account {account} and holds no call that issued the session: \
                 that is suspicious by itself"
            );
            return self.finish_as(State::NotRecorded, why);
        }
        let open = match cover.open.as_slice() {
            [] => "not all of it was read".to_owned(),
            parts => parts.join("; "),
        };
        let why = format!(
            "the session began at {since} in account {account}, where the record is not whole: {open}"
        );
        self.finish_as(State::Open, why);
    }

    fn shared(&mut self, callers: Vec<Caller>, cover: &Cover) {
        let Some(copy) = self.last().cloned() else {
            return;
        };
        let account = copy.account().cloned().unwrap_or_default();
        let own = copy.event.id.as_ref();
        let others = callers
            .into_iter()
            .filter(|it| !it.is("AWSAccount") && (own.is_none() || it.event.id.as_ref() != own));
        let (void, solid): (Vec<_>, Vec<_>) = others.partition(|it| is_void(it.event.proof));
        let groups: BTreeSet<String> = solid.iter().map(session_of).collect();
        if groups.len() > 1 {
            self.candidates = solid.into_iter().map(candidate).collect();
            let why = "several callers have a copy of the same event";
            return self.finish_as(State::Ambiguous, why);
        }
        if let Some(caller) = solid.into_iter().next() {
            self.push(caller, Some(Rule::Shared));
            return self.decide();
        }
        if !void.is_empty() {
            self.candidates = void.into_iter().map(candidate).collect();
            let why =
                "the copy in the caller's account is altered or in no digest: it proves nothing";
            return self.finish_as(State::Unverified, why);
        }
        self.next.insert(Offer::Account {
            account: account.clone(),
        });
        if cover.outside {
            let why =
                format!("the caller is of account {account}, of which the record holds nothing");
            return self.finish_as(State::EndsOutside, why);
        }
        if cover.complete {
            let why = format!(
                "the caller's account {account} is verified at that time and has no copy of the event: that is suspicious by itself"
            );
            return self.finish_as(State::NotRecorded, why);
        }
        let why = format!(
            "the caller's copy is in account {account}, where the record is not whole: {}",
            cover.open.join("; ")
        );
        self.finish_as(State::Open, why);
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

/// Copies of one call are one: the caller's and the role's account have the same shared event, or the same key.
fn calls_of(calls: &[Caller]) -> Vec<Vec<Caller>> {
    let mut groups: BTreeMap<String, Vec<Caller>> = BTreeMap::new();
    for (index, call) in calls.iter().enumerate() {
        let key = call.issue.as_ref().and_then(|it| it.key.clone());
        let one = call
            .shared
            .clone()
            .or(key)
            .or_else(|| call.event.id.clone());
        let one = one.unwrap_or_else(|| format!("#{index}"));
        groups.entry(one).or_default().push(call.clone());
    }
    groups.into_values().collect()
}

/// Of copies of one call the one that names the caller, and the best proven.
fn best(calls: &[Caller]) -> Option<Caller> {
    let rank = |it: &&Caller| {
        (
            it.is("AWSAccount"),
            !it.event.proof.is_proven(),
            it.event.at.clone(),
        )
    };
    calls.iter().min_by_key(rank).cloned()
}

fn candidate(call: Caller) -> Candidate {
    Candidate {
        event: call.event,
        identity: call.written,
    }
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
