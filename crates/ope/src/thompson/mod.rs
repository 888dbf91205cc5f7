//! Bernoulli Thompson sampling as a policy to ask about: each arm draws from its Beta distribution and the slate shows the
//! highest draws in order, so the probability of an arm at a position is the chance that its draw has that rank.
//!
//! That chance has no closed form and is counted over simulated slates, with a standard error of
//! √(p(1 − p) ÷ simulations): at 100,000 slates at most 0.0016. Chance is keyed by (seed, slate), so the table is the same on
//! every machine. The parameters stand still: this is the policy of one moment, not one that learns along the log.
//!
//! Beta draws are X ÷ (X + Y) of two Gamma draws (Marsaglia and Tsang, ACM TOMS 26, 2000).

mod priors;

use motet_units::{Chance, Stream};

use crate::{Error, Table};

/// A campaign of the Open Bandit Data, whose starting parameters are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Campaign {
    /// All 80 items.
    All,
    /// The 34 items for men.
    Men,
    /// The 46 items for women.
    Women,
}

impl Campaign {
    /// Returns the campaign of that name: `all`, `men` or `women`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "all" => Some(Self::All),
            "men" => Some(Self::Men),
            "women" => Some(Self::Women),
            _ => None,
        }
    }

    /// Returns the parameters of its items.
    pub const fn priors(self) -> &'static [(u32, u32)] {
        match self {
            Self::All => &priors::ALL,
            Self::Men => &priors::MEN,
            Self::Women => &priors::WOMEN,
        }
    }
}

/// Thompson sampling over arms with Beta(α, β) beliefs.
#[derive(Clone, Debug)]
pub struct Thompson {
    arms: Vec<(Gamma, Gamma)>,
}

impl Thompson {
    /// Makes the policy from each arm's (α, β).
    ///
    /// # Errors
    /// A parameter that is not positive and finite, or no arm.
    pub fn new(arms: &[(f64, f64)]) -> Result<Self, Error> {
        if arms.is_empty() {
            return Err(Error::Shape { actions: 0, positions: 1 });
        }
        for (arm, &(alpha, beta)) in arms.iter().enumerate() {
            if !(alpha > 0.0 && beta > 0.0 && alpha.is_finite() && beta.is_finite()) {
                return Err(Error::Prior { arm, alpha, beta });
            }
        }
        Ok(Self { arms: arms.iter().map(|&(a, b)| (Gamma::new(a), Gamma::new(b))).collect() })
    }

    /// Makes the policy that a campaign of the Open Bandit Data started with.
    pub fn of_campaign(campaign: Campaign) -> Self {
        let gamma = |n: u32| Gamma::new(f64::from(n));
        Self { arms: campaign.priors().iter().map(|&(a, b)| (gamma(a), gamma(b))).collect() }
    }

    /// Counts out the policy's table over so many simulated slates (at least one).
    ///
    /// # Errors
    /// No position, or more positions than arms.
    pub fn table(&self, positions: usize, simulations: u32, seed: u64) -> Result<Table, Error> {
        if positions == 0 || positions > self.arms.len() {
            return Err(Error::OutOfRange { what: "the position", found: positions, limit: self.arms.len() });
        }
        let simulations = simulations.max(1);
        let mut counts = vec![vec![0_u32; self.arms.len()]; positions];
        let mut slate = Vec::with_capacity(positions + 1);
        for simulation in 0..simulations {
            let mut stream = Chance::new(seed, u64::from(simulation)).stream("ope.thompson");
            self.draw_slate(positions, &mut stream, &mut slate);
            slate.iter().enumerate().for_each(|(position, &(_, arm))| counts[position][arm] += 1);
        }
        let share = |count: u32| f64::from(count) / f64::from(simulations);
        let rows: Vec<Vec<f64>> = counts.iter().map(|row| row.iter().map(|&c| share(c)).collect()).collect();
        Table::new(&rows)
    }

    /// Draws every arm and keeps the highest, highest first. A tie goes to the lower arm.
    fn draw_slate(&self, positions: usize, stream: &mut Stream, slate: &mut Vec<(f64, usize)>) {
        slate.clear();
        for (arm, (alpha, beta)) in self.arms.iter().enumerate() {
            let x = alpha.draw(stream);
            let draw = x / (x + beta.draw(stream));
            let rank = slate.iter().take_while(|&&(better, _)| better >= draw).count();
            if rank < positions {
                slate.insert(rank, (draw, arm));
                slate.truncate(positions);
            }
        }
    }
}

/// A Gamma distribution of scale 1, by Marsaglia and Tsang.
#[derive(Clone, Copy, Debug)]
struct Gamma {
    d: f64,
    c: f64,
    /// 1 ÷ shape where the shape is below 1 and the draw has to be raised from shape + 1.
    boost: Option<f64>,
}

impl Gamma {
    fn new(shape: f64) -> Self {
        let (shape, boost) = if shape < 1.0 { (shape + 1.0, Some(1.0 / shape)) } else { (shape, None) };
        let d = shape - 1.0 / 3.0;
        Self { d, c: 1.0 / libm::sqrt(9.0 * d), boost }
    }

    fn draw(self, stream: &mut Stream) -> f64 {
        let raised = self.boost.map_or(1.0, |power| libm::pow(open_unit(stream), power));
        loop {
            let z = normal(stream);
            let v = 1.0 + self.c * z;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            let u = open_unit(stream);
            let z2 = z * z;
            // The first test spares the logarithms in more than 95 of 100 draws.
            let taken =
                u < 1.0 - 0.0331 * z2 * z2 || libm::log(u) < 0.5 * z2 + self.d * (1.0 - v + libm::log(v));
            if taken {
                return self.d * v * raised;
            }
        }
    }
}

/// A draw above 0 and below 1.
fn open_unit(stream: &mut Stream) -> f64 {
    stream.unit() + 0.5 / (1_u64 << 53) as f64
}

/// A standard normal draw (Marsaglia's polar method, one of the pair).
fn normal(stream: &mut Stream) -> f64 {
    loop {
        let (x, y) = (2.0 * stream.unit() - 1.0, 2.0 * stream.unit() - 1.0);
        let s = x * x + y * y;
        if s > 0.0 && s < 1.0 {
            return x * libm::sqrt(-2.0 * libm::log(s) / s);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_draws_have_the_mean_and_variance_of_their_shape() {
        for shape in [0.5, 1.0, 3.0, 40.0] {
            let gamma = Gamma::new(shape);
            let mut stream = Chance::new(1, 1).stream("test");
            let draws: Vec<f64> = (0..40_000).map(|_| gamma.draw(&mut stream)).collect();
            let mean = draws.iter().sum::<f64>() / 40_000.0;
            let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 40_000.0;
            // Five standard errors: √(shape ÷ n) for the mean, about shape × √((2 + 6 ÷ shape) ÷ n) for the variance.
            assert!((mean - shape).abs() < 5.0 * (shape / 40_000.0).sqrt(), "{shape}: mean {mean}");
            let allowed = 5.0 * shape * ((2.0 + 6.0 / shape) / 40_000.0).sqrt();
            assert!((variance - shape).abs() < allowed, "{shape}: variance {variance}");
        }
    }

    #[test]
    fn equal_arms_share_every_position_evenly() {
        let table = Thompson::new(&[(2.0, 5.0); 4]).unwrap().table(2, 20_000, 3).unwrap();
        for position in 0..2 {
            for &p in table.at(position) {
                assert!((p - 0.25).abs() < 5.0 * (0.1875_f64 / 20_000.0).sqrt(), "{p}");
            }
        }
    }

    #[test]
    fn two_arms_win_as_often_as_the_integral_says() {
        // P(Beta(2, 1) > Beta(1, 1)) = E[X] = 2 / 3.
        let table = Thompson::new(&[(2.0, 1.0), (1.0, 1.0)]).unwrap().table(1, 50_000, 9).unwrap();
        assert!((table.at(0)[0] - 2.0 / 3.0).abs() < 0.01, "{:?}", table.at(0));
    }

    #[test]
    fn arms_without_a_belief_are_turned_away() {
        assert!(matches!(Thompson::new(&[(1.0, 0.0)]), Err(Error::Prior { arm: 0, .. })));
        assert!(Thompson::new(&[]).is_err());
        assert!(Thompson::new(&[(1.0, 1.0)]).unwrap().table(2, 10, 1).is_err());
    }
}
