//! The joint distribution of the looks, by recursive integration (Armitage, Mc Pherson and Rowe 1969).
//!
//! Let S(t) = √t·Z(t), a Brownian motion with drift θ watched at fractions t₁ < t₂ < …. The density of S at look k on
//! the paths that have not crossed is `f_k(s) = ∫ f_{k−1}(u)·φ((s − u − θΔ)/√Δ)/√Δ du` over the continuation region, and the
//! chance to cross above at look k is `∫ f_{k−1}(u)·Φ̄((b√t_k − u − θΔ)/√Δ) du`.
//!
//! The integrals are Gauss–Legendre with ten nodes on panels no wider than two standard deviations of the narrower
//! neighbouring step, so the integrand is smooth inside each panel and the error is near rounding, also when two
//! looks lie close together. (Methods that search on a probability with a fixed tolerance lose the first looks, where
//! the spend is as small as the tolerance.) Where the region is unbounded it is cut ten standard deviations out.

use crate::special::{normal_density, normal_tail};

const NODES: [f64; 5] = [
    0.148_874_338_981_631_21,
    0.433_395_394_129_247_2,
    0.679_409_568_299_024_4,
    0.865_063_366_688_984_5,
    0.973_906_528_517_171_7,
];
const WEIGHTS: [f64; 5] = [
    0.295_524_224_714_752_87,
    0.269_266_719_309_996_36,
    0.219_086_362_515_982_04,
    0.149_451_349_150_580_6,
    0.066_671_344_308_688_14,
];
const FAR: f64 = 10.0;

/// The chances of crossing at one look, not having crossed before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// Above the upper bound.
    pub above: f64,
    /// Below the lower bound.
    pub below: f64,
}

/// The paths still inside the bounds: weighted points of S at the last look.
#[derive(Clone, Debug)]
pub(super) struct Inside {
    fraction: f64,
    drift: f64,
    points: Vec<f64>,
    masses: Vec<f64>,
}

impl Inside {
    /// Starts at S(0) = 0, with drift θ.
    pub(super) fn start(drift: f64) -> Self {
        Self { fraction: 0.0, drift, points: vec![0.0], masses: vec![1.0] }
    }

    /// Returns the chance to lie above z = `bound` at fraction `t`.
    pub(super) fn above(&self, t: f64, bound: f64) -> f64 {
        let (edge, step) = self.edge_and_step(t, bound);
        self.sum(|u| normal_tail((edge - u) / step))
    }

    /// Returns the chance to lie below z = `bound` at fraction `t`.
    pub(super) fn below(&self, t: f64, bound: f64) -> f64 {
        let (edge, step) = self.edge_and_step(t, bound);
        self.sum(|u| normal_tail((u - edge) / step))
    }

    /// Returns the density of Z at `bound` and fraction `t`: minus the slope of [`Self::above`].
    pub(super) fn density(&self, t: f64, bound: f64) -> f64 {
        let (edge, step) = self.edge_and_step(t, bound);
        self.sum(|u| normal_density((edge - u) / step)) * libm::sqrt(t) / step
    }

    /// Moves on to fraction `t`, dropping the paths outside (`lower`, `upper`); `next` is the fraction after it.
    pub(super) fn advance(&self, t: f64, lower: f64, upper: f64, next: Option<f64>) -> Self {
        let root = libm::sqrt(t);
        let step = libm::sqrt(t - self.fraction);
        let low = (root * lower).max(self.drift * t - FAR * root);
        let high = (root * upper).min(self.drift * t + FAR * root);
        let finest = next.map_or(step, |n| step.min(libm::sqrt(n - t)));
        let (points, mut masses) = panels(low, high, 2.0 * finest);
        for (point, mass) in points.iter().zip(&mut masses) {
            *mass *= self.density_of_s(*point, t, step);
        }
        Self { fraction: t, drift: self.drift, points, masses }
    }

    fn density_of_s(&self, s: f64, t: f64, step: f64) -> f64 {
        let target = s - self.drift * (t - self.fraction);
        let from = self.points.partition_point(|&u| u < target - 12.0 * step);
        let to = self.points.partition_point(|&u| u <= target + 12.0 * step);
        let near = self.points[from..to].iter().zip(&self.masses[from..to]);
        near.map(|(u, mass)| mass * normal_density((target - u) / step)).sum::<f64>() / step
    }

    fn edge_and_step(&self, t: f64, bound: f64) -> (f64, f64) {
        let passed = t - self.fraction;
        (bound * libm::sqrt(t) - self.drift * passed, libm::sqrt(passed))
    }

    fn sum(&self, chance: impl Fn(f64) -> f64) -> f64 {
        self.points.iter().zip(&self.masses).map(|(u, mass)| mass * chance(*u)).sum()
    }
}

/// Points and weights of a Gauss–Legendre rule on panels of at most `widest` between `low` and `high`.
fn panels(low: f64, high: f64, widest: f64) -> (Vec<f64>, Vec<f64>) {
    if high <= low {
        return (Vec::new(), Vec::new());
    }
    let count = libm::ceil((high - low) / widest).max(1.0) as usize;
    let half = 0.5 * (high - low) / count as f64;
    let (mut points, mut weights) = (Vec::with_capacity(10 * count), Vec::with_capacity(10 * count));
    for panel in 0..count {
        let centre = low + half * (2.0 * panel as f64 + 1.0);
        for i in (0..5).rev() {
            points.push(centre - half * NODES[i]);
            weights.push(half * WEIGHTS[i]);
        }
        for i in 0..5 {
            points.push(centre + half * NODES[i]);
            weights.push(half * WEIGHTS[i]);
        }
    }
    (points, weights)
}

/// Returns the chance to cross at each look, for increasing `fractions`, bounds on z, and drift θ.
///
/// θ is the expected z at fraction 1; 0 gives the error spent. A lower bound may be minus infinity.
///
/// ```
/// # use motet_experiment::group::crossing_chances;
/// // Two looks at a fixed 1.96: 8.31 %, not 5 %.
/// let looks = crossing_chances(&[0.5, 1.0], &[-1.96, -1.96], &[1.96, 1.96], 0.0);
/// let error: f64 = looks.iter().map(|c| c.above + c.below).sum();
/// assert!((error - 0.0831).abs() < 5e-5);
/// ```
pub fn crossing_chances(fractions: &[f64], lower: &[f64], upper: &[f64], drift: f64) -> Vec<Crossing> {
    let mut inside = Inside::start(drift);
    let mut looks = Vec::with_capacity(fractions.len());
    for (k, &t) in fractions.iter().enumerate() {
        looks.push(Crossing { above: inside.above(t, upper[k]), below: inside.below(t, lower[k]) });
        inside = inside.advance(t, lower[k], upper[k], fractions.get(k + 1).copied());
    }
    looks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_inside_and_outside_add_up_to_one() {
        let fractions = [0.01, 0.3, 0.31, 0.9, 1.0];
        let (upper, lower) = ([4.0, 2.5, 2.5, 2.2, 2.0], [-3.0, -2.5, f64::NEG_INFINITY, -2.2, -2.0]);
        for drift in [0.0, 2.8] {
            let looks = crossing_chances(&fractions, &lower, &upper, drift);
            let crossed: f64 = looks.iter().map(|c| c.above + c.below).sum();
            let mut inside = Inside::start(drift);
            for (k, &t) in fractions.iter().enumerate() {
                inside = inside.advance(t, lower[k], upper[k], fractions.get(k + 1).copied());
            }
            let left: f64 = inside.masses.iter().sum();
            assert!((crossed + left - 1.0).abs() < 1e-13, "drift {drift}: {crossed} + {left}");
        }
    }

    #[test]
    fn naive_peeking_costs_what_the_tables_say() {
        for (looks, error) in [(2, 0.0831), (3, 0.1073), (5, 0.1417), (10, 0.1934), (20, 0.2479)] {
            let fractions: Vec<f64> = (1..=looks).map(|k| f64::from(k) / f64::from(looks)).collect();
            let z = crate::special::normal_upper_quantile(0.025);
            let (low, high) = (vec![-z; looks as usize], vec![z; looks as usize]);
            let all: f64 =
                crossing_chances(&fractions, &low, &high, 0.0).iter().map(|c| c.above + c.below).sum();
            assert!((all - error).abs() < 5e-5, "{looks} looks: {all}");
        }
    }
}
