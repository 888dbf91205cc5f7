//! Halving, what is drawn, and going on after a stop.

use motet_sim::{Scenario, scenario::shipped};

use super::*;
use crate::Training;

fn plan(trials: u32) -> Plan {
    let base = Config { rounds: 2, seed: 9, ..Config::default() };
    Plan { scenario: String::new(), base, trials }
}

/// Lets every trial have a value of its own in each rung.
fn play(tuning: &mut Tuning, value: impl Fn(Job) -> Result<f64, String>) -> Vec<Job> {
    let mut jobs = Vec::new();
    while let Some(job) = tuning.next() {
        tuning.told(job, value(job));
        jobs.push(job);
    }
    jobs
}

#[test]
fn the_better_half_goes_on_for_twice_as_long() {
    let mut tuning = Tuning::new(plan(6)).unwrap();
    let values = [1.0, 5.0, 3.0, 4.0, 2.0, 6.0];
    // Trial 5 leads at first and falls behind later.
    let value =
        |job: Job| Ok(values[job.trial as usize] - if job.trial == 5 { 3.0 * job.rung as f64 } else { 0.0 });
    let jobs = play(&mut tuning, value);
    let of = |rung: usize| -> Vec<u32> {
        jobs.iter().filter(|job| job.rung == rung).map(|job| job.trial).collect()
    };
    assert_eq!([of(0), of(1), of(2), of(3)], [vec![0, 1, 2, 3, 4, 5], vec![5, 1, 3], vec![1, 3], vec![1]]);
    let rounds: Vec<u32> =
        (0..4).map(|rung| jobs.iter().find(|job| job.rung == rung).unwrap().rounds).collect();
    assert_eq!(rounds, [2, 4, 8, 16]);
    assert_eq!(tuning.winner(), Some((1, 5.0)));
    // 6 · 2 + 3 · 2 + 2 · 4 + 1 · 8
    assert_eq!((tuning.rounds_done(), tuning.plan.rounds_in_all()), (34, 34));
}

#[test]
fn a_broken_trial_is_behind_all_others_and_a_tie_goes_to_the_lower() {
    let mut tuning = Tuning::new(plan(4)).unwrap();
    play(&mut tuning, |job| match job.trial {
        0 => Err("it diverged".to_owned()),
        1 => Ok(f64::NAN),
        _ => Ok(-1e9),
    });
    assert_eq!(tuning.entrants(1), Some(vec![2, 3]));
    assert_eq!(tuning.winner(), Some((2, -1e9)));
    assert_eq!(tuning.rungs[0][0].broke.as_deref(), Some("it diverged"));
    let mut all = Tuning::new(plan(2)).unwrap();
    play(&mut all, |_| Err("it diverged".to_owned()));
    assert_eq!(all.winner(), None);
}

#[test]
fn every_trial_is_within_the_ranges_and_trial_0_is_the_start() {
    let plan = plan(200);
    let start = plan.config(0);
    assert_eq!((start.actor_rate, start.gamma, start.noise, start.hold), {
        let base = &plan.base;
        (base.actor_rate, base.gamma, base.noise, base.hold)
    });
    for range in plan.ranges() {
        let value = |trial| plan.settings(trial).into_iter().find(|(name, _)| *name == range.name).unwrap().1;
        let drawn: Vec<f64> = (1..200).map(value).collect();
        assert!(drawn.iter().all(|v| (range.least..range.most).contains(v)), "{}: {drawn:?}", range.name);
        // Of 199 draws, some lie in the lowest and some in the highest tenth of the range (chance of none: 1e-9).
        let edges = [range.at(0.1), range.at(0.9)];
        assert!(
            drawn.iter().any(|v| *v <= edges[0]) && drawn.iter().any(|v| *v >= edges[1]),
            "{}",
            range.name
        );
    }
    assert!((1..200).all(|trial| plan.config(trial).check().is_ok()));
    assert_eq!(plan.config(7), plan.config(7));
    assert_ne!(plan.config(7), plan.config(8));
}

#[test]
fn only_what_a_learner_heeds_is_tried() {
    let names = |algo| -> Vec<&str> {
        let base = Config { algo, ..Config::default() };
        let plan = Plan { base, ..plan(2) };
        plan.ranges().map(|range| range.name).collect()
    };
    assert_eq!(names(Algo::Q), ["gamma", "hold"]);
    assert!(names(Algo::Offline).contains(&"alpha") && !names(Algo::Offline).contains(&"trust"));
    assert!(names(Algo::Matd3).contains(&"trust") && !names(Algo::Matd3).contains(&"alpha"));
}

#[test]
fn every_rung_ends_with_a_validation() {
    for (rounds, wanted, every) in [(3, 2, 1), (4, 2, 2), (6, 4, 3), (1, 5, 1)] {
        let base = Config { rounds, validate_every: wanted, ..Config::default() };
        assert_eq!(Plan { base, ..plan(2) }.config(0).validate_every, every);
    }
}

#[test]
fn a_plan_out_of_range_is_refused() {
    let refused = |plan: Plan| Tuning::new(plan).unwrap_err().to_string();
    assert_eq!(refused(plan(1)), "trials must be within 2 and 256, was 1");
    let base = Config { rounds: 60_000, ..Config::default() };
    assert!(refused(Plan { base, ..plan(2) }).starts_with("rounds must be"));
}

/// Trains a job's trial on from where it stands.
fn train(scenario: &Scenario, plan: &Plan, job: Job, kept: &mut [Option<Vec<u8>>]) -> f64 {
    let config = plan.config(job.trial);
    let mut training = match &kept[job.trial as usize] {
        Some(bytes) => Training::load(scenario, config, bytes).unwrap(),
        None => Training::new(scenario, config).unwrap(),
    };
    while training.history().len() < job.rounds as usize {
        training.round(2).unwrap();
    }
    kept[job.trial as usize] = Some(training.save());
    training.best("tuned@1").1.unwrap()
}

/// The state is written down and read back before every job, as it is when each job is killed after it.
#[test]
fn a_tuning_stopped_after_every_job_ends_as_one_that_never_stopped() {
    let mut scenario = Scenario::parse(shipped("budget-squeeze").unwrap()).unwrap();
    scenario.listeners.count = 60;
    scenario.campaigns.iter_mut().for_each(|group| group.count = 2);
    scenario.tick_s = 3_600;
    let base = Config {
        algo: Algo::Q,
        rounds: 1,
        share: 1.0,
        worlds: 1,
        pool: 2,
        validation_worlds: 1,
        ..Config::default()
    };
    let plan = Plan { scenario: scenario.to_toml().unwrap(), base, trials: 3 };

    let mut straight = Tuning::new(plan.clone()).unwrap();
    let mut trainings: Vec<Option<Training>> = (0..3).map(|_| None).collect();
    while let Some(job) = straight.next() {
        let slot = &mut trainings[job.trial as usize];
        let training = slot.get_or_insert_with(|| Training::new(&scenario, plan.config(job.trial)).unwrap());
        while training.history().len() < job.rounds as usize {
            training.round(1).unwrap();
        }
        let value = training.best("tuned@1").1.unwrap();
        straight.told(job, Ok(value));
    }

    let mut written = toml::to_string(&Tuning::new(plan.clone()).unwrap()).unwrap();
    let mut kept = vec![None; 3];
    loop {
        let mut stopped: Tuning = toml::from_str(&written).unwrap();
        let Some(job) = stopped.next() else {
            assert_eq!(stopped, straight);
            break;
        };
        let value = train(&scenario, &plan, job, &mut kept);
        stopped.told(job, Ok(value));
        written = toml::to_string(&stopped).unwrap();
    }
    assert!(straight.winner().is_some());
}

#[test]
fn groundwork_changes_no_result() {
    let mut scenario = Scenario::parse(shipped("budget-squeeze").unwrap()).unwrap();
    scenario.listeners.count = 60;
    scenario.campaigns.iter_mut().for_each(|group| group.count = 2);
    scenario.tick_s = 3_600;
    let base =
        Config { algo: Algo::Q, worlds: 1, pool: 2, validation_worlds: 1, share: 1.0, ..Config::default() };
    let mut first = Training::new(&scenario, base.clone()).unwrap();
    first.round(1).unwrap();
    let own = Config { gamma: 0.5, ..base };
    let mut alone = Training::new(&scenario, own.clone()).unwrap();
    let mut after = Training::new(&scenario, own).unwrap();
    after.build_on(&first.groundwork());
    assert!(alone.save() != after.save(), "something was taken over");
    assert_eq!(alone.round(1).unwrap(), after.round(1).unwrap());
    assert!(alone.save() == after.save());
}
