//! From the fitted half of a sample to a scenario.

use std::collections::HashSet;

use motet_history::History;
use motet_sim::{
    Scenario,
    dist::Delay,
    scenario::{
        CampaignGroup, Click, Consent, Conversion, DeviceShare, Drift, Fatigue, Floor, GoalKind, Interests,
        Listeners, Market, Medium, Outcomes, Outside, Publisher, Reach, Traffic,
    },
};

use crate::{
    Error,
    classes::Classes,
    held_out::{FitReport, check},
    landscape::Landscape,
    sample::{Row, Sample},
};

/// Rows a fit needs at least.
const LEAST_ROWS: usize = 200;
/// Delays a fit needs at least; below, the usual ones stand in and the report says so.
const LEAST_DELAYS: usize = 30;
/// Prices a class needs for a market of its own.
const LEAST_PRICES: usize = 50;
/// Steps of the fitted quantiles.
const STEPS: usize = 200;
/// Clicks that what was expected of a class counts as: with fewer of its own it is mostly what was expected.
const MADE_UP_CLICKS: f64 = 10.0;

/// How a fit is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The scenario's name.
    pub name: String,
    /// The seed of the simulated half.
    pub seed: u64,
}

/// A fitted world and how well it fits.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The world.
    pub scenario: Scenario,
    /// How well it fits.
    pub report: FitReport,
}

/// Fits a world to a history.
///
/// # Errors
/// When the history cannot be read or has too little in it.
pub fn calibrate(history: &History, options: &Options) -> Result<Fit, Error> {
    let sample = Sample::read(history)?;
    let (fitted, held_out) = sample.split();
    let usable = fitted.iter().filter(|row| row.price.is_some()).count();
    if usable < LEAST_ROWS {
        return Err(Error::TooLittle { rows: usable, least: LEAST_ROWS });
    }
    let classes = Classes::learn(&fitted);
    let mut notes = Vec::new();
    let scenario = scenario(&fitted, &classes, options, &mut notes);
    // What was written must read again: the same checks as any scenario's.
    let scenario = Scenario::parse(&scenario.to_toml()?)?;
    let report = check(&scenario, &classes, &fitted, &held_out, options.seed, notes);
    Ok(Fit { scenario, report })
}

fn scenario(rows: &[&Row], classes: &Classes, options: &Options, notes: &mut Vec<String>) -> Scenario {
    let traffic = traffic(rows, notes);
    let outside = outside(rows, notes);
    let rate = click_rate(rows.iter().copied(), None);
    let rates = class_rates(rows, classes, rate);
    let of = |class: usize| publisher(rows, classes, class, rates[class]);
    let publishers = (0..classes.count()).filter_map(of).collect();
    let users: HashSet<u64> = rows.iter().filter_map(|row| row.user).collect();
    let count = if users.is_empty() { rows.len() / 5 } else { users.len() * 2 };
    if users.is_empty() {
        notes.push("users are not in the log: one listener for every five slots is assumed".to_owned());
    }
    Scenario {
        name: options.name.clone(),
        about: format!("Fitted to {} logged slots; half of them were held out to check it.", rows.len() * 2),
        start: "2026-03-02".to_owned(),
        days: 1,
        tick_s: 900,
        utc_offset_minutes: 0,
        listeners: listeners(count.clamp(100, 200_000) as u32, rows.len() * 2, traffic),
        publishers,
        campaigns: campaigns(&outside, rate, rows.len() * 2),
        market: Market { outside, told: 0.5, informed: 0.0, rivals: Vec::new(), take_rate: 0.0 },
        outcomes: outcomes(rows, notes),
        fraud: Vec::new(),
        shocks: Vec::new(),
        objective: motet_sim::scenario::Objective::default(),
        engine: toml::Table::default(),
    }
}

fn listeners(count: u32, slots: usize, traffic: Traffic) -> Listeners {
    Listeners {
        count,
        sessions_per_day: slots as f64 / f64::from(count),
        activity_sigma: 1.0,
        traffic,
        interests: Interests::None,
        drift: Drift::None,
        fatigue: Fatigue::None,
        consent: Consent { refused: 0.0, limited: 0.0, child: 0.0 },
        devices: vec![DeviceShare { kind: motet_model::request::DeviceKind::Computer, share: 1.0 }],
        countries: vec!["CHN".to_owned()],
    }
}

fn traffic(rows: &[&Row], notes: &mut Vec<String>) -> Traffic {
    let mut hours = vec![0.0; 24];
    let mut weekdays = vec![0.0; 7];
    for row in rows {
        if let Some(hour) = row.hour {
            hours[usize::from(hour) % 24] += 1.0;
        }
        if let Some(day) = row.weekday {
            weekdays[usize::from(day) % 7] += 1.0;
        }
    }
    if hours.iter().sum::<f64>() == 0.0 {
        notes.push("hours are not in the log: traffic is taken as flat".to_owned());
        return Traffic::Flat;
    }
    if weekdays.iter().filter(|count| **count > 0.0).count() < 7 {
        notes.push("the log does not cover a week: weekdays are taken as alike".to_owned());
        weekdays = vec![1.0; 7];
    }
    Traffic::Table { hours, weekdays }
}

fn outside(rows: &[&Row], notes: &mut Vec<String>) -> Outside {
    let prices: Vec<_> = rows.iter().filter_map(|row| row.price).collect();
    let Some(landscape) = Landscape::fit(&prices) else {
        notes.push("no price is known: the market is taken as empty".to_owned());
        return Outside::None;
    };
    if landscape.beyond > 0.0 {
        let share = landscape.beyond * 100.0;
        notes.push(format!("{share:.1} % of prices lay above every bid: how far is not in the log"));
    }
    Outside::Quantiles { cpm: landscape.quantiles(STEPS), hours: Vec::new() }
}

/// Returns the click rate of some rows, shrunk towards another.
fn click_rate<'a>(rows: impl Iterator<Item = &'a Row>, towards: Option<f64>) -> f64 {
    let (mut clicks, mut shown) = (0.0, 0.0);
    for row in rows {
        if let Some(click) = row.click {
            shown += 1.0;
            clicks += f64::from(u8::from(click));
        }
    }
    let (prior, weight) = towards.map_or((0.0, 0.0), |rate| (rate, MADE_UP_CLICKS / rate.max(1e-7)));
    if shown + weight == 0.0 { 0.001 } else { (clicks + prior * weight) / (shown + weight) }
}

/// Returns each class's click rate: where classes go by prediction, the rates that rise with it and are closest to those observed
/// (pool adjacent violators, Ayer et al. 1955); otherwise its own rate, shrunk towards that of all.
fn class_rates(rows: &[&Row], classes: &Classes, rate: f64) -> Vec<f64> {
    let of_class = |class: usize| rows.iter().copied().filter(move |row| classes.of(row) == class);
    if matches!(classes, Classes::ByKind(_)) {
        return (0..classes.count()).map(|class| click_rate(of_class(class), Some(rate))).collect();
    }
    let counts = |class: usize| {
        let shown = of_class(class).filter(|row| row.click.is_some()).count() as f64;
        let clicks = of_class(class).filter(|row| row.click == Some(true)).count() as f64;
        // Half a click at the rate of all, so that no class is taken to be never clicked.
        (clicks + 0.5, shown + 0.5 / rate.max(1e-9))
    };
    rising_rates(&(0..classes.count()).map(counts).collect::<Vec<_>>())
}

/// Pools neighbours until rates rise. A pool without impressions has rate 0.
fn rising_rates(counts: &[(f64, f64)]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    let ratio = |pool: &(f64, f64, usize)| pool.0 / pool.1.max(1.0);
    for (clicks, shown) in counts {
        pools.push((*clicks, *shown, 1));
        while let [.., before, last] = pools.as_slice()
            && ratio(before) >= ratio(last)
        {
            let joined = (before.0 + last.0, before.1 + last.1, before.2 + last.2);
            pools.truncate(pools.len() - 2);
            pools.push(joined);
        }
    }
    pools.iter().flat_map(|pool| std::iter::repeat_n(ratio(pool), pool.2)).collect()
}

fn publisher(rows: &[&Row], classes: &Classes, class: usize, rate: f64) -> Option<Publisher> {
    let of_class: Vec<&Row> = rows.iter().copied().filter(|row| classes.of(row) == class).collect();
    if of_class.is_empty() {
        return None;
    }
    Some(Publisher {
        id: format!("class-{class}"),
        count: 1,
        medium: Medium::Banner,
        share: of_class.len() as f64,
        owned: false,
        second_price: true,
        topics: Vec::new(),
        requests_per_session: 1.0,
        gap_s: 60.0,
        slots: 1.0,
        floor: floor(&of_class),
        click_rate: rate,
        viewable: 1.0,
        price_level: 1.0,
        outside: own_market(&of_class),
    })
}

/// Fits a class's own landscape, where it has prices enough: what rivals bid goes with the slot, its floor and its click chance.
fn own_market(rows: &[&Row]) -> Option<Outside> {
    let prices: Vec<_> = rows.iter().filter_map(|row| row.price).collect();
    if prices.len() < LEAST_PRICES {
        return None;
    }
    let landscape = Landscape::fit(&prices)?;
    Some(Outside::Quantiles { cpm: landscape.quantiles(STEPS), hours: Vec::new() })
}

fn floor(rows: &[&Row]) -> Floor {
    let mut floors: Vec<f64> = rows.iter().filter_map(|row| row.floor).collect();
    let known = floors.len();
    floors.retain(|floor| *floor > 0.0);
    if floors.is_empty() {
        return Floor::None;
    }
    floors.sort_by(f64::total_cmp);
    let at = |step: usize| floors[(step * (floors.len() - 1)) / STEPS];
    Floor::Quantiles { none: 1.0 - floors.len() as f64 / known as f64, cpm: (0..=STEPS).map(at).collect() }
}

fn delay(mut seconds: Vec<f64>, usual: Delay, what: &str, notes: &mut Vec<String>) -> Delay {
    if seconds.len() < LEAST_DELAYS {
        notes.push(format!(
            "{} delays {what} are known, too few to fit: the usual ones stand in",
            seconds.len()
        ));
        return usual;
    }
    seconds.sort_by(f64::total_cmp);
    let at = |step: usize| seconds[step * (seconds.len() - 1) / 40];
    Delay::Quantiles { seconds: (0..=40).map(at).collect() }
}

fn outcomes(rows: &[&Row], notes: &mut Vec<String>) -> Outcomes {
    let usual = Outcomes::default();
    let clicks: Vec<f64> = rows.iter().filter_map(|row| row.click_delay_s).collect();
    let conversions: Vec<f64> = rows.iter().filter_map(|row| row.conversion_delay_s).collect();
    Outcomes {
        rendered: 1.0,
        click: Click::Flat,
        click_delay: delay(clicks, usual.click_delay.clone(), "from impression to click", notes),
        conversion: Conversion::Flat,
        conversion_delay: delay(
            conversions,
            usual.conversion_delay.clone(),
            "from click to conversion",
            notes,
        ),
        ..usual
    }
}

/// Campaigns to play with, as the log has the market's side alone: ten that value a click around what the market charges for
/// one, with a quarter of the market's money.
fn campaigns(outside: &Outside, rate: f64, slots: usize) -> Vec<CampaignGroup> {
    let mean_cpm = match outside {
        Outside::Quantiles { cpm, .. } => cpm.iter().sum::<f64>() / cpm.len() as f64,
        _ => 1.0,
    };
    let click_cost = mean_cpm / 1_000.0 / rate.max(1e-6);
    let day = mean_cpm / 1_000.0 * slots as f64 * 0.25 / 10.0;
    vec![CampaignGroup {
        id: "advertiser".to_owned(),
        count: 10,
        goal: GoalKind::Cpc,
        worth: [click_cost * 0.6, click_cost * 1.6],
        return_on_spend: 3.0,
        daily_budget: [day * 0.5, day * 1.5],
        media: vec![Medium::Banner],
        topics: Vec::new(),
        reach: Reach::Everyone,
        quality_sigma: 0.0,
        creatives: 2,
        conversion_rate: 0.05,
        pacing: motet_model::campaign::Pacing::Even,
        daily_frequency: 0,
        enters_day: 0.0,
        leaves_day: 0.0,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_out_of_order_are_pooled() {
        let rates = rising_rates(&[(1.0, 100.0), (4.0, 100.0), (2.0, 100.0), (9.0, 100.0)]);
        assert_eq!(rates, vec![0.01, 0.03, 0.03, 0.09]);
        assert_eq!(rising_rates(&[(3.0, 100.0), (1.0, 100.0)]), vec![0.02, 0.02]);
    }
}
