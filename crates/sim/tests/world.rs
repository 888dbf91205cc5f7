//! Whole runs of small worlds.

use motet_engine::TeamKind;
use motet_sim::{
    Run, Scenario, Watch, World,
    run::{Auctioned, Decided, Happened, Outcome, Setup, Winner},
};

#[derive(Default, Debug, PartialEq, Clone)]
struct Count {
    requests: u64,
    bids: u64,
    wins: u64,
    rendered: u64,
    clicks: u64,
    conversions: u64,
    nobid: std::collections::BTreeMap<&'static str, u64>,
}
impl Watch for Count {
    fn decided(&mut self, d: &Decided<'_>) {
        self.requests += 1;
        for i in &d.decision.imps {
            if let motet_model::decision::ImpDecision::NoBid(r) = i {
                *self.nobid.entry(r.name()).or_default() += 1
            }
        }
    }
    fn auctioned(&mut self, a: &Auctioned<'_>) {
        self.bids += u64::from(a.bid.is_some());
        self.wins += u64::from(a.winner == Winner::Ours);
    }
    fn happened(&mut self, h: &Happened<'_>) {
        match h.what {
            Outcome::Rendered { .. } => self.rendered += 1,
            Outcome::Clicked => self.clicks += 1,
            Outcome::Converted(_) => self.conversions += 1,
            _ => {}
        }
    }
}

#[test]
fn a_radio_day_runs() {
    let text = include_str!("../../../scenarios/radio-day.toml");
    let scenario = Scenario::parse(text).unwrap();
    let world = World::new(&scenario, 1);
    for team in [TeamKind::Baseline, TeamKind::Agents] {
        let mut run = Run::new(&world, Setup::new(&world, team).unwrap());
        let mut count = Count::default();
        run.until_day(1, &mut count);
        println!("{count:?} {:?} pending {}", run.engine().totals(), run.pending());
        run.engine().check().unwrap();
    }
}
