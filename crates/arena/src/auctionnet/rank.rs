//! The four highest bids of every impression, without sorting.
//!
//! A bid and its bidder travel as one `f32`: the low six of the bid's 24 significant bits give way to the bidder's number,
//! so the bid is rounded down by at most 8 in a million and a comparison of words is a comparison of bids with ties by
//! index. Four running maxima per impression take in one bidder after another with a minimum and a maximum each: no
//! branch, no index, and as many impressions at once as the machine's vectors hold.

/// Places kept: three slots and the price of the third.
pub(crate) const PLACES: usize = 4;

const LANES: usize = 8;
const BIDDER_BITS: u32 = 63;
/// No bid counts beyond this; it keeps prices within the range of nanos with room.
const HIGHEST_BID: f32 = 1e6;

/// What one advertiser bids in a tick: the values (or bids) and what to multiply them by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) multiplier: f32,
}

/// The four highest bids of each impression, the highest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranks {
    places: [Vec<f32>; PLACES],
}

/// The four highest bids of one impression.
pub(crate) type Top = [f32; PLACES];

/// Returns the bid of a ranked word.
#[inline]
pub(crate) const fn bid_of(word: f32) -> f32 {
    f32::from_bits(word.to_bits() & !BIDDER_BITS)
}

/// Returns the bidder of a ranked word.
#[inline]
pub(crate) const fn bidder_of(word: f32) -> usize {
    (BIDDER_BITS - (word.to_bits() & BIDDER_BITS)) as usize
}

/// Returns whether a ranked word is this bidder's.
#[inline]
pub(crate) const fn is_of(word: f32, bidder: usize) -> bool {
    word.to_bits() & BIDDER_BITS == BIDDER_BITS - bidder as u32
}

/// Returns a multiplier or bid that can be ranked: not negative, not beyond the highest, a number.
pub(crate) const fn sane(bid: f32) -> f32 {
    if bid > 0.0 { bid.min(HIGHEST_BID) } else { 0.0 }
}

#[inline]
fn word(bid: f32, bidder: usize) -> f32 {
    f32::from_bits((bid.to_bits() & !BIDDER_BITS) | (BIDDER_BITS - bidder as u32))
}

#[inline]
fn take_in<const N: usize>(top: &mut [[f32; N]; PLACES], words: [f32; N]) {
    let mut words = words;
    for place in top {
        for l in 0..N {
            let (held, new) = (place[l], words[l]);
            place[l] = if held > new { held } else { new };
            words[l] = if held > new { new } else { held };
        }
    }
}

impl Ranks {
    /// Ranks every impression. The rows must reach to a whole number of eight impressions.
    pub(crate) fn rank_all(&mut self, offers: &[Offer<'_>], impressions: usize) {
        let padded = padded(impressions);
        for place in &mut self.places {
            place.clear();
            place.resize(padded, 0.0);
        }
        let rows: Vec<&[[f32; LANES]]> = offers.iter().map(|o| o.row[..padded].as_chunks().0).collect();
        let [first, second, third, fourth] = self.places.each_mut().map(|p| p.as_chunks_mut::<LANES>().0);
        for block in 0..padded / LANES {
            let mut top = [[0.0; LANES]; PLACES];
            for (bidder, (row, offer)) in rows.iter().zip(offers).enumerate() {
                take_in(&mut top, row[block].map(|value| word(value * offer.multiplier, bidder)));
            }
            [first[block], second[block], third[block], fourth[block]] = top;
        }
    }

    /// Ranks one impression again, without the bids of the advertisers whose bit is set in `dropped`.
    pub(crate) fn rank_one(&mut self, offers: &[Offer<'_>], impression: usize, dropped: u64) {
        let mut top = [[0.0]; PLACES];
        for (bidder, offer) in offers.iter().enumerate() {
            let bid = if dropped >> bidder & 1 == 1 { 0.0 } else { offer.row[impression] * offer.multiplier };
            take_in(&mut top, [word(bid, bidder)]);
        }
        for (place, [word]) in self.places.iter_mut().zip(top) {
            place[impression] = word;
        }
    }

    /// Returns the ranked words, place by place, in blocks of eight impressions.
    pub(crate) fn blocks(&self) -> [&[[f32; LANES]]; PLACES] {
        self.places.each_ref().map(|place| place.as_chunks().0)
    }

    /// Returns the four highest bids of one impression.
    #[inline]
    pub(crate) fn top(&self, impression: usize) -> Top {
        self.places.each_ref().map(|place| place[impression])
    }
}

/// Returns how long a row must be to hold this many impressions in whole blocks.
pub(crate) const fn padded(impressions: usize) -> usize {
    impressions.next_multiple_of(LANES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use motet_units::Chance;
    use proptest::prelude::*;

    /// Sorts every bid of one impression, the plain way.
    fn sorted(offers: &[Offer<'_>], impression: usize, dropped: u64) -> Vec<(f32, usize)> {
        let bid = |(bidder, offer): (usize, &Offer<'_>)| {
            let bid = if dropped >> bidder & 1 == 1 { 0.0 } else { offer.row[impression] * offer.multiplier };
            (bid_of(bid), bidder)
        };
        let mut bids: Vec<_> = offers.iter().enumerate().map(bid).collect();
        bids.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
        bids
    }

    proptest! {
        #[test]
        fn ranking_equals_sorting(seed: u64, bidders in 1_usize..=63, impressions in 1_usize..40, ties: bool, dropped: u64) {
            let mut stream = Chance::new(seed, 0).stream("bids");
            let mut row = || -> Vec<f32> {
                let one = |_| if ties { stream.below(3) as f32 } else { stream.unit() as f32 * 0.01 };
                (0..padded(impressions)).map(one).collect()
            };
            let rows: Vec<_> = (0..bidders).map(|_| row()).collect();
            let offers: Vec<_> = rows.iter().map(|row| Offer { row, multiplier: 90.0 }).collect();
            let mut ranks = Ranks::default();
            ranks.rank_all(&offers, impressions);
            for impression in 0..impressions {
                for dropped in [0, dropped] {
                    if dropped != 0 {
                        ranks.rank_one(&offers, impression, dropped);
                    }
                    let found: Vec<_> = ranks.top(impression).map(|w| (bid_of(w), bidder_of(w))).into();
                    let plain = sorted(&offers, impression, dropped);
                    let held = bidders.min(PLACES);
                    prop_assert_eq!(&found[..held], &plain[..held]);
                    prop_assert!(found[held..].iter().all(|(bid, _)| *bid == 0.0));
                }
            }
        }
    }

    #[test]
    fn a_bid_that_is_no_number_counts_as_nothing() {
        let kept = [f32::NAN, -1.0, f32::INFINITY, 0.5].map(|bid| sane(bid).to_bits());
        assert_eq!(kept, [0.0, 0.0, HIGHEST_BID, 0.5].map(f32::to_bits));
    }
}
