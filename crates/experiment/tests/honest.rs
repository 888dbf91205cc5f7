//! Simulations with fixed seeds: false verdicts are as rare, intervals cover as often and effects are found as often as
//! stated. Each tolerance is about three standard errors of the simulation itself.

mod common;

use common::{Draws, share};
use motet_experiment::assign::split_budget;
use motet_experiment::estimate::{
    Contrast, Fieller, Margin, Moments, adjusted_independent, adjusted_paired, linearised,
};
use motet_experiment::group::{GroupPlan, Spending, equal_looks};
use motet_experiment::power::{Progress, units_per_arm};
use motet_experiment::sequential::AsymptoticMixture;
use motet_experiment::special::student_upper_quantile;
use motet_experiment::{
    Comparison, Gate, Goal, Guard, Looks, Metric, Pairing, Sides, Split, Statistic, Values, Verdict,
};
use motet_units::Nanos;

fn at(contrast: &Contrast) -> Statistic {
    Statistic { t: contrast.statistic(), units: contrast.units, degrees: contrast.degrees }
}

#[test]
fn a_hundred_looks_at_no_difference_seldom_end_in_a_verdict() {
    let verdicts = share(1000, |run| {
        let mut draws = Draws::new("a/a", run);
        let (a, b) = (draws.normals(102, 10.0, 2.0), draws.normals(102, 10.0, 2.0));
        (3..=102).any(|n| {
            let report = Comparison::new("A/A")
                .design(Split::BudgetSplit, Pairing::Paired)
                .looks(Looks::Anytime { planned: 100.0 })
                .metric(
                    Metric::primary("revenue", Goal::Higher),
                    Values::of(a[..n].to_vec()),
                    Values::of(b[..n].to_vec()),
                )
                .run()
                .unwrap();
            report.verdict != Verdict::Undecided
        })
    });
    assert!(verdicts <= 0.05, "false verdicts in {verdicts} of the runs");
    assert!(verdicts >= 0.01, "so few ({verdicts}) that the test must be broken");
}

#[test]
fn the_same_looks_with_a_plain_t_test_end_in_a_verdict_every_third_time() {
    let verdicts = share(1000, |run| {
        let mut draws = Draws::new("naive", run);
        let (a, b) = (draws.normals(102, 10.0, 2.0), draws.normals(102, 10.0, 2.0));
        (3..=102).any(|n| {
            let contrast = Contrast::paired(&a[..n], &b[..n]).unwrap();
            Looks::Once.p_value(&at(&contrast), 0.05, Sides::Two) <= 0.05
        })
    });
    assert!(verdicts > 0.3, "peeking is the reason for all this; was {verdicts}");
}

#[test]
fn a_hundred_looks_at_skewed_values_seldom_end_in_a_verdict() {
    let looks = Looks::Anytime { planned: 200.0 };
    let verdicts = share(1000, |run| {
        let mut draws = Draws::new("skewed", run);
        let a: Vec<f64> = (0..210).map(|_| draws.exponential()).collect();
        let b: Vec<f64> = (0..210).map(|_| draws.exponential()).collect();
        (5..105).any(|look| {
            let contrast = Contrast::paired(&a[..2 * look], &b[..2 * look]).unwrap();
            looks.p_value(&at(&contrast), 0.05, Sides::Two) <= 0.05
        })
    });
    assert!(verdicts <= 0.05, "was {verdicts}");
}

#[test]
fn a_hundred_looks_at_equal_click_rates_seldom_end_in_a_verdict() {
    for rate in [0.5, 0.05, 0.01] {
        let mixture = AsymptoticMixture::tuned(40_000.0, 0.05, Sides::Two);
        let verdicts = share(1000, |run| {
            let mut draws = Draws::new("clicks", run);
            let (mut a, mut b) = (0.0, 0.0);
            (1..=100).any(|look| {
                // Two hundred impressions per arm and look, by the normal approximation to the binomial.
                let mut clicks = || {
                    let noise = libm::sqrt(200.0 * rate * (1.0 - rate)) * draws.normal();
                    (200.0 * rate + noise).max(0.0)
                };
                (a, b) = (a + clicks(), b + clicks());
                let n = 200.0 * f64::from(look);
                let arm = |clicks: f64| {
                    let p = (clicks / n).min(1.0);
                    Moments { n, mean: p, variance: p * (1.0 - p) }
                };
                let contrast = Contrast::welch(&arm(a), &arm(b));
                mixture.p_value(contrast.statistic(), contrast.units) <= 0.05
            })
        });
        assert!((0.008..=0.05).contains(&verdicts), "rate {rate}: {verdicts}");
    }
}

#[test]
fn three_metrics_under_holm_share_one_error_rate() {
    let verdicts = share(2000, |run| {
        let mut draws = Draws::new("holm", run);
        let mut comparison = Comparison::new("three metrics");
        for name in ["one", "two", "three"] {
            let (a, b) = (draws.normals(25, 5.0, 1.0), draws.normals(25, 5.0, 1.0));
            comparison = comparison.metric(Metric::primary(name, Goal::Higher), Values::of(a), Values::of(b));
        }
        comparison.run().unwrap().verdict != Verdict::Undecided
    });
    assert!(verdicts <= 0.05 + 0.015, "was {verdicts}");
    assert!(verdicts >= 0.03, "was {verdicts}");
}

const COVERAGE_RUNS: u64 = 4000;

fn assert_covers(what: &str, covers: impl Fn(u64) -> bool) {
    let coverage = share(COVERAGE_RUNS, covers);
    assert!((0.94..=0.96).contains(&coverage), "{what} covers {coverage}");
}

fn fixed(contrast: &Contrast) -> f64 {
    student_upper_quantile(0.025, contrast.degrees)
}

#[test]
fn welch_intervals_cover_with_unequal_arms() {
    assert_covers("Welch", |run| {
        let mut draws = Draws::new("welch", run);
        let (a, b) = (draws.normals(12, 3.0, 1.0), draws.normals(30, 3.4, 4.0));
        let contrast = Contrast::welch(&Moments::of(&a).unwrap(), &Moments::of(&b).unwrap());
        contrast.interval(fixed(&contrast)).covers(0.4)
    });
}

#[test]
fn fieller_covers_where_the_control_is_noisy() {
    assert_covers("Fieller", |run| {
        let mut draws = Draws::new("fieller", run);
        let a = draws.normals(20, 2.0, 2.0);
        let b: Vec<f64> = a.iter().map(|a| 1.5 + 0.5 * a + draws.normal()).collect();
        let contrast = Contrast::paired(&a, &b).unwrap();
        match contrast.fieller(fixed(&contrast)) {
            Fieller::Bounded(set) => set.covers(0.25),
            Fieller::Unbounded => true,
        }
    });
}

#[test]
fn ratio_intervals_cover_when_impressions_of_a_user_go_together() {
    assert_covers("ratio", |run| {
        let mut draws = Draws::new("ratio", run);
        let mut arm = |lift: f64| {
            let (mut clicks, mut shown) = (Vec::new(), Vec::new());
            for _ in 0..300 {
                let impressions = libm::floor(1.0 + 9.0 * draws.exponential());
                let taste = 0.1 + 0.2 * draws.unit();
                let noise = libm::sqrt(impressions * 0.15) * draws.normal();
                clicks.push(lift * taste * impressions + noise);
                shown.push(impressions);
            }
            Moments::of(&linearised("ctr", &clicks, &shown).unwrap()).unwrap()
        };
        let contrast = Contrast::welch(&arm(1.0), &arm(1.1));
        contrast.lift_interval(fixed(&contrast)).unwrap().covers(0.1)
    });
}

#[test]
fn cuped_intervals_cover_and_are_narrower() {
    let arms = |run, n| {
        let mut draws = Draws::new("cuped", run);
        let before_a = draws.normals(n, 5.0, 2.0);
        let before_b = draws.normals(n, 5.0, 2.0);
        let mut after = |before: &[f64], effect: f64| -> Vec<f64> {
            before.iter().map(|x| effect + 1.3 * x + draws.normal()).collect()
        };
        let (a, b) = (after(&before_a, 0.0), after(&before_b, 0.7));
        (a, before_a, b, before_b)
    };
    assert_covers("CUPED of independent arms", |run| {
        let (a, before_a, b, before_b) = arms(run, 60);
        let adjusted = adjusted_independent(&a, &before_a, &b, &before_b).unwrap();
        assert!(adjusted.variance_removed > 0.5);
        adjusted.contrast.interval(fixed(&adjusted.contrast)).covers(0.7)
    });
    assert_covers("CUPED of few pairs", |run| {
        let (a, before_a, b, before_b) = arms(run, 10);
        let adjusted = adjusted_paired(&a, &before_a, &b, &before_b).unwrap();
        adjusted.contrast.interval(fixed(&adjusted.contrast)).covers(0.7)
    });
}

#[test]
fn a_planted_effect_is_found_at_the_planned_power() {
    let n = units_per_arm(1.0, 0.3, 0.05, 0.8, Sides::Two).unwrap() as usize;
    let found = share(3000, |run| {
        let mut draws = Draws::new("power", run);
        let (a, b) = (draws.normals(n, 2.0, 1.0), draws.normals(n, 2.3, 1.0));
        let report = Comparison::new("power")
            .design(Split::UserSplit, Pairing::Independent)
            .metric(Metric::primary("value", Goal::Higher), Values::of(a), Values::of(b))
            .run()
            .unwrap();
        report.verdict == Verdict::Better
    });
    assert!((found - 0.8).abs() < 0.025, "was {found} with {n} units an arm");
}

#[test]
fn a_planted_effect_is_found_by_the_planned_looks() {
    let fractions = equal_looks(5);
    let plan = GroupPlan::new(Spending::ObrienFleming, &fractions, 0.05, Sides::Two).unwrap();
    // 500 pairs in all, in five batches; the drift is the effect in standard errors of all pairs.
    let effect = plan.drift_for(0.8).unwrap() / libm::sqrt(500.0);
    let verdict = |effect: f64, run: u64| {
        let mut draws = Draws::new("group", run);
        let (a, b) = (vec![0.0; 500], draws.normals(500, effect, 1.0));
        (1..=5).any(|look| {
            let contrast = Contrast::paired(&a[..100 * look], &b[..100 * look]).unwrap();
            contrast.statistic() >= plan.bounds()[look - 1]
        })
    };
    let found = share(3000, |run| verdict(effect, run));
    assert!((found - 0.8).abs() < 0.025, "was {found}");
    let false_finds = share(3000, |run| verdict(0.0, run));
    assert!((false_finds - 0.025).abs() < 0.01, "was {false_finds}");
}

#[test]
fn the_sample_still_needed_is_enough_under_any_number_of_looks() {
    let looks = Looks::Anytime { planned: 150.0 };
    let progress = Progress {
        looks: &looks,
        error_rate: 0.05,
        tuning: 0.05,
        sides: Sides::Two,
        units: 20.0,
        degrees: 19.0,
        standard_error: 1.0 / libm::sqrt(20.0),
    };
    let n = progress.units_needed(0.3, 0.8).unwrap() as usize;
    let found = share(2000, |run| {
        let mut draws = Draws::new("needed", run);
        let (a, b) = (vec![0.0; n], draws.normals(n, 0.3, 1.0));
        let contrast = Contrast::paired(&a, &b).unwrap();
        looks.p_value(&at(&contrast), 0.05, Sides::Two) <= 0.05
    });
    assert!((found - 0.8).abs() < 0.03, "was {found} at {n} pairs");
}

fn ramp(run: u64, effect: f64, wanted: Gate) -> bool {
    let mut draws = Draws::new("ramp", run);
    let looks = Looks::Anytime { planned: 1000.0 };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    (0..10).any(|_| {
        a.extend(draws.normals(50, 10.0, 2.0));
        b.extend(draws.normals(50, 10.0 * (1.0 + effect), 2.0));
        let contrast = Contrast::welch(&Moments::of(&a).unwrap(), &Moments::of(&b).unwrap());
        let guard = Guard::read(&contrast, Goal::Higher, Margin::Relative(0.05), &looks, 0.05).unwrap();
        guard.gate == wanted
    })
}

#[test]
fn ramps_without_harm_are_seldom_rolled_back_and_mostly_advance() {
    let rolled_back = share(400, |run| ramp(run, 0.0, Gate::RollBack));
    assert!(rolled_back <= 0.05, "was {rolled_back}");
    let advanced = share(200, |run| ramp(run, 0.0, Gate::Advance));
    assert!(advanced > 0.8, "was {advanced}");
}

#[test]
fn ramps_at_the_margin_seldom_advance_and_harmful_ones_are_rolled_back() {
    let advanced = share(400, |run| ramp(run, -0.05, Gate::Advance));
    assert!(advanced <= 0.05, "was {advanced}");
    let rolled_back = share(200, |run| ramp(run, -0.08, Gate::RollBack));
    assert!(rolled_back > 0.95, "was {rolled_back}");
}

#[test]
fn a_fifth_fewer_clicks_are_flagged_after_about_26_500_treated_impressions() {
    let mixture = AsymptoticMixture::tuned(53_000.0, 0.05, Sides::One);
    let mut flagged: Vec<f64> = (0..400)
        .map(|run| {
            let mut draws = Draws::new("flagged", run);
            let (mut n, mut a, mut b) = (0.0, 0.0, 0.0);
            loop {
                n += 250.0;
                a += 2.5 + libm::sqrt(2.5 * 0.99) * draws.normal();
                b += 2.0 + libm::sqrt(2.0 * 0.992) * draws.normal();
                let arm = |clicks: f64| Moments { n, mean: clicks / n, variance: clicks / n };
                let contrast = Contrast::welch(&arm(a.max(1.0)), &arm(b.max(1.0)));
                if n >= 1000.0 && mixture.p_value(-contrast.statistic(), contrast.units) <= 0.05 {
                    return n;
                }
            }
        })
        .collect();
    flagged.sort_by(f64::total_cmp);
    let median = flagged[200];
    assert!((median / 26_500.0 - 1.0).abs() < 0.15, "median {median}");
}

/// Clicks bought by the two arms of campaigns that all run dry. B spends a fifth faster; what a budget buys is the same.
fn clicks(run: u64, split: Split) -> Contrast {
    let mut draws = Draws::new("budgets", run);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        let budget = Nanos::new(100_000_000 + (100_000_000.0 * draws.unit()) as i64);
        let [money_a, money_b] = match split {
            // Both draw on one budget until it is gone, B at 1.2 times A's speed.
            Split::UserSplit => split_budget(budget, 545_455),
            _ => split_budget(budget, 500_000),
        };
        let mut bought = |money: Nanos| {
            let expected = money.as_f64() / 500_000.0;
            expected + libm::sqrt(expected) * draws.normal()
        };
        a.push(bought(money_a));
        b.push(bought(money_b));
    }
    Contrast::paired(&a, &b).unwrap()
}

#[test]
fn a_user_split_reads_a_fifth_more_where_there_is_nothing_and_a_budget_split_does_not() {
    let naive: f64 = (0..200).map(|run| clicks(run, Split::UserSplit).lift().unwrap()).sum::<f64>() / 200.0;
    assert!((naive - 0.2).abs() < 0.01, "user split reads {naive}");
    let covers = share(1000, |run| {
        let contrast = clicks(run, Split::BudgetSplit);
        contrast.interval(fixed(&contrast)).covers(0.0)
    });
    assert!((0.93..=0.97).contains(&covers), "budget split covers 0 in {covers}");
}
