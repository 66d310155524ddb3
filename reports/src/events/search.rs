//! Records for people and spreadsheets.

use std::io::{self, Write};

use trailaudit_checks::events::Record;

use super::json::reason;
use super::rests_on::{among, reason as words, write};
use super::sheet::Sheet;
use super::{Found, Match, Verdict};
use crate::Options;
use crate::text::page::{Margin, Page, Span, Style, plain};
use crate::wording::Headline;
use crate::wording::number;

/// Resources of a record that are named in text.
const RESOURCES: usize = 3;

pub(super) fn text(found: &Found, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let mut page = Page::new(&mut out, options.width, options.color);
    if let Some(asked) = &found.asked {
        let headline = match asked.verdict {
            Verdict::Found => Headline::Fail,
            Verdict::Absent => Headline::Pass,
            Verdict::Open | Verdict::CannotTell => Headline::Undecided,
        };
        let argument = asked.argument.as_deref().unwrap_or_default();
        let head = format!("{} {argument}", asked.question);
        page.item(
            Margin(0, 22),
            Span(Style::Strong, head.trim_end()),
            &[Span(Style::Headline(headline), &asked.answer)],
        )?;
        let head = match asked.search_finds_more {
            true => "These records and more",
            false => "The same records",
        };
        page.text(0, &format!("{head}: {}", asked.search))?;
        for it in &asked.sessions {
            let proof = format!("[{}]", it.proof);
            let style = match it.proven {
                true => Style::Headline(Headline::Pass),
                false => Style::Headline(Headline::Undecided),
            };
            page.item(
                Margin(0, 22),
                plain(&it.time.to_string()),
                &[
                    Span(Style::Strong, "session of"),
                    plain(&it.of),
                    plain(&it.how()),
                    Span(style, &proof),
                ],
            )?;
        }
        page.blank()?;
    }
    found.rows.each(&mut |it| one(it, &mut page))?;
    let among = among(&found.rests_on);
    let shown = found
        .limit
        .map_or(found.total, |limit| limit.min(found.total));
    let told = match (found.total, shown) {
        (0, _) => format!("None in {among}."),
        (total, shown) if shown < total => {
            format!(
                "{} of {} matching records, in {among}.",
                number(shown),
                number(total)
            )
        }
        (total, _) => format!("{} matching records, in {among}.", number(total)),
    };
    if found.total > 0 {
        page.blank()?;
    }
    page.text(0, &told)?;
    if found.copies > 0 {
        page.text(
            0,
            &format!(
                "{} copies that other trails delivered are not shown; --all-trails shows them.",
                number(found.copies)
            ),
        )?;
    }
    for path in &found.never_seen {
        page.text(
            0,
            &format!("No record has {path}: is it spelled as CloudTrail spells it?"),
        )?;
    }
    write(&found.rests_on, &mut page)?;
    out.flush()
}

/// One record: when and what, who, on what, where.
fn one(it: &Match<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let Some(record) = Record::read(it.raw) else {
        return page.text(0, "a record that cannot be read");
    };
    let told = Told::of(&record);
    let proof = match reason(it) {
        Some(reason) => format!("{}: {}", it.proof.word(), words(reason)),
        None => it.proof.word().to_owned(),
    };
    let style = match it.proof.is_proven() {
        true => Style::Headline(Headline::Pass),
        false => Style::Headline(Headline::Undecided),
    };
    let mut head = vec![Span(Style::Strong, &told.name), plain(&told.source)];
    if !told.error.is_empty() {
        head.push(Span(Style::Headline(Headline::Fail), &told.error));
    }
    let proof = format!("[{proof}]");
    head.push(Span(style, &proof));
    page.item(Margin(0, 22), plain(&told.time), &head)?;
    let margin = Margin(4, 9);
    let mut row = |label: &str, text: &str| match text.is_empty() {
        true => Ok(()),
        false => page.item(margin, Span(Style::Faint, label), &[plain(text)]),
    };
    row("by", &told.who())?;
    row("on", &told.resources.join(", "))?;
    let place: Vec<&str> = [told.account.as_str(), &told.region]
        .into_iter()
        .filter(|it| !it.is_empty())
        .collect();
    let from = match told.ip.is_empty() {
        true => String::new(),
        false => format!(", from {}", told.ip),
    };
    let event = match told.id.is_empty() {
        true => String::new(),
        false => format!(", event {}", told.id),
    };
    row("at", &format!("{}{from}{event}", place.join(" ")))
}

/// What people look at first in a record.
#[derive(Default)]
pub(super) struct Told {
    pub(super) time: String,
    pub(super) name: String,
    pub(super) source: String,
    pub(super) error: String,
    pub(super) actor: String,
    pub(super) session: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) ip: String,
    pub(super) agent: String,
    pub(super) id: String,
    pub(super) resources: Vec<String>,
    pub(super) by_service: String,
}

impl Told {
    pub(super) fn of(record: &Record<'_>) -> Self {
        let text = |read: Option<trailaudit_checks::events::Text<'_>>| {
            read.map(|it| it.as_str().to_owned()).unwrap_or_default()
        };
        let identity = record.identity();
        let actor = record.actor_of(identity);
        let mut resources = Vec::new();
        let mut more = 0_usize;
        record.resources(&mut |it| {
            let name = it.as_str().to_owned();
            if resources.contains(&name) {
            } else if resources.len() < RESOURCES {
                resources.push(name);
            } else {
                more += 1;
            }
        });
        if more > 0 {
            resources.push(format!("and {more} more"));
        }
        let time = match record.time() {
            Some(time) => time.to_string(),
            None => match text(record.time_text()) {
                written if written.is_empty() => "no time".to_owned(),
                written => format!("no time ({written})"),
            },
        };
        let actor = match actor.name {
            Some(name) => format!("{name} ({})", actor.id),
            None => actor.id.into_owned(),
        };
        Self {
            time,
            name: text(record.name()),
            source: text(record.source()),
            error: record
                .error()
                .map(|it| it.as_str().to_owned())
                .unwrap_or_default(),
            actor,
            session: record
                .session_of(identity)
                .and_then(|it| it.name)
                .unwrap_or_default(),
            account: text(record.account()),
            region: text(record.region()),
            ip: text(record.ip()),
            agent: text(record.agent()),
            id: text(record.event_id()),
            resources,
            by_service: text(record.by_service_of(identity)),
        }
    }

    pub(super) fn who(&self) -> String {
        let mut who = self.actor.clone();
        if !self.session.is_empty() {
            who.push_str(&format!(", session named {}", self.session));
        }
        if !self.by_service.is_empty() && self.by_service != self.actor {
            who.push_str(&format!(", by way of {}", self.by_service));
        }
        who
    }
}

pub(super) fn csv(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet::new(out);
    sheet.row(&[
        "time",
        "proof",
        "reason",
        "account",
        "region",
        "source",
        "name",
        "error",
        "actor",
        "session",
        "by_service",
        "ip",
        "agent",
        "resources",
        "event_id",
        "bucket",
        "key",
        "index",
    ])?;
    found.rows.each(&mut |it| {
        let told = Record::read(it.raw)
            .map(|it| Told::of(&it))
            .unwrap_or_default();
        sheet.row(&[
            &told.time,
            it.proof.word(),
            reason(it).unwrap_or_default(),
            &told.account,
            &told.region,
            &told.source,
            &told.name,
            &told.error,
            &told.actor,
            &told.session,
            &told.by_service,
            &told.ip,
            &told.agent,
            &told.resources.join("; "),
            &told.id,
            it.bucket,
            it.key,
            &it.index.to_string(),
        ])
    })?;
    sheet.end()
}
