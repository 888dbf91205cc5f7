//! `motet replay`: takes a log again. A journal must come out the same to the bit; another system's log is asked what a
//! policy would have done on it.

pub(crate) mod journal;

use anyhow::Result;

use crate::cli::Replay;

/// Replays what was asked for.
pub(crate) fn command(options: &Replay) -> Result<()> {
    journal::command(&options.data_dir, options.json)
}
