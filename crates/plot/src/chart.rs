//! Charts of lines, points, bars and bands.

use plotters::{
    coord::Shift,
    prelude::{
        Cartesian2d, ChartBuilder, ChartContext, Circle, DrawingArea, IntoDrawingArea as _, LineSeries,
        PathElement, Polygon, RGBColor, Rectangle, SVGBackend, SeriesLabelPosition, WHITE,
    },
    style::{Color as _, IntoFont as _},
};

/// One axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it measures, with the unit.
    pub name: String,
    /// Its ends; worked out from the points when absent.
    pub ends: Option<(f64, f64)>,
    /// Whether its places have numbers; those of names do not.
    pub numbered: bool,
}

impl Axis {
    /// Makes an axis whose ends follow from the points.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ends: None, numbered: true }
    }

    /// Takes the numbers off: its places stand for the series' names.
    #[must_use]
    pub const fn of_names(mut self) -> Self {
        self.numbered = false;
        self
    }

    /// Fixes its ends.
    #[must_use]
    pub const fn from_to(mut self, from: f64, to: f64) -> Self {
        self.ends = Some((from, to));
        self
    }
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A line through its points.
    Line,
    /// Its points alone.
    Points,
    /// A bar from 0 to each point, as wide as the gap to the next.
    Bars,
    /// The area between its line and [`Series::lower`].
    Band,
}

/// One series of points.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// How it is drawn.
    pub mark: Mark,
    /// Its points, x rising.
    pub points: Vec<(f64, f64)>,
    /// The lower edge of a band, at the same x.
    pub lower: Vec<f64>,
}

impl Series {
    /// Makes a series.
    pub fn new(name: impl Into<String>, mark: Mark, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), mark, points, lower: Vec::new() }
    }

    /// Makes a band between two lines over the same x.
    pub fn band(name: impl Into<String>, x: &[f64], lower: Vec<f64>, upper: &[f64]) -> Self {
        let points = x.iter().copied().zip(upper.iter().copied()).collect();
        Self { name: name.into(), mark: Mark::Band, points, lower }
    }
}

/// A chart to be drawn.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, the later over the earlier.
    pub series: Vec<Series>,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

impl Chart {
    /// Makes a chart of the usual size.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis, series: Vec<Series>) -> Self {
        Self { title: title.into(), x, y, series, size: (560, 320) }
    }
}

/// A chart that could not be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chart '{title}' cannot be drawn: {reason}")]
pub struct Error {
    /// Which.
    pub title: String,
    /// Why.
    pub reason: String,
}

/// Colours that stay apart for most kinds of colour blindness (Okabe and Ito, 2008).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(213, 94, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Plane<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

/// Draws a chart as SVG.
///
/// # Errors
/// When the drawing library refuses; the chart's title is named.
pub fn chart(chart: &Chart) -> Result<String, Error> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, chart.size).into_drawing_area();
        let drawn = draw(&root, chart).and_then(|()| root.present().map_err(|e| e.to_string()));
        drawn.map_err(|reason| Error { title: chart.title.clone(), reason })?;
    }
    Ok(svg)
}

/// Draws charts of one size in rows of two, as one SVG.
///
/// # Errors
/// When the drawing library refuses; the chart's title is named.
pub fn picture(charts: &[Chart]) -> Result<String, Error> {
    let Some(first) = charts.first() else { return Ok(String::new()) };
    let (width, height) = first.size;
    let rows = charts.len().div_ceil(2) as u32;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (width * 2, height * rows)).into_drawing_area();
        for (area, chart) in root.split_evenly((rows as usize, 2)).iter().zip(charts) {
            draw(area, chart).map_err(|reason| Error { title: chart.title.clone(), reason })?;
        }
        // Once for the whole picture: presenting closes the document.
        root.present().map_err(|e| Error { title: first.title.clone(), reason: e.to_string() })?;
    }
    Ok(svg)
}

fn draw(root: &Area<'_>, chart: &Chart) -> Result<(), String> {
    let told = |e: &dyn std::fmt::Display| e.to_string();
    root.fill(&WHITE).map_err(|e| told(&e))?;
    let series: Vec<Series> = chart.series.iter().map(finite).collect();
    if series.iter().all(|one| one.points.is_empty()) {
        let text = format!("{}: nothing to show", chart.title);
        let style = ("sans-serif", 15).into_font();
        return root.draw_text(&text, &style.into(), (20, 20)).map_err(|e| told(&e));
    }
    let (x, y) = (ends_x(chart, &series), ends_y(chart, &series));
    let mut plane = ChartBuilder::on(root)
        .caption(&chart.title, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(38)
        .y_label_area_size(58)
        .build_cartesian_2d(x.0..x.1, y.0..y.1)
        .map_err(|e| told(&e))?;
    plane
        .configure_mesh()
        .x_desc(&chart.x.name)
        .y_desc(&chart.y.name)
        .light_line_style(RGBColor(240, 240, 240))
        .bold_line_style(RGBColor(222, 222, 222))
        .y_label_formatter(&short)
        .x_label_formatter(&short)
        .x_labels(if chart.x.numbered { 10 } else { 0 })
        .draw()
        .map_err(|e| told(&e))?;
    for (place, one) in series.iter().enumerate() {
        draw_series(&mut plane, one, COLOURS[place % COLOURS.len()])?;
    }
    if series.len() > 1 || !chart.x.numbered {
        plane
            .configure_series_labels()
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(200, 200, 200))
            .position(SeriesLabelPosition::UpperRight)
            .draw()
            .map_err(|e| told(&e))?;
    }
    Ok(())
}

fn draw_series(plane: &mut Plane<'_, '_>, series: &Series, colour: RGBColor) -> Result<(), String> {
    let points = series.points.clone();
    let drawn =
        match series.mark {
            Mark::Line => plane.draw_series(LineSeries::new(points, colour.stroke_width(2))),
            Mark::Points => {
                plane.draw_series(points.into_iter().map(|point| Circle::new(point, 3, colour.filled())))
            }
            Mark::Bars => plane.draw_series(bars(&points).into_iter().map(|(from, to, height)| {
                Rectangle::new([(from, 0.0), (to, height)], colour.mix(0.7).filled())
            })),
            Mark::Band => {
                let back = points.iter().zip(&series.lower).rev().map(|((x, _), low)| (*x, *low));
                let outline: Vec<(f64, f64)> = points.iter().copied().chain(back).collect();
                plane.draw_series([Polygon::new(outline, colour.mix(0.2).filled())])
            }
        };
    let labelled = drawn.map_err(|e| e.to_string())?;
    labelled
        .label(series.name.clone())
        .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(3)));
    Ok(())
}

/// Returns each bar's left and right edge and height. The last is as wide as the one before.
fn bars(points: &[(f64, f64)]) -> Vec<(f64, f64, f64)> {
    let usual = points.windows(2).map(|pair| pair[1].0 - pair[0].0).fold(f64::INFINITY, f64::min);
    let width = if usual.is_finite() { usual } else { 1.0 };
    points.iter().map(|(x, y)| (*x, x + width * 0.95, *y)).collect()
}

fn finite(series: &Series) -> Series {
    let sound = |(place, (x, y)): &(usize, &(f64, f64))| {
        x.is_finite() && y.is_finite() && series.lower.get(*place).is_none_or(|low| low.is_finite())
    };
    let kept: Vec<usize> = series.points.iter().enumerate().filter(sound).map(|(place, _)| place).collect();
    Series {
        name: series.name.clone(),
        mark: series.mark,
        points: kept.iter().map(|place| series.points[*place]).collect(),
        lower: kept.iter().filter_map(|place| series.lower.get(*place).copied()).collect(),
    }
}

fn ends_x(chart: &Chart, series: &[Series]) -> (f64, f64) {
    let all = series.iter().flat_map(|one| one.points.iter().map(|point| point.0));
    let bar = series.iter().filter(|one| one.mark == Mark::Bars).flat_map(|one| bars(&one.points));
    chart.x.ends.unwrap_or_else(|| spread(all.chain(bar.map(|(_, to, _)| to)), 0.0))
}

fn ends_y(chart: &Chart, series: &[Series]) -> (f64, f64) {
    let has_bars = series.iter().any(|one| one.mark == Mark::Bars);
    let all = series.iter().flat_map(|one| one.points.iter().map(|point| point.1).chain(one.lower.clone()));
    let zero = has_bars.then_some(0.0);
    chart.y.ends.unwrap_or_else(|| spread(all.chain(zero), 0.05))
}

/// Returns the ends of some values with a margin; a little room around a single value.
fn spread(values: impl Iterator<Item = f64>, margin: f64) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if high > low {
        let room = (high - low) * margin;
        // A scale of things that are never negative begins at 0.
        return (if low >= 0.0 { (low - room).max(0.0) } else { low - room }, high + room);
    }
    (low - 0.5, low + 0.5)
}

/// Writes a number for an axis: short, with k and M for thousands and millions.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape the drawing library asks for")]
fn short(value: &f64) -> String {
    let size = value.abs();
    let trimmed = |text: String| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    match size {
        s if s >= 1e6 => format!("{}M", trimmed(format!("{:.2}", value / 1e6))),
        s if s >= 1e4 => format!("{}k", trimmed(format!("{:.1}", value / 1e3))),
        s if s >= 100.0 => format!("{value:.0}"),
        s if s >= 0.1 || s == 0.0 => trimmed(format!("{value:.2}")),
        _ => trimmed(format!("{value:.4}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(mark: Mark) -> Chart {
        let series = Series::new("clicks", mark, vec![(0.0, 1.0), (1.0, 4.0), (2.0, 2.0)]);
        Chart::new("Clicks by hour", Axis::new("hour"), Axis::new("clicks"), vec![series])
    }

    #[test]
    fn every_mark_is_drawn() {
        for mark in [Mark::Line, Mark::Points, Mark::Bars] {
            let svg = chart(&small(mark)).expect("a plain chart");
            assert!(svg.starts_with("<svg") && svg.contains("Clicks by hour"), "{mark:?}");
        }
        let band = Series::band("95 %", &[0.0, 1.0], vec![0.0, 0.5], &[1.0, 2.0]);
        let svg = chart(&Chart { series: vec![band], ..small(Mark::Line) }).expect("a plain chart");
        assert!(svg.contains("polygon"));
    }

    #[test]
    fn a_picture_is_one_document() {
        let svg =
            picture(&[small(Mark::Line), small(Mark::Bars), small(Mark::Points)]).expect("plain charts");
        assert_eq!(svg.matches("</svg>").count(), 1);
        assert_eq!(svg.matches("Clicks by hour").count(), 3);
    }

    #[test]
    fn nothing_to_show_is_said() {
        let mut empty = small(Mark::Line);
        empty.series[0].points = vec![(f64::NAN, 1.0)];
        assert!(chart(&empty).expect("says so").contains("nothing to show"));
    }

    #[test]
    fn numbers_on_axes_are_short() {
        for (value, text) in
            [(0.0, "0"), (0.25, "0.25"), (1_250_000.0, "1.25M"), (20_000.0, "20k"), (0.0034, "0.0034")]
        {
            assert_eq!(short(&value), text);
        }
    }
}
