//! What a log teaches before the day begins: how dear the market is, how good the impressions are, and what a click costs.
//!
//! Prices are counted by whole fen. `P(price ≤ x)` is the share of the log, unsmoothed: a log of a hundred thousand auctions needs none.

use motet_units::Nanos;

use crate::{Auction, Error, log_units, replay::Budget};

/// The dearest price with a bin of its own, in fen; dearer ones are counted there.
const TOP: usize = 2_000;

/// Prices and pCTRs of a log, added up.
#[derive(Clone, Debug, PartialEq)]
pub struct Landscape {
    counts: Vec<u64>,
    auctions: u64,
    clicks: u64,
    cost: Nanos,
    sum_pctr: f64,
}

impl Landscape {
    /// Learns from a log.
    ///
    /// # Errors
    /// When the log is empty.
    pub fn learn(log: &[Auction]) -> Result<Self, Error> {
        if log.is_empty() {
            return Err(Error::Empty);
        }
        let mut counts = vec![0; TOP + 1];
        for auction in log {
            // Rounded up, so that what is counted as bought at a price could be bought at it.
            let fen = crate::fen_of(auction.price).ceil() as usize;
            counts[fen.min(TOP)] += 1;
        }
        let dearest = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        counts.truncate(dearest + 1);
        Ok(Self {
            counts,
            auctions: log.len() as u64,
            clicks: log.iter().filter(|auction| auction.click).count() as u64,
            cost: log.iter().map(|auction| auction.price.per_impression()).sum(),
            sum_pctr: log.iter().map(|auction| auction.pctr).sum(),
        })
    }

    /// Returns how often each whole price in fen came, from 0 up to the dearest.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Returns how many auctions were learnt from.
    pub fn auctions(&self) -> u64 {
        self.auctions
    }

    /// Returns the chance of each whole price in fen.
    pub fn chances(&self) -> Vec<f64> {
        self.counts.iter().map(|count| *count as f64 / self.auctions as f64).collect()
    }

    /// Returns what everything cost.
    pub fn cost(&self) -> Nanos {
        self.cost
    }

    /// Returns the mean price, fen per thousand impressions.
    pub fn mean_price(&self) -> f64 {
        log_units(self.cost) / self.auctions as f64
    }

    /// Returns the mean pCTR.
    pub fn mean_pctr(&self) -> f64 {
        self.sum_pctr / self.auctions as f64
    }

    /// Returns what a click cost, in thousandths of a fen; `None` without clicks.
    pub fn cost_per_click(&self) -> Option<f64> {
        (self.clicks > 0).then(|| log_units(self.cost) / self.clicks as f64)
    }

    /// Returns the budget of an episode of so many auctions.
    pub fn budget(&self, budget: Budget, auctions: u64) -> Nanos {
        match budget {
            Budget::Amount(amount) => amount,
            // Whole log units, as the published replays count them.
            Budget::Share(share) => {
                let units = self.mean_price() * share * auctions as f64;
                Nanos::new((units + 1e-6) as i64 * crate::FEN)
            }
        }
    }
}
