//! Why a file is not taken.

/// Why a file is not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The file is too large.
    #[error("an ONNX file may have {most} bytes at most, was {found}")]
    TooLarge {
        /// The most bytes.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// It is no ONNX file.
    #[error("the file is not ONNX: {0}")]
    NotOnnx(&'static str),
    /// The graph as a whole has another form.
    #[error("{0}")]
    Graph(String),
    /// A node is not part of an actor's graph.
    #[error("node '{node}' ({op}): {reason}")]
    Node {
        /// Its name, or its place where it has none.
        node: String,
        /// What it does.
        op: String,
        /// Why it is not taken.
        reason: String,
    },
    /// A constant cannot be read.
    #[error("the constant '{name}': {reason}")]
    Constant {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The actor reads or moves another count of numbers than the agent.
    #[error("the actor must read {expected_read} numbers and move {expected_moved}, was {read} and {moved}")]
    Shape {
        /// Numbers the agent's card reads.
        expected_read: usize,
        /// Numbers the card moves.
        expected_moved: usize,
        /// Numbers the actor reads.
        read: usize,
        /// Numbers it moves.
        moved: usize,
    },
    /// The network is too wide or deep, or holds a number that is not finite.
    #[error(transparent)]
    Network(#[from] motet_policy::Error),
}
