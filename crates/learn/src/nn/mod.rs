//! Small dense networks, written out: forward, backward, Adam, clipping and moving targets.
//!
//! The networks of a policy have some ten thousand parameters. At that size the arithmetic is a few microseconds and
//! everything around it decides, so there is no graph, no tape of operations and no allocation in an update: a
//! [`Mlp`] is numbers, a [`Tape`] is the room for one batch, a gradient is as many numbers as the network.
//!
//! Results are the same to the bit on every machine (see the kernel's own page): products are chains of fused
//! multiply-adds in a stated order, `tanh` is `libm`'s, sums of squares are taken in eight lanes and then in order.
//!
//! What it never does: draw chance that is not handed in, change a shape after it was made, or hold NaN quietly:
//! a learner checks its losses and says when they stop being finite.

mod adam;
mod kernel;
mod mlp;
mod tape;

pub use adam::{Adam, clip};
pub use mlp::{LayerParameters, MOST_WIDE, Mlp, Output, Parameters, blend};
pub use tape::{Inputs, Tape};

#[cfg(test)]
pub(crate) mod tests;
