//! Money granted to a node.

use super::*;
use crate::{Funding, Grant};

fn leased() -> Ledger {
    let mut ledger = ledger(1_000, 1_000);
    ledger.set_funding(Funding::Leased);
    ledger
}

fn grant(amount: i64, until: i64, seen: i64) -> Grant {
    Grant {
        campaign: CAMPAIGN,
        day: DAY,
        amount: nanos(amount),
        until: at(until),
        seen: at(seen),
        elsewhere_today: nanos(7),
        elsewhere: nanos(9),
    }
}

fn reserve_until(ledger: &mut Ledger, n: u64, amount: i64, expires: i64) -> Result<(), Refused> {
    ledger.reserve(bid(n), CAMPAIGN, nanos(amount), DAY, at(expires))
}

#[test]
fn without_a_grant_nothing_is_reserved_and_what_was_lacked_is_noted() {
    let mut ledger = leased();
    assert_eq!(ledger.room(CAMPAIGN, DAY), Nanos::ZERO);
    assert_eq!(reserve(&mut ledger, 1, 5), Err(Refused::NoLease));
    assert_eq!(ledger.grant(CAMPAIGN).unwrap().1, nanos(5));
}

#[test]
fn a_grant_is_a_sum_since_the_day_began_and_holds_for_its_day_and_time() {
    let mut ledger = leased();
    ledger.take_grant(grant(10, 200, 0));
    assert_eq!(reserve(&mut ledger, 1, 6), Ok(()));
    assert_eq!(reserve(&mut ledger, 2, 6), Err(Refused::NoLease));
    // Told again it brings nothing; told higher, the difference.
    assert_eq!(ledger.take_grant(grant(10, 200, 0)), nanos(6));
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(4));
    ledger.take_grant(grant(12, 200, 0));
    assert_eq!(reserve(&mut ledger, 3, 6), Ok(()));
    // Another day has a grant of its own; a bid that could be billed past the grant's time is refused.
    let tomorrow = ledger.reserve(bid(4), CAMPAIGN, nanos(1), DAY + 1, at(100));
    assert_eq!(tomorrow, Err(Refused::NoLease));
    ledger.take_grant(grant(100, 200, 0));
    assert_eq!(reserve_until(&mut ledger, 5, 1, 201), Err(Refused::NoLease));
    assert_eq!(reserve_until(&mut ledger, 5, 1, 200), Ok(()));
    let statement = ledger.statement(CAMPAIGN, DAY).unwrap();
    assert_eq!((statement.elsewhere_today, statement.elsewhere), (nanos(7), nanos(9)));
}

#[test]
fn money_that_lapses_comes_back_only_with_a_grant_that_has_seen_its_end() {
    let mut ledger = leased();
    ledger.take_grant(grant(10, 200, 0));
    assert_eq!(reserve_until(&mut ledger, 1, 6, 50), Ok(()));
    ledger.expire(at(60), &mut Vec::new());
    // The bid's bill may have been told to another node.
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(4));
    assert_eq!(ledger.take_grant(grant(10, 200, 49)), nanos(6));
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(4));
    // Half a second more, and all told of it was seen.
    assert_eq!(ledger.take_grant(grant(10, 200, 51)), Nanos::ZERO);
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(10));
    // A loss makes room at once: nothing can be billed any more.
    assert_eq!(reserve_until(&mut ledger, 2, 6, 150), Ok(()));
    ledger.release(bid(2), at(61));
    assert_eq!(ledger.room(CAMPAIGN, DAY), nanos(10));
}

#[test]
fn what_was_spent_in_other_books_is_carried_whatever_the_budget() {
    let mut ledger = ledger(100, 60);
    ledger.carry(CAMPAIGN, DAY - 1, nanos(90)).unwrap();
    ledger.carry(CAMPAIGN, DAY, nanos(30)).unwrap();
    let statement = ledger.statement(CAMPAIGN, DAY).unwrap();
    assert_eq!(
        (statement.spent, statement.spent_today, statement.available),
        (nanos(120), nanos(30), Nanos::ZERO)
    );
    assert_eq!(reserve(&mut ledger, 1, 1), Err(Refused::NoTotal));
    assert_eq!(ledger.carry(CAMPAIGN, DAY, nanos(-1)), Err(Refused::Negative));
    assert_eq!(ledger.carry(CampaignIx(77), DAY, nanos(1)), Err(Refused::Unknown));
    assert_eq!(ledger.days(CAMPAIGN).len(), 2);
    ledger.check().unwrap();
}
