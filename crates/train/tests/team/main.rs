//! The environment, trainings and the gate, in a world small enough to be played in a second.

mod env;
mod gate;
mod training;

use motet_sim::{
    Scenario, World,
    scenario::{Error, shipped},
};
use motet_train::{Algo, Config};

/// Six campaigns, three hundred listeners, half-hour ticks: budgets still bind, and every agent has something to decide.
fn tiny() -> Result<Scenario, Error> {
    let mut scenario = Scenario::parse(shipped("budget-squeeze").expect("it is shipped"))?;
    scenario.listeners.count = 300;
    scenario.campaigns[0].count = 4;
    scenario.campaigns[1].count = 2;
    for group in &mut scenario.campaigns {
        group.daily_budget = group.daily_budget.map(|units| units * 0.05);
    }
    scenario.days = 1;
    scenario.tick_s = 1_800;
    Ok(scenario)
}

/// Control ticks of a day of the tiny world.
const TICKS: u64 = 48;

fn world() -> World {
    World::new(&tiny().expect("a sound scenario"), 7)
}

/// Enough rounds for networks to move: a round brings some 560 rows, and they wait for 1,000.
fn config(algo: Algo) -> Config {
    Config {
        algo,
        seed: 3,
        share: 1.0,
        worlds: 2,
        rounds: 3,
        updates_per_thousand: 20,
        validate_every: 2,
        validation_worlds: 1,
        pool: 3,
        hold: 2,
        batch: 64,
        ..Config::default()
    }
}
