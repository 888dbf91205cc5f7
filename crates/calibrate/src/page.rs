//! The fit report as one HTML page.

use motet_plot::{Axis, Chart, Error, Mark, Page, Series, Table};

use crate::{
    Scenario,
    held_out::{FitReport, Judged},
};

/// Writes the page.
///
/// # Errors
/// When a chart cannot be drawn.
pub fn page(scenario: &Scenario, report: &FitReport) -> Result<String, Error> {
    let mut page = Page::new(&format!("How well {} fits its log", scenario.name));
    page.paragraph(&scenario.about);
    page.cards(&[
        ("rows fitted", report.fitted_rows.to_string()),
        ("rows held out", report.held_out_rows.to_string()),
        ("price distance (KS)", number(report.price_distance)),
        ("of which chance explains", number(report.price_distance_by_chance)),
        ("floor distance (KS)", number(report.floor_distance)),
        ("click classes that fit", format!("{} of {}", report.classes_fit.0, report.classes_fit.1)),
        ("worst hour", report.worst_hour.map_or("–".to_owned(), |worst| format!("{:.1} %", worst * 100.0))),
    ]);
    page.charts(&[prices(report), clicks(report), hours(report)])?;
    page.heading("Click rates by class");
    page.table(&classes(report));
    page.heading("What could not be fitted");
    if report.notes.is_empty() {
        page.paragraph("Everything was in the log.");
    }
    report.notes.iter().for_each(|note| page.paragraph(note));
    Ok(page.finish())
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"))
}

fn prices(report: &FitReport) -> Chart {
    let line = |name: &str, prices: &[f64]| {
        let steps = prices.len().saturating_sub(1).max(1) as f64;
        let points = prices.iter().enumerate().map(|(step, price)| (*price, step as f64 / steps));
        Series::new(name, Mark::Line, points.collect())
    };
    let series = vec![line("held out", &report.held_out_prices), line("simulated", &report.simulated_prices)];
    Chart::new("Price to win", Axis::new("CPM"), Axis::new("share at or below").from_to(0.0, 1.0), series)
}

fn clicks(report: &FitReport) -> Chart {
    let rows = || report.classes.iter().filter(|class| class.impressions > 0);
    let held_out = |class: &crate::ClassCheck| class.clicks as f64 / class.impressions as f64 * 100.0;
    let points = rows().map(|class| (class.fitted * 100.0, held_out(class))).collect();
    let most = rows().map(|class| (class.fitted * 100.0).max(held_out(class))).fold(0.01, f64::max);
    let series = vec![
        Series::new("fits exactly", Mark::Line, vec![(0.0, 0.0), (most, most)]),
        Series::new("class", Mark::Points, points),
    ];
    Chart::new("Click rate by class", Axis::new("fitted %"), Axis::new("held out %"), series)
}

fn hours(report: &FitReport) -> Chart {
    let line = |name: &str, of: fn(&crate::HourCheck) -> f64| {
        Series::new(
            name,
            Mark::Line,
            report.hours.iter().map(|h| (f64::from(h.hour), of(h) * 100.0)).collect(),
        )
    };
    let series = vec![line("held out", |h| h.held_out), line("simulated", |h| h.simulated)];
    Chart::new("Traffic by hour", Axis::new("hour"), Axis::new("% of the day"), series)
}

fn classes(report: &FitReport) -> Table {
    let mut table = Table::new(&[
        "class",
        "fitted",
        "simulated",
        "held out",
        "95 % interval",
        "impressions",
        "clicks",
        "verdict",
    ]);
    for class in &report.classes {
        let percent = |rate: f64| format!("{:.4} %", rate * 100.0);
        let verdict = match class.judged {
            Judged::Fits => "fits",
            Judged::DoesNotFit => "does not fit",
            Judged::TooFewClicks => "too few clicks to say",
        };
        table.rows.push(vec![
            class.class.clone(),
            percent(class.fitted),
            percent(class.simulated),
            percent(class.clicks as f64 / (class.impressions as f64).max(1.0)),
            format!("{} to {}", percent(class.interval.0), percent(class.interval.1)),
            class.impressions.to_string(),
            class.clicks.to_string(),
            verdict.to_owned(),
        ]);
    }
    table
}
