//! Watches a user split: one run, two recorders, each told of its own arm alone.

use motet_engine::{Arm as Side, Candidate, Engine};
use motet_units::Timestamp;

use super::Arm;
use crate::{
    World,
    report::{Recorder, Report},
    run::{Auctioned, Decided, Happened, Told, Watch},
};

/// Two recorders over the arms of a user split.
#[derive(Debug)]
pub struct Halves<'w> {
    candidate: Candidate,
    /// The arm of each listener who came, as the engine sees them.
    sides: Vec<Option<Side>>,
    /// Listeners with an identity, by arm. The others are split by their address, which many may share.
    identified: [u32; 2],
    control: Recorder<'w>,
    trial: Recorder<'w>,
}

impl<'w> Halves<'w> {
    /// Prepares to watch a world split by a candidate.
    pub fn new(world: &'w World, candidate: Candidate) -> Self {
        let (control, trial) = (Recorder::new(world), Recorder::new(world));
        Self { candidate, sides: vec![None; world.population.len()], identified: [0; 2], control, trial }
    }

    /// Returns what each arm got.
    pub fn arms(&self, engine: &Engine) -> (Arm, Arm) {
        let (control, trial) = self.reports(engine);
        let units = self.identified.map(f64::from);
        (Arm { units: units[0], ..Arm::of(&control) }, Arm { units: units[1], ..Arm::of(&trial) })
    }

    /// Returns the reports of both arms.
    pub fn reports(&self, engine: &Engine) -> (Report, Report) {
        (self.control.finish(engine), self.trial.finish(engine))
    }

    fn of(&mut self, listener: u32) -> &mut Recorder<'w> {
        match self.sides[listener as usize] {
            Some(Side::Candidate) => &mut self.trial,
            _ => &mut self.control,
        }
    }
}

impl Watch for Halves<'_> {
    fn decided(&mut self, decided: &Decided<'_>) {
        let listener = decided.visit.listener;
        let side = self.candidate.arm(decided.request);
        let first = self.sides[listener as usize].replace(side).is_none();
        if first && decided.request.user.key.is_some() {
            self.identified[usize::from(side == Side::Candidate)] += 1;
        }
        self.of(listener).decided(decided);
    }

    fn auctioned(&mut self, auctioned: &Auctioned<'_>) {
        self.of(auctioned.visit.listener).auctioned(auctioned);
    }

    fn happened(&mut self, happened: &Happened<'_>) {
        self.of(happened.visit.listener).happened(happened);
    }

    fn told(&mut self, told: &Told<'_>) {
        self.of(told.visit.listener).told(told);
    }

    fn ticked(&mut self, engine: &Engine, now: Timestamp) {
        self.control.ticked(engine, now);
        self.trial.ticked(engine, now);
    }
}
