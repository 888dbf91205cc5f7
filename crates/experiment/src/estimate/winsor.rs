//! Winsorising: a few extreme values no longer decide a mean.
//!
//! The cap is the quantile of both arms together, so it cannot favour one. It must be chosen before the data
//! are seen; choosing it after them is choosing the answer.

use crate::error::{Error, all_finite, at_least, open_unit};

/// Caps the values of both arms at the `quantile` of all of them, and returns the cap.
///
/// # Errors
/// [`Error::OutOfRange`] unless 0 < quantile < 1; [`Error::TooFew`] without values; [`Error::NotFinite`].
pub fn winsorise_pooled(quantile: f64, a: &mut [f64], b: &mut [f64]) -> Result<f64, Error> {
    open_unit("a quantile", quantile)?;
    at_least("a quantile", 1, a.len() + b.len())?;
    all_finite("values of A", a)?;
    all_finite("values of B", b)?;
    let mut all: Vec<f64> = a.iter().chain(b.iter()).copied().collect();
    all.sort_by(f64::total_cmp);
    let position = libm::ceil(quantile * all.len() as f64) as usize;
    let cap = all[position.clamp(1, all.len()) - 1];
    winsorise_upper(cap, a);
    winsorise_upper(cap, b);
    Ok(cap)
}

/// Caps the values at `cap`.
pub fn winsorise_upper(cap: f64, values: &mut [f64]) {
    for value in values {
        *value = value.min(cap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_is_the_pooled_quantile() {
        let mut a = [1.0, 2.0, 3.0, 4.0, 1000.0];
        let mut b = [5.0, 6.0, 7.0, 8.0, 9.0];
        assert_eq!(winsorise_pooled(0.9, &mut a, &mut b).unwrap(), 9.0);
        assert_eq!(a, [1.0, 2.0, 3.0, 4.0, 9.0]);
        assert_eq!(b, [5.0, 6.0, 7.0, 8.0, 9.0]);
    }
}
