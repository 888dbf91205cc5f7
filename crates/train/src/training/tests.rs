//! What is served is what was trained.

use std::sync::LazyLock;

use motet_policy::{
    Policy, PolicySet, Subject,
    file::{Made, Manifest, files},
};
use motet_sim::scenario::shipped;

use super::*;

/// The learner's hand without exploration.
#[derive(Debug)]
struct Greedy(Arc<Box<dyn Learner + Sync>>);

impl Hand for Greedy {
    fn act(&self, agent: usize, observation: &[f32], _chance: Chance, action: &mut [f32]) {
        self.0.act(agent, observation, action);
    }
}

/// Trained once for the tests that look at tables.
static TABLES: LazyLock<Training> = LazyLock::new(|| trained(Algo::Q));

fn trained(algo: Algo) -> Training {
    let mut scenario = Scenario::parse(shipped("budget-squeeze").unwrap()).unwrap();
    scenario.listeners.count = 300;
    scenario.campaigns.iter_mut().for_each(|group| group.count = 3);
    scenario.tick_s = 1_800;
    let config = Config {
        algo,
        share: 1.0,
        worlds: 2,
        rounds: 2,
        updates_per_thousand: 100,
        validate_every: 2,
        validation_worlds: 1,
        pool: 2,
        batch: 64,
        ..Config::default()
    };
    let mut training = Training::new(&scenario, config).unwrap();
    while !training.is_over() {
        training.round(2).unwrap();
    }
    assert!(training.history()[1].updates > 0, "something was learned");
    training
}

/// Writes a set as a folder's two files and reads it back.
fn through_files(set: &PolicySet) -> PolicySet {
    let written = files(set, &Manifest::of(set, Made::default(), std::collections::BTreeMap::new()));
    let read = Manifest::parse(&written.manifest).unwrap().take(&written.weights).unwrap();
    assert!(*set == read, "a folder keeps every bit");
    read
}

/// Returns the largest distance between what the learner does and what its exported set does, over observations drawn from
/// beyond the cards' ranges inwards; both in parts of a number's range.
fn distance(training: &Training, set: &PolicySet) -> f64 {
    let mut most = 0.0_f64;
    let mut draw = Chance::new(11, 0).stream("observations");
    for agent in seated() {
        let served: Box<dyn Policy> = set.of(agent.name.name()).unwrap().build().unwrap();
        let numbers = agent.action();
        for _ in 0..2_000 {
            let ranges = agent.card.observation.iter();
            let seen: Vec<f64> =
                ranges.map(|n| n.least + (1.2 * draw.unit() - 0.1) * (n.most - n.least)).collect();
            let (mut own, mut out) = (vec![0.0_f32; numbers.len()], vec![0.0; numbers.len()]);
            training.learner.act(agent.place, &crate::team::within(agent.card.observation, &seen), &mut own);
            served.act(Subject::Platform, &seen, &mut out);
            for ((out, part), number) in out.iter().zip(own).zip(&numbers) {
                most = most.max((out - number.value(f64::from(part))).abs() / (number.most - number.least));
            }
        }
    }
    most
}

#[test]
fn a_served_table_does_what_the_learner_does() {
    let training = &*TABLES;
    assert!(distance(training, &through_files(&training.policies("table@1"))).to_bits() == 0);
}

/// A server's sums are taken in eight lanes without fused products, a learner's in one chain of fused ones: each sum of up to
/// 64 products may differ by some 64 · 2^-24 of its size. The layers and `tanh` carry that on as 1e-5 at the most.
#[test]
fn a_served_network_does_what_the_learner_does_but_for_rounding() {
    let training = trained(Algo::Matd3);
    let distance = distance(&training, &through_files(&training.policies("net@1")));
    assert!(distance < 1e-5, "{distance}");
}

/// In a whole run: what was seen there are the agents' own numbers, edges of tables among them.
#[test]
fn a_world_goes_the_same_under_the_learner_and_under_its_exported_tables() {
    let training = &*TABLES;
    let set = through_files(&training.policies("table@1"));
    let world = World::new(&training.scenario, 5);
    let hand: Arc<dyn Hand> = Arc::new(Greedy(Arc::clone(&training.learner)));
    let stage = Stage { audience: Audience::ALL, ticks: 48, hold: 1, seed: 0, control: None };
    let mut env = Env::new(&world, stage, &hand).unwrap();
    let mut whole = crate::Meter::new(&world);
    while env.step(&mut whole).is_some() {}
    let mut parts = Parts::default();
    whole.take().iter().for_each(|campaign| parts.add(campaign));
    let served = play(&world, &Players::Steered(Arc::new(set)), Audience::ALL, 1).unwrap();
    let fixed = play(&world, &Players::Agents, Audience::ALL, 1).unwrap();
    assert_eq!(parts, served.parts);
    assert_ne!(parts, fixed.parts, "the tables move something");
}
