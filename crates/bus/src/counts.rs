//! What a bus carried, and what it dropped.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one opened bus; they only rise.
#[derive(Debug, Default)]
pub struct Counts {
    published: AtomicU64,
    not_published: AtomicU64,
    received: AtomicU64,
    committed: AtomicU64,
    moved: AtomicU64,
    asked: AtomicU64,
    answered: AtomicU64,
    shed: AtomicU64,
    late_replies: AtomicU64,
    stale_asks: AtomicU64,
    faults: AtomicU64,
}

/// Counters as they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountsNow {
    /// Messages published and acknowledged.
    pub published: u64,
    /// Messages whose publishing failed; the publisher was told.
    pub not_published: u64,
    /// Messages received, redeliveries with them.
    pub received: u64,
    /// Commits that the bus took.
    pub committed: u64,
    /// Commits refused because the partition had moved.
    pub moved: u64,
    /// Calls begun.
    pub asked: u64,
    /// Asks answered by what is served here.
    pub answered: u64,
    /// Calls refused because too many were under way, and asks dropped for the same reason.
    pub shed: u64,
    /// Replies dropped because nobody waited for them any more.
    pub late_replies: u64,
    /// Asks dropped because their deadline had passed before they were read.
    pub stale_asks: u64,
    /// Faults of the connection that were waited out.
    pub faults: u64,
}

macro_rules! counter {
    ($add:ident, $field:ident) => {
        pub(crate) fn $add(&self, count: usize) {
            self.$field.fetch_add(count as u64, Ordering::Relaxed);
        }
    };
}

#[cfg_attr(
    not(all(feature = "kafka", feature = "nats")),
    allow(dead_code, reason = "some are counted by buses that are not built in")
)]
impl Counts {
    counter!(add_published, published);
    counter!(add_not_published, not_published);
    counter!(add_received, received);
    counter!(add_committed, committed);
    counter!(add_moved, moved);
    counter!(add_asked, asked);
    counter!(add_answered, answered);
    counter!(add_shed, shed);
    counter!(add_late_replies, late_replies);
    counter!(add_stale_asks, stale_asks);
    counter!(add_faults, faults);

    /// Returns the counters as they stand.
    pub fn now(&self) -> CountsNow {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CountsNow {
            published: read(&self.published),
            not_published: read(&self.not_published),
            received: read(&self.received),
            committed: read(&self.committed),
            moved: read(&self.moved),
            asked: read(&self.asked),
            answered: read(&self.answered),
            shed: read(&self.shed),
            late_replies: read(&self.late_replies),
            stale_asks: read(&self.stale_asks),
            faults: read(&self.faults),
        }
    }
}
