//! A critic: one or two networks that value what is seen and done, with their targets.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{
    actor::{Actor, Slopes},
    batch::Batch,
    options::{Cloning, Critics, Options, Sight},
};
use crate::{
    Error,
    nn::{Adam, Inputs, Mlp, Output, Tape, blend, clip},
    team::Team,
};

#[derive(Debug, Serialize, Deserialize)]
struct Half {
    net: Mlp,
    target: Mlp,
    adam: Adam,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Critic {
    halves: Vec<Half>,
    #[serde(skip)]
    room: Option<Room>,
}

/// What an update needs and a saved state does not.
#[derive(Debug)]
struct Room {
    tape: Tape,
    gradient: Vec<f32>,
    aims: Vec<f32>,
    /// Its inputs where they are not a batch's rows as they are.
    inputs: Vec<f32>,
    /// Which columns of a batch's rows it sees, in order.
    columns: Vec<Range<usize>>,
    width: usize,
    /// Whose shaping terms its rewards hold.
    agent: Option<usize>,
    told: Told,
}

/// What a critic's update saw.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) loss: f64,
    pub(super) value: f64,
    pub(super) length: f64,
    /// Means of the value and of its size at the actors' own actions.
    pub(super) acted_value: f64,
    pub(super) acted_size: f64,
}

/// Which part of the team a critic is for, and what it sees of it.
fn columns(team: &Team, options: &Options, agent: usize) -> Vec<Range<usize>> {
    match options.sight {
        Sight::Joint => std::iter::once(0..Batch::actions(team).end).collect(),
        Sight::Own => vec![Batch::observation(team, agent), Batch::action(team, agent)],
    }
}

impl Critic {
    pub(super) fn draw(
        team: &Team,
        agent: usize,
        options: &Options,
        stream: &mut motet_units::Stream,
    ) -> Result<Self, Error> {
        let mut sizes = vec![columns(team, options, agent).iter().map(Range::len).sum()];
        sizes.extend(&options.critic_hidden);
        sizes.push(1);
        let mut half = || {
            let net = Mlp::draw(&sizes, Output::Linear, 1.0, stream)?;
            let adam = Adam::new(net.numbers().len(), options.critic_rate as f32);
            Ok(Half { target: net.clone(), net, adam })
        };
        let halves = (0..options.twins).map(|_| half()).collect::<Result<_, Error>>()?;
        Ok(Self { halves, room: None })
    }

    /// Makes its room, once.
    pub(super) fn prepare(&mut self, team: &Team, agent: usize, options: &Options) {
        let columns = columns(team, options, agent);
        let width = columns.iter().map(Range::len).sum();
        let net = &self.halves[0].net;
        self.room = Some(Room {
            tape: Tape::new(net, options.batch),
            gradient: vec![0.0; net.numbers().len()],
            aims: vec![0.0; options.batch],
            inputs: vec![0.0; options.batch * width],
            columns,
            width,
            agent: (options.critics == Critics::PerAgent).then_some(agent),
            told: Told::default(),
        });
    }

    /// Tells whether a state that was read has the shapes of a fresh one.
    pub(super) fn fits(&self, fresh: &Self) -> bool {
        self.halves.len() == fresh.halves.len()
            && self.halves.iter().zip(&fresh.halves).all(|(half, fresh)| {
                half.net.sizes() == fresh.net.sizes()
                    && half.target.sizes() == fresh.net.sizes()
                    && half.adam.is_sound(fresh.adam.count())
            })
    }

    fn room(&self) -> &Room {
        self.room.as_ref().expect("room is made with the critic")
    }

    pub(super) fn told(&self) -> Told {
        self.room().told
    }

    /// Learns from a batch whose next actions the targets have filled in.
    pub(super) fn learn(&mut self, batch: &Batch, options: &Options) {
        let room = self.room.as_mut().expect("room is made with the critic");
        room.set_aims(&self.halves, batch, options.gamma as f32);
        room.told = Told::default();
        let share = 1.0 / self.halves.len() as f64;
        room.gather(&batch.joint, batch);
        for half in &mut self.halves {
            let inputs = see(&room.inputs, room.width, &batch.joint, batch);
            half.net.forward(inputs, &mut room.tape);
            let (loss, value) = lose(&mut room.tape, &room.aims);
            half.net.backward(inputs, &mut room.tape, Some(&mut room.gradient), 0..0);
            let length = clip(&mut room.gradient, options.clip);
            half.adam.step(half.net.numbers_mut(), &room.gradient);
            room.told.loss += share * loss;
            room.told.value += share * value;
            room.told.length = room.told.length.max(length);
        }
    }

    /// Values the rows with the present actions of some agents in place of the rows' own, and works out the slope in some actions.
    ///
    /// Of two networks the first is asked, as Fujimoto et al. (2018) do: the lower of two would have a slope that jumps.
    pub(super) fn judge(
        &mut self,
        team: &Team,
        batch: &Batch,
        actors: &[Actor],
        replaced: Range<usize>,
        wanted: Range<usize>,
    ) {
        let room = self.room.as_mut().expect("room is made with the critic");
        room.copy(&batch.joint, batch);
        for agent in replaced {
            if let Some(at) = room.find(Batch::action(team, agent)) {
                let (actions, count, stride) = actors[agent].actions();
                for (row, action) in
                    room.inputs.chunks_exact_mut(room.width).zip(actions.chunks_exact(stride))
                {
                    row[at..at + count].copy_from_slice(&action[..count]);
                }
            }
        }
        let wanted_at = room.find(wanted.clone()).expect("a critic sees the actions it judges");
        let inputs = Inputs { numbers: &room.inputs, stride: room.width, rows: batch.rows };
        let net = &self.halves[0].net;
        net.forward(inputs, &mut room.tape);
        (room.told.acted_value, room.told.acted_size) = means(&room.tape, batch.rows);
        let stride = room.tape.stride();
        room.tape.slope_mut().iter_mut().step_by(stride).for_each(|slope| *slope = 1.0);
        net.backward(inputs, &mut room.tape, None, wanted_at..wanted_at + wanted.len());
    }

    /// Returns the slopes of the last [`Self::judge`], which wanted `count` actions: those from its `first` on.
    pub(super) fn slopes(&self, count: usize, first: usize, options: &Options) -> Slopes<'_> {
        let (slopes, stride) = self.room().tape.input_slope(count);
        let weight = match options.cloning {
            Cloning::Beside { alpha } => (alpha / self.room().told.acted_size.max(1e-8)) as f32,
            Cloning::Off | Cloning::Only => 1.0,
        };
        Slopes { numbers: slopes, stride, first, weight }
    }

    #[cfg(test)]
    pub(super) fn networks(&self) -> impl Iterator<Item = &Mlp> {
        self.halves.iter().map(|half| &half.net)
    }

    #[cfg(test)]
    pub(super) fn targets(&self) -> impl Iterator<Item = &Mlp> {
        self.halves.iter().map(|half| &half.target)
    }

    #[cfg(test)]
    pub(super) fn gradient(&self) -> &[f32] {
        &self.room().gradient
    }

    pub(super) fn follow(&mut self, tau: f32) {
        self.halves.iter_mut().for_each(|half| blend(&mut half.target, &half.net, tau));
    }
}

impl Room {
    /// Works out what each row's value should be: its reward, and what is to follow by the lower of the targets.
    fn set_aims(&mut self, halves: &[Half], batch: &Batch, gamma: f32) {
        self.gather(&batch.next, batch);
        self.aims.fill(f32::INFINITY);
        for half in halves {
            let inputs = see(&self.inputs, self.width, &batch.next, batch);
            half.target.forward(inputs, &mut self.tape);
            let values = self.tape.outputs().iter().step_by(self.tape.stride());
            self.aims.iter_mut().zip(values).for_each(|(aim, value)| *aim = aim.min(*value));
        }
        let agents = batch.shaping.len() / batch.rows;
        for (row, aim) in self.aims.iter_mut().enumerate() {
            let shaping = self.agent.map_or(0.0, |agent| batch.shaping[row * agents + agent]);
            *aim = batch.rewards[row] + shaping + gamma * batch.follows[row] * *aim;
        }
    }

    /// Where a run of a row's columns lies in the critic's input, if it sees it.
    fn find(&self, wanted: Range<usize>) -> Option<usize> {
        let mut start = 0;
        for columns in &self.columns {
            if columns.start <= wanted.start && wanted.end <= columns.end {
                return Some(start + wanted.start - columns.start);
            }
            start += columns.len();
        }
        None
    }

    /// Copies the columns it sees, unless it sees rows as they are.
    fn gather(&mut self, from: &[f32], batch: &Batch) {
        if self.width != batch.width {
            self.copy(from, batch);
        }
    }

    fn copy(&mut self, from: &[f32], batch: &Batch) {
        for (to, row) in self.inputs.chunks_exact_mut(self.width).zip(from.chunks_exact(batch.width)) {
            let mut at = 0;
            for columns in &self.columns {
                to[at..at + columns.len()].copy_from_slice(&row[columns.clone()]);
                at += columns.len();
            }
        }
    }
}

/// What a critic is shown: rows as they are where it sees all of them, its gathered columns otherwise.
fn see<'a>(gathered: &'a [f32], width: usize, whole: &'a [f32], batch: &Batch) -> Inputs<'a> {
    let numbers = if width == batch.width { whole } else { gathered };
    Inputs { numbers, stride: width, rows: batch.rows }
}

/// Sets the slope of the mean squared error and returns that error and the mean value.
fn lose(tape: &mut Tape, aims: &[f32]) -> (f64, f64) {
    let (stride, rows) = (tape.stride(), aims.len());
    let (mut loss, mut sum) = (0.0, 0.0);
    let (values, slopes) = tape.outputs_and_slope();
    let slots = slopes.iter_mut().step_by(stride).zip(values.iter().step_by(stride));
    for ((slope, value), aim) in slots.zip(aims) {
        let error = value - aim;
        *slope = 2.0 / rows as f32 * error;
        loss += f64::from(error) * f64::from(error);
        sum += f64::from(*value);
    }
    (loss / rows as f64, sum / rows as f64)
}

/// Returns the mean value of the last forward pass, and the mean of its size.
fn means(tape: &Tape, rows: usize) -> (f64, f64) {
    let values = tape.outputs().iter().step_by(tape.stride());
    let (sum, size) = values
        .fold((0.0, 0.0), |(sum, size), value| (sum + f64::from(*value), size + f64::from(value.abs())));
    (sum / rows as f64, size / rows as f64)
}
