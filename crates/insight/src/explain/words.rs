//! Reasons, fates and asks in plain sentences.

use motet_agent::{Ask, Basis, Interests, Priority, RefusedReason, Restraint};
use motet_model::{
    campaign::{Risk, SensitiveTopic},
    decision::Bid,
};

use super::{
    candidates::{CandidateLine, Fate, Names},
    counterfactual::Change,
    request::category_name,
};

/// Returns the name of the priority under which a reason refuses; `contract` for what the agent contract rules.
pub(super) const fn priority_of(reason: RefusedReason) -> &'static str {
    match reason {
        RefusedReason::Overruled(priority) => priority_name(priority),
        RefusedReason::Unsafe(_) => "safety",
        RefusedReason::NoConsent => "consent",
        RefusedReason::InvalidTraffic(_) => "fraud",
        RefusedReason::NoBudget | RefusedReason::Paced => "budget",
        RefusedReason::BelowFloor | RefusedReason::AboveValue => "bidding",
        RefusedReason::NotEligible | RefusedReason::CandidateRefused => "relevance",
        RefusedReason::NotOnCard
        | RefusedReason::OutOfRange
        | RefusedReason::UnknownTarget
        | RefusedReason::Repeated
        | RefusedReason::Late => "contract",
    }
}

const fn priority_name(priority: Priority) -> &'static str {
    match priority {
        Priority::Safety => "safety",
        Priority::Consent => "consent",
        Priority::Fraud => "fraud",
        Priority::Budget => "budget",
        Priority::Bidding => "bidding",
        Priority::Relevance => "relevance",
    }
}

/// Says why a proposal was refused.
pub(super) fn refused_sentence(reason: RefusedReason) -> String {
    match reason {
        RefusedReason::Overruled(priority) => {
            format!("It was overruled: {} had settled the matter.", priority_name(priority))
        }
        RefusedReason::Unsafe(why) => format!("A safety restraint forbids it ({}).", why.name()),
        RefusedReason::InvalidTraffic(finding) => finding.sentence().to_owned(),
        plain => plain_sentence(plain.name()).to_owned(),
    }
}

fn plain_sentence(reason: &str) -> &'static str {
    match reason {
        "not_on_card" => "The agent's card does not allow this.",
        "out_of_range" => "A number is outside its range, or there were too many.",
        "unknown_target" => "It names something that is not there.",
        "repeated" => "The same thing had been asked before, or its campaign had a slot already.",
        "placed_in_an_earlier_slot" => "Its campaign had been placed in an earlier slot of this request.",
        "late" => "It came after the decision's time was up.",
        "no_consent" => "It uses identity that is not permitted.",
        "not_eligible" => "The ad does not run, or does not fit the imp.",
        "no_budget" => "It had been chosen, but its campaign cannot pay for it.",
        "paced" => "After pacing, the bid is below the floor.",
        "below_floor" => "The bid is below the floor.",
        "above_value" => "The bid is above the value.",
        "candidate_refused" => "Its ad had been refused.",
        _ => "It was refused.",
    }
}

/// Says what became of a candidate.
pub(super) fn fate_sentence(line: &CandidateLine) -> String {
    match line.fate {
        Fate::Chosen { price_cpm_micros } => match line.price_cpm_micros {
            Some(entered) if entered > price_cpm_micros => {
                format!("Chosen: it entered at {entered} CPM and pays {price_cpm_micros} CPM.")
            }
            _ => format!("Chosen at {price_cpm_micros} CPM."),
        },
        Fate::Outbid { by_cpm_micros } if by_cpm_micros.get() == 0 => {
            "It tied with the chosen ad, and the draw went against it.".to_owned()
        }
        Fate::Outbid { by_cpm_micros } => format!("Outbid by {by_cpm_micros} CPM."),
        Fate::PassedOver => "It was the higher one, but exploration chose another.".to_owned(),
        Fate::Refused { reason, under } => {
            let plain = || plain_sentence(reason).to_owned();
            let repeated = RefusedReason::Repeated;
            let why = line.refused.filter(|why| *why != repeated).map_or_else(plain, refused_sentence);
            format!("Refused under {under}: {why}")
        }
        Fate::NoOffer => "No offer for it was heard.".to_owned(),
    }
}

/// Says why an imp got its bid.
pub(super) fn bid_sentence(bid: &Bid, candidates: &[CandidateLine], names: Names<'_>) -> String {
    let entered = candidates.iter().filter(|line| line.rank.is_some()).count();
    let campaign = names.campaign_name(bid.campaign);
    let chosen = candidates.iter().find(|line| matches!(line.fate, Fate::Chosen { .. }));
    let how = match chosen.and_then(|line| line.rank) {
        Some(1) if entered > 1 => format!("had the highest price of {entered} ads"),
        Some(1) => "was the only ad left to choose".to_owned(),
        Some(rank) => format!("was tried by exploration, although it ranked {rank} of {entered}"),
        None => "was chosen".to_owned(),
    };
    format!("'{campaign}' {how} and is offered at {} CPM.", bid.price)
}

/// Says what a change would have done.
pub(super) fn change_sentence(line: &CandidateLine, change: &Change) -> String {
    let name = &line.campaign_name;
    match change {
        Change::Bid { from_cpm_micros, to_cpm_micros } => {
            let more = super::candidates::difference(*to_cpm_micros, *from_cpm_micros);
            format!("'{name}' would have been chosen with a bid {more} CPM higher, {to_cpm_micros} CPM.")
        }
        Change::PacingMultiplier { from, to } => {
            let was = from.map_or_else(String::new, |from| format!(" instead of {from:.6}"));
            format!("'{name}' would have been chosen with a pacing multiplier of {to:.6}{was}.")
        }
        Change::Value { from_cpm_micros, to_cpm_micros } => format!(
            "'{name}' could not have been chosen at its value: an impression would have had to be worth \
             {to_cpm_micros} CPM to it, not at most {from_cpm_micros} CPM."
        ),
        Change::Price { to_cpm_micros, .. } => {
            format!("'{name}' would have been chosen at a price of {to_cpm_micros} CPM.")
        }
        Change::Budget { at_most_nanos } => format!(
            "'{name}' would have been chosen with room in its budget for one impression, {at_most_nanos} at most."
        ),
        Change::NoExploration => format!("'{name}' would have been chosen without exploration."),
    }
}

/// Says what an ask asks for.
pub(super) fn ask_in_words(ask: &Ask, names: Names<'_>) -> String {
    match ask {
        Ask::Profile { interests, basis } => {
            format!("{} (from {})", interests_in_words(interests), basis_in_words(*basis))
        }
        Ask::Flag { finding } => format!("invalid: {}", finding.name()),
        Ask::Clear => "valid".to_owned(),
        Ask::Restrain(restraint) => restraint_in_words(restraint, names),
        Ask::Rank(ranking) => format!(
            "{} / {}, pCTR {:.6}, pCVR {:.6}, floor {} CPM",
            names.campaign(ranking.campaign),
            names.creative(ranking.creative),
            ranking.p_click.get(),
            ranking.p_conversion.get(),
            ranking.floor
        ),
        Ask::Explore { greed, .. } => format!("greed {greed}"),
        Ask::Offer { value, bid, .. } => format!("bid {bid} CPM of a value of {value} CPM"),
        Ask::Pace { multiplier, .. } => format!("multiplier {:.6}", multiplier.get()),
    }
}

pub(super) const fn basis_in_words(basis: Basis) -> &'static str {
    match basis {
        Basis::Context => "content alone",
        Basis::Identity => "content and past events",
    }
}

fn interests_in_words(interests: &Interests) -> String {
    let one = |(category, weight): &(_, f32)| format!("{} {weight:.3}", category_name(*category));
    let all: Vec<String> = interests.0.iter().map(one).collect();
    if all.is_empty() { "no interests".to_owned() } else { all.join(", ") }
}

fn restraint_in_words(restraint: &Restraint, names: Names<'_>) -> String {
    match restraint {
        Restraint::RefuseRequest(reason) => format!("answer with no ad ({})", reason.name()),
        Restraint::ContextOnly(reason) => format!("use no identity ({})", reason.name()),
        Restraint::ContentRisk { topic, risk } => {
            format!("the content has {} risk of {}", risk_name(*risk), topic_name(*topic))
        }
        Restraint::NoCategory(category, reason) => {
            format!("no ads for {} ({})", category_name(*category), reason.name())
        }
        Restraint::NoAdvertiser(ix) => format!("no ads of {}", names.advertiser(*ix)),
        Restraint::HonourSwitches => "kill switches hold".to_owned(),
    }
}

const fn risk_name(risk: Risk) -> &'static str {
    match risk {
        Risk::None => "no",
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
        Risk::Floor => "floor",
    }
}

const fn topic_name(topic: SensitiveTopic) -> &'static str {
    match topic {
        SensitiveTopic::Adult => "adult content",
        SensitiveTopic::Arms => "arms",
        SensitiveTopic::Crime => "crime",
        SensitiveTopic::Death => "death or injury",
        SensitiveTopic::Piracy => "piracy",
        SensitiveTopic::Hate => "hate",
        SensitiveTopic::Obscenity => "obscenity",
        SensitiveTopic::Drugs => "drugs, tobacco or alcohol",
        SensitiveTopic::Spam => "spam or harmful content",
        SensitiveTopic::Terrorism => "terrorism",
        SensitiveTopic::SocialIssues => "debated social issues",
    }
}
