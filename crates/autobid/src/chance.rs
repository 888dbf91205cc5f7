//! Draws that training and its replayed markets need, from keyed streams.

use motet_units::Stream;

/// Draws a standard normal, by Box and Muller's method.
pub(crate) fn normal(stream: &mut Stream) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - stream.unit()));
    radius * libm::cos(core::f64::consts::TAU * stream.unit())
}

/// Draws how often something of this mean happens (Poisson), by counting down; for means up to some hundred.
pub(crate) fn poisson(stream: &mut Stream, mean: f64) -> f64 {
    let (mut count, mut left) = (0.0, libm::exp(-mean.clamp(0.0, 500.0)));
    let floor = left;
    let mut drawn = stream.unit();
    while drawn > left && floor > 0.0 && count < 2_000.0 {
        drawn -= left;
        count += 1.0;
        left *= mean / count;
        if left <= 0.0 {
            break;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use motet_units::Chance;

    #[test]
    fn counts_have_the_mean_and_the_spread_of_poisson() {
        let mut stream = Chance::new(3, 0).stream("test");
        for mean in [0.2, 2.5, 12.0] {
            let draws: Vec<f64> = (0..40_000).map(|_| poisson(&mut stream, mean)).collect();
            let average = draws.iter().sum::<f64>() / 40_000.0;
            let spread = draws.iter().map(|d| (d - average) * (d - average)).sum::<f64>() / 40_000.0;
            // Five standard errors of each.
            assert!((average - mean).abs() < 5.0 * (mean / 40_000.0).sqrt(), "{mean}: {average}");
            assert!((spread / mean - 1.0).abs() < 0.06 + 0.05 / mean, "{mean}: {spread}");
        }
    }
}
