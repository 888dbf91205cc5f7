use std::sync::Arc;
use motet_arena::auctionnet::{League, Options};
use motet_autobid::{auctionnet::*, net::Net, evolve::{evolve, Plan}};
fn report(name: &str, days: &[Day], best: f64, f: impl Fn(&Day) -> Played) {
    let played: Vec<Played> = days.iter().map(f).collect();
    let n = played.len() as f64;
    let score = played.iter().map(|p| p.score).sum::<f64>() / n;
    let viol = played.iter().filter(|p| p.violates).count() as f64 / n;
    let used = played.iter().zip(days).map(|(p, d)| p.cost / d.budget).sum::<f64>() / n;
    println!("{name}: score {score:.3} ratio {:.4} violators {viol:.3} used {used:.3}", score / best);
}
fn main() {
    let arg = |i: usize, d: f64| std::env::args().nth(i).map_or(d, |s| s.parse().unwrap());
    let (strength, anchor, gens, penalty, seeds) = (arg(1, 0.45), arg(2, 1.0), arg(3, 0.0) as u32, arg(4, 0.3), arg(5, 32.0) as u64);
    let shape = Shape { strength, anchor };
    let league = League::new(1 << 40, Options::default()).unwrap();
    let rec = |from: u64, n: u64, shape| -> Vec<Day> { let s: Vec<u64> = (from..from + n).collect(); motet_arena::worlds(&s, 2, |s| record(&league, s, shape).unwrap()).concat() };
    let train = rec(10_000, seeds, shape);
    let val = rec(20_000, 12, shape);
    let best = 33.947;
    println!("best constant {best:.3}; bent {:.3}", val.iter().map(|d| d.best_constant().0).sum::<f64>() / val.len() as f64);
    let net = Net::new(vec![OBSERVATION.len(), 24, 24, 1]).unwrap();
    let model = Model::fit(&train);
    for caution in [0.0, 0.05, 0.3, 0.6, 1.0, 2.0] {
        let mind = Arc::new(Mind { model: model.clone(), caution, shape, weights: net.start(1), net: net.clone() });
        report(&format!("prior {caution}"), &val, best, |d| play(d, 7, &mut Pilot::new(Arc::clone(&mind))));
    }
    if gens == 0 { return; }
    let base = Mind { model, caution: arg(6, 0.05), shape, weights: net.start(1), net };
    let per = 288;
    let plan = Plan { generations: gens, pairs: 20, sigma: 0.06, rate: 0.02, seed: 5, threads: 2 };
    let t = std::time::Instant::now();
    evolve(&base.weights, &plan, |w, g| {
        let mind = Arc::new(Mind { weights: w.to_vec(), ..base.clone() });
        let mut sum = 0.0;
        for i in 0..per { let d = &train[(g as usize * 397 + i * 5) % train.len()];
            let p = play(d, 1000 + u64::from(g), &mut Pilot::new(Arc::clone(&mind)));
            sum += p.score - if p.violates { penalty * d.budget / d.target } else { 0.0 }; }
        sum / per as f64
    }, |p, w| if p.generation % 10 == 0 {
        println!("{p:?} {:?}", t.elapsed());
        let mind = Arc::new(Mind { weights: w.to_vec(), ..base.clone() });
        report("  val", &val, best, |d| play(d, 7, &mut Pilot::new(Arc::clone(&mind))));
        std::fs::write(format!("/tmp/bid_w_{penalty}.bin"), w.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
    });
}
