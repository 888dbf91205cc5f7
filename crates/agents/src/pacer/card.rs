//! The pacer's card.

use motet_agent::{AgentCard, AgentName, Intent, Limit, Parameter};

/// What the pacer promises.
pub static CARD: AgentCard = AgentCard {
    name: AgentName::Pacer,
    version: 1,
    objective: "Spend each campaign's budget along its plan (even, front-loaded or as soon as possible), at the least \
                loss of value: minimise |spent − planned|, subject to the whole budget being spent by day end.",
    intents: &[Intent::PaceSpend],
    timescale: "Reads accounts on each request; moves its integral and reference on control ticks (60 s).",
    sees: "For each candidate its campaign's account: daily and total budget, spent and reserved, today and overall. \
           On ticks also flight, pacing, dayparts of the catalog, and how many requests were decided.",
    never: "Sees a user, a page, a price, a value or another agent's proposals. Never bids, names or stops a \
            campaign; never raises a bid.",
    limits: &[
        Limit {
            rule: "LG-2: spend never exceeds the budget",
            enforced_by: "ledger, whatever the pacer says",
        },
        Limit { rule: "The multiplier is within 0 and 1", enforced_by: "its type" },
        Limit { rule: "AG-1: equal views under equal state give equal proposals", enforced_by: "replay" },
        Limit { rule: "AG-2: only the intents above", enforced_by: "coordinator" },
    ],
    chance: "None: bids are scaled, requests are not thrown away by lot.",
    learns_from: "Decided requests for the traffic curve (at once, by half-hour, over days); Billed or owned \
                  Impression for how long money is pending (median under a minute).",
    if_absent: "The last accepted multiplier of each campaign, decaying to one half; then the ledger's cap alone (the \
                coordinator's fallback).",
    goes_wrong_by: "A day whose traffic falls unlike the days before; a budget too large for the market, which it \
                    cannot spend; an auction so steep in price that small steps swing the win rate.",
    watched_by: "pacing error (spent − planned over budget), multiplier (p10, p50, p90), sign changes of the error \
                 per day, refusals paced",
    evidence: "`cargo test -p motet-agents pacer`, a simulated day of 86,000 requests with an unknown diurnal curve, \
               price noise and delays of up to ten minutes: `an_even_day_is_spent_to_the_end` (98.8 to \
               99.5 % spent, worst error 5.5 to 5.7 % of the budget once the curve is known and 16 % on the first \
               day, one to three sign changes a day; without a pacer it is gone by 08:30 to 10:26, worst error 62 to \
               72 %), `an_outage_winds_nothing_up`, \
               `a_budget_raised_at_noon_is_spent`.",
    not_for: "Guaranteed delivery; choosing between campaigns; keeping within the budget (the ledger's).",
    observation: &[
        Parameter { name: "error", unit: "share of budget", least: -1.0, most: 1.0, default: 0.0 },
        Parameter { name: "multiplier", unit: "share", least: 0.0, most: 1.0, default: 1.0 },
        Parameter { name: "plan_past", unit: "share", least: 0.0, most: 1.0, default: 0.0 },
        Parameter { name: "spent", unit: "share of budget", least: 0.0, most: 10.0, default: 0.0 },
        Parameter { name: "traffic_ratio", unit: "counted ÷ expected", least: 0.0, most: 1.0, default: 1.0 },
    ],
    action: &[
        Parameter { name: "gain", unit: "ln per share of budget", least: 0.0, most: 200.0, default: 40.0 },
        Parameter {
            name: "integral",
            unit: "ln per share of budget and plan",
            least: 0.0,
            most: 4_000.0,
            default: 400.0,
        },
        Parameter { name: "trim", unit: "ln", least: -1.0, most: 1.0, default: 0.0 },
    ],
};
