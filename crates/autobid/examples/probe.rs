use motet_arena::auctionnet::{League, Options};
use motet_autobid::auctionnet::{record, edge, EDGES};
fn main() {
    let league = League::new(1 << 40, Options::default()).unwrap();
    for bend in [0.0, 0.15, 0.3, 0.45, 0.6] {
        let mut sum = 0.0; let mut mult = 0.0; let mut used=0.0; let mut cpa=0.0; let mut n = 0.0;
        let mut ideal = 0.0;
        for seed in 5000..5003 {
            for day in record(&league, seed, bend).unwrap() {
                let (score, m) = day.best_constant();
                let (c, e, _) = day.constant(m);
                sum += score; mult += m; used += c / day.budget; cpa += c / e / day.target; n += 1.0;
                let _ = (&mut ideal, edge(0), EDGES);
            }
        }
        println!("bend {bend}: best {:.3} multiple {:.3} used {:.3} cpa/target {:.3}", sum / n, mult / n, used / n, cpa / n);
    }
}
