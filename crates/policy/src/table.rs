//! A greedy look-up over discretised observations: how tabular policies are served.

use serde::{Deserialize, Serialize};

use crate::{Error, Policy, Subject};

const MOST_ROWS: usize = 1 << 20;

/// A table policy as it is written to a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableSpec {
    /// Its name and version, as `name@version`.
    pub version: String,
    /// For each input the edges between its bins, rising; `n` edges make `n + 1` bins.
    pub edges: Vec<Vec<f64>>,
    /// The action of each cell, row-major: the last input's bin moves fastest.
    pub actions: Vec<Vec<f64>>,
}

/// A checked table policy.
///
/// ```
/// use motet_policy::{Policy, Subject, Table, TableSpec};
/// let table = Table::build(TableSpec {
///     version: "pacer-table@3".into(),
///     edges: vec![vec![0.0]],
///     actions: vec![vec![0.9], vec![1.0]],
/// }).unwrap();
/// let mut action = [0.0];
/// table.act(Subject::Platform, &[-0.2], &mut action);
/// assert_eq!(action, [0.9]);
/// table.act(Subject::Platform, &[0.0], &mut action);
/// assert_eq!(action, [1.0], "an edge belongs to the bin above it");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    version: String,
    edges: Vec<Vec<f64>>,
    outputs: usize,
    actions: Vec<f64>,
}

impl Table {
    /// Checks a table's shape and lays it out for look-up.
    ///
    /// # Errors
    /// The first part whose shape or numbers are wrong.
    pub fn build(spec: TableSpec) -> Result<Self, Error> {
        if spec.version.is_empty() {
            return Err(Error::NoVersion);
        }
        let rows = count_rows(&spec.edges)?;
        if spec.actions.len() != rows {
            return Err(Error::Rows { expected: rows, found: spec.actions.len() });
        }
        let outputs = spec.actions.first().map_or(0, Vec::len);
        for (row, action) in spec.actions.iter().enumerate() {
            let sound = action.len() == outputs && outputs > 0 && action.iter().all(|a| a.is_finite());
            if !sound {
                return Err(Error::Row { row, outputs, found: action.clone() });
            }
        }
        let actions = spec.actions.concat();
        Ok(Self { version: spec.version, edges: spec.edges, outputs, actions })
    }

    fn row(&self, observation: &[f64]) -> usize {
        self.edges.iter().zip(observation).fold(0, |row, (edges, value)| {
            row * (edges.len() + 1) + edges.partition_point(|edge| edge <= value)
        })
    }
}

fn count_rows(edges: &[Vec<f64>]) -> Result<usize, Error> {
    let mut rows = 1_usize;
    for (input, edges) in edges.iter().enumerate() {
        let rising = edges.is_sorted_by(|a, b| a < b) && edges.iter().all(|e| e.is_finite());
        if !rising {
            return Err(Error::Edges { input, edges: edges.clone() });
        }
        rows = rows.saturating_mul(edges.len() + 1);
    }
    if rows > MOST_ROWS { Err(Error::TooManyRows { most: MOST_ROWS }) } else { Ok(rows) }
}

impl Policy for Table {
    fn version(&self) -> &str {
        &self.version
    }

    fn act(&self, _subject: Subject, observation: &[f64], action: &mut [f64]) {
        let fits = observation.len() == self.edges.len() && action.len() == self.outputs;
        if !fits || observation.iter().any(|value| value.is_nan()) {
            action.fill(f64::NAN);
            return;
        }
        let start = self.row(observation) * self.outputs;
        action.copy_from_slice(&self.actions[start..start + self.outputs]);
    }
}
