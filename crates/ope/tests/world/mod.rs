//! A small world whose truth can be added up: eight contexts, five actions, two positions; logging and target are soft choices
//! over different preferences, rewards are clicks.

use std::fmt;

use motet_ope::reward::{CrossFitted, Folds, RewardModel, Rewards};
use motet_ope::{Estimator, Evaluation, Log, Options, Policy, Round, evaluate};
use motet_units::{Chance, Stream};

const CONTEXTS: usize = 8;
const ACTIONS: usize = 5;
const POSITIONS: usize = 2;

/// The first [`UNBIASED`] are, at least in large samples, under any reward model; the others where the model is right.
const ESTIMATORS: [Estimator; 6] = [
    Estimator::Ips,
    Estimator::SelfNormalisedIps,
    Estimator::DoublyRobust,
    Estimator::SelfNormalisedDoublyRobust,
    Estimator::SwitchDoublyRobust { threshold: 2.0 },
    Estimator::ShrunkDoublyRobust { lambda: 10.0 },
];
pub(crate) const UNBIASED: usize = 4;

/// Which reward model the doubly robust estimators get.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Model {
    /// Expects the same of everything, and too much.
    Wrong,
    /// Learned on the log itself, two folds.
    CrossFitted,
    /// Knows the world.
    Right,
}

/// Probabilities of choice and click, per context, position and action.
#[derive(Clone, Debug)]
pub(crate) struct World {
    seed: u64,
    logging: Soft,
    target: Soft,
    clicks: Vec<f64>,
}

impl World {
    /// Draws a world.
    pub(crate) fn new(seed: u64) -> Self {
        let mut stream = Chance::new(seed, 0).stream("world");
        let logging = Soft::draw(&mut stream, 0.8);
        let target = Soft::draw(&mut stream, 1.2);
        let clicks = (0..CONTEXTS * POSITIONS * ACTIONS).map(|_| 0.05 + 0.5 * stream.unit()).collect();
        Self { seed, logging, target, clicks }
    }

    /// The target's mean reward per round: contexts and positions come equally often.
    pub(crate) fn truth(&self) -> f64 {
        let sum: f64 = self.target.0.iter().zip(&self.clicks).map(|(p, click)| p * click).sum();
        sum / (CONTEXTS * POSITIONS) as f64
    }

    /// Logs so many rounds.
    fn log(&self, run: u64, rounds: usize) -> Log {
        let mut log = Log::new(ACTIONS, POSITIONS, 3).unwrap();
        for context in 0..CONTEXTS {
            let bit = |k: usize| f64::from((context >> k & 1) as u8);
            log.add_context(&[bit(0), bit(1), bit(2)]).unwrap();
        }
        let mut stream = Chance::new(self.seed, run + 1).stream("log");
        for _ in 0..rounds {
            let context = stream.below(CONTEXTS as u64) as usize;
            let position = stream.below(POSITIONS as u64) as usize;
            let choices = self.logging.at(context, position);
            let action = choose(choices, stream.unit());
            let click = self.clicks[(context * POSITIONS + position) * ACTIONS + action];
            let reward = f64::from(u8::from(stream.unit() < click));
            let (context, position, propensity) = (context as u32, position as u32, choices[action]);
            log.push(Round { context, action: action as u32, position, reward, propensity }).unwrap();
        }
        log
    }

    fn evaluate(&self, run: u64, rounds: usize, replicates: usize, model: Model) -> Evaluation {
        let log = self.log(run, rounds);
        let options =
            Options { estimators: ESTIMATORS.to_vec(), replicates, seed: run, ..Options::default() };
        let wrong = Rewards::new(&vec![vec![0.6; ACTIONS]; POSITIONS]).unwrap();
        let learned;
        let model: &dyn RewardModel = match model {
            Model::Wrong => &wrong,
            Model::CrossFitted => {
                learned = CrossFitted::fit(&log, Folds::dealt(rounds, 2, run).unwrap()).unwrap();
                &learned
            }
            Model::Right => self,
        };
        evaluate(&log, &self.target, model, Some(&self.logging), options).unwrap()
    }

    /// Counts how often each interval covers the truth.
    pub(crate) fn count(&self, worlds: u64, rounds: usize, replicates: usize, model: Model) -> Counted {
        self.count_against(self.truth(), worlds, rounds, replicates, model)
    }

    /// Counts how often each interval covers a value.
    pub(crate) fn count_against(
        &self,
        value: f64,
        worlds: u64,
        rounds: usize,
        replicates: usize,
        model: Model,
    ) -> Counted {
        let row = |estimator: &Estimator| Row { name: estimator.name(), ..Row::default() };
        let mut rows: Vec<Row> = ESTIMATORS.iter().map(row).collect();
        for run in 0..worlds {
            let found = self.evaluate(run, rounds, replicates, model);
            for (row, estimate) in rows.iter_mut().zip(found.answer().expect("the world covers the target")) {
                row.error += (estimate.value - value) / worlds as f64;
                row.normal += u64::from(estimate.normal.covers(value));
                row.bootstrap += u64::from(estimate.bootstrap.is_some_and(|i| i.covers(value)));
                row.bernstein += u64::from(estimate.bernstein.is_some_and(|i| i.covers(value)));
                row.has_bernstein |= estimate.bernstein.is_some();
            }
        }
        Counted { worlds, truth: value, rows }
    }
}

/// The world knows what an action brings.
impl RewardModel for World {
    fn predict(&self, log: &Log, _index: usize, round: &Round, out: &mut [f64]) {
        let number = number_of(log.context(round.context));
        let from = (number * POSITIONS + round.position as usize) * ACTIONS;
        out.copy_from_slice(&self.clicks[from..from + ACTIONS]);
    }
}

/// How often each estimator's intervals covered.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    /// Worlds drawn.
    pub(crate) worlds: u64,
    /// What was to be covered.
    pub(crate) truth: f64,
    /// Per estimator.
    pub(crate) rows: Vec<Row>,
}

/// One estimator's counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its mean error.
    pub(crate) error: f64,
    /// Normal intervals that covered.
    pub(crate) normal: u64,
    /// Bootstrap intervals that covered.
    pub(crate) bootstrap: u64,
    /// Bernstein intervals that covered.
    pub(crate) bernstein: u64,
    /// Whether there were any of the latter.
    pub(crate) has_bernstein: bool,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} worlds, truth {:.5}", self.worlds, self.truth)?;
        writeln!(
            f,
            "{:<11} {:>10} {:>8} {:>10} {:>10}",
            "estimator", "mean error", "normal", "bootstrap", "bernstein"
        )?;
        for (index, row) in self.rows.iter().enumerate() {
            let share = |count: u64| format!("{:.3}", count as f64 / self.worlds as f64);
            let bernstein = if row.has_bernstein { share(row.bernstein) } else { "-".to_owned() };
            let leaning = if index < UNBIASED { "" } else { " *" };
            let (name, error, normal) = (format!("{}{leaning}", row.name), row.error, share(row.normal));
            let bootstrap = share(row.bootstrap);
            writeln!(f, "{name:<11} {error:>10.5} {normal:>8} {bootstrap:>10} {bernstein:>10}")?;
        }
        Ok(())
    }
}

/// A policy that prefers by the exponential of a drawn preference.
#[derive(Clone, Debug)]
struct Soft(Vec<f64>);

impl Soft {
    fn draw(stream: &mut Stream, strength: f64) -> Self {
        let mut all = Vec::new();
        for _ in 0..CONTEXTS * POSITIONS {
            let odds: Vec<f64> =
                (0..ACTIONS).map(|_| libm::exp(strength * (2.0 * stream.unit() - 1.0))).collect();
            let sum: f64 = odds.iter().sum();
            all.extend(odds.iter().map(|odd| odd / sum));
        }
        Self(all)
    }

    fn at(&self, context: usize, position: usize) -> &[f64] {
        let from = (context * POSITIONS + position) * ACTIONS;
        &self.0[from..from + ACTIONS]
    }
}

impl Policy for Soft {
    fn probabilities(&self, context: &[f64], position: usize, out: &mut [f64]) {
        out.copy_from_slice(self.at(number_of(context), position));
    }
}

/// The number whose bits a context's features are.
fn number_of(context: &[f64]) -> usize {
    context.iter().rev().fold(0, |number, &bit| 2 * number + usize::from(bit > 0.5))
}

fn choose(chances: &[f64], mut unit: f64) -> usize {
    for (action, chance) in chances.iter().enumerate() {
        if unit < *chance {
            return action;
        }
        unit -= chance;
    }
    chances.len() - 1
}
