//! One agent's actor, with its target.

use serde::{Deserialize, Serialize};

use super::{
    batch::Batch,
    options::{Cloning, Options},
};
use crate::{
    Error,
    nn::{Adam, Inputs, Mlp, Output, Tape, blend, clip},
    team::Team,
};

/// How small a first action is: an actor begins near 0, where it is furthest from the ends of its range.
const LAST_SCALE: f32 = 0.1;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Actor {
    pub(super) net: Mlp,
    target: Mlp,
    adam: Adam,
    #[serde(skip)]
    room: Option<Room>,
}

/// What an update needs and a saved state does not.
#[derive(Debug)]
struct Room {
    tape: Tape,
    gradient: Vec<f32>,
    /// Where its observation and action lie in a batch's rows.
    observation: std::ops::Range<usize>,
    action: std::ops::Range<usize>,
    /// The gradient's length before it was cut, and the share of actions near an end, of the last step.
    length: f64,
    saturated: f64,
}

impl Actor {
    pub(super) fn draw(
        team: &Team,
        agent: usize,
        options: &Options,
        stream: &mut motet_units::Stream,
    ) -> Result<Self, Error> {
        let member = &team.members()[agent];
        let mut sizes = vec![member.observation];
        sizes.extend(&options.actor_hidden);
        sizes.push(member.action);
        let net = Mlp::draw(&sizes, Output::Tanh, LAST_SCALE, stream)?;
        let adam = Adam::new(net.numbers().len(), options.actor_rate as f32);
        Ok(Self { target: net.clone(), net, adam, room: None })
    }

    /// Makes its room, once.
    pub(super) fn prepare(&mut self, team: &Team, agent: usize, options: &Options) {
        let pull = 2.0 * options.saturation / (options.batch * self.net.outputs()) as f64;
        self.room = Some(Room {
            tape: Tape::pulling(&self.net, options.batch, pull as f32),
            gradient: vec![0.0; self.net.numbers().len()],
            observation: Batch::observation(team, agent),
            action: Batch::action(team, agent),
            length: 0.0,
            saturated: 0.0,
        });
    }

    /// Tells whether a state that was read has the shapes of a fresh one.
    pub(super) fn fits(&self, fresh: &Self) -> bool {
        self.net.sizes() == fresh.net.sizes()
            && self.target.sizes() == fresh.net.sizes()
            && self.adam.is_sound(fresh.adam.count())
    }

    fn room(&self) -> &Room {
        self.room.as_ref().expect("room is made with the actor")
    }

    /// Runs the target on the next observations.
    pub(super) fn look_ahead(&mut self, batch: &Batch) {
        let room = self.room.as_mut().expect("room is made with the actor");
        self.target.forward(inputs(&batch.next, batch, room.observation.start), &mut room.tape);
    }

    /// Runs the actor on the observations; a step follows.
    pub(super) fn look(&mut self, batch: &Batch) {
        let room = self.room.as_mut().expect("room is made with the actor");
        self.net.forward(inputs(&batch.joint, batch, room.observation.start), &mut room.tape);
    }

    /// Returns the actions of the last run, `[rows, stride]`, with their count and stride.
    pub(super) fn actions(&self) -> (&[f32], usize, usize) {
        let room = self.room();
        (room.tape.outputs(), room.action.len(), room.tape.stride())
    }

    /// Returns the gradient's length and the share of actions near an end, of the last step.
    pub(super) fn told(&self) -> (f64, f64) {
        (self.room().length, self.room().saturated)
    }

    /// Takes one step up the critic's slope (`[rows, stride]`, its own action from `first` on), and towards the rows' actions
    /// where it is held to them. `weight` is the critic's.
    pub(super) fn step(&mut self, batch: &Batch, critic: Option<Slopes<'_>>, options: &Options) {
        let room = self.room.as_mut().expect("room is made with the actor");
        let (wide, count) = (room.tape.stride(), room.action.len());
        let share = 1.0 / batch.rows as f32;
        room.saturated = saturated(&room.tape, count, batch.rows);
        let (acted, slope) = room.tape.outputs_and_slope();
        if let Some(critic) = critic {
            for (to, from) in slope.chunks_exact_mut(wide).zip(critic.numbers.chunks_exact(critic.stride)) {
                let from = &from[critic.first..][..count];
                to.iter_mut().zip(from).for_each(|(to, from)| *to = -critic.weight * share * from);
            }
        }
        if options.cloning != Cloning::Off {
            let scale = 2.0 * share / count as f32;
            let rows = slope.chunks_exact_mut(wide).zip(acted.chunks_exact(wide));
            for ((to, own), row) in rows.zip(batch.joint.chunks_exact(batch.width)) {
                let theirs = &row[room.action.clone()];
                for (to, (own, theirs)) in to.iter_mut().zip(own.iter().zip(theirs)) {
                    *to += scale * (own - theirs);
                }
            }
        }
        let inputs = inputs(&batch.joint, batch, room.observation.start);
        self.net.backward(inputs, &mut room.tape, Some(&mut room.gradient), 0..0);
        room.length = clip(&mut room.gradient, options.clip);
        self.adam.step(self.net.numbers_mut(), &room.gradient);
    }

    #[cfg(test)]
    pub(super) fn gradient(&self) -> &[f32] {
        &self.room().gradient
    }

    pub(super) fn follow(&mut self, tau: f32) {
        blend(&mut self.target, &self.net, tau);
    }
}

/// A critic's slope in actions: `[rows, stride]`, the agent's own from `first` on; `weight` is how much it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slopes<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) stride: usize,
    pub(super) first: usize,
    pub(super) weight: f32,
}

fn inputs<'a>(numbers: &'a [f32], batch: &Batch, first: usize) -> Inputs<'a> {
    Inputs { numbers: &numbers[first..], stride: batch.width, rows: batch.rows }
}

fn saturated(tape: &Tape, count: usize, rows: usize) -> f64 {
    let outputs = tape.outputs().chunks_exact(tape.stride());
    let beyond: usize = outputs.map(|row| row[..count].iter().filter(|a| a.abs() > 0.97).count()).sum();
    beyond as f64 / (rows * count) as f64
}
