//! `motet health`: asks a server whether it is well; for containers, which have no other program to ask with.

use std::{
    io::{Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

/// How long is waited for each step.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks; fails unless the answer is 200.
pub(crate) fn command(url: &str) -> Result<()> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("expected http://host:port/path, was '{url}'"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, "health/ready"));
    let addr = host
        .to_socket_addrs()
        .with_context(|| format!("cannot find '{host}'; a port is needed"))?
        .next()
        .with_context(|| format!("'{host}' has no address"))?;
    let mut stream =
        TcpStream::connect_timeout(&addr, PATIENCE).with_context(|| format!("cannot reach {addr}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    // A status and one line; whatever else answers there is not read to its end.
    stream.take(4_096).read_to_string(&mut answer).with_context(|| format!("{addr} does not answer"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split(' ').nth(1) != Some("200") {
        bail!("not well: {}", body.trim());
    }
    println!("{}", body.trim());
    Ok(())
}
