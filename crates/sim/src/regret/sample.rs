//! Samples slots of a run, with everything hindsight needs to know of them.

use motet_engine::Engine;
use motet_model::{
    catalog::Catalog,
    decision::{ImpDecision, NoBidReason},
    eligibility,
    ids::CampaignIx,
    request::{AdRequest, Pricing},
    taxonomy,
};
use motet_units::{Chance, CpmMicros, Nanos};

use super::{
    RegretReport,
    split::{Done, Slot, split},
};
use crate::{
    run::{Auctioned, Decided, Watch, Winner},
    world::{Visit, World},
};

/// Slots kept, at most; fewer where there are many campaigns.
const MOST_SLOTS: f64 = 20_000.0;
/// Candidates looked at in all, at most.
const MOST_CANDIDATES: f64 = 4_000_000.0;

/// Watches a run and keeps a sample of its honest slots.
#[derive(Debug)]
pub struct Sampler<'w> {
    world: &'w World,
    share: f64,
    slots: Vec<Slot>,
    /// The sampled slots of the decision just made, by their place in the request.
    open: Vec<(u16, Open)>,
    days: u32,
}

/// A sampled slot whose auction is still to be held.
#[derive(Debug)]
struct Open {
    /// Campaigns that could be shown, with the true worth of an auction won.
    worths: Vec<(CampaignIx, f64)>,
    done: NotYet,
}

#[derive(Clone, Copy, Debug)]
enum NotYet {
    NoBid(Done),
    Bid { estimate: f64 },
}

impl<'w> Sampler<'w> {
    /// Prepares to sample a run of some days.
    pub fn new(world: &'w World, days: u32) -> Self {
        let scenario = &world.scenario;
        let mean = |of: fn(&crate::scenario::Publisher) -> f64| {
            let shares: f64 = scenario.publishers.iter().map(|p| p.share).sum();
            scenario.publishers.iter().map(|p| p.share * of(p)).sum::<f64>() / shares.max(1e-12)
        };
        let sessions =
            f64::from(scenario.listeners.count) * scenario.listeners.sessions_per_day * f64::from(days);
        let expected = sessions * mean(|p| p.requests_per_session * p.slots);
        let most = MOST_SLOTS.min(MOST_CANDIDATES / (world.campaigns.truth.len() as f64).max(1.0));
        Self { world, share: (most / expected.max(1.0)).min(1.0), slots: Vec::new(), open: Vec::new(), days }
    }

    /// Works out the optimum of the sample and splits the regret.
    pub fn finish(&self) -> RegretReport {
        let day_budget = |place: usize| {
            let daily = self.world.campaigns.truth[place].daily_budget.as_f64();
            Nanos::new((daily * self.share) as i64)
        };
        let campaigns = self.world.campaigns.truth.len();
        let budgets: Vec<Nanos> =
            (0..self.days.max(1) as usize * campaigns).map(|place| day_budget(place % campaigns)).collect();
        split(&self.slots, &budgets, self.share)
    }

    fn is_sampled(&self, visit: &Visit, place: u16) -> bool {
        let mut draw = Chance::new(self.world.seed, visit.slot(place)).stream("regret sample");
        visit.attack.is_none() && visit.day < self.days && draw.unit() < self.share
    }

    fn worths(&self, decided: &Decided<'_>, place: u16) -> Vec<(CampaignIx, f64)> {
        let catalog = decided.engine.catalog();
        let (world, visit) = (self.world, decided.visit);
        let now_s = ((visit.at - world.begins()).micros() / 1_000_000) as u32;
        let rendered = world.scenario.outcomes.rendered;
        let mut worths = Vec::new();
        for (ix, entry) in catalog.campaigns() {
            let campaign = &entry.campaign;
            let offset = campaign.flight.utc_offset;
            if !campaign.flight.covers(visit.at)
                || !campaign.targeting.admits(decided.request, visit.at, offset, taxonomy::parent)
            {
                continue;
            }
            let p_conversion = world.p_conversion(visit, ix);
            let of = |creative| {
                let p_click = world.p_click(visit, creative, decided.memory, now_s);
                rendered * world.worth(ix, p_click, p_conversion)
            };
            let fitting = entry.creatives.iter().filter(|c| fits(&catalog, **c, decided.request, place));
            let best = fitting.map(|creative| of(*creative)).fold(f64::NEG_INFINITY, f64::max);
            if best > 0.0 {
                worths.push((ix, best));
            }
        }
        worths
    }

    fn close(&mut self, open: &Open, auctioned: &Auctioned<'_>, request: Facts) {
        let world = self.world;
        let rendered = world.scenario.outcomes.rendered;
        let floor = auctioned.imp.floor;
        let least = least_price(request, auctioned.competition.best, floor).as_f64() * rendered;
        let first = auctioned.visit.day * world.campaigns.truth.len() as u32;
        let worth_of = |campaign: CampaignIx| {
            open.worths.iter().find(|(ix, _)| *ix == campaign).map_or(0.0, |(_, worth)| *worth)
        };
        let done = match (open.done, auctioned.bid) {
            (NotYet::Bid { estimate }, Some(bid)) => Done::Bid {
                campaign: first + bid.campaign.0,
                worth: worth_of(bid.campaign),
                estimate: estimate * rendered,
                least,
                paid: (auctioned.winner == Winner::Ours).then(|| auctioned.price.as_f64() * rendered),
                propensity: bid.propensity.get(),
            },
            (NotYet::NoBid(done), _) => done,
            (NotYet::Bid { .. }, None) => Done::NoBid,
        };
        let worthwhile = open.worths.iter().filter(|(_, worth)| *worth > least);
        let candidates = worthwhile.map(|(ix, worth)| (first + ix.0, *worth, least)).collect();
        self.slots.push(Slot { candidates, done });
    }
}

/// What of a request sets the price.
#[derive(Clone, Copy, Debug)]
struct Facts {
    owned: bool,
    pricing: Pricing,
}

/// Returns the lowest price that would have won, per impression in CPM micros, which are nanos.
fn least_price(facts: Facts, rival: CpmMicros, floor: CpmMicros) -> CpmMicros {
    if facts.owned {
        return floor;
    }
    match facts.pricing {
        Pricing::FirstPrice => rival.next_up().max(floor),
        Pricing::SecondPrice => rival.max(floor),
    }
}

fn fits(catalog: &Catalog, creative: motet_model::ids::CreativeIx, request: &AdRequest, place: u16) -> bool {
    let entry = catalog.creative(creative);
    let campaign = catalog.campaign(entry.campaign);
    let advertiser = &catalog.advertiser(campaign.advertiser).advertiser;
    let imp = &request.imps[usize::from(place)];
    catalog.is_running(creative)
        && eligibility::fit(entry, &campaign.campaign, advertiser, request, imp, taxonomy::parent).is_ok()
}

/// Returns what the engine thought a bid was worth, in nanos per impression.
fn estimate(engine: &Engine, bid: motet_model::ids::BidId) -> f64 {
    engine.bid(bid).map_or(0.0, |record| record.value.as_f64())
}

impl Watch for Sampler<'_> {
    fn decided(&mut self, decided: &Decided<'_>) {
        self.open.clear();
        for (place, outcome) in decided.decision.imps.iter().enumerate() {
            let place = place as u16;
            if !self.is_sampled(decided.visit, place) {
                continue;
            }
            let done = match outcome {
                ImpDecision::Bid(bid) => NotYet::Bid { estimate: estimate(decided.engine, bid.id) },
                ImpDecision::NoBid(NoBidReason::Paced | NoBidReason::BudgetExhausted) => {
                    NotYet::NoBid(Done::HeldBack)
                }
                ImpDecision::NoBid(NoBidReason::BelowFloor) => NotYet::NoBid(Done::BelowFloor),
                ImpDecision::NoBid(_) => NotYet::NoBid(Done::NoBid),
            };
            self.open.push((place, Open { worths: self.worths(decided, place), done }));
        }
    }

    fn auctioned(&mut self, auctioned: &Auctioned<'_>) {
        let Some(at) = self.open.iter().position(|(place, _)| *place == auctioned.place) else { return };
        let (_, open) = self.open.swap_remove(at);
        let spec = self.world.publisher(auctioned.visit.publisher);
        let pricing = if spec.second_price { Pricing::SecondPrice } else { Pricing::FirstPrice };
        self.close(&open, auctioned, Facts { owned: spec.owned, pricing });
    }
}
