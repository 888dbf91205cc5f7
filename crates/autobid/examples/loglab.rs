use std::{fs::File, io::BufReader};
use motet_backtest::log::auctions;
use motet_autobid::{logged::*, folder};
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let log = auctions::read(BufReader::new(File::open(format!("{dir}/1458.train.txt")).unwrap()), |_| ()).unwrap().auctions;
    let recipe = Recipe::SHIPPED;
    let t = std::time::Instant::now();
    let learnt = learn(&log, &recipe, |p, h| println!("{p:?} held out {h:?} {:?}", t.elapsed())).unwrap();
    println!("ratio {:?} at {}", learnt.ratio, learnt.generation);
    let training = folder::Training {
        command: format!("motet train-bidder --format ipinyou-theta --seed {} --generations {} --log 1458.train.txt --out DIR", recipe.plan.seed, recipe.plan.generations),
        data: format!("1458.train.txt, {} auctions, cut into campaigns and varied", log.len()),
        data_crc32: format!("{:08x}", learnt.data_crc32),
        held_out: "other campaigns drawn from the same log, by which the generation was chosen; reported are other logs".to_owned(),
        seed: recipe.plan.seed, generations: learnt.generation,
        metrics: [("ratio_unlearned".to_owned(), learnt.ratio[0]), ("ratio".to_owned(), learnt.ratio[1])].into(),
    };
    let (manifest, numbers) = learnt.mind.write("ipinyou-theta-bidder@1", training);
    let dir = std::env::args().nth(2).unwrap();
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(format!("{dir}/numbers.f32"), &numbers).unwrap();
    std::fs::write(format!("{dir}/policy.toml"), folder::text(&manifest)).unwrap();
}
