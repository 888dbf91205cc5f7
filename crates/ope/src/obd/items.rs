//! `item_context.csv`: what is known of the items.

use std::collections::BTreeSet;
use std::io::Read;

use crate::Error;

/// The most items read.
const MAX_ITEMS: usize = 1_000_000;

/// Items and their features: the three categories by the rank of their name, then the number, as the Open Bandit Pipeline
/// orders them.
#[derive(Clone, Debug, PartialEq)]
pub struct Items {
    count: usize,
    width: usize,
    features: Vec<f64>,
}

impl Items {
    /// Reads them. The first `item_feature_*` column is a number, the others are names.
    ///
    /// # Errors
    /// A missing column, an item missing or named twice, or a number that is none: unlike a round, no item can be left out.
    pub fn read(source: impl Read) -> Result<Self, Error> {
        let mut reader = csv::Reader::from_reader(source);
        let headers = reader.headers()?.clone();
        let id = column(&headers, "item_id")?;
        let number = column(&headers, "item_feature_0")?;
        let names: Vec<usize> = headers
            .iter()
            .enumerate()
            .filter(|(index, name)| name.starts_with("item_feature_") && *index != number)
            .map(|(index, _)| index)
            .collect();
        let mut items = Vec::new();
        for (index, record) in reader.records().enumerate() {
            items.push(item(index as u64 + 2, &record?, id, number, &names)?);
        }
        Self::build(items, names.len())
    }

    fn build(mut items: Vec<Item>, names: usize) -> Result<Self, Error> {
        items.sort_by_key(|item| item.id);
        for (index, item) in items.iter().enumerate() {
            if item.id != index {
                return Err(bad(
                    item.line,
                    format!("items run from 0 without gaps, item {} is out of turn", item.id),
                ));
            }
        }
        let mut features = vec![0.0; items.len() * (names + 1)];
        for name in 0..names {
            let known: BTreeSet<&str> = items.iter().map(|item| item.names[name].as_str()).collect();
            for (index, item) in items.iter().enumerate() {
                let rank = known.range(..item.names[name].as_str()).count();
                features[index * (names + 1) + name] = rank as f64;
            }
        }
        for (index, item) in items.iter().enumerate() {
            features[index * (names + 1) + names] = item.number;
        }
        Ok(Self { count: items.len(), width: names + 1, features })
    }

    /// Returns how many items there are.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Returns how many features each has.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Returns the features, item after item.
    pub fn features(&self) -> &[f64] {
        &self.features
    }
}

struct Item {
    line: u64,
    id: usize,
    number: f64,
    names: Vec<String>,
}

fn item(
    line: u64,
    record: &csv::StringRecord,
    id: usize,
    number: usize,
    names: &[usize],
) -> Result<Item, Error> {
    let id = record[id].parse().ok().filter(|&id| id < MAX_ITEMS);
    let id = id.ok_or_else(|| bad(line, format!("an item is a number below {MAX_ITEMS}")))?;
    let number = record[number].parse().ok().filter(|number: &f64| number.is_finite());
    let number = number.ok_or_else(|| bad(line, "item_feature_0 is not a number".to_owned()))?;
    Ok(Item { line, id, number, names: names.iter().map(|&name| record[name].to_owned()).collect() })
}

pub(super) fn column(headers: &csv::StringRecord, name: &'static str) -> Result<usize, Error> {
    headers.iter().position(|header| header == name).ok_or(Error::MissingColumn(name))
}

fn bad(line: u64, reason: String) -> Error {
    Error::Line { what: "item context", line, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = ",item_id,item_feature_0,item_feature_1\n";

    #[test]
    fn categories_become_ranks_and_the_number_comes_last() {
        let items = Items::read(format!("{HEADER}0,1,0.5,b\n1,0,-1,c\n2,2,2,a\n").as_bytes()).unwrap();
        assert_eq!((items.count(), items.width()), (3, 2));
        assert_eq!(items.features(), [2.0, -1.0, 1.0, 0.5, 0.0, 2.0]);
    }

    #[test]
    fn a_missing_item_is_an_error() {
        let gap = Items::read(format!("{HEADER}0,0,0.5,b\n1,2,1,c\n").as_bytes());
        assert!(matches!(gap, Err(Error::Line { line: 3, .. })));
        let twice = Items::read(format!("{HEADER}0,0,0.5,b\n1,0,1,c\n").as_bytes());
        assert!(twice.is_err());
        assert!(Items::read("a,b\n".as_bytes()).is_err());
        assert!(Items::read(format!("{HEADER}0,0,x,b\n").as_bytes()).is_err());
    }
}
