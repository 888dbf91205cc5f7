//! How good impressions are: the pCTRs that came, counted in eighths of a factor of two.

/// Cells of a factor of two.
const CELLS: usize = 8;
/// The least pCTR with a cell of its own is 2^−30.
const LOWEST: i32 = -30;
const COUNT: usize = 30 * CELLS + 1;

/// What is known of pCTRs.
#[derive(Clone, Debug)]
pub(crate) struct Worths {
    weights: [f64; COUNT],
    sums: [f64; COUNT],
    weight: f64,
    growth: f64,
    /// Share and mean of the cells that hold anything, from the least up.
    pub(crate) cells: Vec<(f64, f64)>,
    /// The mean pCTR.
    pub(crate) mean: f64,
    /// The mean square over the square of the mean: 1 where all are alike.
    pub(crate) unlike: f64,
}

impl Worths {
    /// Starts without knowledge, with a memory that halves every `memory` auctions.
    pub(crate) fn new(memory: f64) -> Self {
        let growth = libm::exp2(1.0 / memory.max(1.0));
        Self {
            weights: [0.0; COUNT],
            sums: [0.0; COUNT],
            weight: 1.0,
            growth,
            cells: Vec::new(),
            mean: 0.0,
            unlike: 1.0,
        }
    }

    /// Learns of an impression.
    pub(crate) fn saw(&mut self, pctr: f64) {
        if pctr.is_nan() || pctr <= 0.0 {
            return;
        }
        self.weight *= self.growth;
        if self.weight > 1e12 {
            for row in [&mut self.weights, &mut self.sums] {
                for weight in row {
                    *weight /= self.weight;
                }
            }
            self.weight = 1.0;
        }
        let cell = ((pctr as f32).to_bits() >> 20).cast_signed() - ((127 + LOWEST) << 3);
        let cell = (cell.max(0) as usize).min(COUNT - 1);
        self.weights[cell] += self.weight;
        self.sums[cell] += self.weight * pctr;
    }

    /// Works the shares out anew.
    pub(crate) fn settle(&mut self) {
        let all: f64 = self.weights.iter().sum();
        let filled = self.weights.iter().zip(&self.sums).filter(|(weight, _)| **weight > 0.0);
        self.cells.clear();
        self.cells.extend(filled.map(|(weight, sum)| (weight / all, sum / weight)));
        self.mean = self.cells.iter().map(|(share, pctr)| share * pctr).sum();
        let square: f64 = self.cells.iter().map(|(share, pctr)| share * pctr * pctr).sum();
        self.unlike = square / (self.mean * self.mean).max(f64::MIN_POSITIVE);
    }
}
