//! The first stage: safety, consent and fraud have their say, then interest within what they leave.

use motet_agent::{
    Agent, Ask, Basis, GuardSight, IntentSight, Interests, Priority, RefusedReason, Restraint, SafetyReason,
    SafetySight, Sight,
};
use motet_model::{
    codes::CategoryId,
    decision::{Finding, NoBidReason},
};
use smallvec::SmallVec;

use crate::{
    Screening, Team,
    hearing::{Hearing, Places},
};

/// Asks safety, and for the team of agents intent and guard, and settles what they say by priority.
pub(crate) fn screen(hearing: &mut Hearing<'_, '_>, team: &Team<'_>) -> Screening {
    match team {
        Team::Agents { intent, guard, safety, .. } => {
            let profile = ask_intent(hearing, *intent);
            let flags = ask_guard(hearing, *guard);
            let restraints = ask_safety(hearing, *safety);
            let mut screening = settle_safety(hearing, restraints);
            settle_traffic(hearing, flags, &mut screening);
            settle_interests(hearing, profile, &mut screening);
            screening
        }
        Team::Baseline { safety, .. } => {
            let restraints = ask_safety(hearing, *safety);
            let mut screening = settle_safety(hearing, restraints);
            settle_interests(hearing, None, &mut screening);
            screening
        }
    }
}

fn ask_intent(hearing: &mut Hearing<'_, '_>, intent: &dyn Agent) -> Option<Places> {
    let request = hearing.brief.request;
    hearing.ask(intent, Sight::Intent(IntentSight { inventory: &request.inventory, user: &request.user }))
}

fn ask_guard(hearing: &mut Hearing<'_, '_>, guard: &dyn Agent) -> Option<Places> {
    let request = hearing.brief.request;
    let sight = GuardSight {
        request: &request.id,
        device: &request.device,
        inventory: &request.inventory,
        imps: &request.imps,
        supply: &request.supply,
        oddities: request.oddities,
        user: request.user.key,
    };
    hearing.ask(guard, Sight::Guard(sight))
}

fn ask_safety(hearing: &mut Hearing<'_, '_>, safety: &dyn Agent) -> Option<Places> {
    let request = hearing.brief.request;
    let sight = SafetySight { privacy: &request.privacy, inventory: &request.inventory, user: &request.user };
    hearing.ask(safety, Sight::Safety(sight))
}

fn settle_safety(hearing: &Hearing<'_, '_>, safety: Option<Places>) -> Screening {
    let mut screening = Screening::default();
    let Some(places) = safety else {
        // Without safety nothing is shown: it fails closed.
        screening.refusal = Some(hearing.absence());
        return screening;
    };
    if take_restraints(hearing, places, &mut screening).is_some() {
        screening.refusal = Some(NoBidReason::PolicyBlocked);
    }
    screening
}

/// Takes the restraints that stand; returns why the request must not be answered, if so.
fn take_restraints(
    hearing: &Hearing<'_, '_>,
    places: Places,
    screening: &mut Screening,
) -> Option<SafetyReason> {
    let mut refused_for = None;
    for place in places {
        let Some(proposal) = hearing.standing(place) else { continue };
        let Ask::Restrain(restraint) = &proposal.ask else { continue };
        if let Restraint::RefuseRequest(reason) = restraint {
            refused_for = refused_for.or(Some(*reason));
        }
        screening.restraints.push(restraint.clone());
    }
    refused_for
}

fn settle_traffic(hearing: &mut Hearing<'_, '_>, guard: Option<Places>, screening: &mut Screening) {
    let Some(places) = guard else {
        // Unscreened traffic is not bought: the guard fails closed too.
        screening.refusal = screening.refusal.or(Some(hearing.absence()));
        return;
    };
    if screening.refusal.is_some() {
        hearing.refuse_all(places, RefusedReason::Overruled(Priority::Safety));
        return;
    }
    let (mut finding, mut screened) = (None, false);
    for place in places {
        let Some(proposal) = hearing.standing(place) else { continue };
        let found: Option<Option<Finding>> = match proposal.ask {
            Ask::Flag { finding } => Some(Some(finding)),
            Ask::Clear => Some(None),
            _ => None,
        };
        match found {
            Some(_) if screened => hearing.refuse(place, RefusedReason::Repeated),
            Some(found) => (finding, screened) = (found, true),
            None => {}
        }
    }
    screening.refusal = match (screened, finding) {
        (false, _) => Some(NoBidReason::AgentAbsent),
        (true, Some(finding)) => Some(NoBidReason::InvalidTraffic(finding)),
        (true, None) => None,
    };
}

fn settle_interests(hearing: &mut Hearing<'_, '_>, profile: Option<Places>, screening: &mut Screening) {
    screening.interests = context_interests(hearing);
    let Some(places) = profile else { return };
    match screening.refusal {
        Some(NoBidReason::InvalidTraffic(_)) => {
            return hearing.refuse_all(places, RefusedReason::Overruled(Priority::Fraud));
        }
        Some(_) => return hearing.refuse_all(places, RefusedReason::Overruled(Priority::Safety)),
        None => {}
    }
    let mut taken = false;
    for place in places {
        let Some(proposal) = hearing.standing(place) else { continue };
        let Ask::Profile { interests, basis } = &proposal.ask else { continue };
        if taken {
            hearing.refuse(place, RefusedReason::Repeated);
        } else if !well_formed(interests) {
            hearing.refuse(place, RefusedReason::OutOfRange);
        } else if *basis == Basis::Identity && !screening.allows_identity() {
            hearing.refuse(place, RefusedReason::NoConsent);
        } else {
            screening.interests = interests.clone();
            taken = true;
        }
    }
}

fn well_formed(interests: &Interests) -> bool {
    let in_range = interests.0.iter().all(|(_, weight)| (0.0..=1.0).contains(weight));
    let sum: f32 = interests.0.iter().map(|(_, weight)| weight).sum();
    in_range && sum <= 1.0 + 1e-4
}

/// Interests from the content alone: what stands in for an absent or refused profile.
fn context_interests(hearing: &Hearing<'_, '_>) -> Interests {
    let categories: &[CategoryId] = &hearing.brief.request.inventory.categories;
    let taken: SmallVec<[CategoryId; 8]> = categories.iter().copied().take(8).collect();
    let weight = 1.0 / taken.len().max(1) as f32;
    Interests(taken.into_iter().map(|category| (category, weight)).collect())
}
