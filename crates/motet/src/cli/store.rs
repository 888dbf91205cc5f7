//! `motet store`: what it can be asked.

use clap::Subcommand;

/// Work with stores.
#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Copy campaigns, money and models, losing nothing; read again afterwards and compared
    Copy {
        /// A data folder that no server is using, or the address of a database: `postgres://USER@HOST/DATABASE`
        #[arg(long, value_name = "DIR|URL")]
        from: String,
        /// The same; must be empty
        #[arg(long, value_name = "DIR|URL")]
        to: String,
        /// Empty the target first
        #[arg(long)]
        force: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
