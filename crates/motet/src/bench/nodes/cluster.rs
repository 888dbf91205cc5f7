//! Two nodes, the database they share, and what stands between.

use std::{net::TcpListener, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use indicatif::ProgressBar;
use motet_postgres::{Session, Store};
use motet_services::Postgres;
use motet_units::Nanos;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::proxy::Proxy;
use crate::{bench::http::Server, client::Client};

const TOKEN: &str = "nodes-bench-token-0123456789abcdef";
/// Seconds for which a bid can be billed.
const WINDOW_S: u64 = 5;
/// Seconds for which a node that is cut off goes on.
const CUT_OFF_S: u64 = 2;
const SKEW_MS: u64 = 100;
/// How long a lease lasts.
pub(super) const TERM: Duration = Duration::from_millis(1_000 * (WINDOW_S + CUT_OFF_S) + 2 * SKEW_MS);
/// How long after its bid was asked for a bill is taken, by any node: the window, less the second that tokens round up to and
/// the skew allowed.
pub(super) const IN_TIME: Duration = Duration::from_millis(1_000 * (WINDOW_S - 1) - SKEW_MS);
/// How long a node may take to come up again.
const COME_UP: Duration = Duration::from_secs(180);
/// The total budget of the campaign added for each mishap, which runs dry: about two hundred impressions.
const TIGHT_BUDGET: &str = "1.00";
const TIGHT_DAY: &str = "0.80";
const LARGE_BUDGET: &str = "5000";

/// One node.
struct Member {
    number: u16,
    addr: String,
    folder: TempDir,
    proxy: Proxy,
    server: Option<Server>,
}

/// All of it.
pub(super) struct Cluster {
    database: Postgres,
    store: Store,
    session: Option<Session>,
    members: Vec<Member>,
}

impl Cluster {
    /// Starts the database and both nodes.
    pub(super) async fn start() -> Result<Self> {
        let database = Postgres::start()?;
        let store = Store::new(&database.url(), Duration::from_secs(20))?;
        let session = Some(store.open().await?);
        let mut members = Vec::new();
        for number in 1..=2 {
            let proxy = Proxy::start(database.port()).await?;
            let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
            let addr = lasting_addr(number)?;
            members.push(Member { number, addr, folder, proxy, server: None });
        }
        let mut cluster = Self { database, store, session, members };
        for place in 0..2 {
            cluster.revive(place).await?;
        }
        Ok(cluster)
    }

    /// Returns a connection of our own, past the proxies.
    pub(super) async fn session(&mut self) -> Result<&mut Session> {
        if self.session.as_ref().is_none_or(Session::is_closed) {
            self.session = Some(self.store.open().await?);
        }
        self.session.as_mut().context("set just above")
    }

    pub(super) fn kill(&mut self, place: usize) {
        if let Some(mut server) = self.members[place].server.take() {
            server.kill();
        }
    }

    /// Starts a node on what its disk holds; tries again while the database cannot be reached.
    pub(super) async fn revive(&mut self, place: usize) -> Result<()> {
        let member = &mut self.members[place];
        let started = tokio::time::Instant::now();
        loop {
            match tokio::task::block_in_place(|| member.start()) {
                Ok(server) => {
                    member.server = Some(server);
                    return Ok(());
                }
                Err(error) if started.elapsed() > COME_UP => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Sends a signal to a node.
    pub(super) fn signal(&self, place: usize, signal: &str) -> Result<()> {
        let server = self.members[place].server.as_ref().context("the node is dead")?;
        let status = Command::new("kill").args([signal, &server.pid().to_string()]).status()?;
        ensure!(status.success(), "kill {signal} failed");
        Ok(())
    }

    pub(super) fn cut(&self, place: usize) {
        self.members[place].proxy.cut();
    }

    pub(super) fn mend(&self, place: usize) {
        self.members[place].proxy.mend();
    }

    /// Stops the database as a crash would, and starts it again after a while.
    pub(super) async fn crash_database(&mut self, down: Duration) -> Result<()> {
        tokio::task::block_in_place(|| self.database.stop())?;
        tokio::time::sleep(down).await;
        tokio::task::block_in_place(|| self.database.start_again())
    }

    /// Returns what a node holds and has not spent.
    pub(super) async fn held(&mut self, place: usize) -> Result<Nanos> {
        let node = self.members[place].number;
        let leases = self.session().await?.leases().await?;
        let own = leases.iter().filter(|row| row.node == node);
        Ok(own.fold(Nanos::ZERO, |sum, row| sum + row.lease.outstanding()))
    }

    /// Returns a client of each node.
    pub(super) fn clients(&self) -> [Client; 2] {
        let (one, other) = self.pair(0);
        [one, other]
    }

    /// Returns a client of one node, and of the other.
    pub(super) fn pair(&self, place: usize) -> (Client, Client) {
        let client = |place: usize| {
            let addr = self.members[place].addr.parse().expect("an address the system gave");
            Client::new(addr)
        };
        (client(place), client(1 - place))
    }

    /// Adds a campaign that runs dry, by either node; the first time those that do not, too.
    pub(super) async fn add_campaign(&self, number: u32) -> Result<()> {
        let campaign = |id: &str, cpm: &str, budget: Value| {
            json!({"id": id, "name": id, "goal": {"cpm": cpm}, "budget": budget, "pacing": "asap",
                "creatives": [{"id": format!("{id}-cr"), "domains": [format!("{id}.example")], "landing_page": "https://brand.example/",
                    "banner": {"size": "300x250", "image": "https://cdn.example/a.png", "mime": "image/png"}}]})
        };
        let tight = json!({"total": TIGHT_BUDGET, "daily": TIGHT_DAY});
        let mut campaigns = vec![campaign(&format!("tight-{number}"), "5.00", tight)];
        if number == 0 {
            let large = json!({"total": LARGE_BUDGET, "daily": LARGE_BUDGET});
            campaigns.push(campaign("large", "2.00", large));
        }
        let advertisers = json!({"advertisers": [{"id": "nodes", "name": "Nodes", "seat": "nodes", "campaigns": campaigns}]});
        let started = tokio::time::Instant::now();
        loop {
            let place = number as usize % 2;
            let addr = self.members[place].addr.parse()?;
            let mut client = Client::with_token(addr, TOKEN);
            let reply = client.post("/v1/import", Bytes::from(advertisers.to_string())).await;
            match reply {
                Ok(reply) if reply.status < 300 => return Ok(()),
                // The node may still be finding the database again.
                Ok(reply) if reply.status != 503 => {
                    anyhow::bail!("a campaign was refused: {}", String::from_utf8_lossy(&reply.body))
                }
                _ => ensure!(started.elapsed() < COME_UP, "a campaign could not be added"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Stops both nodes and replays their journals; returns how many decisions come out differently.
    pub(super) fn replay(&mut self) -> Result<u64> {
        let mut different = 0;
        for place in 0..2 {
            self.kill(place);
            let folder: PathBuf = self.members[place].folder.path().to_owned();
            different += crate::replay::journal::run(&folder, &ProgressBar::hidden())?.different;
        }
        Ok(different)
    }
}

impl Member {
    fn start(&self) -> Result<Server> {
        let settings = [
            "log.level=error".to_owned(),
            "journal.snapshot_every=2000".to_owned(),
            format!("decision.node={}", self.number),
            format!("store.url={}", Postgres::url_by(self.proxy.addr.port())),
            "store.patience_ms=3000".to_owned(),
            "store.renew_ms=100".to_owned(),
            format!("store.cut_off_s={CUT_OFF_S}"),
            format!("store.skew_ms={SKEW_MS}"),
            format!("ledger.bid_window_s.banner={WINDOW_S}"),
            format!("ledger.bid_window_s.video={WINDOW_S}"),
            format!("ledger.bid_window_s.audio={WINDOW_S}"),
            format!("ledger.bid_window_s.native={WINDOW_S}"),
        ];
        let folder = self.folder.path().to_str().context("the temporary folder has an odd name")?;
        let mut args = vec!["serve", "--listen", &self.addr, "--data-dir", folder];
        for setting in &settings {
            args.extend(["--set", setting]);
        }
        Server::start_with_token(&args, TOKEN)
    }
}

/// Returns an address that a node can keep over its lives, as its links do: below the ports that systems give to connections
/// of their own, one of which might have it while the node is dead.
fn lasting_addr(number: u16) -> Result<String> {
    let first = 20_000 + (std::process::id() as u16 % 5_000) * 2 + number;
    let free =
        (0..500).map(|step| first + step * 2).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let port = free.context("no port below 31,000 is free")?;
    Ok(format!("127.0.0.1:{port}"))
}
