//! The order of entries: highest bid first, ties by a key the caller draws.

use std::cmp::Reverse;

use motet_units::CpmMicros;

/// One bid in an auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The bidder's own index for this bid, carried through to the award.
    pub index: usize,
    /// The most it pays, per thousand impressions.
    pub bid: CpmMicros,
    /// Breaks ties between equal bids: the lower key goes first. Draw it per decision for a fair tie.
    pub tie_break: u64,
}

impl Entry {
    /// Makes an entry whose ties go to the lower index.
    pub const fn new(index: usize, bid: CpmMicros) -> Self {
        Self { index, bid, tie_break: 0 }
    }
}

/// Sorts entries into rank order: highest bid, then lowest tie-break key, then lowest index. In place.
///
/// ```
/// use motet_auction::{Entry, rank};
/// use motet_units::CpmMicros;
/// let cpm = CpmMicros::from_units;
/// let mut entries = [Entry::new(0, cpm(0.90)), Entry::new(1, cpm(1.00)), Entry::new(2, cpm(1.00))];
/// rank(&mut entries);
/// assert_eq!(entries.map(|e| e.index), [1, 2, 0]);
/// ```
pub fn rank(entries: &mut [Entry]) {
    entries.sort_unstable_by_key(|entry| (Reverse(entry.bid), entry.tie_break, entry.index));
}
