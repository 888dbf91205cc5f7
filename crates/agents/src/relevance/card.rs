//! The relevance agent's card.

use motet_agent::{AgentCard, AgentName, Intent, Limit, Parameter};

/// What the relevance agent promises.
pub static CARD: AgentCard = AgentCard {
    name: AgentName::Relevance,
    version: 1,
    objective: "Name the ads that fit an imp best and say how likely each is clicked and bought from. Minimises the log \
                loss of both rates; keeps predicted over observed at 1.",
    intents: &[Intent::RankAds, Intent::Explore],
    timescale: "Proposes once per request; learns from each notice; greed, sampling and the order of the index move on \
                control ticks.",
    sees: "request (identity taken out where not permitted), user key where identity may be used, interests and \
           restraints accepted, the catalog.",
    never: "Never sees accounts, bids of others or prices paid. Never prices, paces or spends. Never counts a user's \
            impressions where identity may not be used.",
    limits: &[
        Limit {
            rule: "AG-1: equal views give equal proposals",
            enforced_by: "test equal_views_give_equal_proposals",
        },
        Limit { rule: "AG-2: asks to rank and explore alone", enforced_by: "coordinator (card)" },
        Limit {
            rule: "Names only what targeting, fit, flight and restraints allow",
            enforced_by: "exact check (test the_index_finds_what_a_scan_finds), coordinator again",
        },
        Limit {
            rule: "Frequency caps hold, imps of one request included, at the cost of PENDING 60 s per unheard bid",
            enforced_by: "exposure counts (test caps_are_respected)",
        },
        Limit { rule: "At most 16 ads (default) per imp", enforced_by: "its options, coordinator" },
        Limit {
            rule: "At most 200,000 users (default), 128 exposures each and 20 on average",
            enforced_by: "its table",
        },
    ],
    chance: "One draw per imp that has more ads than places: where the sampled ones start. Key (seed, decision, \
             \"relevance\"). The choice among ads is the coordinator's, by the greed asked for; it logs the propensity.",
    learns_from: "Impression (as not clicked, at once), click (takes that back), conversion, billing, loss, expiry, \
                  catalog changes, budgets running out. Clicks within minutes, conversions within days.",
    if_absent: "No ads are named: the request gets no bid.",
    goes_wrong_by: "A feature that changes meaning (a publisher redesign) until rates relearn; winners being those \
                    predicted too high; caps that hold back too much while bids are pending; conversions later than \
                    the bid's window counting as none.",
    watched_by: "predicted over observed for clicks and conversions, ads named per imp, reasons for none, refused \
                 actions, dead share of the index",
    evidence: "Tests in agents::relevance: the_index_finds_what_a_scan_finds (property), ranking_follows_the_clicks, \
               rates_are_calibrated_within_their_error, caps_are_respected, a_restored_agent_proposes_the_same, \
               the_published_values_of_tensorflow_come_out. Cost: `motet bench decide`.",
    not_for: "Guaranteed delivery; lift (it predicts what follows an ad, not what the ad caused).",
    observation: &[
        Parameter {
            name: "click_calibration",
            unit: "predicted over observed",
            least: 0.0,
            most: 10.0,
            default: 1.0,
        },
        Parameter {
            name: "conversion_calibration",
            unit: "predicted over observed",
            least: 0.0,
            most: 10.0,
            default: 1.0,
        },
        Parameter { name: "learned", unit: "log10 of 1 + impressions", least: 0.0, most: 15.0, default: 0.0 },
        Parameter { name: "click_rate", unit: "clicks per impression", least: 0.0, most: 1.0, default: 0.0 },
        Parameter { name: "dead_share", unit: "share of slots", least: 0.0, most: 1.0, default: 0.0 },
        Parameter { name: "seen_before", unit: "share of impressions", least: 0.0, most: 1.0, default: 0.0 },
    ],
    action: &[
        Parameter { name: "greed", unit: "per root impression", least: 0.0, most: 1000.0, default: 4.0 },
        Parameter { name: "sampled", unit: "ads per imp, rounded down", least: 0.0, most: 8.0, default: 4.0 },
        Parameter {
            name: "least_share",
            unit: "share of the best ad's weight",
            least: 0.0,
            most: 0.95,
            default: 0.0,
        },
        Parameter { name: "engagement", unit: "power of pCTR", least: -1.0, most: 1.0, default: 0.0 },
        Parameter {
            name: "novelty",
            unit: "ln, for an ad not yet seen",
            least: -1.0,
            most: 1.0,
            default: 0.0,
        },
        Parameter { name: "fatigue", unit: "ln per time seen", least: -1.0, most: 1.0, default: 0.0 },
    ],
};
