//! Sockets: accepting, holding and letting go of connections.
//!
//! At most so many connections are open; further ones wait in the system's queue. A connection that sends no request
//! head in time is closed, which bounds slow senders and idle callers alike. Stopping closes the door first, lets
//! requests in flight finish for the grace, then drops what is left.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{body::Body, extract::Request, http::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tower::Service as _;

use motet_insight::metrics::Metrics;

use super::{App, router};
use crate::{config::Config, platform::Platform};

/// Starts and tells of a server's stop.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Sender<bool>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Shutdown {
    /// Begins to stop.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Waits until stopping has begun.
    pub async fn begun(&self) {
        // The sender lives in self, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}

/// Serves an app on a listener until stopped, then until requests in flight have finished or the grace is over. What
/// lies behind the platform is the caller's to stop afterwards.
pub async fn serve<P: Platform>(
    config: &Config,
    app: Arc<App<P>>,
    listener: TcpListener,
    shutdown: Shutdown,
) {
    let metrics = Arc::clone(&app.metrics);
    serve_router(config, router(app), metrics, listener, shutdown).await;
}

/// Serves any router under the same limits and times as [`serve`].
pub(crate) async fn serve_router(
    config: &Config,
    router: axum::Router,
    metrics: Arc<Metrics>,
    listener: TcpListener,
    shutdown: Shutdown,
) {
    let most = config.server.connections.min(Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(most));
    let server = Arc::new(Server {
        router,
        head_time: Duration::from_secs(config.server.keep_alive_s),
        shutdown: shutdown.clone(),
    });
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = shutdown.begun() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                rest_after(&error).await;
                continue;
            }
        };
        let (server, metrics) = (Arc::clone(&server), Arc::clone(&metrics));
        tokio::spawn(async move {
            metrics.connections(1);
            server.hold(stream).await;
            metrics.connections(-1);
            drop(place);
        });
    }
    drop(listener);
    let grace = Duration::from_secs(config.server.shutdown_grace_s);
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    if tokio::time::timeout(grace, places.acquire_many(all)).await.is_err() {
        tracing::warn!("requests were still in flight when the grace was over");
    }
}

/// Waits a little where accepting failed for want of something, such as file descriptors.
async fn rest_after(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if !matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
        tracing::warn!(%error, "cannot accept a connection");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

struct Server {
    router: axum::Router,
    head_time: Duration,
    shutdown: Shutdown,
}

impl Server {
    async fn hold(&self, stream: TcpStream) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let router = self.router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut router = router.clone();
            async move {
                let request: Request = request.map(Body::new);
                let response: Result<Response<Body>, Infallible> = router.call(request).await;
                response
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head_time)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.shutdown.begun() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended early");
        }
    }
}
