use motet_agent::{CandidateIx, MarketKey};
use motet_model::{
    campaign::Goal,
    request::{MediaKind, Ownership},
};
use motet_units::{Chance, Nanos, Probability, Span, Stream};
use proptest::prelude::*;

use super::*;
use crate::testing::{campaign, candidate, catalog, cpm, normal, proposals, record};

fn bidder(catalog: &Catalog) -> Bidder {
    let mut bidder = Bidder::new(Options::default(), Bidder::fixed_policy()).unwrap();
    bidder.observe(&Observation::Changed { catalog, changes: &[], at: Timestamp::from_secs(0) });
    bidder
}

fn offers(bidder: &Bidder, catalog: &Catalog, candidates: &[Candidate]) -> Vec<(CpmMicros, CpmMicros)> {
    let sight = BidderSight { candidates, ownership: Ownership::Exchange, catalog };
    let offers = proposals(bidder, Timestamp::from_secs(1), Sight::Bidder(sight));
    let offer = |(place, proposal): (usize, Proposal)| match proposal.ask {
        Ask::Offer { candidate, value, bid } => {
            assert_eq!(candidate, CandidateIx(place as u16));
            (value, bid)
        }
        other => panic!("not an offer: {other:?}"),
    };
    offers.into_iter().enumerate().map(offer).collect()
}

fn four_goals() -> Catalog {
    catalog(&[
        campaign("cpm", Goal::Cpm { price: cpm(4.0) }),
        campaign("cpc", Goal::Cpc { click: Nanos::from_units(0.5) }),
        campaign("cpa", Goal::Cpa { conversion: Nanos::from_units(5.0) }),
        campaign("roas", Goal::TargetRoas { sale: Nanos::from_units(40.0), return_millis: 4_000 }),
    ])
}

/// The accounts of four campaigns: the bidder reads whose turn it is, and nothing else.
fn accounts() -> Vec<motet_agent::Account> {
    let none = motet_units::Nanos::ZERO;
    let account = |ix| motet_agent::Account {
        campaign: CampaignIx(ix),
        daily: None,
        total: None,
        spent_today: none,
        reserved_today: none,
        spent: none,
        reserved: none,
        room: none,
    };
    (0..4).map(account).collect()
}

#[test]
fn each_goal_has_its_worth() {
    let catalog = four_goals();
    let bidder = bidder(&catalog);
    let candidates: Vec<_> =
        (0..4).map(|i| candidate(i, u32::from(i), Pricing::SecondPrice, CpmMicros::ZERO)).collect();
    // 0.02 × 0.5 = 0.01 an impression; 0.02 × 0.1 × 5 = 0.01; 0.02 × 0.1 × 40 ÷ 4 = 0.02.
    let worth = [4.0, 10.0, 10.0, 20.0].map(cpm);
    let offers = offers(&bidder, &catalog, &candidates);
    for ((value, bid), worth) in offers.into_iter().zip(worth) {
        assert!((value.get() - worth.get()).abs() <= 1, "{value} against {worth}");
        assert_eq!(bid, value, "a second-price bid is truthful");
    }
}

#[test]
fn the_average_sale_follows_the_sales_told() {
    let mut tracker = Tracker::default();
    let goal = Goal::TargetRoas { sale: Nanos::from_units(10.0), return_millis: 1_000 };
    tracker.set_goal(goal);
    for _ in 0..180 {
        tracker.add_conversion(Timestamp::from_secs(0), Some(Nanos::from_units(30.0)));
    }
    // (20 × 10 + 180 × 30) ÷ 200 = 28.
    let worth = tracker.worth(&goal, Probability::ONE, Probability::ONE);
    assert!((worth - 28e9).abs() < 1.0, "{worth}");
}

#[test]
fn fixed_price_deals_are_met_exactly_or_not_at_all() {
    let catalog = four_goals();
    let bidder = bidder(&catalog);
    let deal =
        |floor: f64| Candidate { fixed_price: true, ..candidate(0, 0, Pricing::FirstPrice, cpm(floor)) };
    assert_eq!(offers(&bidder, &catalog, &[deal(3.0)])[0].1, cpm(3.0));
    assert_eq!(offers(&bidder, &catalog, &[deal(5.0)])[0].1, cpm(4.0), "below the floor: it will be refused");
}

#[test]
fn the_highest_price_is_kept() {
    let mut capped = campaign("cpm", Goal::Cpm { price: cpm(4.0) });
    capped.most_cpm = Some(cpm(2.5));
    let catalog = catalog(&[capped]);
    let bidder = bidder(&catalog);
    let offer = offers(&bidder, &catalog, &[candidate(0, 0, Pricing::SecondPrice, CpmMicros::ZERO)])[0];
    assert_eq!(offer, (cpm(4.0), cpm(2.5)));
}

#[test]
fn an_unknown_first_price_market_is_shaded_mildly() {
    let catalog = four_goals();
    let offer =
        offers(&bidder(&catalog), &catalog, &[candidate(0, 0, Pricing::FirstPrice, CpmMicros::ZERO)])[0];
    assert_eq!(offer.1, cpm(4.0 * 0.85));
}

/// What is told of an auction's outcome.
#[derive(Clone, Copy, PartialEq)]
enum Feedback {
    MinimumToWin,
    WinsAndLosses,
    WinsOnly,
}

/// The highest competing bid: log-normal around 2 CPM.
fn rival_bid(stream: &mut Stream) -> f64 {
    2e6 * libm::exp(0.4 * normal(stream))
}

fn play(bidder: &mut Bidder, catalog: &Catalog, feedback: Feedback, auctions: u64, stream: &mut Stream) {
    for n in 0..auctions {
        // Values differ from auction to auction, as predictions do.
        let mut candidate = candidate(0, 1, Pricing::FirstPrice, CpmMicros::ZERO);
        candidate.p_click = Probability::clamped(0.004 + 0.008 * stream.unit());
        let bid = offers(bidder, catalog, &[candidate])[0].1;
        let rival = CpmMicros::new(rival_bid(stream) as i64);
        let at = Timestamp::from_secs(n.cast_signed());
        let record = record(n, 1, bid, at);
        let told = (feedback == Feedback::MinimumToWin).then_some(rival);
        let kind = if bid > rival {
            NoticeKind::Won { price: Some(bid), minimum_to_win: told }
        } else {
            NoticeKind::Lost { reason: 102, minimum_to_win: told }
        };
        if bid > rival || feedback != Feedback::WinsOnly {
            let notice = Notice { bid: record.bid.id, kind, happened_at: at, key: 0 };
            let verdict = NoticeVerdict::Counted;
            bidder.observe(&Observation::Noticed { bid: &record, notice: &notice, verdict, known_at: at });
        }
        bidder.observe(&Observation::Expired { bid: &record, at });
        if n % 60 == 0 {
            bidder.control(&Tick { now: at, catalog, accounts: &accounts() });
        }
    }
}

/// Expected profit of a bid at a value, by the true distribution.
fn profit(value: f64, bid: f64) -> f64 {
    let z = libm::log(bid / 2e6) / 0.4;
    (value - bid) * 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// Returns the profit earned over the best that knowing the distribution could earn.
fn earned_share(feedback: Feedback) -> f64 {
    let catalog = four_goals();
    let mut bidder = bidder(&catalog);
    play(&mut bidder, &catalog, feedback, 4_000, &mut Chance::new(5, 1).stream("rivals"));
    let (mut earned, mut best) = (0.0, 0.0);
    for step in 0..40 {
        let mut candidate = candidate(0, 1, Pricing::FirstPrice, CpmMicros::ZERO);
        candidate.p_click = Probability::clamped(0.004 + 0.0002 * f64::from(step));
        let (value, bid) = offers(&bidder, &catalog, &[candidate])[0];
        earned += profit(value.as_f64(), bid.as_f64());
        let tries = (1..400).map(|i| profit(value.as_f64(), value.as_f64() * f64::from(i) / 400.0));
        best += tries.fold(0.0, f64::max);
    }
    earned / best
}

#[test]
fn shading_learns_the_market() {
    let told = earned_share(Feedback::MinimumToWin);
    let censored = earned_share(Feedback::WinsAndLosses);
    let wins_only = earned_share(Feedback::WinsOnly);
    println!("share of best profit: told {told:.4}, censored {censored:.4}, wins only {wins_only:.4}");
    assert!(told > 0.99, "{told}");
    assert!(censored > 0.95, "{censored}");
    assert!(wins_only > 0.95, "{wins_only}");
}

#[test]
fn learned_shading_beats_a_constant_shade() {
    let constant: f64 = (0..40)
        .map(|step| {
            let value = (0.004 + 0.0002 * f64::from(step)) * 0.5e9;
            profit(value, 0.85 * value)
        })
        .sum();
    let best: f64 = (0..40)
        .map(|step| {
            let value = (0.004 + 0.0002 * f64::from(step)) * 0.5e9;
            (1..400).map(|i| profit(value, value * f64::from(i) / 400.0)).fold(0.0, f64::max)
        })
        .sum();
    assert!(earned_share(Feedback::MinimumToWin) > constant / best + 0.05, "{}", constant / best);
}

#[test]
fn an_impression_that_costs_too_much_per_result_lowers_the_bid_and_recovers() {
    let catalog = four_goals();
    let mut bidder = bidder(&catalog);
    let mut now = Timestamp::from_secs(0);
    // Each conversion costs twice its worth of 5.00; then half of it.
    let mut run = |bidder: &mut Bidder, cost_each: f64, from: u64| {
        for n in from..from + 600 {
            let record = record(n, 2, cpm(cost_each * 1_000.0), now);
            let mut tell = |kind| {
                let notice = Notice { bid: record.bid.id, kind, happened_at: now, key: 0 };
                let verdict = NoticeVerdict::Counted;
                bidder.observe(&Observation::Noticed {
                    bid: &record,
                    notice: &notice,
                    verdict,
                    known_at: now,
                });
            };
            tell(NoticeKind::Billed { price: None });
            tell(NoticeKind::Conversion { value: None });
            now = now + Span::from_secs(900);
            bidder.control(&Tick { now, catalog: &catalog, accounts: &accounts() });
        }
        bidder.multiplier(CampaignIx(2))
    };
    let lowered = run(&mut bidder, 10.0, 0);
    assert!(lowered < 0.3, "{lowered}");
    let recovered = run(&mut bidder, 2.5, 600);
    assert!(recovered > 0.9, "{recovered}");
    assert!((bidder.multiplier(CampaignIx(1)) - 1.0).abs() < 1e-12, "others are not touched");
}

#[test]
fn conversions_not_yet_due_are_not_missed() {
    let catalog = four_goals();
    let mut bidder = bidder(&catalog);
    for n in 0..1_000 {
        let at = Timestamp::from_secs(n * 60);
        let record = record(n as u64, 2, cpm(10_000.0), at);
        let notice =
            Notice { bid: record.bid.id, kind: NoticeKind::Billed { price: None }, happened_at: at, key: 0 };
        let verdict = NoticeVerdict::Counted;
        bidder.observe(&Observation::Noticed { bid: &record, notice: &notice, verdict, known_at: at });
        bidder.control(&Tick { now: at, catalog: &catalog, accounts: &accounts() });
    }
    assert!((bidder.multiplier(CampaignIx(2)) - 1.0).abs() < 1e-12);
}

#[test]
fn markets_are_bounded_and_give_way_in_a_fixed_order() {
    let options = MarketOptions { most_markets: 3, ..MarketOptions::default() };
    let mut markets = Markets::new(options);
    for key in [1, 2, 2, 3, 4] {
        markets.learn(MarketKey(key), MediaKind::Audio, Rival::At(1e6));
    }
    // 1 and 3 were heard of once; the lower key gave way to 4.
    let known = |key| markets.curve(MarketKey(key), MediaKind::Audio).evidence() > 0.0;
    assert_eq!([1, 2, 3, 4].map(known), [false, true, true, true]);
}

#[test]
fn a_restored_agent_prices_the_same_and_goes_on_the_same() {
    let catalog = four_goals();
    let mut first = bidder(&catalog);
    let mut stream = Chance::new(9, 1).stream("rivals");
    play(&mut first, &catalog, Feedback::WinsAndLosses, 700, &mut stream);
    let mut second = Bidder::new(Options::default(), Bidder::fixed_policy()).unwrap();
    second.restore(&first.save(), &catalog).unwrap();
    second.observe(&Observation::Changed { catalog: &catalog, changes: &[], at: Timestamp::from_secs(0) });
    let mut twin = stream.clone();
    play(&mut first, &catalog, Feedback::WinsAndLosses, 300, &mut stream);
    play(&mut second, &catalog, Feedback::WinsAndLosses, 300, &mut twin);
    assert_eq!(first.save(), second.save());
    let unreadable = second.restore(b"\x09", &catalog);
    assert!(unreadable.unwrap_err().contains("format"));
    assert_eq!(first.save(), second.save(), "an agent that could not be restored is unchanged");
}

proptest! {
    #[test]
    fn no_bid_is_above_its_value_or_its_cap(
        p_click in 0.0..1.0_f64, p_conversion in 0.0..1.0_f64, floor in 0_i64..20_000_000,
        goal in 0_u32..4, first in any::<bool>(), fixed in any::<bool>(),
    ) {
        let catalog = four_goals();
        let bidder = bidder(&catalog);
        let pricing = if first { Pricing::FirstPrice } else { Pricing::SecondPrice };
        let candidate = Candidate {
            p_click: Probability::clamped(p_click),
            p_conversion: Probability::clamped(p_conversion),
            fixed_price: fixed,
            ..candidate(0, goal, pricing, CpmMicros::new(floor))
        };
        let (value, bid) = offers(&bidder, &catalog, std::slice::from_ref(&candidate))[0];
        prop_assert!(bid <= value);
        prop_assert!(value <= candidate.floor || bid >= candidate.floor, "{bid:?} {value:?}");
    }

    #[test]
    fn the_best_bid_is_found(prices in prop::collection::vec(1e4..5e7_f64, 1..60), value in 2e4..9e7_f64) {
        let (grid, mut masses) = (curve::Grid::new(), curve::Masses::default());
        let unknown = curve::Curve::unknown(&grid);
        for price in &prices {
            masses.add(Rival::At(*price), &unknown, &grid, 5_000.0);
        }
        let curve = curve::Curve::blend(&masses, &unknown, 50.0, &grid);
        let (bid, bin) = curve.best_bid(value, curve::Least::of(0.0, &grid), curve::BINS, &grid);
        let (lower, _) = curve.best_bid(value * 0.7, curve::Least::of(0.0, &grid), curve::BINS, &grid);
        let bounded = curve.best_bid(value * 0.7, curve::Least::of(0.0, &grid), bin, &grid);
        prop_assert!(lower <= bid, "the best bid rises with the value");
        prop_assert_eq!(bounded.0.to_bits(), lower.to_bits(), "a higher value's bin bounds a lower one's");
        let worth = |bid: f64| (value - bid) * curve.p_win(bid, &grid);
        for step in 0..=1_000 {
            let other = value * f64::from(step) / 1_000.0;
            prop_assert!(worth(bid) >= worth(other) * (1.0 - 1e-9), "{bid} against {other}");
        }
    }
}

/// Offers nothing beyond what is asked: the same shade for every campaign.
fn shaded_by(catalog: &Catalog, shade: f64) -> Bidder {
    let mut action = CARD.action.iter().map(|p| p.default).collect::<Vec<_>>();
    action[2] = shade;
    let mut bidder = bidder(catalog);
    bidder.take_policy(Box::new(motet_policy::Fixed::new("shade@1", action))).unwrap();
    bidder.control(&Tick { now: Timestamp::from_secs(0), catalog, accounts: &accounts() });
    bidder
}

#[test]
fn a_shade_moves_the_bid_between_the_floor_and_the_full_offer() {
    let catalog = four_goals();
    let candidate = candidate(0, 0, Pricing::FirstPrice, cpm(1.0));
    let bid = |shade| offers(&shaded_by(&catalog, shade), &catalog, std::slice::from_ref(&candidate))[0].1;
    assert_eq!(bid(0.0), cpm(4.0 * 0.85));
    assert_eq!(bid(1.0), cpm(4.0), "the whole way to the full offer");
    assert_eq!(bid(0.5), cpm(3.7));
    assert_eq!(bid(-0.4), cpm(4.0 * 0.85 * 0.6));
    assert_eq!(bid(-0.8), candidate.floor, "never below a floor that is worth it");
}

/// A lot on the market of the tests' candidates.
fn lot(pricing: Pricing, floor: f64, value: f64) -> Lot {
    let like = candidate(0, 0, pricing, cpm(floor));
    Lot { market: like.market, kind: like.kind, floor: cpm(floor), pricing, value: cpm(value) }
}

#[test]
fn a_lot_is_appraised_on_the_learned_landscape() {
    let catalog = four_goals();
    let mut bidder = bidder(&catalog);
    let like = candidate(0, 0, Pricing::FirstPrice, CpmMicros::ZERO);
    // The highest competing bid lies evenly between 1 and 3.
    for step in 0..4_000 {
        let rival = 1_000_000.0 + 2_000_000.0 * f64::from(step * 7_919 % 4_000) / 4_000.0;
        bidder.markets.learn(like.market, like.kind, Rival::At(rival));
    }
    let appraisal = bidder.appraise(&lot(Pricing::FirstPrice, 0.0, 4.0)).unwrap();
    // (4 − b)(b − 1) peaks at 2.5; f(3 − f) at 1.5; with a floor of 2, m(1 − m) at 0.5.
    assert!((appraisal.bid.units() - 2.5).abs() < 0.1, "{appraisal:?}");
    assert!((appraisal.floor.units() - 1.5).abs() < 0.1, "{appraisal:?}");
    let dear = bidder.appraise(&lot(Pricing::FirstPrice, 2.0, 4.0)).unwrap();
    assert!((dear.markup.units() - 0.5).abs() < 0.1, "{dear:?}");
    assert!(appraisal.evidence > 1_000.0);
    let second = bidder.appraise(&lot(Pricing::SecondPrice, 0.0, 4.0)).unwrap();
    assert_eq!(second.bid, cpm(4.0), "where the winner pays the next bid there is nothing to shade");
}

#[test]
fn a_best_floor_beats_its_neighbours() {
    let grid = curve::Grid::new();
    let mut masses = curve::Masses::default();
    let unknown = Curve::unknown(&grid);
    for price in [800_000.0, 1_500_000.0, 1_600_000.0, 4_000_000.0, 9_000_000.0] {
        (0..40).for_each(|_| masses.add(Rival::At(price), &unknown, &grid, 5_000.0));
    }
    let curve = Curve::blend(&masses, &unknown, 50.0, &grid);
    for cost in [0.0, 500_000.0, 2_000_000.0] {
        let income = |price: f64| (price - cost) * (1.0 - curve.p_win(price, &grid));
        let best = curve.best_floor(cost, &grid);
        for step in 1..2_000 {
            let price = cost + f64::from(step) * 10_000.0;
            assert!(income(price) <= income(best) + 1e-6, "cost {cost}: {price} beats {best}");
        }
    }
}
