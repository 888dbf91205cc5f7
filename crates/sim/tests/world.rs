//! Whole runs of a small world: what must hold whatever is decided.

use std::collections::BTreeMap;

use motet_model::outcome::NoticeKind;
use motet_sim::{
    Run, Scenario, Team, Watch, World, parallel,
    regret::Sampler,
    report::{Recorder, Report},
    run::{Audience, Decided, Happened, Outcome, Told},
};
use motet_units::Nanos;

/// An hour or two of a small market with everything in it.
const SMALL: &str = include_str!("small.toml");

fn scenario() -> Scenario {
    Scenario::parse(SMALL).expect("the scenario of these tests")
}

fn play(world: &World, team: &Team, days: u32, watch: &mut impl Watch) -> Report {
    let setup = team.setup(world, Audience::ALL).expect("options the engine knows");
    let mut run = Run::new(world, setup);
    let mut both = (Recorder::new(world), watch);
    run.until_day(days, &mut both);
    run.engine().check().expect("the ledger's invariants hold");
    both.0.finish(run.engine())
}

#[test]
fn one_seed_gives_the_same_report_whatever_runs_beside_it() {
    let world = World::new(&scenario(), 5);
    let alone = play(&world, &Team::Agents, 1, &mut ());
    let beside =
        parallel(&[5_u64, 6, 5], 3, |seed| play(&World::new(&scenario(), *seed), &Team::Agents, 1, &mut ()));
    assert_eq!(alone, beside[0]);
    assert_eq!(alone, beside[2]);
    assert_ne!(alone, beside[1]);
}

#[test]
fn money_is_conserved_and_no_campaign_overspends() {
    for team in [Team::Baseline, Team::Agents] {
        let report = play(&World::new(&scenario(), 7), &team, 2, &mut ());
        assert_eq!(report.books.balance(), Nanos::ZERO);
        assert_eq!(report.overspent, 0);
        assert_eq!(report.books.advertisers, Nanos::ZERO - report.all.spend);
        assert!(report.all.spend.is_positive() && report.ledger_balanced);
        let parts: i64 = report.campaigns.iter().map(|c| c.tally.spend.get()).sum();
        assert_eq!(parts, report.all.spend.get());
    }
}

#[derive(Default)]
struct Meetings(Vec<(u64, u32, u16)>);

impl Watch for Meetings {
    fn decided(&mut self, decided: &Decided<'_>) {
        let visit = decided.visit;
        self.0.push((visit.id, visit.listener, visit.publisher));
    }
}

#[test]
fn two_teams_meet_the_very_same_visits() {
    let world = World::new(&scenario(), 3);
    let (mut a, mut b) = (Meetings::default(), Meetings::default());
    play(&world, &Team::Baseline, 1, &mut a);
    play(&world, &Team::Agents, 1, &mut b);
    assert!(a.0.len() > 1_000);
    assert_eq!(a.0, b.0);
}

#[test]
fn the_two_halves_of_an_audience_make_the_whole() {
    let world = World::new(&scenario(), 4);
    let meet = |audience: Audience| {
        let mut meetings = Meetings::default();
        let setup = Team::Baseline.setup(&world, audience).expect("known options");
        Run::new(&world, setup).until_day(1, &mut meetings);
        meetings.0
    };
    let mut halves = meet(Audience { from: 0.0, to: 0.5 });
    halves.extend(meet(Audience { from: 0.5, to: 1.0 }));
    let mut whole = meet(Audience::ALL);
    halves.sort_unstable();
    whole.sort_unstable();
    assert_eq!(halves, whole);
}

/// What was told, and what happened, of every bid.
#[derive(Default)]
struct Order {
    told: u64,
    early: u64,
    of_attacks: BTreeMap<&'static str, u64>,
    attack_conversions: u64,
}

impl Watch for Order {
    fn told(&mut self, told: &Told<'_>) {
        self.told += 1;
        self.early += u64::from(told.at < told.notice.happened_at);
        if told.visit.attack.is_some() {
            *self.of_attacks.entry(told.notice.kind.name()).or_default() += 1;
            self.attack_conversions += u64::from(matches!(told.notice.kind, NoticeKind::Conversion { .. }));
        }
    }
    fn happened(&mut self, happened: &Happened<'_>) {
        let converted = matches!(happened.what, Outcome::Converted(_));
        self.attack_conversions += u64::from(converted && happened.visit.attack.is_some());
    }
}

#[test]
fn nothing_is_known_before_it_happened_and_no_bot_converts() {
    let world = World::new(&scenario(), 9);
    let mut order = Order::default();
    play(&world, &Team::Agents, 2, &mut order);
    assert!(order.told > 1_000);
    assert_eq!(order.early, 0);
    assert_eq!(order.attack_conversions, 0);
}

#[test]
fn what_is_on_its_way_stays_bounded_by_the_world() {
    let world = World::new(&scenario(), 2);
    let setup = Team::Baseline.setup(&world, Audience::ALL).expect("known options");
    let mut run = Run::new(&world, setup);
    run.until_day(1, &mut ());
    let after_one = run.pending();
    run.until_day(4, &mut ());
    assert!(run.pending() < 3 * after_one.max(200), "{after_one} grew to {}", run.pending());
}

#[test]
fn regret_adds_up_and_the_optimum_is_never_below_what_was_had() {
    let world = World::new(&scenario(), 8);
    for team in [Team::Baseline, Team::Agents] {
        let mut sampler = Sampler::new(&world, 1);
        play(&world, &team, 1, &mut sampler);
        let report = sampler.finish();
        assert!(report.slots > 300, "{report:?}");
        let missed = report.optimum_at_most - report.realised;
        assert!(
            (report.causes.total() - missed).abs() < 1e-6 * report.optimum_at_most.max(1.0),
            "{report:?}"
        );
        assert!(report.optimum_at_least <= report.optimum_at_most);
        // Per-slot causes are never gains; only pacing's leftover may be, by the noise of the sample.
        let causes = report.causes;
        let parts =
            [causes.allocation, causes.exploration, causes.estimation, causes.underbid, causes.overbid];
        assert!(parts.iter().all(|part| *part >= -1e-9), "{causes:?}");
    }
}
