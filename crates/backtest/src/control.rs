//! How a controller of the cost per click behaves, in the words of control theory (Zhang et al., WSDM'16).
//!
//! The log is played in rounds of equal length. After each, the cost per click so far is read. It is *settled* from the first round
//! after which it never leaves ±10 % of the reference; the *rise* is the round in which it first comes within; the
//! *overshoot* is how far it then went past the reference on the other side; the *steady-state error* is the root of the mean square of
//! its relative distance from the settling round on.

use motet_units::Nanos;

use crate::{Ask, Auction, Bidder, Outcome, Rules, log_units, replay};

/// The band a controller should stay in, relative to the reference.
pub const BAND: f64 = 0.1;

/// How a controller behaved.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// Cost per click so far after each round, in thousandths of a fen; infinite while there is no click.
    pub rounds: Vec<f64>,
    /// The round, from 1, in which it first came within the band.
    pub rise: Option<usize>,
    /// The round, from 1, from which it stayed within the band.
    pub settling: Option<usize>,
    /// How far it went past the reference after the rise, relative to it.
    pub overshoot: Option<f64>,
    /// The steady-state error, relative to the reference.
    pub steady_error: Option<f64>,
}

/// Plays a log in rounds without a budget to speak of, and reads the cost per click after each.
pub fn respond(log: &[Auction], rounds: usize, reference: f64, bidder: &mut dyn Bidder) -> Response {
    let length = log.len().div_ceil(rounds.max(1)).max(1);
    let mut meter = Meter { bidder, length, seen: 0, cost: 0.0, clicks: 0, rounds: Vec::new() };
    replay(log, &Rules::whole_log(Nanos::MAX), &mut meter, &mut |_| ());
    if !meter.seen.is_multiple_of(length) {
        meter.read();
    }
    describe(meter.rounds, reference)
}

/// Passes everything on to a bidder and keeps the books of its clicks.
struct Meter<'a> {
    bidder: &'a mut dyn Bidder,
    length: usize,
    seen: usize,
    cost: f64,
    clicks: u64,
    rounds: Vec<f64>,
}

impl Meter<'_> {
    fn read(&mut self) {
        self.rounds.push(if self.clicks > 0 { self.cost / self.clicks as f64 } else { f64::INFINITY });
    }
}

impl Bidder for Meter<'_> {
    fn begin(&mut self, budget: Nanos, auctions: u64) {
        self.bidder.begin(budget, auctions);
    }

    fn bid(&mut self, ask: &Ask) -> motet_units::CpmMicros {
        self.bidder.bid(ask)
    }

    fn observe(&mut self, ask: &Ask, outcome: &Outcome) {
        self.bidder.observe(ask, outcome);
        self.seen += 1;
        if let Outcome::Won { paid, click } = outcome {
            self.cost += log_units(paid.per_impression());
            self.clicks += u64::from(*click);
        }
        if self.seen.is_multiple_of(self.length) {
            self.read();
        }
    }
}

fn describe(rounds: Vec<f64>, reference: f64) -> Response {
    let away = |per_click: &f64| (per_click - reference) / reference;
    let within = |per_click: &f64| away(per_click).abs() <= BAND;
    let rise = rounds.iter().position(within);
    let outside = rounds.iter().rposition(|per_click| !within(per_click));
    let settled = outside.map_or(0, |last| last + 1);
    let overshoot = rise.map(|at| {
        // Past the reference means on the side it did not come from.
        let side = if at > 0 && rounds[at - 1] < reference { 1.0 } else { -1.0 };
        rounds[at..].iter().map(|per_click| side * away(per_click)).fold(0.0, f64::max)
    });
    let steady = &rounds[settled.min(rounds.len())..];
    let square: f64 = steady.iter().map(|per_click| away(per_click) * away(per_click)).sum();
    Response {
        settling: (!steady.is_empty()).then_some(settled + 1),
        steady_error: (!steady.is_empty()).then(|| (square / steady.len() as f64).sqrt()),
        rise: rise.map(|at| at + 1),
        overshoot,
        rounds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_used_as_they_are_defined() {
        let found = describe(vec![f64::INFINITY, 150.0, 95.0, 80.0, 105.0, 100.0, 95.0], 100.0);
        assert_eq!((found.rise, found.settling), (Some(3), Some(5)));
        assert!((found.overshoot.unwrap() - 0.2).abs() < 1e-12);
        assert!((found.steady_error.unwrap() - (0.005_f64 / 3.0).sqrt()).abs() < 1e-12);
        let never = describe(vec![500.0, 400.0], 100.0);
        assert_eq!((never.rise, never.settling, never.steady_error), (None, None, None));
    }
}
