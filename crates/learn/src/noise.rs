//! How far exploration strays from an actor, and when it stops.
//!
//! A [`Schedule`] says how strong the noise is after so many rows. [`gaussian`] draws it afresh for every action;
//! [`OrnsteinUhlenbeck`] lets it drift, for worlds where an action must be held to show an effect. All chance is keyed.

use motet_units::{Chance, Stream};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A strength that falls with the rows learned from.
///
/// ```
/// use motet_learn::noise::Schedule;
/// let falling = Schedule::Linear { from: 0.4, to: 0.1, rows: 100 };
/// assert!((falling.at(50) - 0.25).abs() < 1e-12);
/// assert_eq!(falling.at(1000), 0.1);
/// let halving = Schedule::Exponential { from: 0.4, to: 0.1, half_life_rows: 100 };
/// assert!((halving.at(100) - 0.2).abs() < 1e-12);
/// assert_eq!(halving.at(1000), 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Always the same.
    Constant {
        /// How strong, at least 0.
        at: f64,
    },
    /// In a line from one to the other, then the other.
    Linear {
        /// How strong at first.
        from: f64,
        /// How strong at last.
        to: f64,
        /// After how many rows the last is reached, at least 1.
        rows: u64,
    },
    /// Halved again and again, down to a floor.
    Exponential {
        /// How strong at first.
        from: f64,
        /// The floor.
        to: f64,
        /// After how many rows it is halved, at least 1.
        half_life_rows: u64,
    },
}

impl Schedule {
    /// Returns the strength after so many rows.
    pub fn at(self, told: u64) -> f64 {
        match self {
            Self::Constant { at } => at,
            Self::Linear { from, to, rows } => to + (from - to) * (1.0 - told as f64 / rows as f64).max(0.0),
            Self::Exponential { from, to, half_life_rows } => {
                (from * libm::exp2(-(told as f64) / half_life_rows as f64)).max(to)
            }
        }
    }

    pub(crate) fn check(self, option: &'static str, most: f64) -> Result<(), Error> {
        let (from, to, rows) = match self {
            Self::Constant { at } => (at, at, 1),
            Self::Linear { from, to, rows } => (from, to, rows),
            Self::Exponential { from, to, half_life_rows } => (from, to, half_life_rows),
        };
        for strength in [from, to] {
            crate::error::within(option, strength, "at least 0 and within its scale", |s| {
                (0.0..=most).contains(&s)
            })?;
        }
        crate::error::within(option, rows as f64, "over at least 1 row", |rows| rows >= 1.0)
    }
}

/// Draws from the standard normal distribution (Box and Muller 1958; one of the pair is thrown away).
pub fn gaussian(stream: &mut Stream) -> f64 {
    // 1 - unit is within 0 (excluded) and 1, so the logarithm is finite.
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - stream.unit()));
    radius * libm::cos(std::f64::consts::TAU * stream.unit())
}

/// Noise that drifts: `x ← x − pull · x + strength · n`, n standard normal (Uhlenbeck and Ornstein 1930, in steps of one tick).
///
/// Its standard deviation settles at `strength / √(1 − (1 − pull)²)`. Whoever acts for a campaign holds one of these for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrnsteinUhlenbeck {
    pull: f64,
    strength: f64,
    state: Vec<f64>,
}

impl OrnsteinUhlenbeck {
    /// Starts at zero for actions of `action` numbers.
    ///
    /// # Errors
    /// When `pull` is not above 0 and at most 1, or `strength` is below 0.
    pub fn new(action: usize, pull: f64, strength: f64) -> Result<Self, Error> {
        crate::error::within("pull", pull, "above 0 and at most 1", |pull| pull > 0.0 && pull <= 1.0)?;
        crate::error::within("strength", strength, "at least 0", |strength| strength >= 0.0)?;
        Ok(Self { pull, strength, state: vec![0.0; action] })
    }

    /// Takes one step and adds the noise to an action, kept within -1 and 1.
    ///
    /// # Panics
    /// When the action has another length than said.
    pub fn stray(&mut self, chance: Chance, action: &mut [f32]) {
        assert_eq!(action.len(), self.state.len(), "an action's length");
        let mut stream = chance.stream("drift");
        for (state, action) in self.state.iter_mut().zip(action) {
            *state += self.strength * gaussian(&mut stream) - self.pull * *state;
            *action = (*action + *state as f32).clamp(-1.0, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_draws_have_mean_zero_and_variance_one() {
        let mut stream = Chance::new(1, 1).stream("normal");
        let draws: Vec<f64> = (0..40_000).map(|_| gaussian(&mut stream)).collect();
        let mean = draws.iter().sum::<f64>() / 40_000.0;
        let variance = draws.iter().map(|d| d * d).sum::<f64>() / 40_000.0;
        // Standard errors: 1/200 for the mean, √2/200 for the variance; four of each.
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.0283, "{mean} {variance}");
    }

    #[test]
    fn drifting_noise_settles_at_its_spread_and_remembers() {
        let mut noise = OrnsteinUhlenbeck::new(1, 0.2, 0.1).unwrap();
        let states: Vec<f64> = (0..20_000)
            .map(|tick| {
                noise.stray(Chance::new(5, tick), &mut [0.0]);
                noise.state[0]
            })
            .collect();
        let variance = states.iter().map(|s| s * s).sum::<f64>() / 20_000.0;
        let lagged = states.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / 20_000.0;
        // 0.01 / (1 - 0.64) = 0.02778; with a correlation of 0.8 from tick to tick some 20,000 / 4.6 are independent: 2.1 % each.
        assert!((variance / 0.027_78 - 1.0).abs() < 0.09, "{variance}");
        assert!((lagged / variance - 0.8).abs() < 0.03, "{lagged}");
    }

    #[test]
    fn schedules_outside_their_range_are_refused() {
        assert!(Schedule::Constant { at: -0.1 }.check("noise", 2.0).is_err());
        assert!(Schedule::Linear { from: 0.1, to: f64::NAN, rows: 1 }.check("noise", 2.0).is_err());
        assert!(Schedule::Exponential { from: 0.1, to: 0.0, half_life_rows: 0 }.check("noise", 2.0).is_err());
        assert!(Schedule::Linear { from: 0.1, to: 0.0, rows: 9 }.check("noise", 2.0).is_ok());
    }
}
