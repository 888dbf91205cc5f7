//! How plain data crosses the wire: one trait, leaves by hand, records and closed lists by table.

use std::net::IpAddr;

use motet_agent::{CandidateIx, Features, MarketKey};
use motet_model::{
    codes::{CategoryId, Code, CodeSet, Mimes},
    ids::{AdvertiserIx, CampaignIx, CreativeIx, DecisionId, UserKey},
};
use motet_units::{Chance, CpmMicros, Multiplier, Nanos, Probability, Span, Timestamp};
use smallvec::SmallVec;

use crate::Error;

/// Something that has the form `P` on the wire.
pub(crate) trait Wire<P>: Sized {
    /// Writes it.
    fn put(&self) -> P;

    /// Reads it back; `field` names it where it holds what it may not.
    fn take(wire: P, field: &'static str) -> Result<Self, Error>;
}

/// Reads a part that must be there.
pub(crate) fn need<P, T: Wire<P>>(wire: Option<P>, field: &'static str) -> Result<T, Error> {
    T::take(wire.ok_or(Error::Missing { field })?, field)
}

/// Reads the chosen one of several kinds.
pub(crate) fn chosen<P>(wire: Option<P>, field: &'static str) -> Result<P, Error> {
    wire.ok_or(Error::Missing { field })
}

/// Records: fields of the same name, fields under another name, parts that must be there.
macro_rules! records {
    ($($model:ident => $proto:ident { [$($same:ident),*] [$($field:ident: $wire:ident),*] [$($part:ident),*] })*) => {$(
        impl $crate::wire::Wire<$crate::proto::$proto> for $model {
            fn put(&self) -> $crate::proto::$proto {
                $crate::proto::$proto {
                    $($same: $crate::wire::Wire::put(&self.$same),)*
                    $($wire: $crate::wire::Wire::put(&self.$field),)*
                    $($part: Some($crate::wire::Wire::put(&self.$part)),)*
                }
            }

            fn take(wire: $crate::proto::$proto, _: &'static str) -> Result<Self, $crate::Error> {
                Ok(Self {
                    $($same: $crate::wire::Wire::take(
                        wire.$same,
                        concat!(stringify!($proto), ".", stringify!($same)),
                    )?,)*
                    $($field: $crate::wire::Wire::take(
                        wire.$wire,
                        concat!(stringify!($proto), ".", stringify!($wire)),
                    )?,)*
                    $($part: $crate::wire::need(
                        wire.$part,
                        concat!(stringify!($proto), ".", stringify!($part)),
                    )?,)*
                })
            }
        }
    )*};
}

/// Closed lists of names; the one after the semicolon, if any, is what 0 stands for.
macro_rules! names {
    ($($model:ident { $($name:ident),* $(; $unsaid:ident)? })*) => {$(
        impl $crate::wire::Wire<i32> for $model {
            fn put(&self) -> i32 {
                let name = match self {
                    $(Self::$name => $crate::proto::$model::$name,)*
                    $(Self::$unsaid => $crate::proto::$model::Unspecified,)?
                };
                name as i32
            }

            fn take(wire: i32, field: &'static str) -> Result<Self, $crate::Error> {
                match $crate::proto::$model::try_from(wire) {
                    $(Ok($crate::proto::$model::$name) => Ok(Self::$name),)*
                    $(Ok($crate::proto::$model::Unspecified) => Ok(Self::$unsaid),)?
                    _ => Err($crate::Error::field(field, concat!("a known ", stringify!($model)), wire)),
                }
            }
        }
    )*};
}

pub(crate) use {names, records};

impl<P, T: Wire<P>> Wire<Option<P>> for Option<T> {
    fn put(&self) -> Option<P> {
        self.as_ref().map(Wire::put)
    }

    fn take(wire: Option<P>, field: &'static str) -> Result<Self, Error> {
        wire.map(|wire| T::take(wire, field)).transpose()
    }
}

impl<P, T: Wire<P>> Wire<Vec<P>> for Vec<T> {
    fn put(&self) -> Vec<P> {
        self.iter().map(Wire::put).collect()
    }

    fn take(wire: Vec<P>, field: &'static str) -> Result<Self, Error> {
        wire.into_iter().map(|wire| T::take(wire, field)).collect()
    }
}

impl<P, T: Wire<P>, const N: usize> Wire<Vec<P>> for SmallVec<[T; N]>
where
    [T; N]: smallvec::Array<Item = T>,
{
    fn put(&self) -> Vec<P> {
        self.iter().map(Wire::put).collect()
    }

    fn take(wire: Vec<P>, field: &'static str) -> Result<Self, Error> {
        wire.into_iter().map(|wire| T::take(wire, field)).collect()
    }
}

/// What is the same here and there.
macro_rules! same {
    ($($plain:ty),*) => {$(
        impl Wire<$plain> for $plain {
            fn put(&self) -> $plain {
                self.clone()
            }

            fn take(wire: $plain, _: &'static str) -> Result<Self, Error> {
                Ok(wire)
            }
        }
    )*};
}

same!(String, bool, u32, u64, i64);

/// Numbers that must be finite.
macro_rules! finite {
    ($($float:ty),*) => {$(
        impl Wire<$float> for $float {
            fn put(&self) -> $float {
                *self
            }

            fn take(wire: $float, field: &'static str) -> Result<Self, Error> {
                if wire.is_finite() { Ok(wire) } else { Err(Error::field(field, "finite", wire)) }
            }
        }
    )*};
}

finite!(f32, f64);

/// Integers that are narrower here.
macro_rules! narrow {
    ($($here:ty as $there:ty, $expected:literal;)*) => {$(
        impl Wire<$there> for $here {
            fn put(&self) -> $there {
                <$there>::try_from(*self).expect("held narrower than the wire does")
            }

            fn take(wire: $there, field: &'static str) -> Result<Self, Error> {
                Self::try_from(wire).map_err(|_| Error::field(field, $expected, wire))
            }
        }
    )*};
}

narrow! {
    u8 as u32, "0 to 255";
    u16 as u32, "0 to 65535";
    i16 as i32, "-32768 to 32767";
}

impl Wire<u32> for usize {
    fn put(&self) -> u32 {
        u32::try_from(*self).unwrap_or(u32::MAX)
    }

    fn take(wire: u32, _: &'static str) -> Result<Self, Error> {
        Ok(wire as Self)
    }
}

/// Types that only name a number.
macro_rules! named {
    ($($name:ident($number:ty);)*) => {$(
        impl Wire<$number> for $name {
            fn put(&self) -> $number {
                self.0
            }

            fn take(wire: $number, _: &'static str) -> Result<Self, Error> {
                Ok(Self(wire))
            }
        }
    )*};
}

named! {
    AdvertiserIx(u32);
    CampaignIx(u32);
    CreativeIx(u32);
    DecisionId(u64);
    MarketKey(u32);
    UserKey(u64);
}

impl Wire<u32> for CandidateIx {
    fn put(&self) -> u32 {
        self.0.into()
    }

    fn take(wire: u32, field: &'static str) -> Result<Self, Error> {
        u16::take(wire, field).map(Self)
    }
}

impl Wire<u64> for Chance {
    fn put(&self) -> u64 {
        self.key()
    }

    fn take(wire: u64, _: &'static str) -> Result<Self, Error> {
        Ok(Self::from_key(wire))
    }
}

impl Wire<i64> for Timestamp {
    fn put(&self) -> i64 {
        self.micros()
    }

    fn take(wire: i64, _: &'static str) -> Result<Self, Error> {
        Ok(Self::from_micros(wire))
    }
}

impl Wire<i64> for Span {
    fn put(&self) -> i64 {
        self.micros()
    }

    fn take(wire: i64, _: &'static str) -> Result<Self, Error> {
        Ok(Self::from_micros(wire))
    }
}

/// Numbers of a range; the type holds itself to it, and what it would have to change is refused.
macro_rules! ranged {
    ($($name:ident, $expected:literal;)*) => {$(
        impl Wire<i64> for $name {
            fn put(&self) -> i64 {
                self.get()
            }

            fn take(wire: i64, field: &'static str) -> Result<Self, Error> {
                let held = Self::new(wire);
                if held.get() == wire { Ok(held) } else { Err(Error::field(field, $expected, wire)) }
            }
        }
    )*};
}

ranged! {
    CpmMicros, "0 to 2^53";
    Nanos, "-2^53 to 2^53";
}

/// Numbers from 0 to 1.
macro_rules! shares {
    ($($name:ident),*) => {$(
        impl Wire<f64> for $name {
            fn put(&self) -> f64 {
                self.get()
            }

            fn take(wire: f64, field: &'static str) -> Result<Self, Error> {
                Self::new(wire).ok_or_else(|| Error::field(field, "0 to 1", wire))
            }
        }
    )*};
}

shares!(Probability, Multiplier);

impl Wire<String> for CategoryId {
    fn put(&self) -> String {
        self.to_string()
    }

    fn take(wire: String, field: &'static str) -> Result<Self, Error> {
        wire.parse().map_err(|_| Error::field(field, "a category as IAB17-44 or LIST:CODE", wire))
    }
}

impl Wire<String> for Code {
    fn put(&self) -> String {
        self.as_str().to_owned()
    }

    fn take(wire: String, field: &'static str) -> Result<Self, Error> {
        // Countries and currencies are upper case, languages lower; what is neither was no code here either.
        let code = [Self::country(&wire), Self::language(&wire)].into_iter().flatten();
        let mut same = code.filter(|code| code.as_str() == wire);
        same.next().ok_or_else(|| Error::field(field, "an ISO code of two or three letters", wire))
    }
}

impl Wire<Vec<u32>> for CodeSet {
    fn put(&self) -> Vec<u32> {
        self.iter().map(u32::from).collect()
    }

    fn take(wire: Vec<u32>, field: &'static str) -> Result<Self, Error> {
        if let Some(code) = wire.iter().find(|code| **code > 63) {
            return Err(Error::field(field, "codes from 0 to 63", code));
        }
        Ok(wire.into_iter().map(i64::from).collect())
    }
}

impl Wire<Vec<String>> for Mimes {
    fn put(&self) -> Vec<String> {
        self.names().map(str::to_owned).collect()
    }

    fn take(wire: Vec<String>, field: &'static str) -> Result<Self, Error> {
        wire.iter().try_fold(Self::EMPTY, |all, name| {
            let mime = Self::of(name).ok_or_else(|| Error::field(field, "known mime types", name))?;
            Ok(all.union(mime))
        })
    }
}

impl Wire<String> for IpAddr {
    fn put(&self) -> String {
        self.to_string()
    }

    fn take(wire: String, field: &'static str) -> Result<Self, Error> {
        wire.parse().map_err(|_| Error::field(field, "a network address", wire))
    }
}

impl Wire<Vec<u32>> for Features {
    fn put(&self) -> Vec<u32> {
        self.as_slice().to_vec()
    }

    fn take(wire: Vec<u32>, field: &'static str) -> Result<Self, Error> {
        Self::new(&wire).ok_or(Error::TooMany { field, most: 20, found: wire.len() })
    }
}
