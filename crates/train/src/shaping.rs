//! Declared extra rewards of single agents, which say early what the common reward says late.
//!
//! Each term is made from a potential `Φ` of the agent's own observation as `F = γ Φ(s′) − Φ(s)` (Ng, Harada and Russell 1999):
//! such terms add up to nothing but a start and an end, so the best policy stays the same, whatever the weights.
//!
//! | agent | potential | what it is drawn to |
//! |---|---|---|
//! | pacer | `−w · abs(error)` | spend on its plan |
//! | bidder | `−w · max(0, log_cost_ratio)` | cost per result at most on target |
//! | relevance | `−w · seen_before` | ads that the viewer has not just seen |
//!
//! At the end: where nothing follows ([`End::Terminated`]) `Φ(s′)` counts as 0, which is what keeps the best policy. Where only
//! the record stops ([`End::Truncated`]) `Φ(s′)` stays, as the value of `s′` is still bootstrapped from. An agent without a turn is
//! shown zeros, and its potential is that of zeros: 0.
//!
//! Terms differ by agent, so critics must be one per agent.

use motet_learn::End;

use crate::{Config, seated, spec};

/// Whether agents have shaping terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shaping {
    /// They have the common reward alone.
    #[default]
    Off,
    /// They have terms of their own beside it.
    On,
}

/// One agent's potential.
#[derive(Clone, Copy, Debug)]
struct Term {
    agent: usize,
    /// Where among all observations the number lies that it is made from.
    place: usize,
    weight: f64,
    of: fn(f64) -> f64,
}

/// The terms of a team.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    gamma: f64,
    agents: usize,
    all: Vec<Term>,
}

/// A number that a potential is made from: agent, observation, cost.
type Source = (&'static str, &'static str, fn(f64) -> f64);

/// The number each potential is made from.
const SOURCES: [Source; 3] = [
    ("pacer", "error", f64::abs),
    ("bidder", "log_cost_ratio", |ratio| ratio.max(0.0)),
    ("relevance", "seen_before", |share| share),
];

impl Terms {
    /// Returns the terms of a configuration, none where shaping is off.
    pub(crate) fn of(config: &Config) -> Option<Self> {
        if config.shaping == Shaping::Off {
            return None;
        }
        let team = spec();
        let term = |((agent, number, of), weight): (&Source, f64)| {
            let seat = seated().into_iter().find(|seat| seat.name.name() == *agent)?;
            let own = seat.card.observation.iter().position(|seen| seen.name == *number)?;
            Some(Term { agent: seat.place, place: team.observation(seat.place).start + own, weight, of: *of })
        };
        let all = SOURCES.iter().zip(config.shaping_weights).filter_map(term).collect();
        Some(Self { gamma: config.gamma, agents: team.len(), all })
    }

    /// Returns each agent's term for a row's observations and the next ones; 0 for agents that have none.
    pub(crate) fn of_row(&self, now: &[f32], next: &[f32], end: End) -> Vec<f32> {
        let mut shaping = vec![0.0; self.agents];
        for term in &self.all {
            let potential = |seen: &[f32]| -term.weight * (term.of)(f64::from(seen[term.place]));
            let follows = if end == End::Terminated { 0.0 } else { potential(next) };
            shaping[term.agent] = (self.gamma * follows - potential(now)) as f32;
        }
        shaping
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are chosen to be exact")]
mod tests {
    use super::*;

    fn terms(weights: [f64; 3]) -> Terms {
        let config =
            Config { shaping: Shaping::On, shaping_weights: weights, gamma: 0.5, ..Config::default() };
        Terms::of(&config).unwrap()
    }

    /// Returns observations of zeros but for one agent's number.
    fn seen(agent: &str, number: &str, value: f32) -> Vec<f32> {
        let seat = seated().into_iter().find(|seat| seat.name.name() == agent).unwrap();
        let own = seat.card.observation.iter().position(|seen| seen.name == number).unwrap();
        let mut seen = vec![0.0; spec().observations()];
        seen[spec().observation(seat.place).start + own] = value;
        seen
    }

    #[test]
    fn every_source_is_on_its_agents_card() {
        assert_eq!(terms([1.0; 3]).all.len(), SOURCES.len());
    }

    #[test]
    fn an_agent_is_paid_for_what_it_alone_brought_nearer() {
        let terms = terms([2.0, 3.0, 4.0]);
        let paid = |agent, number, from, to| {
            let row = terms.of_row(&seen(agent, number, from), &seen(agent, number, to), End::Goes);
            let own = seated().iter().find(|seat| seat.name.name() == agent).unwrap().place;
            assert!(row.iter().enumerate().all(|(place, term)| place == own || *term == 0.0), "{row:?}");
            row[own]
        };
        // 0.5 · −2 · 0.25 + 2 · 0.5, whichever side of the plan
        assert_eq!(paid("pacer", "error", 0.5, -0.25), 0.75);
        // 0 + 3 · 1; a cost below target is no gain
        assert_eq!(paid("bidder", "log_cost_ratio", 1.0, -2.0), 3.0);
        // 0.5 · −4 · 0.5 + 0
        assert_eq!(paid("relevance", "seen_before", 0.0, 0.5), -1.0);
    }

    #[test]
    fn terms_along_a_way_add_up_to_its_ends() {
        let terms = terms([1.0, 0.0, 0.0]);
        let way = [0.5_f32, -0.75, 0.25, 0.125].map(|error| seen("pacer", "error", error));
        let discounted: f64 = way
            .windows(2)
            .enumerate()
            .map(|(step, pair)| {
                let paid: f32 = terms.of_row(&pair[0], &pair[1], End::Goes).iter().sum();
                libm::pow(0.5, step as f64) * f64::from(paid)
            })
            .sum();
        // γ³ Φ(last) − Φ(first)
        assert_eq!(discounted, -0.125 * 0.125 + 0.5);
    }

    #[test]
    fn a_cut_keeps_what_follows_and_an_end_does_not() {
        let (terms, seen) = (terms([1.0, 0.0, 0.0]), seen("pacer", "error", 1.0));
        let paid = |end| terms.of_row(&seen, &seen, end).iter().sum::<f32>();
        assert_eq!([End::Goes, End::Truncated, End::Terminated].map(paid), [0.5, 0.5, 1.0]);
    }
}
