//! `events ask`: a built-in question. It is a search that can be printed, with an answer in words: what was found, or
//! whether "none" can be said.

use std::collections::BTreeSet;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use trailaudit_checks::events::filter::{Expression, Subject};
use trailaudit_checks::events::questions::{QUESTIONS, Question, quoted};
use trailaudit_checks::events::{Proof, Record, RestsOn};
use trailaudit_reports::events::{Asked, Found, Match, Rows, Verdict};

use super::exit;
use super::hear::{Heard, Room, Span, compare, inventory_of};
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
        let reports = output::plan(&flags.format, flags.output_dir.as_deref())?;
        let known = inventory_of(&flags.input)?;
        let heard = self.enter(&flags.input, &target, terminal, &|room, span| {
            let (expression, recorded) = match question {
                Some(question) => {
                    let asked = question.with(&argument);
                    (asked.expression, asked.recorded)
                }
                None => (after(room, span, &flags.input, &argument)?, None),
            };
            let asking = Asking {
                matcher: Matcher {
                    expression: Some(parse(&expression)?),
                    order: Order::Time,
                    sorter: Mutex::default(),
                },
                recorded: recorded.as_deref().map(parse).transpose()?,
                seen: AtomicBool::new(false),
            };
            let mut heard = room.read(span, &flags.input, &asking)?;
            compare(
                &flags.input,
                known.as_ref(),
                &heard.verified,
                &mut heard.rests_on,
            );
            Ok((expression, asking, heard))
        })?;
        let Some((expression, asking, heard)) = heard else {
            return Ok(Exit::Clean);
        };
        let recorded = asking.recorded.is_none() || asking.seen.load(Ordering::Relaxed);
        let Heard {
            rests_on,
            interrupted,
            ..
        } = heard;
        let limit = flags.limit.filter(|_| !flags.first);
        let (sifted, mut total, mut copies) =
            rows(asking.matcher.sorter, flags.input.all_trails, limit)?;
        let mut sifted: Box<dyn Rows> = Box::new(sifted);
        if flags.first {
            let firsts = Firsts {
                rows: sifted,
                limit: u64::MAX,
            };
            (total, copies) = (0, 0);
            firsts
                .each(&mut |it| {
                    total += 1;
                    copies += it.copies;
                    Ok(())
                })
                .map_err(anyhow::Error::from)?;
            sifted = Box::new(Firsts {
                limit: flags.limit.unwrap_or(u64::MAX),
                ..firsts
            });
        }
        let verdict = match (total, recorded) {
            (1.., _) => Verdict::Found,
            (0, false) => Verdict::CannotTell,
            (0, true) if rests_on.complete => Verdict::Absent,
            (0, true) => Verdict::Open,
        };
        let asked = Asked {
            question: question.map_or(AFTER, |it| it.name).to_owned(),
            argument: Some(argument).filter(|it| !it.is_empty()),
            answer: sentence(verdict, question, total, &rests_on, flags.first),
            verdict,
            search: command(&flags.input, &flags.words, &expression),
        };
        let found = Found {
            tool: tool(),
            expression: Some(expression),
            total,
            copies,
            limit: flags.limit,
            raw: false,
            rows: sifted,
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

/// What else the session of an event did, from then on.
fn after(room: &Room<'_>, span: Span, input: &Input, id: &str) -> Result<String, Stop> {
    let finder = Session {
        expression: parse(&format!("eventID == {}", quoted(id)))?,
        found: Mutex::default(),
    };
    room.read(span, input, &finder)?;
    let found = finder
        .found
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    found.into_iter().min().map(|(_, it)| it).ok_or_else(|| {
        Stop::usage(format!(
            "no record with eventID {id} and a time was found in the logs that were read; give --since and --until that \
             include it"
        ))
    })
}

/// The session of one event, as an expression; that of a proved record first.
struct Session {
    expression: Expression,
    found: Mutex<Vec<(bool, String)>>,
}

impl Consumer for Session {
    type Local = ();

    fn may_match(&self, log: &[u8]) -> bool {
        self.expression.may_match(log)
    }

    fn record(&self, (): &mut (), from: &Origin<'_>, record: &Record<'_>) -> anyhow::Result<bool> {
        let subject = Subject {
            record,
            proof: from.proof,
        };
        let planted = matches!(from.proof, Proof::Altered | Proof::Unlisted);
        if planted || !self.expression.matches(&subject) {
            return Ok(false);
        }
        let Some(time) = record.time() else {
            return Ok(false);
        };
        let identity = record.identity();
        let text = |name: &str, it: Option<trailaudit_checks::events::Text<'_>>| {
            let it = it.filter(|it| !it.is_empty())?;
            Some(format!("{name} == {}", quoted(&it)))
        };
        let session = [
            text("userIdentity.principalId", identity.principal_id()),
            text(
                "userIdentity.sessionContext.attributes.creationDate",
                identity.created(),
            ),
        ];
        let mut session: Vec<String> = session.into_iter().flatten().collect();
        if session.is_empty() {
            session.push(format!("actor == {}", quoted(&record.actor().id)));
        }
        let expression = format!("{} and time >= {time}", session.join(" and "));
        let mut found = self
            .found
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        found.push((!from.proof.is_proven(), expression));
        Ok(true)
    }

    fn end(&self, (): ()) -> anyhow::Result<()> {
        Ok(())
    }
}

/// A search that also notes whether such calls are recorded at all.
struct Asking {
    matcher: Matcher,
    recorded: Option<Expression>,
    seen: AtomicBool,
}

impl Consumer for Asking {
    type Local = <Matcher as Consumer>::Local;

    fn may_match(&self, log: &[u8]) -> bool {
        let open = !self.seen.load(Ordering::Relaxed);
        let recorded = self.recorded.as_ref().filter(|_| open);
        self.matcher.may_match(log) || recorded.is_some_and(|it| it.may_match(log))
    }

    fn record(
        &self,
        local: &mut Self::Local,
        from: &Origin<'_>,
        record: &Record<'_>,
    ) -> anyhow::Result<bool> {
        // What was planted does not show what a trail records.
        if let Some(recorded) = &self.recorded
            && from.proof.is_proven()
            && !self.seen.load(Ordering::Relaxed)
        {
            let subject = Subject {
                record,
                proof: from.proof,
            };
            if recorded.matches(&subject) {
                self.seen.store(true, Ordering::Relaxed);
            }
        }
        self.matcher.record(local, from, record)
    }

    fn end(&self, local: Self::Local) -> anyhow::Result<()> {
        self.matcher.end(local)
    }
}

/// The first record of each actor.
struct Firsts {
    rows: Box<dyn Rows>,
    limit: u64,
}

impl Rows for Firsts {
    fn each(&self, f: &mut dyn FnMut(&Match<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut seen = BTreeSet::new();
        let mut shown = 0;
        self.rows.each(&mut |it| {
            let actor = Record::read(it.raw).map(|record| record.actor().id.into_owned());
            if shown < self.limit && seen.insert(actor) {
                shown += 1;
                return f(it);
            }
            Ok(())
        })
    }
}

fn sentence(
    verdict: Verdict,
    question: Option<&Question>,
    total: u64,
    rests_on: &RestsOn,
    first: bool,
) -> String {
    let hours = rests_on.hours.verified;
    let about = question.map_or("later calls of the session", |it| it.about);
    let open = match rests_on.complete {
        true => "",
        false => "; there may be more in the logs that are not verified",
    };
    let learned = match first {
        true => "; the first of each actor is the first in what was read",
        false => "",
    };
    match verdict {
        Verdict::Found => format!("found {total}: {about}{open}{learned}"),
        Verdict::Absent => format!(
            "none in {} verified records of {hours} verified hours: {about}",
            rests_on.records.verified
        ),
        Verdict::Open => format!(
            "none found, but the answer is open: part of the logs is missing, altered or not verified ({hours} hours are \
             verified)"
        ),
        Verdict::CannotTell => format!(
            "cannot be answered: the logs hold no {}, so such calls may not be recorded at all",
            question.map_or("such events", |it| it.needs)
        ),
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
