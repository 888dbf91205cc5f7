//! Watches a run and counts.

use std::collections::BTreeMap;

use motet_engine::Engine;
use motet_model::{
    decision::{ImpDecision, NoBidReason},
    ids::CampaignIx,
    outcome::NoticeVerdict,
};
use motet_units::{Nanos, Timestamp};

use super::{
    Books, CampaignReport, Invalid, PublisherReport, Report, Tally, experience::Experience, pacing::Pacing,
};
use crate::{
    run::{Auctioned, Decided, Happened, Outcome, Told, Watch, Winner},
    world::World,
};

/// Counts what happens in a run, for its report.
#[derive(Clone, Debug)]
pub struct Recorder<'w> {
    world: &'w World,
    all: Tally,
    campaigns: Vec<Tally>,
    publishers: Vec<Tally>,
    /// One for each hour since the beginning.
    hours: Vec<Tally>,
    refusals: BTreeMap<&'static str, u64>,
    verdicts: BTreeMap<&'static str, u64>,
    invalid: Invalid,
    books: Books,
    publisher_income: Vec<Nanos>,
    pacing: Pacing,
    experience: Experience,
    now: Timestamp,
    overspent: u64,
}

impl<'w> Recorder<'w> {
    /// Opens empty counts for a world.
    pub fn new(world: &'w World) -> Self {
        let campaigns = world.campaigns.truth.len();
        Self {
            world,
            all: Tally::default(),
            campaigns: vec![Tally::default(); campaigns],
            publishers: vec![Tally::default(); world.places.len()],
            hours: Vec::new(),
            refusals: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            invalid: Invalid::default(),
            books: Books::default(),
            publisher_income: vec![Nanos::ZERO; world.places.len()],
            pacing: Pacing::new(campaigns),
            experience: Experience::new(world.population.len()),
            now: world.begins(),
            overspent: 0,
        }
    }

    /// Counts one thing wherever it belongs.
    fn count(&mut self, campaign: Option<CampaignIx>, publisher: u16, of: impl Fn(&mut Tally)) {
        of(&mut self.all);
        of(&mut self.publishers[usize::from(publisher)]);
        if let Some(campaign) = campaign {
            of(&mut self.campaigns[campaign.get()]);
        }
        let hour = ((self.now - self.world.begins()).micros() / 3_600_000_000) as usize;
        if self.hours.len() <= hour {
            self.hours.resize(hour + 1, Tally::default());
        }
        of(&mut self.hours[hour]);
    }

    /// Closes the counts and writes the report.
    pub fn finish(&self, engine: &Engine) -> Report {
        let world = self.world;
        let of_campaign = |(place, tally): (usize, &Tally)| {
            let (pacing_error, budget_used) = self.pacing.of(place);
            CampaignReport::of(world, place, tally, pacing_error, budget_used)
        };
        let campaigns: Vec<CampaignReport> = self.campaigns.iter().enumerate().map(of_campaign).collect();
        let of_publisher = |(place, tally): (usize, &Tally)| PublisherReport {
            id: world.places[place].id.clone(),
            tally: tally.clone(),
            figures: tally.figures(),
            income: self.publisher_income[place].units(),
        };
        Report {
            scenario: world.scenario.name.clone(),
            seed: world.seed,
            team: format!("{:?}", engine.options().team).to_lowercase(),
            days: (self.now - world.begins()).as_secs_f64() / 86_400.0,
            figures: self.all.figures(),
            all: self.all.clone(),
            publishers: self.publishers.iter().enumerate().map(of_publisher).collect(),
            experience: self.experience.figures(&self.all),
            pacing_error: super::mean(campaigns.iter().filter_map(|c| c.pacing_error)),
            budget_used: super::mean(campaigns.iter().filter_map(|c| c.budget_used)),
            campaigns,
            hours: self.hours.clone(),
            refusals: owned(&self.refusals),
            verdicts: owned(&self.verdicts),
            invalid: self.invalid,
            books: self.books,
            revenue: self.books.platform.units(),
            ledger_balanced: engine.check().is_ok(),
            overspent: self.overspent,
        }
    }
}

fn owned(counts: &BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

impl Watch for Recorder<'_> {
    fn decided(&mut self, decided: &Decided<'_>) {
        self.now = self.now.max(decided.visit.at);
        let visit = decided.visit;
        let imps = decided.request.imps.len() as u64;
        self.count(None, visit.publisher, |tally| {
            tally.requests += 1;
            tally.imps += imps;
        });
        if visit.attack.is_some() {
            self.invalid.requests += 1;
        } else {
            self.experience.request(visit.listener);
        }
        let mut flagged = false;
        for imp in &decided.decision.imps {
            let ImpDecision::NoBid(reason) = imp else { continue };
            *self.refusals.entry(reason.name()).or_default() += 1;
            flagged |= matches!(reason, NoBidReason::InvalidTraffic(_));
        }
        if flagged && visit.attack.is_some() {
            self.invalid.caught_requests += 1;
        } else if flagged {
            self.invalid.false_alarms += 1;
        }
    }

    fn auctioned(&mut self, auctioned: &Auctioned<'_>) {
        let ours = auctioned.winner == Winner::Ours;
        if let Some(bid) = auctioned.bid {
            self.count(Some(bid.campaign), auctioned.visit.publisher, |tally| {
                tally.bids += 1;
                tally.wins += u64::from(ours);
            });
        }
        if let Winner::Rival(_) = auctioned.winner {
            let price = auctioned.price.per_impression();
            self.books.sell_to_rival(price);
            let income = &mut self.publisher_income[usize::from(auctioned.visit.publisher)];
            *income += price;
        }
    }

    fn happened(&mut self, happened: &Happened<'_>) {
        let (visit, campaign) = (happened.visit, Some(happened.campaign));
        if visit.attack.is_some() {
            return;
        }
        match happened.what {
            Outcome::Rendered { viewable, worth, repeated, .. } => {
                self.experience.impression(visit.listener);
                self.count(campaign, visit.publisher, |tally| {
                    tally.impressions += 1;
                    tally.viewable += u64::from(viewable);
                    tally.repeated += u64::from(repeated);
                    tally.worth_nanos += worth;
                });
            }
            Outcome::Clicked => self.count(campaign, visit.publisher, |tally| tally.clicks += 1),
            Outcome::Converted(sale) => self.count(campaign, visit.publisher, |tally| {
                tally.conversions += 1;
                tally.sales += sale;
            }),
            Outcome::Untold => self.count(campaign, visit.publisher, |tally| tally.untold += 1),
            // What attacks fake is the fraud score's to count.
            Outcome::Faked(_) => {}
        }
    }

    fn told(&mut self, told: &Told<'_>) {
        let (judgement, visit, campaign) = (told.judgement, told.visit, told.campaign);
        self.now = self.now.max(told.at);
        *self.verdicts.entry(judgement.verdict.name()).or_default() += 1;
        let attack = visit.attack.is_some();
        if attack && judgement.verdict == NoticeVerdict::Filtered {
            self.invalid.filtered_notices += 1;
        }
        let charged = judgement.charged;
        if charged == Nanos::ZERO {
            return;
        }
        let kept = self.books.sell_to_us(charged, self.world.scenario.market.take_rate);
        let income = &mut self.publisher_income[usize::from(visit.publisher)];
        *income += charged - kept;
        self.pacing.spend(campaign.get(), charged);
        if attack {
            self.invalid.billed += charged;
        }
        self.count(Some(campaign), visit.publisher, |tally| {
            tally.spend += charged;
            if attack {
                tally.invalid_spend += charged;
            }
        });
    }

    fn ticked(&mut self, engine: &Engine, now: Timestamp) {
        self.now = self.now.max(now);
        self.pacing.tick(self.world, now);
        let over = |account: &motet_agent::Account| {
            account.daily.is_some_and(|daily| account.spent_today + account.reserved_today > daily)
        };
        // A budget cut at noon may leave more spent than the new budget; that is a change of plan, not overspend.
        if self.world.scenario.shocks.is_empty() {
            self.overspent += engine.accounts().iter().filter(|account| over(account)).count() as u64;
        }
    }
}
