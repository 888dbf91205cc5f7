//! Policies seated by an event.

use super::{market::request, *};

/// A policy that always answers the same part of the ranges on its agent's card.
fn constant(agent: &motet_agent::AgentCard, part: f64) -> motet_policy::AgentPolicy {
    motet_policy::AgentPolicy {
        agent: agent.name.name().to_owned(),
        version: format!("{}-constant@1", agent.name),
        observation: agent.observation_numbers(),
        action: agent.action_numbers(),
        body: motet_policy::Body::Constant(vec![part; agent.action.len()]),
    }
}

fn steered(version: &str, agents: Vec<motet_policy::AgentPolicy>) -> Event {
    Event::Steered(std::sync::Arc::new(motet_policy::PolicySet { version: version.to_owned(), agents }))
}

#[test]
fn policies_are_seated_all_or_none_and_survive_options_and_snapshots() {
    let mut desk = Desk::open(50.0);
    let bidder = constant(&motet_agents::bidder::CARD, -0.5);
    assert_eq!(desk.take(steered("low@1", vec![bidder.clone()])), Effect::Changed(Ok(())));
    assert_eq!(desk.engine.steering().0, "low@1");
    let mut other = constant(&motet_agents::pacer::CARD, 0.5);
    other.action[0].most = 1e9;
    let Effect::Changed(Err(reason)) = desk.take(steered("odd@1", vec![bidder, other])) else { panic!() };
    assert!(reason.contains("pacer") && reason.contains("gain"), "{reason}");
    assert_eq!(desk.engine.steering().0, "low@1", "nothing was seated");
    desk.take(Event::Configured(Box::new(Options { seed: 5, ..Options::default() })));
    assert_eq!(desk.engine.steering().0, "low@1", "other options leave the policies");
    let loaded = Engine::load(&desk.engine.save()).unwrap();
    assert_eq!(loaded.steering(), desk.engine.steering());
    assert_eq!(desk.take(steered("fixed@1", Vec::new())), Effect::Changed(Ok(())), "and back");
    assert_eq!(desk.engine.digest(), {
        let mut again = Engine::new(Options::default(), 1);
        desk.journal.iter().for_each(|record| again.retake(record).unwrap());
        again.digest()
    });
}

#[test]
fn what_policies_ask_for_is_what_agents_do() {
    let highest = |policies: Option<Event>| {
        let mut desk = Desk::open(50.0);
        if let Some(policies) = policies {
            desk.take(policies);
            desk.take(Event::Ticked);
        }
        (0..60).filter_map(|n| desk.ask(request(n)).ok()).map(|bid| bid.price).max().expect("some bid")
    };
    let plain = highest(None);
    let low = highest(Some(steered("low@1", vec![constant(&motet_agents::bidder::CARD, -0.25)])));
    assert!(low < plain, "a bidder told to take a fifth off bids less: {low} against {plain}");
}
