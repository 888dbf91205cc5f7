//! A market in memory: compressed rows, one per opportunity.

use motet_units::Nanos;

use super::{Candidate, Market};
use crate::Error;

/// A market as rows of candidates: row `i` is `candidates[starts[i]..starts[i + 1]]`.
#[derive(Clone, Debug)]
pub struct Csr {
    starts: Vec<usize>,
    candidates: Vec<Candidate>,
    budgets: Vec<Nanos>,
    slots: usize,
}

impl Csr {
    /// Makes a market without opportunities, to be filled with [`Csr::push`].
    pub fn new(budgets: Vec<Nanos>, slots: usize) -> Self {
        Self { starts: vec![0], candidates: Vec::new(), budgets, slots: slots.max(1) }
    }

    /// Makes a market from rows. `starts` has one number more than there are opportunities; with none there is no opportunity.
    ///
    /// # Errors
    /// When a row is no row, or a candidate names a campaign without a budget.
    pub fn from_rows(
        starts: Vec<usize>,
        candidates: Vec<Candidate>,
        budgets: Vec<Nanos>,
        slots: usize,
    ) -> Result<Self, Error> {
        for (row, pair) in starts.windows(2).enumerate() {
            if pair[1] < pair[0] || pair[1] > candidates.len() {
                return Err(Error::Row { row, from: pair[0], end: pair[1], candidates: candidates.len() });
            }
        }
        check(&candidates, 0, budgets.len())?;
        Ok(Self { starts, candidates, budgets, slots: slots.max(1) })
    }

    /// Appends one opportunity.
    ///
    /// # Errors
    /// When a candidate names a campaign without a budget; then nothing is appended.
    pub fn push(&mut self, row: &[Candidate]) -> Result<(), Error> {
        check(row, self.candidates.len(), self.budgets.len())?;
        self.candidates.extend_from_slice(row);
        self.starts.push(self.candidates.len());
        Ok(())
    }
}

fn check(row: &[Candidate], first: usize, campaigns: usize) -> Result<(), Error> {
    match row.iter().position(|c| c.campaign as usize >= campaigns) {
        Some(at) => Err(Error::Campaign { candidate: first + at, campaign: row[at].campaign, campaigns }),
        None => Ok(()),
    }
}

impl Market for Csr {
    fn opportunities(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    fn budgets(&self) -> &[Nanos] {
        &self.budgets
    }

    fn slots(&self) -> usize {
        self.slots
    }

    fn candidates(&self, opportunity: usize, into: &mut Vec<Candidate>) {
        into.extend_from_slice(&self.candidates[self.starts[opportunity]..self.starts[opportunity + 1]]);
    }
}
