//! Bids that went out lower than decided, and views for the auctions of others.

use motet_agent::SafetyReason;
use motet_model::{ids::BidId, request::Ownership};

use super::*;

fn shade(desk: &mut Desk, shades: &[Shade]) -> Result<(), String> {
    match desk.take(Event::Shaded(shades.to_vec())) {
        Effect::Changed(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

fn just_below(bid: &Bid) -> Shade {
    Shade { bid: bid.id, price: CpmMicros::new(bid.price.get() - 1) }
}

#[test]
fn a_shaded_bid_costs_what_it_went_out_at_and_gives_the_rest_back() {
    let mut desk = Desk::open(100.0);
    let bid = desk.bid();
    let lower = just_below(&bid);
    shade(&mut desk, &[lower]).unwrap();
    assert_eq!(desk.held(), bid.reserved, "what is held stays until the outcome is known");
    let judgement = desk.tell(&bid, billed(Some(bid.price)));
    assert_eq!(judgement.charged, lower.price.per_impression(), "never more than was bid");
    assert_eq!((desk.spent(), desk.held()), (lower.price.per_impression(), Nanos::ZERO));
    desk.engine.check().unwrap();
}

#[test]
fn no_shade_raises_a_bid_or_brings_it_to_nothing_and_one_wrong_leaves_all() {
    let mut desk = Desk::open(100.0);
    let bid = desk.bid();
    let good = just_below(&bid);
    for price in [0, bid.price.get(), bid.price.get() + 1] {
        let wrong = Shade { bid: bid.id, price: CpmMicros::new(price) };
        assert!(shade(&mut desk, &[good, wrong]).is_err(), "{price}");
        assert_eq!(desk.engine.bid(bid.id).unwrap().bid.price, bid.price);
    }
    let unknown = Shade { bid: BidId { imp: 9, ..bid.id }, ..good };
    assert!(shade(&mut desk, &[unknown]).is_err());
    desk.tell(&bid, NoticeKind::Won { price: None, minimum_to_win: None });
    assert!(shade(&mut desk, &[good]).is_err(), "once its outcome is known a price is history");
}

#[test]
fn a_shade_under_the_floor_or_on_our_own_inventory_is_refused() {
    let mut desk = Desk::open(100.0);
    let floor = CpmMicros::from_units(0.5);
    let floored = |n| {
        let mut request = request(n);
        request.imps.iter_mut().for_each(|imp| imp.floor = floor);
        request
    };
    let bid = (0..50).find_map(|n| desk.ask(floored(n)).ok()).expect("fifty requests bring a bid");
    let under = Shade { bid: bid.id, price: CpmMicros::new(floor.get() - 1) };
    assert!(shade(&mut desk, &[under]).unwrap_err().contains("expected a price"));
    let owned = |n| {
        let mut request = request(n);
        request.inventory.ownership = Ownership::Owned;
        request
    };
    let bid = (50..99).find_map(|n| desk.ask(owned(n)).ok()).expect("fifty requests bring a bid");
    assert!(shade(&mut desk, &[just_below(&bid)]).unwrap_err().contains("own inventory"));
}

#[test]
fn a_shaded_bid_is_replayed_as_it_was() {
    let mut desk = Desk::open(100.0);
    let bid = desk.bid();
    shade(&mut desk, &[just_below(&bid)]).unwrap();
    desk.tell(&bid, billed(None));
    let mut again = Engine::new(Options::default(), 1);
    desk.journal.iter().for_each(|record| again.retake(record).unwrap());
    assert_eq!(again.totals(), desk.engine.totals());
}

/// Lets exchanges tell of auctions whose highest other bid lay at 1 CPM, often enough that the market is known.
fn learn_prices(desk: &mut Desk) {
    let minimum_to_win = Some(CpmMicros::from_units(1.0));
    for n in 0..400 {
        let Ok(bid) = desk.ask(request(n)) else { continue };
        desk.tell(&bid, NoticeKind::Won { price: None, minimum_to_win });
        desk.tell(&bid, billed(Some(CpmMicros::new(bid.price.get().min(1_000_000)))));
    }
}

#[test]
fn counsel_tells_of_prices_as_they_were_learned_and_changes_nothing() {
    let mut desk = Desk::open(10_000.0);
    learn_prices(&mut desk);
    let mut request = request(1_000);
    request.pricing = motet_model::request::Pricing::FirstPrice;
    let offer = Offer { imp: 0, deal: None, price: CpmMicros::from_units(5.0) };
    let astray = Offer { imp: 9, ..offer };
    let question = Question { request, offers: vec![offer, astray] };
    let before = desk.engine.save();
    let counsel = desk.engine.consult(&question);
    assert_eq!(desk.engine.consult(&question), counsel, "the same question gets the same answer");
    assert!(desk.engine.save() == before, "nothing is learned from being asked");
    let appraisal = counsel.offers[0].unwrap();
    assert!(appraisal.evidence > 50.0, "{appraisal:?}");
    assert!(appraisal.bid < CpmMicros::from_units(1.5), "the market clears at 1: {appraisal:?}");
    assert_eq!((counsel.offers[1], counsel.refused), (None, None));
    assert!(counsel.p_click[0].is_some());
}

#[test]
fn a_request_that_safety_refuses_gets_no_counsel_and_a_child_no_interests() {
    let mut desk = Desk::open(100.0);
    let mut child = request(1);
    child.privacy.coppa = true;
    child.user.key = Some(motet_model::ids::UserKey(7));
    let counsel = desk.engine.consult(&Question { request: child, offers: Vec::new() });
    assert!(counsel.interests.0.is_empty(), "{counsel:?}");
    desk.take(Event::Changed(vec![Change::Kill(Switch::Everything)]));
    let offers = vec![Offer { imp: 0, deal: None, price: CpmMicros::from_units(5.0) }];
    let counsel = desk.engine.consult(&Question { request: request(2), offers });
    // A pulled switch stops our bids; other auctions are none of ours to stop.
    assert_ne!(counsel.refused, Some(SafetyReason::Child));
}
