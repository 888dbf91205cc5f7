//! The engine: `step(event) -> effect`, a deterministic state machine with no I/O, no clock and no ambient chance.
//!
//! The server, the simulator, replay and shadow mode all drive this one function. Its state is a fold over the
//! events: the same events give the same state, bit for bit. One engine takes events one at a time; a decision
//! takes microseconds, so ordering them costs less than any lock finer than the whole would.
//!
//! Time is an argument and never runs backwards: an event that claims an earlier time than one before it happens
//! at the later. Whatever a time brings about (a bid's window passing, its money going back) is done before the
//! event itself.

mod bids;
mod crew;
mod crews;
mod event;
mod lease;
mod money;
mod notices;
mod options;
mod record;
mod snapshot;
mod ticking;

pub use crew::{CARDS, Crew, check_policies};
pub use crews::{Arm, Candidate};
pub use event::{Carry, Effect, Event, Followed, Judgement, SealedRequest};
pub use lease::Holding;
pub use motet_coordinator::Detail;
pub use motet_ledger::{Funding, Grant};
pub use notices::charge;
pub use options::{Options, TeamKind};
pub use record::{Difference, Record, RecordError};
pub use snapshot::SnapshotError;

use std::{collections::BTreeMap, sync::Arc};

use motet_agent::{Account, AccountBook, Agent, AgentName, BudgetState, Observation};
use motet_coordinator::{Brief, Desk, Timing};
use motet_ledger::Ledger;
use motet_model::{
    catalog::{self, Catalog, Change, Presence},
    ids::{BidId, CampaignIx, DecisionId},
};
use motet_policy::{Policy, PolicySet};
use motet_units::{Chance, Nanos, Timestamp};

use crate::{bids::OpenBids, crews::Crews, money::LedgerPurse, ticking::Round};

/// Everything a decision depends on.
pub struct Engine {
    options: Options,
    catalog: Arc<Catalog>,
    ledger: Ledger,
    bids: OpenBids,
    crews: Crews,
    desk: Desk,
    /// The round over all campaigns that the last tick began.
    round: Option<Round>,
    /// A buffer for the accounts agents are told of.
    told: Vec<Account>,
    /// Campaigns that cannot pay, with what they lacked.
    exhausted: BTreeMap<CampaignIx, Nanos>,
    now: Timestamp,
    /// The number of the next event.
    sequence: u64,
    /// The place in the nodes' common log up to which its changes were taken.
    followed: u64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("sequence", &self.sequence)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes an engine that knows no campaigns. The first event has number `first_sequence`.
    pub fn new(options: Options, first_sequence: u64) -> Self {
        let mut ledger = Ledger::new(options.ledger);
        ledger.set_funding(options.funding);
        Self {
            ledger,
            crews: Crews::new(&options),
            desk: Desk::default(),
            round: None,
            told: Vec::new(),
            options,
            catalog: Arc::default(),
            bids: OpenBids::default(),
            exhausted: BTreeMap::new(),
            now: Timestamp::default(),
            sequence: first_sequence,
            followed: 0,
        }
    }

    /// Puts another agent in a seat: how an outsider's agent joins, and how a fault is planted.
    pub fn seat(&mut self, agent: Box<dyn Agent>) {
        self.crews.seat(agent);
    }

    /// Has a policy steer an agent of the crew in service: how policies that explore are trained. No event tells of it, so
    /// what follows cannot be replayed; a server seats policies by [`Event::Steered`].
    ///
    /// # Errors
    /// When the policy does not fit the agent's card, or the agent takes none.
    pub fn seat_policy(
        &mut self,
        agent: AgentName,
        policy: Box<dyn Policy>,
    ) -> Result<(), motet_policy::Error> {
        self.crews.seat_policy(agent, policy)
    }

    /// Says how much of each decision is written down from here on; all of it unless said otherwise. No part of the
    /// state: what is decided and learned is the same, but a decision without its hearing can neither be explained
    /// nor journalled for a replay.
    pub fn set_detail(&mut self, detail: Detail) {
        self.desk = Desk::new(detail);
    }

    /// Takes one event, at a time, and returns what came of it.
    pub fn step(&mut self, at: Timestamp, event: &Event, timing: Timing<'_>) -> Effect {
        let id = DecisionId::new(self.options.node, self.sequence);
        self.sequence += 1;
        self.advance(at);
        match event {
            Event::Requested(sealed) => self.decide(id, sealed, timing),
            Event::Noticed(notice) => Effect::Judged(self.take_notice(notice)),
            Event::Changed(changes) => Effect::Changed(self.change(changes).map_err(|e| e.to_string())),
            Event::Ticked => {
                self.tick();
                Effect::Done
            }
            Event::Steered(policies) => Effect::Changed(self.steer(policies).map_err(|e| e.to_string())),
            Event::Leased(grants) => Effect::Leased(self.take_grants(grants)),
            Event::Followed(followed) => Effect::Changed(self.follow(followed).map_err(|e| e.to_string())),
            Event::Carried(carries) => Effect::Changed(self.carry(carries)),
            Event::Configured(options) => {
                self.configure(options);
                Effect::Done
            }
        }
    }

    /// Lets time pass: bids whose window is over give their money back.
    fn advance(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
        let mut released: Vec<BidId> = Vec::new();
        self.ledger.expire(self.now, &mut released);
        while let Some(open) = self.bids.pop_expired(self.now) {
            let observation = Observation::Expired { bid: &open.record, at: self.now };
            self.crews.observe_own(open.arm, &observation);
            self.recheck(open.record.bid.campaign);
        }
    }

    fn decide(&mut self, id: DecisionId, sealed: &SealedRequest, timing: Timing<'_>) -> Effect {
        let request = &sealed.request;
        let brief = Brief {
            id,
            now: self.now,
            chance: Chance::new(self.options.seed, id.0),
            request,
            view_digest: sealed.digest,
            catalog: &self.catalog,
        };
        let candidate = self.options.candidate.as_deref();
        let arm = candidate.map_or(Arm::Control, |candidate| candidate.arm(request));
        let coordinator = match (arm, candidate) {
            (Arm::Candidate, Some(candidate)) => &candidate.options.coordinator,
            _ => &self.options.coordinator,
        };
        let team = self.crews.team(arm);
        let mut purse = LedgerPurse::new(&mut self.ledger, &self.catalog, self.now);
        let mut ruling = self.desk.decide(coordinator, &brief, &team, &mut purse, timing);
        ruling.trace.policies = self.crews.policies(arm);
        let observation = Observation::Decided { request, bids: &ruling.records, at: self.now };
        self.crews.observe_own(arm, &observation);
        for record in ruling.records {
            let (campaign, held) = (record.bid.campaign, record.bid.reserved);
            self.bids.open(record, arm);
            self.note_exhaustion(campaign, held);
        }
        self.go_on_ticking();
        Effect::Decided(Box::new(ruling.trace))
    }

    /// Applies changes, all or none.
    fn change(&mut self, changes: &[Change]) -> Result<(), catalog::Error> {
        let mut next = Catalog::clone(&self.catalog);
        for change in changes {
            next.apply(change)?;
        }
        self.catalog = Arc::new(next);
        for change in changes {
            if let Change::PutCampaign(campaign) = change {
                self.fund(&campaign.id);
            }
        }
        let observation = Observation::Changed { catalog: &self.catalog, changes, at: self.now };
        self.crews.observe(&observation);
        self.recheck_all();
        Ok(())
    }

    fn fund(&mut self, campaign: &str) {
        let Some(ix) = self.catalog.campaign_ix(campaign) else { return };
        let budget = self.catalog.campaign(ix).campaign.budget;
        let budget = motet_ledger::Budget { total: budget.total, daily: budget.daily };
        // Negative budgets are refused at the edge, and indices are dense: a refusal leaves the campaign without money.
        let funded = self.ledger.set_budget(ix, budget);
        debug_assert!(funded.is_ok(), "{funded:?}");
    }

    /// Seats other policies, all or none.
    fn steer(&mut self, policies: &Arc<PolicySet>) -> Result<(), motet_policy::Error> {
        self.crews.steer(policies)?;
        self.options.policies = Some(Arc::clone(policies));
        Ok(())
    }

    fn configure(&mut self, options: &Options) {
        let (control, candidate) = self.crews.save();
        let policies = options.policies.clone().or_else(|| self.options.policies.take());
        self.options = Options { policies, ..options.clone() };
        self.ledger.set_funding(self.options.funding);
        self.crews = Crews::new(&self.options);
        self.crews.restore(&control, &candidate, &self.catalog);
    }

    /// Marks a campaign that cannot pay for another bid like its last.
    fn note_exhaustion(&mut self, campaign: CampaignIx, needed: Nanos) {
        if self.exhausted.contains_key(&campaign) || !needed.is_positive() {
            return;
        }
        if self.account(campaign).room < needed {
            self.exhausted.insert(campaign, needed);
            self.crews.observe(&Observation::Budget { campaign, state: BudgetState::Exhausted });
        }
    }

    /// Unmarks a campaign once it can pay twice what it lacked, so that it does not flicker.
    fn recheck(&mut self, campaign: CampaignIx) {
        let Some(lacked) = self.exhausted.get(&campaign) else { return };
        if self.account(campaign).room >= *lacked + *lacked {
            self.exhausted.remove(&campaign);
            self.crews.observe(&Observation::Budget { campaign, state: BudgetState::Available });
        }
    }

    fn recheck_all(&mut self) {
        let campaigns: Vec<CampaignIx> = self.exhausted.keys().copied().collect();
        for campaign in campaigns {
            self.recheck(campaign);
        }
    }

    /// Returns the accounts of all campaigns in service, by index.
    pub fn accounts(&self) -> Vec<Account> {
        let present = self.catalog.campaigns().filter(|(_, entry)| entry.presence == Presence::Present);
        present.map(|(ix, _)| self.account(ix)).collect()
    }

    /// Returns a campaign's account.
    pub fn account(&self, campaign: CampaignIx) -> Account {
        money::account(&self.ledger, &self.catalog, self.now, campaign)
    }

    /// Returns the catalog as it stands; a cheap shared copy.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    /// Returns the options in force.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Returns the number the next event gets.
    pub const fn next_sequence(&self) -> u64 {
        self.sequence
    }

    /// Returns the ledger's sums.
    pub fn totals(&self) -> motet_ledger::Totals {
        self.ledger.totals()
    }

    /// Checks the ledger's invariants over every account.
    ///
    /// # Errors
    /// The first one broken.
    pub fn check(&self) -> Result<(), motet_ledger::Violation> {
        self.ledger.check()
    }

    /// Returns how many bids are open or remembered.
    pub fn open_bids(&self) -> usize {
        self.bids.len()
    }

    /// Returns a bid that is open or remembered.
    pub fn bid(&self, id: BidId) -> Option<&motet_agent::BidRecord> {
        self.bids.get(id).map(|open| &open.record)
    }

    /// Returns the version of the policies in service, and for each agent how many of its policy's actions were refused.
    pub fn steering(&self) -> (String, Vec<(AgentName, u64)>) {
        let set = self.options.policies.as_ref();
        let version = set.map_or_else(|| PolicySet::fixed().version, |set| set.version.clone());
        (version, self.crews.refused_actions())
    }

    /// Returns the policies of the agents in service, by version.
    pub fn policies(&self) -> Arc<Vec<(AgentName, String)>> {
        self.crews.policies(Arm::Control)
    }

    /// Returns the cards of the agents in service.
    pub fn cards(&self) -> Vec<&'static motet_agent::AgentCard> {
        self.crews.cards()
    }
}

impl AccountBook for Engine {
    fn account(&self, campaign: CampaignIx) -> Account {
        Self::account(self, campaign)
    }
}

#[cfg(test)]
mod tests;
