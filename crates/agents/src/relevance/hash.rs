//! Hashes that keep their values across versions and machines: learned weights are looked up by them.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// FNV-1a over a text (Fowler, Noll and Vo), 64 bits.
pub(super) fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// Spreads a number over 64 bits (the finaliser of `SplitMix64`).
pub(super) const fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Joins two numbers that are already spread, order counts.
pub(super) const fn join(a: u64, b: u64) -> u64 {
    (a.rotate_left(27) ^ b).wrapping_mul(GOLDEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_values_of_fnv_hold() {
        assert_eq!(fnv(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv("a"), 0xaf63_dc4c_8601_ec8c);
    }
}
