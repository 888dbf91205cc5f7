//! Agent cards: what an agent promises, in a form a person reads and a test compares.

use std::fmt::{self, Write as _};

use motet_policy::{AgentPolicy, Number};
use serde::{Deserialize, Serialize};

use crate::proposal::Intent;

/// Which agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentName {
    /// What the listener is interested in.
    Intent,
    /// Which ads fit.
    Relevance,
    /// What each is worth.
    Bidder,
    /// How fast budgets are spent.
    Pacer,
    /// Whether the traffic is valid.
    Guard,
    /// Whether the placement and the use of data are allowed.
    Safety,
    /// The monolithic rule engine.
    Baseline,
}

impl AgentName {
    /// The six agents, in the order the coordinator asks them.
    pub const TEAM: [Self; 6] =
        [Self::Intent, Self::Guard, Self::Safety, Self::Relevance, Self::Bidder, Self::Pacer];

    /// Returns the lower-case name used in metrics, config and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Relevance => "relevance",
            Self::Bidder => "bidder",
            Self::Pacer => "pacer",
            Self::Guard => "guard",
            Self::Safety => "safety",
            Self::Baseline => "baseline",
        }
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The written priority by which conflicts are resolved, highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Brand safety, policy and kill switches.
    Safety,
    /// What the listener permitted.
    Consent,
    /// Invalid traffic.
    Fraud,
    /// Budgets and spend plans.
    Budget,
    /// Prices.
    Bidding,
    /// Fit and interest.
    Relevance,
}

/// A limit an agent is held to, and who enforces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The limit in words, with its invariant's number where it has one.
    pub rule: &'static str,
    /// Who enforces it.
    pub enforced_by: &'static str,
}

/// One number that a policy reads or moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The lowest value.
    pub least: f64,
    /// The highest value.
    pub most: f64,
    /// The value of the fixed policy.
    pub default: f64,
}

impl Parameter {
    fn number(&self) -> Number {
        Number {
            name: self.name.to_owned(),
            unit: self.unit.to_owned(),
            least: self.least,
            most: self.most,
            default: self.default,
        }
    }
}

fn same_numbers(part: &'static str, card: &[Number], policy: &[Number]) -> Result<(), motet_policy::Error> {
    let places = card.len().max(policy.len());
    let Some(place) = (0..places).find(|place| card.get(*place) != policy.get(*place)) else { return Ok(()) };
    let say = |number: Option<&Number>| number.map_or_else(|| "absent".to_owned(), describe);
    let (expected, found) = (say(card.get(place)), say(policy.get(place)));
    Err(motet_policy::Error::Schema { part, place, expected, found })
}

fn describe(number: &Number) -> String {
    let Number { name, unit, least, most, default } = number;
    format!("'{name}' in {unit}, {least} to {most}, {default} by default")
}

/// The promises an agent is held to.
#[derive(Clone, Copy, Debug)]
pub struct AgentCard {
    /// Which agent.
    pub name: AgentName,
    /// The card's version, raised with every change of behaviour.
    pub version: u32,
    /// What it is for, with what it minimises or maximises.
    pub objective: &'static str,
    /// What it may ask for; anything else is refused and recorded.
    pub intents: &'static [Intent],
    /// When it reads and when it moves.
    pub timescale: &'static str,
    /// The complete list of what it sees.
    pub sees: &'static str,
    /// What it never sees or does.
    pub never: &'static str,
    /// What binds it.
    pub limits: &'static [Limit],
    /// What chance it draws, and under which key.
    pub chance: &'static str,
    /// What it learns from, with the usual delay.
    pub learns_from: &'static str,
    /// What happens when it is late, broken or absent.
    pub if_absent: &'static str,
    /// How it goes wrong.
    pub goes_wrong_by: &'static str,
    /// The metrics that show it.
    pub watched_by: &'static str,
    /// What shows that it works, with the command.
    pub evidence: &'static str,
    /// What it is not for.
    pub not_for: &'static str,
    /// What its policy reads.
    pub observation: &'static [Parameter],
    /// What its policy moves.
    pub action: &'static [Parameter],
}

impl AgentCard {
    /// Returns what its policy reads.
    pub fn observation_numbers(&self) -> Vec<Number> {
        self.observation.iter().map(Parameter::number).collect()
    }

    /// Returns what its policy moves.
    pub fn action_numbers(&self) -> Vec<Number> {
        self.action.iter().map(Parameter::number).collect()
    }

    /// Checks that a policy reads and moves exactly what the card says, in this order.
    ///
    /// # Errors
    /// The first number that differs.
    pub fn check_policy(&self, policy: &AgentPolicy) -> Result<(), motet_policy::Error> {
        same_numbers("observation", &self.observation_numbers(), &policy.observation)?;
        same_numbers("action", &self.action_numbers(), &policy.action)
    }

    /// Writes the card as the Markdown page that ships in `docs/agents/`.
    pub fn to_markdown(&self) -> String {
        let mut page = format!("# {}\n\nVersion {}.\n\n", self.name, self.version);
        let intents: Vec<_> = self.intents.iter().map(|intent| format!("`{}`", intent.name())).collect();
        let rows = [
            ("Objective", self.objective.to_owned()),
            ("Decides", intents.join(", ")),
            ("Timescale", self.timescale.to_owned()),
            ("Sees", self.sees.to_owned()),
            ("Never", self.never.to_owned()),
            ("Chance", self.chance.to_owned()),
            ("Learns from", self.learns_from.to_owned()),
            ("If absent", self.if_absent.to_owned()),
            ("Goes wrong by", self.goes_wrong_by.to_owned()),
            ("Watched by", self.watched_by.to_owned()),
            ("Evidence", self.evidence.to_owned()),
            ("Not for", self.not_for.to_owned()),
        ];
        page.push_str("| | |\n|---|---|\n");
        for (title, text) in rows {
            let _ = writeln!(page, "| {title} | {text} |");
        }
        page.push_str("\n## Bound by\n\n| limit | enforced by |\n|---|---|\n");
        for limit in self.limits {
            let _ = writeln!(page, "| {} | {} |", limit.rule, limit.enforced_by);
        }
        write_parameters(&mut page, "Policy observation", self.observation);
        write_parameters(&mut page, "Policy action", self.action);
        page
    }
}

fn write_parameters(page: &mut String, title: &str, parameters: &[Parameter]) {
    if parameters.is_empty() {
        return;
    }
    let _ = write!(page, "\n## {title}\n\n| name | unit | range | default |\n|---|---|---|---|\n");
    for p in parameters {
        let _ = writeln!(page, "| `{}` | {} | {} to {} | {} |", p.name, p.unit, p.least, p.most, p.default);
    }
}
