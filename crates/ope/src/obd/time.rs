//! Timestamps as the logs write them: `2019-11-24 00:00:17.004101+00:00`.

use motet_units::Timestamp;

/// Reads one; `None` where it is no moment. The fraction may be missing; the offset is `+HH:MM`, `-HH:MM` or `Z`.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| number(bytes.get(from..to)?);
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if marks.iter().any(|&(at, mark)| bytes.get(at) != Some(&mark))
        || !matches!(bytes.get(10), Some(b' ' | b'T'))
    {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    let in_range = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let (micros, rest) = fraction(bytes.get(19..)?)?;
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let seconds = seconds - offset(rest)?;
    in_range.then(|| Timestamp::from_micros(seconds * 1_000_000 + micros))
}

fn number(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |n, byte| byte.is_ascii_digit().then(|| n * 10 + i64::from(byte - b'0')))
}

/// Reads `.ffffff`, one to nine digits, as microseconds rounded down, and returns what follows.
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let Some(after) = bytes.strip_prefix(b".") else { return Some((0, bytes)) };
    let count = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let nanos = number(&after[..count])? * 10_i64.pow(9 - count as u32);
    Some((nanos / 1_000, &after[count..]))
}

/// Reads an offset from UTC, in seconds.
fn offset(bytes: &[u8]) -> Option<i64> {
    let sign = match bytes {
        b"Z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let [_, h1, h2, b':', m1, m2] = bytes else { return None };
    let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar (Hinnant's `days_from_civil`).
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_to_the_microsecond() {
        let check =
            |text, micros: i64| assert_eq!(parse(text), Some(Timestamp::from_micros(micros)), "{text}");
        check("1970-01-01 00:00:00+00:00", 0);
        check("2019-11-24 00:00:17.004101+00:00", 1_574_553_617_004_101);
        check("2019-11-24 09:00:17.004101+09:00", 1_574_553_617_004_101);
        check("2020-02-29T12:00:00.5Z", 1_582_977_600_500_000);
    }

    #[test]
    fn what_is_no_moment_is_not_read() {
        for text in [
            "",
            "2019-11-24",
            "2019-13-01 00:00:00+00:00",
            "2019-02-29 00:00:00+00:00",
            "2019-11-24 24:00:00+00:00",
            "2019-11-24 00:00:00",
            "2019-11-24 00:00:00.+00:00",
            "2019-11-24 00:00:00+0000",
            "201é-11-24 00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
