//! What money is worth later: dynamic programming over auctions and money left, knowing how prices *and* pCTRs are spread.
//!
//! `dV/dt = E_δ E_θ [max(0, θ − (V(t, b) − V(t, b−δ)))]`, `V(0, ·) = 0`, `δ ≤ b`: the programme of Cai et al. (RLB, WSDM'17) with the whole spread
//! of pCTRs in the place of their mean. Where few impressions are worth many times the mean, money must be kept for them, and the
//! mean does not say so. An impression of pCTR `θ` is worth the highest `δ` with `V(t, b) − V(t, b−δ) ≤ θ`.
//!
//! RLB fills a cell for every auction and every fen. Here time runs in steps that grow with the distance from the end (a twentieth of it), money lies
//! on some fifty points, closer where there is little, and prices stand in [`GROUPS`] groups of equal weight, so a plan takes about a
//! millisecond for an episode of any length and can be made anew whenever more is known. `V` is smooth, so what it loses is small: the
//! tests hold it to the exact table.

use super::prices::TOP;

/// Points of money.
const MONEY: usize = 48;
/// Groups of prices.
const GROUPS: usize = 32;
/// Time steps are this part of the time left.
const PART: f64 = 40.0;

/// Values over time and money.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    times: Vec<f64>,
    money: [f64; MONEY],
    rows: Vec<[f64; MONEY]>,
}

/// Where a sum of money lies among the points.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    below: usize,
    part: f64,
}

impl Place {
    fn read(self, row: &[f64; MONEY]) -> f64 {
        row[self.below] + self.part * (row[self.below + 1] - row[self.below])
    }
}

/// The pCTRs to come, as sums from each cell up.
#[derive(Clone, Debug, Default)]
struct Above {
    pctrs: Vec<f64>,
    shares: Vec<f64>,
    sums: Vec<f64>,
}

impl Above {
    fn new(worths: &[(f64, f64)]) -> Self {
        let mut above = Self {
            pctrs: worths.iter().map(|(_, pctr)| *pctr).collect(),
            shares: vec![0.0; worths.len() + 1],
            sums: vec![0.0; worths.len() + 1],
        };
        for (cell, (share, pctr)) in worths.iter().enumerate().rev() {
            above.shares[cell] = above.shares[cell + 1] + share;
            above.sums[cell] = above.sums[cell + 1] + share * pctr;
        }
        above
    }

    /// Returns `E[max(0, θ − keep)]`, moving `cell` up to the first pCTR above `keep`.
    fn gain(&self, keep: f64, cell: &mut usize) -> f64 {
        while *cell < self.pctrs.len() && self.pctrs[*cell] <= keep {
            *cell += 1;
        }
        self.sums[*cell] - keep * self.shares[*cell]
    }
}

impl Plan {
    /// Plans for so many auctions and a budget in fen, given the chance of each whole price and the share of each pCTR, least first.
    pub(crate) fn new(chances: &[f64; TOP + 1], worths: &[(f64, f64)], auctions: f64, budget: f64) -> Self {
        let money = core::array::from_fn(|point| {
            let x = point as f64 / (MONEY - 1) as f64;
            budget.max(1.0) * x * libm::sqrt(x)
        });
        let mut plan = Self { times: vec![0.0], money, rows: vec![[0.0; MONEY]] };
        let groups = groups(chances);
        let places: Vec<Vec<Place>> = money.iter().map(|b| plan.places(*b, &groups)).collect();
        let above = Above::new(worths);
        while plan.times[plan.times.len() - 1] < auctions {
            let (now, row) = (plan.times[plan.times.len() - 1], plan.rows[plan.rows.len() - 1]);
            let step = (now / PART).max(1.0).min(auctions - now).max(1e-9);
            let next = core::array::from_fn(|point| {
                row[point] + step * rate(&row, row[point], &groups, &places[point], &above)
            });
            plan.times.push(now + step);
            plan.rows.push(next);
        }
        plan
    }

    /// Returns where the money lies that is left after each price that can be paid.
    fn places(&self, money: f64, groups: &[(f64, f64)]) -> Vec<Place> {
        let payable = groups.iter().take_while(|(price, _)| *price <= money);
        payable.map(|(price, _)| self.place(money - price)).collect()
    }

    fn place(&self, money: f64) -> Place {
        let held = money.clamp(0.0, self.money[MONEY - 1]);
        let below = self.money.partition_point(|point| *point <= held).clamp(1, MONEY - 1) - 1;
        Place { below, part: (held - self.money[below]) / (self.money[below + 1] - self.money[below]) }
    }

    /// Returns the row of values with so many auctions to come.
    fn row(&self, later: f64) -> [f64; MONEY] {
        let above = self.times.partition_point(|time| *time <= later).clamp(1, self.times.len() - 1);
        let (from, to) = (self.times[above - 1], self.times[above]);
        let part = ((later - from) / (to - from)).clamp(0.0, 1.0);
        core::array::from_fn(|point| {
            self.rows[above - 1][point] + part * (self.rows[above][point] - self.rows[above - 1][point])
        })
    }

    /// Returns the dearest price in fen worth paying for a pCTR, with so many auctions to come after this one and so much money left.
    pub(crate) fn worth(&self, pctr: f64, later: f64, left: f64) -> f64 {
        let row = self.row(later);
        let keep = self.place(left).read(&row);
        let loses = |price: f64| keep - self.place(left - price).read(&row);
        let (mut low, mut high) = (0.0, left.min(TOP as f64));
        if loses(high) <= pctr {
            return high;
        }
        for _ in 0..12 {
            let middle = 0.5 * (low + high);
            if loses(middle) <= pctr { low = middle } else { high = middle }
        }
        low
    }

    /// Returns the value of a state.
    pub(crate) fn value(&self, later: f64, left: f64) -> f64 {
        self.place(left).read(&self.row(later))
    }
}

/// Returns what one more auction is worth.
fn rate(row: &[f64; MONEY], keep: f64, groups: &[(f64, f64)], places: &[Place], above: &Above) -> f64 {
    let (mut sum, mut cell) = (0.0, 0);
    for ((_, chance), place) in groups.iter().zip(places) {
        sum += chance * above.gain(keep - place.read(row), &mut cell);
    }
    sum
}

/// Gathers prices into groups of about equal weight, the cheapest first; each stands at its mean.
fn groups(chances: &[f64; TOP + 1]) -> Vec<(f64, f64)> {
    let mut groups: Vec<(f64, f64)> = Vec::with_capacity(GROUPS + 1);
    let (mut weight, mut sum) = (0.0, 0.0);
    for (price, chance) in chances.iter().enumerate() {
        weight += chance;
        sum += chance * price as f64;
        if weight >= 1.0 / GROUPS as f64 {
            groups.push((sum / weight, weight));
            (weight, sum) = (0.0, 0.0);
        }
    }
    if weight > 0.0 {
        groups.push((sum / weight, weight));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use motet_backtest::bidder::ValueTable;

    #[test]
    fn it_lies_close_to_the_exact_table_where_all_pctrs_are_equal() {
        let mut chances = [0.0; TOP + 1];
        chances[1..=100].fill(0.01);
        let exact = ValueTable::new(&chances, 0.001, 400, 3_000);
        let plan = Plan::new(&chances, &[(1.0, 0.001)], 400.0, 3_000.0);
        for (auctions, budget) in [(400, 3_000), (400, 800), (100, 1_500), (20, 300)] {
            let (found, true_value) = (
                plan.value(f64::from(auctions), f64::from(budget)),
                exact.value(auctions as usize, budget as usize),
            );
            assert!(
                (found / true_value - 1.0).abs() < 0.02,
                "V({auctions}, {budget}) = {found}, not {true_value}"
            );
        }
    }

    #[test]
    fn money_is_kept_for_rare_impressions_worth_much_more() {
        let mut chances = [0.0; TOP + 1];
        chances[50] = 1.0;
        let (plain, rare) = ((0.95, 0.001), (0.05, 0.1));
        let plan = Plan::new(&chances, &[plain, rare], 100.0, 200.0);
        // Five rare ones are to come and there is money for four.
        assert!(plan.worth(0.001, 100.0, 200.0) < 50.0);
        assert!(plan.worth(0.1, 100.0, 200.0) >= 50.0);
        // With two auctions left there is money for both.
        assert!(plan.worth(0.001, 1.0, 200.0) >= 50.0);
    }
}
