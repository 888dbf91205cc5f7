//! The equal split: each day's budget in equal parts over the day, and nothing learned. The naive control of every pacer.
//!
//! In each quarter of an hour a campaign may have spent and held as much of its daily budget as of its day is past by the
//! quarter's end; within that it bids in full, beyond it not at all. It knows no traffic curve and no market. It sits in the
//! pacer's seat; beside a bidder that offers the full value it is what a first system does.

use motet_agent::{
    Account, Agent, AgentCard, AgentName, Ask, Intent, Limit, Observation, Proposal, Sight, Tick, View,
};
use motet_model::catalog::Catalog;
use motet_units::{Multiplier, Span, Timestamp};

/// The length of one part.
const PART: Span = Span::from_secs(900);
const DAY_US: i64 = 86_400_000_000;

/// What the equal split promises.
pub static EQUAL_SPLIT: AgentCard = AgentCard {
    name: AgentName::Pacer,
    version: 1,
    objective: "Spend each day's budget in equal parts over the day. A control, not a product.",
    intents: &[Intent::PaceSpend],
    timescale: "Each request.",
    sees: "The candidates' campaigns and accounts.",
    never: "Sees a user, a page, a price or the traffic.",
    limits: &[Limit { rule: "AG-2: only the intents above", enforced_by: "coordinator" }],
    chance: "None.",
    learns_from: "Nothing.",
    if_absent: "As the pacer.",
    goes_wrong_by: "Parts of the day with more traffic than money, and with more money than traffic.",
    watched_by: "As the pacer.",
    evidence: "`motet evaluate` plays it beside every team.",
    not_for: "Serving.",
    observation: &[],
    action: &[],
};

/// Lets a campaign bid in full until its part of the day's budget is spent or held.
#[derive(Clone, Copy, Debug, Default)]
pub struct EqualSplit {
    utc_offset: Span,
}

impl EqualSplit {
    /// Makes it for days that begin at midnight of a clock.
    pub const fn new(utc_offset: Span) -> Self {
        Self { utc_offset }
    }

    fn multiplier(self, account: &Account, now: Timestamp) -> Multiplier {
        let Some(daily) = account.daily else { return Multiplier::ONE };
        let part = PART.micros();
        let parts = now.time_of_day(self.utc_offset).micros() / part + 1;
        let allowed = daily.as_f64() * (parts * part) as f64 / DAY_US as f64;
        let used = (account.spent_today + account.reserved_today).as_f64();
        if used < allowed { Multiplier::ONE } else { Multiplier::ZERO }
    }
}

impl Agent for EqualSplit {
    fn card(&self) -> &'static AgentCard {
        &EQUAL_SPLIT
    }

    fn policy_version(&self) -> &'static str {
        "equal-split@1"
    }

    fn propose(&self, view: &View<'_>, proposals: &mut Vec<Proposal>) {
        let Sight::Pacer(sight) = &view.sight else { return };
        for (candidate, account) in sight.accounts {
            let ask = Ask::Pace { candidate: *candidate, multiplier: self.multiplier(account, view.now) };
            proposals.push(Proposal { agent: AgentName::Pacer, ask });
        }
    }

    fn observe(&mut self, _observation: &Observation<'_>) {}

    fn control(&mut self, _tick: &Tick<'_>) {}

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _state: &[u8], _catalog: &Catalog) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use motet_model::ids::CampaignIx;
    use motet_units::Nanos;

    use super::*;

    #[test]
    fn a_part_of_the_day_has_its_part_of_the_budget() {
        let account = |spent: f64, held: f64| Account {
            campaign: CampaignIx(0),
            daily: Some(Nanos::from_units(96.0)),
            total: None,
            spent_today: Nanos::from_units(spent),
            reserved_today: Nanos::from_units(held),
            spent: Nanos::from_units(spent),
            reserved: Nanos::from_units(held),
            room: Nanos::from_units(96.0 - spent - held),
        };
        let split = EqualSplit::default();
        // One unit a quarter of an hour: by half past midnight, three.
        let at = |account: Account| split.multiplier(&account, Timestamp::from_secs(1_850));
        assert_eq!(at(account(2.5, 0.4)), Multiplier::ONE);
        assert_eq!(at(account(2.5, 0.5)), Multiplier::ZERO);
        assert_eq!(at(Account { daily: None, ..account(2.5, 0.5) }), Multiplier::ONE);
    }
}
