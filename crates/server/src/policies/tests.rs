//! The keeper over a real runtime and real folders.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use motet_agents::pacer;
use motet_engine::Options;
use motet_insight::metrics::PolicySwap;
use motet_policy::{
    AgentPolicy, Body, LayerSpec, NetworkSpec, PolicySet,
    file::{Gate, MANIFEST_FILE, Made, Manifest, WEIGHTS_FILE, weights},
};
use motet_units::Timestamp;

use super::{
    shelf::{Note, Shelf, Source, Stored},
    *,
};
use crate::runtime::{self, NoProbe, Probe, Runtime, open_engine};

fn network(weight: f32) -> Body {
    let (inputs, outputs) = (pacer::CARD.observation.len(), pacer::CARD.action.len());
    let layer = LayerSpec {
        inputs,
        outputs,
        weight: vec![weight; inputs * outputs],
        bias: (0..outputs).map(|place| place as f32 * 0.1).collect(),
    };
    Body::Network(NetworkSpec { means: vec![0.0; inputs], factors: vec![1.0; inputs], layers: vec![layer] })
}

fn set_of(version: &str, body: Body) -> PolicySet {
    let policy = AgentPolicy {
        agent: "pacer".to_owned(),
        version: format!("pacer-{version}"),
        observation: pacer::CARD.observation_numbers(),
        action: pacer::CARD.action_numbers(),
        body,
    };
    PolicySet { version: version.to_owned(), agents: vec![policy] }
}

#[expect(clippy::unnecessary_wraps, reason = "what it is put in the place of may be absent")]
fn passed() -> Option<Gate> {
    Some(Gate { shippable: true, reasons: vec!["surplus up".to_owned()] })
}

/// Puts a set in a folder, in place of what was there.
fn put(dir: &Path, set: &PolicySet, gate: Option<Gate>) {
    fs::create_dir_all(dir).unwrap();
    let made = Made { learner: "q".to_owned(), scenario: "radio-day".to_owned(), seed: 7, ..Made::default() };
    let metrics = [("surplus".to_owned(), 1.5)].into();
    let manifest = Manifest { gate, ..Manifest::of(set, made, metrics) };
    fs::write(dir.join(WEIGHTS_FILE), weights(set)).unwrap();
    fs::write(dir.join(MANIFEST_FILE), manifest.to_json()).unwrap();
}

/// Counts swaps by outcome.
#[derive(Debug, Default)]
struct Swaps([AtomicU64; 3]);

impl Swaps {
    fn counts(&self) -> [u64; 3] {
        self.0.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

impl Probe for Swaps {
    fn decided(&self, _: &motet_coordinator::Trace, _: Duration, _: &runtime::AgentTimes) {}
    fn judged(&self, _: &motet_model::outcome::Notice, _: &motet_engine::Judgement) {}
    fn committed(&self, _: usize, _: usize, _: Duration) {}
    fn shed(&self) {}
    fn invariant_broken(&self) {}
    fn ticked(
        &self,
        _: &motet_model::catalog::Catalog,
        _: &[motet_agent::Account],
        _: &motet_ledger::Totals,
        _: usize,
    ) {
    }
    fn swapped(&self, outcome: PolicySwap) {
        self.0[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }
}

/// A server's runtime on a data folder, and the policy folder it serves.
struct Served {
    runtime: Runtime,
    swaps: Arc<Swaps>,
}

fn settings(root: &Path) -> runtime::Settings {
    runtime::Settings {
        data_dir: root.join("data"),
        engine: Options::default(),
        segment_bytes: 64 << 20,
        snapshot_every: 1_000,
        keep_segments: None,
        commit_delay: Duration::ZERO,
        tick: Duration::from_secs(600),
        queue: 8,
        elsewhere: Vec::new(),
    }
}

impl Served {
    fn start(root: &Path, gate: GateRule) -> Self {
        Self::serving(root, Some(root.join("served")), gate)
    }

    fn serving(root: &Path, dir: Option<std::path::PathBuf>, gate: GateRule) -> Self {
        let swaps = Arc::new(Swaps::default());
        let runtime = Runtime::start(&settings(root), Arc::clone(&swaps) as Arc<dyn Probe>).unwrap();
        runtime.serve_policies(Settings { dir, watch: None, gate }).unwrap();
        Self { runtime, swaps }
    }

    fn keeper(&self) -> Arc<Keeper> {
        self.runtime.keeper().unwrap()
    }

    fn ask(&self, ask: Ask) -> Result<Swap, SwapError> {
        self.keeper().ask(ask)
    }

    fn report(&self) -> Report {
        self.keeper().report().unwrap()
    }

    fn in_service(&self) -> String {
        self.report().in_service.version
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with an answer")]
fn seated(version: &str) -> Result<Swap, SwapError> {
    Ok(Swap::Seated { version: version.to_owned() })
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with an answer")]
fn held(version: &str) -> Result<Swap, SwapError> {
    Ok(Swap::Held { version: version.to_owned() })
}

#[test]
fn a_sound_folder_is_seated_with_all_that_is_known_of_it() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("served"), &set_of("a@1", network(0.25)), passed());
    let served = Served::start(root.path(), GateRule::Required);
    let report = served.report();
    assert_eq!((&*report.in_service.version, report.in_service.source), ("a@1", "folder"));
    assert_eq!((&*report.in_service.made.learner, report.in_service.made.seed), ("q", 7));
    assert_eq!(report.in_service.metrics["surplus"].to_bits(), 1.5_f64.to_bits());
    assert_eq!(report.in_service.gate, passed());
    let pacer = report.agents.iter().find(|agent| agent.agent.name() == "pacer").unwrap();
    assert_eq!((pacer.version.as_deref(), pacer.refused_actions), (Some("pacer-a@1"), 0));
    assert_eq!(report.previous.unwrap().version, PolicySet::fixed().version);
    assert_eq!(served.swaps.counts(), [1, 0, 0]);
}

#[test]
fn what_is_in_service_stays_through_a_restart_and_is_not_seated_twice() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("served"), &set_of("a@1", network(0.25)), passed());
    let served = Served::start(root.path(), GateRule::Required);
    let before = served.report();
    drop(served);
    let (engine, _) = open_engine(&root.path().join("data")).unwrap();
    assert_eq!(engine.steering().0, "a@1");
    let served = Served::start(root.path(), GateRule::Required);
    assert_eq!(served.report(), before);
    assert_eq!(served.swaps.counts(), [0, 0, 0]);
    drop(served);
    let (again, _) = open_engine(&root.path().join("data")).unwrap();
    let opened_and_closed = engine.next_sequence() + 2;
    assert_eq!(again.next_sequence(), opened_and_closed, "nothing more was journalled by the second start");
}

/// What is said of a bad folder, and what makes it so.
type Breakage = (&'static str, Box<dyn Fn(&Path)>);

/// Every way a folder can be bad, with what is said of it.
fn breakages() -> Vec<Breakage> {
    let b = || set_of("b@1", network(0.5));
    let with = |set: PolicySet| move |dir: &Path| put(dir, &set, passed());
    let agent = |name: &str| {
        let mut set = b();
        set.agents[0].agent = name.to_owned();
        set
    };
    let mut schema = b();
    schema.agents[0].observation.swap(0, 1);
    let long = "x".repeat(101);
    vec![
        ("cannot read", Box::new(|dir| fs::remove_file(dir.join(MANIFEST_FILE)).unwrap())),
        ("weights.safetensors", Box::new(|dir| fs::remove_file(dir.join(WEIGHTS_FILE)).unwrap())),
        ("manifest cannot be read", Box::new(|dir| fs::write(dir.join(MANIFEST_FILE), "{").unwrap())),
        ("not UTF-8", Box::new(|dir| fs::write(dir.join(MANIFEST_FILE), [0xff, 0xfe]).unwrap())),
        (
            "weights cannot be read",
            Box::new(|dir| {
                let whole = fs::read(dir.join(WEIGHTS_FILE)).unwrap();
                fs::write(dir.join(WEIGHTS_FILE), &whole[..whole.len() - 3]).unwrap();
            }),
        ),
        (
            "may have 8388608 bytes at most",
            Box::new(|dir| fs::write(dir.join(MANIFEST_FILE), vec![b' '; (8 << 20) + 1]).unwrap()),
        ),
        (
            "is no file",
            Box::new(|dir| {
                fs::remove_file(dir.join(WEIGHTS_FILE)).unwrap();
                fs::create_dir(dir.join(WEIGHTS_FILE)).unwrap();
            }),
        ),
        ("finite numbers, was NaN", Box::new(with(set_of("b@1", network(f32::NAN))))),
        ("the agent's card says", Box::new(with(schema))),
        ("no agent of that name", Box::new(with(agent("poet")))),
        ("takes no policy", Box::new(with(agent("safety")))),
        ("at most, was \"xxx", Box::new(with(set_of(&long, network(0.5))))),
        ("one line", Box::new(with(set_of("a\nb", network(0.5))))),
        ("never asked", Box::new(move |dir| put(dir, &b(), None))),
        (
            "not to be shipped: surplus fell",
            Box::new(|dir| {
                let gate = Gate { shippable: false, reasons: vec!["surplus fell".to_owned()] };
                put(dir, &set_of("b@1", network(0.5)), Some(gate));
            }),
        ),
        ("of the journal at most", Box::new(with(wide()))),
    ]
}

/// Networks within every limit of their own that are together too large for the journal.
fn wide() -> PolicySet {
    let steered = motet_engine::CARDS.iter().filter(|card| !card.action.is_empty());
    let agents = steered.map(|card| {
        let widths = [card.observation.len(), 512, 512, 512, 512, 512, 512, 512, card.action.len()];
        let layers = widths.windows(2).map(|pair| LayerSpec {
            inputs: pair[0],
            outputs: pair[1],
            weight: vec![0.0; pair[0] * pair[1]],
            bias: vec![0.0; pair[1]],
        });
        let (means, factors) = (vec![0.0; widths[0]], vec![1.0; widths[0]]);
        AgentPolicy {
            agent: card.name.name().to_owned(),
            version: "wide@1".to_owned(),
            observation: card.observation_numbers(),
            action: card.action_numbers(),
            body: Body::Network(NetworkSpec { means, factors, layers: layers.collect() }),
        }
    });
    PolicySet { version: "wide@1".to_owned(), agents: agents.collect() }
}

#[test]
fn a_bad_folder_is_refused_with_its_reason_and_leaves_what_is_in_service() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("served");
    put(&dir, &set_of("a@1", network(0.25)), passed());
    let served = Served::start(root.path(), GateRule::Required);
    for (place, (reason, break_it)) in breakages().into_iter().enumerate() {
        fs::remove_dir_all(&dir).unwrap();
        put(&dir, &set_of("c@1", network(0.75)), passed());
        break_it(&dir);
        let Err(SwapError::Refused(said)) = served.ask(Ask::Reload) else {
            panic!("'{reason}' was not refused")
        };
        assert!(said.contains(reason), "'{reason}' gives '{said}'");
        let report = served.report();
        assert_eq!(report.in_service.version, "a@1", "{reason}");
        assert_eq!(report.last_refusal.unwrap().reason, said);
        assert_eq!(served.swaps.counts(), [1, place as u64 + 1, 0]);
    }
    assert_eq!(served.runtime.fault(), None, "the journal is well");
    // A start with a bad folder goes on with what was in service.
    drop(served);
    let served = Served::start(root.path(), GateRule::Required);
    assert_eq!(served.in_service(), "a@1");
    assert!(served.report().last_refusal.is_some());
}

#[test]
fn a_gate_that_is_ignored_lets_an_ungated_set_in() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("served"), &set_of("a@1", network(0.25)), None);
    let served = Served::start(root.path(), GateRule::Ignored);
    assert_eq!(served.in_service(), "a@1");
    // What the gate says later belongs to the set in service.
    put(&root.path().join("served"), &set_of("a@1", network(0.25)), passed());
    assert_eq!(served.ask(Ask::Reload), Ok(Swap::Unchanged { version: "a@1".to_owned() }));
    assert_eq!(served.report().in_service.gate, passed());
    assert_eq!(served.report().previous.unwrap().version, PolicySet::fixed().version);
}

#[test]
fn a_rollback_swaps_what_is_in_service_with_what_was_and_holds_against_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("served");
    put(&dir, &set_of("a@1", network(0.25)), passed());
    let served = Served::start(root.path(), GateRule::Required);
    put(&dir, &set_of("b@1", network(0.5)), passed());
    assert_eq!(served.ask(Ask::Reload), seated("b@1"));
    assert_eq!(served.ask(Ask::Rollback), seated("a@1"));
    assert_eq!(served.report().previous.unwrap().version, "b@1");
    assert_eq!(served.ask(Ask::Reload), held("a@1"));
    assert!(served.report().held);
    drop(served);
    // The decision of whoever rolled back survives a restart.
    let served = Served::start(root.path(), GateRule::Required);
    assert_eq!((&*served.in_service(), served.swaps.counts()), ("a@1", [0, 0, 0]));
    put(&dir, &set_of("c@1", network(0.75)), passed());
    assert_eq!(served.ask(Ask::Reload), seated("c@1"));
    assert!(!served.report().held);
    assert_eq!(served.ask(Ask::Rollback), seated("a@1"));
    assert_eq!(served.ask(Ask::Rollback), seated("c@1"), "what was rolled back is the way back");
    assert!(!served.report().held, "the folder holds what is in service");
    assert_eq!(served.swaps.counts(), [1, 0, 2]);
}

#[test]
fn without_a_set_before_there_is_no_way_back() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::serving(root.path(), None, GateRule::Required);
    assert_eq!(served.ask(Ask::Rollback), Err(SwapError::NoPrevious));
    let fixed = PolicySet::fixed().version;
    assert_eq!(served.ask(Ask::Reload), Ok(Swap::Unchanged { version: fixed.clone() }));
    assert_eq!(served.ask(Ask::Fixed), Ok(Swap::Unchanged { version: fixed }));
}

#[test]
fn the_fixed_policies_asked_for_stay_until_the_folder_changes() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("served");
    put(&dir, &set_of("a@1", network(0.25)), passed());
    let served = Served::start(root.path(), GateRule::Required);
    let fixed = PolicySet::fixed().version;
    assert_eq!(served.ask(Ask::Fixed), seated(&fixed));
    assert_eq!(served.ask(Ask::Reload), held(&fixed));
    drop(served);
    let served = Served::start(root.path(), GateRule::Required);
    assert_eq!(served.in_service(), fixed);
    assert_eq!(served.ask(Ask::Rollback), seated("a@1"));
    drop(served);
    // A server that is to serve no folder any more goes back to the fixed policies, which is not held against anything.
    let served = Served::serving(root.path(), None, GateRule::Required);
    assert_eq!((served.in_service(), served.report().held), (fixed, false));
    assert_eq!(served.report().previous.unwrap().version, "a@1");
}

#[test]
fn a_change_is_noticed_once_and_a_folder_being_replaced_is_no_missing_one() {
    let root = tempfile::tempdir().unwrap();
    let (dir, away) = (root.path().join("served"), root.path().join("away"));
    put(&dir, &set_of("a@1", network(0.25)), passed());
    let served = Served::start(root.path(), GateRule::Required);
    let keeper = served.keeper();
    keeper.notice_change();
    assert_eq!(served.swaps.counts(), [1, 0, 0], "nothing has changed");
    put(&dir, &set_of("b@1", network(0.5)), None);
    keeper.notice_change();
    keeper.notice_change();
    assert_eq!(served.swaps.counts(), [1, 1, 0], "a refusal is not repeated");
    fs::rename(&dir, &away).unwrap();
    keeper.notice_change();
    put(&dir, &set_of("b@1", network(0.5)), passed());
    keeper.notice_change();
    assert_eq!((&*served.in_service(), served.swaps.counts()), ("b@1", [2, 1, 0]));
    fs::remove_dir_all(&dir).unwrap();
    for _ in 0..4 {
        keeper.notice_change();
    }
    assert_eq!((&*served.in_service(), served.swaps.counts()), ("b@1", [2, 2, 0]));
}

#[test]
fn a_watch_ends_with_its_runtime() {
    let root = tempfile::tempdir().unwrap();
    let runtime = Runtime::start(&settings(root.path()), Arc::new(NoProbe)).unwrap();
    let watch = Some(Duration::from_secs(100_000));
    let dir = Some(root.path().join("served"));
    runtime.serve_policies(Settings { dir, watch, gate: GateRule::Required }).unwrap();
    runtime.stop();
}

#[test]
fn a_swap_cut_short_anywhere_is_finished_or_dropped_as_the_engine_says() {
    let (a, b, c) = (set_of("a@1", network(0.1)), set_of("b@1", network(0.2)), set_of("c@1", network(0.3)));
    let note = || Note { since_micros: 5, source: Source::Folder, held: None };
    let stored = |set: &PolicySet| Stored::of(set, "q", note());
    // Steps of a swap from `b` (with `a` before it) to `c`, each cut after so many.
    for (cut, in_service) in [(0, &b), (1, &b), (1, &c), (2, &c), (3, &c), (4, &c)] {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().to_owned();
        let mut shelf = Shelf::open(dir.clone(), &a, Timestamp::from_secs(1));
        shelf.prepare(&stored(&b)).unwrap();
        shelf.promote(stored(&b));
        let steps: [&dyn Fn(); 4] = [
            &|| shelf.prepare(&stored(&c)).unwrap(),
            &|| fs::remove_dir_all(dir.join("previous")).unwrap(),
            &|| fs::rename(dir.join("current"), dir.join("previous")).unwrap(),
            &|| fs::rename(dir.join("next"), dir.join("current")).unwrap(),
        ];
        steps[..cut].iter().for_each(|step| step());
        for _ in 0..2 {
            let opened = Shelf::open(dir.clone(), in_service, Timestamp::from_secs(9));
            assert_eq!(opened.current.found.set, *in_service, "cut after {cut}");
            let before = if *in_service == b { &a } else { &b };
            assert_eq!(opened.previous.unwrap().found.set, *before, "cut after {cut}");
            let since = opened.current.note.since_micros;
            assert_eq!(since, 5, "what is known of it is kept");
        }
    }
}

#[test]
fn a_set_in_service_that_was_never_kept_is_kept_now() {
    let root = tempfile::tempdir().unwrap();
    let (a, b) = (set_of("a@1", network(0.1)), set_of("b@1", network(0.2)));
    drop(Shelf::open(root.path().to_owned(), &a, Timestamp::from_secs(1)));
    let opened = Shelf::open(root.path().to_owned(), &b, Timestamp::from_secs(2));
    assert_eq!(
        (opened.current.note.source, &*opened.current.found.manifest.made.learner),
        (Source::Found, "unknown")
    );
    assert_eq!(opened.previous.unwrap().found.set, a);
}
