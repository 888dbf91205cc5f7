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

/// A node's memory of its use of one campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Slicer {
    committed: Nanos,
    /// What a renewal's time used of late, at least half of it each time.
    pace: Nanos,
    dearest: Nanos,
}

impl Slicer {
    /// Notes what was used since the last renewal, and returns the slice to hold beyond what is committed.
    ///
    /// A slice lasts for eight renewals of the recent use. Where bids did not fit, it is also at least eight of them and
    /// twice what there was, so that it doubles until they fit. Use that ends halves it with every renewal, down to nothing.
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
    /// // None since: half of it, until it is not worth holding.
    /// assert_eq!(slicer.slice(seen(30, 270, 0)), Nanos::new(120));
    /// ```
    pub fn slice(&mut self, seen: Use) -> Nanos {
        let used = (seen.committed - self.committed).max(Nanos::ZERO);
        self.committed = seen.committed;
        self.pace = used.max(Nanos::new(self.pace.get() / 2));
        let mut slice = Nanos::new(self.pace.get().saturating_mul(RENEWALS));
        if seen.lacked.is_positive() {
            self.dearest = seen.lacked.max(self.dearest);
            let had = (seen.limit - seen.committed).max(Nanos::ZERO);
            let doubled = Nanos::new(had.get().saturating_mul(2));
            slice = slice.max(Nanos::new(seen.lacked.get().saturating_mul(BIDS))).max(doubled);
        }
        slice
    }

    /// Returns the least that is of use: room for eight of the dearest bids that ever did not fit.
    pub fn least(&self) -> Nanos {
        Nanos::new(self.dearest.get().saturating_mul(BIDS))
    }
}
