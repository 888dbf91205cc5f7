//! What agents are shown and told.

use motet_agent::{Account, BudgetState, Candidate, CandidateIx, MarketKey};
use motet_messages::{
    ask::{HeldSight, HeldView},
    feed::{HeldObservation, HeldTick, Seat},
};
use motet_model::ids::{AdvertiserIx, CampaignIx, CreativeIx, DecisionId, UserKey};
use motet_units::Chance;

use super::Draw;

impl Draw {
    pub(crate) fn account(&mut self) -> Account {
        Account {
            campaign: CampaignIx(self.u32()),
            daily: self.maybe(Self::amount),
            total: self.maybe(Self::amount),
            spent_today: self.amount(),
            reserved_today: self.amount(),
            spent: self.amount(),
            reserved: self.amount(),
            room: self.amount(),
        }
    }

    fn candidate(&mut self) -> Candidate {
        Candidate {
            ix: CandidateIx(self.u16()),
            imp: self.u16(),
            creative: CreativeIx(self.u32()),
            campaign: CampaignIx(self.u32()),
            advertiser: AdvertiserIx(self.u32()),
            kind: self.kind(),
            deal: self.maybe(Self::u16),
            floor: self.price(),
            pricing: self.pricing(),
            fixed_price: self.flip(),
            market: MarketKey(self.u32()),
            p_click: self.probability(),
            p_conversion: self.probability(),
            features: self.features(),
        }
    }

    fn guard(&mut self) -> HeldSight {
        HeldSight::Guard {
            request: self.text(),
            device: self.device(),
            inventory: self.inventory(),
            imps: self.some(3, Self::imp),
            supply: self.supply(),
            oddities: self.oddities(),
            user: self.maybe(|d| UserKey(d.bits())),
        }
    }

    pub(crate) fn sight(&mut self) -> HeldSight {
        match self.below(6) {
            0 => HeldSight::Intent { inventory: self.inventory(), user: self.user() },
            1 => self.guard(),
            2 => {
                HeldSight::Safety { privacy: self.privacy(), inventory: self.inventory(), user: self.user() }
            }
            3 => HeldSight::Relevance {
                request: Box::new(self.request()),
                user: self.maybe(|d| UserKey(d.bits())),
                interests: self.interests(),
                restraints: self.some(4, Self::restraint),
            },
            4 => HeldSight::Bidder { candidates: self.some(5, Self::candidate), ownership: self.ownership() },
            _ => HeldSight::Pacer { accounts: self.some(5, |d| (CandidateIx(d.u16()), d.account())) },
        }
    }

    pub(crate) fn view(&mut self) -> HeldView {
        HeldView {
            decision: DecisionId(self.bits()),
            now: self.moment(),
            chance: Chance::from_key(self.bits()),
            sight: self.sight(),
        }
    }

    pub(crate) fn observation(&mut self) -> HeldObservation {
        match self.below(5) {
            0 => HeldObservation::Decided {
                request: Box::new(self.request()),
                bids: self.some(3, Self::bid_record),
                at: self.moment(),
            },
            1 => HeldObservation::Noticed {
                bid: self.bid_record(),
                notice: self.notice(),
                verdict: self.notice_verdict(),
                known_at: self.moment(),
            },
            2 => HeldObservation::Expired { bid: self.bid_record(), at: self.moment() },
            3 => HeldObservation::Changed { changes: self.some(4, Self::change), at: self.moment() },
            _ => HeldObservation::Budget {
                campaign: CampaignIx(self.u32()),
                state: self.pick(&[BudgetState::Available, BudgetState::Exhausted]),
            },
        }
    }

    pub(crate) fn tick(&mut self) -> HeldTick {
        HeldTick { now: self.moment(), accounts: self.some(5, Self::account) }
    }

    pub(crate) fn seat(&mut self) -> Seat {
        Seat {
            agent: self.agent(),
            catalog: self.catalog(),
            options_json: "{\"a\":1}".to_owned(),
            state: self.some(40, Self::u8),
            program_version: self.text(),
            policies: self.policies(),
        }
    }
}
