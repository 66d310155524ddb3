//! One check, in full.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use trailaudit_checks::audit::ControlRef;
use trailaudit_checks::catalog;

use crate::cli::Explain;
use crate::exit::Stop;
use crate::explained::{Explanation, Words};
use crate::output::to_stdout;
use crate::suggest::hint;

/// Prints what a check evaluates, why, its remediation, and the API calls that it uses.
pub fn explain(args: &Explain) -> Result<(), Stop> {
    let words = Words::all()?;
    let Some(check) = catalog::find(&args.check) else {
        let named = words.aliases.expand(std::slice::from_ref(&args.check));
        if named != [args.check.as_str()] {
            return Err(Stop::usage(format!(
                "`{}` is the name of another tool: see `trailaudit explain {}`",
                args.check,
                named.join("`, `trailaudit explain ")
            )));
        }
        let all = catalog::all();
        let hint = hint(&args.check, all.iter().map(|check| check.id));
        return Err(Stop::usage(format!(
            "there is no check `{}`{hint} `trailaudit list checks` lists all",
            args.check
        )));
    };
    let explanation = words.of(check);
    let text = if args.json {
        serde_json::to_string_pretty(&explanation).map_err(anyhow::Error::from)? + "\n"
    } else {
        text(&explanation)
    };
    to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(())
}

/// The pages on checks, by their path under docs/: an index, and a page for each check.
pub fn handbook() -> anyhow::Result<BTreeMap<String, String>> {
    const MARK: &str = "<!-- Generated: TRAILAUDIT_RENEW=1 cargo test --no-default-features --test main handbook -->\n\n";
    let words = Words::all()?;
    let all = catalog::all();
    let mut pages = BTreeMap::new();
    let mut index = format!(
        "{MARK}# The checks\n\n{} checks. Each has a page; `trailaudit explain ID` prints the same.\n",
        all.len()
    );
    let mut group = "";
    for check in all {
        let it = words.of(check);
        if it.group != group {
            group = it.group;
            let _ = writeln!(
                index,
                "\n## {group}\n\n| check | severity | |\n| --- | --- | --- |"
            );
        }
        let (id, severity, title) = (check.id, check.severity, check.title);
        let _ = writeln!(index, "| [{id}](checks/{id}.md) | {severity} | {title} |");
        pages.insert(
            format!("checks/{id}.md"),
            format!("{MARK}{}", it.markdown()),
        );
    }
    let _ = writeln!(index, "\n## Questions that are not checks\n");
    for (id, reason) in catalog::left_out()? {
        let _ = writeln!(index, "- `{id}`: {reason}");
    }
    pages.insert("checks.md".to_owned(), index);
    Ok(pages)
}

impl Explanation {
    fn markdown(&self) -> String {
        let check = &self.check;
        let mut out = format!(
            "# {}\n\n{}.\n\n| | |\n| --- | --- |\n| severity | {} |\n| evaluated for | every {} |\n",
            check.id, check.title, check.severity, self.subject,
        );
        if !self.also.is_empty() {
            let _ = writeln!(out, "| also known as | {} |", self.also.join(", "));
        }
        let _ = writeln!(out, "\n## Why\n\n{}", check.why);
        let _ = writeln!(out, "\n## How it is evaluated\n\n{}", self.judged);
        let _ = writeln!(out, "\n## Edge cases\n\n- {}", self.alike.join("\n- "));
        let _ = writeln!(out, "\n## Remediation\n\n{}", check.fix);
        let calls = self.reads.iter().map(|it| format!("`{}`", it.action));
        let calls: BTreeSet<String> = calls.collect();
        let calls: Vec<String> = calls.into_iter().collect();
        let _ = writeln!(out, "\n## API calls used\n\n{}", calls.join(", "));
        let controls = by_framework(&check.controls);
        if !controls.is_empty() {
            let controls = controls
                .iter()
                .map(|(framework, ids)| format!("{framework} ({})", ids.join(", ")));
            let controls: Vec<String> = controls.collect();
            let _ = writeln!(out, "\n## Controls\n\n- {}", controls.join("\n- "));
        }
        let links = check.references.iter().map(|it| format!("- <{it}>"));
        let links: Vec<String> = links.collect();
        let _ = writeln!(out, "\n## References\n\n{}", links.join("\n"));
        out
    }
}

fn by_framework(controls: &[ControlRef]) -> BTreeMap<&str, Vec<&str>> {
    let mut by_framework: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for ControlRef { framework, control } in controls {
        by_framework.entry(framework).or_default().push(control);
    }
    by_framework
}

fn text(it: &Explanation) -> String {
    let mut out = String::new();
    let check = &it.check;
    let _ = writeln!(out, "{}\n{}\n", check.id, check.title);
    let _ = writeln!(out, "Severity       {}", check.severity);
    let _ = writeln!(out, "Evaluated for  every {}", it.subject);
    if !it.also.is_empty() {
        let names = wrap(&it.also.join(", "));
        let _ = writeln!(out, "Also known as\n{names}");
    }
    out.push('\n');
    let _ = writeln!(out, "Why\n{}\n", wrap(&check.why));
    let _ = writeln!(out, "How it is evaluated\n{}\n", wrap(it.judged));
    let _ = writeln!(out, "Edge cases");
    for case in it.alike {
        let _ = writeln!(out, "{}", wrap(case));
    }
    out.push('\n');
    let _ = writeln!(out, "Remediation\n{}\n", wrap(&check.fix));
    let _ = writeln!(out, "API calls used (call, IAM action)");
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
        let _ = writeln!(out, "\nControls");
        for (framework, controls) in by_framework(&check.controls) {
            let _ = writeln!(
                out,
                "{}",
                wrap(&format!("{framework}: {}", controls.join(", ")))
            );
        }
    }
    let _ = writeln!(out, "\nReferences");
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
