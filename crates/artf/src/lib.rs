//! The open agent interface: IAB Tech Lab's Agentic RTB Framework (ARTF) 1.0, both ways.
//!
//! * As **orchestrator**, Motet calls agents of others ([`Orchestrator`]): in parallel, each with the least data its intents
//!   need ([`least`]), within a bounded part of the request's own time, behind a breaker each (`breaker`). Every
//!   mutation is judged alone and gets one verdict with a reason ([`judge`]).
//! * As **extension point**, Motet's own agents answer other hosts ([`ExtensionPoint`]): what they say of the host's auction
//!   becomes mutations ([`views`]).
//!
//! What it never does: it sends no identity, address or page out; it raises no bid; it makes no request wait past its
//! deadline; it takes no mutation on trust. It knows neither HTTP nor the engine's thread: whoever runs it tells it how to
//! ask the agents ([`Counsellor`]) and whom to tell what happened ([`Witness`]).
//!
//! The wire is ARTF's and OpenRTB's own, from protos written here with the public names and numbers ([`proto`]).

mod breaker;
pub mod intents;
pub mod judge;
pub mod least;
pub mod manifest;
mod money;
pub mod openrtb_json;
pub mod options;
mod orchestrator;
mod path;
pub mod proto;
mod serve;
#[cfg(test)]
mod testing;
pub mod views;
mod witness;

pub use intents::IntentSet;
pub use judge::{Refusal, Verdict};
pub use money::Money;
pub use options::{AgentOptions, DealTerms, Error, LifecycleName, Options};
pub use orchestrator::{Orchestrator, ShadedBid};
pub use path::Target;
pub use serve::{Ask, Counsellor, ExtensionPoint, Limits, NoCounsel, Said, serve};
pub use witness::{CallOutcome, Silent, Witness};

/// The version of the interface that is spoken.
pub const API_VERSION: &str = "1.0";
