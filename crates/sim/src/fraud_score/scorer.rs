//! Watches a run and counts, knowing the truth.

use std::collections::BTreeMap;

use motet_model::{
    campaign::Goal,
    decision::{Decision, Finding, ImpDecision, NoBidReason},
    outcome::{NoticeKind, NoticeVerdict},
};
use motet_units::{Nanos, Timestamp};

use super::{AttackScore, HonestScore, Scorecard};
use crate::{
    run::{Decided, Happened, Outcome, Told, Watch},
    world::World,
};

/// Watches a run and scores its guard.
#[derive(Clone, Debug)]
pub struct Scorer<'w> {
    world: &'w World,
    attacks: Vec<Watched>,
    honest: HonestScore,
    /// By publisher: requests passed, what they were billed, and flagged requests of real people.
    publishers: Vec<Passed>,
    carries: Vec<bool>,
    /// Whether the next thing told is what an attack was just seen to fake.
    faking: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    requests: u64,
    billed: Nanos,
    wronged: u64,
}

#[derive(Clone, Debug)]
struct Watched {
    score: AttackScore,
    /// Flagged requests by publisher.
    flagged_at: BTreeMap<u16, u64>,
    began: Option<Timestamp>,
    /// Whether each of the last 64 requests or events was caught, the newest lowest.
    last: u64,
    /// How many of the 64 there are so far.
    seen: u32,
}

impl<'w> Scorer<'w> {
    /// Prepares to watch a run in a world.
    pub fn new(world: &'w World) -> Self {
        let places = 0..world.places.len() as u16;
        Self {
            world,
            attacks: world.fraud.attacks().iter().map(|attack| Watched::new(attack.family)).collect(),
            honest: HonestScore::default(),
            publishers: vec![Passed::default(); world.places.len()],
            carries: places.map(|place| world.fraud.carries(place)).collect(),
            faking: false,
        }
    }

    /// Returns the score so far.
    pub fn finish(&self) -> Scorecard {
        let all = self.publishers.iter().fold(Passed::default(), |sum, one| Passed {
            requests: sum.requests + one.requests,
            billed: sum.billed + one.billed,
            wronged: 0,
        });
        let worth = |publisher: usize, requests: u64| {
            let own = self.publishers[publisher];
            let of = if own.requests > 0 { own } else { all };
            let nanos = i128::from(of.billed.get()) * i128::from(requests) / i128::from(of.requests.max(1));
            Nanos::new(i64::try_from(nanos).unwrap_or(i64::MAX))
        };
        let scored = |watched: &Watched| {
            let flagged = watched.flagged_at.iter();
            let caught = flagged.map(|(at, count)| worth(usize::from(*at), *count));
            AttackScore { caught: caught.fold(Nanos::ZERO, |sum, one| sum + one), ..watched.score.clone() }
        };
        let wronged = self.publishers.iter().enumerate().filter(|(at, _)| !self.carries[*at]);
        let lost = wronged.map(|(at, passed)| worth(at, passed.wronged));
        Scorecard {
            attacks: self.attacks.iter().map(scored).collect(),
            honest: HonestScore { lost: lost.fold(Nanos::ZERO, |sum, one| sum + one), ..self.honest },
        }
    }

    fn honest_request(&mut self, publisher: usize, flagged: bool) {
        let honest = &mut self.honest;
        let (requests, flags) = if self.carries[publisher] {
            (&mut honest.carrier_requests, &mut honest.carrier_flagged)
        } else {
            (&mut honest.requests, &mut honest.flagged)
        };
        *requests += 1;
        *flags += u64::from(flagged);
        self.publishers[publisher].wronged += u64::from(flagged);
    }

    fn honest_event(&mut self, told: &Told<'_>) {
        let screened = matches!(
            told.notice.kind,
            NoticeKind::Impression | NoticeKind::Click | NoticeKind::Conversion { .. }
        );
        self.honest.events += u64::from(screened);
        self.honest.filtered_events += u64::from(told.judgement.verdict == NoticeVerdict::Filtered);
        self.honest.billed += told.judgement.charged;
    }

    /// Returns what an event claims by its campaign's goal.
    fn claim(&self, told: &Told<'_>) -> Nanos {
        match (self.world.campaigns.truth[told.campaign.get()].goal, told.notice.kind) {
            (Goal::Cpc { click }, NoticeKind::Click) => click,
            (Goal::Cpa { conversion }, NoticeKind::Conversion { .. }) => conversion,
            (Goal::TargetRoas { sale, return_millis }, NoticeKind::Conversion { .. }) => {
                Nanos::new(sale.get().saturating_mul(1_000) / i64::from(return_millis.max(1)))
            }
            _ => Nanos::ZERO,
        }
    }
}

impl Watched {
    fn new(family: crate::scenario::Family) -> Self {
        let score = AttackScore {
            family,
            requests: 0,
            flagged: 0,
            findings: BTreeMap::new(),
            filtered_notices: 0,
            events: 0,
            refused_events: 0,
            missed: Nanos::ZERO,
            caught: Nanos::ZERO,
            claimed: Nanos::ZERO,
            refused_claims: Nanos::ZERO,
            first_caught_s: None,
            half_caught_s: None,
        };
        Self { score, flagged_at: BTreeMap::new(), began: None, last: 0, seen: 0 }
    }

    fn request(&mut self, publisher: u16, finding: Option<Finding>, at: Timestamp) {
        self.score.requests += 1;
        if let Some(finding) = finding {
            self.score.flagged += 1;
            *self.score.findings.entry(finding.name().to_owned()).or_default() += 1;
            *self.flagged_at.entry(publisher).or_default() += 1;
        }
        self.time(finding.is_some(), at);
    }

    fn event(&mut self, refused: bool, claim: Nanos, at: Timestamp) {
        let score = &mut self.score;
        score.events += 1;
        score.refused_events += u64::from(refused);
        let claims = if refused { &mut score.refused_claims } else { &mut score.claimed };
        *claims += claim;
        self.time(refused, at);
    }

    fn time(&mut self, caught: bool, at: Timestamp) {
        let began = *self.began.get_or_insert(at);
        let passed = (at - began).as_secs_f64();
        self.last = self.last << 1 | u64::from(caught);
        self.seen = (self.seen + 1).min(64);
        if caught {
            self.score.first_caught_s.get_or_insert(passed);
        }
        if self.seen == 64 && self.last.count_ones() >= 32 {
            self.score.half_caught_s.get_or_insert(passed);
        }
    }
}

fn finding(decision: &Decision) -> Option<Finding> {
    decision.imps.iter().find_map(|imp| match imp {
        ImpDecision::NoBid(NoBidReason::InvalidTraffic(finding)) => Some(*finding),
        _ => None,
    })
}

impl Watch for Scorer<'_> {
    fn decided(&mut self, decided: &Decided<'_>) {
        let (visit, found) = (decided.visit, finding(decided.decision));
        let publisher = usize::from(visit.publisher);
        self.publishers[publisher].requests += u64::from(found.is_none());
        match visit.attack {
            Some(place) => {
                self.attacks[usize::from(place)].request(visit.publisher, found, decided.decision.at);
            }
            None => self.honest_request(publisher, found.is_some()),
        }
    }

    fn happened(&mut self, happened: &Happened<'_>) {
        self.faking = matches!(happened.what, Outcome::Faked(_));
    }

    fn told(&mut self, told: &Told<'_>) {
        let (visit, judgement) = (told.visit, told.judgement);
        let passed = &mut self.publishers[usize::from(visit.publisher)];
        passed.billed += judgement.charged;
        let Some(place) = visit.attack else { return self.honest_event(told) };
        let claim = self.claim(told);
        let watched = &mut self.attacks[usize::from(place)];
        watched.score.missed += judgement.charged;
        watched.score.filtered_notices += u64::from(judgement.verdict == NoticeVerdict::Filtered);
        if std::mem::take(&mut self.faking) {
            watched.event(judgement.verdict != NoticeVerdict::Counted, claim, told.at);
        }
    }
}
