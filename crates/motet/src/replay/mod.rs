//! `motet replay`: takes a log again. A journal must come out the same to the bit; another system's log is asked what a
//! policy would have done on it.

pub(crate) mod ipinyou;
pub(crate) mod journal;
pub(crate) mod obd;

use anyhow::Result;

use crate::cli::{LogFormat, Replay};

/// Replays what was asked for.
pub(crate) fn command(options: &Replay) -> Result<()> {
    match options.format {
        LogFormat::Journal => journal::command(&options.data_dir, options.json),
        LogFormat::Ipinyou => ipinyou::rows::command(options),
        LogFormat::IpinyouTheta => ipinyou::auctions::command(options),
        LogFormat::Obd => obd::command(options),
    }
}
