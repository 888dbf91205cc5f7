use std::{cmp::Reverse, collections::BinaryHeap};

use motet_agent::{Account, BidRecord, CandidateIx, PacerSight};
use motet_model::{
    campaign::{Campaign, Flight, Goal},
    codes::Code,
    outcome::Notice,
    request::{
        AdRequest, Blocks, CurrencyRate, Device, Inventory, Mode, Oddities, Pricing, Privacy, SupplyChain,
        User,
    },
    targeting::Daypart,
};
use motet_units::{Chance, CpmMicros, Nanos, Span, Stream};

use super::*;
use crate::testing::{campaign, catalog, cpm, normal, proposals, record};

fn request() -> AdRequest {
    AdRequest {
        id: "r".into(),
        imps: vec![],
        inventory: Inventory::default(),
        device: Device::default(),
        user: User::default(),
        privacy: Privacy::default(),
        blocks: Blocks::default(),
        pricing: Pricing::SecondPrice,
        currency: CurrencyRate { code: Code::currency("USD").unwrap(), nanos_per_unit: 1_000_000_000 },
        languages: smallvec::SmallVec::new(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}

/// What the world does apart from its ordinary course.
#[derive(Clone, Copy, Default)]
struct Setting {
    /// Hours without any traffic.
    outage: Option<(i64, i64)>,
    /// The daily budget from noon on.
    raised: Option<Nanos>,
    /// Whether every bid goes through whole.
    unpaced: bool,
    /// How steeply wins fall with the bid: the spread of rivals' log prices.
    spread: f64,
}

/// One campaign in a market, with a ledger that never overspends.
struct World {
    pacer: Pacer,
    campaign: Campaign,
    account: Account,
    chance: Stream,
    /// Settlements to come: when, bid, whether it is billed.
    pending: BinaryHeap<Reverse<(Timestamp, u64, bool)>>,
    open: Vec<BidRecord>,
    request: AdRequest,
}

/// What a day looked like.
#[derive(Debug, Default)]
struct Day {
    spent: f64,
    budget: f64,
    /// When the budget was first gone, in hours.
    gone_at: Option<f64>,
    worst_error: f64,
    crossings: u32,
    multipliers: Vec<f64>,
}

fn intensity(second: i64) -> f64 {
    let hour = second as f64 / 3_600.0;
    // A morning and an evening peak, unlike the prior.
    let peak = |at: f64, wide: f64| libm::exp(-((hour - at) / wide) * ((hour - at) / wide));
    0.35 + 1.2 * peak(8.0, 2.5) + 1.9 * peak(20.0, 3.0)
}

impl World {
    fn new(mut campaign: Campaign, seed: u64) -> Self {
        campaign.flight.start = Timestamp::from_secs(0);
        let account = Account {
            campaign: CampaignIx(0),
            daily: campaign.budget.daily,
            total: campaign.budget.total,
            spent_today: Nanos::ZERO,
            reserved_today: Nanos::ZERO,
            spent: Nanos::ZERO,
            reserved: Nanos::ZERO,
            room: Nanos::ZERO,
        };
        let mut pacer = Pacer::new(Options::default(), Pacer::fixed_policy()).unwrap();
        let catalog = catalog(std::slice::from_ref(&campaign));
        pacer.observe(&Observation::Changed { catalog: &catalog, changes: &[], at: Timestamp::from_secs(0) });
        let chance = Chance::new(seed, 0).stream("world");
        Self {
            pacer,
            campaign,
            account,
            chance,
            pending: BinaryHeap::new(),
            open: vec![],
            request: request(),
        }
    }

    fn budget(&self) -> f64 {
        self.account.daily.or(self.account.total).unwrap().as_f64()
    }

    fn day(&mut self, day: i64, setting: Setting) -> Day {
        self.account.spent_today = Nanos::ZERO;
        let mean = (0..86_400).map(intensity).sum::<f64>() / 86_400.0;
        let total = mean * 86_400.0;
        let (mut result, mut past, mut side) = (Day::default(), 0.0, 0.0_f64);
        for second in 0..86_400 {
            let now = Timestamp::from_secs(day * 86_400 + second);
            if let Some(raised) = setting.raised.filter(|_| second == 43_200) {
                self.account.daily = Some(raised);
                self.campaign.budget.daily = Some(raised);
            }
            self.settle(now);
            let silent = setting.outage.is_some_and(|(from, to)| (from..to).contains(&(second / 3_600)));
            past += intensity(second) / total;
            if !silent && self.chance.unit() < 0.63 * intensity(second) / mean {
                self.ask(now, setting);
            }
            if second % 60 == 59 {
                let catalog = catalog(std::slice::from_ref(&self.campaign));
                self.pacer.control(&Tick { now, catalog: &catalog, accounts: &[self.account] });
                result.multipliers.push(self.multiplier(now));
                let error = self.account.spent_today.as_f64() / self.budget() - past;
                result.worst_error = result.worst_error.max(error.abs());
                // A crossing counts when the error swings from one side of ±0.5 % to the other.
                if error.abs() > 0.005 && error.signum() * side < 0.5 {
                    result.crossings += u32::from(side != 0.0);
                    side = error.signum();
                }
            }
            let gone = self.account.spent_today.as_f64() > 0.98 * self.budget();
            if gone && result.gone_at.is_none() {
                result.gone_at = Some(second as f64 / 3_600.0);
            }
        }
        result.spent = self.account.spent_today.as_f64();
        result.budget = self.budget();
        result
    }

    fn multiplier(&self, now: Timestamp) -> f64 {
        let accounts = [(CandidateIx(0), self.account)];
        let asked = proposals(&self.pacer, now, Sight::Pacer(PacerSight { accounts: &accounts }));
        match asked.as_slice() {
            [Proposal { ask: Ask::Pace { candidate: CandidateIx(0), multiplier }, .. }] => multiplier.get(),
            other => panic!("not one pace: {other:?}"),
        }
    }

    fn ask(&mut self, now: Timestamp, setting: Setting) {
        let multiplier = if setting.unpaced { 1.0 } else { self.multiplier(now) };
        let bid = CpmMicros::new((10e6 * multiplier) as i64);
        let rival =
            CpmMicros::new((4e6 * libm::exp(setting.spread.max(0.5) * normal(&mut self.chance))) as i64);
        let held = self.account.spent_today + self.account.reserved_today + bid.per_impression();
        self.pacer.observe(&Observation::Decided { request: &self.request, bids: &[], at: now });
        let most = self.account.daily.or(self.account.total).unwrap();
        if held > most || bid == CpmMicros::ZERO {
            return;
        }
        self.account.reserved_today += bid.per_impression();
        let n = self.open.len() as u64;
        let mut record = record(n, 0, bid, now);
        let won = bid > rival;
        // The bid holds its own price; a win pays the rival's.
        record.value = rival;
        let delay = if won { 5.0 - 120.0 * libm::log(1.0 - self.chance.unit()) } else { 1_800.0 };
        self.pending.push(Reverse((now + Span::from_secs(delay.min(1_800.0) as i64), n, won)));
        self.open.push(record);
    }

    fn settle(&mut self, now: Timestamp) {
        while let Some(Reverse((at, n, won))) =
            self.pending.peek().copied().filter(|Reverse((at, ..))| *at <= now)
        {
            self.pending.pop();
            let record = &self.open[n as usize];
            let today = record.made_at.day(Span::ZERO) == now.day(Span::ZERO);
            if today {
                self.account.reserved_today -= record.bid.reserved;
            }
            if won {
                let price = record.value;
                if today {
                    self.account.spent_today += price.per_impression();
                }
                self.account.spent += price.per_impression();
                let kind = NoticeKind::Billed { price: Some(price) };
                let notice = Notice { bid: record.bid.id, kind, happened_at: at, key: 0 };
                let verdict = NoticeVerdict::Counted;
                self.pacer.observe(&Observation::Noticed {
                    bid: record,
                    notice: &notice,
                    verdict,
                    known_at: at,
                });
            }
        }
        if now.time_of_day(Span::ZERO) == Span::ZERO {
            self.account.reserved_today = Nanos::ZERO;
        }
    }
}

fn even(daily: f64) -> Campaign {
    let mut campaign = campaign("c", Goal::Cpm { price: cpm(10.0) });
    campaign.budget.daily = Some(Nanos::from_units(daily));
    campaign
}

#[test]
fn an_even_day_is_spent_to_the_end() {
    for (seed, spread) in [(1, 0.5), (2, 0.5), (3, 1.0), (4, 0.2)] {
        let setting = Setting { spread, ..Setting::default() };
        let mut world = World::new(even(60.0), seed);
        let days: Vec<Day> = (0..3).map(|day| world.day(day, setting)).collect();
        let unpaced = World::new(even(60.0), seed).day(0, Setting { unpaced: true, ..setting });
        for (n, day) in days.iter().enumerate() {
            println!(
                "seed {seed} spread {spread} day {n}: spent {:.4}, worst error {:.4}, crossings {}, gone at {:?}; \
                 unpaced gone at {:?}, worst error {:.3}",
                day.spent / day.budget,
                day.worst_error,
                day.crossings,
                day.gone_at,
                unpaced.gone_at,
                unpaced.worst_error
            );
            assert!((day.spent / day.budget - 1.0).abs() < 0.02, "day {n}: {}", day.spent / day.budget);
            assert!(day.crossings <= 16, "day {n}: {}", day.crossings);
        }
        // By the third day the curve is known.
        assert!(days[2].worst_error < 0.06, "{}", days[2].worst_error);
        assert!(days[2].gone_at.unwrap() > 22.0, "{:?}", days[2].gone_at);
        assert!(unpaced.gone_at.unwrap() < 12.0, "{:?}", unpaced.gone_at);
    }
}

#[test]
fn an_outage_winds_nothing_up() {
    let mut world = World::new(even(60.0), 7);
    let before = (0..2).map(|day| world.day(day, Setting::default())).last().unwrap();
    let day = world.day(2, Setting { outage: Some((10, 16)), ..Setting::default() });
    let hour =
        |day: &Day, hour: usize| day.multipliers[hour * 60..(hour + 1) * 60].iter().sum::<f64>() / 60.0;
    println!(
        "spent {:.4}; 18 h {:.3} before, {:.3} after",
        day.spent / day.budget,
        hour(&before, 18),
        hour(&day, 18)
    );
    assert!((day.spent / day.budget - 1.0).abs() < 0.02, "{}", day.spent / day.budget);
    // What was missed is spread over the evening: a higher multiplier, not a burst at full bid.
    assert!(hour(&day, 18) < 1.3 * hour(&before, 18), "{} against {}", hour(&day, 18), hour(&before, 18));
    println!("16 h {:.3} before, {:.3} after", hour(&before, 16), hour(&day, 16));
    assert!(hour(&day, 16) < 2.3 * hour(&before, 16), "{} against {}", hour(&day, 16), hour(&before, 16));
    assert!(day.gone_at.unwrap() > 22.0, "{:?}", day.gone_at);
}

#[test]
fn a_budget_raised_at_noon_is_spent() {
    let mut world = World::new(even(40.0), 8);
    world.day(0, Setting::default());
    let raised = Setting { raised: Some(Nanos::from_units(60.0)), ..Setting::default() };
    let day = world.day(1, raised);
    println!("spent {:.4} of the raised budget", day.spent / day.budget);
    assert!((day.spent / day.budget - 1.0).abs() < 0.02, "{}", day.spent / day.budget);
}

#[test]
fn a_budget_too_large_for_the_market_is_let_through() {
    let mut world = World::new(even(5_000.0), 9);
    let day = world.day(0, Setting::default());
    assert!(day.multipliers[600..].iter().all(|m| *m > 0.99));
}

#[test]
fn front_loaded_spends_more_in_the_first_half() {
    let mut campaign = even(60.0);
    campaign.pacing = Pacing::FrontLoaded;
    let mut world = World::new(campaign, 10);
    world.day(0, Setting::default());
    let day = world.day(1, Setting::default());
    assert!((day.spent / day.budget - 1.0).abs() < 0.02, "{}", day.spent / day.budget);
    // The front-loaded plan lies at most s·(1.5 − 0.5 s) − s = 1 ÷ 8 above the even one.
    assert!((0.08..0.19).contains(&day.worst_error), "{}", day.worst_error);
}

#[test]
fn a_total_is_spread_over_the_days_left() {
    let mut campaign = even(0.0);
    campaign.budget = motet_model::campaign::Budget { daily: None, total: Some(Nanos::from_units(120.0)) };
    campaign.flight = Flight {
        start: Timestamp::from_secs(0),
        end: Some(Timestamp::from_secs(3 * 86_400)),
        utc_offset: Span::ZERO,
    };
    let mut world = World::new(campaign, 11);
    let spent: Vec<f64> = (0..3).map(|day| world.day(day, Setting::default()).spent / 120e9).collect();
    println!("shares of the total by day: {spent:?}");
    assert!(spent.iter().all(|share| (share - 1.0 / 3.0).abs() < 0.03), "{spent:?}");
    assert!((spent.iter().sum::<f64>() - 1.0).abs() < 0.02, "{spent:?}");
}

#[test]
fn far_ahead_is_held_and_asap_is_not() {
    let mut world = World::new(even(60.0), 12);
    let catalog = catalog(std::slice::from_ref(&world.campaign));
    let now = Timestamp::from_secs(3_600);
    for minute in 0..3 {
        let now = Timestamp::from_secs(3_480 + 60 * minute);
        world.pacer.control(&Tick { now, catalog: &catalog, accounts: &[world.account] });
    }
    assert!(world.multiplier(now) > 0.0);
    world.account.spent_today = Nanos::from_units(30.0);
    assert!(world.multiplier(now) == 0.0);
    world.pacer.plan(CampaignIx(0)).set_pacing(Pacing::Asap);
    assert!((world.multiplier(now) - 1.0).abs() < 1e-12);
}

#[test]
fn dayparts_count_only_the_hours_they_allow() {
    let traffic = Traffic::new();
    let noon_to_two = [Daypart { days: 0x7f, from_hour: 12, to_hour: 14 }];
    let (start, end) = (Timestamp::from_secs(0), Timestamp::from_secs(86_400));
    let allowed = traffic.within(start, end, &noon_to_two, Span::ZERO);
    let direct = traffic.between(Timestamp::from_secs(12 * 3_600), Timestamp::from_secs(14 * 3_600));
    assert!((allowed - direct).abs() < 1e-9);
}

#[test]
fn a_restored_agent_paces_the_same() {
    let mut world = World::new(even(60.0), 13);
    world.day(0, Setting::default());
    let catalog = catalog(std::slice::from_ref(&world.campaign));
    let mut second = Pacer::new(Options::default(), Pacer::fixed_policy()).unwrap();
    second.restore(&world.pacer.save(), &catalog).unwrap();
    second.observe(&Observation::Changed { catalog: &catalog, changes: &[], at: Timestamp::from_secs(0) });
    for minute in 0..300 {
        let now = Timestamp::from_secs(86_400 + 60 * minute);
        let tick = Tick { now, catalog: &catalog, accounts: &[world.account] };
        for pacer in [&mut world.pacer, &mut second] {
            pacer.observe(&Observation::Decided { request: &world.request, bids: &[], at: now });
            pacer.control(&tick);
        }
    }
    assert_eq!(world.pacer.save(), second.save());
    assert!(second.restore(b"", &catalog).is_err());
}
