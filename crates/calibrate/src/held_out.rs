//! The fitted world against the half of the log it never saw.
//!
//! The world's own market is let run (visits, floors, rivals, moods; no team decides), and what comes out is compared with the
//! held-out rows. Prices: the two-sample Kolmogorov–Smirnov distance. Click rates: whether the held-out rate of each class lies in the
//! 95 % interval around the fitted one. Both halves are small samples, so the interval is that of a difference of two rates
//! (Newcombe's hybrid score, Statistics in Medicine 17, 1998), not of one; classes with too few clicks are not judged. Hours:
//! each hour's share of the day.

use motet_sim::{
    Scenario, World,
    world::{Conditions, Visit, publishers::Forge, rivals::RivalBook},
};
use motet_units::Span;
use serde::Serialize;

use crate::{
    classes::Classes,
    landscape::{Landscape, Price},
    sample::Row,
};

/// Held-out clicks that must be expected of a class for it to be judged.
const LEAST_CLICKS: f64 = 5.0;
/// Simulated visits, at least.
const VISITS: usize = 60_000;
/// The normal quantile of a two-sided 95 % interval.
const Z95: f64 = 1.959_963_984_540_054;

/// How one class fits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassCheck {
    /// What the class is.
    pub class: String,
    /// The fitted click rate.
    pub fitted: f64,
    /// What the simulated market's moods made of it.
    pub simulated: f64,
    /// Held-out impressions.
    pub impressions: u64,
    /// Held-out clicks.
    pub clicks: u64,
    /// The 95 % interval of the held-out rate.
    pub interval: (f64, f64),
    /// Whether the two rates differ by no more than both halves' chance explains.
    pub judged: Judged,
}

/// What can be said of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// The held-out rate lies in the 95 % interval around the fitted one.
    Fits,
    /// It does not.
    DoesNotFit,
    /// Fewer than five held-out clicks are expected: nothing can be said.
    TooFewClicks,
}

/// How one hour fits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HourCheck {
    /// The hour of the day.
    pub hour: u8,
    /// Its share of held-out rows.
    pub held_out: f64,
    /// Its share of simulated visits.
    pub simulated: f64,
    /// The relative error of the fitted share.
    pub error: f64,
    /// One standard error of the comparison by chance alone.
    pub noise: f64,
}

/// How well a fitted world fits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitReport {
    /// Rows fitted.
    pub fitted_rows: usize,
    /// Rows held out.
    pub held_out_rows: usize,
    /// The two-sample distance between simulated and held-out prices to win.
    pub price_distance: Option<f64>,
    /// The distance that chance alone exceeds one time in twenty at these sizes.
    pub price_distance_by_chance: Option<f64>,
    /// The same distance for floors.
    pub floor_distance: Option<f64>,
    /// Classes by click chance.
    pub classes: Vec<ClassCheck>,
    /// Classes that fit, of those that can be judged.
    pub classes_fit: (usize, usize),
    /// Hours.
    pub hours: Vec<HourCheck>,
    /// The largest relative error of an hour that has 2 % of the traffic at least.
    pub worst_hour: Option<f64>,
    /// What could not be fitted, and what stands in.
    pub notes: Vec<String>,
    /// Quantiles of simulated prices at even steps, for plots.
    pub simulated_prices: Vec<f64>,
    /// Quantiles of held-out prices.
    pub held_out_prices: Vec<f64>,
}

/// What the simulated market made.
#[derive(Default)]
struct Simulated {
    prices: Vec<f64>,
    floors: Vec<f64>,
    hours: Vec<f64>,
    /// Clicks and impressions by publisher.
    clicks: Vec<(u64, u64)>,
}

/// Lets the market of a world run for as many days as it takes.
fn simulate(scenario: &Scenario, seed: u64) -> Simulated {
    let world = World::new(scenario, seed);
    let (mut forge, rivals) = (Forge::new(&world), RivalBook::new(&world, 1.0));
    let mut made =
        Simulated { hours: vec![0.0; 24], clicks: vec![(0, 0); world.places.len()], ..Simulated::default() };
    let mut visits = Vec::new();
    for slice in 0..60 * 24 * 60 {
        // Whole days alone, so that no hour is favoured.
        if slice % (24 * 60) == 0 && made.prices.len() >= VISITS {
            break;
        }
        let now = world.begins() + Span::from_secs(i64::from(slice) * 60);
        let conditions = Conditions::at(&world, now);
        visits.clear();
        world.arrivals(slice as u64, &conditions, &mut visits);
        for visit in &visits {
            made.take(&world, &mut forge, &rivals, visit, &conditions);
        }
    }
    made
}

impl Simulated {
    fn take(
        &mut self,
        world: &World,
        forge: &mut Forge,
        rivals: &RivalBook,
        visit: &Visit,
        conditions: &Conditions,
    ) {
        forge.write(world, visit, visit.topic);
        let floor = forge.request(visit.publisher).imps[0].floor;
        let rival = rivals.compete(world, visit, 0, conditions).best;
        self.prices.push(rival.max(floor).units());
        self.floors.push(floor.units());
        self.hours[usize::from(visit.at.hour_of_week(world.utc_offset())) % 24] += 1.0;
        let place = usize::from(visit.publisher);
        self.clicks[place].1 += 1;
        self.clicks[place].0 +=
            u64::from(world.mood(visit, 0).click < world.publisher(visit.publisher).click_rate);
    }
}

/// Compares a fitted world with the held-out rows.
pub(crate) fn check(
    scenario: &Scenario,
    classes: &Classes,
    fitted: &[&Row],
    held_out: &[&Row],
    seed: u64,
    notes: Vec<String>,
) -> FitReport {
    let mut made = simulate(scenario, seed);
    let mut prices = known_prices(held_out);
    let mut floors: Vec<f64> = held_out.iter().filter_map(|row| row.floor).collect();
    let checks = class_checks(scenario, classes, fitted, held_out, &made);
    let judged = checks.iter().filter(|check| check.judged != Judged::TooFewClicks).count();
    let fits = checks.iter().filter(|check| check.judged == Judged::Fits).count();
    let hours = hour_checks(held_out, &made);
    let mut notes = notes;
    notes.extend(hours_by_chance(fitted, held_out));
    let worst = hours
        .iter()
        .filter(|h| h.held_out >= 0.02)
        .map(|h| h.error)
        .fold(None, |worst: Option<f64>, error| Some(worst.map_or(error, |worst| worst.max(error))));
    let (n, m) = (prices.len() as f64, made.prices.len() as f64);
    FitReport {
        fitted_rows: fitted.len(),
        held_out_rows: held_out.len(),
        price_distance_by_chance: (n > 0.0).then(|| 1.358 * ((n + m) / (n * m)).sqrt()),
        price_distance: distance(&mut prices, &mut made.prices),
        floor_distance: distance(&mut floors, &mut made.floors),
        classes: checks,
        classes_fit: (fits, judged),
        hours,
        worst_hour: worst,
        notes,
        simulated_prices: quantiles(&made.prices),
        held_out_prices: quantiles(&prices),
    }
}

/// Returns the prices to win of rows that have one: the rival's, or the floor where the rival was no higher. Rows whose price lies
/// somewhere above a lost bid are placed by the held-out half's own distribution, so that losing rows do not vanish.
fn known_prices(rows: &[&Row]) -> Vec<f64> {
    let all: Vec<Price> = rows.iter().filter_map(|row| row.price).collect();
    if all.iter().any(|price| matches!(price, Price::Above(_))) {
        let fitted = Landscape::fit(&all);
        return fitted.map(|fitted| fitted.quantiles(2_000)).unwrap_or_default();
    }
    rows.iter()
        .filter_map(|row| match row.price {
            Some(Price::At(price)) => Some(price.max(row.floor.unwrap_or(0.0))),
            Some(Price::AtMost(floor)) => Some(floor),
            _ => None,
        })
        .collect()
}

/// Returns the largest gap between two samples' distribution functions; both are sorted on the way.
fn distance(a: &mut [f64], b: &mut [f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let (mut i, mut j, mut most) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        while i < a.len() && a[i] <= at {
            i += 1;
        }
        while j < b.len() && b[j] <= at {
            j += 1;
        }
        most = most.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    Some(most)
}

fn quantiles(sorted: &[f64]) -> Vec<f64> {
    let Some(last) = sorted.len().checked_sub(1) else { return Vec::new() };
    (0..=100).map(|step| sorted[step * last / 100]).collect()
}

/// Returns Wilson's 95 % interval of a rate (JASA 22, 1927).
fn wilson(clicks: u64, impressions: u64) -> (f64, f64) {
    let n = impressions as f64;
    if n == 0.0 {
        return (0.0, 1.0);
    }
    let (p, z2) = (clicks as f64 / n, Z95 * Z95);
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// Tells whether two rates could be one: whether 0 lies in Newcombe's 95 % interval of their difference.
fn agree(shown: u64, rate_a: f64, b: (u64, u64)) -> bool {
    let rate_b = b.0 as f64 / (b.1 as f64).max(1.0);
    // The fitted rate may be pooled over classes; its uncertainty is taken as that of its own class, the larger one.
    let pooled_clicks = (rate_a * shown as f64).round() as u64;
    let (low_a, high_a) = wilson(pooled_clicks, shown);
    let (low_b, high_b) = wilson(b.0, b.1);
    let difference = rate_a - rate_b;
    let low = difference - ((rate_a - low_a).powi(2) + (high_b - rate_b).powi(2)).sqrt();
    let high = difference + ((high_a - rate_a).powi(2) + (rate_b - low_b).powi(2)).sqrt();
    (low..=high).contains(&0.0)
}

fn class_checks(
    scenario: &Scenario,
    classes: &Classes,
    fitted: &[&Row],
    held_out: &[&Row],
    made: &Simulated,
) -> Vec<ClassCheck> {
    let of = |(place, publisher): (usize, &motet_sim::scenario::Publisher)| {
        let class = publisher.id.strip_prefix("class-")?.parse::<usize>().ok()?;
        let rows: Vec<&Row> = held_out.iter().copied().filter(|row| classes.of(row) == class).collect();
        let impressions = rows.iter().filter(|row| row.click.is_some()).count() as u64;
        let clicks = rows.iter().filter(|row| row.click == Some(true)).count() as u64;
        let interval = wilson(clicks, impressions);
        let shown =
            fitted.iter().filter(|row| row.click.is_some() && classes.of(row) == class).count() as u64;
        let inside = agree(shown, publisher.click_rate, (clicks, impressions));
        // By the clicks expected, not by those found: choosing classes by what was found would choose the lucky ones.
        let enough = publisher.click_rate * impressions as f64 >= LEAST_CLICKS;
        let judged = match (enough, inside) {
            (false, _) => Judged::TooFewClicks,
            (true, true) => Judged::Fits,
            (true, false) => Judged::DoesNotFit,
        };
        let (made_clicks, made_imps) = made.clicks[place];
        Some(ClassCheck {
            class: classes.name(class),
            fitted: publisher.click_rate,
            simulated: made_clicks as f64 / (made_imps as f64).max(1.0),
            impressions,
            clicks,
            interval,
            judged,
        })
    };
    scenario.publishers.iter().enumerate().filter_map(of).collect()
}

/// Says how far off the worst hour is by chance alone, one time in twenty, where that is more than one in twenty: both halves are
/// samples, so an hour of `a` fitted and `b` held-out rows is off by a standard error of `√(1/a + 1/b)`, and the worst of
/// several is the one reported (by Bonferroni's bound and the normal's tail, at most 3.1 standard errors for a day's 24).
fn hours_by_chance(fitted: &[&Row], held_out: &[&Row]) -> Option<String> {
    let count = |rows: &[&Row]| {
        let mut counts = [0.0_f64; 24];
        rows.iter().filter_map(|row| row.hour).for_each(|hour| counts[usize::from(hour) % 24] += 1.0);
        counts
    };
    let (a, b) = (count(fitted), count(held_out));
    let all: f64 = b.iter().sum();
    let judged = || a.iter().zip(&b).filter(|(_, b)| **b > 0.0 && **b >= 0.02 * all);
    let errors = judged().map(|(a, b)| (1.0 / a.max(1.0) + 1.0 / b).sqrt());
    let most = errors.fold(0.0, f64::max) * two_sided(0.05 / judged().count().max(1) as f64);
    (most > 0.05).then(|| {
        format!("with so few rows an hour, chance alone is off by {:.1} % one time in twenty", most * 100.0)
    })
}

/// Returns the standard errors beyond which a normal value lies with a chance, by bisection.
fn two_sided(chance: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 10.0_f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if libm::erfc(middle / std::f64::consts::SQRT_2) > chance { low = middle } else { high = middle }
    }
    low
}

fn hour_checks(held_out: &[&Row], made: &Simulated) -> Vec<HourCheck> {
    let mut counts = [0.0_f64; 24];
    for hour in held_out.iter().filter_map(|row| row.hour) {
        counts[usize::from(hour) % 24] += 1.0;
    }
    let (all, made_all) = (counts.iter().sum::<f64>(), made.hours.iter().sum::<f64>());
    if all == 0.0 || made_all == 0.0 {
        return Vec::new();
    }
    let check = |hour: usize| {
        let (held_out, simulated) = (counts[hour] / all, made.hours[hour] / made_all);
        HourCheck {
            hour: hour as u8,
            held_out,
            simulated,
            error: if held_out > 0.0 { (simulated - held_out).abs() / held_out } else { 0.0 },
            noise: (1.0 / counts[hour].max(1.0) + 1.0 / made.hours[hour].max(1.0)).sqrt(),
        }
    };
    (0..24).filter(|hour| counts[*hour] > 0.0 || made.hours[*hour] > 0.0).map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_have_no_distance_and_disjoint_ones_all() {
        assert_eq!(distance(&mut [1.0, 2.0, 3.0], &mut [1.0, 2.0, 3.0]), Some(0.0));
        assert_eq!(distance(&mut [1.0, 2.0], &mut [3.0, 4.0]), Some(1.0));
        assert_eq!(distance(&mut [1.0, 2.0, 3.0, 4.0], &mut [3.0, 4.0]), Some(0.5));
    }

    #[test]
    fn two_rates_agree_within_the_chance_of_both() {
        assert!(agree(10_000, 0.0010, (15, 10_000)));
        assert!(!agree(10_000, 0.0010, (40, 10_000)));
    }

    #[test]
    fn the_bound_of_several_normal_values_is_the_tables() {
        assert!((two_sided(0.05) - Z95).abs() < 1e-9);
        assert!((two_sided(0.05 / 24.0) - 3.078).abs() < 1e-3);
    }

    #[test]
    fn an_interval_holds_its_rate() {
        let (low, high) = wilson(10, 1_000);
        assert!(low < 0.01 && 0.01 < high && high < 0.02);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }
}
