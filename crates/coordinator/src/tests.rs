//! Whole decisions against scripted agents: who overrules whom, and what happens when one is absent.

use motet_agent::{
    Account, AccountBook, Agent, AgentCard, AgentName, Ask, Basis, CandidateIx, Intent, Interests,
    Observation, Priority, Proposal, Ranking, Restraint, SafetyReason, Tick, Verdict, View,
};
use motet_model::{
    campaign::{
        Advertiser, BrandSafety, Budget, Campaign, Content, Creative, Flight, Goal, Pacing, Risk,
        SensitiveTopic, Status,
    },
    catalog::{Catalog, Change, Switch},
    codes::{Code, CodeSet, Mimes},
    decision::{Finding, ImpDecision, NoBidReason},
    ids::{AdvertiserIx, BidId, CampaignIx, CreativeIx, DecisionId},
    request::*,
    targeting::Targeting,
};
use motet_units::{Chance, CpmMicros, Multiplier, Nanos, Probability, Span, Timestamp};

use super::*;

const SIZE: Size = Size { w: 300, h: 250 };

/// What a scripted agent does.
#[derive(Clone)]
enum Script {
    Say(Vec<Ask>),
    Panic,
}

struct Scripted {
    card: &'static AgentCard,
    script: Script,
}

fn card(name: AgentName, intents: &'static [Intent]) -> &'static AgentCard {
    Box::leak(Box::new(AgentCard {
        name,
        version: 1,
        objective: "",
        intents,
        timescale: "",
        sees: "",
        never: "",
        limits: &[],
        chance: "",
        learns_from: "",
        if_absent: "",
        goes_wrong_by: "",
        watched_by: "",
        evidence: "",
        not_for: "",
        observation: &[],
        action: &[],
    }))
}

impl Agent for Scripted {
    fn card(&self) -> &'static AgentCard {
        self.card
    }
    fn policy_version(&self) -> &'static str {
        "scripted@1"
    }
    fn propose(&self, _view: &View<'_>, proposals: &mut Vec<Proposal>) {
        match &self.script {
            Script::Say(asks) => {
                proposals.extend(asks.iter().map(|ask| Proposal { agent: self.card.name, ask: ask.clone() }));
            }
            Script::Panic => panic!("scripted to break"),
        }
    }
    fn observe(&mut self, _observation: &Observation<'_>) {}
    fn control(&mut self, _tick: &Tick<'_>) {}
    fn save(&self) -> Vec<u8> {
        Vec::new()
    }
    fn restore(&mut self, _state: &[u8], _catalog: &Catalog) -> Result<(), String> {
        Ok(())
    }
}

/// Six scripted agents that say by default: two ads, worth 5 and 4, bid 3 and 2, full pace, clean, no restraint.
struct Cast {
    agents: [Scripted; 6],
}

impl Cast {
    fn new() -> Self {
        let rank = |creative: u32| Ask::Rank(ranking(creative));
        let scripts: [(AgentName, &'static [Intent], Vec<Ask>); 6] = [
            (AgentName::Intent, &[Intent::ActivateInterests], vec![]),
            (AgentName::Guard, &[Intent::ScreenTraffic], vec![Ask::Clear]),
            (AgentName::Safety, &[Intent::Restrain], vec![Ask::Restrain(Restraint::HonourSwitches)]),
            (AgentName::Relevance, &[Intent::RankAds, Intent::Explore], vec![rank(0), rank(1)]),
            (AgentName::Bidder, &[Intent::OfferPrice], vec![offer(0, 5.0, 3.0), offer(1, 4.0, 2.0)]),
            (AgentName::Pacer, &[Intent::PaceSpend], vec![pace(0, 1.0), pace(1, 1.0)]),
        ];
        let agents = scripts
            .map(|(name, intents, asks)| Scripted { card: card(name, intents), script: Script::Say(asks) });
        Self { agents }
    }

    fn script(mut self, name: AgentName, script: Script) -> Self {
        let seat = self.agents.iter_mut().find(|a| a.card.name == name).unwrap();
        seat.script = script;
        self
    }

    fn says(self, name: AgentName, asks: Vec<Ask>) -> Self {
        self.script(name, Script::Say(asks))
    }

    fn team(&self) -> Team<'_> {
        let [intent, guard, safety, relevance, bidder, pacer] = &self.agents;
        Team::Agents { intent, guard, safety, relevance, bidder, pacer }
    }

    fn decide(&self, request: &AdRequest) -> Ruling {
        self.decide_with(request, &mut Till { room: Nanos::MAX }, Timing::Unlimited)
    }

    fn decide_with(&self, request: &AdRequest, purse: &mut dyn Purse, timing: Timing<'_>) -> Ruling {
        let catalog = catalog();
        let brief = Brief {
            id: DecisionId(9),
            now: Timestamp::from_secs(1_000),
            chance: Chance::new(1, 9),
            request,
            view_digest: 0,
            catalog: &catalog,
            answers: &[],
        };
        decide(&Options::default(), &brief, &self.team(), purse, timing)
    }
}

/// A purse with the same room for everyone.
#[derive(Debug)]
struct Till {
    room: Nanos,
}

impl AccountBook for Till {
    fn account(&self, campaign: CampaignIx) -> Account {
        let zero = Nanos::ZERO;
        Account {
            campaign,
            daily: None,
            total: None,
            spent_today: zero,
            reserved_today: zero,
            spent: zero,
            reserved: zero,
            room: self.room,
        }
    }
}

impl Purse for Till {
    fn reserve(&mut self, _: BidId, _: CampaignIx, amount: Nanos, _: Timestamp) -> Result<(), NotReserved> {
        if amount > self.room {
            return Err(NotReserved::NoBudget);
        }
        self.room -= amount;
        Ok(())
    }
    fn book(&self) -> &dyn AccountBook {
        self
    }
}

fn cpm(units: f64) -> CpmMicros {
    CpmMicros::from_units(units)
}

fn offer(candidate: u16, value: f64, bid: f64) -> Ask {
    Ask::Offer { candidate: CandidateIx(candidate), value: cpm(value), bid: cpm(bid) }
}

fn pace(candidate: u16, multiplier: f64) -> Ask {
    Ask::Pace { candidate: CandidateIx(candidate), multiplier: Multiplier::clamped(multiplier) }
}

fn ranking(creative: u32) -> Ranking {
    Ranking {
        imp: 0,
        creative: CreativeIx(creative),
        campaign: CampaignIx(creative),
        advertiser: AdvertiserIx(creative),
        kind: MediaKind::Banner,
        deal: None,
        floor: CpmMicros::ZERO,
        p_click: Probability::clamped(0.01),
        p_conversion: Probability::clamped(0.1),
        features: motet_agent::Features::default(),
    }
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    for number in 0..2 {
        let (id, content) = (format!("{number}"), banner_content());
        let advertiser = Advertiser {
            id: id.clone(),
            name: id.clone(),
            seat: "seat".to_owned(),
            brand_safety: BrandSafety {
                most: if number == 0 { Risk::Low } else { Risk::High },
                topics: vec![],
            },
            blocked_publishers: vec![],
            blocked_content: vec![],
            status: Status::Active,
        };
        let campaign = Campaign {
            id: id.clone(),
            advertiser: id.clone(),
            name: id.clone(),
            status: Status::Active,
            budget: Budget { total: Some(Nanos::MAX), daily: None },
            goal: Goal::Cpm { price: cpm(5.0) },
            most_cpm: None,
            flight: Flight { start: Timestamp::from_secs(0), end: None, utc_offset: Span::ZERO },
            pacing: Pacing::Even,
            frequency: None,
            targeting: Targeting::default(),
        };
        let creative = Creative {
            id: id.clone(),
            campaign: id.clone(),
            status: Status::Active,
            domains: vec![format!("{number}.example")],
            bundle: None,
            categories: vec![],
            attributes: CodeSet::EMPTY,
            language: None,
            landing_page: "https://x.example".to_owned(),
            content,
        };
        for change in
            [Change::PutAdvertiser(advertiser), Change::PutCampaign(campaign), Change::PutCreative(creative)]
        {
            catalog.apply(&change).unwrap();
        }
    }
    catalog
}

fn banner_content() -> Content {
    Content::Image {
        size: SIZE,
        url: "https://x.example/a.png".to_owned(),
        mime: Mimes::of("image/png").unwrap(),
    }
}

fn request() -> AdRequest {
    let imp = Imp {
        id: "1".to_owned(),
        media: Media {
            banner: Some(Banner { sizes: [SIZE].into_iter().collect(), ..Banner::default() }),
            ..Media::default()
        },
        floor: cpm(1.0),
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
        id: "r".to_owned(),
        imps: vec![imp],
        inventory: Inventory::default(),
        device: Device::default(),
        user: User::default(),
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

/// Writes a ruling as one line: the outcome, then every refusal.
fn line(ruling: &Ruling) -> String {
    let outcome = match &ruling.trace.decision.imps[0] {
        ImpDecision::Bid(bid) => format!("bid {} at {}", bid.creative.0, bid.price),
        ImpDecision::NoBid(reason) => format!("no bid: {}", reason.name()),
    };
    let refused = ruling.trace.hearing.iter().filter_map(|(proposal, verdict)| match verdict {
        Verdict::Accepted => None,
        Verdict::Refused(reason) => Some(format!("{} {reason:?}", proposal.agent)),
    });
    std::iter::once(outcome).chain(refused).collect::<Vec<_>>().join("; ")
}

fn check(cast: &Cast, expected: &str) {
    let ruling = cast.decide(&request());
    assert_eq!(line(&ruling), expected);
    assert_eq!(ruling.records.len(), ruling.trace.decision.bids().count());
}

#[test]
fn the_highest_offer_wins_and_pays_its_bid_on_an_exchange() {
    check(&Cast::new(), "bid 0 at 3");
}

#[test]
fn on_our_own_inventory_the_winner_pays_the_next_bid() {
    let mut request = request();
    request.inventory.ownership = Ownership::Owned;
    assert_eq!(line(&Cast::new().decide(&request)), "bid 0 at 2");
}

#[test]
fn safety_overrules_everyone() {
    let stop = Ask::Restrain(Restraint::RefuseRequest(SafetyReason::KillSwitch));
    let cast = Cast::new().says(AgentName::Safety, vec![stop]);
    check(&cast, "no bid: policy_blocked; guard Overruled(Safety)");
}

#[test]
fn fraud_overrules_interest() {
    let profile = Ask::Profile { interests: Interests::default(), basis: Basis::Context };
    let cast = Cast::new()
        .says(AgentName::Intent, vec![profile])
        .says(AgentName::Guard, vec![Ask::Flag { finding: Finding::Crawler }]);
    check(&cast, "no bid: invalid_traffic; intent Overruled(Fraud)");
}

#[test]
fn consent_overrules_a_profile_made_from_identity() {
    let profile = Ask::Profile { interests: Interests::default(), basis: Basis::Identity };
    let context_only = Ask::Restrain(Restraint::ContextOnly(SafetyReason::NoConsent));
    let cast = Cast::new().says(AgentName::Intent, vec![profile]).says(AgentName::Safety, vec![context_only]);
    check(&cast, "bid 0 at 3; intent NoConsent");
}

#[test]
fn budget_overrules_bidding() {
    // At 0.3 the higher bid falls below its floor of 1; the other is let through in full.
    let cast = Cast::new().says(AgentName::Pacer, vec![pace(0, 0.3), pace(1, 1.0)]);
    check(&cast, "bid 1 at 2; bidder Paced");
}

#[test]
fn no_score_outvotes_a_brand_safety_restraint() {
    let risk = Ask::Restrain(Restraint::ContentRisk { topic: SensitiveTopic::Crime, risk: Risk::Medium });
    let cast = Cast::new().says(AgentName::Safety, vec![risk]);
    // The first advertiser takes low risk only; its place in the list is closed and the other moves up.
    check(&cast, "bid 1 at 3; relevance Unsafe(BrandRisk); bidder UnknownTarget; pacer UnknownTarget");
}

#[test]
fn co_1_a_bid_above_its_value_is_refused() {
    let cast = Cast::new().says(AgentName::Bidder, vec![offer(0, 2.0, 3.0), offer(1, 4.0, 2.0)]);
    check(&cast, "bid 1 at 2; bidder AboveValue");
}

#[test]
fn asks_off_the_card_targets_that_are_not_there_and_repetitions_are_refused() {
    let cast = Cast::new().says(
        AgentName::Bidder,
        vec![offer(0, 5.0, 3.0), offer(0, 5.0, 4.0), offer(7, 5.0, 3.0), pace(1, 1.0)],
    );
    check(&cast, "bid 0 at 3; bidder Repeated; bidder UnknownTarget; bidder NotOnCard");
}

#[test]
fn numbers_out_of_range_are_refused() {
    let explore = |greed| Ask::Explore { imp: 0, greed };
    let cast = Cast::new().says(
        AgentName::Relevance,
        vec![Ask::Rank(ranking(0)), explore(f64::NAN), explore(-1.0), Ask::Explore { imp: 4, greed: 1.0 }],
    );
    let line = line(&cast.says(AgentName::Bidder, vec![offer(0, 5.0, 3.0)]).decide(&request()));
    assert!(
        line.starts_with("bid 0 at 3; relevance OutOfRange; relevance OutOfRange; relevance UnknownTarget"),
        "{line}"
    );
}

#[test]
fn a_broken_agent_is_absent_and_its_fallback_is_used() {
    let absent = |name| Cast::new().script(name, Script::Panic);
    check(&absent(AgentName::Intent), "bid 0 at 3");
    check(&absent(AgentName::Pacer), "bid 0 at 1.5");
    for name in [AgentName::Safety, AgentName::Guard, AgentName::Relevance, AgentName::Bidder] {
        let ruling = absent(name).decide(&request());
        assert_eq!(ruling.trace.decision.imps, [ImpDecision::NoBid(NoBidReason::AgentAbsent)], "{name}");
        assert!(ruling.trace.presence.contains(&(name, Presence::Broken)));
    }
}

#[test]
fn a_campaign_without_money_makes_room_for_the_next() {
    let mut till = Till { room: cpm(2.5).per_impression() };
    let ruling = Cast::new().decide_with(&request(), &mut till, Timing::Unlimited);
    assert_eq!(line(&ruling), "bid 1 at 2; bidder NoBudget");
}

#[test]
fn a_kill_switch_stops_a_campaign_that_every_agent_wants() {
    let mut catalog = catalog();
    catalog.apply(&Change::Kill(Switch::Campaign("0".to_owned()))).unwrap();
    let request = request();
    let brief = Brief {
        id: DecisionId(9),
        now: Timestamp::from_secs(1_000),
        chance: Chance::new(1, 9),
        request: &request,
        view_digest: 0,
        catalog: &catalog,
        answers: &[],
    };
    let cast = Cast::new();
    let ruling =
        decide(&Options::default(), &brief, &cast.team(), &mut Till { room: Nanos::MAX }, Timing::Unlimited);
    assert!(line(&ruling).contains("relevance Unsafe(KillSwitch)"), "{}", line(&ruling));
}

/// A stopwatch on which time is up once the named agent has been asked.
struct Hangs(AgentName, TimeLeft);

impl Stopwatch for Hangs {
    fn start(&mut self, _agent: AgentName) -> TimeLeft {
        self.1
    }
    fn stop(&mut self, agent: AgentName) -> TimeLeft {
        if agent == self.0 {
            self.1 = TimeLeft::None;
        }
        self.1
    }
}

#[test]
fn a_late_agent_is_refused_and_the_decision_ends() {
    for name in AgentName::TEAM {
        let mut watch = Hangs(name, TimeLeft::Some);
        let ruling =
            Cast::new().decide_with(&request(), &mut Till { room: Nanos::MAX }, Timing::Live(&mut watch));
        assert!(ruling.trace.presence.contains(&(name, Presence::Late)), "{name}");
        // The pacer is the last: by then everything else is known, and its fallback stands in.
        let expected = if name == AgentName::Pacer { "bid 0 at 1.5" } else { "no bid: deadline_passed" };
        assert!(line(&ruling).starts_with(expected), "{name}: {}", line(&ruling));
    }
}

#[test]
fn a_replay_under_recorded_timing_takes_the_same_turns() {
    for name in AgentName::TEAM {
        let mut watch = Hangs(name, TimeLeft::Some);
        let live =
            Cast::new().decide_with(&request(), &mut Till { room: Nanos::MAX }, Timing::Live(&mut watch));
        let recorded = Timing::Recorded(&live.trace.presence);
        let again = Cast::new().decide_with(&request(), &mut Till { room: Nanos::MAX }, recorded);
        assert_eq!(again, live, "{name}");
    }
}

#[test]
fn a_test_request_is_decided_and_holds_no_money() {
    let mut request = request();
    request.mode = Mode::Test;
    let mut till = Till { room: Nanos::ZERO };
    let ruling = Cast::new().decide_with(&request, &mut till, Timing::Unlimited);
    let bid = ruling.trace.decision.bids().next().unwrap();
    assert_eq!((bid.reserved, bid.charge), (Nanos::ZERO, motet_model::decision::Charge::Never));
}

#[test]
fn several_imps_never_show_one_campaign_twice() {
    let mut request = request();
    request.imps.push(Imp { id: "2".to_owned(), ..request.imps[0].clone() });
    let mut asks = vec![Ask::Rank(ranking(0)), Ask::Rank(ranking(1))];
    for creative in 0..2 {
        asks.push(Ask::Rank(Ranking { imp: 1, ..ranking(creative) }));
    }
    let cast = Cast::new()
        .says(AgentName::Relevance, asks)
        .says(AgentName::Bidder, (0..4).map(|c| offer(c, 5.0, 3.0 - f64::from(c % 2))).collect());
    let ruling = cast.decide(&request);
    let shown: Vec<_> = ruling.trace.decision.bids().map(|bid| bid.campaign.0).collect();
    assert_eq!(shown, [0, 1]);
}

#[test]
fn for_equal_slots_second_price_is_the_generalised_second_price() {
    let mut request = request();
    request.inventory.ownership = Ownership::Owned;
    request.imps.push(Imp { id: "2".to_owned(), ..request.imps[0].clone() });
    let mut asks = vec![Ask::Rank(ranking(0)), Ask::Rank(ranking(1))];
    asks.extend((0..2).map(|creative| Ask::Rank(Ranking { imp: 1, ..ranking(creative) })));
    let cast = Cast::new()
        .says(AgentName::Relevance, asks)
        .says(AgentName::Bidder, (0..4).map(|c| offer(c, 5.0, 3.0 - f64::from(c % 2))).collect());
    let paid: Vec<_> = cast.decide(&request).trace.decision.bids().map(|bid| bid.price).collect();
    let ranked = [motet_auction::Entry::new(0, cpm(3.0)), motet_auction::Entry::new(1, cpm(2.0))];
    let mut awards = Vec::new();
    motet_auction::clear(motet_auction::Mechanism::Gsp { slots: 2 }, &ranked, &[cpm(1.0); 2], &mut awards);
    assert_eq!(paid, awards.iter().map(|award| award.price).collect::<Vec<_>>());
}

#[test]
fn the_written_priority_is_the_order_of_the_type() {
    use Priority::{Bidding, Budget, Consent, Fraud, Relevance, Safety};
    let mut order = [Relevance, Bidding, Budget, Fraud, Consent, Safety];
    order.sort();
    assert_eq!(order, [Safety, Consent, Fraud, Budget, Bidding, Relevance]);
}

proptest::proptest! {
    #[test]
    fn co_2_every_proposal_has_one_verdict_and_no_bid_breaks_its_bounds(
        offers in proptest::collection::vec((0_u16..4, 0.0..10.0_f64, 0.0..10.0_f64), 0..8),
        paces in proptest::collection::vec((0_u16..4, 0.0..1.0_f64), 0..8),
        greed in 0.0..1e4_f64,
    ) {
        let asks: Vec<Ask> = offers.iter().map(|(c, value, bid)| offer(*c, *value, *bid)).collect();
        let said = 2 + 3 + asks.len() + paces.len();
        let cast = Cast::new()
            .says(AgentName::Relevance, vec![Ask::Rank(ranking(0)), Ask::Rank(ranking(1)), Ask::Explore { imp: 0, greed }])
            .says(AgentName::Bidder, asks)
            .says(AgentName::Pacer, paces.iter().map(|(c, m)| pace(*c, *m)).collect());
        let ruling = cast.decide(&request());
        proptest::prop_assert_eq!(ruling.trace.hearing.len(), said);
        for record in &ruling.records {
            proptest::prop_assert!(record.bid.price >= record.floor && record.bid.price <= record.value);
            proptest::prop_assert!(record.bid.reserved >= record.bid.price.per_impression());
            proptest::prop_assert!(record.bid.propensity.get() > 0.0);
        }
    }
}
