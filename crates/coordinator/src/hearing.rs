//! A hearing: proposals come in, each gets one verdict, and the record is closed into a ruling.

use std::panic::{AssertUnwindSafe, catch_unwind};

use motet_agent::{
    Absence, Agent, AgentName, Ask, Features, Proposal, RefusedReason, RemoteAnswer, Sight, Verdict, View,
};
use motet_model::decision::{Decision, ImpDecision, NoBidReason};
use smallvec::SmallVec;

use crate::{
    Brief, Ruling,
    auctioning::Outcomes,
    inquiry::Asking,
    timing::{Presence, Timing},
    trace::{Detail, Trace},
};

/// What was said, with one verdict each, used again from one decision to the next.
#[derive(Debug, Default)]
pub(crate) struct Minutes {
    proposals: Vec<Proposal>,
    verdicts: Vec<Verdict>,
}

/// More room than this is given back after a decision.
const MOST_KEPT: usize = 1_024;

impl Minutes {
    fn wipe(&mut self) {
        self.proposals.clear();
        self.verdicts.clear();
        self.proposals.shrink_to(MOST_KEPT);
        self.verdicts.shrink_to(MOST_KEPT);
    }

    /// Returns what is written down of it, and starts a clean sheet.
    fn take(&mut self, detail: Detail) -> Vec<(Proposal, Verdict)> {
        let hearing = match detail {
            Detail::Full => self.proposals.drain(..).zip(self.verdicts.drain(..)).collect(),
            Detail::Outcome => Vec::new(),
        };
        self.wipe();
        hearing
    }
}

/// The record of one decision while it is being made.
pub(crate) struct Hearing<'a, 't> {
    pub(crate) brief: &'a Brief<'a>,
    pub(crate) detail: Detail,
    timing: Timing<'t>,
    minutes: &'a mut Minutes,
    presence: SmallVec<[(AgentName, Presence); 6]>,
    /// Where agents placed elsewhere are only to be asked, not yet decided with.
    asking: Option<&'a mut Asking<'t>>,
}

/// The greed of an imp's exploration, where it was asked for.
pub(crate) type Greeds = SmallVec<[(u16, f64); 4]>;

/// The places of one agent's proposals in the record.
pub(crate) type Places = std::ops::Range<usize>;

impl<'a, 't> Hearing<'a, 't> {
    pub(crate) fn new(
        brief: &'a Brief<'a>,
        detail: Detail,
        timing: Timing<'t>,
        minutes: &'a mut Minutes,
    ) -> Self {
        minutes.wipe();
        Self { brief, detail, timing, minutes, presence: SmallVec::new(), asking: None }
    }

    /// Opens a hearing that only finds out whom to ask.
    pub(crate) fn inquiring(
        brief: &'a Brief<'a>,
        minutes: &'a mut Minutes,
        asking: &'a mut Asking<'t>,
    ) -> Self {
        let hearing = Self::new(brief, Detail::Outcome, Timing::Unlimited, minutes);
        Self { asking: Some(asking), ..hearing }
    }

    /// Tells whether this only finds out whom to ask.
    pub(crate) const fn is_inquiry(&self) -> bool {
        self.asking.is_some()
    }

    /// Tells whether somebody is to be asked before this can go on.
    pub(crate) fn waits(&self) -> bool {
        self.asking.as_ref().is_some_and(|asking| asking.asked > 0)
    }

    /// Asks one agent. Returns the places of its proposals if it counts as present, each accepted until judged.
    pub(crate) fn ask(&mut self, agent: &dyn Agent, sight: Sight<'_>) -> Option<Places> {
        let name = agent.card().name;
        let (places, presence) = self.hear(agent, name, sight);
        self.presence.push((name, presence));
        self.refuse_off_card(agent, places.clone());
        if presence == Presence::Late {
            self.refuse_all(places, RefusedReason::Late);
            return None;
        }
        (presence == Presence::Answered).then_some(places)
    }

    fn hear(&mut self, agent: &dyn Agent, name: AgentName, sight: Sight<'_>) -> (Places, Presence) {
        let first = self.minutes.proposals.len();
        if let Some(answer) = self.brief.answers.iter().find(|answer| answer.agent == name) {
            return self.take_down(answer);
        }
        let view = View { decision: self.brief.id, now: self.brief.now, chance: self.brief.chance, sight };
        if let Some(asking) = &mut self.asking
            && asking.ask(name, &view)
        {
            return (first..first, Presence::Skipped);
        }
        if let Err(absent) = self.timing.before(name) {
            return (first..first, absent);
        }
        // `propose` takes `&self`, so an agent that panics has changed nothing that outlives the call.
        let proposals = &mut self.minutes.proposals;
        let outcome = catch_unwind(AssertUnwindSafe(|| agent.propose(&view, proposals)));
        let presence = self.timing.after(name);
        if outcome.is_err() {
            self.minutes.proposals.truncate(first);
            return (first..first, Presence::Broken);
        }
        let said = self.minutes.proposals.len();
        self.minutes.verdicts.resize(said, Verdict::Accepted);
        (first..self.minutes.proposals.len(), presence)
    }

    /// Takes down what an agent placed elsewhere answered.
    fn take_down(&mut self, answer: &RemoteAnswer) -> (Places, Presence) {
        let first = self.minutes.proposals.len();
        let presence = match &answer.said {
            Ok(said) => {
                self.minutes.proposals.extend(said.proposals());
                Presence::Answered
            }
            Err(Absence::Late) => Presence::Late,
            Err(Absence::Broken) => Presence::Broken,
            Err(Absence::Unreachable) => Presence::Unreachable,
        };
        let said = self.minutes.proposals.len();
        self.minutes.verdicts.resize(said, Verdict::Accepted);
        (first..said, presence)
    }

    fn refuse_off_card(&mut self, agent: &dyn Agent, places: Places) {
        let card = agent.card();
        for place in places {
            let proposal = &self.minutes.proposals[place];
            if proposal.agent != card.name || !card.intents.contains(&proposal.ask.intent()) {
                self.refuse(place, RefusedReason::NotOnCard);
            }
        }
    }

    /// Returns a proposal that still stands; `None` once it is refused.
    pub(crate) fn standing(&self, place: usize) -> Option<&Proposal> {
        (self.minutes.verdicts[place] == Verdict::Accepted).then(|| &self.minutes.proposals[place])
    }

    /// Drops the features of a ranking: they are not logged, and its candidate carries them on.
    pub(crate) fn drop_features(&mut self, place: usize) {
        if let Ask::Rank(ranking) = &mut self.minutes.proposals[place].ask {
            ranking.features = Features::default();
        }
    }

    /// Returns a proposal, standing or not.
    pub(crate) fn proposal(&self, place: usize) -> &Proposal {
        &self.minutes.proposals[place]
    }

    pub(crate) fn refuse(&mut self, place: usize, reason: RefusedReason) {
        self.minutes.verdicts[place] = Verdict::Refused(reason);
    }

    /// Refuses what still stands among some places.
    pub(crate) fn refuse_all(&mut self, places: Places, reason: RefusedReason) {
        for verdict in &mut self.minutes.verdicts[places] {
            if *verdict == Verdict::Accepted {
                *verdict = Verdict::Refused(reason);
            }
        }
    }

    pub(crate) fn answered(&self, agent: AgentName) -> bool {
        self.presence.contains(&(agent, Presence::Answered))
    }

    /// Tells whether an ad for an imp was refused for safety.
    pub(crate) fn refused_for_safety(&self, imp: u16) -> bool {
        self.minutes.proposals.iter().zip(&self.minutes.verdicts).any(|(proposal, verdict)| {
            let here = matches!(&proposal.ask, Ask::Rank(ranking) if ranking.imp == imp);
            here && matches!(verdict, Verdict::Refused(RefusedReason::Unsafe(_)))
        })
    }

    /// Tells whether an agent without which nothing can be bid was absent. The others have fallbacks.
    pub(crate) fn lacks_a_needed_agent(&self) -> bool {
        let needed = |name| matches!(name, AgentName::Relevance | AgentName::Bidder | AgentName::Baseline);
        self.presence.iter().any(|(name, presence)| needed(*name) && *presence != Presence::Answered)
    }

    /// Returns the explorations that stand among some places, by imp.
    pub(crate) fn greeds(&self, places: &Places) -> Greeds {
        let both = places.clone().filter_map(|place| self.standing(place));
        both.filter_map(|proposal| match &proposal.ask {
            Ask::Explore { imp, greed } => Some((*imp, *greed)),
            _ => None,
        })
        .collect()
    }

    /// Tells whether time ran out on any agent.
    pub(crate) fn ran_out(&self) -> bool {
        self.presence.iter().any(|(_, p)| matches!(p, Presence::Late | Presence::Skipped))
    }

    /// Returns why nothing can be bid when an agent the decision needs is absent.
    pub(crate) fn absence(&self) -> NoBidReason {
        if self.ran_out() { NoBidReason::DeadlinePassed } else { NoBidReason::AgentAbsent }
    }

    pub(crate) fn close_without_bids(self, reason: NoBidReason) -> Ruling {
        let imps = vec![ImpDecision::NoBid(reason); self.brief.request.imps.len()];
        self.close(Outcomes { imps, auctions: Vec::new(), records: Vec::new() })
    }

    pub(crate) fn close(self, outcomes: Outcomes) -> Ruling {
        let brief = self.brief;
        let trace = Trace {
            decision: Decision { id: brief.id, at: brief.now, imps: outcomes.imps },
            view_digest: brief.view_digest,
            chance: brief.chance,
            policies: std::sync::Arc::default(),
            presence: self.presence,
            hearing: self.minutes.take(self.detail),
            auctions: outcomes.auctions,
        };
        Ruling { trace, records: outcomes.records }
    }
}
