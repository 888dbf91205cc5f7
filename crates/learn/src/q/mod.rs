//! Q-learning with a table per agent (Watkins 1989), each for itself.
//!
//! An agent's observation falls into a cell (edges per input), its action is one of a short list, and a table holds what each
//! action in each cell is worth: `Q(s, a) ← Q(s, a) + α (r + γ max_a' Q(s', a') − Q(s, a))`, `r` being the common reward and the
//! agent's shaping term. Each row is learned from once, when it is told. Campaign-level agents share one table over campaigns.
//!
//! The greedy action is the best among those *tried* in the cell; in a cell where none was, it is the one nearest to the middle of its
//! range. So a table never prefers what it knows nothing of, whatever the sign of rewards. Ties go to the earlier action.
//!
//! Edges are given, or taken from the quantiles of the first rows, which are kept until then and learned from in order. The last edge
//! rule is the server's: a value on an edge belongs to the bin above it.
//!
//! A table forgets what it cannot see: it is the plain start that networks have to beat, and its rows grow with the product of
//! all bins.

mod options;
mod table;

use motet_policy::TableSpec;
use motet_units::Chance;
pub use options::{Bins, MOST_VALUES, Options, Rate, Seat, grid};
use serde::{Deserialize, Serialize};

use self::table::Table;
use crate::{
    Error,
    learner::{Exported, Learner, Losses},
    saved,
    team::{End, Row, Team},
};

const KIND: &str = "q";

/// Q-learning with a table per agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Tabular {
    state: State,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    team: Team,
    options: Options,
    told: u64,
    updates: u64,
    /// Empty until the edges are known.
    tables: Vec<Table>,
    /// The rows of the warm-up.
    waiting: Vec<Row>,
    /// Sums over the rows learned from since the last update: of squared errors, of values, and their count.
    since: (f64, f64, u64),
}

impl Tabular {
    /// Starts with empty tables.
    ///
    /// # Errors
    /// When an option is outside its range or a table does not fit its agent.
    pub fn new(team: Team, options: Options) -> Result<Self, Error> {
        options.check(&team)?;
        let mut state = State {
            team,
            options,
            told: 0,
            updates: 0,
            tables: Vec::new(),
            waiting: Vec::new(),
            since: (0.0, 0.0, 0),
        };
        if !state.waits_for_quantiles() {
            state.tables = state.make_tables();
        }
        Ok(Self { state })
    }

    /// Takes a learner back from a saved state.
    ///
    /// # Errors
    /// When the bytes are damaged or of another kind of learner.
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        let state: State = saved::read(KIND, bytes)?;
        state.team.check()?;
        state.options.check(&state.team)?;
        if state.is_sound() {
            Ok(Self { state })
        } else {
            Err(Error::Damaged { what: "its parts do not fit each other".into() })
        }
    }

    /// Returns the share of an agent's cells in which something was tried; 0 before the edges are known.
    pub fn tried(&self, agent: usize) -> f64 {
        let actions = self.state.options.seats[agent].actions.len();
        let Some(table) = self.state.tables.get(agent) else { return 0.0 };
        let cells = table.visits.chunks_exact(actions);
        let (all, tried) = cells.fold((0_u32, 0_u32), |(all, tried), cell| {
            (all + 1, tried + u32::from(cell.iter().any(|v| *v > 0)))
        });
        f64::from(tried) / f64::from(all)
    }

    fn greedy(&self, agent: usize, observation: &[f32]) -> &[f32] {
        let actions = &self.state.options.seats[agent].actions;
        let table = self.state.tables.get(agent);
        let best = table.and_then(|table| table.best(table.cell(observation), actions.len()));
        &actions[best.unwrap_or_else(|| middle(actions))]
    }
}

/// The action nearest to the middle of its range.
fn middle(actions: &[Vec<f32>]) -> usize {
    nearest(actions, &[])
}

/// The action nearest to another one, of which missing numbers count as 0.
fn nearest(actions: &[Vec<f32>], wanted: &[f32]) -> usize {
    let far = |action: &Vec<f32>| -> f32 {
        let wanted = wanted.iter().copied().chain(std::iter::repeat(0.0));
        action.iter().zip(wanted).map(|(a, b)| (a - b) * (a - b)).sum()
    };
    let place = (0..actions.len()).min_by(|a, b| far(&actions[*a]).total_cmp(&far(&actions[*b])));
    place.expect("a seat has an action, or it is refused")
}

impl State {
    fn waits_for_quantiles(&self) -> bool {
        self.options.seats.iter().any(|seat| matches!(seat.bins, Bins::Quantiles(_)))
            && self.told < self.options.warmup_rows
    }

    fn is_sound(&self) -> bool {
        let due = if self.waits_for_quantiles() { 0 } else { self.team.len() };
        let waiting = if self.waits_for_quantiles() { self.told } else { 0 };
        self.tables.len() == due
            && self.waiting.len() as u64 == waiting
            && self.waiting.iter().all(|row| self.team.check_row(row).is_ok())
            && self.tables.iter().enumerate().all(|(agent, table)| {
                table
                    .is_sound(self.options.seats[agent].actions.len(), self.team.members()[agent].observation)
            })
    }

    fn make_tables(&self) -> Vec<Table> {
        let table = |(agent, seat): (usize, &Seat)| {
            let edges = match &seat.bins {
                Bins::Edges(edges) => edges.clone(),
                Bins::Quantiles(bins) => self.quantiles(agent, bins),
            };
            Table::new(edges, seat.actions.len())
        };
        self.options.seats.iter().enumerate().map(table).collect()
    }

    fn quantiles(&self, agent: usize, bins: &[usize]) -> Vec<Vec<f64>> {
        let start = self.team.observation(agent).start;
        let edges = |(input, bins): (usize, &usize)| {
            let mut seen: Vec<f64> =
                self.waiting.iter().map(|row| f64::from(row.observations[start + input])).collect();
            seen.sort_by(f64::total_cmp);
            let mut edges: Vec<f64> = (1..*bins).map(|place| seen[place * seen.len() / bins]).collect();
            // -0 and 0 are one edge to a look-up.
            edges.dedup_by(|later, earlier| *later <= *earlier);
            edges
        };
        bins.iter().enumerate().map(edges).collect()
    }

    fn learn(&mut self, row: &Row) {
        for agent in 0..self.team.len() {
            let actions = &self.options.seats[agent].actions;
            let (seen, did) = (self.team.observation(agent), self.team.action(agent));
            let table = &mut self.tables[agent];
            let next = table.cell(&row.next_observations[seen.clone()]);
            let place =
                table.cell(&row.observations[seen]) * actions.len() + nearest(actions, &row.actions[did]);
            let follows = if row.end == End::Terminated { 0.0 } else { table.most(next, actions.len()) };
            let reward = f64::from(row.reward) + row.shaping.get(agent).copied().map_or(0.0, f64::from);
            table.visits[place] = table.visits[place].saturating_add(1);
            let error = reward + self.options.gamma * follows - table.values[place];
            table.values[place] += self.options.rate.at(table.visits[place]) * error;
            let (errors, values, count) = self.since;
            self.since = (errors + error * error, values + table.values[place], count + 1);
        }
    }
}

impl Learner for Tabular {
    fn team(&self) -> &Team {
        &self.state.team
    }

    fn act(&self, agent: usize, observation: &[f32], action: &mut [f32]) {
        action.copy_from_slice(self.greedy(agent, observation));
    }

    fn explore(&self, agent: usize, observation: &[f32], chance: Chance, action: &mut [f32]) {
        let mut stream = Chance::new(chance.key(), agent as u64).stream("explore");
        let State { options, told, .. } = &self.state;
        let strays = self.state.tables.is_empty() || stream.unit() < options.exploration.at(*told);
        let actions = &options.seats[agent].actions;
        let any = &actions[stream.below(actions.len() as u64) as usize];
        action.copy_from_slice(if strays { any } else { self.greedy(agent, observation) });
    }

    fn remember(&mut self, row: &Row) -> Result<(), Error> {
        let state = &mut self.state;
        state.team.check_row(row)?;
        if !state.waits_for_quantiles() {
            state.told += 1;
            state.learn(row);
            return Ok(());
        }
        state.waiting.push(row.clone());
        state.told += 1;
        if !state.waits_for_quantiles() {
            state.tables = state.make_tables();
            for row in std::mem::take(&mut state.waiting) {
                state.learn(&row);
            }
        }
        Ok(())
    }

    /// Tells what the rows since the last call were like; the learning is done when a row is told.
    fn update(&mut self) -> Result<Option<Losses>, Error> {
        let (errors, values, count) = std::mem::take(&mut self.state.since);
        if count == 0 {
            return Ok(None);
        }
        self.state.updates += 1;
        let update = self.state.updates;
        if !errors.is_finite() {
            return Err(Error::Diverged { what: "tables' error", update });
        }
        let (critic, value) = (errors / count as f64, values / count as f64);
        Ok(Some(Losses { update, critic, value, ..Losses::default() }))
    }

    fn export(&self, agent: usize, version: &str) -> Exported {
        let actions = &self.state.options.seats[agent].actions;
        let wide = |action: &[f32]| action.iter().map(|number| f64::from(*number)).collect::<Vec<f64>>();
        let Some(table) = self.state.tables.get(agent) else {
            // Nothing is known yet: one cell, and the middle action in it.
            let edges = vec![Vec::new(); self.state.team.members()[agent].observation];
            return Exported::Table(TableSpec {
                version: version.to_owned(),
                edges,
                actions: vec![wide(&actions[middle(actions)])],
            });
        };
        let cells = 0..table.values.len() / actions.len();
        let action = |cell| table.best(cell, actions.len()).unwrap_or_else(|| middle(actions));
        Exported::Table(TableSpec {
            version: version.to_owned(),
            edges: table.edges.clone(),
            actions: cells.map(|cell| wide(&actions[action(cell)])).collect(),
        })
    }

    fn save(&self) -> Vec<u8> {
        saved::write(KIND, &self.state)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let other = Self::load(bytes)?;
        if other.state.team != self.state.team {
            let name = |team: &Team| format!("tables for the team {:?}", team.members());
            return Err(Error::OtherLearner {
                expected: name(&self.state.team),
                found: name(&other.state.team),
            });
        }
        *self = other;
        Ok(())
    }
}
