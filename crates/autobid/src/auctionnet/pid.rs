//! The controller to beat: a budget pacer by feedback control, with every number free to be tuned.
//!
//! With `e` the planned less the actual spend as a share of the budget, planned by the day's usual traffic, the multiple of the target is
//! `base × exp(P e + I Σe + D Δe)`, held between a tenth of the target and the ceiling. The sum stops while the multiple is held.

use motet_arena::auctionnet::TRAFFIC_SHARES;
use motet_units::Chance;

use super::{
    landscape::Day,
    pace::{Pace, Seen},
    table::mean_score,
};

/// The numbers of a pacer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gains {
    /// The multiple of the target bid while spend is on plan.
    pub base: f64,
    /// The highest multiple of the target.
    pub ceiling: f64,
    /// To the error now.
    pub proportional: f64,
    /// To the errors added up.
    pub integral: f64,
    /// To the change of the error.
    pub derivative: f64,
}

impl Gains {
    /// The numbers found by [`tune`] on the training days; see `docs/learners/autobidder.md`.
    pub const TUNED: Self =
        Self { base: 1.29, ceiling: 1.91, proportional: 0.986, integral: 0.0197, derivative: 0.33 };
}

/// The pacer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pid {
    gains: Gains,
    sum: f64,
    last: f64,
}

impl Pid {
    /// Makes one.
    pub const fn new(gains: Gains) -> Self {
        Self { gains, sum: 0.0, last: 0.0 }
    }
}

impl Pace for Pid {
    fn multiple(&mut self, seen: &Seen<'_>) -> f64 {
        let planned: f64 = TRAFFIC_SHARES[..seen.tick].iter().sum();
        let error = planned - (1.0 - seen.remaining / seen.budget);
        let Gains { base, ceiling, proportional, integral, derivative } = self.gains;
        let drive = proportional * error + integral * self.sum + derivative * (error - self.last);
        let wanted = base * libm::exp(drive.clamp(-20.0, 20.0));
        let held = wanted.clamp(0.1, ceiling.max(0.1));
        if (wanted - held) * error <= 0.0 {
            self.sum += error;
        }
        self.last = error;
        held
    }
}

/// Finds the pacer of the highest mean score on recorded days: `tries` drawn at random, the best of them then moved about as many times in
/// ever smaller steps. Returns it with its mean score.
pub fn tune(days: &[Day], tries: u32, seed: u64, threads: usize) -> (Gains, f64) {
    let mut best = (Gains::TUNED, f64::NEG_INFINITY);
    for (round, reach) in [None, Some(0.5), Some(0.2), Some(0.08)].into_iter().enumerate() {
        let centre = best.0;
        let numbers: Vec<u64> = (0..u64::from(tries)).collect();
        let candidate = |number| draw(seed, (round as u64) << 32 | number, reach.map(|r| (centre, r)));
        let scores = motet_arena::worlds(&numbers, threads, |number| {
            mean_score(days, seed, |_| Pid::new(candidate(number)))
        });
        for (number, score) in numbers.iter().zip(scores) {
            if score > best.1 {
                best = (candidate(*number), score);
            }
        }
    }
    best
}

fn draw(seed: u64, number: u64, near: Option<(Gains, f64)>) -> Gains {
    let mut stream = Chance::new(seed, number).stream("gains");
    let mut between = |low: f64, high: f64| low * libm::pow(high / low, stream.unit());
    match near {
        None => Gains {
            base: between(0.2, 2.0),
            ceiling: between(0.4, 3.0),
            proportional: between(0.3, 40.0),
            integral: between(0.01, 10.0),
            derivative: between(0.01, 40.0),
        },
        Some((centre, reach)) => {
            let mut moved = |from: f64| from * between(1.0 / (1.0 + reach), 1.0 + reach);
            Gains {
                base: moved(centre.base),
                ceiling: moved(centre.ceiling),
                proportional: moved(centre.proportional),
                integral: moved(centre.integral),
                derivative: moved(centre.derivative),
            }
        }
    }
}
