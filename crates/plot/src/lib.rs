//! Plots as SVG, and the pages that hold them.
//!
//! A plot is a title, two axes and some [`Series`]; [`chart`] draws it. A [`Page`] is one HTML file with everything in it, so
//! that a report can be mailed and opened anywhere. Nothing here knows what is plotted.
//!
//! Edge cases: points that are not finite are left out; a chart without points says so instead of failing.

mod chart;
mod page;

pub use chart::{Axis, Chart, Error, Mark, Series, chart, picture};
pub use page::{Page, Table, escape};
