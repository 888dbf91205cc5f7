//! `motet card`: what an agent promises.

use anyhow::{Context, Result};
use motet_agent::AgentCard;
use serde_json::{Value, json};

fn cards() -> [&'static AgentCard; 7] {
    use motet_agents::{bidder, guard, intent, pacer, relevance, safety};
    [
        &intent::CARD,
        &guard::CARD,
        &safety::CARD,
        &relevance::CARD,
        &bidder::CARD,
        &pacer::CARD,
        &motet_baseline::CARD,
    ]
}

fn to_json(card: &AgentCard) -> Value {
    let parameters = |list: &[motet_agent::Parameter]| -> Vec<Value> {
        list.iter()
            .map(|p| json!({"name": p.name, "unit": p.unit, "least": p.least, "most": p.most, "default": p.default}))
            .collect()
    };
    let limits: Vec<_> =
        card.limits.iter().map(|l| json!({"rule": l.rule, "enforced_by": l.enforced_by})).collect();
    let intents: Vec<_> = card.intents.iter().map(|intent| intent.name()).collect();
    json!({
        "name": card.name, "version": card.version, "objective": card.objective, "intents": intents,
        "timescale": card.timescale, "sees": card.sees, "never": card.never, "limits": limits,
        "chance": card.chance, "learns_from": card.learns_from, "if_absent": card.if_absent,
        "goes_wrong_by": card.goes_wrong_by, "watched_by": card.watched_by, "evidence": card.evidence,
        "not_for": card.not_for, "observation": parameters(card.observation), "action": parameters(card.action),
    })
}

/// Prints one card, or all.
pub(crate) fn command(agent: Option<&str>, json: bool) -> Result<()> {
    let all = cards();
    let chosen: Vec<&AgentCard> =
        match agent {
            None => all.to_vec(),
            Some(name) => {
                let names: Vec<_> = all.iter().map(|card| card.name.name()).collect();
                let found = all.iter().find(|card| card.name.name() == name);
                vec![found.with_context(|| {
                    format!("no agent is called '{name}'; there are {}", names.join(", "))
                })?]
            }
        };
    if json {
        let values: Vec<Value> = chosen.iter().map(|card| to_json(card)).collect();
        let printed = if agent.is_some() { values.into_iter().next() } else { Some(Value::Array(values)) };
        println!("{}", serde_json::to_string_pretty(&printed)?);
        return Ok(());
    }
    for card in chosen {
        println!("{}", card.to_markdown());
    }
    Ok(())
}
