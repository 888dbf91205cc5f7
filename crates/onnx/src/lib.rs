//! A policy's network as an ONNX file, and back: how an actor trained elsewhere comes in and one of ours goes out.
//!
//! One form of graph is taken: an actor that is a multi-layer perceptron.
//!
//! ```text
//! observation [batch, n]
//!   -> Sub or Add, then Mul or Div, then Clip         each optional, each with a constant: the normalisation
//!   -> Gemm, or MatMul and Add; Relu                  any number of hidden layers
//!   -> Gemm, or MatMul and Add; Tanh                  the last one
//! action [batch, m], within -1 and 1
//! ```
//!
//! Identity, Flatten and Reshape are passed over where they change nothing. Anything else is refused by the name of
//! its node. All numbers are 32-bit floats.
//!
//! A [`NetworkSpec`] clips what it has scaled to ±[`CUT`]. A file that clips elsewhere, or nowhere, is taken by scaling its
//! inputs once more and its first layer back: by a power of two, which is exact, where it does not clip (what then lies
//! beyond some ten million after scaling is clipped all the same), and by `CUT ÷ bound` where it does, which rounds each
//! weight once.
//!
//! Bytes in, bytes out: this crate reads no file and runs no network. Files above [`MOST_BYTES`] are refused unread; whatever
//! the bytes are, it answers with an error and never panics.

mod constants;
mod error;
mod proto;
mod reader;
mod wire;
mod writer;

pub use error::Error;
pub use motet_policy::{CUT, NetworkSpec};
pub use reader::{Shape, read};
pub use writer::write;

/// The largest file that is read, in bytes: twice what the largest network allowed takes.
pub const MOST_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests;
