//! Holds every agent's card equal to its page in `docs/agents/`. `MOTET_BLESS=1` rewrites the pages.

use std::{fs, path::PathBuf};

use motet_agent::AgentCard;

/// Every card that has a page. A new agent adds its line here.
const CARDS: &[&AgentCard] = &[
    &crate::intent::CARD,
    &crate::relevance::CARD,
    &motet_baseline::CARD,
    &crate::bidder::CARD,
    &crate::guard::CARD,
    &crate::pacer::CARD,
    &crate::safety::CARD,
];

#[expect(clippy::disallowed_methods, reason = "a test's own switch, read nowhere else")]
fn is_blessing() -> bool {
    std::env::var("MOTET_BLESS").is_ok_and(|value| value == "1")
}

#[test]
fn cards_and_their_pages_say_the_same() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/agents");
    for card in CARDS {
        let path = folder.join(format!("{}.md", card.name));
        if is_blessing() {
            fs::write(&path, card.to_markdown()).unwrap();
        }
        let page = fs::read_to_string(&path).unwrap_or_default();
        assert!(page == card.to_markdown(), "{} is stale: run with MOTET_BLESS=1", path.display());
    }
}

#[test]
fn parameters_start_inside_their_ranges() {
    for card in CARDS {
        for p in card.observation.iter().chain(card.action) {
            assert!((p.least..=p.most).contains(&p.default), "{} of {}", p.name, card.name);
        }
    }
}
