//! Proposals, verdicts, bids and outcomes.

use motet_agent::{
    AgentName, Ask, Basis, BidRecord, CandidateIx, Features, History, Interests, MarketKey, Priority,
    Proposal, Ranking, RefusedReason, Restraint, SafetyReason, Verdict,
};
use motet_model::{
    decision::{Bid, Charge, Decision, ImpDecision, NoBidReason},
    ids::{AdvertiserIx, BidId, CampaignIx, CreativeIx, DecisionId, UserKey},
    outcome::{Notice, NoticeKind, NoticeVerdict},
};

use super::Draw;

impl Draw {
    pub(crate) fn features(&mut self) -> Features {
        let list: Vec<u32> = self.some(20, Self::u32);
        Features::new(&list).unwrap()
    }

    pub(crate) fn interests(&mut self) -> Interests {
        Interests(self.some(9, |d| (d.category(), d.unit() as f32)))
    }

    fn safety_reason(&mut self) -> SafetyReason {
        self.pick(&[
            SafetyReason::Child,
            SafetyReason::NoConsent,
            SafetyReason::OptedOut,
            SafetyReason::TrackingLimited,
            SafetyReason::FloorContent,
            SafetyReason::BrandRisk,
            SafetyReason::AdvertiserBlock,
            SafetyReason::KillSwitch,
            SafetyReason::SensitiveCategory,
        ])
    }

    pub(crate) fn restraint(&mut self) -> Restraint {
        match self.below(6) {
            0 => Restraint::RefuseRequest(self.safety_reason()),
            1 => Restraint::ContextOnly(self.safety_reason()),
            2 => Restraint::ContentRisk { topic: self.topic(), risk: self.risk() },
            3 => Restraint::NoCategory(self.category(), self.safety_reason()),
            4 => Restraint::NoAdvertiser(AdvertiserIx(self.u32())),
            _ => Restraint::HonourSwitches,
        }
    }

    pub(crate) fn ranking(&mut self) -> Ranking {
        Ranking {
            imp: self.u16(),
            creative: CreativeIx(self.u32()),
            campaign: CampaignIx(self.u32()),
            advertiser: AdvertiserIx(self.u32()),
            kind: self.kind(),
            deal: self.maybe(Self::u16),
            floor: self.price(),
            p_click: self.probability(),
            p_conversion: self.probability(),
            features: self.features(),
        }
    }

    pub(crate) fn agent(&mut self) -> AgentName {
        let mut all = AgentName::TEAM.to_vec();
        all.push(AgentName::Baseline);
        self.pick(&all)
    }

    pub(crate) fn proposal(&mut self) -> Proposal {
        let ask = match self.below(8) {
            0 => Ask::Profile {
                interests: self.interests(),
                basis: self.pick(&[Basis::Context, Basis::Identity]),
            },
            1 => Ask::Flag { finding: self.finding() },
            2 => Ask::Clear,
            3 => Ask::Restrain(self.restraint()),
            4 => Ask::Rank(self.ranking()),
            5 => Ask::Explore { imp: self.u16(), greed: self.unit() * 1e300 },
            6 => Ask::Offer { candidate: CandidateIx(self.u16()), value: self.price(), bid: self.price() },
            _ => Ask::Pace { candidate: CandidateIx(self.u16()), multiplier: self.multiplier() },
        };
        Proposal { agent: self.agent(), ask }
    }

    pub(crate) fn verdict(&mut self) -> Verdict {
        let priorities = [
            Priority::Safety,
            Priority::Consent,
            Priority::Fraud,
            Priority::Budget,
            Priority::Bidding,
            Priority::Relevance,
        ];
        let reasons = [
            RefusedReason::NotOnCard,
            RefusedReason::OutOfRange,
            RefusedReason::UnknownTarget,
            RefusedReason::Repeated,
            RefusedReason::Late,
            RefusedReason::Overruled(self.pick(&priorities)),
            RefusedReason::Unsafe(self.safety_reason()),
            RefusedReason::NoConsent,
            RefusedReason::InvalidTraffic(self.finding()),
            RefusedReason::NotEligible,
            RefusedReason::NoBudget,
            RefusedReason::Paced,
            RefusedReason::BelowFloor,
            RefusedReason::AboveValue,
            RefusedReason::CandidateRefused,
        ];
        if self.below(4) == 0 { Verdict::Accepted } else { Verdict::Refused(self.pick(&reasons)) }
    }

    pub(crate) fn no_bid(&mut self) -> NoBidReason {
        let finding = self.finding();
        self.pick(&[
            NoBidReason::NoMatch,
            NoBidReason::NoCreative,
            NoBidReason::FrequencyCapped,
            NoBidReason::Unsafe,
            NoBidReason::PolicyBlocked,
            NoBidReason::InvalidTraffic(finding),
            NoBidReason::BudgetExhausted,
            NoBidReason::Paced,
            NoBidReason::BelowFloor,
            NoBidReason::NoDeal,
            NoBidReason::SeatNotAllowed,
            NoBidReason::CurrencyNotTaken,
            NoBidReason::DeadlinePassed,
            NoBidReason::AgentAbsent,
            NoBidReason::Technical,
        ])
    }

    fn bid_id(&mut self) -> BidId {
        BidId { decision: DecisionId(self.bits()), imp: self.u16() }
    }

    pub(crate) fn bid(&mut self) -> Bid {
        Bid {
            id: self.bid_id(),
            campaign: CampaignIx(self.u32()),
            advertiser: AdvertiserIx(self.u32()),
            creative: CreativeIx(self.u32()),
            price: self.price(),
            reserved: self.amount(),
            deal: self.maybe(Self::u16),
            kind: self.kind(),
            size: self.maybe(Self::size),
            propensity: self.probability(),
            charge: self.pick(&[Charge::OnBilling, Charge::OnImpression, Charge::Never]),
            expires: self.moment(),
        }
    }

    pub(crate) fn decision(&mut self) -> Decision {
        Decision {
            id: DecisionId(self.bits()),
            at: self.moment(),
            imps: self.some(4, |d| {
                if d.flip() { ImpDecision::Bid(d.bid()) } else { ImpDecision::NoBid(d.no_bid()) }
            }),
        }
    }

    pub(crate) fn bid_record(&mut self) -> BidRecord {
        BidRecord {
            bid: self.bid(),
            made_at: self.moment(),
            user: self.maybe(|d| UserKey(d.bits())),
            value: self.price(),
            floor: self.price(),
            pricing: self.pricing(),
            market: MarketKey(self.u32()),
            p_click: self.probability(),
            p_conversion: self.probability(),
            features: self.features(),
            categories: self.some(7, Self::category),
        }
    }

    pub(crate) fn notice(&mut self) -> Notice {
        let kind = match self.below(6) {
            0 => NoticeKind::Won { price: self.maybe(Self::price), minimum_to_win: self.maybe(Self::price) },
            1 => NoticeKind::Billed { price: self.maybe(Self::price) },
            2 => NoticeKind::Lost { reason: self.u16(), minimum_to_win: self.maybe(Self::price) },
            3 => NoticeKind::Impression,
            4 => NoticeKind::Click,
            _ => NoticeKind::Conversion { value: self.maybe(Self::amount) },
        };
        Notice { bid: self.bid_id(), kind, happened_at: self.moment(), key: self.bits() }
    }

    pub(crate) fn notice_verdict(&mut self) -> NoticeVerdict {
        self.pick(&[
            NoticeVerdict::Counted,
            NoticeVerdict::Duplicate,
            NoticeVerdict::Expired,
            NoticeVerdict::Contradicts,
            NoticeVerdict::Filtered,
        ])
    }

    pub(crate) fn history(&mut self) -> History {
        History {
            won: self.maybe(Self::moment),
            billed: self.maybe(Self::moment),
            lost: self.maybe(Self::moment),
            impressed: self.maybe(Self::moment),
            clicked: self.maybe(Self::moment),
        }
    }
}
