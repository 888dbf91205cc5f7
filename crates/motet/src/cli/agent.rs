//! Options of `motet agent`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use motet_placement::Drill;

/// Options of `motet agent`.
#[derive(Debug, Args)]
pub(crate) struct Agent {
    /// Which agent: intent, guard, safety, relevance, bidder or pacer
    #[arg(value_name = "AGENT")]
    pub(crate) name: String,
    /// Serve over gRPC on this address; port 0 takes a free one
    #[arg(long, value_name = "ADDR", conflicts_with = "bus")]
    pub(crate) listen: Option<SocketAddr>,
    /// Serve on a broker: kafka://HOST:PORT or nats://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub(crate) bus: Option<String>,
    /// The version this process serves, as the server's placement names it; on a broker alone
    #[arg(long = "as", default_value = "main", value_name = "VERSION")]
    pub(crate) version_name: String,
    /// A folder of trained policies to be steered by, in place of the server's
    #[arg(long, value_name = "DIR")]
    pub(crate) policy: Option<PathBuf>,
    /// Misbehave on purpose, to see what the server makes of it: garbage, astray, or slow=MILLISECONDS
    #[arg(long, value_name = "HOW", value_parser = drill)]
    pub(crate) drill: Option<Drill>,
}

fn drill(text: &str) -> Result<Drill, String> {
    match text.split_once('=') {
        None if text == "garbage" => Ok(Drill::Garbage),
        None if text == "astray" => Ok(Drill::Astray),
        Some(("slow", ms)) => {
            let ms = ms.parse().map_err(|_| format!("slow takes whole milliseconds, was '{ms}'"))?;
            Ok(Drill::Slow(Duration::from_millis(ms)))
        }
        _ => Err("expected garbage, astray or slow=MILLISECONDS".to_owned()),
    }
}
