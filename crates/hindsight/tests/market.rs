//! Many campaigns: the bound and the assignment against brute force on small markets, and against each other on larger ones.

use motet_hindsight::{
    Candidate, Csr, Market,
    market::{Limits, NOBODY, assign, bound, evaluate},
};
use motet_units::{Chance, Nanos};
use proptest::prelude::*;

type Row = Vec<Option<(u32, u32)>>;

/// A market in which cell (i, c) of the table, if there, is what opportunity i is worth and costs to campaign c.
fn market_of(table: &[Row], budgets: &[i64], slots: usize) -> Csr {
    let mut market = Csr::new(budgets.iter().map(|b| Nanos::new(*b)).collect(), slots);
    for row in table {
        let cells = row.iter().take(budgets.len()).enumerate();
        let candidates: Vec<Candidate> = cells
            .filter_map(|(campaign, cell)| {
                cell.map(|(value, price)| Candidate {
                    campaign: campaign as u32,
                    value: f64::from(value),
                    price: Nanos::new(i64::from(price)),
                })
            })
            .collect();
        market.push(&candidates).expect("campaigns have budgets");
    }
    market
}

/// The best of all assignments, by trying each.
fn brute_force(market: &Csr, opportunity: usize, left: &mut Vec<Nanos>) -> f64 {
    if opportunity == market.opportunities() {
        return 0.0;
    }
    let mut row = Vec::new();
    market.candidates(opportunity, &mut row);
    let mut best = 0.0_f64;
    for set in 0..1_u32 << row.len() {
        let chosen: Vec<&Candidate> =
            row.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1).map(|(_, c)| c).collect();
        let affordable = chosen.iter().all(|c| c.price <= left[c.campaign as usize]);
        if chosen.len() > market.slots() || !affordable {
            continue;
        }
        for c in &chosen {
            left[c.campaign as usize] -= c.price;
        }
        let value: f64 = chosen.iter().map(|c| c.value).sum();
        best = best.max(value + brute_force(market, opportunity + 1, left));
        for c in &chosen {
            left[c.campaign as usize] += c.price;
        }
    }
    best
}

fn tables(opportunities: usize) -> impl Strategy<Value = Vec<Row>> {
    let cell = prop::option::weighted(0.8, (0_u32..30, 0_u32..10));
    prop::collection::vec(prop::collection::vec(cell, 3), 0..opportunities)
}

fn check_assignment(market: &Csr, multipliers: &[f64]) -> Result<f64, TestCaseError> {
    let found = assign(market, multipliers);
    let (mut row, mut value) = (Vec::new(), 0.0);
    let mut spend = vec![Nanos::ZERO; market.budgets().len()];
    for (opportunity, winners) in found.winners.chunks(market.slots()).enumerate() {
        row.clear();
        market.candidates(opportunity, &mut row);
        for (slot, winner) in winners.iter().enumerate().filter(|(_, w)| **w != NOBODY) {
            prop_assert!(!winners[..slot].contains(winner), "one campaign, one slot");
            let candidate = row.iter().find(|c| c.campaign == *winner).expect("winners were candidates");
            spend[*winner as usize] += candidate.price;
            value += candidate.value;
        }
    }
    prop_assert!(spend.iter().zip(market.budgets()).all(|(spent, budget)| spent <= budget));
    prop_assert_eq!(spend, found.spend);
    prop_assert!((value - found.value).abs() < 1e-9);
    Ok(value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_best_assignment_lies_between_the_bounds(
        table in tables(5), budgets in prop::collection::vec(0_i64..25, 3), slots in 1_usize..3,
    ) {
        let market = market_of(&table, &budgets, slots);
        let found = bound(&market, &Limits::default());
        let exact = brute_force(&market, 0, &mut market.budgets().to_vec());
        prop_assert!(found.at_least <= exact + 1e-9, "{} > {exact}", found.at_least);
        prop_assert!(exact <= found.at_most + 1e-9, "{exact} > {}", found.at_most);
        let proof = evaluate(&market, &found.multipliers).at_most;
        prop_assert!((proof - found.at_most).abs() < 1e-9, "the multipliers prove the bound");
    }

    #[test]
    fn any_multipliers_bound_and_guide(
        table in tables(5), budgets in prop::collection::vec(0_i64..25, 3), slots in 1_usize..3,
        multipliers in prop::collection::vec(0.0..6.0, 3),
    ) {
        let market = market_of(&table, &budgets, slots);
        let exact = brute_force(&market, 0, &mut market.budgets().to_vec());
        prop_assert!(evaluate(&market, &multipliers).at_most >= exact - 1e-9);
        prop_assert!(check_assignment(&market, &multipliers)? <= exact + 1e-9);
    }

    #[test]
    fn one_campaign_alone_is_the_problem_of_one_budget(
        rows in prop::collection::vec((1_u32..50, 1_u32..20), 1..80), budget in 1_i64..300,
    ) {
        let table: Vec<Row> = rows.iter().map(|row| vec![Some(*row)]).collect();
        let market = market_of(&table, &[budget], 1);
        let log: Vec<_> = rows.iter().map(|&(value, price)| motet_hindsight::Opportunity {
            value: f64::from(value), price: Nanos::new(i64::from(price)),
        }).collect();
        let alone = motet_hindsight::budget::optimum(&log, Nanos::new(budget)).value;
        let found = bound(&market, &Limits { passes: 300, gap: 1e-6 });
        prop_assert!(found.at_most >= alone - 1e-9);
        prop_assert!(found.at_most <= alone * 1.005 + 1e-9, "{} against {alone}", found.at_most);
    }
}

/// A market of keyed chance: `campaigns` with tight budgets, each a candidate for about a third of the opportunities.
fn drawn(opportunities: u64, campaigns: u32, slots: usize) -> Csr {
    let mut budgets = Chance::new(3, 0).stream("budgets");
    let money = |draw: f64| Nanos::new((draw * 60.0 * opportunities as f64 / f64::from(campaigns)) as i64);
    let budgets = (0..campaigns).map(|_| money(budgets.unit())).collect();
    let mut market = Csr::new(budgets, slots);
    for opportunity in 0..opportunities {
        let mut stream = Chance::new(3, opportunity).stream("row");
        let price = 20.0 + 200.0 * stream.unit() * stream.unit();
        let row: Vec<Candidate> = (0..campaigns)
            .filter_map(|campaign| {
                let (in_reach, value, own) = (stream.unit() < 0.3, stream.unit(), stream.unit());
                let price = Nanos::new((price * (1.0 + 0.2 * own)) as i64);
                in_reach.then_some(Candidate { campaign, value: value * value, price })
            })
            .collect();
        market.push(&row).expect("campaigns have budgets");
    }
    market
}

#[test]
fn the_gap_closes_on_a_market_of_many() {
    for slots in [1, 3] {
        let market = drawn(4_000, 12, slots);
        let found = bound(&market, &Limits { passes: 300, gap: 2e-3 });
        eprintln!("slots {slots}: {} to {} in {} passes", found.at_least, found.at_most, found.passes);
        assert!(found.gap() <= 1e-2, "gap {} with {slots} slots", found.gap());
    }
}

#[test]
fn rows_that_are_none_are_refused() {
    let candidate = Candidate { campaign: 1, value: 1.0, price: Nanos::new(1) };
    assert!(Csr::from_rows(vec![0, 2], vec![candidate], vec![Nanos::ZERO; 2], 1).is_err());
    let refused = Csr::from_rows(vec![0, 1], vec![candidate], vec![Nanos::ZERO], 1);
    assert_eq!(
        refused.expect_err("campaign 1 has no budget").to_string(),
        "candidate 0 names campaign 1, and there are 1 budgets"
    );
}
