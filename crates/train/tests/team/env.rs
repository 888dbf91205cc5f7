//! Steps, rows and the meter.

use std::sync::Arc;

use motet_learn::{End, Level};
use motet_sim::{Team, run::Audience};
use motet_train::{Env, Hand, Meter, Parts, Stage, Step, Still, control, play, seated, spec};
use motet_units::Chance;

use crate::{TICKS, world};

/// Strays by its chance alone: whatever differs between two of its actions is the chance's doing.
#[derive(Debug)]
struct Stray;

impl Hand for Stray {
    fn act(&self, _agent: usize, _observation: &[f32], chance: Chance, action: &mut [f32]) {
        let mut stream = chance.stream("test");
        action.fill_with(|| (0.4 * (2.0 * stream.unit() - 1.0)) as f32);
    }
}

fn stage(hold: u64) -> Stage {
    Stage { audience: Audience::ALL, ticks: TICKS, hold, seed: 5, control: None }
}

fn steps(stage: Stage, hand: impl Hand + 'static) -> Vec<Step> {
    let (world, hand): (_, Arc<dyn Hand>) = (world(), Arc::new(hand));
    let mut env = Env::new(&world, stage, &hand).expect("seats are taken");
    std::iter::from_fn(|| env.step(&mut ())).collect()
}

fn total(campaigns: &[Parts]) -> Parts {
    let mut parts = Parts::default();
    for campaign in campaigns {
        parts.add(campaign);
    }
    parts
}

#[test]
fn a_still_hand_decides_as_the_fixed_policies_do() {
    let (world, hand): (_, Arc<dyn Hand>) = (world(), Arc::new(Still));
    let mut env = Env::new(&world, stage(1), &hand).unwrap();
    // A meter over the whole run: its sums are in the order of a play's.
    let mut whole = Meter::new(&world);
    while env.step(&mut whole).is_some() {}
    let fixed = play(&world, &Team::Agents, Audience::ALL, 1).unwrap();
    assert!(fixed.parts.spend > 0.0 && fixed.parts.surplus != 0.0, "something was bought: {:?}", fixed.parts);
    assert_eq!(total(&whole.take()), fixed.parts, "bit for bit");
}

#[test]
fn a_hand_that_strays_decides_otherwise() {
    let strayed = steps(stage(2), Stray);
    let still = steps(stage(2), Still);
    let sum = |steps: &[Step]| total(&steps.iter().map(|step| total(&step.parts)).collect::<Vec<_>>());
    assert_ne!(sum(&strayed), sum(&still), "the hand is asked, and what it says is done");
}

#[test]
fn paired_rewards_of_a_still_hand_are_exactly_zero() {
    let fixed = Arc::new(control(&world(), Audience::ALL, TICKS).unwrap());
    let brought: f64 = fixed.iter().flatten().map(|part| part.abs()).sum();
    assert!(brought > 0.0, "there is something to be beside");
    let steps = steps(Stage { control: Some(fixed), ..stage(1) }, Still);
    let rows: Vec<_> = steps.iter().flat_map(|step| &step.rows).collect();
    assert!(rows.len() > 200, "{} rows", rows.len());
    assert!(rows.iter().all(|row| row.reward == 0.0));
}

#[test]
fn without_a_control_the_rewards_are_what_was_brought() {
    let steps = steps(stage(1), Still);
    let paid = steps.iter().flat_map(|step| &step.rows).filter(|row| row.reward != 0.0).count();
    assert!(paid > 20, "{paid} rows with a reward");
}

#[test]
fn steps_add_up_to_what_a_play_meters_and_to_the_ledger() {
    let (world, hand): (_, Arc<dyn Hand>) = (world(), Arc::new(Still));
    let mut env = Env::new(&world, stage(1), &hand).unwrap();
    let mut campaigns = vec![Parts::default(); world.campaigns.truth.len()];
    while let Some(step) = env.step(&mut ()) {
        campaigns.iter_mut().zip(&step.parts).for_each(|(sum, parts)| sum.add(parts));
    }
    let played = play(&world, &Team::Agents, Audience::ALL, 1).unwrap();
    for ((name, own), (_, other)) in total(&campaigns).named().into_iter().zip(played.parts.named()) {
        // Sums of some hundred numbers in another order.
        assert!((own - other).abs() <= 1e-10 * own.abs().max(1.0), "{name}: {own} and {other}");
    }
    for account in env.run().engine().accounts() {
        let metered = campaigns[account.campaign.get()].spend;
        assert!((metered - account.spent.units()).abs() < 0.5e-9, "{metered} and {}", account.spent);
    }
}

#[test]
fn rows_fit_the_team_and_only_the_last_step_is_cut() {
    let (team, steps) = (spec(), steps(stage(2), Stray));
    assert_eq!(steps.len() as u64, TICKS);
    for (place, step) in steps.iter().enumerate() {
        let end = if place + 1 == steps.len() { End::Truncated } else { End::Goes };
        for row in &step.rows {
            team.check_row(row).unwrap();
            assert_eq!(row.end, end, "in step {place}");
        }
    }
}

/// A row does not name its campaign; the daily budget, last in the context, tells campaigns apart in this world.
#[test]
fn what_a_row_sees_next_is_what_the_next_row_sees() {
    let steps = steps(stage(2), Stray);
    let mut followed = 0;
    for pair in steps.windows(2) {
        for row in &pair[0].rows {
            let budget = row.context.last();
            let mut next = pair[1].rows.iter().filter(|next| next.context.last() == budget);
            let Some(next_row) = next.next() else { continue };
            assert!(next.next().is_none(), "budgets differ");
            assert_eq!(row.next_observations, next_row.observations);
            assert_eq!(row.next_context, next_row.context);
            followed += 1;
        }
    }
    assert!(followed > 200, "{followed} rows were followed");
}

#[test]
fn campaigns_stray_together_for_as_long_as_a_hold() {
    let (team, steps) = (spec(), steps(stage(2), Stray));
    let bidder = seated().iter().find(|agent| agent.level == Level::Campaign).unwrap().place;
    let strayed = |step: &Step| -> Vec<Vec<f32>> {
        step.rows.iter().map(|row| row.actions[team.action(bidder)].to_vec()).collect()
    };
    for holds in steps.chunks_exact(2).collect::<Vec<_>>().windows(2) {
        let [now, then] = [strayed(&holds[0][0]), strayed(&holds[1][0])];
        assert!(now.len() > 1 && now.iter().all(|action| *action == now[0]), "one for all campaigns");
        assert_eq!(strayed(&holds[0][1])[0], now[0], "the same for the whole hold");
        assert_ne!(now[0], then[0], "another in the next hold");
    }
}

#[test]
fn another_seed_strays_otherwise() {
    let one = steps(stage(2), Stray);
    let other = steps(Stage { seed: 6, ..stage(2) }, Stray);
    assert_ne!(one[0].rows[0].actions, other[0].rows[0].actions);
}
