//! The sections, field by field as `motet.toml` explains them.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use motet_artf::{AgentOptions, DealTerms, Limits, Options};
use motet_model::request::MediaKind;
use motet_units::Span;
use serde::Deserialize;

use crate::policies::{GateRule, Settings};

/// Sockets, limits and times.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Where exchanges and browsers reach this server; empty means the listening address.
    pub public_url: String,
    /// Largest request body as sent, in KiB.
    pub body_limit_kib: usize,
    /// Largest request body once decompressed, in KiB.
    pub decompressed_limit_kib: usize,
    /// Largest body of an import, in KiB.
    pub import_limit_kib: usize,
    /// Size from which responses are compressed, in bytes.
    pub gzip_from_bytes: usize,
    /// Open connections.
    pub connections: usize,
    /// Bid requests being decided at once.
    pub in_flight: usize,
    /// Longest wait for a body or an answer other than a bid, in milliseconds.
    pub request_timeout_ms: u64,
    /// Longest wait for a request's head, idle time included, in seconds.
    pub keep_alive_s: u64,
    /// Longest wait for requests in flight when stopping, in seconds.
    pub shutdown_grace_s: u64,
    /// Idempotency keys remembered.
    pub idempotency_keys: usize,
    /// Whether answers to bid requests say how long each stage took.
    pub timing: bool,
}

/// The exchange side.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenRtb {
    /// The accounting currency, ISO 4217.
    pub currency: String,
    /// Units of the accounting currency for one unit of another, as decimals.
    pub rates: BTreeMap<String, String>,
    /// Imps taken in one request.
    pub imps_max: usize,
    /// Most time for one decision, in milliseconds.
    pub deadline_ms: u64,
    /// Part of `tmax` kept for the network, in milliseconds.
    pub margin_ms: u64,
    /// Publisher ids whose inventory is our own.
    pub owned_publishers: Vec<String>,
}

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Team {
    /// The six agents.
    Agents,
    /// The monolithic rule engine.
    Baseline,
}

/// Who decides, and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Agents or baseline.
    pub team: Team,
    /// Ads the relevance agent may name for one imp.
    pub candidates_per_imp: usize,
    /// The seed all chance is drawn under.
    pub seed: u64,
    /// This node's number.
    pub node: u16,
}

/// Money held for bids.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Bids whose notices are still awaited, at most.
    pub open_bids: usize,
    /// Part of a budget that may be out on bids answered before their records are on the disk, 0 to 1.
    pub float_share: f64,
    /// The most of it for one campaign, as a decimal in the accounting currency.
    pub float_most: String,
    /// How long after a bid its notices count.
    pub bid_window_s: BidWindows,
}

/// Seconds after a bid in which its notices count, by media kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BidWindows {
    /// For banners.
    pub banner: u32,
    /// For video.
    pub video: u32,
    /// For audio.
    pub audio: u32,
    /// For native ads.
    pub native: u32,
}

impl BidWindows {
    /// Returns the window of one media kind.
    pub const fn of(&self, kind: MediaKind) -> Span {
        Span::from_secs(match kind {
            MediaKind::Banner => self.banner,
            MediaKind::Video => self.video,
            MediaKind::Audio => self.audio,
            MediaKind::Native => self.native,
        } as i64)
    }

    /// Returns the longest window, in seconds.
    pub fn longest_s(&self) -> u32 {
        self.banner.max(self.video).max(self.audio).max(self.native)
    }
}

/// What may still count after an impression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribution {
    /// Seconds after an impression in which a click counts.
    pub click_window_s: u32,
    /// Seconds after a click in which a conversion counts.
    pub conversion_window_s: u32,
}

/// What is kept on disk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// The folder of journal, snapshots and secrets.
    pub dir: PathBuf,
    /// Size of one journal file, in MiB.
    pub segment_mib: u64,
    /// Journal records between two snapshots.
    pub snapshot_every: u64,
    /// Journal files kept although snapshots stand for them; 0 keeps every one.
    pub keep_segments: usize,
    /// How long records gather to share one sync to disk, where no answer waits for them or many do, in microseconds.
    pub commit_delay_us: u64,
}

/// What several nodes share.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Where the shared store is; empty keeps everything in the journal's folder. May hold a password.
    pub url: String,
    /// Longest wait for an answer of the store, in milliseconds.
    pub patience_ms: u64,
    /// How often leases are renewed, in milliseconds.
    pub renew_ms: u64,
    /// How long a node that cannot reach the store goes on bidding, in seconds.
    pub cut_off_s: u64,
    /// The most a node's clock may differ from the store's, in milliseconds.
    pub skew_ms: u64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("shared", &self.is_shared()).finish_non_exhaustive()
    }
}

impl Store {
    /// Tells whether the store is shared with other nodes.
    pub fn is_shared(&self) -> bool {
        !self.url.is_empty()
    }
}

/// Signed links.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// The secrets' file in the journal's folder.
    pub file: PathBuf,
    /// Days after which a signing key is replaced.
    pub rotate_days: u32,
    /// Days a replaced key is still accepted.
    pub overlap_days: u32,
}

/// Control ticks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Seconds between two ticks.
    pub tick_s: u64,
}

/// Trained policies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policies {
    /// The policy folder to serve; empty for the fixed policies.
    pub dir: PathBuf,
    /// Seconds between two looks at its manifest; 0: only at start and when asked.
    pub watch_s: u64,
    /// Whether a set must have passed the release gate.
    pub require_gate: bool,
}

impl Policies {
    /// Returns how policies are kept.
    pub fn settings(&self) -> Settings {
        Settings {
            dir: Some(self.dir.clone()).filter(|dir| !dir.as_os_str().is_empty()),
            watch: Some(Duration::from_secs(self.watch_s)).filter(|every| !every.is_zero()),
            gate: if self.require_gate { GateRule::Required } else { GateRule::Ignored },
        }
    }
}

/// The open agent interface.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artf {
    /// Where hosts ask; empty for nowhere.
    pub listen: String,
    /// Largest ask, in KiB.
    pub message_kib: usize,
    /// Asks under way at once.
    pub in_flight: usize,
    /// Most time for an answer, in milliseconds.
    pub time_ms: u64,
    /// How Motet names itself.
    pub originator: String,
    /// The share of a request's time for outside agents.
    pub share: f64,
    /// The highest floor of a deal.
    pub deal_floor_most_cpm: String,
    /// Deals that may be activated.
    pub deals: Vec<DealTerms>,
    /// Outside agents.
    pub agents: Vec<AgentOptions>,
}

impl Artf {
    /// Returns how outside agents are called.
    pub fn options(&self) -> Options {
        Options {
            originator: self.originator.clone(),
            share: self.share,
            deal_floor_most_cpm: self.deal_floor_most_cpm.clone(),
            deals: self.deals.clone(),
            agents: self.agents.clone(),
        }
    }

    /// Returns what hosts are held to.
    pub const fn limits(&self) -> Limits {
        Limits {
            message: self.message_kib * 1024,
            in_flight: self.in_flight,
            time: Duration::from_millis(self.time_ms),
        }
    }
}

/// The bus.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// Which bus; empty for none.
    pub url: String,
    /// Whether what the journal records is published.
    pub publish: bool,
    /// Whether each record is published as it stands, too.
    pub records: bool,
    /// Whether notices are taken from a topic.
    pub notices: bool,
    /// The topic notices come on, as addresses.
    pub notices_topic: String,
    /// The group they are read as; empty for one of this node's own.
    pub group: String,
    /// The most messages published and not yet acknowledged.
    pub queue: usize,
    /// The most messages, or records, taken at once.
    pub batch: usize,
    /// How long a message may take to become durable.
    pub publish_timeout_ms: u64,
    /// Partitions of a Kafka topic that is made here.
    pub partitions: u16,
    /// Copies of a topic that is made here.
    pub replicas: u16,
    /// How long a member of a Kafka group may be silent.
    pub session_ms: u64,
    /// Segments of an embedded topic kept although every group has passed them; 0 keeps all.
    pub keep_segments: usize,
}

impl Bus {
    /// Returns the bounds the bus is opened with.
    pub fn settings(&self) -> motet_bus::Settings {
        motet_bus::Settings {
            queue: self.queue,
            batch: self.batch,
            publish_timeout: Duration::from_millis(self.publish_timeout_ms),
            partitions: self.partitions,
            replicas: self.replicas,
            session: Duration::from_millis(self.session_ms),
            keep_segments: (self.keep_segments > 0).then_some(self.keep_segments),
            ..motet_bus::Settings::default()
        }
    }
}

/// Logs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level or a filter.
    pub level: String,
    /// How lines are written.
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Metrics.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Campaigns with gauges of their own.
    pub campaigns: usize,
}
