//! Events over `JetStream`: a stream for each topic.

use std::{
    collections::{BTreeSet, HashSet},
    fmt::{Debug, Formatter},
    future::IntoFuture as _,
    sync::{Arc, Mutex, PoisonError},
};

use async_nats::{
    HeaderMap,
    jetstream::{
        self, Context,
        context::{PublishAckFuture, PublishError},
        stream::{Config, StorageType},
    },
};
use futures_util::future::{BoxFuture, join_all};

use super::{connect, subscriber::NatsSubscriber};
use crate::{Bus, Counts, Error, Message, Result, Settings, Subscriber, message::check_name};

/// The header a key travels in, as hexadecimal digits: NATS has no keys, and header values are text.
pub(super) const KEY: &str = "motet-key";
/// Acknowledgements waited for at once.
const UNDER_WAY: usize = 1_024;

/// Events over a NATS server.
pub struct NatsBus {
    context: Context,
    server: String,
    settings: Settings,
    known: Mutex<HashSet<String>>,
    counts: Arc<Counts>,
}

impl Debug for NatsBus {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NatsBus").field("server", &self.server).finish_non_exhaustive()
    }
}

impl NatsBus {
    /// Connects to a server for events.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn open(server: &str, settings: &Settings) -> Result<Self> {
        let counts = Arc::new(Counts::default());
        let client = connect(server, settings, &counts).await?;
        let context = jetstream::ContextBuilder::new().ack_timeout(settings.publish_timeout).build(client);
        let (server, settings) = (server.to_owned(), settings.clone());
        Ok(Self { context, server, settings, known: Mutex::default(), counts })
    }

    /// Makes a topic's stream unless it exists.
    async fn ensure(&self, topic: &str) -> Result<()> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(topic) {
            return Ok(());
        }
        check_name(topic)?;
        let config = Config {
            name: stream_name(topic),
            subjects: vec![topic.to_owned()],
            storage: StorageType::File,
            num_replicas: usize::from(self.settings.replicas.max(1)),
            ..Config::default()
        };
        let made = self.context.get_or_create_stream(config).await;
        made.map_err(|source| Error::broker("make a stream", &self.server, source))?;
        known().insert(topic.to_owned());
        Ok(())
    }

    async fn publish_all(&self, messages: Vec<Message>) -> Result<()> {
        let topics: BTreeSet<Arc<str>> = messages.iter().map(|message| Arc::clone(&message.topic)).collect();
        for topic in topics {
            self.ensure(&topic).await?;
        }
        let failed = |source| Error::broker("publish", &self.server, source);
        let mut left = messages.into_iter().peekable();
        while left.peek().is_some() {
            let (mut under_way, mut first_error) = (Vec::new(), None);
            for message in left.by_ref().take(UNDER_WAY.min(self.settings.queue.max(1))) {
                match self.send(message).await {
                    Ok(sent) => under_way.push(sent.into_future()),
                    Err(error) => {
                        first_error = Some(error);
                        break;
                    }
                }
            }
            // All at once: each has its own time, and they must not add up.
            let settled = join_all(under_way).await;
            first_error = first_error.or_else(|| settled.into_iter().find_map(Result::err));
            if let Some(error) = first_error {
                return Err(failed(error));
            }
        }
        Ok(())
    }

    async fn send(&self, message: Message) -> Result<PublishAckFuture, PublishError> {
        let topic = message.topic.to_string();
        if message.headers.is_empty() && message.key.is_empty() {
            return self.context.publish(topic, message.payload).await;
        }
        let mut headers = HeaderMap::new();
        if !message.key.is_empty() {
            headers.insert(KEY, hex(&message.key));
        }
        for (name, value) in message.headers.iter() {
            headers.append(name, value);
        }
        self.context.publish_with_headers(topic, headers, message.payload).await
    }
}

impl Bus for NatsBus {
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let count = messages.len();
            let published = self.publish_all(messages).await;
            match &published {
                Ok(()) => self.counts.add_published(count),
                Err(_) => self.counts.add_not_published(count),
            }
            published
        })
    }

    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Box<dyn Subscriber>>> {
        Box::pin(async move {
            check_name(group)?;
            for topic in topics {
                self.ensure(topic).await?;
            }
            let (settings, counts) = (&self.settings, &self.counts);
            let subscriber =
                NatsSubscriber::open(&self.context, &self.server, group, topics, settings, counts).await?;
            Ok(Box::new(subscriber) as Box<dyn Subscriber>)
        })
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// Returns the name of a topic's stream, or of a group's consumer: no '.' is allowed there, and '+' is in no topic.
pub(super) fn stream_name(name: &str) -> String {
    name.replace('.', "+")
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes whatever is written");
        text
    })
}

/// Reads what [`hex`] wrote; empty where it is something else.
pub(super) fn from_hex(text: &str) -> Vec<u8> {
    let digits = |at: usize| text.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digits).collect();
    bytes.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{from_hex, hex};

    #[test]
    fn a_key_of_any_bytes_comes_back_from_its_header() {
        let key: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(&hex(&key)), key);
        assert_eq!(from_hex("zz"), Vec::<u8>::new());
        assert_eq!(from_hex("abc"), Vec::<u8>::new());
    }
}
