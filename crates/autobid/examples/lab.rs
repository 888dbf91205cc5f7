use std::sync::Arc;
use motet_arena::auctionnet::{League, Options};
use motet_autobid::{auctionnet::*, folder};
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
    let s = Recipe::SHIPPED;
    let recipe = Recipe { caution: arg(1, s.caution), ..s };
    let league = League::new(1 << 40, Options::default()).unwrap();
    let val = record_all(&league, 20_000, 12, s.shape, 2).unwrap();
    println!("recorded");
    let t = std::time::Instant::now();
    let learnt = learn(&league, &recipe, |p, h| if let Some(h) = h { println!("{p:?} held out {h:.4} {:?}", t.elapsed()) }).unwrap();
    println!("merit {:?} at {}", learnt.merit, learnt.generation);
    let training = folder::Training {
        command: format!("motet train-bidder --format auctionnet --seed {} --generations {} --episodes {} --impressions 500000 --caution {} --out DIR", recipe.plan.seed, recipe.plan.generations, recipe.episodes, recipe.caution),
        data: format!("episodes {} to {} of the AuctionNet-format league, a day for each seat", TRAIN_SEED, TRAIN_SEED + recipe.episodes - 1),
        data_crc32: format!("{:08x}", learnt.data_crc32),
        held_out: format!("episodes {} to {}, by which the generation was chosen; reported are others", CHOICE_SEED, CHOICE_SEED + recipe.choice_episodes - 1),
        seed: recipe.plan.seed, generations: learnt.generation,
        metrics: [("merit_unlearned".to_owned(), learnt.merit[0]), ("merit".to_owned(), learnt.merit[1])].into(),
    };
    let (manifest, numbers) = learnt.mind.write("auctionnet-bidder@1", training);
    let dir = std::env::args().nth(2).unwrap();
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(format!("{dir}/numbers.f32"), &numbers).unwrap();
    std::fs::write(format!("{dir}/policy.toml"), folder::text(&manifest)).unwrap();
    let mind = Arc::new(learnt.mind);
    report("val", &val, |d| play(d, 7, Luck::Whole, &mut Pilot::new(Arc::clone(&mind))));
    let sval = record_all(&league, 20_000, 12, Shape::STRAIGHT, 2).unwrap();
    for c in [0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 1.8] {
        let g = Gains { base: 1.0, ceiling: c, proportional: 4.0, integral: 2.0, derivative: 1.0 };
        report(&format!("pacer {c} val"), &sval, |d| play(d, 3, Luck::Whole, &mut Pid::new(g)));
    }
}
