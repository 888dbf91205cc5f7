//! Where each agent runs.

use motet_agent::AgentName;
use serde::Deserialize;

/// Where each agent runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// The broker for agents placed `broker`, as a URL.
    pub bus: String,
    /// Whether an ask that takes longer than nineteen in twenty do is sent a second time.
    pub hedge: bool,
    /// Failures in a row after which an agent is left alone.
    pub breaker_failures: u32,
    /// The first wait before an agent that is left alone is probed, in milliseconds; it doubles with each.
    pub probe_ms: u64,
    /// The longest, in milliseconds.
    pub probe_most_ms: u64,
    /// The intent agent's place.
    pub intent: Place,
    /// The guard's.
    pub guard: Place,
    /// The safety agent's.
    pub safety: Place,
    /// The relevance agent's.
    pub relevance: Place,
    /// The bidder's.
    pub bidder: Place,
    /// The pacer's.
    pub pacer: Place,
}

/// Where one agent runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Place {
    /// In the server.
    Local,
    /// On the broker, as the version [`MAIN`].
    Broker,
    /// In a process, or several behind one address, reached at this `HOST:PORT` over gRPC.
    Grpc(String),
    /// In versions side by side.
    Versions(Vec<VersionPlace>),
}

/// A place as it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Word(String),
    Table(GrpcTable),
    List(Vec<VersionPlace>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrpcTable {
    grpc: String,
}

impl TryFrom<Written> for Place {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Table(GrpcTable { grpc }) => Ok(Self::Grpc(grpc)),
            Written::List(versions) => Ok(Self::Versions(versions)),
            Written::Word(word) => match word.as_str() {
                "local" => Ok(Self::Local),
                "broker" => Ok(Self::Broker),
                // One word, so that a variable or a flag can say it.
                other => other.strip_prefix("grpc://").map(|address| Self::Grpc(address.to_owned())).ok_or_else(|| {
                    format!("expected \"local\", \"broker\", \"grpc://HOST:PORT\" or a list of versions, was \"{other}\"")
                }),
            },
        }
    }
}

/// One of several versions of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionPlace {
    /// Its name, as its processes were started with.
    pub version: String,
    /// Its part in the sum of all weights; 0 for none.
    pub weight: u32,
    /// Its `HOST:PORT`; on the broker without one.
    pub grpc: Option<String>,
}

/// The version of an agent that has one only.
pub const MAIN: &str = "main";

impl Placement {
    /// Iterates over the agents with their places.
    pub fn places(&self) -> [(AgentName, &Place); 6] {
        [
            (AgentName::Intent, &self.intent),
            (AgentName::Guard, &self.guard),
            (AgentName::Safety, &self.safety),
            (AgentName::Relevance, &self.relevance),
            (AgentName::Bidder, &self.bidder),
            (AgentName::Pacer, &self.pacer),
        ]
    }

    /// Returns the agents that do not run in the server, each with its versions.
    pub fn elsewhere(&self) -> Vec<(AgentName, Vec<VersionPlace>)> {
        let versions = self.places().map(|(agent, place)| (agent, place.versions()));
        versions.into_iter().filter(|(_, versions)| !versions.is_empty()).collect()
    }
}

impl Place {
    /// Returns its versions; none where it runs in the server.
    pub fn versions(&self) -> Vec<VersionPlace> {
        let main = |grpc| vec![VersionPlace { version: MAIN.to_owned(), weight: 1, grpc }];
        match self {
            Self::Local => Vec::new(),
            Self::Broker => main(None),
            Self::Grpc(address) => main(Some(address.clone())),
            Self::Versions(versions) => versions.clone(),
        }
    }
}
