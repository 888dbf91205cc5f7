//! Which rounds are set aside while a reward model learns.

use motet_units::Chance;

use crate::Error;
use crate::log::check_length;

/// A fold for each round of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folds {
    of_round: Vec<u8>,
    count: usize,
}

impl Folds {
    /// Deals `rounds` rounds into `count` folds whose sizes differ by at most one, by keyed chance.
    ///
    /// # Errors
    /// Fewer than 2 folds, more than 255, or more than rounds.
    pub fn dealt(rounds: usize, count: usize, seed: u64) -> Result<Self, Error> {
        if !(2..=255).contains(&count) || count > rounds {
            return Err(Error::Folds(count));
        }
        let mut of_round: Vec<u8> = (0..rounds).map(|index| (index % count) as u8).collect();
        let mut stream = Chance::new(seed, 0).stream("ope.folds");
        for last in (1..rounds).rev() {
            of_round.swap(last, stream.below(last as u64 + 1) as usize);
        }
        Ok(Self { of_round, count })
    }

    /// Takes folds dealt elsewhere, one per round.
    ///
    /// # Errors
    /// Not one per round of the log, or a fold nobody is in.
    pub fn given(of_round: Vec<u8>, rounds: usize) -> Result<Self, Error> {
        check_length("the list of folds", of_round.len(), rounds)?;
        let count = of_round.iter().max().map_or(0, |&last| usize::from(last) + 1);
        let peopled = (0..count).all(|fold| of_round.iter().any(|&found| usize::from(found) == fold));
        if count < 2 || !peopled {
            return Err(Error::Folds(count));
        }
        Ok(Self { of_round, count })
    }

    /// Returns how many folds there are.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Returns how many rounds were dealt.
    pub const fn rounds(&self) -> usize {
        self.of_round.len()
    }

    /// Returns the fold of a round.
    pub fn of(&self, round: usize) -> usize {
        usize::from(self.of_round[round])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_even_and_repeatable() {
        let folds = Folds::dealt(100, 3, 7).unwrap();
        let sizes: Vec<usize> = (0..3).map(|k| (0..100).filter(|&r| folds.of(r) == k).count()).collect();
        assert_eq!(sizes, [34, 33, 33]);
        assert_eq!(folds, Folds::dealt(100, 3, 7).unwrap());
        assert_ne!(folds, Folds::dealt(100, 3, 8).unwrap());
    }

    #[test]
    fn folds_that_cannot_hold_anything_out_are_turned_away() {
        assert!(Folds::dealt(10, 1, 0).is_err());
        assert!(Folds::dealt(2, 3, 0).is_err());
        assert!(Folds::given(vec![0, 2], 2).is_err());
        assert!(Folds::given(vec![0, 1], 3).is_err());
    }
}
