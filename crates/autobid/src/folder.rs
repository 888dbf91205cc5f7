//! A policy as a folder: a manifest people can read, and a file of numbers.
//!
//! The manifest says what the policy is for, what it sees and does (name, unit, range and normalisation of each number), how its network is
//! shaped, what the numbers file holds and its checksum, and what it was trained on. Whoever serves it compares all of that with what it will in fact be given; a policy
//! made for something else is refused with the first difference, not run on wrong numbers. This module reads and writes text and bytes;
//! files are the caller's.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};

use crate::net::Net;

/// The name of the manifest in its folder.
pub const MANIFEST: &str = "policy.toml";
/// The name of the file of numbers beside it: 32-bit floats, little-endian, part after part.
pub const NUMBERS: &str = "numbers.f32";
/// The form of manifests written and read here.
pub const FORM: u32 = 1;

/// Why a policy cannot be served.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The manifest is not TOML of the expected form.
    #[error("{MANIFEST} cannot be read: {0}")]
    Manifest(String),
    /// The manifest is of another form.
    #[error("{MANIFEST} is of form {0}, expected {FORM}")]
    Form(u32),
    /// The policy is for something else.
    #[error("the policy is a '{found}', expected a '{expected}'")]
    Kind {
        /// What was asked for.
        expected: &'static str,
        /// What the manifest says.
        found: String,
    },
    /// What the policy sees or does is not what it will be given.
    #[error("{row} {place} of the policy is {found}, expected {expected}")]
    Schema {
        /// `observation` or `action`.
        row: &'static str,
        /// Its place, from 0.
        place: usize,
        /// What the manifest says.
        found: String,
        /// What is served.
        expected: String,
    },
    /// The network's layers are no network between these observations and actions.
    #[error("layers {0:?} are no network from the observation to the action")]
    Network(Vec<usize>),
    /// A part of the numbers is missing, of another length, or not expected.
    #[error("part {place} of {NUMBERS} is {found}, expected {expected}")]
    Part {
        /// Its place, from 0.
        place: usize,
        /// What the manifest says.
        found: String,
        /// What is served.
        expected: String,
    },
    /// The file of numbers is cut short or too long.
    #[error("{NUMBERS} holds {found} bytes, expected {expected}")]
    Length {
        /// Bytes there are.
        found: usize,
        /// Bytes the parts take.
        expected: usize,
    },
    /// The file of numbers is not the one the manifest was written for.
    #[error("the checksum of {NUMBERS} is {found:08x}, expected {expected}")]
    Checksum {
        /// Of the file.
        found: u32,
        /// In the manifest.
        expected: String,
    },
    /// A number is NaN or infinite.
    #[error("number {place} of part '{part}' of {NUMBERS} is {value}, expected a finite number")]
    NotFinite {
        /// The part.
        part: String,
        /// Its place in the part, from 0.
        place: usize,
        /// What it is.
        value: f32,
    },
    /// A setting is missing or out of range.
    #[error("setting '{name}' is {found}, expected a number in {least} to {most}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What the manifest says.
        found: String,
        /// The least it may be.
        least: f64,
        /// The most it may be.
        most: f64,
    },
}

/// One number a policy sees or sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its unit, before it is normalised.
    pub unit: String,
    /// The least it can be as the network has it.
    pub least: f64,
    /// The most it can be as the network has it.
    pub most: f64,
    /// How the network's number is made of the quantity, or the quantity of the network's number.
    pub normalisation: String,
}

impl Field {
    /// Makes one from a row of a table in the code.
    pub fn new((name, unit, least, most, normalisation): (&str, &str, f64, f64, &str)) -> Self {
        let [name, unit, normalisation] = [name, unit, normalisation].map(str::to_owned);
        Self { name, unit, least, most, normalisation }
    }
}

/// One part of the file of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// How many numbers it has.
    pub count: usize,
}

/// How the policy came about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The command that makes it again.
    pub command: String,
    /// What it was trained on.
    pub data: String,
    /// A checksum of that.
    pub data_crc32: String,
    /// What its metrics were measured on; no part of the training data.
    pub held_out: String,
    /// The seed.
    pub seed: u64,
    /// Generations of the evolution.
    pub generations: u32,
    /// What was measured, by name.
    pub metrics: BTreeMap<String, f64>,
}

/// The manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of this manifest.
    pub form: u32,
    /// What the policy is for.
    pub kind: String,
    /// Its name and version, as `name@version`.
    pub version: String,
    /// What it does, in a sentence.
    pub about: String,
    /// Widths of the network's layers.
    pub layers: Vec<usize>,
    /// The checksum (CRC-32) of the file of numbers, in eight hexadecimal digits.
    pub crc32: String,
    /// Numbers that are set and not learnt.
    pub settings: BTreeMap<String, f64>,
    /// What the policy sees.
    pub observation: Vec<Field>,
    /// What it sets.
    pub action: Vec<Field>,
    /// What the file of numbers holds, in its order.
    pub part: Vec<Part>,
    /// How it came about.
    pub training: Training,
}

/// What a kind of policy looks like to whoever serves it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// What it is given.
    pub observation: Vec<Field>,
    /// What it must set.
    pub action: Vec<Field>,
    /// The numbers before those of the network.
    pub parts: Vec<Part>,
}

/// The part that holds the network's weights.
pub const NETWORK: &str = "network";

/// A policy as read: its manifest and its numbers, part by part.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The manifest.
    pub manifest: Manifest,
    /// The numbers of each part, the network's last.
    pub parts: Vec<Vec<f32>>,
}

impl Kind {
    /// Reads a policy of this kind.
    ///
    /// # Errors
    ///
    /// With the first thing that is wrong with it.
    pub fn read(&self, manifest: &str, numbers: &[u8]) -> Result<(Saved, Net), Error> {
        let manifest: Manifest = toml::from_str(manifest)
            .map_err(|why| Error::Manifest(why.to_string().trim().replace('\n', " ")))?;
        if manifest.form != FORM {
            return Err(Error::Form(manifest.form));
        }
        if manifest.kind != self.name {
            return Err(Error::Kind { expected: self.name, found: manifest.kind });
        }
        same_fields("observation", &manifest.observation, &self.observation)?;
        same_fields("action", &manifest.action, &self.action)?;
        let net = self.net(&manifest.layers)?;
        self.same_parts(&manifest.part, &net)?;
        let parts = read_parts(&manifest, numbers)?;
        Ok((Saved { manifest, parts }, net))
    }

    fn net(&self, layers: &[usize]) -> Result<Net, Error> {
        let ends =
            layers.first() == Some(&self.observation.len()) && layers.last() == Some(&self.action.len());
        let net = Net::new(layers.to_vec()).filter(|_| ends);
        net.ok_or_else(|| Error::Network(layers.to_vec()))
    }

    fn same_parts(&self, found: &[Part], net: &Net) -> Result<(), Error> {
        let words = |part: Option<&Part>| {
            part.map_or_else(|| "missing".to_owned(), |part| format!("'{}' of {}", part.name, part.count))
        };
        let network = Part { name: NETWORK.to_owned(), count: net.weights() };
        let expected: Vec<&Part> = self.parts.iter().chain([&network]).collect();
        for place in 0..expected.len().max(found.len()) {
            let (is, should) = (found.get(place), expected.get(place).copied());
            if is != should {
                return Err(Error::Part { place, found: words(is), expected: words(should) });
            }
        }
        Ok(())
    }
}

impl Manifest {
    /// Returns a setting.
    ///
    /// # Errors
    ///
    /// When it is missing or out of range.
    pub fn setting(&self, name: &'static str, least: f64, most: f64) -> Result<f64, Error> {
        let found = self.settings.get(name).copied();
        let words = || found.map_or_else(|| "missing".to_owned(), |value| value.to_string());
        let fits = found.filter(|value| (least..=most).contains(value));
        fits.ok_or_else(|| Error::Setting { name, found: words(), least, most })
    }
}

fn same_fields(row: &'static str, found: &[Field], expected: &[Field]) -> Result<(), Error> {
    let words = |field: Option<&Field>| {
        let Some(Field { name, unit, least, most, normalisation }) = field else {
            return "missing".to_owned();
        };
        format!("'{name}' ({unit}, {least} to {most}, {normalisation})")
    };
    for place in 0..found.len().max(expected.len()) {
        let (is, should) = (found.get(place), expected.get(place));
        if is != should {
            return Err(Error::Schema { row, place, found: words(is), expected: words(should) });
        }
    }
    Ok(())
}

fn read_parts(manifest: &Manifest, numbers: &[u8]) -> Result<Vec<Vec<f32>>, Error> {
    let expected = 4 * manifest.part.iter().map(|part| part.count).sum::<usize>();
    if numbers.len() != expected {
        return Err(Error::Length { found: numbers.len(), expected });
    }
    let (words, _) = numbers.as_chunks::<4>();
    let mut all = words.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let mut parts = Vec::with_capacity(manifest.part.len());
    for part in &manifest.part {
        let row: Vec<f32> = all.by_ref().take(part.count).collect();
        if let Some(place) = row.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite { part: part.name.clone(), place, value: row[place] });
        }
        parts.push(row);
    }
    let found = crc32fast::hash(numbers);
    if format!("{found:08x}") != manifest.crc32 {
        return Err(Error::Checksum { found, expected: manifest.crc32.clone() });
    }
    Ok(parts)
}

/// Returns parts as the bytes of the file of numbers.
pub fn bytes(parts: &[Vec<f32>]) -> Vec<u8> {
    parts.iter().flatten().flat_map(|value| value.to_le_bytes()).collect()
}

/// Returns a checksum as manifests hold it.
pub fn checksum(bytes: &[u8]) -> String {
    let mut text = String::new();
    let _ = write!(text, "{:08x}", crc32fast::hash(bytes));
    text
}

/// Returns a manifest as the text of its file.
pub fn text(manifest: &Manifest) -> String {
    toml::to_string(manifest).expect("a manifest holds strings, numbers and rows of them")
}
