//! Units to buckets by a keyed 64-bit hash.
//!
//! SipHash-2-4, keyed by the layer's salt, reduced to a million buckets by multiplication (bias below 1e-13). Two layers with
//! different salts are independent: a unit's bucket in one says nothing of its bucket in the other. Restarting an experiment
//! under the same salt keeps every unit where it was; a new salt reshuffles all, which voids a comparison under way.

use core::hash::Hasher;
use siphasher::sip::SipHasher24;

/// The number of buckets of a layer.
pub const BUCKETS: u32 = 1_000_000;

/// One of [`BUCKETS`] equal parts of all units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u32);

impl Bucket {
    /// Returns the bucket's number, from 0 to [`BUCKETS`] − 1.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Returns where the bucket lies, from 0 up to but not including 1.
    pub fn position(self) -> f64 {
        f64::from(self.0) / f64::from(BUCKETS)
    }
}

/// A way of shuffling units, named by its salt. One experiment, one layer.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    hasher: SipHasher24,
}

impl Layer {
    /// Makes the layer of a salt; any string that no other experiment uses.
    pub fn new(salt: &str) -> Self {
        let key = |number: u64| {
            let mut hasher = SipHasher24::new_with_keys(0x6d6f_7465_742d_6578, number);
            hasher.write(salt.as_bytes());
            hasher.finish()
        };
        Self { hasher: SipHasher24::new_with_keys(key(0), key(1)) }
    }

    /// Returns the bucket of a unit.
    ///
    /// ```
    /// # use motet_experiment::assign::Layer;
    /// let layer = Layer::new("pacer-2024-06");
    /// assert_eq!(layer.bucket(b"user-1"), layer.bucket(b"user-1"));
    /// assert_ne!(layer.bucket(b"user-1"), Layer::new("another").bucket(b"user-1"));
    /// ```
    pub fn bucket(&self, unit: &[u8]) -> Bucket {
        let mut hasher = self.hasher;
        hasher.write(unit);
        Bucket(((u128::from(hasher.finish()) * u128::from(BUCKETS)) >> 64) as u32)
    }

    /// Returns the bucket of a unit known by number.
    pub fn bucket_of_number(&self, unit: u64) -> Bucket {
        self.bucket(&unit.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::chi_square_tail;

    #[test]
    fn a_million_units_fill_a_thousand_cells_evenly() {
        let layer = Layer::new("evenness");
        let mut counts = [0.0_f64; 1000];
        (0..1_000_000).for_each(|unit| counts[layer.bucket_of_number(unit).number() as usize / 1000] += 1.0);
        let chi_square: f64 = counts.iter().map(|c| (c - 1000.0) * (c - 1000.0) / 1000.0).sum();
        let p = chi_square_tail(chi_square, 999.0);
        assert!(p > 0.001 && p < 0.999, "chi-square {chi_square}, p {p}");
    }

    #[test]
    fn two_layers_are_independent() {
        let (one, two) = (Layer::new("experiment-1"), Layer::new("experiment-2"));
        let mut cells = [[0.0_f64; 10]; 10];
        for unit in 0..1_000_000 {
            let cell = |layer: &Layer| layer.bucket_of_number(unit).number() as usize / 100_000;
            cells[cell(&one)][cell(&two)] += 1.0;
        }
        let row = |i: usize| cells[i].iter().sum::<f64>();
        let column = |j: usize| cells.iter().map(|r| r[j]).sum::<f64>();
        let mut chi_square = 0.0;
        for (i, cells) in cells.iter().enumerate() {
            for (j, cell) in cells.iter().enumerate() {
                let expected = row(i) * column(j) / 1e6;
                chi_square += (cell - expected) * (cell - expected) / expected;
            }
        }
        let p = chi_square_tail(chi_square, 81.0);
        assert!(p > 0.001, "chi-square {chi_square}, p {p}");
    }

    #[test]
    fn a_bucket_never_moves_between_releases() {
        // Pinned: a change here reshuffles every experiment that is running.
        let layer = Layer::new("pinned");
        let buckets = [b"a", b"b", b"c"].map(|unit| layer.bucket(unit).number());
        assert_eq!(buckets, [208_759, 737_871, 44_708]);
    }
}
