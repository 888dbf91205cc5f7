//! The empirical-Bernstein confidence sequence: exact for values in a known range, with no normality at all.
//!
//! Waudby-Smith and Ramdas (JRSS B 2024), theorem 2. For x in [0, 1] with predictable bets
//! λₜ = min( √(2·ln(2/α) / (σ̂²ₜ₋₁·t·ln(1+t))), 1/2 ): centre Σλᵢxᵢ/Σλᵢ, reach
//! (ln(2/α) + Σ 4(xᵢ − μ̂ᵢ₋₁)²·ψ(λᵢ)) / Σλᵢ, ψ(λ) = (−ln(1−λ) − λ)/4, where μ̂ and σ̂² are running estimates that start
//! from one pretended value of 1/2 with variance 1/4. The ends seen so far are intersected: the sequence never widens.
//!
//! It is wider than a t sequence where the values are in fact normal, and right where they are not (a few seeds, a
//! share, a skewed bounded score).

use crate::error::{Error, open_unit};
use crate::interval::Interval;

/// A mean of values in a known range, estimated as they come.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundedMean {
    range: Interval,
    error_rate: f64,
    seen: f64,
    sum: f64,
    squares: f64,
    bets: f64,
    weighted: f64,
    cost: f64,
    unit: Interval,
}

impl BoundedMean {
    /// Starts a sequence for values in `range`, two-sided at `error_rate`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a range without width or an error rate outside (0, 1).
    pub fn new(range: Interval, error_rate: f64) -> Result<Self, Error> {
        open_unit("an error rate", error_rate)?;
        let width = range.width();
        if !(width > 0.0 && width.is_finite()) {
            return Err(Error::OutOfRange {
                what: "the width of a range",
                value: width,
                range: "above 0 and finite",
            });
        }
        let unit = Interval::new(0.0, 1.0);
        Ok(Self {
            range,
            error_rate,
            seen: 0.0,
            sum: 0.0,
            squares: 0.0,
            bets: 0.0,
            weighted: 0.0,
            cost: 0.0,
            unit,
        })
    }

    /// Takes the next value.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a value outside the range, which would void the guarantee.
    pub fn push(&mut self, value: f64) -> Result<(), Error> {
        if !self.range.covers(value) {
            return Err(Error::OutOfRange {
                what: "a bounded value",
                value,
                range: "inside the stated range",
            });
        }
        let x = (value - self.range.low) / self.range.width();
        let guess = (0.5 + self.sum) / (self.seen + 1.0);
        let bet = self.bet();
        self.bets += bet;
        self.weighted += bet * x;
        self.cost += (x - guess) * (x - guess) * (-libm::log1p(-bet) - bet);
        self.seen += 1.0;
        self.sum += x;
        let mean = (0.5 + self.sum) / (self.seen + 1.0);
        self.squares += (x - mean) * (x - mean);
        self.narrow();
        Ok(())
    }

    /// Returns the interval that holds at this look and all others, the running intersection.
    pub fn interval(&self) -> Interval {
        let back = |u: f64| self.range.low + u * self.range.width();
        Interval::new(back(self.unit.low), back(self.unit.high))
    }

    /// Returns the number of values seen.
    pub fn count(&self) -> f64 {
        self.seen
    }

    fn bet(&self) -> f64 {
        let t = self.seen + 1.0;
        let variance = (0.25 + self.squares) / t;
        let bet = libm::sqrt(2.0 * libm::log(2.0 / self.error_rate) / (variance * t * libm::log1p(t)));
        bet.min(0.5)
    }

    fn narrow(&mut self) {
        let centre = self.weighted / self.bets;
        let reach = (libm::log(2.0 / self.error_rate) + self.cost) / self.bets;
        self.unit.low = self.unit.low.max(centre - reach);
        self.unit.high = self.unit.high.min(centre + reach);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use motet_units::Chance;

    #[test]
    fn it_covers_a_skewed_share_at_every_look() {
        let missed = (0..400)
            .filter(|&run| {
                let mut draws = Chance::new(5, run).stream("bounded");
                let mut mean = BoundedMean::new(Interval::new(0.0, 1.0), 0.05).unwrap();
                (0..300).any(|_| {
                    mean.push(f64::from(draws.unit() < 0.1)).unwrap();
                    !mean.interval().covers(0.1)
                })
            })
            .count();
        assert!(missed <= 20, "missed in {missed} of 400 runs of 300 looks");
    }

    #[test]
    fn it_shrinks_towards_the_mean() {
        let mut draws = Chance::new(6, 0).stream("bounded");
        let mut mean = BoundedMean::new(Interval::new(-2.0, 2.0), 0.05).unwrap();
        for _ in 0..20_000 {
            mean.push(draws.unit()).unwrap();
        }
        let interval = mean.interval();
        assert!(interval.covers(0.5) && interval.width() < 0.05, "{interval:?}");
    }

    #[test]
    fn a_value_outside_the_range_is_refused() {
        let mut mean = BoundedMean::new(Interval::new(0.0, 1.0), 0.05).unwrap();
        assert!(mean.push(1.5).is_err());
        assert_eq!(mean.count(), 0.0);
    }
}
