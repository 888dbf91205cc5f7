//! What would have won: the figure a bidder learns shading from.

use motet_units::CpmMicros;

use crate::{Award, Entry, Mechanism};

/// Returns the price an entry needed to win (or tie), as `OpenRTB`'s `AUCTION_MIN_TO_WIN` reports it.
///
/// `ranked` and `floors` are those the auction was cleared with, `awards` what [`clear`](crate::clear) gave, and
/// `rank` the entry asked about. A winner is told the best rival for its slot, or the floor. A loser is told the
/// price at which the last slot cleared: the winner's own bid under first price, but under the second-price
/// mechanisms the clearing price plus `increment` (the exchange's step over the next bid, 0.01 in many; at most
/// the winner's bid), so that a winner's true bid is not given away. With no slot filled the answer is the
/// lowest floor. `None` when `rank` names no entry or there is no slot.
///
/// The standard's two tables: floor 0.85, bids 1.00, 0.90 and 0.80.
///
/// ```
/// use motet_auction::{Entry, Mechanism, clear, minimum_to_win};
/// use motet_units::CpmMicros;
/// let cpm = CpmMicros::from_units;
/// let ranked = [Entry::new(0, cpm(1.00)), Entry::new(1, cpm(0.90)), Entry::new(2, cpm(0.80))];
/// let floors = [cpm(0.85)];
/// let table = |mechanism| {
///     let mut awards = Vec::new();
///     clear(mechanism, &ranked, &floors, &mut awards);
///     [0, 1, 2].map(|rank| minimum_to_win(mechanism, &ranked, &floors, &awards, cpm(0.01), rank).unwrap())
/// };
/// assert_eq!(table(Mechanism::FirstPrice), [cpm(0.90), cpm(1.00), cpm(1.00)]);
/// assert_eq!(table(Mechanism::SecondPrice), [cpm(0.90), cpm(0.91), cpm(0.91)]);
/// ```
pub fn minimum_to_win(
    mechanism: Mechanism,
    ranked: &[Entry],
    floors: &[CpmMicros],
    awards: &[Award],
    increment: CpmMicros,
    rank: usize,
) -> Option<CpmMicros> {
    let slots = &floors[..mechanism.slots(floors.len())];
    let lowest_floor = slots.iter().copied().min()?;
    if rank >= ranked.len() {
        return None;
    }
    if let Some(place) = awards.iter().position(|award| award.rank == rank) {
        return Some(to_keep(ranked, floors, awards, place));
    }
    Some(awards.last().map_or(lowest_floor, |last| to_take(mechanism, last, increment)))
}

/// Returns what the winner of the award at `place` needed to keep its slot.
fn to_keep(ranked: &[Entry], floors: &[CpmMicros], awards: &[Award], place: usize) -> CpmMicros {
    let award = &awards[place];
    let floor = floors[award.slot];
    let rival = crate::clear::next_able(ranked, floor, &awards[..=place], None);
    rival.map_or(floor, |rival| ranked[rival].bid)
}

/// Returns what a loser needed to take the last slot won.
fn to_take(mechanism: Mechanism, last: &Award, increment: CpmMicros) -> CpmMicros {
    match mechanism {
        Mechanism::FirstPrice => last.price,
        Mechanism::SecondPrice | Mechanism::Gsp { .. } => {
            CpmMicros::new(last.price.get() + increment.get()).min(last.entry.bid)
        }
    }
}
