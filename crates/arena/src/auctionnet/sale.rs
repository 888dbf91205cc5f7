//! Prices, exposure and the accounts of one tick, and the passes that take back what nobody can pay.
//!
//! After every pass each advertiser's cost is known to the nano. One who would pay more than it has left loses, in each slot, a
//! random `⌈share × wins⌉` of its wins, where the share is the part of its cost that is too much, and those auctions are held
//! again without it. Only the impressions touched change, so a later pass costs what it moves and not the whole tick.

use motet_units::Chance;

use super::rank::{Offer, Ranks, Top, bid_of, bidder_of};
use crate::chance::{cell, unit};

/// Slots sold of each impression.
pub(crate) const SLOTS: usize = 3;
/// The probability that a slot is shown; the third also needs the second.
const SHOWN: [f32; SLOTS] = [1.0, 0.8, 0.6];
/// The probability that a slot is shown, all told.
pub(crate) const EXPOSURE: [f64; SLOTS] = [1.0, 0.8, 0.8 * 0.6];

/// Which slots of an impression were sold (bits 0–2) and which of these shown and paid (bits 3–5).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sold(u8);

impl Sold {
    /// Returns whether the slot was sold.
    pub(crate) const fn is_sold(self, slot: usize) -> bool {
        self.0 >> slot & 1 == 1
    }

    /// Returns whether the slot was sold, shown and paid.
    pub(crate) const fn is_shown(self, slot: usize) -> bool {
        self.0 >> (SLOTS + slot) & 1 == 1
    }
}

/// Returns the price of a slot: the next bid, at least the reserve.
pub(crate) fn price(top: &Top, slot: usize, reserve: f32) -> f32 {
    bid_of(top[slot + 1]).max(reserve)
}

/// Returns a price as money, rounded down to a whole nano.
pub(crate) fn nanos(price: f32) -> i64 {
    (f64::from(price) * 1e9) as i64
}

/// The rules and the chance of one tick's sale.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) reserve: f32,
    pub(crate) key: u64,
}

impl Rules {
    pub(crate) fn new(reserve: f32, seed: u64, tick: usize) -> Self {
        Self { reserve, key: Chance::new(seed, tick as u64).stream("exposure").bits() }
    }

    /// Sells the slots of one impression.
    fn sell(self, impression: usize, top: &Top) -> Sold {
        let (mut sold, mut second_shown) = (0, true);
        for slot in 0..SLOTS {
            let shown = SHOWN[slot] >= 1.0 || {
                let index = (impression * 64 + bidder_of(top[slot])) as u64;
                unit(cell(self.key, index)) < SHOWN[slot]
            };
            let shown = shown && (slot < 2 || second_shown);
            second_shown = shown || slot != 1;
            if price(top, slot, self.reserve) > self.reserve {
                sold |= (1 << slot) | (u8::from(shown) << (SLOTS + slot));
            }
        }
        Sold(sold)
    }
}

/// One tick's sale: what was sold, what each advertiser pays, how many passes it took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sale {
    pub(crate) ranks: Ranks,
    pub(crate) sold: Vec<Sold>,
    pub(crate) costs: Vec<i64>,
    pub(crate) passes: u32,
    dropped: Vec<u64>,
}

impl Sale {
    /// Holds the tick's auctions until nobody pays more than it has left.
    pub(crate) fn hold(&mut self, rules: Rules, offers: &[Offer<'_>], remaining: &[i64], impressions: usize) {
        self.ranks.rank_all(offers, impressions);
        self.dropped.clear();
        self.dropped.resize(impressions, 0);
        self.costs.clear();
        self.costs.resize(offers.len(), 0);
        self.sold.clear();
        for impression in 0..impressions {
            let top = self.ranks.top(impression);
            let sold = rules.sell(impression, &top);
            self.sold.push(sold);
            self.book(rules, sold, &top, 1);
        }
        self.passes = 1;
        while let Some(over) = self.overspent(remaining) {
            let touched = self.drop_wins(rules, &over);
            self.hold_again(rules, offers, &touched);
            self.passes += 1;
        }
    }

    /// Adds (or with -1 takes back) what an impression's shown slots cost.
    fn book(&mut self, rules: Rules, sold: Sold, top: &Top, sign: i64) {
        for slot in 0..SLOTS {
            if sold.is_shown(slot) {
                self.costs[bidder_of(top[slot])] += sign * nanos(price(top, slot, rules.reserve));
            }
        }
    }

    /// Returns, per advertiser, the share of its cost that it cannot pay; nothing when all can pay.
    fn overspent(&self, remaining: &[i64]) -> Option<Vec<f64>> {
        let share = |(&cost, &left): (&i64, &i64)| (cost - left).max(0) as f64 / (cost as f64 + 1e5);
        let anyone = self.costs.iter().zip(remaining).any(|(cost, left)| cost > left);
        anyone.then(|| self.costs.iter().zip(remaining).map(share).collect())
    }

    /// Marks wins of those who overspend as dropped and returns the impressions touched, each once.
    fn drop_wins(&mut self, rules: Rules, over: &[f64]) -> Vec<u32> {
        let mut wins: Vec<[Vec<u32>; SLOTS]> = over.iter().map(|_| Default::default()).collect();
        for (impression, sold) in self.sold.iter().enumerate() {
            let top = self.ranks.top(impression);
            for slot in 0..SLOTS {
                let bidder = bidder_of(top[slot]);
                if sold.is_sold(slot) && over[bidder] > 0.0 {
                    wins[bidder][slot].push(impression as u32);
                }
            }
        }
        let mut touched = Vec::new();
        for (bidder, slots) in wins.iter_mut().enumerate() {
            for (slot, won) in slots.iter_mut().enumerate() {
                let index = (u64::from(self.passes) * SLOTS as u64 + slot as u64) * 64 + bidder as u64;
                for &impression in choose(won, over[bidder], Chance::new(rules.key, index)) {
                    self.dropped[impression as usize] |= 1 << bidder;
                    touched.push(impression);
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    fn hold_again(&mut self, rules: Rules, offers: &[Offer<'_>], touched: &[u32]) {
        for &impression in touched {
            let impression = impression as usize;
            let before = self.ranks.top(impression);
            self.book(rules, self.sold[impression], &before, -1);
            self.ranks.rank_one(offers, impression, self.dropped[impression]);
            let top = self.ranks.top(impression);
            self.sold[impression] = rules.sell(impression, &top);
            self.book(rules, self.sold[impression], &top, 1);
        }
    }
}

/// Returns a keyed random `⌈share × len⌉` of the wins, moved to the front.
fn choose(won: &mut [u32], share: f64, chance: Chance) -> &[u32] {
    let many = ((won.len() as f64 * share).ceil() as usize).min(won.len());
    let mut stream = chance.stream("dropped");
    for i in 0..many {
        let j = i + stream.below((won.len() - i) as u64) as usize;
        won.swap(i, j);
    }
    &won[..many]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auctionnet::rank::padded;
    use proptest::prelude::*;

    /// What the plain market holds of one tick.
    struct Plain {
        bids: Vec<Vec<f32>>,
        shown: Vec<Vec<(usize, usize, i64)>>,
        costs: Vec<i64>,
        passes: u32,
    }

    /// Sorts, sells and books every impression anew in every pass, as the published rules read.
    fn plain(rules: Rules, offers: &[Offer<'_>], remaining: &[i64], impressions: usize) -> Plain {
        let bid = |o: &Offer<'_>, i: usize| f32::from_bits((o.row[i] * o.multiplier).to_bits() & !63);
        let bids = offers.iter().map(|o| (0..impressions).map(|i| bid(o, i)).collect()).collect();
        let mut plain = Plain { bids, shown: Vec::new(), costs: Vec::new(), passes: 0 };
        loop {
            let mut wins = vec![[const { Vec::new() }; SLOTS]; offers.len()];
            plain.costs = vec![0; offers.len()];
            plain.shown = vec![Vec::new(); impressions];
            plain.passes += 1;
            for i in 0..impressions {
                let mut order: Vec<usize> = (0..offers.len()).collect();
                order.sort_by(|a, b| plain.bids[*b][i].total_cmp(&plain.bids[*a][i]).then(a.cmp(b)));
                let drawn = |slot: usize| match order.get(slot) {
                    Some(bidder) => unit(cell(rules.key, (i * 64 + bidder) as u64)) < [1.0, 0.8, 0.6][slot],
                    None => true,
                };
                for (slot, &bidder) in order.iter().take(SLOTS).enumerate() {
                    let price = order.get(slot + 1).map_or(0.0, |next| plain.bids[*next][i]);
                    if price <= rules.reserve {
                        continue;
                    }
                    wins[bidder][slot].push(i as u32);
                    if drawn(slot) && (slot < 2 || drawn(1)) {
                        plain.costs[bidder] += (f64::from(price) * 1e9) as i64;
                        plain.shown[i].push((slot, bidder, (f64::from(price) * 1e9) as i64));
                    }
                }
            }
            if plain.costs.iter().zip(remaining).all(|(cost, left)| cost <= left) {
                return plain;
            }
            for bidder in 0..offers.len() {
                let (cost, left) = (plain.costs[bidder], remaining[bidder]);
                let share = (cost - left).max(0) as f64 / (cost as f64 + 1e5);
                for (slot, won) in wins[bidder].iter_mut().enumerate() {
                    let index = (u64::from(plain.passes) * SLOTS as u64 + slot as u64) * 64 + bidder as u64;
                    for &i in choose(won, share, Chance::new(rules.key, index)) {
                        plain.bids[bidder][i as usize] = 0.0;
                    }
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn taking_back_wins_equals_holding_every_auction_again(
            seed: u64, bidders in 1_usize..=20, impressions in 1_usize..120, purse in 0.0_f64..4.0, ties: bool,
        ) {
            let mut stream = Chance::new(seed, 0).stream("bids");
            let mut one = |_| if ties { stream.below(4) as f32 / 8.0 } else { stream.unit() as f32 };
            let rows: Vec<Vec<f32>> =
                (0..bidders).map(|_| (0..padded(impressions)).map(&mut one).collect()).collect();
            let offers: Vec<_> = rows.iter().map(|row| Offer { row, multiplier: 1.0 }).collect();
            let remaining: Vec<i64> = (0..bidders).map(|b| (purse * b as f64 * 1e9) as i64).collect();
            let rules = Rules::new(0.01, seed, 3);
            let mut sale = Sale::default();
            sale.hold(rules, &offers, &remaining, impressions);
            let plain = plain(rules, &offers, &remaining, impressions);
            prop_assert_eq!(&sale.costs, &plain.costs);
            prop_assert_eq!(sale.passes, plain.passes);
            for i in 0..impressions {
                let top = sale.ranks.top(i);
                let shown: Vec<_> = (0..SLOTS)
                    .filter(|slot| sale.sold[i].is_shown(*slot))
                    .map(|slot| (slot, bidder_of(top[slot]), nanos(price(&top, slot, rules.reserve))))
                    .collect();
                prop_assert_eq!(&shown, &plain.shown[i]);
            }
            prop_assert!(sale.costs.iter().zip(&remaining).all(|(cost, left)| cost <= left));
        }
    }

    #[test]
    fn a_share_of_the_wins_is_chosen_without_repeats() {
        let mut won: Vec<u32> = (0..100).collect();
        let mut chosen = choose(&mut won, 0.251, Chance::new(1, 1)).to_vec();
        chosen.sort_unstable();
        chosen.dedup();
        assert_eq!(chosen.len(), 26);
        assert!(choose(&mut [], 1.0, Chance::new(1, 1)).is_empty());
    }
}
