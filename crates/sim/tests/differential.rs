//! The world's mechanics against a plain reference of them: the same events, in the same order, at the same microsecond.

mod reference;

use std::collections::BTreeMap;

use motet_model::{
    decision::{Bid, ImpDecision},
    ids::CampaignIx,
};
use motet_sim::{
    Run, Scenario, Team, Watch, World,
    fraud_score::OpenGuard,
    run::{Auctioned, Audience, Decided, Happened, Outcome, Told, Winner},
};
use motet_units::{Chance, Timestamp};

use crate::reference::{Step, rounded};

/// Writes down a run as the reference does.
#[derive(Default)]
struct Scribe {
    steps: Vec<Step>,
    bids: BTreeMap<u64, Vec<Option<Bid>>>,
}

impl Watch for Scribe {
    fn decided(&mut self, decided: &Decided<'_>) {
        let visit = decided.visit.id;
        let bids = decided.decision.imps.iter().map(|imp| match imp {
            ImpDecision::Bid(bid) => Some(bid.clone()),
            ImpDecision::NoBid(_) => None,
        });
        self.bids.insert(visit, bids.collect());
        let floors = decided.request.imps.iter().map(|imp| imp.floor).collect();
        self.steps.push(Step::Decided(decided.decision.at, visit, floors));
    }

    fn auctioned(&mut self, auctioned: &Auctioned<'_>) {
        let (visit, place, price) = (auctioned.visit.id, auctioned.place, auctioned.price);
        let (best, second) = (auctioned.competition.best, auctioned.competition.second);
        let (ours, sold) = (auctioned.winner == Winner::Ours, auctioned.winner != Winner::Nobody);
        self.steps.push(Step::Auctioned { visit, place, best, second, ours, sold, price });
    }

    fn happened(&mut self, happened: &Happened<'_>) {
        let (at, visit, campaign) = (happened.at, happened.visit.id, happened.campaign.0);
        self.steps.push(match happened.what {
            Outcome::Rendered { viewable, p_click, p_conversion, worth, repeated } => Step::Rendered {
                at,
                visit,
                campaign,
                viewable,
                repeated,
                p_click: rounded(p_click),
                p_conversion: rounded(p_conversion),
                worth: worth.round() as i64,
            },
            Outcome::Clicked => Step::Clicked(at, visit),
            Outcome::Converted(sale) => Step::Converted(at, visit, sale),
            Outcome::Untold => Step::Untold(at, visit),
            Outcome::Faked(_) => unreachable!("nobody attacks these worlds"),
        });
    }

    fn told(&mut self, told: &Told<'_>) {
        self.steps.push(Step::Told {
            at: told.at,
            happened_at: told.notice.happened_at,
            visit: told.visit.id,
            kind: told.notice.kind,
            verdict: told.judgement.verdict,
            charged: told.judgement.charged,
        });
    }

    fn ticked(&mut self, engine: &motet_engine::Engine, _now: Timestamp) {
        for account in engine.accounts() {
            let CampaignIx(campaign) = account.campaign;
            let money =
                [account.spent_today, account.reserved_today, account.spent, account.reserved, account.room];
            self.steps.push(Step::Account(campaign, money));
        }
    }
}

/// Draws a tiny world of every shape: prices, slots, delays, rivals, shocks, clocks.
fn scenario(seed: u64) -> Scenario {
    let mut draw = Chance::new(seed, 0).stream("tiny world");
    let mut one = |of: &[&str]| of[draw.below(of.len() as u64) as usize].to_owned();
    let (utc, tick) = (one(&["0", "60", "-480"]), one(&["60", "900", "3600"]));
    let (fatigue, click) = (
        one(&[
            "{ model = \"none\" }",
            "{ model = \"exposure\", keeps = 0.7, half_life_h = 6.0, attention_keeps = 0.95 }",
        ]),
        one(&["{ model = \"flat\" }", "{ model = \"interest\", gain = 1.5, inclination_sigma = 0.5 }"]),
    );
    let (owned, second) = (one(&["true", "false"]), one(&["true", "false"]));
    let floor = one(&[
        "{ model = \"none\" }",
        "{ model = \"fixed\", cpm = 1.0 }",
        "{ model = \"log_normal\", median_cpm = 0.8, sigma = 0.6 }",
    ]);
    let (slots, told) = (one(&["1.0", "1.6", "2.3"]), one(&["0.0", "0.5", "1.0"]));
    let delay = one(&[
        "{ model = \"fixed\", seconds = 0.0 }",
        "{ model = \"fixed\", seconds = 1.0 }",
        "{ model = \"exponential\", mean_s = 40.0 }",
        "{ model = \"log_normal\", median_s = 20.0, sigma = 1.0 }",
    ]);
    let informed = one(&["0.0", "0.4"]);
    let rivals = one(&[
        "",
        "[[market.rivals]]\nid = \"telecom\"\ninterest = 0.6\nvalue_cpm = 2.5\ndaily_budget = 0.02\n",
        "[[market.rivals]]\nid = \"a\"\ninterest = 0.9\nvalue_cpm = 2.0\ndaily_budget = 0.05\n[[market.rivals]]\nid = \"b\"\ninterest = 0.5\nvalue_cpm = 3.0\ndaily_budget = 0.01\n",
    ]);
    let shock = one(&[
        "",
        "[[shocks]]\nfrom_hour = 3.0\nto_hour = 15.5\nkind = \"broken_tracker\"\nlost = 0.5\n",
        "[[shocks]]\nfrom_hour = 6.25\nkind = \"budget_change\"\ngroup = \"brand\"\nfactor = 0.4\n",
        "[[shocks]]\nfrom_hour = 2.0\nto_hour = 9.0\nkind = \"rival_leaves\"\nfactor = 0.3\n",
        "[[shocks]]\nfrom_hour = 5.0\nto_hour = 6.0\nkind = \"traffic_spike\"\nfactor = 4.0\n",
    ]);
    let text = format!(
        "name = \"tiny\"\nabout = \"For a comparison.\"\nstart = \"2026-03-02\"\ndays = 2\ntick_s = {tick}\nutc_offset_minutes = {utc}\n\
         [listeners]\ncount = 25\nsessions_per_day = 2.0\ntraffic = {{ model = \"commuter\" }}\nfatigue = {fatigue}\n\
         [[publishers]]\nid = \"radio\"\nmedium = \"audio\"\nshare = 0.5\nowned = {owned}\nslots = {slots}\nclick_rate = 0.25\nviewable = 0.8\nfloor = {{ model = \"fixed\", cpm = 0.5 }}\n\
         [[publishers]]\nid = \"news\"\ncount = 2\nmedium = \"audio\"\nshare = 0.5\nsecond_price = {second}\nclick_rate = 0.3\nviewable = 0.6\nfloor = {floor}\n\
         [[campaigns]]\nid = \"brand\"\ncount = 2\ngoal = \"cpm\"\nworth = [2.0, 5.0]\ndaily_budget = [0.02, 0.1]\nmedia = [\"audio\"]\n\
         [[campaigns]]\nid = \"shop\"\ncount = 2\ngoal = \"cpc\"\nworth = [0.01, 0.05]\ndaily_budget = [0.05, 0.2]\nmedia = [\"audio\"]\n\
         [[campaigns]]\nid = \"app\"\ncount = 1\ngoal = \"cpa\"\nworth = [0.05, 0.2]\ndaily_budget = [0.05, 0.2]\nmedia = [\"audio\"]\nconversion_rate = 0.6\n\
         [market]\noutside = {{ model = \"log_normal\", median_cpm = 1.5, sigma = 0.8 }}\ntold = {told}\ninformed = {informed}\n{rivals}\
         [outcomes]\nrendered = 0.8\nnotice_delay = {delay}\nrender_delay = {delay}\nclick = {click}\nclick_delay = {delay}\nconversion_delay = {delay}\n\
         {shock}\
         [engine.guard]\nplaces = 64\n"
    );
    Scenario::parse(&text).expect("a sound scenario")
}

/// Counts of what was compared, so that a comparison of nothing does not pass.
#[derive(Debug, Default)]
struct Compared {
    won: usize,
    converted: usize,
    untold: usize,
    accounts: usize,
}

fn compare(seed: u64, compared: &mut Compared) {
    let world = World::new(&scenario(seed), seed);
    let mut run = Run::new(&world, Team::Agents.setup(&world, Audience::ALL).expect("known options"));
    run.engine_mut().seat(Box::new(OpenGuard));
    let mut scribe = Scribe::default();
    run.until_day(2, &mut scribe);
    let expected = reference::play(&world, &scribe.bids, 2);
    for (number, (found, expected)) in scribe.steps.iter().zip(&expected).enumerate() {
        let before = &scribe.steps[number.saturating_sub(3)..number];
        assert_eq!(found, expected, "seed {seed}, step {number}, after {before:#?}");
    }
    assert_eq!(scribe.steps.len(), expected.len(), "seed {seed}");
    let count = |of: fn(&Step) -> bool| expected.iter().filter(|step| of(step)).count();
    compared.won += count(|step| matches!(step, Step::Auctioned { ours: true, .. }));
    compared.converted += count(|step| matches!(step, Step::Converted(..)));
    compared.untold += count(|step| matches!(step, Step::Untold(..)));
    compared.accounts += count(|step| matches!(step, Step::Account(_, [_, held, ..]) if held.is_positive()));
}

#[test]
fn a_run_is_what_the_plain_reference_says_event_by_event() {
    let mut compared = Compared::default();
    for seed in 1..=24 {
        compare(seed, &mut compared);
    }
    assert!(compared.won > 2_000 && compared.converted > 20, "{compared:?}");
    assert!(compared.untold > 10 && compared.accounts > 100, "{compared:?}");
}
