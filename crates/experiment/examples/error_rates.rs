//! How often the statistics of comparisons are wrong, by simulation with fixed seeds.
//!
//! `cargo run --release -p motet-experiment --example error_rates` prints the tables of `docs/comparisons.md`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Draws, share};
use motet_experiment::estimate::{Contrast, Fieller, Moments, adjusted_paired, linearised};
use motet_experiment::group::{GroupPlan, Spending, equal_looks};
use motet_experiment::sequential::AsymptoticMixture;
use motet_experiment::special::student_upper_quantile;
use motet_experiment::{Error, Looks, Sides, Statistic};

const RUNS: u64 = 10_000;
/// For clicks, of which a run draws forty thousand.
const FEWER: u64 = 2000;

fn main() -> Result<(), Error> {
    println!(
        "No difference, 100 looks, error rate 5 %, {RUNS} runs ({FEWER} for clicks): share with a false find"
    );
    peeking();
    println!("\n95 % intervals, {RUNS} runs: share that cover the truth");
    coverage();
    println!("\nPlanned for a power of 80 %, {RUNS} runs: share that find the effect");
    power()?;
    Ok(())
}

fn line(what: &str, share: f64) {
    line_of(what, share, RUNS);
}

/// Prints a share with the half width of its own 95 % interval.
fn line_of(what: &str, share: f64, runs: u64) {
    let spread = 196.0 * libm::sqrt(share * (1.0 - share) / runs as f64);
    println!("  {what:<55} {:6.2} % ± {spread:.2}", 100.0 * share);
}

fn statistic(contrast: &Contrast) -> Statistic {
    Statistic { t: contrast.statistic(), units: contrast.units, degrees: contrast.degrees }
}

/// The running sums of paired differences, so that ten thousand runs of a hundred looks stay cheap.
fn finds(run: u64, name: &str, looks: &Looks, batch: usize, draw: impl Fn(&mut Draws) -> f64) -> bool {
    let mut draws = Draws::new(name, run);
    let (mut n, mut sum, mut squares) = (0_u64, 0.0, 0.0);
    (0..102).any(|look| {
        for _ in 0..batch {
            let d = draw(&mut draws) - draw(&mut draws);
            (n, sum, squares) = (n + 1, sum + d, squares + d * d);
        }
        let m = Moments::from_sums(n, sum, squares);
        let t = m.mean / libm::sqrt(m.variance_of_mean());
        let at = Statistic { t, units: m.n, degrees: m.n - 1.0 };
        look >= 2 && looks.p_value(&at, 0.05, Sides::Two) <= 0.05
    })
}

fn peeking() {
    let (once, anytime) = (Looks::Once, Looks::Anytime { planned: 100.0 });
    let pairs =
        |looks: &Looks, draw: fn(&mut Draws) -> f64| share(RUNS, |run| finds(run, "pairs", looks, 1, draw));
    line("plain t test, one normal pair a look", pairs(&once, Draws::normal));
    line("anytime t mixture, one normal pair a look", pairs(&anytime, Draws::normal));
    line("anytime t mixture, one exponential pair a look", pairs(&anytime, Draws::exponential));
    for rate in [0.5, 0.05, 0.01] {
        let (naive, sequence) = clicks(rate);
        line_of(&format!("plain z test, clicks at {rate}, 200 an arm and look"), naive, FEWER);
        line_of(&format!("asymptotic sequence, clicks at {rate}, the same"), sequence, FEWER);
    }
}

fn clicks(rate: f64) -> (f64, f64) {
    let mixture = AsymptoticMixture::tuned(40_000.0, 0.05, Sides::Two);
    let finds = |run, rejects: &dyn Fn(f64, f64) -> bool| {
        let mut draws = Draws::new("clicks", run);
        let (mut a, mut b) = (0_u64, 0_u64);
        (1..=100).any(|look| {
            for _ in 0..200 {
                a += u64::from(draws.unit() < rate);
                b += u64::from(draws.unit() < rate);
            }
            let contrast =
                Contrast::welch(&Moments::proportion(a, 200 * look), &Moments::proportion(b, 200 * look));
            a + b > 9 && rejects(contrast.statistic(), contrast.units)
        })
    };
    let naive = share(FEWER, |run| finds(run, &|z, _| z.abs() >= 1.959_964));
    let sequence = share(FEWER, |run| finds(run, &|z, units| mixture.p_value(z, units) <= 0.05));
    (naive, sequence)
}

fn coverage() {
    let fixed = |c: &Contrast| student_upper_quantile(0.025, c.degrees);
    let welch = |run| -> Result<bool, Error> {
        let mut draws = Draws::new("welch", run);
        let (a, b) = (draws.normals(12, 3.0, 1.0), draws.normals(30, 3.4, 4.0));
        let contrast = Contrast::welch(&Moments::of(&a)?, &Moments::of(&b)?);
        Ok(contrast.interval(fixed(&contrast)).covers(0.4))
    };
    line("Welch, 12 and 30 units, variances 1 and 16", share(RUNS, |run| welch(run).is_ok_and(|c| c)));
    line(
        "relative lift by delta method, 20 pairs, noisy control",
        share(RUNS, |run| lift(run).is_ok_and(|c| c.0)),
    );
    line("relative lift by Fieller, the same", share(RUNS, |run| lift(run).is_ok_and(|c| c.1)));
    line("ratio of clicks, 300 users an arm", share(RUNS, |run| ratio(run).is_ok_and(|c| c)));
    line("CUPED, 10 pairs", share(RUNS, |run| cuped(run).is_ok_and(|c| c)));
}

fn lift(run: u64) -> Result<(bool, bool), Error> {
    let mut draws = Draws::new("fieller", run);
    let a = draws.normals(20, 2.0, 2.0);
    let b: Vec<f64> = a.iter().map(|a| 1.5 + 0.5 * a + draws.normal()).collect();
    let contrast = Contrast::paired(&a, &b)?;
    let critical = student_upper_quantile(0.025, contrast.degrees);
    let fieller = match contrast.fieller(critical) {
        Fieller::Bounded(set) => set.covers(0.25),
        Fieller::Unbounded => true,
    };
    Ok((contrast.lift_interval(critical).is_some_and(|i| i.covers(0.25)), fieller))
}

fn ratio(run: u64) -> Result<bool, Error> {
    let mut draws = Draws::new("ratio", run);
    let mut arm = |lift: f64| -> Result<Moments, Error> {
        let (mut clicks, mut shown) = (Vec::new(), Vec::new());
        for _ in 0..300 {
            let impressions = libm::floor(1.0 + 9.0 * draws.exponential());
            let taste = 0.1 + 0.2 * draws.unit();
            clicks.push(lift * taste * impressions + libm::sqrt(impressions * 0.15) * draws.normal());
            shown.push(impressions);
        }
        Moments::of(&linearised("ctr", &clicks, &shown)?)
    };
    let contrast = Contrast::welch(&arm(1.0)?, &arm(1.1)?);
    let critical = student_upper_quantile(0.025, contrast.degrees);
    Ok(contrast.lift_interval(critical).is_some_and(|i| i.covers(0.1)))
}

fn cuped(run: u64) -> Result<bool, Error> {
    let mut draws = Draws::new("cuped", run);
    let (before_a, before_b) = (draws.normals(10, 5.0, 2.0), draws.normals(10, 5.0, 2.0));
    let a: Vec<f64> = before_a.iter().map(|x| 1.3 * x + draws.normal()).collect();
    let b: Vec<f64> = before_b.iter().map(|x| 0.7 + 1.3 * x + draws.normal()).collect();
    let contrast = adjusted_paired(&a, &before_a, &b, &before_b)?.contrast;
    Ok(contrast.interval(student_upper_quantile(0.025, contrast.degrees)).covers(0.7))
}

fn power() -> Result<(), Error> {
    for (name, spending) in [("O'Brien-Fleming", Spending::ObrienFleming), ("Pocock", Spending::Pocock)] {
        let plan = GroupPlan::new(spending, &equal_looks(5), 0.05, Sides::Two)?;
        let drift = plan.drift_for(0.8)?;
        let inflation = (drift / (1.959_964 + 0.841_621)) * (drift / (1.959_964 + 0.841_621));
        let found = share(RUNS, |run| batches(run, drift / libm::sqrt(500.0), &plan));
        line(&format!("{name}, 5 looks, sample {inflation:.3} × the fixed one"), found);
    }
    for n in [63, 120] {
        let (once, anytime) = (Looks::Once, Looks::Anytime { planned: f64::from(n) });
        let found = |looks: &Looks| share(RUNS, |run| single(run, n as usize, looks));
        line(&format!("effect of 0.357 deviations, {n} pairs, one look"), found(&once));
        line(&format!("the same, {n} pairs, anytime, the last look alone"), found(&anytime));
    }
    Ok(())
}

fn batches(run: u64, effect: f64, plan: &GroupPlan) -> bool {
    let mut draws = Draws::new("group", run);
    let d = draws.normals(500, effect, 1.0);
    (1..=5).any(|look| {
        let moments = Moments::of(&d[..100 * look]);
        moments.is_ok_and(|m| m.mean / libm::sqrt(m.variance_of_mean()) >= plan.bounds()[look - 1])
    })
}

fn single(run: u64, n: usize, looks: &Looks) -> bool {
    let mut draws = Draws::new("single", run);
    let (a, b) = (vec![0.0; n], draws.normals(n, 0.357, 1.0));
    Contrast::paired(&a, &b).is_ok_and(|c| looks.p_value(&statistic(&c), 0.05, Sides::Two) <= 0.05)
}
