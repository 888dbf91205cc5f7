//! Our own journal becomes opportunities, bids and outcomes with both their times.

use std::sync::Arc;

use motet_coordinator::Trace;
use motet_engine::{Effect, Event, Judgement, Record, SealedRequest};
use motet_history::{History, Ingest, Offer, Options, OutcomeKind, Summary};
use motet_model::{
    codes::Code,
    decision::{Bid, Charge, Decision, ImpDecision, NoBidReason},
    ids::{AdvertiserIx, BidId, CampaignIx, CreativeIx, DecisionId, UserKey},
    outcome::{Notice, NoticeKind, NoticeVerdict},
    request::{
        Access, AdRequest, Banner, Blocks, CurrencyRate, Device, Imp, Inventory, Media, MediaKind, Mode,
        Oddities, Placement, Pricing, Privacy, Security, Size, SupplyChain, User,
    },
};
use motet_units::{Chance, CpmMicros, Nanos, Probability, Span, Timestamp};

fn imp(id: &str) -> Imp {
    let sizes = std::iter::once(Size { w: 300, h: 250 }).collect();
    Imp {
        id: id.to_owned(),
        media: Media { banner: Some(Banner { sizes, ..Banner::default() }), ..Media::default() },
        floor: CpmMicros::new(500_000),
        deals: Vec::new(),
        access: Access::Open,
        secure: Security::Any,
        tag: Some("top".to_owned()),
        expiry: None,
        quantity_millis: 1_000,
        placement: Placement::Ordinary,
        metric_viewability: None,
    }
}

fn request() -> AdRequest {
    AdRequest {
        id: "r1".to_owned(),
        imps: vec![imp("1"), imp("2")],
        inventory: Inventory { domain: Some("radio.example".to_owned()), ..Inventory::default() },
        device: Device {
            user_agent: Some("Mozilla/5.0 (Windows NT 6.1) Chrome/21".to_owned()),
            ip: Some("192.0.2.77".parse().unwrap()),
            utc_offset_minutes: Some(120),
            ..Device::default()
        },
        user: User { key: Some(UserKey(42)), segments: vec!["p/sport".to_owned()], ..User::default() },
        privacy: Privacy::default(),
        blocks: Blocks::default(),
        pricing: Pricing::SecondPrice,
        currency: CurrencyRate { code: Code::currency("EUR").unwrap(), nanos_per_unit: 1_000_000_000 },
        languages: std::iter::empty().collect(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain {
            systems: vec!["seller.example".to_owned(), "ssp.example".to_owned()],
            ..SupplyChain::default()
        },
        oddities: Oddities::default(),
    }
}

const DECISION: DecisionId = DecisionId::new(0, 7);
const BID: BidId = BidId { decision: DECISION, imp: 0 };

fn decided(at: Timestamp) -> Record {
    let bid = Bid {
        id: BID,
        campaign: CampaignIx(3),
        advertiser: AdvertiserIx(1),
        creative: CreativeIx(9),
        price: CpmMicros::new(2_000_000),
        reserved: Nanos::new(2_000_000),
        deal: None,
        kind: MediaKind::Banner,
        size: None,
        propensity: Probability::new(0.75).unwrap(),
        charge: Charge::OnBilling,
        expires: at + Span::from_secs(3_600),
    };
    let imps = vec![ImpDecision::Bid(bid), ImpDecision::NoBid(NoBidReason::BelowFloor)];
    let trace = Trace {
        decision: Decision { id: DECISION, at, imps },
        view_digest: 0,
        chance: Chance::new(1, 7),
        policies: Arc::new(Vec::new()),
        presence: std::iter::empty().collect(),
        hearing: Vec::new(),
        auctions: Vec::new(),
    };
    Record {
        at,
        event: Event::Requested(Box::new(SealedRequest::new(request()))),
        effect: Effect::Decided(Box::new(trace)),
    }
}

fn noticed(kind: NoticeKind, happened: i64, known: i64, verdict: NoticeVerdict) -> Record {
    let notice = Notice { bid: BID, kind, happened_at: Timestamp::from_secs(happened), key: 0 };
    Record {
        at: Timestamp::from_secs(known),
        event: Event::Noticed(notice),
        effect: Effect::Judged(Judgement { verdict, charged: Nanos::ZERO }),
    }
}

fn ingested(records: Vec<Record>) -> (Vec<Offer>, Summary) {
    let scratch = tempfile::tempdir().unwrap();
    let options = Options { scratch: scratch.path().to_owned(), ..Options::default() };
    let mut ingest = Ingest::new(Vec::new(), options).unwrap();
    ingest.journal("data", 1_000, records.into_iter().map(Ok), &mut |_| {}).unwrap();
    let (bytes, summary) = ingest.finish().unwrap();
    let history = History::from_bytes(bytes.into()).unwrap();
    let offers = history.offers().unwrap().map(Result::unwrap).collect();
    (offers, summary)
}

#[test]
fn a_decision_and_its_notices_become_offers_with_both_times() {
    let price = Some(CpmMicros::new(1_500_000));
    let (offers, summary) = ingested(vec![
        decided(Timestamp::from_secs(100)),
        noticed(NoticeKind::Billed { price }, 101, 102, NoticeVerdict::Counted),
        noticed(NoticeKind::Click, 110, 500, NoticeVerdict::Counted),
        noticed(NoticeKind::Click, 110, 501, NoticeVerdict::Duplicate),
        noticed(NoticeKind::Impression, 102, 103, NoticeVerdict::Counted),
        noticed(NoticeKind::Conversion { value: Some(Nanos::new(77)) }, 900, 905, NoticeVerdict::Counted),
    ]);
    assert_eq!((offers.len(), summary.sources[0].uncounted_notices), (2, 1));
    let (won, passed) = (&offers[0], &offers[1]);
    assert_eq!(passed.opportunity.no_bid.as_deref(), Some("below_floor"));
    assert!(passed.bid.is_none() && passed.outcomes.is_empty());
    let bid = won.bid.as_ref().unwrap();
    assert_eq!((bid.propensity, bid.campaign.as_deref()), (Some(0.75), Some("3")));
    assert_eq!(won.pay(), price);
    let click = won.outcome(OutcomeKind::Click).unwrap();
    assert_eq!(
        (click.happened_at, click.known_at),
        (Some(Timestamp::from_secs(110)), Some(Timestamp::from_secs(500)))
    );
    assert_eq!(won.outcome(OutcomeKind::Conversion).unwrap().value, Some(Nanos::new(77)));
    let opportunity = &won.opportunity;
    assert_eq!((opportunity.exchange.as_deref(), opportunity.utc_offset_min), (Some("ssp.example"), 120));
    assert_eq!((opportunity.width, opportunity.format.as_deref()), (Some(300), Some("banner")));
    assert_eq!(opportunity.network, Some((192 << 16) + 2));
    assert_ne!(opportunity.user, Some(42));
}

#[test]
fn a_record_that_does_not_read_ends_the_reading_with_its_name() {
    let mut ingest = Ingest::new(Vec::new(), Options::default()).unwrap();
    let records = vec![Ok(decided(Timestamp::from_secs(1))), Err("record 2: it is empty".to_owned())];
    let error = ingest.journal("data", 0, records.into_iter(), &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "journal data: record 2: it is empty");
}
