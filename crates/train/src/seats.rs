//! Policies that act for a learner: in an agent's seat like any policy, they ask a hand what to do and note what was done.
//!
//! Campaigns stray *together*: what a campaign-level agent strays by is drawn once for all campaigns. Our campaigns bid
//! against each other for the same imps, so one that bids higher alone takes from the others; each would learn that bidding
//! higher pays, and all of them together would only pay more. As one actor acts for all, what has to be learned is what
//! comes of all acting so, and that is what shows when they stray together.

use std::sync::{Arc, Mutex, PoisonError};

use motet_engine::Engine;
use motet_policy::{Number, Policy, Subject};
use motet_units::Chance;

use crate::{
    Error,
    team::{Seated, seated, within},
};

/// Whoever decides what agents do.
pub trait Hand: Send + Sync + std::fmt::Debug {
    /// Writes an agent's action for an observation, each number within -1 and 1. `chance` is keyed by episode, hold of
    /// ticks and agent.
    fn act(&self, agent: usize, observation: &[f32], chance: Chance, action: &mut [f32]);
}

/// One action that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The agent's place in the team.
    pub agent: usize,
    /// For whom.
    pub subject: Subject,
    /// What was seen, within the card's ranges.
    pub observation: Vec<f32>,
    /// What was done, within -1 and 1.
    pub action: Vec<f32>,
}

/// What was taken since the last look, and the tick that is under way.
#[derive(Debug, Default)]
struct Notes {
    /// Whether actions are noted: not while seats are tried.
    noting: bool,
    tick: u64,
    taken: Vec<Taken>,
}

/// The notes all seats of one engine write to. Only that engine's thread does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book(Arc<Mutex<Notes>>);

impl Book {
    fn with<R>(&self, work: impl FnOnce(&mut Notes) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes out what was noted, and begins the next tick.
    pub(crate) fn turn(&self) -> Vec<Taken> {
        self.with(|notes| {
            notes.tick += 1;
            std::mem::take(&mut notes.taken)
        })
    }
}

/// A policy that asks a hand.
#[derive(Debug)]
struct Seat {
    agent: Seated,
    numbers: Vec<Number>,
    hand: Arc<dyn Hand>,
    book: Book,
    seed: u64,
    hold: u64,
}

impl Seat {
    fn decide(&self, subject: Subject, observation: &[f64], tick: u64) -> Taken {
        let seen = within(self.agent.card.observation, observation);
        let mut action = vec![0.0_f32; self.numbers.len()];
        let chance = Chance::new(Chance::new(self.seed, tick / self.hold).key(), self.agent.place as u64);
        self.hand.act(self.agent.place, &seen, chance, &mut action);
        Taken { agent: self.agent.place, subject, observation: seen, action }
    }
}

impl Policy for Seat {
    fn version(&self) -> &'static str {
        "learner@0"
    }

    fn act(&self, subject: Subject, observation: &[f64], action: &mut [f64]) {
        let tick = self.book.with(|notes| notes.tick);
        let taken = self.decide(subject, observation, tick);
        for ((out, part), number) in action.iter_mut().zip(&taken.action).zip(&self.numbers) {
            *out = number.value(f64::from(*part));
        }
        self.book.with(|notes| {
            if notes.noting {
                notes.taken.push(taken);
            }
        });
    }
}

/// Seats a hand's policies in an engine; from then on what they do is noted in the book returned.
pub(crate) fn seat(engine: &mut Engine, hand: &Arc<dyn Hand>, seed: u64, hold: u64) -> Result<Book, Error> {
    let book = Book::default();
    for agent in seated() {
        let (numbers, hand) = (agent.action(), Arc::clone(hand));
        let policy = Seat { agent, numbers, hand, book: book.clone(), seed, hold: hold.max(1) };
        engine.seat_policy(agent.name, Box::new(policy))?;
    }
    book.with(|notes| notes.noting = true);
    Ok(book)
}
