//! The texts people write for single values, both ways. Each reader returns a sentence saying what it expected.

use motet_model::{
    campaign::{Risk, SensitiveTopic, Status},
    codes::Code,
    request::{Channel, DeviceKind, Size},
    targeting::{Daypart, Place},
};
use motet_units::{Span, Timestamp};

pub(super) type Read<T> = Result<T, String>;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const EVERY_DAY: u8 = 0x7F;

/// Shortens a value for a message.
pub(super) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Reads one of a closed list of names.
pub(super) fn one_of<T: Copy>(text: &str, names: &[(&str, T)]) -> Read<T> {
    names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        format!("must be one of {}, was '{}'", known.join(", "), short(text))
    })
}

/// Returns the name of one of a closed list.
pub(super) fn name_of<T: PartialEq>(value: &T, names: &[(&'static str, T)]) -> String {
    names.iter().find(|(_, v)| v == value).map_or("", |(name, _)| name).to_owned()
}

pub(super) const STATUSES: [(&str, Status); 2] = [("active", Status::Active), ("paused", Status::Paused)];

pub(super) const RISKS: [(&str, Risk); 5] = [
    ("none", Risk::None),
    ("low", Risk::Low),
    ("medium", Risk::Medium),
    ("high", Risk::High),
    ("floor", Risk::Floor),
];

/// The risks that can be asked for: what is suitable for nobody cannot.
pub(super) const STATED_RISKS: &[(&str, Risk)] = RISKS.split_at(4).0;

pub(super) const TOPICS: [(&str, SensitiveTopic); 11] = [
    ("adult", SensitiveTopic::Adult),
    ("arms", SensitiveTopic::Arms),
    ("crime", SensitiveTopic::Crime),
    ("death", SensitiveTopic::Death),
    ("piracy", SensitiveTopic::Piracy),
    ("hate", SensitiveTopic::Hate),
    ("obscenity", SensitiveTopic::Obscenity),
    ("drugs", SensitiveTopic::Drugs),
    ("spam", SensitiveTopic::Spam),
    ("terrorism", SensitiveTopic::Terrorism),
    ("social_issues", SensitiveTopic::SocialIssues),
];

pub(super) const DEVICES: [(&str, DeviceKind); 7] = [
    ("unknown", DeviceKind::Unknown),
    ("phone", DeviceKind::Phone),
    ("tablet", DeviceKind::Tablet),
    ("computer", DeviceKind::Computer),
    ("tv", DeviceKind::Tv),
    ("connected", DeviceKind::Connected),
    ("screen", DeviceKind::Screen),
];

pub(super) const CHANNELS: [(&str, Channel); 4] =
    [("site", Channel::Site), ("app", Channel::App), ("dooh", Channel::Dooh), ("unknown", Channel::Unknown)];

/// Reads an RFC 3339 moment to the microsecond.
pub(super) fn read_moment(text: &str) -> Read<Timestamp> {
    moment(text)
        .ok_or_else(|| format!("must be RFC 3339 such as 2026-12-01T00:00:00Z, was '{}'", short(text)))
}

fn moment(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone_at);
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let in_range = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !in_range || fraction.is_empty() || fraction.len() > 6 {
        return None;
    }
    let fraction = digits(&format!("{fraction:0<6}"))?;
    let offset = if zone.eq_ignore_ascii_case("z") { Span::ZERO } else { offset(zone)? };
    let seconds = ((day_number(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some(Timestamp::from_micros(seconds * 1_000_000 + fraction) - offset)
}

fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn numbers<const N: usize>(text: &str, between: char, lengths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut values = [0; N];
    for (value, length) in values.iter_mut().zip(lengths) {
        let part = parts.next().filter(|part| part.len() == length)?;
        *value = digits(part)?;
    }
    parts.next().is_none().then_some(values)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Returns the day number since 1970 (Howard Hinnant's civil calendar arithmetic).
const fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Writes a moment as RFC 3339 in UTC, without a fraction of zero.
pub(in crate::api) fn moment_text(moment: Timestamp) -> String {
    moment.to_string().replace(".000000Z", "Z")
}

/// Reads an offset from UTC such as `+02:00`.
pub(super) fn read_offset(text: &str) -> Read<Span> {
    let zone = if text == "Z" { Some(Span::ZERO) } else { offset(text) };
    zone.ok_or_else(|| format!("must be an offset from UTC such as +02:00, was '{}'", short(text)))
}

fn offset(text: &str) -> Option<Span> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let [hours, minutes] = numbers(&text[1..], ':', [2, 2])?;
    (hours <= 14 && minutes < 60).then(|| Span::from_secs(sign * (hours * 3_600 + minutes * 60)))
}

pub(super) fn offset_text(offset: Span) -> String {
    let minutes = offset.micros() / 60_000_000;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

const SPANS: [(&str, i64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Reads a length of time such as `30m`, `24h` or `7d`.
pub(super) fn read_span(text: &str) -> Read<Span> {
    let error = || format!("must be a length of time such as 30m, 24h or 7d, was '{}'", short(text));
    let found = SPANS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)));
    let (count, seconds) = found.ok_or_else(error)?;
    let count = digits(count).filter(|n| (1..=100_000).contains(n)).ok_or_else(error)?;
    Ok(Span::from_secs(count * seconds))
}

pub(super) fn span_text(span: Span) -> String {
    let whole = span.micros() / 1_000_000;
    let (unit, seconds) =
        SPANS.iter().find(|(_, s)| whole % s == 0).expect("the last unit divides everything");
    format!("{}{unit}", whole / seconds)
}

/// Reads hours of the week such as `mon-fri 06-10`, `sat,sun 10-24` or `daily 00-24`.
pub(super) fn read_daypart(text: &str) -> Read<Daypart> {
    daypart(text)
        .ok_or_else(|| format!("must be days and hours such as 'mon-fri 06-10', was '{}'", short(text)))
}

fn daypart(text: &str) -> Option<Daypart> {
    let (days, hours) = text.split_once(' ')?;
    let (from, to) = hours.split_once('-')?;
    let hour = |part: &str| if part.len() <= 2 { digits(part) } else { None };
    let (from, to) = (hour(from)?, hour(to)?);
    if from >= to || to > 24 {
        return None;
    }
    let mut bits = 0;
    for part in days.split(',') {
        bits |= day_bits(part)?;
    }
    Some(Daypart { days: bits, from_hour: from as u8, to_hour: to as u8 })
}

fn day_bits(part: &str) -> Option<u8> {
    if part == "daily" {
        return Some(EVERY_DAY);
    }
    let place = |name: &str| DAYS.iter().position(|day| *day == name);
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let (first, last) = (place(first)?, place(last)?);
    (first <= last).then(|| (first..=last).fold(0, |bits, day| bits | 1 << day))
}

pub(super) fn daypart_text(part: Daypart) -> String {
    format!("{} {:02}-{:02}", days_text(part.days), part.from_hour, part.to_hour)
}

fn days_text(bits: u8) -> String {
    if bits & EVERY_DAY == EVERY_DAY {
        return "daily".to_owned();
    }
    let mut runs = Vec::new();
    let mut day = 0;
    while day < DAYS.len() {
        if bits >> day & 1 == 0 {
            day += 1;
            continue;
        }
        let first = day;
        while day + 1 < DAYS.len() && bits >> (day + 1) & 1 == 1 {
            day += 1;
        }
        runs.push(if first == day {
            DAYS[first].to_owned()
        } else {
            format!("{}-{}", DAYS[first], DAYS[day])
        });
        day += 1;
    }
    runs.join(",")
}

/// Reads a place: `DEU`, `DEU/BE`, `DEU/BE/berlin`, or `DEU//berlin` for a city in any region.
pub(super) fn read_place(text: &str) -> Read<Place> {
    let error = || format!("must be a country, region and city such as DEU/BE/berlin, was '{}'", short(text));
    let mut parts = text.split('/');
    let country = parts.next().filter(|c| c.len() == 3).and_then(Code::country).ok_or_else(error)?;
    let region = parts.next().unwrap_or("").to_uppercase();
    let city = parts.next().unwrap_or("").to_lowercase();
    if parts.next().is_some() {
        return Err(error());
    }
    let stated = |part: String| if part.is_empty() { None } else { Some(part) };
    Ok(Place { country, region: stated(region), city: stated(city) })
}

pub(super) fn place_text(place: &Place) -> String {
    match (&place.region, &place.city) {
        (None, None) => place.country.to_string(),
        (Some(region), None) => format!("{}/{region}", place.country),
        (region, Some(city)) => format!("{}/{}/{city}", place.country, region.as_deref().unwrap_or("")),
    }
}

/// Reads a size such as `300x250`.
pub(super) fn read_size(text: &str) -> Read<Size> {
    let side = |part: &str| digits(part).and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
    text.split_once('x')
        .and_then(|(w, h)| Some(Size { w: side(w)?, h: side(h)? }))
        .ok_or_else(|| format!("must be width x height such as 300x250, was '{}'", short(text)))
}

pub(super) fn size_text(size: Size) -> String {
    format!("{}x{}", size.w, size.h)
}

/// Reads a return on spend such as `4` or `4.25`, to thousandths.
pub(super) fn read_return(text: &str) -> Read<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let thousandths = || {
        let part = if part.len() <= 3 { digits(&format!("{part:0<3}"))? } else { return None };
        let whole = digits(whole).filter(|n| *n <= 1_000_000)?;
        u32::try_from(whole * 1_000 + part).ok().filter(|n| *n > 0)
    };
    thousandths().ok_or_else(|| format!("must be a decimal above 0 such as 4.25, was '{}'", short(text)))
}

pub(super) fn return_text(thousandths: u32) -> String {
    let (whole, part) = (thousandths / 1_000, thousandths % 1_000);
    if part == 0 {
        return whole.to_string();
    }
    format!("{whole}.{}", format!("{part:03}").trim_end_matches('0'))
}

/// Reads a whole web address: http or https, a host, nothing that could break out of a header or markup.
pub(super) fn read_url(text: &str) -> Read<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or("");
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'|');
    let well_formed =
        !host.is_empty() && !host.contains('@') && text.len() <= 2_048 && text.bytes().all(plain);
    if well_formed {
        return Ok(text.to_owned());
    }
    Err(format!("must be an http or https address, was '{}'", short(text)))
}

/// Reads a domain such as `shop.example.com`, to lower case.
pub(super) fn read_domain(text: &str) -> Read<String> {
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if text.len() <= 253 && text.contains('.') && text.split('.').all(label) {
        return Ok(text.to_lowercase());
    }
    Err(format!("must be a domain such as shop.example.com, was '{}'", short(text)))
}

/// Reads an id: it stands in paths and labels, so letters, digits and `. _ - : ~` alone, up to 64.
pub(super) fn read_id(text: &str) -> Read<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':' | b'~');
    if (1..=64).contains(&text.len()) && text.bytes().all(plain) && !text.chars().all(|c| c == '.') {
        return Ok(text.to_owned());
    }
    Err(format!("must have 1 to 64 letters, digits and . _ - : ~, was '{}'", short(text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_read_in_any_zone() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T02:00:00+02:00", 0),
            ("1969-12-31T19:00:00.5-05:00", 500_000),
            ("2000-02-29T00:00:00.000001Z", 951_782_400_000_001),
        ] {
            assert_eq!(read_moment(text), Ok(Timestamp::from_micros(micros)), "{text}");
        }
        for text in [
            "",
            "2026-12-01",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-12-01T24:00:00Z",
            "2026-12-01T00:00:00",
            "2026-12-01T00:00:00.1234567Z",
            "2026-12-01T00:00:00+25:00",
            "+026-12-01T00:00:00Z",
        ] {
            assert!(read_moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hours_are_written_as_people_say_them() {
        for text in ["mon-fri 06-10", "sat-sun 10-24", "daily 00-24", "mon,wed,fri-sun 09-17"] {
            assert_eq!(daypart_text(read_daypart(text).unwrap()), text);
        }
        for text in ["", "mon", "fri-mon 06-10", "mon 10-06", "mon 06-25", "someday 06-10", "mon 6-"] {
            assert!(read_daypart(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_cannot_carry_more_than_an_address() {
        assert!(read_url("https://shop.example/a?b={CONVERSION_TOKEN}#c").is_ok());
        for text in [
            "javascript:alert(1)",
            "https://",
            "//x.example",
            "https://a b",
            "https://user@bank.example",
            "https://x.example/\r\nSet-Cookie: a",
            "https://x.example/\"><script>",
        ] {
            assert!(read_url(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn texts_and_values_are_the_same_thing(
            micros in -62_000_000_000_000_000_i64..250_000_000_000_000_000, minutes in -840_i64..=840,
            days in 1_u8..=127, from in 0_u8..24, length in 1_u8..=24,
            thousandths in 1_u32..100_000_000, seconds in 1_i64..100_000,
        ) {
            let moment = Timestamp::from_micros(micros);
            prop_assert_eq!(read_moment(&moment_text(moment)), Ok(moment));
            let offset = Span::from_secs(minutes * 60);
            prop_assert_eq!(read_offset(&offset_text(offset)), Ok(offset));
            let part = Daypart { days, from_hour: from, to_hour: (from + length).min(24) };
            prop_assert_eq!(read_daypart(&daypart_text(part)), Ok(part));
            prop_assert_eq!(read_return(&return_text(thousandths)), Ok(thousandths));
            let span = Span::from_secs(seconds);
            prop_assert_eq!(read_span(&span_text(span)), Ok(span));
        }
    }
}
