//! Control ticks, spread so that no decision waits for them.
//!
//! A tick tells the agents of the first campaigns' accounts at once; the accounts of the others follow with the decisions
//! after it, a few with each. How far a round has come is part of the state and moves on events alone, so a replay takes
//! the same turns. A tick that comes before the round is through goes on where the last one was: every campaign has its
//! turn, with little traffic later than with much.

use motet_agent::{Account, Tick};
use motet_model::{catalog::Presence, ids::CampaignIx};
use serde::{Deserialize, Serialize};

use crate::Engine;

/// Campaigns told of on the tick itself.
const CAMPAIGNS_A_TICK: u32 = 2_048;
/// Campaigns told of in one go after it, some twenty microseconds' work, and the decisions from one go to the next.
const CAMPAIGNS_A_GO: u32 = 32;
const DECISIONS_BETWEEN: u32 = 8;

/// A round over all campaigns that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Round {
    /// The next campaign to be told of.
    next: u32,
    /// How many are still to be told of.
    left: u32,
    /// Decisions since the last go.
    waited: u32,
}

impl Engine {
    /// Lets every agent move its parameters, and begins a round over the campaigns' accounts.
    pub(crate) fn tick(&mut self) {
        self.recheck_all();
        let campaigns = self.catalog.campaigns().len() as u32;
        let next = self.round.map_or(0, |round| round.next);
        self.round = Some(Round { next, left: campaigns, waited: 0 });
        let accounts = self.next_accounts(CAMPAIGNS_A_TICK);
        let tick = Tick { now: self.now, catalog: &self.catalog, accounts: &accounts };
        self.crews.control(&tick);
        self.told = accounts;
    }

    /// Goes on with the round, if one is under way.
    pub(crate) fn go_on_ticking(&mut self) {
        let Some(round) = &mut self.round else { return };
        round.waited += 1;
        if round.waited < DECISIONS_BETWEEN {
            return;
        }
        let accounts = self.next_accounts(CAMPAIGNS_A_GO);
        let tick = Tick { now: self.now, catalog: &self.catalog, accounts: &accounts };
        self.crews.control_more(&tick);
        self.told = accounts;
    }

    /// Takes the next campaigns of the round and returns the accounts of those in service, in the buffer kept for it.
    fn next_accounts(&mut self, most: u32) -> Vec<Account> {
        let mut accounts = std::mem::take(&mut self.told);
        accounts.clear();
        let campaigns = self.catalog.campaigns().len() as u32;
        let Some(Round { next, left, .. }) = self.round else { return accounts };
        let told = left.min(most);
        let turn = (0..told).map(|step| CampaignIx((next + step) % campaigns.max(1)));
        let present = turn.filter(|ix| self.catalog.campaign(*ix).presence == Presence::Present);
        accounts.extend(present.map(|ix| self.account(ix)));
        let round = Round { next: (next + told) % campaigns.max(1), left: left - told, waited: 0 };
        self.round = (round.left > 0).then_some(round);
        accounts
    }
}
