//! The AuctionGym-format market: its figures, its laws, its sameness.

use motet_arena::{
    auctiongym::{AGENTS, Catalogue, Market, Totals},
    worlds,
};

fn run(catalogue: &Catalogue, seed: u64, auctions: u64) -> Totals {
    let mut market = Market::new(catalogue.clone(), seed);
    market.run(auctions);
    market.totals().clone()
}

fn per_10k(total: f64, totals: &Totals) -> f64 {
    total / totals.auctions as f64 * 10_000.0
}

#[test]
fn the_published_catalogue_gives_the_published_welfare_and_revenue() {
    let totals = run(&Catalogue::reference(), 1, 200_000);
    // The same catalogue under NumPy's draws, a million auctions: expected welfare 7183, revenue 4118. Standard errors of 200,000: 12 and 8.
    assert!((per_10k(totals.expected_welfare, &totals) - 7183.0).abs() < 48.0, "{totals:?}");
    assert!((per_10k(totals.revenue, &totals) - 4118.0).abs() < 32.0, "{totals:?}");
    // Clicks add their own noise: 22.
    assert!((per_10k(totals.welfare, &totals) - 7183.0).abs() < 90.0, "{totals:?}");
}

#[test]
fn drawn_catalogues_spread_as_the_published_distribution() {
    let seeds: Vec<u64> = (0..24).collect();
    let figures = worlds(&seeds, 2, |seed| {
        let totals = run(&Catalogue::drawn(seed), seed, 5_000);
        per_10k(totals.expected_welfare, &totals)
    });
    let n = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / n;
    let deviation = (figures.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    // NumPy, 39 catalogues: 6930, deviation 407. Standard error of the mean of 24: 83.
    assert!((mean - 6930.0).abs() < 330.0, "{mean}");
    assert!((200.0..700.0).contains(&deviation), "{deviation}");
}

#[test]
fn a_truthful_bidder_never_pays_more_than_it_expects() {
    let totals = run(&Catalogue::reference(), 4, 20_000);
    assert!(totals.revenue < totals.expected_welfare);
    assert_eq!(totals.auctions, 20_000);
    let gross: f64 = totals.gross.iter().sum();
    let paid: f64 = totals.paid.iter().sum();
    assert!((gross - totals.welfare).abs() < 1e-6 && (paid - totals.revenue).abs() < 1e-6);
    assert!(totals.paid.iter().filter(|p| **p > 0.0).count() == AGENTS);
}

#[test]
fn the_same_seed_gives_the_same_totals_however_it_is_cut() {
    let catalogue = Catalogue::reference();
    let mut market = Market::new(catalogue.clone(), 9);
    market.run(1_024);
    market.run(1_024);
    assert_eq!(*market.totals(), run(&catalogue, 9, 2_048));
    let seeds = [1, 2, 3];
    assert_eq!(
        worlds(&seeds, 1, |s| run(&catalogue, s, 1_000)),
        worlds(&seeds, 3, |s| run(&catalogue, s, 1_000))
    );
}
