//! Leaves that read what real traffic sends: numbers in quotes, flags as 0/1 or true/false, nulls for nothing.

use std::{borrow::Cow, fmt, marker::PhantomData};

use motet_model::codes::{CodeSet, Mimes};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// A text, borrowed where it has no escapes; absent, `null` and empty are the same. Numbers are read as their digits:
/// ids come both ways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the text, or `None` where there is none.
    pub(crate) fn get(&self) -> Option<&str> {
        if self.0.is_empty() { None } else { Some(&self.0) }
    }

    /// Returns the first that has something in it.
    pub(crate) fn or(self, other: Text<'a>) -> Text<'a> {
        if self.is_empty() { other } else { self }
    }

    pub(crate) fn owned(self) -> Option<String> {
        if self.0.is_empty() { None } else { Some(self.0.into_owned()) }
    }

    pub(crate) fn lower(&self) -> Option<String> {
        let text = self.0.trim();
        if text.is_empty() { None } else { Some(text.to_lowercase()) }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor<'a>(PhantomData<&'a str>);
        impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
            type Value = Text<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
            fn visit_unit<E: Error>(self) -> Result<Text<'a>, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor(PhantomData))
    }
}

/// Reads a number written as such, in quotes, or as a boolean; `None` for nothing.
struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Option<f64>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Option<f64>, E> {
        Ok(Some(f64::from(u8::from(value))))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Option<f64>, E> {
        Ok(Some(value as f64))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Option<f64>, E> {
        Ok(Some(value as f64))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Option<f64>, E> {
        Ok(Some(value))
    }
    fn visit_unit<E: Error>(self) -> Result<Option<f64>, E> {
        Ok(None)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Option<f64>, E> {
        match text.trim() {
            "" => Ok(None),
            "true" => Ok(Some(1.0)),
            "false" => Ok(Some(0.0)),
            text => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Some(value)),
                _ => Err(E::custom(format_args!("'{}' is not a number", shorten(text)))),
            },
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A whole number; a fraction is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Int(pub(crate) Option<i64>);

impl Int {
    /// Tells whether the number is there and not 0.
    pub(crate) fn is_on(self) -> bool {
        self.0.is_some_and(|value| value != 0)
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(deserializer.deserialize_any(NumberVisitor)?.map(|value| value as i64)))
    }
}

/// A whole number that cannot be below zero: a length, a size, a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Option<u32>);

impl Count {
    /// Returns the number where it is there and not 0.
    pub(crate) fn positive(self) -> Option<u32> {
        self.0.filter(|value| *value > 0)
    }

    /// Returns the number as a length in pixels; 0 when not stated.
    pub(crate) fn pixels(self) -> u16 {
        u16::try_from(self.0.unwrap_or(0)).unwrap_or(u16::MAX)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(NumberVisitor)? {
            Some(value) if value < 0.0 => Err(D::Error::custom(format_args!("{value} is below zero"))),
            value => Ok(Self(value.map(|value| value as u32))),
        }
    }
}

/// A flag that is 0 or 1 and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) Option<bool>);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(NumberVisitor)? {
            None => Ok(Self(None)),
            Some(0.0) => Ok(Self(Some(false))),
            Some(1.0) => Ok(Self(Some(true))),
            Some(other) => Err(D::Error::custom(format_args!("{other} is neither 0 nor 1"))),
        }
    }
}

/// A price as the wire has it, in whatever currency.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Price(pub(crate) Option<f64>);

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(deserializer.deserialize_any(NumberVisitor)?))
    }
}

/// A list; `null` is an empty one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_unit<E: Error>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = seq.next_element()? {
                    list.push(entry);
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// A list of small codes, straight into a set. `stated` is how many there were, known or not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Codes {
    pub(crate) set: CodeSet,
    pub(crate) stated: usize,
}

impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CodesVisitor;
        impl<'de> Visitor<'de> for CodesVisitor {
            type Value = Codes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of numbers")
            }
            fn visit_unit<E: Error>(self) -> Result<Codes, E> {
                Ok(Codes::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Codes, A::Error> {
                let mut codes = Codes::default();
                while let Some(code) = seq.next_element::<Int>()? {
                    if let Some(code) = code.0 {
                        codes.set.insert(code);
                        codes.stated += 1;
                    }
                }
                Ok(codes)
            }
        }
        deserializer.deserialize_any(CodesVisitor)
    }
}

/// A list of mime types, straight into a set. `stated` is how many there were, known or not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MimeSet {
    pub(crate) set: Mimes,
    pub(crate) stated: usize,
}

impl<'de> Deserialize<'de> for MimeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MimesVisitor;
        impl<'de> Visitor<'de> for MimesVisitor {
            type Value = MimeSet;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of strings")
            }
            fn visit_unit<E: Error>(self) -> Result<MimeSet, E> {
                Ok(MimeSet::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<MimeSet, A::Error> {
                let mut mimes = MimeSet::default();
                while let Some(mime) = seq.next_element::<Text<'de>>()? {
                    if let Some(mime) = mime.get() {
                        mimes.set = mimes.set.union(Mimes::of(mime).unwrap_or_default());
                        mimes.stated += 1;
                    }
                }
                Ok(mimes)
            }
        }
        deserializer.deserialize_any(MimesVisitor)
    }
}

/// An object, or anything else read as an empty one: `ext` belongs to everybody, and is not always an object.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Loose<T>(pub(crate) T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LooseVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for LooseVisitor<T> {
            type Value = Loose<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Loose<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Loose)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Loose<T>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Loose::default())
            }
            fn visit_unit<E: Error>(self) -> Result<Loose<T>, E> {
                Ok(Loose::default())
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Loose<T>, E> {
                Ok(Loose::default())
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Loose<T>, E> {
                Ok(Loose::default())
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Loose<T>, E> {
                Ok(Loose::default())
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<Loose<T>, E> {
                Ok(Loose::default())
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Loose<T>, E> {
                Ok(Loose::default())
            }
        }
        deserializer.deserialize_any(LooseVisitor(PhantomData))
    }
}
