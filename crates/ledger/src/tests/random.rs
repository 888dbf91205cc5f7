//! Random orders of calls: the ledger against the plain one, and the laws that hold for both.

use motet_model::ids::CampaignIx;
use motet_units::{Nanos, Timestamp};
use proptest::prelude::*;

use super::{bid, naive::Naive};
use crate::{Budget, Ledger, Settlement};

const CAMPAIGNS: u32 = 3;
const DAYS: std::ops::Range<i64> = 0..5;

#[derive(Clone, Debug)]
enum Call {
    SetBudget { campaign: u32, total: Option<i64>, daily: Option<i64> },
    Reserve { key: u64, campaign: u32, amount: i64, day: i64 },
    Settle { key: u64, price: i64, now: i64 },
    Release { key: u64, now: i64 },
    Expire { now: i64 },
}

/// A key's expiry follows from the key, as it does where each bid is made once.
fn expiry(key: u64) -> Timestamp {
    Timestamp::from_secs((key % 7).cast_signed() * 10 + 10)
}

fn any_call() -> impl Strategy<Value = Call> {
    let campaign = 0..CAMPAIGNS;
    let limit = || prop::option::weighted(0.8, 0_i64..120);
    prop_oneof![
        1 => (campaign.clone(), limit(), limit())
            .prop_map(|(campaign, total, daily)| Call::SetBudget { campaign, total, daily }),
        6 => (0_u64..40, campaign, 0_i64..40, DAYS)
            .prop_map(|(key, campaign, amount, day)| Call::Reserve { key, campaign, amount, day }),
        4 => (0_u64..40, 0_i64..45, 0_i64..80).prop_map(|(key, price, now)| Call::Settle { key, price, now }),
        2 => (0_u64..40, 0_i64..80).prop_map(|(key, now)| Call::Release { key, now }),
        1 => (0_i64..60).prop_map(|now| Call::Expire { now }),
    ]
}

fn any_calls() -> impl Strategy<Value = Vec<Call>> {
    prop::collection::vec(any_call(), 0..120)
}

/// Makes one call; writes what came of it.
fn make(ledger: &mut Ledger, call: &Call) -> String {
    match *call {
        Call::SetBudget { campaign, total, daily } => {
            let budget = Budget { total: total.map(Nanos::new), daily: daily.map(Nanos::new) };
            format!("{:?}", ledger.set_budget(CampaignIx(campaign), budget))
        }
        Call::Reserve { key, campaign, amount, day } => {
            let amount = Nanos::new(amount);
            format!("{:?}", ledger.reserve(bid(key), CampaignIx(campaign), amount, day, expiry(key)))
        }
        Call::Settle { key, price, now } => {
            format!("{:?}", ledger.settle(bid(key), Nanos::new(price), Timestamp::from_secs(now)))
        }
        Call::Release { key, now } => format!("{:?}", ledger.release(bid(key), Timestamp::from_secs(now))),
        Call::Expire { now } => {
            let mut released = Vec::new();
            ledger.expire(Timestamp::from_secs(now), &mut released);
            format!("{released:?}")
        }
    }
}

fn make_naive(naive: &mut Naive, call: &Call) -> String {
    match *call {
        Call::SetBudget { campaign, total, daily } => {
            let budget = Budget { total: total.map(Nanos::new), daily: daily.map(Nanos::new) };
            naive.set_budget(CampaignIx(campaign), budget);
            "Ok(())".to_owned()
        }
        Call::Reserve { key, campaign, amount, day } => {
            format!("{:?}", naive.reserve(bid(key), CampaignIx(campaign), amount, day, expiry(key)))
        }
        Call::Settle { key, price, now } => {
            format!("{:?}", naive.settle(bid(key), price, Timestamp::from_secs(now)))
        }
        Call::Release { key, now } => format!("{:?}", naive.release(bid(key), Timestamp::from_secs(now))),
        Call::Expire { now } => format!("{:?}", naive.expire(Timestamp::from_secs(now))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_ledger_agrees_with_the_plain_one(calls in any_calls()) {
        let (mut ledger, mut naive) = (Ledger::default(), Naive::default());
        for call in &calls {
            prop_assert_eq!(make(&mut ledger, call), make_naive(&mut naive, call), "{:?}", call);
            prop_assert_eq!(ledger.check(), Ok(()), "after {:?}", call);
            for campaign in (0..CAMPAIGNS).map(CampaignIx) {
                for day in DAYS {
                    prop_assert_eq!(ledger.room(campaign, day).get(), naive.room(campaign, day));
                }
                let Some(statement) = ledger.statement(campaign, 0) else { continue };
                let held = (statement.reserved.get(), statement.spent.get());
                prop_assert_eq!(held, naive.reserved_and_spent(campaign));
            }
        }
    }

    #[test]
    fn lg_2_nothing_is_reserved_past_the_budget_of_the_moment(calls in any_calls()) {
        let mut ledger = Ledger::default();
        for call in &calls {
            let came = make(&mut ledger, call);
            let Call::Reserve { campaign, day, amount, .. } = *call else { continue };
            let Some(statement) = ledger.statement(CampaignIx(campaign), day) else { continue };
            // Holding nothing is taken even where a lowered budget is already overrun.
            if came == "Ok(())" && amount > 0 {
                let committed = statement.reserved + statement.spent;
                let today = statement.reserved_today + statement.spent_today;
                prop_assert!(statement.budget.total.is_none_or(|total| committed <= total));
                prop_assert!(statement.budget.daily.is_none_or(|daily| today <= daily));
            }
        }
    }

    #[test]
    fn a_key_is_charged_at_most_once_and_at_most_what_it_reserved(calls in any_calls()) {
        let mut ledger = Ledger::default();
        let (mut charged_keys, mut spent) = (std::collections::BTreeSet::new(), 0);
        for call in &calls {
            if let Call::Settle { key, price, now } = *call {
                let reserved = ledger.reservation(bid(key));
                let came = ledger.settle(bid(key), Nanos::new(price), Timestamp::from_secs(now));
                if let Settlement::Settled { charged, excess, .. } = came {
                    prop_assert!(charged <= reserved.unwrap().amount);
                    prop_assert_eq!(charged + excess, Nanos::new(price));
                    prop_assert!(charged_keys.insert(key), "{} charged twice", key);
                    spent += i128::from(charged.get());
                }
            } else {
                make(&mut ledger, call);
            }
            prop_assert_eq!(ledger.totals().spent_nanos, spent);
        }
    }

    #[test]
    fn repeating_any_call_changes_nothing(calls in any_calls()) {
        let mut ledger = Ledger::default();
        for call in &calls {
            make(&mut ledger, call);
            let once = ledger.clone();
            make(&mut ledger, call);
            // A refused reservation may pass on repeat only if something else changed: nothing did.
            prop_assert_eq!(&ledger, &once, "{:?}", call);
        }
    }

    #[test]
    fn the_same_calls_give_the_same_bytes_and_the_bytes_the_same_ledger(calls in any_calls(), cut in 0_usize..120) {
        let (mut ledger, mut restored) = (Ledger::default(), Ledger::default());
        for (place, call) in calls.iter().enumerate() {
            make(&mut ledger, call);
            make(&mut restored, call);
            if place == cut {
                let bytes = postcard::to_allocvec(&restored).unwrap();
                restored = postcard::from_bytes(&bytes).unwrap();
            }
        }
        prop_assert_eq!(&restored, &ledger);
        prop_assert_eq!(postcard::to_allocvec(&restored).unwrap(), postcard::to_allocvec(&ledger).unwrap());
    }

    #[test]
    fn all_money_comes_back_that_was_not_spent(calls in any_calls()) {
        let mut ledger = Ledger::default();
        for call in &calls {
            make(&mut ledger, call);
        }
        ledger.expire(Timestamp::from_secs(1_000), &mut Vec::new());
        let totals = ledger.totals();
        prop_assert_eq!((totals.reserved_nanos, totals.open, totals.remembered), (0, 0, 0));
        for campaign in (0..CAMPAIGNS).map(CampaignIx) {
            let Some(statement) = ledger.statement(campaign, 0) else { continue };
            let budget = statement.budget.total.unwrap_or(Nanos::MAX);
            prop_assert_eq!(statement.available, (budget - statement.spent).max(Nanos::ZERO));
        }
    }
}
