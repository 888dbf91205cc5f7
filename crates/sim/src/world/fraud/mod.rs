//! Who only pretends to listen: twelve families of attack, each with the signature the field knows it by.
//!
//! Two kinds. Most families make requests of their own: their visits come in beside the honest ones, write their traces
//! over the request, and answer an ad as their machines would. Three families fake events instead, on ads that real
//! people were shown (clicks nobody made, conversions that would have come anyway); one, replays, does both.
//!
//! Every attack is carried by publishers, who are paid for what it makes: that is the motive. Everything is drawn under
//! (seed, attack, slice, source), so that an attack shifts no honest draw and two teams meet the very same attacks.
//! An attack's visits and faked events bear its place in [`Visit::attack`]: watchers know the truth, the engine is
//! never told. A bot never converts: a stolen conversion is a real person's, labelled as [`FakeKind::Conversion`].

mod act;
mod click_farm;
mod click_injection;
mod click_spam;
mod cookie_stuffing;
mod datacentre_bots;
mod device_farm;
mod replays;
mod residential_proxies;
mod rotating_user_agents;
mod slow_drip;
mod spoofed_domains;
mod stacked_ads;
mod traces;

use motet_model::request::AdRequest;
use motet_units::{Chance, Span};
use smallvec::SmallVec;

use self::act::{Act, Method, Rhythm};
use super::{Conditions, Visit, World, publishers, visits::SLICE_S};
use crate::{
    dist,
    scenario::{Attack, Family, Scenario},
};

/// Publishers that carry one attack.
const CARRIERS: usize = 2;
/// Marks a visit number as an attack's; honest ones stay below 2^46.
const OURS: u64 = 1 << 51;
/// Attacks of one world, at most: five bits of a visit's number.
pub(crate) const MOST_ATTACKS: usize = 32;

/// The attacks of a world.
#[derive(Clone, Debug)]
pub struct Fraudsters {
    attacks: Vec<Attack>,
    /// The publishers that carry each attack.
    carriers: Vec<SmallVec<[u16; CARRIERS]>>,
    /// The share of honest sessions that each attack's carriers have.
    carried: Vec<f64>,
    /// Requests of an average honest session.
    requests: f64,
    /// The largest publisher: the name worth borrowing.
    largest: u16,
    seed: u64,
}

/// What an attack does with an ad it was served. A bot never converts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Response {
    /// Whether an impression is reported.
    pub renders: bool,
    /// How long after the impression a click is reported, if one is.
    pub click: Option<Span>,
}

/// A faked event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fake {
    /// The attack that fakes it, by its place in the scenario.
    pub attack: u16,
    /// How long after the impression it is reported.
    pub after: Span,
    /// What is reported.
    pub kind: FakeKind,
}

/// What is faked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FakeKind {
    /// A click nobody made.
    Click,
    /// A conversion that would have come anyway, claimed for this ad.
    Conversion,
    /// The bill, sent again.
    BillAgain,
    /// The impression, sent again.
    ImpressionAgain,
}

impl Fraudsters {
    /// Prepares the attacks of a scenario.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let (places, shares) = publishers::places(scenario);
        let all: f64 = shares.iter().sum::<f64>().max(1e-12);
        let spec = |place: usize| &scenario.publishers[usize::from(places[place].spec)];
        let requests = shares.iter().enumerate().map(|(at, share)| share * spec(at).requests_per_session);
        let largest = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]).then(b.cmp(a)));
        let pick = |(at, attack): (usize, &Attack)| -> SmallVec<[u16; CARRIERS]> {
            let named = |place: &usize| attack.publisher.as_ref().is_none_or(|id| spec(*place).id == *id);
            let fit = |place: &usize| named(place) && (attack.publisher.is_some() || !spec(*place).owned);
            let mut fitting: Vec<usize> = (0..places.len()).filter(fit).collect();
            if fitting.is_empty() {
                fitting = (0..places.len()).collect();
            }
            let start = Chance::new(seed, 0).stream("carriers").below(fitting.len() as u64) as usize;
            let nth = |n: usize| fitting[(start + at * CARRIERS + n) % fitting.len()] as u16;
            (0..CARRIERS.min(fitting.len())).map(nth).collect()
        };
        let carriers: Vec<_> = scenario.fraud.iter().enumerate().map(pick).collect();
        let share = |list: &SmallVec<[u16; CARRIERS]>| {
            list.iter().map(|place| shares[usize::from(*place)]).sum::<f64>() / all
        };
        Self {
            carried: carriers.iter().map(share).collect(),
            carriers,
            attacks: scenario.fraud.clone(),
            requests: requests.sum::<f64>() / all,
            largest: largest.unwrap_or(0) as u16,
            seed,
        }
    }

    /// Tells whether there are no attacks.
    pub fn is_empty(&self) -> bool {
        self.attacks.is_empty()
    }

    /// Returns the attacks, in the scenario's order.
    pub fn attacks(&self) -> &[Attack] {
        &self.attacks
    }

    /// Returns an attack by its place in the scenario.
    pub fn attack(&self, place: u16) -> &Attack {
        &self.attacks[usize::from(place)]
    }

    /// Returns the publishers that carry an attack, and are paid for it.
    pub fn carriers(&self, place: u16) -> &[u16] {
        &self.carriers[usize::from(place)]
    }

    /// Tells whether a publisher carries any attack of the scenario.
    pub fn carries(&self, publisher: u16) -> bool {
        self.carriers.iter().any(|list| list.contains(&publisher))
    }

    /// Draws the requests that attacks make in a slice.
    pub fn arrivals(&self, world: &World, slice: u64, conditions: &Conditions, visits: &mut Vec<Visit>) {
        for place in 0..self.attacks.len() as u16 {
            if self.is_on(place, slice as f64 * SLICE_S as f64 / 86_400.0) {
                self.arrivals_of(world, place, slice, conditions, visits);
            }
        }
    }

    fn is_on(&self, place: u16, day: f64) -> bool {
        let attack = self.attack(place);
        attack.from_day <= day && (attack.to_day <= 0.0 || day < attack.to_day)
    }

    fn arrivals_of(
        &self,
        world: &World,
        place: u16,
        slice: u64,
        conditions: &Conditions,
        visits: &mut Vec<Visit>,
    ) {
        let rhythm = method(self.attack(place).family).rhythm();
        let wanted = self.attack(place).share * self.requests;
        let evenly = world.sessions_on_average() * wanted;
        let (rate, at_once, mean) = match rhythm {
            Rhythm::Never => return,
            Rhythm::Awake { requests } => (world.sessions_expected(conditions) * wanted, 1, requests),
            Rhythm::Always { requests } => (evenly, 1, requests),
            Rhythm::Bursts { requests } => (evenly, requests, 1.0),
        };
        let key = OURS | u64::from(place) << 46 | slice << 26;
        let mut draw = Chance::new(self.seed, key).stream("attack arrivals");
        let groups = dist::poisson(&mut draw, rate / (f64::from(at_once) * mean)).min(1 << 10);
        for group in 0..groups {
            let start = draw.unit();
            for nth in 0..u64::from(at_once) {
                // A burst is one machine at work: its requests follow each other within half a minute.
                let share = if at_once == 1 { start } else { (start + draw.unit() * 0.5).min(1.0) };
                let id = key | group << 16 | nth << 6;
                let left = (dist::geometric(&mut draw, mean) - 1).min(59) as u8;
                visits.push(self.visit(world, place, slice, id, share, left));
            }
        }
    }

    fn visit(&self, world: &World, place: u16, slice: u64, id: u64, share: f64, left: u8) -> Visit {
        let begins = world.begins() + Span::from_secs(slice.cast_signed() * SLICE_S);
        let at = begins + Span::from_micros((share * SLICE_S as f64 * 1e6) as i64);
        let mut draw = Chance::new(self.seed, id).stream("attack visit");
        let list = self.carriers(place);
        let publisher = list[draw.below(list.len() as u64) as usize];
        let topics = &world.places[usize::from(publisher)].topics;
        let topic = match topics.len() {
            0 => draw.below(super::topics::all().len() as u64) as u8,
            count => topics[draw.below(count as u64) as usize],
        };
        let day = ((at - world.begins()).micros() / 86_400_000_000) as u32;
        let listener = world.population.draw(&mut draw);
        let mut visit =
            Visit { at, id, listener, publisher, topic, passing: None, day, left, attack: Some(place) };
        let act = self.act(world, &visit, place);
        if let Some(listener) = method(act.attack.family).poses_as(&act) {
            visit.listener = listener;
        }
        visit
    }

    fn act<'a>(&'a self, world: &'a World, visit: &'a Visit, place: u16) -> Act<'a> {
        Act { world, visit, place, attack: self.attack(place), largest: self.largest }
    }

    /// Writes an attack's own traces into a request made for one of its visits.
    pub fn disguise(&self, world: &World, visit: &Visit, request: &mut AdRequest) {
        let Some(place) = visit.attack else { return };
        let act = self.act(world, visit, place);
        method(act.attack.family).disguise(&act, request);
    }

    /// Returns what an attack does with an ad it was served.
    pub fn respond(&self, world: &World, visit: &Visit, imp: u16) -> Response {
        let Some(place) = visit.attack else { return Response { renders: false, click: None } };
        let act = self.act(world, visit, place);
        method(act.attack.family).respond(&act, imp)
    }

    /// Returns the events that attacks fake on an ad shown on a publisher of theirs, whoever saw it.
    pub fn fakes(&self, world: &World, visit: &Visit, imp: u16) -> SmallVec<[Fake; 2]> {
        let mut fakes = SmallVec::new();
        for place in 0..self.attacks.len() as u16 {
            let since = (visit.at - world.begins()).as_secs_f64() / 86_400.0;
            if !self.carriers(place).contains(&visit.publisher) || !self.is_on(place, since) {
                continue;
            }
            // As many events as the attack's share of honest traffic, all on what its carriers show.
            let chance = (self.attack(place).share / self.carried[usize::from(place)].max(1e-12)).min(0.8);
            let act = self.act(world, visit, place);
            let kinds = method(act.attack.family).fakes(&act, imp, chance);
            fakes.extend(kinds.into_iter().map(|(after, kind)| Fake { attack: place, after, kind }));
        }
        fakes
    }
}

fn method(family: Family) -> &'static dyn Method {
    match family {
        Family::DatacentreBots => &datacentre_bots::DatacentreBots,
        Family::RotatingUserAgents => &rotating_user_agents::RotatingUserAgents,
        Family::ClickFarm => &click_farm::ClickFarm,
        Family::ClickInjection => &click_injection::ClickInjection,
        Family::ClickSpam => &click_spam::ClickSpam,
        Family::SpoofedDomains => &spoofed_domains::SpoofedDomains,
        Family::StackedAds => &stacked_ads::StackedAds,
        Family::Replays => &replays::Replays,
        Family::SlowDrip => &slow_drip::SlowDrip,
        Family::DeviceFarm => &device_farm::DeviceFarm,
        Family::ResidentialProxies => &residential_proxies::ResidentialProxies,
        Family::CookieStuffing => &cookie_stuffing::CookieStuffing,
    }
}
