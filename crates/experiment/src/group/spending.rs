//! How the error rate is spent as information accrues (Lan and De Mets 1983).

use crate::special::{normal_tail, normal_upper_quantile};
use serde::{Deserialize, Serialize};

/// A spending function: the share of the error rate used up at information fraction t, for one side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spending {
    /// 2 − 2Φ(z(α/2)/√t): almost nothing early, a last look close to the fixed test.
    ObrienFleming,
    /// α·ln(1 + (e − 1)t): about equal bounds at all looks.
    Pocock,
    /// α·t^power, power above 0. Power 2 is what Spotify's platform uses.
    Power(f64),
}

impl Spending {
    /// Returns the error spent by fraction `t`, of `side_rate` in all for one side. Above fraction 1 all is spent.
    pub fn spent(self, side_rate: f64, t: f64) -> f64 {
        let t = t.clamp(0.0, 1.0);
        if t == 0.0 {
            return 0.0;
        }
        match self {
            Self::ObrienFleming => 2.0 * normal_tail(normal_upper_quantile(side_rate / 2.0) / libm::sqrt(t)),
            Self::Pocock => side_rate * libm::log1p((core::f64::consts::E - 1.0) * t),
            Self::Power(power) => side_rate * libm::pow(t, power),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn spending_rises_from_nothing_to_the_whole_rate(
            rate in 0.0001..0.4_f64, early in 0.0..1.0_f64, late in 0.0..1.0_f64
        ) {
            let (early, late) = if early < late { (early, late) } else { (late, early) };
            for spending in [Spending::ObrienFleming, Spending::Pocock, Spending::Power(2.0)] {
                prop_assert!(spending.spent(rate, early) <= spending.spent(rate, late) + 1e-15);
                prop_assert!((spending.spent(rate, 1.0) / rate - 1.0).abs() < 1e-12);
                prop_assert_eq!(spending.spent(rate, 0.0), 0.0);
            }
        }
    }
}
