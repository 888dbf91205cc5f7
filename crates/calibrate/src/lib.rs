//! Fits a world to logs and says how well it fits.
//!
//! [`calibrate`] reads a history twice: once to learn how clicks are predicted (the classes), once to take every row into a
//! sample, half of which is held out by blocks of neighbouring rows. From the other half it fits the traffic curve, floors, the
//! landscape of prices to beat, click and conversion rates and delays into a [`Scenario`]; then it lets that world's market
//! run and compares what comes out with the half held out.
//!
//! What it never does: look at the held-out half while fitting, choose a model by it, or call a quantity fitted for which the log
//! has too few events; the [`FitReport`] says which those are.

mod classes;
mod error;
mod fit;
mod held_out;
mod landscape;
mod page;
mod sample;

pub use error::Error;
pub use fit::{Fit, Options, calibrate};
pub use held_out::{ClassCheck, FitReport, HourCheck, Judged};
pub use landscape::{Landscape, Price};
pub use page::page;
pub use sample::{Row, Sample};

#[doc(no_inline)]
pub use motet_sim::Scenario;
