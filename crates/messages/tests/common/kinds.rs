//! One message of any kind, and reading one and writing it again.

use motet_agent::{AgentName, Basis, Proposal};
use motet_messages::{
    Envelope, Error, Kind, answer, ask,
    describe::Description,
    events::{
        AgentHealth, AgentState, BidMade, DecisionMade, Event, FeatureVector, Heard, InterestVector,
        NoticeJudged, Outcome, PacingVerdict, Part, PolicyInForce, PolicyUpdate, Presence, RankedAd,
        RankedList, Requested,
    },
    feed::{self, News},
    proto, screen,
};
use motet_model::{
    catalog::Catalog,
    ids::{BidId, CampaignIx, CreativeIx, DecisionId, UserKey},
};
use motet_units::Chance;
use prost::Message as _;

use super::Draw;

impl Draw {
    /// Draws a message of a kind.
    pub(crate) fn message(&mut self, kind: Kind) -> Vec<u8> {
        let envelope = self.envelope();
        match kind {
            Kind::Ask => ask::encode(&envelope, &self.view().view(&Catalog::default())),
            Kind::Answer => {
                let proposals: Vec<Proposal> = self.some(6, Self::proposal);
                let silences: Vec<_> = self.some(2, |d| (d.u16(), d.no_bid()));
                answer::encode_with_silences(&envelope, self.agent(), "a@1", &proposals, &silences)
            }
            Kind::ScreenAsk => {
                screen::encode_ask(&envelope, &self.bid_record(), &self.notice(), self.history())
            }
            Kind::ScreenAnswer => screen::encode_answer(&envelope, self.maybe(Self::finding)),
            Kind::Feed => self.feed(),
            Kind::Description => self.description().to_proto().encode_to_vec(),
            _ => self.event(kind),
        }
    }

    fn feed(&mut self) -> Vec<u8> {
        let (envelope, sequence, catalog) = (self.envelope(), self.bits(), Catalog::default());
        match self.below(5) {
            0 => feed::encode_seat(&envelope, sequence, &self.seat()),
            1 => feed::encode_tick(&envelope, sequence, &self.tick().tick(&catalog)),
            2 => feed::encode_tick_more(&envelope, sequence, &self.tick().tick(&catalog)),
            3 => feed::encode_policies(&envelope, sequence, &self.policies()),
            _ => feed::encode_observation(&envelope, sequence, &self.observation().observation(&catalog)),
        }
    }

    fn description(&mut self) -> Description {
        Description {
            agent: self.agent(),
            version: self.u32(),
            intents: vec![motet_agent::Intent::RankAds, motet_agent::Intent::Explore],
            observation: Vec::new(),
            action: Vec::new(),
            policy_version: self.text(),
            program_version: self.text(),
            sequence: self.bits(),
        }
    }

    fn event(&mut self, kind: Kind) -> Vec<u8> {
        let envelope = self.envelope();
        match kind {
            Kind::Requested => Requested { envelope, request: self.request() }.encode(),
            Kind::InterestVector => InterestVector {
                envelope,
                user: self.maybe(|d| UserKey(d.bits())),
                interests: self.interests(),
                basis: self.pick(&[Basis::Context, Basis::Identity]),
                verdict: self.verdict(),
            }
            .encode(),
            Kind::RankedList => RankedList {
                envelope,
                ads: self.some(4, |d| RankedAd { ranking: d.ranking(), verdict: d.verdict() }),
            }
            .encode(),
            Kind::FeatureVector => self.feature_vector().encode(),
            Kind::BidMade => {
                BidMade { envelope, user: self.maybe(|d| UserKey(d.bits())), bid: self.bid() }.encode()
            }
            Kind::PacingVerdict => PacingVerdict {
                envelope,
                campaign: CampaignIx(self.u32()),
                creative: CreativeIx(self.u32()),
                imp: self.u16(),
                multiplier: self.multiplier(),
                verdict: self.verdict(),
            }
            .encode(),
            Kind::DecisionMade => self.decision_made().encode(),
            Kind::NoticeJudged => NoticeJudged {
                envelope,
                notice: self.notice(),
                verdict: self.notice_verdict(),
                campaign: self.maybe(|d| CampaignIx(d.u32())),
            }
            .encode(),
            Kind::Outcome => Outcome { envelope, bid: self.bid_record(), notice: self.notice() }.encode(),
            Kind::PolicyUpdate => PolicyUpdate { envelope, policies: self.policies() }.encode(),
            _ => self.health().encode(),
        }
    }

    fn feature_vector(&mut self) -> FeatureVector {
        FeatureVector {
            envelope: self.envelope(),
            bid: BidId { decision: DecisionId(self.bits()), imp: self.u16() },
            campaign: CampaignIx(self.u32()),
            creative: CreativeIx(self.u32()),
            market: motet_agent::MarketKey(self.u32()),
            p_click: self.probability(),
            p_conversion: self.probability(),
            features: self.features(),
        }
    }

    pub(crate) fn decision_made(&mut self) -> DecisionMade {
        let presences =
            [Presence::Answered, Presence::Late, Presence::Broken, Presence::Skipped, Presence::Unreachable];
        DecisionMade {
            envelope: self.envelope(),
            decision: self.decision(),
            request_digest: self.bits(),
            chance: Chance::from_key(self.bits()),
            policies: self.some(3, |d| PolicyInForce { agent: d.agent(), version: d.text() }),
            parts: self.some(4, |d| Part { agent: d.agent(), presence: d.pick(&presences) }),
            hearing: self.some(5, |d| Heard { proposal: d.proposal(), verdict: d.verdict() }),
        }
    }

    pub(crate) fn health(&mut self) -> AgentHealth {
        AgentHealth {
            envelope: self.envelope(),
            agent: self.pick(&AgentName::TEAM),
            state: self.pick(&[AgentState::Asked, AgentState::Probed, AgentState::Absent]),
            asked: self.bits(),
            answered: self.bits(),
            late: self.bits(),
            broken: self.bits(),
            answer_us_p50: self.maybe(Self::bits),
            answer_us_p99: self.maybe(Self::bits),
            sequence: self.bits(),
        }
    }
}

fn event_again<E: Event>(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(E::decode(bytes)?.encode())
}

/// Reads a message of a kind into what the platform uses, and writes it again from that.
pub(crate) fn again(kind: Kind, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    match kind {
        Kind::Ask => {
            let (envelope, view) = ask::decode(bytes)?;
            Ok(ask::encode(&envelope, &view.view(&Catalog::default())))
        }
        Kind::Answer => {
            let a = answer::decode(bytes)?;
            Ok(answer::encode_with_silences(
                &a.envelope,
                a.agent,
                &a.policy_version,
                &a.proposals,
                &a.silences,
            ))
        }
        Kind::ScreenAsk => {
            let (envelope, s) = screen::decode_ask(bytes)?;
            Ok(screen::encode_ask(&envelope, &s.bid, &s.notice, s.history))
        }
        Kind::ScreenAnswer => {
            let (envelope, finding) = screen::decode_answer(bytes)?;
            Ok(screen::encode_answer(&envelope, finding))
        }
        Kind::Feed => feed_again(bytes),
        Kind::Description => {
            let message = proto::Description::decode(bytes)?;
            Ok(Description::from_proto(message)?.to_proto().encode_to_vec())
        }
        Kind::Requested => event_again::<Requested>(bytes),
        Kind::InterestVector => event_again::<InterestVector>(bytes),
        Kind::RankedList => event_again::<RankedList>(bytes),
        Kind::FeatureVector => event_again::<FeatureVector>(bytes),
        Kind::BidMade => event_again::<BidMade>(bytes),
        Kind::PacingVerdict => event_again::<PacingVerdict>(bytes),
        Kind::DecisionMade => event_again::<DecisionMade>(bytes),
        Kind::NoticeJudged => event_again::<NoticeJudged>(bytes),
        Kind::Outcome => event_again::<Outcome>(bytes),
        Kind::PolicyUpdate => event_again::<PolicyUpdate>(bytes),
        Kind::AgentHealth => event_again::<AgentHealth>(bytes),
    }
}

fn feed_again(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (fed, catalog) = (feed::decode(bytes)?, Catalog::default());
    let (envelope, sequence) = (&fed.envelope, fed.sequence);
    Ok(match &fed.news {
        News::Seat(seat) => feed::encode_seat(envelope, sequence, seat),
        News::Observation(observation) => {
            feed::encode_observation(envelope, sequence, &observation.observation(&catalog))
        }
        News::Tick(tick) => feed::encode_tick(envelope, sequence, &tick.tick(&catalog)),
        News::TickMore(tick) => feed::encode_tick_more(envelope, sequence, &tick.tick(&catalog)),
        News::Policies(policies) => feed::encode_policies(envelope, sequence, policies),
    })
}

fn envelope_in<E: Event>(bytes: &[u8]) -> Envelope {
    *E::decode(bytes).expect("what is published is read").envelope()
}

/// Returns the envelope of a published message.
pub(crate) fn envelope_of(kind: Kind, bytes: &[u8]) -> Envelope {
    match kind {
        Kind::Requested => envelope_in::<Requested>(bytes),
        Kind::InterestVector => envelope_in::<InterestVector>(bytes),
        Kind::RankedList => envelope_in::<RankedList>(bytes),
        Kind::FeatureVector => envelope_in::<FeatureVector>(bytes),
        Kind::BidMade => envelope_in::<BidMade>(bytes),
        Kind::PacingVerdict => envelope_in::<PacingVerdict>(bytes),
        Kind::DecisionMade => envelope_in::<DecisionMade>(bytes),
        Kind::NoticeJudged => envelope_in::<NoticeJudged>(bytes),
        Kind::Outcome => envelope_in::<Outcome>(bytes),
        Kind::PolicyUpdate => envelope_in::<PolicyUpdate>(bytes),
        Kind::AgentHealth => envelope_in::<AgentHealth>(bytes),
        other => panic!("{} is not published", other.name()),
    }
}
