//! The guard's card.

use motet_agent::{AgentCard, AgentName, Intent, Limit, Parameter};

/// What the guard promises.
pub static CARD: AgentCard = AgentCard {
    name: AgentName::Guard,
    version: 1,
    objective: "Let no money go to traffic that is no person's: maximise invalid traffic found, subject to at most one \
                honest request in ten thousand flagged by the static checks.",
    intents: &[Intent::ScreenTraffic],
    timescale: "Reads each request and each notice; moves its thresholds, its list of suspect sources and the kinds of \
                visitor it refuses at a seller on control ticks.",
    sees: "The device (user agent, client hints, kind, system, network address as far as permitted), the inventory, \
           the imps, the supply chain, oddities the edge tolerated, the request's id, the user's key as far as \
           permitted; of a notice its bid and what was told of it before.",
    never: "Sees a campaign, a price, a budget, interests or another agent's proposals. Never learns who a user is; \
            never screens an exchange's own win, bill or loss.",
    limits: &[
        Limit { rule: "Exactly one flag or clear for each request", enforced_by: "coordinator" },
        Limit { rule: "AG-1: equal views under equal state give equal proposals", enforced_by: "replay" },
        Limit { rule: "AG-2: only the intents above", enforced_by: "coordinator" },
        Limit {
            rule: "A filtered notice is never charged or learned from",
            enforced_by: "engine and ledger",
        },
        Limit { rule: "Tables of counts do not grow", enforced_by: "this agent" },
    ],
    chance: "None.",
    learns_from: "Decided requests for rates, repeats and strangers at an address (at once), for what a seller's \
                  traffic looks like and for where its visitors are met otherwise; counted impressions, clicks and conversions for users, addresses and sources; \
                  filtered notices for users found invalid.",
    if_absent: "The request counts as unscreened and gets no paid ads (the coordinator's fallback).",
    goes_wrong_by: "Large offices and mobile networks behind one address; new crawlers that call themselves browsers; \
                    ranges of datacentres that change hands; an attack that flags a rival's users by false clicks, \
                    or sends machines to a rival's pages; lines where everybody is new (hotels with one-page visits); a page whose regulars go nowhere else \
                    and come at night or click as no others do; machines that browse elsewhere too.",
    watched_by: "flags by finding, filtered notices by finding, share of requests cleared, suspect sources",
    evidence: "`cargo test -p motet-agents guard`: every listed crawler and library found and no ordinary browser or \
               app (by hand against public lists: 2,095 of 2,118 real crawler user agents flagged, the rest left out \
               as ambiguous, and 0 of 6,936 browsers'); contradictions, slots, chains, rates, click order and timing each by a table; a source of false \
               clicks found among honest ones; machines of one seller refused \
               and its people not; restored state judges identically. Against twelve simulated families \
               of attack: docs/assumptions/fraud.md.",
    not_for: "Ads in wrong places (safety's); proving fraud to a seller; traffic that behaves in every way like a \
              person's.",
    observation: &[
        Parameter { name: "requests_per_minute", unit: "requests", least: 0.0, most: 1e9, default: 0.0 },
        Parameter {
            name: "filtered",
            unit: "notices filtered per request",
            least: 0.0,
            most: 1.0,
            default: 0.0,
        },
    ],
    action: &[
        Parameter { name: "user_per_minute", unit: "requests", least: 10.0, most: 1_000.0, default: 60.0 },
        Parameter {
            name: "address_per_minute",
            unit: "requests",
            least: 60.0,
            most: 100_000.0,
            default: 600.0,
        },
        Parameter { name: "clicks_per_hour", unit: "clicks", least: 2.0, most: 200.0, default: 20.0 },
        Parameter {
            name: "click_rate_times",
            unit: "times the others'",
            least: 2.0,
            most: 100.0,
            default: 10.0,
        },
    ],
};
