//! Logistic regression with an L2 penalty on everything but the intercept.
//!
//! Minimises ½‖w‖² + Σ log loss, the objective scikit-learn's `LogisticRegression` minimises at `C = 1`, by Newton's method to
//! its only minimum; scikit-learn's L-BFGS stops earlier, within about a millionth of it. Features are taken as they come,
//! not scaled. Where all rewards are equal there is nothing to learn and the model says that reward.

use crate::Error;

/// Newton steps before the fit is taken as it is; ten are usual.
const MAX_STEPS: usize = 100;
/// The largest component of the gradient at which the fit is done.
const GRADIENT_TOLERANCE: f64 = 1e-9;

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// Log odds where every feature is 0; infinite where only one reward was seen.
    pub intercept: f64,
    /// Change of the log odds per unit of each feature.
    pub coefficients: Vec<f64>,
}

impl Logistic {
    /// Fits rows of features, of `width` values each, to rewards in 0 to 1.
    ///
    /// # Errors
    /// A reward outside 0 to 1, or no row.
    pub fn fit(width: usize, features: &[f64], rewards: &[f64]) -> Result<Self, Error> {
        if let Some(&reward) = rewards.iter().find(|reward| !(0.0..=1.0).contains(*reward)) {
            return Err(Error::Reward(reward));
        }
        crate::log::check_length("the rows to learn from", features.len(), width * rewards.len())?;
        let Some(&first) = rewards.first() else {
            return Err(Error::Length { what: "the list of rewards to learn from", found: 0, expected: 1 });
        };
        if rewards.iter().all(|&reward| reward.to_bits() == first.to_bits()) {
            let intercept = libm::log(first) - libm::log1p(-first);
            return Ok(Self { intercept, coefficients: vec![0.0; width] });
        }
        let rows = sparse(width, features, rewards.len());
        let weights = Problem { rows, rewards, width: width + 1 }.minimise();
        Ok(Self { intercept: weights[width], coefficients: weights[..width].to_vec() })
    }

    /// Returns the expected reward for these features.
    pub fn predict(&self, features: &[f64]) -> f64 {
        let odds: f64 = self.coefficients.iter().zip(features).map(|(c, x)| c * x).sum();
        logistic(self.intercept + odds)
    }
}

/// 1 ÷ (1 + e^−x).
///
/// ```
/// assert_eq!(motet_ope::reward::Logistic { intercept: 0.0, coefficients: vec![] }.predict(&[]), 0.5);
/// ```
pub(super) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// The values of a row that are not zero, the intercept's 1 last: one-hot features are mostly zeros.
type Row = Vec<(usize, f64)>;

fn sparse(width: usize, features: &[f64], rows: usize) -> Vec<Row> {
    let row = |values: &[f64]| -> Row {
        let kept = values.iter().copied().enumerate().filter(|&(_, value)| value != 0.0);
        kept.chain([(width, 1.0)]).collect()
    };
    if width == 0 {
        return vec![row(&[]); rows];
    }
    features.chunks_exact(width).map(row).collect()
}

struct Problem<'a> {
    rows: Vec<Row>,
    rewards: &'a [f64],
    /// Features and the intercept, which is the last.
    width: usize,
}

impl Problem<'_> {
    fn minimise(&self) -> Vec<f64> {
        let mut weights = vec![0.0; self.width];
        let mut loss = self.loss(&weights);
        for _ in 0..MAX_STEPS {
            let (gradient, hessian) = self.derivatives(&weights);
            if gradient.iter().all(|g| g.abs() < GRADIENT_TOLERANCE) {
                break;
            }
            let step = solve(hessian, gradient, self.width);
            let Some((next, lower)) = self.descend(&weights, &step, loss) else { break };
            (weights, loss) = (next, lower);
        }
        weights
    }

    /// Takes the whole step, or as many halves of it as still lower the loss; `None` when none does.
    fn descend(&self, weights: &[f64], step: &[f64], loss: f64) -> Option<(Vec<f64>, f64)> {
        let mut share = 1.0;
        for _ in 0..30 {
            let next: Vec<f64> = weights.iter().zip(step).map(|(w, s)| w - share * s).collect();
            let found = self.loss(&next);
            if found <= loss {
                return Some((next, found));
            }
            share *= 0.5;
        }
        None
    }

    fn loss(&self, weights: &[f64]) -> f64 {
        let penalty: f64 = weights[..self.width - 1].iter().map(|w| 0.5 * w * w).sum();
        let losses = self.rows.iter().zip(self.rewards).map(|(row, reward)| {
            let x = dot(row, weights);
            // ln(1 + e^x) without overflow.
            x.max(0.0) + libm::log1p(libm::exp(-x.abs())) - reward * x
        });
        penalty + losses.sum::<f64>()
    }

    fn derivatives(&self, weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let width = self.width;
        let mut gradient = weights.to_vec();
        gradient[width - 1] = 0.0;
        let mut hessian = vec![0.0; width * width];
        (0..width - 1).for_each(|i| hessian[i * (width + 1)] = 1.0);
        for (row, reward) in self.rows.iter().zip(self.rewards) {
            let p = logistic(dot(row, weights));
            let curvature = p * (1.0 - p);
            for &(i, x) in row {
                gradient[i] += (p - reward) * x;
                for &(j, y) in row {
                    hessian[i * width + j] += curvature * x * y;
                }
            }
        }
        (gradient, hessian)
    }
}

fn dot(row: &Row, weights: &[f64]) -> f64 {
    row.iter().map(|&(i, x)| x * weights[i]).sum()
}

/// Solves `matrix` · x = `right` for a symmetric positive definite matrix, by Cholesky's decomposition.
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>, n: usize) -> Vec<f64> {
    for j in 0..n {
        for i in j..n {
            let inner: f64 = (0..j).map(|k| matrix[i * n + k] * matrix[j * n + k]).sum();
            let rest = matrix[i * n + j] - inner;
            // The penalty keeps the diagonal above 0; the intercept's is the sum of curvatures, held off 0 here.
            matrix[i * n + j] =
                if i == j { libm::sqrt(rest.max(1e-300)) } else { rest / matrix[j * (n + 1)] };
        }
    }
    for i in 0..n {
        let inner: f64 = (0..i).map(|k| matrix[i * n + k] * right[k]).sum();
        right[i] = (right[i] - inner) / matrix[i * (n + 1)];
    }
    for i in (0..n).rev() {
        let inner: f64 = (i + 1..n).map(|k| matrix[k * n + i] * right[k]).sum();
        right[i] = (right[i] - inner) / matrix[i * (n + 1)];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intercept_alone_is_the_log_odds_of_the_mean() {
        let model = Logistic::fit(1, &[0.0; 4], &[1.0, 0.0, 0.0, 0.0]).unwrap();
        assert!((model.intercept - (1.0_f64 / 3.0).ln()).abs() < 1e-9);
        assert!((model.predict(&[0.0]) - 0.25).abs() < 1e-10);
    }

    #[test]
    fn the_gradient_of_the_stated_objective_is_zero_at_the_fit() {
        let x = [1.0, 3.0, 0.0, 2.0, 4.0, 0.5, 1.0, 1.0, 2.0, 0.0];
        let y = [1.0, 0.0, 1.0, 0.0, 1.0];
        let model = Logistic::fit(2, &x, &y).unwrap();
        let residual = |i: usize| model.predict(&x[2 * i..2 * i + 2]) - y[i];
        for feature in 0..2 {
            let sum: f64 = (0..5).map(|i| residual(i) * x[2 * i + feature]).sum();
            assert!((sum + model.coefficients[feature]).abs() < 1e-8);
        }
        assert!((0..5).map(residual).sum::<f64>().abs() < 1e-8);
    }

    #[test]
    fn where_nobody_clicked_nobody_is_expected_to() {
        let model = Logistic::fit(1, &[1.0, 2.0], &[0.0, 0.0]).unwrap();
        assert!(model.predict(&[5.0]) <= 0.0);
        let model = Logistic::fit(1, &[1.0, 2.0], &[1.0, 1.0]).unwrap();
        assert!(model.predict(&[5.0]) >= 1.0);
    }

    #[test]
    fn features_far_apart_still_converge() {
        let x: Vec<f64> = (0..40).map(|i| f64::from(i) * 50.0 - 1_000.0).collect();
        let y: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i > 20 || i == 3))).collect();
        let model = Logistic::fit(1, &x, &y).unwrap();
        let sum: f64 = (0..40).map(|i| (model.predict(&x[i..=i]) - y[i]) * x[i]).sum();
        assert!((sum + model.coefficients[0]).abs() < 1e-6, "{sum}");
    }

    #[test]
    fn rewards_outside_zero_to_one_are_turned_away() {
        assert!(matches!(Logistic::fit(1, &[1.0], &[2.0]), Err(Error::Reward(_))));
        assert!(Logistic::fit(1, &[], &[]).is_err());
    }
}
