//! Agents placed elsewhere: asked in rounds, fed what those seated here are told, recorded for replays.

use std::sync::{Arc, Mutex};

use motet_agent::{Absence, AgentName, Observation, Proposal, RemoteAnswer, Said, Tick, View};
use motet_coordinator::Presence;

use super::{Desk, START, market::request, replays_without_difference};
use crate::*;

const ALL: [AgentName; 6] = AgentName::TEAM;

/// Agents in another process, fed by what the engine tells them.
#[derive(Clone)]
struct Elsewhere(Arc<Mutex<Crew>>);

impl Elsewhere {
    /// Begins with what those seated here have learned.
    fn beside(engine: &Engine) -> Self {
        let mut crew = Crew::new(engine.options());
        let learned: Vec<_> = ALL.iter().map(|name| (*name, engine.learned(*name))).collect();
        assert_eq!(crew.restore(&learned, &engine.catalog()), vec![]);
        Self(Arc::new(Mutex::new(crew)))
    }

    fn say(&self, name: AgentName, view: &View<'_>) -> RemoteAnswer {
        let mut proposals: Vec<Proposal> = Vec::new();
        let policy = self.0.lock().unwrap().propose_as(name, view, &mut proposals);
        RemoteAnswer { agent: name, said: Ok(Said::new(policy, proposals)) }
    }
}

impl Listener for Elsewhere {
    fn observed(&mut self, observation: &Observation<'_>) {
        self.0.lock().unwrap().observe(observation);
    }
    fn ticked(&mut self, tick: &Tick<'_>) {
        self.0.lock().unwrap().control(tick);
    }
    fn steered(&mut self, policies: &motet_policy::PolicySet) {
        self.0.lock().unwrap().steer(policies).unwrap();
    }
    fn ticked_on(&mut self, tick: &Tick<'_>) {
        self.0.lock().unwrap().control_more(tick);
    }
}

/// Asks whoever is placed elsewhere until nobody is left to ask; returns how many were asked in each round.
fn gather(
    desk: &mut Desk,
    sealed: &mut SealedRequest,
    answer: impl Fn(AgentName, &View<'_>) -> RemoteAnswer,
) -> Vec<usize> {
    let mut rounds = Vec::new();
    loop {
        let mut answers = Vec::new();
        let mut tell = |name, view: &View<'_>| answers.push(answer(name, view));
        let inquiry =
            desk.engine.inquire(desk.now + motet_units::Span::from_millis(10), sealed, &ALL, &mut tell);
        if inquiry == Inquiry::Ready {
            assert_eq!(answers, vec![]);
            return rounds;
        }
        rounds.push(answers.len());
        sealed.answers.extend(answers);
    }
}

#[test]
fn agents_placed_elsewhere_decide_what_those_seated_here_would() {
    let (mut here, mut there) = (Desk::open(5.0), Desk::open(5.0));
    let elsewhere = Elsewhere::beside(&there.engine);
    there.engine.listen(Box::new(elsewhere.clone()));
    let mut bids = 0;
    for number in 0..400 {
        let plain = SealedRequest::new(request(number % 150));
        let mut sealed = plain.clone();
        let rounds = gather(&mut there, &mut sealed, |name, view| elsewhere.say(name, view));
        assert!(rounds == [3, 1, 2] || rounds == [3, 1] || rounds == [3], "{rounds:?}");
        let effect = here.take(Event::Requested(Box::new(plain)));
        assert_eq!(effect, there.take(Event::Requested(Box::new(sealed))));
        let Effect::Decided(trace) = effect else { panic!("{effect:?}") };
        for bid in trace.decision.bids() {
            bids += 1;
            assert_eq!(here.tell(bid, super::billed(None)), there.tell(bid, super::billed(None)));
        }
        if number % 50 == 49 {
            assert_eq!(here.take(Event::Ticked), there.take(Event::Ticked));
        }
    }
    assert!(bids > 50, "{bids}");
    assert_eq!(here.engine.digest(), there.engine.digest());
    replays_without_difference(&there);
}

#[test]
fn an_agent_that_is_absent_elsewhere_counts_as_its_card_says() {
    let reasons = [
        (Absence::Late, Presence::Late),
        (Absence::Broken, Presence::Broken),
        (Absence::Unreachable, Presence::Unreachable),
    ];
    let needed = [AgentName::Guard, AgentName::Safety, AgentName::Relevance, AgentName::Bidder];
    for name in ALL {
        for (absence, presence) in reasons {
            let mut desk = Desk::open(100.0);
            let elsewhere = Elsewhere::beside(&desk.engine);
            let mut bids = 0;
            for number in 0..20 {
                let mut sealed = SealedRequest::new(request(number));
                gather(&mut desk, &mut sealed, |asked, view| {
                    if asked == name {
                        RemoteAnswer { agent: name, said: Err(absence) }
                    } else {
                        elsewhere.say(asked, view)
                    }
                });
                let asked = sealed.answers.iter().any(|answer| answer.agent == name);
                let effect = desk.take(Event::Requested(Box::new(sealed)));
                let Effect::Decided(trace) = effect else { panic!("{effect:?}") };
                assert_eq!(trace.presence.contains(&(name, presence)), asked, "{trace:?}");
                bids += trace.decision.bids().count();
            }
            assert_eq!(bids == 0, needed.contains(&name), "{name:?} {absence:?}: {bids} bids");
            replays_without_difference(&desk);
        }
    }
}

#[test]
fn asking_moves_nothing() {
    let mut desk = Desk::open(100.0);
    let before = desk.engine.digest();
    let elsewhere = Elsewhere::beside(&desk.engine);
    for number in 0..20 {
        let mut sealed = SealedRequest::new(request(number));
        gather(&mut desk, &mut sealed, |name, view| elsewhere.say(name, view));
    }
    assert_eq!(desk.engine.digest(), before);
    assert_eq!(desk.engine.next_sequence(), 3);
    assert!(desk.now >= START);
}
