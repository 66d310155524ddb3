//! Asks AWS, for every command that does.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use trailaudit_checks::selection::{ByChoice, Needed};

use crate::cli::{Global, Live};
use crate::collect::{Listen, Options, Step};
use crate::endpoint;
use crate::events::listen;
use crate::exit::Stop;
use crate::invocation::Invocation;
use crate::recordings::Kept;
use crate::snapshot::{Snapshot, Spool};
use crate::terminal::{Terminal, stderr_is_terminal};

/// What a live run verifies of the digests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digests {
    /// From when until when.
    pub(crate) window: (Timestamp, Timestamp),
    /// Whether the calls that made holes are looked for.
    pub(crate) explain_gaps: bool,
    /// Whether the key events of the logs are looked for.
    pub(crate) events: bool,
}

/// What the flags ask for by choice.
pub(crate) fn by_choice(live: &Live, verify: bool) -> ByChoice {
    ByChoice {
        verify,
        lookup: live.lookup_events.is_some(),
    }
}

impl Invocation {
    pub(crate) fn live(
        &self,
        live: &Live,
        needed: Needed,
        digests: Option<Digests>,
        terminal: Terminal,
    ) -> Result<Snapshot, Stop> {
        let options = Options {
            verify: digests.map(|it| it.window),
            explain_gaps: digests.is_some_and(|it| it.explain_gaps),
            events: digests.is_some_and(|it| it.events),
            listen: digests
                .filter(|it| it.explain_gaps || it.events)
                .map(|_| listen as Listen),
            ..self.options_of(live, needed, terminal)?
        };
        let answers = options.answers.clone();
        let snapshot = ask(options, Step::Whole, Spool::new()?)?;
        endpoint::warn(&snapshot.inventory.header.scope.endpoints, terminal);
        if let (Some(answers), Some(path)) = (answers, &live.keep_answers) {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.save(path)?;
            terminal.note(&format!(
                "wrote the raw API responses to {}",
                path.display()
            ));
        }
        Ok(snapshot)
    }

    /// What the flags ask for, but for digests.
    pub(crate) fn options_of(
        &self,
        live: &Live,
        needed: Needed,
        terminal: Terminal,
    ) -> Result<Options, Stop> {
        let Global { no_progress, .. } = self.cli.global;
        Ok(Options {
            profile: live.profile.clone(),
            role_name: live.role_name.clone(),
            external_id: live.external_id.clone(),
            accounts: live.accounts.clone(),
            exclude_accounts: live.exclude_accounts.clone(),
            ous: live.ou.clone(),
            regions: live.regions.clone(),
            max_in_flight: live.max_in_flight,
            roles: self.config.roles.clone(),
            needed: needed.calls,
            needed_where_unrecorded: needed.in_holes,
            in_every_region: needed.in_every_region,
            lookup: live.lookup_events,
            log_archive_accounts: self.config.settings.log_archive_accounts.clone(),
            answers: live.keep_answers.is_some().then(kept).transpose()?,
            progress: stderr_is_terminal() && !no_progress && !terminal.quiet,
            terminal,
            ..Options::default()
        })
    }
}

/// A place for AWS's answers.
fn kept() -> anyhow::Result<Arc<Mutex<Kept>>> {
    Ok(Arc::new(Mutex::new(Kept::new()?)))
}

/// Collects from AWS: the whole, or a part.
#[cfg(feature = "aws")]
pub(crate) fn ask(options: Options, step: Step, mut iam: Spool) -> Result<Snapshot, Stop> {
    use crate::collect::{CollectError, collect};
    match collect(options, step, &mut iam, crate::program::tool()) {
        Ok(inventory) => Ok(Snapshot::live(inventory, iam)),
        Err(CollectError::EmptyScope(error)) => Err(Stop::Usage(error)),
        Err(CollectError::NoCredentials(error) | CollectError::Fatal(error)) => {
            Err(Stop::Fatal(error))
        }
    }
}

/// This build has no SDK in it.
#[cfg(not(feature = "aws"))]
pub(crate) fn ask(_: Options, _: Step, _: Spool) -> Result<Snapshot, Stop> {
    Err(Stop::usage(
        "this build cannot ask AWS (it was made without the feature `aws`). \
         Judge a saved inventory with --inventory FILE, or try --demo",
    ))
}
