//! From what was seen to an audit: evaluate, waive, count, and settle how the run ends.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::ending::{State, decide};
use super::planned::{self, PlanReport};
use super::{Audit, AuditScope, CheckInfo, RunOutcome, SCHEMA, Summary, WaiverReport, drafts};
use crate::audit::compare::{self, Looked};
use crate::catalog;
use crate::context::Context;
use crate::coverage::Coverage;
use crate::digest::Problem;
use crate::evaluate::Evaluation;
use crate::events::RestsOn;
use crate::finding::{BaselineState, Finding, Severity, Status};
use crate::framework;
use crate::inventory::{EventsRead, Iam, Inventory, Planned, Tool};
use crate::selection::Selection;
use crate::settings::Settings;
use crate::terraform::iam::apply;
use crate::text::glob;
use crate::waiver::{self, Waivers};

/// By which rules an inventory is judged.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The program that evaluates.
    pub tool: Tool,
    /// The checks.
    pub selection: Selection,
    /// What only the user can know.
    pub settings: Settings,
    /// Accepted risks and gaps.
    pub waivers: Waivers,
    /// An earlier audit to compare with.
    pub baseline: Option<Baseline>,
    /// The clock by which waivers expire.
    pub now: Timestamp,
    /// The least severity that counts.
    pub fail_on: Severity,
    /// Gaps do not count.
    pub allow_incomplete: bool,
    /// Nothing counts.
    pub exit_zero: bool,
}

/// An earlier audit.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// What it said.
    pub audit: Audit,
    /// Only what got worse since counts for the exit code.
    pub fail_on_new: bool,
}

/// Hands over the IAM documents of every account, one account at a time.
///
/// They are not part of the inventory: those of a large organization do not fit into memory together.
pub trait IamSource {
    /// What can go wrong on the way.
    type Error;

    /// Calls `f` once per account.
    fn each_iam(&self, f: &mut dyn FnMut(Iam)) -> Result<(), Self::Error>;
}

/// Documents that are in memory.
impl IamSource for [Iam] {
    type Error = std::convert::Infallible;

    fn each_iam(&self, f: &mut dyn FnMut(Iam)) -> Result<(), Self::Error> {
        self.iter().cloned().for_each(f);
        Ok(())
    }
}

/// Evaluates all that was seen.
pub fn judge<S: IamSource + ?Sized>(
    inventory: &Inventory,
    iam: &S,
    rules: &Rules,
) -> Result<Audit, S::Error> {
    let findings = findings(inventory, iam, rules)?;
    let plan = inventory.plan.as_ref();
    let findings = match plan {
        Some(plan) => drafts::settle(inventory, plan, findings, |effect| {
            self::findings(effect, iam, rules)
        })?,
        None => findings,
    };
    let (mut findings, planned_notes) = match plan {
        Some(plan) => planned::settle(findings, plan),
        None => (findings, Vec::new()),
    };
    // A plan that is not the whole change is no more complete than a run that was cut off.
    let whole = inventory.complete() && !plan.is_some_and(Planned::is_partial);
    let mut waivers = waive(&mut findings, rules);
    let gaps = waiver::current_gaps(&rules.waivers, rules.now);
    let mut coverage = Coverage::of(inventory);
    coverage.notes.extend(planned_notes);
    coverage.notes.extend(overridden(rules));
    coverage.notes.extend(inventory.events.as_ref().map(read));
    let endpoints = inventory.header.scope.endpoints.iter();
    coverage
        .notes
        .extend(endpoints.map(|it| format!("AWS was called through a custom endpoint: {it}")));
    let interrupted = inventory
        .trailer
        .as_ref()
        .is_some_and(|trailer| trailer.interrupted);
    let ids: BTreeSet<&str> = rules.selection.checks.iter().map(|it| it.id).collect();
    let baseline = rules.baseline.as_ref().map(|baseline| {
        let since = inventory.events.as_ref().and_then(|it| it.rests_on.window);
        let looked =
            Looked::at(&coverage, ids.clone(), interrupted).with_events(since.map(|it| it.start));
        let chains = inventory.chains.values().map(|it| &it.chain);
        let earlier = &baseline.audit;
        compare::mark(
            earlier,
            &mut findings,
            chains,
            &looked,
            baseline.fail_on_new,
        )
    });
    let (unknown, accepted): (Vec<&Finding>, Vec<&Finding>) = findings
        .iter()
        .filter(|finding| finding.status == Status::Unknown)
        .partition(|finding| !waiver::is_accepted(&gaps, finding));
    let new_only = rules.baseline.as_ref().filter(|it| it.fail_on_new);
    let counts = |it: &Finding| it.severity >= rules.fail_on;
    let counts_now = |finding: &Finding| {
        counts(finding) && (new_only.is_none() || finding.baseline == Some(BaselineState::New))
    };
    let unseen = |coverage: &Coverage| waiver::uncovered_population(&gaps, coverage);
    let unseen_now = match new_only {
        Some(earlier) => unseen(&compare::newly(&earlier.audit.coverage, &coverage)),
        None => unseen(&coverage),
    };
    let complete = whole && !unknown.iter().any(|it| counts(it)) && !unseen(&coverage);
    let state = State {
        interrupted,
        failing: findings
            .iter()
            .any(|it| it.is_open_failure() && counts_now(it)),
        missing: !whole || unknown.into_iter().any(counts_now) || unseen_now,
        allow_incomplete: rules.allow_incomplete,
        exit_zero: rules.exit_zero,
    };
    waivers.accepted_gaps = accepted.len() as u64;
    let review = waiver::review_gaps(&rules.waivers, rules.now, &findings, &coverage);
    waivers.unused.extend(review.unused);
    waivers.expired.extend(review.expired);
    let frameworks = rules.selection.frameworks.iter();
    let chains = || inventory.chains.values();
    let scope = inventory.header.scope.clone();
    let mut audit = Audit {
        schema: SCHEMA,
        tool: rules.tool.clone(),
        started_at: inventory.header.taken_at,
        finished_at: inventory.trailer.as_ref().map(|it| it.finished_at),
        now: rules.now,
        scope: AuditScope {
            organization: scope.organization,
            management_account: scope.management_account,
            caller_arn: scope.caller_arn,
            accounts: scope.accounts,
            regions: scope.regions,
            endpoints: scope.endpoints,
            selection: rules.selection.narrowed.clone(),
        },
        run: RunOutcome {
            complete,
            interrupted,
            exit_code: decide(state).code(),
            fail_on: rules.fail_on,
            allow_incomplete: rules.allow_incomplete,
            exit_zero: rules.exit_zero,
        },
        waivers,
        summary: Summary::of(&findings),
        checks: checks(rules),
        frameworks: frameworks
            .map(|it| framework::result(it, &ids, &findings, rules.settings.retention_days))
            .collect(),
        answers: Vec::new(),
        do_first: Vec::new(),
        coverage,
        baseline,
        plan: plan.map(|plan| {
            let before = rules.baseline.as_ref().map(|it| &it.audit.summary);
            PlanReport::of(plan, before)
        }),
        events: inventory.events.as_ref().map(|it| it.rests_on.clone()),
        findings,
        chains: chains().map(|it| it.chain.clone()).collect(),
        problems: problems(inventory),
    };
    audit.settle();
    Ok(audit)
}

/// What was read of the logs, as one sentence.
fn read(events: &EventsRead) -> String {
    let RestsOn {
        window,
        hours,
        records,
        ..
    } = &events.rests_on;
    let when = window.map_or_else(String::new, |window| {
        format!(" from {} to {}", window.start, window.end)
    });
    let open = hours.gap + hours.invalid + hours.unverified;
    format!(
        "log records{when}: {} verified, {} not verified; hours: {} verified, {open} not",
        records.verified,
        records.all() - records.verified,
        hours.verified
    )
}

/// Every problem once, the worst first.
fn problems(inventory: &Inventory) -> Vec<Problem> {
    let mut problems: Vec<Problem> = inventory
        .chains
        .values()
        .flat_map(|it| it.problems.iter().cloned())
        .collect();
    problems.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    problems
}

fn findings<S: IamSource + ?Sized>(
    inventory: &Inventory,
    iam: &S,
    rules: &Rules,
) -> Result<Vec<Finding>, S::Error> {
    let context = Context::new(inventory, &rules.settings, rules.now);
    let mut evaluation = Evaluation::new(&rules.selection.checks, &context);
    if rules.selection.reads_iam() {
        iam.each_iam(&mut |mut iam| {
            if let Some(plan) = &inventory.plan {
                apply(plan, &mut iam);
            }
            evaluation.iam(iam);
        })?;
    }
    Ok(evaluation.finish())
}

/// Waivers of checks that were not selected stay out: they are not unused, they were not asked for.
fn waive(findings: &mut [Finding], rules: &Rules) -> WaiverReport {
    let selected = |pattern: &str| {
        let matches = |id: &str| glob(pattern, id);
        rules.selection.checks.iter().any(|it| matches(it.id))
            || !catalog::all().iter().any(|it| matches(it.id))
    };
    let mut waivers = rules.waivers.clone();
    waivers.waivers.retain(|waiver| selected(&waiver.check));
    let about_access = rules
        .selection
        .checks
        .iter()
        .any(|check| check.group() == "access");
    let allowed = match about_access {
        true => rules.settings.allowed_principals.as_slice(),
        false => &[],
    };
    let applied = waiver::apply(&waivers, allowed, rules.now, findings);
    WaiverReport {
        unused: applied.unused,
        expired: applied.expired,
        broad: waiver::broad(&waivers, &rules.settings, rules.now),
        accepted_gaps: 0,
    }
}

/// What the settings change about checks, one sentence each: whoever reads the report should know.
fn overridden(rules: &Rules) -> impl Iterator<Item = String> {
    let checks = rules.settings.checks.iter();
    checks.filter_map(|(id, it)| {
        let check = catalog::find(id)?;
        let reason = &it.reason;
        match it.severity.filter(|severity| *severity != check.severity) {
            _ if !it.enabled => Some(format!("the settings leave {id} out: {reason}")),
            Some(severity) => Some(format!(
                "the settings count {id} as {severity}, not {}: {reason}",
                check.severity
            )),
            None => None,
        }
    })
}

fn checks(rules: &Rules) -> Vec<CheckInfo> {
    let controls = framework::controls_by_check(&rules.selection.all_frameworks);
    let checks = rules.selection.checks.iter().map(|check| {
        let overridden = rules.settings.checks.get(check.id);
        let severity = overridden.and_then(|it| it.severity);
        let controls = controls.get(check.id).cloned().unwrap_or_default();
        CheckInfo::of(check, severity.unwrap_or(check.severity), controls)
    });
    checks.collect()
}
