//! How much a node asks for: enough for a few renewals of its recent use, and little where it has none.

use motet_units::Nanos;

/// What a node sees of its own use of one campaign when it renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Use {
    /// What it has committed since the day began: spent and reserved.
    pub committed: Nanos,
    /// What it may commit: its lease.
    pub limit: Nanos,
    /// The dearest bid that did not fit since the last renewal; 0 where all did.
    pub lacked: Nanos,
}

/// Renewals whose use a slice is to last for.
const RENEWALS: i64 = 8;
/// Bids a node that found too little asks for.
const BIDS: i64 = 8;
/// Renewals without any use after which nothing is held any more.
const IDLE: u32 = 600;

/// A node's memory of its use of one campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Slicer {
    committed: Nanos,
    /// What a renewal's time used of late, at least half of it each time.
    pace: Nanos,
    dearest: Nanos,
    /// Renewals since the last use.
    idle: u32,
}

impl Slicer {
    /// Notes what was used since the last renewal, and returns the slice to hold beyond what is committed.
    ///
    /// A slice lasts for eight renewals of the recent use. Where bids did not fit, it is also at least eight of them and
    /// twice what there was, so that it doubles until they fit. Use that ends halves it with every renewal, down to eight bids,
    /// so that now and then a bid finds its money; after 600 renewals without any, down to nothing.
    ///
    /// ```
    /// use motet_lease::{Slicer, Use};
    /// use motet_units::Nanos;
    /// let seen = |committed, limit, lacked| Use {
    ///     committed: Nanos::new(committed),
    ///     limit: Nanos::new(limit),
    ///     lacked: Nanos::new(lacked),
    /// };
    /// let mut slicer = Slicer::default();
    /// // Nothing is known of a bid: nothing is asked for.
    /// assert_eq!(slicer.slice(seen(0, 0, 0)), Nanos::ZERO);
    /// // A bid of 5 did not fit: room for eight such.
    /// assert_eq!(slicer.slice(seen(0, 0, 5)), Nanos::new(40));
    /// // 30 used since: eight times that.
    /// assert_eq!(slicer.slice(seen(30, 40, 0)), Nanos::new(240));
    /// // None since: half of it, and less with every renewal, but room for eight bids.
    /// assert_eq!(slicer.slice(seen(30, 270, 0)), Nanos::new(120));
    /// assert_eq!(slicer.slice(seen(30, 150, 0)), Nanos::new(56));
    /// assert_eq!(slicer.slice(seen(30, 150, 0)), Nanos::new(40));
    /// ```
    pub fn slice(&mut self, seen: Use) -> Nanos {
        let used = (seen.committed - self.committed).max(Nanos::ZERO);
        self.committed = seen.committed;
        self.pace = used.max(Nanos::new(self.pace.get() / 2));
        let active = used.is_positive() || seen.lacked.is_positive();
        self.idle = if active { 0 } else { self.idle.saturating_add(1) };
        let mut slice = Nanos::new(self.pace.get().saturating_mul(RENEWALS));
        if seen.lacked.is_positive() {
            self.dearest = seen.lacked.max(self.dearest);
            let had = (seen.limit - seen.committed).max(Nanos::ZERO);
            let doubled = Nanos::new(had.get().saturating_mul(2));
            slice = slice.max(doubled);
        }
        if self.idle < IDLE { slice.max(self.least()) } else { slice }
    }

    /// Returns what is remembered when a new day begins: the pace, and nothing committed.
    #[must_use]
    pub const fn on_a_new_day(self) -> Self {
        Self { committed: Nanos::ZERO, ..self }
    }

    /// Returns the least that is of use: room for eight of the dearest bids that ever did not fit.
    pub fn least(&self) -> Nanos {
        Nanos::new(self.dearest.get().saturating_mul(BIDS))
    }
}
