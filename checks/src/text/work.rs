//! How much work a comparison may cost.

/// A budget, counted in steps of work, not in time: the same input ends the same way on every machine.
#[derive(Debug, Clone)]
pub struct Work {
    limit: u64,
    spent: u64,
}

/// The budget is spent: the answer is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it takes too much work to evaluate")]
pub struct TooComplex;

impl Work {
    /// A budget of so many steps.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { limit, spent: 0 }
    }

    /// Takes steps from the budget.
    ///
    /// # Errors
    ///
    /// The budget is spent.
    pub fn spend(&mut self, steps: usize) -> Result<(), TooComplex> {
        self.spent = self.spent.saturating_add(steps as u64);
        if self.spent > self.limit {
            Err(TooComplex)
        } else {
            Ok(())
        }
    }

    /// The steps that were taken.
    #[must_use]
    pub fn spent(&self) -> u64 {
        self.spent
    }
}
