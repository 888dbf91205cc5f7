//! Small worlds: campaigns, requests, notices.

use motet_agent::{
    Agent, Ask, BidRecord, Interests, MarketKey, Observation, Proposal, Ranking, RelevanceSight, Restraint,
    Sight, Tick, View,
};
use motet_model::{
    campaign::{
        Advertiser, BrandSafety, Budget, Campaign, Content, Creative, Flight, Goal, Pacing, Risk, Status,
    },
    catalog::{Catalog, Change},
    codes::{Code, CodeSet},
    decision::{Bid, Charge, NoBidReason},
    ids::{BidId, CampaignIx, DecisionId, UserKey},
    outcome::{Notice, NoticeKind, NoticeVerdict},
    request::{
        Access, AdRequest, Banner, Blocks, CurrencyRate, Device, Imp, Inventory, Media, Mode, Oddities,
        Placement, Pricing, Privacy, Security, Size, SupplyChain, User,
    },
    targeting::Targeting,
};
use motet_units::{Chance, CpmMicros, Nanos, Probability, Span, Timestamp};

use crate::relevance::{Options, RelevanceAgent};

pub(super) const MPU: Size = Size { w: 300, h: 250 };

/// A Wednesday, 12:26:40 UTC.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_700_051_200 + seconds)
}

pub(super) fn advertiser(id: &str) -> Advertiser {
    Advertiser {
        id: id.to_owned(),
        name: id.to_owned(),
        seat: format!("seat-{id}"),
        brand_safety: BrandSafety { most: Risk::Medium, topics: Vec::new() },
        blocked_publishers: Vec::new(),
        blocked_content: Vec::new(),
        status: Status::Active,
    }
}

pub(super) fn campaign(id: &str, advertiser: &str) -> Campaign {
    Campaign {
        id: id.to_owned(),
        advertiser: advertiser.to_owned(),
        name: id.to_owned(),
        status: Status::Active,
        budget: Budget { total: None, daily: Some(Nanos::from_units(100.0)) },
        goal: Goal::Cpc { click: Nanos::from_units(0.5) },
        most_cpm: None,
        flight: Flight { start: at(-86_400), end: None, utc_offset: Span::ZERO },
        pacing: Pacing::Asap,
        frequency: None,
        targeting: Targeting::default(),
    }
}

pub(super) fn creative(id: &str, campaign: &str) -> Creative {
    Creative {
        id: id.to_owned(),
        campaign: campaign.to_owned(),
        status: Status::Active,
        domains: vec!["shop.example.com".to_owned()],
        bundle: None,
        categories: vec!["IAB17-44".parse().unwrap()],
        attributes: CodeSet::EMPTY,
        language: None,
        landing_page: "https://shop.example.com/".to_owned(),
        content: Content::Html { size: MPU, markup: "<b>ad</b>".to_owned() },
    }
}

pub(super) fn imp() -> Imp {
    let banner = Banner { sizes: [MPU].into_iter().collect(), ..Banner::default() };
    Imp {
        id: "1".to_owned(),
        media: Media { banner: Some(banner), ..Media::default() },
        floor: CpmMicros::new(0),
        deals: Vec::new(),
        access: Access::Open,
        secure: Security::Any,
        tag: None,
        expiry: None,
        quantity_millis: 1_000,
        placement: Placement::Ordinary,
        metric_viewability: None,
    }
}

pub(super) fn request() -> AdRequest {
    AdRequest {
        id: "r".to_owned(),
        imps: vec![imp()],
        inventory: Inventory { domain: Some("news.example".to_owned()), ..Inventory::default() },
        device: Device::default(),
        user: User::default(),
        privacy: Privacy::default(),
        blocks: Blocks::default(),
        pricing: Pricing::FirstPrice,
        currency: CurrencyRate { code: Code::currency("EUR").unwrap(), nanos_per_unit: 1_000_000_000 },
        languages: smallvec::SmallVec::default(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}

pub(super) fn options() -> Options {
    Options { most_users: 1_000, ..Options::default() }
}

/// An agent with its catalog, told of every change.
pub(super) struct World {
    pub(super) catalog: Catalog,
    pub(super) agent: RelevanceAgent,
    decisions: u64,
}

impl World {
    pub(super) fn new(options: Options) -> Self {
        Self {
            catalog: Catalog::default(),
            agent: RelevanceAgent::new(options, RelevanceAgent::fixed_policy()).unwrap(),
            decisions: 0,
        }
    }

    pub(super) fn apply(&mut self, change: Change) {
        self.catalog.apply(&change).unwrap();
        let changes = [change];
        self.agent.observe(&Observation::Changed { catalog: &self.catalog, changes: &changes, at: at(0) });
    }

    /// Adds an advertiser `a`, and campaigns of one creative each, as `edit` makes them.
    pub(super) fn with_campaigns(mut self, count: usize, edit: impl Fn(usize, &mut Campaign)) -> Self {
        self.apply(Change::PutAdvertiser(advertiser("a")));
        for n in 0..count {
            let mut of = campaign(&format!("c{n}"), "a");
            edit(n, &mut of);
            let id = of.id.clone();
            self.apply(Change::PutCampaign(of));
            self.apply(Change::PutCreative(creative(&format!("k{n}"), &id)));
        }
        self
    }

    pub(super) fn tick(&mut self, seconds: i64) {
        self.agent.control(&Tick { now: at(seconds), catalog: &self.catalog, accounts: &[] });
    }

    pub(super) fn ask(&self, request: &AdRequest, decision: u64, seconds: i64) -> Vec<Proposal> {
        self.ask_under(request, decision, seconds, &[Restraint::HonourSwitches])
    }

    pub(super) fn ask_under(
        &self,
        request: &AdRequest,
        decision: u64,
        seconds: i64,
        restraints: &[Restraint],
    ) -> Vec<Proposal> {
        let interests = Interests::default();
        let view = self.view(request, decision, seconds, restraints, &interests);
        let mut proposals = Vec::new();
        self.agent.propose(&view, &mut proposals);
        proposals
    }

    pub(super) fn view<'a>(
        &'a self,
        request: &'a AdRequest,
        decision: u64,
        seconds: i64,
        restraints: &'a [Restraint],
        interests: &'a Interests,
    ) -> View<'a> {
        let user = request.user.key;
        let sight =
            Sight::Relevance(RelevanceSight { request, user, interests, restraints, catalog: &self.catalog });
        View { decision: DecisionId(decision), now: at(seconds), chance: Chance::new(9, decision), sight }
    }

    /// Says why the agent named nothing for the first imp.
    pub(super) fn why(&self, request: &AdRequest, seconds: i64, restraints: &[Restraint]) -> NoBidReason {
        assert!(rankings(&self.ask_under(request, 1, seconds, restraints)).is_empty());
        let interests = Interests::default();
        self.agent.why_none(&self.view(request, 1, seconds, restraints, &interests), 0)
    }

    /// Bids on a ranking and tells the agent of the decision.
    pub(super) fn bid(&mut self, request: &AdRequest, ranking: &Ranking, seconds: i64) -> BidRecord {
        self.decisions += 1;
        let bid = record(ranking, self.decisions, request.user.key, seconds);
        let bids = [bid.clone()];
        self.agent.observe(&Observation::Decided { request, bids: &bids, at: at(seconds) });
        bid
    }

    pub(super) fn notice(&mut self, bid: &BidRecord, kind: NoticeKind, seconds: i64) {
        let notice = Notice { bid: bid.bid.id, kind, happened_at: at(seconds), key: 0 };
        let (verdict, known_at) = (NoticeVerdict::Counted, at(seconds));
        self.agent.observe(&Observation::Noticed { bid, notice: &notice, verdict, known_at });
    }
}

pub(super) fn record(ranking: &Ranking, decision: u64, user: Option<UserKey>, seconds: i64) -> BidRecord {
    let bid = Bid {
        id: BidId { decision: DecisionId(decision), imp: ranking.imp },
        campaign: ranking.campaign,
        advertiser: ranking.advertiser,
        creative: ranking.creative,
        price: CpmMicros::new(1),
        reserved: Nanos::new(1),
        deal: ranking.deal,
        kind: ranking.kind,
        size: None,
        propensity: Probability::ONE,
        charge: Charge::OnImpression,
        expires: at(seconds + 3_600),
    };
    BidRecord {
        bid,
        made_at: at(seconds),
        user,
        value: CpmMicros::new(1),
        floor: ranking.floor,
        pricing: Pricing::FirstPrice,
        market: MarketKey(0),
        p_click: ranking.p_click,
        p_conversion: ranking.p_conversion,
        features: ranking.features,
        categories: smallvec::SmallVec::default(),
    }
}

pub(super) fn rankings(proposals: &[Proposal]) -> Vec<&Ranking> {
    let ranking = |proposal: &'_ Proposal| matches!(proposal.ask, Ask::Rank(_));
    proposals
        .iter()
        .filter(|p| ranking(p))
        .filter_map(|p| if let Ask::Rank(ranking) = &p.ask { Some(ranking) } else { None })
        .collect()
}

pub(super) fn named(proposals: &[Proposal]) -> Vec<CampaignIx> {
    rankings(proposals).into_iter().map(|ranking| ranking.campaign).collect()
}
