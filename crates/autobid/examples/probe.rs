use motet_arena::auctionnet::{League, Options};
use motet_autobid::auctionnet::{record, Shape};
fn main() {
    let league = League::new(1 << 40, Options::default()).unwrap();
    for (strength, anchor) in [(0.45, 1.0), (0.45, 0.75), (0.3, 0.6), (0.45, 1.3), (0.6, 1.3), (0.6, 1.6), (0.8, 1.6)] {
        let mut sum = 0.0; let mut n = 0.0;
        for seed in 15000..15002 {
            for day in record(&league, seed, Shape { strength, anchor }).unwrap() { sum += day.best_constant().0; n += 1.0; }
        }
        println!("{strength} {anchor}: best {:.3}", sum / n);
    }
}
