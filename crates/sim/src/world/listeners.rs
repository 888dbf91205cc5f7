//! Who the listeners are. A listener is drawn from (seed, number) alone; what changes about one (tiredness, drifted
//! interests) is kept apart, in [`Memory`].

use motet_model::{ids::UserKey, request::DeviceKind};
use motet_units::{Chance, Stream};
use smallvec::SmallVec;

use super::topics;
use crate::{
    dist::{self, Alias},
    scenario::{self, Click, Drift, Fatigue, Interests, Scenario},
};

/// What a listener permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Identity may be used.
    Granted,
    /// Under the GDPR, without consent.
    Refused,
    /// The device limits tracking.
    Limited,
    /// A child.
    Child,
}

/// One listener.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The key an exchange would know them by.
    pub key: UserKey,
    /// Lasting interests: topic and weight in (0, 1].
    pub interests: SmallVec<[(u8, f32); 4]>,
    /// Their inclination to click, relative to the average.
    pub inclination: f32,
    /// The place of their country in the scenario's list.
    pub country: u8,
    /// The place of their device in [`DEVICES`].
    pub device: u8,
    /// What they permit.
    pub permission: Permission,
}

/// A real browser or app as it calls itself.
#[derive(Clone, Copy, Debug)]
pub struct DeviceModel {
    /// What it is.
    pub kind: DeviceKind,
    /// Its user agent string.
    pub user_agent: &'static str,
    /// Its operating system, lower case.
    pub os: &'static str,
}

/// The devices of the world. An assumption: a short list of common ones, whose versions do not change during a run.
pub const DEVICES: [DeviceModel; 8] = [
    DeviceModel {
        kind: DeviceKind::Computer,
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
        os: "windows",
    },
    DeviceModel {
        kind: DeviceKind::Phone,
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        os: "ios",
    },
    DeviceModel {
        kind: DeviceKind::Phone,
        user_agent: "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
        os: "android",
    },
    DeviceModel {
        kind: DeviceKind::Computer,
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        os: "macos",
    },
    DeviceModel {
        kind: DeviceKind::Tablet,
        user_agent: "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        os: "ios",
    },
    DeviceModel {
        kind: DeviceKind::Phone,
        user_agent: "Mozilla/5.0 (Linux; Android 13; SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Mobile Safari/537.36",
        os: "android",
    },
    DeviceModel {
        kind: DeviceKind::Computer,
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
        os: "windows",
    },
    DeviceModel {
        kind: DeviceKind::Tv,
        user_agent: "Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/7.0 TV Safari/537.36",
        os: "tizen",
    },
];

/// All listeners of a world.
#[derive(Clone, Debug)]
pub struct Population {
    listeners: Vec<Listener>,
    by_activity: Alias,
    seed: u64,
    interests: Interests,
    drift: Drift,
    fatigue: Fatigue,
}

impl Population {
    /// Draws the listeners of a scenario.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let spec = &scenario.listeners;
        let devices = device_draw(spec);
        let inclination = match scenario.outcomes.click {
            Click::Interest { inclination_sigma, .. } => inclination_sigma,
            Click::Flat => 0.0,
        };
        let mut activity = Vec::with_capacity(spec.count as usize);
        let listeners = (0..spec.count)
            .map(|number| {
                let mut draw = Chance::new(seed, u64::from(number)).stream("listener");
                activity.push(dist::log_normal(&mut draw, 1.0, spec.activity_sigma));
                draw_listener(spec, &devices, inclination, &mut draw)
            })
            .collect();
        Self {
            listeners,
            by_activity: Alias::new(&activity),
            seed,
            interests: spec.interests.clone(),
            drift: spec.drift,
            fatigue: spec.fatigue,
        }
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.listeners.len()
    }

    /// Tells whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    /// Returns a listener by number.
    pub fn get(&self, number: u32) -> &Listener {
        &self.listeners[number as usize]
    }

    /// Draws who comes next, the active ones more often.
    pub fn draw(&self, stream: &mut Stream) -> u32 {
        self.by_activity.draw(stream) as u32
    }

    /// Returns the model of interests.
    pub const fn interests(&self) -> &Interests {
        &self.interests
    }

    /// Returns how interested a listener is in a topic on a day, in [0, 1]; a passing interest counts fully.
    pub fn interest(&self, number: u32, day: u32, passing: Option<u8>, topic: u8) -> f64 {
        if passing == Some(topic) {
            return 1.0;
        }
        let listener = self.get(number);
        let lasting = listener.interests.iter().enumerate();
        let held = lasting.filter(|(place, _)| self.topic_on(number, *place, day) == topic);
        held.map(|(_, (_, weight))| f64::from(*weight)).fold(0.0, f64::max)
    }

    /// Returns the topic that stands at a place of a listener's interests on a day, after drift.
    pub fn topic_on(&self, number: u32, place: usize, day: u32) -> u8 {
        let original = self.get(number).interests[place].0;
        let Drift::Replace { per_day } = self.drift else { return original };
        // The last day on which this place was replaced decides; days are looked at from the newest.
        for past in (1..=day).rev() {
            let key = (u64::from(number) << 20) ^ u64::from(past);
            let mut draw = Chance::new(self.seed, key).stream("drift");
            let places = self.get(number).interests.len() as u64;
            if draw.unit() < per_day && draw.below(places) == place as u64 {
                return draw.below(topics::all().len() as u64) as u8;
            }
        }
        original
    }

    /// Returns what tiredness leaves of the chance to click.
    pub fn freshness(&self, memory: &Memory, campaign: u32, now_s: u32) -> f64 {
        let Fatigue::Exposure { keeps, half_life_h, attention_keeps } = self.fatigue else { return 1.0 };
        let same = memory.exposures(campaign, now_s, half_life_h);
        let any = memory.all_exposures(now_s, half_life_h);
        libm::exp(same * libm::log(keeps) + any * libm::log(attention_keeps))
    }

    /// Remembers that a listener saw a campaign.
    pub fn expose(&self, memory: &mut Memory, campaign: u32, now_s: u32) {
        let half_life_h = match self.fatigue {
            Fatigue::Exposure { half_life_h, .. } => half_life_h,
            Fatigue::None => 24.0,
        };
        memory.expose(campaign, now_s, half_life_h);
    }
}

fn device_draw(spec: &scenario::Listeners) -> Alias {
    let share = |kind: DeviceKind| {
        let alike = DEVICES.iter().filter(|device| device.kind == kind).count() as f64;
        let stated = spec.devices.iter().find(|share| share.kind == kind);
        stated.map_or(0.0, |share| share.share / alike)
    };
    let weights: Vec<f64> = DEVICES.iter().map(|device| share(device.kind)).collect();
    Alias::new(&weights)
}

fn draw_listener(
    spec: &scenario::Listeners,
    devices: &Alias,
    inclination_sigma: f64,
    draw: &mut Stream,
) -> Listener {
    let permission = {
        let (u, consent) = (draw.unit(), spec.consent);
        if u < consent.refused {
            Permission::Refused
        } else if u < consent.refused + consent.limited {
            Permission::Limited
        } else if u < consent.refused + consent.limited + consent.child {
            Permission::Child
        } else {
            Permission::Granted
        }
    };
    let skewed = draw.unit() * draw.unit();
    // Mean 1 whatever the spread, so that the slots' click rates stay the average.
    let median = libm::exp(-0.5 * inclination_sigma * inclination_sigma);
    Listener {
        key: UserKey(draw.bits()),
        inclination: dist::log_normal(draw, median, inclination_sigma) as f32,
        country: (skewed * spec.countries.len() as f64) as u8,
        device: devices.draw(draw) as u8,
        permission,
        interests: draw_interests(&spec.interests, draw),
    }
}

fn draw_interests(model: &Interests, draw: &mut Stream) -> SmallVec<[(u8, f32); 4]> {
    let Interests::Latent { topics: count, .. } = model else { return SmallVec::new() };
    let known = topics::all().len() as u64;
    let mut interests: SmallVec<[(u8, f32); 4]> = SmallVec::new();
    for _ in 0..*count {
        // The square makes some topics popular and others rare.
        let topic = (draw.unit() * draw.unit() * known as f64) as u8;
        let weight = (0.3 + 0.7 * draw.unit()) as f32;
        if !interests.iter().any(|(held, _)| *held == topic) {
            interests.push((topic, weight));
        }
    }
    interests
}

/// What a listener has seen of late: the last few campaigns, with exposures that fade.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    seen: [Seen; 4],
    all: f32,
    all_at_s: u32,
    /// Impressions ever.
    pub impressions: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    campaign: u32,
    exposures: f32,
    at_s: u32,
}

fn faded(exposures: f32, at_s: u32, now_s: u32, half_life_h: f64) -> f64 {
    if exposures == 0.0 {
        return 0.0;
    }
    let hours = f64::from(now_s.saturating_sub(at_s)) / 3_600.0;
    f64::from(exposures) * libm::exp2(-hours / half_life_h)
}

impl Memory {
    fn place(&self, campaign: u32) -> Option<usize> {
        self.seen.iter().position(|seen| seen.exposures > 0.0 && seen.campaign == campaign)
    }

    fn exposures(&self, campaign: u32, now_s: u32, half_life_h: f64) -> f64 {
        let Some(place) = self.place(campaign) else { return 0.0 };
        faded(self.seen[place].exposures, self.seen[place].at_s, now_s, half_life_h)
    }

    fn all_exposures(&self, now_s: u32, half_life_h: f64) -> f64 {
        faded(self.all, self.all_at_s, now_s, half_life_h)
    }

    /// Tells whether a campaign is among the last few seen.
    pub fn remembers(&self, campaign: u32) -> bool {
        self.place(campaign).is_some()
    }

    fn expose(&mut self, campaign: u32, now_s: u32, half_life_h: f64) {
        let before = self.exposures(campaign, now_s, half_life_h);
        let oldest = (0..self.seen.len()).min_by_key(|place| (self.seen[*place].at_s, *place)).unwrap_or(0);
        let place = self.place(campaign).unwrap_or(oldest);
        self.seen[place] = Seen { campaign, exposures: (before + 1.0) as f32, at_s: now_s };
        self.all = (self.all_exposures(now_s, half_life_h) + 1.0) as f32;
        self.all_at_s = now_s;
        self.impressions += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposures_fade_by_half_in_their_half_life() {
        let mut memory = Memory::default();
        memory.expose(7, 1_000, 1.0);
        assert!((memory.exposures(7, 1_000 + 3_600, 1.0) - 0.5).abs() < 1e-6);
        assert!(memory.exposures(8, 1_000, 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_longest_unseen_campaign_is_forgotten_first() {
        let mut memory = Memory::default();
        for campaign in 0..5 {
            memory.expose(campaign, 100 + campaign, 24.0);
        }
        assert!(!memory.remembers(0) && memory.remembers(1) && memory.remembers(4));
    }
}
