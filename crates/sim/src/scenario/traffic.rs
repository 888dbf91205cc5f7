//! When people come: the curve of the day and the week.

use serde::{Deserialize, Serialize};

/// How activity is spread over hours and weekdays, by the name of its model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum Traffic {
    /// The same at every hour.
    Flat,
    /// Two waves a day, morning and evening, as commuters and evening readers make them.
    Commuter,
    /// As stated or measured.
    Table {
        /// A weight for each hour of the day, 24 of them.
        hours: Vec<f64>,
        /// A weight for each weekday from Monday, 7 of them.
        #[serde(default = "even_week")]
        weekdays: Vec<f64>,
    },
}

fn even_week() -> Vec<f64> {
    vec![1.0; 7]
}

const COMMUTER: [f64; 24] = [
    0.35, 0.22, 0.16, 0.14, 0.18, 0.40, 0.90, 1.50, 1.65, 1.30, 1.10, 1.10, 1.20, 1.15, 1.05, 1.10, 1.30,
    1.65, 1.70, 1.50, 1.45, 1.35, 1.00, 0.65,
];
const COMMUTER_WEEK: [f64; 7] = [1.02, 1.03, 1.04, 1.04, 1.06, 0.92, 0.89];

impl Traffic {
    /// Returns the weights of the 168 hours of a week from Monday midnight, with mean 1.
    pub fn week(&self) -> Vec<f64> {
        let (hours, weekdays): (Vec<f64>, Vec<f64>) = match self {
            Self::Flat => (vec![1.0; 24], even_week()),
            Self::Commuter => (COMMUTER.to_vec(), COMMUTER_WEEK.to_vec()),
            Self::Table { hours, weekdays } => (hours.clone(), weekdays.clone()),
        };
        let weights: Vec<f64> =
            weekdays.iter().flat_map(|day| hours.iter().map(move |hour| day * hour)).collect();
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        weights.iter().map(|weight| weight / mean).collect()
    }

    pub(super) fn fault(&self) -> Option<&'static str> {
        let Self::Table { hours, weekdays } = self else { return None };
        let sound =
            |list: &[f64]| list.iter().all(|w| w.is_finite() && *w >= 0.0) && list.iter().any(|w| *w > 0.0);
        if hours.len() != 24 || !sound(hours) {
            return Some("hours needs 24 weights, not negative, one above 0");
        }
        (weekdays.len() != 7 || !sound(weekdays))
            .then_some("weekdays needs 7 weights, not negative, one above 0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_has_mean_one() {
        let week = Traffic::Commuter.week();
        assert_eq!(week.len(), 168);
        assert!((week.iter().sum::<f64>() / 168.0 - 1.0).abs() < 1e-12);
    }
}
