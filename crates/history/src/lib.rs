//! Logs of other systems and of our own, read into one compact store.
//!
//! Calibration and replay need what was logged elsewhere, in one form, many times over. This crate reads iPinYou's
//! logs (seasons 2 and 3, and forms prepared from them), `AuctionNet`'s traffic, Open Bandit's rounds and Motet's own
//! journal, once, into a [store](Writer) of columns; then [`History`] gives rows, columns or joined impressions.
//! `docs/formats/history.md` describes the store byte by byte and each source's mapping.
//!
//! Memory is bounded by blocks, not by logs: a block per table, and sorts that spill to scratch files. Every line is
//! a row, a counted bad line, a counted blank or the header. Nothing is repaired by guessing.
//!
//! What it never does: keep a user's id, a full network address, a raw user agent or a page's address; read a clock;
//! start a thread; reach a network.
//!
//! ```
//! use motet_history::{History, Ingest, Options};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let log = folder.path().join("replay.txt");
//! std::fs::write(&log, "0 51 0.000154 0\n1 87 0.000140 0\n")?;
//! let options = Options { scratch: folder.path().to_owned(), ..Options::default() };
//! let mut ingest = Ingest::new(Vec::new(), options)?;
//! ingest.files(&[log], &mut |_| {})?;
//! let (store, summary) = ingest.finish()?;
//! assert_eq!(summary.rows["auctions"], 2);
//! let history = History::from_bytes(store.into())?;
//! let clicked = history.read::<motet_history::Auction>()?.filter(|a| a.as_ref().is_ok_and(|a| a.click));
//! assert_eq!(clicked.count(), 1);
//! # Ok(())
//! # }
//! ```

mod build;
mod column;
mod error;
mod ingest;
mod offers;
#[cfg(feature = "parquet")]
pub mod parquet;
mod sort;
mod source;
mod store;
mod table;

pub use column::{Cell, Column, Damaged, Kind, Values};
pub use error::{Error, Result};
pub use ingest::{Ingest, Options, Progress};
pub use offers::{Impression, Offer, Offers};
pub use source::{Bad, BadReason, BadSample, Claim, Form, LogKind, MICROS_PER_FEN, Season};
pub use store::{
    BlockPlace, Blocks, History, Joined, Joins, Rows, Salvaged, Source, Summary, VERSION, Writer,
};
pub use table::{Auction, Bid, Item, Opportunity, Outcome, OutcomeKind, Round, Row, Table, Trajectory};
