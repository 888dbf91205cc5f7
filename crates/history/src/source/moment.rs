//! Times as logs write them: `20131021192300738` and `2019-11-24 00:00:34.762830+00:00`.

use motet_units::{Span, Timestamp};

const DAY_SECONDS: i64 = 86_400;

/// A time of day on a date, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
}

impl Moment {
    /// Reads `yyyyMMddHHmmssSSS`.
    pub(crate) fn compact(field: &[u8]) -> Option<Self> {
        if field.len() != 17 {
            return None;
        }
        let part = |from: usize, to: usize| digits(&field[from..to]);
        Self {
            year: part(0, 4)?,
            month: part(4, 6)?,
            day: part(6, 8)?,
            hour: part(8, 10)?,
            minute: part(10, 12)?,
            second: part(12, 14)?,
            micros: part(14, 17)? * 1_000,
        }
        .checked()
    }

    /// Reads `yyyy-MM-dd HH:mm:ss`, then perhaps a fraction, then perhaps `Z` or an offset; gives the moment in UTC.
    pub(crate) fn iso(field: &[u8]) -> Option<Timestamp> {
        let (date, rest) = field.split_at_checked(19)?;
        let marks = [date[4], date[7], date[10], date[13], date[16]];
        if !matches!(marks, [b'-', b'-', b' ' | b'T', b':', b':']) {
            return None;
        }
        let part = |from: usize, to: usize| digits(&date[from..to]);
        let (micros, zone) = fraction(rest)?;
        let moment = Self {
            year: part(0, 4)?,
            month: part(5, 7)?,
            day: part(8, 10)?,
            hour: part(11, 13)?,
            minute: part(14, 16)?,
            second: part(17, 19)?,
            micros,
        };
        Some(moment.checked()?.at_offset(offset(zone)?))
    }

    /// Returns the moment it names on a clock with an offset from UTC.
    pub(crate) fn at_offset(&self, utc_offset: Span) -> Timestamp {
        let seconds = self.day_number() * DAY_SECONDS + self.hour * 3_600 + self.minute * 60 + self.second;
        Timestamp::from_micros(seconds * 1_000_000 + self.micros) - utc_offset
    }

    /// Returns the day of the week: 0 is Sunday.
    pub(crate) fn weekday_from_sunday(&self) -> i64 {
        // 1970-01-01 was a Thursday.
        (self.day_number() + 4).rem_euclid(7)
    }

    /// Returns days since 1970-01-01 (Howard Hinnant's civil calendar arithmetic).
    fn day_number(&self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    fn checked(self) -> Option<Self> {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days = match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => return None,
        };
        let sound = self.year >= 1970
            && (1..=days).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60;
        sound.then_some(self)
    }
}

/// Reads digits, all of them.
fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 9 || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(bytes.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
}

/// Reads a fraction of a second to microseconds; further digits are cut off.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(after) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let length = after.iter().take_while(|b| b.is_ascii_digit()).count();
    let kept = length.min(6);
    let micros = digits(&after[..kept])? * 10_i64.pow(6 - kept as u32);
    Some((micros, &after[length..]))
}

fn offset(zone: &[u8]) -> Option<Span> {
    match zone {
        b"" | b"Z" => Some(Span::ZERO),
        [sign @ (b'+' | b'-'), hours @ .., b':', m1, m2] => {
            let minutes =
                digits(hours).filter(|h| *h < 24)? * 60 + digits(&[*m1, *m2]).filter(|m| *m < 60)?;
            Some(Span::from_secs(if *sign == b'-' { -minutes } else { minutes } * 60))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compact_time_in_beijing_reads_as_utc() {
        let moment = Moment::compact(b"20131021192300738").unwrap();
        let at = moment.at_offset(Span::from_secs(8 * 3_600));
        assert_eq!(at.to_string(), "2013-10-21T11:23:00.738000Z");
        assert_eq!(moment.weekday_from_sunday(), 1);
    }

    #[test]
    fn an_iso_time_reads_with_its_fraction_and_offset() {
        let text = |field: &str| Moment::iso(field.as_bytes()).map(|at| at.to_string());
        assert_eq!(text("2019-11-24 00:00:34.762830+00:00").unwrap(), "2019-11-24T00:00:34.762830Z");
        assert_eq!(text("2019-11-24T09:00:34+09:00").unwrap(), "2019-11-24T00:00:34.000000Z");
        assert_eq!(text("2020-02-29 00:00:00.5Z").unwrap(), "2020-02-29T00:00:00.500000Z");
    }

    #[test]
    fn impossible_times_are_refused() {
        for field in
            ["20131321192300738", "20130230192300738", "20131021242300738", "20131021196000738", "2013102119"]
        {
            assert_eq!(Moment::compact(field.as_bytes()), None, "{field}");
        }
        for field in ["2019-02-29 00:00:00", "2019-11-24", "2019/11/24 00:00:00", "2019-11-24 00:00:00+99:00"]
        {
            assert_eq!(Moment::iso(field.as_bytes()), None, "{field}");
        }
    }
}
