//! The rows of one update, side by side.

use std::ops::Range;

use motet_units::Chance;

use crate::{normalise::Scale, replay::Replay, team::Team};

/// Drawn rows: `joint` and `next` are `[rows, width]`, observations first, then context, then actions.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) joint: Vec<f32>,
    /// Its actions are for the targets to fill in.
    pub(super) next: Vec<f32>,
    pub(super) rewards: Vec<f32>,
    /// 1, or 0 where nothing follows.
    pub(super) follows: Vec<f32>,
    /// `[rows, agents]`.
    pub(super) shaping: Vec<f32>,
    places: Vec<usize>,
}

impl Batch {
    pub(super) fn new(team: &Team, rows: usize) -> Self {
        let width = team.observations() + team.context() + team.actions();
        Self {
            rows,
            width,
            joint: vec![0.0; rows * width],
            next: vec![0.0; rows * width],
            rewards: vec![0.0; rows],
            follows: vec![0.0; rows],
            shaping: vec![0.0; rows * team.len()],
            places: vec![0; rows],
        }
    }

    /// Where an agent's observation lies in a row.
    pub(super) fn observation(team: &Team, agent: usize) -> Range<usize> {
        team.observation(agent)
    }

    /// Where an agent's action lies in a row.
    pub(super) fn action(team: &Team, agent: usize) -> Range<usize> {
        let (start, own) = (team.observations() + team.context(), team.action(agent));
        start + own.start..start + own.end
    }

    /// Where all actions lie in a row.
    pub(super) fn actions(team: &Team) -> Range<usize> {
        let start = team.observations() + team.context();
        start..start + team.actions()
    }

    /// Draws rows and brings them to scale.
    pub(super) fn fill(&mut self, team: &Team, replay: &Replay, scale: &Scale, chance: Chance) {
        replay.draw(chance, &mut self.places);
        let seen = team.observations() + team.context();
        for (row, &place) in self.places.iter().enumerate() {
            let kept = replay.row(place, team);
            let joint = &mut self.joint[row * self.width..][..self.width];
            scale_into(kept.now, scale, &mut joint[..seen]);
            joint[seen..].copy_from_slice(kept.actions);
            scale_into(kept.next, scale, &mut self.next[row * self.width..][..seen]);
            self.rewards[row] = kept.reward;
            self.follows[row] = kept.follows;
            self.shaping[row * team.len()..][..team.len()].copy_from_slice(kept.shaping);
        }
    }
}

fn scale_into(from: &[f32], scale: &Scale, to: &mut [f32]) {
    to.copy_from_slice(from);
    scale.apply(to);
}
