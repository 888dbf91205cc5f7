//! Whom and what a campaign reaches, as it is written.

use motet_model::{codes::Code, targeting::Targeting};
use serde::{Deserialize, Serialize};

use super::{
    problem::{At, Problems},
    text::{self, CHANNELS, DEVICES, Read, name_of, one_of},
};

/// Whom and what a campaign reaches. An absent list asks for nothing; a filled one needs any of its entries.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetingSpec {
    /// Places: `DEU`, `DEU/BE`, `DEU/BE/berlin`, `DEU//berlin`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// Places left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded_places: Vec<String>,
    /// `phone`, `tablet`, `computer`, `tv`, `connected`, `screen`, `unknown`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// Operating systems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<String>,
    /// Languages of content or device, ISO 639.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// `site`, `app`, `dooh`, `unknown`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Content categories, each with what lies below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Content categories left out, each with what lies below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded_categories: Vec<String>,
    /// Audience segments as `provider/segment`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<String>,
    /// Audience segments left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded_segments: Vec<String>,
    /// Keywords of content or user.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Domains or bundles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub publishers: Vec<String>,
    /// Deals; a campaign with deals bids on these alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deals: Vec<String>,
    /// Hours in the campaign's clock: `mon-fri 06-10`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dayparts: Vec<String>,
}

fn language(text: &str) -> Read<Code> {
    Code::language(text).ok_or_else(|| format!("must be a language such as en, was '{}'", text::short(text)))
}

fn word(text: &str) -> Read<String> {
    if (1..=200).contains(&text.len()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err("must have 1 to 200 characters, none of them a control character".to_owned())
}

fn lower(text: &str) -> Read<String> {
    word(text).map(|word| word.to_lowercase())
}

impl TargetingSpec {
    pub(super) fn read(&self, at: &At<'_>, problems: &mut Problems) -> Targeting {
        Targeting {
            places: problems.list(at, "places", &self.places, text::read_place),
            excluded_places: problems.list(at, "excluded_places", &self.excluded_places, text::read_place),
            devices: problems.list(at, "devices", &self.devices, |text| one_of(text, &DEVICES)),
            systems: problems.list(at, "systems", &self.systems, lower),
            languages: problems.list(at, "languages", &self.languages, language),
            channels: problems.list(at, "channels", &self.channels, |text| one_of(text, &CHANNELS)),
            categories: problems.categories(at, "categories", &self.categories),
            excluded_categories: problems.categories(at, "excluded_categories", &self.excluded_categories),
            segments: problems.list(at, "segments", &self.segments, word),
            excluded_segments: problems.list(at, "excluded_segments", &self.excluded_segments, word),
            keywords: problems.list(at, "keywords", &self.keywords, lower),
            publishers: problems.list(at, "publishers", &self.publishers, lower),
            deals: problems.list(at, "deals", &self.deals, word),
            dayparts: problems.list(at, "dayparts", &self.dayparts, text::read_daypart),
        }
    }

    pub(super) fn of(targeting: &Targeting) -> Option<Self> {
        fn texts<T: ToString>(list: &[T]) -> Vec<String> {
            list.iter().map(ToString::to_string).collect()
        }
        if *targeting == Targeting::default() {
            return None;
        }
        Some(Self {
            places: targeting.places.iter().map(text::place_text).collect(),
            excluded_places: targeting.excluded_places.iter().map(text::place_text).collect(),
            devices: targeting.devices.iter().map(|device| name_of(device, &DEVICES)).collect(),
            systems: targeting.systems.clone(),
            languages: texts(&targeting.languages),
            channels: targeting.channels.iter().map(|channel| name_of(channel, &CHANNELS)).collect(),
            categories: texts(&targeting.categories),
            excluded_categories: texts(&targeting.excluded_categories),
            segments: targeting.segments.clone(),
            excluded_segments: targeting.excluded_segments.clone(),
            keywords: targeting.keywords.clone(),
            publishers: targeting.publishers.clone(),
            deals: targeting.deals.clone(),
            dayparts: targeting.dayparts.iter().copied().map(text::daypart_text).collect(),
        })
    }
}
