//! Settings found by successive halving (Jamieson and Talwalkar 2016).
//!
//! So many trials are trained for a few rounds; the better half, by the objective on the validation worlds, goes on to twice
//! as many rounds, and so on until one is left. Trial 0 has the settings that tuning started from, so what is found is, on the
//! validation worlds, at least as good as those; the others' are drawn from [`RANGES`] by keyed chance.
//!
//! *Schedules.* A trial is from its beginning a training of the full length ([`Plan::full_rounds`]) that is paused after a rung's rounds.
//! So noise and warm-up run as they will in the whole training, all trials of a rung stand at one point of them, and a paused
//! training goes on as if it had never stopped. A trial is valued without exploration, so that noise is not yet low does not show.
//!
//! *Seeds.* All trials share the training's seed: the same worlds, the same validation worlds, the same first networks. What
//! differs between two is the settings. The winner is the best of many on the same few validation worlds, so its value there is too
//! good; what it is worth is asked of other worlds, by an evaluation.

use motet_units::Chance;
use serde::{Deserialize, Serialize};

use crate::{Algo, Config, Error};

/// How a number is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Even,
    /// Evenly in its logarithm.
    Log,
    /// Evenly in the logarithm of its distance from 1.
    LogFromOne,
    /// Evenly in its logarithm, then rounded down to a whole number.
    WholeLog,
}

/// One setting that is tried.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The setting's name.
    pub name: &'static str,
    /// Its lowest value.
    pub least: f64,
    /// Its highest; not reached.
    pub most: f64,
    /// How it is drawn.
    pub scale: Scale,
    /// For which learners it means anything.
    pub learners: &'static [Algo],
    set: fn(&mut Config, f64),
    get: fn(&Config) -> f64,
}

const EXPLORING: &[Algo] = &[Algo::Maddpg, Algo::Matd3, Algo::Independent];
const NETWORKS: &[Algo] = &[Algo::Maddpg, Algo::Matd3, Algo::Independent, Algo::Offline];
const ALL: &[Algo] = &[Algo::Q, Algo::Maddpg, Algo::Matd3, Algo::Independent, Algo::Offline];

/// Every setting that is tried. Noise is its strength at the beginning; it ends at a third of that.
pub const RANGES: [Range; 9] = [
    Range {
        name: "actor_rate",
        least: 1e-5,
        most: 1e-3,
        scale: Scale::Log,
        learners: NETWORKS,
        set: |c, v| c.actor_rate = v,
        get: |c| c.actor_rate,
    },
    Range {
        name: "critic_rate",
        least: 1e-4,
        most: 1e-2,
        scale: Scale::Log,
        learners: NETWORKS,
        set: |c, v| c.critic_rate = v,
        get: |c| c.critic_rate,
    },
    Range {
        name: "gamma",
        least: 0.5,
        most: 0.98,
        scale: Scale::LogFromOne,
        learners: ALL,
        set: |c, v| c.gamma = v,
        get: |c| c.gamma,
    },
    Range {
        name: "noise",
        least: 0.05,
        most: 0.6,
        scale: Scale::Log,
        learners: NETWORKS,
        set: |c, v| c.noise = [v, v / 3.0],
        get: |c| c.noise[0],
    },
    Range {
        name: "saturation",
        least: 1e-3,
        most: 0.1,
        scale: Scale::Log,
        learners: NETWORKS,
        set: |c, v| c.saturation = v,
        get: |c| c.saturation,
    },
    Range {
        name: "trust",
        least: 0.5,
        most: 10.0,
        scale: Scale::Log,
        learners: EXPLORING,
        set: |c, v| c.trust = v,
        get: |c| c.trust,
    },
    Range {
        name: "alpha",
        least: 0.5,
        most: 10.0,
        scale: Scale::Log,
        learners: &[Algo::Offline],
        set: |c, v| c.alpha = v,
        get: |c| c.alpha,
    },
    Range {
        name: "calm",
        least: 0.1,
        most: 1.0,
        scale: Scale::Even,
        learners: EXPLORING,
        set: |c, v| c.calm = v,
        get: |c| c.calm,
    },
    Range {
        name: "hold",
        least: 1.0,
        most: 9.0,
        scale: Scale::WholeLog,
        learners: ALL,
        set: |c, v| c.hold = v as u32,
        get: |c| f64::from(c.hold),
    },
];

impl Range {
    /// Returns the value at a place from 0 to 1 (excluded) of the range.
    fn at(&self, place: f64) -> f64 {
        let log = |least: f64, most: f64| least * libm::pow(most / least, place);
        match self.scale {
            Scale::Even => self.least + place * (self.most - self.least),
            Scale::Log => log(self.least, self.most),
            Scale::LogFromOne => 1.0 - log(1.0 - self.least, 1.0 - self.most),
            Scale::WholeLog => log(self.least, self.most).floor(),
        }
    }
}

/// What is tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The scenario, as it is written.
    pub scenario: String,
    /// The settings of trial 0, and whatever is not tried of the others. Its rounds are those of the first rung.
    pub base: Config,
    /// How many trials, 2 to 256.
    pub trials: u32,
}

impl Plan {
    /// Checks the plan.
    ///
    /// # Errors
    /// When a setting is out of range or there are too few or too many trials.
    pub fn check(&self) -> Result<(), Error> {
        self.base.check()?;
        if !(2..=256).contains(&self.trials) {
            let found = self.trials.to_string();
            return Err(Error::Setting { name: "trials", wanted: "within 2 and 256", found });
        }
        self.config(0).check()
    }

    /// Returns how many trials each rung has: half of the one before, rounded up, down to 1 in the last.
    ///
    /// ```
    /// let plan = motet_train::tune::Plan { scenario: String::new(), base: motet_train::Config::default(), trials: 5 };
    /// assert_eq!(plan.rungs(), [5, 3, 2, 1]);
    /// ```
    pub fn rungs(&self) -> Vec<usize> {
        let mut rungs = vec![self.trials as usize];
        while let Some(last) = rungs.last().copied().filter(|last| *last > 1) {
            rungs.push(last.div_ceil(2));
        }
        rungs
    }

    /// Returns after how many rounds in all a rung's trials are compared: twice as many as in the one before.
    pub fn rounds(&self, rung: usize) -> u32 {
        self.base.rounds.saturating_mul(1 << rung.min(20))
    }

    /// Returns the length of a whole training: the last rung's rounds.
    pub fn full_rounds(&self) -> u32 {
        self.rounds(self.rungs().len() - 1)
    }

    /// Returns how many rounds are played in all.
    pub fn rounds_in_all(&self) -> u64 {
        let new = |rung: usize| self.rounds(rung) - if rung > 0 { self.rounds(rung - 1) } else { 0 };
        self.rungs().iter().enumerate().map(|(rung, trials)| *trials as u64 * u64::from(new(rung))).sum()
    }

    /// Returns the settings that are tried with this learner.
    pub fn ranges(&self) -> impl Iterator<Item = &'static Range> {
        let algo = self.base.algo;
        RANGES.iter().filter(move |range| range.learners.contains(&algo))
    }

    /// Returns a trial's configuration.
    pub fn config(&self, trial: u32) -> Config {
        let mut config = Config { rounds: self.full_rounds(), patience: 0, ..self.base.clone() };
        // Every rung must end with a validation.
        config.validate_every = divisor(self.base.rounds, self.base.validate_every);
        if trial > 0 {
            for range in self.ranges() {
                let mut draw = Chance::new(self.base.seed, u64::from(trial)).stream(range.name);
                (range.set)(&mut config, range.at(draw.unit()));
            }
        }
        config
    }

    /// Returns a trial's settings among those tried, by name.
    pub fn settings(&self, trial: u32) -> Vec<(&'static str, f64)> {
        let config = self.config(trial);
        self.ranges().map(|range| (range.name, (range.get)(&config))).collect()
    }
}

/// Returns the largest divisor of a number that is at most another.
fn divisor(of: u32, most: u32) -> u32 {
    (1..=most.clamp(1, of.max(1))).rev().find(|d| of.is_multiple_of(*d)).unwrap_or(1)
}

/// How a trial stood at the end of a rung.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// Which trial.
    pub trial: u32,
    /// The best objective on the validation worlds so far; none where the training broke.
    pub validation: Option<f64>,
    /// What broke it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broke: Option<String>,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Which trial.
    pub trial: u32,
    /// In which rung, from 0.
    pub rung: usize,
    /// After how many rounds it is to be valued.
    pub rounds: u32,
}

/// A tuning under way: the plan, and what is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// What is tried.
    pub plan: Plan,
    /// The scores by rung, in the order they were told.
    pub rungs: Vec<Vec<Score>>,
    /// The objective on the validation worlds of the fixed policies and of the baseline, once known.
    pub controls: Option<(f64, f64)>,
}

impl Tuning {
    /// Begins.
    ///
    /// # Errors
    /// As [`Plan::check`].
    pub fn new(plan: Plan) -> Result<Self, Error> {
        plan.check()?;
        let rungs = plan.rungs().iter().map(|_| Vec::new()).collect();
        Ok(Self { plan, rungs, controls: None })
    }

    /// Returns who takes part in a rung, best first; `None` while the rung before is not over.
    pub fn entrants(&self, rung: usize) -> Option<Vec<u32>> {
        let Some(before) = rung.checked_sub(1) else { return Some((0..self.plan.trials).collect()) };
        let sizes = self.plan.rungs();
        let mut scores: Vec<&Score> = self.rungs.get(before)?.iter().collect();
        if scores.len() < *sizes.get(before)? {
            return None;
        }
        let value = |score: &Score| score.validation.unwrap_or(f64::NEG_INFINITY);
        scores.sort_by(|a, b| value(b).total_cmp(&value(a)).then(a.trial.cmp(&b.trial)));
        Some(scores.into_iter().take(*sizes.get(rung)?).map(|score| score.trial).collect())
    }

    /// Returns the next job; `None` when all is done.
    pub fn next(&self) -> Option<Job> {
        for (rung, told) in self.rungs.iter().enumerate() {
            let open = |trial: &u32| !told.iter().any(|score| score.trial == *trial);
            if let Some(trial) = self.entrants(rung)?.into_iter().find(open) {
                return Some(Job { trial, rung, rounds: self.plan.rounds(rung) });
            }
        }
        None
    }

    /// Takes in how a job went.
    pub fn told(&mut self, job: Job, validation: Result<f64, String>) {
        let (validation, broke) = match validation {
            Ok(value) if value.is_finite() => (Some(value), None),
            Ok(value) => (None, Some(format!("the objective is {value}"))),
            Err(error) => (None, Some(error)),
        };
        if let Some(rung) = self.rungs.get_mut(job.rung) {
            rung.push(Score { trial: job.trial, validation, broke });
        }
    }

    /// Returns the trial that is left with its value, once all is done; none where every trial broke.
    pub fn winner(&self) -> Option<(u32, f64)> {
        let last = self.rungs.last()?.first()?;
        Some((last.trial, last.validation?))
    }

    /// Returns how many rounds are behind.
    pub fn rounds_done(&self) -> u64 {
        let plan = &self.plan;
        let new = |rung: usize| plan.rounds(rung) - if rung > 0 { plan.rounds(rung - 1) } else { 0 };
        self.rungs.iter().enumerate().map(|(rung, told)| told.len() as u64 * u64::from(new(rung))).sum()
    }
}

#[cfg(test)]
mod tests;
