//! What holds for every bidder on every log.

use motet_backtest::{
    Ask, Auction, Bidder, Budget, BuiltIn, Landscape, Outcome, Paid, Rules, Setting,
    bidder::{Rlb, ValueTable},
    ceiling::{best_linear, ceiling},
    log::rows::Row,
    price_from_fen, replay,
    surplus::surplus,
};
use motet_units::{Chance, CpmMicros, Nanos, Stream};
use proptest::prelude::*;

fn log_of(rows: &[(u32, u32, bool)]) -> Vec<Auction> {
    rows.iter()
        .map(|&(fen, pctr, click)| Auction {
            price: price_from_fen(fen),
            pctr: f64::from(pctr) / 1e4,
            hour: None,
            click,
        })
        .collect()
}

fn logs() -> impl Strategy<Value = Vec<Auction>> {
    prop::collection::vec((0_u32..120, 0_u32..300, prop::bool::weighted(0.1)), 1..90)
        .prop_map(|rows| log_of(&rows))
}

/// Bids whatever comes to its mind, nonsense included.
struct Wild(Stream);

impl Bidder for Wild {
    fn bid(&mut self, ask: &Ask) -> CpmMicros {
        match self.0.below(4) {
            0 => CpmMicros::MAX,
            1 => CpmMicros::new(ask.budget_left.get()),
            2 => CpmMicros::new(self.0.below(2_000_000).cast_signed()),
            _ => motet_backtest::bid_from_fen(f64::NAN),
        }
    }
    fn observe(&mut self, ask: &Ask, outcome: &Outcome) {
        if let Outcome::Won { paid, .. } = outcome {
            assert!(paid.per_impression() <= ask.budget_left, "won what cannot be paid");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn nobody_overspends_or_passes_the_ceiling(
        log in logs(), budget in 0_i64..4_000, episode in 0_usize..60, first in any::<bool>(), seed in any::<u64>(),
    ) {
        let paid = if first { Paid::First } else { Paid::Second };
        let budget = Budget::Amount(Nanos::new(budget * motet_backtest::FEN));
        let setting = Setting::new(&log, None, budget, episode, paid, seed).unwrap();
        let best = ceiling(&log, &setting.rules);
        let mut bidders: Vec<(&str, Box<dyn Bidder>)> =
            vec![("wild", Box::new(Wild(Chance::new(seed, 1).stream("wild"))))];
        for built_in in BuiltIn::ALL {
            if let Ok(bidder) = built_in.make(&setting) {
                bidders.push((built_in.name(), bidder));
            }
        }
        for (name, mut bidder) in bidders {
            let tally = replay(&log, &setting.rules, bidder.as_mut(), &mut |_| ());
            prop_assert!(tally.dearest_episode <= setting.rules.budget, "{name} overspent: {tally:?}");
            prop_assert!(tally.sum_pctr <= best.sum_pctr + 1e-9, "{name} passed the ceiling {best:?}: {tally:?}");
            prop_assert_eq!(tally.auctions, log.len() as u64);
        }
        let (_, linear) = best_linear(&log, &setting.rules);
        prop_assert!(linear.sum_pctr <= best.sum_pctr + 1e-9);
    }

    #[test]
    fn equal_seeds_give_equal_replays(log in logs(), seed in any::<u64>()) {
        let setting = Setting::new(&log, None, Budget::Share(0.3), 40, Paid::Second, seed).unwrap();
        for built_in in BuiltIn::ALL {
            let play = || built_in.make(&setting).ok().map(|mut bidder| {
                replay(&log, &setting.rules, bidder.as_mut(), &mut |_| ())
            });
            prop_assert_eq!(play(), play());
        }
    }

    #[test]
    fn more_auctions_or_money_are_never_worth_less(
        weights in prop::collection::vec(0_u32..9, 1..8), mean in 0.001_f64..1.0,
    ) {
        let all: u32 = weights.iter().sum::<u32>().max(1);
        let chances: Vec<f64> = weights.iter().map(|w| f64::from(*w) / f64::from(all)).collect();
        let table = ValueTable::new(&chances, mean, 12, 30);
        for auctions in 0..12 {
            for budget in 0..30 {
                let here = table.value(auctions, budget);
                prop_assert!(table.value(auctions + 1, budget) >= here - 1e-6);
                prop_assert!(table.value(auctions, budget + 1) >= here - 1e-6);
                prop_assert!(here <= mean * auctions as f64 + 1e-6, "no more than every auction won");
            }
        }
    }

    #[test]
    fn no_shading_keeps_more_than_the_clairvoyant(log in logs(), per_click in 1.0_f64..20_000.0) {
        let learnt = Landscape::learn(&log).unwrap();
        for kept in surplus(&log, &log, &learnt, per_click) {
            prop_assert!(kept.share <= 1.0 + 1e-9, "{kept:?}");
            // Rounding a bid down can leave an unshaded bidder less than one micro of surplus an impression.
            prop_assert!(kept.name != "unshaded" || kept.surplus.abs() <= 1e-3 * log.len() as f64, "{kept:?}");
        }
    }

    #[test]
    fn hostile_lines_are_refused_without_harm(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Row::parse(&line);
        let tabbed: Vec<u8> = line.iter().map(|byte| if byte % 3 == 0 { b'\t' } else { *byte }).collect();
        let _ = Row::parse(&tabbed);
        let read = motet_backtest::log::auctions::read(line.as_slice(), |_| ()).unwrap();
        prop_assert!(read.auctions.len() as u64 + read.bad.total() == read.lines);
    }
}

#[test]
fn a_mapped_table_bids_about_what_the_whole_one_does() {
    let mut draws = Chance::new(5, 0).stream("log");
    let log: Vec<Auction> = (0..600)
        .map(|_| {
            let (price, value) = (draws.below(60) as u32, draws.unit());
            Auction { price: price_from_fen(price), pctr: 0.01 * value, hour: None, click: false }
        })
        .collect();
    let learnt = Landscape::learn(&log).unwrap();
    let rules = Rules::whole_log(Nanos::new(4_000 * motet_backtest::FEN));
    let play = |cells| {
        let mut bidder = Rlb::within(&learnt, log.len() as u64, rules.budget, cells);
        replay(&log, &rules, &mut bidder, &mut |_| ()).sum_pctr
    };
    let (whole, mapped) = (play(usize::MAX), play(60_000));
    assert!((whole - mapped).abs() <= 0.03 * whole, "{whole} whole, {mapped} mapped");
}

#[test]
fn a_bidder_without_clicks_to_learn_from_says_so() {
    let log = log_of(&[(10, 10, false), (20, 30, false)]);
    let setting = Setting::new(&log, None, Budget::Share(0.5), 0, Paid::Second, 1).unwrap();
    let why = BuiltIn::Truthful.make(&setting).err().expect("it needs clicks").to_string();
    assert_eq!(why, "the bidder 'truthful' needs a log with clicks to learn what a click costs");
    let unknown = "greedy".parse::<BuiltIn>().expect_err("no such name").to_string();
    assert!(unknown.contains("greedy") && unknown.contains("rlb"), "{unknown}");
}

#[test]
fn bad_rows_are_named_for_what_is_wrong_with_them() {
    use motet_backtest::log::rows::Reason;
    let good = "b\t20131021192300738\t1\tu\tua\t1.2.3.*\t238\t246\tnull\td\tu\tnull\ts\t300\t250\tFirstView\tNa\t5\t10722\t294\t201\tnull\t2821\t10063";
    let with = |at: usize, content: &str| {
        let mut columns: Vec<&str> = good.split('\t').collect();
        columns[at] = content;
        Row::parse(columns.join("\t").as_bytes()).err()
    };
    assert_eq!(with(8, "3"), None);
    for (at, content, reason) in [
        (0, "", Reason::BidId),
        (1, "20131399192300738", Reason::Timestamp),
        (1, "2013102119230073", Reason::Timestamp),
        (1, "20131021252300738", Reason::Timestamp),
        (2, "9", Reason::LogType),
        (13, "wide", Reason::Number),
        (17, "-1", Reason::Price),
        (20, "", Reason::Price),
        (20, "99999999999", Reason::Price),
    ] {
        assert_eq!(with(at, content), Some(reason), "column {at} is '{content}'");
    }
    assert_eq!(Row::parse(b"a\tb").err(), Some(Reason::Columns));
    assert_eq!(Row::parse(["x"; 21].join("\t").as_bytes()).err(), Some(Reason::BidLog));
    assert_eq!(Row::parse(format!("7\t1\t2\t{good}").as_bytes()).err(), Some(Reason::Click));
}
