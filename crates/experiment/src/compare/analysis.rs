//! From a metric's values to its report: contrast, correction, interval, verdict.

use super::metric::{Metric, Role, Values};
use super::report::{Adjustment, Difference, Lift, MetricReport, Pairing, Verdict};
use super::{Comparison, Given, wording};
use crate::error::{Error, same_length};
use crate::estimate::{Adjusted, Contrast, Moments, adjusted_independent, adjusted_paired, winsorise_pooled};
use crate::gate::{Gate, Guard};
use crate::looks::Statistic;
use crate::multiple::Corrected;
use crate::power::Progress;
use crate::sides::Sides;

/// One metric before the correction for several.
struct Measured {
    contrast: Contrast,
    adjustment: Option<Adjustment>,
    cap: Option<f64>,
    mean_b: f64,
    p_value: f64,
}

pub(super) fn metrics(comparison: &Comparison) -> Result<Vec<MetricReport>, Error> {
    let named =
        |given: &Given, source| Error::Metric { name: given.metric.name.clone(), source: Box::new(source) };
    let mut measured = Vec::with_capacity(comparison.metrics.len());
    for given in &comparison.metrics {
        measured.push(measure(comparison, given).map_err(|error| named(given, error))?);
    }
    let corrected = correct(comparison, &measured);
    let together = comparison.metrics.iter().zip(measured).zip(corrected);
    together
        .map(|((given, measured), corrected)| {
            report(comparison, given, &measured, corrected).map_err(|error| named(given, error))
        })
        .collect()
}

fn measure(comparison: &Comparison, given: &Given) -> Result<Measured, Error> {
    let (mut a, mut b) = (given.a.clone(), given.b.clone());
    let cap = match given.metric.cap_quantile {
        None => None,
        Some(quantile) => Some(winsorise_pooled(quantile, &mut a.per_unit, &mut b.per_unit)?),
    };
    let (contrast, adjustment) = contrast(comparison.pairing, &a, &b)?;
    let p_value = comparison.looks.p_value(&statistic(&contrast), comparison.error_rate, Sides::Two);
    let mean_b = Moments::of(&b.linear()?)?.mean;
    Ok(Measured { contrast, adjustment, cap, mean_b, p_value })
}

fn contrast(pairing: Pairing, a: &Values, b: &Values) -> Result<(Contrast, Option<Adjustment>), Error> {
    let (values_a, values_b) = (a.linear()?, b.linear()?);
    if pairing == Pairing::Paired {
        same_length("pairs", &values_a, &values_b)?;
    }
    let adjusted = match (a.linear_before()?, b.linear_before()?) {
        (Some(before_a), Some(before_b)) if pairing == Pairing::Paired => {
            adjusted_paired(&values_a, &before_a, &values_b, &before_b)?
        }
        (Some(before_a), Some(before_b)) => adjusted_independent(&values_a, &before_a, &values_b, &before_b)?,
        (None, None) => return Ok((plain(pairing, &values_a, &values_b)?, None)),
        (before_a, before_b) => {
            let length = |before: Option<Vec<f64>>| before.map_or(0, |b| b.len());
            let (left, right) = (length(before_a), length(before_b));
            return Err(Error::Unequal { what: "covariates of A and of B", left, right });
        }
    };
    let Adjusted { contrast, theta, variance_removed } = adjusted;
    Ok((contrast, Some(Adjustment { theta, variance_removed })))
}

fn plain(pairing: Pairing, a: &[f64], b: &[f64]) -> Result<Contrast, Error> {
    match pairing {
        Pairing::Paired => Contrast::paired(a, b),
        Pairing::Independent => Ok(Contrast::welch(&Moments::of(a)?, &Moments::of(b)?)),
    }
}

fn statistic(contrast: &Contrast) -> Statistic {
    Statistic { t: contrast.statistic(), units: contrast.units, degrees: contrast.degrees }
}

/// Corrects primary and secondary metrics as two families; guardrails keep their own rate.
fn correct(comparison: &Comparison, measured: &[Measured]) -> Vec<Corrected> {
    let alone = |m: &Measured| Corrected { p_value: m.p_value, level: comparison.error_rate };
    let mut corrected: Vec<Corrected> = measured.iter().map(alone).collect();
    for role in [Role::Primary, Role::Secondary] {
        let of_role = |i: &usize| comparison.metrics[*i].metric.role == role;
        let family: Vec<usize> = (0..measured.len()).filter(of_role).collect();
        let p_values: Vec<f64> = family.iter().map(|&i| measured[i].p_value).collect();
        let answers = comparison.correction.apply(&p_values, comparison.error_rate);
        for (i, answer) in family.into_iter().zip(answers) {
            corrected[i] = answer;
        }
    }
    corrected
}

fn report(
    comparison: &Comparison,
    given: &Given,
    measured: &Measured,
    corrected: Corrected,
) -> Result<MetricReport, Error> {
    let (metric, contrast) = (&given.metric, &measured.contrast);
    let at = statistic(contrast);
    let rate = comparison.error_rate;
    let critical = comparison.looks.critical(&at, corrected.level, rate, Sides::Two);
    let guard = read_guard(comparison, metric, contrast)?;
    let verdict = verdict(metric, contrast, corrected, rate, guard.as_ref());
    let planning = planning(comparison, metric, contrast, corrected);
    let mut report = MetricReport {
        name: metric.name.clone(),
        role: metric.role,
        goal: metric.goal,
        margin: metric.margin,
        units_a: given.a.per_unit.len() as u64,
        units_b: given.b.per_unit.len() as u64,
        mean_a: contrast.base,
        mean_b: measured.mean_b,
        difference: difference(contrast, critical),
        lift: lift(contrast, critical),
        statistic: at.t.is_finite().then_some(at.t),
        degrees: contrast.degrees,
        p_value: measured.p_value,
        p_adjusted: corrected.p_value,
        e_value: comparison.looks.e_value(&at, rate, Sides::Two),
        level: corrected.level,
        adjustment: measured.adjustment,
        cap: measured.cap,
        guard,
        verdict,
        minimum_effect: Some(planning.minimum_effect(comparison.power)).filter(|e| e.is_finite()),
        units_needed: units_needed(comparison, metric, contrast, &planning, verdict),
        sentence: String::new(),
    };
    report.sentence = wording::metric(&report, comparison);
    Ok(report)
}

fn read_guard(comparison: &Comparison, metric: &Metric, contrast: &Contrast) -> Result<Option<Guard>, Error> {
    let Some(margin) = metric.margin else { return Ok(None) };
    let rate = comparison.guardrail_error_rate;
    Guard::read(contrast, metric.goal, margin, &comparison.looks, rate).map(Some)
}

fn difference(contrast: &Contrast, critical: f64) -> Difference {
    Difference {
        value: contrast.difference,
        standard_error: contrast.standard_error(),
        interval: contrast.interval(critical),
    }
}

fn lift(contrast: &Contrast, critical: f64) -> Option<Lift> {
    Some(Lift {
        value: contrast.lift()?,
        standard_error: contrast.lift_standard_error()?,
        delta: contrast.lift_interval(critical)?,
        fieller: contrast.fieller(critical),
    })
}

/// Better and worse come from the corrected two-sided test; a guardrail's harm from its own one-sided one.
fn verdict(
    metric: &Metric,
    contrast: &Contrast,
    corrected: Corrected,
    error_rate: f64,
    guard: Option<&Guard>,
) -> Verdict {
    let improvement = metric.goal.direction() * contrast.difference;
    let proven = corrected.p_value <= error_rate;
    match guard.map(|guard| guard.gate) {
        _ if proven && improvement > 0.0 => Verdict::Better,
        Some(Gate::Advance) => Verdict::NoWorseThanMargin,
        Some(Gate::RollBack) if metric.role == Role::Guardrail => Verdict::Worse,
        _ if proven && improvement < 0.0 => Verdict::Worse,
        _ => Verdict::Undecided,
    }
}

fn planning<'a>(
    comparison: &'a Comparison,
    metric: &Metric,
    contrast: &Contrast,
    corrected: Corrected,
) -> Progress<'a> {
    let guardrail = metric.role == Role::Guardrail;
    let rate = if guardrail { comparison.guardrail_error_rate } else { corrected.level };
    Progress {
        looks: &comparison.looks,
        error_rate: rate,
        tuning: if guardrail { rate } else { comparison.error_rate },
        sides: if guardrail { Sides::One } else { Sides::Two },
        units: contrast.units,
        degrees: contrast.degrees,
        standard_error: contrast.standard_error(),
    }
}

/// A guardrail is planned to prove its margin if there is truly no difference; other metrics to prove the lift worth
/// finding or, without one, the effect seen.
fn units_needed(
    comparison: &Comparison,
    metric: &Metric,
    contrast: &Contrast,
    planning: &Progress<'_>,
    verdict: Verdict,
) -> Option<f64> {
    if verdict != Verdict::Undecided {
        return None;
    }
    let effect = match (metric.role, metric.margin, metric.target_lift) {
        (Role::Guardrail, Some(margin), _) => margin.in_units(contrast.base),
        (_, _, Some(lift)) => lift * contrast.base,
        _ => contrast.difference,
    };
    planning.units_needed(effect, comparison.power)
}
