//! The safety agent's card.

use motet_agent::{AgentCard, AgentName, Intent, Limit};

/// What the safety agent promises.
pub static CARD: AgentCard = AgentCard {
    name: AgentName::Safety,
    version: 1,
    objective: "Keep ads off content they must not stand beside, and identity out of decisions it is not permitted \
                in, with as little blocked as the rules allow. No score is traded against it.",
    intents: &[Intent::Restrain],
    timescale: "Reads each request. Its rules move only with the catalog and the configuration.",
    sees: "The privacy signals; the inventory (publisher, categories, keywords, title); whether identity reached \
           the core; from the catalog advertisers' brand safety and blocks, and the kill switches.",
    never: "Sees a price, a budget, a prediction, an interest profile or another agent's proposals. Never names an \
            ad, never learns, never lifts a restraint.",
    limits: &[
        Limit { rule: "AG-1: equal views under equal state give equal proposals", enforced_by: "replay" },
        Limit { rule: "AG-2: only the intents above", enforced_by: "coordinator" },
        Limit {
            rule: "A restraint holds for every candidate and is outvoted by nothing",
            enforced_by: "coordinator, priority safety and consent",
        },
        Limit {
            rule: "Identity is removed before anything is logged",
            enforced_by: "the HTTP edge, by the same consent function",
        },
    ],
    chance: "None.",
    learns_from: "Nothing. It rebuilds its maps when advertisers or kill switches change.",
    if_absent: "No ads for the request: without restraints nothing is safe (the coordinator's fallback).",
    goes_wrong_by: "Over-blocking by a wrong category of the seller; under-blocking where content is described in \
                    words it does not know; segments whose numeric names cannot be read.",
    watched_by: "proposals_total{agent=\"safety\"}, refusals by reason, no-bids policy_blocked and unsafe, consent \
                 mix by reason",
    evidence: "`cargo test -p motet-agents safety`: the standards' own consent strings, a differential test of the \
               US sections against another decoder, property tests that no text panics or permits by accident, \
               and the table of content and risks.",
    not_for: "Judging pictures, sound or full text; deciding what the law is where a deployment's lawyers say \
              otherwise.",
    observation: &[],
    action: &[],
};
