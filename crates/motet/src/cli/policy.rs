//! `motet policy`.

use std::path::PathBuf;

use clap::Subcommand;

/// Options of `motet policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Say what a policy folder holds, how it was made, and whether this program can serve it
    Inspect {
        /// The policy folder
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write an agent's network as an ONNX file
    Export {
        /// The policy folder
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// The agent
        #[arg(long, value_name = "NAME")]
        agent: String,
        /// The file to write
        #[arg(long, value_name = "FILE.onnx")]
        to: PathBuf,
    },
    /// Take an agent's network from an ONNX file, into a new folder or in place of that agent's policy in one
    Import {
        /// The ONNX file
        #[arg(value_name = "FILE.onnx")]
        file: PathBuf,
        /// The agent
        #[arg(long, value_name = "NAME")]
        agent: String,
        /// The policy folder
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
        /// The policy's and the set's version, `name@version`; `imported@` and the file's hash without it
        #[arg(long, value_name = "NAME@VERSION")]
        version: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
