//! What was decided, and every "no" by its name.

use motet_units::{CpmMicros, Nanos, Probability, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{AdvertiserIx, BidId, CampaignIx, CreativeIx, DecisionId},
    request::{MediaKind, Ownership, Size},
};

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its name, the `bidid` of the response.
    pub id: DecisionId,
    /// When it was made.
    pub at: Timestamp,
    /// One outcome per imp, in the request's order.
    pub imps: Vec<ImpDecision>,
}

impl Decision {
    /// Iterates over the bids made.
    pub fn bids(&self) -> impl Iterator<Item = &Bid> {
        self.imps.iter().filter_map(|imp| match imp {
            ImpDecision::Bid(bid) => Some(bid),
            ImpDecision::NoBid(_) => None,
        })
    }
}

/// What became of one imp.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ImpDecision {
    /// An ad is offered.
    Bid(Bid),
    /// None is, for this reason.
    NoBid(NoBidReason),
}

/// A candidate with a price offered, its money held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bid {
    /// Its name, and that of the money held for it.
    pub id: BidId,
    /// Whose budget pays.
    pub campaign: CampaignIx,
    /// Who pays.
    pub advertiser: AdvertiserIx,
    /// What is shown.
    pub creative: CreativeIx,
    /// The price: the bid sent to an exchange, or the clearing price on our own inventory.
    pub price: CpmMicros,
    /// The money held: the most this bid can ever cost.
    pub reserved: Nanos,
    /// The deal it is made under, by its place in the imp's list.
    pub deal: Option<u16>,
    /// The media kind it fills.
    pub kind: MediaKind,
    /// The size it is shown at, for banners.
    pub size: Option<Size>,
    /// The chance with which the policy in service chose this candidate for this imp; above 0.
    pub propensity: Probability,
    /// What makes it chargeable.
    pub charge: Charge,
    /// Until when notices count; then the money goes back.
    pub expires: Timestamp,
}

/// What makes a bid chargeable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Charge {
    /// The exchange's billing notice.
    OnBilling,
    /// The impression itself, on our own inventory.
    OnImpression,
    /// Nothing: a test request.
    Never,
}

impl Charge {
    /// Returns what makes a live bid on this inventory chargeable.
    pub const fn of(ownership: Ownership) -> Self {
        match ownership {
            Ownership::Exchange => Self::OnBilling,
            Ownership::Owned => Self::OnImpression,
        }
    }
}

/// Why an imp got no bid. `openrtb` maps these to the standard's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoBidReason {
    /// No campaign's targeting matches the request.
    NoMatch,
    /// Campaigns match, but no creative fits the imp.
    NoCreative,
    /// Every matching campaign has reached its frequency cap for this user.
    FrequencyCapped,
    /// Everything that matched was refused for safety, consent or the seller's blocks.
    Unsafe,
    /// The request must not be answered at all for safety or a kill switch.
    PolicyBlocked,
    /// The traffic is invalid.
    InvalidTraffic(Finding),
    /// No budget is left for what matched.
    BudgetExhausted,
    /// Pacing let nothing through above the floor.
    Paced,
    /// No bid reached the floor.
    BelowFloor,
    /// The imp only takes deals, and no campaign has one of them.
    NoDeal,
    /// The seller's seat rules leave none of our seats.
    SeatNotAllowed,
    /// None of the currencies taken has a rate here.
    CurrencyNotTaken,
    /// The time left was too short to decide.
    DeadlinePassed,
    /// A needed agent was absent.
    AgentAbsent,
    /// The platform cannot hold more open bids, or could not decide.
    Technical,
}

impl NoBidReason {
    /// Returns the snake-case name used in metrics and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoMatch => "no_match",
            Self::NoCreative => "no_creative",
            Self::FrequencyCapped => "frequency_capped",
            Self::Unsafe => "unsafe",
            Self::PolicyBlocked => "policy_blocked",
            Self::InvalidTraffic(_) => "invalid_traffic",
            Self::BudgetExhausted => "budget_exhausted",
            Self::Paced => "paced",
            Self::BelowFloor => "below_floor",
            Self::NoDeal => "no_deal",
            Self::SeatNotAllowed => "seat_not_allowed",
            Self::CurrencyNotTaken => "currency_not_taken",
            Self::DeadlinePassed => "deadline_passed",
            Self::AgentAbsent => "agent_absent",
            Self::Technical => "technical",
        }
    }

    /// Returns the reason in one plain sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoMatch => "No campaign's targeting matches this request.",
            Self::NoCreative => "Campaigns match, but none has a creative that fits this imp.",
            Self::FrequencyCapped => {
                "Every matching campaign has been shown to this user as often as it may."
            }
            Self::Unsafe => "Every matching ad was refused for safety, consent or the seller's blocks.",
            Self::PolicyBlocked => "A safety rule or kill switch forbids answering this request.",
            Self::InvalidTraffic(finding) => finding.sentence(),
            Self::BudgetExhausted => "No matching campaign has budget left.",
            Self::Paced => "Pacing held the matching campaigns back to keep to their spend plans.",
            Self::BelowFloor => "No bid reached the floor.",
            Self::NoDeal => "The imp takes deals only, and no campaign has one of them.",
            Self::SeatNotAllowed => "The seller's seat rules leave none of our seats.",
            Self::CurrencyNotTaken => "None of the currencies the seller takes has a rate here.",
            Self::DeadlinePassed => "The time left was too short to decide.",
            Self::AgentAbsent => "An agent the decision needs did not answer.",
            Self::Technical => "The platform could not decide or hold more open bids.",
        }
    }
}

/// What the guard found. Codes are the standard's no-bid reasons, mapped in `openrtb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// A known crawler by its user agent.
    Crawler,
    /// A user agent that is no browser or app.
    NonBrowser,
    /// An address of a datacentre or known proxy.
    Datacentre,
    /// More requests from one key than a person makes.
    RateExceeded,
    /// User agent, device and client hints contradict each other.
    DeviceMismatch,
    /// Slots nobody can see, or stacked ones.
    ImpossibleSlot,
    /// Site, app and screen at once, or none of what the claim needs.
    ImpossibleRequest,
    /// The supply chain does not reach the publisher.
    IncompleteSupplyChain,
    /// A seller in the supply chain is blocked.
    BlockedSeller,
    /// A user, device or publisher whose events were found invalid.
    KnownInvalid,
}

impl Finding {
    /// Returns the snake-case name used in metrics and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crawler => "crawler",
            Self::NonBrowser => "non_browser",
            Self::Datacentre => "datacentre",
            Self::RateExceeded => "rate_exceeded",
            Self::DeviceMismatch => "device_mismatch",
            Self::ImpossibleSlot => "impossible_slot",
            Self::ImpossibleRequest => "impossible_request",
            Self::IncompleteSupplyChain => "incomplete_supply_chain",
            Self::BlockedSeller => "blocked_seller",
            Self::KnownInvalid => "known_invalid",
        }
    }

    /// Returns the finding in one plain sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Crawler => "The user agent is a known crawler.",
            Self::NonBrowser => "The user agent is no browser or app.",
            Self::Datacentre => "The address belongs to a datacentre or proxy.",
            Self::RateExceeded => "More requests come from one source than a person makes.",
            Self::DeviceMismatch => "User agent, device and client hints contradict each other.",
            Self::ImpossibleSlot => "The slot cannot be seen, or is stacked with others.",
            Self::ImpossibleRequest => "The request claims things that exclude each other.",
            Self::IncompleteSupplyChain => "The supply chain does not reach back to the publisher.",
            Self::BlockedSeller => "A seller in the supply chain is blocked.",
            Self::KnownInvalid => "The source was found invalid by its earlier events.",
        }
    }
}
