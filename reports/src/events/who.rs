//! The chain of identities behind an event.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;
use trailaudit_checks::events::RestsOn;
use trailaudit_checks::events::who::{EventRef, Hop, Offer, Who};
use trailaudit_checks::inventory::Tool;

use super::rests_on::{among, write};
use crate::text::page::{Margin, Page, Span, Style, plain};
use crate::wording::{Headline, number};
use crate::{Format, Options, sanitize};

/// The answer of `events who`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Identified {
    /// The version of this form.
    pub schema: u32,
    /// Who says so.
    pub tool: Tool,
    /// What was asked for.
    pub asked: String,
    /// A chain for each event or session.
    pub who: Vec<Who>,
    /// How many more there are.
    pub more: u64,
    /// What finding the event rests on; each chain says what it rests on itself.
    pub rests_on: RestsOn,
}

/// The formats of identities.
pub const WHO_FORMATS: &[&Format<Identified>] = &[
    &Format {
        name: "text",
        extension: "txt",
        about: "For people: hop by hop",
        write: text,
    },
    &Format {
        name: "json",
        extension: "json",
        about: "The same for programs",
        write: |identified, _, out| sanitize::json(identified, out),
    },
];

fn text(identified: &Identified, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let mut page = Page::new(&mut out, options.width, options.color);
    if identified.who.is_empty() {
        page.text(
            0,
            &format!(
                "{} is not in {}.",
                identified.asked,
                among(&identified.rests_on)
            ),
        )?;
        write(&identified.rests_on, &mut page)?;
        return out.flush();
    }
    for (at, who) in identified.who.iter().enumerate() {
        if at > 0 {
            page.blank()?;
        }
        one(who, &mut page)?;
    }
    if identified.more > 0 {
        page.blank()?;
        page.text(
            0,
            &format!(
                "{} more sessions are not followed: narrow --since and --until",
                number(identified.more)
            ),
        )?;
    }
    out.flush()
}

fn one(who: &Who, page: &mut Page<'_>) -> io::Result<()> {
    let actor = match &who.actor.name {
        Some(name) => format!("{name} ({})", who.actor.id),
        None => who.actor.id.clone(),
    };
    let style = match who.proof.is_proven() {
        true => Style::Headline(Headline::Pass),
        false => Style::Headline(Headline::Undecided),
    };
    let state = format!("[{}, {}]", who.state.word().replace('_', " "), who.proof);
    page.item(
        Margin(0, 2),
        Span(Style::Strong, &actor),
        &[plain(&who.actor.kind), Span(style, &state)],
    )?;
    page.text(2, &who.why)?;
    for (number, hop) in who.hops.iter().enumerate() {
        self::hop(number, hop, page)?;
    }
    for it in &who.contradictions {
        let text = format!("{}: {}, but {}", it.on.words(), it.found, it.expected);
        page.item(
            Margin(2, 4),
            Span(Style::Headline(Headline::Fail), "contradiction:"),
            &[plain(&text)],
        )?;
    }
    for it in &who.candidates {
        let name = it
            .identity
            .arn
            .clone()
            .or_else(|| it.identity.principal_id.clone())
            .unwrap_or_default();
        page.item(
            Margin(2, 4),
            plain("candidate:"),
            &[plain(&format!("{}, {}", event(&it.event), name))],
        )?;
    }
    for it in &who.next {
        page.item(Margin(2, 4), plain("next:"), &[plain(&offer(it))])?;
    }
    page.item(
        Margin(2, 4),
        Span(
            Style::Faint,
            &format!("{} logs were read to follow it.", number(who.logs_read)),
        ),
        &[],
    )
}

fn hop(number: usize, hop: &Hop, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    let label = format!("{number}.");
    page.item(
        Margin(2, 5),
        plain(&label),
        &[
            Span(Style::Strong, &hop.event.name),
            plain(&event(&hop.event)),
        ],
    )?;
    let margin = Margin(5, 15);
    let mut row = |label: &str, text: &str| match text.is_empty() {
        true => Ok(()),
        false => page.item(margin, Span(Style::Faint, label), &[plain(text)]),
    };
    let rules: Vec<&str> = hop
        .rules
        .iter()
        .chain(&hop.ended_by)
        .map(|it| it.words())
        .collect();
    row("found by", &rules.join(", "))?;
    let identity = &hop.identity;
    let name = identity
        .arn
        .as_ref()
        .or(identity.user_name.as_ref())
        .or(identity.principal_id.as_ref());
    let kind = identity.kind.as_deref().unwrap_or("no identity");
    row(
        "identity",
        &format!("{kind} {}", name.map_or("", String::as_str)),
    )?;
    if let Some(session) = &hop.session {
        let mut text = session
            .name
            .as_ref()
            .map(|it| format!("named {it} by its caller"))
            .unwrap_or_default();
        if let Some(since) = session.since {
            text.push_str(&format!(", since {since}"));
        }
        match session.mfa {
            Some(true) => text.push_str(", with MFA"),
            Some(false) => text.push_str(", MFA not recorded"),
            None => {}
        }
        row("session", text.trim_start_matches(", "))?;
    }
    row("from", hop.event.address.as_deref().unwrap_or_default())?;
    row("by way of", hop.by_service.as_deref().unwrap_or_default())?;
    row("delegate", hop.delegate.as_deref().unwrap_or_default())?;
    for (label, it) in [
        ("access", &hop.access),
        ("application", &hop.application),
        ("switched", &hop.switched),
    ] {
        row(label, &it.as_ref().map(event).unwrap_or_default())?;
    }
    row("proof", &hop.event.proof.to_string())?;
    row("event", hop.event.id.as_deref().unwrap_or_default())
}

/// `AssumeRole at .. in 111122223333 eu-west-1`.
fn event(it: &EventRef) -> String {
    let time = it
        .time
        .map_or("at an unknown time".to_owned(), |it| it.to_string());
    let place: Vec<&str> = [&it.account, &it.region]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let error = it
        .error
        .as_ref()
        .map(|it| format!(", refused: {it}"))
        .unwrap_or_default();
    format!("{time} in {}{error}", place.join(" "))
}

fn offer(it: &Offer) -> String {
    match it {
        Offer::KeyMade { key } => format!(
            "who made access key {key}: events search 'name = CreateAccessKey and responseElements.accessKey.accessKeyId = {key}'"
        ),
        Offer::ResourceChanged { resource, calls } => {
            format!(
                "who started or changed {resource}: events search 'name in ({}) and resource = \"{resource}\"'",
                calls.join(", ")
            )
        }
        Offer::Account { account } => format!("the record of account {account} leads on"),
        Offer::Provider { provider } => format!("the log of {provider} leads on"),
    }
}
