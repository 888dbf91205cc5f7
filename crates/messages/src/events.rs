//! What is published on topics: one type for each thing that happened, its message, and its way there and back.

use motet_agent::{AgentName, Basis, BidRecord, Features, Interests, MarketKey, Proposal, Ranking, Verdict};
use motet_model::{
    decision::{Bid, Decision},
    ids::{BidId, CampaignIx, CreativeIx, UserKey},
    outcome::{Notice, NoticeVerdict},
    request::AdRequest,
};
use motet_policy::PolicySet;
use motet_units::{Chance, Multiplier, Probability};
use prost::Message as _;

use crate::{
    Envelope, Error, Kind, MOST_BYTES, MOST_SEAT_BYTES, envelope, proto,
    wire::{Wire, names, records},
};

/// Something that is published.
pub trait Event: Sized {
    /// Which message it is.
    const KIND: Kind;

    /// Returns its envelope.
    fn envelope(&self) -> &Envelope;

    /// Writes it.
    fn encode(&self) -> Vec<u8>;

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it, by field.
    fn decode(bytes: &[u8]) -> Result<Self, Error>;
}

/// A request came in and was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Requested {
    /// The envelope.
    pub envelope: Envelope,
    /// The request, identity taken out where it is not permitted.
    pub request: AdRequest,
}

/// What the listener was said to be interested in.
#[derive(Clone, Debug, PartialEq)]
pub struct InterestVector {
    /// The envelope.
    pub envelope: Envelope,
    /// The user, where identity may be used.
    pub user: Option<UserKey>,
    /// The interests.
    pub interests: Interests,
    /// What they were made from.
    pub basis: Basis,
    /// What became of them.
    pub verdict: Verdict,
}

/// The ads named for a request, in the order they were named.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedList {
    /// The envelope.
    pub envelope: Envelope,
    /// The ads.
    pub ads: Vec<RankedAd>,
}

/// An ad that was named, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedAd {
    /// The ranking.
    pub ranking: Ranking,
    /// What became of it.
    pub verdict: Verdict,
}

/// What a bid's predictions were made from.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureVector {
    /// The envelope.
    pub envelope: Envelope,
    /// The bid.
    pub bid: BidId,
    /// Its campaign.
    pub campaign: CampaignIx,
    /// What is shown.
    pub creative: CreativeIx,
    /// The market it competes in.
    pub market: MarketKey,
    /// P(click given impression).
    pub p_click: Probability,
    /// P(conversion given click).
    pub p_conversion: Probability,
    /// The features.
    pub features: Features,
}

/// A bid was made.
#[derive(Clone, Debug, PartialEq)]
pub struct BidMade {
    /// The envelope.
    pub envelope: Envelope,
    /// The user, where identity may be used.
    pub user: Option<UserKey>,
    /// The bid.
    pub bid: Bid,
}

/// A campaign's bid was held back, or was asked to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PacingVerdict {
    /// The envelope.
    pub envelope: Envelope,
    /// The campaign.
    pub campaign: CampaignIx,
    /// The ad.
    pub creative: CreativeIx,
    /// The imp's place in the request.
    pub imp: u16,
    /// The pacing multiplier asked for.
    pub multiplier: Multiplier,
    /// What became of it.
    pub verdict: Verdict,
}

/// Whether an agent took part in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It answered in time.
    Answered,
    /// It answered too late.
    Late,
    /// It broke.
    Broken,
    /// It was not asked.
    Skipped,
    /// It is placed elsewhere and could not be reached.
    Unreachable,
}

/// One agent's part in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which agent.
    pub agent: AgentName,
    /// Whether it took part.
    pub presence: Presence,
}

/// A proposal with its one verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The proposal.
    pub proposal: Proposal,
    /// What became of it.
    pub verdict: Verdict,
}

/// An agent's policy in service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyInForce {
    /// Which agent.
    pub agent: AgentName,
    /// The policy, as `name@version`.
    pub version: String,
}

/// A request was decided: the decision, who took part, and everything said on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionMade {
    /// The envelope.
    pub envelope: Envelope,
    /// The decision.
    pub decision: Decision,
    /// A digest of the request it was made from.
    pub request_digest: u64,
    /// The key all its chance was drawn under.
    pub chance: Chance,
    /// The policies in service.
    pub policies: Vec<PolicyInForce>,
    /// Who took part.
    pub parts: Vec<Part>,
    /// Every proposal with its verdict.
    pub hearing: Vec<Heard>,
}

/// A notice came in and was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeJudged {
    /// The envelope.
    pub envelope: Envelope,
    /// The notice.
    pub notice: Notice,
    /// What it led to.
    pub verdict: NoticeVerdict,
    /// Whose bid it is about; `None` where the bid is not known.
    pub campaign: Option<CampaignIx>,
}

/// An impression, a click or a conversion that counted, with the bid it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The envelope.
    pub envelope: Envelope,
    /// The bid.
    pub bid: BidRecord,
    /// The notice.
    pub notice: Notice,
}

/// Policies were put in service.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyUpdate {
    /// The envelope.
    pub envelope: Envelope,
    /// The policies.
    pub policies: PolicySet,
}

/// Whether an agent is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// It is asked.
    Asked,
    /// It failed too often: only probes are sent.
    Probed,
    /// It is not there.
    Absent,
}

/// How an agent does, over the time since it was last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentHealth {
    /// The envelope.
    pub envelope: Envelope,
    /// Which agent.
    pub agent: AgentName,
    /// Whether it is asked.
    pub state: AgentState,
    /// How often it was asked.
    pub asked: u64,
    /// How often it answered in time.
    pub answered: u64,
    /// How often it answered too late or not at all.
    pub late: u64,
    /// How often its answer could not be used.
    pub broken: u64,
    /// The median time to an answer, in microseconds.
    pub answer_us_p50: Option<u64>,
    /// The time in which 99 of 100 answers came, in microseconds.
    pub answer_us_p99: Option<u64>,
    /// How far its feed has come.
    pub sequence: u64,
}

names! {
    Presence { Answered, Late, Broken, Skipped, Unreachable }
    AgentState { Asked, Probed, Absent }
}

records! {
    RankedAd => RankedAd { [] [] [ranking, verdict] }
    Part => Part { [agent, presence] [] [] }
    Heard => Heard { [] [] [proposal, verdict] }
    PolicyInForce => PolicyInForce { [agent, version] [] [] }
}

/// Events: records with an envelope, which is read first.
macro_rules! events {
    ($most:expr; $($name:ident { [$($same:ident),*] [$($part:ident),*] })*) => {$(
        records! { $name => $name { [$($same),*] [] [envelope $(, $part)*] } }

        impl Event for $name {
            const KIND: Kind = Kind::$name;

            fn envelope(&self) -> &Envelope {
                &self.envelope
            }

            fn encode(&self) -> Vec<u8> {
                self.put().encode_to_vec()
            }

            fn decode(bytes: &[u8]) -> Result<Self, Error> {
                let envelope = |message: &mut proto::$name| message.envelope.clone();
                let (_, message) = envelope::open(bytes, $most, envelope)?;
                Self::take(message, stringify!($name))
            }
        }
    )*};
}

events! { MOST_BYTES;
    Requested { [] [request] }
    InterestVector { [user, interests, basis] [verdict] }
    RankedList { [ads] [] }
    FeatureVector { [campaign, creative, market, p_click, p_conversion, features] [bid] }
    BidMade { [user] [bid] }
    PacingVerdict { [campaign, creative, imp, multiplier] [verdict] }
    NoticeJudged { [verdict, campaign] [notice] }
    Outcome { [] [bid, notice] }
    AgentHealth {
        [agent, state, asked, answered, late, broken, answer_us_p50, answer_us_p99, sequence]
        []
    }
    DecisionMade { [request_digest, chance, policies, parts, hearing] [decision] }
}

// Networks are larger than what is said of one request.
events! { MOST_SEAT_BYTES;
    PolicyUpdate { [] [policies] }
}
