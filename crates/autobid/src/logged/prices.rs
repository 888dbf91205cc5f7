//! What the market asks, learnt from won and lost auctions.
//!
//! A won auction tells its price; a lost one only that the price was not below the bid. The estimate that uses both is Kaplan and Meier's (1958): of all
//! auctions known to have cost `p` or more, the share that cost exactly `p`. Wins and losses count the less the longer ago they are, halving every
//! so many auctions; what was usual on the training log counts as a few auctions more, so that the first bids are not blind.

/// The dearest price kept apart, in fen; whatever is dearer counts as this.
pub const TOP: usize = 400;

/// One number for each whole price.
pub(crate) type Row = [f64; TOP + 1];

/// What is known of prices.
#[derive(Clone, Debug)]
pub(crate) struct Prices {
    /// Weight of the auctions that cost this.
    cost_this: Row,
    /// Weight of those of which no more is known than that they cost this or more.
    lost_at: Row,
    weight: f64,
    growth: f64,
    /// Chance that a bid of this many fen wins.
    pub(crate) wins: Row,
    /// What a bid of this many fen costs on average.
    pub(crate) pays: Row,
}

impl Prices {
    /// Starts from the chance of each price, counted as `usual` auctions, with a memory that halves every `memory` auctions.
    pub(crate) fn new(chances: &[f32], usual: f64, memory: f64) -> Self {
        let mut prices = Self {
            cost_this: [0.0; TOP + 1],
            lost_at: [0.0; TOP + 1],
            weight: 1.0,
            growth: libm::exp2(1.0 / memory.max(1.0)),
            wins: [0.0; TOP + 1],
            pays: [0.0; TOP + 1],
        };
        for (price, chance) in chances.iter().enumerate() {
            prices.cost_this[price.min(TOP)] += usual * f64::from(*chance);
        }
        prices.settle();
        prices
    }

    /// Learns of an auction won at a price in fen.
    pub(crate) fn won(&mut self, price: f64) {
        let weight = self.next_weight();
        self.cost_this[(price.max(0.0).ceil() as usize).min(TOP)] += weight;
    }

    /// Learns of an auction lost with a bid in fen.
    pub(crate) fn lost(&mut self, bid: f64) {
        let weight = self.next_weight();
        self.lost_at[(bid.max(0.0).ceil() as usize).min(TOP)] += weight;
    }

    fn next_weight(&mut self) -> f64 {
        self.weight *= self.growth;
        if self.weight > 1e12 {
            for row in [&mut self.cost_this, &mut self.lost_at] {
                for weight in row {
                    *weight /= self.weight;
                }
            }
            self.weight = 1.0;
        }
        self.weight
    }

    /// Returns the chance of each whole price; what is dearer than ever bid counts as the dearest.
    pub(crate) fn chances(&self) -> Row {
        core::array::from_fn(|price| self.wins.get(price + 1).copied().unwrap_or(1.0) - self.wins[price])
    }

    /// Works the curves out anew.
    pub(crate) fn settle(&mut self) {
        let mut at_risk: f64 = self.cost_this.iter().chain(&self.lost_at).sum();
        let (mut survives, mut pays) = (1.0, 0.0);
        for price in 0..=TOP {
            (self.wins[price], self.pays[price]) = (1.0 - survives, pays);
            // A loss at this bid says that the price was this or more, and no further.
            at_risk -= self.lost_at[price];
            let share = if at_risk > 0.0 { (self.cost_this[price] / at_risk).clamp(0.0, 1.0) } else { 0.0 };
            pays += survives * share * price as f64;
            survives *= 1.0 - share;
            at_risk -= self.cost_this[price];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use motet_units::Chance;

    #[test]
    fn lost_auctions_count_for_what_they_say() {
        let mut prices = Prices::new(&[], 0.0, 1e9);
        // Two of ten cost 3, four lost at 5, two of the remaining four cost 7: S(7) = .8, then half of it.
        for (count, won) in [(2, Some(3.0)), (4, None), (2, Some(7.0)), (2, Some(20.0))] {
            for _ in 0..count {
                match won {
                    Some(price) => prices.won(price),
                    None => prices.lost(5.0),
                }
            }
        }
        prices.settle();
        assert!((prices.wins[4] - 0.2).abs() < 1e-6 && (prices.wins[7] - 0.2).abs() < 1e-6);
        assert!((prices.wins[8] - 0.6).abs() < 1e-6, "{}", prices.wins[8]);
        assert!((prices.pays[8] - (0.2 * 3.0 + 0.4 * 7.0)).abs() < 1e-6);
    }

    #[test]
    fn bids_that_lose_half_their_auctions_do_not_bend_the_curve() {
        let mut stream = Chance::new(4, 0).stream("test");
        let mut prices = Prices::new(&[], 0.0, 1e9);
        for _ in 0..40_000 {
            let (price, bid) = (stream.below(100) as f64, stream.below(120) as f64);
            if bid > price { prices.won(price) } else { prices.lost(bid) }
        }
        prices.settle();
        for bid in [10_usize, 50, 90] {
            assert!((prices.wins[bid] - bid as f64 / 100.0).abs() < 0.02, "{bid}: {}", prices.wins[bid]);
        }
    }
}
