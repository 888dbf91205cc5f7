//! What listeners live through: how many ads they get, and how often the same.

use serde::{Deserialize, Serialize};

use super::Tally;

/// Counts by listener.
#[derive(Clone, Debug)]
pub(super) struct Experience {
    requests: Vec<u32>,
    impressions: Vec<u32>,
}

/// What listeners lived through.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperienceFigures {
    /// Ads for each request (ad load).
    pub ad_load: Option<f64>,
    /// Ads of a campaign the listener still remembered, per ad.
    pub repeat_rate: Option<f64>,
    /// Listeners who came.
    pub listeners: u64,
    /// Ads an average listener who came got.
    pub ads_per_listener: Option<f64>,
    /// Ads the listener at the 95th percentile got.
    pub ads_p95: u32,
}

impl Experience {
    pub(super) fn new(listeners: usize) -> Self {
        Self { requests: vec![0; listeners], impressions: vec![0; listeners] }
    }

    pub(super) fn request(&mut self, listener: u32) {
        self.requests[listener as usize] += 1;
    }

    pub(super) fn impression(&mut self, listener: u32) {
        self.impressions[listener as usize] += 1;
    }

    pub(super) fn figures(&self, all: &Tally) -> ExperienceFigures {
        let came = self.requests.iter().zip(&self.impressions).filter(|(requests, _)| **requests > 0);
        let mut ads: Vec<u32> = came.map(|(_, impressions)| *impressions).collect();
        ads.sort_unstable();
        let requests: u64 = self.requests.iter().map(|count| u64::from(*count)).sum();
        ExperienceFigures {
            ad_load: super::tally::ratio(all.impressions as f64, requests as f64),
            repeat_rate: super::tally::ratio(all.repeated as f64, all.impressions as f64),
            listeners: ads.len() as u64,
            ads_per_listener: super::tally::ratio(all.impressions as f64, ads.len() as f64),
            ads_p95: ads.get(ads.len() * 95 / 100).copied().unwrap_or(0),
        }
    }
}
