//! Where ads are shown: the publishers of a world, and the requests their pages and players make.

use std::fmt::Write as _;

use motet_engine::{Event, SealedRequest};
use motet_model::{
    codes::{Code, Mimes},
    request::{
        Access, AdRequest, Banner, Blocks, Channel, CurrencyRate, Device, Durations, Geo, Imp, Inventory,
        Media, Mode, Native, NativeAsset, NativeAssetKind, Need, Oddities, Ownership, Placement, Pricing,
        Privacy, Security, SupplyChain, Timed, User,
    },
};
use motet_units::{Chance, CpmMicros, Stream};

use super::{
    Visit, World, addresses,
    campaigns::SIZES,
    listeners::{DEVICES, Listener, Permission},
    topics,
};
use crate::{
    dist,
    scenario::{Floor, Medium, Publisher, Scenario},
};

/// One publisher.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its place in the scenario.
    pub spec: u16,
    /// Its id.
    pub id: String,
    /// What it is about; empty means everything.
    pub topics: Vec<u8>,
}

/// Lists the publishers of a scenario, one by one, with their shares of sessions.
pub(super) fn places(scenario: &Scenario) -> (Vec<Place>, Vec<f64>) {
    let (mut places, mut shares) = (Vec::new(), Vec::new());
    for (spec, publisher) in scenario.publishers.iter().enumerate() {
        let topics: Vec<u8> = publisher.topics.iter().filter_map(|name| topics::by_name(name)).collect();
        for number in 0..publisher.count {
            let id = if publisher.count == 1 {
                publisher.id.clone()
            } else {
                format!("{}-{number}", publisher.id)
            };
            // The first of its kind is the largest: shares fall as 1 / (n + 1).
            shares.push(publisher.share / f64::from(number + 1) / harmonic(publisher.count));
            places.push(Place { spec: spec as u16, id, topics: topics.clone() });
        }
    }
    (places, shares)
}

fn harmonic(count: u16) -> f64 {
    (1..=count).map(|n| 1.0 / f64::from(n)).sum()
}

/// Makes requests. One event is kept for each publisher and written over, so that a request costs no allocation.
#[derive(Debug)]
pub struct Forge {
    events: Vec<Event>,
    /// Publishers whose request bears an attack's traces, which a plain one does not write over.
    disguised: Vec<bool>,
    countries: Vec<Code>,
}

impl Forge {
    /// Prepares a request of every publisher.
    pub fn new(world: &World) -> Self {
        let blank = |place: &Place| {
            let request = template(&world.scenario.publishers[usize::from(place.spec)], place);
            Event::Requested(Box::new(SealedRequest::unsealed(request)))
        };
        let countries = world.scenario.listeners.countries.iter();
        Self {
            events: world.places.iter().map(blank).collect(),
            disguised: vec![false; world.places.len()],
            countries: countries.filter_map(|country| Code::country(country)).collect(),
        }
    }

    /// Writes the request of a visit and returns the event that holds it. `topic` is what the content is said to be about.
    pub fn write(&mut self, world: &World, visit: &Visit, topic: u8) -> &mut Event {
        let place = usize::from(visit.publisher);
        let spec = &world.scenario.publishers[usize::from(world.places[place].spec)];
        let event = &mut self.events[place];
        let Event::Requested(sealed) = event else { unreachable!("the forge holds requests alone") };
        if std::mem::replace(&mut self.disguised[place], visit.attack.is_some()) {
            sealed.request = template(spec, &world.places[place]);
        }
        // What it stands for is fully named by the visit, so the visit is digest enough.
        sealed.digest = visit.id;
        let request = &mut sealed.request;
        request.id.clear();
        write!(request.id, "{:x}", visit.id).expect("a String takes any text");
        write_imps(world.seed, spec, visit, &mut request.imps);
        request.inventory.categories.clear();
        request.inventory.categories.push(topics::all()[usize::from(topic)].category);
        let listener = world.population.get(visit.listener);
        write_device(&mut request.device, listener, &self.countries);
        request.device.ip = Some(addresses::of(listener, visit.id, world.population.len()));
        write_user(request, listener);
        request.oddities = Oddities::default();
        event
    }

    /// Returns the request last written for a publisher.
    pub fn request(&self, publisher: u16) -> &AdRequest {
        match &self.events[usize::from(publisher)] {
            Event::Requested(sealed) => &sealed.request,
            _ => unreachable!("the forge holds requests alone"),
        }
    }
}

/// Draws how many slots a request has: the average's whole part, and one more as often as its fraction says.
fn slots(spec: &Publisher, draw: &mut Stream) -> usize {
    let whole = spec.slots as usize;
    whole + usize::from(draw.unit() < spec.slots - whole as f64)
}

fn write_imps(seed: u64, spec: &Publisher, visit: &Visit, imps: &mut Vec<Imp>) {
    let mut draw = Chance::new(seed, visit.id).stream("slots");
    let count = slots(spec, &mut draw);
    imps.truncate(count);
    while imps.len() < count {
        let imp = Imp { id: (imps.len() + 1).to_string(), ..imps[0].clone() };
        imps.push(imp);
    }
    for imp in imps {
        imp.floor = draw_floor(&spec.floor, &mut draw);
    }
}

fn draw_floor(floor: &Floor, draw: &mut Stream) -> CpmMicros {
    match floor {
        Floor::None => CpmMicros::ZERO,
        Floor::Fixed { cpm } => CpmMicros::from_units(*cpm),
        Floor::LogNormal { median_cpm, sigma } => {
            CpmMicros::from_units(dist::log_normal(draw, *median_cpm, *sigma))
        }
        Floor::Quantiles { none, cpm } => {
            let (has, share) = (draw.unit(), draw.unit());
            if has < *none { CpmMicros::ZERO } else { CpmMicros::from_units(dist::between(cpm, share)) }
        }
    }
}

fn write_device(device: &mut Device, listener: &Listener, countries: &[Code]) {
    let model = DEVICES[usize::from(listener.device)];
    device.kind = model.kind;
    write_text(&mut device.user_agent, model.user_agent);
    write_text(&mut device.os, model.os);
    device.geo.country = countries.get(usize::from(listener.country)).copied();
}

/// Overwrites a text in place.
pub(super) fn write_text(text: &mut Option<String>, with: &str) {
    match text {
        Some(old) => {
            old.clear();
            old.push_str(with);
        }
        None => *text = Some(with.to_owned()),
    }
}

fn write_user(request: &mut AdRequest, listener: &Listener) {
    let permission = listener.permission;
    request.user.key = (permission == Permission::Granted).then_some(listener.key);
    request.privacy.gdpr = Some(permission == Permission::Refused);
    request.privacy.limit_tracking = permission == Permission::Limited;
    request.privacy.coppa = permission == Permission::Child;
    request.privacy.child = permission == Permission::Child;
}

fn template(spec: &Publisher, place: &Place) -> AdRequest {
    let app = spec.medium == Medium::Audio;
    let name = format!("{}.example", place.id);
    AdRequest {
        id: String::new(),
        imps: vec![imp(spec.medium)],
        inventory: Inventory {
            channel: if app { Channel::App } else { Channel::Site },
            ownership: if spec.owned { Ownership::Owned } else { Ownership::Exchange },
            id: Some(place.id.clone()),
            domain: (!app).then(|| name.clone()),
            bundle: app.then_some(name),
            publisher: Some(place.id.clone()),
            language: Code::language("en"),
            ..Inventory::default()
        },
        device: Device { geo: Geo::default(), language: Code::language("en"), ..Device::default() },
        user: User::default(),
        privacy: Privacy::default(),
        blocks: Blocks::default(),
        pricing: if spec.second_price { Pricing::SecondPrice } else { Pricing::FirstPrice },
        currency: CurrencyRate {
            code: Code::currency("USD").expect("three letters"),
            nanos_per_unit: 1_000_000_000,
        },
        languages: smallvec::SmallVec::new(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}

fn imp(medium: Medium) -> Imp {
    Imp {
        id: "1".to_owned(),
        media: media(medium),
        floor: CpmMicros::ZERO,
        deals: Vec::new(),
        access: Access::Open,
        secure: Security::HttpsOnly,
        tag: None,
        expiry: None,
        quantity_millis: 1_000,
        placement: Placement::Ordinary,
        metric_viewability: None,
    }
}

fn media(medium: Medium) -> Media {
    let timed = |mime: &str| Timed {
        mimes: Mimes::of(mime).expect("a mime type the model knows"),
        durations: Durations::Between { least: 5, most: 60 },
        ..Timed::default()
    };
    match medium {
        Medium::Audio => Media { audio: Some(timed("audio/mpeg")), ..Media::default() },
        Medium::Video => Media { video: Some(timed("video/mp4")), ..Media::default() },
        Medium::Banner => {
            let banner = Banner { sizes: SIZES.into_iter().collect(), position: 1, ..Banner::default() };
            Media { banner: Some(banner), ..Media::default() }
        }
        Medium::Native => {
            let title =
                NativeAsset { id: 1, need: Need::Required, kind: NativeAssetKind::Title { length: 90 } };
            let native = Native { assets: vec![title], ..Native::default() };
            Media { native: Some(native), ..Media::default() }
        }
    }
}
