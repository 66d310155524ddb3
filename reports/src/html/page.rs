//! The page that is being written: every value is cleaned and escaped at one place, on its way out.

use std::fmt;
use std::io::{self, Write};

use base64::prelude::{BASE64_STANDARD, Engine};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, Output, State, UndefinedBehavior};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::sanitize;

/// The longest text that is shown whole: AWS knows no longer ARN.
const LONGEST: usize = 2_048;

pub(super) const STYLE: &str = include_str!("../../templates/style.css");
pub(super) const SCRIPT: &str = include_str!("../../templates/script.js");

/// One template for each section.
const TEMPLATES: &[(&str, &str)] = &[
    ("marks.html", include_str!("../../templates/marks.html")),
    ("verdict.html", include_str!("../../templates/verdict.html")),
    ("map.html", include_str!("../../templates/map.html")),
    ("owners.html", include_str!("../../templates/owners.html")),
    ("chains.html", include_str!("../../templates/chains.html")),
    ("tamper.html", include_str!("../../templates/tamper.html")),
    (
        "findings.html",
        include_str!("../../templates/findings.html"),
    ),
    ("end.html", include_str!("../../templates/end.html")),
    ("check.html", include_str!("../../templates/check.html")),
    (
        "frameworks.html",
        include_str!("../../templates/frameworks.html"),
    ),
    ("waivers.html", include_str!("../../templates/waivers.html")),
    ("method.html", include_str!("../../templates/method.html")),
];

/// The page that is being written.
pub(super) struct Page<'o> {
    out: &'o mut dyn Write,
    templates: Environment<'static>,
}

impl<'o> Page<'o> {
    pub(super) fn new(out: &'o mut dyn Write) -> io::Result<Self> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        // A line that holds nothing but a block leaves no line behind.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        templates.set_syntax(syntax.map_err(io::Error::other)?);
        templates.set_formatter(show);
        templates.add_filter("code", code);
        for (name, source) in TEMPLATES {
            templates
                .add_template(name, source)
                .map_err(io::Error::other)?;
        }
        Ok(Self { out, templates })
    }

    /// Writes one section.
    pub(super) fn put(&mut self, template: &str, values: impl Serialize) -> io::Result<()> {
        let template = self.templates.get_template(template);
        let template = template.map_err(io::Error::other)?;
        let written = template.render_captured_to(Serde(values), &mut *self.out);
        written.map_err(io::Error::other)?;
        // A template's own line feed at its end is not part of it.
        self.out.write_all(b"\n")
    }
}

/// What a policy allows of `text`, and nothing else.
pub(super) fn hash(text: &str) -> String {
    let digest = BASE64_STANDARD.encode(Sha256::digest(text));
    format!("sha256-{digest}")
}

/// Only what a macro has written is markup; all other values are text, in an element or in a quoted attribute.
fn show(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(markup) if value.is_safe() => out.write_str(markup)?,
        Some(text) => escape(out, &sanitize::short(text, LONGEST))?,
        None => escape(out, &value.to_string())?,
    }
    Ok(())
}

/// Our own texts set commands between backticks.
fn code(text: &str) -> Result<Value, Error> {
    let mut markup = String::with_capacity(text.len());
    let text = sanitize::short(text, LONGEST);
    let parts: Vec<&str> = text.split('`').collect();
    for (at, part) in parts.iter().enumerate() {
        // One that is not closed begins nothing.
        let is_last = at + 1 == parts.len();
        match (at % 2 == 1, is_last) {
            (true, false) => {
                markup.push_str("<code>");
                words(&mut markup, part)?;
                markup.push_str("</code>");
            }
            (true, true) => {
                markup.push('`');
                escape(&mut markup, part)?;
            }
            (false, _) => escape(&mut markup, part)?,
        }
    }
    Ok(Value::from_safe_string(markup))
}

/// The words of a command, none of which is broken at a hyphen of its own.
fn words(out: &mut String, command: &str) -> Result<(), Error> {
    for (at, word) in command.split(' ').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        if word.contains('-') {
            out.push_str("<span>");
            escape(out, word)?;
            out.push_str("</span>");
        } else {
            escape(out, word)?;
        }
    }
    Ok(())
}

fn escape(out: &mut impl fmt::Write, text: &str) -> Result<(), Error> {
    for part in text.split_inclusive(['<', '>', '&', '"', '\'']) {
        let mut chars = part.chars();
        let entity = match chars.next_back() {
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('&') => "&amp;",
            Some('"') => "&quot;",
            Some('\'') => "&#39;",
            Some(_) | None => {
                out.write_str(part)?;
                continue;
            }
        };
        out.write_str(chars.as_str())?;
        out.write_str(entity)?;
    }
    Ok(())
}
