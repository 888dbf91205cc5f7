//! Policy files: a [`Table`] as CSV or JSON.
//!
//! CSV has the columns `position` (counted from 1), `item_id` and `probability`; an item left out has probability 0.
//! JSON is `{"positions": [[p, …], …]}`, one list per position, items in order.

use std::io::Read;

use serde::Deserialize;

use super::Table;
use crate::Error;

/// The widest table read: positions, and items per position.
const MAX_POSITIONS: usize = 64;
const MAX_ACTIONS: usize = 1_000_000;

#[derive(Deserialize)]
struct Row {
    position: usize,
    item_id: usize,
    probability: f64,
}

#[derive(Deserialize)]
struct Form {
    positions: Vec<Vec<f64>>,
}

/// Reads a policy from JSON.
///
/// ```
/// let table = motet_ope::policy::file::from_json(br#"{"positions": [[0.25, 0.75]]}"#)?;
/// assert_eq!(table.at(0), [0.25, 0.75]);
/// # Ok::<(), motet_ope::Error>(())
/// ```
///
/// # Errors
/// Not that form, or not distributions.
pub fn from_json(bytes: &[u8]) -> Result<Table, Error> {
    let form: Form = serde_json::from_slice(bytes)?;
    Table::new(&form.positions)
}

/// Reads a policy from CSV, for so many items; 0 takes the highest item named.
///
/// # Errors
/// Not that form, an item or position out of range or named twice, or not distributions.
pub fn from_csv(source: impl Read, actions: usize) -> Result<Table, Error> {
    let mut reader = csv::Reader::from_reader(source);
    let mut cells = Vec::new();
    for (index, row) in reader.deserialize().enumerate() {
        let row: Row = row?;
        let line = index as u64 + 2;
        if row.position == 0 || row.position > MAX_POSITIONS {
            return Err(bad(line, format!("positions run from 1 to {MAX_POSITIONS}, was {}", row.position)));
        }
        if row.item_id >= if actions == 0 { MAX_ACTIONS } else { actions } {
            return Err(bad(line, format!("item {} is not among the {actions} of the log", row.item_id)));
        }
        cells.push((line, row));
    }
    let positions = cells.iter().map(|(_, row)| row.position).max().unwrap_or(0);
    let named = cells.iter().map(|(_, row)| row.item_id + 1).max().unwrap_or(0);
    fill(cells, positions, named.max(actions))
}

fn fill(cells: Vec<(u64, Row)>, positions: usize, actions: usize) -> Result<Table, Error> {
    let mut table = vec![vec![f64::NAN; actions]; positions];
    for (line, row) in cells {
        let cell = &mut table[row.position - 1][row.item_id];
        if !cell.is_nan() {
            return Err(bad(line, format!("item {} at position {} again", row.item_id, row.position)));
        }
        if row.probability.is_nan() {
            return Err(bad(line, "the probability is not a number".to_owned()));
        }
        *cell = row.probability;
    }
    table.iter_mut().flatten().filter(|cell| cell.is_nan()).for_each(|cell| *cell = 0.0);
    Table::new(&table)
}

fn bad(line: u64, reason: String) -> Error {
    Error::Line { what: "policy", line, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_left_out_is_never_taken() {
        let text = "position,item_id,probability\n1,0,0.5\n1,2,0.5\n2,1,1\n";
        let table = from_csv(text.as_bytes(), 4).unwrap();
        assert_eq!(table.at(0), [0.5, 0.0, 0.5, 0.0]);
        assert_eq!(table.at(1), [0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_cell_named_twice_is_an_error_with_its_line() {
        let text = "position,item_id,probability\n1,0,0.5\n1,0,0.5\n";
        let error = from_csv(text.as_bytes(), 1).unwrap_err();
        assert_eq!(error.to_string(), "line 3 of the policy: item 0 at position 1 again");
    }

    #[test]
    fn an_item_the_log_does_not_have_is_an_error() {
        let text = "position,item_id,probability\n1,9,1\n";
        assert!(matches!(from_csv(text.as_bytes(), 3), Err(Error::Line { line: 2, .. })));
        assert!(matches!(
            from_csv("position,item_id,probability\n0,9,1\n".as_bytes(), 0),
            Err(Error::Line { .. })
        ));
    }
}
