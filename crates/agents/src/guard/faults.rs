//! What is wrong with a request by itself, whoever sent it before: lists, contradictions, slots, chains.

use motet_agent::GuardSight;
use motet_model::{decision::Finding, request::Completeness};

use super::{Guard, IncompleteChain, devices};

impl Guard {
    /// Finds what is wrong with a request by itself.
    pub(super) fn find_fault(&self, sight: &GuardSight<'_>) -> Option<Finding> {
        let device = sight.device;
        let reading = self.user_agents.read(device.user_agent.as_deref());
        reading
            .finding(sight.inventory.channel)
            .or_else(|| driven_browser(sight))
            .or_else(|| device.ip.filter(|ip| self.datacentres.hold(*ip)).map(|_| Finding::Datacentre))
            .or_else(|| self.find_impossible(sight))
            .or_else(|| self.find_in_chain(sight))
            .or_else(|| {
                devices::contradicts_itself(device, reading.claims).then_some(Finding::DeviceMismatch)
            })
    }

    fn find_impossible(&self, sight: &GuardSight<'_>) -> Option<Finding> {
        let oddities = sight.oddities;
        let all_hidden = oddities.hidden_slots > 0 && usize::from(oddities.hidden_slots) >= sight.imps.len();
        if all_hidden || oddities.stacked_slots >= self.options.most_stacked.max(1) {
            return Some(Finding::ImpossibleSlot);
        }
        oddities.mixed_channels.then_some(Finding::ImpossibleRequest)
    }

    fn find_in_chain(&self, sight: &GuardSight<'_>) -> Option<Finding> {
        let chain = sight.supply;
        if chain.systems.iter().any(|system| self.options.blocked_sellers.contains(system)) {
            return Some(Finding::BlockedSeller);
        }
        if !self.may_sell(sight) {
            return Some(Finding::IncompleteSupplyChain);
        }
        let incomplete = chain.completeness == Completeness::Incomplete && !chain.systems.is_empty();
        let refused = incomplete && self.options.incomplete_chain == IncompleteChain::Refuse;
        refused.then_some(Finding::IncompleteSupplyChain)
    }

    fn may_sell(&self, sight: &GuardSight<'_>) -> bool {
        let (listed, inventory) = (&self.options.authorised_sellers, sight.inventory);
        let Some(seller) = inventory.publisher.as_ref().filter(|_| !listed.is_empty()) else { return true };
        let named = [&inventory.domain, &inventory.bundle];
        let lists = named.into_iter().flatten().filter_map(|name| listed.get(name));
        lists.into_iter().all(|sellers| sellers.contains(seller))
    }
}

/// Client hints give a driven browser away even where its user agent was changed.
fn driven_browser(sight: &GuardSight<'_>) -> Option<Finding> {
    let browsers = sight.device.hints.as_ref().map_or(&[][..], |hints| &hints.browsers);
    browsers.iter().any(|name| name.contains("headless")).then_some(Finding::NonBrowser)
}
