//! Measures reserve and settle in memory, on one core: `cargo run --release -p motet-ledger --example throughput`.
//!
//! A million bids over a thousand campaigns, each with its own expiry; then each is settled in another order,
//! and everything is expired. Twice: the second time no memory has to grow.

use std::{hint::black_box, time::Instant};

use motet_ledger::{Budget, Ledger};
use motet_model::ids::{BidId, CampaignIx, DecisionId};
use motet_units::{Nanos, Timestamp};

const BIDS: u64 = 1_000_000;
const CAMPAIGNS: u32 = 1_000;

fn bid(n: u64) -> BidId {
    BidId { decision: DecisionId(n), imp: 0 }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn measure(name: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let took = start.elapsed();
    println!("{name:8} {:6.0} ns/op", took.as_secs_f64() * 1e9 / BIDS as f64);
}

fn main() {
    let mut ledger = Ledger::default();
    for campaign in (0..CAMPAIGNS).map(CampaignIx) {
        ledger.set_budget(campaign, Budget::default()).expect("the index is within the limit");
    }
    for round in ["from empty", "steady"] {
        println!("{round}");
        let first = if round == "steady" { BIDS } else { 0 };
        run(&mut ledger, first);
    }
    println!("{:?}", ledger.totals());
    ledger.check().expect("the books balance");
}

/// Reserves, settles and expires a million bids numbered from `first`.
fn run(ledger: &mut Ledger, first: u64) {
    let expires = |n: u64| Timestamp::from_micros(n.cast_signed() * 50 + 3_600_000_000);
    measure("reserve", || {
        for n in first..first + BIDS {
            let campaign = CampaignIx((n % u64::from(CAMPAIGNS)) as u32);
            black_box(ledger.reserve(bid(n), campaign, Nanos::new(5_000_000), 1, expires(n))).ok();
        }
    });
    measure("settle", || {
        for n in 0..BIDS {
            // An odd step visits every bid once, in an order with no locality.
            let key = bid(first + n.wrapping_mul(514_229) % BIDS);
            black_box(ledger.settle(key, Nanos::new(3_000_000), Timestamp::from_secs(1)));
        }
    });
    measure("expire", || {
        ledger.expire(expires(first + BIDS), &mut Vec::new());
    });
}
