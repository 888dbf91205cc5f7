//! What a remote agent's process starts from, and where that comes from.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use motet_agent::AgentName;
use motet_engine::{Engine, Options};
use motet_messages::feed;
use motet_policy::PolicySet;
use motet_units::Timestamp;

/// An agent's state at one point of its feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The last message of the feed that is in it.
    pub sequence: u64,
    /// The message that holds it.
    pub message: Bytes,
}

/// Gives seats as the engine stands; implemented by whoever drives it.
pub trait Seats: Send + Sync + std::fmt::Debug {
    /// Returns an agent's seat; `None` when the engine is stopping.
    fn seat(&self, agent: AgentName) -> BoxFuture<'_, Option<Seat>>;
}

/// Writes an agent's seat as the engine stands. To be called where the engine is stepped: the feed must not move meanwhile.
pub fn write(engine: &Engine, its: &crate::Feed, now: Timestamp) -> Seat {
    let (agent, sequence) = (its.agent(), its.last());
    let options = engine.options();
    let seat = feed::Seat {
        agent,
        catalog: engine.catalog().as_ref().clone(),
        options_json: options_json(agent, options),
        state: engine.learned(agent),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        policies: options.policies.as_deref().map_or_else(PolicySet::fixed, Clone::clone),
    };
    let envelope = its.envelope(sequence, now);
    Seat { sequence, message: feed::encode_seat(&envelope, sequence, &seat).into() }
}

/// Returns one agent's options as JSON.
fn options_json(agent: AgentName, options: &Options) -> String {
    let json = match agent {
        AgentName::Intent => serde_json::to_string(&options.intent),
        AgentName::Guard => serde_json::to_string(&options.guard),
        AgentName::Safety => serde_json::to_string(&options.safety),
        AgentName::Relevance => serde_json::to_string(&options.relevance),
        AgentName::Bidder => serde_json::to_string(&options.bidder),
        AgentName::Pacer => serde_json::to_string(&options.pacer),
        AgentName::Baseline => Ok("{}".to_owned()),
    };
    json.expect("options are plain data with text keys")
}

/// Reads one agent's options from JSON; all others are their defaults.
///
/// # Errors
/// When they are not that agent's options.
pub(crate) fn read_options(agent: AgentName, json: &str) -> Result<Options, serde_json::Error> {
    let mut options = Options::default();
    match agent {
        AgentName::Intent => options.intent = serde_json::from_str(json)?,
        AgentName::Guard => options.guard = serde_json::from_str(json)?,
        AgentName::Safety => options.safety = serde_json::from_str(json)?,
        AgentName::Relevance => options.relevance = serde_json::from_str(json)?,
        AgentName::Bidder => options.bidder = serde_json::from_str(json)?,
        AgentName::Pacer => options.pacer = serde_json::from_str(json)?,
        AgentName::Baseline => {}
    }
    Ok(options)
}
