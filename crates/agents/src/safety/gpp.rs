//! IAB Global Privacy Platform strings: which sections are there, and what the US ones opt out of.
//!
//! The header names its sections as ranges of Fibonacci-coded numbers; sections follow, joined by `~`. The US
//! sections are rows of two-bit answers whose order differs by state, held here as a table of places. Source: IAB
//! Tech Lab, "GPP consent string specification" and the sections' own pages. A string that cannot be read to its
//! end, or names a section this table does not know, is not guessed at: the caller denies.

use smallvec::SmallVec;

use super::bits::Bits;

/// Sections by id, in the header's order.
pub(super) type Sections<'a> = SmallVec<[(u16, &'a str); 4]>;

/// The most sections one string may name.
const MOST_SECTIONS: usize = 64;

/// Splits a string into its sections; `None` when it is malformed.
pub(super) fn sections(text: &str) -> Option<Sections<'_>> {
    let mut parts = text.split('~');
    let ids = section_ids(Bits::new(parts.next()?)?)?;
    let bodies: SmallVec<[&str; 4]> = parts.take(MOST_SECTIONS + 1).collect();
    (ids.len() == bodies.len()).then(|| ids.into_iter().zip(bodies).collect())
}

fn section_ids(bits: Bits<'_>) -> Option<SmallVec<[u16; 4]>> {
    let (kind, version, count) = (bits.number(0, 6)?, bits.number(6, 6)?, bits.number(12, 12)?);
    if kind != 3 || version != 1 {
        return None;
    }
    let mut ids = SmallVec::new();
    let (mut place, mut last) = (24, 0_u16);
    for _ in 0..count {
        let is_range = bits.bit(place)?;
        let (step, after) = fibonacci(bits, place + 1)?;
        let first = last.checked_add(step)?;
        (last, place) = (first, after);
        if is_range {
            let (length, after) = fibonacci(bits, place)?;
            (last, place) = (first.checked_add(length)?, after);
        }
        if usize::from(last - first) + ids.len() >= MOST_SECTIONS {
            return None;
        }
        ids.extend(first..=last);
    }
    Some(ids)
}

/// Reads one Fibonacci-coded number: places stand for 1, 2, 3, 5, 8…, and two ones in a row end it.
fn fibonacci(bits: Bits<'_>, at: usize) -> Option<(u16, usize)> {
    let (mut total, mut weight, mut next) = (0_u16, 1_u16, 2_u16);
    let (mut place, mut before) = (at, false);
    loop {
        let bit = bits.bit(place)?;
        place += 1;
        if bit && before {
            return Some((total, place));
        }
        if bit {
            total = total.checked_add(weight)?;
        }
        (weight, next) = (next, weight.checked_add(next)?);
        before = bit;
    }
}

/// What a US section says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Us {
    /// Sale, sharing or targeted advertising is opted out of, or Global Privacy Control is on.
    OptedOut,
    /// None of them is.
    NotOptedOut,
    /// The section cannot be read.
    Unreadable,
}

/// The places of the opt-outs (sale, sharing, targeted advertising) among a section's two-bit answers, after the
/// six bits of its version. `None` for sections this table does not know.
const fn opt_outs(section: u16) -> Option<(&'static [usize], u32)> {
    match section {
        7 => Some((&[6, 7, 8], 2)),
        11 | 18 => Some((&[4, 5], 1)),
        8..=10 | 12..=17 | 19..=23 => Some((&[3, 4], 1)),
        _ => None,
    }
}

/// Reads a US section (ids 7 and up).
pub(super) fn us_section(id: u16, text: &str) -> Us {
    us_answers(id, text).unwrap_or(Us::Unreadable)
}

fn us_answers(id: u16, text: &str) -> Option<Us> {
    let (places, newest) = opt_outs(id)?;
    let mut segments = text.split('.');
    let core = Bits::new(segments.next()?)?;
    let version = core.number(0, 6)?;
    if version == 0 || version > newest {
        return None;
    }
    let mut opted_out = false;
    for place in places {
        // 0 does not apply, 1 opted out, 2 did not opt out, 3 means nothing: read it on the careful side.
        opted_out |= matches!(core.number(6 + 2 * place, 2)?, 1 | 3);
    }
    for segment in segments {
        // Subsection type 1 is Global Privacy Control.
        let bits = Bits::new(segment)?;
        opted_out |= bits.number(0, 2)? == 1 && bits.bit(2)?;
    }
    Some(if opted_out { Us::OptedOut } else { Us::NotOptedOut })
}

/// Reads a US Privacy string (`1YNN`): version, notice, opt-out of sale, limited service agreement.
pub(super) fn us_privacy(text: &str) -> Us {
    let letters = text.trim().as_bytes();
    let answer = |letter: &u8| matches!(letter.to_ascii_uppercase(), b'Y' | b'N' | b'-');
    match letters {
        [b'1', answers @ ..] if answers.len() == 3 && answers.iter().all(answer) => {
            if answers[1].eq_ignore_ascii_case(&b'Y') { Us::OptedOut } else { Us::NotOptedOut }
        }
        _ => Us::Unreadable,
    }
}
