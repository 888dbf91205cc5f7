//! The six agents: intent, relevance, bidder, pacer, guard, safety.
