//! Finding the one number of a simple bidder on the train part: a grid, then a finer one around the best.
//!
//! What is maximised is Σ pCTR under the same rules as in the replay, not clicks: the train part of a campaign has some hundred of
//! them, and a number tuned on so few is tuned on noise.

use crate::{Auction, Bidder, Rules, replay};

/// Points of the first grid, per factor of two: the number is found to about 1 %.
const COARSE: f64 = 1.25;
const FINE: f64 = 1.03;

/// Returns the number between `low` and `high` (both above 0) whose bidder does best on a log.
pub(crate) fn best<B: Bidder>(
    log: &[Auction],
    rules: &Rules,
    low: f64,
    high: f64,
    make: impl Fn(f64) -> B,
) -> f64 {
    let worth = |number: f64| replay(log, rules, &mut make(number), &mut |_| ()).sum_pctr;
    let search = |low: f64, high: f64, factor: f64| {
        let mut best = (f64::NEG_INFINITY, low);
        let mut number = low;
        while number <= high * factor {
            let found = worth(number);
            if found > best.0 {
                best = (found, number);
            }
            number *= factor;
        }
        best.1
    };
    let coarse = search(low, high, COARSE);
    search(coarse / COARSE, coarse * COARSE, FINE)
}
