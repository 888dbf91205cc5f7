//! How many updates a second the learners make, in CPU time, so that what else runs on the machine does not show.
//!
//! `cargo run --release -p motet-learn --example update_speed -- [lowe|shared|matd3] [updates] [threads]` prints one line of JSON. Five agents with
//! 24 observed numbers and 4 actions each; actors 24→64→64→4, critics 140→128→128→1, batch 256. `lowe` is MADDPG as published: a
//! critic per agent. `benches/maddpg_torch.py` runs the same beside `PyTorch`.

use cpu_time::ProcessTime;
use motet_learn::{
    ActorCritic, End, Learner, Level, Member, Options, Row, Team, maddpg, matd3, normalise::Running,
};
use motet_units::Chance;

const AGENTS: usize = 5;

fn team() -> Team {
    let member =
        |place| Member { name: format!("agent-{place}"), level: Level::Campaign, observation: 24, action: 4 };
    Team::new((0..AGENTS).map(member).collect(), 0).expect("a sound team")
}

fn options(kind: &str) -> Options {
    let base = match kind {
        "lowe" => maddpg::as_published(),
        "shared" => maddpg::options(),
        "matd3" => matd3::options(),
        other => panic!("expected lowe, shared or matd3, was {other}"),
    };
    Options { capacity: 10_000, normalise: Running::Off, ..base }
}

fn fill(learner: &mut ActorCritic) {
    for number in 0..10_000 {
        let mut stream = Chance::new(1, number).stream("rows");
        let mut draw =
            |count: usize| (0..count).map(|_| (2.0 * stream.unit() - 1.0) as f32).collect::<Vec<_>>();
        let row = Row {
            observations: draw(AGENTS * 24),
            actions: draw(AGENTS * 4),
            reward: draw(1)[0],
            next_observations: draw(AGENTS * 24),
            end: End::Goes,
            ..Row::default()
        };
        learner.remember(&row).expect("the row fits");
    }
}

#[expect(clippy::disallowed_methods, reason = "it times itself; two threads show in wall time alone")]
fn main() {
    let mut words = std::env::args().skip(1);
    let kind = words.next().unwrap_or_else(|| "lowe".to_owned());
    let mut number = |default: usize| words.next().map_or(default, |word| word.parse().expect("a number"));
    let (updates, threads) = (number(300), number(1));
    let mut learner = ActorCritic::new(team(), options(&kind), 7).expect("sound options");
    learner.set_threads(threads);
    fill(&mut learner);
    // The first updates fault pages in; they are not counted.
    let mut losses = (0..10).map(|_| learner.update().expect("finite losses")).last().flatten();
    let (cpu, wall) = (ProcessTime::now(), std::time::Instant::now());
    for _ in 0..updates {
        losses = learner.update().expect("finite losses");
    }
    let (cpu_s, wall_s) = (cpu.elapsed().as_secs_f64(), wall.elapsed().as_secs_f64());
    let rate = updates as f64 / cpu_s;
    let critic = losses.map_or(f64::NAN, |losses| losses.critic);
    println!(
        "{{\"kind\":\"{kind}\",\"threads\":{threads},\"updates\":{updates},\"cpu_s\":{cpu_s:.4},\"wall_s\":{wall_s:.4},\"updates_per_cpu_s\":{rate:.1},\"critic_loss\":{critic:.5}}}"
    );
}
