//! The record that issued a session: where it is looked for, and which of those found is the one.

use super::super::SLACK;
use super::super::agree::{compare, contradiction};
use super::super::caller::Caller;
use super::super::issue::{ASSUME_ROOT, FEDERATION_CALLS, Issue, ROLE_CALLS, USER_CALLS};
use super::super::need::{Cover, Need, Wanted, What, is_void};
use super::super::told::{Candidate, Disagreement, Offer, Rule, State};
use super::{Chase, LONGEST, Stage, after, before, regions, session_of};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

impl Chase {
    /// Asks for the call that issued the session of the last record.
    pub(super) fn look(&mut self, stage: Stage, names: &'static [&'static str]) {
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

    pub(super) fn issued(&mut self, wanted: &Wanted, callers: Vec<Caller>, cover: Cover) {
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
            .partition(|caller| caller.issue.as_ref().is_some_and(|issue| issue.switch));
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
    pub(super) fn accepts(&mut self, session: &Caller, call: &Caller, issue: &Issue) -> bool {
        let used = session.event.time;
        let text = |time: Option<Timestamp>| time.map(|it| it.to_string()).unwrap_or_default();
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
    pub(super) fn tell_of_key(&mut self, session: &Caller, call: &Caller, groups: &[Vec<Caller>]) {
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

    pub(super) fn follow(&mut self, call: Caller, rule: Rule, switches: &[Caller]) {
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
    pub(super) fn nothing(&mut self, stage: Stage, session: &Caller, void: Vec<Caller>) {
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
    pub(super) fn not_found(&mut self, session: &Caller, cover: &Cover) {
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

    pub(super) fn shared(&mut self, callers: Vec<Caller>, cover: &Cover) {
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

/// Copies of one call are one: the caller's and the role's account have the same shared event, or the same key.
pub(super) fn calls_of(calls: &[Caller]) -> Vec<Vec<Caller>> {
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
pub(super) fn best(calls: &[Caller]) -> Option<Caller> {
    let rank = |caller: &&Caller| {
        (
            caller.is("AWSAccount"),
            !caller.event.proof.is_proven(),
            caller.event.at.clone(),
        )
    };
    calls.iter().min_by_key(rank).cloned()
}

pub(super) fn candidate(call: Caller) -> Candidate {
    Candidate {
        event: call.event,
        identity: call.written,
    }
}
