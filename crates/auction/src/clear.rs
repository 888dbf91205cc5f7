//! Who gets which slot, and the price of each.

use motet_units::CpmMicros;
use serde::{Deserialize, Serialize};

use crate::Entry;

/// How prices are made from bids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mechanism {
    /// Every winner pays its own bid; one slot per floor given.
    FirstPrice,
    /// One slot, under the first floor given; the winner pays the next bid.
    SecondPrice,
    /// Generalised second price: each winner pays the next bid below it.
    Gsp {
        /// The most slots to fill; never more than floors given.
        slots: usize,
    },
}

impl Mechanism {
    /// Returns how many slots can be filled under this many floors.
    pub(crate) fn slots(self, floors: usize) -> usize {
        match self {
            Self::FirstPrice => floors,
            Self::SecondPrice => floors.min(1),
            Self::Gsp { slots } => floors.min(slots),
        }
    }
}

/// One slot won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Award {
    /// The slot's position in the floors given, from 0.
    pub slot: usize,
    /// The winner's position in the ranked entries, from 0.
    pub rank: usize,
    /// The winning entry.
    pub entry: Entry,
    /// What the winner pays, per thousand impressions: at least the slot's floor, at most its bid.
    pub price: CpmMicros,
}

/// Awards slots to entries already in rank order, appending to `out` one award per slot filled, in slot order.
///
/// `floors` holds one floor per slot. `out` is cleared first. Entries below a slot's floor never win it. Where
/// a lower bid was ranked above a higher one (exploration), the winner's price is capped at its own bid.
///
/// ```
/// use motet_auction::{Entry, Mechanism, clear};
/// use motet_units::CpmMicros;
/// let cpm = CpmMicros::from_units;
/// let ranked = [Entry::new(7, cpm(1.00)), Entry::new(8, cpm(0.90)), Entry::new(9, cpm(0.80))];
/// let mut out = Vec::new();
///
/// clear(Mechanism::FirstPrice, &ranked, &[cpm(0.85)], &mut out);
/// assert_eq!((out[0].entry.index, out[0].price), (7, cpm(1.00)));
///
/// clear(Mechanism::SecondPrice, &ranked, &[cpm(0.85)], &mut out);
/// assert_eq!((out[0].entry.index, out[0].price), (7, cpm(0.90)));
///
/// // Two slots: the second winner would pay 0.80 to stay above the third, but its floor asks for 0.85.
/// clear(Mechanism::Gsp { slots: 2 }, &ranked, &[cpm(0.85), cpm(0.85)], &mut out);
/// let paid: Vec<_> = out.iter().map(|a| (a.slot, a.entry.index, a.price)).collect();
/// assert_eq!(paid, [(0, 7, cpm(0.90)), (1, 8, cpm(0.85))]);
/// ```
pub fn clear(mechanism: Mechanism, ranked: &[Entry], floors: &[CpmMicros], out: &mut Vec<Award>) {
    out.clear();
    for (slot, &floor) in floors.iter().enumerate().take(mechanism.slots(floors.len())) {
        let Some(rank) = next_able(ranked, floor, out, None) else { continue };
        let entry = ranked[rank];
        let price = match mechanism {
            Mechanism::FirstPrice => entry.bid,
            Mechanism::SecondPrice | Mechanism::Gsp { .. } => {
                let rival = next_able(ranked, floor, out, Some(rank));
                entry.bid.min(rival.map_or(floor, |rival| ranked[rival].bid))
            }
        };
        debug_assert!(floor <= price && price <= entry.bid, "AU-1: {floor:?} ≤ {price:?} ≤ {:?}", entry.bid);
        out.push(Award { slot, rank, entry, price });
    }
}

/// Finds the first entry that can afford a floor and has no award yet, passing over one rank.
///
/// Slots are few, so looking through the awards made beats keeping a set beside them.
pub(crate) fn next_able(
    ranked: &[Entry],
    floor: CpmMicros,
    awarded: &[Award],
    passed_over: Option<usize>,
) -> Option<usize> {
    ranked.iter().enumerate().position(|(rank, entry)| {
        entry.bid >= floor && passed_over != Some(rank) && awarded.iter().all(|award| award.rank != rank)
    })
}
