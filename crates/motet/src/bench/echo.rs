//! The echo server of `motet bench http`.

use anyhow::Result;
use motet_server::{config::Config, http::echo};

/// Serves until killed.
pub(crate) fn command(listen: &str, core: Option<usize>) -> Result<()> {
    if let Some(core) = core {
        super::http::pin(core);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await?;
        println!("listening on {}", listener.local_addr()?);
        echo::serve(&Config::default(), listener).await?;
        Ok(())
    })
}
