//! Plays one seed under a design.

use motet_coordinator::Timing;
use motet_engine::{Candidate, Event, Options};

use super::{Arm, Design, Halves, Pair};
use crate::{
    Run, Scenario, Team, World,
    report::{Recorder, Report},
    run::{Audience, Setup},
    scenario::Error,
};

/// A campaign counts as exhausted when it used this share of its daily budget.
const EXHAUSTED: f64 = 0.98;

/// Plays one seed: `warm_up` days under team A in both arms (not with separate worlds), then `days` days.
///
/// # Errors
/// When the scenario or a team sets what the engine does not know.
pub fn play(
    scenario: &Scenario,
    seed: u64,
    teams: (&Team, &Team),
    design: Design,
    warm_up: u32,
    days: u32,
) -> Result<Pair, Error> {
    match design {
        Design::SeparateWorlds => separate(&World::new(scenario, seed), teams, days),
        Design::BudgetSplit => budget_split(&World::with_budgets(scenario, seed, 0.5), teams, warm_up, days),
        Design::UserSplit => user_split(&World::new(scenario, seed), teams, warm_up, days),
    }
}

fn exhausted(report: &Report) -> f64 {
    let used = report.campaigns.iter().filter_map(|campaign| campaign.budget_used);
    let (count, all) = used.fold((0, 0), |(n, all), used| (n + usize::from(used >= EXHAUSTED), all + 1));
    count as f64 / f64::from(all.max(1))
}

fn separate(world: &World, (a, b): (&Team, &Team), days: u32) -> Result<Pair, Error> {
    let alone = |team: &Team| {
        let mut run = Run::new(world, team.setup(world, Audience::ALL)?);
        let mut recorder = Recorder::new(world);
        run.until_day(days, &mut recorder);
        Ok(recorder.finish(run.engine()))
    };
    let (a, b) = (alone(a)?, alone(b)?);
    Ok(Pair { seed: world.seed, a: Arm::of(&a), b: Arm::of(&b), before: None, exhausted: exhausted(&a) })
}

fn budget_split(world: &World, (a, b): (&Team, &Team), warm_up: u32, days: u32) -> Result<Pair, Error> {
    let half = |audience: Audience, team: &Team| {
        let mut run = Run::new(world, a.setup(world, audience)?);
        let mut before = Recorder::new(world);
        run.until_day(warm_up, &mut before);
        let before = Arm::of(&before.finish(run.engine()));
        take_over(&mut run, team.options(world)?);
        let mut after = Recorder::new(world);
        run.until_day(warm_up + days, &mut after);
        Ok((before, after.finish(run.engine())))
    };
    let (before_a, of_a) = half(Audience { from: 0.0, to: 0.5 }, a)?;
    let (before_b, of_b) = half(Audience { from: 0.5, to: 1.0 }, b)?;
    Ok(Pair {
        seed: world.seed,
        a: Arm::of(&of_a),
        b: Arm::of(&of_b),
        before: (warm_up > 0).then_some((before_a, before_b)),
        exhausted: exhausted(&of_a),
    })
}

fn user_split(world: &World, (a, b): (&Team, &Team), warm_up: u32, days: u32) -> Result<Pair, Error> {
    let options = a.options(world)?;
    let candidate = Candidate { share: 0.5, salt: world.seed, options: b.options(world)? };
    let mut run = Run::new(world, Setup { options: options.clone(), audience: Audience::ALL });
    let mut before = Halves::new(world, candidate.clone());
    run.until_day(warm_up, &mut before);
    let before = before.arms(run.engine());
    let mut after = Halves::new(world, candidate.clone());
    take_over(&mut run, Options { candidate: Some(Box::new(candidate)), ..options });
    run.until_day(warm_up + days, &mut after);
    let ((a, b), reports) = (after.arms(run.engine()), after.reports(run.engine()));
    // A campaign's money is shared, so its use is the sum of both arms' use.
    let used = reports.0.campaigns.iter().zip(&reports.1.campaigns);
    let both = used.filter(|(a, b)| a.budget_used.unwrap_or(0.0) + b.budget_used.unwrap_or(0.0) >= EXHAUSTED);
    let exhausted = both.count() as f64 / reports.0.campaigns.len().max(1) as f64;
    Ok(Pair { seed: world.seed, a, b, before: (warm_up > 0).then_some(before), exhausted })
}

/// Puts other options in force, as an operator does.
fn take_over(run: &mut Run<'_>, options: Options) {
    if *run.engine().options() != options {
        let now = run.now();
        run.engine_mut().step(now, &Event::Configured(Box::new(options)), Timing::Unlimited);
    }
}
