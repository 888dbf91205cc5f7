//! The real program over real HTTP: a request, its notices, a kill switch, a stop and a start, to the nano.

#[cfg(feature = "postgres")]
#[path = "end_to_end/nodes.rs"]
mod nodes;
#[path = "end_to_end/policies.rs"]
mod policies;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

use motet_units::Nanos;
use serde_json::{Value, json};

const TOKEN: &str = "end-to-end-token-0123456789abcdef";

/// The program, running as a server. Killed when dropped.
struct Server {
    child: Child,
    addr: String,
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

fn motet(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_motet")).args(args).output().unwrap()
}

impl Server {
    fn start(data_dir: &str) -> Self {
        Self::start_with(data_dir, &[])
    }

    fn start_with(data_dir: &str, settings: &[String]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_motet"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir, "--set", "control.tick_s=1"])
            .args(settings.iter().flat_map(|setting| ["--set", setting]))
            .env("MOTET_ADMIN_TOKEN", TOKEN)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = lines.by_ref().map(Result::unwrap).find(|line| line.contains("listening on "));
        let addr = listening.expect("the server says where it listens");
        let addr = addr.split("listening on ").nth(1).unwrap().trim().to_owned();
        Self { child, addr }
    }

    fn call(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        let extra = headers.iter().fold(String::new(), |all, header| all + header + "\r\n");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{extra}\r\n{body}",
            self.addr,
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Announces a body of some length and returns the status, without sending it.
    fn announce(&self, path: &str, length: usize) -> u16 {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        write!(stream, "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\n\r\n", self.addr)
            .unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn admin(&self, method: &str, path: &str, body: &Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.call(method, path, &[&format!("authorization: Bearer {TOKEN}")], &body)
    }

    fn get(&self, url: &str) -> Reply {
        let path = url.split_once("://").map_or(url, |(_, rest)| &rest[rest.find('/').unwrap()..]);
        self.call("GET", path, &[], "")
    }

    fn bid(&self, request: &Value) -> Reply {
        self.call("POST", "/openrtb2/bid", &["x-openrtb-version: 2.6"], &request.to_string())
    }

    /// Asks until there is a bid; returns the response and its first bid.
    fn bid_surely(&self, request: &Value) -> (Value, Value) {
        for _ in 0..50 {
            let reply = self.bid(request);
            if reply.status == 200 {
                let response = reply.json();
                let bid = response["seatbid"][0]["bid"][0].clone();
                return (response, bid);
            }
            assert_eq!(reply.status, 204, "{}", reply.body);
        }
        panic!("fifty requests brought no bid");
    }

    fn spent(&self, campaign: &str) -> Nanos {
        let reply = self.admin("GET", &format!("/v1/campaigns/{campaign}"), &Value::Null);
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["statement"]["spent"].as_str().unwrap().parse().unwrap()
    }

    /// Stops it as an operator does and waits for it.
    fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "a graceful stop ends well");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn campaigns() -> Value {
    json!({"advertisers": [{"id": "acme", "name": "Acme", "seat": "acme-seat", "campaigns": [{
        "id": "spring", "name": "Spring", "goal": {"cpm": "4.00"}, "budget": {"daily": "50", "total": "500"}, "pacing": "asap",
        "creatives": [{"id": "spring-banner", "domains": ["acme.example"], "landing_page": "https://acme.example/spring",
            "banner": {"size": "300x250", "image": "https://cdn.example/spring.png", "mime": "image/png"}}]}]}]})
}

fn request(id: &str) -> Value {
    json!({"id": id, "at": 1, "tmax": 2000, "cur": ["USD"],
        "imp": [{"id": "1", "banner": {"w": 300, "h": 250}, "bidfloor": 0.2, "secure": 1}],
        "site": {"domain": "news.example", "page": "https://news.example/a", "publisher": {"id": "pub-1"}, "cat": ["IAB17"]},
        "device": {"ua": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
            "ip": "82.14.3.9", "devicetype": 2, "os": "Windows", "geo": {"country": "GBR"}},
        "user": {"id": "reader-1"}})
}

fn fill(url: &Value, price: &str) -> String {
    url.as_str().unwrap().replace("${AUCTION_PRICE}", price).replace("${AUCTION_CURRENCY}", "USD")
}

fn find(markup: &str, path: &str) -> String {
    let at = markup.find(path).unwrap_or_else(|| panic!("no {path} in {markup}"));
    let start = markup[..at].rfind("http").unwrap();
    let end = at + markup[at..].find(['"', '\'', ' ', '<', ')']).unwrap();
    markup[start..end].replace("&amp;", "&")
}

#[test]
fn a_bid_is_won_billed_shown_clicked_and_accounted_to_the_nano() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let server = Server::start(data);
    assert_eq!(server.bid(&request("early")).status, 204, "nobody to bid for yet");
    let imported = server.admin("POST", "/v1/import", &campaigns());
    assert!(imported.status < 300, "{}", imported.body);

    let (response, bid) = server.bid_surely(&request("r-1"));
    assert_eq!(response["id"], "r-1");
    assert_eq!(
        (bid["impid"].as_str(), bid["cid"].as_str(), bid["crid"].as_str()),
        (Some("1"), Some("spring"), Some("spring-banner"))
    );
    assert_eq!(bid["mtype"], 1);
    assert_eq!(bid["adomain"], json!(["acme.example"]));
    let price = bid["price"].as_f64().unwrap();
    assert!((0.2..=4.0).contains(&price), "{price}");

    let markup = bid["adm"].as_str().unwrap();
    let bill = fill(&bid["burl"], "0.123457");
    assert!(server.get(&fill(&bid["nurl"], "0.123457")).status < 300);
    assert_eq!(server.spent("spring"), Nanos::ZERO, "a win is not yet a charge");
    for _ in 0..3 {
        assert!(server.get(&bill).status < 300, "a repeated bill is harmless");
    }
    assert_eq!(server.spent("spring"), Nanos::new(123_457));
    assert_eq!(server.get(&find(markup, "/i/")).status, 200);
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    let click = server.get(&find(markup, "/c/"));
    assert_eq!(click.status, 302);
    assert!(click.head.contains("https://acme.example/spring"), "{}", click.head);

    // A forged token is refused; a loss gives the money back.
    let forged = bill.replace("/n/billing/", "/n/billing/A");
    assert!(matches!(server.get(&forged).status, 400 | 403));
    let (_, lost) = server.bid_surely(&request("r-2"));
    let lurl = fill(&lost["lurl"], "").replace("${AUCTION_LOSS}", "102");
    assert!(server.get(&lurl).status < 300);
    assert_eq!(server.get(&fill(&lost["burl"], "0.2")).status, 409, "a bill after a loss contradicts");
    assert_eq!(server.spent("spring"), Nanos::new(123_457));

    let id = response["bidid"].as_str().unwrap().to_owned();
    let explained = server.admin("GET", &format!("/v1/decisions/{id}/explanation"), &Value::Null);
    assert_eq!(explained.status, 200, "{}", explained.body);
    assert!(explained.body.contains("spring"));
    assert_eq!(server.call("GET", &format!("/v1/decisions/{id}/explanation"), &[], "").status, 401);
    server.stop();

    let text = motet(&["explain", &id, "--data-dir", data]);
    assert!(text.status.success(), "{}", String::from_utf8_lossy(&text.stderr));
    assert!(String::from_utf8_lossy(&text.stdout).contains("spring"));
    replays_clean(data);

    // What was spent is still spent after a start, and the old bill still counts as told.
    let server = Server::start(data);
    assert_eq!(server.spent("spring"), Nanos::new(123_457));
    let path = &bill[bill.find("/n/").unwrap()..];
    assert!(server.get(path).status < 300);
    assert_eq!(server.spent("spring"), Nanos::new(123_457));
    server.stop();
}

fn replays_clean(data: &str) {
    let replayed = motet(&["replay", "--data-dir", data, "--json"]);
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
    let report: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert_eq!(report["different"], 0);
    assert!(report["decisions"].as_u64().unwrap() > 0);
}

#[test]
fn a_kill_switch_and_a_change_reach_decisions_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path().to_str().unwrap());
    assert!(server.admin("POST", "/v1/import", &campaigns()).status < 300);
    server.bid_surely(&request("r-1"));
    let pulled = server.admin("PUT", "/v1/switches/campaigns/spring", &Value::Null);
    assert!(pulled.status < 300, "{} {}", pulled.status, pulled.body);
    for _ in 0..20 {
        assert_eq!(server.bid(&request("r-2")).status, 204);
    }
    assert!(server.admin("DELETE", "/v1/switches/campaigns/spring", &Value::Null).status < 300);
    server.bid_surely(&request("r-3"));
}

#[test]
fn bad_input_gets_a_reason_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path().to_str().unwrap());
    for bad in ["", "{", "[]", "{\"id\": 1}", "null", "{\"id\":\"x\",\"imp\":[{\"id\":{}}]}"] {
        let reply = server.call("POST", "/openrtb2/bid", &[], bad);
        assert_eq!(reply.status, 400, "{bad}");
        assert!(!reply.body.trim().is_empty() && reply.body.trim().lines().count() == 1, "{}", reply.body);
    }
    assert_eq!(server.announce("/openrtb2/bid", 600_000), 413, "refused before it is sent");
    assert_eq!(server.call("GET", "/v1/campaigns", &[], "").status, 401);
    assert_eq!(server.call("GET", "/health/live", &[], "").status, 200);
    assert_eq!(server.call("GET", "/health/ready", &[], "").status, 200);
    let metrics = server.call("GET", "/metrics", &[], "");
    assert!(metrics.body.contains("motet_requests_total"), "{}", metrics.body);
}

/// Every request of the shared corpus is answered 200 or 204 by the real server.
#[test]
fn every_real_request_is_answered() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let shared = std::env::vars()
        .find_map(|(name, value)| (name == "MOTET_SHARED_DATA").then_some(value))
        .unwrap_or_else(|| format!("{root}/../shared/data"));
    let Ok(corpus) = std::fs::read_to_string(format!("{shared}/openrtb/requests.jsonl")) else {
        println!("skipped: no shared data in {shared}");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path().to_str().unwrap());
    assert!(server.admin("POST", "/v1/import", &campaigns()).status < 300);
    let mut bids = 0;
    for line in corpus.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let reply = server.bid(&entry["request"]);
        assert!(matches!(reply.status, 200 | 204), "{}: {} {}", entry["source"], reply.status, reply.body);
        bids += usize::from(reply.status == 200);
    }
    println!("{} requests, {bids} answered with a bid", corpus.lines().count());
    assert!(bids > 0, "a banner campaign without targeting fits some of them");
}

/// The short form of `motet bench crash --cycles 300`.
#[test]
fn kill_9_loses_nothing_doubles_nothing_and_overspends_nothing() {
    let crashed = motet(&["bench", "crash", "--cycles", "4", "--json"]);
    let report: Value = serde_json::from_slice(&crashed.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&crashed.stderr)));
    for field in ["lost", "double", "overspent_nanos", "different"] {
        assert_eq!(report[field], 0, "{report}");
    }
    assert!(report["bills"].as_u64().unwrap() > 0, "{report}");
}
