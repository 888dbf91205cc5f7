//! Money and changes that come from the store several nodes share.

use motet_ledger::Grant;
use motet_model::{
    catalog::{self, Change, Presence},
    ids::CampaignIx,
};
use motet_units::Nanos;

use crate::{Carry, Engine, Followed, money};

/// What a node holds of one campaign's budget, and has used of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Whose budget.
    pub campaign: CampaignIx,
    /// The day the campaign's clock shows.
    pub day: i64,
    /// Spent and reserved on that day.
    pub committed: Nanos,
    /// Spent and reserved on the day before; its bids may still be billed.
    pub committed_before: Nanos,
    /// The grant in force, whatever its day.
    pub grant: Option<Grant>,
    /// The dearest bid that did not fit since the grant was made, or that the campaign was found unable to pay; 0 for none.
    pub lacked: Nanos,
    /// Whether the campaign is in service.
    pub presence: Presence,
}

impl Engine {
    pub(crate) fn take_grants(&mut self, grants: &[Grant]) -> Vec<Nanos> {
        let needed = grants.iter().map(|grant| self.ledger.take_grant(*grant)).collect();
        for grant in grants {
            self.recheck(grant.campaign);
        }
        needed
    }

    /// Takes the changes beyond what was followed before.
    pub(crate) fn follow(&mut self, followed: &Followed) -> Result<(), catalog::Error> {
        let new = followed.changes.iter().filter(|(place, _)| *place > self.followed);
        let changes: Vec<Change> = new.flat_map(|(_, changes)| changes.iter().cloned()).collect();
        self.change(&changes)?;
        self.followed = self.followed.max(followed.through);
        Ok(())
    }

    pub(crate) fn carry(&mut self, carries: &[Carry]) -> Result<(), String> {
        for carry in carries {
            let taken = self.ledger.carry(carry.campaign, carry.day, carry.spent);
            taken.map_err(|refused| format!("campaign {}: {refused}", carry.campaign.0))?;
        }
        Ok(())
    }

    /// Takes over what another engine's agents have learned, as far as they understand it. No event tells of it: what follows
    /// can be replayed only from a snapshot made afterwards.
    pub fn learn_from(&mut self, other: &Self) {
        let (control, candidate) = other.crews.save();
        self.crews.restore(&control, &candidate, &self.catalog);
    }

    /// Returns the place in the nodes' common log up to which its changes were taken; 0 for none.
    pub const fn followed(&self) -> u64 {
        self.followed
    }

    /// Returns what is held of each campaign's budget, by index.
    pub fn holdings(&self) -> Vec<Holding> {
        let holding = |(ix, entry): (CampaignIx, &catalog::CampaignEntry)| {
            let day = money::day(&self.catalog, ix, self.now);
            let grant = self.ledger.grant(ix);
            let unable = self.exhausted.get(&ix).copied().unwrap_or_default();
            Holding {
                campaign: ix,
                day,
                committed: self.ledger.committed(ix, day),
                committed_before: self.ledger.committed(ix, day - 1),
                grant: grant.map(|(grant, _)| grant),
                lacked: grant.map_or(Nanos::ZERO, |(_, lacked)| lacked).max(unable),
                presence: entry.presence,
            }
        };
        self.catalog.campaigns().map(holding).collect()
    }

    /// Returns a campaign's position in the ledger as of a day.
    pub fn statement(&self, campaign: CampaignIx, day: i64) -> Option<motet_ledger::Statement> {
        self.ledger.statement(campaign, day)
    }

    /// Returns what a campaign spent and reserved, by day: the days whose books are open, oldest first, and before them as
    /// one day before the oldest what was spent on days that are closed.
    pub fn days(&self, campaign: CampaignIx) -> Vec<motet_ledger::DayStatement> {
        self.ledger.days(campaign)
    }
}
