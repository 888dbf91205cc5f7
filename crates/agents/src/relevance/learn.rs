//! What the relevance agent does with what happened.

use motet_agent::{BidRecord, BudgetState, Observation};
use motet_model::{
    catalog::{Catalog, Change, Switch},
    decision::Charge,
    ids::{CampaignIx, CreativeIx},
    outcome::{Notice, NoticeKind, NoticeVerdict},
    taxonomy,
};
use motet_policy::Subject;

use super::{Parameters, Rate, RelevanceAgent, Weights, features::AdFeatures, index::Index, value};

/// Ads looked at on each control tick for whether they were removed.
const SWEPT_A_TICK: u32 = 16_384;

impl RelevanceAgent {
    pub(super) fn learn(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Decided { bids, at, .. } => {
                self.index.turn(*at);
                self.reorder_in_turn();
                bids.iter().filter(|bid| counts(bid)).for_each(|bid| self.exposures.bid(bid));
            }
            Observation::Noticed { bid, notice, verdict: NoticeVerdict::Counted, .. } => {
                if counts(bid) {
                    self.learn_notice(bid, notice);
                }
            }
            Observation::Noticed { .. } => {}
            Observation::Expired { bid, .. } => self.exposures.ended(bid),
            Observation::Changed { catalog, changes, at } => {
                self.index.turn(*at);
                changes.iter().for_each(|change| self.learn_change(change, catalog));
            }
            Observation::Budget { campaign, state } => {
                self.index.set_exhausted(*campaign, *state == BudgetState::Exhausted);
            }
        }
    }

    fn learn_notice(&mut self, bid: &BidRecord, notice: &Notice) {
        match notice.kind {
            NoticeKind::Impression => {
                self.counts.shown += 1;
                let before = self.exposures.saw_before(bid, notice.happened_at);
                self.counts.seen_before += u64::from(before);
                self.exposures.shown(bid, notice.happened_at);
                self.model.began(Rate::Click, &bid.features);
            }
            NoticeKind::Billed { .. } => self.exposures.shown(bid, notice.happened_at),
            NoticeKind::Click => {
                self.counts.clicked += 1;
                self.model.happened(Rate::Click, &bid.features);
                self.model.began(Rate::Conversion, &bid.features);
            }
            NoticeKind::Conversion { .. } => self.model.happened(Rate::Conversion, &bid.features),
            NoticeKind::Lost { .. } => self.exposures.ended(bid),
            NoticeKind::Won { .. } => {}
        }
    }

    fn learn_change(&mut self, change: &Change, catalog: &Catalog) {
        match change {
            Change::PutCreative(creative) => {
                if let Some(ix) = catalog.creative_ix(&creative.id) {
                    self.put(ix, catalog);
                }
            }
            Change::PutCampaign(campaign) => {
                if let Some(ix) = catalog.campaign_ix(&campaign.id) {
                    self.put_campaign(ix, catalog);
                }
            }
            Change::PutAdvertiser(advertiser) => {
                if let Some(ix) = catalog.advertiser_ix(&advertiser.id) {
                    for campaign in &catalog.advertiser(ix).campaigns {
                        self.put_campaign(*campaign, catalog);
                    }
                }
            }
            // What was removed fails the exact check from now on and is swept out on the next tick.
            Change::RemoveCreative(_) | Change::RemoveCampaign(_) | Change::RemoveAdvertiser(_) => {
                self.sweep_from = Some(0);
            }
            Change::Kill(switch) | Change::Revive(switch) => {
                for campaign in named(switch, catalog) {
                    self.index.refresh_switches(campaign, catalog);
                }
            }
        }
    }

    fn put_campaign(&mut self, campaign: CampaignIx, catalog: &Catalog) {
        for creative in &catalog.campaign(campaign).creatives {
            self.put(*creative, catalog);
        }
    }

    fn put(&mut self, creative: CreativeIx, catalog: &Catalog) {
        self.file_features(creative, catalog);
        self.index.put(creative, catalog, taxonomy::parent);
    }

    pub(super) fn file_features(&mut self, creative: CreativeIx, catalog: &Catalog) {
        if creative.get() >= self.ads.len() {
            self.ads.resize_with(creative.get() + 1, AdFeatures::default);
        }
        self.ads[creative.get()] = AdFeatures::of(creative, catalog);
    }

    /// Begins a new order of the index when too much of it is dead or unordered, or enough was learned since.
    pub(super) fn reorder_if_due(&mut self) {
        let learned = self.model.learned(Rate::Click);
        let enough = self.reorder_after.max(u64::from(self.index.slots()));
        let due = self.index.wants_order() || learned - self.counts.learned_at_order >= enough;
        if due && !self.index.is_reordering() {
            self.counts.learned_at_order = learned;
            self.index.begin_reordering();
        }
    }

    /// Works on the new order once in some decisions.
    fn reorder_in_turn(&mut self) {
        if !self.index.is_reordering() {
            return;
        }
        self.counts.decided += 1;
        if self.counts.decided >= self.steps.between {
            self.counts.decided = 0;
            self.reorder(self.steps.a_go);
        }
    }

    /// Works on the new order of the index, if one is being made.
    pub(super) fn reorder(&mut self, steps: u32) {
        let Self { index, model, ads, .. } = self;
        index.reorder(steps, |creative| {
            let ad = &ads[creative.get()];
            value::expected(ad.worth(), model.rates(ad.own())).get()
        });
    }

    /// Takes the next ads that were removed out of the index.
    pub(super) fn sweep(&mut self, catalog: &Catalog) {
        self.sweep_from = self.sweep_from.and_then(|from| self.index.sweep(from, SWEPT_A_TICK, catalog));
    }

    /// Reads the policy; an action that is not finite or outside its range changes nothing and is counted.
    pub(super) fn steer(&mut self) {
        let observation = [
            self.click_calibration().ratio().min(10.0),
            self.conversion_calibration().ratio().min(10.0),
            libm::log10(1.0 + self.model.learned(Rate::Click) as f64),
            click_rate(self.counts.clicked, self.counts.shown),
            Index::dead_share(&self.index),
            click_rate(self.counts.seen_before, self.counts.shown),
        ];
        let action = self.steering.steer(Subject::Platform, &observation);
        if let Some([greed, sampled, least_share, engagement, novelty, fatigue]) = action {
            let weights = Weights {
                least_share: *least_share,
                engagement: *engagement,
                novelty: *novelty,
                fatigue: *fatigue,
            };
            self.parameters = Parameters { greed: *greed, sampled: *sampled, weights };
        }
        (self.counts.shown, self.counts.clicked, self.counts.seen_before) = (0, 0, 0);
    }
}

/// Tells whether money is at stake: a test request teaches nothing.
fn counts(bid: &BidRecord) -> bool {
    bid.bid.charge != Charge::Never
}

fn click_rate(clicked: u64, shown: u64) -> f64 {
    if shown == 0 { 0.0 } else { (clicked as f64 / shown as f64).min(1.0) }
}

/// Returns the campaigns whose ads a kill switch names.
fn named(switch: &Switch, catalog: &Catalog) -> Vec<CampaignIx> {
    match switch {
        Switch::Advertiser(id) => {
            catalog.advertiser_ix(id).map_or_else(Vec::new, |ix| catalog.advertiser(ix).campaigns.clone())
        }
        Switch::Campaign(id) => catalog.campaign_ix(id).into_iter().collect(),
        Switch::Creative(id) => {
            catalog.creative_ix(id).map(|ix| catalog.creative(ix).campaign).into_iter().collect()
        }
        Switch::Everything | Switch::Publisher(_) => Vec::new(),
    }
}
