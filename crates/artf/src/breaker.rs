//! A breaker: an agent that fails again and again is left alone for a while, then tried with single requests.
//!
//! Closed, every request may ask. After [`FAILURES`] failures in a row it opens and nobody asks for a rest; after the rest
//! one request at a time is a probe. A probe that is answered closes it; one that fails makes the next rest twice as
//! long, up to [`LONGEST_REST`]. A probe that never reports (its caller went away) is forgotten after another rest.
//!
//! It reads no clock: it is told the time.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Failures in a row that open it.
pub(crate) const FAILURES: u32 = 5;
/// The first rest.
pub(crate) const FIRST_REST: Duration = Duration::from_millis(500);
/// The longest rest.
pub(crate) const LONGEST_REST: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
struct State {
    failures: u32,
    rest: Duration,
    /// Until when nobody asks; `None` while it is closed.
    until: Option<Instant>,
}

/// The breaker of one agent.
#[derive(Debug)]
pub(crate) struct Breaker(Mutex<State>);

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(State { failures: 0, rest: FIRST_REST, until: None }))
    }
}

impl Breaker {
    /// Tells whether the agent may be asked now. Where it rests and its rest is over, this one caller is the probe.
    pub(crate) fn lets_through(&self, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                // Whoever comes next waits for this probe's answer, at most another rest.
                state.until = Some(now + state.rest);
                true
            }
        }
    }

    /// Notes an answer.
    pub(crate) fn answered(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { failures: 0, rest: FIRST_REST, until: None };
    }

    /// Notes a failure.
    pub(crate) fn failed(&self, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures == FAILURES {
            state.until = Some(now + state.rest);
        } else if state.failures > FAILURES {
            state.rest = (state.rest * 2).min(LONGEST_REST);
            state.until = Some(now + state.rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_with_an_answered_probe() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        for _ in 0..FAILURES - 1 {
            breaker.failed(start);
        }
        breaker.answered();
        for _ in 0..FAILURES - 1 {
            breaker.failed(start);
        }
        assert!(breaker.lets_through(start), "an answer in between begins the count anew");
        breaker.failed(start);
        assert!(!breaker.lets_through(start));
        let rested = start + FIRST_REST;
        assert!(breaker.lets_through(rested), "the probe");
        assert!(!breaker.lets_through(rested), "one probe at a time");
        breaker.answered();
        assert!(breaker.lets_through(rested));
    }

    #[test]
    fn rests_grow_with_failed_probes_up_to_the_longest() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        for _ in 0..FAILURES {
            breaker.failed(now);
        }
        let mut rest = FIRST_REST;
        for _ in 0..10 {
            assert!(!breaker.lets_through(now + rest - Duration::from_millis(1)));
            now += rest;
            assert!(breaker.lets_through(now));
            breaker.failed(now);
            rest = (rest * 2).min(LONGEST_REST);
        }
        assert_eq!(rest, LONGEST_REST);
    }
}
