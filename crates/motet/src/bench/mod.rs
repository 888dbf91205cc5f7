//! `motet bench`: figures with the command that makes them.

pub(crate) mod agents;
pub(crate) mod bus;
pub(crate) mod bus_faults;
pub(crate) mod bus_feed;
pub(crate) mod crash;
pub(crate) mod decide;
pub(crate) mod echo;
pub(crate) mod http;
pub(crate) mod ledger;
#[cfg(feature = "postgres")]
pub(crate) mod nodes;
pub(crate) mod sim;
mod sim_world;
pub(crate) mod world;

/// Returns the value at a quantile of sorted values.
pub(crate) fn quantile<T: Copy>(sorted: &[T], q: f64) -> Option<T> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * q).round() as usize).copied()
}
