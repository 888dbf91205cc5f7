//! Who decides in a run: the rule engine, the six agents as they ship, or a folder that says otherwise.

use std::sync::Arc;

use motet_baseline::EqualSplit;
use motet_engine::{Engine, Options, TeamKind};
use motet_policy::{AgentPolicy, Body, PolicySet};
use motet_units::Chance;
use serde::{Deserialize, Serialize};

use crate::{
    run::{Audience, Run, Setup},
    scenario::{Error, merge},
    world::World,
};

/// A team by name, or as a team file says.
#[derive(Clone, Debug, PartialEq)]
pub enum Team {
    /// The rule engine.
    Baseline,
    /// The six agents as they ship.
    Agents,
    /// The six agents, or the rule engine, under other options.
    Stated(TeamFile),
    /// The six agents with bids at full value, under the fixed pacer: a PID controller with truthful bids.
    Truthful,
    /// The same with the equal split in the pacer's seat.
    EqualSplit,
    /// The six agents, steered by trained policies.
    Steered(Arc<PolicySet>),
}

/// A team file, `team.toml` in a team's folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamFile {
    /// The team's name in reports.
    pub name: String,
    /// What it changes: `agents` or `baseline`.
    pub base: TeamKind,
    /// Options of the engine that differ, as in the server's configuration; they stand above the scenario's.
    #[serde(default)]
    pub engine: toml::Table,
}

impl Team {
    /// Reads a team file.
    ///
    /// # Errors
    /// When it is no such TOML.
    pub fn parse(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map(Self::Stated).map_err(|e| Error::Unreadable(e.to_string()))
    }

    /// Returns the name in reports.
    pub fn name(&self) -> &str {
        match self {
            Self::Baseline => "baseline",
            Self::Agents => "agents",
            Self::Stated(file) => &file.name,
            Self::Truthful => "truthful",
            Self::EqualSplit => "equal-split",
            Self::Steered(policies) => &policies.version,
        }
    }

    /// Returns the engine's options for this team in a world: the defaults, what the scenario sets over them, and what the
    /// team sets over that.
    ///
    /// # Errors
    /// When the scenario or the team sets what the engine does not know.
    pub fn options(&self, world: &World) -> Result<Options, Error> {
        let scenario = &world.scenario;
        let mut options = match self {
            Self::Stated(file) => {
                let mut stated = scenario.clone();
                stated.engine = merge(stated.engine, &file.engine);
                stated.engine_options()?
            }
            _ => scenario.engine_options()?,
        };
        options.team = match self {
            Self::Baseline => TeamKind::Baseline,
            Self::Agents | Self::Truthful | Self::EqualSplit | Self::Steered(_) => TeamKind::Agents,
            Self::Stated(file) => file.base,
        };
        match self {
            Self::Steered(policies) => options.policies = Some(Arc::clone(policies)),
            Self::Truthful | Self::EqualSplit => options.policies = Some(Arc::new(truthful())),
            Self::Baseline | Self::Agents | Self::Stated(_) => {}
        }
        options.seed = Chance::new(world.seed, 0).key();
        Ok(options)
    }

    /// Opens a world's gates to a part of the listeners, with this team in the engine's seats.
    ///
    /// # Errors
    /// As [`Team::options`].
    pub fn run<'w>(&self, world: &'w World, audience: Audience) -> Result<Run<'w>, Error> {
        let mut engine = Engine::new(self.options(world)?, 1);
        if *self == Self::EqualSplit {
            engine.seat(Box::new(EqualSplit::new(world.utc_offset())));
        }
        Ok(Run::with_engine(world, audience, engine))
    }

    /// Returns the setup of a run of this team for a part of the listeners.
    ///
    /// # Errors
    /// As [`Team::options`].
    pub fn setup(&self, world: &World, audience: Audience) -> Result<Setup, Error> {
        Ok(Setup { options: self.options(world)?, audience })
    }
}

/// Returns policies under which the bidder offers the full value and everything else is as the cards have it.
fn truthful() -> PolicySet {
    let card = &motet_agents::bidder::CARD;
    let part = |number: &motet_agent::Parameter| if number.name == "shade" { 1.0 } else { 0.0 };
    let bidder = AgentPolicy {
        agent: card.name.name().to_owned(),
        version: "bidder-truthful@1".to_owned(),
        observation: card.observation_numbers(),
        action: card.action_numbers(),
        body: Body::Constant(card.action.iter().map(part).collect()),
    };
    PolicySet { version: "truthful@1".to_owned(), agents: vec![bidder] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_file_stands_above_the_scenario() {
        let text = include_str!("../../../scenarios/radio-day.toml");
        let mut scenario = crate::Scenario::parse(text).unwrap();
        scenario.listeners.count = 10;
        scenario.engine.insert("click_window_s".to_owned(), toml::Value::Integer(100));
        let world = World::new(&scenario, 1);
        let team =
            Team::parse("name = \"slow\"\nbase = \"agents\"\n[engine]\nclick_window_s = 50\n").unwrap();
        assert_eq!(team.options(&world).unwrap().click_window_s, 50);
        assert_eq!(Team::Baseline.options(&world).unwrap().click_window_s, 100);
        assert!(Team::parse("name = \"x\"\nbase = \"nobody\"").is_err());
    }
}
