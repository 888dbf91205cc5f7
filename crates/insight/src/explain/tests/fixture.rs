//! A catalog, a request and traces made by hand.

use std::sync::Arc;

use motet_agent::{
    AgentName, Ask, Basis, CandidateIx, Features, Interests, Proposal, Ranking, RefusedReason, Restraint,
    SafetyReason, Verdict,
};
use motet_coordinator::{AuctionRecord, Mechanism, Presence, Trace};
use motet_model::{
    campaign::{Advertiser, BrandSafety, Budget, Campaign, Content, Creative, Flight, Goal, Pacing, Status},
    catalog::{Catalog, Change as CatalogChange},
    codes::{CategoryId, Code, CodeSet},
    decision::{Bid, Charge, Decision, ImpDecision},
    ids::{AdvertiserIx, BidId, CampaignIx, CreativeIx, DecisionId, UserKey},
    request::{
        Access, AdRequest, Banner, Blocks, Channel, CurrencyRate, Device, Geo, Imp, Inventory, Media,
        MediaKind, Mode, Oddities, Placement, Pricing, Privacy, Security, Size, SupplyChain, User,
    },
    targeting::{Place, Targeting},
};
use motet_units::{Chance, CpmMicros, Multiplier, Nanos, Probability, Span, Timestamp};
use smallvec::smallvec;

pub(super) const ID: DecisionId = DecisionId::new(1, 42);

pub(super) fn cpm(units: f64) -> CpmMicros {
    CpmMicros::from_units(units)
}

pub(super) fn sports() -> CategoryId {
    "9:483".parse().unwrap()
}

pub(super) fn campaign(id: &str, advertiser: &str, name: &str) -> Campaign {
    Campaign {
        id: id.to_owned(),
        advertiser: advertiser.to_owned(),
        name: name.to_owned(),
        status: Status::Active,
        budget: Budget { total: Some(Nanos::from_units(100.0)), daily: None },
        goal: Goal::Cpc { click: Nanos::from_units(0.5) },
        most_cpm: None,
        flight: Flight { start: Timestamp::from_secs(0), end: None, utc_offset: Span::ZERO },
        pacing: Pacing::Even,
        frequency: None,
        targeting: Targeting {
            places: vec![Place { country: Code::country("DEU").unwrap(), region: None, city: None }],
            categories: vec![sports()],
            ..Targeting::default()
        },
    }
}

pub(super) fn creative(id: &str, campaign: &str) -> Creative {
    Creative {
        id: id.to_owned(),
        campaign: campaign.to_owned(),
        status: Status::Active,
        domains: vec!["brand.example".to_owned()],
        bundle: None,
        categories: Vec::new(),
        attributes: CodeSet::default(),
        language: None,
        landing_page: "https://brand.example/".to_owned(),
        content: Content::Html { size: Size { w: 300, h: 250 }, markup: "<p>".to_owned() },
    }
}

/// Four campaigns of two advertisers, each with one creative; index 0 to 3.
pub(super) fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    for (id, name) in [("alpine", "Alpine Boots"), ("brew", "Brew & Co")] {
        let advertiser = Advertiser {
            id: id.to_owned(),
            name: name.to_owned(),
            seat: id.to_owned(),
            brand_safety: BrandSafety::default(),
            blocked_publishers: Vec::new(),
            blocked_content: Vec::new(),
            status: Status::Active,
        };
        catalog.apply(&CatalogChange::PutAdvertiser(advertiser)).unwrap();
    }
    let rows = [
        ("boots", "alpine", "Winter boots"),
        ("coffee", "brew", "Morning coffee"),
        ("tents", "alpine", "Summer tents"),
        ("beer", "brew", "Evening beer"),
    ];
    for (id, advertiser, name) in rows {
        catalog.apply(&CatalogChange::PutCampaign(campaign(id, advertiser, name))).unwrap();
        catalog.apply(&CatalogChange::PutCreative(creative(&format!("{id}-300"), id))).unwrap();
    }
    catalog
}

pub(super) fn request() -> AdRequest {
    let imp = Imp {
        id: "top".to_owned(),
        media: Media { banner: Some(Banner::default()), ..Media::default() },
        floor: cpm(0.5),
        deals: Vec::new(),
        access: Access::default(),
        secure: Security::default(),
        tag: None,
        expiry: None,
        quantity_millis: 1_000,
        placement: Placement::default(),
        metric_viewability: None,
    };
    AdRequest {
        id: "req-1".to_owned(),
        imps: vec![imp],
        inventory: Inventory {
            channel: Channel::Site,
            domain: Some("news.example".to_owned()),
            page: Some("https://news.example/?email=someone%40mail.example".to_owned()),
            publisher: Some("pub-7".to_owned()),
            categories: smallvec![sports()],
            ..Inventory::default()
        },
        device: Device {
            user_agent: Some("SecretBrowser/9".to_owned()),
            ip: Some([192, 0, 2, 77].into()),
            geo: Geo { country: Code::country("DEU"), ..Geo::default() },
            ..Device::default()
        },
        user: User {
            key: Some(UserKey(0xfeed_beef)),
            segments: vec!["vendor/very-private".to_owned()],
            keywords: vec!["private-keyword".to_owned()],
        },
        privacy: Privacy::default(),
        blocks: Blocks::default(),
        pricing: Pricing::FirstPrice,
        currency: CurrencyRate { code: Code::currency("EUR").unwrap(), nanos_per_unit: 1_000_000_000 },
        languages: smallvec![],
        tmax: Some(Span::from_millis(100)),
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}

pub(super) type Hearing = Vec<(Proposal, Verdict)>;

pub(super) fn say(hearing: &mut Hearing, agent: AgentName, ask: Ask, refused: Option<RefusedReason>) {
    let verdict = refused.map_or(Verdict::Accepted, Verdict::Refused);
    hearing.push((Proposal { agent, ask }, verdict));
}

pub(super) fn rank(ix: u32, floor: CpmMicros) -> Ask {
    Ask::Rank(Ranking {
        imp: 0,
        creative: CreativeIx(ix),
        campaign: CampaignIx(ix),
        advertiser: AdvertiserIx(ix % 2),
        kind: MediaKind::Banner,
        deal: None,
        floor,
        p_click: Probability::clamped(0.01),
        p_conversion: Probability::clamped(0.05),
        features: Features::default(),
    })
}

pub(super) fn offer(ix: u16, value: f64, bid: f64) -> Ask {
    Ask::Offer { candidate: CandidateIx(ix), value: cpm(value), bid: cpm(bid) }
}

pub(super) fn pace(ix: u16, share: f64) -> Ask {
    Ask::Pace { candidate: CandidateIx(ix), multiplier: Multiplier::clamped(share) }
}

pub(super) fn trace(hearing: Hearing, auctions: Vec<AuctionRecord>, imp: ImpDecision) -> Trace {
    let policies = AgentName::TEAM.into_iter().map(|agent| (agent, format!("{agent}-fixed@1"))).collect();
    Trace {
        decision: Decision { id: ID, at: Timestamp::from_secs(1_700_000_000), imps: vec![imp] },
        view_digest: 7,
        chance: Chance::new(1, ID.0),
        policies: Arc::new(policies),
        presence: AgentName::TEAM.into_iter().map(|agent| (agent, Presence::Answered)).collect(),
        hearing,
        auctions,
    }
}

pub(super) fn bid(ix: u32, price: CpmMicros) -> ImpDecision {
    ImpDecision::Bid(Bid {
        id: BidId { decision: ID, imp: 0 },
        campaign: CampaignIx(ix),
        advertiser: AdvertiserIx(ix % 2),
        creative: CreativeIx(ix),
        price,
        reserved: price.per_impression(),
        deal: None,
        kind: MediaKind::Banner,
        size: Some(Size { w: 300, h: 250 }),
        propensity: Probability::ONE,
        charge: Charge::OnBilling,
        expires: Timestamp::from_secs(1_700_001_800),
    })
}

pub(super) fn auction(ranked: &[(u16, f64)], greed: Option<f64>, chosen: u16, price: f64) -> AuctionRecord {
    AuctionRecord {
        imp: 0,
        ranked: ranked.iter().map(|(ix, price)| (CandidateIx(*ix), cpm(*price))).collect(),
        greed,
        chosen: CandidateIx(chosen),
        propensity: Probability::ONE,
        price: cpm(price),
        floor: cpm(0.0),
        mechanism: Mechanism::FirstPrice,
    }
}

/// Boots win at 4.00; coffee is paced to 3.00 of a bid of 6.00; tents fall under the floor by pacing; beer is unsafe.
pub(super) fn contested(basis: Basis, restraints: &[Restraint]) -> Trace {
    let mut hearing = Hearing::new();
    let interests = Interests(smallvec![(sports(), 0.75)]);
    let overruled = (basis == Basis::Identity && !restraints.is_empty()).then_some(RefusedReason::NoConsent);
    say(&mut hearing, AgentName::Intent, Ask::Profile { interests, basis }, overruled);
    say(&mut hearing, AgentName::Guard, Ask::Clear, None);
    for restraint in restraints {
        say(&mut hearing, AgentName::Safety, Ask::Restrain(restraint.clone()), None);
    }
    say(&mut hearing, AgentName::Relevance, rank(0, cpm(0.5)), None);
    let unsafe_here = RefusedReason::Unsafe(SafetyReason::BrandRisk);
    say(&mut hearing, AgentName::Relevance, rank(3, cpm(0.5)), Some(unsafe_here));
    say(&mut hearing, AgentName::Relevance, rank(1, cpm(0.5)), None);
    say(&mut hearing, AgentName::Relevance, rank(2, cpm(0.5)), None);
    say(&mut hearing, AgentName::Bidder, offer(0, 5.0, 4.0), None);
    say(&mut hearing, AgentName::Bidder, offer(1, 9.0, 6.0), None);
    say(&mut hearing, AgentName::Bidder, offer(2, 2.0, 1.0), Some(RefusedReason::Paced));
    for (ix, share) in [(0, 1.0), (1, 0.5), (2, 0.25)] {
        say(&mut hearing, AgentName::Pacer, pace(ix, share), None);
    }
    trace(hearing, vec![auction(&[(0, 4.0), (1, 3.0)], None, 0, 4.0)], bid(0, cpm(4.0)))
}
