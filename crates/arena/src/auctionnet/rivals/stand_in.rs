//! Stand-ins for trained agents.
//!
//! The published league seats agents trained offline (IQL, BC, CQL, MOPO, COMBO). Their weights are not to be had here, so
//! these are *not* those agents. They are controllers that share what is known of them:
//!
//! * they answer with one multiplier a tick, from the share of time and of budget left;
//! * they do not see their target CPA: the published agents' sixteen inputs hold no target and no budget in money, so all agents of a
//!   kind bid on one level, and those with low targets exceed them. This is what puts violators among them.
//!
//! The multiplier is `level × exp(haste × (time left − ½)) × (budget left ÷ time left)^reaction`, the last ratio held between
//! `1/span` and `span`. All kinds have a negative haste. That is a finding, not a fact about the trained agents: only among bidders
//! who start low and rise through the day did spend, passes, violators and scores all come near the measured ones; among
//! bidders who start high or bid evenly some of them did not. Each kind's numbers are chosen so that its mean score, its share of violators and its score against the best constant multiplier
//! come near those measured of the published agents, on episodes other than the reported ones. What was reached is in
//! `docs/benchmark-markets.md`.

use super::super::bidder::{Bidder, Bids, View};

/// How a kind of stand-in bids.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temper {
    /// The bid per conversion when budget and time run down together, in units of money.
    pub level: f64,
    /// How much more it bids at the day's start than at its end, as a power of e; 0 for an even day, negative for a rising one.
    pub haste: f64,
    /// How strongly it answers to having budget left for the time left, 0 for not at all, negative for the wrong way round.
    pub reaction: f64,
    /// The furthest the ratio of budget left to time left counts, 1 or more.
    pub span: f64,
}

impl Temper {
    /// A stand-in for implicit Q-learning.
    pub const IQL: Self = Self { level: 94.0, haste: -2.9, reaction: -0.2, span: 3.0 };
    /// A stand-in for behaviour cloning.
    pub const BC: Self = Self { level: 78.0, haste: -1.9, reaction: -0.1, span: 3.0 };
    /// A stand-in for conservative Q-learning.
    pub const CQL: Self = Self { level: 106.0, haste: -2.6, reaction: -0.1, span: 3.0 };
    /// A stand-in for the model-based MOPO.
    pub const MOPO: Self = Self { level: 91.0, haste: -2.4, reaction: -0.1, span: 3.0 };
    /// A stand-in for the model-based COMBO.
    pub const COMBO: Self = Self { level: 106.0, haste: -2.4, reaction: -0.1, span: 3.0 };
}

/// A controller in the place of a trained agent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StandIn {
    /// How it bids.
    pub temper: Temper,
}

impl Bidder for StandIn {
    fn bid(&mut self, view: &View<'_>) -> Bids {
        let Temper { level, haste, reaction, span } = self.temper;
        let ratio = (view.budget_left() / view.time_left()).clamp(1.0 / span, span);
        Bids::Multiplier(
            (level * libm::exp(haste * (view.time_left() - 0.5)) * libm::pow(ratio, reaction)) as f32,
        )
    }
}
