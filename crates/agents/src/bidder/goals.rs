//! What an impression is worth to a campaign, and how a campaign's multiplier follows what it really pays.
//!
//! Worth, in nanos an impression (which is CPM micros): CPM goal, the price; CPC, P(click) × click worth; CPA,
//! P(click) × P(conversion) × conversion worth; target ROAS, P(click) × P(conversion) × average sale ÷ return.
//! It is rounded down once.
//!
//! The multiplier is a feedback on cost per result. Costs and results are kept by the hour their bid was made in
//! and count once that hour is older than the wait for results, so that conversions yet to come do not look like
//! conversions missing. When enough has been spent to expect [`Options::evidence`] results, the realised cost is
//! compared with the target, both shrunk by as many made-up results at target, and the multiplier takes one step;
//! half of what was counted stays as memory. No evidence, no step: there is nothing to wind up.

use std::collections::VecDeque;

use motet_model::campaign::Goal;
use motet_units::{Nanos, Probability, Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::Options;

/// Sales that the stated average sale counts as.
const STATED_SALES: f64 = 20.0;
/// Hours kept apart before they are taken as complete, at most.
const MOST_HOURS: usize = 200;
const HOUR_US: i64 = 3_600_000_000;

/// What a campaign's multiplier is made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tracker {
    /// The goal all this was counted under; another goal starts afresh.
    pub(super) goal: Option<Goal>,
    /// The share of the worth that is bid, 0.2 to 1.
    pub(super) multiplier: f64,
    /// Hours still waiting for results: hour, cost in nanos, results.
    hours: VecDeque<(i64, f64, f64)>,
    /// Complete hours: cost in nanos and results.
    cost: f64,
    results: f64,
    /// Sales told, and what they brought in nanos.
    sales: f64,
    sales_value: f64,
    /// How far its bids lie from the learned ones: up to 1 on the way to the full offer, down to -0.8 taken off.
    pub(super) shade: f64,
    /// What its bids came to of late.
    pub(super) recent: Recent,
}

/// What a campaign's bids came to of late; a fifth is forgotten on each of its control ticks.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Recent {
    bids: f64,
    wins: f64,
    /// Of wins, in nanos.
    cost: f64,
    value: f64,
}

impl Recent {
    pub(super) fn add_bid(&mut self) {
        self.bids += 1.0;
    }

    /// Counts a win by what it cost and was worth, in nanos.
    pub(super) fn add_win(&mut self, cost: f64, value: f64) {
        self.wins += 1.0;
        self.cost += cost;
        self.value += value;
    }

    /// Returns wins per bid, cost per value of wins, and the logarithm of bids; then forgets a fifth.
    pub(super) fn take(&mut self) -> [f64; 3] {
        let share = |part: f64, whole: f64| if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 };
        let read = [share(self.wins, self.bids), share(self.cost, self.value), libm::log10(1.0 + self.bids)];
        for number in [&mut self.bids, &mut self.wins, &mut self.cost, &mut self.value] {
            *number *= 0.8;
        }
        read
    }

    fn is_sound(&self) -> bool {
        [self.bids, self.wins, self.cost, self.value].iter().all(|n| n.is_finite() && *n >= 0.0)
    }
}

impl Default for Tracker {
    fn default() -> Self {
        Self {
            goal: None,
            multiplier: 1.0,
            hours: VecDeque::new(),
            cost: 0.0,
            results: 0.0,
            sales: 0.0,
            sales_value: 0.0,
            shade: 0.0,
            recent: Recent::default(),
        }
    }
}

/// What a step is decided on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    /// Realised over target cost per result, shrunk towards 1.
    pub(super) cost_ratio: f64,
    /// Results expected for what was spent.
    pub(super) expected: f64,
}

impl Tracker {
    /// Starts afresh under another goal.
    pub(super) fn set_goal(&mut self, goal: Goal) {
        if self.goal != Some(goal) {
            *self = Self { goal: Some(goal), ..Self::default() };
        }
    }

    /// Returns what an impression is worth, in nanos, not yet rounded.
    pub(super) fn worth(&self, goal: &Goal, p_click: Probability, p_conversion: Probability) -> f64 {
        match goal {
            Goal::Cpm { price } => price.as_f64(),
            Goal::Cpc { click } => p_click.of(*click),
            Goal::Cpa { conversion } => p_click.and_then(p_conversion).of(*conversion),
            Goal::TargetRoas { sale, return_millis } => {
                let return_wanted = f64::from((*return_millis).max(1)) / 1_000.0;
                p_click.and_then(p_conversion).get() * self.average_sale(*sale) / return_wanted
            }
        }
    }

    fn average_sale(&self, stated: Nanos) -> f64 {
        (stated.as_f64() * STATED_SALES + self.sales_value) / (STATED_SALES + self.sales)
    }

    /// Counts a cost by the hour its bid was made in.
    pub(super) fn add_cost(&mut self, made_at: Timestamp, cost: f64) {
        self.add(made_at, cost, 0.0);
    }

    /// Counts a click, for campaigns that pay for clicks.
    pub(super) fn add_click(&mut self, made_at: Timestamp) {
        if matches!(self.goal, Some(Goal::Cpc { .. })) {
            self.add(made_at, 0.0, 1.0);
        }
    }

    /// Counts a conversion: one result, or for target ROAS its sale in units of the stated average sale.
    pub(super) fn add_conversion(&mut self, made_at: Timestamp, value: Option<Nanos>) {
        match self.goal {
            Some(Goal::Cpa { .. }) => self.add(made_at, 0.0, 1.0),
            Some(Goal::TargetRoas { sale, .. }) => {
                let brought = value.unwrap_or(sale).as_f64().max(0.0);
                self.sales += 1.0;
                self.sales_value += brought;
                self.add(made_at, 0.0, brought / sale.as_f64().max(1.0));
            }
            _ => {}
        }
    }

    fn add(&mut self, made_at: Timestamp, cost: f64, results: f64) {
        let hour = made_at.micros().div_euclid(HOUR_US);
        let place = self.hours.partition_point(|(at, ..)| *at < hour);
        match self.hours.get_mut(place) {
            Some(entry) if entry.0 == hour => {
                entry.1 += cost;
                entry.2 += results;
            }
            // An hour older than all that wait is complete already.
            Some(_) if place == 0 => {
                self.cost += cost;
                self.results += results;
            }
            _ => self.hours.insert(place, (hour, cost, results)),
        }
        if self.hours.len() > MOST_HOURS {
            self.complete_first();
        }
    }

    fn complete_first(&mut self) {
        if let Some((_, cost, results)) = self.hours.pop_front() {
            self.cost += cost;
            self.results += results;
        }
    }

    /// Takes hours older than the wait for results as complete.
    pub(super) fn complete(&mut self, now: Timestamp, options: &Options) {
        let wait = match self.goal {
            Some(Goal::Cpc { .. }) => options.click_wait_s,
            _ => options.conversion_wait_s,
        };
        let last = (now - Span::from_secs(wait)).micros().div_euclid(HOUR_US);
        while self.hours.front().is_some_and(|(hour, ..)| *hour < last) {
            self.complete_first();
        }
    }

    /// Returns the evidence for a step, `None` while there is too little or the goal asks for none.
    pub(super) fn evidence(&self, options: &Options) -> Option<Evidence> {
        let target = match self.goal? {
            Goal::Cpm { .. } => return None,
            Goal::Cpc { click } => click.as_f64(),
            Goal::Cpa { conversion } => conversion.as_f64(),
            Goal::TargetRoas { sale, return_millis } => {
                sale.as_f64() * 1_000.0 / f64::from(return_millis.max(1))
            }
        };
        let expected = self.cost / target.max(1.0);
        if expected < options.evidence {
            return None;
        }
        let shrink = options.evidence;
        Some(Evidence { cost_ratio: (expected + shrink) / (self.results + shrink), expected })
    }

    /// Moves the multiplier one step and keeps half of what was counted.
    pub(super) fn step(&mut self, evidence: Evidence, gain: f64, trim: f64) {
        let step = (trim - gain * libm::log(evidence.cost_ratio)).clamp(-0.7, 0.25);
        self.multiplier = (self.multiplier * libm::exp(step)).clamp(super::LEAST_MULTIPLIER, 1.0);
        self.cost *= 0.5;
        self.results *= 0.5;
    }

    /// Tells whether the state holds only numbers this version works with.
    pub(super) fn is_sound(&self) -> bool {
        (super::LEAST_MULTIPLIER..=1.0).contains(&self.multiplier)
            && (-1.0..=1.0).contains(&self.shade)
            && self.recent.is_sound()
            && [self.cost, self.results, self.sales, self.sales_value].iter().all(|n| n.is_finite())
    }
}
