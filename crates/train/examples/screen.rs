//! What each number that policies move is worth on its own: every action of every steered agent, pushed both ways and held, in
//! the same worlds as the fixed policies. Shows where there is something to learn before anything is learned.
//!
//! `cargo run --release -p motet-train --example screen -- SCENARIO_FILE [worlds] [share]`

use std::sync::Arc;

use motet_policy::{AgentPolicy, Body, PolicySet};
use motet_sim::{Scenario, Team, World, parallel, run::Audience};
use motet_train::{Seated, play, seated};

/// Worlds that nobody trains, validates or reports on.
const SEEDS: u64 = 1 << 42;

fn constant(agent: &Seated, place: usize, part: f64) -> AgentPolicy {
    let numbers = agent.action();
    let mut action = vec![0.0; numbers.len()];
    action[place] = part;
    AgentPolicy {
        agent: agent.name.name().to_owned(),
        version: "screen@1".to_owned(),
        observation: agent.card.observation_numbers(),
        action: numbers,
        body: Body::Constant(action),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let scenario = Scenario::parse(&std::fs::read_to_string(&arguments[0])?)?;
    let worlds: u64 = arguments.get(1).map_or(Ok(4), |text| text.parse())?;
    let share: f64 = arguments.get(2).map_or(Ok(0.25), |text| text.parse())?;
    let drawn: Vec<World> =
        (0..worlds).map(|seed| World::with_budgets(&scenario, SEEDS + seed, share)).collect();
    let audience = Audience { from: 0.0, to: share };
    let bring = |team: &Team| -> Result<Vec<f64>, motet_train::Error> {
        let played = parallel(&drawn, 2, |world| play(world, team, audience, 1));
        played.into_iter().map(|played| played.map(|played| played.objective)).collect()
    };
    let fixed = bring(&Team::Agents)?;
    println!("fixed: {:.2}", fixed.iter().sum::<f64>() / worlds as f64);
    for agent in seated() {
        for (place, number) in agent.action().iter().enumerate() {
            print!("{:<10}{:<14}", agent.name.name(), number.name);
            for part in [-1.0, -0.4, 0.3, 1.0] {
                let set =
                    PolicySet { version: "screen@1".to_owned(), agents: vec![constant(&agent, place, part)] };
                let brought = bring(&Team::Steered(Arc::new(set)))?;
                let gains: Vec<f64> = brought.iter().zip(&fixed).map(|(own, fixed)| own - fixed).collect();
                let mean = gains.iter().sum::<f64>() / worlds as f64;
                let spread =
                    gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (worlds as f64 - 1.0);
                print!("  {part:+.1}: {mean:+7.2} ±{:5.2}", (spread / worlds as f64).sqrt());
            }
            println!();
        }
    }
    Ok(())
}
