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

use motet_policy::TableSpec;
use motet_units::Chance;
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    error::within,
    learner::{Exported, Learner, Losses},
    noise::Schedule,
    saved,
    team::{End, Row, Team},
};

const KIND: &str = "q";

/// The most values a table may hold: cells times actions.
pub const MOST_VALUES: usize = 1 << 20;

/// How an agent's observations become cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bins {
    /// For each input its edges, rising; `n` edges make `n + 1` bins.
    Edges(Vec<Vec<f64>>),
    /// For each input so many bins, at least 1, that the rows of the warm-up fill evenly. Equal edges become one.
    Quantiles(Vec<usize>),
}

/// What one agent's table is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    /// How observations become cells.
    pub bins: Bins,
    /// The actions to choose from, each number within -1 and 1.
    pub actions: Vec<Vec<f32>>,
}

/// How far a value moves towards what a row says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
    /// Always by the same share, above 0 and at most 1.
    Constant {
        /// The share.
        at: f64,
    },
    /// By `1 / n^power` at the `n`-th visit, but never less than `least`. A power above ½ and at most 1 with `least` 0 converges where
    /// the world stands still (Even-Dar and Mansour 2003).
    Visits {
        /// The power, above 0 and at most 1.
        power: f64,
        /// The least share.
        least: f64,
    },
}

impl Rate {
    fn at(self, visit: u32) -> f64 {
        match self {
            Self::Constant { at } => at,
            Self::Visits { power, least } => libm::pow(f64::from(visit), -power).max(least),
        }
    }

    fn check(self) -> Result<(), Error> {
        let share = |option, x| within(option, x, "above 0 and at most 1", |x| x > 0.0 && x <= 1.0);
        match self {
            Self::Constant { at } => share("rate", at),
            Self::Visits { power, least } => {
                share("power", power)?;
                within("least rate", least, "within 0 and 1", |x| (0.0..=1.0).contains(&x))
            }
        }
    }
}

/// How tables learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// What a reward in the next tick is worth now, within 0 and 1 (1 excluded).
    pub gamma: f64,
    /// How far a value moves.
    pub rate: Rate,
    /// The chance of an action at random, within 0 and 1.
    pub exploration: Schedule,
    /// Rows kept before quantiles are taken; exploration is even until then.
    pub warmup_rows: u64,
    /// One per agent, in the team's order.
    pub seats: Vec<Seat>,
}

impl Options {
    /// Returns sane options for given seats: γ 0.95, rates that fall with visits to 2 %, ε from 1 to 0.05 over 20,000 rows, 2,000 rows of warm-up.
    pub fn new(seats: Vec<Seat>) -> Self {
        Self {
            gamma: 0.95,
            rate: Rate::Visits { power: 0.7, least: 0.02 },
            exploration: Schedule::Linear { from: 1.0, to: 0.05, rows: 20_000 },
            warmup_rows: 2_000,
            seats,
        }
    }

    fn check(&self, team: &Team) -> Result<(), Error> {
        within("gamma", self.gamma, "within 0 and 1 (1 excluded)", |x| (0.0..1.0).contains(&x))?;
        self.rate.check()?;
        self.exploration.check("exploration", 1.0)?;
        if self.seats.len() != team.len() {
            return Err(Error::Conflict {
                what: "a table is needed for every agent of the team, and no more",
            });
        }
        (0..team.len()).try_for_each(|agent| self.check_seat(team, agent))
    }

    fn check_seat(&self, team: &Team, agent: usize) -> Result<(), Error> {
        let (member, seat) = (&team.members()[agent], &self.seats[agent]);
        let refuse = |what: String| Err(Error::Table { agent: member.name.clone(), what });
        let (inputs, cells) = match &seat.bins {
            Bins::Edges(edges) => {
                let rising = |edges: &Vec<f64>| {
                    edges.is_sorted_by(|a, b| a < b) && edges.iter().all(|e| e.is_finite())
                };
                if !edges.iter().all(rising) {
                    return refuse(format!("edges must be finite and rise, were {edges:?}"));
                }
                (edges.len(), product(edges.iter().map(|edges| edges.len() + 1)))
            }
            Bins::Quantiles(bins) => {
                if bins.contains(&0) || self.warmup_rows == 0 {
                    return refuse(format!(
                        "quantiles need bins and a warm-up, were {bins:?} and {} rows",
                        self.warmup_rows
                    ));
                }
                (bins.len(), product(bins.iter().copied()))
            }
        };
        if inputs != member.observation {
            return refuse(format!("{} inputs need bins, {inputs} have them", member.observation));
        }
        if cells.saturating_mul(seat.actions.len()) > MOST_VALUES {
            return refuse(format!(
                "it may hold {MOST_VALUES} values at most, the bins and actions make more"
            ));
        }
        let sound = |action: &Vec<f32>| {
            action.len() == member.action && action.iter().all(|a| (-1.0..=1.0).contains(a))
        };
        if seat.actions.is_empty() || !seat.actions.iter().all(sound) {
            return refuse(format!("each action needs {} numbers within -1 and 1", member.action));
        }
        Ok(())
    }
}

fn product(counts: impl Iterator<Item = usize>) -> usize {
    counts.fold(1, usize::saturating_mul)
}

/// Returns every combination of `levels` evenly spaced numbers from -1 to 1 (of 0 where `levels` is 1) in an action of `numbers` numbers.
///
/// ```
/// assert_eq!(motet_learn::q::grid(3, 1), [[-1.0], [0.0], [1.0]]);
/// assert_eq!(motet_learn::q::grid(2, 2).len(), 4);
/// ```
pub fn grid(levels: usize, numbers: usize) -> Vec<Vec<f32>> {
    let level = |place: usize| match levels {
        1 => 0.0,
        _ => 2.0 * place as f32 / (levels - 1) as f32 - 1.0,
    };
    (0..numbers).fold(vec![Vec::new()], |actions, _| {
        let longer = |action: &Vec<f32>| {
            (0..levels).map(|place| [action.as_slice(), &[level(place)]].concat()).collect()
        };
        actions.iter().flat_map::<Vec<_>, _>(longer).collect()
    })
}

/// One agent's table: values and visits, `[cells, actions]`, the last input's bin moving fastest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Table {
    edges: Vec<Vec<f64>>,
    values: Vec<f64>,
    visits: Vec<u32>,
}

impl Table {
    fn new(edges: Vec<Vec<f64>>, actions: usize) -> Self {
        let count = product(edges.iter().map(|edges| edges.len() + 1)) * actions;
        Self { edges, values: vec![0.0; count], visits: vec![0; count] }
    }

    fn cell(&self, observation: &[f32]) -> usize {
        self.edges.iter().zip(observation).fold(0, |cell, (edges, value)| {
            cell * (edges.len() + 1) + edges.partition_point(|edge| *edge <= f64::from(*value))
        })
    }

    /// The best tried action of a cell, if one was.
    fn best(&self, cell: usize, actions: usize) -> Option<usize> {
        let tried = (0..actions).filter(|action| self.visits[cell * actions + action] > 0);
        // `max_by` takes the last of equals, so the order is turned round.
        tried.rev().max_by(|a, b| self.values[cell * actions + a].total_cmp(&self.values[cell * actions + b]))
    }

    fn most(&self, cell: usize, actions: usize) -> f64 {
        self.values[cell * actions..][..actions].iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    fn is_sound(&self, actions: usize, inputs: usize) -> bool {
        let count = product(self.edges.iter().map(|edges| edges.len() + 1)).saturating_mul(actions);
        let rising =
            |edges: &Vec<f64>| edges.is_sorted_by(|a, b| a < b) && edges.iter().all(|e| e.is_finite());
        self.edges.len() == inputs
            && self.edges.iter().all(rising)
            && self.values.len() == count
            && self.visits.len() == count
            && self.values.iter().all(|value| value.is_finite())
    }
}

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
