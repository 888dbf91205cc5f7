//! The command line's clocks.

use std::time::Instant;

/// Returns the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "this is the edge, where the clock is read")]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}
