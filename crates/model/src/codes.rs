//! Small coded values: countries, languages, categories, mime types, sets of enumerated codes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An ISO code of two or three letters, upper case for countries (3166 alpha-3), lower case for languages (639).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Code([u8; 3]);

impl Code {
    fn new(text: &str, change_case: fn(&u8) -> u8) -> Option<Self> {
        let bytes = text.as_bytes();
        let well_formed = (2..=3).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_alphabetic);
        if !well_formed {
            return None;
        }
        let mut code = [0; 3];
        for (to, from) in code.iter_mut().zip(bytes) {
            *to = change_case(from);
        }
        Some(Self(code))
    }

    /// Reads a country code of two or three letters.
    pub fn country(text: &str) -> Option<Self> {
        Self::new(text, u8::to_ascii_uppercase)
    }

    /// Reads the primary language of an ISO 639 code or BCP 47 tag: `en`, `en-GB` and `EN` are one language.
    pub fn language(text: &str) -> Option<Self> {
        let primary = text.split(['-', '_']).next().unwrap_or(text);
        Self::new(primary, u8::to_ascii_lowercase)
    }

    /// Reads a currency code of three letters.
    pub fn currency(text: &str) -> Option<Self> {
        if text.len() == 3 { Self::new(text, u8::to_ascii_uppercase) } else { None }
    }

    /// Returns the letters.
    pub fn as_str(&self) -> &str {
        let length = if self.0[2] == 0 { 2 } else { 3 };
        std::str::from_utf8(&self.0[..length]).unwrap_or("")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which list a category code belongs to, grouped where codes keep their meaning across versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Taxonomy {
    /// IAB Content Taxonomy 1.0 (`cattax` 1): `IAB1` to `IAB26-4`.
    Content1 = 1,
    /// IAB Content Taxonomy 2.x (`cattax` 2, 5, 6).
    Content2 = 2,
    /// IAB Content Taxonomy 3.x (`cattax` 7, 9): the one interests are kept in.
    Content3 = 3,
    /// IAB Ad Product Taxonomy (`cattax` 3, 8).
    AdProduct = 4,
    /// Anything else, audience lists and vendors' own.
    Other = 5,
}

impl Taxonomy {
    /// Reads `AdCOM`'s "list of category taxonomies"; unknown numbers are tolerated as [`Taxonomy::Other`].
    pub const fn from_cattax(cattax: i64) -> Self {
        match cattax {
            1 => Self::Content1,
            2 | 5 | 6 => Self::Content2,
            7 | 9 => Self::Content3,
            3 | 8 => Self::AdProduct,
            _ => Self::Other,
        }
    }

    /// Returns the `cattax` number a response states for codes of this list.
    pub const fn cattax(self) -> i64 {
        match self {
            Self::Content1 => 1,
            Self::Content2 => 6,
            Self::Content3 => 9,
            Self::AdProduct => 8,
            Self::Other => 500,
        }
    }
}

/// A category: its list and its code, packed into eight bytes so that it compares and hashes as a number.
///
/// ```
/// use motet_model::codes::{CategoryId, Taxonomy};
/// let soccer = CategoryId::new(Taxonomy::Content1, "IAB17-44").unwrap();
/// assert_eq!(soccer.code(), "IAB17-44");
/// assert_eq!(soccer.parent_by_code().unwrap().code(), "IAB17");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CategoryId(u64);

impl CategoryId {
    /// Packs a code; `None` when it is empty, longer than the list's codes can be, or not plain ASCII.
    pub fn new(taxonomy: Taxonomy, code: &str) -> Option<Self> {
        let code = code.trim();
        let packed = match taxonomy {
            Taxonomy::Content1 => code.strip_prefix("IAB").or_else(|| code.strip_prefix("iab"))?,
            _ => code,
        };
        let well_formed = (1..=7).contains(&packed.len())
            && packed.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !well_formed {
            return None;
        }
        let mut bytes = [0; 8];
        bytes[0] = taxonomy as u8;
        bytes[1..=packed.len()].copy_from_slice(packed.as_bytes());
        Some(Self(u64::from_be_bytes(bytes)))
    }

    /// Returns the list the code belongs to.
    pub const fn taxonomy(self) -> Taxonomy {
        match self.0 >> 56 {
            1 => Taxonomy::Content1,
            2 => Taxonomy::Content2,
            3 => Taxonomy::Content3,
            4 => Taxonomy::AdProduct,
            _ => Taxonomy::Other,
        }
    }

    /// Returns the code as the standard writes it.
    pub fn code(self) -> String {
        let bytes = self.0.to_be_bytes();
        let packed: String = bytes[1..].iter().take_while(|&&b| b != 0).map(|&b| char::from(b)).collect();
        if self.taxonomy() == Taxonomy::Content1 { format!("IAB{packed}") } else { packed }
    }

    /// Returns the packed number, stable across versions.
    pub const fn packed(self) -> u64 {
        self.0
    }

    /// Returns the parent where the code itself tells it (`IAB17` for `IAB17-44`); other lists need a table.
    pub fn parent_by_code(self) -> Option<Self> {
        if self.taxonomy() != Taxonomy::Content1 {
            return None;
        }
        // All bytes at once, since every request asks this often: a byte that equals the dash becomes zero by the first
        // line, and its top bit set, alone of all, by the second.
        let low = 0x7F7F_7F7F_7F7F_7F7F_u64;
        let differs = self.0 ^ u64::from_be_bytes([b'-'; 8]);
        let dashes = !(((differs & low) + low) | differs | low);
        let place = dashes.leading_zeros() / 8;
        (2..8).contains(&place).then(|| Self(self.0 & !(u64::MAX >> (8 * place))))
    }

    /// Tells whether this category is `other` or lies below it by its code.
    pub fn is_within(self, other: Self) -> bool {
        self == other || self.parent_by_code() == Some(other)
    }
}

impl fmt::Display for CategoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.taxonomy() {
            Taxonomy::Content1 => write!(f, "{}", self.code()),
            taxonomy => write!(f, "{}:{}", taxonomy.cattax(), self.code()),
        }
    }
}

impl fmt::Debug for CategoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A text that is not a category as Motet writes one: `IAB17-44`, or `9:483` for list 9, code 483.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a category is written as IAB17-44 or CATTAX:CODE, was '{0}'")]
pub struct ParseCategoryError(String);

impl FromStr for CategoryId {
    type Err = ParseCategoryError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.split_once(':') {
            None => Self::new(Taxonomy::Content1, text),
            Some((cattax, code)) => {
                cattax.parse().ok().and_then(|number| Self::new(Taxonomy::from_cattax(number), code))
            }
        };
        parsed.ok_or_else(|| ParseCategoryError(text.chars().take(60).collect()))
    }
}

/// A set of small enumerated codes (creative attributes, protocols, frameworks): bit `n` stands for code `n`.
/// Codes of 64 and above are vendors' own and are not held.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeSet(pub u64);

impl CodeSet {
    /// The set of nothing.
    pub const EMPTY: Self = Self(0);

    /// Adds a code; those outside 0 to 63 are left out.
    pub fn insert(&mut self, code: i64) {
        if let Ok(code @ 0..=63) = u32::try_from(code) {
            self.0 |= 1 << code;
        }
    }

    /// Tells whether the two sets share a code.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Tells whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Iterates over the codes, lowest first.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |code| self.0 >> code & 1 == 1)
    }
}

impl FromIterator<i64> for CodeSet {
    fn from_iter<I: IntoIterator<Item = i64>>(codes: I) -> Self {
        let mut set = Self::EMPTY;
        for code in codes {
            set.insert(code);
        }
        set
    }
}

impl fmt::Debug for CodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

const MIMES: [&str; 26] = [
    "video/mp4",
    "video/webm",
    "video/ogg",
    "video/3gpp",
    "video/quicktime",
    "video/x-flv",
    "video/x-ms-wmv",
    "application/javascript",
    "application/x-mpegurl",
    "application/vnd.apple.mpegurl",
    "application/dash+xml",
    "application/x-shockwave-flash",
    "audio/mpeg",
    "audio/mp3",
    "audio/mp4",
    "audio/aac",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "audio/x-m4a",
    "image/jpeg",
    "image/jpg",
    "image/png",
    "image/gif",
    "image/webp",
    "text/html",
];

/// A set of known mime types. Unknown ones are tolerated and not held: no creative can have them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mimes(u32);

impl Mimes {
    /// The set of nothing.
    pub const EMPTY: Self = Self(0);

    /// Returns the set holding one mime type; `None` for an unknown one. `audio/mp3` is read as `audio/mpeg`
    /// and `image/jpg` as `image/jpeg`: the same thing under an unofficial name.
    pub fn of(mime: &str) -> Option<Self> {
        let name = mime.split(';').next().unwrap_or(mime).trim();
        let canonical = match name {
            _ if name.eq_ignore_ascii_case("audio/mp3") => "audio/mpeg",
            _ if name.eq_ignore_ascii_case("image/jpg") => "image/jpeg",
            other => other,
        };
        let place = MIMES.iter().position(|known| known.eq_ignore_ascii_case(canonical))?;
        Some(Self(1 << place))
    }

    /// Returns both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Tells whether the two sets share a type.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Tells whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Iterates over the names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        MIMES.iter().enumerate().filter(move |(i, _)| self.0 >> i & 1 == 1).map(|(_, name)| *name)
    }
}

impl fmt::Debug for Mimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_keep_their_code_and_list() {
        for text in ["IAB1", "IAB25-3", "9:483", "9:SPSHQ5", "8:1001"] {
            let category: CategoryId = text.parse().unwrap();
            assert_eq!(category.to_string(), text);
        }
        assert!("".parse::<CategoryId>().is_err());
        assert!("9:averylongcode".parse::<CategoryId>().is_err());
        assert!("sports".parse::<CategoryId>().is_err());
    }

    #[test]
    fn a_parent_is_what_stands_before_the_first_dash() {
        let parent = |text: &str| {
            let category: CategoryId = text.parse().unwrap();
            category.parent_by_code().map(|parent| parent.to_string())
        };
        for (code, above) in
            [("IAB1-1", "IAB1"), ("IAB25-3", "IAB25"), ("IAB17-44", "IAB17"), ("IAB9-", "IAB9")]
        {
            assert_eq!(parent(code).as_deref(), Some(above), "{code}");
        }
        for code in ["IAB1", "IAB26", "IAB-1", "9:1-2"] {
            assert_eq!(parent(code), None, "{code}");
        }
    }

    #[test]
    fn a_child_is_within_its_parent() {
        let child: CategoryId = "IAB25-3".parse().unwrap();
        assert!(child.is_within("IAB25".parse().unwrap()));
        assert!(!child.is_within("IAB2".parse().unwrap()));
    }

    #[test]
    fn one_mime_type_has_one_bit_whatever_its_name() {
        assert_eq!(Mimes::of("audio/MP3"), Mimes::of("audio/mpeg"));
        assert_eq!(Mimes::of("text/x-unheard-of"), None);
    }

    #[test]
    fn language_tags_are_one_language() {
        assert_eq!(Code::language("EN-gb"), Code::language("en"));
        assert_eq!(Code::country("deu").unwrap().as_str(), "DEU");
        assert_eq!(Code::language("1"), None);
    }
}
