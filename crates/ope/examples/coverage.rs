//! Prints how often the 95 % intervals cover a known truth, over more worlds than the test draws.

#[path = "../tests/world/mod.rs"]
mod world;

use world::{Model, World};

fn main() {
    for (model, seed) in [(Model::Wrong, 1), (Model::CrossFitted, 2), (Model::Right, 5)] {
        for rounds in [500, 2_000] {
            println!("reward model: {model:?}, {rounds} rounds each, seed {seed}");
            println!("{}", World::new(seed).count(2_000, rounds, 200, model));
        }
    }
    let world = World::new(1);
    println!("against 1.1 times the truth, 2,000 rounds each");
    println!("{}", world.count_against(world.truth() * 1.1, 500, 2_000, 0, Model::Wrong));
}
