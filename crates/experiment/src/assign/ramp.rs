//! Bucket ranges of the arms, growing without moving anybody across.
//!
//! The treatment takes buckets from the bottom, the control from the top. As either grows its old buckets stay, so a unit that
//! was once in an arm is never in the other while the shares rise; between them lie the units of neither arm. An equal
//! control at every stage ([`Ramp::matched`]) keeps stages comparable; see
//! [`combine_stages`](crate::estimate::combine_stages) for shares that changed.

use super::layer::{BUCKETS, Bucket};
use crate::error::Error;
use serde::{Deserialize, Serialize};

/// One side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The control.
    A,
    /// The treatment.
    B,
}

/// The shares of the two arms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    treated_below: u32,
    control_from: u32,
}

impl Ramp {
    /// Gives the treatment and the control their shares of all units.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a share outside [0, 1], or shares that add up to more than 1.
    pub fn new(treatment: f64, control: f64) -> Result<Self, Error> {
        for share in [treatment, control, treatment + control] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::OutOfRange {
                    what: "a share of units",
                    value: share,
                    range: "from 0 to 1, both arms together too",
                });
            }
        }
        let buckets = |share: f64| libm::round(share * f64::from(BUCKETS)) as u32;
        let treated_below = buckets(treatment);
        Ok(Self { treated_below, control_from: (BUCKETS - buckets(control)).max(treated_below) })
    }

    /// Gives both arms the same share, at most a half each.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a share outside [0, 0.5].
    pub fn matched(share: f64) -> Result<Self, Error> {
        Self::new(share, share)
    }

    /// Returns the arm of a bucket, if it is in the comparison.
    pub fn arm(&self, bucket: Bucket) -> Option<Arm> {
        if bucket.number() < self.treated_below {
            Some(Arm::B)
        } else if bucket.number() >= self.control_from {
            Some(Arm::A)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::Layer;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_unit_once_in_an_arm_stays_in_it_as_the_ramp_grows(
            unit: u64, mut shares in prop::collection::vec(0.0..=0.5_f64, 2..8)
        ) {
            shares.sort_by(f64::total_cmp);
            let bucket = Layer::new("ramp").bucket_of_number(unit);
            let mut before = None;
            for share in shares {
                let now = Ramp::matched(share).unwrap().arm(bucket);
                prop_assert!(before.is_none() || before == now);
                before = now;
            }
        }
    }

    #[test]
    fn every_unit_has_an_arm_at_one_half_each() {
        let (layer, ramp) = (Layer::new("half"), Ramp::matched(0.5).unwrap());
        let treated = (0..100_000)
            .filter(|&unit| ramp.arm(layer.bucket_of_number(unit)).expect("no unit is left out") == Arm::B)
            .count();
        assert!((treated as f64 - 50_000.0).abs() < 700.0, "{treated}");
    }

    #[test]
    fn shares_above_one_are_refused() {
        assert!(Ramp::new(0.7, 0.4).is_err());
        assert!(Ramp::matched(-0.1).is_err());
    }
}
