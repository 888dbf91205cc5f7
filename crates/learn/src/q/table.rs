//! One agent's table.

use serde::{Deserialize, Serialize};

use super::options::product;

/// One agent's table: values and visits, `[cells, actions]`, the last input's bin moving fastest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) edges: Vec<Vec<f64>>,
    pub(super) values: Vec<f64>,
    pub(super) visits: Vec<u32>,
}

impl Table {
    pub(super) fn new(edges: Vec<Vec<f64>>, actions: usize) -> Self {
        let count = product(edges.iter().map(|edges| edges.len() + 1)) * actions;
        Self { edges, values: vec![0.0; count], visits: vec![0; count] }
    }

    pub(super) fn cell(&self, observation: &[f32]) -> usize {
        self.edges.iter().zip(observation).fold(0, |cell, (edges, value)| {
            cell * (edges.len() + 1) + edges.partition_point(|edge| *edge <= f64::from(*value))
        })
    }

    /// The best tried action of a cell, if one was.
    pub(super) fn best(&self, cell: usize, actions: usize) -> Option<usize> {
        let tried = (0..actions).filter(|action| self.visits[cell * actions + action] > 0);
        // `max_by` takes the last of equals, so the order is turned round.
        tried.rev().max_by(|a, b| self.values[cell * actions + a].total_cmp(&self.values[cell * actions + b]))
    }

    pub(super) fn most(&self, cell: usize, actions: usize) -> f64 {
        self.values[cell * actions..][..actions].iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    pub(super) fn is_sound(&self, actions: usize, inputs: usize) -> bool {
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
