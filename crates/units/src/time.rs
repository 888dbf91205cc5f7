//! Time as data: the core never reads a clock, it is told what time it is.

use std::{
    fmt,
    ops::{Add, Sub},
};

use serde::{Deserialize, Serialize};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// A moment, in microseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A length of time in microseconds; negative when it points to the past.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

impl Timestamp {
    /// Makes a moment from microseconds since 1970 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Makes a moment from whole seconds since 1970 UTC.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Returns microseconds since 1970 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns whole seconds since 1970 UTC, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Returns the day number since 1970 at an offset from UTC.
    pub const fn day(self, utc_offset: Span) -> i64 {
        (self.0 + utc_offset.0).div_euclid(MICROS_PER_DAY)
    }

    /// Returns the time since midnight at an offset from UTC, 0 to just under 24 h.
    pub const fn time_of_day(self, utc_offset: Span) -> Span {
        Span((self.0 + utc_offset.0).rem_euclid(MICROS_PER_DAY))
    }

    /// Returns the hour of the week at an offset from UTC: 0 is Monday 00:00, 167 is Sunday 23:00.
    ///
    /// ```
    /// use motet_units::{Span, Timestamp};
    /// // 1970-01-01 was a Thursday.
    /// assert_eq!(Timestamp::from_secs(0).hour_of_week(Span::ZERO), 3 * 24);
    /// ```
    pub const fn hour_of_week(self, utc_offset: Span) -> u8 {
        let hours = (self.0 + utc_offset.0).div_euclid(3_600 * MICROS_PER_SECOND);
        (hours + 3 * 24).rem_euclid(168) as u8
    }

    /// Returns the later of two moments.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Ord::max(self, other)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Makes a span of microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Makes a span of milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Makes a span of seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Returns microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns whole milliseconds, towards zero.
    pub const fn millis(self) -> i64 {
        self.0 / 1_000
    }

    /// Returns seconds as a real number.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / MICROS_PER_SECOND as f64
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Returns year, month and day of a day number since 1970 (Howard Hinnant's civil calendar arithmetic).
const fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + (month <= 2) as i64;
    (year, month, day_of_month)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.day(Span::ZERO));
        let micros = self.time_of_day(Span::ZERO).0;
        let (seconds, fraction) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}µs", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_as_utc() {
        assert_eq!(Timestamp::from_secs(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Timestamp::from_secs(951_782_400).to_string(), "2000-02-29T00:00:00.000000Z");
        assert_eq!(Timestamp::from_micros(-1).to_string(), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn days_begin_at_local_midnight() {
        let two_hours = Span::from_secs(7_200);
        assert_eq!(Timestamp::from_secs(22 * 3_600).day(two_hours), 1);
        assert_eq!(Timestamp::from_secs(22 * 3_600 - 1).day(two_hours), 0);
    }

    #[test]
    fn the_week_starts_on_monday() {
        // 1970-01-05 was a Monday.
        assert_eq!(Timestamp::from_secs(4 * 86_400).hour_of_week(Span::ZERO), 0);
        assert_eq!(Timestamp::from_secs(4 * 86_400 - 1).hour_of_week(Span::ZERO), 167);
    }
}
