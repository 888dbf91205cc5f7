mod leases;
mod naive;
mod random;
mod withheld;

use motet_model::ids::{BidId, CampaignIx, DecisionId};
use motet_units::{Nanos, Timestamp};

use crate::{Budget, Ledger, Limits, Refused, Released, Settlement, Unsettled};

const CAMPAIGN: CampaignIx = CampaignIx(3);
const DAY: i64 = 20_000;

fn bid(n: u64) -> BidId {
    BidId { decision: DecisionId(n), imp: 1 }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn nanos(n: i64) -> Nanos {
    Nanos::new(n)
}

fn ledger(total: i64, daily: i64) -> Ledger {
    let mut ledger = Ledger::default();
    let budget = Budget { total: Some(nanos(total)), daily: Some(nanos(daily)) };
    ledger.set_budget(CAMPAIGN, budget).unwrap();
    ledger
}

fn reserve(ledger: &mut Ledger, n: u64, amount: i64) -> Result<(), Refused> {
    ledger.reserve(bid(n), CAMPAIGN, nanos(amount), DAY, at(100))
}

#[test]
fn a_refusal_names_its_reason_and_changes_nothing() {
    let mut ledger = ledger(100, 60);
    let before = ledger.clone();
    assert_eq!(reserve(&mut ledger, 1, 101), Err(Refused::NoTotal));
    assert_eq!(reserve(&mut ledger, 1, 61), Err(Refused::NoDaily));
    assert_eq!(reserve(&mut ledger, 1, -1), Err(Refused::Negative));
    let stranger = ledger.reserve(bid(1), CampaignIx(0), nanos(1), DAY, at(100));
    assert_eq!(stranger, Err(Refused::Unknown));
    let stranger = ledger.reserve(bid(1), CampaignIx(9), nanos(1), DAY, at(100));
    assert_eq!(stranger, Err(Refused::Unknown));
    assert_eq!(ledger, before);
}

#[test]
fn a_key_is_reserved_once_until_it_expires_and_never_again() {
    let mut ledger = ledger(100, 100);
    assert_eq!(reserve(&mut ledger, 1, 10), Ok(()));
    assert_eq!(reserve(&mut ledger, 1, 10), Err(Refused::Duplicate));
    ledger.release(bid(1), at(1));
    assert_eq!(reserve(&mut ledger, 1, 10), Err(Refused::Duplicate));
    ledger.expire(at(100), &mut Vec::new());
    assert_eq!(reserve(&mut ledger, 1, 10), Err(Refused::Expired));
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(100));
}

#[test]
fn a_notice_is_charged_once() {
    let mut ledger = ledger(100, 100);
    reserve(&mut ledger, 1, 10).unwrap();
    let charged = nanos(7);
    let settled = Settlement::Settled { campaign: CAMPAIGN, charged, excess: Nanos::ZERO };
    assert_eq!(ledger.settle(bid(1), nanos(7), at(1)), settled);
    let after = ledger.clone();
    for price in [7, 9, -1] {
        let again = ledger.settle(bid(1), nanos(price), at(2));
        assert_eq!(again, Settlement::Duplicate { campaign: CAMPAIGN, charged });
    }
    assert_eq!(ledger.release(bid(1), at(2)), Released::Settled);
    assert_eq!(ledger, after);
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(93));
}

#[test]
fn a_price_above_the_reserved_amount_is_capped_and_reported() {
    let mut ledger = ledger(100, 100);
    reserve(&mut ledger, 1, 10).unwrap();
    let settled = Settlement::Settled { campaign: CAMPAIGN, charged: nanos(10), excess: nanos(5) };
    assert_eq!(ledger.settle(bid(1), nanos(15), at(1)), settled);
    assert_eq!(ledger.statement(CAMPAIGN, DAY).unwrap().spent, nanos(10));
}

#[test]
fn a_price_below_zero_is_refused_and_the_money_stays_held() {
    let mut ledger = ledger(100, 100);
    reserve(&mut ledger, 1, 10).unwrap();
    assert_eq!(ledger.settle(bid(1), nanos(-1), at(1)), Settlement::Refused(Unsettled::Negative));
    assert_eq!(ledger.totals().open, 1);
}

#[test]
fn a_lost_bid_cannot_be_billed_later() {
    let mut ledger = ledger(100, 100);
    reserve(&mut ledger, 1, 10).unwrap();
    let given_back = Released::Released { campaign: CAMPAIGN, amount: nanos(10) };
    assert_eq!(ledger.release(bid(1), at(1)), given_back);
    assert_eq!(ledger.release(bid(1), at(1)), Released::Duplicate);
    assert_eq!(ledger.settle(bid(1), nanos(5), at(2)), Settlement::Refused(Unsettled::Released));
    assert_eq!(ledger.totals().spent_nanos, 0);
}

#[test]
fn a_notice_at_the_expiry_is_too_late_whether_or_not_expiry_has_run() {
    let mut ledger = ledger(100, 100);
    reserve(&mut ledger, 1, 10).unwrap();
    assert_eq!(ledger.settle(bid(1), nanos(5), at(100)), Settlement::Refused(Unsettled::Expired));
    assert_eq!(ledger.release(bid(1), at(100)), Released::Expired);
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(90), "held until expiry runs");
    let mut released = Vec::new();
    ledger.expire(at(100), &mut released);
    assert_eq!(released, [bid(1)]);
    assert_eq!(ledger.settle(bid(1), nanos(5), at(100)), Settlement::Refused(Unsettled::Unknown));
    assert_eq!(ledger.release(bid(1), at(100)), Released::Unknown);
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(100));
}

#[test]
fn expiry_releases_in_order_of_time_then_key() {
    let mut ledger = ledger(100, 100);
    for (n, expires) in [(4, 30), (2, 20), (3, 20), (1, 40)] {
        ledger.reserve(bid(n), CAMPAIGN, nanos(1), DAY, at(expires)).unwrap();
    }
    ledger.settle(bid(3), nanos(1), at(1));
    assert_eq!(ledger.next_expiry(), Some(at(20)));
    let mut released = Vec::new();
    ledger.expire(at(30), &mut released);
    assert_eq!(released, [bid(2), bid(4)]);
    assert_eq!(ledger.totals().remembered, 1);
}

#[test]
fn a_budget_lowered_below_what_is_committed_leaves_nothing_available() {
    let mut ledger = ledger(100, 100);
    reserve(&mut ledger, 1, 40).unwrap();
    reserve(&mut ledger, 2, 40).unwrap();
    ledger.set_budget(CAMPAIGN, Budget { total: Some(nanos(50)), daily: None }).unwrap();
    assert_eq!(ledger.room(CAMPAIGN, DAY), Nanos::ZERO);
    assert_eq!(reserve(&mut ledger, 3, 1), Err(Refused::NoTotal));
    ledger.release(bid(1), at(1));
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(10), "30 of the 40 left with the lowered budget");
    ledger.settle(bid(2), nanos(40), at(1));
    ledger.check().unwrap();
    ledger.set_budget(CAMPAIGN, Budget::default()).unwrap();
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(Nanos::MAX.get() - 40));
}

#[test]
fn a_release_on_a_later_day_gives_back_to_its_own_day() {
    let mut ledger = ledger(100, 10);
    reserve(&mut ledger, 1, 10).unwrap();
    ledger.reserve(bid(2), CAMPAIGN, nanos(10), DAY + 1, at(100)).unwrap();
    ledger.release(bid(1), at(1));
    assert_eq!(ledger.room(CAMPAIGN, DAY + 1), Nanos::ZERO);
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(10));
}

#[test]
fn an_old_day_is_kept_while_a_reservation_is_open_and_takes_no_more() {
    let mut ledger = ledger(100, 10);
    reserve(&mut ledger, 1, 5).unwrap();
    ledger.reserve(bid(2), CAMPAIGN, nanos(5), DAY + 2, at(200)).unwrap();
    assert_eq!(reserve(&mut ledger, 3, 1), Err(Refused::DayClosed));
    assert_eq!(ledger.room(CAMPAIGN, DAY), Nanos::ZERO);
    ledger.settle(bid(1), nanos(4), at(1));
    ledger.check().unwrap();
    let statement = ledger.statement(CAMPAIGN, DAY + 2).unwrap();
    assert_eq!((statement.spent, statement.spent_today), (nanos(4), Nanos::ZERO));
    assert_eq!(ledger.campaigns().next().unwrap().1.days.len(), 1, "the old day is dropped");
}

#[test]
fn what_is_held_in_memory_is_bounded() {
    let mut ledger = Ledger::new(Limits { campaigns: 2, reservations: 1 });
    assert_eq!(ledger.set_budget(CampaignIx(2), Budget::default()), Err(Refused::TooManyCampaigns));
    ledger.set_budget(CampaignIx(1), Budget::default()).unwrap();
    let mut reserve = |n| ledger.reserve(bid(n), CampaignIx(1), nanos(1), DAY, at(9));
    assert_eq!(reserve(1), Ok(()));
    assert_eq!(reserve(2), Err(Refused::TooManyOpen));
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let mut ledger = ledger(100, 100);
    reserve(&mut ledger, 1, 10).unwrap();
    let bytes = postcard::to_allocvec(&ledger).unwrap();
    assert_eq!(postcard::from_bytes::<Ledger>(&bytes).unwrap(), ledger);
    ledger.reserved_nanos += 1;
    let bytes = postcard::to_allocvec(&ledger).unwrap();
    assert!(postcard::from_bytes::<Ledger>(&bytes).is_err());
}
