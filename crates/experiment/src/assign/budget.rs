//! The budget split: two markets, each campaign in both, its money divided to the nano.

use super::layer::Layer;
use super::ramp::{Arm, Ramp};
use crate::error::Error;
use motet_units::Nanos;

/// A split of users into two whole markets, and of every budget in the same ratio.
#[derive(Clone, Copy, Debug)]
pub struct BudgetSplit {
    layer: Layer,
    ramp: Ramp,
    share_b_millionths: u32,
}

impl BudgetSplit {
    /// Splits all users, giving B the share `share_b`. Every user is in one of the two markets.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a share outside [0, 1].
    pub fn new(salt: &str, share_b: f64) -> Result<Self, Error> {
        let ramp = Ramp::new(share_b, 1.0 - share_b)?;
        let share_b_millionths = libm::round(share_b * 1e6) as u32;
        Ok(Self { layer: Layer::new(salt), ramp, share_b_millionths })
    }

    /// Returns the market of a user.
    pub fn market(&self, user: &[u8]) -> Arm {
        self.ramp.arm(self.layer.bucket(user)).unwrap_or(Arm::A)
    }

    /// Returns what a campaign may spend in one market. The two markets' parts add up to the budget exactly.
    ///
    /// ```
    /// # use motet_experiment::assign::{Arm, BudgetSplit};
    /// # use motet_units::Nanos;
    /// let split = BudgetSplit::new("pacer-test", 0.5)?;
    /// let budget = Nanos::new(100_000_000_001);
    /// let (a, b) = (split.budget(budget, Arm::A), split.budget(budget, Arm::B));
    /// assert_eq!(a + b, budget);
    /// # Ok::<(), motet_experiment::Error>(())
    /// ```
    pub fn budget(&self, budget: Nanos, arm: Arm) -> Nanos {
        let [a, b] = split_budget(budget, self.share_b_millionths);
        if arm == Arm::A { a } else { b }
    }
}

/// Splits a budget into the parts of A and B, B's share in millionths and its part rounded down; no nano is lost or made.
pub fn split_budget(budget: Nanos, share_b_millionths: u32) -> [Nanos; 2] {
    let share = i128::from(share_b_millionths.min(1_000_000));
    let part = (i128::from(budget.get()) * share).div_euclid(1_000_000);
    let b = Nanos::new(part as i64);
    [budget - b, b]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_budget_to_the_nano(budget in 0..=(1_i64 << 53), share in 0..=1_000_000_u32) {
            let [a, b] = split_budget(Nanos::new(budget), share);
            prop_assert_eq!(a.get() + b.get(), budget);
            prop_assert!(a.get() >= 0 && b.get() >= 0);
        }
    }

    #[test]
    fn money_and_users_are_split_in_the_same_ratio() {
        let split = BudgetSplit::new("ratio", 0.3).unwrap();
        let users = (0..100_000_u32).filter(|u| split.market(&u.to_le_bytes()) == Arm::B).count();
        assert!((users as f64 / 100_000.0 - 0.3).abs() < 0.006, "{users}");
        assert_eq!(split.budget(Nanos::new(1000), Arm::B), Nanos::new(300));
    }
}
