//! What goes to the topics for a decided request, a judged notice, a policy or an agent's health.
//!
//! Message ids follow from the record that the message tells of and the topic, so the same record published twice, after
//! a crash or by a replay, gives messages of the same ids, and whoever reads them counts each once.

use motet_agent::{AgentName, Ask, BidRecord, Proposal, Ranking, Verdict};
use motet_model::{
    decision::Decision,
    ids::{CampaignIx, DecisionId, UserKey},
    outcome::{Notice, NoticeKind, NoticeVerdict},
    request::AdRequest,
};
use motet_policy::PolicySet;
use motet_units::{Chance, Timestamp};

use crate::{
    Envelope, MessageId, TraceContext,
    events::{
        AgentHealth, BidMade, DecisionMade, Event, FeatureVector, Heard, InterestVector, NoticeJudged,
        Outcome, PacingVerdict, Part, PolicyInForce, PolicyUpdate, RankedAd, RankedList, Requested,
    },
    topics::Topic,
};

/// A message on its way to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where it goes.
    pub topic: Topic,
    /// What order is kept by.
    pub key: Vec<u8>,
    /// The message.
    pub bytes: Vec<u8>,
}

impl Outgoing {
    fn new(topic: Topic, key: impl Into<Vec<u8>>, event: &impl Event) -> Self {
        Self { topic, key: key.into(), bytes: event.encode() }
    }
}

/// A decided request with what its trace says.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'a> {
    /// The request.
    pub request: &'a AdRequest,
    /// The decision.
    pub decision: &'a Decision,
    /// The bids, as agents learn of them; empty where they are not at hand, and then no features are published.
    pub bids: &'a [BidRecord],
    /// A digest of the request.
    pub request_digest: u64,
    /// The key all chance was drawn under.
    pub chance: Chance,
    /// The policies in service.
    pub policies: &'a [(AgentName, String)],
    /// Who took part.
    pub parts: &'a [Part],
    /// Every proposal with its verdict.
    pub hearing: &'a [(Proposal, Verdict)],
    /// The trace it belongs to.
    pub trace: Option<TraceContext>,
}

/// Returns the id of the message that a record gives a topic, `place` telling apart several.
fn message_id(record: DecisionId, topic: Topic, place: usize) -> MessageId {
    MessageId(u128::from(record.0) << 64 | (topic as u128) << 32 | place as u128)
}

fn user_key(user: Option<UserKey>, decision: DecisionId) -> [u8; 8] {
    user.map_or(decision.0, |user| user.0).to_be_bytes()
}

fn campaign_key(campaign: CampaignIx) -> [u8; 8] {
    u64::from(campaign.0).to_be_bytes()
}

impl Decided<'_> {
    fn envelope(&self, topic: Topic, place: usize, agent: Option<AgentName>) -> Envelope {
        let decision = self.decision;
        Envelope {
            decision: Some(decision.id),
            agent,
            trace: self.trace,
            ..Envelope::new(message_id(decision.id, topic, place), decision.at)
        }
    }

    fn user_key(&self) -> [u8; 8] {
        user_key(self.request.user.key, self.decision.id)
    }

    /// Returns the rankings accepted, which are the candidates in their order.
    fn candidates(&self) -> Vec<&Ranking> {
        let accepted = self.hearing.iter().filter_map(|(proposal, verdict)| match &proposal.ask {
            Ask::Rank(ranking) if *verdict == Verdict::Accepted => Some(ranking),
            _ => None,
        });
        accepted.collect()
    }
}

/// Returns what goes to the topics for a decided request.
pub fn decided(decided: &Decided<'_>) -> Vec<Outgoing> {
    let mut out = vec![requested(decided), decision(decided)];
    out.extend(interests(decided));
    out.extend(rankings(decided));
    out.extend(pacing(decided));
    out.extend(bids(decided));
    out.extend(features(decided));
    out
}

fn requested(decided: &Decided<'_>) -> Outgoing {
    let envelope = decided.envelope(Topic::Requests, 0, None);
    let event = Requested { envelope, request: decided.request.clone() };
    Outgoing::new(Topic::Requests, decided.user_key(), &event)
}

fn decision(decided: &Decided<'_>) -> Outgoing {
    let policy =
        |(agent, version): &(AgentName, String)| PolicyInForce { agent: *agent, version: version.clone() };
    let heard =
        |(proposal, verdict): &(Proposal, Verdict)| Heard { proposal: proposal.clone(), verdict: *verdict };
    let event = DecisionMade {
        envelope: decided.envelope(Topic::Decisions, 0, None),
        decision: decided.decision.clone(),
        request_digest: decided.request_digest,
        chance: decided.chance,
        policies: decided.policies.iter().map(policy).collect(),
        parts: decided.parts.to_vec(),
        hearing: decided.hearing.iter().map(heard).collect(),
    };
    Outgoing::new(Topic::Decisions, decided.user_key(), &event)
}

fn interests(decided: &Decided<'_>) -> impl Iterator<Item = Outgoing> {
    decided.hearing.iter().enumerate().filter_map(|(place, (proposal, verdict))| {
        let Ask::Profile { interests, basis } = &proposal.ask else { return None };
        let event = InterestVector {
            envelope: decided.envelope(Topic::Intents, place, Some(proposal.agent)),
            user: decided.request.user.key,
            interests: interests.clone(),
            basis: *basis,
            verdict: *verdict,
        };
        Some(Outgoing::new(Topic::Intents, decided.user_key(), &event))
    })
}

fn rankings(decided: &Decided<'_>) -> Option<Outgoing> {
    let ads = decided.hearing.iter().filter_map(|(proposal, verdict)| match &proposal.ask {
        Ask::Rank(ranking) => Some(RankedAd { ranking: ranking.clone(), verdict: *verdict }),
        _ => None,
    });
    let ads: Vec<RankedAd> = ads.collect();
    if ads.is_empty() {
        return None;
    }
    let envelope = decided.envelope(Topic::Rankings, 0, Some(AgentName::Relevance));
    Some(Outgoing::new(Topic::Rankings, decided.user_key(), &RankedList { envelope, ads }))
}

fn pacing(decided: &Decided<'_>) -> impl Iterator<Item = Outgoing> {
    let candidates = decided.candidates();
    decided.hearing.iter().enumerate().filter_map(move |(place, (proposal, verdict))| {
        let Ask::Pace { candidate, multiplier } = proposal.ask else { return None };
        // One that names no candidate is of no campaign; the decision's own message tells of it.
        let ranking = candidates.get(candidate.get())?;
        let event = PacingVerdict {
            envelope: decided.envelope(Topic::Pacing, place, Some(proposal.agent)),
            campaign: ranking.campaign,
            creative: ranking.creative,
            imp: ranking.imp,
            multiplier,
            verdict: *verdict,
        };
        Some(Outgoing::new(Topic::Pacing, campaign_key(ranking.campaign), &event))
    })
}

fn bids(decided: &Decided<'_>) -> impl Iterator<Item = Outgoing> {
    decided.decision.bids().enumerate().map(|(place, bid)| {
        let envelope = decided.envelope(Topic::Bids, place, None);
        let event = BidMade { envelope, user: decided.request.user.key, bid: bid.clone() };
        Outgoing::new(Topic::Bids, campaign_key(bid.campaign), &event)
    })
}

fn features(decided: &Decided<'_>) -> impl Iterator<Item = Outgoing> {
    decided.bids.iter().enumerate().map(|(place, record)| {
        let event = FeatureVector {
            envelope: decided.envelope(Topic::Features, place, None),
            bid: record.bid.id,
            campaign: record.bid.campaign,
            creative: record.bid.creative,
            market: record.market,
            p_click: record.p_click,
            p_conversion: record.p_conversion,
            features: record.features,
        };
        Outgoing::new(Topic::Features, campaign_key(record.bid.campaign), &event)
    })
}

/// A notice with what it led to.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// Names the record that took it: its node and sequence number.
    pub record: DecisionId,
    /// The notice.
    pub notice: &'a Notice,
    /// What it led to.
    pub verdict: NoticeVerdict,
    /// When it became known.
    pub known_at: Timestamp,
    /// The bid, where it is known still.
    pub bid: Option<&'a BidRecord>,
    /// The trace it belongs to.
    pub trace: Option<TraceContext>,
}

impl Judged<'_> {
    fn envelope(&self, topic: Topic) -> Envelope {
        Envelope {
            decision: Some(self.notice.bid.decision),
            // A clock that was put back does not make a notice known before it happened.
            happened_at: self.notice.happened_at.min(self.known_at),
            trace: self.trace,
            ..Envelope::new(message_id(self.record, topic, 0), self.known_at)
        }
    }
}

/// Returns what goes to the topics for a judged notice: the notice, and an outcome of its own where it counted.
pub fn judged(judged: &Judged<'_>) -> Vec<Outgoing> {
    let campaign = judged.bid.map(|record| record.bid.campaign);
    let event = NoticeJudged {
        envelope: judged.envelope(Topic::Notices),
        notice: *judged.notice,
        verdict: judged.verdict,
        campaign,
    };
    let key = campaign.map_or(judged.notice.bid.decision.0.to_be_bytes(), campaign_key);
    let mut out = vec![Outgoing::new(Topic::Notices, key, &event)];
    out.extend(outcome(judged));
    out
}

fn outcome(judged: &Judged<'_>) -> Option<Outgoing> {
    let topic = match judged.notice.kind {
        NoticeKind::Impression => Topic::Impressions,
        NoticeKind::Click => Topic::Clicks,
        NoticeKind::Conversion { .. } => Topic::Conversions,
        NoticeKind::Won { .. } | NoticeKind::Billed { .. } | NoticeKind::Lost { .. } => return None,
    };
    let record = judged.bid.filter(|_| judged.verdict == NoticeVerdict::Counted)?;
    let event = Outcome { envelope: judged.envelope(topic), bid: record.clone(), notice: *judged.notice };
    Some(Outgoing::new(topic, user_key(record.user, record.bid.id.decision), &event))
}

/// Returns what goes to the topics when a record puts policies in service.
pub fn steered(record: DecisionId, policies: &PolicySet, at: Timestamp) -> Outgoing {
    let envelope = Envelope::new(message_id(record, Topic::Policies, 0), at);
    let event = PolicyUpdate { envelope, policies: policies.clone() };
    Outgoing::new(Topic::Policies, *b"policies", &event)
}

/// Returns what goes to the topics to say how an agent does.
pub fn health(health: &AgentHealth) -> Outgoing {
    Outgoing::new(Topic::Health, health.agent.name(), health)
}
