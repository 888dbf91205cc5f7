use std::sync::Arc;
use motet_arena::auctionnet::{League, Options};
use motet_autobid::{auctionnet::*, net::Net, evolve::{evolve, Plan}};
fn report(name: &str, days: &[Day], f: impl Fn(&Day) -> Played) {
    let played: Vec<Played> = days.iter().map(f).collect();
    let n = played.len() as f64;
    let score = played.iter().map(|p| p.score).sum::<f64>() / n;
    let viol = played.iter().map(|p| p.violates).sum::<f64>() / n;
    let used = played.iter().zip(days).map(|(p, d)| p.cost / d.budget).sum::<f64>() / n;
    println!("{name}: score {score:.3} ratio {:.4} violators {viol:.3} used {used:.3}", score / 33.947);
}
fn main() {
    let arg = |i: usize, d: f64| std::env::args().nth(i).map_or(d, |s| s.parse().unwrap());
    let (caution, gens, pairs, sigma, rate, seeds) = (arg(1, 0.3), arg(2, 0.0) as u32, arg(3, 20.0) as usize, arg(4, 0.1), arg(5, 0.015), arg(6, 32.0) as u64);
    let shape = Shape { strength: 0.45, anchor: 1.0 };
    let league = League::new(1 << 40, Options::default()).unwrap();
    let train = record_all(&league, 10_000, seeds, shape, 2).unwrap();
    let val = record_all(&league, 20_000, 12, shape, 2).unwrap();
    if gens == 0 {
        let straight = record_all(&league, 10_000, 24, Shape::STRAIGHT, 2).unwrap();
        let sval = record_all(&league, 20_000, 12, Shape::STRAIGHT, 2).unwrap();
        for c in [0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 1.8, 2.2] {
            let g = Gains { base: 1.0, ceiling: c, proportional: 4.0, integral: 2.0, derivative: 1.0 };
            report(&format!("pacer {c} train"), &straight, |d| play(d, 3, Luck::Whole, &mut Pid::new(g)));
            report(&format!("pacer {c} val"), &sval, |d| play(d, 3, Luck::Whole, &mut Pid::new(g)));
        }
    }
    let net = Net::new(vec![OBSERVATION.len(), 16, 1]).unwrap();
    let model = Model::fit(&train);
    for caution in [0.3, 0.4, 0.5] {
        let mind = Arc::new(Mind { model: model.clone(), caution, shape, weights: net.start(1), net: net.clone() });
        report(&format!("prior {caution}"), &val, |d| play(d, 7, Luck::Whole, &mut Pilot::new(Arc::clone(&mind))));
    }
    let base = Mind { model, caution, shape, weights: net.start(5), net };
    let plan = Plan { generations: gens, pairs, sigma, rate, seed: 5, threads: 2 };
    let t = std::time::Instant::now();
    evolve(&base.weights, &plan, |w, g| {
        let mind = Arc::new(Mind { weights: w.to_vec(), ..base.clone() });
        merit(&mind, (0..288).map(|i| &train[(g as usize * 397 + i * 5) % train.len()]), g.into(), Luck::Smooth, caution)
    }, |p, w| if p.generation % 5 == 0 {
        println!("{p:?} {:?}", t.elapsed());
        let mind = Arc::new(Mind { weights: w.to_vec(), ..base.clone() });
        report("  val", &val, |d| play(d, 7, Luck::Whole, &mut Pilot::new(Arc::clone(&mind))));
        println!("  merit {:.3}", merit(&mind, val.iter(), 7, Luck::Whole, caution));
    });
}
