//! The baseline: one monolithic rule engine, the control every comparison is made against.
//!
//! It decides what the six agents decide together, by the plainest rules that are not foolish:
//!
//! * **match**: a scan over every creative of the catalog by [`Targeting::admits`] and [`eligibility::fit`];
//! * **bid**: the CPM goal's price; for clicks and conversions the worth times the campaign's own average rates,
//!   which start at a click in 500 impressions and a conversion in 50 clicks; no shading, no multiplier;
//! * **pace**: a hard throttle: a campaign may bid while it has spent no more than the share of the day that is
//!   over, with half an hour's advance;
//! * **cap**: a counter of impressions per user and campaign, starting again when its time has passed;
//! * **choose**: the highest bid, ties broken by chance under the key "baseline".
//!
//! At most eight candidates an imp. Its proposals are one rank, then one offer and one pace, for each: all ranks
//! come first, in the order of imps, and `CandidateIx(k)` in offers and paces is the k-th rank of the same list,
//! counted from 0. It never uses interests, predictions or landscapes, and screens neither traffic nor consent:
//! those stay with the guard and the safety agent, who are asked as ever.
//!
//! [`Targeting::admits`]: motet_model::targeting::Targeting::admits

mod card;
mod equal_split;
mod memory;
#[cfg(test)]
mod tests;

pub use card::CARD;
pub use equal_split::{EQUAL_SPLIT, EqualSplit};

use motet_agent::{
    Account, Agent, AgentCard, AgentName, Ask, BaselineSight, CandidateIx, Features, Observation, Proposal,
    Ranking, Sight, Tick, View,
};
use motet_model::{
    campaign::{Campaign, Goal, Pacing},
    catalog::{Catalog, CreativeEntry},
    decision::NoBidReason,
    eligibility::{self, Fit},
    ids::CreativeIx,
    outcome::NoticeVerdict,
    request::{DealPricing, Imp},
    taxonomy,
};
use motet_units::{CpmMicros, Multiplier, Stream, Timestamp};

use self::memory::{Memory, Rates};

const VERSION: &str = "baseline-rules@1";
const MOST_PER_IMP: usize = 8;
const DAY_S: f64 = 86_400.0;
/// The share of a day a campaign may be in advance: half an hour.
const ADVANCE: f64 = 1.0 / 48.0;

/// The monolithic rule engine.
#[derive(Debug, Default)]
pub struct Baseline {
    memory: Memory,
}

/// A creative that fits an imp, with its price.
#[derive(Clone, Copy, Debug)]
struct Choice {
    creative: CreativeIx,
    fit: Fit,
    rates: Rates,
    value: CpmMicros,
    bid: CpmMicros,
    /// The draw that breaks ties.
    draw: u64,
}

impl Baseline {
    /// Makes the engine, knowing nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn choices(
        &self,
        sight: &BaselineSight<'_>,
        imp: &Imp,
        now: Timestamp,
        chance: &mut Stream,
    ) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (ix, entry) in sight.catalog.creatives() {
            if let Some(mut choice) = self.choice(sight, imp, now, ix, entry) {
                choice.draw = chance.bits();
                choices.push(choice);
            }
        }
        choices.sort_by_key(|choice| (std::cmp::Reverse(choice.bid), choice.draw, choice.creative));
        choices.truncate(MOST_PER_IMP);
        choices
    }

    fn choice(
        &self,
        sight: &BaselineSight<'_>,
        imp: &Imp,
        now: Timestamp,
        ix: CreativeIx,
        entry: &CreativeEntry,
    ) -> Option<Choice> {
        let catalog = sight.catalog;
        let owner = catalog.campaign(entry.campaign);
        let campaign = &owner.campaign;
        let runs = catalog.is_running(ix) && !catalog.is_killed(ix) && campaign.flight.covers(now);
        if !runs || !self.admits(sight, entry, campaign, now) {
            return None;
        }
        let advertiser = &catalog.advertiser(owner.advertiser).advertiser;
        let fit = eligibility::fit(entry, campaign, advertiser, sight.request, imp, taxonomy::parent).ok()?;
        let account = sight.accounts.account(entry.campaign);
        let rates = self.memory.rates(entry.campaign);
        let value = CpmMicros::bid_from_nanos(worth(campaign, rates));
        let bid = price(campaign, imp, fit, value);
        let affordable = account.room >= bid.per_impression() && is_on_time(campaign, &account, now);
        (affordable && bid >= fit.floor && bid > CpmMicros::ZERO).then_some(Choice {
            creative: ix,
            fit,
            rates,
            value,
            bid,
            draw: 0,
        })
    }

    fn admits(
        &self,
        sight: &BaselineSight<'_>,
        entry: &CreativeEntry,
        campaign: &Campaign,
        now: Timestamp,
    ) -> bool {
        let offset = campaign.flight.utc_offset;
        campaign.targeting.admits(sight.request, now, offset, taxonomy::parent)
            && self.memory.may_see(sight.request.user.key, entry.campaign, campaign.frequency, now)
    }
}

/// Returns what an impression is worth at average rates, in nanos.
fn worth(campaign: &Campaign, rates: Rates) -> f64 {
    match campaign.goal {
        Goal::Cpm { price } => price.as_f64(),
        Goal::Cpc { click } => rates.click.of(click),
        Goal::Cpa { conversion } => rates.click.and_then(rates.conversion).of(conversion),
        Goal::TargetRoas { sale, return_millis } => {
            rates.click.and_then(rates.conversion).of(sale) * 1_000.0 / f64::from(return_millis.max(1))
        }
    }
}

/// Returns the fixed bid: the value up to the campaign's highest price, or a fixed deal's price if it is worth it.
fn price(campaign: &Campaign, imp: &Imp, fit: Fit, value: CpmMicros) -> CpmMicros {
    let willing = campaign.most_cpm.map_or(value, |most| value.min(most));
    let deal = fit.deal.and_then(|place| imp.deals.get(usize::from(place)));
    if deal.is_some_and(|deal| deal.pricing == DealPricing::Fixed) { willing.min(fit.floor) } else { willing }
}

/// Tells whether a campaign has spent no more than the share of its day that is over.
fn is_on_time(campaign: &Campaign, account: &Account, now: Timestamp) -> bool {
    let Some(daily) = account.daily.filter(|_| campaign.pacing != Pacing::Asap) else { return true };
    let over = now.time_of_day(campaign.flight.utc_offset).as_secs_f64() / DAY_S;
    let spent = (account.spent_today + account.reserved_today).as_f64();
    spent <= daily.as_f64() * (over + ADVANCE).min(1.0)
}

fn ranking(imp: u16, choice: &Choice, catalog: &Catalog) -> Ranking {
    let entry = catalog.creative(choice.creative);
    Ranking {
        imp,
        creative: choice.creative,
        campaign: entry.campaign,
        advertiser: catalog.campaign(entry.campaign).advertiser,
        kind: choice.fit.kind,
        deal: choice.fit.deal,
        floor: choice.fit.floor,
        p_click: choice.rates.click,
        p_conversion: choice.rates.conversion,
        features: Features::default(),
    }
}

impl Agent for Baseline {
    fn card(&self) -> &'static AgentCard {
        &CARD
    }

    fn policy_version(&self) -> &str {
        VERSION
    }

    fn propose(&self, view: &View<'_>, proposals: &mut Vec<Proposal>) {
        let Sight::Baseline(sight) = &view.sight else { return };
        let mut chance = view.chance.stream("baseline");
        let mut put = |ask| proposals.push(Proposal { agent: AgentName::Baseline, ask });
        let mut chosen = Vec::new();
        for (place, imp) in (0..).zip(&sight.request.imps) {
            let choices = self.choices(sight, imp, view.now, &mut chance);
            for choice in &choices {
                put(Ask::Rank(ranking(place, choice, sight.catalog)));
            }
            chosen.extend(choices);
        }
        for (k, choice) in (0..).zip(chosen) {
            let candidate = CandidateIx(k);
            put(Ask::Offer { candidate, value: choice.value, bid: choice.bid });
            put(Ask::Pace { candidate, multiplier: Multiplier::ONE });
        }
    }

    fn why_none(&self, _view: &View<'_>, _imp: u16) -> NoBidReason {
        NoBidReason::NoMatch
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Noticed { bid, notice, verdict: NoticeVerdict::Counted, known_at } => {
                self.memory.learn(bid, notice, *known_at);
            }
            Observation::Changed { catalog, .. } => self.memory.take_caps(catalog),
            _ => {}
        }
    }

    fn control(&mut self, _tick: &Tick<'_>) {}

    fn save(&self) -> Vec<u8> {
        self.memory.save()
    }

    fn restore(&mut self, state: &[u8], catalog: &Catalog) -> Result<(), String> {
        self.memory = Memory::restore(state)?;
        self.memory.take_caps(catalog);
        Ok(())
    }
}
