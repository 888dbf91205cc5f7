//! Nodes that share campaigns and budgets through a real PostgreSQL.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use motet_services::Postgres;
use motet_units::Nanos;
use serde_json::Value;

use super::{Server, campaigns, fill, motet, replays_clean, request};

/// Longest wait for what nodes tell each other.
const PATIENCE: Duration = Duration::from_secs(30);

fn node(folder: &tempfile::TempDir, number: u16, database: &Postgres) -> Server {
    let settings = [
        format!("decision.node={number}"),
        format!("store.url={}", database.url()),
        "store.renew_ms=100".to_owned(),
        "store.patience_ms=20000".to_owned(),
    ];
    Server::start_with(folder.path().to_str().unwrap(), &settings)
}

/// Looks until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let step = Duration::from_millis(50);
    for _ in 0..PATIENCE.as_millis() / step.as_millis() {
        if holds() {
            return;
        }
        std::thread::sleep(step);
    }
    panic!("it never came about that {what}");
}

fn statement(server: &Server, campaign: &str, field: &str) -> Option<Nanos> {
    let reply = server.admin("GET", &format!("/v1/campaigns/{campaign}"), &Value::Null);
    (reply.status == 200).then(|| reply.json()["statement"][field].as_str().unwrap().parse().unwrap())
}

/// Returns a request of a reader who was not here before: nobody is shown an ad twice at once.
fn reader() -> Value {
    static READERS: AtomicU32 = AtomicU32::new(0);
    let number = READERS.fetch_add(1, Ordering::Relaxed);
    let mut request = request(&format!("r{number}"));
    request["user"]["id"] = format!("reader-{number}").into();
    request["device"]["ip"] = format!("82.14.{}.{}", number / 250, number % 250 + 1).into();
    request
}

/// Asks until there is a bid: a node's first lease of a campaign comes a moment after the first request for it.
fn bid(server: &Server) -> Value {
    let mut found = Value::Null;
    until("a request brings a bid", || {
        let reply = server.bid(&reader());
        assert!(matches!(reply.status, 200 | 204), "{}", reply.body);
        if reply.status == 200 {
            found = reply.json()["seatbid"][0]["bid"][0].clone();
        }
        reply.status == 200
    });
    found
}

#[test]
fn two_nodes_share_campaigns_money_and_notices() {
    let database = Postgres::start().expect("a PostgreSQL server for this test");
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (one, two) = (node(&folders[0], 1, &database), node(&folders[1], 2, &database));
    assert_eq!(one.admin("POST", "/v1/import", &campaigns()).status, 200);
    until("the other node knows the campaign", || statement(&two, "spring", "spent").is_some());

    // A bid of one, billed and shown by way of the other, and by its own.
    let bids = [bid(&one), bid(&two)];
    let mut spent = Nanos::ZERO;
    for (bid, told) in bids.iter().zip([&two, &one]) {
        let price = bid["price"].to_string();
        let bill = fill(&bid["burl"], &price);
        for _ in 0..2 {
            assert_eq!(told.get(&bill).status, 204, "told twice, it counts once");
        }
        spent += price.parse::<motet_units::CpmMicros>().unwrap().per_impression();
    }
    let own = bid(&one);
    assert_eq!(one.get(&fill(&own["burl"], &own["price"].to_string())).status, 204);
    spent += own["price"].to_string().parse::<motet_units::CpmMicros>().unwrap().per_impression();
    for server in [&one, &two] {
        until("both know what all spent", || statement(server, "spring", "spent") == Some(spent));
    }

    // A kill switch pulled here holds there.
    assert!(two.admin("PUT", "/v1/switches/campaigns/spring", &Value::Null).status < 300);
    until("the switch holds on the other node", || one.bid(&reader()).status == 204);

    // What does not fit is refused, wherever it is asked.
    let gone = one.admin("DELETE", "/v1/campaigns/spring", &Value::Null);
    assert!(gone.status < 300, "{}", gone.body);
    until("the other node has dropped it", || {
        two.admin("DELETE", "/v1/campaigns/spring", &Value::Null).status == 404
    });
    one.stop();
    two.stop();
    for folder in &folders {
        replays_clean(folder.path().to_str().unwrap());
    }
}

#[test]
fn a_node_that_is_cut_off_goes_on_bidding_and_takes_no_bill() {
    let database = Postgres::start().expect("a PostgreSQL server for this test");
    let folder = tempfile::tempdir().unwrap();
    let server = node(&folder, 1, &database);
    assert_eq!(server.admin("POST", "/v1/import", &campaigns()).status, 200);
    let first = bid(&server);
    database.stop().unwrap();
    let second = bid(&server);
    let bill = |bid: &Value| fill(&bid["burl"], &bid["price"].to_string());
    assert_eq!(server.get(&bill(&first)).status, 503, "told again later, it counts");
    let change = server.admin("PUT", "/v1/switches/campaigns/spring", &Value::Null);
    assert_eq!(change.status, 503, "{}", change.body);
    database.start_again().unwrap();
    for bid in [first, second] {
        until("the bill is taken", || server.get(&bill(&bid)).status == 204);
    }
}

#[test]
fn a_folder_that_belongs_elsewhere_is_refused_with_a_word_what_to_do() {
    let database = Postgres::start().expect("a PostgreSQL server for this test");
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = node(&own, 1, &database);
    assert_eq!(server.admin("POST", "/v1/import", &campaigns()).status, 200);
    server.stop();
    let folder = |dir: &tempfile::TempDir| dir.path().to_str().unwrap().to_owned();
    let refused = |args: &[&str]| {
        let output = motet(args);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let url = format!("store.url={}", database.url());
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir"];
    let taken =
        refused(&[&serve[..], &[&folder(&other), "--set", &url, "--set", "decision.node=1"]].concat());
    assert!(taken.contains("registered with another journal"), "{taken}");
    let alone = refused(&[&serve[..], &[&folder(&own)]].concat());
    assert!(alone.contains("motet store copy"), "{alone}");
}

#[test]
fn a_store_is_copied_to_postgresql_and_back_losing_nothing() {
    let database = Postgres::start().expect("a PostgreSQL server for this test");
    let (own, back, shared) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = |dir: &tempfile::TempDir| dir.path().to_str().unwrap().to_owned();
    let server = Server::start(&folder(&own));
    assert_eq!(server.admin("POST", "/v1/import", &campaigns()).status, 200);
    let (billed, open) = (bid(&server), bid(&server));
    assert_eq!(server.get(&fill(&billed["burl"], &billed["price"].to_string())).status, 204);
    let before = ["spent", "reserved"].map(|field| statement(&server, "spring", field).unwrap());
    assert!(before.iter().all(|amount| amount.is_positive()), "{before:?}");
    server.stop();

    let copy = |from: &str, to: &str, more: &[&str]| {
        let output = motet(&[&["store", "copy", "--from", from, "--to", to, "--json"], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.success(), report, said)
    };
    let url = database.url();
    let (done, report, said) = copy(&folder(&own), &url, &[]);
    assert!(done, "{said}");
    assert_eq!(report["spent"], before[0].to_string());
    assert_eq!(report["reserved"], before[1].to_string());
    let (done, _, said) = copy(&folder(&own), &url, &[]);
    assert!(!done && said.contains("--force"), "{said}");
    assert!(copy(&folder(&own), &url, &["--force"]).0);

    // Back into a folder, where it goes on as if nothing had been: the bid that was open can be billed.
    let (done, _, said) = copy(&url, &folder(&back), &[]);
    assert!(done, "{said}");
    std::fs::copy(own.path().join("secrets.toml"), back.path().join("secrets.toml")).unwrap();
    let server = Server::start(&folder(&back));
    assert_eq!(["spent", "reserved"].map(|field| statement(&server, "spring", field).unwrap()), before);
    assert_eq!(server.get(&fill(&open["burl"], &open["price"].to_string())).status, 204);
    server.stop();

    // And the first folder goes on as a node, beside one that begins with nothing.
    let first = node(&own, 1, &database);
    let second = node(&shared, 2, &database);
    assert_eq!(second.get(&fill(&open["burl"], &open["price"].to_string())).status, 204);
    until("its own node has judged it", || statement(&first, "spring", "spent") > Some(before[0]));
}

/// The short form of `motet bench nodes --kills 200`.
#[test]
fn mishaps_of_nodes_and_database_overspend_nothing_lose_nothing_and_double_nothing() {
    let ran = motet(&["bench", "nodes", "--kills", "4", "--json"]);
    let report: Value = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&ran.stderr)));
    for field in
        ["overspent_nanos", "lost", "double", "stranded_after_expiry_nanos", "refused_in_time", "different"]
    {
        assert_eq!(report[field], 0, "{report}");
    }
    for field in ["bills", "deaths"] {
        assert!(report[field].as_u64().unwrap() > 0, "{report}");
    }
}
