//! Random ends: bids are answered early or late, records reach the disk or not, the machine stops anywhere, and the bills of
//! all that was answered come in the end. Each must be charged, exactly once, within the budgets.

use std::collections::BTreeMap;

use motet_coordinator::Timing;
use motet_engine::{Effect, Event, Float, Options, Record, SealedRequest};
use motet_model::{
    ids::BidId,
    outcome::{Notice, NoticeKind, NoticeVerdict, Stated},
};
use motet_units::Span;
use proptest::prelude::*;

use super::*;
use crate::api::spec::FileOfSpecs;

/// Eleven seconds before a midnight.
const START: Timestamp = Timestamp::from_secs(1_760_054_389);
const CAMPAIGNS: usize = 3;

/// What became of a bid, outside.
#[derive(Clone, Debug)]
struct Answered {
    bid: Bid,
    /// Whether any notice of it was sent.
    told: bool,
    /// What its bill or loss notice charged, once acknowledged.
    acknowledged: Option<Nanos>,
}

impl Answered {
    /// One bid in four is lost, by its place in the journal; the others are billed at their price.
    fn kind(&self) -> NoticeKind {
        if self.bid.id.decision.sequence().is_multiple_of(4) {
            NoticeKind::Lost { reason: 102, minimum_to_win: None }
        } else {
            NoticeKind::Billed { price: None }
        }
    }

    fn due(&self) -> Nanos {
        if matches!(self.kind(), NoticeKind::Lost { .. }) { Nanos::ZERO } else { self.bid.reserved }
    }
}

/// Waits for its record to be on the disk.
enum Waiting {
    Bids(u64, Vec<Bid>),
    Judged(u64, BidId, Nanos),
}

/// A server without threads: the engine, the float, and a disk that remembers what was synced.
struct Machine {
    engine: Engine,
    float: FloatBook,
    now: Timestamp,
    /// Every record taken; the disk holds those through `synced`.
    records: Vec<Record>,
    synced: u64,
    sealed: Vec<u64>,
    waiting: Vec<Waiting>,
    answered: BTreeMap<BidId, Answered>,
    early: u64,
    strays: u64,
}

fn specs(budgets: [u32; CAMPAIGNS]) -> Event {
    let campaign = |(n, nanos): (usize, u32)| {
        serde_json::json!({"id": format!("c{n}"), "name": "c", "goal": {"cpm": "5.00"}, "pacing": "asap",
            "budget": {"daily": format!("0.{nanos:03}"), "total": "0.090"},
            "creatives": [{"id": format!("cr{n}"), "domains": [format!("c{n}.example")], "landing_page": "https://brand.example/",
                "banner": {"size": "300x250", "image": "https://cdn.example/a.png", "mime": "image/png"}}]})
    };
    let campaigns: Vec<_> = budgets.into_iter().enumerate().map(campaign).collect();
    let file =
        serde_json::json!({"advertisers": [{"id": "a", "name": "A", "seat": "a", "campaigns": campaigns}]});
    let file: FileOfSpecs = serde_json::from_value(file).unwrap();
    Event::Changed(file.changes().unwrap())
}

fn request(number: u64) -> Event {
    let imps = if number.is_multiple_of(3) { r#",{"id":"2","banner":{"w":300,"h":250}}"# } else { "" };
    let body = format!(
        r#"{{"id":"r{number}","at":1,"imp":[{{"id":"1","banner":{{"w":300,"h":250}}}}{imps}],
        "site":{{"domain":"news.example","publisher":{{"id":"p"}}}},
        "device":{{"ip":"82.7.{}.{}","devicetype":2,
        "ua":"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"}}}}"#,
        number / 200 % 200,
        number % 200,
    );
    let rates = motet_openrtb::RateTable::new(motet_model::codes::Code::currency("USD").unwrap());
    let request =
        motet_openrtb::decode(body.as_bytes(), &motet_openrtb::DecodeOptions::new(rates)).unwrap().request;
    Event::Requested(Box::new(SealedRequest::new(request)))
}

impl Machine {
    fn start() -> Self {
        let engine = Engine::new(Options::default(), 1);
        let mut machine = Self {
            float: FloatBook::new(&engine),
            engine,
            now: START,
            records: Vec::new(),
            synced: 0,
            sealed: Vec::new(),
            waiting: Vec::new(),
            answered: BTreeMap::new(),
            early: 0,
            strays: 0,
        };
        let float = Float { share_ppm: 400_000, most: Nanos::from_units(0.03) };
        machine.take(&Event::Opened);
        machine.take(&Event::Configured(Box::new(Options { float, ..Options::default() })));
        machine.take(&specs([40, 30, 60]));
        machine.sync(usize::MAX);
        machine
    }

    fn take(&mut self, event: &Event) -> Effect {
        self.now = self.now + Span::from_micros(700);
        let effect = self.engine.step(self.now, event, Timing::Unlimited);
        self.records.push(Record { at: self.now, event: event.clone(), effect: effect.clone() });
        if !matches!(event, Event::Requested(_) | Event::Noticed(_) | Event::NoticedStray(..) | Event::Ticked)
        {
            self.float.changed(&self.engine);
        }
        effect
    }

    fn last(&self) -> u64 {
        self.records.len() as u64
    }

    fn ask(&mut self, number: u64) {
        let Effect::Decided(trace) = self.take(&request(number)) else { panic!("no decision") };
        let decision = trace.decision;
        let bids: Vec<Bid> = decision.bids().cloned().collect();
        if self.float.admit(&self.engine, &decision) {
            self.early += bids.len() as u64;
            self.answer(bids);
        } else {
            self.waiting.push(Waiting::Bids(self.last(), bids));
        }
    }

    fn answer(&mut self, bids: Vec<Bid>) {
        for bid in bids {
            let before = self.answered.insert(bid.id, Answered { bid, told: false, acknowledged: None });
            assert!(before.is_none(), "an id that was answered is never given again");
        }
    }

    /// Sends the notice of the bid at a place among those answered.
    fn tell(&mut self, place: usize) {
        if self.answered.is_empty() {
            return;
        }
        let answered = self.answered.values().nth(place % self.answered.len()).unwrap().clone();
        let (bid, kind) = (&answered.bid, answered.kind());
        let notice = Notice { bid: bid.id, kind, happened_at: self.now, key: 0 };
        let Bid { creative, price, reserved, charge, expires, .. } = *bid;
        let event = if self.engine.is_stray(bid.id) {
            self.strays += 1;
            Event::NoticedStray(notice, Stated { creative, price, reserved, charge, expires })
        } else {
            Event::Noticed(notice)
        };
        let in_time = self.now + Span::from_micros(700) < expires;
        self.answered.get_mut(&bid.id).unwrap().told = true;
        let Effect::Judged(judgement) = self.take(&event) else { panic!("no judgement") };
        match judgement.verdict {
            NoticeVerdict::Counted | NoticeVerdict::Duplicate => {
                let charged = answered.acknowledged.unwrap_or_default().max(judgement.charged);
                self.waiting.push(Waiting::Judged(self.last(), bid.id, charged));
            }
            other => assert!(!in_time, "{event:?} was answered, and its notice is {other:?}"),
        }
    }

    /// Hands what was taken to the disk.
    fn seal(&mut self) {
        if self.sealed.last() != Some(&self.last()) {
            self.sealed.push(self.last());
            self.float.sealed(&self.engine);
        }
    }

    /// Puts the first batches on the disk and answers what waited.
    fn sync(&mut self, batches: usize) {
        if batches == usize::MAX {
            self.seal();
        }
        let done: Vec<u64> = self.sealed.drain(..batches.min(self.sealed.len())).collect();
        self.synced = done.last().copied().unwrap_or(self.synced);
        self.float.durable_through(self.synced);
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Bids(sequence, bids) if sequence <= self.synced => self.answer(bids),
                Waiting::Judged(sequence, bid, charged) if sequence <= self.synced => {
                    self.answered.get_mut(&bid).unwrap().acknowledged = Some(charged);
                }
                later => self.waiting.push(later),
            }
        }
    }

    /// Stops, and starts again on what the disk holds.
    fn crash(&mut self, kept: usize) {
        self.stop_at(kept);
        self.take(&Event::Opened);
        self.float = FloatBook::new(&self.engine);
        self.synced = self.last();
    }

    /// Stops: of what was not synced the disk holds the first part, and the engine is made from that.
    fn stop_at(&mut self, kept: usize) {
        let lost = self.records.len() - self.synced as usize;
        self.records.truncate(self.synced as usize + kept % (lost + 1));
        self.engine = Engine::new(Options::default(), 1);
        for record in &self.records {
            self.engine.retake(record).unwrap();
        }
        self.waiting.clear();
        self.sealed.clear();
        self.float = FloatBook::new(&self.engine);
        self.synced = self.last();
    }

    fn check(&self) {
        self.engine.check().unwrap();
        for account in self.engine.accounts() {
            let (total, daily) = (account.total.unwrap(), account.daily.unwrap());
            assert!(account.spent + account.reserved <= total, "{account:?}");
            // The lowest daily budget is not below what a raised one had let through; only raising is played.
            assert!(account.spent_today + account.reserved_today <= daily, "{account:?}");
        }
    }

    /// Sends every notice that can still count, and compares the books with what was answered outside.
    fn settle(mut self) -> (u64, u64) {
        self.sync(usize::MAX);
        for place in 0..self.answered.len() {
            self.tell(place);
        }
        self.sync(usize::MAX);
        let spent: Nanos = self.engine.accounts().iter().map(|account| account.spent).sum();
        let due = |answered: &Answered| answered.acknowledged.map(|_| answered.due());
        let owed: Nanos = self.answered.values().filter_map(due).sum();
        // A bill may be on the disk though the stop kept its acknowledgement from being sent, and told again only when its
        // time was over: it is owed, and nobody was told so.
        let silent = self
            .answered
            .values()
            .filter(|a| a.told && a.acknowledged.is_none() && a.bid.expires <= self.now);
        let most: Nanos = owed + silent.map(Answered::due).sum::<Nanos>();
        assert!((owed..=most).contains(&spent), "spent {spent}, acknowledged {owed}, told in all {most}");
        let missed = self.answered.values().filter(|a| a.acknowledged.is_none() && a.bid.expires > self.now);
        assert_eq!(missed.count(), 0, "bids answered whose notices were not taken");
        self.check();
        (self.early, self.strays)
    }
}

#[derive(Clone, Debug)]
enum Turn {
    Ask(u64),
    Tell(usize),
    Raise(u32),
    Tick,
    Seal,
    Sync(usize),
    Crash(usize),
    Stop,
    Wait(i64),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        12 => (0..10_000_u64).prop_map(Turn::Ask),
        6 => (0..64_usize).prop_map(Turn::Tell),
        1 => (0..30_u32).prop_map(Turn::Raise),
        1 => Just(Turn::Tick),
        3 => Just(Turn::Seal),
        2 => (1..3_usize).prop_map(Turn::Sync),
        2 => (0..64_usize).prop_map(Turn::Crash),
        1 => Just(Turn::Stop),
        1 => prop_oneof![3 => 0..12_i64, 1 => 1_000..4_000_i64].prop_map(Turn::Wait),
    ]
}

fn play(machine: &mut Machine, turns: &[Turn]) {
    let mut budgets = [40, 30, 60];
    for turn in turns {
        match *turn {
            Turn::Ask(number) => machine.ask(number),
            Turn::Tell(place) => machine.tell(place),
            Turn::Raise(by) => {
                budgets = budgets.map(|budget| (budget + by).min(90));
                machine.take(&specs(budgets));
            }
            Turn::Tick => drop(machine.take(&Event::Ticked)),
            Turn::Seal => machine.seal(),
            Turn::Sync(batches) => machine.sync(batches),
            Turn::Crash(kept) => machine.crash(kept),
            Turn::Stop => {
                machine.take(&Event::Closed);
                machine.sync(usize::MAX);
                machine.take(&Event::Opened);
                machine.sync(usize::MAX);
            }
            Turn::Wait(seconds) => machine.now = machine.now + Span::from_secs(seconds),
        }
        machine.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_lost_every_bill_of_an_answered_bid_is_charged_once_within_the_budget(
        turns in prop::collection::vec(turn(), 0..70),
    ) {
        let mut machine = Machine::start();
        play(&mut machine, &turns);
        machine.settle();
    }
}

/// The property above must not hold for want of early bids and lost ones.
#[test]
fn bids_are_answered_early_and_some_of_them_are_lost_and_billed() {
    let mut machine = Machine::start();
    (0..3).for_each(|number| machine.ask(number));
    machine.crash(0);
    let (early, strays) = machine.settle();
    assert!(early >= 3 && strays >= 3, "{early} early, {strays} strays");
}

/// The control: a start that withholds nothing is found out.
#[test]
#[should_panic(expected = "was answered, and its notice is Expired")]
fn a_start_that_withholds_nothing_loses_bills() {
    let mut machine = Machine::start();
    (0..3).for_each(|number| machine.ask(number));
    machine.stop_at(0);
    machine.settle();
}

#[test]
fn without_a_float_every_bid_waits() {
    let mut machine = Machine::start();
    machine.take(&Event::Configured(Box::default()));
    machine.sync(usize::MAX);
    (0..20).for_each(|number| machine.ask(number));
    assert_eq!(machine.early, 0);
    assert!(!machine.waiting.is_empty());
}

#[test]
fn what_a_lost_record_gave_back_is_not_risked() {
    let mut machine = Machine::start();
    // Every campaign's whole budget is held, on the disk.
    (0..60).for_each(|number| machine.ask(3 * number + 1));
    machine.sync(usize::MAX);
    let early = machine.early;
    // Losses give money back; while they are not on the disk, a bid from it waits.
    (0..machine.answered.len()).for_each(|place| machine.tell(place));
    (0..10).for_each(|number| machine.ask(3 * number + 301));
    assert!(
        machine.waiting.iter().any(|waiting| matches!(waiting, Waiting::Bids(_, bids) if !bids.is_empty()))
    );
    assert_eq!(machine.early, early);
    machine.settle();
}
