//! Nodes, a pool and a network between them that loses, delays and repeats, under one seed.
//!
//! Nodes hold their money in the ledger the engine uses, and go through the steps the server goes through: look at what
//! was told to others, give back, ask, take what was granted.

use std::collections::BTreeMap;

use motet_ledger::{Budget, Funding, Grant, Ledger};
use motet_model::ids::{BidId, CampaignIx, DecisionId};
use motet_units::{Chance, Nanos, Span, Stream, Timestamp};
use proptest::test_runner::TestCaseError;

use crate::{Ask, Lease, Pool, Refused, Slicer, Terms, Use};

const CAMPAIGN: CampaignIx = CampaignIx(0);
const DAY: i64 = 0;
const TICK: Span = Span::from_millis(100);
const WINDOW: Span = Span::from_secs(5);
const TERMS: Terms = Terms { term: Span::from_secs(12), skew: Span::from_millis(700) };

/// A bill as the pool keeps it.
#[derive(Clone, Copy, Debug)]
struct Bill {
    owner: u16,
    amount: Nanos,
    judged: bool,
}

/// What travels.
#[derive(Clone, Debug)]
enum Message {
    Look { node: u16, round: u64 },
    Seen { node: u16, round: u64, lease: Lease, bills: Vec<(BidId, Nanos)> },
    Renew { node: u16, round: u64, ask: Ask, marks: Vec<(BidId, Verdict)> },
    Renewed { node: u16, round: u64, outcome: Result<Lease, Refused> },
    Bill { bid: BidId, owner: u16, amount: Nanos, expires: Timestamp },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Counted,
    Late,
}

#[derive(Debug)]
struct Node {
    number: u16,
    /// Its clock less the pool's.
    offset: Span,
    ledger: Ledger,
    slicer: Slicer,
    /// What the pool granted, as last heard.
    granted: Nanos,
    round: u64,
    /// When it began what it waits for, by the pool's clock.
    asked: Timestamp,
    seen: Timestamp,
    next_bid: u64,
    /// Until when it is stopped, or cut off.
    stopped: Timestamp,
    cut: Timestamp,
    dead: bool,
}

pub(super) struct World {
    draw: Stream,
    now: Timestamp,
    pool: Pool,
    bills: BTreeMap<BidId, Bill>,
    nodes: Vec<Node>,
    network: Vec<(Timestamp, Message)>,
    budget: Nanos,
}

impl World {
    pub(super) fn new(seed: u64, nodes: u16, budget: i64) -> Self {
        let mut draw = Chance::new(seed, 0).stream("world");
        let budget = Nanos::new(budget);
        let node = |number| {
            let mut ledger = Ledger::default();
            ledger.set_funding(Funding::Leased);
            ledger.set_budget(CAMPAIGN, Budget { total: Some(budget), daily: None }).unwrap();
            let skew = TERMS.skew.micros();
            let offset = Span::from_micros(draw.below(2 * skew as u64 + 1).cast_signed() - skew);
            Node {
                number,
                offset,
                ledger,
                slicer: Slicer::default(),
                granted: Nanos::ZERO,
                round: 0,
                asked: Timestamp::default(),
                seen: Timestamp::default(),
                next_bid: 1,
                stopped: Timestamp::default(),
                cut: Timestamp::default(),
                dead: false,
            }
        };
        let nodes = (0..nodes).map(node).collect();
        Self {
            draw,
            now: Timestamp::from_secs(1_000),
            pool: Pool::new(Some(budget), None),
            bills: BTreeMap::new(),
            nodes,
            network: Vec::new(),
            budget,
        }
    }

    /// Runs for some ticks, then lets every node die, and looks at what is left after the leases' expiry.
    pub(super) fn run(mut self, ticks: u32) -> Result<(), TestCaseError> {
        for _ in 0..ticks {
            self.now = self.now + TICK;
            self.deliver()?;
            self.mishap();
            for place in 0..self.nodes.len() {
                self.live(place);
            }
            if self.draw.unit() < 0.2 {
                self.pool.reclaim(self.now);
            }
            self.check()?;
        }
        self.network.clear();
        self.now = self.now + TERMS.term;
        self.pool.reclaim(self.now);
        self.check()?;
        need(self.pool.granted() == self.pool.spent(), "money is stranded after the leases' expiry")
    }

    fn check(&self) -> Result<(), TestCaseError> {
        self.pool.check().map_err(|violation| TestCaseError::fail(violation.to_string()))?;
        let billed = self.bills.values().fold(Nanos::ZERO, |sum, bill| sum + bill.amount);
        need(billed == self.pool.spent(), "what was acknowledged is not what was spent")?;
        need(billed <= self.budget, "overspent")?;
        for node in &self.nodes {
            node.ledger.check().map_err(|violation| TestCaseError::fail(violation.to_string()))?;
        }
        Ok(())
    }

    /// Something goes wrong with a node now and then.
    fn mishap(&mut self) {
        if self.draw.unit() >= 0.03 {
            return;
        }
        let place = self.draw.below(self.nodes.len() as u64) as usize;
        let how_long = Span::from_millis(self.draw.below(20_000).cast_signed());
        let (now, kind) = (self.now, self.draw.below(4));
        let node = &mut self.nodes[place];
        match kind {
            0 => node.stopped = now + how_long,
            1 => node.cut = now + how_long,
            // Killed and started again: what was in memory is gone, what was journalled is not.
            2 => (node.slicer, node.granted, node.round) = (Slicer::default(), Nanos::ZERO, node.round + 1),
            _ => node.dead = self.draw.unit() < 0.2,
        }
    }

    fn send(&mut self, message: &Message) {
        while self.draw.unit() < 0.95 {
            // A bill may come at any time of its bid's window, and after it.
            let slow = matches!(message, Message::Bill { .. }) && self.draw.unit() < 0.4;
            let usual = if slow { 6_500 } else { 300 };
            let most = if self.draw.unit() < 0.1 { 30_000 } else { usual };
            let delay = Span::from_millis(self.draw.below(most).cast_signed());
            self.network.push((self.now + delay, message.clone()));
            if self.draw.unit() < 0.8 {
                return;
            }
        }
    }

    fn deliver(&mut self) -> Result<(), TestCaseError> {
        let now = self.now;
        let (due, later) = std::mem::take(&mut self.network).into_iter().partition(|(at, _)| *at <= now);
        self.network = later;
        let due: Vec<(Timestamp, Message)> = due;
        for (_, message) in due {
            match message {
                Message::Look { node, round } => self.look(node, round),
                Message::Renew { node, round, ask, marks } => self.renew(node, round, ask, &marks),
                Message::Bill { bid, owner, amount, expires } => self.bill(bid, owner, amount, expires)?,
                Message::Seen { node, round, lease, bills } => {
                    self.give_back_and_ask(node, round, lease, &bills);
                }
                Message::Renewed { node, round, outcome } => self.take(node, round, outcome),
            }
        }
        Ok(())
    }

    /// The pool tells a node its lease and the bills it has not judged.
    fn look(&mut self, node: u16, round: u64) {
        let lease = self.pool.lease(node).copied().unwrap_or_default();
        let open = self.bills.iter().filter(|(_, bill)| bill.owner == node && !bill.judged);
        let bills = open.map(|(bid, bill)| (*bid, bill.amount)).collect();
        self.send(&Message::Seen { node, round, lease, bills });
    }

    fn renew(&mut self, node: u16, round: u64, ask: Ask, marks: &[(BidId, Verdict)]) {
        for (bid, verdict) in marks {
            let Some(bill) = self.bills.get_mut(bid).filter(|bill| !bill.judged) else { continue };
            bill.judged = true;
            if *verdict == Verdict::Late {
                self.pool.note_late(node, bill.amount);
            }
        }
        self.pool.reclaim(self.now);
        let outcome = self.pool.renew(node, ask, self.now, TERMS);
        self.send(&Message::Renewed { node, round, outcome });
    }

    /// A bill comes to the pool, from whichever node it was told to.
    fn bill(
        &mut self,
        bid: BidId,
        owner: u16,
        amount: Nanos,
        expires: Timestamp,
    ) -> Result<(), TestCaseError> {
        if self.bills.contains_key(&bid) || self.now > TERMS.until(expires) {
            return Ok(());
        }
        let taken = self.pool.bill(owner, amount);
        need(taken.is_ok(), &format!("a bill in time was refused: {taken:?}"))?;
        self.bills.insert(bid, Bill { owner, amount, judged: false });
        Ok(())
    }

    fn live(&mut self, place: usize) {
        let (now, draw) = (self.now, self.draw.unit());
        let node = &mut self.nodes[place];
        if node.dead || node.stopped > now {
            return;
        }
        let clock = now + node.offset;
        node.ledger.expire(clock, &mut Vec::new());
        let mut sent = Vec::new();
        if draw < 0.7 {
            sent.extend(node.bid(clock, 1 + (draw * 100.0) as i64 % 9));
        }
        let waited = now - node.asked >= Span::from_secs(1);
        if waited && node.cut <= now {
            (node.asked, node.seen, node.round) = (now, clock, node.round + 1);
            sent.push(Message::Look { node: node.number, round: node.round });
        }
        for message in sent {
            self.send(&message);
        }
    }

    fn reachable(&mut self, number: u16, round: u64) -> Option<&mut Node> {
        let now = self.now;
        let node = &mut self.nodes[usize::from(number)];
        (!node.dead && node.stopped <= now && node.cut <= now && node.round == round).then_some(node)
    }

    fn give_back_and_ask(&mut self, number: u16, round: u64, lease: Lease, bills: &[(BidId, Nanos)]) {
        let now = self.now;
        let Some(node) = self.reachable(number, round) else { return };
        let clock = now + node.offset;
        node.ledger.expire(clock, &mut Vec::new());
        let marks: Vec<_> =
            bills.iter().map(|(bid, amount)| (*bid, node.judge(*bid, *amount, clock))).collect();
        let late = bills.iter().zip(&marks).filter(|(_, (_, verdict))| *verdict == Verdict::Late);
        let late = late.fold(lease.late, |sum, ((_, amount), _)| sum + *amount);
        let (ask, grant) = node.ask(lease, late);
        let needed = node.ledger.take_grant(grant);
        let ask = Ask { keep: grant.amount.max(needed) + late, ..ask };
        self.send(&Message::Renew { node: number, round, ask, marks });
    }

    fn take(&mut self, number: u16, round: u64, outcome: Result<Lease, Refused>) {
        let Some(node) = self.reachable(number, round) else { return };
        let Ok(lease) = outcome else { return };
        node.granted = lease.granted;
        let grant =
            Grant { amount: lease.granted - lease.late, until: TERMS.until(lease.expires), ..node.grant() };
        node.ledger.take_grant(grant);
        node.round += 1;
    }
}

impl Node {
    fn grant(&self) -> Grant {
        let none = Grant {
            campaign: CAMPAIGN,
            day: DAY,
            amount: Nanos::ZERO,
            until: Timestamp::default(),
            seen: self.seen,
            elsewhere_today: Nanos::ZERO,
            elsewhere: Nanos::ZERO,
        };
        let known = self.ledger.grant(CAMPAIGN).map_or(none, |(grant, _)| grant);
        Grant { seen: self.seen, ..known }
    }

    /// Returns what to ask for, and the grant lowered to what is kept.
    fn ask(&mut self, lease: Lease, late: Nanos) -> (Ask, Grant) {
        let committed = self.ledger.committed(CAMPAIGN, DAY);
        let (grant, lacked) = self
            .ledger
            .grant(CAMPAIGN)
            .map_or((self.grant(), Nanos::new(9)), |(grant, lacked)| (grant, lacked));
        let slice = self.slicer.slice(Use { committed, limit: grant.amount, lacked });
        let amount = grant.amount.min(self.granted - late).min(committed + slice).max(Nanos::ZERO);
        let want = (committed + slice - amount).max(Nanos::ZERO);
        let ask = Ask { version: lease.version, keep: Nanos::ZERO, want, least: self.slicer.least() };
        (ask, Grant { amount, seen: self.seen, ..grant })
    }

    fn judge(&mut self, bid: BidId, amount: Nanos, clock: Timestamp) -> Verdict {
        use motet_ledger::Settlement::{Duplicate, Settled};
        match self.ledger.settle(bid, amount, clock) {
            Settled { .. } | Duplicate { .. } => Verdict::Counted,
            // Forgotten here; what was settled before it was forgotten is in the books all the same.
            motet_ledger::Settlement::Refused(_) => Verdict::Late,
        }
    }

    /// Makes a bid and, mostly, has it billed some time later.
    fn bid(&mut self, clock: Timestamp, amount: i64) -> Option<Message> {
        let decision = DecisionId::new(self.number, self.next_bid);
        let bid = BidId { decision, imp: 0 };
        let (amount, expires) = (Nanos::new(amount), clock + WINDOW);
        self.ledger.reserve(bid, CAMPAIGN, amount, DAY, expires).ok()?;
        self.next_bid += 1;
        (!self.next_bid.is_multiple_of(5)).then_some(Message::Bill {
            bid,
            owner: self.number,
            amount,
            expires,
        })
    }
}

fn need(holds: bool, otherwise: &str) -> Result<(), TestCaseError> {
    if holds { Ok(()) } else { Err(TestCaseError::fail(otherwise.to_owned())) }
}
