//! One check, in full.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;
use trailaudit_checks::audit::{CheckInfo, ControlRef};
use trailaudit_checks::catalog;
use trailaudit_checks::check::{Check, Run};
use trailaudit_checks::explained::{self, Explained};
use trailaudit_checks::finding::SubjectKind;
use trailaudit_checks::framework::{self, Framework};

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
    /// How it judges, in words; and cases that look alike and end differently.
    #[serde(skip_serializing_if = "Option::is_none")]
    judged: Option<String>,
    alike: Vec<String>,
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
            "there is no check `{}`{hint} `trailaudit list checks` lists all",
            args.check
        )));
    };
    let explanation = Words::all()?.of(check);
    let text = if args.json {
        serde_json::to_string_pretty(&explanation).map_err(anyhow::Error::from)? + "\n"
    } else {
        text(&explanation)
    };
    to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(())
}

/// What is said of checks beside the checks themselves.
pub(crate) struct Words {
    frameworks: Vec<Framework>,
    explained: BTreeMap<String, Explained>,
}

impl Words {
    pub(crate) fn all() -> anyhow::Result<Self> {
        Ok(Self {
            frameworks: framework::all()?,
            explained: explained::all()?,
        })
    }

    pub(crate) fn of(&self, check: &Check) -> Explanation {
        let controls = framework::controls_by_check(&self.frameworks);
        let controls = controls.get(check.id).cloned().unwrap_or_default();
        let reads = check.reads.iter().map(|call| Call {
            call: call.to_string(),
            action: call.action,
        });
        let words = self.explained.get(check.id);
        Explanation {
            group: check.group(),
            subject: subject(check.run).as_str(),
            judged: words.map(|it| it.judged.clone()),
            alike: words.map(|it| it.alike.clone()).unwrap_or_default(),
            reads: reads.collect(),
            check: CheckInfo::of(check, check.severity, controls),
        }
    }
}

/// Every check of the catalogue in full, as Markdown: docs/checks.md.
pub fn handbook() -> anyhow::Result<String> {
    let words = Words::all()?;
    let left_out = catalog::left_out()?;
    let all = catalog::all();
    let mut out = format!(
        "<!-- Generated: TRAILAUDIT_RENEW=1 cargo test --no-default-features --test main handbook -->\n\n\
         # The checks\n\n{} checks. `trailaudit explain ID` tells the same of one of them.\n",
        all.len()
    );
    let mut group = "";
    for check in all {
        let it = words.of(check);
        if it.group != group {
            group = it.group;
            let _ = writeln!(out, "\n## {group}");
        }
        out.push_str(&it.markdown());
    }
    let _ = writeln!(out, "\n## Left out\n");
    for (id, reason) in left_out {
        let _ = writeln!(out, "- `{id}`: {reason}");
    }
    Ok(out)
}

impl Explanation {
    fn markdown(&self) -> String {
        let check = &self.check;
        let mut out = format!(
            "\n### {}\n\n{}. {}, judges every {}.\n\n**Why.** {}\n",
            check.id,
            check.title,
            capital(check.severity.as_str()),
            self.subject,
            check.why
        );
        if let Some(judged) = &self.judged {
            let _ = writeln!(out, "\n**How it judges.** {judged}");
        }
        if !self.alike.is_empty() {
            let _ = writeln!(out, "\n**Looks alike.** {}", self.alike.join(" "));
        }
        let _ = writeln!(out, "\n**What to do.** {}", check.fix);
        let calls = self.reads.iter().map(|it| format!("`{}`", it.action));
        let calls: BTreeSet<String> = calls.collect();
        let calls: Vec<String> = calls.into_iter().collect();
        let _ = writeln!(out, "\n**Rests on.** {}", calls.join(", "));
        let controls = by_framework(&check.controls);
        if !controls.is_empty() {
            let controls = controls
                .iter()
                .map(|(framework, ids)| format!("{framework} ({})", ids.join(", ")));
            let controls: Vec<String> = controls.collect();
            let _ = writeln!(out, "\n**Supports.** {}", controls.join("; "));
        }
        let links = check.references.iter().map(|it| format!("<{it}>"));
        let links: Vec<String> = links.collect();
        let _ = writeln!(out, "\n**Read more.** {}", links.join(", "));
        out
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

fn by_framework(controls: &[ControlRef]) -> BTreeMap<&str, Vec<&str>> {
    let mut by_framework: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for ControlRef { framework, control } in controls {
        by_framework.entry(framework).or_default().push(control);
    }
    by_framework
}

/// What a check is asked of.
pub(crate) fn subject(run: Run) -> SubjectKind {
    match run {
        Run::Organization(_) | Run::Exempt(_) => SubjectKind::Organization,
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
    if let Some(judged) = &it.judged {
        let _ = writeln!(out, "How it judges\n{}\n", wrap(judged));
    }
    if !it.alike.is_empty() {
        let _ = writeln!(out, "Looks alike, and ends differently");
        for case in &it.alike {
            let _ = writeln!(out, "{}", wrap(case));
        }
        out.push('\n');
    }
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
        for (framework, controls) in by_framework(&check.controls) {
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
