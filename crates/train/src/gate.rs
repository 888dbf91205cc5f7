//! The release gate: whether a team of trained policies may be shipped, and why.
//!
//! It may where, in each scenario it is judged in, its objective lies above the baseline's and above the equal split's with the
//! whole 95 % interval of the paired difference, over enough worlds nobody trained in, and where no guardrail is worse than the
//! baseline's by more than its margin (the interval's harmful end counts). A guardrail that cannot be told apart from harm
//! is not passed.

use serde::{Deserialize, Serialize};

use crate::{Error, Evaluation, Played, evaluate::Summary};

/// How much worse than the baseline each guardrail may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Margins {
    /// Worlds it must be judged in, at least.
    pub worlds: usize,
    /// Strain on viewers, as a share of the baseline's.
    pub experience: f64,
    /// Share of campaigns above their target, absolute.
    pub cpa_violations: f64,
    /// Invalid spend, as a share of all spend, absolute.
    pub invalid: f64,
    /// Budget not spent, as a share of the budget, absolute.
    pub under_delivery: f64,
}

impl Default for Margins {
    fn default() -> Self {
        Self { worlds: 20, experience: 0.1, cpa_violations: 0.05, invalid: 0.01, under_delivery: 0.1 }
    }
}

/// One thing the gate looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// In which scenario.
    pub scenario: String,
    /// What.
    pub what: String,
    /// Whether it is in order.
    pub passed: bool,
    /// In words, with the numbers.
    pub why: String,
}

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Whether the team may be shipped.
    pub shippable: bool,
    /// Everything it looked at.
    pub reasons: Vec<Reason>,
}

/// Judges a team in one or more scenarios, each with the baseline's and the equal split's evaluation in the same worlds.
///
/// # Errors
/// When the teams did not play the same worlds.
pub fn gate(
    judged: &[(&str, &Evaluation, &Evaluation, &Evaluation)],
    margins: &Margins,
) -> Result<Gate, Error> {
    let mut reasons = Vec::new();
    for (scenario, team, baseline, split) in judged {
        reasons.push(enough(scenario, team, margins));
        reasons.push(above(scenario, team, baseline)?);
        reasons.push(above(scenario, team, split)?);
        reasons.push(unspoilt(scenario, team));
        reasons.extend(guardrails(scenario, team, baseline, margins));
    }
    Ok(Gate { shippable: !reasons.is_empty() && reasons.iter().all(|reason| reason.passed), reasons })
}

fn reason(scenario: &str, what: impl Into<String>, passed: bool, why: String) -> Reason {
    Reason { scenario: scenario.to_owned(), what: what.into(), passed, why }
}

fn enough(scenario: &str, team: &Evaluation, margins: &Margins) -> Reason {
    let worlds = team.worlds.len();
    let why = format!("judged in {worlds} worlds, {} are needed", margins.worlds);
    reason(scenario, "worlds", worlds >= margins.worlds, why)
}

fn above(scenario: &str, team: &Evaluation, other: &Evaluation) -> Result<Reason, Error> {
    let (difference, share) = team.over(other)?;
    let Summary { mean, low, high } = difference;
    let why = format!(
        "{:.2} against {:.2}: {mean:+.2} [{low:+.2}, {high:+.2}], {:+.1} %",
        team.objective.mean,
        other.objective.mean,
        share * 100.0
    );
    Ok(reason(scenario, format!("objective above {}", other.team), low > 0.0, why))
}

fn unspoilt(scenario: &str, team: &Evaluation) -> Reason {
    let balanced = team.worlds.iter().all(|played| played.balanced);
    let why = format!(
        "{} budgets overspent, books {}",
        team.overspent,
        if balanced { "balance" } else { "do not balance" }
    );
    reason(scenario, "overspend", team.overspent == 0 && balanced, why)
}

fn guardrails(scenario: &str, team: &Evaluation, baseline: &Evaluation, margins: &Margins) -> [Reason; 4] {
    let strain = |played: &Played| played.parts.experience;
    let mean_strain = baseline.values(strain).iter().sum::<f64>() / baseline.worlds.len().max(1) as f64;
    let invalid = |played: &Played| played.parts.invalid / played.parts.spend.max(1e-9);
    let unspent = |played: &Played| {
        let budget = played.parts.under_delivery + played.parts.spend;
        if budget > 0.0 { played.parts.under_delivery / budget } else { 0.0 }
    };
    let judge = |what: &str, of: &dyn Fn(&Played) -> f64, margin: f64| {
        let pairs = team.values(of).into_iter().zip(baseline.values(of));
        let worse = Summary::of(&pairs.map(|(own, other)| own - other).collect::<Vec<f64>>());
        let why = format!(
            "{:+.4} [{:+.4}, {:+.4}] against the baseline, at most {margin:+.4}",
            worse.mean, worse.low, worse.high
        );
        reason(scenario, what, worse.high <= margin, why)
    };
    [
        judge("viewer experience", &strain, margins.experience * mean_strain),
        judge("CPA violations", &|played| played.cpa_violations, margins.cpa_violations),
        judge("invalid spend", &invalid, margins.invalid),
        judge("under-delivery", &unspent, margins.under_delivery),
    ]
}
