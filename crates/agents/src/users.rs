//! What is remembered per user, bounded: a table with a clock hand.
//!
//! When the table is full, a hand goes round it: whoever was seen since the hand last passed is spared once, the
//! first one who was not is forgotten (the second-chance rule of Corbató, 1968). No clock and no ambient order is
//! involved, so the same observations always forget the same users, also after a restore.

use motet_model::ids::UserKey;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// A bounded table of what is remembered per user.
#[derive(Clone, Debug)]
pub(crate) struct UserTable<V> {
    seats: Vec<Seat<V>>,
    place_of: FxHashMap<UserKey, u32>,
    hand: usize,
    most: usize,
}

/// One remembered user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seat<V> {
    user: UserKey,
    // Boxed: when the table grows, seats move and what is remembered stays where it is.
    value: Box<V>,
    spared: bool,
}

/// A table as it is saved.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved<V> {
    seats: Vec<Seat<V>>,
    hand: u64,
}

impl<V: Default + Clone> UserTable<V> {
    /// Makes an empty table for at most so many users, at least one.
    pub(crate) fn new(most: usize) -> Self {
        Self { seats: Vec::new(), place_of: FxHashMap::default(), hand: 0, most: most.max(1) }
    }

    /// Returns how many users are remembered.
    pub(crate) fn len(&self) -> usize {
        self.seats.len()
    }

    /// Returns what is remembered of a user.
    pub(crate) fn get(&self, user: UserKey) -> Option<&V> {
        let place = *self.place_of.get(&user)?;
        Some(&self.seats[place as usize].value)
    }

    /// Returns what is remembered of a user to change it, from nothing where the user is new.
    pub(crate) fn entry(&mut self, user: UserKey) -> &mut V {
        let place = match self.place_of.get(&user) {
            Some(place) => *place as usize,
            None => self.seat(user),
        };
        let seat = &mut self.seats[place];
        seat.spared = true;
        &mut seat.value
    }

    fn seat(&mut self, user: UserKey) -> usize {
        let fresh = Seat { user, value: Box::default(), spared: true };
        let place = if self.seats.len() < self.most {
            self.seats.push(fresh);
            self.seats.len() - 1
        } else {
            let place = self.turn_hand();
            self.place_of.remove(&self.seats[place].user);
            self.seats[place] = fresh;
            place
        };
        self.place_of.insert(user, place as u32);
        place
    }

    /// Moves the hand to the next seat to give away and past it.
    fn turn_hand(&mut self) -> usize {
        loop {
            let place = self.hand % self.seats.len();
            self.hand = (place + 1) % self.seats.len();
            if !std::mem::take(&mut self.seats[place].spared) {
                return place;
            }
        }
    }

    /// Forgets the user whose turn it is and returns what was remembered.
    pub(crate) fn forget_one(&mut self) -> Option<V> {
        if self.seats.is_empty() {
            return None;
        }
        let place = self.turn_hand();
        self.forget(self.seats[place].user)
    }

    /// Forgets a user and returns what was remembered.
    pub(crate) fn forget(&mut self, user: UserKey) -> Option<V> {
        let place = self.place_of.remove(&user)? as usize;
        let gone = self.seats.swap_remove(place);
        if let Some(moved) = self.seats.get(place) {
            self.place_of.insert(moved.user, place as u32);
        }
        Some(*gone.value)
    }

    /// Iterates over what is remembered, in seat order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.seats.iter().map(|seat| &*seat.value)
    }

    /// Returns the table in the form it is saved in.
    pub(crate) fn save(&self) -> Saved<V> {
        Saved { seats: self.seats.clone(), hand: self.hand as u64 }
    }

    /// Takes a saved table back, forgetting what is more than `most`.
    pub(crate) fn restore(saved: Saved<V>, most: usize) -> Self {
        let mut table = Self::new(most);
        table.seats = saved.seats;
        table.seats.truncate(table.most);
        table.hand = saved.hand as usize;
        table.place_of = table.seats.iter().zip(0..).map(|(seat, place)| (seat.user, place)).collect();
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_not_seen_since_the_hand_passed_goes_first() {
        let mut table: UserTable<u32> = UserTable::new(3);
        for user in 1..=3 {
            *table.entry(UserKey(user)) = user as u32;
        }
        // The hand clears all three marks and takes the first.
        table.entry(UserKey(4));
        assert_eq!((table.len(), table.get(UserKey(1))), (3, None));
        table.entry(UserKey(2));
        table.entry(UserKey(5));
        assert!(table.get(UserKey(2)).is_some(), "seen again and so spared");
        assert!(table.get(UserKey(3)).is_none());
    }

    #[test]
    fn a_forgotten_user_leaves_the_others_in_place() {
        let mut table: UserTable<u32> = UserTable::new(8);
        for user in 1..=4 {
            *table.entry(UserKey(user)) = user as u32;
        }
        assert_eq!(table.forget(UserKey(2)), Some(2));
        assert_eq!(table.get(UserKey(4)), Some(&4));
        assert_eq!(table.get(UserKey(2)), None);
    }
}
