//! A plain reference of the world's mechanics, written from its descriptions and not from its code: one list of what is to
//! come, searched from end to end for the earliest, and everything worked out when it is needed.
//!
//! Taken as given: who the listeners are and what they like, when sessions begin and how they go on, the named
//! distributions, and what the engine decided. Worked out here: floors, rivals and their money, who wins and at what price, what
//! is told and when, what renders, is seen, clicked and bought, what a broken tracker loses, and every campaign's books.

mod books;
mod market;

use std::collections::BTreeMap;

use motet_model::{
    decision::{Bid, Charge},
    outcome::{NoticeKind, NoticeVerdict},
};
use motet_sim::{
    World, dist,
    scenario::{Click, Conversion, Fatigue, Floor},
    world::{Conditions, Visit},
};
use motet_units::{Chance, CpmMicros, Nanos, Span, Timestamp};

use self::{books::Books, market::Rivals};

/// One thing that happens in a run, as it is compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// A request was decided: its visit and the floors of its slots.
    Decided(Timestamp, u64, Vec<CpmMicros>),
    /// An auction: best and second rival bid, whether we won, whether anybody did, and the price.
    Auctioned {
        visit: u64,
        place: u16,
        best: CpmMicros,
        second: CpmMicros,
        ours: bool,
        sold: bool,
        price: CpmMicros,
    },
    /// An ad reached the visitor: whether it could be seen and whether the campaign was remembered; the chances in
    /// 2^-40ths, worth in whole nanos, as both sides may round in another order.
    Rendered {
        at: Timestamp,
        visit: u64,
        campaign: u32,
        viewable: bool,
        repeated: bool,
        p_click: i64,
        p_conversion: i64,
        worth: i64,
    },
    Clicked(Timestamp, u64),
    /// A purchase: when, by which visit, and what it brought.
    Converted(Timestamp, u64, Nanos),
    /// Something the tracker lost.
    Untold(Timestamp, u64),
    /// Something the engine was told, and what it made of it.
    Told {
        at: Timestamp,
        happened_at: Timestamp,
        visit: u64,
        kind: NoticeKind,
        verdict: NoticeVerdict,
        charged: Nanos,
    },
    /// A campaign's account after a tick: spent and held today, spent and held at all, room.
    Account(u32, [Nanos; 5]),
}

/// Rounds a chance so that two orders of multiplication agree.
pub(crate) fn rounded(chance: f64) -> i64 {
    (chance * 2_f64.powi(40)).round() as i64
}

/// What is to come. The order of the variants is the order at one moment.
#[derive(Clone, Debug)]
enum Coming {
    Budget(u16, f64),
    Tick,
    Request(Visit),
    Notice(Shown, NoticeKind, Timestamp),
    Render(Shown),
    Click(Shown),
    Purchase(Shown, Timestamp, Nanos),
    Arrival(Visit),
}

/// A bid of ours for a slot of a visit, on its way.
#[derive(Clone, Debug)]
struct Shown {
    visit: Visit,
    place: u16,
    bid: Bid,
    price: CpmMicros,
}

impl Coming {
    fn order(&self) -> (u8, u64, u16) {
        let of = |class, shown: &Shown| (class, shown.visit.id, shown.place);
        match self {
            Self::Budget(group, _) => (0, u64::from(*group), 0),
            Self::Tick => (1, 0, 0),
            Self::Request(visit) => (2, visit.id, 0),
            // What is told names the slot of its bid.
            Self::Notice(shown, ..) => (3, shown.visit.id, shown.bid.id.imp),
            Self::Render(shown) => of(4, shown),
            Self::Click(shown) => of(5, shown),
            Self::Purchase(shown, ..) => of(6, shown),
            Self::Arrival(visit) => (7, visit.id, 0),
        }
    }
}

/// What one listener has seen: up to four campaigns, and any.
#[derive(Clone, Debug, Default)]
struct Seen {
    campaigns: Vec<(u32, f32, u32)>,
    any: (f32, u32),
}

/// The reference at work.
pub(crate) struct Reference<'w> {
    world: &'w World,
    /// What the engine decided, by visit.
    bids: &'w BTreeMap<u64, Vec<Option<Bid>>>,
    to_come: Vec<(Timestamp, Coming)>,
    rivals: Rivals,
    books: Books,
    seen: Vec<Seen>,
    /// Bids whose clicks were told.
    clicks_told: Vec<(u64, u16)>,
    steps: Vec<Step>,
    now: Timestamp,
}

/// Lets so many days pass and returns everything that happened.
pub(crate) fn play(world: &World, bids: &BTreeMap<u64, Vec<Option<Bid>>>, days: u32) -> Vec<Step> {
    let begins = world.begins();
    let ends = begins + Span::from_secs(i64::from(days) * 86_400);
    let mut reference = Reference {
        world,
        bids,
        to_come: all_arrivals(world, days),
        rivals: Rivals::new(world),
        books: Books::new(world),
        seen: vec![Seen::default(); world.population.len()],
        clicks_told: Vec::new(),
        steps: Vec::new(),
        now: begins,
    };
    reference.plan_ticks_and_budgets(ends);
    while let Some(next) = reference.earliest() {
        let (at, coming) = reference.to_come.swap_remove(next);
        // A tick at the very end still belongs to the time before it.
        if at > ends || at == ends && !matches!(coming, Coming::Tick | Coming::Budget(..)) {
            break;
        }
        reference.now = at;
        reference.take(coming);
    }
    reference.steps
}

fn all_arrivals(world: &World, days: u32) -> Vec<(Timestamp, Coming)> {
    let mut visits = Vec::new();
    for minute in 0..u64::from(days) * 1_440 {
        let begins = world.begins() + Span::from_secs(minute.cast_signed() * 60);
        world.arrivals(minute, &Conditions::at(world, begins), &mut visits);
    }
    visits.into_iter().map(|visit| (visit.at, Coming::Arrival(visit))).collect()
}

impl Reference<'_> {
    fn plan_ticks_and_budgets(&mut self, ends: Timestamp) {
        let mut at = self.world.begins();
        while at <= ends {
            self.to_come.push((at, Coming::Tick));
            at = at + Span::from_secs(i64::from(self.world.scenario.tick_s));
        }
        for (at, group, factor) in market::budget_changes(self.world) {
            self.to_come.push((at, Coming::Budget(group, factor)));
        }
    }

    fn earliest(&self) -> Option<usize> {
        let key = |place: &usize| (self.to_come[*place].0, self.to_come[*place].1.order());
        (0..self.to_come.len()).min_by_key(key)
    }

    fn take(&mut self, coming: Coming) {
        match coming {
            Coming::Budget(group, factor) => self.books.change(self.world, group, factor),
            Coming::Tick => self.tick(),
            Coming::Request(visit) | Coming::Arrival(visit) => self.request(&visit),
            Coming::Notice(shown, kind, happened_at) => self.tell(&shown, kind, happened_at),
            Coming::Render(shown) => self.render(shown),
            Coming::Click(shown) => self.click(shown),
            Coming::Purchase(shown, happened_at, sale) => self.purchase(&shown, happened_at, sale),
        }
    }

    /// The conditions of the minute: they change at whole minutes alone.
    fn conditions(&self) -> Conditions {
        let begins = self.world.begins();
        let minutes = (self.now - begins).micros().div_euclid(60_000_000);
        Conditions::at(self.world, begins + Span::from_secs(minutes * 60))
    }

    fn tick(&mut self) {
        self.rivals.tick(self.world, self.now);
        for (campaign, account) in self.books.accounts(self.now).into_iter().enumerate() {
            self.steps.push(Step::Account(campaign as u32, account));
        }
    }

    fn request(&mut self, visit: &Visit) {
        if let Some(next) = self.world.next_in_session(visit) {
            self.to_come.push((next.at, Coming::Request(next)));
        }
        let floors = floors(self.world, visit);
        self.steps.push(Step::Decided(self.now, visit.id, floors.clone()));
        let bids = self.bids.get(&visit.id).cloned().unwrap_or_default();
        for bid in bids.iter().flatten() {
            self.books.hold(bid, self.now);
        }
        for (place, floor) in floors.into_iter().enumerate() {
            self.auction(visit, place as u16, floor, bids.get(place).cloned().flatten());
        }
    }

    fn auction(&mut self, visit: &Visit, place: u16, floor: CpmMicros, bid: Option<Bid>) {
        let spec = self.world.publisher(visit.publisher);
        let zero = CpmMicros::ZERO;
        let mut offers = Vec::new();
        if !spec.owned {
            offers = self.rivals.offers(self.world, visit, place, &self.conditions());
        }
        let (best, second) = market::two_highest(&offers);
        let ours = bid.as_ref().map_or(zero, |bid| bid.price);
        let we_win = bid.is_some() && (spec.owned || ours > best && ours >= floor);
        let sold = we_win || best > zero && best >= floor;
        let (own, next) = if we_win { (ours, best) } else { (best, second.max(ours)) };
        let price = match (sold, spec.second_price && !spec.owned) {
            (false, _) => zero,
            (true, true) => next.max(floor),
            (true, false) => own,
        };
        self.steps.push(Step::Auctioned { visit: visit.id, place, best, second, ours: we_win, sold, price });
        if sold && !we_win {
            self.rivals.pay(&offers, best, price);
        }
        if let Some(bid) = bid {
            self.send(Shown { visit: visit.clone(), place, bid, price }, we_win, best.max(floor));
        }
    }

    /// Sends word of the auction, and the ad if we won it and it renders.
    fn send(&mut self, shown: Shown, won: bool, to_beat: CpmMicros) {
        let (world, outcomes) = (self.world, &self.world.scenario.outcomes);
        let mut draw = Chance::new(world.seed, shown.visit.slot(shown.place)).stream("delays");
        let told_at = self.now + outcomes.notice_delay.draw(&mut draw);
        let renders_at = told_at + outcomes.render_delay.draw(&mut draw);
        let mood = Mood::of(world, &shown);
        let minimum_to_win = (mood.told < world.scenario.market.told).then(|| to_beat.next_up());
        if !world.publisher(shown.visit.publisher).owned {
            let kind = if won {
                NoticeKind::Won { price: Some(shown.price), minimum_to_win }
            } else {
                NoticeKind::Lost { reason: 102, minimum_to_win }
            };
            self.to_come.push((told_at, Coming::Notice(shown.clone(), kind, self.now)));
        }
        if won && mood.render < outcomes.rendered {
            self.to_come.push((renders_at, Coming::Render(shown)));
        }
    }

    fn tell(&mut self, shown: &Shown, kind: NoticeKind, happened_at: Timestamp) {
        let (verdict, charged) = self.books.told(&shown.bid, kind, self.now);
        let click = (shown.visit.id, shown.place);
        let unheard_of = matches!(kind, NoticeKind::Conversion { .. }) && !self.clicks_told.contains(&click);
        let verdict = if unheard_of { NoticeVerdict::Contradicts } else { verdict };
        if kind == NoticeKind::Click {
            self.clicks_told.push(click);
        }
        let (at, visit) = (self.now, shown.visit.id);
        self.steps.push(Step::Told { at, happened_at, visit, kind, verdict, charged });
    }

    fn render(&mut self, shown: Shown) {
        if shown.bid.charge == Charge::OnBilling {
            self.tell(&shown, NoticeKind::Billed { price: Some(shown.price) }, self.now);
        }
        self.tell(&shown, NoticeKind::Impression, self.now);
        let (world, mood) = (self.world, Mood::of(self.world, &shown));
        let viewable = mood.view < world.publisher(shown.visit.publisher).viewable;
        let (p_click, p_conversion) = (self.p_click(&shown), p_conversion(world, &shown));
        let seen = &mut self.seen[shown.visit.listener as usize];
        let repeated = seen.campaigns.iter().any(|(campaign, ..)| *campaign == shown.bid.campaign.0);
        let now_s = ((self.now - world.begins()).micros() / 1_000_000) as u32;
        if viewable {
            seen.look(shown.bid.campaign.0, now_s, half_life_h(world));
        }
        self.steps.push(Step::Rendered {
            at: self.now,
            visit: shown.visit.id,
            campaign: shown.bid.campaign.0,
            viewable,
            repeated,
            p_click: rounded(p_click),
            p_conversion: rounded(p_conversion),
            worth: world.worth(shown.bid.campaign, p_click, p_conversion).round() as i64,
        });
        if mood.click < p_click {
            let after = late_delays(world, &shown)[0];
            self.to_come.push((self.now + after, Coming::Click(shown)));
        }
    }

    fn p_click(&self, shown: &Shown) -> f64 {
        let (world, visit) = (self.world, &shown.visit);
        let now_s = ((self.now - world.begins()).micros() / 1_000_000) as u32;
        let fresh = match world.scenario.listeners.fatigue {
            Fatigue::None => 1.0,
            Fatigue::Exposure { keeps, half_life_h, attention_keeps } => {
                let seen = &self.seen[visit.listener as usize];
                let (same, any) = seen.exposures(shown.bid.campaign.0, now_s, half_life_h);
                libm::exp(same * libm::log(keeps)) * libm::exp(any * libm::log(attention_keeps))
            }
        };
        let person = match world.scenario.outcomes.click {
            Click::Flat => 1.0,
            Click::Interest { gain, .. } => {
                let inclination = f64::from(world.population.get(visit.listener).inclination);
                inclination * libm::exp(gain * interest(world, shown))
            }
        };
        let quality = world.campaigns.quality[shown.bid.creative.get()];
        (world.publisher(visit.publisher).click_rate * quality * person * fresh).min(0.9)
    }

    fn click(&mut self, shown: Shown) {
        let world = self.world;
        self.steps.push(Step::Clicked(self.now, shown.visit.id));
        self.tell_unless_lost(&shown, NoticeKind::Click, self.now);
        let mood = Mood::of(world, &shown);
        if mood.convert < p_conversion(world, &shown) {
            let [_, until_purchase, until_report] = late_delays(world, &shown);
            let bought_at = self.now + until_purchase;
            let sale = mood.sale_of(world, &shown);
            self.to_come.push((bought_at + until_report, Coming::Purchase(shown, bought_at, sale)));
        }
    }

    fn purchase(&mut self, shown: &Shown, happened_at: Timestamp, sale: Nanos) {
        self.steps.push(Step::Converted(happened_at, shown.visit.id, sale));
        self.tell_unless_lost(shown, NoticeKind::Conversion { value: Some(sale) }, happened_at);
    }

    fn tell_unless_lost(&mut self, shown: &Shown, kind: NoticeKind, happened_at: Timestamp) {
        let group = self.world.campaigns.truth[shown.bid.campaign.get()].group;
        if Mood::of(self.world, shown).lost < self.conditions().lost(group) {
            self.steps.push(Step::Untold(self.now, shown.visit.id));
        } else {
            self.tell(shown, kind, happened_at);
        }
    }
}

/// Draws the floors of a request's slots: first how many there are, then one after the other.
fn floors(world: &World, visit: &Visit) -> Vec<CpmMicros> {
    let spec = world.publisher(visit.publisher);
    let mut draw = Chance::new(world.seed, visit.id).stream("slots");
    let more = draw.unit() < spec.slots.fract();
    let count = spec.slots.trunc() as usize + usize::from(more);
    let mut floors = Vec::new();
    for _ in 0..count {
        floors.push(match &spec.floor {
            Floor::None => CpmMicros::ZERO,
            Floor::Fixed { cpm } => CpmMicros::from_units(*cpm),
            Floor::LogNormal { median_cpm, sigma } => {
                CpmMicros::from_units(median_cpm * libm::exp(sigma * dist::normal(&mut draw)))
            }
            Floor::Quantiles { .. } => unreachable!("these worlds have no such floors"),
        });
    }
    floors
}

/// How a slot turns out: six even draws and a normal one, in this order.
struct Mood {
    render: f64,
    view: f64,
    click: f64,
    convert: f64,
    told: f64,
    lost: f64,
    sale: f64,
}

impl Mood {
    fn of(world: &World, shown: &Shown) -> Self {
        let mut draw = Chance::new(world.seed, shown.visit.slot(shown.place)).stream("mood");
        let mut even = [0.0; 6];
        for value in &mut even {
            *value = draw.unit();
        }
        let [render, view, click, convert, told, lost] = even;
        Self { render, view, click, convert, told, lost, sale: dist::normal(&mut draw) }
    }

    /// A sale is log-normal around the campaign's average.
    fn sale_of(&self, world: &World, shown: &Shown) -> Nanos {
        let average = world.campaigns.truth[shown.bid.campaign.get()].sale.units();
        let spread = match world.scenario.outcomes.conversion {
            Conversion::Interest { sale_sigma, .. } => sale_sigma,
            Conversion::Flat => 0.0,
        };
        Nanos::from_units(average * libm::exp(spread * self.sale - 0.5 * spread * spread))
    }
}

fn interest(world: &World, shown: &Shown) -> f64 {
    let topic = world.campaigns.truth[shown.bid.campaign.get()].topic;
    world.population.interest(shown.visit.listener, shown.visit.day, shown.visit.passing, topic)
}

fn p_conversion(world: &World, shown: &Shown) -> f64 {
    let rate = world.campaigns.truth[shown.bid.campaign.get()].conversion_rate;
    match world.scenario.outcomes.conversion {
        Conversion::Flat => rate,
        Conversion::Interest { gain, .. } => (rate * libm::exp(gain * interest(world, shown))).min(0.9),
    }
}

fn late_delays(world: &World, shown: &Shown) -> [Span; 3] {
    let mut draw = Chance::new(world.seed, shown.visit.slot(shown.place)).stream("late delays");
    let outcomes = &world.scenario.outcomes;
    [&outcomes.click_delay, &outcomes.conversion_delay, &outcomes.report_delay]
        .map(|delay| delay.draw(&mut draw))
}

fn half_life_h(world: &World) -> f64 {
    match world.scenario.listeners.fatigue {
        Fatigue::Exposure { half_life_h, .. } => half_life_h,
        Fatigue::None => 24.0,
    }
}

fn faded(count: f32, since_s: u32, now_s: u32, half_life_h: f64) -> f64 {
    f64::from(count) * libm::exp2(-f64::from(now_s - since_s) / 3_600.0 / half_life_h)
}

impl Seen {
    /// Returns how often a campaign and anything was seen of late.
    fn exposures(&self, campaign: u32, now_s: u32, half_life_h: f64) -> (f64, f64) {
        let same = self.campaigns.iter().find(|(held, ..)| *held == campaign);
        let same = same.map_or(0.0, |(_, count, at)| faded(*count, *at, now_s, half_life_h));
        (same, faded(self.any.0, self.any.1, now_s, half_life_h))
    }

    /// Remembers a look; of more than four campaigns the one longest unseen is forgotten.
    fn look(&mut self, campaign: u32, now_s: u32, half_life_h: f64) {
        let (same, any) = self.exposures(campaign, now_s, half_life_h);
        self.any = ((any + 1.0) as f32, now_s);
        let look = (campaign, (same + 1.0) as f32, now_s);
        if let Some(held) = self.campaigns.iter_mut().find(|(held, ..)| *held == campaign) {
            *held = look;
        } else if self.campaigns.len() < 4 {
            self.campaigns.push(look);
        } else if let Some(longest) = self.campaigns.iter_mut().min_by_key(|(.., at)| *at) {
            *longest = look;
        }
    }
}
