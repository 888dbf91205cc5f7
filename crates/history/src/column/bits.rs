//! Bytes of a column: variable-length numbers and packed bits, written and read with every length checked.

/// What is wrong with bytes that do not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Damaged(pub &'static str);

/// Appends a number, seven bits a byte, low bits first.
pub(crate) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Returns how many bytes [`write_varint`] takes, 1 to 10.
pub(crate) const fn varint_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Maps signed to unsigned so that small magnitudes stay small.
pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Undoes [`zigzag`].
pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Returns how many bits a value needs, 0 to 64.
pub(crate) const fn width_of(value: u64) -> u8 {
    (64 - value.leading_zeros()) as u8
}

/// Returns how many bytes `count` values of `width` bits take.
pub(crate) const fn packed_len(count: usize, width: u8) -> usize {
    (count * width as usize).div_ceil(8)
}

/// Appends values of `width` bits each, low bits first.
pub(crate) fn write_packed(values: impl Iterator<Item = u64>, width: u8, out: &mut Vec<u8>) {
    let mut waiting: u128 = 0;
    let mut bits = 0_u32;
    for value in values {
        waiting |= u128::from(value) << bits;
        bits += u32::from(width);
        while bits >= 8 {
            out.push(waiting as u8);
            waiting >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        out.push(waiting as u8);
    }
}

/// Bytes being read from the front.
#[derive(Debug)]
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// Begins at the first byte.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Returns how many bytes are left.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Takes the next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Damaged("bytes end too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes one byte.
    pub(crate) fn byte(&mut self) -> Result<u8, Damaged> {
        Ok(self.take(1)?[0])
    }

    /// Takes a variable-length number.
    pub(crate) fn varint(&mut self) -> Result<u64, Damaged> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            value |= part << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Damaged("a number is longer than 64 bits"))
    }

    /// Takes a variable-length number that may not exceed `most`.
    pub(crate) fn length(&mut self, most: usize) -> Result<usize, Damaged> {
        let value = self.varint()?;
        usize::try_from(value).ok().filter(|v| *v <= most).ok_or(Damaged("a length is out of range"))
    }

    /// Takes `count` values of `width` bits, adding `base` to each.
    pub(crate) fn packed(&mut self, count: usize, width: u8, base: i64) -> Result<Vec<i64>, Damaged> {
        if width > 64 {
            return Err(Damaged("a width is over 64 bits"));
        }
        let bytes = self.take(packed_len(count, width))?;
        let mask = if width == 64 { u64::MAX } else { (1_u64 << width) - 1 };
        let mut values = Vec::with_capacity(count);
        let (mut waiting, mut bits, mut next) = (0_u128, 0_u32, bytes.iter());
        for _ in 0..count {
            while bits < u32::from(width) {
                let byte = next.next().copied().unwrap_or(0);
                waiting |= u128::from(byte) << bits;
                bits += 8;
            }
            values.push(base.wrapping_add((waiting as u64 & mask).cast_signed()));
            waiting >>= width;
            bits -= u32::from(width);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_varint_reads_back_in_the_length_foretold(value: u64) {
            let mut out = Vec::new();
            write_varint(value, &mut out);
            prop_assert_eq!(out.len(), varint_len(value));
            prop_assert_eq!(Bytes::new(&out).varint(), Ok(value));
        }

        #[test]
        fn zigzag_undoes_itself(value: i64) {
            prop_assert_eq!(unzigzag(zigzag(value)), value);
        }

        #[test]
        fn packed_values_read_back(values in proptest::collection::vec(any::<u64>(), 0..50), narrow in 0_u32..64) {
            let values: Vec<u64> = values.iter().map(|v| v >> narrow).collect();
            let width = values.iter().map(|v| width_of(*v)).max().unwrap_or(0);
            let mut out = Vec::new();
            write_packed(values.iter().copied(), width, &mut out);
            prop_assert_eq!(out.len(), packed_len(values.len(), width));
            let back = Bytes::new(&out).packed(values.len(), width, 0).unwrap();
            prop_assert_eq!(back, values.iter().map(|v| v.cast_signed()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_number_that_never_ends_is_refused() {
        assert!(Bytes::new(&[0xff; 11]).varint().is_err());
        assert!(Bytes::new(&[0x80]).varint().is_err());
    }
}
