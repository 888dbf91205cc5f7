//! The bidder's card.

use motet_agent::{AgentCard, AgentName, Intent, Limit, Parameter};

/// What the bidder promises.
pub static CARD: AgentCard = AgentCard {
    name: AgentName::Bidder,
    version: 2,
    objective: "Maximise expected profit (value − price) × P(win) of each candidate, subject to bid ≤ value and to \
                each campaign's cost per result staying at its target.",
    intents: &[Intent::OfferPrice],
    timescale: "Prices each candidate of each request; learns each win, loss and expiry; on control ticks \
                moves a campaign's shade, and its multiplier once for each ten results' worth of spend whose results are in.",
    sees: "The candidates (campaign, creative, media kind, deal, floor, pricing rule, market, P(click), \
           P(conversion), features); whose inventory it is; from the catalog the campaign's goal and highest price.",
    never: "Sees a user, a page, a budget, interests or another agent's proposals. Never bids above the value, never \
            suppresses a candidate.",
    limits: &[
        Limit { rule: "CO-1: no bid above its value", enforced_by: "coordinator" },
        Limit { rule: "AG-1: equal views under equal state give equal proposals", enforced_by: "replay" },
        Limit { rule: "AG-2: only the intents above", enforced_by: "coordinator" },
        Limit {
            rule: "No bid above the campaign's highest price",
            enforced_by: "coordinator and this agent",
        },
        Limit { rule: "Markets, hours and open bids kept are bounded in number", enforced_by: "this agent" },
    ],
    chance: "None: bids follow the landscape; prices are explored by the landscape's own uncertainty and the \
             changing values of candidates.",
    learns_from: "Won, Lost and Expired (seconds to the bid's window); Billed or owned Impression for cost; Click and \
                  Conversion, counted after an hour and a day.",
    if_absent: "No offers, so no bids: every imp answers no bid (the coordinator's fallback).",
    goes_wrong_by: "Shading too far where a seller tells of wins only and its window is long; a landscape that moves \
                    faster than 5,000 outcomes; predictions that are wrong in one corner, which a campaign-wide \
                    multiplier cannot see.",
    watched_by: "bid_to_value, win rate, cost over target by campaign, calibration of P(win), multiplier \
                 (p10, p50, p90), refusals above_value and below_floor",
    evidence: "`cargo test -p motet-agents bidder`: on a log-normal first-price market after 4,000 auctions the \
               learned bid earns over 99 % of the best profit when the minimum to win is told (measured 99.8 %) and over \
               95 % when only wins and losses are (97.2 %); a truthful bid earns none. Restored state prices \
               identically.",
    not_for: "Keeping to a budget (the pacer's); choosing among candidates (the auction's); negotiating deals.",
    observation: &[
        Parameter {
            name: "log_cost_ratio",
            unit: "ln(realised ÷ target)",
            least: -3.0,
            most: 3.0,
            default: 0.0,
        },
        Parameter { name: "expected_results", unit: "results", least: 0.0, most: 1_000.0, default: 0.0 },
        Parameter { name: "multiplier", unit: "share", least: 0.2, most: 1.0, default: 1.0 },
        Parameter { name: "win_rate", unit: "wins per bid", least: 0.0, most: 1.0, default: 0.0 },
        Parameter {
            name: "price_to_value",
            unit: "cost ÷ value of wins",
            least: 0.0,
            most: 1.0,
            default: 0.0,
        },
        Parameter { name: "bids", unit: "log10 of 1 + bids", least: 0.0, most: 15.0, default: 0.0 },
    ],
    action: &[
        Parameter {
            name: "gain",
            unit: "step per ln(realised ÷ target)",
            least: 0.0,
            most: 1.0,
            default: 0.5,
        },
        Parameter { name: "trim", unit: "added step, ln", least: -0.2, most: 0.2, default: 0.0 },
        Parameter {
            name: "shade",
            unit: "share of the way to the full offer, or of the bid taken off",
            least: -0.8,
            most: 1.0,
            default: 0.0,
        },
    ],
};
