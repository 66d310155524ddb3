//! The selected frameworks, control by control.

use std::collections::BTreeMap;

use serde::Serialize;
use trailaudit_checks::framework::{ControlResult, ControlStatus, FrameworkResult};

use super::Story;
use super::page::Page;
use crate::tell::{self, Headline, counted, number};

#[derive(Serialize)]
struct Frameworks<'a> {
    frameworks: Vec<Framework<'a>>,
}

#[derive(Serialize)]
struct Framework<'a> {
    id: &'a str,
    name: &'a str,
    version: &'a str,
    counts: String,
    controls: Vec<Control<'a>>,
}

#[derive(Serialize)]
struct Control<'a> {
    key: &'static str,
    symbol: &'static str,
    word: &'static str,
    id: &'a str,
    title: &'a str,
    /// And whether it was judged.
    checks: Vec<(&'a str, bool)>,
    passed: String,
    basis: &'static str,
}

pub(super) fn write(page: &mut Page<'_>, story: &Story<'_>) -> std::io::Result<()> {
    let frameworks = story.audit.frameworks.iter().map(framework).collect();
    page.put("frameworks.html", Frameworks { frameworks })
}

fn framework(framework: &FrameworkResult) -> Framework<'_> {
    let FrameworkResult {
        id,
        name,
        version,
        controls,
    } = framework;
    let mut counts: BTreeMap<ControlStatus, u64> = BTreeMap::new();
    for control in controls {
        *counts.entry(control.status).or_default() += 1;
    }
    let counts = counts
        .iter()
        .map(|(status, count)| format!("{} {}", number(*count), tell::control(*status).0));
    let counts: Vec<String> = counts.collect();
    let all = counted(controls.len() as u64, "control");
    Framework {
        id,
        name,
        version,
        counts: format!("{all}: {}", counts.join(", ")),
        controls: controls.iter().map(control).collect(),
    }
}

fn control(control: &ControlResult) -> Control<'_> {
    let (word, headline) = tell::control(control.status);
    let (key, symbol) = match headline {
        Some(Headline::Pass) => ("pass", "\u{2713}"),
        Some(Headline::Fail) => ("fail", "\u{2715}"),
        Some(Headline::Undecided) => ("unknown", "?"),
        None => ("na", "\u{2013}"),
    };
    let judged = |id: &String| !control.not_selected.contains(id);
    Control {
        key,
        symbol,
        word,
        id: &control.id,
        title: &control.title,
        checks: control
            .checks
            .iter()
            .map(|it| (it.as_str(), judged(it)))
            .collect(),
        passed: number(control.passed),
        basis: tell::basis(control.basis),
    }
}
