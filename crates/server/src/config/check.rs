//! What can be wrong with values that have the right form.

use std::fmt;

use motet_model::codes::Code;
use motet_units::Nanos;

use super::Config;

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
    check_rest(config, &mut problems);
    for name in config.agents.keys().filter(|name| !AGENTS.contains(&name.as_str())) {
        problems.need(false, &format!("agents.{name}"), || {
            format!("no agent has this name; there are {}", AGENTS.join(", "))
        });
    }
    problems.0
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
