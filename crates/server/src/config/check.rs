//! What can be wrong with values that have the right form.

use std::{fmt, net::SocketAddr};

use motet_model::codes::Code;
use motet_units::Nanos;

use super::{Config, Place, Store};

/// The agents' names, as keys of `[agents]`.
const AGENTS: [&str; 7] = ["intent", "guard", "safety", "relevance", "bidder", "pacer", "baseline"];

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting's full name.
    pub key: String,
    /// What is wrong, the value included.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn need(&mut self, holds: bool, key: &str, message: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Problem { key: key.to_owned(), message: message() });
        }
    }

    fn positive(&mut self, key: &str, value: u64) {
        self.need(value > 0, key, || "must be above 0".to_owned());
    }
}

pub(super) fn check(config: &Config) -> Vec<Problem> {
    let mut problems = Problems::default();
    check_server(config, &mut problems);
    check_openrtb(config, &mut problems);
    check_bus(config, &mut problems);
    check_rest(config, &mut problems);
    check_placement(config, &mut problems);
    check_artf(config, &mut problems);
    for name in config.agents.keys().filter(|name| !AGENTS.contains(&name.as_str())) {
        problems.need(false, &format!("agents.{name}"), || {
            format!("no agent has this name; there are {}", AGENTS.join(", "))
        });
    }
    problems.0
}

fn check_placement(config: &Config, problems: &mut Problems) {
    let placement = &config.placement;
    problems.positive("placement.breaker_failures", u64::from(placement.breaker_failures));
    problems.positive("placement.probe_ms", placement.probe_ms);
    problems.need(placement.probe_most_ms >= placement.probe_ms, "placement.probe_most_ms", || {
        format!("must be at least probe_ms, was {}", placement.probe_most_ms)
    });
    for (agent, place) in placement.places() {
        let (key, versions) = (format!("placement.{}", agent.name()), place.versions());
        if matches!(place, Place::Versions(_)) {
            let total: u64 = versions.iter().map(|version| u64::from(version.weight)).sum();
            problems.need(total > 0, &key, || "needs a version with a weight above 0".to_owned());
        }
        for (place, version) in versions.iter().enumerate() {
            let before = &versions[..place];
            problems.need(before.iter().all(|other| other.version != version.version), &key, || {
                format!("names the version '{}' twice", version.version)
            });
            problems.need(is_name(&version.version), &key, || {
                format!("a version's name has letters, digits, '-' and '_', was '{}'", version.version)
            });
            problems.need(version.grpc.is_some() || !placement.bus.is_empty(), &key, || {
                "is placed on the broker, and placement.bus is empty".to_owned()
            });
        }
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(allowed)
}

fn check_server(config: &Config, problems: &mut Problems) {
    let server = &config.server;
    let url = &server.public_url;
    problems.need(
        url.is_empty() || url.starts_with("https://") || url.starts_with("http://"),
        "server.public_url",
        || format!("must begin with https:// or http://, was '{url}'"),
    );
    for (key, value) in [
        ("server.body_limit_kib", server.body_limit_kib),
        ("server.decompressed_limit_kib", server.decompressed_limit_kib),
        ("server.import_limit_kib", server.import_limit_kib),
        ("server.connections", server.connections),
        ("server.in_flight", server.in_flight),
        ("server.idempotency_keys", server.idempotency_keys),
    ] {
        problems.positive(key, value as u64);
    }
    problems.positive("server.request_timeout_ms", server.request_timeout_ms);
    problems.positive("server.keep_alive_s", server.keep_alive_s);
    problems.need(
        server.decompressed_limit_kib >= server.body_limit_kib,
        "server.decompressed_limit_kib",
        || format!("must be at least body_limit_kib, was {}", server.decompressed_limit_kib),
    );
}

fn check_openrtb(config: &Config, problems: &mut Problems) {
    let openrtb = &config.openrtb;
    problems.need(Code::currency(&openrtb.currency).is_some(), "openrtb.currency", || {
        format!("must be three letters of ISO 4217, was '{}'", openrtb.currency)
    });
    for (code, rate) in &openrtb.rates {
        let key = format!("openrtb.rates.{code}");
        problems.need(Code::currency(code).is_some(), &key, || "is no ISO 4217 currency".to_owned());
        let positive = rate.parse::<Nanos>().is_ok_and(Nanos::is_positive);
        problems.need(positive, &key, || format!("must be a decimal above 0 in quotes, was '{rate}'"));
    }
    problems.positive("openrtb.imps_max", openrtb.imps_max as u64);
    problems.positive("openrtb.deadline_ms", openrtb.deadline_ms);
}

fn check_artf(config: &Config, problems: &mut Problems) {
    let artf = &config.artf;
    let listen = &artf.listen;
    problems.need(listen.is_empty() || listen.parse::<SocketAddr>().is_ok(), "artf.listen", || {
        format!("must be an address with its port, was '{listen}'")
    });
    problems.positive("artf.message_kib", artf.message_kib as u64);
    problems.positive("artf.in_flight", artf.in_flight as u64);
    problems.positive("artf.time_ms", artf.time_ms);
    for error in artf.options().check() {
        problems.need(false, &format!("artf.{}", error.key), || error.message.clone());
    }
}

fn check_bus(config: &Config, problems: &mut Problems) {
    let bus = &config.bus;
    if bus.url.is_empty() {
        return;
    }
    if let Err(error) = motet_bus::check(&bus.url) {
        problems.need(false, "bus.url", || error.to_string());
    }
    for (key, value) in [
        ("bus.queue", bus.queue as u64),
        ("bus.batch", bus.batch as u64),
        ("bus.publish_timeout_ms", bus.publish_timeout_ms),
        ("bus.partitions", u64::from(bus.partitions)),
        ("bus.replicas", u64::from(bus.replicas)),
        ("bus.session_ms", bus.session_ms),
    ] {
        problems.positive(key, value);
    }
    let names = [("bus.notices_topic", bus.notices_topic.as_str()), ("bus.group", bus.group.as_str())];
    for (key, name) in names.into_iter().filter(|(key, name)| *key != "bus.group" || !name.is_empty()) {
        if let Err(error) = motet_bus::check_name(name) {
            problems.need(false, key, || error.to_string());
        }
    }
}

fn check_rest(config: &Config, problems: &mut Problems) {
    problems.positive("decision.candidates_per_imp", config.decision.candidates_per_imp as u64);
    problems.positive("ledger.open_bids", config.ledger.open_bids as u64);
    let share = config.ledger.float_share;
    problems.need((0.0..=1.0).contains(&share), "ledger.float_share", || {
        format!("must be from 0 to 1, was {share}")
    });
    let most = &config.ledger.float_most;
    problems.need(most.parse().is_ok_and(|most: Nanos| most >= Nanos::ZERO), "ledger.float_most", || {
        format!("must be a decimal of 0 or above in quotes, was '{most}'")
    });
    let windows = &config.ledger.bid_window_s;
    for (key, value) in [
        ("ledger.bid_window_s.banner", windows.banner),
        ("ledger.bid_window_s.video", windows.video),
        ("ledger.bid_window_s.audio", windows.audio),
        ("ledger.bid_window_s.native", windows.native),
    ] {
        problems.positive(key, u64::from(value));
    }
    problems.positive("journal.segment_mib", config.journal.segment_mib);
    problems.positive("journal.snapshot_every", config.journal.snapshot_every);
    check_store(&config.store, problems);
    problems.positive("tokens.rotate_days", u64::from(config.tokens.rotate_days));
    let overlap_s = u64::from(config.tokens.overlap_days) * 86_400;
    problems.need(overlap_s >= u64::from(windows.longest_s()), "tokens.overlap_days", || {
        format!("must cover the longest bid window, was {}", config.tokens.overlap_days)
    });
    let file = &config.tokens.file;
    problems.need(file.components().count() == 1 && file.file_name().is_some(), "tokens.file", || {
        format!("must be a file name without folders, was '{}'", file.display())
    });
    problems.positive("control.tick_s", config.control.tick_s);
    let (policies, kept) = (&config.policies.dir, config.journal.dir.join("policies"));
    problems.need(!policies.starts_with(&kept), "policies.dir", || {
        format!(
            "must not lie where the server keeps its own copies ({}), was '{}'",
            kept.display(),
            policies.display()
        )
    });
}

fn check_store(store: &Store, problems: &mut Problems) {
    problems.positive("store.patience_ms", store.patience_ms);
    problems.positive("store.renew_ms", store.renew_ms);
    problems.positive("store.cut_off_s", store.cut_off_s);
    // The address may hold a password, so no part of it is shown.
    let known = ["", "postgres://", "postgresql://"];
    let begins = |scheme: &&str| !scheme.is_empty() && store.url.starts_with(*scheme);
    problems.need(store.url.is_empty() || known.iter().any(begins), "store.url", || {
        "must be empty, or begin with postgres://".to_owned()
    });
    problems.need(store.url.is_empty() || cfg!(feature = "postgres"), "store.url", || {
        "needs PostgreSQL, which this program was built without; build it with the feature 'postgres'"
            .to_owned()
    });
}
