//! From rows to a [`Log`].

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use motet_units::Timestamp;
use serde::Serialize;

use super::bad::BadLines;
use super::items::Items;
use super::rows::{Row, Rows};
use crate::{Error, Log, Round};

/// A log and how the reading went.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The log.
    pub log: Log,
    /// How the reading went.
    pub reading: Reading,
}

/// How the reading of a log went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Rows in the file, good and bad.
    pub rows: u64,
    /// Rows that could not be read.
    pub bad: BadLines,
    /// Rows earlier than the row before them; they are read all the same.
    pub out_of_order: u64,
    /// Clicks among the rows read.
    pub clicks: u64,
}

/// Reads a log. Without `items`, each item is described by its own indicator, and the highest item named is the last.
/// `tick` is called once per row, for a progress bar.
///
/// Memory: 40 bytes a row, and each distinct user once.
///
/// # Errors
/// A file that cannot be read, lacks a column, or holds no row that can be read.
pub fn load(source: impl Read, items: Option<&Items>, mut tick: impl FnMut()) -> Result<Loaded, Error> {
    let mut rows = Rows::new(source, items.map(Items::count))?;
    let mut gathered = Gathered::new(rows.user_features());
    for row in &mut rows {
        tick();
        gathered.reading.rows += 1;
        match row? {
            Ok(row) => gathered.add(row),
            Err(bad) => gathered.reading.bad.add(bad),
        }
    }
    gathered.build(items)
}

/// Rows on their way into a log: the user's categories can only be numbered once all are known.
struct Gathered {
    reading: Reading,
    /// Every distinct user, by number of first appearance.
    users: BTreeMap<Vec<String>, u32>,
    categories: Vec<BTreeSet<String>>,
    rounds: Vec<Round>,
    last: Option<Timestamp>,
}

impl Gathered {
    fn new(user_features: usize) -> Self {
        Self {
            reading: Reading::default(),
            users: BTreeMap::new(),
            categories: vec![BTreeSet::new(); user_features],
            rounds: Vec::new(),
            last: None,
        }
    }

    fn add(&mut self, row: Row) {
        self.reading.clicks += u64::from(row.clicked);
        self.reading.out_of_order += u64::from(self.last.is_some_and(|last| row.timestamp < last));
        self.last = Some(row.timestamp);
        let context = self.user(row.user);
        self.rounds.push(Round {
            context,
            action: row.item,
            position: row.position - 1,
            reward: if row.clicked { 1.0 } else { 0.0 },
            propensity: row.propensity,
        });
    }

    fn user(&mut self, user: Vec<String>) -> u32 {
        if let Some(&known) = self.users.get(&user) {
            return known;
        }
        for (known, category) in self.categories.iter_mut().zip(&user) {
            if !known.contains(category) {
                known.insert(category.clone());
            }
        }
        let number = self.users.len() as u32;
        self.users.insert(user, number);
        number
    }

    fn build(self, items: Option<&Items>) -> Result<Loaded, Error> {
        let highest = |part: fn(&Round) -> u32| self.rounds.iter().map(|r| part(r) as usize + 1).max();
        let Some(positions) = highest(|round| round.position) else {
            return Err(Error::NothingRead(self.reading.rows));
        };
        let actions = items.map_or_else(|| highest(|round| round.action).unwrap_or(0), Items::count);
        let mut log = Log::new(actions, positions, width(&self.categories))?;
        if let Some(items) = items {
            log.describe_actions(items.width(), items.features().to_vec())?;
        }
        let mut users: Vec<(&Vec<String>, u32)> = self.users.iter().map(|(user, &n)| (user, n)).collect();
        users.sort_by_key(|&(_, number)| number);
        if log.context_width() > 0 {
            for (user, _) in users {
                log.add_context(&one_hot(&self.categories, user))?;
            }
        }
        let one_context = log.context_width() == 0;
        for mut round in self.rounds {
            round.context = if one_context { 0 } else { round.context };
            log.push(round)?;
        }
        Ok(Loaded { log, reading: self.reading })
    }
}

/// One feature per category but the first of each column: the first is what all others are compared with.
fn width(categories: &[BTreeSet<String>]) -> usize {
    categories.iter().map(|known| known.len().saturating_sub(1)).sum()
}

fn one_hot(categories: &[BTreeSet<String>], user: &[String]) -> Vec<f64> {
    let mut features = Vec::with_capacity(width(categories));
    for (known, category) in categories.iter().zip(user) {
        features.extend(known.iter().skip(1).map(|name| if name == category { 1.0 } else { 0.0 }));
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = ",timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1\n";

    fn line(second: u32, item: u32, click: u32, user: &str) -> String {
        format!("0,2019-11-24 00:00:{second:02}+00:00,{item},1,{click},0.5,{user}\n")
    }

    #[test]
    fn users_are_one_hot_with_the_first_category_left_out() {
        let text = [HEADER, &line(1, 0, 0, "b,x"), &line(2, 1, 1, "a,x"), &line(1, 1, 0, "c,x")].concat();
        let loaded = load(text.as_bytes(), None, || ()).unwrap();
        let log = &loaded.log;
        assert_eq!((log.actions(), log.positions(), log.context_width()), (2, 1, 2));
        let features = |round: usize| log.context(log.rounds()[round].context);
        assert_eq!([features(0), features(1), features(2)], [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]);
        assert_eq!((loaded.reading.rows, loaded.reading.clicks, loaded.reading.out_of_order), (3, 1, 1));
    }

    #[test]
    fn bad_lines_are_counted_and_the_rest_is_read() {
        let text = [HEADER, &line(1, 0, 0, "b,x"), "cut of", "\n", &line(2, 1, 7, "a,x")].concat();
        let mut ticks = 0;
        let loaded = load(text.as_bytes(), None, || ticks += 1).unwrap();
        assert_eq!((ticks, loaded.reading.rows, loaded.reading.bad.total()), (3, 3, 2));
        assert_eq!(loaded.log.rounds().len(), 1);
        assert_eq!(loaded.reading.bad.first[0].line, 3);
    }

    #[test]
    fn a_log_of_bad_lines_only_is_an_error() {
        let error = load(format!("{HEADER}x\ny\n").as_bytes(), None, || ()).unwrap_err();
        assert_eq!(error.to_string(), "none of the 2 rows could be read");
    }
}
