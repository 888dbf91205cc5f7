//! Ports nobody listens on.

use std::net::TcpListener;

use super::{Result, io};

/// Returns a port of 127.0.0.1 that was free a moment ago; another process may take it first.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(io("find a free port"))?;
    Ok(listener.local_addr().map_err(io("find a free port"))?.port())
}
