//! What comes of an impression, and when it is known.

use serde::{Deserialize, Serialize};

use crate::dist::Delay;

/// What comes of an impression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outcomes {
    /// The share of wins that are rendered.
    pub rendered: f64,
    /// From the auction to its notice and the bill.
    pub notice_delay: Delay,
    /// From the auction to the impression.
    pub render_delay: Delay,
    /// What makes a click.
    pub click: Click,
    /// From impression to click.
    pub click_delay: Delay,
    /// What makes a conversion.
    pub conversion: Conversion,
    /// From click to conversion.
    pub conversion_delay: Delay,
    /// From conversion to its report.
    pub report_delay: Delay,
}

impl Default for Outcomes {
    fn default() -> Self {
        Self {
            rendered: 0.93,
            notice_delay: Delay::LogNormal { median_s: 0.15, sigma: 0.5 },
            render_delay: Delay::LogNormal { median_s: 1.5, sigma: 0.8 },
            click: Click::default(),
            click_delay: Delay::LogNormal { median_s: 8.0, sigma: 1.0 },
            conversion: Conversion::default(),
            conversion_delay: Delay::LogNormal { median_s: 1_800.0, sigma: 1.8 },
            report_delay: Delay::Exponential { mean_s: 60.0 },
        }
    }
}

/// What makes a click, by the name of its model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum Click {
    /// The slot's rate × the creative's quality × the listener's inclination × e^(gain × interest) × what fatigue leaves.
    Interest {
        /// How strongly interest in the ad's topic raises the chance: at 1.5 a full interest multiplies it by 4.5.
        gain: f64,
        /// How unlike listeners are in inclination to click: the standard deviation of its logarithm.
        inclination_sigma: f64,
    },
    /// The slot's rate × the creative's quality × what fatigue leaves: nobody prefers anything.
    Flat,
}

impl Default for Click {
    fn default() -> Self {
        Self::Interest { gain: 1.5, inclination_sigma: 0.5 }
    }
}

/// What makes a conversion, by the name of its model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum Conversion {
    /// The campaign's rate × e^(gain × interest); sales are log-normal around the campaign's worth.
    Interest {
        /// How strongly interest in the ad's topic raises the chance.
        gain: f64,
        /// The standard deviation of a sale's logarithm.
        sale_sigma: f64,
    },
    /// The campaign's rate.
    Flat,
}

impl Default for Conversion {
    fn default() -> Self {
        Self::Interest { gain: 0.5, sale_sigma: 0.5 }
    }
}
