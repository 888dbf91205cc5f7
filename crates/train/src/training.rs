//! A training run: rounds of playing in worlds side by side, then learning from what was played.
//!
//! A round plays [`Config::worlds`] episodes at once, all by the learner as it is, each exploring by chance of its own; their
//! rows are then taken in in the order of the worlds, and the networks are updated so many times for each thousand rows. So the
//! number of threads never shows. Every few rounds the team without exploration is tried on validation worlds, and the best
//! so far is kept: that is what a training gives.
//!
//! Seeds of worlds: training worlds are drawn under numbers from 2^40 on, validation worlds from 2^41 on, both by the training's
//! seed; what is reported is played under small numbers, so no world is ever both learned from and reported on.

mod groundwork;

use std::sync::Arc;

pub use groundwork::Groundwork;
use motet_learn::{Exported, Learner, Level, Net, nn::MOST_WIDE};
use motet_policy::{AgentPolicy, Body, LayerSpec, NetworkSpec, PolicySet, TableSpec};
use motet_sim::{Scenario, Team as Players, World, parallel, run::Audience};
use motet_units::Chance;
use serde::{Deserialize, Serialize};

use crate::{
    Algo, Config, Control, Env, Error, Hand, Parts, Seated, Stage, Step, control,
    evaluate::{Played, play},
    seated,
    shaping::Terms,
};

const TRAINING_SEEDS: u64 = 1 << 40;
const VALIDATION_SEEDS: u64 = 1 << 41;
/// The version of the saved form.
const FORMAT: u32 = 2;

/// How one round went.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Which round, from 1.
    pub round: u32,
    /// Rows learned from so far.
    pub rows: u64,
    /// Updates so far.
    pub updates: u64,
    /// What an episode of this round brought on average, exploration included.
    pub parts: Parts,
    /// The objective of that.
    pub objective: f64,
    /// The critics' mean squared error, over the round's updates.
    pub critic_loss: f64,
    /// The mean value of the rows drawn, as the critics see it.
    pub value: f64,
    /// Share of action numbers near their ends.
    pub saturated: f64,
    /// The objective of the team without exploration, on the validation worlds, where it was tried.
    pub validation: Option<f64>,
    /// The same of the fixed policies, once for all.
    pub fixed: f64,
    /// The same of the baseline.
    pub baseline: f64,
}

/// What is kept beside the learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Book {
    format: u32,
    config: Config,
    scenario: String,
    history: Vec<Progress>,
    rows: u64,
    updates: u64,
    /// Validations since the best one.
    stale: u32,
    best: Option<(f64, PolicySet)>,
    /// What fixed policies and the baseline bring on the validation worlds.
    controls: Option<(f64, f64)>,
    /// What the fixed policies bring in each training world, as far as it was played.
    pool: Vec<Option<Arc<Control>>>,
}

/// A training under way.
pub struct Training {
    scenario: Scenario,
    learner: Arc<Box<dyn Learner + Sync>>,
    book: Book,
}

impl std::fmt::Debug for Training {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Training").field("rounds", &self.book.history.len()).finish_non_exhaustive()
    }
}

/// The learner's hand, exploring.
#[derive(Debug)]
struct Explorer {
    learner: Arc<Box<dyn Learner + Sync>>,
    /// How much of its straying an agent of the platform keeps.
    calm: f32,
}

impl Hand for Explorer {
    fn act(&self, agent: usize, observation: &[f32], chance: Chance, action: &mut [f32]) {
        self.learner.explore(agent, observation, chance, action);
        if self.calm < 1.0 && self.learner.team().members()[agent].level == Level::Platform {
            // What moves everybody does much harm when it strays far, and is met by every row of a tick anyway.
            let mut best = [0.0_f32; MOST_WIDE];
            let best = &mut best[..action.len()];
            self.learner.act(agent, observation, best);
            action
                .iter_mut()
                .zip(best)
                .for_each(|(strayed, best)| *strayed = *best + self.calm * (*strayed - *best));
        }
    }
}

/// A hand that strays from the fixed policies: what an offline learner's rows are made by.
#[derive(Debug)]
struct Straying {
    noise: f64,
}

impl Hand for Straying {
    fn act(&self, _agent: usize, _observation: &[f32], chance: Chance, action: &mut [f32]) {
        let mut draw = chance.stream("stray");
        for part in action {
            *part = (self.noise * motet_learn::noise::gaussian(&mut draw)).clamp(-1.0, 1.0) as f32;
        }
    }
}

impl Training {
    /// Begins a training.
    ///
    /// # Errors
    /// When a setting is out of range or the scenario cannot be written down.
    pub fn new(scenario: &Scenario, config: Config) -> Result<Self, Error> {
        let learner = config.learner(rows_expected(scenario, &config))?;
        let book = Book {
            format: FORMAT,
            scenario: scenario.to_toml()?,
            config,
            history: Vec::new(),
            rows: 0,
            updates: 0,
            stale: 0,
            best: None,
            controls: None,
            pool: Vec::new(),
        };
        Ok(Self { scenario: scenario.clone(), learner: Arc::new(learner), book })
    }

    /// Returns how the rounds went so far.
    pub fn history(&self) -> &[Progress] {
        &self.book.history
    }

    /// Returns how it is configured.
    pub const fn config(&self) -> &Config {
        &self.book.config
    }

    /// Tells whether all rounds are over, or none was better for too long.
    pub fn is_over(&self) -> bool {
        let config = &self.book.config;
        let stale = config.patience > 0 && self.book.stale >= config.patience;
        stale || self.book.history.len() >= config.rounds as usize
    }

    /// Plays and learns for one round on up to so many threads.
    ///
    /// # Errors
    /// When a loss is no longer finite, or a world cannot be played.
    ///
    /// # Panics
    /// Never: no world outlives its round.
    pub fn round(&mut self, threads: usize) -> Result<Progress, Error> {
        let round = self.book.history.len() as u32 + 1;
        let (fixed, baseline) = self.controls(threads)?;
        self.prepare(round, threads)?;
        let played = self.play(round, threads)?;
        let worlds = f64::from(self.book.config.worlds);
        let mut progress = Progress { round, fixed, baseline, ..Progress::default() };
        let mut rows = 0;
        {
            let learner = Arc::get_mut(&mut self.learner).expect("no world outlives its round");
            for steps in &played {
                for step in steps {
                    step.rows.iter().try_for_each(|row| learner.remember(row))?;
                    rows += step.rows.len() as u64;
                    step.parts.iter().for_each(|parts| progress.parts.add(parts));
                }
            }
        }
        self.book.rows += rows;
        scale(&mut progress.parts, 1.0 / worlds);
        progress.objective = progress.parts.weighed(&self.scenario.objective);
        self.learn(rows * u64::from(self.book.config.updates_per_thousand) / 1_000, &mut progress)?;
        (progress.rows, progress.updates) = (self.book.rows, self.book.updates);
        if round.is_multiple_of(self.book.config.validate_every) || round >= self.book.config.rounds {
            progress.validation = Some(self.validate(threads)?);
        }
        self.book.history.push(progress.clone());
        Ok(progress)
    }

    fn play(&self, round: u32, threads: usize) -> Result<Vec<Vec<Step>>, Error> {
        let config = &self.book.config;
        let hand: Arc<dyn Hand> = match config.algo {
            Algo::Offline => Arc::new(Straying { noise: config.noise[0] }),
            // A table's actions are few; between two of them there is none.
            Algo::Q => Arc::new(Explorer { learner: Arc::clone(&self.learner), calm: 1.0 }),
            _ => Arc::new(Explorer { learner: Arc::clone(&self.learner), calm: config.calm as f32 }),
        };
        let episodes = parallel(&self.episodes(round), threads, |number| self.episode(*number, &hand));
        episodes.into_iter().collect()
    }

    /// Returns the numbers of a round's episodes.
    fn episodes(&self, round: u32) -> Vec<u64> {
        let worlds = u64::from(self.book.config.worlds);
        (0..worlds).map(|world| u64::from(round - 1) * worlds + world).collect()
    }

    /// Returns which training world an episode is played in.
    fn place(&self, episode: u64) -> usize {
        (episode % u64::from(self.book.config.pool)) as usize
    }

    fn world(&self, place: usize) -> World {
        let config = &self.book.config;
        let seed = TRAINING_SEEDS + (Chance::new(config.seed, place as u64).key() >> 24);
        World::with_budgets(&self.scenario, seed, config.share)
    }

    /// Plays the worlds of a round that were not played yet under the fixed policies.
    fn prepare(&mut self, round: u32, threads: usize) -> Result<(), Error> {
        self.book.pool.resize(self.book.config.pool as usize, None);
        let mut missing: Vec<usize> =
            self.episodes(round).iter().map(|episode| self.place(*episode)).collect();
        missing.retain(|place| self.book.pool[*place].is_none());
        missing.sort_unstable();
        missing.dedup();
        let (config, scenario) = (&self.book.config, &self.scenario);
        let played = parallel(&missing, threads, |place| {
            control(&self.world(*place), audience(config), ticks(scenario, config))
        });
        for (place, played) in missing.into_iter().zip(played) {
            self.book.pool[place] = Some(Arc::new(played?));
        }
        Ok(())
    }

    fn episode(&self, number: u64, hand: &Arc<dyn Hand>) -> Result<Vec<Step>, Error> {
        let (config, place) = (&self.book.config, self.place(number));
        let stage = Stage {
            audience: audience(config),
            ticks: ticks(&self.scenario, config),
            hold: u64::from(config.hold),
            seed: Chance::new(config.seed, number).stream("episode").bits(),
            control: self.book.pool[place].clone(),
        };
        let world = self.world(place);
        let mut env = Env::new(&world, stage, hand)?;
        let mut steps: Vec<Step> = std::iter::from_fn(|| env.step(&mut ())).collect();
        if let Some(terms) = Terms::of(config) {
            for row in steps.iter_mut().flat_map(|step| &mut step.rows) {
                row.shaping = terms.of_row(&row.observations, &row.next_observations, row.end);
            }
        }
        Ok(steps)
    }

    fn learn(&mut self, updates: u64, progress: &mut Progress) -> Result<(), Error> {
        let learner = Arc::get_mut(&mut self.learner).expect("no world outlives its round");
        let (mut seen, mut moved) = (0.0_f64, 0.0_f64);
        for _ in 0..updates {
            let Some(losses) = learner.update()? else { break };
            self.book.updates += 1;
            seen += 1.0;
            progress.critic_loss += losses.critic;
            progress.value += losses.value;
            if let Some(saturated) = losses.saturated {
                moved += 1.0;
                progress.saturated += saturated;
            }
        }
        progress.critic_loss /= seen.max(1.0);
        progress.value /= seen.max(1.0);
        progress.saturated /= moved.max(1.0);
        Ok(())
    }

    /// Tries the team without exploration, and keeps it if it is the best so far.
    fn validate(&mut self, threads: usize) -> Result<f64, Error> {
        let policies = self.policies("candidate@0");
        let objective = self.validation_of(&Players::Steered(Arc::new(policies.clone())), threads)?;
        if self.book.best.as_ref().is_none_or(|(best, _)| objective > *best) {
            self.book.best = Some((objective, policies));
            self.book.stale = 0;
        } else {
            self.book.stale += 1;
        }
        Ok(objective)
    }

    fn controls(&mut self, threads: usize) -> Result<(f64, f64), Error> {
        if let Some(controls) = self.book.controls {
            return Ok(controls);
        }
        let fixed = self.validation_of(&Players::Agents, threads)?;
        let baseline = self.validation_of(&Players::Baseline, threads)?;
        self.book.controls = Some((fixed, baseline));
        Ok((fixed, baseline))
    }

    fn validation_of(&self, players: &Players, threads: usize) -> Result<f64, Error> {
        let config = &self.book.config;
        let seeds: Vec<u64> = (0..u64::from(config.validation_worlds)).collect();
        let played = parallel(&seeds, threads, |number| {
            let seed = VALIDATION_SEEDS + (Chance::new(config.seed, *number).key() >> 24);
            let world = World::with_budgets(&self.scenario, seed, config.share);
            play(&world, players, audience(config), config.days)
        });
        let played: Vec<Played> = played.into_iter().collect::<Result<_, _>>()?;
        Ok(played.iter().map(|played| played.objective).sum::<f64>() / played.len() as f64)
    }

    /// Returns the learner's policies as they are now.
    pub fn policies(&self, version: &str) -> PolicySet {
        let agents = seated().iter().map(|agent| policy(agent, &**self.learner, version)).collect();
        PolicySet { version: version.to_owned(), agents }
    }

    /// Returns the best policies so far with their objective on the validation worlds; those of now, without one, where none
    /// was tried yet.
    pub fn best(&self, version: &str) -> (PolicySet, Option<f64>) {
        match &self.book.best {
            Some((objective, policies)) => {
                let mut policies = policies.clone();
                rename(&mut policies, version);
                (policies, Some(*objective))
            }
            None => (self.policies(version), None),
        }
    }

    /// Returns a hash of what is trained in: the scenario and the configuration.
    pub fn data_hash(&self) -> String {
        let config = toml::to_string(&self.book.config).unwrap_or_default();
        let text = format!("{}\n{config}", self.book.scenario);
        format!("crc32:{:08x}", crc32fast::hash(text.as_bytes()))
    }

    /// Returns everything the future depends on, as bytes.
    pub fn save(&self) -> Vec<u8> {
        let saved = (&self.book, self.learner.save());
        let mut bytes = postcard::to_stdvec(&saved).expect("plain data always has a binary form");
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Takes a training back, to go on as if it had never stopped.
    ///
    /// # Errors
    /// When the bytes are damaged, or of a training with another scenario or other settings.
    #[expect(clippy::needless_pass_by_value, reason = "the counterpart of `new`, which keeps it")]
    pub fn load(scenario: &Scenario, config: Config, bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |what: &str| Error::Saved(what.to_owned());
        let (body, sum) = bytes.split_last_chunk::<4>().ok_or_else(|| damaged("it is too short"))?;
        if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
            return Err(damaged("its checksum does not fit"));
        }
        let (book, learned): (Book, Vec<u8>) =
            postcard::from_bytes(body).map_err(|error| damaged(&error.to_string()))?;
        if book.format != FORMAT {
            return Err(damaged("it has another version's form"));
        }
        if book.scenario != scenario.to_toml()? {
            return Err(Error::Other { what: "scenario" });
        }
        if book.config != config {
            return Err(Error::Other { what: "configuration" });
        }
        let mut learner = config.learner(rows_expected(scenario, &config))?;
        learner.restore(&learned)?;
        Ok(Self { scenario: scenario.clone(), learner: Arc::new(learner), book })
    }
}

fn audience(config: &Config) -> Audience {
    Audience { from: 0.0, to: config.share }
}

fn ticks(scenario: &Scenario, config: &Config) -> u64 {
    u64::from(config.days) * 86_400 / u64::from(scenario.tick_s.max(1))
}

/// Returns about how many rows all rounds bring: schedules end with them.
fn rows_expected(scenario: &Scenario, config: &Config) -> u64 {
    let campaigns: u64 = scenario.campaigns.iter().map(|group| u64::from(group.count)).sum();
    u64::from(config.rounds) * u64::from(config.worlds) * ticks(scenario, config) * campaigns
}

fn scale(parts: &mut Parts, by: f64) {
    for part in [
        &mut parts.revenue,
        &mut parts.surplus,
        &mut parts.experience,
        &mut parts.under_delivery,
        &mut parts.invalid,
        &mut parts.spend,
    ] {
        *part *= by;
    }
}

fn rename(policies: &mut PolicySet, version: &str) {
    version.clone_into(&mut policies.version);
    for policy in &mut policies.agents {
        policy.version = name(&policy.agent, version);
        if let Body::Table(spec) = &mut policy.body {
            spec.version.clone_from(&policy.version);
        }
    }
}

/// Returns an agent's version from the set's: `team@3` makes `bidder-team@3`.
fn name(agent: &str, version: &str) -> String {
    format!("{agent}-{version}")
}

fn policy(agent: &Seated, learner: &dyn Learner, version: &str) -> AgentPolicy {
    let version = name(agent.name.name(), version);
    let body = match learner.export(agent.place, &version) {
        Exported::Net(net) => Body::Network(network(&net)),
        Exported::Table(spec) => Body::Table(TableSpec { version: version.clone(), ..spec }),
    };
    AgentPolicy {
        agent: agent.name.name().to_owned(),
        version,
        observation: agent.card.observation_numbers(),
        action: agent.action(),
        body,
    }
}

fn network(net: &Net) -> NetworkSpec {
    let layers = motet_learn::nn::Parameters::from(net.net.clone()).layers.into_iter();
    let layer = |layer: motet_learn::nn::LayerParameters| LayerSpec {
        inputs: layer.inputs,
        outputs: layer.outputs,
        weight: layer.weight,
        bias: layer.bias,
    };
    NetworkSpec {
        means: net.scale.means.clone(),
        factors: net.scale.factors.clone(),
        layers: layers.map(layer).collect(),
    }
}

#[cfg(test)]
mod tests;
