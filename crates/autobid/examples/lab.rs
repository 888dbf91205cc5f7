use std::sync::Arc;
use motet_arena::auctionnet::{League, Options};
use motet_autobid::{auctionnet::*, net::Net, evolve::{evolve, Plan}};
fn report(name: &str, days: &[Day], best: f64, f: impl Fn(&Day) -> Played) {
    let played: Vec<Played> = days.iter().map(f).collect();
    let n = played.len() as f64;
    let score = played.iter().map(|p| p.score).sum::<f64>() / n;
    let viol = played.iter().filter(|p| p.violates).count() as f64 / n;
    let used = played.iter().zip(days).map(|(p, d)| p.cost / d.budget).sum::<f64>() / n;
    println!("{name}: score {score:.3} ratio {:.3} violators {viol:.3} used {used:.3}", score / best);
}
fn main() {
    let bend: f64 = std::env::args().nth(1).map_or(0.0, |s| s.parse().unwrap());
    let gens: u32 = std::env::args().nth(2).map_or(0, |s| s.parse().unwrap());
    let league = League::new(1 << 40, Options::default()).unwrap();
    let rec = |from: u64, n: u64, bend: f64| -> Vec<Day> { let s: Vec<u64> = (from..from + n).collect(); motet_arena::worlds(&s, 2, |s| record(&league, s, bend).unwrap()).concat() };
    let train = rec(10_000, 24, bend);
    let val = rec(20_000, 12, bend);
    let plain_val = rec(20_000, 12, 0.0);
    let best = plain_val.iter().map(|d| d.best_constant().0).sum::<f64>() / plain_val.len() as f64;
    println!("best constant {best:.3}; bent {:.3}", val.iter().map(|d| d.best_constant().0).sum::<f64>() / val.len() as f64);
    for m in [0.7, 0.85, 1.0] { report(&format!("steady {m}"), &plain_val, best, |d| play(d, 7, &mut Steady(m))); }
    if gens == 0 {
    let plain_train = rec(10_000, 24, 0.0);
    let (gains, s) = tune(&plain_train, 200, 3, 2);
    println!("pid {gains:?} train {s:.3}");
    report("pid", &plain_val, best, |d| play(d, 7, &mut Pid::new(gains)));
    }
    report("best constant realised", &plain_val, best, |d| play(d, 7, &mut Steady(d.best_constant().1)));
    let net = Net::new(vec![OBSERVATION.len(), 24, 24, 1]).unwrap();
    let model = Model::fit(&train);
    for caution in [0.0, 0.05, 0.1, 0.2] {
        let mind = Arc::new(Mind { model: model.clone(), caution, bend, weights: net.start(1), net: net.clone() });
        report(&format!("prior {caution}"), &val, best, |d| play(d, 7, &mut Pilot::new(Arc::clone(&mind))));
    }
    if gens == 0 { return; }
    let base = Mind { model, caution: 0.05, bend, weights: net.start(1), net };
    let per = 240;
    let plan = Plan { generations: gens, pairs: 24, sigma: 0.05, rate: 0.02, seed: 5, threads: 2 };
    let t = std::time::Instant::now();
    let w = evolve(&base.weights, &plan, |w, g| {
        let mind = Arc::new(Mind { weights: w.to_vec(), ..base.clone() });
        let mut sum = 0.0;
        for i in 0..per { let d = &train[(g as usize * 397 + i * 5) % train.len()];
            let p = play(d, 1000 + u64::from(g), &mut Pilot::new(Arc::clone(&mind)));
            sum += p.score - if p.violates { 0.05 * d.budget / d.target } else { 0.0 }; }
        sum / per as f64
    }, |p, w| if p.generation % 10 == 0 {
        println!("{p:?} {:?}", t.elapsed());
        let mind = Arc::new(Mind { weights: w.to_vec(), ..base.clone() });
        report("  val", &val, best, |d| play(d, 7, &mut Pilot::new(Arc::clone(&mind))));
    });
    let _ = w;
}
