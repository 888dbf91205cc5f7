//! What `motet artf` can be asked.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Options of `motet artf`.
#[derive(Debug, Subcommand)]
pub(crate) enum Artf {
    /// Answer hosts that ask over gRPC what the agents say of their auctions (ARTF 1.0)
    Serve(ServeArtf),
    /// Print the manifest a host reads before it runs the container
    Manifest {
        /// Print the labels of the container instead, one KEY=VALUE a line
        #[arg(long)]
        labels: bool,
    },
}

/// Options of `motet artf serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArtf {
    /// The address hosts ask at
    #[arg(long, default_value = "127.0.0.1:50051", value_name = "ADDR")]
    pub(crate) listen: String,
    /// The address of health, metrics and the campaign API, instead of the configured one
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<String>,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data folder, instead of the configured one
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Load the sample campaigns
    #[arg(long)]
    pub(crate) sample: bool,
    /// Change a setting, as section.key=value; may be given more than once
    #[arg(long = "set", value_name = "SETTING")]
    pub(crate) overrides: Vec<String>,
}
