//! The HTTP edge: the only crate with async, sockets and a wall clock.
//!
//! Start at [`http::serve`]. [`config`] is everything that can be set, [`tokens`] signs what leaves with a bid,
//! [`http`] answers, [`api`] is the campaign API, [`platform`] is what they ask of the engine behind them,
//! [`runtime`] is that engine with its threads and journal, [`policies`] brings trained policies into its service, and
//! [`bus`] carries what it records out to topics, and notices in from them.
//!
//! Secrets never reach a log, a `Debug` form or an error message.

pub mod api;
pub mod artf;
pub mod bus;
pub mod config;
pub mod http;
pub mod logging;
#[cfg(feature = "postgres")]
pub mod nodes;
pub mod placing;
pub mod platform;
pub mod policies;
pub mod probe;
pub mod runtime;
pub mod tokens;
