//! How a team is trained.

use motet_learn::{
    ActorCritic, Cloning, Critics, Learner, Options, independent, maddpg, matd3,
    noise::Schedule,
    q::{self, Bins, Seat, Tabular},
};
use serde::{Deserialize, Serialize};

use crate::{Error, Shaping, spec};

/// Which learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algo {
    /// One table an agent.
    Q,
    /// A central critic, one network.
    Maddpg,
    /// A central critic, two networks, smoothing and delay.
    Matd3,
    /// As MATD3, each critic seeing its own agent alone.
    Independent,
    /// TD3+BC from what the fixed policies and explorers around them did: rows are collected first, then nothing is explored.
    Offline,
}

impl Algo {
    /// Returns its name in manifests and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Q => "q",
            Self::Maddpg => "maddpg",
            Self::Matd3 => "matd3",
            Self::Independent => "independent",
            Self::Offline => "offline",
        }
    }
}

/// How a team is trained. What is not stated has a sane default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which learner.
    pub algo: Algo,
    /// The seed of everything: networks, exploration, worlds.
    pub seed: u64,
    /// How many days an episode takes.
    pub days: u32,
    /// The share of listeners, and of every budget, that a training world has: smaller worlds are played faster. (0, 1].
    pub share: f64,
    /// Worlds played side by side in a round, each by one explorer.
    pub worlds: u32,
    /// Rounds of playing and learning.
    pub rounds: u32,
    /// Updates of the networks for each thousand rows.
    pub updates_per_thousand: u32,
    /// After how many rounds the greedy team is tried on the validation worlds.
    pub validate_every: u32,
    /// Validation worlds; their seeds are never trained or reported on.
    pub validation_worlds: u32,
    /// Validations without a better one after which training stops; 0 for never.
    pub patience: u32,
    /// Training worlds in all; rounds take them in turns. Each is played once under the fixed policies, beside which
    /// rewards are counted.
    pub pool: u32,
    /// For how many ticks what an agent strays by stays the same.
    pub hold: u32,
    /// What a reward in the next tick is worth now.
    pub gamma: f64,
    /// Adam's learning rate for actors.
    pub actor_rate: f64,
    /// Adam's learning rate for critics.
    pub critic_rate: f64,
    /// Standard deviation of the exploration noise at the beginning and at the end.
    pub noise: [f64; 2],
    /// Weight that keeps actions off their ends.
    pub saturation: f64,
    /// What TD3+BC weighs the critic by, for `offline`.
    pub alpha: f64,
    /// The same for learners that explore: a bound on how far actors move from what was tried of late, so that they do not
    /// follow a critic to where nothing was tried. 0 for none.
    pub trust: f64,
    /// How far agents that act for the whole platform stray, as a share of how far those that act for a campaign do, 0 to 1.
    pub calm: f64,
    /// Rows drawn for an update.
    pub batch: u32,
    /// Whether single agents have extra rewards.
    pub shaping: Shaping,
    /// How much those of the pacer, the bidder and the relevance agent weigh, each 0 to 100, in scaled rewards.
    pub shaping_weights: [f64; 3],
}

impl Default for Config {
    fn default() -> Self {
        Self {
            algo: Algo::Matd3,
            seed: 1,
            days: 1,
            share: 0.25,
            worlds: 8,
            rounds: 24,
            updates_per_thousand: 30,
            validate_every: 2,
            validation_worlds: 4,
            patience: 0,
            pool: 32,
            hold: 4,
            gamma: 0.9,
            actor_rate: 1e-4,
            critic_rate: 1e-3,
            noise: [0.3, 0.1],
            saturation: 2e-2,
            alpha: 2.5,
            trust: 2.5,
            calm: 0.3,
            batch: 512,
            shaping: Shaping::Off,
            shaping_weights: [1.0, 0.2, 0.2],
        }
    }
}

impl Config {
    /// Checks every setting once.
    ///
    /// # Errors
    /// The first that is out of range.
    pub fn check(&self) -> Result<(), Error> {
        let setting = |name, wanted, found: f64, fits: bool| {
            if fits { Ok(()) } else { Err(Error::Setting { name, wanted, found: found.to_string() }) }
        };
        let share = self.share;
        setting("share", "above 0 and at most 1", share, share > 0.0 && share <= 1.0)?;
        setting("calm", "within 0 and 1", self.calm, (0.0..=1.0).contains(&self.calm))?;
        setting("trust", "at least 0", self.trust, self.trust >= 0.0 && self.trust.is_finite())?;
        for weight in self.shaping_weights {
            setting("shaping_weights", "within 0 and 100", weight, (0.0..=100.0).contains(&weight))?;
        }
        for (name, count) in [
            ("days", self.days),
            ("worlds", self.worlds),
            ("rounds", self.rounds),
            ("validate_every", self.validate_every),
            ("validation_worlds", self.validation_worlds),
            ("pool", self.pool),
            ("hold", self.hold),
            ("batch", self.batch),
        ] {
            setting(name, "within 1 and 100,000", f64::from(count), (1..=100_000).contains(&count))?;
        }
        let [from, to] = self.noise;
        setting(
            "noise",
            "within 0 and 2",
            from.max(to),
            (0.0..=2.0).contains(&from) && (0.0..=2.0).contains(&to),
        )
    }

    /// Draws a learner.
    ///
    /// # Errors
    /// When an option is out of range.
    pub fn learner(&self, rows_expected: u64) -> Result<Box<dyn Learner + Sync>, Error> {
        self.check()?;
        Ok(match self.algo {
            Algo::Q => Box::new(Tabular::new(spec(), self.tables(rows_expected))?),
            _ => Box::new(ActorCritic::new(spec(), options_of(self, rows_expected), self.seed)?),
        })
    }

    fn tables(&self, rows_expected: u64) -> q::Options {
        let mut options = q::Options::new(seats());
        options.gamma = self.gamma;
        options.warmup_rows = (rows_expected / 20).clamp(500, 20_000);
        options.exploration = Schedule::Linear { from: 1.0, to: 0.05, rows: (rows_expected * 2 / 3).max(1) };
        options
    }
}

/// Returns the options of an actor-critic learner under a configuration, for so many rows in all.
pub fn options_of(config: &Config, rows_expected: u64) -> Options {
    let base = match config.algo {
        Algo::Maddpg => maddpg::options(),
        Algo::Independent => independent::options(),
        Algo::Matd3 | Algo::Offline | Algo::Q => matd3::options(),
    };
    let cloning = match config.algo {
        Algo::Offline => Cloning::Beside { alpha: config.alpha },
        _ if config.trust > 0.0 => Cloning::Beside { alpha: config.trust },
        _ => Cloning::Off,
    };
    let [from, to] = config.noise;
    // Terms that differ by agent cannot be valued by one critic for all.
    let critics = if config.shaping == Shaping::On { Critics::PerAgent } else { base.critics };
    Options {
        critics,
        gamma: config.gamma,
        actor_rate: config.actor_rate,
        critic_rate: config.critic_rate,
        exploration: Schedule::Linear { from, to, rows: (rows_expected * 2 / 3).max(1) },
        // Even exploration is far from any sane policy: enough of it to scale the inputs by, and no more.
        warmup_rows: 1_000,
        saturation: config.saturation,
        batch: config.batch as usize,
        cloning,
        ..base
    }
}

/// What tables look at and choose from: few bins and few actions, each a direction that a person could name.
fn seats() -> Vec<Seat> {
    let seat =
        |bins: &[usize], actions: Vec<Vec<f32>>| Seat { bins: Bins::Quantiles(bins.to_vec()), actions };
    let intent = [[0.0; 4], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]];
    let relevance = [-0.5, 0.0, 0.05, 0.2, 0.6]
        .iter()
        .flat_map(|greed| [0.0, 0.4].map(|fatigue| vec![*greed, 0.0, 0.0, 0.0, 0.0, fatigue]));
    let shades = [-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0];
    let trims = [-0.6, -0.3, 0.0, 0.3, 0.6];
    vec![
        seat(&[1, 1, 1], intent.map(|action| action.to_vec()).to_vec()),
        seat(&[2, 1, 3, 1, 1, 2], relevance.collect()),
        seat(&[2, 2], [-0.5, 0.0, 0.5].map(|part| vec![part; 4]).to_vec()),
        seat(&[2, 1, 1, 3, 3, 2], shades.map(|shade| vec![0.0, 0.0, shade]).to_vec()),
        seat(&[3, 3, 3, 1, 1], trims.map(|trim| vec![0.0, 0.0, trim]).to_vec()),
    ]
}
