//! The summary a simulation prints.

use std::fmt::Write as _;

use super::Outcome;

/// Writes a share as per cent, or a dash.
pub(super) fn percent(share: Option<f64>, digits: usize) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.digits$} %", share * 100.0))
}

/// Writes an amount, or a dash.
pub(super) fn amount(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
}

/// Writes the summary.
pub(super) fn text(outcome: &Outcome) -> String {
    let (report, measured) = (&outcome.report, &outcome.measured);
    let (all, figures) = (&report.all, &report.figures);
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<22}{value}");
    };
    line(
        "scenario",
        format!("{}, {} days, seed {}, team {}", report.scenario, report.days, report.seed, report.team),
    );
    line("requests", format!("{} with {} slots", all.requests, all.imps));
    line(
        "bids",
        format!(
            "{} ({} of slots), {} won",
            all.bids,
            percent(figures.bid_rate, 1),
            percent(figures.win_rate, 1)
        ),
    );
    line("impressions", format!("{}, {} viewable", all.impressions, percent(figures.viewable_rate, 1)));
    line("clicks", format!("{} (CTR {})", all.clicks, percent(figures.click_rate, 3)));
    line("conversions", format!("{} ({} of clicks)", all.conversions, percent(figures.conversion_rate, 2)));
    line("spend", format!("{:.2}, of which {:.2} kept as revenue", figures.spend, report.revenue));
    line("worth to advertisers", format!("{:.2} (ROI {})", figures.worth, percent(figures.roi, 1)));
    line("budget used", percent(report.budget_used, 1));
    line("pacing error", percent(report.pacing_error, 1));
    line(
        "listeners",
        format!(
            "{} came; {} ads a request, {} repeated",
            report.experience.listeners,
            amount(report.experience.ad_load),
            percent(report.experience.repeat_rate, 1)
        ),
    );
    let regret = &outcome.regret;
    line(
        "against hindsight",
        format!(
            "surplus {:.2} of at most {:.2} ({}), from {} sampled slots",
            regret.realised,
            regret.optimum_at_most,
            percent(regret.ratio, 1),
            regret.slots
        ),
    );
    let causes = regret.causes;
    line(
        "  missed by",
        format!(
            "allocation {:.2}, estimation {:.2}, overbid {:.2}, underbid {:.2}, pacing {:.2}, exploration {:.2}",
            causes.allocation,
            causes.estimation,
            causes.overbid,
            causes.underbid,
            causes.pacing,
            causes.exploration
        ),
    );
    if report.invalid.requests > 0 {
        line(
            "invalid traffic",
            format!(
                "{} requests, {} refused, {} billed for it; {} honest requests refused",
                report.invalid.requests,
                report.invalid.caught_requests,
                amount(Some(report.invalid.billed.units())),
                report.invalid.false_alarms
            ),
        );
    }
    line(
        "overspent",
        format!(
            "{} (ledger {})",
            report.overspent,
            if report.ledger_balanced { "balances" } else { "DOES NOT BALANCE" }
        ),
    );
    line(
        "decision path",
        format!(
            "{:.0} requests/s, p50 {:.0} µs, p99 {:.0} µs, {:.1} s in all",
            measured.requests_per_s, measured.p50_us, measured.p99_us, measured.wall_s
        ),
    );
    text
}
