//! Whole engines: decisions, notices, money, snapshots and replays.

mod leases;
mod market;
mod policies;
mod remote;
mod shading;

use motet_coordinator::Timing;
use motet_model::{
    catalog::{Change, Switch},
    decision::{Bid, NoBidReason},
    ids::CampaignIx,
    outcome::{Notice, NoticeKind, NoticeVerdict},
    request::{AdRequest, Mode, Ownership},
};
use motet_units::{Chance, CpmMicros, Nanos, Span, Timestamp};
use proptest::prelude::*;

use self::market::{campaigns, request};
use super::*;

const START: Timestamp = Timestamp::from_secs(1_760_000_400);

/// An engine with its journal kept beside it.
struct Desk {
    engine: Engine,
    now: Timestamp,
    journal: Vec<Record>,
}

impl Desk {
    fn new(options: Options) -> Self {
        let mut desk = Self { engine: Engine::new(Options::default(), 1), now: START, journal: Vec::new() };
        desk.take(Event::Configured(Box::new(options)));
        desk
    }

    fn open(daily: f64) -> Self {
        let mut desk = Self::new(Options { seed: 3, ..Options::default() });
        assert_eq!(desk.take(Event::Changed(campaigns(6, daily))), Effect::Changed(Ok(())));
        desk
    }

    fn take(&mut self, event: impl std::borrow::Borrow<Event>) -> Effect {
        let event = event.borrow();
        self.now = self.now + Span::from_millis(10);
        let effect = self.engine.step(self.now, event, Timing::Unlimited);
        // Through bytes and back, as the journal does it.
        let bytes = Record::encode(self.now, event, &effect);
        self.journal.push(Record::decode(&bytes).unwrap());
        effect
    }

    fn ask(&mut self, request: AdRequest) -> Result<Bid, NoBidReason> {
        let effect = self.take(Event::Requested(Box::new(SealedRequest::new(request))));
        let Effect::Decided(trace) = effect else { panic!("{effect:?}") };
        match &trace.decision.imps[0] {
            motet_model::decision::ImpDecision::Bid(bid) => Ok(bid.clone()),
            motet_model::decision::ImpDecision::NoBid(reason) => Err(*reason),
        }
    }

    /// Asks until there is a bid: pacing and frequency may hold single requests back.
    fn bid(&mut self) -> Bid {
        (0..50).find_map(|n| self.ask(request(n)).ok()).expect("fifty requests bring a bid")
    }

    fn tell(&mut self, bid: &Bid, kind: NoticeKind) -> Judgement {
        let notice = Notice { bid: bid.id, kind, happened_at: self.now, key: 1 };
        match self.take(Event::Noticed(notice)) {
            Effect::Judged(judgement) => judgement,
            other => panic!("{other:?}"),
        }
    }

    fn spent(&self) -> Nanos {
        self.engine.accounts().iter().map(|a| a.spent).sum()
    }

    fn held(&self) -> Nanos {
        self.engine.accounts().iter().map(|a| a.reserved).sum()
    }

    fn wait(&mut self, seconds: i64) {
        self.now = self.now + Span::from_secs(seconds);
    }
}

const fn billed(price: Option<CpmMicros>) -> NoticeKind {
    NoticeKind::Billed { price }
}

#[test]
fn a_bill_is_charged_once_to_the_nano() {
    let mut desk = Desk::open(100.0);
    let bid = desk.bid();
    assert_eq!(desk.held(), bid.reserved);
    let paid = CpmMicros::new(bid.price.get() - 7);
    let first = desk.tell(&bid, billed(Some(paid)));
    assert_eq!(first, Judgement { verdict: NoticeVerdict::Counted, charged: paid.per_impression() });
    assert_eq!((desk.spent(), desk.held()), (paid.per_impression(), Nanos::ZERO));
    let second = desk.tell(&bid, billed(Some(bid.price)));
    assert_eq!(second, Judgement { verdict: NoticeVerdict::Duplicate, charged: Nanos::ZERO });
    assert_eq!(desk.spent(), paid.per_impression());
}

#[test]
fn a_bill_above_the_bid_is_charged_at_what_was_held() {
    let mut desk = Desk::open(100.0);
    let bid = desk.bid();
    let judgement = desk.tell(&bid, billed(Some(CpmMicros::new(bid.price.get() * 3))));
    assert_eq!(judgement.charged, bid.reserved);
}

#[test]
fn a_loss_gives_the_money_back_and_a_later_bill_contradicts() {
    let mut desk = Desk::open(100.0);
    let bid = desk.bid();
    let lost = NoticeKind::Lost { reason: 102, minimum_to_win: None };
    assert_eq!(desk.tell(&bid, lost).verdict, NoticeVerdict::Counted);
    assert_eq!(desk.held(), Nanos::ZERO);
    assert_eq!(desk.tell(&bid, billed(None)).verdict, NoticeVerdict::Contradicts);
    assert_eq!(desk.tell(&bid, lost).verdict, NoticeVerdict::Duplicate);
    assert_eq!(desk.spent(), Nanos::ZERO);
}

#[test]
fn a_window_that_passes_gives_the_money_back_and_a_late_bill_is_expired() {
    let mut desk = Desk::open(100.0);
    let bid = desk.bid();
    desk.wait(8 * 3_600);
    desk.take(Event::Ticked);
    assert_eq!(desk.held(), Nanos::ZERO);
    assert_eq!(desk.tell(&bid, billed(None)).verdict, NoticeVerdict::Expired);
    assert_eq!(desk.spent(), Nanos::ZERO);
}

#[test]
fn on_our_own_inventory_the_impression_is_what_is_charged() {
    let mut desk = Desk::open(100.0);
    let owned = |n| {
        let mut request = request(n);
        request.inventory.ownership = Ownership::Owned;
        request
    };
    let bid = (0..50).find_map(|n| desk.ask(owned(n)).ok()).unwrap();
    assert_eq!(desk.tell(&bid, billed(None)).verdict, NoticeVerdict::Contradicts);
    let shown = desk.tell(&bid, NoticeKind::Impression);
    assert_eq!(shown, Judgement { verdict: NoticeVerdict::Counted, charged: bid.price.per_impression() });
    assert_eq!(desk.tell(&bid, NoticeKind::Impression).verdict, NoticeVerdict::Duplicate);
    assert_eq!(desk.spent(), bid.price.per_impression());
}

#[test]
fn a_click_needs_an_impression_and_a_conversion_a_click() {
    let mut desk = Desk::open(100.0);
    let bid = desk.bid();
    let conversion = NoticeKind::Conversion { value: None };
    assert_ne!(desk.tell(&bid, NoticeKind::Click).verdict, NoticeVerdict::Counted);
    assert_ne!(desk.tell(&bid, conversion).verdict, NoticeVerdict::Counted);
    desk.wait(1);
    assert_eq!(desk.tell(&bid, NoticeKind::Impression).verdict, NoticeVerdict::Counted);
    desk.wait(2);
    assert_eq!(desk.tell(&bid, NoticeKind::Click).verdict, NoticeVerdict::Counted);
    assert_eq!(desk.tell(&bid, NoticeKind::Click).verdict, NoticeVerdict::Duplicate);
    desk.wait(600);
    assert_eq!(desk.tell(&bid, conversion).verdict, NoticeVerdict::Counted);
    assert_eq!(desk.tell(&bid, conversion).verdict, NoticeVerdict::Duplicate, "the same key counts once");
}

#[test]
fn a_test_request_costs_nothing() {
    let mut desk = Desk::open(100.0);
    let mut ask = request(1);
    ask.mode = Mode::Test;
    let bid = (0..50).find_map(|_| desk.ask(ask.clone()).ok()).unwrap();
    assert_eq!(desk.held(), Nanos::ZERO);
    assert_eq!(desk.tell(&bid, billed(None)).charged, Nanos::ZERO);
    assert_eq!(desk.spent(), Nanos::ZERO);
}

#[test]
fn a_kill_switch_holds_from_the_next_request_on() {
    let mut desk = Desk::open(100.0);
    desk.bid();
    desk.take(Event::Changed(vec![Change::Kill(Switch::Everything)]));
    assert_eq!(desk.ask(request(1)), Err(NoBidReason::PolicyBlocked));
    desk.take(Event::Changed(vec![Change::Revive(Switch::Everything)]));
    desk.bid();
}

#[test]
fn changes_are_applied_all_or_none() {
    let mut desk = Desk::open(100.0);
    let version = desk.engine.catalog().version();
    let mut changes = campaigns(1, 5.0);
    changes.push(Change::RemoveCampaign("no such campaign".to_owned()));
    assert!(matches!(desk.take(Event::Changed(changes)), Effect::Changed(Err(_))));
    assert_eq!(desk.engine.catalog().version(), version);
}

#[test]
fn spend_never_passes_the_budget_however_hard_it_is_pressed() {
    // Room for a handful of impressions a campaign.
    let mut desk = Desk::open(0.02);
    let mut bids = Vec::new();
    for n in 0..400 {
        bids.extend(desk.ask(request(n)).ok());
    }
    for bid in bids.iter().chain(&bids) {
        desk.tell(bid, billed(Some(bid.price)));
    }
    for account in desk.engine.accounts() {
        assert!(account.spent <= account.daily.unwrap(), "{account:?}");
    }
    assert!(desk.spent().is_positive());
    desk.engine.check().unwrap();
}

#[test]
fn the_baseline_decides_the_same_requests() {
    let mut desk = Desk::new(Options { team: TeamKind::Baseline, ..Options::default() });
    desk.take(Event::Changed(campaigns(6, 1_000.0)));
    let bids = (0..50).filter(|n| desk.ask(request(*n)).is_ok()).count();
    assert!(bids > 0);
    replays_without_difference(&desk);
}

fn replays_without_difference(desk: &Desk) {
    let mut again = Engine::new(Options::default(), 1);
    for record in &desk.journal {
        again.retake(record).unwrap();
    }
    assert_eq!(again.digest(), desk.engine.digest(), "state rebuilt from the journal equals live state");
}

/// What may happen to a desk, for the property test.
#[derive(Clone, Debug)]
enum Turn {
    Ask(u64),
    Tell(usize, u8),
    Change(u8),
    Tick,
    Wait(i64),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        6 => (0..500_u64).prop_map(Turn::Ask),
        6 => (any::<prop::sample::Index>(), 0..7_u8).prop_map(|(at, kind)| Turn::Tell(at.index(64), kind)),
        1 => (0..4_u8).prop_map(Turn::Change),
        1 => Just(Turn::Tick),
        1 => (1..8_000_i64).prop_map(Turn::Wait),
    ]
}

fn play(desk: &mut Desk, turns: &[Turn]) {
    let mut bids: Vec<Bid> = Vec::new();
    for turn in turns {
        match turn {
            Turn::Ask(n) => bids.extend(desk.ask(request(*n)).ok()),
            Turn::Tell(at, kind) if !bids.is_empty() => {
                let bid = bids[at % bids.len()].clone();
                let half = CpmMicros::new(bid.price.get() / 2);
                let kind = match kind {
                    0 => NoticeKind::Won { price: Some(half), minimum_to_win: Some(half) },
                    1 => billed(Some(half)),
                    2 => billed(None),
                    3 => NoticeKind::Lost { reason: 102, minimum_to_win: None },
                    4 => NoticeKind::Impression,
                    5 => NoticeKind::Click,
                    _ => NoticeKind::Conversion { value: Some(Nanos::from_units(3.0)) },
                };
                desk.tell(&bid, kind);
            }
            Turn::Change(0) => drop(desk.take(Event::Changed(campaigns(3, 0.01)))),
            Turn::Change(1) => drop(desk.take(Event::Changed(campaigns(8, 2.0)))),
            Turn::Change(2) => {
                desk.take(Event::Changed(vec![Change::Kill(Switch::Campaign("camp-1".to_owned()))]));
            }
            Turn::Change(_) => {
                desk.take(Event::Changed(vec![Change::RemoveCreative("cr-0".to_owned())]));
            }
            Turn::Tick => drop(desk.take(Event::Ticked)),
            Turn::Wait(seconds) => desk.wait(*seconds),
            Turn::Tell(..) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn state_is_a_fold_over_the_journal(turns in prop::collection::vec(turn(), 1..120)) {
        let mut desk = Desk::open(0.05);
        play(&mut desk, &turns);
        desk.engine.check().unwrap();
        replays_without_difference(&desk);
    }

    #[test]
    fn a_decision_without_its_hearing_is_the_same_decision(turns in prop::collection::vec(turn(), 1..80)) {
        let (mut full, mut light) = (Desk::open(0.05), Desk::open(0.05));
        light.engine.set_detail(Detail::Outcome);
        play(&mut full, &turns);
        play(&mut light, &turns);
        for (full, light) in full.journal.iter().zip(&light.journal) {
            match (&full.effect, &light.effect) {
                (Effect::Decided(full), Effect::Decided(light)) => {
                    prop_assert!(light.hearing.is_empty() && light.auctions.is_empty());
                    let said = motet_coordinator::Trace {
                        hearing: Vec::new(),
                        auctions: Vec::new(),
                        ..(**full).clone()
                    };
                    prop_assert_eq!(&said, &**light);
                }
                (full, light) => prop_assert_eq!(full, light),
            }
        }
        prop_assert_eq!(full.engine.digest(), light.engine.digest());
    }

    #[test]
    fn a_snapshot_goes_on_as_if_nothing_had_happened(
        before in prop::collection::vec(turn(), 1..60),
        after in prop::collection::vec(turn(), 1..60),
    ) {
        let mut desk = Desk::open(1.0);
        play(&mut desk, &before);
        let mut other = Desk {
            engine: Engine::load(&desk.engine.save()).unwrap(),
            now: desk.now,
            journal: Vec::new(),
        };
        prop_assert_eq!(other.engine.digest(), desk.engine.digest());
        desk.journal.clear();
        play(&mut desk, &after);
        play(&mut other, &after);
        prop_assert_eq!(&other.journal, &desk.journal);
        prop_assert_eq!(other.engine.digest(), desk.engine.digest());
    }
}

#[test]
fn a_record_that_was_tampered_with_differs() {
    let mut desk = Desk::open(100.0);
    desk.bid();
    let mut again = Engine::new(Options::default(), 1);
    let mut differences = 0;
    for mut record in desk.journal.clone() {
        if let Effect::Decided(trace) = &mut record.effect {
            trace.chance = Chance::new(99, 99);
        }
        differences += usize::from(again.retake(&record).is_err());
    }
    assert!(differences > 0);
}

#[test]
fn an_account_knows_its_campaign() {
    let desk = Desk::open(100.0);
    assert_eq!(desk.engine.account(CampaignIx(2)).campaign, CampaignIx(2));
}

/// A pacer that lets everything through and notes whom it is told of.
#[derive(Debug, Default)]
struct Listener(std::sync::Arc<std::sync::Mutex<Vec<CampaignIx>>>);

impl motet_agent::Agent for Listener {
    fn card(&self) -> &'static motet_agent::AgentCard {
        &motet_agents::pacer::CARD
    }

    fn policy_version(&self) -> &'static str {
        "listener@1"
    }

    fn propose(&self, _: &motet_agent::View<'_>, _: &mut Vec<motet_agent::Proposal>) {}

    fn observe(&mut self, _: &motet_agent::Observation<'_>) {}

    fn control(&mut self, tick: &motet_agent::Tick<'_>) {
        self.0.lock().unwrap().extend(tick.accounts.iter().map(|account| account.campaign));
    }

    fn control_more(&mut self, tick: &motet_agent::Tick<'_>) {
        self.control(tick);
    }

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8], _: &Catalog) -> Result<(), String> {
        Ok(())
    }
}

#[test]
fn a_tick_reaches_every_campaign_once_within_the_decisions_after_it() {
    const CAMPAIGNS: usize = 2_100;
    let mut engine = Engine::new(Options::default(), 1);
    let heard = std::sync::Arc::default();
    engine.seat(Box::new(Listener(std::sync::Arc::clone(&heard))));
    engine.step(START, &Event::Changed(campaigns(CAMPAIGNS, 1.0)), Timing::Unlimited);
    let decide = |engine: &mut Engine, n| {
        let event = Event::Requested(Box::new(SealedRequest::new(request(n))));
        engine.step(START, &event, Timing::Unlimited);
    };
    let all: Vec<_> = (0..CAMPAIGNS as u32).map(CampaignIx).collect();
    for round in 0..2 {
        engine.step(START, &Event::Ticked, Timing::Unlimited);
        let at_once = heard.lock().unwrap().len();
        assert!(at_once < CAMPAIGNS, "{at_once}");
        (0..40).for_each(|n| decide(&mut engine, 40 * round + n));
        assert_eq!(std::mem::take(&mut *heard.lock().unwrap()), all);
    }
    // A tick that comes before the round is through goes on where it was.
    (0..2).for_each(|_| drop(engine.step(START, &Event::Ticked, Timing::Unlimited)));
    let told = heard.lock().unwrap();
    assert_eq!(told[..CAMPAIGNS], all);
    assert_eq!(told[CAMPAIGNS], CampaignIx(0));
}

fn on_trial(share: f64) -> Options {
    let candidate = Options { team: TeamKind::Baseline, ..Options::default() };
    let candidate = Candidate { share, salt: 5, options: candidate };
    Options { seed: 3, candidate: Some(Box::new(candidate)), ..Options::default() }
}

fn decided_by_candidate(desk: &mut Desk, number: u64) -> bool {
    let effect = desk.take(Event::Requested(Box::new(SealedRequest::new(request(number)))));
    let Effect::Decided(trace) = effect else { panic!("{effect:?}") };
    trace.policies.iter().any(|(agent, _)| *agent == motet_agent::AgentName::Baseline)
}

#[test]
fn a_candidate_decides_for_its_share_of_users_and_each_user_stays_with_one_crew() {
    let mut desk = Desk::open(100.0);
    desk.take(Event::Configured(Box::new(on_trial(0.5))));
    let first: Vec<bool> = (0..200).map(|number| decided_by_candidate(&mut desk, number)).collect();
    let again: Vec<bool> = (0..200).map(|number| decided_by_candidate(&mut desk, number)).collect();
    let share = first.iter().filter(|by_candidate| **by_candidate).count();
    assert!((60..140).contains(&share), "{share} of 200");
    assert_eq!(first, again);
    replays_without_difference(&desk);
}

#[test]
fn a_snapshot_keeps_both_crews() {
    let mut desk = Desk::open(100.0);
    desk.take(Event::Configured(Box::new(on_trial(0.3))));
    (0..50).for_each(|number| {
        decided_by_candidate(&mut desk, number);
    });
    let mut other = Engine::load(&desk.engine.save()).unwrap();
    assert_eq!(other.digest(), desk.engine.digest());
    for number in 50..80 {
        let event = Event::Requested(Box::new(SealedRequest::new(request(number))));
        desk.now = desk.now + Span::from_millis(10);
        let (here, there) = (
            desk.engine.step(desk.now, &event, Timing::Unlimited),
            other.step(desk.now, &event, Timing::Unlimited),
        );
        assert_eq!(here, there);
    }
}
