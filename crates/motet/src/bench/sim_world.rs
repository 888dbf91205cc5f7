//! The simulated world in `motet bench sim`: how many requests a second go through the real engine with a thousand campaigns.

use anyhow::Result;
use cpu_time::ProcessTime;
use motet_sim::{Run, Scenario, Team, Watch, World, run::Audience, run::Decided};
use serde::Serialize;

/// How fast a world runs. All speeds are per CPU-second of one thread.
#[derive(Debug, Serialize)]
pub(crate) struct WorldSpeed {
    /// Active campaigns.
    pub(crate) campaigns: usize,
    /// Requests simulated by each team.
    pub(crate) requests: u64,
    /// Requests per CPU-second with the six agents: world, engine, outcomes and learning together.
    pub(crate) requests_per_cpu_s: f64,
    /// The same with the rule engine.
    pub(crate) baseline_requests_per_cpu_s: f64,
    /// Making the visits and their requests alone, without an engine.
    pub(crate) visits_per_cpu_s: f64,
}

#[derive(Default)]
struct Count(u64);

impl Watch for Count {
    fn decided(&mut self, _: &Decided<'_>) {
        self.0 += 1;
    }
}

/// Measures one day.
pub(crate) fn measure(seed: u64) -> Result<WorldSpeed> {
    let scenario = Scenario::parse(include_str!("world.toml"))?;
    let world = World::new(&scenario, seed);
    let (requests, requests_per_cpu_s) = speed(&world, &Team::Agents)?;
    let (_, baseline_requests_per_cpu_s) = speed(&world, &Team::Baseline)?;
    Ok(WorldSpeed {
        campaigns: world.campaigns.truth.len(),
        requests,
        requests_per_cpu_s,
        baseline_requests_per_cpu_s,
        visits_per_cpu_s: visits(&world),
    })
}

fn speed(world: &World, team: &Team) -> Result<(u64, f64)> {
    let mut run = Run::new(world, team.setup(world, Audience::ALL)?);
    let mut count = Count::default();
    let began = ProcessTime::now();
    run.until_day(1, &mut count);
    Ok((count.0, count.0 as f64 / began.elapsed().as_secs_f64().max(1e-9)))
}

/// Makes a day's first visits and their requests, and nothing else.
fn visits(world: &World) -> f64 {
    let mut forge = motet_sim::world::publishers::Forge::new(world);
    let (mut arrivals, mut made) = (Vec::new(), 0_u64);
    let began = ProcessTime::now();
    for slice in 0_i32..24 * 60 {
        let now = world.begins() + motet_units::Span::from_secs(i64::from(slice) * 60);
        let conditions = motet_sim::world::Conditions::at(world, now);
        arrivals.clear();
        world.arrivals(slice.unsigned_abs().into(), &conditions, &mut arrivals);
        for visit in &arrivals {
            forge.write(world, visit, visit.topic);
            made += 1;
        }
    }
    made as f64 / began.elapsed().as_secs_f64().max(1e-9)
}

/// Prints.
pub(crate) fn print(speed: &WorldSpeed) {
    println!("The simulated world, {} campaigns, {} requests", speed.campaigns, speed.requests);
    println!("  {:>10.0} requests per CPU-s with the six agents", speed.requests_per_cpu_s);
    println!("  {:>10.0} requests per CPU-s with the rule engine", speed.baseline_requests_per_cpu_s);
    println!("  {:>10.0} visits made per CPU-s without an engine", speed.visits_per_cpu_s);
}
