//! Verdicts in plain sentences.

use super::Comparison;
use super::metric::Role;
use super::report::{Caution, MetricReport, Pairing, Verdict};
use crate::estimate::Margin;
use crate::gate::Goal;

/// Says one metric's verdict.
pub(super) fn metric(report: &MetricReport, comparison: &Comparison) -> String {
    let figures =
        format!("{}, {}; {}", interval(report), comparison.looks.in_words(), evidence(report, comparison));
    match report.verdict {
        Verdict::Better => format!("{}: B is better by {} ({figures})", report.name, size(report)),
        Verdict::Worse => format!("{}: B is worse by {} ({figures})", report.name, size(report)),
        Verdict::NoWorseThanMargin => {
            format!("{}: B is no worse than A by more than {} ({figures})", report.name, margin(report))
        }
        Verdict::Undecided => {
            format!("{}: undecided ({figures}); {}", report.name, still_needed(report, comparison))
        }
    }
}

/// Says the verdict on all.
pub(super) fn overall(verdict: Verdict, metrics: &[MetricReport], cautions: &[Caution]) -> String {
    let names = |role: Role, verdict: Verdict| {
        let of: Vec<&str> = metrics
            .iter()
            .filter(|m| m.role == role && m.verdict == verdict)
            .map(|m| m.name.as_str())
            .collect();
        of.join(", ")
    };
    let harmed = names(Role::Guardrail, Verdict::Worse);
    match verdict {
        Verdict::Worse if !harmed.is_empty() => format!("B is worse than A: guardrail {harmed} is harmed"),
        Verdict::Worse => format!("B is worse than A on {}", names(Role::Primary, Verdict::Worse)),
        Verdict::Better => format!("B is better than A on {}", names(Role::Primary, Verdict::Better)),
        Verdict::NoWorseThanMargin => "B is no worse than A by more than the margins agreed on".to_owned(),
        Verdict::Undecided => undecided(cautions, &names(Role::Guardrail, Verdict::Undecided)),
    }
}

fn undecided(cautions: &[Caution], waiting: &str) -> String {
    if let Some(blocking) = cautions.iter().find(|c| c.blocks()) {
        return format!("undecided, because {}", caution(*blocking));
    }
    if waiting.is_empty() {
        "undecided: the data so far fit no difference".to_owned()
    } else {
        format!("undecided: not yet proven harmless on {waiting}")
    }
}

/// Says a caution.
pub(super) fn caution(caution: Caution) -> String {
    match caution {
        Caution::SampleRatioMismatch { p_value } => {
            format!("the arms did not get their intended shares of units (p {p_value:.1e})")
        }
        Caution::SeenInBothArms { share } => format!("{} of units were seen in both arms", percent(share)),
        Caution::BudgetsBind => {
            "users were split while budgets bind, so that the arms took money from each other; split the budgets"
                .to_owned()
        }
        Caution::BudgetsUnknown => {
            "users were split without saying whether budgets bind; if they do, the lift is not the launch effect"
                .to_owned()
        }
        Caution::FewUnits { degrees } => {
            format!("only {degrees:.0} degrees of freedom, so the values must be near normal")
        }
    }
}

fn size(report: &MetricReport) -> String {
    match report.lift {
        Some(lift) => percent(lift.value.abs()),
        None => number(report.difference.value.abs()),
    }
}

fn interval(report: &MetricReport) -> String {
    let confidence = percent(1.0 - report.level);
    let ends = match report.lift {
        Some(lift) => [lift.delta.low, lift.delta.high].map(signed_percent),
        None => [report.difference.interval.low, report.difference.interval.high].map(number),
    };
    format!("{confidence} interval {} to {}", ends[0], ends[1])
}

fn evidence(report: &MetricReport, comparison: &Comparison) -> String {
    let (p, units) = (p_value(report.p_adjusted), units(report, comparison));
    match &report.guard {
        Some(guard) if report.verdict == Verdict::NoWorseThanMargin => {
            format!("{} for the margin, {units}", p_value(guard.margin_p))
        }
        Some(guard) if report.role == Role::Guardrail && report.verdict == Verdict::Worse => {
            format!("{} for harm, {units}", p_value(guard.harm_p))
        }
        _ => format!("{p}, {units}"),
    }
}

fn margin(report: &MetricReport) -> String {
    match report.margin {
        Some(Margin::Relative(share)) => percent(share),
        Some(Margin::Absolute(value)) => number(value),
        None => "nothing".to_owned(),
    }
}

fn still_needed(report: &MetricReport, comparison: &Comparison) -> String {
    let aim = if report.role == Role::Guardrail {
        format!("prove the margin of {}, if there is no difference,", margin(report))
    } else if comparison
        .metrics
        .iter()
        .any(|g| g.metric.name == report.name && g.metric.target_lift.is_some())
    {
        "find the lift worth finding".to_owned()
    } else {
        "find an effect of the size seen".to_owned()
    };
    let chance = percent(comparison.power);
    match report.units_needed {
        Some(needed) => {
            format!(
                "about {needed:.0} {} in all would {aim} with a chance of {chance}",
                unit_name(comparison)
            )
        }
        None => format!("no sample in reach would {aim} with a chance of {chance}"),
    }
}

fn units(report: &MetricReport, comparison: &Comparison) -> String {
    match comparison.pairing {
        Pairing::Paired => format!("{} pairs", report.units_a),
        Pairing::Independent => format!("{} and {} units", report.units_a, report.units_b),
    }
}

const fn unit_name(comparison: &Comparison) -> &'static str {
    match comparison.pairing {
        Pairing::Paired => "pairs",
        Pairing::Independent => "units of both arms",
    }
}

fn p_value(p: f64) -> String {
    if p >= 0.001 { format!("p {p:.3}") } else { format!("p {p:.1e}") }
}

fn percent(share: f64) -> String {
    let text = format!("{:.2}", 100.0 * share);
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{short} %")
}

fn signed_percent(share: f64) -> String {
    if share.is_infinite() {
        return if share > 0.0 { "+∞".to_owned() } else { "−∞".to_owned() };
    }
    let sign = if share < 0.0 { "−" } else { "+" };
    format!("{sign}{}", percent(share.abs()))
}

fn number(value: f64) -> String {
    format!("{value:.4}")
}

/// Says which way a metric should move.
impl core::fmt::Display for Goal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Higher => "higher is better",
            Self::Lower => "lower is better",
        })
    }
}
