//! The command: a listing, or the answer to one request.

use super::{list, simulate, source};
use crate::cli::{Access, AccessCommand, Select};
use crate::exit::{Exit, Stop};
use crate::parsed::Parsed;
use crate::selection::{ByChoice, Selection};
use crate::snapshot::load;
use crate::tell::{Tell, stdout_width};

impl Parsed {
    /// What `access` does.
    pub(crate) fn access(&self, access: &Access, tell: Tell) -> Result<Exit, Stop> {
        if let Some(AccessCommand::Simulate(it)) = &access.simulate {
            let source = source(it.demo, it.inventory.as_deref())
                .ok_or_else(|| Stop::usage("give --inventory FILE, or --demo"))?;
            let snapshot = load(&source).map_err(Stop::input)?;
            simulate(it, &snapshot, &self.config.settings, stdout_width())?;
            return Ok(Exit::Clean);
        }
        let snapshot = match source(access.demo, access.inventory.as_deref()) {
            Some(source) => load(&source).map_err(Stop::input)?,
            None => {
                let select = Select {
                    check: vec!["access-*".to_owned()],
                    ..Select::default()
                };
                let selection = Selection::of(&select, &self.config.settings)?;
                self.live(
                    &access.live,
                    selection.needed(ByChoice::default()),
                    None,
                    tell,
                )?
            }
        };
        list(
            access,
            &snapshot,
            &self.config.settings,
            stdout_width(),
            tell,
        )?;
        Ok(Exit::Clean)
    }
}
