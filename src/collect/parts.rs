//! The parts of a run: all in one process, or the plan, the accounts and the resources each in their own.

use std::collections::BTreeSet;
use std::sync::Arc;

use trailaudit_checks::inventory::{CallRecord, Inventory};

use super::again::{of_a_shard, together};
use super::run::Run;
use super::scope::{self, Candidate};
use super::share::Share;
use super::{CollectError, Step, accounts, chains, resources};

/// A part that has begun: what is known already, what is to be done, and what was asked before.
pub(super) struct Begun {
    pub(super) inventory: Inventory,
    pub(super) part: Part,
    pub(super) asked: Asked,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Part {
    Whole,
    Plan,
    Accounts(Vec<Candidate>),
    Resources(Share),
}

impl Begun {
    pub(super) fn of(step: Step, nothing_yet: impl FnOnce() -> Inventory) -> Self {
        match step {
            Step::Whole => Self::new(nothing_yet(), Part::Whole),
            Step::Plan => Self::new(nothing_yet(), Part::Plan),
            Step::Accounts(plan, ids) => {
                let accounts = plan.accounts.values().filter(|it| ids.contains(&it.id));
                let part = Part::Accounts(accounts.map(Candidate::of).collect());
                Self::new(of_a_shard(plan.header), part)
            }
            Step::Resources(mut seen, trails) => {
                let before = std::mem::take(&mut seen.ledger);
                Self {
                    asked: Asked(Some(before)),
                    ..Self::new(*seen, Part::Resources(Share::Rest(trails)))
                }
            }
            Step::Share(mut seen, ids) => {
                seen.ledger.clear();
                Self::new(*seen, Part::Resources(Share::Of(ids)))
            }
        }
    }

    fn new(inventory: Inventory, part: Part) -> Self {
        let goes_on = part.goes_on();
        Self {
            inventory,
            part,
            asked: Asked(goes_on.then(Vec::new)),
        }
    }
}

/// What other processes of the run have asked; none where there are no others.
pub(super) struct Asked(Option<Vec<CallRecord>>);

impl Asked {
    /// The calls of all processes, as one would have made them.
    pub(super) fn and(self, calls: Vec<CallRecord>) -> Vec<CallRecord> {
        match self.0 {
            Some(before) => together(before, calls),
            None => calls,
        }
    }
}

impl Part {
    /// It goes on where a plan ended.
    pub(super) fn goes_on(&self) -> bool {
        matches!(self, Self::Accounts(_) | Self::Resources(_))
    }

    pub(super) async fn work(self, run: &Arc<Run>) -> Result<(), CollectError> {
        match self {
            Self::Whole => {
                let candidates = scope::accounts(run).await?;
                accounts::collect(run, candidates).await;
                rest(run, &Share::Rest(BTreeSet::new())).await
            }
            Self::Plan => {
                let candidates = scope::accounts(run).await?;
                accounts::planned(run, candidates);
                Ok(())
            }
            Self::Accounts(candidates) => {
                accounts::collect(run, candidates).await;
                Ok(())
            }
            Self::Resources(share) => {
                accounts::enter_again(run);
                match share.is_rest() {
                    true => rest(run, &share).await,
                    false => {
                        resources::collect(run, &share).await;
                        Ok(())
                    }
                }
            }
        }
    }
}

/// What takes the answers of all accounts.
async fn rest(run: &Arc<Run>, share: &Share) -> Result<(), CollectError> {
    accounts::settle(run).await;
    scope::regions_exist(run)?;
    resources::collect(run, share).await;
    if let Some((since, until)) = run.options.verify {
        chains::collect(run, since, until).await;
    }
    Ok(())
}
