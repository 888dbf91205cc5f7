//! Money withheld for bids whose records were lost.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{CAMPAIGN, DAY, at, bid, ledger, nanos, reserve};
use crate::{Budget, Ledger, Refused, Released, Settlement, Unsettled};
use motet_model::ids::{CampaignIx, DecisionId};
use motet_units::Nanos;

const STOP: DecisionId = DecisionId(1_000);

#[test]
fn what_is_withheld_cannot_be_reserved_and_comes_back_in_time() {
    let mut ledger = ledger(100, 40);
    reserve(&mut ledger, 1, 15).unwrap();
    assert_eq!(ledger.withhold(STOP, CAMPAIGN, nanos(10), DAY, at(500)), nanos(10));
    assert_eq!(ledger.withhold(STOP, CAMPAIGN, nanos(10), DAY, at(500)), Nanos::ZERO, "once for each stop");
    assert_eq!((ledger.room(CAMPAIGN, DAY), ledger.withheld(CAMPAIGN)), (nanos(15), nanos(10)));
    assert_eq!(reserve(&mut ledger, 2, 16), Err(Refused::NoDaily));
    ledger.check().unwrap();
    assert!(!ledger.expire(at(499), &mut Vec::new()));
    assert!(ledger.expire(at(500), &mut Vec::new()));
    assert_eq!((ledger.withheld(CAMPAIGN), ledger.totals().reserved_nanos), (Nanos::ZERO, 0));
    ledger.check().unwrap();
}

#[test]
fn no_more_is_withheld_than_there_is() {
    let mut ledger = ledger(100, 40);
    reserve(&mut ledger, 1, 35).unwrap();
    assert_eq!(ledger.withhold(STOP, CAMPAIGN, nanos(10), DAY, at(500)), nanos(5));
    assert_eq!(ledger.withhold(STOP, CampaignIx(77), nanos(10), DAY, at(500)), Nanos::ZERO);
    ledger.check().unwrap();
}

#[test]
fn a_stray_bid_is_charged_once_from_what_is_withheld_and_no_more_than_that() {
    let mut ledger = ledger(100, 40);
    ledger.withhold(STOP, CAMPAIGN, nanos(10), DAY, at(500));
    let take_in =
        |ledger: &mut Ledger, n, amount| ledger.take_in(STOP, bid(n), CAMPAIGN, nanos(amount), at(100));
    assert_eq!(take_in(&mut ledger, 7, 6), Ok(()));
    assert_eq!(take_in(&mut ledger, 7, 6), Err(Refused::Duplicate));
    assert_eq!(take_in(&mut ledger, 8, 5), Err(Refused::NotWithheld));
    assert_eq!(ledger.take_in(DecisionId(1), bid(9), CAMPAIGN, nanos(1), at(100)), Err(Refused::NotWithheld));
    let settled = ledger.settle(bid(7), nanos(5), at(1));
    assert_eq!(settled, Settlement::Settled { campaign: CAMPAIGN, charged: nanos(5), excess: Nanos::ZERO });
    assert!(matches!(ledger.settle(bid(7), nanos(5), at(2)), Settlement::Duplicate { .. }));
    assert_eq!(take_in(&mut ledger, 8, 4), Ok(()));
    assert_eq!(ledger.release(bid(8), at(3)), Released::Released { campaign: CAMPAIGN, amount: nanos(4) });
    ledger.check().unwrap();
    ledger.expire(at(100), &mut Vec::new());
    assert_eq!(take_in(&mut ledger, 7, 0), Err(Refused::Expired));
    ledger.expire(at(500), &mut Vec::new());
    assert_eq!(ledger.settle(bid(7), nanos(5), at(501)), Settlement::Refused(Unsettled::Unknown));
    let statement = ledger.statement(CAMPAIGN, DAY).unwrap();
    assert_eq!((statement.spent, statement.available), (nanos(5), nanos(95)));
    ledger.check().unwrap();
}

#[derive(Clone, Debug)]
enum Call {
    Reserve { key: u64, amount: i64, day: i64 },
    Settle { key: u64, price: i64 },
    Release { key: u64 },
    Withhold { stop: u64, most: i64, day: i64 },
    TakeIn { stop: u64, key: u64, amount: i64 },
    Wait { seconds: i64 },
}

fn any_call() -> impl Strategy<Value = Call> {
    prop_oneof![
        4 => (0_u64..30, 0_i64..30, 0_i64..3).prop_map(|(key, amount, day)| Call::Reserve { key, amount, day }),
        4 => (0_u64..60, 0_i64..35).prop_map(|(key, price)| Call::Settle { key, price }),
        2 => (0_u64..60).prop_map(|key| Call::Release { key }),
        2 => (0_u64..4, 0_i64..40, 0_i64..3).prop_map(|(stop, most, day)| Call::Withhold { stop, most, day }),
        4 => (0_u64..4, 30_u64..60, 0_i64..20).prop_map(|(stop, key, amount)| Call::TakeIn { stop, key, amount }),
        1 => (0_i64..60).prop_map(|seconds| Call::Wait { seconds }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn lg_2_holds_over_what_is_withheld_in_any_order(calls in prop::collection::vec(any_call(), 0..100)) {
        let mut ledger = Ledger::default();
        let (total, daily) = (nanos(150), nanos(60));
        ledger.set_budget(CAMPAIGN, Budget { total: Some(total), daily: Some(daily) }).unwrap();
        let (mut now, mut taken_in) = (0, BTreeMap::<u64, i64>::new());
        for call in &calls {
            match *call {
                Call::Reserve { key, amount, day } => {
                    let _ = ledger.reserve(bid(key), CAMPAIGN, nanos(amount), DAY + day, at(now + 40));
                }
                Call::Settle { key, price } => {
                    let _ = ledger.settle(bid(key), nanos(price), at(now));
                }
                Call::Release { key } => drop(ledger.release(bid(key), at(now))),
                Call::Withhold { stop, most, day } => {
                    let most = nanos(most);
                    prop_assert!(ledger.withhold(DecisionId(stop), CAMPAIGN, most, DAY + day, at(now + 90)) <= most);
                }
                Call::TakeIn { stop, key, amount } => {
                    let before = ledger.totals().reserved_nanos;
                    let came = ledger.take_in(DecisionId(stop), bid(key), CAMPAIGN, nanos(amount), at(now + 40));
                    prop_assert_eq!(ledger.totals().reserved_nanos, before, "taking in moves nothing");
                    if came.is_ok() {
                        *taken_in.entry(key).or_default() += 1;
                    }
                }
                Call::Wait { seconds } => {
                    now += seconds;
                    ledger.expire(at(now), &mut Vec::new());
                    taken_in.retain(|key, _| ledger.reservation(bid(*key)).is_some());
                }
            }
            prop_assert_eq!(ledger.check(), Ok(()), "after {:?}", call);
            prop_assert!(taken_in.values().all(|times| *times == 1));
            for day in DAY..DAY + 3 {
                let statement = ledger.statement(CAMPAIGN, day).unwrap();
                prop_assert!(statement.spent + statement.reserved <= total);
                prop_assert!(statement.spent_today + statement.reserved_today <= daily);
            }
        }
        let bytes = postcard::to_allocvec(&ledger).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Ledger>(&bytes).unwrap(), ledger);
    }
}
