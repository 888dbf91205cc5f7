//! A small HTTP/1.1 client on kept-alive connections, for the demo's listeners and the load of the benchmarks.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// One kept-alive connection, opened anew when the server closes it.
#[derive(Debug)]
pub(crate) struct Client {
    server: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
    token: Option<String>,
}

/// A response, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Bytes,
}

impl Client {
    /// Makes a client of one server; connects on first use.
    pub(crate) const fn new(server: SocketAddr) -> Self {
        Self { server, sender: None, token: None }
    }

    /// Makes a client that shows a bearer token.
    pub(crate) fn with_token(server: SocketAddr, token: &str) -> Self {
        Self { server, sender: None, token: Some(token.to_owned()) }
    }

    /// Posts JSON.
    pub(crate) async fn post(&mut self, path: &str, body: Bytes) -> Result<Reply> {
        let request = Request::post(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("x-openrtb-version", "2.6");
        self.send(request.body(Full::new(body))?).await
    }

    /// Gets a path, as a browser with this user agent.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Reply> {
        let request = Request::get(path).header("host", "localhost");
        self.send(request.body(Full::new(Bytes::new()))?).await
    }

    /// Drops the connection, as after a call that was given up.
    #[cfg(feature = "postgres")]
    pub(crate) fn forget(&mut self) {
        self.sender = None;
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<Reply> {
        if let Some(token) = &self.token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
        }
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        sender.ready().await.context("the connection closed")?;
        let response = sender.send_request(request).await.context("no response")?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.context("the response broke off")?.to_bytes();
        self.sender = Some(sender);
        Ok(Reply { status, body })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.server).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // A connection the server closes is opened anew by the next request.
            let _ = connection.await;
        });
        Ok(sender)
    }
}

/// Returns the path and query of an absolute address.
pub(crate) fn path_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.find('/').map(|at| &rest[at..])
}
