//! `motet bench`: figures with the command that makes them.

pub mod crash;
pub mod decide;
pub mod echo;
pub mod http;
pub mod ledger;
pub mod world;

/// Returns the value at a quantile of sorted values.
pub fn quantile<T: Copy>(sorted: &[T], q: f64) -> Option<T> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * q).round() as usize).copied()
}
