//! Measures what one proposal of bidder, guard, safety and pacer costs: `cargo run --release -p motet-agents
//! --example speed`. Median of 41 rounds each, on one thread.

use std::{hint::black_box, time::Instant};

use motet_agent::{
    Account, Agent, BidderSight, Candidate, CandidateIx, Features, GuardSight, MarketKey, Observation,
    PacerSight, Proposal, SafetySight, Sight, View,
};
use motet_agents::{
    bidder::{self, Bidder},
    guard::{self, Guard},
    pacer::{self, Pacer},
    safety::{self, Safety},
};
use motet_model::{
    campaign::{Advertiser, BrandSafety, Budget, Campaign, Flight, Goal, Pacing, Status},
    catalog::{Catalog, Change},
    ids::{AdvertiserIx, CampaignIx, CreativeIx, DecisionId, UserKey},
    request::{
        Channel, Device, Inventory, MediaKind, Oddities, Ownership, Pricing, Privacy, SupplyChain, User,
    },
    targeting::Targeting,
};
use motet_units::{Chance, CpmMicros, Nanos, Probability, Span, Timestamp};

const CAMPAIGNS: u32 = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalog = catalog()?;
    let mut bidder = Bidder::new(bidder::Options::default(), Bidder::fixed_policy())?;
    let mut pacer = Pacer::new(pacer::Options::default(), Pacer::fixed_policy())?;
    let guard = Guard::new(guard::Options::default(), Guard::fixed_policy())?;
    let safety = Safety::new(safety::Options::default());
    let changed = Observation::Changed { catalog: &catalog, changes: &[], at: Timestamp::from_secs(0) };
    bidder.observe(&changed);
    pacer.observe(&changed);

    let candidates: Vec<Candidate> = (0..64).map(candidate).collect();
    let ownership = Ownership::Exchange;
    let bids = Sight::Bidder(BidderSight { candidates: &candidates, ownership, catalog: &catalog });
    report("bidder, a first-price candidate", 64.0, &bidder, bids);

    let accounts: Vec<(CandidateIx, Account)> =
        candidates.iter().map(|c| (c.ix, account(c.campaign))).collect();
    report("pacer, a candidate", 64.0, &pacer, Sight::Pacer(PacerSight { accounts: &accounts }));

    let text = "Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
                Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36";
    let ip = Some("203.0.113.9".parse()?);
    let device = Device { user_agent: Some(text.into()), ip, ..Device::default() };
    let inventory = Inventory {
        channel: Channel::Site,
        domain: Some("sport.news.example".into()),
        categories: ["9:533".parse()?, "IAB12-1".parse()?].into_iter().collect(),
        title: Some("A late goal decides the match of the week".into()),
        ..Inventory::default()
    };
    let (supply, user) = (SupplyChain::default(), User::default());
    let sight = GuardSight {
        request: "1",
        device: &device,
        inventory: &inventory,
        imps: &[],
        supply: &supply,
        oddities: Oddities::default(),
        user: Some(UserKey(7)),
    };
    report("guard, a request", 1.0, &guard, Sight::Guard(sight));

    let privacy = Privacy::default();
    let sight = SafetySight { privacy: &privacy, inventory: &inventory, user: &user };
    report("safety, a request", 1.0, &safety, Sight::Safety(sight));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a measurement reads a clock")]
fn report(what: &str, units: f64, agent: &dyn Agent, sight: Sight<'_>) {
    let view =
        View { decision: DecisionId(1), now: Timestamp::from_secs(9), chance: Chance::new(1, 1), sight };
    let mut proposals: Vec<Proposal> = Vec::with_capacity(256);
    let mut rounds: Vec<f64> = Vec::new();
    for _ in 0..41 {
        let start = Instant::now();
        for _ in 0..2_000 {
            proposals.clear();
            agent.propose(black_box(&view), &mut proposals);
            black_box(&proposals);
        }
        rounds.push(start.elapsed().as_nanos() as f64 / 2_000.0 / units);
    }
    rounds.sort_by(f64::total_cmp);
    println!("{what}: {:.0} ns (fastest {:.0}, slowest {:.0})", rounds[20], rounds[0], rounds[40]);
}

fn catalog() -> Result<Catalog, motet_model::catalog::Error> {
    let mut catalog = Catalog::default();
    catalog.apply(&Change::PutAdvertiser(Advertiser {
        id: "a".into(),
        name: "A".into(),
        seat: "s".into(),
        brand_safety: BrandSafety::default(),
        blocked_publishers: vec![],
        blocked_content: vec![],
        status: Status::Active,
    }))?;
    for n in 0..CAMPAIGNS {
        catalog.apply(&Change::PutCampaign(Campaign {
            id: n.to_string(),
            advertiser: "a".into(),
            name: String::new(),
            status: Status::Active,
            budget: Budget { total: None, daily: Some(Nanos::from_units(10.0)) },
            goal: Goal::Cpa { conversion: Nanos::from_units(5.0) },
            most_cpm: None,
            flight: Flight { start: Timestamp::from_secs(0), end: None, utc_offset: Span::ZERO },
            pacing: Pacing::Even,
            frequency: None,
            targeting: Targeting::default(),
        }))?;
    }
    Ok(catalog)
}

fn candidate(n: u16) -> Candidate {
    Candidate {
        ix: CandidateIx(n),
        imp: 0,
        creative: CreativeIx(0),
        campaign: CampaignIx(u32::from(n) * 13 % CAMPAIGNS),
        advertiser: AdvertiserIx(0),
        kind: MediaKind::Banner,
        deal: None,
        floor: CpmMicros::from_units(0.5),
        pricing: Pricing::FirstPrice,
        fixed_price: false,
        market: MarketKey(u32::from(n)),
        p_click: Probability::clamped(0.002 * f64::from(n % 9 + 1)),
        p_conversion: Probability::clamped(0.05),
        features: Features::default(),
    }
}

fn account(campaign: CampaignIx) -> Account {
    let zero = Nanos::ZERO;
    Account {
        campaign,
        daily: Some(Nanos::from_units(10.0)),
        total: None,
        spent_today: zero,
        reserved_today: zero,
        spent: zero,
        reserved: zero,
        room: zero,
    }
}
