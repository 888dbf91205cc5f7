//! The feed: what an agent in another process learns from, in the order of its sequence.
//!
//! A feed begins with a [`Seat`], the state the agent starts from; observations, ticks and policies follow, each with the
//! next sequence number. An agent that misses one asks for a new seat: it never guesses.
//!
//! The catalog travels once, in the seat, as the changes that build it. After that [`HeldObservation::Changed`] brings
//! what changed: the agent applies it to its replica first, then learns from it.

use motet_agent::{Account, AgentName, BidRecord, BudgetState, Observation, Tick};
use motet_model::{
    catalog::{Catalog, Change},
    ids::CampaignIx,
    outcome::{Notice, NoticeVerdict},
    request::AdRequest,
};
use motet_policy::PolicySet;
use motet_units::Timestamp;
use prost::Message as _;

use crate::{
    Envelope, Error, MOST_BYTES, MOST_SEAT_BYTES, envelope, proto,
    proto::{feed, observation},
    wire::{Wire, chosen, need},
};

/// The state an agent's process starts from.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// Which agent.
    pub agent: AgentName,
    /// The catalog.
    pub catalog: Catalog,
    /// The agent's options, as JSON.
    pub options_json: String,
    /// What the agent had learned, as its `save` writes it; empty where nothing yet. Readable by the same program version
    /// alone.
    pub state: Vec<u8>,
    /// The program version that wrote it.
    pub program_version: String,
    /// The policies in force.
    pub policies: PolicySet,
}

/// One message of a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Fed {
    /// The message's envelope.
    pub envelope: Envelope,
    /// Its place in the feed.
    pub sequence: u64,
    /// What is told.
    pub news: News,
}

/// What a feed tells.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// Start from here.
    Seat(Box<Seat>),
    /// Learn from this.
    Observation(Box<HeldObservation>),
    /// A control tick.
    Tick(HeldTick),
    /// The next campaigns of the last tick.
    TickMore(HeldTick),
    /// Seat these policies.
    Policies(PolicySet),
}

/// An [`Observation`], held: all but the catalog.
#[expect(missing_docs, reason = "each is described where the observation is")]
#[derive(Clone, Debug, PartialEq)]
pub enum HeldObservation {
    /// A request was decided.
    Decided { request: Box<AdRequest>, bids: Vec<BidRecord>, at: Timestamp },
    /// A notice about a bid came in.
    Noticed { bid: BidRecord, notice: Notice, verdict: NoticeVerdict, known_at: Timestamp },
    /// A bid's window passed.
    Expired { bid: BidRecord, at: Timestamp },
    /// The catalog changed.
    Changed { changes: Vec<Change>, at: Timestamp },
    /// A campaign can no longer, or again, pay for an impression.
    Budget { campaign: CampaignIx, state: BudgetState },
}

impl HeldObservation {
    /// Returns the observation. The catalog is the agent's replica, with the changes of [`HeldObservation::Changed`] applied.
    pub fn observation<'a>(&'a self, catalog: &'a Catalog) -> Observation<'a> {
        match self {
            Self::Decided { request, bids, at } => Observation::Decided { request, bids, at: *at },
            Self::Noticed { bid, notice, verdict, known_at } => {
                Observation::Noticed { bid, notice, verdict: *verdict, known_at: *known_at }
            }
            Self::Expired { bid, at } => Observation::Expired { bid, at: *at },
            Self::Changed { changes, at } => Observation::Changed { catalog, changes, at: *at },
            Self::Budget { campaign, state } => Observation::Budget { campaign: *campaign, state: *state },
        }
    }
}

/// A [`Tick`], held: all but the catalog.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldTick {
    /// What time it is.
    pub now: Timestamp,
    /// The accounts of campaigns in service.
    pub accounts: Vec<Account>,
}

impl HeldTick {
    /// Returns the tick, with the agent's replica of the catalog.
    pub fn tick<'a>(&'a self, catalog: &'a Catalog) -> Tick<'a> {
        Tick { now: self.now, catalog, accounts: &self.accounts }
    }
}

/// Writes a seat, which stands at a sequence number.
pub fn encode_seat(envelope: &Envelope, sequence: u64, seat: &Seat) -> Vec<u8> {
    encode(envelope, sequence, feed::News::Seat(seat.put()))
}

/// Writes an observation.
pub fn encode_observation(envelope: &Envelope, sequence: u64, observation: &Observation<'_>) -> Vec<u8> {
    let observation = proto::Observation { observation: Some(put_observation(observation)) };
    encode(envelope, sequence, feed::News::Observation(observation))
}

/// Writes a control tick with its accounts.
pub fn encode_tick(envelope: &Envelope, sequence: u64, tick: &Tick<'_>) -> Vec<u8> {
    encode(envelope, sequence, feed::News::Tick(put_tick(tick)))
}

/// Writes the next campaigns of the last control tick.
pub fn encode_tick_more(envelope: &Envelope, sequence: u64, tick: &Tick<'_>) -> Vec<u8> {
    encode(envelope, sequence, feed::News::TickMore(put_tick(tick)))
}

/// Writes policies to be seated.
pub fn encode_policies(envelope: &Envelope, sequence: u64, policies: &PolicySet) -> Vec<u8> {
    encode(envelope, sequence, feed::News::Policies(policies.put()))
}

fn encode(envelope: &Envelope, sequence: u64, news: feed::News) -> Vec<u8> {
    proto::Feed { envelope: Some(envelope.put()), sequence, news: Some(news) }.encode_to_vec()
}

/// Reads one message of a feed.
///
/// # Errors
/// What is wrong with it, by field. A seat may be larger than other messages.
pub fn decode(bytes: &[u8]) -> Result<Fed, Error> {
    let (envelope, message) =
        envelope::open(bytes, MOST_SEAT_BYTES, |message: &mut proto::Feed| message.envelope.take())?;
    let is_seat = matches!(message.news, Some(feed::News::Seat(_)));
    if !is_seat && bytes.len() > MOST_BYTES {
        return Err(Error::TooLarge { most: MOST_BYTES, found: bytes.len() });
    }
    read(envelope, message)
}

/// Reads one message of a feed that the generated code has decoded.
///
/// # Errors
/// What is wrong with it, by field.
pub fn from_proto(mut message: proto::Feed) -> Result<Fed, Error> {
    let envelope = need(message.envelope.take(), "envelope")?;
    read(envelope, message)
}

fn read(envelope: Envelope, message: proto::Feed) -> Result<Fed, Error> {
    let news = match chosen(message.news, "Feed.news")? {
        feed::News::Seat(seat) => News::Seat(Box::new(Wire::take(seat, "Feed.seat")?)),
        feed::News::Observation(observation) => News::Observation(Box::new(take_observation(observation)?)),
        feed::News::Tick(tick) => News::Tick(take_tick(tick)?),
        feed::News::TickMore(tick) => News::TickMore(take_tick(tick)?),
        feed::News::Policies(policies) => News::Policies(Wire::take(policies, "Feed.policies")?),
    };
    Ok(Fed { envelope, sequence: message.sequence, news })
}

impl Wire<proto::Seat> for Seat {
    fn put(&self) -> proto::Seat {
        proto::Seat {
            agent: self.agent.put(),
            catalog: self.catalog.to_changes().put(),
            catalog_version: self.catalog.version(),
            options_json: self.options_json.clone(),
            state: self.state.clone(),
            program_version: self.program_version.clone(),
            policies: Some(self.policies.put()),
        }
    }

    fn take(wire: proto::Seat, _: &'static str) -> Result<Self, Error> {
        let changes: Vec<Change> = Wire::take(wire.catalog, "Seat.catalog")?;
        Ok(Self {
            agent: Wire::take(wire.agent, "Seat.agent")?,
            catalog: Catalog::rebuild(&changes, wire.catalog_version)?,
            options_json: wire.options_json,
            state: wire.state,
            program_version: wire.program_version,
            policies: need(wire.policies, "Seat.policies")?,
        })
    }
}

fn put_tick(tick: &Tick<'_>) -> proto::Tick {
    proto::Tick { now_us: tick.now.put(), accounts: tick.accounts.iter().map(Wire::put).collect() }
}

fn take_tick(tick: proto::Tick) -> Result<HeldTick, Error> {
    let accounts = Wire::take(tick.accounts, "Tick.accounts")?;
    Ok(HeldTick { now: Wire::take(tick.now_us, "Tick.now_us")?, accounts })
}

fn put_observation(observation: &Observation<'_>) -> observation::Observation {
    match observation {
        Observation::Decided { request, bids, at } => {
            observation::Observation::Decided(observation::Decided {
                request: Some(request.put()),
                bids: bids.iter().map(Wire::put).collect(),
                at_us: at.put(),
            })
        }
        Observation::Noticed { bid, notice, verdict, known_at } => {
            observation::Observation::Noticed(observation::Noticed {
                bid: Some(bid.put()),
                notice: Some(notice.put()),
                verdict: verdict.put(),
                known_at_us: known_at.put(),
            })
        }
        Observation::Expired { bid, at } => {
            observation::Observation::Expired(observation::Expired { bid: Some(bid.put()), at_us: at.put() })
        }
        Observation::Changed { catalog: _, changes, at } => {
            observation::Observation::Changed(observation::Changed {
                changes: changes.iter().map(Wire::put).collect(),
                at_us: at.put(),
            })
        }
        Observation::Budget { campaign, state } => observation::Observation::Budget(observation::Budgeted {
            campaign: campaign.put(),
            state: state.put(),
        }),
    }
}

fn take_observation(wire: proto::Observation) -> Result<HeldObservation, Error> {
    Ok(match chosen(wire.observation, "Observation.observation")? {
        observation::Observation::Decided(decided) => HeldObservation::Decided {
            request: Box::new(need(decided.request, "Decided.request")?),
            bids: Wire::take(decided.bids, "Decided.bids")?,
            at: Wire::take(decided.at_us, "Decided.at_us")?,
        },
        observation::Observation::Noticed(noticed) => HeldObservation::Noticed {
            bid: need(noticed.bid, "Noticed.bid")?,
            notice: need(noticed.notice, "Noticed.notice")?,
            verdict: Wire::take(noticed.verdict, "Noticed.verdict")?,
            known_at: Wire::take(noticed.known_at_us, "Noticed.known_at_us")?,
        },
        observation::Observation::Expired(expired) => HeldObservation::Expired {
            bid: need(expired.bid, "Expired.bid")?,
            at: Wire::take(expired.at_us, "Expired.at_us")?,
        },
        observation::Observation::Changed(changed) => HeldObservation::Changed {
            changes: Wire::take(changed.changes, "Changed.changes")?,
            at: Wire::take(changed.at_us, "Changed.at_us")?,
        },
        observation::Observation::Budget(budget) => HeldObservation::Budget {
            campaign: Wire::take(budget.campaign, "Budgeted.campaign")?,
            state: Wire::take(budget.state, "Budgeted.state")?,
        },
    })
}
