//! Teams played in worlds nobody trained in, and what they brought beside each other.

use motet_experiment::special::student_quantile;
use motet_model::{campaign::Goal, catalog::Change};
use motet_sim::{
    Scenario, Team as Players, World, parallel,
    regret::{Causes, RegretReport, Sampler},
    run::Audience,
};
use serde::{Deserialize, Serialize};

use crate::{Error, Meter, Parts};

/// How far above its target a campaign's cost per result must lie to count as a violation.
const VIOLATION: f64 = 1.05;
/// The least share of its budget a campaign must have spent to be judged by its cost per result.
const JUDGED: f64 = 0.05;

/// What a team brought in one world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Played {
    /// The world's seed.
    pub seed: u64,
    /// The objective.
    pub objective: f64,
    /// Its parts.
    pub parts: Parts,
    /// How far it stayed behind the best in hindsight, by cause.
    pub regret: RegretReport,
    /// Share of the campaigns judged whose expected cost per result lies above target.
    pub cpa_violations: f64,
    /// Budgets overspent; always 0, and checked.
    pub overspent: u64,
    /// Whether the ledger's books balance.
    pub balanced: bool,
}

/// Means and intervals of something over worlds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The mean.
    pub mean: f64,
    /// The 95 % interval's low end (Student's t over worlds).
    pub low: f64,
    /// Its high end.
    pub high: f64,
}

/// The objective's parts with their intervals.
pub type Components = Vec<(String, Summary)>;

/// What a team brought over many worlds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The team.
    pub team: String,
    /// The objective.
    pub objective: Summary,
    /// The parts of the objective, before their weights.
    pub components: Components,
    /// Surplus over the best in hindsight.
    pub of_ceiling: Summary,
    /// Surplus over surplus and what bidding and pacing missed: how well what was bid for was bought.
    pub bidding_and_pacing: Summary,
    /// Mean regret by cause.
    pub regret: Causes,
    /// Share of campaigns above their target.
    pub cpa_violations: Summary,
    /// Budgets overspent over all worlds.
    pub overspent: u64,
    /// World by world.
    pub worlds: Vec<Played>,
}

/// Plays a team in a world for so many days.
///
/// # Errors
/// When the scenario or the team sets what the engine does not know.
pub fn play(world: &World, players: &Players, audience: Audience, days: u32) -> Result<Played, Error> {
    let mut run = players.run(world, audience)?;
    let mut watch = (Meter::new(world), (Sampler::new(world, days), Overspend::default()));
    run.until_day(days, &mut watch);
    let (mut meter, (sampler, overspend)) = watch;
    let campaigns = meter.take();
    let mut parts = Parts::default();
    for campaign in &campaigns {
        parts.add(campaign);
    }
    let regret = sampler.finish();
    Ok(Played {
        seed: world.seed,
        objective: parts.weighed(&world.scenario.objective),
        parts,
        regret,
        cpa_violations: violations(world, &campaigns, days),
        overspent: overspend.0,
        balanced: run.engine().check().is_ok(),
    })
}

/// Counts budgets overspent at control ticks.
#[derive(Debug, Default)]
struct Overspend(u64);

impl motet_sim::Watch for Overspend {
    fn ticked(&mut self, engine: &motet_engine::Engine, _now: motet_units::Timestamp) {
        let over = |account: &motet_agent::Account| {
            account.daily.is_some_and(|daily| account.spent_today + account.reserved_today > daily)
        };
        self.0 += engine.accounts().iter().filter(|account| over(account)).count() as u64;
    }
}

/// Returns the share of campaigns that pay for results whose expected cost per result lies above their target: they spent more
/// than what they got was worth to them.
fn violations(world: &World, campaigns: &[Parts], days: u32) -> f64 {
    let put = world.campaigns.changes.iter().filter_map(|change| match change {
        Change::PutCampaign(campaign) => Some(campaign),
        _ => None,
    });
    let (mut judged, mut above) = (0.0_f64, 0.0_f64);
    for (campaign, parts) in put.zip(campaigns) {
        let budget = campaign.budget.daily.map_or(0.0, motet_units::Nanos::units) * f64::from(days);
        if matches!(campaign.goal, Goal::Cpm { .. }) || parts.spend < JUDGED * budget {
            continue;
        }
        judged += 1.0;
        above += f64::from(u8::from(parts.spend > VIOLATION * (parts.surplus + parts.spend)));
    }
    if judged > 0.0 { above / judged } else { 0.0 }
}

/// Plays a team in the worlds of some seeds on up to so many threads; tells of each world that is through.
///
/// # Errors
/// As [`play`].
pub fn evaluate(
    scenario: &Scenario,
    players: &Players,
    seeds: &[u64],
    days: u32,
    threads: usize,
    done: impl Fn() + Sync,
) -> Result<Evaluation, Error> {
    let played = parallel(seeds, threads, |seed| {
        let played = play(&World::new(scenario, *seed), players, Audience::ALL, days);
        done();
        played
    });
    let worlds: Vec<Played> = played.into_iter().collect::<Result<_, _>>()?;
    Ok(summarise(players.name(), worlds))
}

/// Sums up what a team brought over worlds.
pub fn summarise(team: &str, worlds: Vec<Played>) -> Evaluation {
    let over = |of: &dyn Fn(&Played) -> f64| Summary::of(&worlds.iter().map(of).collect::<Vec<f64>>());
    let names = Parts::default().named();
    let components = names
        .iter()
        .enumerate()
        .map(|(place, (name, _))| ((*name).to_owned(), over(&|played| played.parts.named()[place].1)));
    Evaluation {
        team: team.to_owned(),
        objective: over(&|played| played.objective),
        components: components.collect(),
        of_ceiling: over(&|played| played.regret.ratio.unwrap_or(0.0)),
        bidding_and_pacing: over(&|played| {
            let RegretReport { realised, causes, .. } = &played.regret;
            share(*realised, realised + causes.overbid + causes.underbid + causes.pacing)
        }),
        regret: mean_causes(&worlds),
        cpa_violations: over(&|played| played.cpa_violations),
        overspent: worlds.iter().map(|played| played.overspent).sum(),
        worlds,
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn mean_causes(worlds: &[Played]) -> Causes {
    let mean = |of: fn(&Causes) -> f64| {
        worlds.iter().map(|played| of(&played.regret.causes)).sum::<f64>() / worlds.len().max(1) as f64
    };
    Causes {
        allocation: mean(|c| c.allocation),
        exploration: mean(|c| c.exploration),
        estimation: mean(|c| c.estimation),
        underbid: mean(|c| c.underbid),
        overbid: mean(|c| c.overbid),
        pacing: mean(|c| c.pacing),
    }
}

impl Summary {
    /// Sums up numbers; with fewer than two the interval is the number itself.
    ///
    /// ```
    /// let summary = motet_train::Summary::of(&[1.0, 2.0, 3.0]);
    /// // t(0.975; 2) = 4.3027, standard error 1/√3
    /// assert!((summary.high - 2.0 - 4.3027 / 3_f64.sqrt()).abs() < 1e-3);
    /// ```
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n.max(1.0);
        if values.len() < 2 {
            return Self { mean, low: mean, high: mean };
        }
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0);
        let reach = student_quantile(0.975, n - 1.0) * libm::sqrt(variance / n);
        Self { mean, low: mean - reach, high: mean + reach }
    }
}

impl Evaluation {
    /// Returns how much more than another team it brought in the same worlds: the mean paired difference of the objective, and
    /// that over the magnitude of the other's mean.
    ///
    /// # Errors
    /// When they did not play the same worlds.
    pub fn over(&self, other: &Self) -> Result<(Summary, f64), Error> {
        let seeds =
            |evaluation: &Self| evaluation.worlds.iter().map(|played| played.seed).collect::<Vec<_>>();
        if seeds(self) != seeds(other) {
            let found = format!("{:?} and {:?}", seeds(self), seeds(other));
            return Err(Error::Setting { name: "seeds", wanted: "the same for both teams", found });
        }
        let pairs = self.worlds.iter().zip(&other.worlds);
        let differences: Vec<f64> = pairs.map(|(own, other)| own.objective - other.objective).collect();
        let difference = Summary::of(&differences);
        Ok((difference, share(difference.mean, other.objective.mean.abs())))
    }

    /// Returns one part's values world by world.
    pub(crate) fn values(&self, of: impl Fn(&Played) -> f64) -> Vec<f64> {
        self.worlds.iter().map(of).collect()
    }
}
