//! Matrix products of small networks, in vectors of eight, and the same to the bit on every machine.
//!
//! Every element of a product is one chain of fused multiply-adds in the order of the depth, whatever the width of
//! the processor's vectors and however the rows are cut. So a batch of one gives the bits of a batch of 256, and a
//! machine without vectors gives the bits of one with them (slowly, as it emulates the fused operation).
//!
//! A right-hand matrix `[depth, columns]` lies in *panels*: 16 columns (8 where the matrix has at most 8) for every
//! depth, one panel after another, the last filled up with zeros. A panel fits the first cache beside the rows, and
//! a network keeps its weights in this form, so that nothing is packed before a product.

#![expect(
    clippy::inline_always,
    clippy::needless_range_loop,
    clippy::manual_memcpy,
    reason = "a leaf takes its vector instructions from the function it is inlined in, and loops over a fixed count become registers"
)]

use pulp::{Simd, WithSimd};

/// How many rows are worked on at once: with two vectors a row, twelve sums fill the registers.
const ROWS: usize = 6;

/// Returns how wide the panels of a matrix with so many columns are: 8 or 16.
pub(super) const fn panel_width(columns: usize) -> usize {
    if columns <= 8 { 8 } else { 16 }
}

/// Returns the columns of a matrix filled up to whole panels.
pub(super) const fn padded(columns: usize) -> usize {
    columns.next_multiple_of(panel_width(columns))
}

/// Runs an operation with the best vectors that this machine has and that are at most eight wide.
#[inline]
pub(super) fn vectorize<O: WithSimd>(op: O) -> O::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V3::try_new() {
            return Simd::vectorize(simd, op);
        }
        Simd::vectorize(pulp::Scalar::new(), op)
    }
    #[cfg(not(target_arch = "x86_64"))]
    pulp::Arch::new().dispatch(op)
}

/// What is done to a finished sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// It is stored.
    Keep,
    /// It is stored, or zero where it is negative.
    Relu,
}

/// `out[rows, columns] = finish(left[rows, depth] · right[depth, columns] + bias)`.
#[derive(Debug)]
pub(super) struct Product<'a> {
    /// Row-major, `stride` numbers from one row to the next.
    pub(super) left: &'a [f32],
    pub(super) stride: usize,
    pub(super) rows: usize,
    pub(super) depth: usize,
    /// In panels of `width`.
    pub(super) right: &'a [f32],
    pub(super) width: usize,
    /// One number per padded column, or none for zeros.
    pub(super) bias: Option<&'a [f32]>,
    pub(super) finish: Finish,
    /// Row-major, the padded columns wide.
    pub(super) out: &'a mut [f32],
    pub(super) out_stride: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if self.width >= 2 * S::F32_LANES { self.panels::<S, 2>(simd) } else { self.panels::<S, 1>(simd) }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn panels<S: Simd, const V: usize>(&mut self, simd: S) {
        let right = self.right;
        for (place, panel) in right.chunks_exact(self.depth * self.width).enumerate() {
            for at in (0..self.width).step_by(V * S::F32_LANES) {
                self.column(simd, panel, place * self.width, at, Group::<V>);
            }
        }
    }

    #[inline(always)]
    fn column<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        panel: &[f32],
        start: usize,
        at: usize,
        group: Group<V>,
    ) {
        let mut row = 0;
        while row + ROWS <= self.rows {
            self.tile::<S, ROWS, V>(simd, panel, (row, start, at), group);
            row += ROWS;
        }
        if row + 4 <= self.rows {
            self.tile::<S, 4, V>(simd, panel, (row, start, at), group);
            row += 4;
        }
        while row + 2 <= self.rows {
            self.tile::<S, 2, V>(simd, panel, (row, start, at), group);
            row += 2;
        }
        if row < self.rows {
            self.tile::<S, 1, V>(simd, panel, (row, start, at), group);
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        panel: &[f32],
        (row, start, at): (usize, usize, usize),
        _: Group<V>,
    ) {
        let first = self.bias.map_or([simd.splat_f32s(0.0); V], |bias| load(simd, &bias[start + at..]));
        let mut sums = [first; R];
        let mut left = [&self.left[..0]; R];
        for (r, slot) in left.iter_mut().enumerate() {
            *slot = &self.left[(row + r) * self.stride..][..self.depth];
        }
        for k in 0..self.depth {
            let line: [S::f32s; V] = load(simd, &panel[k * self.width + at..]);
            for r in 0..R {
                let factor = simd.splat_f32s(left[r][k]);
                for v in 0..V {
                    sums[r][v] = simd.mul_add_f32s(factor, line[v], sums[r][v]);
                }
            }
        }
        let zero = simd.splat_f32s(0.0);
        for (r, sum) in sums.iter_mut().enumerate() {
            if self.finish == Finish::Relu {
                for v in 0..V {
                    sum[v] = simd.max_f32s(zero, sum[v]);
                }
            }
            store(simd, &mut self.out[(row + r) * self.out_stride + start + at..], *sum);
        }
    }
}

/// `out[depth, columns] = left[rows, depth]ᵀ · right[rows, columns]`, the result in panels: how weights' gradients come about.
#[derive(Debug)]
pub(super) struct Outer<'a> {
    /// Row-major, `stride` numbers from one row to the next.
    pub(super) left: &'a [f32],
    pub(super) stride: usize,
    pub(super) rows: usize,
    pub(super) depth: usize,
    /// Row-major, the padded columns wide.
    pub(super) right: &'a [f32],
    pub(super) right_stride: usize,
    pub(super) width: usize,
    /// Room for one panel of the right-hand matrix: at least `rows * width`.
    pub(super) room: &'a mut [f32],
    /// In panels of `width`.
    pub(super) out: &'a mut [f32],
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for place in 0..self.right_stride / self.width {
            self.pack(place);
            if self.width >= 2 * S::F32_LANES {
                self.panel::<S, 2>(simd, place);
            } else {
                self.panel::<S, 1>(simd, place);
            }
        }
    }
}

impl Outer<'_> {
    #[inline(always)]
    fn pack(&mut self, place: usize) {
        for (row, slot) in self.room.chunks_exact_mut(self.width).take(self.rows).enumerate() {
            slot.copy_from_slice(&self.right[row * self.right_stride + place * self.width..][..self.width]);
        }
    }

    #[inline(always)]
    fn panel<S: Simd, const V: usize>(&mut self, simd: S, place: usize) {
        for at in (0..self.width).step_by(V * S::F32_LANES) {
            let mut i = 0;
            while i + ROWS <= self.depth {
                self.tile::<S, ROWS, V>(simd, place, i, at);
                i += ROWS;
            }
            if i + 4 <= self.depth {
                self.tile::<S, 4, V>(simd, place, i, at);
                i += 4;
            }
            while i + 2 <= self.depth {
                self.tile::<S, 2, V>(simd, place, i, at);
                i += 2;
            }
            if i < self.depth {
                self.tile::<S, 1, V>(simd, place, i, at);
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, place: usize, i: usize, at: usize) {
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for row in 0..self.rows {
            let line: [S::f32s; V] = load(simd, &self.room[row * self.width + at..]);
            let left = &self.left[row * self.stride + i..][..R];
            for r in 0..R {
                let factor = simd.splat_f32s(left[r]);
                for v in 0..V {
                    sums[r][v] = simd.mul_add_f32s(factor, line[v], sums[r][v]);
                }
            }
        }
        let panel = place * self.depth * self.width;
        for (r, sum) in sums.iter().enumerate() {
            store(simd, &mut self.out[panel + (i + r) * self.width + at..], *sum);
        }
    }
}

/// Says how many vectors a group of columns takes, so that a call need not spell it out.
#[derive(Clone, Copy, Debug)]
struct Group<const V: usize>;

#[inline(always)]
fn load<S: Simd, const V: usize>(simd: S, from: &[f32]) -> [S::f32s; V] {
    let (vectors, _) = S::as_simd_f32s(&from[..V * S::F32_LANES]);
    let mut out = [simd.splat_f32s(0.0); V];
    for v in 0..V {
        out[v] = vectors[v];
    }
    out
}

#[inline(always)]
fn store<S: Simd, const V: usize>(_: S, to: &mut [f32], vectors: [S::f32s; V]) {
    let (slots, _) = S::as_mut_simd_f32s(&mut to[..V * S::F32_LANES]);
    for v in 0..V {
        slots[v] = vectors[v];
    }
}

/// Writes the columns `first..first + count` of `rightᵀ` as panels `[columns, count]`: what carries a gradient back.
///
/// `right` is `[depth, columns]` in panels of `width`; the result is `padded(count)` wide and `columns` deep.
pub(super) fn transpose(
    right: &[f32],
    depth: usize,
    columns: usize,
    first: usize,
    count: usize,
    out: &mut [f32],
) {
    let (width, out_width) = (panel_width(columns), panel_width(count));
    for (place, panel) in out[..padded(count) * columns].chunks_exact_mut(out_width * columns).enumerate() {
        for (block, lines) in panel.chunks_mut(width * out_width).enumerate() {
            let source = &right[block * depth * width..][..depth * width];
            for d in 0..out_width {
                let at = place * out_width + d;
                // A source line is read in order; its numbers go one to each line of the result.
                let line =
                    if at < count { &source[(first + at) * width..][..width] } else { &ZEROS[..width] };
                for (slots, number) in lines.chunks_exact_mut(out_width).zip(line) {
                    slots[d] = *number;
                }
            }
        }
    }
}

const ZEROS: [f32; 16] = [0.0; 16];

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that are not round, so that a wrong order of summing shows.
    fn numbers(count: usize, salt: u64) -> Vec<f32> {
        let mut stream = motet_units::Chance::new(salt, 0).stream("kernel");
        (0..count).map(|_| stream.unit() as f32 - 0.5).collect()
    }

    fn to_panels(plain: &[f32], depth: usize, columns: usize) -> Vec<f32> {
        let width = panel_width(columns);
        let mut out = vec![0.0; depth * padded(columns)];
        for k in 0..depth {
            for c in 0..columns {
                out[(c / width) * depth * width + k * width + c % width] = plain[k * columns + c];
            }
        }
        out
    }

    /// The definition: one chain of fused multiply-adds in the order of the depth.
    fn plain(left: &[f32], right: &[f32], bias: &[f32], [rows, depth, columns]: [usize; 3]) -> Vec<f32> {
        let element = |i: usize, c: usize| {
            (0..depth).fold(bias[c], |sum, k| left[i * depth + k].mul_add(right[k * columns + c], sum))
        };
        (0..rows).flat_map(|i| (0..columns).map(move |c| (i, c))).map(|(i, c)| element(i, c)).collect()
    }

    const SHAPES: [[usize; 3]; 6] =
        [[1, 1, 1], [5, 3, 4], [7, 24, 8], [13, 17, 9], [256, 24, 64], [31, 140, 33]];

    fn product<S: Simd>(simd: S, [rows, depth, columns]: [usize; 3]) -> (Vec<f32>, Vec<f32>) {
        let (left, right) = (numbers(rows * depth, 1), numbers(depth * columns, 2));
        let mut bias = numbers(columns, 3);
        let expected = plain(&left, &right, &bias, [rows, depth, columns]);
        bias.resize(padded(columns), 0.0);
        let panels = to_panels(&right, depth, columns);
        let mut out = vec![f32::NAN; rows * padded(columns)];
        Simd::vectorize(
            simd,
            Product {
                left: &left,
                stride: depth,
                rows,
                depth,
                right: &panels,
                width: panel_width(columns),
                bias: Some(&bias),
                finish: Finish::Keep,
                out: &mut out,
                out_stride: padded(columns),
            },
        );
        let kept = out.chunks(padded(columns)).flat_map(|row| row[..columns].to_vec()).collect();
        (kept, expected)
    }

    #[test]
    fn a_product_is_its_definition_to_the_bit_with_and_without_vectors() {
        for shape in SHAPES {
            let (found, expected) = product(pulp::Scalar::new(), shape);
            assert_eq!(found, expected, "{shape:?} one by one");
            #[cfg(target_arch = "x86_64")]
            if let Some(simd) = pulp::x86::V3::try_new() {
                let (found, expected) = product(simd, shape);
                assert_eq!(found, expected, "{shape:?} in vectors of eight");
            }
        }
    }

    #[test]
    fn an_outer_product_is_its_definition_to_the_bit() {
        for [rows, depth, columns] in SHAPES {
            let (left, right) = (numbers(rows * depth, 4), numbers(rows * columns, 5));
            let flipped: Vec<f32> = (0..depth)
                .flat_map(|k| (0..rows).map(move |i| (i, k)))
                .map(|(i, k)| left[i * depth + k])
                .collect();
            let expected = plain(&flipped, &right, &vec![0.0; columns], [depth, rows, columns]);
            let wide = padded(columns);
            let mut padded_right = vec![0.0; rows * wide];
            for i in 0..rows {
                padded_right[i * wide..][..columns].copy_from_slice(&right[i * columns..][..columns]);
            }
            let mut out = vec![f32::NAN; depth * wide];
            let mut room = vec![0.0; rows * 16];
            vectorize(Outer {
                left: &left,
                stride: depth,
                rows,
                depth,
                right: &padded_right,
                right_stride: wide,
                width: panel_width(columns),
                room: &mut room,
                out: &mut out,
            });
            assert_eq!(out, to_panels(&expected, depth, columns), "{rows} {depth} {columns}");
        }
    }

    #[test]
    fn a_transposed_part_holds_the_right_elements() {
        let (depth, columns) = (11, 20);
        let right = numbers(depth * columns, 6);
        let panels = to_panels(&right, depth, columns);
        for (first, count) in [(0, 11), (3, 4), (2, 9)] {
            let mut out = vec![f32::NAN; columns * padded(count)];
            transpose(&panels, depth, columns, first, count, &mut out);
            let flipped: Vec<f32> = (0..columns)
                .flat_map(|c| (first..first + count).map(move |d| (c, d)))
                .map(|(c, d)| right[d * columns + c])
                .collect();
            assert_eq!(out, to_panels(&flipped, columns, count), "{first} {count}");
        }
    }
}
