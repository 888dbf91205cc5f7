//! The evaluation: rounds in, one at a time; estimates with intervals, or refusals, out.

use serde::Serialize;

use crate::bootstrap::Bootstrap;
use crate::estimator::{self, Bounds, Estimator, Parts, Sample};
use crate::interval::{Interval, bernstein_reach, normal_reach};
use crate::log::check_length;
use crate::moments::Moments;
use crate::reward::RewardModel;
use crate::support::{Limits, Refusal, Support, Tally};
use crate::{Error, Log, Policy, Round};

/// What to estimate and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The estimators, in the order of the answer.
    pub estimators: Vec<Estimator>,
    /// The level of the intervals, above 0 and below 1.
    pub level: f64,
    /// Bootstrap replicates; 0 for no bootstrap interval.
    pub replicates: usize,
    /// The seed of the bootstrap.
    pub seed: u64,
    /// The least and the most one round can bring: needed by the Bernstein interval.
    pub reward_range: (f64, f64),
    /// The largest weight possible, where known; else the Bernstein interval takes the largest seen.
    pub weight_bound: Option<f64>,
    /// From where on there is no answer.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            estimators: estimator::ALL.to_vec(),
            level: 0.95,
            replicates: 1_000,
            seed: 1,
            reward_range: (0.0, 1.0),
            weight_bound: None,
            limits: Limits::default(),
        }
    }
}

/// One estimator's figure: reward per round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Which estimator.
    pub estimator: Estimator,
    /// The estimate.
    pub value: f64,
    /// Its standard error by the delta method.
    pub standard_error: f64,
    /// Estimate ± z standard errors.
    pub normal: Interval,
    /// Percentiles over resampled rounds, where asked for.
    pub bootstrap: Option<Interval>,
    /// The empirical Bernstein interval; only for means of independent parts with rewards in their range.
    pub bernstein: Option<Interval>,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// What the log says about the target.
    pub support: Support,
    /// Whether the intervals rest on few rewarded rounds.
    pub few_rewards: bool,
    refusals: Vec<Refusal>,
    figures: Vec<Estimate>,
}

impl Evaluation {
    /// Returns the estimates, or every reason why there are none.
    ///
    /// # Errors
    /// The log does not support an answer; at least one refusal.
    pub fn answer(&self) -> Result<&[Estimate], &[Refusal]> {
        if self.refusals.is_empty() { Ok(&self.figures) } else { Err(&self.refusals) }
    }

    /// Returns what the formulas give, refused or not. Not an answer: for comparing arithmetic with other programs.
    pub fn arithmetic(&self) -> &[Estimate] {
        &self.figures
    }
}

/// One round with what both policies and the reward model say about it. Slices are over actions.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// What was logged.
    pub round: &'a Round,
    /// The target's probability of each action.
    pub target: &'a [f64],
    /// The model's reward of each action.
    pub predicted: &'a [f64],
    /// The logging policy's probability of each action, where known.
    pub logging: Option<&'a [f64]>,
}

/// Takes rounds one at a time; memory does not grow with their number.
#[derive(Clone, Debug)]
pub struct Evaluator {
    options: Options,
    positions: usize,
    actions: usize,
    tally: Tally,
    moments: Vec<Moments>,
    bootstrap: Bootstrap,
    predicted: (f64, f64),
    rewards: (f64, f64),
    parts: Vec<Parts>,
}

impl Evaluator {
    /// Makes an evaluator that has seen nothing.
    pub fn new(positions: usize, actions: usize, options: Options) -> Self {
        let estimators = options.estimators.len();
        Self {
            tally: Tally::new(positions, actions),
            moments: vec![Moments::default(); estimators],
            bootstrap: Bootstrap::new(options.seed, options.replicates, estimators),
            predicted: (f64::INFINITY, f64::NEG_INFINITY),
            rewards: (f64::INFINITY, f64::NEG_INFINITY),
            parts: Vec::with_capacity(estimators),
            options,
            positions,
            actions,
        }
    }

    /// Takes one round.
    ///
    /// # Errors
    /// A position or action out of range, slices of the wrong length, or a propensity that is not above 0.
    pub fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Error> {
        self.check(observation)?;
        let Observation { round, target, predicted, logging } = *observation;
        let sample = sample(round, target, predicted);
        self.tally.add(round, sample.weight, target, logging);
        let widen = |(low, high): (f64, f64), x: f64| (low.min(x), high.max(x));
        self.predicted = predicted.iter().fold(self.predicted, |range, &q| widen(range, q));
        self.rewards = widen(self.rewards, round.reward);
        self.parts.clear();
        self.parts.extend(self.options.estimators.iter().map(|estimator| estimator.parts(&sample)));
        self.moments.iter_mut().zip(&self.parts).for_each(|(moments, parts)| moments.add(parts));
        self.bootstrap.add(&self.parts);
        Ok(())
    }

    fn check(&self, observation: &Observation<'_>) -> Result<(), Error> {
        let round = observation.round;
        check_length("the target's distribution", observation.target.len(), self.actions)?;
        check_length("the predicted rewards", observation.predicted.len(), self.actions)?;
        if let Some(logging) = observation.logging {
            check_length("the logging distribution", logging.len(), self.actions)?;
        }
        for (what, found, limit) in
            [("the action", round.action, self.actions), ("the position", round.position, self.positions)]
        {
            let found = found as usize;
            if found >= limit {
                return Err(Error::OutOfRange { what, found, limit });
            }
        }
        if round.propensity > 0.0 { Ok(()) } else { Err(Error::Propensity(round.propensity)) }
    }

    /// Returns what came out so far.
    pub fn finish(&self) -> Evaluation {
        let support = self.tally.support();
        let reach = normal_reach(self.options.level);
        let figure = |(index, &estimator): (usize, &Estimator)| {
            let moments = &self.moments[index];
            let (value, standard_error) = (moments.value(), moments.standard_error());
            Estimate {
                estimator,
                value,
                standard_error,
                normal: Interval::around(value, reach * standard_error),
                bootstrap: self.bootstrap.interval(index, self.options.level),
                bernstein: self.bernstein(estimator, moments),
            }
        };
        Evaluation {
            support,
            few_rewards: support.rewarded < self.options.limits.caution_rewarded,
            refusals: support.refusals(&self.options.limits),
            figures: self.options.estimators.iter().enumerate().map(figure).collect(),
        }
    }

    fn bernstein(&self, estimator: Estimator, moments: &Moments) -> Option<Interval> {
        let rounds = self.tally.support().rounds as f64;
        if rounds < 2.0 {
            return None;
        }
        let reward = self.options.reward_range;
        let within = reward.0 <= self.rewards.0 && self.rewards.1 <= reward.1;
        let seen = self.tally.max_weight();
        let weight = self.options.weight_bound.map_or(seen, |bound| bound.max(seen));
        let range = estimator.range(&Bounds { weight, reward, predicted: self.predicted })?;
        let reach = bernstein_reach(moments.variance(), range, rounds, self.options.level);
        within.then(|| Interval::around(moments.value(), reach))
    }
}

/// Weighs one round. The mean under the target is over the sum of its probabilities, which is 1 up to rounding.
fn sample(round: &Round, target: &[f64], predicted: &[f64]) -> Sample {
    let (mut expected, mut sum) = (0.0, 0.0);
    for (p, q) in target.iter().zip(predicted) {
        expected += p * q;
        sum += p;
    }
    let action = round.action as usize;
    Sample {
        weight: target[action] / round.propensity,
        reward: round.reward,
        expected: if sum > 0.0 { expected / sum } else { 0.0 },
        predicted: predicted[action],
    }
}

/// Evaluates a policy on a log held in memory. `logging` is the logging policy's whole distribution, where it is known.
///
/// ```
/// use motet_ope::{Log, Options, Round, Table, evaluate, reward::Rewards};
///
/// // Two actions logged half and half; the second is rewarded every other time, the first never.
/// let mut log = Log::new(2, 1, 0)?;
/// for k in 0..1_000_u32 {
///     let reward = f64::from(k % 4 / 3);
///     log.push(Round { context: 0, action: k % 2, position: 0, reward, propensity: 0.5 })?;
/// }
/// let second = Table::new(&[vec![0.1, 0.9]])?;
/// let found = evaluate(&log, &second, &Rewards::zero(&second), None, Options::default())?;
/// let ips = found.answer().unwrap()[1];
/// assert!((ips.value - 0.45).abs() < 1e-12, "0.9 of rounds at a reward of 0.5");
/// # Ok::<(), motet_ope::Error>(())
/// ```
///
/// # Errors
/// Never for a policy and a model that fit the log's actions and positions.
pub fn evaluate(
    log: &Log,
    target: &dyn Policy,
    model: &dyn RewardModel,
    logging: Option<&dyn Policy>,
    options: Options,
) -> Result<Evaluation, Error> {
    let mut evaluator = Evaluator::new(log.positions(), log.actions(), options);
    let [mut chosen, mut predicted, mut logged] = [(); 3].map(|()| vec![0.0; log.actions()]);
    for (index, round) in log.rounds().iter().enumerate() {
        let context = log.context(round.context);
        target.probabilities(context, round.position as usize, &mut chosen);
        model.predict(log, index, round, &mut predicted);
        if let Some(logging) = logging {
            logging.probabilities(context, round.position as usize, &mut logged);
        }
        let logging = logging.map(|_| logged.as_slice());
        evaluator.observe(&Observation { round, target: &chosen, predicted: &predicted, logging })?;
    }
    Ok(evaluator.finish())
}
