//! The store: one file of columns.
//!
//! Holds the rows of all tables, compactly, with checksums, and what is known of where they came from. The form is
//! the project's own because the light libraries at hand either hold one table a file or bring minutes of building;
//! what it needs is small: blocks of columns, checksums, a footer that says where they are.
//!
//! What it never does: keep more than one block a table in memory, or trust a length that the file cannot back.

mod form;
mod reader;
mod summary;
mod writer;

pub(crate) use form::MARK;
pub use form::{BlockPlace, VERSION};
pub use reader::{Blocks, History, Rows, Salvaged};
pub use summary::{Joined, Joins, Source, Summary};
pub use writer::Writer;
