//! Finding out what agents placed elsewhere must be asked, before a request can be decided.
//!
//! The stages run as in a decision, on the answers there are so far, and stop after the first one in which somebody is
//! still to be asked. Whoever drives this asks them (side by side: the agents of one stage see nothing of each other),
//! adds their answers, and comes again; at most three rounds later nobody is left to ask. Nothing is decided, reserved
//! or learned on the way, so it may be asked again, or given up, at any point.
//!
//! Between the rounds and the decision other requests may be decided. The decision judges every proposal anew: one that
//! speaks of a candidate that is gone is refused like any other.

use motet_agent::{AccountBook, AgentName, View};

use crate::{Brief, Desk, Options, Team, hearing::Hearing, pricing, ranking, screening};

/// Agents placed elsewhere, and who tells them.
pub struct Asking<'t> {
    elsewhere: &'t [AgentName],
    tell: &'t mut dyn FnMut(AgentName, &View<'_>),
    pub(crate) asked: usize,
}

impl std::fmt::Debug for Asking<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asking").field("elsewhere", &self.elsewhere).finish_non_exhaustive()
    }
}

/// Whether a request can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inquiry {
    /// Some agents were told what they are asked; the request waits for their answers.
    Waits,
    /// Nobody is left to ask.
    Ready,
}

impl<'t> Asking<'t> {
    /// Makes an inquiry among some agents; `tell` is called once for each that is to be asked now.
    pub fn new(elsewhere: &'t [AgentName], tell: &'t mut dyn FnMut(AgentName, &View<'_>)) -> Self {
        Self { elsewhere, tell, asked: 0 }
    }

    /// Tells an agent what it is asked, if it is placed elsewhere.
    pub(crate) fn ask(&mut self, agent: AgentName, view: &View<'_>) -> bool {
        let elsewhere = self.elsewhere.contains(&agent);
        if elsewhere {
            self.asked += 1;
            (self.tell)(agent, view);
        }
        elsewhere
    }
}

impl Desk {
    /// Finds out whom to ask next.
    pub fn inquire(
        &mut self,
        options: &Options,
        brief: &Brief<'_>,
        team: &Team<'_>,
        book: &dyn AccountBook,
        mut asking: Asking<'_>,
    ) -> Inquiry {
        let Self { minutes, admitted, .. } = self;
        let mut hearing = Hearing::inquiring(brief, minutes, &mut asking);
        let screening = screening::screen(&mut hearing, team);
        if !hearing.waits()
            && screening.refusal.is_none()
            && let Team::Agents { relevance, bidder, pacer, .. } = team
        {
            let greeds = ranking::rank(&mut hearing, options, &screening, *relevance, admitted);
            if !hearing.waits() {
                pricing::price(&mut hearing, options, admitted, book, (*bidder, *pacer), greeds);
            }
        }
        if hearing.waits() { Inquiry::Waits } else { Inquiry::Ready }
    }
}
