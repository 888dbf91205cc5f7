//! Means and co-moments of (base, term, norm), one round at a time (Welford's update), and from them the estimate and its
//! standard error.
//!
//! The estimate B + T ÷ N is a smooth function of three means, so each round's influence on it is
//! ψ = (base − B) + (term − (T ÷ N) norm) ÷ N, and the standard error is √(Σψ² ÷ (n (n − 1))): the delta method, exact for the
//! estimators whose norm is 1.

use crate::estimator::Parts;

#[derive(Clone, Debug, Default)]
pub(crate) struct Moments {
    n: f64,
    /// Means of base, term and norm.
    mean: [f64; 3],
    /// Sums of products of deviations: bb, bt, bn, tt, tn, nn.
    spread: [f64; 6],
}

impl Moments {
    pub(crate) fn add(&mut self, parts: &Parts) {
        self.n += 1.0;
        let values = [parts.base, parts.term, parts.norm];
        let before = [values[0] - self.mean[0], values[1] - self.mean[1], values[2] - self.mean[2]];
        for (mean, deviation) in self.mean.iter_mut().zip(before) {
            *mean += deviation / self.n;
        }
        let after = [values[0] - self.mean[0], values[1] - self.mean[1], values[2] - self.mean[2]];
        let pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
        for (spread, (i, j)) in self.spread.iter_mut().zip(pairs) {
            *spread += before[i] * after[j];
        }
    }

    /// B + T ÷ N; B where no weight fell anywhere.
    pub(crate) fn value(&self) -> f64 {
        combine(self.mean[0], self.mean[1], self.mean[2])
    }

    /// The variance of one round's influence, with n − 1 below; 0 below two rounds.
    pub(crate) fn variance(&self) -> f64 {
        let [base, term, norm] = [1.0, self.slope(), -self.value_of_term() * self.slope()];
        let [bb, bt, bn, tt, tn, nn] = self.spread;
        let squares = base * base * bb + term * term * tt + norm * norm * nn;
        let crosses = base * term * bt + base * norm * bn + term * norm * tn;
        ((squares + 2.0 * crosses) / (self.n - 1.0).max(1.0)).max(0.0)
    }

    pub(crate) fn standard_error(&self) -> f64 {
        libm::sqrt(self.variance() / self.n.max(1.0))
    }

    fn slope(&self) -> f64 {
        if self.mean[2] == 0.0 { 0.0 } else { 1.0 / self.mean[2] }
    }

    fn value_of_term(&self) -> f64 {
        self.mean[1] * self.slope()
    }
}

/// B + T ÷ N, where any common factor of the three cancels only in T ÷ N.
pub(crate) fn combine(base: f64, term: f64, norm: f64) -> f64 {
    if norm == 0.0 { base } else { base + term / norm }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_error_of_a_mean_is_the_textbook_one() {
        let mut moments = Moments::default();
        for x in [1.0, 2.0, 3.0, 4.0] {
            moments.add(&Parts { base: 0.0, term: x, norm: 1.0 });
        }
        assert!((moments.value() - 2.5).abs() < 1e-12);
        assert!((moments.variance() - 5.0 / 3.0).abs() < 1e-12);
        assert!((moments.standard_error() - (5.0_f64 / 12.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn the_standard_error_of_a_ratio_is_that_of_its_influences() {
        let rows = [(0.5, 1.0, 2.0), (0.1, 0.0, 1.0), (0.3, 4.0, 3.0), (0.9, 0.5, 0.2)];
        let mut moments = Moments::default();
        for &(base, term, norm) in &rows {
            moments.add(&Parts { base, term, norm });
        }
        let mean = |f: fn(&(f64, f64, f64)) -> f64| rows.iter().map(f).sum::<f64>() / 4.0;
        let (b, t, n) = (mean(|r| r.0), mean(|r| r.1), mean(|r| r.2));
        let influence = |r: &(f64, f64, f64)| (r.0 - b) + (r.1 - t / n * r.2) / n;
        let squares: f64 = rows.iter().map(|r| influence(r).powi(2)).sum();
        assert!((moments.variance() - squares / 3.0).abs() < 1e-12);
        assert!((moments.value() - (b + t / n)).abs() < 1e-12);
    }
}
