mod world;

use motet_units::{Nanos, Span, Timestamp};
use proptest::prelude::*;

use crate::{Ask, Pool, Refused, Terms};

const TERMS: Terms = Terms { term: Span::from_secs(60), skew: Span::from_secs(2) };

fn nanos(n: i64) -> Nanos {
    Nanos::new(n)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn ask(version: u64, keep: i64, want: i64) -> Ask {
    Ask { version, keep: nanos(keep), want: nanos(want), least: Nanos::ZERO }
}

#[test]
fn a_renewal_made_from_an_older_lease_changes_nothing() {
    let mut pool = Pool::new(Some(nanos(1_000)), None);
    let first = pool.renew(1, ask(0, 0, 100), at(0), TERMS).unwrap();
    let second = pool.renew(1, ask(1, 100, 100), at(1), TERMS).unwrap();
    assert_eq!((first.granted, second.granted), (nanos(100), nanos(200)));
    // The first, which gave nothing back, and one that would give back, come late.
    let before = pool.clone();
    assert_eq!(pool.renew(1, ask(0, 0, 100), at(2), TERMS), Err(Refused::Stale(second)));
    assert_eq!(pool.renew(1, ask(1, 0, 0), at(2), TERMS), Err(Refused::Stale(second)));
    assert_eq!(pool, before);
}

#[test]
fn a_node_gets_half_of_what_is_free_and_the_end_of_a_budget_whole() {
    let mut pool = Pool::new(None, Some(nanos(100)));
    let greedy = |version, least| Ask { version, keep: nanos(50), want: nanos(1_000), least: nanos(least) };
    assert_eq!(pool.renew(1, greedy(0, 0), at(0), TERMS).unwrap().granted, nanos(50));
    assert_eq!(pool.renew(2, ask(0, 0, 1_000), at(0), TERMS).unwrap().granted, nanos(25));
    assert_eq!(pool.renew(1, greedy(1, 30), at(1), TERMS).unwrap().granted, nanos(75));
    assert_eq!(pool.renew(2, ask(1, 25, 1_000), at(1), TERMS).unwrap().granted, nanos(25));
    // What one gives back the other may have.
    assert_eq!(pool.renew(1, ask(2, 10, 0), at(2), TERMS).unwrap().granted, nanos(10));
    assert_eq!(pool.renew(2, ask(2, 25, 65), at(2), TERMS).unwrap().granted, nanos(57));
    pool.check().unwrap();
}

#[test]
fn a_bill_is_taken_only_within_what_its_node_holds() {
    let mut pool = Pool::new(Some(nanos(100)), None);
    assert!(pool.bill(1, nanos(1)).is_err());
    pool.renew(1, ask(0, 0, 40), at(0), TERMS).unwrap();
    pool.bill(1, nanos(40)).unwrap();
    assert_eq!(pool.bill(1, nanos(1)), Err(Refused::NotHeld { bill: nanos(1), left: Nanos::ZERO }));
    assert!(pool.bill(1, nanos(-1)).is_err());
}

#[test]
fn a_reclaimed_lease_is_worth_what_was_spent_and_its_holder_learns_so() {
    let mut pool = Pool::new(Some(nanos(100)), None);
    pool.renew(1, ask(0, 0, 40), at(0), TERMS).unwrap();
    pool.bill(1, nanos(15)).unwrap();
    assert_eq!(pool.reclaim(at(59)), Nanos::ZERO);
    assert_eq!(pool.reclaim(at(60)), nanos(25));
    assert!(pool.bill(1, nanos(1)).is_err());
    let Err(Refused::Stale(lease)) = pool.renew(1, ask(1, 40, 0), at(61), TERMS) else { panic!() };
    assert_eq!(lease.granted, nanos(15));
    // Even one that still believes in the old amount gets no more than what is there.
    let again = pool.renew(1, ask(lease.version, 40, 0), at(62), TERMS).unwrap();
    assert_eq!(again.granted, nanos(15));
}

#[test]
fn a_lowered_budget_grants_no_more_and_takes_nothing_away() {
    let mut pool = Pool::new(Some(nanos(100)), None);
    pool.renew(1, ask(0, 0, 40), at(0), TERMS).unwrap();
    pool.set_budget(Some(nanos(10)), None);
    assert_eq!(pool.renew(1, ask(1, 40, 5), at(1), TERMS).unwrap().granted, nanos(40));
    assert_eq!(pool.renew(2, ask(0, 0, 5), at(1), TERMS).unwrap().granted, Nanos::ZERO);
}

proptest! {
    /// Whatever happens to nodes, clocks within bounds and messages: never overspent, no bill refused, and what dead
    /// nodes hold is free again at the leases' expiry.
    #[test]
    fn nodes_never_overspend_and_strand_at_most_their_leases(
        seed in any::<u64>(), nodes in 1_u16..5, budget in 50_i64..5_000,
    ) {
        world::World::new(seed, nodes, budget).run(400)?;
    }
}
