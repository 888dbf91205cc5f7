//! Who only pretends to listen.

use serde::{Deserialize, Serialize};

/// One attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// Its family.
    pub family: Family,
    /// Its requests, as a share of the honest ones.
    pub share: f64,
    /// The day it begins, counted from the first.
    #[serde(default)]
    pub from_day: f64,
    /// The day it ends; 0 means never.
    #[serde(default)]
    pub to_day: f64,
    /// How many sources it works from (machines, accounts, phones).
    #[serde(default = "default_sources")]
    pub sources: u32,
    /// The publishers that carry it and are paid for it, by their id in the scenario; two of them are drawn. `None` draws
    /// among all that are not owned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
}

const fn default_sources() -> u32 {
    50
}

/// The families of attack, each with its own signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Browsers run in datacentres.
    DatacentreBots,
    /// One machine under ever new user agents.
    RotatingUserAgents,
    /// People paid to click.
    ClickFarm,
    /// Clicks put in just before a conversion that would have come anyway.
    ClickInjection,
    /// Clicks nobody made, in bulk, hoping that something converts.
    ClickSpam,
    /// Cheap inventory sold under a known name.
    SpoofedDomains,
    /// Several ads in one place, one of them seen.
    StackedAds,
    /// Requests and notices recorded and sent again.
    Replays,
    /// Few requests from many sources, under every rate limit.
    SlowDrip,
    /// Racks of real phones.
    DeviceFarm,
    /// Bots behind home connections.
    ResidentialProxies,
    /// Cookies of listeners who were never there.
    CookieStuffing,
}

impl Family {
    /// All families.
    pub const ALL: [Self; 12] = [
        Self::DatacentreBots,
        Self::RotatingUserAgents,
        Self::ClickFarm,
        Self::ClickInjection,
        Self::ClickSpam,
        Self::SpoofedDomains,
        Self::StackedAds,
        Self::Replays,
        Self::SlowDrip,
        Self::DeviceFarm,
        Self::ResidentialProxies,
        Self::CookieStuffing,
    ];

    /// Returns the snake-case name used in scenarios and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DatacentreBots => "datacentre_bots",
            Self::RotatingUserAgents => "rotating_user_agents",
            Self::ClickFarm => "click_farm",
            Self::ClickInjection => "click_injection",
            Self::ClickSpam => "click_spam",
            Self::SpoofedDomains => "spoofed_domains",
            Self::StackedAds => "stacked_ads",
            Self::Replays => "replays",
            Self::SlowDrip => "slow_drip",
            Self::DeviceFarm => "device_farm",
            Self::ResidentialProxies => "residential_proxies",
            Self::CookieStuffing => "cookie_stuffing",
        }
    }
}
