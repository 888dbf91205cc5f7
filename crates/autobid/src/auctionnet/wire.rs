//! The bidder over lines of JSON: one object a tick in, one out.
//!
//! In: `tick`, `budget`, `remaining_budget`, `cpa`, `category`, `p_values`, `p_value_sigmas`, and of the tick before `bids`, `won`, `cost`, `conversions`,
//! `least_winning_cost`. The last five are rows with one number (or, for `won` and `conversions`, truth value) for each impression of that tick, in its
//! order; `cost` is what was really paid, so 0 for what was won and not shown. `won`, `cost` and `conversions` may be one total each, and
//! `least_winning_cost` one mean. At tick 0 they may be missing, null or empty; tick 0 starts an episode anew. Fields of other
//! names are ignored. Out: `bids`, one for each value.
//!
//! Every error names its field. Nothing is guessed: a tick out of order, a row of another length or a number out of range ends the
//! conversation.

use serde_json::{Map, Value};

use super::seat::{Account, Brought, Driven};

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The line is not a JSON object.
    #[error("line {line} is no JSON object: {why}")]
    NoObject {
        /// The line, from 1.
        line: u64,
        /// What the parser says.
        why: String,
    },
    /// A field is missing, or not what it must be.
    #[error("line {line}: field '{field}' must be {expected}, was {found}")]
    Field {
        /// The line, from 1.
        line: u64,
        /// The field, with the place in its row where there is one.
        field: String,
        /// What it must be.
        expected: String,
        /// What it is, shortened.
        found: String,
    },
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Talk {
    driven: Driven,
    line: u64,
    /// The last tick answered, with its values.
    last: Option<(u64, Vec<f64>)>,
}

/// What is wrong with a field, before it is known on which line.
type Wrong = (String, String, String);

impl Talk {
    /// Starts a conversation.
    pub const fn new(driven: Driven) -> Self {
        Self { driven, line: 0, last: None }
    }

    /// Answers a line.
    ///
    /// # Errors
    ///
    /// When the line is not what it must be.
    pub fn answer(&mut self, line: &str) -> Result<String, Error> {
        self.line += 1;
        let no_object = |why: String| Error::NoObject { line: self.line, why };
        let object: Map<String, Value> =
            serde_json::from_str(line).map_err(|why| no_object(why.to_string()))?;
        let bids = self.bids(&object).map_err(|(field, expected, found)| Error::Field {
            line: self.line,
            field,
            expected,
            found,
        })?;
        Ok(serde_json::json!({ "bids": bids }).to_string())
    }

    fn bids(&mut self, object: &Map<String, Value>) -> Result<Vec<f64>, Wrong> {
        let tick = self.tick(object)?;
        let account = account(object, tick)?;
        let values = row(object, "p_values", None, (0.0, 1.0))?;
        row(object, "p_value_sigmas", Some(values.len()), (0.0, f64::MAX))?;
        let brought = match &self.last {
            Some((_, before)) if tick > 0 => Some(brought(object, before)?),
            _ => None,
        };
        if tick == 0 {
            self.driven.restart();
        }
        let bids = self.driven.bids(&account, &values, brought);
        self.last = Some((tick, values));
        Ok(bids)
    }

    fn tick(&self, object: &Map<String, Value>) -> Result<u64, Wrong> {
        let found = object.get("tick");
        let wrong = |expected: String| ("tick".to_owned(), expected, shortened(found));
        let tick =
            found.and_then(Value::as_u64).ok_or_else(|| wrong("a whole number in 0 to 47".to_owned()))?;
        let next = self.last.as_ref().map_or(0, |(last, _)| last + 1);
        match tick {
            0 => Ok(0),
            _ if tick > 47 => Err(wrong("a whole number in 0 to 47".to_owned())),
            _ if tick == next => Ok(tick),
            _ if next == 0 || next > 47 => Err(wrong("0, which starts an episode".to_owned())),
            _ => Err(wrong(format!("{next}, or 0 to start an episode"))),
        }
    }
}

fn account(object: &Map<String, Value>, tick: u64) -> Result<Account, Wrong> {
    let budget = number(object, "budget", (f64::MIN_POSITIVE, 1e15))?;
    let remaining = number(object, "remaining_budget", (0.0, budget * (1.0 + 1e-9)))?;
    let target = number(object, "cpa", (f64::MIN_POSITIVE, 1e12))?;
    let category = object.get("category");
    if category.and_then(Value::as_u64).is_none() {
        return Err(("category".to_owned(), "a whole number, 0 or more".to_owned(), shortened(category)));
    }
    Ok(Account { tick: tick as usize, budget, remaining, target })
}

/// Reads what the tick before brought, given its values.
fn brought(object: &Map<String, Value>, before: &[f64]) -> Result<Brought, Wrong> {
    let many = Some(before.len());
    row(object, "bids", many, (0.0, f64::MAX))?;
    let won = total(object, "won", before.len())?;
    let cost = total(object, "cost", before.len())?;
    let conversions = total(object, "conversions", before.len())?;
    let prices = total(object, "least_winning_cost", before.len())?;
    let promised = |shown: &[f64]| -> f64 {
        shown.iter().zip(before).filter(|(shown, _)| **shown > 0.0).map(|(_, value)| value).sum()
    };
    let mean = before.iter().sum::<f64>() / (before.len() as f64).max(1.0);
    let expected = match (&cost, &won) {
        // What was paid for was shown, and only that can convert.
        (Total::Each(cost), _) => promised(cost),
        (Total::All(_), Total::Each(won)) => promised(won),
        (Total::All(_), Total::All(won)) => won * mean,
    };
    let price_mean = match &prices {
        Total::Each(prices) => prices.iter().sum::<f64>() / (prices.len() as f64).max(1.0),
        Total::All(mean) => *mean,
    };
    Ok(Brought { cost: cost.sum(), conversions: conversions.sum(), expected, price_mean })
}

/// Something told for each impression, or for all of them together.
enum Total {
    Each(Vec<f64>),
    All(f64),
}

impl Total {
    fn sum(&self) -> f64 {
        match self {
            Self::Each(row) => row.iter().sum(),
            Self::All(sum) => *sum,
        }
    }
}

fn total(object: &Map<String, Value>, field: &str, many: usize) -> Result<Total, Wrong> {
    match object.get(field) {
        Some(Value::Number(_)) => Ok(Total::All(number(object, field, (0.0, f64::MAX))?)),
        _ => Ok(Total::Each(row(object, field, Some(many), (0.0, f64::MAX))?)),
    }
}

fn number(object: &Map<String, Value>, field: &str, (least, most): (f64, f64)) -> Result<f64, Wrong> {
    let found = object.get(field);
    let fits = found.and_then(Value::as_f64).filter(|value| (least..=most).contains(value));
    fits.ok_or_else(|| (field.to_owned(), range(least, most), shortened(found)))
}

/// Reads a row of numbers; truth values count as 1 and 0.
fn row(
    object: &Map<String, Value>,
    field: &str,
    many: Option<usize>,
    (least, most): (f64, f64),
) -> Result<Vec<f64>, Wrong> {
    let found = object.get(field);
    let Some(Value::Array(row)) = found else {
        return Err((field.to_owned(), "a row of numbers".to_owned(), shortened(found)));
    };
    if let Some(many) = many.filter(|many| *many != row.len()) {
        return Err((
            field.to_owned(),
            format!("a row of {many} numbers"),
            format!("a row of {}", row.len()),
        ));
    }
    let one = |(place, value): (usize, &Value)| {
        let read = value.as_f64().or_else(|| value.as_bool().map(|yes| f64::from(u8::from(yes))));
        let fits = read.filter(|read| (least..=most).contains(read));
        fits.ok_or_else(|| (format!("{field}[{place}]"), range(least, most), shortened(Some(value))))
    };
    row.iter().enumerate().map(one).collect()
}

fn range(least: f64, most: f64) -> String {
    match (least <= f64::MIN_POSITIVE && least > 0.0, most >= 1e12) {
        (true, _) => "a number above 0".to_owned(),
        (_, true) => format!("a number, {least} or more"),
        _ => format!("a number in {least} to {most}"),
    }
}

/// Returns a value's text, no longer than a message bears.
fn shortened(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "missing".to_owned(), Value::to_string);
    if text.chars().count() <= 40 {
        text
    } else {
        format!("{}…", text.chars().take(40).collect::<String>())
    }
}
