//! A run: time passes in a world, and the engine decides.
//!
//! The run is a loop over what comes next: a request, something that was on its way, a control tick. Requests and outcomes
//! go to the engine through `Engine::step`, the same function the server drives. What happens is told to the engine when
//! it is known: an exchange's notice after its delay, a click when it is made, a conversion after its report.

mod due;
mod outcomes;
mod watch;

use std::collections::BinaryHeap;

use motet_coordinator::Timing;
use motet_engine::{Effect, Engine, Event, Options, TeamKind};
use motet_model::{
    catalog::Change,
    decision::{Bid, Charge, Decision, ImpDecision},
    outcome::{Notice, NoticeKind},
    request::{Ownership, Pricing},
};
use motet_units::{Chance, CpmMicros, Span, Timestamp};

use self::due::{Due, Served, What};
pub use self::watch::{Auctioned, Decided, Happened, Outcome, Told, Watch, Winner};
use crate::{
    scenario::{self, ShockKind},
    team::Team,
    world::{
        Conditions, Visit, World,
        listeners::Memory,
        publishers::Forge,
        rivals::{Competition, RivalBook},
        topics,
    },
};

/// Seconds of one slice of arrivals.
const SLICE: Span = Span::from_secs(60);

/// Who decides, and for whom.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The engine's options.
    pub options: Options,
    /// Which listeners take part.
    pub audience: Audience,
}

impl Setup {
    /// Takes the scenario's options with a kind of team, for everybody.
    ///
    /// # Errors
    /// When the scenario sets options the engine does not know.
    pub fn new(world: &World, kind: TeamKind) -> Result<Self, scenario::Error> {
        let team = match kind {
            TeamKind::Agents => Team::Agents,
            TeamKind::Baseline => Team::Baseline,
        };
        team.setup(world, Audience::ALL)
    }
}

/// A part of the listeners, by a hash of who they are: from a share up to but not including another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Audience {
    /// From this share,
    pub from: f64,
    /// to this.
    pub to: f64,
}

impl Audience {
    /// Everybody.
    pub const ALL: Self = Self { from: 0.0, to: 1.0 };

    /// Tells whether a listener of a world is among them.
    pub fn holds(self, world: &World, listener: u32) -> bool {
        if self == Self::ALL {
            return true;
        }
        let share = Chance::new(world.seed, u64::from(listener)).stream("audience").unit();
        (self.from..self.to).contains(&share)
    }
}

/// A run under way.
pub struct Run<'w> {
    world: &'w World,
    audience: Audience,
    engine: Engine,
    forge: Forge,
    rivals: RivalBook,
    memories: Vec<Memory>,
    conditions: Conditions,
    due: BinaryHeap<Due>,
    /// The arrivals of the current slice, the last first.
    arrivals: Vec<Visit>,
    slice: u64,
    next_tick: Timestamp,
    /// Changes of budgets to come, the last first.
    changes: Vec<(Timestamp, Vec<Change>)>,
    now: Timestamp,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("now", &self.now).field("due", &self.due.len()).finish_non_exhaustive()
    }
}

impl<'w> Run<'w> {
    /// Opens the world's gates: makes an engine and tells it of the campaigns.
    pub fn new(world: &'w World, setup: Setup) -> Self {
        Self::with_engine(world, setup.audience, Engine::new(setup.options, 1))
    }

    /// Opens the world's gates with an engine that was made elsewhere (another's agents may sit in it); it is told of the
    /// campaigns.
    pub fn with_engine(world: &'w World, audience: Audience, mut engine: Engine) -> Self {
        let begins = world.begins();
        // Nobody reads explanations here, and the outcome is the same without them.
        engine.set_detail(motet_coordinator::Detail::Outcome);
        let told = engine.step(begins, &Event::Changed(world.campaigns.changes.clone()), Timing::Unlimited);
        debug_assert_eq!(told, Effect::Changed(Ok(())), "a world's campaigns are sound");
        let mut run = Self {
            world,
            audience,
            engine,
            forge: Forge::new(world),
            rivals: RivalBook::new(world, world.budget_share),
            memories: vec![Memory::default(); world.population.len()],
            conditions: Conditions::at(world, begins),
            due: BinaryHeap::new(),
            arrivals: Vec::new(),
            slice: 0,
            next_tick: begins,
            changes: budget_changes(world),
            now: begins,
        };
        run.begin_slice();
        run
    }

    /// Returns the moment reached.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the engine, to be steered between two moments.
    pub const fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Returns how much is on its way.
    pub fn pending(&self) -> usize {
        self.due.len()
    }

    /// Lets time pass up to a moment, and tells the watcher.
    pub fn until(&mut self, end: Timestamp, watch: &mut impl Watch) {
        loop {
            let slice_ends =
                self.world.begins() + Span::from_micros(SLICE.micros() * (self.slice.cast_signed() + 1));
            let next = self.next_at().min(slice_ends);
            // A tick at the very end belongs to what it closes, a request at that moment to what follows.
            if next >= end && self.next_tick > end {
                break;
            }
            self.now = self.now.max(next);
            if next == slice_ends && self.nothing_before(slice_ends) {
                self.slice += 1;
                self.begin_slice();
            } else {
                self.take_next(watch);
            }
        }
        self.now = self.now.max(end);
    }

    /// Lets a number of days pass since the beginning.
    pub fn until_day(&mut self, day: u32, watch: &mut impl Watch) {
        self.until(self.world.begins() + Span::from_secs(i64::from(day) * 86_400), watch);
    }

    fn next_at(&self) -> Timestamp {
        let mut next = self.next_tick;
        next = next.min(self.arrivals.last().map_or(next, |visit| visit.at));
        next = next.min(self.due.peek().map_or(next, Due::at));
        next.min(self.changes.last().map_or(next, |(at, _)| *at))
    }

    fn nothing_before(&self, moment: Timestamp) -> bool {
        self.next_at() >= moment
    }

    /// Takes what is next: at one moment a change goes before a tick, a tick before what was on its way, and that before
    /// an arrival.
    fn take_next(&mut self, watch: &mut impl Watch) {
        let now = self.now;
        if self.changes.last().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, changes)) = self.changes.pop() {
                self.engine.step(now, &Event::Changed(changes), Timing::Unlimited);
            }
        } else if self.next_tick <= now {
            self.tick(watch);
        } else if self.due.peek().is_some_and(|due| due.at() <= now) {
            if let Some(due) = self.due.pop() {
                self.take_due(due, watch);
            }
        } else if let Some(visit) = self.arrivals.pop() {
            self.take_visit(&visit, watch);
        }
    }

    fn begin_slice(&mut self) {
        let begins = self.world.begins() + Span::from_micros(SLICE.micros() * self.slice.cast_signed());
        self.conditions = Conditions::at(self.world, begins);
        let (world, audience) = (self.world, self.audience);
        world.arrivals(self.slice, &self.conditions, &mut self.arrivals);
        world.fraud.arrivals(world, self.slice, &self.conditions, &mut self.arrivals);
        self.arrivals.retain(|visit| audience.holds(world, visit.listener));
        self.arrivals.sort_by_key(|visit| std::cmp::Reverse((visit.at, visit.id)));
    }

    fn tick(&mut self, watch: &mut impl Watch) {
        let since = self.next_tick - self.world.begins();
        if since.micros() > 0 && since.micros() % 86_400_000_000 == 0 {
            self.rivals.new_day();
        }
        let hour = self.next_tick.hour_of_week(self.world.utc_offset());
        let share = (since.micros() % 3_600_000_000) as f64 / 3_600e6;
        self.rivals.tick(self.world, usize::from(hour), share);
        self.engine.step(self.now, &Event::Ticked, Timing::Unlimited);
        self.next_tick = self.next_tick + Span::from_secs(i64::from(self.world.scenario.tick_s));
        watch.ticked(&self.engine, self.now);
    }

    fn take_due(&mut self, due: Due, watch: &mut impl Watch) {
        match due.what {
            What::Visit(visit) => self.take_visit(&visit, watch),
            What::Notice(told) => self.tell(told.0, &told.1, told.2, watch),
            What::Rendered(served) => self.render(&served, watch),
            What::Clicked(served) => self.click(&served, watch),
            What::Converted(served, sale) => self.report_conversion(&served, sale, watch),
            What::Faked(served, kind) => self.report_fake(&served, kind, watch),
        }
    }

    /// Tells the engine of something.
    fn tell(
        &mut self,
        notice: Notice,
        visit: &Visit,
        campaign: motet_model::ids::CampaignIx,
        watch: &mut impl Watch,
    ) {
        let event = Event::Noticed(notice);
        if let Effect::Judged(judgement) = self.engine.step(self.now, &event, Timing::Unlimited) {
            watch.told(&Told { at: self.now, notice: &notice, judgement: &judgement, visit, campaign });
        }
    }

    fn take_visit(&mut self, visit: &Visit, watch: &mut impl Watch) {
        if let Some(next) = self.world.next_in_session(visit) {
            self.due.push(Due::new(next.at, What::Visit(Box::new(next))));
        }
        let topic = self.stated_topic(visit);
        let event = self.forge.write(self.world, visit, topic);
        if visit.attack.is_some()
            && let Event::Requested(sealed) = event
        {
            self.world.fraud.disguise(self.world, visit, &mut sealed.request);
        }
        watch.deciding();
        let Effect::Decided(trace) = self.engine.step(self.now, event, Timing::Unlimited) else { return };
        let memory = &self.memories[visit.listener as usize];
        let request = self.forge.request(visit.publisher);
        let decision = &trace.decision;
        let engine = &self.engine;
        watch.decided(&Decided { world: self.world, visit, request, decision, memory, engine });
        self.hold_auctions(visit, decision, watch);
    }

    /// Returns what the content is said to be about: with a stale feed, sometimes something of hours ago.
    fn stated_topic(&self, visit: &Visit) -> u8 {
        if self.conditions.stale <= 0.0 {
            return visit.topic;
        }
        let mut draw = Chance::new(self.world.seed, visit.id).stream("stale");
        let (stale, old) = (draw.unit(), draw.below(topics::all().len() as u64) as u8);
        if stale < self.conditions.stale { old } else { visit.topic }
    }

    fn hold_auctions(&mut self, visit: &Visit, decision: &Decision, watch: &mut impl Watch) {
        for (place, decided) in decision.imps.iter().enumerate() {
            let bid = match decided {
                ImpDecision::Bid(bid) => Some(bid),
                ImpDecision::NoBid(_) => None,
            };
            self.hold_auction(visit, place as u16, bid, watch);
        }
    }

    fn hold_auction(&mut self, visit: &Visit, place: u16, bid: Option<&Bid>, watch: &mut impl Watch) {
        let request = self.forge.request(visit.publisher);
        let (owned, pricing) = (request.inventory.ownership == Ownership::Owned, request.pricing);
        let Some(imp) = request.imps.get(usize::from(place)) else { return };
        let floor = imp.floor;
        let none = Competition {
            best: CpmMicros::ZERO,
            second: CpmMicros::ZERO,
            holder: crate::world::rivals::Holder::Outside,
        };
        let competition =
            if owned { none } else { self.rivals.compete(self.world, visit, place, &self.conditions) };
        let (winner, price) = settle(bid, competition, floor, pricing, owned);
        watch.auctioned(&Auctioned { visit, place, imp, bid, competition, winner, price });
        if let Winner::Rival(holder) = winner {
            self.rivals.charge(holder, price);
        }
        if let Some(bid) = bid {
            self.send_outcome(visit, place, bid, winner == Winner::Ours, price, competition, floor);
        }
    }

    /// Puts on its way what follows from an auction in which we bid.
    fn send_outcome(
        &mut self,
        visit: &Visit,
        place: u16,
        bid: &Bid,
        won: bool,
        price: CpmMicros,
        competition: Competition,
        floor: CpmMicros,
    ) {
        let mood = self.world.mood(visit, place);
        let (notice_in, render_in) = self.world.early_delays(visit, place);
        let owned = bid.charge == Charge::OnImpression;
        let told = mood.told < self.world.scenario.market.told;
        let minimum = told.then(|| competition.best.max(floor).next_up());
        if !owned {
            let kind = if won {
                NoticeKind::Won { price: Some(price), minimum_to_win: minimum }
            } else {
                NoticeKind::Lost { reason: 102, minimum_to_win: minimum }
            };
            let notice = Notice { bid: bid.id, kind, happened_at: self.now, key: 0 };
            let what = What::Notice(Box::new((notice, visit.clone(), bid.campaign)));
            self.due.push(Due::new(self.now + notice_in, what));
        }
        let renders = match visit.attack {
            Some(_) => self.world.fraud.respond(self.world, visit, place).renders,
            None => mood.render < self.world.scenario.outcomes.rendered,
        };
        if won && renders {
            let served = Served::of(visit, place, bid, (!owned).then_some(price));
            // The win is told first: an ad is not rendered before the exchange knows who won.
            let at = self.now + notice_in + render_in;
            self.due.push(Due::new(at, What::Rendered(Box::new(served))));
        }
    }
}

/// Settles a slot: the higher bid wins if it meets the floor, a tie goes to the rival, second price pays the next bid or the
/// floor. On our own inventory our own auction has already decided.
fn settle(
    bid: Option<&Bid>,
    competition: Competition,
    floor: CpmMicros,
    pricing: Pricing,
    owned: bool,
) -> (Winner, CpmMicros) {
    let ours = bid.map_or(CpmMicros::ZERO, |bid| bid.price);
    if owned {
        return if bid.is_some() { (Winner::Ours, ours) } else { (Winner::Nobody, CpmMicros::ZERO) };
    }
    let paid = |own: CpmMicros, next: CpmMicros| match pricing {
        Pricing::FirstPrice => own,
        Pricing::SecondPrice => next.max(floor),
    };
    if bid.is_some() && ours > competition.best && ours >= floor {
        (Winner::Ours, paid(ours, competition.best))
    } else if competition.best > CpmMicros::ZERO && competition.best >= floor {
        let next = competition.second.max(ours);
        (Winner::Rival(competition.holder), paid(competition.best, next))
    } else {
        (Winner::Nobody, CpmMicros::ZERO)
    }
}

/// Lists the changes of budgets a scenario's shocks bring, the last first.
fn budget_changes(world: &World) -> Vec<(Timestamp, Vec<Change>)> {
    let at = |hour: f64| world.begins() + Span::from_micros((hour * 3_600e6) as i64);
    let mut changes = Vec::new();
    for shock in &world.scenario.shocks {
        let ShockKind::BudgetChange { group, factor } = &shock.kind else { continue };
        changes.push((at(shock.from_hour), with_budgets(world, group, *factor)));
        if shock.to_hour > 0.0 {
            changes.push((at(shock.to_hour), with_budgets(world, group, 1.0)));
        }
    }
    changes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    changes
}

fn with_budgets(world: &World, group: &str, factor: f64) -> Vec<Change> {
    let prefix = format!("{group}-");
    let of_group = |change: &&Change| matches!(change, Change::PutCampaign(c) if c.id.strip_prefix(&prefix).is_some_and(|n| n.parse::<u32>().is_ok()));
    let mut changes: Vec<Change> = world.campaigns.changes.iter().filter(of_group).cloned().collect();
    for change in &mut changes {
        if let Change::PutCampaign(campaign) = change {
            let daily = campaign.budget.daily.map(|daily| daily.units() * factor);
            campaign.budget.daily = daily.map(motet_units::Nanos::from_units);
        }
    }
    changes
}
