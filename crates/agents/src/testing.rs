//! What the agents' tests build their worlds from.

use motet_agent::{Agent, BidRecord, Candidate, CandidateIx, Features, MarketKey, Proposal, Sight, View};
use motet_model::{
    campaign::{Advertiser, BrandSafety, Budget, Campaign, Content, Creative, Flight, Goal, Pacing, Status},
    catalog::{Catalog, Change},
    codes::CodeSet,
    decision::{Bid, Charge},
    ids::{AdvertiserIx, BidId, CampaignIx, CreativeIx, DecisionId, UserKey},
    request::{MediaKind, Pricing, Size},
    targeting::Targeting,
};
use motet_units::{Chance, CpmMicros, Nanos, Probability, Span, Timestamp};

pub(crate) fn cpm(units: f64) -> CpmMicros {
    CpmMicros::from_units(units)
}

pub(crate) fn campaign(id: &str, goal: Goal) -> Campaign {
    Campaign {
        id: id.into(),
        advertiser: "adv".into(),
        name: id.into(),
        status: Status::Active,
        budget: Budget { total: None, daily: Some(Nanos::from_units(100.0)) },
        goal,
        most_cpm: None,
        flight: Flight { start: Timestamp::from_secs(0), end: None, utc_offset: Span::ZERO },
        pacing: Pacing::Even,
        frequency: None,
        targeting: Targeting::default(),
    }
}

pub(crate) fn creative(id: &str, campaign: &str) -> Creative {
    Creative {
        id: id.into(),
        campaign: campaign.into(),
        status: Status::Active,
        domains: vec!["shop.example".into()],
        bundle: None,
        categories: vec![],
        attributes: CodeSet::EMPTY,
        language: None,
        landing_page: "https://shop.example/".into(),
        content: Content::Html { size: Size { w: 300, h: 250 }, markup: "<b>x</b>".into() },
    }
}

pub(crate) fn catalog(campaigns: &[Campaign]) -> Catalog {
    let mut catalog = Catalog::default();
    let advertiser = Advertiser {
        id: "adv".into(),
        name: "Adv".into(),
        seat: "seat".into(),
        brand_safety: BrandSafety::default(),
        blocked_publishers: vec![],
        blocked_content: vec![],
        status: Status::Active,
    };
    catalog.apply(&Change::PutAdvertiser(advertiser)).unwrap();
    for campaign in campaigns {
        catalog.apply(&Change::PutCampaign(campaign.clone())).unwrap();
        let creative = creative(&format!("{}-ad", campaign.id), &campaign.id);
        catalog.apply(&Change::PutCreative(creative)).unwrap();
    }
    catalog
}

pub(crate) fn candidate(ix: u16, campaign: u32, pricing: Pricing, floor: CpmMicros) -> Candidate {
    Candidate {
        ix: CandidateIx(ix),
        imp: 0,
        creative: CreativeIx(campaign),
        campaign: CampaignIx(campaign),
        advertiser: AdvertiserIx(0),
        kind: MediaKind::Banner,
        deal: None,
        floor,
        pricing,
        fixed_price: false,
        market: MarketKey(7),
        p_click: Probability::clamped(0.02),
        p_conversion: Probability::clamped(0.1),
        features: Features::default(),
    }
}

pub(crate) fn bid_id(n: u64) -> BidId {
    BidId { decision: DecisionId::new(0, n), imp: 0 }
}

pub(crate) fn record(n: u64, campaign: u32, price: CpmMicros, made_at: Timestamp) -> BidRecord {
    let bid = Bid {
        id: bid_id(n),
        campaign: CampaignIx(campaign),
        advertiser: AdvertiserIx(0),
        creative: CreativeIx(campaign),
        price,
        reserved: price.per_impression(),
        deal: None,
        kind: MediaKind::Banner,
        size: None,
        propensity: Probability::ONE,
        charge: Charge::OnBilling,
        expires: made_at + Span::from_secs(3_600),
    };
    BidRecord {
        bid,
        made_at,
        user: Some(UserKey(n % 97)),
        value: price,
        floor: CpmMicros::ZERO,
        pricing: Pricing::FirstPrice,
        market: MarketKey(7),
        p_click: Probability::clamped(0.02),
        p_conversion: Probability::clamped(0.1),
        features: Features::default(),
        categories: smallvec::SmallVec::new(),
    }
}

pub(crate) fn view(now: Timestamp, sight: Sight<'_>) -> View<'_> {
    View { decision: DecisionId(1), now, chance: Chance::new(1, 1), sight }
}

/// Asks an agent twice, and holds it to AG-1 (equal views, equal proposals) and AG-2 (asks on its card).
pub(crate) fn proposals(agent: &dyn Agent, now: Timestamp, sight: Sight<'_>) -> Vec<Proposal> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    agent.propose(&view(now, sight), &mut first);
    agent.propose(&view(now, sight), &mut second);
    assert_eq!(first, second, "AG-1");
    let card = agent.card();
    assert!(first.iter().all(|p| p.agent == card.name && card.intents.contains(&p.ask.intent())), "AG-2");
    first
}

/// A standard normal draw (Box and Muller) from a stream.
pub(crate) fn normal(stream: &mut motet_units::Stream) -> f64 {
    let (u, v) = (1.0 - stream.unit(), stream.unit());
    libm::sqrt(-2.0 * libm::log(u)) * libm::cos(2.0 * std::f64::consts::PI * v)
}
