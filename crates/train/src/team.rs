//! Who learns: the agents that a policy steers, what they see and do by their cards, and what critics see beyond.

use motet_agent::{AgentCard, AgentName, Parameter};
use motet_learn::{Level, Member, Team};
use motet_policy::Number;

/// The steered agents in the team's order: those that act for all first, then those that act for a campaign.
const SEATS: [(&AgentCard, Level); 5] = [
    (&motet_agents::intent::CARD, Level::Platform),
    (&motet_agents::relevance::CARD, Level::Platform),
    (&motet_agents::guard::CARD, Level::Platform),
    (&motet_agents::bidder::CARD, Level::Campaign),
    (&motet_agents::pacer::CARD, Level::Campaign),
];

/// How many numbers critics see beyond the observations: the hour of the day as sine and cosine, the share of the run that is
/// past, the means over all campaigns of what the bidder and the pacer see, then the campaign's daily budget (log10 of units).
/// What other campaigns do is not among it: they stray together with this one (see `seats`), and a critic that saw both
/// could not tell whose doing a reward is.
pub const CONTEXT: usize = 4 + mean_numbers();

const fn mean_numbers() -> usize {
    let (bidder, pacer) = (SEATS[3].0, SEATS[4].0);
    bidder.observation.len() + pacer.observation.len()
}

/// One steered agent.
#[derive(Clone, Copy, Debug)]
pub struct Seated {
    /// Its place in the team.
    pub place: usize,
    /// Its name.
    pub name: AgentName,
    /// Its card.
    pub card: &'static AgentCard,
    /// For whom it acts.
    pub level: Level,
}

impl Seated {
    /// Returns what it moves.
    pub fn action(&self) -> Vec<Number> {
        self.card.action_numbers()
    }
}

/// Returns the steered agents in the team's order.
pub fn seated() -> [Seated; 5] {
    let mut place = 0;
    SEATS.map(|(card, level)| {
        place += 1;
        Seated { place: place - 1, name: card.name, card, level }
    })
}

/// Returns the team as learners know it.
///
/// # Panics
/// Never: the cards' names differ and each reads and moves something, which a test holds.
pub fn spec() -> Team {
    let member = |(card, level): (&AgentCard, Level)| Member {
        name: card.name.name().to_owned(),
        level,
        observation: card.observation.len(),
        action: card.action.len(),
    };
    Team::new(SEATS.map(member).to_vec(), CONTEXT).expect("cards read and move something")
}

/// Brings an observation, in the units of its card, to numbers of a like size: heavy tails by their logarithm. Learners scale
/// them further; the same is done to what the policy sees once it is served, as this is where the numbers come from.
pub(crate) fn within(numbers: &[Parameter], observation: &[f64]) -> Vec<f32> {
    let cut = |(number, value): (&Parameter, &f64)| value.clamp(number.least, number.most) as f32;
    numbers.iter().zip(observation).map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_team_is_the_steered_agents_by_their_cards() {
        let team = spec();
        assert_eq!(team.len(), 5);
        for seat in seated() {
            let member = &team.members()[seat.place];
            assert_eq!(member.name, seat.name.name());
            assert_eq!(member.action, seat.action().len());
        }
        assert_eq!(team.context(), CONTEXT);
    }
}
