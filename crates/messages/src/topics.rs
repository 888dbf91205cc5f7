//! The topic map: what is published where, by whom, for whom, under which key.
//!
//! Order is kept within a key and nowhere else, so keys follow what must stay in order: one user's requests and outcomes
//! for profiles, one campaign's bids and notices for money. A key is eight bytes, big-endian; a request without a
//! user is keyed by its decision, since nothing else is to stay in order with it. Delivery is at least once: readers
//! count a message once by its id.

use std::fmt::Write as _;

use crate::Kind;

/// A topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Requests as decided.
    Requests,
    /// Interests said.
    Intents,
    /// Ads named.
    Rankings,
    /// Features of bids.
    Features,
    /// Bids made.
    Bids,
    /// Pacing asked for.
    Pacing,
    /// Decisions with everything said on the way.
    Decisions,
    /// Notices judged.
    Notices,
    /// Impressions that counted.
    Impressions,
    /// Clicks that counted.
    Clicks,
    /// Conversions that counted.
    Conversions,
    /// Policies put in service.
    Policies,
    /// How agents do.
    Health,
}

/// What a message's key is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOf {
    /// The user, or the decision where there is none.
    User,
    /// The campaign, or the bid's decision where it is not known.
    Campaign,
    /// The agent's name, as text.
    Agent,
    /// One key for all.
    Platform,
}

/// How long messages are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// For so many days.
    Days(u16),
    /// The last of each key, for ever.
    Last,
}

/// A row of the topic map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The topic.
    pub topic: Topic,
    /// Its name on the bus.
    pub name: &'static str,
    /// The message it carries.
    pub kind: Kind,
    /// Who publishes.
    pub publisher: &'static str,
    /// Who subscribes.
    pub subscribers: &'static str,
    /// What the key is made from.
    pub key: KeyOf,
    /// What stays in order.
    pub order: &'static str,
    /// How long messages are kept, unless the operator says otherwise.
    pub retention: Retention,
}

const fn row(
    topic: Topic,
    name: &'static str,
    kind: Kind,
    (publisher, subscribers): (&'static str, &'static str),
    (key, order): (KeyOf, &'static str),
    retention: Retention,
) -> Row {
    Row { topic, name, kind, publisher, subscribers, key, order, retention }
}

const USER: (KeyOf, &str) = (KeyOf::User, "one user's");
const CAMPAIGN: (KeyOf, &str) = (KeyOf::Campaign, "one campaign's");

/// The topic map.
pub const MAP: [Row; 13] = [
    row(
        Topic::Requests,
        "motet.requests",
        Kind::Requested,
        ("node", "profiles, training"),
        USER,
        Retention::Days(3),
    ),
    row(
        Topic::Intents,
        "motet.intents",
        Kind::InterestVector,
        ("node", "profiles, training"),
        USER,
        Retention::Days(3),
    ),
    row(Topic::Rankings, "motet.rankings", Kind::RankedList, ("node", "training"), USER, Retention::Days(3)),
    row(
        Topic::Features,
        "motet.features",
        Kind::FeatureVector,
        ("node", "training"),
        CAMPAIGN,
        Retention::Days(14),
    ),
    row(
        Topic::Bids,
        "motet.bids",
        Kind::BidMade,
        ("node", "budgets, reports"),
        CAMPAIGN,
        Retention::Days(14),
    ),
    row(
        Topic::Pacing,
        "motet.pacing",
        Kind::PacingVerdict,
        ("node", "reports, training"),
        CAMPAIGN,
        Retention::Days(3),
    ),
    row(
        Topic::Decisions,
        "motet.decisions",
        Kind::DecisionMade,
        ("node", "audit, explanations"),
        USER,
        Retention::Days(14),
    ),
    row(
        Topic::Notices,
        "motet.notices",
        Kind::NoticeJudged,
        ("node", "budgets, audit"),
        CAMPAIGN,
        Retention::Days(30),
    ),
    row(
        Topic::Impressions,
        "motet.impressions",
        Kind::Outcome,
        ("node", "profiles, training, reports"),
        USER,
        Retention::Days(30),
    ),
    row(
        Topic::Clicks,
        "motet.clicks",
        Kind::Outcome,
        ("node", "profiles, training, reports"),
        USER,
        Retention::Days(30),
    ),
    row(
        Topic::Conversions,
        "motet.conversions",
        Kind::Outcome,
        ("node", "profiles, training, reports"),
        USER,
        Retention::Days(90),
    ),
    row(
        Topic::Policies,
        "motet.policies",
        Kind::PolicyUpdate,
        ("node", "agents, nodes"),
        (KeyOf::Platform, "all"),
        Retention::Last,
    ),
    row(
        Topic::Health,
        "motet.health",
        Kind::AgentHealth,
        ("node", "operators"),
        (KeyOf::Agent, "one agent's"),
        Retention::Days(3),
    ),
];

impl Topic {
    /// Returns the topic's row of the map.
    pub fn row(self) -> &'static Row {
        MAP.iter().find(|row| row.topic == self).expect("a test holds the map complete")
    }

    /// Returns the topic's name on the bus.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Finds a topic by its name on the bus.
    pub fn of_name(name: &str) -> Option<Self> {
        MAP.iter().find(|row| row.name == name).map(|row| row.topic)
    }
}

/// Writes the map as the table that stands in `docs/messages.md`.
pub fn to_markdown() -> String {
    let mut page = String::from(
        "| topic | message | published by | read by | key | order kept | kept for |\n|---|---|---|---|---|---|---|\n",
    );
    for row in &MAP {
        let key = match row.key {
            KeyOf::User => "user, else decision",
            KeyOf::Campaign => "campaign, else decision",
            KeyOf::Agent => "agent",
            KeyOf::Platform => "one for all",
        };
        let retention = match row.retention {
            Retention::Days(days) => format!("{days} days"),
            Retention::Last => "the last of each key".to_owned(),
        };
        let Row { name, kind, publisher, subscribers, order, .. } = row;
        let kind = kind.name();
        // Writing to a String does not fail.
        let _ = writeln!(
            page,
            "| `{name}` | `{kind}` | {publisher} | {subscribers} | {key} | {order} | {retention} |"
        );
    }
    page
}
