//! What was lived through, kept in a ring and drawn from evenly.
//!
//! Memory is bounded and taken once: `capacity × Replay::row_numbers(team) × 4` bytes. When the ring is full the oldest row
//! gives way. Rows are drawn with replacement by a key, so that equal keys draw equal rows.

use motet_units::Chance;
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    team::{End, Row, Team},
};

/// A ring of rows, each a run of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    capacity: usize,
    width: usize,
    /// Rows ever told.
    told: u64,
    numbers: Vec<f32>,
}

impl Replay {
    /// Returns how many numbers a row of a team takes.
    pub fn row_numbers(team: &Team) -> usize {
        // The reward, whether something follows, and a shaping term per agent.
        2 * (team.observations() + team.context()) + team.actions() + 2 + team.len()
    }

    /// Makes a ring for up to `capacity` rows of a team.
    ///
    /// # Errors
    /// When `capacity` is 0.
    pub fn new(team: &Team, capacity: usize) -> Result<Self, Error> {
        crate::error::within("capacity", capacity as f64, "at least 1", |rows| rows >= 1.0)?;
        let width = Self::row_numbers(team);
        Ok(Self { capacity, width, told: 0, numbers: Vec::with_capacity(capacity.saturating_mul(width)) })
    }

    /// Returns how many rows it holds.
    pub const fn len(&self) -> usize {
        self.numbers.len() / self.width
    }

    /// Tells whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Returns how many rows were ever told.
    pub const fn told(&self) -> u64 {
        self.told
    }

    /// Returns the most bytes that its rows take.
    pub const fn most_bytes(&self) -> usize {
        self.capacity * self.width * size_of::<f32>()
    }

    /// Tells whether its parts fit each other and a team: what a damaged file would break.
    pub(crate) fn is_sound(&self, team: &Team, capacity: usize) -> bool {
        let rows = self.told.min(capacity as u64) as usize;
        self.capacity == capacity
            && self.width == Self::row_numbers(team)
            && self.numbers.len() == rows * self.width
            && self.numbers.iter().all(|number| number.is_finite())
    }

    /// Keeps a row, which the caller has checked against the team.
    pub fn remember(&mut self, row: &Row) {
        let place = (self.told % self.capacity as u64) as usize * self.width;
        self.told += 1;
        if place == self.numbers.len() {
            self.numbers.resize(place + self.width, 0.0);
        }
        let mut rest = &mut self.numbers[place..place + self.width];
        let follows = if row.end == End::Terminated { 0.0 } else { 1.0 };
        for part in [
            &row.observations[..],
            &row.context,
            &row.actions,
            &[row.reward, follows],
            &row.next_observations,
            &row.next_context,
        ] {
            let (slot, after) = rest.split_at_mut(part.len());
            slot.copy_from_slice(part);
            rest = after;
        }
        rest.fill(0.0);
        rest[..row.shaping.len()].copy_from_slice(&row.shaping);
    }

    /// Draws the places of `places.len()` rows evenly, with replacement.
    ///
    /// # Panics
    /// When it is empty.
    pub fn draw(&self, chance: Chance, places: &mut [usize]) {
        assert!(!self.is_empty(), "an empty ring has no rows to draw");
        let mut stream = chance.stream("replay");
        places.fill_with(|| stream.below(self.len() as u64) as usize);
    }

    /// Returns one row by its place.
    pub(crate) fn row<'a>(&'a self, place: usize, team: &Team) -> Kept<'a> {
        let numbers = &self.numbers[place * self.width..][..self.width];
        let seen = team.observations() + team.context();
        let (now, rest) = numbers.split_at(seen);
        let (actions, rest) = rest.split_at(team.actions());
        let (reward, rest) = rest.split_at(2);
        let (next, shaping) = rest.split_at(seen);
        Kept { now, actions, reward: reward[0], follows: reward[1], next, shaping }
    }
}

/// A row as it lies in the ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept<'a> {
    /// Observations, then context.
    pub(crate) now: &'a [f32],
    pub(crate) actions: &'a [f32],
    pub(crate) reward: f32,
    /// 1, or 0 where nothing follows.
    pub(crate) follows: f32,
    /// Next observations, then next context.
    pub(crate) next: &'a [f32],
    pub(crate) shaping: &'a [f32],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::team::{Level, Member};

    fn team() -> Team {
        Team::new(vec![Member { name: "a".into(), level: Level::Campaign, observation: 2, action: 1 }], 1)
            .unwrap()
    }

    fn row(number: f32, end: End) -> Row {
        Row {
            observations: vec![number, 1.0],
            context: vec![2.0],
            actions: vec![0.5],
            reward: -number,
            shaping: vec![7.0],
            next_observations: vec![3.0, 4.0],
            next_context: vec![5.0],
            end,
        }
    }

    #[test]
    fn a_row_comes_back_as_it_was_told() {
        let mut ring = Replay::new(&team(), 3).unwrap();
        ring.remember(&row(9.0, End::Terminated));
        let kept = ring.row(0, &team());
        assert_eq!(
            (kept.now, kept.actions, kept.next),
            (&[9.0, 1.0, 2.0][..], &[0.5][..], &[3.0, 4.0, 5.0][..])
        );
        assert_eq!((kept.reward, kept.follows, kept.shaping), (-9.0, 0.0, &[7.0][..]));
    }

    #[test]
    fn only_a_terminated_row_has_nothing_after_it() {
        let mut ring = Replay::new(&team(), 3).unwrap();
        for end in [End::Goes, End::Truncated, End::Terminated] {
            ring.remember(&row(0.0, end));
        }
        let follows: Vec<f32> = (0..3).map(|place| ring.row(place, &team()).follows).collect();
        assert_eq!(follows, [1.0, 1.0, 0.0]);
    }

    #[test]
    fn the_oldest_gives_way_and_memory_stays() {
        let mut ring = Replay::new(&team(), 3).unwrap();
        let room = ring.numbers.capacity();
        (0..5).for_each(|number| ring.remember(&row(number as f32, End::Goes)));
        let mut firsts: Vec<f32> = (0..ring.len()).map(|place| ring.row(place, &team()).now[0]).collect();
        firsts.sort_by(f32::total_cmp);
        assert_eq!(firsts, [2.0, 3.0, 4.0]);
        assert_eq!((ring.told(), ring.numbers.capacity()), (5, room));
        assert!(room * size_of::<f32>() <= ring.most_bytes());
    }

    #[test]
    fn rows_are_drawn_evenly_and_by_key() {
        let mut ring = Replay::new(&team(), 8).unwrap();
        (0..8).for_each(|number| ring.remember(&row(number as f32, End::Goes)));
        let mut counts = [0_u32; 8];
        let mut places = [0; 100];
        for update in 0..400 {
            ring.draw(Chance::new(3, update), &mut places);
            for &place in &places {
                counts[place] += 1;
            }
        }
        // Chi-squared with 7 degrees of freedom: 24.3 is the 0.1 % point.
        let chi2: f64 = counts.iter().map(|&count| (f64::from(count) - 5000.0).powi(2) / 5000.0).sum();
        assert!(chi2 < 24.3, "{counts:?} gives {chi2}");
        let mut again = [0; 100];
        ring.draw(Chance::new(3, 399), &mut again);
        assert_eq!(places, again);
    }
}
