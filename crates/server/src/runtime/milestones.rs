//! When a request passed each stage on its way through the runtime.

use std::{fmt::Write as _, time::Instant};

/// When one request passed each stage.
#[derive(Clone, Copy, Debug)]
pub struct Milestones {
    queued: Instant,
    taken: Instant,
    decided: Instant,
    /// When the write of its batch began and when it was on the disk; only a bid waits for that.
    committed: Option<(Instant, Instant)>,
}

impl Milestones {
    /// Makes the milestones of a request that was queued for the engine, taken by it, and decided.
    pub const fn new(queued: Instant, taken: Instant, decided: Instant) -> Self {
        Self { queued, taken, decided, committed: None }
    }

    /// States when the write of its record began and when it was on the disk.
    pub(crate) const fn made_durable(&mut self, writing: Instant, durable: Instant) {
        self.committed = Some((writing, durable));
    }

    /// Writes how long each stage took, in milliseconds, as the value of a `Server-Timing` header:
    ///
    /// | stage | from | to |
    /// |---|---|---|
    /// | `edge` | the request's head was read | it was put in the engine's queue: body, parse, consent |
    /// | `queue` | | the engine took it |
    /// | `decide` | | it was decided and its record encoded |
    /// | `gather` | | the write of its batch began |
    /// | `commit` | | the batch was on the disk |
    /// | `wake` | decided, or on the disk | the handler went on |
    /// | `encode` | | the answer was written |
    pub(crate) fn server_timing(&self, received: Instant, woken: Instant, encoded: Instant) -> String {
        let (writing, durable) = self.committed.unwrap_or((self.decided, self.decided));
        let stages = [
            ("edge", received, self.queued),
            ("queue", self.queued, self.taken),
            ("decide", self.taken, self.decided),
            ("gather", self.decided, writing),
            ("commit", writing, durable),
            ("wake", durable, woken),
            ("encode", woken, encoded),
        ];
        let mut value = String::with_capacity(160);
        for (place, (stage, from, to)) in stages.into_iter().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            let us = to.saturating_duration_since(from).as_micros();
            write!(value, "{separator}{stage};dur={}.{:03}", us / 1_000, us % 1_000)
                .expect("writing to a String cannot fail");
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::runtime::monotonic;

    #[test]
    fn the_stages_of_a_request_follow_each_other() {
        let start = monotonic();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut milestones = Milestones::new(at(1), at(3), at(6));
        let before = milestones.server_timing(start, at(28), at(36));
        assert!(before.contains("gather;dur=0.000, commit;dur=0.000, wake;dur=22.000"), "{before}");
        milestones.made_durable(at(10), at(21));
        assert_eq!(
            milestones.server_timing(start, at(28), at(36)),
            "edge;dur=1.000, queue;dur=2.000, decide;dur=3.000, gather;dur=4.000, commit;dur=11.000, \
             wake;dur=7.000, encode;dur=8.000"
        );
    }
}
