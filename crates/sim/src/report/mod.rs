//! What a run is told of afterwards: per campaign, publisher, hour and in all.
//!
//! A [`Recorder`] watches the run; [`Recorder::finish`] gives the [`Report`], plain data that goes to JSON as it is.

mod books;
mod experience;
mod pacing;
mod recorder;
mod tally;

use std::collections::BTreeMap;

use motet_model::campaign::Goal;
use motet_units::Nanos;
use serde::{Deserialize, Serialize};

pub use self::{
    books::Books,
    experience::ExperienceFigures,
    recorder::Recorder,
    tally::{Figures, Tally},
};
use crate::world::{World, topics};

/// The report of a run. Money is in units of the accounting currency, unless a name says nanos or the type is nanos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The world's seed.
    pub seed: u64,
    /// Who decided.
    pub team: String,
    /// Days that passed.
    pub days: f64,
    /// Everything together.
    pub all: Tally,
    /// The figures of it.
    pub figures: Figures,
    /// What the platform kept.
    pub revenue: f64,
    /// Mean absolute gap between the share of a day's budget spent and of its traffic gone by, over campaigns and ticks.
    pub pacing_error: Option<f64>,
    /// The share of daily budgets used, over campaigns and whole days.
    pub budget_used: Option<f64>,
    /// What listeners lived through.
    pub experience: ExperienceFigures,
    /// Attacks, caught and missed.
    pub invalid: Invalid,
    /// Slots without a bid, by reason.
    pub refusals: BTreeMap<String, u64>,
    /// Notices by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Everybody's money.
    pub books: Books,
    /// Whether the ledger's invariants held at the end.
    pub ledger_balanced: bool,
    /// Campaigns found above their daily budget at a tick; always 0.
    pub overspent: u64,
    /// By campaign.
    pub campaigns: Vec<CampaignReport>,
    /// By publisher.
    pub publishers: Vec<PublisherReport>,
    /// By hour since the beginning.
    pub hours: Vec<Tally>,
}

/// What a campaign got for its money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignReport {
    /// Its id.
    pub id: String,
    /// What it advertises.
    pub topic: String,
    /// What it pays for: `cpm`, `cpc`, `cpa` or `roas`.
    pub goal: String,
    /// What a result may cost, for goals that have results: a click, a conversion, or a unit of sales.
    pub target_cost: Option<f64>,
    /// What a result cost, over what it may cost; above 1 is too dear.
    pub cost_over_target: Option<f64>,
    /// Its daily budget.
    pub daily_budget: f64,
    /// Mean absolute gap between spend and plan, as a share of the day's budget.
    pub pacing_error: Option<f64>,
    /// The share of its daily budget used, on an average whole day.
    pub budget_used: Option<f64>,
    /// Its counts.
    pub tally: Tally,
    /// Their figures.
    pub figures: Figures,
}

impl CampaignReport {
    fn of(world: &World, place: usize, tally: &Tally, pacing_error: Option<f64>, used: Option<f64>) -> Self {
        let truth = &world.campaigns.truth[place];
        let group = &world.scenario.campaigns[usize::from(truth.group)];
        let first =
            world.campaigns.truth.iter().position(|other| other.group == truth.group).unwrap_or(place);
        let (goal, target_cost, cost) = results(&truth.goal, tally);
        Self {
            id: format!("{}-{}", group.id, place - first),
            topic: topics::all()[usize::from(truth.topic)].name.to_owned(),
            goal: goal.to_owned(),
            target_cost,
            cost_over_target: cost.zip(target_cost).map(|(cost, target)| cost / target),
            daily_budget: truth.daily_budget.units(),
            pacing_error,
            budget_used: used,
            tally: tally.clone(),
            figures: tally.figures(),
        }
    }
}

/// Returns a goal's name, what a result may cost, and what one did.
fn results(goal: &Goal, tally: &Tally) -> (&'static str, Option<f64>, Option<f64>) {
    let figures = tally.figures();
    match goal {
        Goal::Cpm { price } => ("cpm", Some(price.units()), figures.cpm),
        Goal::Cpc { click } => ("cpc", Some(click.units()), figures.cost_per_click),
        Goal::Cpa { conversion } => ("cpa", Some(conversion.units()), figures.cost_per_conversion),
        Goal::TargetRoas { return_millis, .. } => {
            let cost = tally::ratio(tally.spend.units(), tally.sales.units());
            ("roas", Some(1_000.0 / f64::from((*return_millis).max(1))), cost)
        }
    }
}

/// What a publisher sold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublisherReport {
    /// Its id.
    pub id: String,
    /// Its counts.
    pub tally: Tally,
    /// Their figures.
    pub figures: Figures,
    /// What it earned from everyone, ours and rivals.
    pub income: f64,
}

/// Attacks, caught and missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Invalid {
    /// Requests of attacks.
    pub requests: u64,
    /// Of these, requests refused as invalid.
    pub caught_requests: u64,
    /// Notices of attacks that were filtered.
    pub filtered_notices: u64,
    /// What was billed for attacks all the same.
    pub billed: Nanos,
    /// Honest requests refused as invalid.
    pub false_alarms: u64,
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_u32);
    for value in values {
        sum += value;
        count += 1;
    }
    tally::ratio(sum, f64::from(count))
}
