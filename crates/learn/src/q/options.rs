//! What tables are made of and how they learn.

use serde::{Deserialize, Serialize};

use crate::{Error, error::within, noise::Schedule, team::Team};

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
    pub(super) fn at(self, visit: u32) -> f64 {
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

    pub(super) fn check(&self, team: &Team) -> Result<(), Error> {
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

pub(super) fn product(counts: impl Iterator<Item = usize>) -> usize {
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
