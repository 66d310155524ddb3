//! The answer to one request, with its reasons.

use std::io::{self, Write};

use serde::Serialize;
use trailaudit_checks::access::{Simulated, strength_word, word};
use trailaudit_checks::policy::Verdict;

use super::text::lines;

/// A request and its answer.
#[derive(Debug, Serialize)]
pub struct Answered {
    principal: String,
    action: String,
    resource: String,
    verdict: &'static str,
    condition: Option<String>,
    strength: Option<&'static str>,
    statements: Vec<String>,
    blocked: Vec<String>,
    missing: Vec<String>,
    harmless: Option<String>,
    #[serde(skip)]
    conditional: bool,
}

impl Answered {
    /// What was answered to this request.
    #[must_use]
    pub fn of(principal: &str, action: &str, resource: &str, it: &Simulated) -> Self {
        let answer = &it.answer;
        Self {
            principal: principal.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            verdict: word(answer.verdict),
            condition: answer.condition.as_ref().map(ToString::to_string),
            strength: answer.strength.map(strength_word),
            statements: answer.statements.iter().map(ToString::to_string).collect(),
            blocked: answer.blocked.iter().map(ToString::to_string).collect(),
            missing: answer.missing.iter().map(ToString::to_string).collect(),
            harmless: it.harmless.as_ref().map(ToString::to_string),
            conditional: answer.verdict == Verdict::Conditional,
        }
    }
}

pub(super) fn text(it: &Answered, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let when = match it.strength.filter(|_| it.conditional) {
        Some(strength) => format!(" ({strength})"),
        None => String::new(),
    };
    let idle = if it.harmless.is_some() {
        ", without effect"
    } else {
        ""
    };
    writeln!(out, "{}{when}{idle}", it.verdict)?;
    if let Some(condition) = &it.condition {
        lines("  if ", condition, width, out)?;
    }
    for (first, all) in [
        ("  by ", &it.statements),
        ("  because ", &it.blocked),
        ("  missing: ", &it.missing),
    ] {
        for words in all {
            lines(first, words, width, out)?;
        }
    }
    if let Some(why) = &it.harmless {
        lines("  no effect: ", why, width, out)?;
    }
    Ok(())
}
