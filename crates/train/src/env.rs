//! The environment: a run of a world, stepped a control tick at a time.
//!
//! On a tick every steered agent sees, and does what a hand says; what comes of it until the next tick is metered. A step
//! returns one [`Row`] for each campaign that had its turn on both ticks: the observations and actions of the first, the reward
//! between, the observations of the second. Where an agent had nothing to decide for a campaign (no budget to pace) its part
//! is zeros, which is also the action of the fixed policy.
//!
//! *Paired rewards.* Given what each campaign brought on each tick of the same world under the fixed policies, the reward is
//! what was brought beyond that. The control's rewards are the world's own doing: no action changes them, so which action is
//! better stays the same, while traffic, visitors' moods and rivals, which both runs meet alike, cancel out. An action of zeros
//! is the fixed policy's, so its value is 0 and a positive value is a gain over it.
//!
//! The last row of an episode is truncated, not terminated: the world goes on, only the record stops. Nothing in these
//! markets ends for good but a flight, and then the campaign brings no further rows.

use std::{collections::BTreeMap, sync::Arc};

use motet_learn::{End, Level, Row, Team};
use motet_policy::Subject;
use motet_sim::{
    Run, Team as Players, World,
    run::{Audience, Watch},
};
use motet_units::{Span, Timestamp};

use crate::{
    Error, Hand, Meter, Parts, Taken,
    seats::{Book, seat},
    team::{CONTEXT, spec},
};

/// A run of a world in which a hand steers the agents.
pub struct Env<'w> {
    world: &'w World,
    team: Team,
    run: Run<'w>,
    meter: Meter<'w>,
    book: Book,
    ticks: u64,
    done: u64,
    /// What a reward of one unit counts for learners.
    scale: f64,
    control: Option<Arc<Control>>,
    /// What was seen and done on the last tick.
    last: Seen,
}

impl std::fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").field("done", &self.done).field("ticks", &self.ticks).finish_non_exhaustive()
    }
}

/// What campaigns brought under the fixed policies, by tick and campaign: the weighed objective.
pub type Control = Vec<Vec<f64>>;

/// What came of one step.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// One row for each campaign that had its turn.
    pub rows: Vec<Row>,
    /// What each campaign brought, by its place in the catalog.
    pub parts: Vec<Parts>,
}

/// Who comes to an episode, for how long, and beside what.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Which listeners.
    pub audience: Audience,
    /// For how many control ticks, at least 1.
    pub ticks: u64,
    /// For how many ticks what an agent strays by stays the same, at least 1: what moves slowly must stray for long to show.
    pub hold: u64,
    /// What exploration is keyed by. A world played again is explored otherwise.
    pub seed: u64,
    /// What the same episode brought under the fixed policies; rewards are then what was brought beyond.
    pub control: Option<Arc<Control>>,
}

/// The hand that does what the fixed policies do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Still;

impl Hand for Still {
    fn act(&self, _agent: usize, _observation: &[f32], _chance: motet_units::Chance, action: &mut [f32]) {
        action.fill(0.0);
    }
}

/// Plays an episode under the fixed policies and returns what each campaign brought on each tick.
///
/// # Errors
/// As [`Env::new`].
pub fn control(world: &World, audience: Audience, ticks: u64) -> Result<Control, Error> {
    let hand: Arc<dyn Hand> = Arc::new(Still);
    let stage = Stage { audience, ticks, hold: 1, seed: 0, control: None };
    let mut env = Env::new(world, stage, &hand)?;
    let weigh =
        |step: Step| step.parts.iter().map(|parts| parts.weighed(&world.scenario.objective)).collect();
    Ok(std::iter::from_fn(|| env.step(&mut ())).map(weigh).collect())
}

/// What was seen and done on one tick.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// By agent: what an agent that acts for all saw and did.
    platform: BTreeMap<usize, Taken>,
    /// By campaign and agent.
    campaigns: BTreeMap<u32, BTreeMap<usize, Taken>>,
    /// What critics see that is the same for all campaigns.
    shared: Vec<f32>,
    /// Daily budgets by campaign, log10 of units.
    budgets: Vec<f32>,
}

impl<'w> Env<'w> {
    /// Opens a world's gates with a hand in every seat. The first tick is taken at once.
    ///
    /// # Errors
    /// When the scenario sets what the engine does not know, or the seats cannot be taken.
    pub fn new(world: &'w World, stage: Stage, hand: &Arc<dyn Hand>) -> Result<Self, Error> {
        let Stage { audience, ticks, hold, seed, control } = stage;
        let mut run = Run::new(world, Players::Agents.setup(world, audience)?);
        let book = seat(run.engine_mut(), hand, seed, hold)?;
        let scale = reward_scale(world);
        let (team, meter) = (spec(), Meter::new(world));
        let mut env = Self {
            world,
            team,
            run,
            meter,
            book,
            ticks: ticks.max(1),
            done: 0,
            scale,
            control,
            last: Seen::default(),
        };
        env.advance(world.begins(), &mut ());
        env.last = env.look();
        Ok(env)
    }

    /// Tells whether the episode is over.
    pub const fn is_over(&self) -> bool {
        self.done >= self.ticks
    }

    /// Lets one control tick pass and tells the watcher of what happens; `None` when the episode is over.
    pub fn step(&mut self, watch: &mut impl Watch) -> Option<Step> {
        if self.is_over() {
            return None;
        }
        self.done += 1;
        self.advance(self.tick_at(self.done), watch);
        let (parts, next) = (self.meter.take(), self.look());
        let end = if self.is_over() { End::Truncated } else { End::Goes };
        let both = self.last.campaigns.keys().filter(|campaign| next.campaigns.contains_key(campaign));
        let rows = both.map(|campaign| self.row(*campaign, &next, &parts, end)).collect();
        self.last = next;
        Some(Step { rows, parts })
    }

    /// Returns the run, to look at the engine.
    pub const fn run(&self) -> &Run<'w> {
        &self.run
    }

    fn tick_at(&self, tick: u64) -> Timestamp {
        let tick_s = i64::from(self.world.scenario.tick_s);
        self.world.begins() + Span::from_secs(tick.cast_signed() * tick_s)
    }

    fn advance(&mut self, to: Timestamp, watch: &mut impl Watch) {
        self.run.until(to, &mut (&mut self.meter, watch));
    }

    fn row(&self, campaign: u32, next: &Seen, parts: &[Parts], end: End) -> Row {
        let brought = parts.get(campaign as usize).copied().unwrap_or_default();
        let brought = brought.weighed(&self.world.scenario.objective) - self.controlled(campaign);
        let (observations, actions) = self.last.joint(&self.team, campaign);
        let (next_observations, _) = next.joint(&self.team, campaign);
        Row {
            observations,
            context: self.last.context(campaign),
            actions,
            reward: (brought * self.scale) as f32,
            shaping: Vec::new(),
            next_observations,
            next_context: next.context(campaign),
            end,
        }
    }

    /// Returns what a campaign brought between the last two ticks under the fixed policies; 0 without a control.
    fn controlled(&self, campaign: u32) -> f64 {
        let tick = self.control.as_ref().and_then(|control| control.get(self.done as usize - 1));
        tick.and_then(|tick| tick.get(campaign as usize)).copied().unwrap_or(0.0)
    }

    /// Sorts what was done on the tick just taken.
    fn look(&self) -> Seen {
        let mut seen = Seen::default();
        for taken in self.book.turn() {
            match taken.subject {
                Subject::Platform => drop(seen.platform.insert(taken.agent, taken)),
                Subject::Campaign(campaign) => {
                    seen.campaigns.entry(campaign).or_default().insert(taken.agent, taken);
                }
            }
        }
        let budget = |daily: f64| libm::log10(1e-3 + daily) as f32;
        let accounts = self.run.engine().accounts();
        seen.budgets = vec![0.0; self.world.campaigns.truth.len()];
        for account in &accounts {
            seen.budgets[account.campaign.get()] = account.daily.map_or(0.0, |daily| budget(daily.units()));
        }
        seen.shared = self.shared(&seen);
        seen
    }

    fn shared(&self, seen: &Seen) -> Vec<f32> {
        let of_day = self.run.now().time_of_day(self.world.utc_offset()).as_secs_f64() / 86_400.0;
        let angle = of_day * std::f64::consts::TAU;
        let past = self.done as f64 / self.ticks as f64;
        let mut shared = vec![libm::sin(angle) as f32, libm::cos(angle) as f32, past as f32];
        let of_campaign = |place: &usize| self.team.members()[*place].level == Level::Campaign;
        let places: Vec<usize> = (0..self.team.len()).filter(of_campaign).collect();
        for place in &places {
            shared.extend(
                seen.mean(*place, self.team.members()[*place].observation, |taken| &taken.observation),
            );
        }
        shared
    }
}

impl Seen {
    /// Returns the joint observation and action as a campaign's row has them.
    fn joint(&self, team: &Team, campaign: u32) -> (Vec<f32>, Vec<f32>) {
        let own = self.campaigns.get(&campaign);
        let (mut observations, mut actions) = (Vec::new(), Vec::new());
        for (place, member) in team.members().iter().enumerate() {
            let taken = match member.level {
                Level::Platform => self.platform.get(&place),
                Level::Campaign => own.and_then(|own| own.get(&place)),
            };
            if let Some(taken) = taken {
                observations.extend_from_slice(&taken.observation);
                actions.extend_from_slice(&taken.action);
            } else {
                observations.resize(observations.len() + member.observation, 0.0);
                actions.resize(actions.len() + member.action, 0.0);
            }
        }
        (observations, actions)
    }

    fn context(&self, campaign: u32) -> Vec<f32> {
        let mut context = self.shared.clone();
        context.push(self.budgets.get(campaign as usize).copied().unwrap_or(0.0));
        debug_assert_eq!(context.len(), CONTEXT, "the context's own page says what is in it");
        context
    }

    /// Returns the means over campaigns of what an agent saw or did.
    fn mean(&self, agent: usize, numbers: usize, of: impl Fn(&Taken) -> &Vec<f32>) -> Vec<f32> {
        let mut sums = vec![0.0_f64; numbers];
        let mut count = 0.0_f64;
        for taken in self.campaigns.values().filter_map(|agents| agents.get(&agent)) {
            count += 1.0;
            sums.iter_mut().zip(of(taken)).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        sums.into_iter().map(|sum| (sum / count.max(1.0)) as f32).collect()
    }
}

/// Returns what brings the rewards of campaigns' ticks to the order of 1 at the most: a fifth of how many such ticks a mean
/// daily budget is made of.
fn reward_scale(world: &World) -> f64 {
    let daily = |change: &motet_model::catalog::Change| match change {
        motet_model::catalog::Change::PutCampaign(campaign) => {
            campaign.budget.daily.map(motet_units::Nanos::units)
        }
        _ => None,
    };
    let budgets: Vec<f64> = world.campaigns.changes.iter().filter_map(daily).collect();
    let mean = budgets.iter().sum::<f64>() / (budgets.len().max(1) as f64);
    let ticks_a_day = 86_400.0 / f64::from(world.scenario.tick_s);
    if mean > 0.0 { 0.2 * ticks_a_day / mean } else { 1.0 }
}
