//! Who listens: how many, how often, with what interests, on what devices, and what they permit.

use motet_model::request::DeviceKind;
use serde::{Deserialize, Serialize};

use super::Traffic;

/// The listeners.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listeners {
    /// How many there are.
    pub count: u32,
    /// Sessions an average listener has in a day.
    pub sessions_per_day: f64,
    /// How unlike listeners are in activity: the standard deviation of its logarithm.
    #[serde(default = "default_spread")]
    pub activity_sigma: f64,
    /// When they come.
    pub traffic: Traffic,
    /// What they are interested in.
    #[serde(default)]
    pub interests: Interests,
    /// How interests change.
    #[serde(default)]
    pub drift: Drift,
    /// How they tire of an ad.
    #[serde(default)]
    pub fatigue: Fatigue,
    /// What they permit.
    #[serde(default)]
    pub consent: Consent,
    /// On what they listen.
    #[serde(default)]
    pub devices: Vec<DeviceShare>,
    /// Countries (ISO 3166 alpha-3) they live in, the first ones more of them.
    #[serde(default = "default_countries")]
    pub countries: Vec<String>,
}

const fn default_spread() -> f64 {
    1.0
}

fn default_countries() -> Vec<String> {
    ["GBR", "DEU", "USA", "FRA"].map(str::to_owned).to_vec()
}

/// What a listener is interested in, by the name of its model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum Interests {
    /// A few topics each, with uneven weights; what they open follows them part of the time.
    Latent {
        /// Topics of lasting interest, 1 to 4.
        topics: u8,
        /// The share of sessions led by an interest rather than by what the publisher happens to show.
        led: f64,
        /// The share of sessions with a passing interest that counts as much as a lasting one while it lasts.
        passing: f64,
    },
    /// Nobody prefers anything.
    None,
}

impl Default for Interests {
    fn default() -> Self {
        Self::Latent { topics: 3, led: 0.6, passing: 0.15 }
    }
}

/// How lasting interests change, by the name of its model.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum Drift {
    /// They do not.
    #[default]
    None,
    /// Each day one of a listener's topics is replaced with this chance.
    Replace {
        /// The chance in a day.
        per_day: f64,
    },
}

/// How a listener tires of a campaign, by the name of its model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fatigue {
    /// They do not.
    None,
    /// Each exposure multiplies the chance of a click; exposures are forgotten with a half-life. Other ads tire a little
    /// too: attention falls with all ads seen of late.
    Exposure {
        /// What each remembered exposure to the same campaign multiplies the click chance by, in (0, 1].
        keeps: f64,
        /// Hours after which half of an exposure is forgotten.
        half_life_h: f64,
        /// What each remembered ad of any kind multiplies the click chance by, in (0, 1].
        attention_keeps: f64,
    },
}

impl Default for Fatigue {
    fn default() -> Self {
        Self::Exposure { keeps: 0.85, half_life_h: 24.0, attention_keeps: 0.995 }
    }
}

/// What listeners permit, as shares; what is left over permits identity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Under the GDPR without consent: no identity.
    pub refused: f64,
    /// Devices that limit tracking: no identity.
    pub limited: f64,
    /// Children's content or devices: no identity, no profile.
    pub child: f64,
}

impl Default for Consent {
    fn default() -> Self {
        Self { refused: 0.12, limited: 0.15, child: 0.02 }
    }
}

/// A share of listeners on one kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceShare {
    /// The kind.
    pub kind: DeviceKind,
    /// Its weight.
    pub share: f64,
}
