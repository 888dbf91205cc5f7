//! The configuration: one TOML text with every default written in it, laid under the operator's file, the
//! environment and the flags.
//!
//! The shipped `motet.toml` is the only place defaults stand: [`Config::default`] is that text, parsed. Layers are
//! merged as TOML tables before they are read, so that a key nobody knows is an error that names it, wherever it
//! came from. The admin token is no setting: it is read from the environment alone and never written or logged.

mod check;
mod layers;
mod placement;
mod sections;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

pub use check::Problem;
pub use layers::{ADMIN_TOKEN_VARIABLE, ENV_PREFIX};
pub use placement::{MAIN, Place, Placement, VersionPlace};
pub use sections::{
    Artf, Attribution, BidWindows, Bus, Control, Decision, Journal, Ledger, Log, LogFormat, Metrics, OpenRtb,
    Policies, Server, Store, Team, Tokens,
};
use serde::Deserialize;

const DEFAULT_TOML: &str = include_str!("../../motet.toml");

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Sockets, limits and times.
    pub server: Server,
    /// The exchange side.
    pub openrtb: OpenRtb,
    /// Who decides, and how.
    pub decision: Decision,
    /// Money held for bids.
    pub ledger: Ledger,
    /// What may still count after an impression.
    pub attribution: Attribution,
    /// What is kept on disk.
    pub journal: Journal,
    /// What several nodes share.
    pub store: Store,
    /// Signed links.
    pub tokens: Tokens,
    /// Control ticks.
    pub control: Control,
    /// Where each agent runs.
    pub placement: Placement,
    /// Trained policies.
    pub policies: Policies,
    /// The open agent interface.
    pub artf: Artf,
    /// Topics out and in.
    pub bus: Bus,
    /// Logs.
    pub log: Log,
    /// Metrics.
    pub metrics: Metrics,
    /// Options of each agent, by its name, handed on as they are.
    pub agents: BTreeMap<String, toml::Table>,
}

/// Why a configuration cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read configuration {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A layer is not TOML.
    #[error("{layer} is not valid TOML: {message}")]
    Syntax {
        /// Which layer.
        layer: String,
        /// Where and why.
        message: String,
    },
    /// A setting does not exist or has the wrong form.
    #[error("setting '{key}': {message}")]
    Setting {
        /// The setting's full name.
        key: String,
        /// What is wrong.
        message: String,
    },
}

impl Config {
    /// Returns the text every default is written in.
    pub const fn default_toml() -> &'static str {
        DEFAULT_TOML
    }

    /// Reads the configuration: the defaults, a file's text over them, then variables named
    /// `MOTET_SECTION__KEY`, then overrides by dotted path such as `("server.listen", "0.0.0.0:80")`.
    ///
    /// # Errors
    /// The first layer that is not TOML, or the first setting that does not exist or has the wrong form.
    pub fn read(
        file: Option<&str>,
        environment: impl IntoIterator<Item = (String, String)>,
        overrides: &[(String, String)],
    ) -> Result<Self, Error> {
        let mut layers = layers::Layers::new(DEFAULT_TOML);
        if let Some(text) = file {
            layers.lay_file(text)?;
        }
        for (name, value) in environment {
            layers.lay_variable(&name, &value);
        }
        for (path, value) in overrides {
            layers.lay(path, value);
        }
        layers.read()
    }

    /// Reads the configuration of this process: an optional file, its environment, and overrides.
    ///
    /// # Errors
    /// As [`Config::read`], and when the file cannot be read.
    pub fn load(file: Option<&std::path::Path>, overrides: &[(String, String)]) -> Result<Self, Error> {
        let text = file
            .map(|path| {
                std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
            })
            .transpose()?;
        let variables =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self::read(text.as_deref(), variables, overrides)
    }

    /// Returns everything that is wrong with the values, empty when all is well.
    pub fn check(&self) -> Vec<Problem> {
        check::check(self)
    }

    /// Returns the address exchanges and browsers reach this server under, given the address it listens on.
    pub fn public_url(&self, listening: SocketAddr) -> String {
        match self.server.public_url.trim_end_matches('/') {
            "" => format!("http://{listening}"),
            url => url.to_owned(),
        }
    }

    /// Returns one agent's options, empty when none are stated.
    pub fn agent(&self, name: &str) -> toml::Table {
        self.agents.get(name).cloned().unwrap_or_default()
    }

    /// Returns the path of the file of secrets.
    pub fn secrets_path(&self) -> PathBuf {
        self.journal.dir.join(&self.tokens.file)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::read(None, [], &[]).expect("the shipped text is a whole configuration; a test reads it")
    }
}

impl Server {
    /// Returns the longest wait for a body or an answer other than a bid.
    pub const fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }
}

#[cfg(test)]
mod tests;
