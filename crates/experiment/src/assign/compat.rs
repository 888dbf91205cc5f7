//! Other platforms' bucketing, for taking over an experiment that is running without moving its users.
//!
//! New experiments use [`Layer`](super::Layer). The first version of `GrowthBook` is here because logs contain it; its
//! thousand cells are coarse and its two inputs are only joined, so it is not to be chosen.

use sha1::{Digest, Sha1};

/// Returns the `GrowthBook` position of a value, from 0 up to 1: hash version 2, ten thousand cells.
///
/// ```
/// # use motet_experiment::assign::compat::growthbook_v2;
/// assert_eq!(growthbook_v2("seed", "a"), 0.0505);
/// ```
pub fn growthbook_v2(seed: &str, value: &str) -> f64 {
    let first = fnv1a32(seed.as_bytes().iter().chain(value.as_bytes()));
    f64::from(fnv1a32(first.to_string().as_bytes()) % 10_000) / 10_000.0
}

/// Returns the `GrowthBook` position of a value, from 0 up to 1: hash version 1, a thousand cells.
pub fn growthbook_v1(seed: &str, value: &str) -> f64 {
    f64::from(fnv1a32(value.as_bytes().iter().chain(seed.as_bytes())) % 1000) / 1000.0
}

/// Returns the `LaunchDarkly` position of a user key, from 0 to 1.
pub fn launchdarkly(flag: &str, salt: &str, user: &str) -> f64 {
    let digest = Sha1::digest(format!("{flag}.{salt}.{user}"));
    let head = digest[..8].iter().fold(0_u64, |head, byte| (head << 8) | u64::from(*byte));
    // Fifteen hexadecimal digits: the upper 60 bits.
    (head >> 4) as f64 / 0xFFF_FFFF_FFFF_FFFF_u64 as f64
}

fn fnv1a32<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> u32 {
    bytes.into_iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fourteen_published_growthbook_cases_come_out() {
        let first = [
            ("", "a", 0.22),
            ("", "b", 0.077),
            ("b", "a", 0.946),
            ("ef", "d", 0.652),
            ("asdf", "8952klfjas09ujk", 0.549),
            ("", "123", 0.011),
            ("", "___)((*\":&", 0.563),
        ];
        let second = [
            ("seed", "a", 0.0505),
            ("seed", "b", 0.2696),
            ("foo", "ab", 0.2575),
            ("foo", "def", 0.2019),
            ("89123klj", "8952klfjas09ujkasdf", 0.124),
            ("90850943850283058242805", "123", 0.7516),
            ("()**(%$##$%#$#", "___)((*\":&", 0.0128),
        ];
        for (seed, value, at) in first {
            assert_eq!(growthbook_v1(seed, value), at, "{seed} {value}");
        }
        for (seed, value, at) in second {
            assert_eq!(growthbook_v2(seed, value), at, "{seed} {value}");
        }
    }

    #[test]
    fn the_published_launchdarkly_positions_come_out() {
        for (user, at) in [("userKeyA", 0.421_575_87), ("userKeyB", 0.670_848_5), ("userKeyC", 0.103_431_06)]
        {
            assert!((launchdarkly("hashKey", "saltyA", user) - at).abs() < 5e-8, "{user}");
        }
    }
}
