//! Actors that act on what they see, critics that see more in training: one code for MADDPG, MATD3, the independent learners and
//! the offline ones.
//!
//! In an update, over rows drawn evenly from the ring:
//!
//! 1. target actors act on the next observations, with cut noise where smoothing is on (`ã = clamp(μ'(o') + clamp(ε))`);
//! 2. each critic moves towards `y = r + γ · follows · min_j Q'_j(o', ã)` by its mean squared error;
//! 3. every `delay`-th time each actor moves up `∂Q(o, a)/∂a` at its own present action, and targets move by `tau`.
//!
//! Where the gradient of step 3 is taken beside the agent's own action is an option that matters ([`Others`]): at what the
//! others do now, a team climbs its joint value; at what they did in the rows, each climbs its value averaged over all
//! that its partners once tried, which can lead away from what is best for all (*relative overgeneralisation*, Wiegand 2004;
//! the test of the ridge game shows it).
//!
//! All actors step from the same actions: none sees another's step of the same update.

mod actor;
mod batch;
mod critic;
mod options;
mod side_by_side;

use motet_units::Chance;
pub use options::{Cloning, Critics, Options, Others, Sight};
use serde::{Deserialize, Serialize};

use self::{actor::Actor, batch::Batch, critic::Critic, side_by_side::each};
use crate::{
    Error,
    learner::{Exported, Learner, Losses, Net, act},
    nn::Mlp,
    noise::gaussian,
    normalise::{Normaliser, Scale},
    replay::Replay,
    saved,
    team::{Row, Team},
};

const KIND: &str = "actor-critic";

/// A learner with an actor per agent and critics over the joint observation and action, or over each agent's own.
#[derive(Debug)]
pub struct ActorCritic {
    state: State,
    batch: Batch,
    threads: usize,
}

/// Everything that the future depends on.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    team: Team,
    options: Options,
    seed: u64,
    updates: u64,
    actors: Vec<Actor>,
    critics: Vec<Critic>,
    normaliser: Normaliser,
    /// The normaliser's scale at the last update: what actors act by.
    scale: Scale,
    replay: Replay,
}

impl State {
    fn draw(team: Team, options: Options, seed: u64) -> Result<Self, Error> {
        let mut stream = Chance::new(seed, 0).stream("networks");
        let count = if options.critics == Critics::Shared { 1 } else { team.len() };
        let actors = (0..team.len()).map(|agent| Actor::draw(&team, agent, &options, &mut stream));
        let actors = actors.collect::<Result<_, _>>()?;
        let critics = (0..count).map(|agent| Critic::draw(&team, agent, &options, &mut stream));
        let critics = critics.collect::<Result<_, _>>()?;
        let seen = team.observations() + team.context();
        let replay = Replay::new(&team, options.capacity)?;
        let normaliser = Normaliser::new(seen, options.normalise);
        Ok(Self {
            seed,
            updates: 0,
            actors,
            critics,
            normaliser,
            scale: Scale::plain(seen),
            replay,
            team,
            options,
        })
    }

    fn prepare(&mut self) {
        for (agent, actor) in self.actors.iter_mut().enumerate() {
            actor.prepare(&self.team, agent, &self.options);
        }
        for (agent, critic) in self.critics.iter_mut().enumerate() {
            critic.prepare(&self.team, agent, &self.options);
        }
    }

    /// Checks what a checksum cannot: that the parts fit each other.
    fn check(&self) -> Result<(), Error> {
        self.team.check()?;
        self.options.check()?;
        let fresh = Self::draw(self.team.clone(), self.options.clone(), self.seed)?;
        let seen = self.team.observations() + self.team.context();
        let fits = self.actors.len() == fresh.actors.len()
            && self.critics.len() == fresh.critics.len()
            && self.actors.iter().zip(&fresh.actors).all(|(actor, fresh)| actor.fits(fresh))
            && self.critics.iter().zip(&fresh.critics).all(|(critic, fresh)| critic.fits(fresh))
            && self.normaliser.is_sound(seen)
            && self.scale.is_sound(seen)
            && self.replay.is_sound(&self.team, self.options.capacity);
        if fits { Ok(()) } else { Err(Error::Damaged { what: "its parts do not fit each other".to_owned() }) }
    }
}

impl ActorCritic {
    /// Draws a learner's networks under a seed.
    ///
    /// # Errors
    /// When an option is outside its range or a network's layers cannot have their sizes.
    pub fn new(team: Team, options: Options, seed: u64) -> Result<Self, Error> {
        options.check()?;
        State::draw(team, options, seed).map(Self::seat)
    }

    /// Takes a learner back from a saved state, with the options it was saved with.
    ///
    /// # Errors
    /// When the bytes are damaged or of another kind of learner.
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        let state: State = saved::read(KIND, bytes)?;
        state.check()?;
        Ok(Self::seat(state))
    }

    fn seat(mut state: State) -> Self {
        state.prepare();
        let batch = Batch::new(&state.team, state.options.batch);
        Self { state, batch, threads: 1 }
    }

    /// Lets an update use up to so many threads. Results do not depend on it.
    pub const fn set_threads(&mut self, threads: usize) {
        self.threads = threads;
    }

    /// Returns how it learns.
    pub const fn options(&self) -> &Options {
        &self.state.options
    }

    /// Returns how many updates there were.
    pub const fn updates(&self) -> u64 {
        self.state.updates
    }

    /// Returns what is remembered.
    pub const fn replay(&self) -> &Replay {
        &self.state.replay
    }

    /// Returns an agent's actor; its inputs are scaled observations (see [`Learner::export`] for both together).
    pub fn actor(&self, agent: usize) -> &Mlp {
        &self.state.actors[agent].net
    }

    /// Keeps the scale of observations as it is from here on.
    pub const fn freeze_scale(&mut self) {
        self.state.normaliser.freeze();
    }

    fn is_ready(&self) -> bool {
        let told = self.state.replay.told();
        told >= self.state.options.warmup_rows && told >= self.state.options.batch as u64
    }

    fn learn(&mut self) -> Losses {
        let Self { state, batch, threads } = self;
        state.updates += 1;
        let chance = Chance::new(state.seed, state.updates);
        state.normaliser.write(&mut state.scale);
        batch.fill(&state.team, &state.replay, &state.scale, chance);
        let mut losses = Losses { update: state.updates, ..Losses::default() };
        if state.options.cloning != Cloning::Only {
            look_ahead(state, batch, *threads, chance);
            each(*threads, &mut state.critics, |_, critic| critic.learn(batch, &state.options));
            tell_critics(&state.critics, &mut losses);
        }
        if state.updates.is_multiple_of(state.options.delay) {
            improve(state, batch, *threads);
            tell_actors(state, &mut losses);
            let tau = state.options.tau as f32;
            each(*threads, &mut state.actors, |_, actor| actor.follow(tau));
            each(*threads, &mut state.critics, |_, critic| critic.follow(tau));
        }
        losses
    }
}

/// Fills in what the targets would do next, with the noise that keeps a critic from being sharp where it is wrong.
fn look_ahead(state: &mut State, batch: &mut Batch, threads: usize, chance: Chance) {
    let State { team, options, actors, .. } = state;
    each(threads, actors, |_, actor| actor.look_ahead(batch));
    let mut stream = chance.stream("smoothing");
    for (agent, actor) in actors.iter().enumerate() {
        let place = Batch::action(team, agent);
        let (actions, count, stride) = actor.actions();
        for (row, action) in batch.next.chunks_exact_mut(batch.width).zip(actions.chunks_exact(stride)) {
            for (to, from) in row[place.clone()].iter_mut().zip(&action[..count]) {
                *to = if options.smoothing > 0.0 { smooth(*from, options, &mut stream) } else { *from };
            }
        }
    }
}

fn smooth(action: f32, options: &Options, stream: &mut motet_units::Stream) -> f32 {
    let noise = options.smoothing * gaussian(stream);
    (action + noise.clamp(-options.smoothing_cut, options.smoothing_cut) as f32).clamp(-1.0, 1.0)
}

/// Moves every actor once.
fn improve(state: &mut State, batch: &Batch, threads: usize) {
    let State { team, options, actors, critics, .. } = state;
    each(threads, actors, |_, actor| actor.look(batch));
    match (options.cloning, options.critics, options.others) {
        (Cloning::Only, ..) => each(threads, actors, |_, actor| actor.step(batch, None, options)),
        (_, Critics::PerAgent, _) => {
            each(threads, critics, |agent, critic| {
                let replaced = replaced(options.others, team, agent);
                critic.judge(team, batch, actors, replaced, Batch::action(team, agent));
            });
            each(threads, actors, |agent, actor| {
                let slopes = critics[agent].slopes(team.action(agent).len(), 0, options);
                actor.step(batch, Some(slopes), options);
            });
        }
        (_, Critics::Shared, Others::Current) => {
            critics[0].judge(team, batch, actors, 0..team.len(), Batch::actions(team));
            each(threads, actors, |agent, actor| {
                let slopes = critics[0].slopes(team.actions(), team.action(agent).start, options);
                actor.step(batch, Some(slopes), options);
            });
        }
        // The one critic judges for one actor after the other; an actor's step changes its later actions, not those it has just given.
        (_, Critics::Shared, Others::Replayed) => {
            for agent in 0..team.len() {
                critics[0].judge(team, batch, actors, agent..agent + 1, Batch::action(team, agent));
                let slopes = critics[0].slopes(team.action(agent).len(), 0, options);
                actors[agent].step(batch, Some(slopes), options);
            }
        }
    }
}

fn replaced(others: Others, team: &Team, agent: usize) -> std::ops::Range<usize> {
    if others == Others::Current { 0..team.len() } else { agent..agent + 1 }
}

fn tell_critics(critics: &[Critic], losses: &mut Losses) {
    let share = 1.0 / critics.len() as f64;
    for critic in critics {
        let told = critic.told();
        losses.critic += share * told.loss;
        losses.value += share * told.value;
        losses.critic_slope = losses.critic_slope.max(told.length);
    }
}

fn tell_actors(state: &State, losses: &mut Losses) {
    let told = state.actors.iter().map(Actor::told);
    let (length, saturated) =
        told.fold((0.0_f64, 0.0), |(most, sum), (length, part)| (most.max(length), sum + part));
    losses.actor_slope = Some(length);
    losses.saturated = Some(saturated / state.actors.len() as f64);
    if state.options.cloning != Cloning::Only {
        let values = state.critics.iter().map(|critic| critic.told().acted_value);
        losses.actor_value = Some(values.sum::<f64>() / state.critics.len() as f64);
    }
}

/// A gradient's length is taken over all its numbers, so one that is not finite shows in it.
fn check_losses(losses: &Losses) -> Result<(), Error> {
    let diverged = |what| Err(Error::Diverged { what, update: losses.update });
    if !(losses.critic.is_finite() && losses.critic_slope.is_finite()) {
        return diverged("critics' loss");
    }
    if !losses.actor_slope.is_none_or(f64::is_finite) {
        return diverged("actors' gradient");
    }
    Ok(())
}

impl Learner for ActorCritic {
    fn team(&self) -> &Team {
        &self.state.team
    }

    fn act(&self, agent: usize, observation: &[f32], action: &mut [f32]) {
        let place = self.state.team.observation(agent);
        let scale = &self.state.scale;
        let (means, factors) = (&scale.means[place.clone()], &scale.factors[place]);
        act(means, factors, &self.state.actors[agent].net, observation, action);
    }

    fn explore(&self, agent: usize, observation: &[f32], chance: Chance, action: &mut [f32]) {
        let mut stream = Chance::new(chance.key(), agent as u64).stream("explore");
        let told = self.state.replay.told();
        self.act(agent, observation, action);
        if told < self.state.options.warmup_rows {
            action.fill_with(|| (2.0 * stream.unit() - 1.0) as f32);
            return;
        }
        let strength = self.state.options.exploration.at(told);
        for number in action {
            *number = (*number + (strength * gaussian(&mut stream)) as f32).clamp(-1.0, 1.0);
        }
    }

    fn remember(&mut self, row: &Row) -> Result<(), Error> {
        let State { team, options, normaliser, replay, .. } = &mut self.state;
        team.check_row(row)?;
        if options.critics == Critics::Shared && row.shaping.iter().any(|term| *term != 0.0) {
            return Err(Error::ShapingNeedsOwnCritics);
        }
        normaliser.see(row.observations.iter().chain(&row.context));
        replay.remember(row);
        Ok(())
    }

    fn update(&mut self) -> Result<Option<Losses>, Error> {
        if !self.is_ready() {
            return Ok(None);
        }
        let losses = self.learn();
        check_losses(&losses)?;
        Ok(Some(losses))
    }

    fn export(&self, agent: usize, version: &str) -> Exported {
        let place = self.state.team.observation(agent);
        let scale = &self.state.scale;
        let scale =
            Scale { means: scale.means[place.clone()].to_vec(), factors: scale.factors[place].to_vec() };
        Exported::Net(Net { version: version.to_owned(), scale, net: self.actor(agent).clone() })
    }

    fn save(&self) -> Vec<u8> {
        saved::write(KIND, &self.state)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let other = Self::load(bytes)?;
        if other.state.team != self.state.team {
            let name = |team: &Team| format!("a learner for the team {:?}", team.members());
            return Err(Error::OtherLearner {
                expected: name(&self.state.team),
                found: name(&other.state.team),
            });
        }
        *self = Self { threads: self.threads, ..other };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
