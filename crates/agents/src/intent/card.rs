//! The intent agent's card.

use motet_agent::{AgentCard, AgentName, Intent, Limit, Parameter};

/// What the intent agent promises.
pub static CARD: AgentCard = AgentCard {
    name: AgentName::Intent,
    version: 1,
    objective: "Say what the listener is interested in, as weights over IAB Content Taxonomy 3.x that sum to at most 1. \
                Maximises how well clicks are predicted from interests.",
    intents: &[Intent::ActivateInterests],
    timescale: "Proposes once per request; learns from each event; the mix moves on control ticks.",
    sees: "inventory (categories and the rest of where the ad is shown), user (key, segments, keywords, as far as \
           permitted). It uses the categories and the key alone.",
    never: "Never sees device, address, privacy strings, prices or campaigns. Never names an ad. Never keeps a \
            category of health, belief, politics, crime or a sensitive topic in a profile.",
    limits: &[
        Limit {
            rule: "AG-1: equal views give equal proposals",
            enforced_by: "test equal_views_give_equal_proposals",
        },
        Limit { rule: "AG-2: asks for interests alone", enforced_by: "coordinator (card)" },
        Limit {
            rule: "Interests made from identity need permission to use it",
            enforced_by: "edge (key taken out), coordinator (basis against restraints)",
        },
        Limit {
            rule: "At most 200,000 users (default) and 16 categories each are remembered",
            enforced_by: "its table (test the_table_forgets_whom_it_must)",
        },
    ],
    chance: "None.",
    learns_from: "Decided (content seen, at once), impression, click, conversion when known; weights 1, 0.1, 5, 20 \
                  views. Half-lives 30 minutes and 14 days.",
    if_absent: "No interests: ads are ranked without an interest match.",
    goes_wrong_by: "Shared devices mix people; a flood of one page type hides lasting interests until the short part \
                    decays; content without mapped categories teaches nothing (news has no category in 3.x).",
    watched_by: "share of requests with a known user, share of proposals by basis, refused actions, click model \
                 calibration by interest bucket",
    evidence: "Tests in agents::intent: decay doctest, a_click_outweighs_views, sensitive_content_stays_out_of_profiles, \
               a_restored_agent_proposes_the_same. Cost: `motet bench decide`.",
    not_for: "Audience segments bought elsewhere, which stay targeting; identity resolution; sensitive data.",
    observation: &[
        Parameter { name: "known_share", unit: "share of requests", least: 0.0, most: 1.0, default: 0.0 },
        Parameter { name: "click_rate", unit: "clicks per impression", least: 0.0, most: 1.0, default: 0.0 },
        Parameter { name: "table_full", unit: "share", least: 0.0, most: 1.0, default: 0.0 },
    ],
    action: &[
        Parameter { name: "mix_short", unit: "weight", least: 0.0, most: 1.0, default: 0.35 },
        Parameter { name: "mix_long", unit: "weight", least: 0.0, most: 1.0, default: 0.35 },
        Parameter { name: "mix_context", unit: "weight", least: 0.05, most: 1.0, default: 0.3 },
        Parameter { name: "decay", unit: "times the usual", least: 0.25, most: 4.0, default: 1.0 },
    ],
};
