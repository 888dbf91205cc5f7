//! The echo server of `motet bench http`: the same HTTP stack and the same parse, and the body sent back.

use anyhow::Result;
use axum::{Router, body::Bytes, http::StatusCode, routing::post};

/// Serves until killed.
pub fn command(listen: &str, core: Option<usize>) -> Result<()> {
    if let Some(core) = core {
        super::http::pin(core);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await?;
        println!("listening on {}", listener.local_addr()?);
        let app = Router::new().route("/openrtb2/bid", post(echo));
        axum::serve(listener, app).await?;
        Ok(())
    })
}

async fn echo(body: Bytes) -> (StatusCode, Bytes) {
    match motet_openrtb::decode(&body, &motet_openrtb::DecodeOptions::default()) {
        Ok(decoded) => {
            // The parse must not be optimised away.
            std::hint::black_box(decoded);
            (StatusCode::OK, body)
        }
        Err(_) => (StatusCode::BAD_REQUEST, Bytes::new()),
    }
}
