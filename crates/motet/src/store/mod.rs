//! `motet store`: campaigns, money and models moved between a data folder and PostgreSQL.

#[cfg(feature = "postgres")]
mod copy;

use anyhow::Result;

use crate::cli;

/// What is said where PostgreSQL is asked for and not there.
#[cfg(not(feature = "postgres"))]
pub(crate) const NOT_BUILT_IN: &str =
    "this needs PostgreSQL, which this program was built without; build it with --features postgres";

/// Runs and prints.
pub(crate) fn command(options: &cli::Store) -> Result<()> {
    let cli::Store::Copy { from, to, force, json } = options;
    #[cfg(feature = "postgres")]
    return copy::command(from, to, *force, *json);
    #[cfg(not(feature = "postgres"))]
    {
        let _ = (from, to, force, json);
        anyhow::bail!(NOT_BUILT_IN)
    }
}
