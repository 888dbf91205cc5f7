//! Several metrics at once: each more is one more chance of a false find.
//!
//! * Bonferroni: each at α/m. * Holm (1979): the smallest p at α/m, the next at α/(m−1), …, until one fails; never worse
//!   than Bonferroni, same guarantee (no false find at all with chance 1 − α). * Benjamini–Hochberg (1995): the share of
//!   false finds among the finds is at most α, for independent or positively dependent metrics.
//!
//! Each metric also gets the *level* at which its interval agrees with the decision: for Holm the rate it was last
//! compared with, for Benjamini–Hochberg α·R/m with R finds (Benjamini and Yekutieli 2005).
//!
//! Guardrails are not corrected: a false rollback is cheap, and a promotion needs *all* of them, which needs no correction
//! (an intersection–union test).

use serde::{Deserialize, Serialize};

/// How several p-values are corrected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// None: every metric at the full rate.
    None,
    /// Bonferroni.
    Bonferroni,
    /// Holm's step-down.
    #[default]
    Holm,
    /// Benjamini and Hochberg's step-up: controls the share of false finds, not their chance.
    BenjaminiHochberg,
}

/// A corrected p-value with its level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corrected {
    /// The adjusted p-value: a find at the full rate exactly if it is at most that rate.
    pub p_value: f64,
    /// The error rate at which the metric's own interval agrees with the decision.
    pub level: f64,
}

impl Correction {
    /// Corrects p-values; the answers are in the order given.
    ///
    /// ```
    /// # use motet_experiment::multiple::Correction;
    /// let holm = Correction::Holm.apply(&[0.01, 0.04, 0.03], 0.05);
    /// assert_eq!(holm.iter().map(|c| c.p_value).collect::<Vec<_>>(), [0.03, 0.06, 0.06]);
    /// ```
    pub fn apply(self, p_values: &[f64], error_rate: f64) -> Vec<Corrected> {
        let m = p_values.len() as f64;
        match self {
            Self::None => each(p_values, |p| p, error_rate),
            Self::Bonferroni => each(p_values, |p| (p * m).min(1.0), error_rate / m),
            Self::Holm => holm(p_values, error_rate),
            Self::BenjaminiHochberg => benjamini_hochberg(p_values, error_rate),
        }
    }
}

fn each(p_values: &[f64], adjust: impl Fn(f64) -> f64, level: f64) -> Vec<Corrected> {
    p_values.iter().map(|&p| Corrected { p_value: adjust(p), level }).collect()
}

fn ascending(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));
    order
}

fn holm(p_values: &[f64], error_rate: f64) -> Vec<Corrected> {
    let mut corrected = vec![Corrected { p_value: 1.0, level: error_rate }; p_values.len()];
    let (mut worst, mut level, mut failed) = (0.0_f64, error_rate, false);
    for (rank, i) in ascending(p_values).into_iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        worst = worst.max((p_values[i] * left).min(1.0));
        if !failed {
            level = error_rate / left;
            failed = p_values[i] > level;
        }
        corrected[i] = Corrected { p_value: worst, level };
    }
    corrected
}

fn benjamini_hochberg(p_values: &[f64], error_rate: f64) -> Vec<Corrected> {
    let m = p_values.len() as f64;
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, i) in ascending(p_values).into_iter().enumerate().rev() {
        least = least.min(p_values[i] * m / (rank as f64 + 1.0));
        adjusted[i] = least;
    }
    let finds = adjusted.iter().filter(|&&p| p <= error_rate).count() as f64;
    // A metric that was not found is shown at the next level, the one it would have had to meet.
    let level = |found: bool| error_rate * if found { finds } else { finds + 1.0 } / m;
    adjusted.into_iter().map(|p| Corrected { p_value: p, level: level(p <= error_rate) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn adjusted(correction: Correction, p_values: &[f64]) -> Vec<f64> {
        correction.apply(p_values, 0.05).iter().map(|c| c.p_value).collect()
    }

    #[test]
    fn the_textbook_example_comes_out() {
        // Benjamini and Hochberg (1995), section 3.2: 15 p-values, 3 finds by Bonferroni, 4 by their procedure.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0,
        ];
        let finds = |correction| adjusted(correction, &p).iter().filter(|&&p| p <= 0.05).count();
        assert_eq!(finds(Correction::Bonferroni), 3);
        assert_eq!(finds(Correction::Holm), 3);
        assert_eq!(finds(Correction::BenjaminiHochberg), 4);
        assert_eq!(finds(Correction::None), 9);
    }

    proptest! {
        #[test]
        fn holm_finds_what_bonferroni_finds_and_benjamini_hochberg_more(
            p in prop::collection::vec(0.0..1.0_f64, 1..12)
        ) {
            let bonferroni = adjusted(Correction::Bonferroni, &p);
            let holm = adjusted(Correction::Holm, &p);
            let bh = adjusted(Correction::BenjaminiHochberg, &p);
            for i in 0..p.len() {
                prop_assert!(p[i] <= bh[i] + 1e-12);
                prop_assert!(bh[i] <= holm[i] + 1e-12);
                prop_assert!(holm[i] <= bonferroni[i] + 1e-12);
            }
        }

        #[test]
        fn the_level_agrees_with_the_decision(p in prop::collection::vec(0.0..0.2_f64, 1..12)) {
            for correction in [Correction::Bonferroni, Correction::Holm, Correction::BenjaminiHochberg] {
                for (raw, corrected) in p.iter().zip(correction.apply(&p, 0.05)) {
                    if corrected.p_value <= 0.05 {
                        prop_assert!(*raw <= corrected.level + 1e-12, "{correction:?} {raw} {corrected:?}");
                    }
                }
            }
        }
    }
}
