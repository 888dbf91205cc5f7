//! Lowering the dual: projected subgradient steps towards a level that is itself lowered.
//!
//! The slope of `D` in `λ_c` is what campaign `c` leaves unspent. Steps go against it by `(D(λ) − level) / |slope|²` (Polyak 1969), each
//! coordinate in its own scale, with the level at `best − δ`; when it is not half reached within some passes, `δ` is halved and the
//! search returns to the best multipliers found (Goffin and Kiwiel 1999). A level below an assignment that exists is
//! never aimed at.
//!
//! A [`Descent`] holds two numbers per campaign and can be driven by hand, over a log that is read anew for each pass:
//! [`Descent::multipliers`], evaluate, [`Descent::learn`], again.

use motet_units::Nanos;

use super::Evaluation;

const PATIENCE: usize = 8;
const MOMENTUM: f64 = 0.6;

/// The search for low multipliers.
#[derive(Clone, Debug)]
pub struct Descent {
    scales: Vec<f64>,
    current: Vec<f64>,
    direction: Vec<f64>,
    best: Vec<f64>,
    best_spend: Vec<Nanos>,
    at_most: f64,
    delta: f64,
    reference: f64,
    waited: usize,
}

impl Descent {
    /// Starts at given multipliers, with the scale of each coordinate's steps.
    pub fn new(start: Vec<f64>, scales: Vec<f64>) -> Self {
        Self {
            best: start.clone(),
            best_spend: vec![Nanos::ZERO; start.len()],
            direction: vec![0.0; start.len()],
            current: start,
            scales,
            at_most: f64::INFINITY,
            delta: f64::INFINITY,
            reference: f64::INFINITY,
            waited: 0,
        }
    }

    /// Returns the multipliers to evaluate next.
    pub fn multipliers(&self) -> &[f64] {
        &self.current
    }

    /// Returns the best multipliers so far.
    pub fn best(&self) -> &[f64] {
        &self.best
    }

    /// Returns the lowest bound so far.
    pub fn at_most(&self) -> f64 {
        self.at_most
    }

    /// Tells whether what is still aimed at is a tenth of a gap, relative to the bound, or lost in rounding.
    pub fn has_settled(&self, gap: f64) -> bool {
        self.delta <= (0.1 * gap).max(1e-9) * self.at_most
    }

    /// Takes in the evaluation of [`Descent::multipliers`], with the value of the best assignment known, and moves on.
    pub fn learn(&mut self, evaluation: &Evaluation, budgets: &[Nanos], at_least: f64) {
        if evaluation.at_most < self.at_most {
            self.at_most = evaluation.at_most;
            self.best.clone_from(&self.current);
            self.best_spend.clone_from(&evaluation.spend);
        }
        if self.delta.is_infinite() {
            self.delta = 0.1 * self.at_most;
            self.reference = self.at_most;
        }
        self.waited += 1;
        let level = |delta: f64| (self.at_most - delta).max(at_least.min(self.at_most));
        if self.at_most <= self.reference - 0.5 * self.delta {
            (self.reference, self.waited) = (self.at_most, 0);
        } else if self.waited >= PATIENCE {
            let distance = self.at_most - level(0.5 * self.delta);
            self.go_back();
            let spend = std::mem::take(&mut self.best_spend);
            self.step(&spend, budgets, distance);
            self.best_spend = spend;
            return;
        }
        let distance = evaluation.at_most - level(self.delta);
        self.step(&evaluation.spend, budgets, distance);
    }

    /// Returns to the best multipliers, to try smaller steps from there.
    fn go_back(&mut self) {
        self.delta *= 0.5;
        (self.reference, self.waited) = (self.at_most, 0);
        self.current.clone_from(&self.best);
        self.direction.fill(0.0);
    }

    fn step(&mut self, spend: &[Nanos], budgets: &[Nanos], distance: f64) {
        let mut square = 0.0;
        for (c, direction) in self.direction.iter_mut().enumerate() {
            let left = (budgets[c].max(Nanos::ZERO) - spend[c]).as_f64() * self.scales[c];
            // A multiplier of 0 that wants to fall further has no slope.
            let slope = if self.current[c] <= 0.0 && left > 0.0 { 0.0 } else { left };
            *direction = slope + MOMENTUM * *direction;
            square += *direction * *direction;
        }
        if square <= 0.0 {
            return;
        }
        let length = distance.max(0.0) / square;
        for (c, direction) in self.direction.iter().enumerate() {
            self.current[c] = (self.current[c] - length * self.scales[c] * direction).max(0.0);
        }
    }
}
