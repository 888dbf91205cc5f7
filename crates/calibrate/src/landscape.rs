//! The landscape of prices to beat, from prices that are known, known only to lie below, or known only to lie above.
//!
//! A won auction at its floor tells that the best rival was no higher; a lost one that it was above the bid. The distribution
//! is Turnbull's self-consistent estimate (JRSS B 38, 1976): the mass of every censored row is shared among the prices it allows, in
//! proportion to what they have, until nothing changes. Prices stand on a grid of the observed ones, at most [`MOST`] of them, and of
//! the lowest floor that a rival was known not to exceed, where no observed price is as low: rows that lie below every observed price
//! need a place to stand, or they would all be moved up to it.
//!
//! Where losses alone are known above some price, nothing can say how high they were; that share of mass stands at the highest
//! observed price and is reported as `beyond`.

/// Grid points, at most.
const MOST: usize = 600;
const ROUNDS: usize = 300;

/// What a row tells of the price to beat, as CPM.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Price {
    /// It was this.
    At(f64),
    /// It was at most this.
    AtMost(f64),
    /// It was above this.
    Above(f64),
}

/// A fitted distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Landscape {
    /// Prices, rising.
    pub prices: Vec<f64>,
    /// The share of mass at or below each price; the last is 1.
    pub cumulative: Vec<f64>,
    /// The share that lies above every observed price.
    pub beyond: f64,
}

impl Landscape {
    /// Fits the distribution. Without a single known price there is none.
    ///
    /// ```
    /// use motet_calibrate::{Landscape, Price};
    /// let rows = [Price::At(1.0), Price::At(2.0), Price::Above(1.5), Price::AtMost(1.0)];
    /// let fitted = Landscape::fit(&rows).unwrap();
    /// // The row above 1.5 can only be the 2.0, the row at most 1.0 only the 1.0.
    /// assert!((fitted.quantile(0.49) - 1.0).abs() < 1e-9 && (fitted.quantile(0.51) - 2.0).abs() < 1e-9);
    /// ```
    pub fn fit(rows: &[Price]) -> Option<Self> {
        let grid = grid(rows)?;
        let counts = Counts::of(rows, &grid);
        let mut mass = vec![1.0 / grid.len() as f64; grid.len()];
        for _ in 0..ROUNDS {
            let next = counts.share(&mass);
            let moved: f64 = next.iter().zip(&mass).map(|(a, b)| (a - b).abs()).sum();
            mass = next;
            if moved < 1e-9 {
                break;
            }
        }
        let cumulative = mass.iter().scan(0.0, |sum, m| {
            *sum += m;
            Some(*sum)
        });
        let mut cumulative: Vec<f64> = cumulative.collect();
        if let Some(last) = cumulative.last_mut() {
            *last = 1.0;
        }
        Some(Self { prices: grid, cumulative, beyond: counts.beyond / counts.all.max(1.0) })
    }

    /// Returns the lowest price that has at least a share of the mass at or below it.
    pub fn quantile(&self, share: f64) -> f64 {
        let place = self.cumulative.partition_point(|below| *below < share - 1e-12);
        self.prices[place.min(self.prices.len() - 1)]
    }

    /// Returns quantiles at even steps from 0 to 1.
    pub fn quantiles(&self, steps: usize) -> Vec<f64> {
        (0..=steps).map(|step| self.quantile(step as f64 / steps as f64)).collect()
    }
}

/// Returns the distinct known prices, thinned where there are too many, after the lowest bound if that is lower.
fn grid(rows: &[Price]) -> Option<Vec<f64>> {
    let known = rows.iter().filter_map(|row| match row {
        Price::At(price) if price.is_finite() => Some(*price),
        _ => None,
    });
    let mut prices: Vec<f64> = known.collect();
    prices.sort_by(f64::total_cmp);
    prices.dedup();
    if prices.len() > MOST {
        let last = prices.len() - 1;
        prices = (0..MOST).map(|step| prices[step * last / (MOST - 1)]).collect();
    }
    let lowest = *prices.first()?;
    let bounds = rows.iter().filter_map(|row| match row {
        Price::AtMost(price) if *price < lowest => Some(*price),
        _ => None,
    });
    prices.splice(0..0, bounds.min_by(f64::total_cmp));
    Some(prices)
}

/// Rows counted by the grid points they allow.
struct Counts {
    at: Vec<f64>,
    /// Rows at most the grid point of this place.
    at_most: Vec<f64>,
    /// Rows above the grid points before this place.
    from: Vec<f64>,
    beyond: f64,
    all: f64,
}

impl Counts {
    fn of(rows: &[Price], grid: &[f64]) -> Self {
        let last = grid.len() - 1;
        let zero = vec![0.0; grid.len()];
        let mut counts =
            Self { at: zero.clone(), at_most: zero.clone(), from: zero, beyond: 0.0, all: rows.len() as f64 };
        for row in rows {
            match row {
                Price::At(price) => counts.at[grid.partition_point(|g| g < price).min(last)] += 1.0,
                Price::AtMost(price) => {
                    counts.at_most[grid.partition_point(|g| g <= price).saturating_sub(1)] += 1.0;
                }
                Price::Above(price) => {
                    let place = grid.partition_point(|g| g <= price);
                    if place > last {
                        counts.beyond += 1.0;
                    }
                    counts.from[place.min(last)] += 1.0;
                }
            }
        }
        counts
    }

    /// Shares every row among the places it allows, in proportion to their mass.
    fn share(&self, mass: &[f64]) -> Vec<f64> {
        let count = mass.len();
        let mut below = Vec::with_capacity(count);
        let mut sum = 0.0;
        for m in mass {
            sum += m;
            below.push(sum);
        }
        // A row "at most k" gives each place j <= k the part mass[j] / below[k].
        let mut factor = vec![0.0; count];
        let mut running = 0.0;
        for place in (0..count).rev() {
            running += self.at_most[place] / below[place].max(1e-300);
            factor[place] += running;
        }
        let mut running = 0.0;
        for place in 0..count {
            let above = sum - if place == 0 { 0.0 } else { below[place - 1] };
            running += self.from[place] / above.max(1e-300);
            factor[place] += running;
        }
        (0..count).map(|place| (self.at[place] + mass[place] * factor[place]) / self.all.max(1.0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_prices_give_their_own_distribution() {
        let rows: Vec<Price> = (1..=100).map(|n| Price::At(f64::from(n))).collect();
        let fitted = Landscape::fit(&rows).expect("prices are known");
        assert!((fitted.quantile(0.5) - 50.0).abs() < 1.01);
        assert!((fitted.quantile(0.95) - 95.0).abs() < 1.01);
        assert!(Landscape::fit(&[Price::Above(1.0)]).is_none());
    }

    #[test]
    fn losses_do_not_pull_the_market_down() {
        // Prices 1 to 100 evenly; bids of 40 win below and lose above, so above 40 only a few bids of 100 tell.
        let rows: Vec<Price> = (0..10_000)
            .map(|n| {
                let price = f64::from(n % 100 + 1);
                let bid = if n % 7 == 0 { 100.0 } else { 40.0 };
                if price < bid { Price::At(price) } else { Price::Above(bid) }
            })
            .collect();
        let fitted = Landscape::fit(&rows).expect("prices are known");
        assert!((fitted.quantile(0.7) - 70.0).abs() < 3.0, "{}", fitted.quantile(0.7));
        let naive: Vec<Price> = rows.iter().copied().filter(|row| matches!(row, Price::At(_))).collect();
        let naive = Landscape::fit(&naive).expect("prices are known");
        assert!(naive.quantile(0.7) < 45.0);
    }

    #[test]
    fn rivals_below_every_known_price_stay_below_it() {
        // Four in ten rivals were no higher than a floor of 1 or 2; no price below 3 is known.
        let row = |n: u32| match n % 10 {
            0 | 1 => Price::AtMost(1.0),
            2 | 3 => Price::AtMost(2.0),
            n => Price::At(f64::from(n - 1)),
        };
        let rows: Vec<Price> = (0..1_000).map(row).collect();
        let fitted = Landscape::fit(&rows).expect("prices are known");
        assert!(fitted.quantile(0.39) <= 1.0, "{}", fitted.quantile(0.39));
        assert!((fitted.quantile(0.45) - 3.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn shares_always_rise_to_one(rows in proptest::collection::vec((0..3_u8, 0.0..100.0_f64), 1..80)) {
            let rows: Vec<Price> = rows
                .into_iter()
                .map(|(kind, price)| match kind {
                    0 => Price::At(price),
                    1 => Price::AtMost(price),
                    _ => Price::Above(price),
                })
                .collect();
            if let Some(fitted) = Landscape::fit(&rows) {
                prop_assert!(fitted.cumulative.is_sorted_by(|a, b| *a <= *b + 1e-9));
                prop_assert!((fitted.cumulative.last().copied().unwrap_or(0.0) - 1.0).abs() < 1e-9);
                prop_assert!(fitted.prices.is_sorted());
            }
        }
    }
}
