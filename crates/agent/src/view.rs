//! Views: what each agent is shown, and no more. The fields of each sight are the complete list on its card.

use motet_model::{
    catalog::Catalog,
    ids::{AdvertiserIx, CampaignIx, CreativeIx, DecisionId, UserKey},
    request::{
        AdRequest, Device, Imp, Inventory, MediaKind, Oddities, Ownership, Pricing, Privacy, SupplyChain,
        User,
    },
};
use motet_units::{Chance, CpmMicros, Probability, Timestamp};

use crate::{
    Account,
    features::{Features, MarketKey},
    proposal::{CandidateIx, Interests, Restraint},
};

/// What an agent is shown of one decision.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The decision's name.
    pub decision: DecisionId,
    /// What time it is.
    pub now: Timestamp,
    /// The key to draw chance under.
    pub chance: Chance,
    /// What this agent sees.
    pub sight: Sight<'a>,
}

/// What one agent sees.
#[derive(Clone, Copy, Debug)]
pub enum Sight<'a> {
    /// The intent agent's.
    Intent(IntentSight<'a>),
    /// The guard's.
    Guard(GuardSight<'a>),
    /// The safety agent's.
    Safety(SafetySight<'a>),
    /// The relevance agent's.
    Relevance(RelevanceSight<'a>),
    /// The bidder's.
    Bidder(BidderSight<'a>),
    /// The pacer's.
    Pacer(PacerSight<'a>),
    /// The baseline's.
    Baseline(BaselineSight<'a>),
}

/// What the intent agent sees.
#[derive(Clone, Copy, Debug)]
pub struct IntentSight<'a> {
    /// Where the ad would be shown.
    pub inventory: &'a Inventory,
    /// To whom, as far as permitted.
    pub user: &'a User,
}

/// What the guard sees.
#[derive(Clone, Copy, Debug)]
pub struct GuardSight<'a> {
    /// The caller's id of the request, by which one sent again is known.
    pub request: &'a str,
    /// The device.
    pub device: &'a Device,
    /// Where the ad would be shown.
    pub inventory: &'a Inventory,
    /// The imps.
    pub imps: &'a [Imp],
    /// The supply chain.
    pub supply: &'a SupplyChain,
    /// Oddities the edge tolerated.
    pub oddities: Oddities,
    /// To whom, as far as permitted.
    pub user: Option<UserKey>,
}

/// What the safety agent sees.
#[derive(Clone, Copy, Debug)]
pub struct SafetySight<'a> {
    /// The privacy signals.
    pub privacy: &'a Privacy,
    /// Where the ad would be shown.
    pub inventory: &'a Inventory,
    /// Whether identity reached the core at all.
    pub user: &'a User,
}

/// What the relevance agent sees.
#[derive(Clone, Copy, Debug)]
pub struct RelevanceSight<'a> {
    /// The request, identity taken out where not permitted.
    pub request: &'a AdRequest,
    /// The user, if identity may be used.
    pub user: Option<UserKey>,
    /// The interests accepted.
    pub interests: &'a Interests,
    /// The restraints accepted, so as not to waste proposals; the coordinator enforces them again.
    pub restraints: &'a [Restraint],
    /// The catalog.
    pub catalog: &'a Catalog,
}

/// A candidate as the bidder and the pacer see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its place in the decision's list.
    pub ix: CandidateIx,
    /// The imp's place in the request.
    pub imp: u16,
    /// The ad.
    pub creative: CreativeIx,
    /// Its campaign.
    pub campaign: CampaignIx,
    /// Its advertiser.
    pub advertiser: AdvertiserIx,
    /// The media kind it fills.
    pub kind: MediaKind,
    /// The deal, by its place in the imp's list.
    pub deal: Option<u16>,
    /// The lowest price taken for it.
    pub floor: CpmMicros,
    /// How the seller prices the winner, the deal's rule first.
    pub pricing: Pricing,
    /// Whether the price is fixed at the floor by the deal.
    pub fixed_price: bool,
    /// The market it competes in.
    pub market: MarketKey,
    /// P(click given impression).
    pub p_click: Probability,
    /// P(conversion given click).
    pub p_conversion: Probability,
    /// The features behind them.
    pub features: Features,
}

/// What the bidder sees.
#[derive(Clone, Copy, Debug)]
pub struct BidderSight<'a> {
    /// The candidates.
    pub candidates: &'a [Candidate],
    /// Whose inventory it is.
    pub ownership: Ownership,
    /// The catalog, for goals.
    pub catalog: &'a Catalog,
}

/// What the pacer sees: accounts and spend plans, no user, page or price.
#[derive(Clone, Copy, Debug)]
pub struct PacerSight<'a> {
    /// The candidates' places and campaigns with their accounts, in the candidates' order.
    pub accounts: &'a [(CandidateIx, Account)],
}

/// What the baseline sees: everything the team sees together.
#[derive(Clone, Copy, Debug)]
pub struct BaselineSight<'a> {
    /// The request.
    pub request: &'a AdRequest,
    /// The catalog.
    pub catalog: &'a Catalog,
    /// Accounts by campaign index.
    pub accounts: &'a dyn AccountBook,
}

/// Where accounts can be looked up.
pub trait AccountBook: std::fmt::Debug {
    /// Returns a campaign's account.
    fn account(&self, campaign: CampaignIx) -> Account;
}
