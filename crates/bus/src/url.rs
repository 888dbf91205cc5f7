//! Which bus, by URL.

use std::path::PathBuf;

use super::{Error, Result};

/// Where a bus is.
///
/// ```
/// use motet_bus::BusUrl;
/// let kafka = BusUrl::parse("kafka://10.0.0.1:9092,10.0.0.2:9092").unwrap();
/// assert_eq!(kafka, BusUrl::Kafka { servers: "10.0.0.1:9092,10.0.0.2:9092".to_owned() });
/// assert!(BusUrl::parse("amqp://localhost").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusUrl {
    /// `embedded:DIR`: in this process, kept in a folder.
    Embedded {
        /// The folder.
        dir: PathBuf,
    },
    /// `kafka://HOST:PORT[,HOST:PORT]`.
    Kafka {
        /// Brokers to begin with, as librdkafka takes them.
        servers: String,
    },
    /// `nats://HOST:PORT`.
    Nats {
        /// The server.
        server: String,
    },
}

impl BusUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`Error::Url`] with what is wrong.
    pub fn parse(url: &str) -> Result<Self> {
        let wrong = |why| Error::Url { url: url.to_owned(), why };
        if let Some(dir) = url.strip_prefix("embedded:") {
            let dir = (!dir.is_empty()).then(|| PathBuf::from(dir));
            return dir.map(|dir| Self::Embedded { dir }).ok_or(wrong("a folder follows 'embedded:'"));
        }
        let Some((scheme, servers)) = url.split_once("://") else {
            return Err(wrong("expected embedded:DIR, kafka://HOST:PORT or nats://HOST:PORT"));
        };
        let servers = servers.trim_end_matches('/');
        if !servers.split(',').all(is_server) {
            return Err(wrong("expected HOST:PORT"));
        }
        match scheme {
            "kafka" => Ok(Self::Kafka { servers: servers.to_owned() }),
            "nats" if !servers.contains(',') => Ok(Self::Nats { server: servers.to_owned() }),
            "nats" => Err(wrong("NATS takes one server; it tells of the others itself")),
            _ => Err(wrong("expected embedded:DIR, kafka://HOST:PORT or nats://HOST:PORT")),
        }
    }

    /// Returns the error of a kind that is not built in.
    #[cfg_attr(
        all(feature = "kafka", feature = "nats"),
        expect(dead_code, reason = "all kinds are built in")
    )]
    pub(crate) const fn not_built_in(&self) -> Error {
        let (kind, feature) = match self {
            Self::Embedded { .. } => ("the embedded bus", "default"),
            Self::Kafka { .. } => ("Kafka", "kafka"),
            Self::Nats { .. } => ("NATS", "nats"),
        };
        Error::NotBuiltIn { kind, feature }
    }
}

fn is_server(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::BusUrl;

    #[test]
    fn a_url_without_a_port_or_of_another_kind_is_refused_with_the_reason() {
        for (url, why) in [
            ("kafka://localhost", "expected HOST:PORT"),
            ("kafka://a:1,b", "expected HOST:PORT"),
            ("embedded:", "a folder follows"),
            ("nats://a:1,b:2", "one server"),
            ("redis://a:1", "expected embedded:DIR"),
            ("", "expected embedded:DIR"),
        ] {
            let message = BusUrl::parse(url).unwrap_err().to_string();
            assert!(message.contains(why), "{url}: {message}");
        }
    }

    #[cfg(not(feature = "kafka"))]
    #[tokio::test]
    async fn a_bus_that_is_not_built_in_names_its_feature() {
        let opened = crate::open_bus("kafka://127.0.0.1:1", &crate::Settings::default()).await;
        assert!(opened.unwrap_err().to_string().contains("'kafka'"));
    }
}
