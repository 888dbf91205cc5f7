//! The echo server of `motet bench http`: the same HTTP stack and the same parse, and the body sent back.

use std::sync::Arc;

use anyhow::{Context, Result};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use motet_model::codes::Code;
use motet_openrtb::{DecodeOptions, RateTable};

/// Serves until killed.
pub(crate) fn command(listen: &str, core: Option<usize>) -> Result<()> {
    if let Some(core) = core {
        super::http::pin(core);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await?;
        println!("listening on {}", listener.local_addr()?);
        let currency = Code::currency("USD").context("USD is a currency")?;
        let options = Arc::new(DecodeOptions::new(RateTable::new(currency)));
        let app = Router::new().route("/openrtb2/bid", post(echo)).with_state(options);
        axum::serve(listener, app).await?;
        Ok(())
    })
}

async fn echo(State(options): State<Arc<DecodeOptions>>, body: Bytes) -> (StatusCode, Bytes) {
    match motet_openrtb::decode(&body, &options) {
        Ok(decoded) => {
            // The parse must not be optimised away.
            std::hint::black_box(decoded);
            (StatusCode::OK, body)
        }
        Err(_) => (StatusCode::BAD_REQUEST, Bytes::new()),
    }
}
