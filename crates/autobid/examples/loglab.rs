use std::{fs::File, io::BufReader, sync::Arc};
use motet_backtest::{*, log::auctions, ceiling::ceiling, bidder::Rlb};
use motet_autobid::{logged::*, net::Net};
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let read = |n: &str| auctions::read(BufReader::new(File::open(format!("{dir}/{n}.txt")).unwrap()), |_| ()).unwrap().auctions;
    let train = read("1458.train");
    let l = Landscape::learn(&train).unwrap();
    let net = Net::new(vec![8, 12, 1]).unwrap();
    for (usual, memory) in [(50.0, 20_000.0)] {
    let mind = Arc::new(Mind { chances: l.chances().iter().map(|c| *c as f32).collect(), usual, memory, weights: net.start(1), net: net.clone() });
    for name in ["1458.test", "2259.test"] {
        let log = read(name);
        for share in ["1/64", "1/32", "1/16", "1/8", "1/4"] {
            for episode in [1000, 0] {
                let tr = if name == "1458.test" { Some(train.as_slice()) } else { None };
                let s = Setting::new(&log, tr, share.parse().unwrap(), episode, Paid::Second, 1).unwrap();
                let best = ceiling(&log, &s.rules).sum_pctr;
                let t = replay(&log, &s.rules, &mut Pilot::new(Arc::clone(&mind)), &mut |_| ());
                let r = if episode == 1000 && std::env::args().nth(2).is_some() { replay(&log, &s.rules, &mut Rlb::new(&s.learnt, s.episode, s.rules.budget), &mut |_| ()).sum_pctr / best } else { 0.0 };
                println!("{usual} {memory} {name} {share} {episode}: {:.4} rlb {r:.4} cost {} of {}", t.sum_pctr / best, t.cost.get(), s.rules.budget.get());
            }
        }
    }}
}
