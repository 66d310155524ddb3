//! The command: a listing, or the answer to one request.

use trailaudit_checks::ids::AccountId;
use trailaudit_checks::selection::{ByChoice, Choice, Selection};

use crate::access::{Question, listing, simulate, source};
use crate::cli::{Access, AccessCommand, Simulate};
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::output::{self, Report, Wanted};
use crate::snapshot::{Snapshot, load};
use crate::terminal::Terminal;

impl Invocation {
    /// What `access` does.
    pub(crate) fn access(&self, access: &Access, terminal: Terminal) -> Result<Exit, Stop> {
        if let Some(AccessCommand::Simulate(it)) = &access.simulate {
            return self.simulate(it, terminal);
        }
        let reports = output::plan(&access.format, access.output_dir.as_deref())?;
        let snapshot = self.seen(access, terminal)?;
        let question = Question::of(access);
        let listing = listing(&question, &snapshot, &self.config.settings).map_err(Stop::Usage)?;
        if !listing.unread.is_empty() {
            let accounts: Vec<&str> = listing.unread.keys().map(AccountId::as_str).collect();
            terminal.warn(&format!(
                "the principals of {} could not be read: who can tamper there is not known",
                accounts.join(", ")
            ));
        }
        let options = |it: &Report<_>| self.options(it.to_stdout());
        output::write(&reports, &listing, options, terminal)?;
        Ok(Exit::Clean)
    }

    fn simulate(&self, flags: &Simulate, terminal: Terminal) -> Result<Exit, Stop> {
        let json: Result<Wanted<_>, String> = "json".parse();
        let wanted = match flags.json {
            true => vec![json.map_err(Stop::usage)?],
            false => flags.format.clone(),
        };
        let reports = output::plan(&wanted, None)?;
        let source = source(flags.demo, flags.inventory.as_deref())
            .ok_or_else(|| Stop::usage("give --inventory FILE, or --demo"))?;
        let snapshot = load(&source).map_err(Stop::input)?;
        let answered = simulate(flags, &snapshot, &self.config.settings)?;
        let options = |it: &Report<_>| self.options(it.to_stdout());
        output::write(&reports, &answered, options, terminal)?;
        Ok(Exit::Clean)
    }

    /// The inventory to look at, or what AWS answers now.
    fn seen(&self, access: &Access, terminal: Terminal) -> Result<Snapshot, Stop> {
        if let Some(source) = source(access.demo, access.inventory.as_deref()) {
            return load(&source).map_err(Stop::input);
        }
        let choice = Choice {
            check: vec!["access-*".to_owned()],
            ..Choice::default()
        };
        let selection = Selection::of(&choice, &self.config.settings)?;
        let needed = selection.needed(ByChoice::default());
        self.live(&access.live, needed, None, terminal)
    }
}
