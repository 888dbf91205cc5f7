//! The processes, the traffic, the kills, and the comparison at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use indicatif::ProgressBar;
use motet_bus::Settings;
use motet_engine::{Effect, Event, Record};
use motet_model::{ids::BidId, outcome::NoticeVerdict};
use motet_server::{
    bus::{JOURNAL_TOPIC, RECORD_HEADER},
    runtime::wall_clock,
    tokens::{Kind, Secrets},
};
use motet_services::Kafka;
use motet_store::journal::Reader;
use motet_units::{Chance, Stream};
use serde_json::{Value, json};

use super::Report;
use crate::{
    bench::{bus::counted, bus_feed::read_place, http::Server},
    client::Client,
    clock,
};

const TOPIC: &str = "motet.notices.in";
/// How long it may take after the last kill until everything has settled.
const SETTLE: Duration = Duration::from_secs(180);
/// Between two requests: a hundred a second, so that files stay small and kills do not wait for them.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs the kills.
pub(super) async fn run(kills: u32, seed: u64, progress: &ProgressBar) -> Result<Report> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut scene = tokio::task::block_in_place(|| Scene::set(folder.path()))?;
    let mut report = Report { kills, failure_rate_below: 3.0 / f64::from(kills), ..Report::default() };
    let stop = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn(traffic(Arc::clone(&scene.addr), scene.lines.clone(), Arc::clone(&stop)));
    let mut draw = Chance::new(seed, 0).stream("kills");
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(300 + draw.below(1_200))).await;
        tokio::task::block_in_place(|| scene.kill_one(&mut draw, &mut report))?;
        progress.inc(1);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.store(true, Ordering::Relaxed);
    traffic.await??;
    let expected = scene.settle().await?;
    report.events = expected.len();
    scene.compare(&expected, &mut report)?;
    scene.compare_records(&mut report).await?;
    if report.lost + report.double > 0 {
        report.failure_rate_below = 1.0;
    }
    Ok(report)
}

/// Everything that runs.
struct Scene {
    kafka: Kafka,
    server: Server,
    feeder: Feeder,
    /// Where the server listens now.
    addr: Arc<Mutex<SocketAddr>>,
    data: PathBuf,
    lines: PathBuf,
    place: PathBuf,
}

/// The feeder's process; killed when dropped.
struct Feeder(Child);

impl Drop for Feeder {
    fn drop(&mut self) {
        // It may have ended by itself already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Scene {
    fn set(folder: &Path) -> Result<Self> {
        let (data, lines, place) = (folder.join("data"), folder.join("lines"), folder.join("place"));
        std::fs::write(&lines, "").context("cannot make a file")?;
        let kafka = Kafka::start()?;
        let server = serve(&data, &kafka.url())?;
        let feeder = feed(&kafka.url(), &lines, &place)?;
        let addr = Arc::new(Mutex::new(server.addr));
        Ok(Self { kafka, server, feeder, addr, data, lines, place })
    }

    /// Kills one of the three and starts it again.
    fn kill_one(&mut self, draw: &mut Stream, report: &mut Report) -> Result<()> {
        match draw.below(3) {
            0 => {
                self.server.kill();
                self.server = serve(&self.data, &self.kafka.url())?;
                *self.addr.lock().unwrap_or_else(PoisonError::into_inner) = self.server.addr;
                report.consumer_kills += 1;
            }
            1 => {
                self.feeder = feed(&self.kafka.url(), &self.lines, &self.place)?;
                report.producer_kills += 1;
            }
            _ => {
                self.kafka.restart()?;
                report.broker_kills += 1;
            }
        }
        Ok(())
    }

    /// Waits until all that was fed is judged; returns what that is. What is missing at the end is for the comparison.
    async fn settle(&self) -> Result<BTreeSet<(BidId, &'static str)>> {
        let text = std::fs::read_to_string(&self.lines).context("cannot read the lines")?;
        let expected = self.claims(&text)?;
        let until = clock::monotonic() + SETTLE;
        loop {
            let all_fed = read_place(&self.place)? >= text.lines().count();
            if all_fed && counted(&self.data.join("journal"))?.len() >= expected.len() {
                return Ok(expected);
            }
            if clock::monotonic() > until {
                return Ok(expected);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Reads which notice each address tells.
    fn claims(&self, text: &str) -> Result<BTreeSet<(BidId, &'static str)>> {
        let secrets = Secrets::open_or_create(&self.data.join("secrets.toml"), wall_clock())?;
        let signer = secrets.signer();
        let claim = |line: &str| {
            let path = line.split_once("/n/").map_or("", |(_, path)| path);
            let (name, token) = path.split('?').next()?.split_once('/')?;
            let (kind, name) = match name {
                "win" => (Kind::Win, "win"),
                "billing" => (Kind::Billing, "billing"),
                _ => return None,
            };
            Some((signer.verify(token, kind, wall_clock()).ok()?.bid, name))
        };
        let claims = text.lines().map(|line| claim(line).with_context(|| format!("an odd address: {line}")));
        claims.collect()
    }

    fn compare(&self, expected: &BTreeSet<(BidId, &'static str)>, report: &mut Report) -> Result<()> {
        let counted = counted(&self.data.join("journal"))?;
        report.lost = expected.iter().filter(|notice| !counted.contains_key(*notice)).count();
        report.double = counted.values().filter(|times| **times > 1).count();
        for record in Reader::open(&self.data.join("journal"))?.records()? {
            let record = Record::decode(&record?.1)?;
            let Effect::Judged(judgement) = record.effect else { continue };
            let again =
                matches!(record.event, Event::Noticed(_)) && judgement.verdict == NoticeVerdict::Duplicate;
            report.known_again += usize::from(again);
        }
        Ok(())
    }

    /// Reads the topic of records until every record has come, or nothing more comes.
    async fn compare_records(&self, report: &mut Report) -> Result<()> {
        let last = last_record(&self.data.join("journal"))?;
        let bus = motet_bus::open_bus(&self.kafka.url(), &Settings::default()).await?;
        let mut subscriber = bus.subscribe("bus-faults", &[JOURNAL_TOPIC]).await?;
        let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
        while seen.range(..=last).count() < last as usize {
            let Ok(some) = tokio::time::timeout(SETTLE, subscriber.receive()).await else { break };
            for message in some? {
                let name = message.headers.get(RECORD_HEADER).and_then(|name| name.split_once('/'));
                let sequence = name.and_then(|(_, sequence)| sequence.parse().ok());
                *seen.entry(sequence.context("a record without a name")?).or_default() += 1;
            }
        }
        report.records = last;
        report.records_lost = last - seen.range(..=last).count() as u64;
        report.records_again = seen.values().filter(|times| **times > 1).count() as u64;
        Ok(())
    }
}

fn last_record(journal: &Path) -> Result<u64> {
    let records = Reader::open(journal)?.records()?;
    records.last().context("the journal is empty")?.map(|(sequence, _)| sequence).map_err(Into::into)
}

fn serve(data: &Path, url: &str) -> Result<Server> {
    let data = data.to_str().context("the temporary folder has an odd name")?;
    let url = format!("bus.url={url}");
    let sets = ["log.level=error", &url, "bus.records=true", "bus.session_ms=2000", "control.tick_s=3600"];
    let start = ["serve", "--sample", "--listen", "127.0.0.1:0", "--data-dir", data];
    Server::start(&[&start[..], sets.map(|set| ["--set", set]).as_flattened()].concat())
}

fn feed(url: &str, lines: &Path, place: &Path) -> Result<Feeder> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(program);
    command.args(["bench", "bus-feed", "--url", url, "--topic", TOPIC, "--lines"]);
    command.arg(lines).arg("--place").arg(place);
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.spawn().map(Feeder).context("cannot start the feeder")
}

/// Asks for ads until told to stop, and writes the addresses of what was won to the file.
async fn traffic(addr: Arc<Mutex<SocketAddr>>, lines: PathBuf, stop: Arc<AtomicBool>) -> Result<()> {
    let mut file = std::fs::File::options().append(true).open(lines).context("cannot open the lines")?;
    let (mut client, mut known) = (None, None);
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let now = *addr.lock().unwrap_or_else(PoisonError::into_inner);
        if known != Some(now) {
            (client, known) = (Some(Client::new(now)), Some(now));
        }
        let Some(client) = &mut client else { bail!("there is a client") };
        // While the server is down there is nothing to ask.
        if let Ok(addresses) = visit(client, number).await {
            file.write_all(addresses.as_bytes()).context("cannot write the lines")?;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Asks for one ad; returns the addresses of its win and its bill, a line each, or nothing where there was no bid.
async fn visit(client: &mut Client, number: u64) -> Result<String> {
    let request = json!({"id": format!("faults-{number}"), "at": 1, "tmax": 2000, "cur": ["USD"],
        "imp": [{"id": "1", "banner": {"format": [{"w": 300, "h": 250}]}}],
        "site": {"domain": "garden.example", "cat": ["IAB10"], "publisher": {"id": "p"}},
        "device": {"ua": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
            "ip": format!("82.7.{}.{}", number / 250 % 250, number % 250), "geo": {"country": "USA"}}});
    let reply = client.post("/openrtb2/bid", Bytes::from(request.to_string())).await?;
    if reply.status != 200 {
        return Ok(String::new());
    }
    let response: Value = serde_json::from_slice(&reply.body)?;
    let bids = response["seatbid"].as_array().into_iter().flatten();
    let bids = bids.flat_map(|seat| seat["bid"].as_array().into_iter().flatten());
    Ok(bids.flat_map(|bid| ["nurl", "burl"].map(|key| address(bid, key))).flatten().collect())
}

fn address(bid: &Value, key: &str) -> Option<String> {
    let price = bid["price"].to_string();
    let address =
        bid[key].as_str()?.replace("${AUCTION_PRICE}", &price).replace("${AUCTION_CURRENCY}", "USD");
    // The other macros stand for what was not told.
    let address = address.split("${").next().unwrap_or_default();
    Some(format!("{address}\n"))
}
