//! One campaign's spend plan and the controller that keeps to it.
//!
//! The reference R is what should have been spent by now. It advances with the day's traffic so that what is
//! left of the budget is spread over what is left of the traffic: dR = (B − R)·dp ÷ (1 − p), where p is the
//! share of the plan that is past. A shortfall of more than 5 % of the budget is therefore not chased but spread
//! over the rest of the day (R is pulled down to it), and a budget that changes changes the slope and not the
//! place.
//!
//! The controller is a proportional-integral one on the log of the multiplier, with the error e = (R − x) ÷ B
//! and x what is spent plus the pending part of what is reserved:
//!
//! ```text
//! u = gain·e + I + trim        dI = integral·e·dp + (clamp(u) − u)·dp ÷ 0.1        multiplier = exp(clamp(u))
//! ```
//!
//! Since x itself integrates spend, this is a damped second-order loop (critically damped at integral = gain² ÷ 4
//! for a market of elasticity 1). I stays within the multiplier's own range, is pulled back while the output is at
//! its limit (back-calculation), and stands still while no traffic comes: an outage winds nothing up.

use motet_agent::Account;
use motet_model::{
    campaign::{Campaign, Pacing},
    targeting::Daypart,
};
use motet_units::{Multiplier, Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Options, traffic::Traffic};

const DAY: Span = Span::from_secs(86_400);
/// The error beyond which the controller hears no more, as a share of the budget.
const MOST_ERROR: f64 = 0.05;
/// How far ahead of plan a campaign may be before it is held entirely, as a share of the budget.
const FAR_AHEAD: f64 = 0.10;
/// The share of a plan in which back-calculation takes hold.
const PULL_BACK: f64 = 0.1;
/// The plan is over this long before the day or flight is, at most a twentieth of it.
const FINISH_EARLY_US: i64 = 15 * 60 * 1_000_000;
/// How long a reference is extended beyond its tick.
const MOST_EXTENSION_US: i64 = 300 * 1_000_000;
/// How long a pending rate is remembered, in seconds.
const PENDING_MEMORY_S: f64 = 7_200.0;

/// The part of a day a plan covers.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    start: Timestamp,
    end: Timestamp,
    /// The campaign's midnight.
    day_end: Timestamp,
}

/// One campaign's plan and controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    pacing: Pacing,
    /// The campaign's day the reference belongs to.
    day: Option<i64>,
    day_end: Timestamp,
    /// Today's budget in nanos; `None` where there is nothing to spread.
    budget: Option<f64>,
    reference: f64,
    /// How fast the reference grows, in nanos a microsecond.
    slope: f64,
    at: Timestamp,
    past: f64,
    integral: f64,
    gain: f64,
    trim: f64,
    /// Money that turned into spend times the seconds it was pending, and reserved money times seconds.
    settled: f64,
    held: f64,
}

/// What the policy reads of a plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) error: f64,
    pub(super) multiplier: f64,
    pub(super) past: f64,
    pub(super) spent: f64,
    pub(super) traffic: f64,
}

/// What the policy moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gains {
    pub(super) gain: f64,
    pub(super) integral: f64,
    pub(super) trim: f64,
}

impl Plan {
    pub(super) fn new(pacing: Pacing, options: &Options) -> Self {
        Self {
            pacing,
            day: None,
            day_end: Timestamp::from_secs(0),
            budget: None,
            reference: 0.0,
            slope: 0.0,
            at: Timestamp::from_secs(0),
            past: 0.0,
            integral: libm::log(options.first_multiplier.clamp(options.least_multiplier, 1.0)),
            gain: 0.0,
            trim: 0.0,
            settled: 0.0,
            held: 0.0,
        }
    }

    pub(super) fn set_pacing(&mut self, pacing: Pacing) {
        self.pacing = pacing;
    }

    /// Counts money that became spend after being pending.
    pub(super) fn settle(&mut self, nanos: f64, pending: Span) {
        self.settled += nanos * pending.as_secs_f64().max(0.0);
    }

    /// Returns the share of reserved money that is still going to be spent, by Little's law: money pending that
    /// will be spent is its rate times its delay, money reserved is its rate times its holding time.
    fn pending_share(&self, budget: f64) -> f64 {
        // One second's worth of the budget counts as half-settled until more is known.
        ((self.settled + 0.5 * budget) / (self.held + budget)).clamp(0.0, 1.0)
    }

    /// Returns what counts as spent, in nanos.
    fn spent(&self, account: &Account, budget: f64) -> f64 {
        account.spent_today.as_f64() + self.pending_share(budget) * account.reserved_today.as_f64()
    }

    /// Returns the share of the bid let through now. `least` is the logarithm of the lowest multiplier.
    pub(super) fn multiplier(&self, account: &Account, now: Timestamp, least: f64) -> Multiplier {
        let is_planned = self.day.is_some();
        if self.pacing == Pacing::Asap || (is_planned && self.budget.is_none()) {
            return Multiplier::ONE;
        }
        let Some(budget) = self.budget.filter(|_| now < self.day_end) else {
            // A new day, or a campaign no tick has seen: what was learned before.
            return Multiplier::clamped(libm::exp(self.integral.clamp(least, 0.0)));
        };
        if budget <= 0.0 {
            return Multiplier::ZERO;
        }
        let since = (now - self.at).micros().clamp(0, MOST_EXTENSION_US) as f64;
        let error = (self.reference + self.slope * since - self.spent(account, budget)) / budget;
        if error < -FAR_AHEAD {
            return Multiplier::ZERO;
        }
        let log = self.gain * error.clamp(-MOST_ERROR, MOST_ERROR) + self.integral + self.trim;
        Multiplier::clamped(libm::exp(log.clamp(least, 0.0)))
    }

    /// Brings the plan to the present and returns what the policy reads, `None` where there is nothing to pace.
    pub(super) fn advance(
        &mut self,
        campaign: &Campaign,
        account: &Account,
        now: Timestamp,
        traffic: &Traffic,
        traffic_ratio: f64,
        options: &Options,
    ) -> Option<(Reading, f64)> {
        let window = window(campaign, now)?;
        self.budget = budget_today(campaign, account, window, traffic);
        let budget = self.budget.filter(|budget| *budget > 0.0)?;
        let spent = self.spent(account, budget);
        self.count_held(account, now);
        let past = self.past_share(campaign, window, now, traffic);
        self.begin_day(campaign, window, now, spent, past);
        let step =
            if self.past < 1.0 { ((past - self.past) / (1.0 - self.past)).clamp(0.0, 1.0) } else { 1.0 };
        self.reference += (budget - self.reference) * step;
        self.reference = self.reference.min(spent + MOST_ERROR * budget);
        let moved = (past - self.past).max(0.0) * traffic_ratio;
        let soon = self.past_share(campaign, window, now + Span::from_secs(60), traffic);
        let next = if past < 1.0 { ((soon - past) / (1.0 - past)).clamp(0.0, 1.0) } else { 0.0 };
        self.slope = (budget - self.reference) * next / 60e6;
        (self.past, self.at, self.day_end) = (past, now, window.day_end);
        let multiplier = self.multiplier(account, now, libm::log(options.least_multiplier)).get();
        let error = (self.reference - spent) / budget;
        let reading = Reading { error, multiplier, past, spent: spent / budget, traffic: traffic_ratio };
        Some((reading, moved))
    }

    fn count_held(&mut self, account: &Account, now: Timestamp) {
        if self.day.is_some() {
            let seconds = (now - self.at).as_secs_f64().clamp(0.0, PENDING_MEMORY_S);
            let keep = libm::exp(-seconds / PENDING_MEMORY_S);
            self.settled *= keep;
            self.held = self.held * keep + account.reserved_today.as_f64() * seconds;
        }
    }

    /// Starts a day at nothing spent; a plan first seen in the middle of a day starts at what is spent.
    fn begin_day(&mut self, campaign: &Campaign, window: Window, now: Timestamp, spent: f64, past: f64) {
        let day = now.day(campaign.flight.utc_offset);
        if self.day == Some(day) {
            return;
        }
        let follows = self.day.is_some_and(|before| before == day - 1) && self.at >= window.start - DAY;
        (self.reference, self.past) = if follows { (0.0, 0.0) } else { (spent, past) };
        self.day = Some(day);
    }

    /// Returns the share of the plan that is past: of the window's traffic, bent for front-loaded pacing so that
    /// five eighths fall in the first half.
    fn past_share(&self, campaign: &Campaign, window: Window, now: Timestamp, traffic: &Traffic) -> f64 {
        let length = (window.end - window.start).micros();
        let end = window.end - Span::from_micros(FINISH_EARLY_US.min(length / 20));
        let (parts, offset): (&[Daypart], _) = (&campaign.targeting.dayparts, campaign.flight.utc_offset);
        let all = traffic.within(window.start, end, parts, offset);
        if now >= end || all <= 0.0 {
            return 1.0;
        }
        let share = (traffic.within(window.start, now, parts, offset) / all).clamp(0.0, 1.0);
        match self.pacing {
            Pacing::FrontLoaded => share * (1.5 - 0.5 * share),
            Pacing::Even | Pacing::Asap => share,
        }
    }

    /// Moves the controller one tick, over this much of the plan's traffic.
    pub(super) fn steer(&mut self, reading: Reading, gains: Gains, moved: f64, options: &Options) {
        let least = libm::log(options.least_multiplier);
        let error = reading.error.clamp(-MOST_ERROR, MOST_ERROR);
        self.gain = gains.gain;
        self.trim = gains.trim;
        let wanted = gains.gain * error + self.integral + gains.trim;
        let excess = wanted.clamp(least, 0.0) - wanted;
        let pull = excess * (moved / PULL_BACK).min(1.0);
        self.integral = (self.integral + gains.integral * error * moved + pull).clamp(least, 0.0);
    }

    /// Tells whether the state holds only numbers this version works with.
    pub(super) fn is_sound(&self) -> bool {
        let numbers = [self.reference, self.slope, self.past, self.integral, self.gain, self.trim];
        numbers.iter().chain([&self.settled, &self.held]).all(|n| n.is_finite())
    }
}

/// Returns the part of today the campaign runs in; `None` outside its flight.
fn window(campaign: &Campaign, now: Timestamp) -> Option<Window> {
    let flight = &campaign.flight;
    if !flight.covers(now) {
        return None;
    }
    let midnight = now - now.time_of_day(flight.utc_offset);
    let day_end = midnight + DAY;
    let end = flight.end.map_or(day_end, |end| end.min(day_end));
    Some(Window { start: midnight.max(flight.start), end, day_end })
}

/// Returns what may be spent today, in nanos: the daily budget, or today's part of what is left of the total by
/// the traffic left in the flight, whichever is less. `None` for a total with no end to spread it to.
fn budget_today(campaign: &Campaign, account: &Account, window: Window, traffic: &Traffic) -> Option<f64> {
    let daily = account.daily.map(motet_units::Nanos::as_f64);
    let left = account.total.map(|total| (total - (account.spent - account.spent_today)).as_f64().max(0.0));
    let total = match (left, campaign.flight.end) {
        (Some(left), Some(end)) => {
            let all = traffic.between(window.start, end);
            let today = traffic.between(window.start, window.end);
            Some(if all > 0.0 { left * (today / all).min(1.0) } else { left })
        }
        (Some(left), None) => daily.map(|_| left),
        (None, _) => None,
    };
    match (daily, total) {
        (Some(daily), Some(total)) => Some(daily.min(total)),
        (daily, total) => daily.or(total),
    }
}
