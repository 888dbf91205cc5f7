//! Leases: what the node holds is looked after, renewed while it is used and given back when it is not.
//!
//! One round: look at what the store was told for this node, have the engine judge it, lower what the engine may commit to
//! what is to be kept, renew, and let the engine commit what was granted. The order matters: money is given back only
//! after the engine can no longer commit it, and committed only after it was granted; both are in the journal before the
//! next step. So wherever a round breaks off, the engine may commit at most what the store has granted.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use motet_engine::{Effect, Event, Grant, Holding, Judgement};
use motet_lease::{Ask, Lease, Slicer, Use};
use motet_model::{catalog::Presence, ids::CampaignIx, outcome::NoticeVerdict};
use motet_postgres::{Error, Inbox, LeaseAsk, Mark, Outcome, Renewal, Renewed, Session, Told};
use motet_units::{Nanos, Span, Timestamp};
use tokio::sync::watch;

use super::{
    Settings,
    follower::Follower,
    opening::{OpenError, clock_off},
    teller::Judged,
};
use crate::{
    platform::Unavailable,
    runtime::{Runtime, wall_clock},
};

/// Campaigns renewed in one transaction, at most.
const TOGETHER: usize = 2_000;
/// Rounds between two looks for leases of other nodes that have expired, and for notices to forget.
const SWEEP: u64 = 10;
/// Rows swept at once.
const SWEPT: u32 = 1_000;

/// Keeps a node's leases.
pub(super) struct Keeper {
    settings: Settings,
    runtime: Arc<Runtime>,
    follower: Arc<Follower>,
    judged: Judged,
    session: Option<Session>,
    campaigns: BTreeMap<CampaignIx, Kept>,
    rounds: u64,
    /// Whether the store was reached in the last round.
    reached: bool,
}

/// What is remembered of one campaign.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    slicer: Slicer,
    /// The day, and what the store granted for it as last heard.
    day: i64,
    granted: Nanos,
    renewed: Timestamp,
    /// What of the day before is still held.
    before: Option<(i64, Nanos)>,
}

/// What one campaign asks for in a round.
struct Wish {
    holding: Holding,
    /// What is to be held beyond what is committed.
    slice: Nanos,
    least: Nanos,
}

/// Why a round broke off.
#[derive(Debug)]
enum RoundError {
    Store(Error),
    Engine(Unavailable),
}

impl From<Error> for RoundError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Unavailable> for RoundError {
    fn from(error: Unavailable) -> Self {
        Self::Engine(error)
    }
}

/// Whether a round asks for more or only gives back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Renew,
    /// The first: all that is held is looked at.
    First,
    /// The last: what is not committed is given back.
    Last,
}

impl Keeper {
    pub(super) fn new(
        settings: Settings,
        runtime: Arc<Runtime>,
        follower: Arc<Follower>,
        judged: Judged,
    ) -> Self {
        Self {
            settings,
            runtime,
            follower,
            judged,
            session: None,
            campaigns: BTreeMap::new(),
            rounds: 0,
            reached: true,
        }
    }

    /// Goes through a first round, so that what was told while the node was away is judged before it bids.
    pub(super) async fn begin(&mut self) -> Result<(), OpenError> {
        self.round(Round::First).await.map_err(|error| match error {
            RoundError::Store(error) => OpenError::Store(error),
            RoundError::Engine(error) => OpenError::Engine(error),
        })
    }

    /// Goes on until told to stop, then gives back what is not committed.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut due = tokio::time::interval(self.settings.renew);
        due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopped(&mut stop) => break,
                () = self.follower.announced() => {
                    let followed = self.follower.follow().await;
                    self.note(followed.map_err(RoundError::Store)).await;
                }
                _ = due.tick() => {
                    let outcome = self.turn().await;
                    self.note(outcome).await;
                }
            }
        }
        if let Err(error) = self.round(Round::Last).await {
            tracing::warn!(?error, "leases could not be given back; they end with their time");
        }
    }

    async fn turn(&mut self) -> Result<(), RoundError> {
        self.follower.follow().await?;
        self.round(Round::Renew).await
    }

    /// Says when the store is lost and when it is found again.
    async fn note(&mut self, outcome: Result<(), RoundError>) {
        match outcome {
            Ok(()) if !self.reached => {
                self.reached = true;
                tracing::info!(store = self.settings.store.place(), "the store is reached again");
            }
            Err(RoundError::Store(error)) => {
                self.session = None;
                if self.reached || !error.is_passing() {
                    tracing::warn!(%error, store = self.settings.store.place(), "the store is not reached; bidding goes on from what is held");
                }
                self.reached = false;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            _ => {}
        }
    }

    async fn round(&mut self, round: Round) -> Result<(), RoundError> {
        self.rounds += 1;
        let holdings = self.runtime.holdings().await?;
        let wishes = self.wishes(holdings, round);
        let mut parts = wishes.chunks(TOGETHER).peekable();
        if parts.peek().is_none() {
            self.serve(&[]).await?;
        }
        for part in parts {
            self.serve(part).await?;
        }
        if self.rounds.is_multiple_of(SWEEP) {
            let forgotten = wall_clock() - Span::from_secs(3_600);
            let session = self.session().await?;
            session.reclaim(SWEPT).await?;
            session.forget(forgotten, SWEPT).await?;
            let off = clock_off(session).await?;
            if off.micros().abs() > self.settings.terms.skew.micros() {
                tracing::warn!(
                    off_ms = off.millis(),
                    "this machine's clock is further off the store's than allowed; bills may be refused"
                );
            }
        }
        Ok(())
    }

    /// Chooses the campaigns whose leases are to be renewed, and how much each is to hold.
    fn wishes(&mut self, holdings: Vec<Holding>, round: Round) -> Vec<Wish> {
        let now = wall_clock();
        let old = self.settings.refresh;
        let mut wishes = Vec::new();
        for holding in holdings {
            let known = self.campaigns.contains_key(&holding.campaign);
            let lacked = holding.lacked;
            let Some(grant) = holding.grant else {
                if round == Round::First {
                    wishes.push(Wish { holding, slice: Nanos::ZERO, least: Nanos::ZERO });
                }
                continue;
            };
            let kept = self.campaigns.entry(holding.campaign).or_default();
            kept.turn_to(holding.day);
            let limit = if grant.day == holding.day { grant.amount } else { Nanos::ZERO };
            let seen = Use { committed: holding.committed, limit, lacked };
            let mut slice = kept.slicer.slice(seen);
            if round == Round::Last || holding.presence == Presence::Removed {
                slice = Nanos::ZERO;
            }
            let moved = holding.committed + slice != limit;
            let holds = limit.is_positive() || kept.granted.is_positive();
            let aged = holds && now - kept.renewed > old;
            let lagging = kept.before.is_some_and(|(_, granted)| granted != holding.committed_before);
            if !known || moved || aged || lagging || lacked.is_positive() || round != Round::Renew {
                wishes.push(Wish { holding, slice, least: kept.slicer.least() });
            }
        }
        wishes
    }

    /// Goes through a round for some campaigns.
    async fn serve(&mut self, wishes: &[Wish]) -> Result<(), RoundError> {
        let seen = wall_clock();
        let days: Vec<(CampaignIx, i64)> = wishes
            .iter()
            .flat_map(|wish| {
                [(wish.holding.campaign, wish.holding.day), (wish.holding.campaign, wish.holding.day - 1)]
            })
            .collect();
        let node = self.settings.node;
        let inbox = self.session().await?.look(node, &days).await?;
        if inbox.notices.is_empty() && wishes.is_empty() {
            return Ok(());
        }
        let marks = self.judge(&inbox).await?;
        let found = Found::new(&inbox, &marks);
        let (grants, asks) = self.lower(wishes, &found, seen);
        let (effect, reached) = self.runtime.take(Event::Leased(grants.clone())).await?;
        let Effect::Leased(needed) = effect else { return Ok(()) };
        let mut asks: Vec<LeaseAsk> = asks;
        for ((ask, grant), needed) in asks.iter_mut().zip(&grants).zip(needed) {
            let kept = grant.amount.max(needed);
            ask.ask.keep = kept + found.late(ask.campaign, ask.day);
            ask.ask.want = (ask.ask.want - kept).max(Nanos::ZERO);
        }
        asks.extend(asks_before(wishes, &found));
        let terms = self.settings.terms;
        let renewal = Renewal { node, reached, marks: &marks, asks: &asks };
        let renewed = self.session().await?.renew(&renewal, terms).await?;
        self.forget_judged(&marks);
        let granted = self.granted(&renewed, &grants);
        if !granted.is_empty() {
            self.runtime.take(Event::Leased(granted)).await?;
        }
        Ok(())
    }

    /// Has the engine judge what it was told, where it has not done so already.
    async fn judge(&self, inbox: &Inbox) -> Result<Vec<Mark>, Unavailable> {
        let mut marks = Vec::with_capacity(inbox.notices.len());
        for told in &inbox.notices {
            let bid = told.notice.bid;
            let key = (bid, told.kind, told.notice.key);
            let known = self.judged.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
            let outcome = match known {
                Some(outcome) => outcome,
                None => outcome(told, &Runtime::notice(&self.runtime, told.notice, None).await?),
            };
            marks.push(Mark { bid, kind: told.kind, key: told.notice.key, campaign: told.campaign, outcome });
        }
        Ok(marks)
    }

    fn forget_judged(&self, marks: &[Mark]) {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        for mark in marks {
            judged.remove(&(mark.bid, mark.kind, mark.key));
        }
    }

    /// Returns what the engine may commit until the store has answered, and what to ask for: all that is wanted. When the
    /// engine has taken the first, it is known how much of that is kept.
    fn lower(&self, wishes: &[Wish], found: &Found, seen: Timestamp) -> (Vec<Grant>, Vec<LeaseAsk>) {
        let one = |wish: &Wish| {
            let Holding { campaign, day, committed, grant, .. } = wish.holding;
            let kept = self.campaigns.get(&campaign).copied().unwrap_or_default();
            let (lease, late) = (found.lease(campaign, day), found.late(campaign, day));
            let limit = grant.filter(|grant| grant.day == day);
            let wanted = committed + wish.slice;
            // What was heard of the store bounds it: a bill that came late is no longer the engine's to commit.
            let heard = if kept.day == day { kept.granted } else { Nanos::ZERO };
            let had = limit.map_or(Nanos::ZERO, |grant| grant.amount);
            let amount = had.min(heard - late).min(wanted).max(Nanos::ZERO);
            let grant = Grant {
                campaign,
                day,
                amount,
                until: limit.map_or(Timestamp::default(), |grant| grant.until),
                seen,
                elsewhere_today: limit.map_or(Nanos::ZERO, |grant| grant.elsewhere_today),
                elsewhere: grant.map_or(Nanos::ZERO, |grant| grant.elsewhere),
            };
            let ask = Ask { version: lease.version, keep: Nanos::ZERO, want: wanted, least: wish.least };
            (grant, LeaseAsk { campaign, day, ask })
        };
        wishes.iter().map(one).unzip()
    }

    /// Notes what the store granted, and returns it as the engine takes it. An ask that was made from another lease than the
    /// one in force changes nothing here either; the next round asks again.
    fn granted(&mut self, renewed: &[Renewed], lowered: &[Grant]) -> Vec<Grant> {
        let mut grants = Vec::new();
        let now = wall_clock();
        let terms = self.settings.terms;
        let lowered: BTreeMap<_, _> =
            lowered.iter().map(|grant| ((grant.campaign, grant.day), grant)).collect();
        for renewed in renewed {
            let Ok(lease) = renewed.outcome else { continue };
            let kept = self.campaigns.entry(renewed.campaign).or_default();
            let Some(before) = lowered.get(&(renewed.campaign, renewed.day)) else {
                let held = lease.outstanding().is_positive();
                kept.before = held.then_some((renewed.day, lease.granted - lease.late));
                continue;
            };
            (kept.day, kept.granted, kept.renewed) = (renewed.day, lease.granted, now);
            grants.push(Grant {
                amount: lease.granted - lease.late,
                until: terms.until(lease.expires),
                elsewhere_today: renewed.elsewhere_today,
                elsewhere: renewed.elsewhere,
                ..**before
            });
        }
        grants
    }

    async fn session(&mut self) -> Result<&mut Session, Error> {
        if self.session.as_ref().is_none_or(Session::is_closed) {
            self.session = Some(self.settings.store.connect().await?);
        }
        Ok(self.session.as_mut().expect("set just above where there was none"))
    }
}

impl Kept {
    /// Turns to a new day: what is held of the one before is given back as its bids end.
    fn turn_to(&mut self, day: i64) {
        if self.day != day {
            self.before = (self.day == day - 1).then_some((self.day, self.granted));
            (self.day, self.granted, self.slicer) = (day, Nanos::ZERO, self.slicer.on_a_new_day());
        }
    }
}

/// Waits until it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The sender outlives whoever it stops; were it gone, it would be time, too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Returns what to ask for of the day before: what its open bids still need.
fn asks_before(wishes: &[Wish], found: &Found) -> Vec<LeaseAsk> {
    let mut asks = Vec::new();
    for wish in wishes {
        let (campaign, day) = (wish.holding.campaign, wish.holding.day - 1);
        let lease = found.lease(campaign, day);
        if lease.outstanding().is_positive() {
            let keep = wish.holding.committed_before + found.late(campaign, day);
            let ask = Ask { version: lease.version, keep, want: Nanos::ZERO, least: Nanos::ZERO };
            asks.push(LeaseAsk { campaign, day, ask });
        }
    }
    asks
}

/// What a look found, by campaign and day.
struct Found {
    leases: BTreeMap<(CampaignIx, i64), Lease>,
    /// What came late in all: what the store knows of, and what was found just now.
    late: BTreeMap<(CampaignIx, i64), Nanos>,
}

impl Found {
    fn new(inbox: &Inbox, marks: &[Mark]) -> Self {
        let leases = inbox.leases.iter().map(|row| ((row.campaign, row.day), row.lease)).collect();
        let known = inbox.leases.iter().map(|row| ((row.campaign, row.day), row.lease.late));
        let mut late: BTreeMap<_, Nanos> = known.collect();
        for (told, mark) in inbox.notices.iter().zip(marks) {
            if mark.outcome == Outcome::Late {
                *late.entry((told.campaign, told.day)).or_default() += told.charge;
            }
        }
        Self { leases, late }
    }

    fn lease(&self, campaign: CampaignIx, day: i64) -> Lease {
        self.leases.get(&(campaign, day)).copied().unwrap_or_default()
    }

    fn late(&self, campaign: CampaignIx, day: i64) -> Nanos {
        self.late.get(&(campaign, day)).copied().unwrap_or_default()
    }
}

/// Returns what the store is told of a judgement.
pub(super) const fn outcome(told: &Told, judgement: &Judgement) -> Outcome {
    match judgement.verdict {
        NoticeVerdict::Counted if !told.charge.is_positive() => Outcome::Counted(told.charge),
        NoticeVerdict::Counted => Outcome::Counted(judgement.charged),
        NoticeVerdict::Duplicate => Outcome::Counted(told.charge),
        NoticeVerdict::Expired => Outcome::Late,
        NoticeVerdict::Contradicts | NoticeVerdict::Filtered => Outcome::Refused,
    }
}
