//! Problems of a spec, each with the path of its field.

use std::fmt;

use serde::Serialize;

/// Most problems told of one body; further ones are counted in the last.
const MOST: usize = 50;

/// One problem of a spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of problem, for programs: `malformed`, `missing`, `invalid`.
    pub code: &'static str,
    /// The field's path, such as `campaigns[0].budget.daily`; empty for the whole.
    pub field: String,
    /// What is wrong, for people, the value included.
    pub message: String,
}

impl Problem {
    /// Makes a problem.
    pub fn new(code: &'static str, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, field: field.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.field, self.message)
        }
    }
}

/// The problems met so far.
#[derive(Debug, Default)]
pub struct Problems {
    told: Vec<Problem>,
    untold: usize,
}

impl Problems {
    pub(super) fn add(&mut self, code: &'static str, at: &At<'_>, message: impl Into<String>) {
        if self.told.len() < MOST {
            self.told.push(Problem::new(code, at.to_string(), message));
        } else {
            self.untold += 1;
        }
    }

    pub(super) fn invalid(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.add("invalid", at, message);
    }

    /// Takes a required value, or tells that it is missing.
    pub(super) fn required<'t, T>(&mut self, at: &At<'_>, value: Option<&'t T>) -> Option<&'t T> {
        if value.is_none() {
            self.add("missing", at, "is required");
        }
        value
    }

    /// Returns what was made, if nothing was wrong.
    ///
    /// # Errors
    /// Everything that was.
    pub fn finish<T>(mut self, made: T) -> Result<T, Vec<Problem>> {
        if self.told.is_empty() {
            return Ok(made);
        }
        if self.untold > 0 {
            self.told.push(Problem::new("more", "", format!("and {} more problems", self.untold)));
        }
        Err(self.told)
    }
}

/// The path to a field, written only when there is a problem.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    name: &'a str,
    place: Option<usize>,
}

impl<'a> At<'a> {
    /// Returns the path of the whole body.
    pub const fn root() -> Self {
        Self { parent: None, name: "", place: None }
    }

    pub(super) const fn field(&'a self, name: &'a str) -> Self {
        At { parent: Some(self), name, place: None }
    }

    pub(super) const fn item(&'a self, name: &'a str, place: usize) -> Self {
        At { parent: Some(self), name, place: Some(place) }
    }

    const fn is_root(&self) -> bool {
        self.parent.is_none()
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !parent.is_root() {
                f.write_str(".")?;
            }
        }
        f.write_str(self.name)?;
        self.place.map_or(Ok(()), |place| write!(f, "[{place}]"))
    }
}

use motet_model::codes::CategoryId;
use motet_units::{CpmMicros, Nanos};

use super::text::{self, Read};

/// Most entries of one list.
const LIST: usize = 10_000;

/// Readers of single fields: each returns a value in any case and tells what was wrong with it.
impl Problems {
    fn value<T>(&mut self, at: &At<'_>, read: Read<T>) -> Option<T> {
        read.map_err(|message| self.invalid(at, message)).ok()
    }

    /// Reads an optional text with a reader.
    pub(super) fn optional<T>(
        &mut self,
        at: &At<'_>,
        text: Option<&String>,
        read: impl Fn(&str) -> Read<T>,
    ) -> Option<T> {
        text.and_then(|text| self.value(at, read(text)))
    }

    pub(super) fn id(&mut self, at: &At<'_>, id: Option<&String>) -> String {
        let id = self.required(at, id);
        id.and_then(|id| self.value(at, text::read_id(id))).unwrap_or_default()
    }

    /// Reads a name for people; the id stands in for one not stated.
    pub(super) fn name(&mut self, at: &At<'_>, name: Option<&String>, id: &str) -> String {
        let name = name.map_or_else(|| id.to_owned(), Clone::clone);
        self.length(at, &name, usize::from(!id.is_empty()), 200);
        name
    }

    pub(super) fn length(&mut self, at: &At<'_>, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if !(least..=most).contains(&length) {
            self.invalid(at, format!("must have {least} to {most} characters, had {length}"));
        }
    }

    pub(super) fn one_of<T: Copy + Default>(
        &mut self,
        at: &At<'_>,
        text: Option<&String>,
        names: &[(&str, T)],
    ) -> T {
        self.optional(at, text, |text| text::one_of(text, names)).unwrap_or_default()
    }

    pub(super) fn list<T>(
        &mut self,
        at: &At<'_>,
        name: &str,
        texts: &[String],
        read: impl Fn(&str) -> Read<T>,
    ) -> Vec<T> {
        if texts.len() > LIST {
            self.invalid(&at.field(name), format!("must have at most {LIST} entries, had {}", texts.len()));
            return Vec::new();
        }
        let each = texts.iter().enumerate();
        each.filter_map(|(i, text)| self.value(&at.item(name, i), read(text))).collect()
    }

    pub(super) fn categories(&mut self, at: &At<'_>, name: &str, texts: &[String]) -> Vec<CategoryId> {
        self.list(at, name, texts, |text| {
            text.parse().map_err(|e: motet_model::codes::ParseCategoryError| e.to_string())
        })
    }

    /// Reads an amount above zero, if stated.
    pub(super) fn amount(&mut self, at: &At<'_>, text: Option<&String>) -> Option<Nanos> {
        self.optional(at, text, |text| {
            let amount: Nanos = text.parse().map_err(|e: motet_units::ParseMoneyError| e.to_string())?;
            if amount.is_positive() { Ok(amount) } else { Err(format!("must be above 0, was '{text}'")) }
        })
    }

    /// Reads a price above zero, if stated.
    pub(super) fn price(&mut self, at: &At<'_>, text: Option<&String>) -> Option<CpmMicros> {
        self.optional(at, text, |text| {
            let price: CpmMicros = text.parse().map_err(|e: motet_units::ParseMoneyError| e.to_string())?;
            if price > CpmMicros::ZERO { Ok(price) } else { Err(format!("must be above 0, was '{text}'")) }
        })
    }
}
