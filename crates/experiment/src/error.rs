//! What makes a comparison impossible. Nothing here is a statistical outcome: "undecided" is an answer, not an error.

use thiserror::Error;

/// Why a statistic cannot be computed from what was given.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Error {
    /// Fewer values than the statistic needs.
    #[error("{what} needs at least {needed} values, was given {given}")]
    TooFew {
        /// What was to be computed.
        what: &'static str,
        /// The least number of values.
        needed: usize,
        /// The number given.
        given: usize,
    },
    /// Two lists that go together have different lengths.
    #[error("{what}: {left} values on one side, {right} on the other")]
    Unequal {
        /// What the lists are.
        what: &'static str,
        /// The length of the first.
        left: usize,
        /// The length of the second.
        right: usize,
    },
    /// A value is not a finite number.
    #[error("{what}: value {index} is {value}, not a finite number")]
    NotFinite {
        /// What the list is.
        what: &'static str,
        /// The position in the list, from 0.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A setting is outside its range.
    #[error("{what} must be {range}, was {value}")]
    OutOfRange {
        /// The setting.
        what: &'static str,
        /// The value given.
        value: f64,
        /// The range in words.
        range: &'static str,
    },
    /// A ratio whose denominators add up to nothing.
    #[error("{what}: the denominators add up to {sum}, so the ratio has no value")]
    NoDenominator {
        /// The metric.
        what: &'static str,
        /// The sum of the denominators.
        sum: f64,
    },
    /// A comparison was asked for without a metric.
    #[error("a comparison needs at least one metric, was given none")]
    NoMetric,
    /// Two metrics of one comparison have the same name.
    #[error("metric \"{name}\" is given twice")]
    SameName {
        /// The name.
        name: String,
    },
    /// One metric of a comparison cannot be computed.
    #[error("metric \"{name}\": {source}")]
    Metric {
        /// The metric.
        name: String,
        /// Why.
        source: Box<Error>,
    },
}

/// Checks that every value is a finite number.
pub(crate) fn all_finite(what: &'static str, values: &[f64]) -> Result<(), Error> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::NotFinite { what, index, value: values[index] }),
    }
}

/// Checks that two lists go together.
pub(crate) fn same_length(what: &'static str, left: &[f64], right: &[f64]) -> Result<(), Error> {
    if left.len() == right.len() {
        Ok(())
    } else {
        Err(Error::Unequal { what, left: left.len(), right: right.len() })
    }
}

/// Checks that there are enough values.
pub(crate) fn at_least(what: &'static str, needed: usize, given: usize) -> Result<(), Error> {
    if given >= needed { Ok(()) } else { Err(Error::TooFew { what, needed, given }) }
}

/// Checks that a rate lies strictly between 0 and 1.
pub(crate) fn open_unit(what: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value < 1.0 {
        Ok(())
    } else {
        Err(Error::OutOfRange { what, value, range: "above 0 and below 1" })
    }
}
