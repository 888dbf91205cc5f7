//! Any rows in, the same rows out.

use std::sync::Arc;

use motet_history::{
    Auction, Bid, History, Item, Opportunity, Outcome, OutcomeKind, Round, Row, Summary, Table, Trajectory,
    Writer,
};
use motet_units::{CpmMicros, Nanos, Timestamp};
use proptest::{collection::vec, option::of, prelude::*};

fn text() -> impl Strategy<Value = Arc<str>> {
    prop_oneof![Just(Arc::from("FirstView")), ".{0,8}".prop_map(Arc::from)]
}

fn price() -> impl Strategy<Value = CpmMicros> {
    (0..=CpmMicros::MAX.get()).prop_map(CpmMicros::new)
}

fn moment() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_micros)
}

prop_compose! {
    fn opportunity()(
        (source, at, utc_offset_min, exchange, region, city) in
            (any::<u32>(), of(moment()), any::<i16>(), of(text()), of(text()), of(text())),
        (domain, slot, width, height, visibility, format) in
            (of(any::<u64>()), of(text()), of(any::<u16>()), of(any::<u16>()), of(text()), of(text())),
        (floor, agent_class, user, network, tags, no_bid) in
            (price(), of(text()), of(any::<u64>()), of(any::<i64>()), vec(any::<i64>(), 0..4), of(text())),
    ) -> Opportunity {
        Opportunity {
            source, at, utc_offset_min, exchange, region, city, domain, slot, width, height, visibility, format,
            floor, agent_class, user, network, tags, no_bid,
        }
    }
}

prop_compose! {
    fn bid()(
        (source, opportunity, price, advertiser) in (any::<u32>(), any::<u64>(), of(price()), of(text())),
        (campaign, creative, propensity) in (of(text()), of(text()), of(0.0..=1.0_f64)),
    ) -> Bid {
        Bid { source, opportunity, price, advertiser, campaign, creative, propensity }
    }
}

prop_compose! {
    fn outcome()(
        (source, opportunity, kind, price) in (any::<u32>(), any::<u64>(), 0..6_usize, of(price())),
        (value, reason) in (of((-(1_i64 << 53)..=1 << 53).prop_map(Nanos::new)), of(any::<u16>())),
        (happened_at, known_at) in (of(moment()), of(moment())),
    ) -> Outcome {
        Outcome { source, opportunity, kind: OutcomeKind::ALL[kind], price, value, reason, happened_at, known_at }
    }
}

prop_compose! {
    fn auction()(
        source: u32, hour: Option<i64>, price in price(), click: bool, pctr in 0.0..=1.0_f64,
    ) -> Auction {
        Auction { source, hour, price, click, pctr }
    }
}

prop_compose! {
    fn trajectory()(numbers in vec(any::<i64>(), 6), reals in vec(-1e9..1e9_f64, 8), flags in vec(any::<bool>(), 4)) -> Trajectory {
        Trajectory {
            source: 0, period: numbers[0], advertiser: numbers[1], category: numbers[2], budget: reals[0],
            cpa_constraint: reals[1], step: numbers[3], remaining_budget: reals[2], impression: numbers[4],
            value: reals[3], value_sigma: reals[4], bid: reals[5], won: flags[0], slot: numbers[5], cost: reals[6],
            exposed: flags[1], conversion: flags[2], least_winning_cost: reals[7], end: flags[3],
        }
    }
}

prop_compose! {
    fn round()(
        (at, item, position, click) in (moment(), any::<i64>(), any::<i64>(), any::<bool>()),
        propensity in 0.0..1.0_f64, user_features in vec(text(), 0..5), affinities in vec(-9.0..9.0_f64, 0..5),
    ) -> Round {
        Round { source: 1, at, item, position, click, propensity, user_features, affinities }
    }
}

prop_compose! {
    fn item()(item: i64, numbers in vec(-9.0..9.0_f64, 0..3), categories in vec(text(), 0..3)) -> Item {
        Item { source: 2, item, numbers, categories }
    }
}

fn put<R: Row>(writer: &mut Writer<Vec<u8>>, rows: &[R]) {
    for (place, row) in rows.iter().enumerate() {
        assert_eq!(writer.push(row).unwrap(), place as u64);
    }
}

fn check<R: Row + PartialEq + std::fmt::Debug>(history: &History, rows: &[R]) {
    let found: Vec<R> = history.read().unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(found, rows);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_rows_come_back(
        opportunities in vec(opportunity(), 0..60),
        bids in vec(bid(), 0..60),
        outcomes in vec(outcome(), 0..60),
        auctions in vec(auction(), 0..60),
        trajectories in vec(trajectory(), 0..40),
        rounds in vec(round(), 0..40),
        items in vec(item(), 0..20),
    ) {
        let mut writer = Writer::new(Vec::new()).unwrap();
        put(&mut writer, &opportunities);
        put(&mut writer, &bids);
        put(&mut writer, &outcomes);
        put(&mut writer, &auctions);
        put(&mut writer, &trajectories);
        put(&mut writer, &rounds);
        put(&mut writer, &items);
        let (bytes, summary) = writer.finish(Summary::default()).unwrap();
        prop_assert_eq!(summary.rows["bids"], bids.len() as u64);
        let history = History::from_bytes(bytes.into()).unwrap();
        check(&history, &opportunities);
        check(&history, &bids);
        check(&history, &outcomes);
        check(&history, &auctions);
        check(&history, &trajectories);
        check(&history, &rounds);
        check(&history, &items);
    }
}

#[test]
fn rows_across_many_blocks_come_back_in_order() {
    let mut writer = Writer::new(Vec::new()).unwrap();
    let row = |n: i64| Auction {
        source: 0,
        hour: (n % 7 != 0).then_some(n),
        price: CpmMicros::new(n),
        click: n % 5 == 0,
        pctr: 0.5,
    };
    for n in 0..40_000 {
        writer.push(&row(n)).unwrap();
    }
    let (bytes, summary) = writer.finish(Summary::default()).unwrap();
    let history = History::from_bytes(bytes.into()).unwrap();
    assert_eq!((history.rows(Table::Auctions), summary.rows["auctions"]), (40_000, 40_000));
    for (found, n) in history.read::<Auction>().unwrap().zip(0..) {
        assert_eq!(found.unwrap(), row(n));
    }
}
