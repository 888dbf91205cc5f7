//! The report of a simulation as one HTML page.

use anyhow::Result;
use motet_plot::{Axis, Chart, Mark, Page, Series, Table};
use motet_sim::{Scenario, report::Tally};

use super::{
    Outcome,
    summary::{amount, percent},
};

/// Writes the page.
pub(super) fn page(scenario: &Scenario, outcome: &Outcome) -> Result<String> {
    let report = &outcome.report;
    let mut page = Page::new(&format!(
        "{}: {} for {} days, seed {}",
        report.scenario, report.team, report.days, report.seed
    ));
    page.paragraph(&scenario.about);
    cards(&mut page, outcome);
    page.heading("How it went");
    page.charts(&course(outcome))?;
    page.heading("What was missed, and why");
    page.paragraph(
        "The best that could have been done in hindsight, with every outcome's chance known, against what was: per cause, in \
         units of the accounting currency, from a sample of slots.",
    );
    page.charts(&[regret(outcome), refusals(outcome)])?;
    page.table(&regret_table(outcome));
    page.heading("Campaigns");
    page.table(&campaigns(outcome));
    page.heading("Publishers");
    page.table(&publishers(outcome));
    page.heading("No bid, by reason");
    page.table(&counts(&report.refusals));
    page.heading("Notices, by verdict");
    page.table(&counts(&report.verdicts));
    Ok(page.finish())
}

/// Draws the plots of how it went, one under another, as one picture.
pub(super) fn picture(outcome: &Outcome) -> Result<String> {
    Ok(motet_plot::picture(&course(outcome))?)
}

fn course(outcome: &Outcome) -> [Chart; 4] {
    [traffic(outcome), spend(outcome), rates(outcome), pacing(outcome)]
}

fn cards(page: &mut Page, outcome: &Outcome) {
    let (report, regret) = (&outcome.report, &outcome.regret);
    let figures = &report.figures;
    page.cards(&[
        ("requests", report.all.requests.to_string()),
        ("impressions", report.all.impressions.to_string()),
        ("click rate", percent(figures.click_rate, 3)),
        ("conversion rate", percent(figures.conversion_rate, 2)),
        ("spend", format!("{:.2}", figures.spend)),
        ("revenue", format!("{:.2}", report.revenue)),
        ("worth to advertisers", format!("{:.2}", figures.worth)),
        ("ROI", percent(figures.roi, 1)),
        ("budget used", percent(report.budget_used, 1)),
        ("pacing error", percent(report.pacing_error, 1)),
        ("of the hindsight optimum", percent(regret.ratio, 1)),
        ("ads a request", amount(report.experience.ad_load)),
        ("ads repeated", percent(report.experience.repeat_rate, 1)),
        ("invalid traffic billed", amount(Some(report.invalid.billed.units()))),
        ("decision p99", format!("{:.0} µs", outcome.measured.p99_us)),
    ]);
}

fn by_hour(outcome: &Outcome, of: impl Fn(&Tally) -> f64) -> Vec<(f64, f64)> {
    outcome.report.hours.iter().enumerate().map(|(hour, tally)| (hour as f64, of(tally))).collect()
}

fn traffic(outcome: &Outcome) -> Chart {
    let line = |name: &str, of: fn(&Tally) -> f64| Series::new(name, Mark::Line, by_hour(outcome, of));
    let series = vec![
        line("slots", |t| t.imps as f64),
        line("bids", |t| t.bids as f64),
        line("impressions", |t| t.impressions as f64),
    ];
    Chart::new("Slots, bids and impressions", Axis::new("hour"), Axis::new("an hour"), series)
}

fn spend(outcome: &Outcome) -> Chart {
    let line = |name: &str, of: fn(&Tally) -> f64| Series::new(name, Mark::Line, by_hour(outcome, of));
    let series = vec![line("worth", |t| t.worth_nanos / 1e9), line("spend", |t| t.spend.units())];
    Chart::new("Worth and spend", Axis::new("hour"), Axis::new("currency units an hour"), series)
}

fn rates(outcome: &Outcome) -> Chart {
    // Six hours together, so that a rate of a few per mille is more than noise.
    let points = outcome.report.hours.chunks(6).enumerate().filter_map(|(place, hours)| {
        let clicks: u64 = hours.iter().map(|t| t.clicks).sum();
        let impressions: u64 = hours.iter().map(|t| t.impressions).sum();
        (impressions > 0).then(|| (place as f64 * 6.0, clicks as f64 / impressions as f64 * 100.0))
    });
    let series = vec![Series::new("CTR", Mark::Bars, points.collect())];
    Chart::new("Click rate, six hours at a time", Axis::new("hour"), Axis::new("% of impressions"), series)
}

fn pacing(outcome: &Outcome) -> Chart {
    let mut used: Vec<f64> = outcome.report.campaigns.iter().filter_map(|c| c.budget_used).collect();
    used.sort_by(f64::total_cmp);
    let points = used.iter().enumerate().map(|(place, share)| (place as f64, share * 100.0)).collect();
    let series = vec![Series::new("campaigns", Mark::Bars, points)];
    Chart::new(
        "Daily budget used, by campaign",
        Axis::new("campaign, by use"),
        Axis::new("% of budget"),
        series,
    )
}

fn causes(outcome: &Outcome) -> [(&'static str, f64); 6] {
    let causes = outcome.regret.causes;
    [
        ("allocation", causes.allocation),
        ("estimation", causes.estimation),
        ("overbid", causes.overbid),
        ("underbid", causes.underbid),
        ("pacing", causes.pacing),
        ("exploration", causes.exploration),
    ]
}

/// One series a cause, so that the legend names them.
fn regret(outcome: &Outcome) -> Chart {
    let bars = causes(outcome).into_iter().enumerate();
    let series =
        bars.map(|(place, (name, value))| Series::new(name, Mark::Bars, vec![(place as f64, value)]));
    Chart::new(
        "Regret by cause",
        Axis::new("cause").from_to(-0.5, 7.5).of_names(),
        Axis::new("currency units"),
        series.collect(),
    )
}

fn refusals(outcome: &Outcome) -> Chart {
    let mut counts: Vec<(&String, &u64)> = outcome.report.refusals.iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let bars = counts.into_iter().take(7).enumerate();
    let series = bars.map(|(place, (name, count))| {
        Series::new(name.clone(), Mark::Bars, vec![(place as f64, *count as f64)])
    });
    Chart::new(
        "Slots without a bid",
        Axis::new("reason").from_to(-0.5, 9.5).of_names(),
        Axis::new("slots"),
        series.collect(),
    )
}

fn regret_table(outcome: &Outcome) -> Table {
    let regret = &outcome.regret;
    let mut table = Table::new(&["", "currency units", "of the bound"]);
    let mut row = |name: &str, value: f64| {
        let share = (regret.optimum_at_most > 0.0).then(|| value / regret.optimum_at_most);
        table.rows.push(vec![name.to_owned(), format!("{value:.2}"), percent(share, 1)]);
    };
    row("hindsight optimum, at most", regret.optimum_at_most);
    row("hindsight optimum, at least", regret.optimum_at_least);
    row("surplus realised", regret.realised);
    for (name, value) in causes(outcome) {
        row(&format!("missed by {name}"), value);
    }
    table
}

fn campaigns(outcome: &Outcome) -> Table {
    let mut table = Table::new(&[
        "campaign",
        "topic",
        "goal",
        "bids",
        "won",
        "impressions",
        "CTR",
        "conversions",
        "spend",
        "worth",
        "ROI",
        "cost/target",
        "budget used",
        "pacing error",
    ]);
    for campaign in &outcome.report.campaigns {
        let (tally, figures) = (&campaign.tally, &campaign.figures);
        table.rows.push(vec![
            campaign.id.clone(),
            campaign.topic.clone(),
            campaign.goal.clone(),
            tally.bids.to_string(),
            percent(figures.win_rate, 1),
            tally.impressions.to_string(),
            percent(figures.click_rate, 3),
            tally.conversions.to_string(),
            format!("{:.2}", figures.spend),
            format!("{:.2}", figures.worth),
            percent(figures.roi, 1),
            amount(campaign.cost_over_target),
            percent(campaign.budget_used, 1),
            percent(campaign.pacing_error, 1),
        ]);
    }
    table
}

fn publishers(outcome: &Outcome) -> Table {
    let mut table = Table::new(&[
        "publisher",
        "requests",
        "slots",
        "our impressions",
        "our CPM",
        "repeat rate",
        "income from all",
    ]);
    for publisher in &outcome.report.publishers {
        let (tally, figures) = (&publisher.tally, &publisher.figures);
        table.rows.push(vec![
            publisher.id.clone(),
            tally.requests.to_string(),
            tally.imps.to_string(),
            tally.impressions.to_string(),
            amount(figures.cpm),
            percent(figures.repeat_rate, 1),
            format!("{:.2}", publisher.income),
        ]);
    }
    table
}

fn counts(counts: &std::collections::BTreeMap<String, u64>) -> Table {
    let mut table = Table::new(&["", "count"]);
    for (name, count) in counts {
        table.rows.push(vec![name.replace('_', " "), count.to_string()]);
    }
    table
}
