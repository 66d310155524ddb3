//! One check, in full.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use trailaudit_checks::audit::{CheckInfo, ControlRef};
use trailaudit_checks::catalog;
use trailaudit_checks::check::{Check, Run};
use trailaudit_checks::finding::SubjectKind;
use trailaudit_checks::framework;

use crate::cli::Explain;
use crate::exit::Stop;
use crate::nearest::hint;
use crate::output::to_stdout;

/// What is told of a check.
#[derive(Debug, Serialize)]
pub(crate) struct Explanation {
    #[serde(flatten)]
    check: CheckInfo,
    group: &'static str,
    subject: &'static str,
    reads: Vec<Call>,
}

/// A call whose answer it reads.
#[derive(Debug, Serialize)]
struct Call {
    call: String,
    action: &'static str,
}

/// Prints what a check asks, why, what to do, and what it rests on.
pub fn explain(args: &Explain) -> Result<(), Stop> {
    let Some(check) = catalog::find(&args.check) else {
        let all = catalog::all();
        let hint = hint(&args.check, all.iter().map(|check| check.id));
        return Err(Stop::usage(format!(
            "there is no check `{}`{hint} `trailaudit list checks` has them all",
            args.check
        )));
    };
    let frameworks = framework::all().map_err(anyhow::Error::from)?;
    let controls = framework::controls_by_check(&frameworks);
    let explanation = of(check, &controls);
    let text = if args.json {
        serde_json::to_string_pretty(&explanation).map_err(anyhow::Error::from)? + "\n"
    } else {
        text(&explanation)
    };
    to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(())
}

pub(crate) fn of(check: &Check, controls: &BTreeMap<&str, Vec<ControlRef>>) -> Explanation {
    let controls = controls.get(check.id).cloned().unwrap_or_default();
    let reads = check.reads.iter().map(|call| Call {
        call: call.to_string(),
        action: call.action,
    });
    Explanation {
        group: check.group(),
        subject: subject(check.run).as_str(),
        reads: reads.collect(),
        check: CheckInfo::of(check, check.severity, controls),
    }
}

/// What a check is asked of.
pub(crate) fn subject(run: Run) -> SubjectKind {
    match run {
        Run::Organization(_) => SubjectKind::Organization,
        Run::Account(_) => SubjectKind::Account,
        Run::Region(_) => SubjectKind::Region,
        Run::Trail(_) => SubjectKind::Trail,
        Run::Bucket(_) => SubjectKind::Bucket,
        Run::Key(_) => SubjectKind::Key,
        Run::LogGroup(_) => SubjectKind::LogGroup,
        Run::EventDataStore(_) => SubjectKind::EventDataStore,
        Run::Principal(_) | Run::Access(_) => SubjectKind::Principal,
        Run::Chain(_) => SubjectKind::Chain,
    }
}

fn text(it: &Explanation) -> String {
    let mut out = String::new();
    let check = &it.check;
    let _ = writeln!(out, "{}\n{}\n", check.id, check.title);
    let _ = writeln!(out, "Severity  {}", check.severity);
    let _ = writeln!(out, "Judges    every {}\n", it.subject);
    let _ = writeln!(out, "Why\n{}\n", wrap(&check.why));
    let _ = writeln!(out, "What to do\n{}\n", wrap(&check.fix));
    let _ = writeln!(out, "Rests on (call, IAM action)");
    let width = it
        .reads
        .iter()
        .map(|read| read.call.len())
        .max()
        .unwrap_or_default();
    for read in &it.reads {
        let _ = writeln!(out, "  {:width$}  {}", read.call, read.action);
    }
    if !check.controls.is_empty() {
        let _ = writeln!(out, "\nSupports controls");
        let mut by_framework: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for ControlRef { framework, control } in &check.controls {
            by_framework.entry(framework).or_default().push(control);
        }
        for (framework, controls) in by_framework {
            let _ = writeln!(
                out,
                "{}",
                wrap(&format!("{framework}: {}", controls.join(", ")))
            );
        }
    }
    let _ = writeln!(out, "\nRead more");
    for reference in &check.references {
        let _ = writeln!(out, "  {reference}");
    }
    out
}

/// Lines of at most 78 characters, two of them to indent.
fn wrap(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width == 0 || width + 1 + length > 78 {
            out.push_str(if out.is_empty() { "  " } else { "\n  " });
            width = 2;
        } else {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}
