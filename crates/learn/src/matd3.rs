//! MATD3: MADDPG with the three remedies of TD3 against believing too much (Ackermann et al. 2019; Fujimoto et al. 2018).
//!
//! A critic's errors are not even: the actor looks for the action it values most, and so finds those it overvalues.
//!
//! * *Twins*: of two critics the lower one makes the aim, `y = r + γ min_j Q'_j(o', ã)`.
//! * *Smoothing*: target actions stray a little, `ã = clamp(μ'(o') + clamp(ε, ±0.5))`, `ε ~ N(0, 0.2²)`, so that a sharp peak
//!   of a critic's error is averaged away.
//! * *Delay*: actors and targets move once for every two updates of the critics, which so are less wrong when asked.
//!
//! Noise is in units of an action's range of -1 to 1, as in the papers. All else is as in [`crate::maddpg`].

use crate::{actor_critic::Options, maddpg};

/// Returns MATD3's options.
pub fn options() -> Options {
    Options { twins: 2, delay: 2, smoothing: 0.2, smoothing_cut: 0.5, ..maddpg::options() }
}
