//! Options of `motet train`, `motet evaluate` and `motet tune`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use motet_train::{Algo, Config};

/// Which learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Learner {
    /// Q-learning with one table an agent
    Q,
    /// A central critic, one network
    Maddpg,
    /// A central critic, two networks, smoothing and delay
    Matd3,
    /// As matd3, each critic seeing its own agent alone
    Independent,
    /// TD3+BC from what was recorded around the fixed policies
    Offline,
}

impl From<Learner> for Algo {
    fn from(learner: Learner) -> Self {
        match learner {
            Learner::Q => Self::Q,
            Learner::Maddpg => Self::Maddpg,
            Learner::Matd3 => Self::Matd3,
            Learner::Independent => Self::Independent,
            Learner::Offline => Self::Offline,
        }
    }
}

/// Options of `motet train`.
#[derive(Debug, Args)]
pub(crate) struct Train {
    /// The scenario: a shipped one by name, or a file
    #[arg(long, value_name = "S")]
    pub(crate) scenario: String,
    /// The learner
    #[arg(long, value_enum, default_value_t = Learner::Matd3)]
    pub(crate) algo: Learner,
    /// The folder for the policy, the checkpoint and the curves; a training found there goes on
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The seed of everything
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Rounds of playing and learning
    #[arg(long, value_name = "N")]
    pub(crate) rounds: Option<u32>,
    /// Worlds played side by side in a round
    #[arg(long, value_name = "N")]
    pub(crate) worlds: Option<u32>,
    /// Days of an episode
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<u32>,
    /// Share of listeners and budgets in a training world, above 0 and at most 1
    #[arg(long, value_name = "SHARE")]
    pub(crate) share: Option<f64>,
    /// Set one more value of the training's configuration, as `name=value`; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Name of the policy: `NAME@SEED` is its version
    #[arg(long, default_value = "team", value_name = "NAME")]
    pub(crate) name: String,
    /// Threads to play on; results do not depend on it
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Print a closing summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress bar
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// Options of `motet tune`.
#[derive(Debug, Args)]
pub(crate) struct Tune {
    /// The scenario: a shipped one by name, or a file
    #[arg(long, value_name = "S")]
    pub(crate) scenario: String,
    /// The learner
    #[arg(long, value_enum, default_value_t = Learner::Matd3)]
    pub(crate) algo: Learner,
    /// The folder for the report, the trials and the best one's policy; a tuning found there goes on
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// How many settings are tried, the defaults being the first
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=256))]
    pub(crate) trials: u32,
    /// The seed of everything
    #[arg(long, default_value_t = 1, value_name = "K")]
    pub(crate) seed: u64,
    /// Rounds of every trial before the first half is dropped; those that stay have twice as many each time
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) rounds: u32,
    /// Worlds played side by side in a round
    #[arg(long, value_name = "N")]
    pub(crate) worlds: Option<u32>,
    /// Days of an episode
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<u32>,
    /// Share of listeners and budgets in a training world, above 0 and at most 1
    #[arg(long, value_name = "SHARE")]
    pub(crate) share: Option<f64>,
    /// Set one more value of the first trial's configuration, as `name=value`; what is not tried holds for all; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Name of the policy: `NAME@SEED` is its version
    #[arg(long, default_value = "team", value_name = "NAME")]
    pub(crate) name: String,
    /// Threads to play on; results do not depend on it
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress bar
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl Tune {
    /// Puts the first trial's configuration together.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let defaults = Config::default();
        let config = Config {
            algo: self.algo.into(),
            seed: self.seed,
            rounds: self.rounds,
            worlds: self.worlds.unwrap_or(defaults.worlds),
            days: self.days.unwrap_or(defaults.days),
            share: self.share.unwrap_or(defaults.share),
            ..defaults
        };
        let config = override_config(&config, &self.overrides)?;
        config.check()?;
        Ok(config)
    }
}

/// Options of `motet evaluate`.
#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// The policy folder, or a team by name (`baseline`, `agents`, `truthful`, `equal-split`)
    #[arg(long, value_name = "DIR")]
    pub(crate) policy: String,
    /// The scenario; with `--gate` more than one may be named, the first being the one trained in
    #[arg(long, value_name = "S", required = true)]
    pub(crate) scenario: Vec<String>,
    /// Seeds of the worlds, first to last
    #[arg(long, default_value = "1..20", value_name = "A..B")]
    pub(crate) seeds: String,
    /// Days of each world; the scenario's own by default
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<u32>,
    /// Teams played in the same worlds beside it
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "baseline,equal-split,truthful,agents",
        value_name = "TEAMS"
    )]
    pub(crate) beside: Vec<String>,
    /// Ask the release gate, write what it says into the manifest; fails when it says no
    #[arg(long)]
    pub(crate) gate: bool,
    /// Threads to play on
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Write the evaluation as JSON to a file, or `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// No progress bar
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl Train {
    /// Puts the configuration together: defaults, what has a flag of its own, what is set by name.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let mut config = Config { algo: self.algo.into(), seed: self.seed, ..Config::default() };
        config.rounds = self.rounds.unwrap_or(config.rounds);
        config.worlds = self.worlds.unwrap_or(config.worlds);
        config.days = self.days.unwrap_or(config.days);
        config.share = self.share.unwrap_or(config.share);
        let config = override_config(&config, &self.overrides)?;
        config.check()?;
        Ok(config)
    }
}

/// Sets values of a configuration by name.
pub(crate) fn override_config(config: &Config, overrides: &[String]) -> anyhow::Result<Config> {
    let mut table = toml::Table::try_from(config)?;
    for setting in overrides {
        let Some((name, value)) = setting.split_once('=') else {
            anyhow::bail!("'{setting}' is not NAME=VALUE");
        };
        let known = table.keys().cloned().collect::<Vec<_>>().join(", ");
        anyhow::ensure!(table.contains_key(name), "there is no setting '{name}'; there are {known}");
        let parsed: toml::Table = toml::from_str(&format!("value = {value}"))
            .or_else(|_| toml::from_str(&format!("value = \"{value}\"")))?;
        table.insert(name.to_owned(), parsed["value"].clone());
    }
    toml::Value::Table(table)
        .try_into()
        .map_err(|error| anyhow::anyhow!("in the training's settings: {error}"))
}
