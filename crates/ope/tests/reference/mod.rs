//! The six logs of the Open Bandit Data, our evaluation of each, and the reference's figures.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use motet_ope::obd::{Items, Loaded, load};
use motet_ope::policy::file::from_csv;
use motet_ope::reward::{CrossFitted, Folds, RewardModel, Rewards};
use motet_ope::{Estimator, Evaluation, Log, Options, Table, evaluate};

const CAMPAIGNS: [&str; 3] = ["all", "men", "women"];
const PAIRS: [(&str, &str); 2] = [("random", "bts"), ("bts", "random")];

/// The reference's name of each estimator.
pub(crate) const ESTIMATORS: [(&str, Estimator); 9] = [
    ("ipw", Estimator::Ips),
    ("snipw", Estimator::SelfNormalisedIps),
    ("dm", Estimator::DirectMethod),
    ("dr", Estimator::DoublyRobust),
    ("sndr", Estimator::SelfNormalisedDoublyRobust),
    ("switch10", Estimator::SwitchDoublyRobust { threshold: 10.0 }),
    ("switch2", Estimator::SwitchDoublyRobust { threshold: 2.0 }),
    ("dros100", Estimator::ShrunkDoublyRobust { lambda: 100.0 }),
    ("dros1", Estimator::ShrunkDoublyRobust { lambda: 1.0 }),
];

pub(crate) fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn log(data: &Path, policy: &str, campaign: &str) -> Loaded {
    let folder = data.join(policy).join(campaign);
    let items = Items::read(File::open(folder.join("item_context.csv")).unwrap()).unwrap();
    load(File::open(folder.join(format!("{campaign}.csv"))).unwrap(), Some(&items), || ()).unwrap()
}

fn target(name: &str, campaign: &str, log: &Log) -> Table {
    match name {
        "random" => Table::uniform(3, log.actions()).unwrap(),
        _ => from_csv(fixture(&format!("bts-{campaign}.csv")).as_bytes(), log.actions()).unwrap(),
    }
}

fn folds(log: &Log) -> Folds {
    let dealt = fixture("folds.txt").bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    Folds::given(dealt, log.rounds().len()).unwrap()
}

/// Rewards that depend on item and position alone, as the reference was given them.
fn formula(log: &Log) -> Rewards {
    let row =
        |p: usize| (0..log.actions()).map(|item| (1 + (7 * item + 3 * p) % 11) as f64 / 2_000.0).collect();
    Rewards::new(&[row(0), row(1), row(2)]).unwrap()
}

/// Campaign, logs, target, reward model, figure.
pub(crate) type Key = [String; 5];

pub(crate) fn reference() -> BTreeMap<Key, f64> {
    let text = fixture("obp-0.5.5.csv");
    let mut figures = BTreeMap::new();
    for line in text.lines().skip(1) {
        let (key, value) = line.rsplit_once(',').unwrap();
        let key: Vec<String> = key.split(',').map(str::to_owned).collect();
        figures.insert(key.try_into().unwrap(), value.parse().unwrap());
    }
    figures
}

fn asked(log: &Log, target: &Table, model: &dyn RewardModel) -> Evaluation {
    let estimators = ESTIMATORS.iter().map(|(_, estimator)| *estimator).collect();
    let options = Options { estimators, replicates: 0, ..Options::default() };
    evaluate(log, target, model, None, options).unwrap()
}

/// One log, and its evaluation under each reward model of ours.
pub(crate) struct Asked {
    pub(crate) campaign: &'static str,
    pub(crate) logs: &'static str,
    pub(crate) target: &'static str,
    pub(crate) loaded: Loaded,
    pub(crate) given: Evaluation,
    pub(crate) learned: Evaluation,
}

impl Asked {
    fn new(data: &Path, logs: &'static str, target_name: &'static str, campaign: &'static str) -> Self {
        let loaded = log(data, logs, campaign);
        let target = target(target_name, campaign, &loaded.log);
        let given = asked(&loaded.log, &target, &formula(&loaded.log));
        let learned =
            asked(&loaded.log, &target, &CrossFitted::fit(&loaded.log, folds(&loaded.log)).unwrap());
        Self { campaign, logs, target: target_name, loaded, given, learned }
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}->{}", self.campaign, self.logs, self.target)
    }
}

/// Reads and evaluates all six.
pub(crate) fn all(data: &Path) -> Vec<Asked> {
    let pairs = PAIRS.iter().flat_map(|&pair| CAMPAIGNS.map(|campaign| (pair, campaign)));
    pairs.map(|((logs, target), campaign)| Asked::new(data, logs, target, campaign)).collect()
}
