//! The selected frameworks, control by control.

use serde::Serialize;
use trailaudit_checks::framework::{ControlResult, ControlStatus, FrameworkResult};

use super::Story;
use super::page::Page;
use crate::wording::{self, number};

#[derive(Serialize)]
struct Frameworks<'a> {
    meaning: &'static str,
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
    let meaning = wording::NOT_A_VERDICT;
    page.put(
        "frameworks.html",
        Frameworks {
            meaning,
            frameworks,
        },
    )
}

fn framework(framework: &FrameworkResult) -> Framework<'_> {
    Framework {
        id: &framework.id,
        name: &framework.name,
        version: &framework.version,
        counts: wording::controls(framework),
        controls: framework.controls.iter().map(control).collect(),
    }
}

fn control(control: &ControlResult) -> Control<'_> {
    let (key, symbol) = match control.status {
        ControlStatus::Passing => ("pass", "\u{2713}"),
        ControlStatus::Failing => ("fail", "\u{2715}"),
        ControlStatus::NotEvaluated => ("unknown", "?"),
        ControlStatus::NotCovered => ("na", "\u{2013}"),
    };
    let judged = |id: &String| !control.not_selected.contains(id);
    Control {
        key,
        symbol,
        word: wording::control_word(control.status),
        id: &control.id,
        title: &control.title,
        checks: control
            .checks
            .iter()
            .map(|it| (it.as_str(), judged(it)))
            .collect(),
        passed: number(control.passed),
        basis: wording::basis(control.basis),
    }
}
