//! What the release gate says to evaluations that were made up.

use motet_sim::regret::{Causes, RegretReport};
use motet_train::{Evaluation, Gate, Margins, Parts, Played, gate, summarise};

const WORLDS: u64 = 24;

/// A team that brings the same in every world but for a small, even wave of its own.
fn evaluation(team: &str, worlds: u64, mean: f64, change: impl Fn(u64, &mut Played)) -> Evaluation {
    let played = |seed: u64| {
        let mut played = Played {
            seed,
            objective: mean + if seed.is_multiple_of(2) { 0.1 } else { -0.1 },
            parts: Parts {
                experience: 1.0,
                under_delivery: 20.0,
                invalid: 0.5,
                spend: 80.0,
                ..Parts::default()
            },
            regret: RegretReport {
                slots: 100,
                share: 1.0,
                optimum_at_most: 30.0,
                optimum_at_least: 29.0,
                realised: 10.0,
                ratio: Some(1.0 / 3.0),
                causes: Causes::default(),
            },
            cpa_violations: 0.1,
            overspent: 0,
            balanced: true,
        };
        change(seed, &mut played);
        played
    };
    summarise(team, (0..worlds).map(played).collect())
}

fn judge(worlds: u64, change: impl Fn(u64, &mut Played)) -> Gate {
    let team = evaluation("team@1", worlds, 12.0, change);
    let baseline = evaluation("baseline", worlds, 10.0, |_, _| {});
    let split = evaluation("equal-split", worlds, 9.0, |_, _| {});
    gate(&[("here", &team, &baseline, &split)], &Margins::default()).expect("the same worlds")
}

/// Returns what the gate found wrong.
fn faults(gate: &Gate) -> Vec<&str> {
    gate.reasons.iter().filter(|reason| !reason.passed).map(|reason| reason.what.as_str()).collect()
}

/// One change that spoils a team, and what has to be named.
type Case = (&'static str, fn(u64, &mut Played), &'static [&'static str]);

#[test]
fn each_fault_is_named_and_nothing_else() {
    let cases: [Case; 11] = [
        ("all is fine", |_, _| {}, &[]),
        ("it ties with the baseline", |_, p| p.objective -= 2.0, &["objective above baseline"]),
        (
            // Mean difference +0.5, deviation 3.1: the interval is about [-0.8, 1.8].
            "it gains, but not for sure",
            |seed, p| p.objective += if seed.is_multiple_of(2) { 1.5 } else { -4.5 },
            &["objective above baseline"],
        ),
        (
            "it is worse than both",
            |_, p| p.objective -= 5.0,
            &["objective above baseline", "objective above equal-split"],
        ),
        ("one budget is overspent", |seed, p| p.overspent = u64::from(seed == 3), &["overspend"]),
        ("one ledger does not balance", |seed, p| p.balanced = seed != 3, &["overspend"]),
        ("viewers are strained", |_, p| p.parts.experience = 1.2, &["viewer experience"]),
        ("campaigns pay too much", |_, p| p.cpa_violations = 0.2, &["CPA violations"]),
        ("fraud is paid", |_, p| p.parts.invalid = 2.0, &["invalid spend"]),
        (
            "budgets are left over",
            |_, p| (p.parts.under_delivery, p.parts.spend) = (40.0, 60.0),
            &["under-delivery"],
        ),
        (
            // The mean, +0.03, is within the margin of 0.05; the interval's end, about +0.07, is not.
            "harm cannot be told from none",
            |seed, p| p.cpa_violations += if seed.is_multiple_of(2) { 0.12 } else { -0.06 },
            &["CPA violations"],
        ),
    ];
    for (name, change, wanted) in cases {
        let verdict = judge(WORLDS, change);
        assert_eq!(faults(&verdict), wanted, "{name}: {:#?}", verdict.reasons);
        assert_eq!(verdict.shippable, wanted.is_empty(), "{name}");
    }
}

#[test]
fn nineteen_worlds_are_too_few_and_twenty_are_enough() {
    assert_eq!(faults(&judge(19, |_, _| {})), ["worlds"]);
    assert!(judge(20, |_, _| {}).shippable);
}

#[test]
fn every_scenario_must_be_passed_and_no_scenario_is_no_pass() {
    let [good, bad] = [12.0, 9.5].map(|mean| evaluation("team@1", WORLDS, mean, |_, _| {}));
    let baseline = evaluation("baseline", WORLDS, 10.0, |_, _| {});
    let split = evaluation("equal-split", WORLDS, 9.0, |_, _| {});
    let judged = [("here", &good, &baseline, &split), ("there", &bad, &baseline, &split)];
    let verdict = gate(&judged, &Margins::default()).unwrap();
    let fault = verdict.reasons.iter().find(|reason| !reason.passed).unwrap();
    assert!(!verdict.shippable);
    assert_eq!((fault.scenario.as_str(), fault.what.as_str()), ("there", "objective above baseline"));
    assert!(fault.why.contains("9.50 against 10.00"), "{}", fault.why);
    assert!(!gate(&[], &Margins::default()).unwrap().shippable);
}

#[test]
fn teams_that_played_other_worlds_cannot_be_compared() {
    let team = evaluation("team@1", WORLDS, 12.0, |_, _| {});
    let baseline = evaluation("baseline", WORLDS, 10.0, |_, played| played.seed += 1);
    let error = gate(&[("here", &team, &baseline, &baseline)], &Margins::default()).unwrap_err();
    assert!(error.to_string().starts_with("seeds must be the same for both teams"), "{error}");
}
