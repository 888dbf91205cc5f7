//! The click and conversion model: two online logistic regressions over the same hashed features.
//!
//! `rate = σ(base + Σ weight)` per rate, where `base` is the logit of the rate expected of an ad nothing is known
//! of (0.5 % clicks per impression, 2 % conversions per click). Weights are learned by [`Ftrl`].
//!
//! Feedback comes late, so an impression counts as not clicked at once and the click, when it comes, takes that
//! back. With the fake-negative weighted loss of Ktena et al. ("Addressing Delayed Feedback for Continuous Training
//! with Neural Networks in CTR Prediction", `RecSys` 2019) the gradient in the logit is `(1 − p²)·p` for the impression
//! and `−(1 − p²)` for the click: its expectation is `(1 − p²)·(p − q)` at a true rate `q`, zero where `p = q`.
//! Conversions follow clicks the same way. Several conversions of one click each count: the rate is conversions per
//! click, held below one.

use motet_agent::Features;
use serde::{Deserialize, Serialize};

use super::{
    calibration::Calibration,
    features::{EXPOSURE_STEPS, TABLE_BITS, exposure_feature},
    ftrl::{Coordinate, Ftrl},
};

/// Which rate is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rate {
    /// P(click given impression).
    Click,
    /// Conversions per click.
    Conversion,
}

/// What each earlier view of a creative is expected to take off the click logit before anything is learned.
const FATIGUE: f32 = 0.1;

/// Returns the logistic function, by `libm` so that every machine gets the same bits.
pub(super) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-logit))
}

fn logit(rate: f64) -> f64 {
    libm::log(rate / (1.0 - rate))
}

/// The rates expected of an ad nothing is known of.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BaseRates {
    /// Clicks per impression, within 0 to 1.
    pub click: f64,
    /// Conversions per click, within 0 to 1.
    pub conversion: f64,
}

impl Default for BaseRates {
    fn default() -> Self {
        Self { click: 0.005, conversion: 0.02 }
    }
}

/// Both regressions.
#[derive(Clone, Debug)]
pub(super) struct Model {
    ftrl: Ftrl,
    base: [f64; 2],
    /// Both weights of a feature lie side by side, so that one look fetches both.
    weights: Vec<[f32; 2]>,
    coordinates: Vec<[Coordinate; 2]>,
    calibrations: [Calibration; 2],
    learned: [u64; 2],
}

/// What is saved of the model: the coordinates that were moved.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    moved: Vec<(u32, [Coordinate; 2])>,
    calibrations: [Calibration; 2],
    learned: [u64; 2],
}

impl Model {
    pub(super) fn new(ftrl: Ftrl, base: BaseRates) -> Self {
        let fresh = [ftrl.seeded(0.0); 2];
        let size = 1 << TABLE_BITS;
        let mut model = Self {
            ftrl,
            base: [base.click, base.conversion].map(|rate| logit(rate.clamp(1e-6, 1.0 - 1e-6))),
            weights: vec![[0.0; 2]; size],
            coordinates: vec![fresh; size],
            calibrations: [Calibration::default(); 2],
            learned: [0; 2],
        };
        model.seed_fatigue();
        model
    }

    /// Fatigue starts as a belief that the exposure features then correct.
    fn seed_fatigue(&mut self) {
        for step in EXPOSURE_STEPS {
            let (place, weight) = (exposure_feature(step) as usize, -FATIGUE * step as f32);
            self.coordinates[place][Rate::Click as usize] = self.ftrl.seeded(weight);
            self.weights[place][Rate::Click as usize] = weight;
        }
    }

    /// Returns the sums of both rates' weights.
    pub(super) fn sums(&self, features: &[u32]) -> [f64; 2] {
        let mut sums = [0.0_f32; 2];
        for [click, conversion] in features.iter().filter_map(|f| self.weights.get(*f as usize)) {
            sums[0] += click;
            sums[1] += conversion;
        }
        sums.map(f64::from)
    }

    /// Returns both calibrated rates, clicks per impression and conversions per click.
    pub(super) fn rates(&self, features: &[u32]) -> [f64; 2] {
        self.rates_of(self.sums(features))
    }

    /// Returns both calibrated rates of the sums of weights.
    pub(super) fn rates_of(&self, sums: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|rate: usize| self.calibrations[rate].apply(self.base[rate], sums[rate]))
    }

    /// Learns that something may still happen: an impression was shown, a click came.
    pub(super) fn began(&mut self, rate: Rate, features: &Features) {
        let (place, sum) = (rate as usize, self.sums(features.as_slice())[rate as usize]);
        let predicted = sigmoid(self.base[place] + sum);
        self.learned[place] += 1;
        self.calibrations[place].shown(self.base[place], sum);
        self.learn(rate, features, (1.0 - predicted * predicted) * predicted);
    }

    /// Learns that it happened.
    pub(super) fn happened(&mut self, rate: Rate, features: &Features) {
        let (place, sum) = (rate as usize, self.sums(features.as_slice())[rate as usize]);
        let predicted = sigmoid(self.base[place] + sum);
        self.calibrations[place].happened(self.base[place], sum);
        self.learn(rate, features, -(1.0 - predicted * predicted));
    }

    fn learn(&mut self, rate: Rate, features: &Features, gradient: f64) {
        let place = rate as usize;
        for feature in features.as_slice().iter().map(|feature| *feature as usize) {
            if let Some(weights) = self.weights.get_mut(feature) {
                let coordinate = &mut self.coordinates[feature][place];
                weights[place] = self.ftrl.learn(coordinate, weights[place], gradient as f32);
            }
        }
    }

    /// Returns how many examples of a rate were learned from.
    pub(super) const fn learned(&self, rate: Rate) -> u64 {
        self.learned[rate as usize]
    }

    /// Returns the calibration of a rate.
    pub(super) const fn calibration(&self, rate: Rate) -> &Calibration {
        &self.calibrations[rate as usize]
    }

    pub(super) fn save(&self) -> Saved {
        let fresh = [self.ftrl.seeded(0.0); 2];
        let moved = (0..).zip(&self.coordinates).filter(|(_, c)| **c != fresh);
        Saved {
            moved: moved.map(|(place, c)| (place, *c)).collect(),
            calibrations: self.calibrations,
            learned: self.learned,
        }
    }

    pub(super) fn restore(&mut self, saved: &Saved) {
        let fresh = self.ftrl.seeded(0.0);
        self.weights.fill([0.0; 2]);
        self.coordinates.fill([fresh; 2]);
        for (place, coordinates) in &saved.moved {
            if let Some(held) = self.coordinates.get_mut(*place as usize) {
                *held = *coordinates;
                self.weights[*place as usize] = coordinates.map(|c| self.ftrl.weight(c));
            }
        }
        self.calibrations = saved.calibrations;
        self.learned = saved.learned;
    }
}
