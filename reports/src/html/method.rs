//! How all this was found: who was asked and by whom, what gave no answer, and by which rules it was judged.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trailaudit_checks::audit::answers::DECIDES;
use trailaudit_checks::check::Question;
use trailaudit_checks::coverage::{AccountStatus, RegionStatus};
use trailaudit_checks::finding::Status;
use trailaudit_checks::ids::AccountId;

use super::Story;
use super::page::{Page, SCRIPT};
use crate::ended::Ended;
use crate::gaps::{self, GapGroup};
use crate::wording::{self, account_word, counted, number, region_word};

/// How many accounts, regions or answers are named of one gap.
const NAMED: usize = 12;
/// How many calls without an answer are listed.
const CALLS: usize = 1_000;

#[derive(Serialize)]
struct Method<'a> {
    facts: Vec<(&'static str, String)>,
    accounts: Vec<[String; 3]>,
    regions: Vec<[String; 4]>,
    notes: &'a [String],
    gaps: Vec<Told>,
    actions: Vec<&'a str>,
    operations: Vec<(&'a str, String)>,
    failed: Vec<[String; 5]>,
    more_failed: String,
    questions: Vec<Asked<'a>>,
    decides: &'static str,
    meanings: Vec<(&'static str, &'static str, &'static str, &'static str)>,
    selection: String,
    hidden: String,
    script: &'static str,
}

/// Calls that ended alike.
#[derive(Serialize)]
struct Told {
    title: String,
    findings: String,
    action: String,
    accounts: String,
    regions: String,
    said: Vec<String>,
}

#[derive(Serialize)]
struct Asked<'a> {
    name: &'static str,
    asks: &'static str,
    checks: Vec<&'a str>,
}

pub(super) fn write(page: &mut Page<'_>, story: &Story<'_>) -> std::io::Result<()> {
    let audit = story.audit;
    let coverage = &audit.coverage;
    let unknown = story.shown().filter(|it| it.status == Status::Unknown);
    let groups = gaps::of(unknown);
    let actions: BTreeSet<&str> = groups.iter().filter_map(|it| it.action).collect();
    let failed = &coverage.calls.failed;
    let more = failed.len().saturating_sub(CALLS);
    let questions = Question::ALL.map(|question| Asked {
        name: wording::question(question),
        asks: wording::asks(question),
        checks: audit
            .checks
            .iter()
            .filter(|it| it.question == Some(question))
            .map(|it| it.id.as_str())
            .collect(),
    });
    page.put(
        "method.html",
        Method {
            facts: facts(story),
            accounts: accounts(story),
            regions: regions(story),
            notes: &coverage.notes,
            gaps: groups.iter().map(|it| told(story, it)).collect(),
            actions: actions.into_iter().collect(),
            operations: coverage
                .calls
                .by_operation
                .iter()
                .map(|(operation, count)| (operation.as_str(), number(*count)))
                .collect(),
            failed: failed
                .iter()
                .take(CALLS)
                .map(|it| {
                    [
                        it.operation.to_string(),
                        it.account.to_string(),
                        it.region.to_string(),
                        it.reason.clone(),
                        it.request_id.clone().unwrap_or_default(),
                    ]
                })
                .collect(),
            more_failed: if more > 0 {
                format!(
                    "And {} more: the JSON report has them.",
                    number(more as u64)
                )
            } else {
                String::new()
            },
            questions: questions.into(),
            decides: DECIDES.as_str(),
            meanings: meanings(),
            selection: audit.scope.selection.join(" "),
            hidden: story.hidden(),
            script: SCRIPT,
        },
    )
}

fn facts(story: &Story<'_>) -> Vec<(&'static str, String)> {
    let audit = story.audit;
    let until = audit
        .finished_at
        .map_or_else(|| "cut off".to_owned(), |it| it.to_string());
    let calls = &audit.coverage.calls;
    let run = &audit.run;
    let yes_no = |it| if it { "yes" } else { "no" };
    vec![
        ("Scope", wording::whose(audit)),
        ("Asked by", wording::caller(audit).to_owned()),
        ("Accounts", wording::by_status(&wording::accounts(audit))),
        ("Regions", wording::by_status(&wording::regions(audit))),
        ("Facts taken", format!("{} to {until}", audit.started_at)),
        ("Judged at", audit.now.to_string()),
        (
            "Requests",
            format!(
                "{}, {} without an answer",
                number(calls.total),
                counted(calls.failed.len() as u64, "call")
            ),
        ),
        ("Findings", wording::totals(audit)),
        (
            "Complete",
            format!(
                "{}; interrupted: {}",
                yes_no(run.complete),
                yes_no(run.interrupted)
            ),
        ),
        ("Result", wording::exit(audit)),
        (
            "Rules",
            format!(
                "fails from {} on; gaps allowed: {}; exit code forced to 0: {}",
                run.fail_on,
                yes_no(run.allow_incomplete),
                yes_no(run.exit_zero)
            ),
        ),
        (
            "Tool",
            format!("{} {}", audit.tool.name, audit.tool.version),
        ),
        ("Schema of the audit", audit.schema.to_string()),
    ]
}

/// Those that were not fully assessed, and why.
fn accounts(story: &Story<'_>) -> Vec<[String; 3]> {
    let accounts = story.audit.coverage.accounts.iter();
    accounts
        .filter(|it| it.status != AccountStatus::Assessed)
        .map(|account| {
            [
                story.names.account(&account.id),
                account_word(account.status).to_owned(),
                account.reason.clone().unwrap_or_default(),
            ]
        })
        .collect()
}

/// The same of regions: those that ended alike in one account, and accounts of which all of that is the same.
fn regions(story: &Story<'_>) -> Vec<[String; 4]> {
    let mut ends: BTreeMap<_, (Vec<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for it in &story.audit.coverage.regions {
        if it.status != RegionStatus::Assessed {
            let (regions, reasons) = ends.entry((&it.account, it.status)).or_default();
            regions.push(it.region.as_str());
            reasons.extend(it.reason.as_deref());
        }
    }
    let mut groups: BTreeMap<_, Vec<&AccountId>> = BTreeMap::new();
    for ((account, status), (regions, reasons)) in ends {
        let first = reasons.first().copied().unwrap_or("");
        let reason = match reasons.len() {
            0 | 1 => first.to_owned(),
            more => format!("{first}; and {} other reasons", number(more as u64 - 1)),
        };
        let key = (status, regions.join(", "), reason);
        groups.entry(key).or_default().push(account);
    }
    let row = |((status, regions, reason), accounts): (
        (RegionStatus, String, String),
        Vec<&AccountId>,
    )| {
        let accounts = accounts.iter().map(|it| story.names.account(it));
        [
            few(accounts, NAMED),
            region_word(status).to_owned(),
            regions,
            reason,
        ]
    };
    groups.into_iter().map(row).collect()
}

fn told(story: &Story<'_>, group: &GapGroup<'_>) -> Told {
    let mut said: Vec<String> = group.said.iter().take(3).cloned().collect();
    let more = group.said.len() - said.len();
    if more > 0 {
        said.push(format!("and {} other answers", number(more as u64)));
    }
    Told {
        title: group.title(),
        findings: counted(group.findings, "finding"),
        action: group.action.unwrap_or("").to_owned(),
        accounts: few(
            group.accounts.iter().map(|it| story.names.account(it)),
            NAMED,
        ),
        regions: few(group.regions.iter().map(ToString::to_string), NAMED),
        said,
    }
}

fn few(all: impl ExactSizeIterator<Item = String>, most: usize) -> String {
    let more = all.len().saturating_sub(most);
    let mut words: Vec<String> = all.take(most).collect();
    if more > 0 {
        words.push(format!("and {} more", number(more as u64)));
    }
    words.join(", ")
}

/// What the words mean.
fn meanings() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    let meaning = |ended: Ended| {
        let means = match ended {
            Ended::Fail => "What the check's title says is not true.",
            Ended::Unknown => {
                "Nobody could tell. Never a pass: the calls that gave no answer are named."
            }
            Ended::Waived => {
                "A fail whose risk somebody has accepted, until a date. It stays a fail."
            }
            Ended::Pass => "What the check's title says is true.",
            Ended::NotApplicable => "The question does not arise there.",
            Ended::NoSubject => "The check was selected, and there was nothing of its kind.",
        };
        (ended.key(), ended.symbol(), ended.as_str(), means)
    };
    Ended::ALL.into_iter().map(meaning).collect()
}
