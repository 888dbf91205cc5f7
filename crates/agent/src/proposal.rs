//! Proposals: an intent, an operation, a business path and a value, each atomic and judged alone. The shape
//! follows IAB Tech Lab's Agentic Real Time Framework, so that the same proposals can cross a wire.

use motet_model::{
    campaign::{Risk, SensitiveTopic},
    codes::CategoryId,
    decision::Finding,
    ids::{AdvertiserIx, CampaignIx, CreativeIx},
    request::MediaKind,
};
use motet_units::{CpmMicros, Multiplier, Probability};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{AgentName, Priority, features::Features};

/// One thing an agent asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Who asks.
    pub agent: AgentName,
    /// For what.
    pub ask: Ask,
}

/// A candidate's place in the decision's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CandidateIx(pub u16);

impl CandidateIx {
    /// Returns the index for a vector look-up.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Use these interests.
    Profile {
        /// The interests.
        interests: Interests,
        /// What they were made from.
        basis: Basis,
    },
    /// Treat the traffic as invalid.
    Flag {
        /// What was found.
        finding: Finding,
    },
    /// Treat the traffic as valid.
    Clear,
    /// Hold to a restraint.
    Restrain(Restraint),
    /// Consider an ad for an imp.
    Rank(Ranking),
    /// Explore among an imp's ads with this greed (inverse gap weighting): the higher, the closer to greedy.
    Explore {
        /// The imp's place in the request.
        imp: u16,
        /// At least 0 and finite.
        greed: f64,
    },
    /// Offer a price for a candidate.
    Offer {
        /// Which candidate.
        candidate: CandidateIx,
        /// The expected value of one impression in nanos, which is its value as CPM micros.
        value: CpmMicros,
        /// The price offered, at most the value.
        bid: CpmMicros,
    },
    /// Let only a share of the bid through.
    Pace {
        /// Which candidate.
        candidate: CandidateIx,
        /// The pacing multiplier.
        multiplier: Multiplier,
    },
}

/// An ad considered for an imp, with its predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
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
    /// The deal it is bid under, by its place in the imp's list.
    pub deal: Option<u16>,
    /// The lowest price taken for it.
    pub floor: CpmMicros,
    /// P(click given impression).
    pub p_click: Probability,
    /// P(conversion given click).
    pub p_conversion: Probability,
    /// The features the predictions were made from: needed to learn, not to explain, and so not logged.
    #[serde(skip)]
    pub features: Features,
}

/// Interests over the Content Taxonomy: categories and weights that sum to at most 1, heaviest first.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Interests(pub SmallVec<[(CategoryId, f32); 8]>);

impl Interests {
    /// Returns the weight of a category, 0 when it is not among them.
    pub fn weight(&self, category: CategoryId) -> f32 {
        self.0.iter().find(|(c, _)| *c == category).map_or(0.0, |(_, weight)| *weight)
    }
}

/// What interests were made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// The request's content alone.
    Context,
    /// A user's past events too.
    Identity,
}

/// A restraint of the safety agent. Each holds for every candidate; no score outvotes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Restraint {
    /// Answer with no ad at all.
    RefuseRequest(SafetyReason),
    /// Use no identity: neither profile nor user-level counts.
    ContextOnly(SafetyReason),
    /// The content has this risk: advertisers who take less stay out.
    ContentRisk {
        /// On this topic.
        topic: SensitiveTopic,
        /// Of this height.
        risk: Risk,
    },
    /// No ads for this category or anything below it.
    NoCategory(CategoryId, SafetyReason),
    /// This advertiser does not appear here, by its own blocks.
    NoAdvertiser(AdvertiserIx),
    /// Kill switches on advertisers, campaigns and creatives hold.
    HonourSwitches,
}

/// Why the safety agent restrains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafetyReason {
    /// The listener or the content is a child's.
    Child,
    /// The GDPR applies and consent is missing, refused or unreadable.
    NoConsent,
    /// The listener opted out (US Privacy, GPP).
    OptedOut,
    /// The device or browser asks not to be tracked.
    TrackingLimited,
    /// The content is suitable for no advertiser.
    FloorContent,
    /// The advertiser does not stand beside such content.
    BrandRisk,
    /// The advertiser blocks this publisher or content.
    AdvertiserBlock,
    /// A kill switch is pulled.
    KillSwitch,
    /// The advertised category is not allowed here.
    SensitiveCategory,
}

impl SafetyReason {
    /// Returns the snake-case name used in metrics and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::NoConsent => "no_consent",
            Self::OptedOut => "opted_out",
            Self::TrackingLimited => "tracking_limited",
            Self::FloorContent => "floor_content",
            Self::BrandRisk => "brand_risk",
            Self::AdvertiserBlock => "advertiser_block",
            Self::KillSwitch => "kill_switch",
            Self::SensitiveCategory => "sensitive_category",
        }
    }
}

/// What an ask is for: the unit of permission on an agent's card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Say what the listener is interested in.
    ActivateInterests,
    /// Say whether the traffic is valid.
    ScreenTraffic,
    /// Restrain what may be shown or used.
    Restrain,
    /// Name ads to consider.
    RankAds,
    /// Explore among them.
    Explore,
    /// Offer prices.
    OfferPrice,
    /// Hold back spend.
    PaceSpend,
}

impl Intent {
    /// Returns the snake-case name used in metrics and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActivateInterests => "activate_interests",
            Self::ScreenTraffic => "screen_traffic",
            Self::Restrain => "restrain",
            Self::RankAds => "rank_ads",
            Self::Explore => "explore",
            Self::OfferPrice => "offer_price",
            Self::PaceSpend => "pace_spend",
        }
    }
}

/// How an ask changes what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Something new.
    Add,
    /// Something taken out.
    Remove,
    /// Something changed.
    Replace,
}

impl Ask {
    /// Returns what the ask is for.
    pub const fn intent(&self) -> Intent {
        match self {
            Self::Profile { .. } => Intent::ActivateInterests,
            Self::Flag { .. } | Self::Clear => Intent::ScreenTraffic,
            Self::Restrain(_) => Intent::Restrain,
            Self::Rank(_) => Intent::RankAds,
            Self::Explore { .. } => Intent::Explore,
            Self::Offer { .. } => Intent::OfferPrice,
            Self::Pace { .. } => Intent::PaceSpend,
        }
    }

    /// Returns how it changes what it names.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Profile { .. } | Self::Rank(_) | Self::Clear | Self::Explore { .. } => Operation::Add,
            Self::Flag { .. } | Self::Restrain(_) => Operation::Remove,
            Self::Offer { .. } | Self::Pace { .. } => Operation::Replace,
        }
    }

    /// Returns what it names, as a business path.
    pub fn path(&self) -> String {
        match self {
            Self::Profile { .. } => "/user/interests".to_owned(),
            Self::Flag { .. } | Self::Clear => "/request/traffic".to_owned(),
            Self::Restrain(_) => "/request/restraints".to_owned(),
            Self::Rank(ranking) => format!("/imp/{}/candidate", ranking.imp),
            Self::Explore { imp, .. } => format!("/imp/{imp}/exploration"),
            Self::Offer { candidate, .. } => format!("/candidate/{}/bid", candidate.0),
            Self::Pace { candidate, .. } => format!("/candidate/{}/pace", candidate.0),
        }
    }

    /// Returns the priority the ask is resolved under.
    pub const fn priority(&self) -> Priority {
        match self {
            Self::Restrain(Restraint::ContextOnly(_)) => Priority::Consent,
            Self::Restrain(_) => Priority::Safety,
            Self::Flag { .. } | Self::Clear => Priority::Fraud,
            Self::Pace { .. } => Priority::Budget,
            Self::Offer { .. } => Priority::Bidding,
            Self::Profile { .. } | Self::Rank(_) | Self::Explore { .. } => Priority::Relevance,
        }
    }
}
