//! NATS: `JetStream` for events, core request and reply for calls.

mod calls;
mod events;
mod subscriber;

use std::sync::Arc;

use async_nats::{Client, ConnectOptions, Event};
pub use calls::NatsCalls;
pub use events::NatsBus;

use crate::{Counts, Error, Result, Settings};

/// Connects; a connection that breaks later is made again for as long as it takes.
async fn connect(server: &str, settings: &Settings, counts: &Arc<Counts>) -> Result<Client> {
    let counts = Arc::clone(counts);
    let options = ConnectOptions::new()
        .name("motet")
        .max_reconnects(None)
        .reconnect_delay_callback(|attempts| {
            std::time::Duration::from_millis((attempts as u64 * 50).min(1_000))
        })
        .client_capacity(settings.queue.clamp(16, 65_536))
        .subscription_capacity(settings.queue.clamp(16, 1 << 20))
        .event_callback(move |event| {
            tell(&event, &counts);
            std::future::ready(())
        });
    let connected = options.connect(server).await;
    connected.map_err(|source| Error::broker("connect", server, source))
}

fn tell(event: &Event, counts: &Counts) {
    match event {
        Event::Connected => tracing::debug!("connected to NATS"),
        // A subscription's queue was full, and the client dropped a message.
        Event::SlowConsumer(_) => counts.add_shed(1),
        other => {
            counts.add_faults(1);
            tracing::warn!(event = %other, "the connection to NATS has a fault; it is made again");
        }
    }
}
