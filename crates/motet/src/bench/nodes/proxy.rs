//! What stands between a node and the database, so that its connections can be cut and refused.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Result;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// A relay of connections to one address.
#[derive(Debug)]
pub(super) struct Proxy {
    /// Where it listens.
    pub(super) addr: SocketAddr,
    cut: Arc<AtomicBool>,
    cutting: Arc<Notify>,
}

impl Proxy {
    /// Begins to relay to a port of this machine.
    pub(super) async fn start(to: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (cut, cutting) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let proxy = Self { addr, cut: Arc::clone(&cut), cutting: Arc::clone(&cutting) };
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if !cut.load(Ordering::Relaxed) {
                    tokio::spawn(relay(near, to, Arc::clone(&cutting)));
                }
            }
        });
        Ok(proxy)
    }

    /// Cuts every connection, and refuses further ones until mended.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
        self.cutting.notify_waiters();
    }

    /// Lets connections through again.
    pub(super) fn mend(&self) {
        self.cut.store(false, Ordering::Relaxed);
    }
}

async fn relay(mut near: TcpStream, to: u16, cutting: Arc<Notify>) {
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    // Small messages go to and fro: held back to be joined, each would wait for an acknowledgement that is delayed.
    if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
        return;
    }
    tokio::select! {
        // Either side may end it.
        _ = copy_bidirectional(&mut near, &mut far) => {}
        () = cutting.notified() => {}
    }
}
