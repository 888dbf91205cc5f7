//! Reports as a caller sees them.

use motet_experiment::{
    Budgets, Caution, Comparison, Correction, Goal, Looks, Margin, Metric, Pairing, Report, Split, Values,
    Verdict,
};

const A: [f64; 8] = [101.0, 97.0, 110.0, 103.0, 99.0, 108.0, 95.0, 104.0];
const B: [f64; 8] = [107.0, 102.0, 117.0, 108.0, 106.0, 113.0, 101.0, 110.0];

fn better() -> Comparison {
    Comparison::new("agents against baseline").metric(
        Metric::primary("revenue", Goal::Higher),
        Values::of(A.to_vec()),
        Values::of(B.to_vec()),
    )
}

#[test]
fn a_report_survives_json() {
    let report = better()
        .looks(Looks::Anytime { planned: 20.0 })
        .metric(
            Metric::guardrail("cost per action", Goal::Lower, Margin::Relative(0.02)),
            Values::ratio(A.to_vec(), vec![10.0; 8]),
            Values::ratio(A.to_vec(), vec![10.5; 8]),
        )
        .counts([5000, 5020], [0.5, 0.5])
        .run()
        .unwrap();
    let json = serde_json::to_string(&report).unwrap();
    // The reader of numbers may be off by the last bit, so figures are not compared here.
    let back = serde_json::from_str::<Report>(&json).unwrap();
    assert_eq!(
        (back.verdict, &back.looks, &back.sentence),
        (report.verdict, &report.looks, &report.sentence)
    );
    assert_eq!(back.metrics.len(), 2);
    let (read, written) = (back.metrics[0].difference, report.metrics[0].difference);
    assert!((read.interval.low - written.interval.low).abs() < 1e-12);
    assert_eq!(report.verdict, Verdict::Better);
    assert_eq!(report.metric("cost per action").unwrap().verdict, Verdict::Better);
}

#[test]
fn the_sentence_says_what_was_found() {
    let report = better().run().unwrap();
    assert_eq!(
        report.to_string(),
        "agents against baseline: B is better than A on revenue\n\
         \x20 revenue: B is better by 5.75 % (95 % interval +5.05 % to +6.45 %, valid for this one look; p 2.0e-7, 8 pairs)\n\
         \x20 caution: only 7 degrees of freedom, so the values must be near normal\n"
    );
}

#[test]
fn a_lower_goal_turns_the_verdict_round() {
    let report = Comparison::new("cost")
        .metric(Metric::primary("cost", Goal::Lower), Values::of(A.to_vec()), Values::of(B.to_vec()))
        .run()
        .unwrap();
    assert_eq!(report.verdict, Verdict::Worse);
}

#[test]
fn a_mismatch_blocks_a_promotion_but_not_a_rollback() {
    let mismatched = better().counts([60_000, 50_000], [0.5, 0.5]).run().unwrap();
    assert_eq!(mismatched.verdict, Verdict::Undecided);
    assert!(matches!(mismatched.cautions[0], Caution::SampleRatioMismatch { .. }));
    let harmed = better()
        .counts([60_000, 50_000], [0.5, 0.5])
        .metric(
            Metric::guardrail("complaints", Goal::Lower, Margin::Relative(0.01)),
            Values::of(A.to_vec()),
            Values::of(B.to_vec()),
        )
        .run()
        .unwrap();
    assert_eq!(harmed.verdict, Verdict::Worse);
}

#[test]
fn a_user_split_while_budgets_bind_decides_nothing() {
    let report = better().design(Split::UserSplit, Pairing::Paired).budgets(Budgets::Bind).run().unwrap();
    assert_eq!(report.verdict, Verdict::Undecided);
    assert_eq!(report.metric("revenue").unwrap().verdict, Verdict::Better);
    assert!(report.sentence.contains("users were split while budgets bind"), "{}", report.sentence);
}

#[test]
fn a_guardrail_that_is_not_proven_holds_the_verdict_back() {
    let noisy = vec![1.0, 9.0, 4.0, 6.0, 2.0, 8.0, 5.0, 5.0];
    let turned: Vec<f64> = noisy.iter().rev().copied().collect();
    let report = better()
        .metric(
            Metric::guardrail("latency", Goal::Lower, Margin::Relative(0.01)),
            Values::of(noisy),
            Values::of(turned),
        )
        .run()
        .unwrap();
    assert_eq!(report.verdict, Verdict::Undecided);
    assert_eq!(report.sentence, "undecided: not yet proven harmless on latency");
    assert!(report.metric("latency").unwrap().units_needed.unwrap() > 1000.0);
}

#[test]
fn equal_arms_with_a_margin_are_no_worse_than_it() {
    let b: Vec<f64> = A.iter().enumerate().map(|(i, a)| a + if i % 2 == 0 { 0.1 } else { -0.1 }).collect();
    let report = Comparison::new("equal")
        .metric(
            Metric::primary("revenue", Goal::Higher).with_margin(Margin::Relative(0.02)),
            Values::of(A.to_vec()),
            Values::of(b),
        )
        .run()
        .unwrap();
    assert_eq!(report.verdict, Verdict::NoWorseThanMargin);
}

#[test]
fn secondary_metrics_never_decide() {
    let report = Comparison::new("secondary")
        .correction(Correction::BenjaminiHochberg)
        .metric(
            Metric::primary("value", Goal::Higher).worth_finding(0.1),
            Values::of(vec![1.0, 2.0, 3.0, 4.0]),
            Values::of(vec![2.0, 1.0, 4.0, 3.0]),
        )
        .metric(Metric::secondary("revenue", Goal::Higher), Values::of(A.to_vec()), Values::of(B.to_vec()))
        .run()
        .unwrap();
    assert_eq!(report.metric("revenue").unwrap().verdict, Verdict::Better);
    assert_eq!(report.verdict, Verdict::Undecided);
    assert!(
        report.to_string().contains("would find the lift worth finding with a chance of 80 %"),
        "{report}"
    );
}

#[test]
fn a_covariate_from_before_narrows_the_interval() {
    let before_a: Vec<f64> = A.iter().map(|a| a - 50.0).collect();
    let before_b: Vec<f64> = B.iter().map(|b| b - 55.8).collect();
    let with = Comparison::new("cuped")
        .metric(
            Metric::primary("revenue", Goal::Higher),
            Values::of(A.to_vec()).with_before(before_a),
            Values::of(B.to_vec()).with_before(before_b),
        )
        .run()
        .unwrap();
    let plain = better().run().unwrap();
    let (with, plain) = (with.metric("revenue").unwrap(), plain.metric("revenue").unwrap());
    assert!(with.adjustment.unwrap().variance_removed > 0.9);
    assert!(with.difference.interval.width() < 0.3 * plain.difference.interval.width());
}

#[test]
fn a_metric_that_cannot_be_computed_is_named() {
    let message = |comparison: Comparison| comparison.run().unwrap_err().to_string();
    assert_eq!(message(Comparison::new("empty")), "a comparison needs at least one metric, was given none");
    let short = Comparison::new("short").metric(
        Metric::primary("revenue", Goal::Higher),
        Values::of(vec![1.0, 2.0]),
        Values::of(vec![1.0]),
    );
    assert_eq!(message(short), "metric \"revenue\": pairs: 2 values on one side, 1 on the other");
    let twice = better().metric(
        Metric::secondary("revenue", Goal::Higher),
        Values::of(A.to_vec()),
        Values::of(B.to_vec()),
    );
    assert_eq!(message(twice), "metric \"revenue\" is given twice");
    assert_eq!(message(better().power(1.0)), "the power must be above 0 and below 1, was 1");
}

#[test]
fn equal_values_give_equal_bytes() {
    let json = || serde_json::to_string(&better().run().unwrap()).unwrap();
    assert_eq!(json(), json());
}
