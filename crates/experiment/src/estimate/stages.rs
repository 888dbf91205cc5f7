//! One effect from the stages of a ramp, without Simpson's paradox.
//!
//! Pooling raw counts over stages with different shares compares Monday's control with Tuesday's treatment: two days
//! without any effect, at 1 % and then 50 %, pooled to −38.7 %. So each stage is compared with its own control, and
//! the differences are combined by inverse variance: D = Σ wᵢDᵢ / Σ wᵢ, wᵢ = 1/Vᵢ, Var D = 1/Σ wᵢ.

use crate::estimate::Contrast;

/// Combines the contrasts of the stages of one ramp; `None` if there is none with a variance above 0.
///
/// The control's mean is combined with the same weights, so the relative lift refers to the same mixture of days.
pub fn combine_stages(stages: &[Contrast]) -> Option<Contrast> {
    let total: f64 = stages.iter().filter(|s| s.variance > 0.0).map(|s| 1.0 / s.variance).sum();
    if total <= 0.0 {
        return None;
    }
    let mut all = Contrast {
        base: 0.0,
        difference: 0.0,
        base_variance: 0.0,
        variance: 1.0 / total,
        covariance: 0.0,
        units: 0.0,
        degrees: 0.0,
    };
    let mut spread = 0.0;
    for stage in stages.iter().filter(|s| s.variance > 0.0) {
        let share = 1.0 / (stage.variance * total);
        all.base += share * stage.base;
        all.difference += share * stage.difference;
        all.base_variance += share * share * stage.base_variance;
        all.covariance += share * share * stage.covariance;
        all.units += stage.units;
        spread += (share * share * stage.variance).powi(2) / stage.degrees;
    }
    all.degrees = all.variance * all.variance / spread;
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Moments;

    #[test]
    fn a_ramp_without_effect_reads_as_none_where_pooling_reads_minus_38_per_cent() {
        // Day 1: 1 % of a million, click rate 2 %. Day 2: 50 % of a million, click rate 1 %.
        let day = |n_a, clicks_a, n_b, clicks_b| {
            Contrast::welch(&Moments::proportion(clicks_a, n_a), &Moments::proportion(clicks_b, n_b))
        };
        let one = day(990_000, 19_800, 10_000, 200);
        let two = day(500_000, 5_000, 500_000, 5_000);
        let pooled = day(1_490_000, 24_800, 510_000, 5_200);
        assert!((pooled.lift().unwrap() + 0.387).abs() < 5e-4, "pooling: {:?}", pooled.lift());
        assert!(combine_stages(&[one, two]).unwrap().difference.abs() < 1e-15);
    }

    #[test]
    fn a_stage_counts_by_what_it_knows() {
        let stage = |n: f64, effect: f64| {
            let a = Moments { n, mean: 5.0, variance: 4.0 };
            Contrast::welch(&a, &Moments { mean: 5.0 + effect, ..a })
        };
        let all = combine_stages(&[stage(100.0, 1.0), stage(300.0, 0.2)]).unwrap();
        assert!((all.difference - (0.25 * 1.0 + 0.75 * 0.2)).abs() < 1e-12);
        assert!((all.variance - 2.0 * 4.0 / 400.0).abs() < 1e-15);
    }

    #[test]
    fn two_equal_stages_halve_the_variance() {
        let a = Moments { n: 100.0, mean: 5.0, variance: 4.0 };
        let stage = Contrast::welch(&a, &a);
        let both = combine_stages(&[stage, stage]).unwrap();
        assert!((both.variance - stage.variance / 2.0).abs() < 1e-15);
        assert!((both.degrees - 2.0 * stage.degrees).abs() < 1e-9);
        assert_eq!(combine_stages(&[]), None);
    }
}
