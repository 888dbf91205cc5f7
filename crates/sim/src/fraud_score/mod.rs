//! How well the guard guards: what it caught of each attack, what it missed, and whom it wronged.
//!
//! [`Scorer`] watches a run and knows the truth; [`Scorer::finish`] gives the [`Scorecard`], plain data. Two units are
//! scored apart: *requests* of the families that make their own, by whether they were flagged before any bid, and
//! *faked events* of those that fake them, by whether the notice was refused. Money is weighed twice: what was billed for
//! an attack's requests is missed to the nano; what a flagged request would have cost is not known and estimated by
//! what passed requests of the same publisher cost on average. A run beside it with an [`OpenGuard`] gives the exact
//! difference ([`Scorecard::recall_against`]), prevention included: a publisher that gets no ads can fake no clicks.
//!
//! Families are scored in three groups: general invalid traffic (found by lists), families a rule of the guard was
//! written for, and families it has no rule for. Bars are per group: recall at a false positive rate among requests of
//! real people at publishers that carry no attack. What real people lose on publishers that do is told beside it.

mod group;
mod open_guard;
mod scorer;

use std::collections::BTreeMap;

use motet_units::Nanos;
use serde::{Deserialize, Serialize};

pub use self::{
    group::{Bar, Group, GroupScore},
    open_guard::OpenGuard,
    scorer::Scorer,
};
use crate::scenario::Family;

/// How the guard did in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scorecard {
    /// The attacks, in the scenario's order.
    pub attacks: Vec<AttackScore>,
    /// Everyone else.
    pub honest: HonestScore,
}

/// How the guard did against one attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackScore {
    /// Its family.
    pub family: Family,
    /// Requests it made.
    pub requests: u64,
    /// Those flagged before any bid.
    pub flagged: u64,
    /// Flags by finding.
    pub findings: BTreeMap<String, u64>,
    /// Notices about its own requests that were filtered.
    pub filtered_notices: u64,
    /// Events it faked on ads shown to anyone.
    pub events: u64,
    /// Those that did not count: filtered, duplicates, contradictions, too late.
    pub refused_events: u64,
    /// What was billed for its requests.
    pub missed: Nanos,
    /// What its flagged requests would have cost, estimated.
    pub caught: Nanos,
    /// What the faked events that counted claim by the campaigns' goals.
    pub claimed: Nanos,
    /// What the refused ones would have claimed.
    pub refused_claims: Nanos,
    /// Seconds from its first request or event to the first one caught.
    pub first_caught_s: Option<f64>,
    /// Seconds from its first request or event until half of the last 64 were caught.
    pub half_caught_s: Option<f64>,
}

/// What honest traffic went through.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct HonestScore {
    /// Requests of real people at publishers that carry no attack.
    pub requests: u64,
    /// Those flagged: false positives.
    pub flagged: u64,
    /// Requests of real people at publishers that carry an attack.
    pub carrier_requests: u64,
    /// Those flagged.
    pub carrier_flagged: u64,
    /// Impressions, clicks and conversions of real people.
    pub events: u64,
    /// Those filtered.
    pub filtered_events: u64,
    /// What honest publishers would have earned by flagged requests, estimated.
    pub lost: Nanos,
    /// What was billed for real people's requests anywhere.
    pub billed: Nanos,
}

fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

impl AttackScore {
    /// Returns the share of requests flagged; `None` without requests.
    pub fn request_recall(&self) -> Option<f64> {
        share(self.flagged, self.requests)
    }

    /// Returns the share of faked events refused; `None` without events.
    pub fn event_recall(&self) -> Option<f64> {
        share(self.refused_events, self.events)
    }

    /// Returns the share of the money at stake that was not paid, estimated; `None` where none was.
    pub fn money_recall(&self) -> Option<f64> {
        let (caught, missed) = (self.caught.as_f64(), self.missed.as_f64());
        (caught + missed > 0.0).then(|| caught / (caught + missed))
    }

    fn counted_events(&self) -> u64 {
        self.events - self.refused_events
    }
}

impl HonestScore {
    /// Returns the share of requests flagged among real people's at honest publishers.
    pub fn false_positive_rate(&self) -> f64 {
        share(self.flagged, self.requests).unwrap_or(0.0)
    }

    /// Returns the share of requests flagged among real people's at publishers that carry an attack.
    pub fn carrier_rate(&self) -> f64 {
        share(self.carrier_flagged, self.carrier_requests).unwrap_or(0.0)
    }

    /// Returns the share of real people's events filtered.
    pub fn event_rate(&self) -> f64 {
        share(self.filtered_events, self.events).unwrap_or(0.0)
    }
}

impl Scorecard {
    /// Returns, by attack, what counts as its recall: the share of its requests flagged; where it makes none, the share of
    /// the faked events that count without a guard and did not with it.
    pub fn recalls(&self, control: &Self) -> Vec<Option<f64>> {
        let against = self.recall_against(control);
        self.attacks.iter().zip(against).map(|(attack, other)| attack.request_recall().or(other)).collect()
    }

    /// Returns the share of flagged requests that were attacks'; real people at carriers count as wronged.
    pub fn precision(&self) -> Option<f64> {
        let caught: u64 = self.attacks.iter().map(|attack| attack.flagged).sum();
        share(caught, caught + self.honest.flagged + self.honest.carrier_flagged)
    }

    /// Returns, by attack, the share of what a run without a guard let pass that this one did not: of the money billed
    /// where the attack makes requests, else of the faked events counted. `None` where the control let nothing pass.
    pub fn recall_against(&self, control: &Self) -> Vec<Option<f64>> {
        let pairs = self.attacks.iter().zip(&control.attacks);
        let one = |(own, open): (&AttackScore, &AttackScore)| {
            let (own, open) = if own.requests > 0 {
                (own.missed.as_f64(), open.missed.as_f64())
            } else {
                (own.counted_events() as f64, open.counted_events() as f64)
            };
            (open > 0.0).then(|| 1.0 - own / open)
        };
        pairs.map(one).collect()
    }
}
