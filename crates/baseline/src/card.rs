//! The baseline's card.

use motet_agent::{AgentCard, AgentName, Intent, Limit};

/// What the baseline promises.
pub static CARD: AgentCard = AgentCard {
    name: AgentName::Baseline,
    version: 1,
    objective: "Be the plain control: what targeting match, fixed bids, even throttling and a random tie-break reach \
                without learning, so that every gain of the team has something to be a gain over.",
    intents: &[Intent::RankAds, Intent::OfferPrice, Intent::PaceSpend],
    timescale: "Reads each request; counts notices; has no control ticks.",
    sees: "The whole request as far as permitted, the catalog, and the accounts of the campaigns it looks at.",
    never: "Uses interests, predictions by model, price landscapes or another agent's proposals; screens traffic or \
            consent (guard and safety are asked beside it).",
    limits: &[
        Limit { rule: "CO-1: no bid above its value", enforced_by: "coordinator" },
        Limit { rule: "LG-2: spend never exceeds the budget", enforced_by: "ledger" },
        Limit { rule: "At most eight candidates an imp", enforced_by: "this agent" },
        Limit { rule: "AG-1: equal views under equal state give equal proposals", enforced_by: "replay" },
        Limit { rule: "AG-2: only the intents above", enforced_by: "coordinator" },
    ],
    chance: "Ties between equal bids, drawn under the key (seed, decision, \"baseline\").",
    learns_from: "Billed or owned Impression, Click and Conversion: average rates per campaign and views per user and \
                  campaign where it has a frequency cap.",
    if_absent: "No bids in the decisions it was to make.",
    goes_wrong_by: "Time in proportion to the catalog; first-price bids at full value; budgets that a slow hour leaves \
                    behind are not caught up with before the day ends.",
    watched_by: "The same metrics as the team, by arm.",
    evidence: "`cargo test -p motet-baseline`: each rule by a table, AG-1 and AG-2 by property, restored state the \
               same.",
    not_for: "Serving more than a share of traffic as a control.",
    observation: &[],
    action: &[],
};
