//! Signs that a seller's traffic is no people's, each weak alone, held against all other sellers of its media kind.
//!
//! | sign | counted | sign where at least |
//! |---|---|---|
//! | awake at night | requests in the eight hours the others are quietest in | 1.5 times the others' share |
//! | nobody returns | requests of users never met at their address | 1.5 times the others' share |
//! | faulty requests | those with a fault of their own: lists, contradictions, slots, chains | twice the others' share and one in twenty |
//! | eager clicks | clicks on impressions | twice the others' rate |
//!
//! A share counts by what it is at least, three standard errors below what it looks like: `(k − 3√k) / n`. Honest sellers
//! show one sign or another (a night programme, a page of the day), so two are needed; faulty requests alone
//! do from one in five. Nothing counts before a whole day was seen.

use serde::{Deserialize, Serialize};

use super::visitors::Visitor;

const NIGHT_TIMES: f64 = 1.5;
const STRANGERS_TIMES: f64 = 1.5;
const FAULTY_TIMES: f64 = 2.0;
const FAULTY_SHARE: f64 = 0.05;
/// The share of faulty requests that needs no second sign.
const TOO_FAULTY: f64 = 0.2;
const CLICKS_TIMES: f64 = 2.0;
const QUIET_HOURS: usize = 8;
/// Made-up requests and impressions of the others, so that a small rest of the market compares with nobody.
const MADE_UP: f64 = 200.0;

/// What one seller's requests, or all sellers' together, look like.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Traffic {
    /// Requests by hour of the day in UTC.
    hours: [f64; 24],
    /// Requests with a user and a full address, and those whose user was never met there.
    known: f64,
    strangers: f64,
    faulty: f64,
}

/// One request as far as its seller is concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// The hour of the day in UTC.
    pub(super) hour: usize,
    /// Whether its user was never met there; `None` where that cannot be told.
    pub(super) stranger: Option<bool>,
    /// Whether it has a fault of its own.
    pub(super) faulty: bool,
    /// What kind of visitor it brings.
    pub(super) visitor: Visitor,
}

impl Traffic {
    pub(super) fn add(&mut self, arrival: Arrival) {
        self.hours[arrival.hour % 24] += 1.0;
        self.known += f64::from(u8::from(arrival.stranger.is_some()));
        self.strangers += f64::from(u8::from(arrival.stranger == Some(true)));
        self.faulty += f64::from(u8::from(arrival.faulty));
    }

    fn each(&mut self, other: &Self, with: impl Fn(f64, f64) -> f64) {
        for (own, other) in self.hours.iter_mut().zip(&other.hours) {
            *own = with(*own, *other);
        }
        self.known = with(self.known, other.known);
        self.strangers = with(self.strangers, other.strangers);
        self.faulty = with(self.faulty, other.faulty);
    }

    pub(super) fn fade(&mut self, keep: f64) {
        let before = *self;
        self.each(&before, |own, _| own * keep);
    }

    pub(super) fn take(&mut self, other: &Self) {
        self.each(other, |own, other| (own - other).max(0.0));
    }

    pub(super) fn requests(&self) -> f64 {
        self.hours.iter().sum()
    }

    fn at_night(&self, quiet: &[usize; QUIET_HOURS]) -> f64 {
        quiet.iter().map(|hour| self.hours[*hour]).sum()
    }

    /// Returns the hours with the fewest requests, the earlier first where equal.
    fn quiet_hours(&self) -> [usize; QUIET_HOURS] {
        let mut order: [usize; 24] = std::array::from_fn(|hour| hour);
        order.sort_by(|a, b| self.hours[*a].total_cmp(&self.hours[*b]).then(a.cmp(b)));
        std::array::from_fn(|nth| order[nth])
    }

    /// Returns the quiet hours as bits, hour 0 the lowest.
    pub(super) fn quiet_hours_as_bits(&self) -> u32 {
        self.quiet_hours().into_iter().fold(0, |bits, hour| bits | 1 << hour)
    }

    /// Tells whether the signs suffice, given the others' traffic and `(clicks, impressions)` of both.
    pub(super) fn is_no_peoples(&self, others: &Self, clicks: (f64, f64), others_clicks: (f64, f64)) -> bool {
        let quiet = others.quiet_hours();
        let usual = |part: f64, of: f64| (part + 1.0) / (of + MADE_UP);
        let (all, rest) = (self.requests(), others.requests());
        let faulty = least(self.faulty, all);
        let night = least(self.at_night(&quiet), all) > NIGHT_TIMES * usual(others.at_night(&quiet), rest);
        let strangers =
            least(self.strangers, self.known) > STRANGERS_TIMES * usual(others.strangers, others.known);
        let often_faulty = faulty > (FAULTY_TIMES * usual(others.faulty, rest)).max(FAULTY_SHARE);
        let eager = least(clicks.0, clicks.1) > CLICKS_TIMES * usual(others_clicks.0, others_clicks.1);
        let signs = [night, strangers, often_faulty, eager].into_iter().filter(|sign| *sign).count();
        signs >= 2 || faulty > TOO_FAULTY
    }
}

/// Returns what a share is at least: three standard errors of the count below what it looks like.
fn least(part: f64, of: f64) -> f64 {
    (part - 3.0 * libm::sqrt(part)).max(0.0) / of.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(requests: usize, at_night: bool, strangers: usize, faulty: usize) -> Traffic {
        let mut traffic = Traffic::default();
        for n in 0..requests {
            let hour = if at_night { n % 24 } else { 8 + n % 16 };
            traffic.add(Arrival {
                hour,
                stranger: Some(n % 100 < strangers),
                faulty: n % 100 < faulty,
                visitor: Visitor(0),
            });
        }
        traffic
    }

    #[test]
    fn one_sign_proves_nothing_and_two_do() {
        let others = traffic(20_000, false, 20, 0);
        let calm = ((0.0, 0.0), (100.0, 20_000.0));
        let judged = |own: Traffic, clicks| own.is_no_peoples(&others, clicks, calm.1);
        assert!(!judged(traffic(2_000, false, 20, 0), calm.0));
        assert!(!judged(traffic(2_000, true, 20, 0), calm.0), "a night programme");
        assert!(!judged(traffic(2_000, false, 60, 0), calm.0), "a page of the day");
        assert!(!judged(traffic(2_000, false, 20, 10), calm.0), "a page that crawlers like");
        assert!(!judged(traffic(2_000, false, 20, 0), (40.0, 1_000.0)), "an eager audience");
        assert!(judged(traffic(2_000, true, 60, 0), calm.0));
        assert!(judged(traffic(2_000, true, 20, 0), (40.0, 1_000.0)));
        assert!(judged(traffic(2_000, false, 20, 40), calm.0), "two in five are faulty");
        assert!(!judged(traffic(20, true, 100, 10), calm.0), "too few to tell");
    }
}
