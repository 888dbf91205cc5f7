//! What remote agents learn from, kept until every process has had it.
//!
//! The engine tells its agents of everything that happened; the [`Feeder`] hears it too and writes down for each remote
//! agent what that agent uses, in a numbered feed with a bound. A process follows the feed from its seat on; one that
//! falls so far behind that what it needs is gone is seated anew. So a slow process can hold up nobody and lose nothing.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use motet_agent::{AgentName, Observation, Tick};
use motet_engine::Listener;
use motet_messages::{Envelope, feed};
use motet_model::{outcome::NoticeVerdict, request::AdRequest};
use motet_policy::PolicySet;
use motet_units::Timestamp;
use tokio::sync::watch;

use crate::blank;

/// The most messages of one feed kept, and the most bytes.
const MOST_KEPT: usize = 65_536;
const MOST_KEPT_BYTES: usize = 64 << 20;

/// The feed of one agent.
#[derive(Debug)]
pub struct Feed {
    agent: AgentName,
    /// Tells this feed from one of an earlier start, whose numbers mean nothing here.
    epoch: u64,
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The sequence of the first message kept.
    first: u64,
    messages: VecDeque<Bytes>,
    bytes: usize,
}

/// What a feed holds after some sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// The next messages, in order; empty where there is none yet.
    Next(Vec<Bytes>),
    /// Some of it is gone: a new seat is needed.
    Gone,
}

impl Feed {
    /// Begins a feed.
    pub fn new(agent: AgentName, epoch: u64) -> Self {
        let kept = Kept { first: 1, ..Kept::default() };
        Self { agent, epoch, kept: Mutex::new(kept), last: watch::Sender::new(0) }
    }

    /// Returns whose it is.
    pub const fn agent(&self) -> AgentName {
        self.agent
    }

    /// Returns what tells this feed from earlier ones.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns what a message of this feed begins with.
    pub(crate) fn envelope(&self, sequence: u64, now: Timestamp) -> Envelope {
        crate::envelope(u128::from(self.epoch) << 64 | u128::from(sequence), self.agent, now)
    }

    /// Returns the sequence of the last message; 0 before the first.
    pub fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// Waits until there is more than this, or the feed has ended.
    pub async fn more_than(&self, sequence: u64) {
        // The sender lives in `self`, so it cannot be gone.
        let _ = self.last.subscribe().wait_for(|last| *last > sequence).await;
    }

    /// Returns what comes after a sequence, up to so many bytes and at least one message.
    pub fn after(&self, sequence: u64, most_bytes: usize) -> After {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if sequence + 1 < kept.first || sequence >= kept.first + kept.messages.len() as u64 {
            let up_to_date = sequence + 1 == kept.first + kept.messages.len() as u64;
            return if up_to_date { After::Next(Vec::new()) } else { After::Gone };
        }
        let skipped = (sequence + 1 - kept.first) as usize;
        let (mut next, mut bytes) = (Vec::new(), 0);
        for message in kept.messages.iter().skip(skipped) {
            bytes += message.len();
            if bytes > most_bytes && !next.is_empty() {
                break;
            }
            next.push(message.clone());
        }
        After::Next(next)
    }

    /// Appends a message, written with the sequence it gets.
    fn push(&self, write: impl FnOnce(u64) -> Vec<u8>) {
        let sequence = self.last() + 1;
        let message = Bytes::from(write(sequence));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += message.len();
        kept.messages.push_back(message);
        while kept.messages.len() > MOST_KEPT || kept.bytes > MOST_KEPT_BYTES && kept.messages.len() > 1 {
            let gone = kept.messages.pop_front().map_or(0, |gone| gone.len());
            kept.bytes -= gone;
            kept.first += 1;
        }
        drop(kept);
        self.last.send_replace(sequence);
    }
}

/// Hears what the engine's agents are told and writes it into the feeds.
#[derive(Debug)]
pub struct Feeder {
    feeds: Vec<Arc<Feed>>,
    now: Timestamp,
    /// Stands for the request of a decision where an agent learns from its bids alone.
    blank: AdRequest,
}

impl Feeder {
    /// Makes a feeder of some feeds.
    pub fn new(feeds: Vec<Arc<Feed>>) -> Self {
        Self { feeds, now: Timestamp::default(), blank: blank::request() }
    }

    fn each(&self, wanted: impl Fn(AgentName) -> bool, write: impl Fn(&Envelope, u64) -> Vec<u8>) {
        for feed in self.feeds.iter().filter(|feed| wanted(feed.agent)) {
            feed.push(|sequence| write(&feed.envelope(sequence, self.now), sequence));
        }
    }
}

/// Tells whether an agent learns anything from an observation. Least data: what it would ignore is not sent. The agents'
/// own tests hold that ignoring these changes nothing.
fn learns_from(agent: AgentName, observation: &Observation<'_>) -> bool {
    let counted = matches!(observation, Observation::Noticed { verdict: NoticeVerdict::Counted, .. });
    match (agent, observation) {
        (_, Observation::Changed { .. })
        | (AgentName::Guard, Observation::Noticed { .. })
        | (AgentName::Relevance | AgentName::Bidder, Observation::Expired { .. })
        | (AgentName::Relevance, Observation::Budget { .. }) => true,
        (AgentName::Safety, _) | (_, Observation::Expired { .. } | Observation::Budget { .. }) => false,
        (_, Observation::Decided { .. }) => true,
        (_, Observation::Noticed { .. }) => counted,
    }
}

/// Returns what an agent is told of an observation: of a decision, the request only where the agent learns from it.
fn least<'a>(
    agent: Option<AgentName>,
    observation: &Observation<'a>,
    blank: &'a AdRequest,
) -> Observation<'a> {
    match (agent, observation) {
        (Some(AgentName::Intent | AgentName::Guard), _) => *observation,
        (Some(AgentName::Pacer), Observation::Decided { at, .. }) => {
            Observation::Decided { request: blank, bids: &[], at: *at }
        }
        (_, Observation::Decided { bids, at, .. }) => Observation::Decided { request: blank, bids, at: *at },
        _ => *observation,
    }
}

impl Listener for Feeder {
    fn observed(&mut self, observation: &Observation<'_>) {
        self.now = match observation {
            Observation::Decided { at, .. }
            | Observation::Expired { at, .. }
            | Observation::Changed { at, .. }
            | Observation::Noticed { known_at: at, .. } => self.now.max(*at),
            Observation::Budget { .. } => self.now,
        };
        self.each(
            |agent| learns_from(agent, observation),
            |envelope, sequence| {
                let told = least(envelope.agent, observation, &self.blank);
                feed::encode_observation(envelope, sequence, &told)
            },
        );
    }

    fn ticked(&mut self, tick: &Tick<'_>) {
        self.now = self.now.max(tick.now);
        self.each(|_| true, |envelope, sequence| feed::encode_tick(envelope, sequence, tick));
    }

    fn steered(&mut self, policies: &PolicySet) {
        self.each(|_| true, |envelope, sequence| feed::encode_policies(envelope, sequence, policies));
    }

    fn ticked_on(&mut self, tick: &Tick<'_>) {
        self.each(|_| true, |envelope, sequence| feed::encode_tick_more(envelope, sequence, tick));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed_of(messages: u64) -> Feed {
        let feed = Feed::new(AgentName::Intent, 7);
        (0..messages).for_each(|_| feed.push(|sequence| sequence.to_be_bytes().to_vec()));
        feed
    }

    #[test]
    fn a_feed_gives_what_comes_next_and_says_when_it_is_gone() {
        let feed = feed_of(3);
        let next = |after, most| match feed.after(after, most) {
            After::Next(messages) => {
                messages.iter().map(|m| u64::from_be_bytes(m[..].try_into().unwrap())).collect()
            }
            After::Gone => vec![u64::MAX],
        };
        assert_eq!(next(0, 1_000), [1, 2, 3]);
        assert_eq!(next(1, 1_000), [2, 3]);
        assert_eq!(next(0, 1), [1], "at least one, however large");
        assert_eq!(next(3, 1_000), [0; 0]);
        assert_eq!(next(4, 1_000), [u64::MAX], "a sequence of another feed");
        let long = feed_of(MOST_KEPT as u64 + 10);
        assert_eq!(long.after(9, 1), After::Gone);
        assert!(matches!(long.after(10, 1), After::Next(messages) if messages.len() == 1));
    }

    #[tokio::test]
    async fn whoever_waits_for_more_is_woken() {
        let feed = Arc::new(feed_of(1));
        feed.more_than(0).await;
        let waiting = tokio::spawn({
            let feed = Arc::clone(&feed);
            async move { feed.more_than(1).await }
        });
        feed.push(|_| vec![1]);
        waiting.await.unwrap();
    }
}
