//! The safety agent: what must not be shown, and what must not be used.
//!
//! It restrains and never proposes an ad, a price or a profile. Its rules are written, not learned: a score that
//! outvotes them does not exist. It reads the privacy signals by [`consent::permit`], the content by category and
//! by word (`topics`), the advertisers' own blocks and the kill switches by maps built from the catalog
//! (`blocks`).
//!
//! Unknown content, with neither category, keyword nor title, is treated by each advertiser's strictest setting:
//! the risk in [`Options::unknown_content`] (low by default) is named for every topic on which some advertiser
//! takes no risk at all, so that those stay out and the others are not asked to.
//!
//! Edge cases: floor content refuses the whole request. A child, by COPPA or otherwise, gets context only and
//! no ads of `children`'s categories; content made for children gets the second alone.

pub mod consent;

mod bits;
mod blocks;
mod card;
mod children;
mod gpp;
mod segments;
mod tcf;
#[cfg(test)]
mod tests;
mod topics;

pub use card::CARD;
pub use segments::is_sensitive_segment;
pub use tcf::PURPOSES;

use motet_agent::{
    Agent, AgentCard, AgentName, Ask, Observation, Proposal, Restraint, SafetyReason, SafetySight, Sight,
    Tick, View,
};
use motet_model::{
    campaign::{Risk, SensitiveTopic},
    catalog::{Catalog, Change},
    codes::CategoryId,
    request::Inventory,
};
use serde::{Deserialize, Serialize};

use self::{
    blocks::{Blocks, Everything},
    consent::{ConsentOptions, Permit, permit},
    topics::Topics,
};

const VERSION: &str = "safety-rules@1";
const FORMAT: u32 = 1;

/// How the safety agent is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How consent is read.
    pub consent: ConsentOptions,
    /// The risk of content nobody says anything about, for advertisers who take none on some topic. Default: low.
    pub unknown_content: Risk,
}

impl Default for Options {
    fn default() -> Self {
        Self { consent: ConsentOptions::default(), unknown_content: Risk::Low }
    }
}

/// The safety agent.
#[derive(Debug)]
pub struct Safety {
    options: Options,
    topics: Topics,
    blocks: Blocks,
    unsuitable: Vec<CategoryId>,
}

impl Safety {
    /// Makes the agent; it knows the catalog's blocks and switches from the first `Changed` on.
    pub fn new(options: Options) -> Self {
        let unsuitable = children::unsuitable();
        Self { options, topics: Topics::new(), blocks: Blocks::default(), unsuitable }
    }

    fn restrain(&self, sight: &SafetySight<'_>, put: &mut impl FnMut(Restraint)) {
        let inventory = sight.inventory;
        put(Restraint::HonourSwitches);
        if self.blocks.everything == Everything::Stopped || self.blocks.is_stopped(inventory) {
            put(Restraint::RefuseRequest(SafetyReason::KillSwitch));
        }
        if let Permit::ContextOnly(reason) = permit(sight.privacy, &self.options.consent) {
            put(Restraint::ContextOnly(reason));
        }
        self.restrain_by_content(inventory, put);
        if sight.privacy.coppa || sight.privacy.child {
            self.spare_children(SafetyReason::Child, put);
        } else if is_for_children(inventory) {
            self.spare_children(SafetyReason::SensitiveCategory, put);
        }
        self.blocks.blocked(inventory).into_iter().for_each(|ix| put(Restraint::NoAdvertiser(ix)));
    }

    fn restrain_by_content(&self, inventory: &Inventory, put: &mut impl FnMut(Restraint)) {
        if is_unknown(inventory) {
            if self.options.unknown_content > Risk::None {
                let risk = self.options.unknown_content;
                let topics = self.blocks.strict_topics.iter();
                topics.for_each(|&topic| put(Restraint::ContentRisk { topic, risk }));
            }
            return;
        }
        let found = self.topics.find(inventory);
        let known = SensitiveTopic::ALL.into_iter().zip(found);
        let mut floor = false;
        for (topic, risk) in known.filter_map(|(topic, risk)| risk.map(|risk| (topic, risk))) {
            floor |= risk == Risk::Floor;
            put(Restraint::ContentRisk { topic, risk });
        }
        if floor {
            put(Restraint::RefuseRequest(SafetyReason::FloorContent));
        }
    }

    fn spare_children(&self, reason: SafetyReason, put: &mut impl FnMut(Restraint)) {
        self.unsuitable.iter().for_each(|&category| put(Restraint::NoCategory(category, reason)));
    }
}

fn is_unknown(inventory: &Inventory) -> bool {
    inventory.categories.is_empty() && inventory.keywords.is_empty() && inventory.title.is_none()
}

fn is_for_children(inventory: &Inventory) -> bool {
    let made_for_children = children::made_for_children();
    inventory.categories.iter().any(|category| made_for_children.contains(&Some(*category)))
}

fn touches_blocks(change: &Change) -> bool {
    matches!(
        change,
        Change::PutAdvertiser(_) | Change::RemoveAdvertiser(_) | Change::Kill(_) | Change::Revive(_)
    )
}

impl Agent for Safety {
    fn card(&self) -> &'static AgentCard {
        &CARD
    }

    fn policy_version(&self) -> &str {
        VERSION
    }

    fn propose(&self, view: &View<'_>, proposals: &mut Vec<Proposal>) {
        let Sight::Safety(sight) = &view.sight else { return };
        self.restrain(sight, &mut |restraint| {
            proposals.push(Proposal { agent: AgentName::Safety, ask: Ask::Restrain(restraint) });
        });
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        if let Observation::Changed { catalog, changes, .. } = observation
            && (changes.is_empty() || changes.iter().any(touches_blocks))
        {
            self.blocks = Blocks::of(catalog);
        }
    }

    fn control(&mut self, _tick: &Tick<'_>) {}

    fn save(&self) -> Vec<u8> {
        crate::state::save(FORMAT, &())
    }

    fn restore(&mut self, state: &[u8], catalog: &Catalog) -> Result<(), String> {
        let () = crate::state::restore(FORMAT, state)?;
        self.blocks = Blocks::of(catalog);
        Ok(())
    }
}
