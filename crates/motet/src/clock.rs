//! The command line's clocks.

use std::time::{Duration, Instant};

/// Returns how many threads the machine runs at once.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Returns the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "this is the edge, where the clock is read")]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// Returns the wall clock, in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "this is the edge, where the clock is read")]
pub(crate) fn wall_s() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// Returns the processor time this thread has used, where the system tells it (Linux).
pub(crate) fn thread_cpu() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
