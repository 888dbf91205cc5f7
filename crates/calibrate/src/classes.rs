//! Classes of slots: ten by predicted click chance, or the commonest kinds of slot and one for the rest.

use std::collections::BTreeMap;

use crate::sample::{Key, Row};

/// Kinds of slot that get a class of their own.
const KINDS: usize = 24;
const PARTS: usize = 10;

/// How rows are classed. Learned from the fitted rows alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Classes {
    /// By predicted click chance: the upper edges of all but the last part.
    ByPrediction(Vec<f64>),
    /// By kind, the rest last.
    ByKind(Vec<String>),
}

impl Classes {
    pub(crate) fn learn(rows: &[&Row]) -> Self {
        let mut predictions: Vec<f64> = rows
            .iter()
            .filter_map(|row| match row.key {
                Key::Predicted(p) => Some(p),
                Key::Slot(_) => None,
            })
            .collect();
        if !predictions.is_empty() {
            predictions.sort_by(f64::total_cmp);
            let edge =
                |part: usize| predictions[(predictions.len() * part / PARTS).min(predictions.len() - 1)];
            let mut edges: Vec<f64> = (1..PARTS).map(edge).collect();
            edges.dedup();
            return Self::ByPrediction(edges);
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows {
            if let Key::Slot(kind) = &row.key {
                *counts.entry(kind).or_default() += 1;
            }
        }
        let mut kinds: Vec<(&str, usize)> = counts.into_iter().collect();
        kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
        Self::ByKind(kinds.into_iter().take(KINDS).map(|(kind, _)| kind.to_owned()).collect())
    }

    pub(crate) fn count(&self) -> usize {
        match self {
            Self::ByPrediction(edges) => edges.len() + 1,
            Self::ByKind(kinds) => kinds.len() + 1,
        }
    }

    pub(crate) fn of(&self, row: &Row) -> usize {
        match (self, &row.key) {
            (Self::ByPrediction(edges), Key::Predicted(p)) => edges.partition_point(|edge| edge < p),
            (Self::ByKind(kinds), Key::Slot(kind)) => {
                kinds.iter().position(|known| known == kind).unwrap_or(kinds.len())
            }
            _ => 0,
        }
    }

    pub(crate) fn name(&self, class: usize) -> String {
        match self {
            Self::ByPrediction(edges) => {
                let from = class.checked_sub(1).map_or(0.0, |below| edges[below]);
                let to = edges.get(class).map_or_else(String::new, |edge| format!("{edge:.6}"));
                format!("predicted {from:.6} to {to}")
            }
            Self::ByKind(kinds) => kinds.get(class).map_or_else(|| "other slots".to_owned(), Clone::clone),
        }
    }
}
