//! What can be wrong with a message.

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not a message of this kind, or damaged.
    #[error("the message cannot be read: {0}")]
    Unreadable(String),
    /// It is larger than allowed.
    #[error("a message may have {most} bytes, was {found}")]
    TooLarge {
        /// The most bytes.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// It was written under another schema version.
    #[error("the message has schema version {found}, this program reads 1 to {most}")]
    Schema {
        /// The highest version read.
        most: u32,
        /// The version found.
        found: u32,
    },
    /// A part that must be there is not.
    #[error("{field} is missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field holds what it may not.
    #[error("{field} must be {expected}, was {found}")]
    Field {
        /// The field.
        field: &'static str,
        /// What it may hold.
        expected: &'static str,
        /// What it holds.
        found: String,
    },
    /// A list is longer than allowed.
    #[error("{field} may hold {most} entries, was {found}")]
    TooMany {
        /// The field.
        field: &'static str,
        /// The most entries.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// The changes of a seat do not build a catalog.
    #[error("the seat's catalog cannot be built: {0}")]
    Catalog(#[from] motet_model::catalog::Error),
}

impl Error {
    /// Says that a field holds what it may not; long texts are cut.
    #[expect(clippy::needless_pass_by_value, reason = "what was found is of no further use")]
    pub(crate) fn field(field: &'static str, expected: &'static str, found: impl ToString) -> Self {
        Self::Field { field, expected, found: found.to_string().chars().take(80).collect() }
    }
}

impl From<prost::DecodeError> for Error {
    fn from(error: prost::DecodeError) -> Self {
        Self::Unreadable(error.to_string())
    }
}
