//! The ledger as the coordinator sees it: look up, and hold.

use motet_agent::{Account, AccountBook};
use motet_coordinator::{NotReserved, Purse};
use motet_ledger::{Ledger, Refused};
use motet_model::{
    catalog::Catalog,
    ids::{BidId, CampaignIx},
};
use motet_units::{Nanos, Timestamp};

/// A ledger at one moment.
#[derive(Debug)]
pub(crate) struct LedgerPurse<'a> {
    ledger: &'a mut Ledger,
    catalog: &'a Catalog,
    now: Timestamp,
}

impl<'a> LedgerPurse<'a> {
    pub(crate) fn new(ledger: &'a mut Ledger, catalog: &'a Catalog, now: Timestamp) -> Self {
        Self { ledger, catalog, now }
    }
}

/// Returns the day a campaign's clock shows.
pub(crate) fn day(catalog: &Catalog, campaign: CampaignIx, now: Timestamp) -> i64 {
    now.day(catalog.campaign(campaign).campaign.flight.utc_offset)
}

/// Returns a campaign's account at a moment; one without money if the ledger does not know it. What other nodes spent of a
/// shared budget counts as spent, so that a plan is kept to by all of them together.
pub(crate) fn account(ledger: &Ledger, catalog: &Catalog, now: Timestamp, campaign: CampaignIx) -> Account {
    let statement = ledger.statement(campaign, day(catalog, campaign, now));
    let zero = Nanos::ZERO;
    Account {
        campaign,
        daily: statement.and_then(|s| s.budget.daily),
        total: statement.and_then(|s| s.budget.total),
        spent_today: statement.map_or(zero, |s| s.spent_today + s.elsewhere_today),
        reserved_today: statement.map_or(zero, |s| s.reserved_today),
        spent: statement.map_or(zero, |s| s.spent + s.elsewhere),
        reserved: statement.map_or(zero, |s| s.reserved),
        room: statement.map_or(zero, |s| s.available_today),
    }
}

impl AccountBook for LedgerPurse<'_> {
    fn account(&self, campaign: CampaignIx) -> Account {
        account(self.ledger, self.catalog, self.now, campaign)
    }
}

impl Purse for LedgerPurse<'_> {
    fn reserve(
        &mut self,
        bid: BidId,
        campaign: CampaignIx,
        amount: Nanos,
        expires: Timestamp,
    ) -> Result<(), NotReserved> {
        let today = day(self.catalog, campaign, self.now);
        self.ledger.reserve(bid, campaign, amount, today, expires).map_err(|refused| match refused {
            Refused::TooManyOpen => NotReserved::Full,
            _ => NotReserved::NoBudget,
        })
    }

    fn book(&self) -> &dyn AccountBook {
        self
    }
}
