//! A comparison as one HTML page.

use anyhow::Result;
use motet_plot::{Axis, Chart, Mark, Page, Series, Table};

use super::{Outcome, name};

/// Writes the page.
pub(super) fn page(outcome: &Outcome) -> Result<String> {
    let mut page = Page::new(&format!("{} against {} in {}", outcome.b, outcome.a, outcome.scenario));
    page.paragraph(&outcome.comparison.sentence);
    page.cards(&[
        ("design", name(outcome.design).to_owned()),
        ("seeds", outcome.pairs.len().to_string()),
        ("days", outcome.days.to_string()),
        ("days before, both under A", outcome.warm_up_days.to_string()),
        ("campaigns out of budget", format!("{:.0} %", outcome.exhausted * 100.0)),
    ]);
    page.heading("By seed");
    page.charts(&[
        by_seed(outcome, "Surplus", motet_sim::versus::Arm::surplus),
        by_seed(outcome, "Clicks", |arm| arm.clicks),
    ])?;
    page.heading("Verdict, metric by metric");
    for line in outcome.comparison.to_string().lines() {
        page.paragraph(line);
    }
    page.heading("What each arm got");
    page.table(&table(outcome));
    Ok(page.finish())
}

fn by_seed(outcome: &Outcome, title: &str, of: fn(&motet_sim::versus::Arm) -> f64) -> Chart {
    let points = |arm: fn(&motet_sim::versus::Pair) -> motet_sim::versus::Arm| {
        outcome.pairs.iter().map(|pair| (pair.seed as f64, of(&arm(pair)))).collect()
    };
    let series = vec![
        Series::new(format!("A: {}", outcome.a), Mark::Points, points(|pair| pair.a)),
        Series::new(format!("B: {}", outcome.b), Mark::Points, points(|pair| pair.b)),
    ];
    Chart::new(title, Axis::new("seed"), Axis::new(title.to_lowercase()), series)
}

fn table(outcome: &Outcome) -> Table {
    let mut table =
        Table::new(&["seed", "arm", "impressions", "clicks", "conversions", "spend", "worth", "surplus"]);
    for pair in &outcome.pairs {
        for (label, arm) in [("A", pair.a), ("B", pair.b)] {
            table.rows.push(vec![
                pair.seed.to_string(),
                label.to_owned(),
                format!("{:.0}", arm.impressions),
                format!("{:.0}", arm.clicks),
                format!("{:.0}", arm.conversions),
                format!("{:.2}", arm.spend),
                format!("{:.2}", arm.worth),
                format!("{:.2}", arm.surplus()),
            ]);
        }
    }
    table
}
