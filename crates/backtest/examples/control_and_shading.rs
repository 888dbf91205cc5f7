//! Two measurements the command line does not make: how a controller of the cost per click settles, and how much surplus
//! shading keeps where the winner pays its own bid.
//!
//! `cargo run --release -p motet-backtest --example control_and_shading -- TRAIN TEST`, files of click, price, pCTR and hour.

use std::{fs::File, io::BufReader};

use motet_backtest::{
    Auction, Error, Landscape, bidder::CostPerClick, control::respond, log::auctions, log_units,
    surplus::surplus,
};

/// The reference of the published controller, in thousandths of a fen per click.
const REFERENCE: f64 = 40_000.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(train), Some(test)) = (arguments.next(), arguments.next()) else {
        return Err("expected TRAIN and TEST".into());
    };
    let (train, test) = (load(&train)?, load(&test)?);
    let learnt = Landscape::learn(&train)?;
    let naive = learnt.mean_price() / learnt.mean_pctr();
    let first = &train[..train.len().min(100_000)];
    for (name, log) in [("first 100,000 of the train part", first), ("train", &train), ("test", &test)] {
        let mut bidder = CostPerClick::new(naive, REFERENCE, CostPerClick::GAINS, log.len() as u64);
        let found = respond(log, 40, REFERENCE, &mut bidder);
        println!(
            "{name}: rise {:?}, settling {:?}, overshoot {:.3?}, steady-state error {:.3?}, at the end {:.0}",
            found.rise,
            found.settling,
            found.overshoot,
            found.steady_error,
            found.rounds.last().copied().unwrap_or(f64::INFINITY)
        );
    }
    for times in [1.0, 2.0, 4.0] {
        println!("a click worth {times} × mean price ÷ mean pCTR");
        for kept in surplus(&test, &train, &learnt, times * naive) {
            let cost = log_units(kept.tally.cost);
            println!("  {:<36} {:.3} of the surplus, cost {cost:.0}", kept.name, kept.share);
        }
    }
    Ok(())
}

fn load(path: &str) -> Result<Vec<Auction>, Error> {
    let file = File::open(path).map_err(|source| Error::Read { line: 0, source })?;
    Ok(auctions::read(BufReader::new(file), |_| ())?.auctions)
}
