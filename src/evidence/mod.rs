//! A sealed bundle for an auditor: everything that was seen, asked and judged, and by which rules.
//!
//! `create` writes it, `verify` checks it, `sample` draws rows from it. docs/evidence.md says what each file proves.

mod again;
mod create;
mod folder;
#[cfg(test)]
mod fuzz;
mod manifest;
mod names;
mod open;
mod population;
mod readme;
mod sample;
mod seal;
mod shards;
mod sums;
mod tar;
mod verify;

use std::fmt::Write as _;
use std::path::Path;

use trailaudit_checks::audit::{Audit, Rules};
use trailaudit_reports::sanitize;

use crate::cli::{Create, Evidence, Sample, VerifyBundle};
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::judged::Judged;
use crate::output::to_stdout;
use crate::program::clock;
use crate::shard::Run;
use crate::terminal::Terminal;
use create::Parts;
pub(crate) use manifest::{Previous, whose};
use open::Opened;
pub(crate) use seal::Key;
use verify::Against;

impl Invocation {
    /// Makes, checks or samples a bundle.
    pub(crate) fn evidence(&self, what: &Evidence, terminal: Terminal) -> Result<Exit, Stop> {
        match what {
            Evidence::Create(it) => self.create(it, terminal),
            Evidence::Verify(it) => verify(it),
            Evidence::Sample(it) => sample(it, terminal),
        }
    }

    fn create(&self, args: &Create, terminal: Terminal) -> Result<Exit, Stop> {
        // All that can be wrong with the command is told before anything is asked.
        let key = args
            .sign
            .as_deref()
            .map(Key::read)
            .transpose()
            .map_err(Stop::Usage)?;
        let audit = args
            .audit
            .as_deref()
            .map(crate::audit_file::load)
            .transpose()
            .map_err(Stop::Usage)?;
        let previous = args
            .previous
            .as_deref()
            .map(|path| before(path, key.as_ref(), terminal))
            .transpose()
            .map_err(Stop::input)?;
        folder::Folder::new(&args.output).map_err(Stop::Usage)?;
        let Judged {
            snapshot,
            rules,
            audit,
        } = match audit {
            Some(audit) => self.saved(args, audit)?,
            None => self.judged(&args.scan(), terminal)?,
        };
        if let Some((link, of)) = &previous {
            follows(link, of, &audit).map_err(Stop::Usage)?;
        }
        let parts = Parts {
            snapshot: &snapshot,
            rules: &rules,
            audit: &audit,
            // What this run has kept itself, or an earlier one.
            answers: args
                .live
                .keep_answers
                .as_deref()
                .or(args.answers.as_deref()),
            digest: args.newest_digest.as_deref(),
            previous: previous.map(|(link, _)| link),
            key: key.as_ref(),
        };
        create::create(&parts, &args.output)?;
        if key.is_none() {
            terminal.warn("the bundle is not signed; --sign FILE signs it");
        }
        terminal.note(&format!(
            "wrote the evidence to {}; check it with `trailaudit evidence verify {0}`",
            args.output.display()
        ));
        Ok(if audit.run.interrupted {
            Exit::Interrupted
        } else {
            Exit::Clean
        })
    }

    /// The audit as it was saved, if it is the one that this inventory gives.
    fn saved(&self, args: &Create, audit: Audit) -> Result<Judged, Stop> {
        let asked = [
            "check",
            "skip_check",
            "framework",
            "now",
            "fail_on",
            "allow_incomplete",
            "exit_zero",
        ];
        if let Some(id) = asked.into_iter().find(|id| self.is_flag(id)) {
            return Err(Stop::usage(format!(
                "--{} is said by the audit itself; leave it out, or leave out --audit",
                id.replace('_', "-")
            )));
        }
        let Some(source) = self.source(&args.scan())? else {
            return Err(Stop::usage(
                "--audit goes with the inventory that it judges: --inventory FILE",
            ));
        };
        let snapshot = crate::snapshot::load(&source).map_err(Stop::input)?;
        let waivers =
            crate::config::load_waivers(args.judge.waivers.as_deref()).map_err(Stop::Usage)?;
        let settings = self.config.settings.clone();
        let rules: Rules = again::rules(&snapshot, &audit, settings, waivers.content)?;
        if let Some(words) = again::differs(&snapshot, &rules, &audit)? {
            return Err(Stop::usage(format!(
                "the audit is not what {} gives under these settings and waivers: {words}",
                source.name()
            )));
        }
        Ok(Judged {
            snapshot,
            rules,
            audit,
        })
    }
}

/// The bundle before it must be older, and of the same organization.
fn follows(link: &Previous, of: &str, audit: &Audit) -> anyhow::Result<()> {
    if of != whose(audit) || link.started_at >= audit.started_at {
        anyhow::bail!(
            "the bundle before it is of {of}, with facts of {}; this one is of {}, with facts of {}",
            link.started_at,
            whose(audit),
            audit.started_at
        );
    }
    Ok(())
}

/// The link to the bundle before that of this audit.
pub(crate) fn link(
    path: &Path,
    key: Option<&Key>,
    audit: &Audit,
    terminal: Terminal,
) -> anyhow::Result<Previous> {
    let (link, of) = before(path, key, terminal)?;
    follows(&link, &of, audit)?;
    Ok(link)
}

/// Writes the bundle of what was judged.
pub(crate) fn write(
    judged: &Judged,
    previous: Option<Previous>,
    key: Option<&Key>,
    at: &Path,
) -> anyhow::Result<()> {
    let parts = Parts {
        snapshot: &judged.snapshot,
        rules: &judged.rules,
        audit: &judged.audit,
        answers: None,
        digest: None,
        previous,
        key,
    };
    create::create(&parts, at)
}

/// The link to an earlier bundle, and whose it is. One that is not whole is not linked to.
fn before(
    path: &Path,
    key: Option<&Key>,
    terminal: Terminal,
) -> anyhow::Result<(Previous, String)> {
    let bundle = open::open(path)?;
    let found = verify::verify(&bundle, &Against::default());
    if let Some(wrong) = found.wrong.first() {
        anyhow::bail!("{} is no bundle to link to: {wrong}", path.display());
    }
    let manifest: manifest::Manifest = bundle.json(names::MANIFEST)?;
    let ours = key.map(|it| it.public().id());
    if ours.is_some() && manifest.key != ours {
        terminal.warn(&format!(
            "{} is not signed by your key: nothing proves that nobody changed it before it is linked to",
            path.display()
        ));
    }
    let sums = bundle.read(names::SUMS, open::WHOLE)?;
    let link = Previous {
        sha256sums: sums::sha256(&sums),
        started_at: manifest.started_at,
    };
    Ok((link, manifest.of))
}

/// A folder or archive; one that is not there is the user's to put right.
fn opened(path: &Path) -> Result<Result<Opened, anyhow::Error>, Stop> {
    if !path.exists() {
        return Err(Stop::usage(format!("there is no {}", path.display())));
    }
    match open::open(path).map_err(Stop::input) {
        // The fault of this machine says nothing of the bundle.
        Err(stop @ (Stop::Fatal(_) | Stop::Again(_))) => Err(stop),
        Err(Stop::Usage(error)) => Ok(Err(error.context(format!(
            "{} is no bundle that can be trusted",
            path.display()
        )))),
        Ok(bundle) => Ok(Ok(bundle)),
    }
}

fn verify(args: &VerifyBundle) -> Result<Exit, Stop> {
    let previous = args
        .previous
        .as_deref()
        .map(opened)
        .transpose()?
        .transpose()
        .map_err(Stop::Usage)?;
    let max_age = match args.max_age {
        Some(most) => Some((most, args.now.map_or_else(clock, Ok)?)),
        None => None,
    };
    let run = args.run.as_ref();
    let run = run.map(|it| Run::open(it, None, None)).transpose()?;
    let against = Against {
        key: args.public_key.as_deref(),
        previous: previous.as_ref(),
        organization: args.expect_organization.as_deref(),
        max_age,
        run: run.as_ref(),
    };
    let found = match opened(&args.bundle)? {
        Ok(bundle) => verify::verify(&bundle, &against),
        Err(error) => verify::Found {
            wrong: vec![format!("{error:#}")],
            ..verify::Found::default()
        },
    };
    to_stdout(|out| match args.json {
        true => sanitize::json(&found, out),
        false => out.write_all(words(&found).as_bytes()),
    })?;
    Ok(if !found.wrong.is_empty() {
        Exit::Findings
    } else if found.open.is_empty() || args.allow_incomplete {
        Exit::Clean
    } else {
        Exit::Incomplete
    })
}

fn words(found: &verify::Found) -> String {
    let mut out = String::new();
    if let Some(it) = &found.about {
        let finished = match it.finished_at {
            Some(at) => format!("to {at}"),
            None => "on, and cut off".to_owned(),
        };
        let line = format!(
            "Evidence of {}: facts taken from {} {finished}, evaluated at {} by {} {}{}",
            it.organization,
            it.started_at,
            it.now,
            it.tool.name,
            it.tool.version,
            if found.wrong.is_empty() {
                ""
            } else {
                " (its own words; do not rely on them)"
            }
        );
        let _ = writeln!(out, "{}\n", sanitize::line(&line));
    }
    let lists = [
        ("ok", &found.ok),
        ("OPEN", &found.open),
        ("WRONG", &found.wrong),
    ];
    for (word, lines) in lists {
        for line in lines {
            let _ = writeln!(out, "{word:6} {}", sanitize::line(line));
        }
    }
    let lists = [
        ("It proves", &found.proves),
        ("It does not prove", &found.proves_not),
        ("Stated by the signer, not verified", &found.stated),
    ];
    for (head, lines) in lists.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        let _ = writeln!(out, "\n{head}");
        for line in lines {
            let _ = writeln!(out, "  {}", sanitize::line(line));
        }
    }
    out
}

fn sample(args: &Sample, terminal: Terminal) -> Result<Exit, Stop> {
    let bundle = opened(&args.bundle)?.map_err(Stop::Usage)?;
    let against = Against {
        key: args.public_key.as_deref(),
        ..Against::default()
    };
    let found = verify::verify(&bundle, &against);
    if let Some(wrong) = found.wrong.first() {
        return Err(Stop::usage(format!(
            "nothing is drawn from a bundle that is not whole: {wrong}"
        )));
    }
    for open in &found.open {
        terminal.warn(open);
    }
    to_stdout(|out| {
        sample::sample(&bundle, args.of, args.seed, args.size, out).map_err(std::io::Error::other)
    })?;
    Ok(Exit::Clean)
}
