//! Asks: what one agent is shown of one decision, for an agent in another process.
//!
//! An ask holds exactly the fields of the agent's sight, and its writer keeps nothing back and adds nothing. Only the
//! catalog is left out: the agent has a replica, with which [`HeldView::view`] makes the very view a local agent is shown.

use motet_agent::{
    Account, AgentName, BidderSight, Candidate, CandidateIx, GuardSight, IntentSight, Interests, PacerSight,
    RelevanceSight, Restraint, SafetySight, Sight, View,
};
use motet_model::{
    catalog::Catalog,
    ids::{DecisionId, UserKey},
    request::{AdRequest, Device, Imp, Inventory, Oddities, Ownership, Privacy, SupplyChain, User},
};
use motet_units::{Chance, Timestamp};
use prost::Message as _;

use crate::{
    Envelope, Error, MOST_BYTES, envelope, proto,
    proto::ask,
    wire::{Wire, chosen, need},
};

/// Writes an ask. The baseline is never asked over a wire: its ask has no sight, and every reader refuses it.
pub fn encode(envelope: &Envelope, view: &View<'_>) -> Vec<u8> {
    to_proto(envelope, view).encode_to_vec()
}

/// Makes an ask for the generated client; the same as [`encode`] writes.
pub fn to_proto(envelope: &Envelope, view: &View<'_>) -> proto::Ask {
    proto::Ask {
        envelope: Some(envelope.put()),
        decision: view.decision.put(),
        now_us: view.now.put(),
        chance: view.chance.put(),
        sight: put_sight(&view.sight),
    }
}

/// Reads an ask.
///
/// # Errors
/// What is wrong with it, by field.
pub fn decode(bytes: &[u8]) -> Result<(Envelope, HeldView), Error> {
    let (envelope, message) =
        envelope::open(bytes, MOST_BYTES, |message: &mut proto::Ask| message.envelope.take())?;
    Ok((envelope, held(message)?))
}

/// Reads an ask that the generated server has decoded.
///
/// # Errors
/// What is wrong with it, by field.
pub fn from_proto(mut message: proto::Ask) -> Result<(Envelope, HeldView), Error> {
    let envelope = need(message.envelope.take(), "envelope")?;
    Ok((envelope, held(message)?))
}

fn held(message: proto::Ask) -> Result<HeldView, Error> {
    Ok(HeldView {
        decision: Wire::take(message.decision, "Ask.decision")?,
        now: Wire::take(message.now_us, "Ask.now_us")?,
        chance: Wire::take(message.chance, "Ask.chance")?,
        sight: take_sight(chosen(message.sight, "Ask.sight")?)?,
    })
}

/// What an agent is shown, held: all but the catalog.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldView {
    /// The decision's name.
    pub decision: DecisionId,
    /// What time it is.
    pub now: Timestamp,
    /// The key to draw chance under.
    pub chance: Chance,
    /// What the agent sees.
    pub sight: HeldSight,
}

/// One agent's sight, held. The fields are those of the sight of the same name.
#[expect(missing_docs, reason = "each is described where the sight is")]
#[derive(Clone, Debug, PartialEq)]
pub enum HeldSight {
    /// [`IntentSight`].
    Intent { inventory: Inventory, user: User },
    /// [`GuardSight`].
    Guard {
        request: String,
        device: Device,
        inventory: Inventory,
        imps: Vec<Imp>,
        supply: SupplyChain,
        oddities: Oddities,
        user: Option<UserKey>,
    },
    /// [`SafetySight`].
    Safety { privacy: Privacy, inventory: Inventory, user: User },
    /// [`RelevanceSight`].
    Relevance {
        request: Box<AdRequest>,
        user: Option<UserKey>,
        interests: Interests,
        restraints: Vec<Restraint>,
    },
    /// [`BidderSight`].
    Bidder { candidates: Vec<Candidate>, ownership: Ownership },
    /// [`PacerSight`].
    Pacer { accounts: Vec<(CandidateIx, Account)> },
}

impl HeldView {
    /// Returns the view, with the replica of the catalog that the agent has.
    pub fn view<'a>(&'a self, catalog: &'a Catalog) -> View<'a> {
        View { decision: self.decision, now: self.now, chance: self.chance, sight: self.sight.sight(catalog) }
    }
}

impl HeldSight {
    /// Names the agent whose sight it is.
    pub const fn agent(&self) -> AgentName {
        match self {
            Self::Intent { .. } => AgentName::Intent,
            Self::Guard { .. } => AgentName::Guard,
            Self::Safety { .. } => AgentName::Safety,
            Self::Relevance { .. } => AgentName::Relevance,
            Self::Bidder { .. } => AgentName::Bidder,
            Self::Pacer { .. } => AgentName::Pacer,
        }
    }

    fn sight<'a>(&'a self, catalog: &'a Catalog) -> Sight<'a> {
        match self {
            Self::Intent { inventory, user } => Sight::Intent(IntentSight { inventory, user }),
            Self::Guard { request, device, inventory, imps, supply, oddities, user } => {
                Sight::Guard(GuardSight {
                    request,
                    device,
                    inventory,
                    imps,
                    supply,
                    oddities: *oddities,
                    user: *user,
                })
            }
            Self::Safety { privacy, inventory, user } => {
                Sight::Safety(SafetySight { privacy, inventory, user })
            }
            Self::Relevance { request, user, interests, restraints } => {
                Sight::Relevance(RelevanceSight { request, user: *user, interests, restraints, catalog })
            }
            Self::Bidder { candidates, ownership } => {
                Sight::Bidder(BidderSight { candidates, ownership: *ownership, catalog })
            }
            Self::Pacer { accounts } => Sight::Pacer(PacerSight { accounts }),
        }
    }
}

fn put_all<P, T: Wire<P>>(all: &[T]) -> Vec<P> {
    all.iter().map(Wire::put).collect()
}

fn put_sight(sight: &Sight<'_>) -> Option<ask::Sight> {
    Some(match sight {
        Sight::Intent(sight) => ask::Sight::Intent(proto::IntentSight {
            inventory: Some(sight.inventory.put()),
            user: Some(sight.user.put()),
        }),
        Sight::Guard(sight) => ask::Sight::Guard(proto::GuardSight {
            request: sight.request.to_owned(),
            device: Some(sight.device.put()),
            inventory: Some(sight.inventory.put()),
            imps: put_all(sight.imps),
            supply: Some(sight.supply.put()),
            oddities: Some(sight.oddities.put()),
            user: sight.user.put(),
        }),
        Sight::Safety(sight) => ask::Sight::Safety(proto::SafetySight {
            privacy: Some(sight.privacy.put()),
            inventory: Some(sight.inventory.put()),
            user: Some(sight.user.put()),
        }),
        Sight::Relevance(sight) => ask::Sight::Relevance(proto::RelevanceSight {
            request: Some(sight.request.put()),
            user: sight.user.put(),
            interests: sight.interests.put(),
            restraints: put_all(sight.restraints),
        }),
        Sight::Bidder(sight) => ask::Sight::Bidder(proto::BidderSight {
            candidates: put_all(sight.candidates),
            ownership: sight.ownership.put(),
        }),
        Sight::Pacer(sight) => ask::Sight::Pacer(proto::PacerSight { accounts: put_all(sight.accounts) }),
        Sight::Baseline(_) => return None,
    })
}

fn take_sight(sight: ask::Sight) -> Result<HeldSight, Error> {
    Ok(match sight {
        ask::Sight::Intent(sight) => HeldSight::Intent {
            inventory: need(sight.inventory, "IntentSight.inventory")?,
            user: need(sight.user, "IntentSight.user")?,
        },
        ask::Sight::Guard(sight) => take_guard(sight)?,
        ask::Sight::Safety(sight) => HeldSight::Safety {
            privacy: need(sight.privacy, "SafetySight.privacy")?,
            inventory: need(sight.inventory, "SafetySight.inventory")?,
            user: need(sight.user, "SafetySight.user")?,
        },
        ask::Sight::Relevance(sight) => HeldSight::Relevance {
            request: Box::new(need(sight.request, "RelevanceSight.request")?),
            user: Wire::take(sight.user, "RelevanceSight.user")?,
            interests: Wire::take(sight.interests, "RelevanceSight.interests")?,
            restraints: Wire::take(sight.restraints, "RelevanceSight.restraints")?,
        },
        ask::Sight::Bidder(sight) => HeldSight::Bidder {
            candidates: Wire::take(sight.candidates, "BidderSight.candidates")?,
            ownership: Wire::take(sight.ownership, "BidderSight.ownership")?,
        },
        ask::Sight::Pacer(sight) => {
            HeldSight::Pacer { accounts: Wire::take(sight.accounts, "PacerSight.accounts")? }
        }
    })
}

fn take_guard(sight: proto::GuardSight) -> Result<HeldSight, Error> {
    Ok(HeldSight::Guard {
        request: sight.request,
        device: need(sight.device, "GuardSight.device")?,
        inventory: need(sight.inventory, "GuardSight.inventory")?,
        imps: Wire::take(sight.imps, "GuardSight.imps")?,
        supply: need(sight.supply, "GuardSight.supply")?,
        oddities: need(sight.oddities, "GuardSight.oddities")?,
        user: Wire::take(sight.user, "GuardSight.user")?,
    })
}
