use std::{fs, path::Path};

use motet_policy::{AgentPolicy, Body, LayerSpec, NetworkSpec, PolicySet, file};
use motet_server::policies::fits;

use super::*;

fn network(inputs: usize, outputs: usize) -> NetworkSpec {
    let layer = |inputs: usize, outputs: usize, scale: f32| LayerSpec {
        inputs,
        outputs,
        weight: (0..inputs * outputs).map(|at| (at as f32 * 0.37).sin() * scale).collect(),
        bias: (0..outputs).map(|at| at as f32 * 0.01).collect(),
    };
    let layers = vec![layer(inputs, 8, 0.5), layer(8, outputs, 0.25)];
    NetworkSpec { means: vec![0.25; inputs], factors: vec![1.5; inputs], layers }
}

fn policy(agent: &str, body: Body) -> AgentPolicy {
    let card = card(agent).unwrap();
    AgentPolicy {
        agent: agent.to_owned(),
        version: format!("{agent}-q@1"),
        observation: card.observation_numbers(),
        action: card.action_numbers(),
        body,
    }
}

fn network_of(agent: &str) -> NetworkSpec {
    let card = card(agent).unwrap();
    network(card.observation.len(), card.action.len())
}

/// A folder in which the pacer has a network and the guard always the same.
fn folder(dir: &Path) {
    let guard = Body::Constant(vec![0.0; card("guard").unwrap().action.len()]);
    let agents = vec![policy("pacer", Body::Network(network_of("pacer"))), policy("guard", guard)];
    let set = PolicySet { version: "q@1".to_owned(), agents };
    let gate = Some(file::Gate { shippable: true, reasons: Vec::new() });
    let metrics = [("surplus".to_owned(), 2.0)].into();
    let manifest = file::Manifest { gate, ..file::Manifest::of(&set, file::Made::default(), metrics) };
    write::replace_folder(dir, &file::files(&set, &manifest)).unwrap();
}

#[test]
fn a_policy_goes_out_and_comes_in_the_same_and_leaves_the_others_alone() {
    let root = tempfile::tempdir().unwrap();
    let (dir, new, onnx) = (root.path().join("a"), root.path().join("b"), root.path().join("pacer.onnx"));
    folder(&dir);
    onnx::export(&dir, "pacer", &onnx).unwrap();
    onnx::import(&onnx, "pacer", &new, Some("mine@2"), true).unwrap();
    let imported = read(&new).unwrap();
    assert_eq!(imported.set.agents.len(), 1);
    assert_eq!(imported.set.of("pacer").unwrap().body, Body::Network(network_of("pacer")));
    assert_eq!((&*imported.set.version, &*imported.manifest.made.learner), ("mine@2", "imported"));

    // Into a folder that is there: that agent's policy alone, and what was said of the old set is gone.
    onnx::import(&onnx, "pacer", &dir, None, false).unwrap();
    let replaced = read(&dir).unwrap();
    assert!(replaced.set.version.starts_with("imported@"), "{}", replaced.set.version);
    assert_eq!(replaced.set.of("guard").unwrap().version, "guard-q@1");
    assert_eq!((replaced.manifest.gate, replaced.manifest.metrics.len()), (None, 0));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3, "nothing is left lying about");
}

#[test]
fn what_cannot_be_carried_is_said() {
    let root = tempfile::tempdir().unwrap();
    let (dir, onnx) = (root.path().join("a"), root.path().join("pacer.onnx"));
    folder(&dir);
    let said = |result: Result<()>| format!("{:#}", result.unwrap_err());
    assert!(said(onnx::export(&dir, "guard", &onnx)).contains("no network"));
    assert!(said(onnx::export(&dir, "bidder", &onnx)).contains("pacer, guard"));
    onnx::export(&dir, "pacer", &onnx).unwrap();
    let before = read(&dir).unwrap().digest();
    assert!(said(onnx::import(&onnx, "safety", &dir, None, false)).contains("no agent called 'safety'"));
    let wrong = said(onnx::import(&onnx, "guard", &dir, None, false));
    assert!(wrong.contains("the actor must read 2 numbers"), "{wrong}");
    assert!(said(onnx::import(&onnx, "pacer", &dir, Some(&"v".repeat(200)), false)).contains("a version is"));
    assert_eq!(read(&dir).unwrap().digest(), before, "a refused import leaves the folder");
}

#[test]
fn a_folder_is_told_with_what_it_is_and_whether_it_can_be_served() {
    let root = tempfile::tempdir().unwrap();
    folder(&root.path().join("a"));
    let found = read(&root.path().join("a")).unwrap();
    let fit = fits(&std::sync::Arc::new(found.set.clone()));
    let json = inspect::to_json(&found, &fit);
    assert_eq!((&json["version"], &json["fits"]), (&"q@1".into(), &true.into()));
    assert_eq!(json["agents"][0]["kind"], "network");
    assert_eq!(json["metrics"]["surplus"], 2.0);
    let text = inspect::to_text(&found, &Err("it has grown".to_owned()));
    for part in ["q@1", "may be shipped", "surplus = 2", "NO: it has grown", &found.digest()] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
