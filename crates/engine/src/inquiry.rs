//! Asking what agents placed elsewhere must say before a request is decided. Nothing of the state moves.

use motet_agent::{AgentName, View};
use motet_coordinator::{Asking, Brief, Inquiry};
use motet_model::request::AdRequest;
use motet_units::{Chance, Timestamp};

use crate::{Arm, Engine, Options, SealedRequest, money::LedgerPurse};

impl Options {
    /// Returns whose a request is, and what its coordinator is bound by.
    pub(crate) fn arm(&self, request: &AdRequest) -> (Arm, &motet_coordinator::Options) {
        match self.candidate.as_deref() {
            Some(candidate) if candidate.arm(request) == Arm::Candidate => {
                (Arm::Candidate, &candidate.options.coordinator)
            }
            _ => (Arm::Control, &self.coordinator),
        }
    }
}

impl Engine {
    /// Finds out which of the agents placed elsewhere are to be asked next, and what: `tell` is called once for each. The
    /// answers the request holds already are taken as said. A request of the crew on trial is ready at once: that crew
    /// sits here as a whole.
    ///
    /// The views name the decision that would be made if the request were decided now; the one it becomes may be later.
    pub fn inquire(
        &mut self,
        at: Timestamp,
        sealed: &SealedRequest,
        elsewhere: &[AgentName],
        tell: &mut dyn FnMut(AgentName, &View<'_>),
    ) -> Inquiry {
        let (arm, coordinator) = self.options.arm(&sealed.request);
        if arm == Arm::Candidate {
            return Inquiry::Ready;
        }
        let id = self.next_id();
        let now = self.now.max(at);
        let brief = Brief {
            id,
            now,
            chance: Chance::new(self.options.seed, id.0),
            request: &sealed.request,
            view_digest: sealed.digest,
            catalog: &self.catalog,
            answers: &sealed.answers,
        };
        let team = self.crews.team(arm);
        let book = LedgerPurse::new(&mut self.ledger, &self.catalog, now);
        self.desk.inquire(coordinator, &brief, &team, &book, Asking::new(elsewhere, tell))
    }
}
