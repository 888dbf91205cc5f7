use motet_units::CpmMicros;
use proptest::prelude::*;

use crate::{Award, Entry, Mechanism, clear, minimum_to_win, rank};

fn cpm(units: f64) -> CpmMicros {
    CpmMicros::from_units(units)
}

fn entries(bids: &[f64]) -> Vec<Entry> {
    bids.iter().enumerate().map(|(index, &bid)| Entry::new(index, cpm(bid))).collect()
}

/// Clears bids in the order given; writes each award as `slot:entry@price`.
fn check(mechanism: Mechanism, bids: &[f64], floors: &[f64], expected: &str) {
    let floors: Vec<_> = floors.iter().map(|&floor| cpm(floor)).collect();
    let mut out = Vec::new();
    clear(mechanism, &entries(bids), &floors, &mut out);
    let got: Vec<_> = out.iter().map(|a| format!("{}:{}@{}", a.slot, a.entry.index, a.price)).collect();
    assert_eq!(got.join(" "), expected, "{mechanism:?} {bids:?} {floors:?}");
}

#[test]
fn the_winner_of_a_first_price_auction_pays_its_bid() {
    check(Mechanism::FirstPrice, &[1.0, 0.9], &[0.5], "0:0@1");
}

#[test]
fn a_bid_below_the_floor_never_wins() {
    for mechanism in [Mechanism::FirstPrice, Mechanism::SecondPrice, Mechanism::Gsp { slots: 3 }] {
        check(mechanism, &[0.84, 0.2], &[0.85], "");
        check(mechanism, &[], &[0.85], "");
        check(mechanism, &[1.0], &[], "");
    }
}

#[test]
fn a_bid_at_the_floor_wins_and_pays_it() {
    check(Mechanism::SecondPrice, &[0.85], &[0.85], "0:0@0.85");
}

#[test]
fn a_rival_below_the_floor_does_not_set_the_price() {
    check(Mechanism::SecondPrice, &[1.0, 0.8], &[0.85], "0:0@0.85");
}

#[test]
fn a_lower_bid_explored_on_top_pays_no_more_than_it_bid() {
    check(Mechanism::SecondPrice, &[0.5, 0.9], &[0.4], "0:0@0.5");
    check(Mechanism::SecondPrice, &[0.5, 0.3, 0.9], &[0.2], "0:0@0.3");
}

#[test]
fn each_gsp_slot_pays_the_next_bid() {
    check(Mechanism::Gsp { slots: 2 }, &[4.0, 3.0, 2.0], &[1.0; 5], "0:0@3 1:1@2");
    check(Mechanism::Gsp { slots: 5 }, &[4.0, 3.0, 2.0], &[1.0; 5], "0:0@3 1:1@2 2:2@1");
}

#[test]
fn a_slot_no_one_affords_stays_empty_and_the_next_is_filled() {
    check(Mechanism::Gsp { slots: 2 }, &[4.0, 3.0], &[5.0, 1.0], "1:0@3");
    check(Mechanism::Gsp { slots: 3 }, &[4.0, 3.0], &[1.0, 3.5, 0.5], "0:0@3 2:1@0.5");
}

#[test]
fn an_entry_passed_over_for_one_slot_is_considered_for_the_next() {
    check(Mechanism::Gsp { slots: 2 }, &[0.5, 0.9, 0.8], &[0.7, 0.1], "0:1@0.8 1:0@0.5");
}

#[test]
fn a_tie_goes_to_the_lower_key_then_the_lower_index() {
    let bid = cpm(1.0);
    let mut tied = [
        Entry { index: 0, bid, tie_break: 9 },
        Entry { index: 2, bid, tie_break: 3 },
        Entry { index: 1, bid, tie_break: 3 },
    ];
    rank(&mut tied);
    assert_eq!(tied.map(|entry| entry.index), [1, 2, 0]);
}

#[test]
fn with_no_winner_the_minimum_to_win_is_the_floor() {
    let ranked = entries(&[0.5]);
    let floors = [cpm(0.85)];
    for mechanism in [Mechanism::FirstPrice, Mechanism::SecondPrice] {
        let told = minimum_to_win(mechanism, &ranked, &floors, &[], cpm(0.01), 0);
        assert_eq!(told, Some(cpm(0.85)));
        assert_eq!(minimum_to_win(mechanism, &ranked, &floors, &[], cpm(0.01), 1), None);
        assert_eq!(minimum_to_win(mechanism, &ranked, &[], &[], cpm(0.01), 0), None);
    }
}

fn any_entries() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec((0_i64..12, 0_u64..3), 0..8).prop_map(|bids| {
        let entry = |(index, (bid, tie_break))| Entry { index, bid: CpmMicros::new(bid), tie_break };
        bids.into_iter().enumerate().map(entry).collect()
    })
}

fn any_floors() -> impl Strategy<Value = Vec<CpmMicros>> {
    prop::collection::vec((0_i64..12).prop_map(CpmMicros::new), 0..5)
}

fn any_mechanism() -> impl Strategy<Value = Mechanism> {
    prop_oneof![
        Just(Mechanism::FirstPrice),
        Just(Mechanism::SecondPrice),
        (0_usize..6).prop_map(|slots| Mechanism::Gsp { slots }),
    ]
}

fn awards(mechanism: Mechanism, ranked: &[Entry], floors: &[CpmMicros]) -> Vec<Award> {
    let mut out = Vec::new();
    clear(mechanism, ranked, floors, &mut out);
    out
}

fn wins(mechanism: Mechanism, mut entries: Vec<Entry>, floors: &[CpmMicros], index: usize) -> bool {
    rank(&mut entries);
    awards(mechanism, &entries, floors).iter().any(|award| award.entry.index == index)
}

proptest! {
    #[test]
    fn au_1_floor_is_at_most_price_is_at_most_bid_in_any_order(
        mechanism in any_mechanism(), unsorted in any_entries(), floors in any_floors(),
    ) {
        for award in awards(mechanism, &unsorted, &floors) {
            prop_assert!(floors[award.slot] <= award.price && award.price <= award.entry.bid);
            prop_assert_eq!(unsorted[award.rank], award.entry);
        }
    }

    #[test]
    fn au_2_raising_a_losing_bid_never_lowers_its_chance(
        mechanism in any_mechanism(), entries in any_entries(), floors in any_floors(),
        who in 0_usize..8, raise in 1_i64..12,
    ) {
        prop_assume!(who < entries.len());
        let before = wins(mechanism, entries.clone(), &floors, who);
        let mut raised = entries;
        raised[who].bid = CpmMicros::new(raised[who].bid.get() + raise);
        let after = wins(mechanism, raised, &floors, who);
        prop_assert!(after || !before, "won before, lost after raising");
    }

    #[test]
    fn no_slot_and_no_entry_is_awarded_twice(
        mechanism in any_mechanism(), ranked in any_entries(), floors in any_floors(),
    ) {
        let made = awards(mechanism, &ranked, &floors);
        for (place, award) in made.iter().enumerate() {
            for other in &made[place + 1..] {
                prop_assert!(award.slot < other.slot && award.rank != other.rank);
            }
        }
    }

    #[test]
    fn gsp_with_one_slot_is_second_price(entries in any_entries(), floors in any_floors()) {
        let gsp = awards(Mechanism::Gsp { slots: 1 }, &entries, &floors);
        prop_assert_eq!(gsp, awards(Mechanism::SecondPrice, &entries, &floors));
    }

    #[test]
    fn a_second_price_winner_pays_the_next_bid_or_the_floor(
        mut entries in any_entries(), floor in 0_i64..12,
    ) {
        rank(&mut entries);
        let floor = CpmMicros::new(floor);
        let made = awards(Mechanism::SecondPrice, &entries, &[floor]);
        if let Some(award) = made.first() {
            let next = entries.get(1).map_or(CpmMicros::ZERO, |entry| entry.bid);
            prop_assert_eq!((award.rank, award.price), (0, floor.max(next)));
        }
    }

    #[test]
    fn the_minimum_to_win_tells_winners_from_losers(
        mechanism in any_mechanism(), mut entries in any_entries(), floor in 0_i64..12,
    ) {
        rank(&mut entries);
        let floors = [CpmMicros::new(floor)];
        let made = awards(mechanism, &entries, &floors);
        for place in 0..entries.len() {
            let told = minimum_to_win(mechanism, &entries, &floors, &made, CpmMicros::new(1), place);
            let Some(told) = told else { continue };
            let won = made.iter().any(|award| award.rank == place);
            // Ties are told the price they tied at, as the standard's word "or tie" allows.
            let bid = entries[place].bid;
            prop_assert!((won && bid >= told) || (!won && bid <= told));
            prop_assert!(told >= floors[0]);
        }
    }
}
