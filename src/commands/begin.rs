//! `init` writes the files that a user begins with; `waive` appends a waiver to one of them.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use toml::Value;
use trailaudit_checks::{catalog, finding::short};

use super::list::example;
use crate::cli::{Init, Waive};
use crate::config::{FILE, WAIVERS, parse_waivers};
use crate::exit::{Exit, Stop};
use crate::files::{self, Access, write_whole};
use crate::invocation::Invocation;
use crate::program::clock;
use crate::suggest::hint;
use crate::terminal::Terminal;

/// Editors that know TOML complete and check by it.
const SCHEMAS: &str = "https://raw.githubusercontent.com/trailaudit/trailaudit/main/docs/schemas";

/// A waiver file that waives nothing.
const EMPTY: &str = "\
# Waivers of trailaudit: trailaudit-waivers.toml in the working folder, or --waivers FILE.
# A waived failure stays a failure in every report; it does not cause exit code 1 until its waiver expires.
# `trailaudit waive CHECK SUBJECT --reason .. --approver .. --expires ..` appends one.

#[[waiver]]
#check = \"bucket-mfa-delete\"
#subject = \"arn:aws:s3:::org-logs\"
#reason = \"Object Lock in compliance mode protects the versions\"
#approver = \"security@example.com\"
#expires = 2027-03-31
#ticket = \"SEC-1234\"

# A call that will not be answered: its findings stay unknown, and do not cause exit code 3.
#[[accepted_gap]]
#account = \"222222222222\"
#call = \"s3:GetBucketPolicy\"
#reason = \"the account is being closed\"
#approver = \"security@example.com\"
#expires = 2026-12-31
";

fn with_schema(name: &str, text: &str) -> String {
    format!("#:schema {SCHEMAS}/{name}.schema.json\n{text}")
}

impl Invocation {
    pub(super) fn init(&self, flags: &Init, terminal: Terminal) -> Result<Exit, Stop> {
        let files = [
            (FILE, with_schema("settings", &example()?)),
            (WAIVERS, with_schema("waivers", EMPTY)),
        ];
        let folder = &flags.folder;
        // Both or none: nothing of a user's is written over.
        for (name, _) in &files {
            let path = folder.join(name);
            if path.symlink_metadata().is_ok() {
                return Err(Stop::usage(format!(
                    "{} is there already, so nothing was written; remove it, or name another folder",
                    path.display()
                )));
            }
        }
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} cannot be created", folder.display()))?;
        for (name, text) in &files {
            let path = folder.join(name);
            write_whole(&path, Access::Usual, |out| {
                Ok(out.write_all(text.as_bytes())?)
            })?;
            terminal.note(&format!("wrote {}", path.display()));
        }
        Ok(Exit::Clean)
    }

    pub(super) fn waive(&self, flags: &Waive, terminal: Terminal) -> Result<Exit, Stop> {
        let now = flags.now.map_or_else(clock, Ok)?;
        let check = known_check(&flags.check)?;
        not_over(flags, now)?;
        let path = flags.waivers.as_deref().unwrap_or(Path::new(WAIVERS));
        let before = match std::fs::symlink_metadata(path) {
            Ok(_) => files::read_text(path, files::SMALL).map_err(Stop::Usage)?,
            Err(error) if error.kind() == ErrorKind::NotFound => with_schema("waivers", EMPTY),
            Err(error) => {
                let error = anyhow!(error).context(format!("{} cannot be read", path.display()));
                return Err(Stop::Usage(error));
            }
        };
        let wrong = |error: anyhow::Error| Stop::Usage(anyhow!("{}{error:#}", path.display()));
        let known = parse_waivers(&before).map_err(wrong)?;
        let same = known.waivers.iter().find(|waiver| {
            waiver.check == check
                && waiver.subject == flags.subject
                && waiver.account == flags.account
                && waiver.region == flags.region
        });
        if let Some(same) = same {
            return Err(Stop::usage(format!(
                "{} has this waiver already (expires {}); change it there",
                path.display(),
                same.expires
            )));
        }
        let after = format!(
            "{}\n{}",
            before.trim_end_matches('\n').to_owned() + "\n",
            block(flags, check)
        );
        // What is written is read again first: a waiver that means something else must not get into the file.
        let again = parse_waivers(&after).map_err(wrong)?;
        let added = again.waivers.last().is_some_and(|waiver| {
            (waiver.check.as_str(), &waiver.subject, waiver.expires)
                == (check, &flags.subject, flags.expires)
        });
        if again.waivers.len() != known.waivers.len() + 1 || !added {
            return Err(Stop::Fatal(anyhow!(
                "the waiver cannot be written into {}: please report this",
                path.display()
            )));
        }
        write_whole(path, Access::Usual, |out| {
            Ok(out.write_all(after.as_bytes())?)
        })?;
        terminal.note(&format!(
            "added to {}: {check} on {}, expires {}",
            path.display(),
            short(&flags.subject, 200),
            flags.expires
        ));
        if !catalog::all().iter().any(|it| it.id == check) {
            terminal.warn(&format!(
                "{check} is a pattern: the waiver applies to every check that it matches"
            ));
        }
        if flags.subject.contains(['*', '?']) {
            terminal.warn(
                "the subject is a pattern: the waiver applies to every subject that it matches",
            );
        }
        Ok(Exit::Clean)
    }
}

/// The id, or the pattern, if there is such a check.
fn known_check(text: &str) -> Result<&str, Stop> {
    let all = catalog::all();
    let pattern = trailaudit_checks::text::glob;
    if all.iter().any(|it| pattern(text, it.id)) {
        return Ok(text);
    }
    let hint = hint(text, all.iter().map(|it| it.id));
    Err(Stop::usage(format!(
        "there is no check `{text}`{hint} `trailaudit list checks` lists all"
    )))
}

/// A waiver that is over waives nothing.
fn not_over(flags: &Waive, now: Timestamp) -> Result<(), Stop> {
    let today = now.to_zoned(TimeZone::UTC).date();
    if flags.expires < today {
        return Err(Stop::usage(format!(
            "--expires {} is in the past (today is {today}): the waiver would apply on no day",
            flags.expires
        )));
    }
    Ok(())
}

/// The waiver as TOML; texts are escaped by the library.
fn block(flags: &Waive, check: &str) -> String {
    let mut out = "[[waiver]]\n".to_owned();
    let mut line = |key: &str, text: &str| {
        out.push_str(&format!("{key} = {}\n", Value::String(text.to_owned())));
    };
    line("check", check);
    line("subject", &flags.subject);
    for (key, value) in [("account", &flags.account), ("region", &flags.region)] {
        if let Some(value) = value {
            line(key, value);
        }
    }
    line("reason", &flags.reason);
    line("approver", &flags.approver);
    if let Some(ticket) = &flags.ticket {
        line("ticket", ticket);
    }
    out.push_str(&format!("expires = {}\n", flags.expires));
    out
}
