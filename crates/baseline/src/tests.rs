use motet_agent::{AccountBook, BidRecord, MarketKey};
use motet_model::{
    campaign::{
        Advertiser, BrandSafety, Budget, Content, Creative, Flight, FrequencyCap, Status, UnknownUser,
    },
    catalog::{Change, Switch},
    codes::{Code, CodeSet},
    decision::{Bid, Charge},
    ids::{AdvertiserIx, BidId, CampaignIx, DecisionId, UserKey},
    outcome::{Notice, NoticeKind},
    request::{
        Access, AdRequest, Banner, Blocks, CurrencyRate, Deal, Device, Inventory, Media, MediaKind, Mode,
        Oddities, Placement, Pricing, Privacy, Security, Size, SupplyChain, User,
    },
    targeting::Targeting,
};
use motet_units::{Chance, Nanos, Probability, Span};
use proptest::prelude::*;

use super::*;

#[derive(Debug)]
struct Accounts {
    spent_today: Nanos,
}

impl AccountBook for Accounts {
    fn account(&self, campaign: CampaignIx) -> Account {
        Account {
            campaign,
            daily: Some(Nanos::from_units(48.0)),
            total: None,
            spent_today: self.spent_today,
            reserved_today: Nanos::ZERO,
            spent: self.spent_today,
            reserved: Nanos::ZERO,
            room: Nanos::from_units(48.0) - self.spent_today,
        }
    }
}

fn campaign(id: &str, goal: Goal) -> Campaign {
    Campaign {
        id: id.into(),
        advertiser: "adv".into(),
        name: id.into(),
        status: Status::Active,
        budget: Budget { total: None, daily: Some(Nanos::from_units(48.0)) },
        goal,
        most_cpm: None,
        flight: Flight { start: Timestamp::from_secs(0), end: None, utc_offset: Span::ZERO },
        pacing: Pacing::Even,
        frequency: None,
        targeting: Targeting::default(),
    }
}

fn cpm(units: f64) -> CpmMicros {
    CpmMicros::from_units(units)
}

fn flat(id: &str, price: f64) -> Campaign {
    campaign(id, Goal::Cpm { price: cpm(price) })
}

fn catalog(campaigns: &[Campaign]) -> Catalog {
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
        let creative = Creative {
            id: format!("{}-ad", campaign.id),
            campaign: campaign.id.clone(),
            status: Status::Active,
            domains: vec!["shop.example".into()],
            bundle: None,
            categories: vec![],
            attributes: CodeSet::EMPTY,
            language: None,
            landing_page: "https://shop.example/".into(),
            content: Content::Html { size: Size { w: 300, h: 250 }, markup: "<b>x</b>".into() },
        };
        catalog.apply(&Change::PutCreative(creative)).unwrap();
    }
    catalog
}

fn request(floor: f64, imps: usize) -> AdRequest {
    let imp = |n: usize| Imp {
        id: n.to_string(),
        media: Media { banner: Some(Banner::default()), ..Media::default() },
        floor: cpm(floor),
        deals: vec![],
        access: Access::Open,
        secure: Security::Any,
        tag: None,
        expiry: None,
        quantity_millis: 1_000,
        placement: Placement::Ordinary,
        metric_viewability: None,
    };
    AdRequest {
        id: "r".into(),
        imps: (0..imps).map(imp).collect(),
        inventory: Inventory::default(),
        device: Device::default(),
        user: User { key: Some(UserKey(3)), ..User::default() },
        privacy: Privacy::default(),
        blocks: Blocks::default(),
        pricing: Pricing::FirstPrice,
        currency: CurrencyRate { code: Code::currency("USD").unwrap(), nanos_per_unit: 1_000_000_000 },
        languages: smallvec::SmallVec::new(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}

/// Noon, half the day over.
const NOON: Timestamp = Timestamp::from_secs(43_200);

fn asks_of(
    baseline: &Baseline,
    catalog: &Catalog,
    request: &AdRequest,
    spent: f64,
    decision: u64,
) -> Vec<Ask> {
    let accounts = Accounts { spent_today: Nanos::from_units(spent) };
    let sight = BaselineSight { request, catalog, accounts: &accounts };
    let chance = Chance::new(1, decision);
    let view = View { decision: DecisionId(decision), now: NOON, chance, sight: Sight::Baseline(sight) };
    let (mut first, mut second) = (Vec::new(), Vec::new());
    baseline.propose(&view, &mut first);
    baseline.propose(&view, &mut second);
    assert_eq!(first, second, "AG-1");
    let on_card = |p: &Proposal| p.agent == AgentName::Baseline && CARD.intents.contains(&p.ask.intent());
    assert!(first.iter().all(on_card), "AG-2");
    first.into_iter().map(|p| p.ask).collect()
}

fn bids(baseline: &Baseline, catalog: &Catalog, request: &AdRequest, spent: f64) -> Vec<(u32, CpmMicros)> {
    let asks = asks_of(baseline, catalog, request, spent, 1);
    let ranks: Vec<u32> = asks
        .iter()
        .filter_map(|ask| match ask {
            Ask::Rank(ranking) => Some(ranking.campaign.0),
            _ => None,
        })
        .collect();
    asks.iter()
        .filter_map(|ask| match ask {
            Ask::Offer { candidate, bid, value } => {
                assert!(bid <= value, "CO-1");
                Some((ranks[candidate.get()], *bid))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn the_highest_fixed_bid_comes_first() {
    let catalog = catalog(&[
        flat("cpm", 2.0),
        campaign("cpc", Goal::Cpc { click: Nanos::from_units(2.0) }),
        campaign("cpa", Goal::Cpa { conversion: Nanos::from_units(25.0) }),
        flat("under the floor", 0.4),
    ]);
    // 0.2 % × 2 = 4.00 a thousand; 0.2 % × 2 % × 25 = 1.00.
    let expected = vec![(1, cpm(4.0)), (0, cpm(2.0)), (2, cpm(1.0))];
    assert_eq!(bids(&Baseline::new(), &catalog, &request(0.5, 1), 0.0), expected);
}

#[test]
fn a_campaign_ahead_of_its_day_waits() {
    let catalog = catalog(&[flat("c", 2.0)]);
    let any = |spent| !bids(&Baseline::new(), &catalog, &request(0.5, 1), spent).is_empty();
    assert!(any(24.9), "half the day and half an hour's advance");
    assert!(!any(25.1));
}

#[test]
fn targeting_kill_switches_and_flights_hold() {
    let mut german = flat("german", 2.0);
    german.targeting.languages = vec![Code::language("de").unwrap()];
    let mut over = flat("over", 2.0);
    over.flight.end = Some(Timestamp::from_secs(10));
    let mut catalog = catalog(&[german, over, flat("killed", 2.0), flat("fine", 2.0)]);
    catalog.apply(&Change::Kill(Switch::Campaign("killed".into()))).unwrap();
    assert_eq!(bids(&Baseline::new(), &catalog, &request(0.5, 1), 0.0), vec![(3, cpm(2.0))]);
}

#[test]
fn fixed_deals_are_bid_at_their_price() {
    let mut campaign = flat("c", 5.0);
    campaign.targeting.deals = vec!["deal".into()];
    let mut request = request(0.5, 1);
    request.imps[0].deals = vec![Deal {
        id: "deal".into(),
        floor: cpm(3.0),
        pricing: DealPricing::Fixed,
        seats: vec![],
        advertiser_domains: vec![],
    }];
    assert_eq!(bids(&Baseline::new(), &catalog(&[campaign]), &request, 0.0), vec![(0, cpm(3.0))]);
}

#[test]
fn ties_are_broken_by_chance_and_evenly() {
    let catalog = catalog(&[flat("a", 2.0), flat("b", 2.0)]);
    let request = request(0.5, 1);
    let first = |decision| match &asks_of(&Baseline::new(), &catalog, &request, 0.0, decision)[0] {
        Ask::Rank(ranking) => ranking.campaign.0,
        other => panic!("not a rank: {other:?}"),
    };
    let ones: u32 = (0..2_000).map(first).sum();
    // Binomial with standard deviation 22.4: four of them.
    assert!((910..1_090).contains(&ones), "{ones}");
}

#[test]
fn candidates_are_numbered_by_rank_across_imps_and_eight_at_most() {
    let campaigns: Vec<Campaign> = (0..12).map(|n| flat(&format!("c{n}"), 1.0 + f64::from(n))).collect();
    let asks = asks_of(&Baseline::new(), &catalog(&campaigns), &request(0.5, 2), 0.0, 1);
    let imps: Vec<u16> = asks
        .iter()
        .filter_map(|ask| match ask {
            Ask::Rank(ranking) => Some(ranking.imp),
            _ => None,
        })
        .collect();
    assert_eq!(imps, [[0; 8], [1; 8]].concat());
    let offered: Vec<u16> = asks
        .iter()
        .filter_map(|ask| match ask {
            Ask::Offer { candidate, .. } => Some(candidate.0),
            _ => None,
        })
        .collect();
    assert_eq!(offered, (0..16).collect::<Vec<_>>());
}

fn tell(baseline: &mut Baseline, kind: NoticeKind, at: Timestamp) {
    let id = BidId { decision: DecisionId(9), imp: 0 };
    let bid = Bid {
        id,
        campaign: CampaignIx(0),
        advertiser: AdvertiserIx(0),
        creative: CreativeIx(0),
        price: cpm(1.0),
        reserved: Nanos::new(1),
        deal: None,
        kind: MediaKind::Banner,
        size: None,
        propensity: Probability::ONE,
        charge: Charge::OnBilling,
        expires: at,
    };
    let record = BidRecord {
        bid,
        made_at: at,
        user: Some(UserKey(3)),
        value: cpm(1.0),
        floor: CpmMicros::ZERO,
        pricing: Pricing::FirstPrice,
        market: MarketKey(1),
        p_click: Probability::ZERO,
        p_conversion: Probability::ZERO,
        features: Features::default(),
        categories: smallvec::SmallVec::new(),
    };
    let notice = Notice { bid: id, kind, happened_at: at, key: 0 };
    let verdict = NoticeVerdict::Counted;
    baseline.observe(&Observation::Noticed { bid: &record, notice: &notice, verdict, known_at: at });
}

#[test]
fn a_frequency_cap_holds_for_its_time() {
    let mut capped = flat("c", 2.0);
    let per = Span::from_secs(3_600);
    capped.frequency = Some(FrequencyCap { impressions: 2, per, unknown_user: UnknownUser::Skip });
    let catalog = catalog(&[capped]);
    let mut baseline = Baseline::new();
    baseline.observe(&Observation::Changed { catalog: &catalog, changes: &[], at: NOON });
    let any = |baseline: &Baseline, request: &AdRequest| !bids(baseline, &catalog, request, 0.0).is_empty();
    let mut unknown = request(0.5, 1);
    unknown.user.key = None;
    assert!(!any(&baseline, &unknown), "whom it cannot count it skips");
    let billed = NoticeKind::Billed { price: None };
    tell(&mut baseline, billed, NOON - Span::from_secs(600));
    assert!(any(&baseline, &request(0.5, 1)));
    tell(&mut baseline, billed, NOON - Span::from_secs(500));
    assert!(!any(&baseline, &request(0.5, 1)));
    let mut restored = Baseline::new();
    restored.restore(&baseline.save(), &catalog).unwrap();
    assert_eq!(restored.save(), baseline.save());
    assert!(!any(&restored, &request(0.5, 1)), "a restored one remembers");
    assert!(restored.restore(&[7, 7], &catalog).is_err());
}

#[test]
fn rates_follow_the_campaigns_own_clicks() {
    let catalog = catalog(&[campaign("cpc", Goal::Cpc { click: Nanos::from_units(2.0) })]);
    let mut baseline = Baseline::new();
    for n in 0..5_000 {
        tell(&mut baseline, NoticeKind::Billed { price: None }, NOON);
        if n % 100 == 0 {
            tell(&mut baseline, NoticeKind::Click, NOON);
        }
    }
    // (50 + 10) clicks over (5,000 + 5,000) impressions: 0.6 % × 2 = 12.00 a thousand.
    assert_eq!(bids(&baseline, &catalog, &request(0.5, 1), 0.0), vec![(0, cpm(12.0))]);
}

proptest! {
    #[test]
    fn no_offer_breaks_a_promise(prices in prop::collection::vec(0.0..20.0_f64, 0..20), floor in 0.0..10.0_f64,
                                 imps in 1_usize..4, spent in 0.0..48.0_f64) {
        let campaigns: Vec<Campaign> =
            prices.iter().enumerate().map(|(n, price)| flat(&format!("c{n}"), *price)).collect();
        let found = bids(&Baseline::new(), &catalog(&campaigns), &request(floor, imps), spent);
        prop_assert!(found.len() <= 8 * imps);
        prop_assert!(found.iter().all(|(_, bid)| *bid >= cpm(floor)));
    }
}
