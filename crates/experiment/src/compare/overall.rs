//! One verdict from all metrics and checks. The order of the questions is in the module's page.

use super::metric::Role;
use super::report::{Budgets, Caution, MetricReport, Split, Verdict};
use super::{BOTH_ARMS_LIMIT, Comparison};
use crate::sample_ratio::{MISMATCH_LIMIT, RatioCheck};

/// Below these degrees of freedom the shape of the values matters and the report says so.
const FEW_DEGREES: f64 = 9.0;

pub(super) fn cautions(
    comparison: &Comparison,
    sample_ratio: Option<RatioCheck>,
    metrics: &[MetricReport],
) -> Vec<Caution> {
    let mut cautions = Vec::new();
    if let Some(RatioCheck { p_value, .. }) = sample_ratio.filter(|c| c.p_value < MISMATCH_LIMIT) {
        cautions.push(Caution::SampleRatioMismatch { p_value });
    }
    if let Some((both, all)) = comparison.both_arms {
        let share = both as f64 / (all as f64).max(1.0);
        if share > BOTH_ARMS_LIMIT {
            cautions.push(Caution::SeenInBothArms { share });
        }
    }
    match (comparison.split, comparison.budgets) {
        (Split::UserSplit, Budgets::Bind) => cautions.push(Caution::BudgetsBind),
        (Split::UserSplit, Budgets::Unknown) => cautions.push(Caution::BudgetsUnknown),
        _ => {}
    }
    let degrees = metrics.iter().map(|m| m.degrees).fold(f64::INFINITY, f64::min);
    if degrees < FEW_DEGREES {
        cautions.push(Caution::FewUnits { degrees });
    }
    cautions
}

pub(super) fn verdict(metrics: &[MetricReport], cautions: &[Caution]) -> Verdict {
    let of = |role| metrics.iter().filter(move |m| m.role == role).map(|m| m.verdict);
    let any = |role, verdict| of(role).any(|v| v == verdict);
    let holds = |v| matches!(v, Verdict::Better | Verdict::NoWorseThanMargin);
    if any(Role::Guardrail, Verdict::Worse) {
        return Verdict::Worse;
    }
    if cautions.iter().any(|c| c.blocks()) {
        return Verdict::Undecided;
    }
    if any(Role::Primary, Verdict::Worse) {
        return Verdict::Worse;
    }
    if !of(Role::Guardrail).all(holds) {
        return Verdict::Undecided;
    }
    if any(Role::Primary, Verdict::Better) {
        return Verdict::Better;
    }
    let deciding = if of(Role::Primary).count() > 0 { Role::Primary } else { Role::Guardrail };
    if of(deciding).count() > 0 && of(deciding).all(holds) {
        Verdict::NoWorseThanMargin
    } else {
        Verdict::Undecided
    }
}
