//! The server over real loopback sockets.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::support::{app_with, config};
use crate::http::{Shutdown, serve};

async fn start(overrides: &[(&str, &str)]) -> (SocketAddr, Shutdown, JoinHandle<()>) {
    let config = config(overrides);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::default());
    let (app, stop) = (app_with(&config), shutdown.clone());
    let server = tokio::spawn(async move { serve(&config, app, listener, stop).await });
    (address, shutdown, server)
}

const GET: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";

async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(GET).await.unwrap();
    let mut text = String::new();
    while !text.ends_with("live") {
        let mut part = [0; 1_024];
        let count = stream.read(&mut part).await.unwrap();
        assert!(count > 0, "closed after '{text}'");
        text.push_str(std::str::from_utf8(&part[..count]).unwrap());
    }
    text
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.is_ok_and(|_| !rest.starts_with(b"HTTP/1.1 200"))
}

#[tokio::test]
async fn a_connection_is_kept_for_more_than_one_request() {
    let (address, shutdown, server) = start(&[]).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
    }
    shutdown.begin();
    server.await.unwrap();
    assert!(is_closed(&mut stream).await, "an idle connection is closed when stopping");
    assert!(TcpStream::connect(address).await.is_err(), "and no new one is taken");
}

#[tokio::test]
async fn a_head_that_does_not_come_in_time_closes_the_connection() {
    let (address, shutdown, server) = start(&[("server.keep_alive_s", "1")]).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /health/live HTTP/1.1\r\nx-slow: ").await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(30), is_closed(&mut stream)).await;
    assert_eq!(closed, Ok(true));
    shutdown.begin();
    server.await.unwrap();
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_408() {
    let (address, shutdown, server) = start(&[("server.request_timeout_ms", "100")]).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"POST /openrtb2/bid HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{").await.unwrap();
    let mut part = [0; 64];
    let count = stream.read(&mut part).await.unwrap();
    assert!(part[..count].starts_with(b"HTTP/1.1 408"), "{:?}", std::str::from_utf8(&part[..count]));
    shutdown.begin();
    drop(stream);
    server.await.unwrap();
}

#[tokio::test]
async fn connections_over_the_limit_wait_their_turn() {
    let (address, shutdown, server) = start(&[("server.connections", "1")]).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    ask(&mut first).await;
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(GET).await.unwrap();
    let mut part = [0; 64];
    let early = tokio::time::timeout(Duration::from_millis(100), second.read(&mut part)).await;
    assert!(early.is_err(), "the second is not served while the first is open");
    drop(first);
    let count = second.read(&mut part).await.unwrap();
    assert!(part[..count].starts_with(b"HTTP/1.1 200"));
    shutdown.begin();
    server.await.unwrap();
}

#[tokio::test]
async fn a_request_in_flight_is_finished_when_stopping() {
    let (address, shutdown, server) = start(&[]).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = br#"{"id":"r2","imp":[{"id":"1"}]}"#;
    let head = format!(
        "POST /openrtb2/bid HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut part = [0; 64];
    let count = stream.read(&mut part).await.unwrap();
    assert!(part[..count].starts_with(b"HTTP/1.1 100"), "the handler asks for the body");
    shutdown.begin();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 204"), "{:?}", String::from_utf8_lossy(&answer));
    server.await.unwrap();
}
