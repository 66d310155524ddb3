//! `collect`: an inventory, to be judged later.

use trailaudit_checks::selection::{Needed, Selection};

use super::list;
use crate::cli::Collect;
use crate::demo;
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::live::by_choice;
use crate::snapshot::load;
use crate::terminal::Terminal;

impl Invocation {
    pub(super) fn collect(&self, collect: &Collect, terminal: Terminal) -> Result<Exit, Stop> {
        let snapshot = if collect.demo {
            load(&demo::source())?
        } else {
            let mut selection = Selection::of(&collect.select.choice(), &self.config.settings)?;
            // Collecting alone verifies no digests.
            selection.without_chains();
            selection.without_events();
            let choice = by_choice(&collect.live, false);
            // What is kept may be judged by any check later, unless some were chosen now.
            let needed = if collect.select.is_everything() {
                Needed::everything(choice)
            } else {
                selection.needed(choice)
            };
            self.live(&collect.live, needed, None, terminal)?
        };
        snapshot.save(&collect.output)?;
        terminal.note(&list::collected(&snapshot.inventory, &collect.output));
        let interrupted = snapshot
            .inventory
            .trailer
            .as_ref()
            .is_none_or(|it| it.interrupted);
        Ok(if interrupted {
            Exit::Interrupted
        } else {
            Exit::Clean
        })
    }
}
