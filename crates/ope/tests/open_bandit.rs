//! The six logs of the Open Bandit Data beside the figures of the Open Bandit Pipeline 0.5.5 (`fixtures/obp-0.5.5.csv`, written
//! by `fixtures/reference.py`), given the same target policy, folds and rewards.

#[path = "reference/mod.rs"]
mod reference;

use std::path::PathBuf;
use std::sync::LazyLock;

use motet_ope::policy::file::from_csv;
use motet_ope::{Campaign, Evaluation, Refusal, Thompson};
use reference::{Asked, ESTIMATORS, fixture};

/// The folder of the logs; `None`, said aloud, where they are not at hand.
#[expect(clippy::disallowed_methods, reason = "tests are told where real data lies")]
fn data() -> Option<PathBuf> {
    let named = std::env::var("MOTET_SHARED_DATA").map(PathBuf::from);
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = named.unwrap_or_else(|_| default()).join("obd");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no Open Bandit Data in {}", folder.display());
    None
}

/// All six, read and evaluated once; none where the data are not at hand.
static ASKED: LazyLock<Vec<Asked>> =
    LazyLock::new(|| data().map_or_else(Vec::new, |data| reference::all(&data)));

/// Calls `check` for every log, with the reference's figures under one of its reward models (`-` for the weights).
fn every_log(model: &str, check: impl Fn(&Asked, &dyn Fn(&str) -> f64)) {
    let reference = reference::reference();
    for asked in &*ASKED {
        check(asked, &|figure: &str| {
            let key = [asked.campaign, asked.logs, asked.target, model, figure].map(str::to_owned);
            reference[&key]
        });
    }
}

fn agree(name: &str, found: &Evaluation, expected: &dyn Fn(&str) -> f64, relative: f64) {
    for ((figure, _), estimate) in ESTIMATORS.iter().zip(found.arithmetic()) {
        let (ours, theirs) = (estimate.value, expected(figure));
        let apart = (ours - theirs).abs() / theirs.abs();
        assert!(apart < relative, "{name} {figure}: {ours} for {theirs}, {apart:e} apart");
    }
}

#[test]
fn all_six_logs_are_read_to_the_last_row() {
    let clicks = [38, 46, 46, 42, 69, 46];
    for (asked, clicks) in ASKED.iter().zip(clicks) {
        let reading = &asked.loaded.reading;
        assert_eq!(
            (reading.rows, reading.bad.total(), reading.clicks),
            (10_000, 0, clicks),
            "{}",
            asked.name()
        );
        assert_eq!(asked.loaded.log.positions(), 3);
    }
}

#[test]
fn given_the_same_rewards_every_estimator_agrees_to_ten_digits() {
    every_log("table", |asked, expected| agree(&asked.name(), &asked.given, expected, 1e-10));
}

#[test]
fn weights_agree_to_nine_digits() {
    every_log("-", |asked, expected| {
        let support = asked.given.support;
        for (figure, ours) in
            [("ess", support.effective_rounds), ("maxw", support.max_weight), ("meanw", support.mean_weight)]
        {
            let theirs = expected(figure);
            assert!((ours - theirs).abs() < 1e-9 * theirs, "{} {figure}: {ours} for {theirs}", asked.name());
        }
    });
}

#[test]
fn given_the_same_folds_our_own_reward_model_is_the_reference_run_to_its_minimum() {
    every_log("lr-newton", |asked, expected| agree(&asked.name(), &asked.learned, expected, 1e-6));
}

/// The quickstart's solver stops before the minimum; what it leaves is a millionth of a click, two where one weight is 21,739.
#[test]
fn given_the_same_folds_our_own_reward_model_is_the_quickstart_within_what_its_solver_leaves() {
    every_log("lr", |asked, expected| {
        let allowed = if asked.learned.answer().is_ok() { 1e-6 } else { 3e-6 };
        for ((figure, _), estimate) in ESTIMATORS.iter().zip(asked.learned.arithmetic()) {
            let (ours, theirs) = (estimate.value, expected(figure));
            assert!((ours - theirs).abs() < allowed, "{} {figure}: {ours} for {theirs}", asked.name());
        }
    });
}

#[test]
fn only_the_log_that_rests_on_two_rounds_is_refused() {
    for asked in &*ASKED {
        match asked.given.answer() {
            Ok(_) => assert_ne!(asked.name(), "women bts->random"),
            Err(refusals) => {
                assert_eq!(asked.name(), "women bts->random", "{refusals:?}");
                assert!(asked.given.support.effective_rounds < 3.0);
                assert!(matches!(
                    refusals,
                    [Refusal::FewEffectiveRounds { .. }, Refusal::OneRoundDecides { .. }]
                ));
            }
        }
    }
}

#[test]
fn simulated_thompson_tables_agree_within_their_sampling_error() {
    for (campaign, name) in [(Campaign::Men, "men"), (Campaign::Women, "women")] {
        let reference = from_csv(fixture(&format!("bts-{name}.csv")).as_bytes(), 0).unwrap();
        let ours = Thompson::of_campaign(campaign).table(3, 20_000, 12_345).unwrap();
        for position in 0..3 {
            for (item, (&p, &q)) in ours.at(position).iter().zip(reference.at(position)).enumerate() {
                // Five standard errors of the difference between 20,000 and 100,000 slates.
                let allowed = 5.0 * (q.max(1e-4) * (1.0 / 20_000.0 + 1.0 / 100_000.0)).sqrt();
                assert!((p - q).abs() < allowed, "{name} {position} {item}: {p} for {q}");
            }
        }
    }
}
