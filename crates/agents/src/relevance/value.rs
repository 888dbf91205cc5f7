//! What an impression is expected to be worth to a campaign: the order in which ads are looked at and named.
//!
//! It orders, it never prices: bids are the bidder's, from the campaign's goal and these same rates.

use motet_model::campaign::{Campaign, Goal};
use motet_units::{CpmMicros, Rounding};

/// What a campaign pays for, kept beside its ads' features.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worth {
    goal: Goal,
    most: Option<CpmMicros>,
}

impl Worth {
    pub(super) const fn of(campaign: &Campaign) -> Self {
        Self { goal: campaign.goal, most: campaign.most_cpm }
    }
}

impl Default for Worth {
    fn default() -> Self {
        Self { goal: Goal::Cpm { price: CpmMicros::new(0) }, most: None }
    }
}

/// Returns the expected value of an impression, in CPM micros (nanos an impression), held to the campaign's
/// highest price. `click` and `conversion` are the rates in 0 to 1.
///
/// A click worth 0.50 at a rate of 2 % makes an impression worth 0.01: 10.00 CPM.
pub(super) fn expected(worth: Worth, [click, conversion]: [f64; 2]) -> CpmMicros {
    let nanos = match worth.goal {
        Goal::Cpm { price } => price.as_f64(),
        Goal::Cpc { click: worth } => click * worth.as_f64(),
        Goal::Cpa { conversion: worth } => click * conversion * worth.as_f64(),
        Goal::TargetRoas { sale, return_millis } => {
            click * conversion * sale.as_f64() * 1_000.0 / f64::from(return_millis.max(1))
        }
    };
    let value = CpmMicros::from_f64(nanos, Rounding::Down);
    worth.most.map_or(value, |most| value.min(most))
}

#[cfg(test)]
mod tests {
    use motet_units::Nanos;

    use super::*;

    #[test]
    fn each_goal_has_its_worth() {
        let worth = |goal| expected(Worth { goal, most: None }, [0.02, 0.1]).units();
        assert!((worth(Goal::Cpc { click: Nanos::from_units(0.5) }) - 10.0).abs() < 1e-5);
        assert!((worth(Goal::Cpa { conversion: Nanos::from_units(5.0) }) - 10.0).abs() < 1e-5);
        let roas = Goal::TargetRoas { sale: Nanos::from_units(20.0), return_millis: 4_000 };
        assert!((worth(roas) - 10.0).abs() < 1e-5);
        let cpm = Goal::Cpm { price: CpmMicros::from_units(3.0) };
        assert!((worth(cpm) - 3.0).abs() < 1e-9);
        let held = Worth { goal: cpm, most: Some(CpmMicros::from_units(2.0)) };
        assert_eq!(expected(held, [0.02, 0.1]), CpmMicros::from_units(2.0));
    }
}
