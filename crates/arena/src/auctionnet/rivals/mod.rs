//! The rivals: who else is at the table.
//!
//! | rival | what it is |
//! |---|---|
//! | [`Fixed`] | a constant multiple of the target CPA; 1 is the truthful bid |
//! | [`StepPid`] | the published environment's own PID rule: a cautious start, up a fifth or down three tenths by the rate of spend |
//! | [`PidPacer`] | a budget pacer: proportional, integral and differential on spend against the day's plan |
//! | [`OnlineLp`] | the published OnlineLP rule: the cost per conversion at which the rest of a past day would use up what is left |
//! | [`StandIn`] | a stand-in for an agent whose trained weights are not to be had; see its page for what that means |

mod fixed;
mod online_lp;
mod pid;
mod stand_in;

pub use fixed::Fixed;
pub use online_lp::{OnlineLp, PastDay};
pub use pid::{PidPacer, StepPid};
pub use stand_in::{StandIn, Temper};
