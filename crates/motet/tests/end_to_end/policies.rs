//! Trained policies in the service of the real program: swapped, refused, rolled back, and still there after kill -9.

use std::{fs, path::Path};

use motet_agents::pacer;
use motet_policy::{
    AgentPolicy, Body, LayerSpec, NetworkSpec, PolicySet,
    file::{Gate, MANIFEST_FILE, Made, Manifest, WEIGHTS_FILE, files},
};
use serde_json::{Value, json};

use super::{Server, campaigns, motet, replays_clean, request};

/// A set in which the pacer always holds its gain a bit above the default.
fn set(version: &str) -> PolicySet {
    let (inputs, outputs) = (pacer::CARD.observation.len(), pacer::CARD.action.len());
    let layer = LayerSpec { inputs, outputs, weight: vec![0.01; inputs * outputs], bias: vec![0.1; outputs] };
    let network = NetworkSpec { means: vec![0.0; inputs], factors: vec![1.0; inputs], layers: vec![layer] };
    let policy = AgentPolicy {
        agent: "pacer".to_owned(),
        version: format!("pacer-{version}"),
        observation: pacer::CARD.observation_numbers(),
        action: pacer::CARD.action_numbers(),
        body: Body::Network(network),
    };
    PolicySet { version: version.to_owned(), agents: vec![policy] }
}

/// Replaces the folder served as the documents say: written elsewhere, then renamed.
fn put(root: &Path, version: &str, spoil: impl FnOnce(&Path)) {
    let (dir, fresh, old) = (root.join("served"), root.join("fresh"), root.join("old"));
    let set = set(version);
    let made = Made { learner: "q".to_owned(), ..Made::default() };
    let gate = Some(Gate { shippable: true, reasons: vec!["better".to_owned()] });
    let manifest = Manifest { gate, ..Manifest::of(&set, made, [("surplus".to_owned(), 3.0)].into()) };
    let files = files(&set, &manifest);
    fs::create_dir(&fresh).unwrap();
    fs::write(fresh.join(MANIFEST_FILE), files.manifest).unwrap();
    fs::write(fresh.join(WEIGHTS_FILE), files.weights).unwrap();
    spoil(&fresh);
    if dir.exists() {
        fs::rename(&dir, &old).unwrap();
    }
    fs::rename(&fresh, &dir).unwrap();
    let _ = fs::remove_dir_all(&old);
}

fn start(root: &Path) -> Server {
    let data = root.join("data");
    let dir = format!("policies.dir={}", root.join("served").display());
    Server::start_with(
        data.to_str().unwrap(),
        &[dir, "policies.watch_s=1".to_owned(), "openrtb.deadline_ms=1900".to_owned()],
    )
}

fn policies(server: &Server) -> Value {
    let shown = server.admin("GET", "/v1/policies", &Value::Null);
    assert_eq!(shown.status, 200, "{}", shown.body);
    shown.json()
}

fn ask(server: &Server, what: &str) -> (u16, Value) {
    let reply = server.admin("POST", &format!("/v1/policies/{what}"), &Value::Null);
    (reply.status, reply.json())
}

/// Returns the pacer's policy as a fresh decision with a bid names it, and that decision.
fn decided_by(server: &Server, round: u8) -> (String, String) {
    let id = a_bid(server, round);
    let explained = server.admin("GET", &format!("/v1/decisions/{id}/explanation"), &Value::Null).json();
    let agents = explained["agents"].as_array().unwrap();
    let pacer = agents.iter().find(|agent| agent["agent"] == "pacer").unwrap();
    (pacer["policy"].as_str().unwrap().to_owned(), id)
}

/// Asks until there is a bid, for another reader each time: one who asks too often is taken for a machine.
fn a_bid(server: &Server, round: u8) -> String {
    for reader in 0..50_u8 {
        let mut asked = request(&format!("r-{round}-{reader}"));
        asked["user"]["id"] = json!(format!("reader-{round}-{reader}"));
        asked["device"]["ip"] = json!(format!("82.{round}.{reader}.9"));
        let reply = server.bid(&asked);
        if reply.status == 200 {
            return reply.json()["bidid"].as_str().unwrap().to_owned();
        }
    }
    panic!("fifty requests brought no bid");
}

/// Waits until the watch has seen to the folder.
fn wait_for(server: &Server, version: &str) {
    for _ in 0..600 {
        if policies(server)["in_service"]["version"] == version {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{version} was not taken into service within a minute");
}

#[test]
fn policies_are_swapped_refused_rolled_back_and_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(root, "a@1", |_| ());
    let server = start(root);
    assert!(server.admin("POST", "/v1/import", &campaigns()).status < 300);
    let shown = policies(&server);
    assert_eq!(
        (&shown["in_service"]["version"], &shown["in_service"]["made"]["learner"]),
        (&json!("a@1"), &json!("q"))
    );
    assert_eq!(decided_by(&server, 1).0, "pacer-a@1");

    put(root, "b@1", |_| ());
    wait_for(&server, "b@1");
    assert_eq!(decided_by(&server, 2).0, "pacer-b@1");

    put(root, "c@1", |dir| {
        let weights = fs::read(dir.join(WEIGHTS_FILE)).unwrap();
        fs::write(dir.join(WEIGHTS_FILE), &weights[..weights.len() / 2]).unwrap();
    });
    let (status, refused) = ask(&server, "reload");
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("policies_refused")), "{refused}");
    let shown = policies(&server);
    assert_eq!(shown["in_service"]["version"], "b@1");
    assert!(shown["last_refusal"]["reason"].as_str().unwrap().contains("weights"), "{shown}");
    assert_eq!(decided_by(&server, 3).0, "pacer-b@1");

    assert_eq!(ask(&server, "rollback"), (200, json!({ "outcome": "seated", "in_service": "a@1" })));
    let (by, early) = decided_by(&server, 4);
    assert_eq!(by, "pacer-a@1");
    let metrics = server.call("GET", "/metrics", &[], "").body;
    assert!(metrics.contains("motet_policy_info{version=\"a@1\"} 1"), "{metrics}");
    for (outcome, least) in [("seated", 2), ("refused", 1), ("rolled_back", 1)] {
        let start = format!("motet_policy_swaps_total{{outcome=\"{outcome}\"}} ");
        let count: u32 = metrics.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok()).unwrap();
        assert!(count >= least, "{outcome}: {count}");
    }

    drop(server); // kill -9
    let server = start(root);
    assert_eq!(policies(&server)["in_service"]["version"], "a@1");
    assert_eq!(ask(&server, "reload").1["outcome"], "held", "the folder has not changed since the rollback");
    assert_eq!(decided_by(&server, 5).0, "pacer-a@1");
    assert_eq!(ask(&server, "fixed").0, 200);
    assert_eq!(decided_by(&server, 6).0, "pacer-fixed@1");
    assert_eq!(policies(&server)["previous"]["version"], "a@1");
    server.stop();

    let data = root.join("data");
    let explained = motet(&["explain", &early, "--data-dir", data.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&explained.stdout).contains("pacer-a@1"));
    replays_clean(data.to_str().unwrap());
}

#[test]
fn a_server_whose_folder_is_bad_at_its_start_serves_the_fixed_policies_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a@1", |dir| fs::write(dir.join(MANIFEST_FILE), "{").unwrap());
    let server = start(folder.path());
    let shown = policies(&server);
    assert_eq!(shown["in_service"]["version"], "fixed@1");
    assert!(shown["last_refusal"]["reason"].as_str().unwrap().contains("manifest"), "{shown}");
    assert_eq!(server.call("GET", "/health/ready", &[], "").status, 200);
}
