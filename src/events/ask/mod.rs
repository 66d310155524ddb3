//! `events ask`: a built-in question. It is a search that can be printed, with an answer in words: what was found, or
//! whether "none" can be said.

mod after;
mod only;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use trailaudit_checks::events::filter::{Expression, Subject};
use trailaudit_checks::events::questions::{QUESTIONS, Question, any_call};
use trailaudit_checks::events::{Record, RestsOn};
use trailaudit_reports::events::{Asked, Found, Rows, Verdict};

use self::after::{After, after};
use self::only::Only;
use super::exit;
use super::hear::{Heard, compare, inventory_of};
use super::reading::{Consumer, Origin};
use super::search::{Matcher, parse, rows};
use super::target;
use crate::cli::{Ask, Input, Order};
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::output;
use crate::program::tool;
use crate::suggest::hint;
use crate::terminal::Terminal;

/// The question about what followed an event: its expression needs the event.
const AFTER: &str = "after";

impl Invocation {
    pub(super) fn ask(&self, flags: &Ask, terminal: Terminal) -> Result<Exit, Stop> {
        let (target, words) = target::of(&flags.input, &flags.words, " and a question")?;
        let (question, argument) = question(&words)?;
        let reports = flags.reports.plan()?;
        let known = inventory_of(&flags.input)?;
        let heard = self.enter(&flags.input, &target, terminal, &|room, span| {
            let (follows, needs) = match question {
                Some(question) => {
                    let asked = question.with(&argument);
                    let expression = asked.expression;
                    let follows = After {
                        expression,
                        ..After::default()
                    };
                    (follows, asked.needs)
                }
                None => (after(room, span, &flags.input, &argument)?, any_call()),
            };
            let asking = Asking {
                matcher: Matcher {
                    expression: Some(parse(&follows.expression)?),
                    order: Order::Time,
                    sorter: Mutex::default(),
                },
                needs: needs
                    .into_iter()
                    .map(|(events, text)| Need::new(events, &text))
                    .collect::<Result<_, _>>()?,
            };
            let mut heard = room.read(span, &flags.input, &asking)?;
            compare(
                &flags.input,
                known.as_ref(),
                &heard.verified,
                &mut heard.rests_on,
            );
            Ok((follows, asking, heard))
        })?;
        let Some((follows, asking, heard)) = heard else {
            return Ok(Exit::Clean);
        };
        let Heard {
            rests_on,
            interrupted,
            ..
        } = heard;
        let unseen = asking.needs.iter().filter(|it| it.is_open());
        let unseen: Vec<&str> = unseen.map(|it| it.events).collect();
        let bursts = question.is_some_and(|it| it.bursts);
        let counted = count(asking.matcher, flags, bursts)?;
        let total = counted.total;
        let verdict = match (total, unseen.is_empty()) {
            (1.., _) => Verdict::Found,
            (0, false) => Verdict::CannotTell,
            (0, true) if rests_on.complete => Verdict::Absent,
            (0, true) => Verdict::Open,
        };
        let answer = Sentence {
            verdict,
            question,
            unseen: &unseen,
            counted: &counted,
            rests_on: &rests_on,
            first: flags.first,
            follows: &follows,
        };
        let asked = Asked {
            question: question.map_or(AFTER, |it| it.name).to_owned(),
            argument: Some(argument).filter(|it| !it.is_empty()),
            answer: answer.text(),
            verdict,
            search: command(&flags.input, &flags.words, &follows.expression),
            search_finds_more: bursts || flags.first,
            sessions: follows.sessions,
        };
        let found = Found {
            tool: tool(),
            expression: Some(follows.expression),
            total,
            copies: counted.copies,
            limit: flags.limit,
            raw: false,
            rows: counted.rows,
            never_seen: Vec::new(),
            rests_on,
            asked: Some(asked),
        };
        if reports.iter().any(output::Report::is_lines) {
            let told = serde_json::json!({"asked": &found.asked, "rests_on": &found.rests_on, "total": total});
            terminal.note(&told.to_string());
        }
        let options = |it: &output::Report<Found>| self.options(it.to_stdout());
        output::write(&reports, &found, options, terminal)?;
        let code = exit(&flags.ends, &found.rests_on, total > 0, interrupted);
        Ok(match (verdict, code) {
            // What was not recorded is open, however well the logs are verified.
            (Verdict::CannotTell, Exit::Clean) if !flags.ends.allow_incomplete => Exit::Incomplete,
            (_, code) => code,
        })
    }
}

/// The records of an answer.
struct Counted {
    rows: Box<dyn Rows>,
    total: u64,
    copies: u64,
    /// How many bursts they are of, if that was asked.
    bursts: Option<u64>,
}

/// What was found, less what is no answer.
fn count(matcher: Matcher, flags: &Ask, bursts: bool) -> anyhow::Result<Counted> {
    let all = !flags.first && !bursts;
    let limit = flags.limit.filter(|_| all);
    let (sifted, total, copies) = rows(matcher.sorter, flags.input.all_trails, limit)?;
    let mut counted = Counted {
        rows: Box::new(sifted),
        total,
        copies,
        bursts: None,
    };
    if bursts {
        let (only, number) = Only::bursts(counted.rows)?;
        let limit = flags.limit.filter(|_| !flags.first);
        let (only, total, copies) = only.limited(limit)?;
        counted = Counted {
            rows: Box::new(only),
            total,
            copies,
            bursts: Some(number),
        };
    }
    if flags.first {
        let (only, total, copies) = Only::firsts(counted.rows).limited(flags.limit)?;
        counted = Counted {
            rows: Box::new(only),
            total,
            copies,
            ..counted
        };
    }
    Ok(counted)
}

/// The question, or none for the one about an event; and its argument.
fn question(words: &[String]) -> Result<(Option<&'static Question>, String), Stop> {
    let Some((name, rest)) = words.split_first() else {
        return Err(Stop::usage(
            "a question is expected after the source; `trailaudit events list questions` names them",
        ));
    };
    let (question, wanted) = match Question::named(name) {
        Some(question) => (Some(question), question.argument),
        None if name == AFTER => (None, "EVENT-ID"),
        None if name == "who-is" => {
            return Err(Stop::usage(
                "who is behind a session, key or event is a chain of calls: use `trailaudit events who SOURCE WHAT`",
            ));
        }
        None => {
            let names = QUESTIONS.iter().map(|it| it.name).chain([AFTER]);
            return Err(Stop::usage(format!(
                "there is no question `{name}`{} `trailaudit events list questions` names them",
                hint(name, names)
            )));
        }
    };
    match (wanted, rest) {
        ("", []) => Ok((question, String::new())),
        ("", [more, ..]) => Err(Stop::usage(format!(
            "the question {name} takes no argument, and there is one: {more}"
        ))),
        (_, [one]) if !one.is_empty() => Ok((question, one.clone())),
        (_, [_, more, ..]) => Err(Stop::usage(format!(
            "one {wanted} is expected after {name}, and there is more: {more}"
        ))),
        (_, _) => Err(Stop::usage(format!(
            "the question {name} needs {wanted}: `trailaudit events ask SOURCE {name} {wanted}`"
        ))),
    }
}

/// A search that also notes whether such calls are recorded at all.
struct Asking {
    matcher: Matcher,
    needs: Vec<Need>,
}

/// Events without which the answer says nothing, until one is seen.
struct Need {
    events: &'static str,
    expression: Expression,
    seen: AtomicBool,
}

impl Need {
    fn new(events: &'static str, text: &str) -> Result<Self, Stop> {
        Ok(Self {
            events,
            expression: parse(text)?,
            seen: AtomicBool::new(false),
        })
    }

    fn is_open(&self) -> bool {
        !self.seen.load(Ordering::Relaxed)
    }
}

impl Consumer for Asking {
    type Local = <Matcher as Consumer>::Local;

    fn may_match(&self, log: &[u8]) -> bool {
        let mut open = self.needs.iter().filter(|it| it.is_open());
        self.matcher.may_match(log) || open.any(|it| it.expression.may_match(log))
    }

    fn record(
        &self,
        local: &mut Self::Local,
        from: &Origin<'_>,
        record: &Record<'_>,
    ) -> anyhow::Result<bool> {
        // What was planted does not show what a trail records.
        if from.proof.is_proven() {
            let subject = Subject {
                record,
                proof: from.proof,
            };
            for need in self.needs.iter().filter(|it| it.is_open()) {
                if need.expression.matches(&subject) {
                    need.seen.store(true, Ordering::Relaxed);
                }
            }
        }
        self.matcher.record(local, from, record)
    }

    fn end(&self, local: Self::Local) -> anyhow::Result<()> {
        self.matcher.end(local)
    }
}

/// What the answer in words is made of.
struct Sentence<'a> {
    verdict: Verdict,
    question: Option<&'static Question>,
    /// Events that it needs, of which none was seen.
    unseen: &'a [&'static str],
    counted: &'a Counted,
    rests_on: &'a RestsOn,
    first: bool,
    follows: &'a After,
}

impl Sentence<'_> {
    fn text(&self) -> String {
        let hours = self.rests_on.hours.verified;
        let about = self.question.map_or(
            "later calls of the session and of the sessions that it issued",
            |it| it.about,
        );
        match self.verdict {
            Verdict::Found => self.found(about),
            Verdict::Absent => format!(
                "none in {} verified records of {hours} verified hours: {about}",
                self.rests_on.records.verified
            ),
            Verdict::Open => format!(
                "none found, but the answer is open: part of the logs is missing, altered or not verified ({hours} hours \
                 are verified)"
            ),
            Verdict::CannotTell => format!(
                "cannot be answered: the verified logs hold no {}, so such calls may not be recorded at all",
                self.unseen.join(" and no ")
            ),
        }
    }

    fn found(&self, about: &str) -> String {
        let mut text = match self.counted.bursts {
            Some(bursts) => format!("found {} calls in {bursts}: {about}", self.counted.total),
            None => format!("found {}: {about}", self.counted.total),
        };
        let sessions = &self.follows.sessions;
        if !sessions.is_empty() {
            text.push_str(&format!("; issued sessions: {}", sessions.len()));
            let weak = sessions.iter().filter(|it| !it.proven).count();
            if weak > 0 {
                text.push_str(&format!(", {weak} by records that are not verified"));
            }
        }
        if self.follows.more {
            text.push_str("; more sessions were issued, and not followed");
        }
        if !self.unseen.is_empty() {
            text.push_str(&format!(
                "; the verified logs hold no {}, so there may be calls that are not recorded",
                self.unseen.join(" and no ")
            ));
        }
        if !self.rests_on.complete {
            text.push_str("; there may be more in the logs that are not verified");
        }
        if self.first {
            text.push_str("; the first of each actor is the first in what was read");
        }
        text
    }
}

/// The search that gives the same records.
fn command(input: &Input, words: &[String], expression: &str) -> String {
    let mut parts = vec!["trailaudit events search".to_owned()];
    match (input.demo, words.first()) {
        (true, _) | (false, None) => parts.push("--demo".to_owned()),
        (false, Some(source)) => parts.push(shell(source)),
    }
    if let Some(keys) = &input.extent.public_keys {
        parts.push(format!(
            "--public-keys {}",
            shell(&keys.display().to_string())
        ));
    }
    parts.push(shell(expression));
    parts.join(" ")
}

/// A word for a shell.
fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
