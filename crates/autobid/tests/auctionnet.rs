//! The learned bidder in small markets of AuctionNet's format.

use std::sync::Arc;

use motet_arena::auctionnet::{Bidder, Episode, League, Options, TICKS, rivals::Fixed};
use motet_autobid::{
    auctionnet::{
        Driven, EDGES, Luck, Mind, Pid, Recipe, Seated, Shape, Steady, edge, judge, judge_holders, kind,
        learn, learned, optimum, play, record, sum_up, wire::Talk,
    },
    evolve::Plan,
    folder::{self, Error, Training},
    net::Net,
};
use motet_units::Chance;
use proptest::prelude::*;
use serde_json::{Value, json};

fn small(impressions: u32) -> League {
    League::new(1 << 40, Options { impressions, ..Options::default() }).unwrap()
}

fn tiny_recipe(threads: usize) -> Recipe {
    let shipped = Recipe::SHIPPED;
    let plan = Plan { generations: 2, pairs: 2, threads, ..shipped.plan };
    Recipe { episodes: 1, choice_episodes: 1, days: 10, look: 1, plan, ..shipped }
}

fn tiny_mind() -> Mind {
    learn(&small(3_000), &tiny_recipe(1), |_, _| ()).unwrap().mind
}

fn written(mind: &Mind) -> (String, Vec<u8>) {
    let (manifest, numbers) = mind.write("tiny@1", Training::default());
    (folder::text(&manifest), numbers)
}

#[test]
fn a_table_says_what_a_multiplier_costs_and_brings_in_the_market() {
    // Nobody runs out of money and few react to their own spend, so the day is nearly the same whatever the seat bids. What
    // is left: slots are shown by chance, a few hundred of the seat's in such a day, and a few rivals do react.
    let league = small(60_000);
    let seat = 10;
    for (shape, tolerance) in [(Shape::STRAIGHT, 0.15), (Shape { strength: 0.45, anchor: 1.0 }, 0.15)] {
        let day = &record(&league, 3, shape).unwrap()[seat];
        for multiple in [0.4, 0.9, 1.7] {
            let played = steady(&league, 3, seat, multiple, shape);
            let (mut cost, mut brings) = (0.0, 0.0);
            for tick in &day.ticks {
                let (more, brought) = tick.at(multiple);
                (cost, brings) = (cost + more, brings + brought);
            }
            assert!(
                (cost - played.0).abs() <= tolerance * played.0,
                "{multiple}: cost {cost}, played {}",
                played.0
            );
            assert!(
                (brings - played.1).abs() <= tolerance * played.1,
                "{multiple}: {brings}, played {}",
                played.1
            );
        }
    }
}

/// Plays a seat at one multiple and returns its cost and its promised conversions.
fn steady(league: &League, seed: u64, seat: usize, multiple: f64, shape: Shape) -> (f64, f64) {
    let mut episode = Episode::new(seed, league.options().clone()).unwrap();
    let mut bidders = league.bidders();
    let mut going = 0.0;
    while episode.open() {
        let mut answers: Vec<_> =
            bidders.iter_mut().enumerate().map(|(i, b)| b.bid(&episode.view(i))).collect();
        let view = episode.view(seat);
        // The table bends the first tick by its own price, which nobody knows beforehand; here it is bid straight.
        let bend = shape.at(going);
        let full = multiple * view.advertiser.target_cpa;
        let bids = view.values.iter().map(|value| bend.bid(full * f64::from(*value)) as f32).collect();
        answers[seat] = motet_arena::auctionnet::Bids::Each(bids);
        going = episode.tick(&answers).unwrap().agent(0).least_winning_mean;
    }
    let past = episode.past(seat);
    (past.iter().map(|p| p.cost.units()).sum(), past.iter().map(|p| p.expected_conversions).sum())
}

#[test]
fn the_best_constant_of_a_table_is_the_best_of_all_its_edges() {
    let day = &record(&small(20_000), 4, Shape::STRAIGHT).unwrap()[7];
    let (best, multiple) = day.best_constant();
    let scores: Vec<f64> = (0..EDGES).map(|index| day.constant(edge(index)).2).collect();
    assert!(scores.iter().all(|score| *score <= best));
    assert!((day.constant(multiple).2 - best).abs() < 1e-12 && best > 0.0);
    let drawn = play(day, 1, Luck::Whole, &mut Steady(multiple));
    assert!(drawn.cost <= day.budget && drawn.conversions.fract() == 0.0);
}

#[test]
fn the_same_seed_learns_the_same_bytes_on_any_number_of_threads() {
    let learnt = |threads| learn(&small(3_000), &tiny_recipe(threads), |_, _| ()).unwrap();
    let (one, three) = (learnt(1), learnt(3));
    assert_eq!(written(&one.mind), written(&three.mind));
    let recipe = tiny_recipe(1);
    let other = Recipe { plan: Plan { seed: 6, ..recipe.plan }, ..recipe };
    let mut moved = Vec::new();
    learn(&small(3_000), &other, |progress, _| moved.push(progress.mean)).unwrap();
    assert_eq!(moved.len(), 2);
}

#[test]
fn a_policy_that_was_written_is_read_back_to_the_bit() {
    let mind = tiny_mind();
    let (manifest, numbers) = written(&mind);
    let (read, manifest) = Mind::read(&manifest, &numbers).unwrap();
    assert_eq!((read, manifest.version.as_str()), (mind, "tiny@1"));
}

#[test]
fn a_policy_that_is_not_what_it_says_is_refused_by_name() {
    let (manifest, numbers) = written(&tiny_mind());
    let refused = |manifest: &str, numbers: &[u8]| Mind::read(manifest, numbers).unwrap_err();
    let says = |error: &Error, words: &str| assert!(error.to_string().contains(words), "{error}");

    says(&refused("kind = 3", &numbers), "policy.toml cannot be read");
    says(&refused(&manifest.replace("form = 1", "form = 2"), &numbers), "form 2, expected 1");
    says(
        &refused(&manifest.replace("auctionnet-bidder", "pacer"), &numbers),
        "a 'pacer', expected a 'auctionnet-bidder'",
    );
    says(
        &refused(&manifest.replace("name = \"size\"", "name = \"bulk\""), &numbers),
        "observation 3 of the policy is 'bulk'",
    );
    says(
        &refused(&manifest.replace("unit = \"standard errors\"", "unit = \"percent\""), &numbers),
        "observation 6",
    );
    says(&refused(&manifest.replace("caution", "carelessness"), &numbers), "setting 'caution' is missing");
    says(
        &refused(&manifest.replace("bend_anchor = 1.0", "bend_anchor = nan"), &numbers),
        "setting 'bend_anchor' is NaN",
    );
    says(
        &refused(&manifest.replace("name = \"levels\"", "name = \"heights\""), &numbers),
        "part 4 of numbers.f32 is 'heights'",
    );

    let short = &numbers[..numbers.len() - 3];
    let (found, expected) = (short.len(), numbers.len());
    assert_eq!(refused(&manifest, short), Error::Length { found, expected });

    let mut spoilt = numbers.clone();
    spoilt[4 * 5..4 * 6].copy_from_slice(&f32::NAN.to_le_bytes());
    says(&refused(&manifest, &spoilt), "number 5 of part 'brings' of numbers.f32 is NaN");

    let mut changed = numbers;
    changed[0] ^= 1;
    says(&refused(&manifest, &changed), "checksum");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn whatever_the_weights_no_budget_is_exceeded_and_every_bid_is_a_number(seed: u64, seat in 0_usize..48) {
        let mut mind = tiny_mind();
        let mut stream = Chance::new(seed, 0).stream("weights");
        mind.net = Net::new(vec![kind().observation.len(), 8, 1]).unwrap();
        mind.weights = (0..mind.net.weights()).map(|_| (40.0 * stream.unit() - 20.0) as f32).collect();
        let mind = Arc::new(mind);
        let league = small(6_000);
        let found = judge(&league, seed % 1_000, seat, &|| learned(&mind)).unwrap();
        prop_assert!(found.cost <= found.budget);
        let mut bidder: Box<dyn Bidder> = learned(&mind);
        let mut episode = Episode::new(seed, league.options().clone()).unwrap();
        episode.open();
        match bidder.bid(&episode.view(seat)) {
            motet_arena::auctionnet::Bids::Each(bids) => prop_assert!(bids.iter().all(|b| b.is_finite() && *b >= 0.0)),
            motet_arena::auctionnet::Bids::Multiplier(m) => prop_assert!(m.is_finite() && m >= 0.0),
        }
    }
}

#[test]
fn judging_sets_a_bidder_beside_the_holder_of_the_seat() {
    let league = small(30_000);
    let truthful = || -> Box<dyn Bidder> { Box::new(Fixed { multiple: 1.0 }) };
    let plays: Vec<_> = (0..4).map(|seed| judge(&league, seed, 5, &truthful).unwrap()).collect();
    let standing = sum_up("truthful", &plays);
    let mean = plays.iter().map(|p| p.score).sum::<f64>() / 4.0;
    assert!((standing.mean_score - mean).abs() < 1e-12 && standing.mean_score_within > 0.0);
    assert_eq!(standing.by_episode.len(), 4);
    let holder = judge_holders(&league, 0, &[5]).unwrap()[0];
    assert_eq!((holder.holder, holder.budget), (plays[0].holder, plays[0].budget));
    assert!(judge(&league, 0, 48, &truthful).is_err() && judge_holders(&league, 0, &[48]).is_err());
    // A steady pace through the seat is the fixed rival.
    let steady = || -> Box<dyn Bidder> { Box::new(Seated::straight(Steady(1.0))) };
    assert_eq!(judge(&league, 0, 5, &steady).unwrap(), plays[0]);
}

#[test]
fn the_optimal_liquid_welfare_lies_between_its_bounds_and_budgets_cap_it() {
    let options = Options { impressions: 20_000, ..Options::default() };
    let found = optimum(5, &options).unwrap();
    assert!(found.at_least > 0.0 && found.at_least <= found.at_most * (1.0 + 1e-9));
    assert!(found.at_least > 0.97 * found.at_most, "{found:?}");
    // With next to no money the budgets are the welfare.
    let poor = options
        .advertisers
        .iter()
        .map(|a| motet_arena::auctionnet::Advertiser { budget: motet_units::Nanos::from_units(0.5), ..*a });
    let poor = Options { advertisers: poor.collect(), ..options };
    let found = optimum(5, &poor).unwrap();
    assert!(found.at_most >= 24.0 - 1e-9 && found.at_least > 23.0 && found.at_most < 25.0, "{found:?}");
}

#[test]
fn a_pacer_stops_at_its_budget() {
    let league = small(6_000);
    let day = &record(&league, 2, Shape::STRAIGHT).unwrap()[1];
    let poor = motet_autobid::auctionnet::Day { budget: 0.3, ..day.clone() };
    let gains = motet_autobid::auctionnet::Gains::TUNED;
    let (rich, short) = (
        play(day, 1, Luck::Whole, &mut Pid::new(gains)).cost,
        play(&poor, 1, Luck::Whole, &mut Pid::new(gains)).cost,
    );
    assert!(rich > short && short <= 0.3);
}

fn talk() -> Talk {
    Talk::new(Driven::new(Arc::new(tiny_mind())))
}

fn first() -> Value {
    json!({"tick": 0, "budget": 100.0, "remaining_budget": 100.0, "cpa": 80.0, "category": 2,
           "p_values": [0.0005, 0.001, 0.0], "p_value_sigmas": [0.0001, 0.0001, 0.0]})
}

fn second() -> Value {
    json!({"tick": 1, "budget": 100.0, "remaining_budget": 99.9, "cpa": 80.0, "category": 2,
           "p_values": [0.0007], "p_value_sigmas": [0.0001], "bids": [0.04, 0.08, 0.0], "won": [0, 1, 0],
           "cost": [0.0, 0.06, 0.0], "conversions": [0, 0, 0], "least_winning_cost": [0.05, 0.06, 0.04]})
}

fn bids(talk: &mut Talk, line: &Value) -> Vec<f64> {
    let answer: Value = serde_json::from_str(&talk.answer(&line.to_string()).unwrap()).unwrap();
    answer["bids"].as_array().unwrap().iter().map(|bid| bid.as_f64().unwrap()).collect()
}

#[test]
fn a_tick_gets_a_bid_for_each_value_and_tick_0_starts_anew() {
    let mut talk = talk();
    let one = bids(&mut talk, &first());
    assert_eq!(one.len(), 3);
    assert!(one[1] > one[0] && one[0] > 0.0 && one[2].abs() < 1e-12);
    let two = bids(&mut talk, &second());
    assert_eq!(two.len(), 1);
    assert_eq!(bids(&mut talk, &first()), one);
    assert_eq!(bids(&mut talk, &second()), two);
}

#[test]
fn totals_may_stand_for_rows() {
    let mut line = second();
    let mut rows = talk();
    bids(&mut rows, &first());
    let of_rows = bids(&mut rows, &line);
    line["cost"] = json!(0.06);
    line["conversions"] = json!(0);
    line["won"] = json!([false, true, false]);
    line["least_winning_cost"] = json!(0.05);
    let mut totals = talk();
    bids(&mut totals, &first());
    // Sums of rows and the totals told may differ in their last bit.
    let of_totals = bids(&mut totals, &line);
    assert_eq!(of_totals.len(), of_rows.len());
    assert!(
        of_totals.iter().zip(&of_rows).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs()),
        "{of_totals:?} {of_rows:?}"
    );
}

#[test]
fn a_bad_line_is_refused_with_the_name_of_its_field() {
    let cases: [(&str, Value, &str); 12] = [
        ("tick", json!(48), "'tick' must be a whole number in 0 to 47, was 48"),
        ("tick", json!(3), "'tick' must be 1, or 0 to start an episode, was 3"),
        ("budget", json!(-1), "'budget' must be a number above 0, was -1"),
        ("remaining_budget", json!(101), "'remaining_budget' must be a number in 0 to 100"),
        ("cpa", json!("80"), "'cpa' must be a number above 0, was \"80\""),
        ("category", json!(1.5), "'category' must be a whole number, 0 or more, was 1.5"),
        ("p_values", json!([1.5]), "'p_values[0]' must be a number in 0 to 1, was 1.5"),
        ("p_value_sigmas", json!([]), "'p_value_sigmas' must be a row of 1 numbers, was a row of 0"),
        ("bids", json!(null), "'bids' must be a row of numbers, was null"),
        ("cost", json!([0.0, -0.1, 0.0]), "'cost[1]' must be a number, 0 or more, was -0.1"),
        ("conversions", json!([0]), "'conversions' must be a row of 3 numbers, was a row of 1"),
        ("least_winning_cost", json!({}), "'least_winning_cost' must be a row of numbers, was {}"),
    ];
    for (field, value, words) in cases {
        let mut talk = talk();
        bids(&mut talk, &first());
        let mut line = second();
        line[field] = value;
        let error = talk.answer(&line.to_string()).unwrap_err().to_string();
        assert!(error.starts_with("line 2: field ") && error.contains(words), "{error}");
    }
    let mut line = second();
    line.as_object_mut().unwrap().remove("won");
    let mut talk = talk();
    bids(&mut talk, &first());
    assert!(
        talk.answer(&line.to_string())
            .unwrap_err()
            .to_string()
            .contains("'won' must be a row of numbers, was missing")
    );
    assert!(talk.answer("[1]").unwrap_err().to_string().contains("no JSON object"));
    assert!(self::talk().answer(&second().to_string()).unwrap_err().to_string().contains("'tick' must be 0"));
}

#[test]
fn an_episode_has_forty_eight_ticks() {
    assert_eq!(TICKS, 48);
    let mut talk = talk();
    let mut line = first();
    bids(&mut talk, &line);
    for tick in 1..48 {
        line = second();
        line["tick"] = json!(tick);
        if tick > 1 {
            for field in ["bids", "won", "cost", "conversions", "least_winning_cost"] {
                line[field] = json!([0.05]);
            }
        }
        bids(&mut talk, &line);
    }
    line["tick"] = json!(48);
    assert!(talk.answer(&line.to_string()).is_err());
}
