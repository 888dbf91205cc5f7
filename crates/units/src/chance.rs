//! Chance with a key. Each part draws from its own stream, named by (seed, decision, part), so adding a part
//! never shifts another's draws and every draw can be made again from the log.
//!
//! The generator is `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): tiny, stateless to key, and plenty for
//! exploration and tie-breaks. It is not for secrets.

use serde::{Deserialize, Serialize};

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The key all chance of one decision is drawn under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Chance(u64);

impl Chance {
    /// Makes the key of one decision from the platform's seed and the decision's number.
    pub const fn new(seed: u64, decision: u64) -> Self {
        Self(mix(seed ^ mix(decision.wrapping_add(GOLDEN))))
    }

    /// Takes a key back that [`Chance::key`] gave, so that a part elsewhere draws the same.
    pub const fn from_key(key: u64) -> Self {
        Self(key)
    }

    /// Returns the stream of one named part. Equal names give equal streams.
    ///
    /// ```
    /// use motet_units::Chance;
    /// let chance = Chance::new(7, 42);
    /// assert_eq!(chance.stream("relevance").unit(), chance.stream("relevance").unit());
    /// assert_ne!(chance.stream("relevance").unit(), chance.stream("pacer").unit());
    /// ```
    pub const fn stream(self, part: &str) -> Stream {
        let bytes = part.as_bytes();
        let (mut hash, mut i) = (0xcbf2_9ce4_8422_2325_u64, 0);
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            i += 1;
        }
        Stream(mix(self.0 ^ hash))
    }

    /// Returns the key itself, as the trace writes it.
    pub const fn key(self) -> u64 {
        self.0
    }
}

/// A stream of draws belonging to one part of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream(u64);

impl Stream {
    /// Draws 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Draws from 0 up to but not including 1, on a grid of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Draws from 0 up to but not including `n`; 0 when `n` is 0. The bias is below `n` / 2^64.
    pub const fn below(&mut self, n: u64) -> u64 {
        ((self.bits() as u128 * n as u128) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even() {
        let mut counts = [0_u32; 10];
        for decision in 0..100_000 {
            counts[Chance::new(1, decision).stream("test").below(10) as usize] += 1;
        }
        // Chi-squared with 9 degrees of freedom: 27.9 is the 0.1 % point.
        let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - 10_000.0).powi(2) / 10_000.0).sum();
        assert!(chi2 < 27.9, "{counts:?} gives {chi2}");
    }

    #[test]
    fn another_seed_is_another_stream() {
        assert_ne!(Chance::new(1, 1).stream("a"), Chance::new(2, 1).stream("a"));
        assert_ne!(Chance::new(1, 1).stream("a"), Chance::new(1, 2).stream("a"));
    }
}
