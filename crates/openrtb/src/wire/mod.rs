//! The wire form of a bid request: only the fields that are used, borrowed from the body.
//!
//! Declaring only what is read halves the cost of parsing. Absent, `null` and empty are the same thing, as the
//! standard wants ("absent attribute = unknown"), so every field has a default. Large
//! objects are boxed: a request holds few of them, and an empty place for each would be moved about for nothing.

mod leaf;
mod native;
mod request;

pub(crate) use leaf::{Codes, Count, Flag, Int, List, Loose, MimeSet, Price, Text};
pub(crate) use native::{NativeAsset, NativeRoot, NativeVideo};
pub(crate) use request::*;
