//! How long the bound on a large market takes, and how close it comes: drawn by key, tight budgets, one slot.
//!
//! `cargo run --release -p motet-hindsight --example large_market -- OPPORTUNITIES CAMPAIGNS CANDIDATES`; run it under `time`.

use motet_hindsight::{
    Candidate, Csr,
    market::{Limits, bound},
};
use motet_units::{Chance, Nanos};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut next = |or: u64| arguments.next().unwrap_or(Ok(or));
    let (opportunities, campaigns, candidates) = (next(200_000)?, next(1_000)?, next(20)?);
    let mut money = Chance::new(1, 0).stream("budgets");
    let share = 30_000.0 * opportunities as f64 / campaigns as f64;
    let budgets = (0..campaigns).map(|_| Nanos::new((share * (0.2 + 2.0 * money.unit())) as i64));
    let mut market = Csr::new(budgets.collect(), 1);
    for opportunity in 0..opportunities {
        let mut stream = Chance::new(1, opportunity).stream("row");
        let (first, price) = (stream.below(campaigns), 20_000.0 + 180_000.0 * stream.unit() * stream.unit());
        let row: Vec<Candidate> = (0..candidates.min(campaigns))
            .map(|place| {
                let (value, own) = (stream.unit(), stream.unit());
                let campaign = ((first + place * 37) % campaigns) as u32;
                let price = Nanos::new((price * (1.0 + 0.2 * own)) as i64);
                Candidate { campaign, value: value * value * value, price }
            })
            .collect();
        market.push(&row)?;
    }
    let found = bound(&market, &Limits::default());
    println!(
        "{opportunities} opportunities × {candidates} candidates of {campaigns} campaigns: {:.2} to {:.2}, gap {:.5}, {} passes",
        found.at_least,
        found.at_most,
        found.gap(),
        found.passes
    );
    Ok(())
}
