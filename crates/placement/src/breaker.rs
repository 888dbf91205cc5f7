//! When to leave a remote agent alone, and when to try it again.
//!
//! Closed, every request asks it. After some failures in a row, or too many among the last ones, it opens: requests go
//! on at once without the agent, and now and then one of them also sends it a *probe*, for which nobody waits. An
//! answered probe closes it. So an agent that hangs costs a few requests their time with it, and one that came back is
//! noticed without any request paying for the attempt.
//!
//! ```text
//!            failures in a row, or their share
//!   closed ────────────────────────────────────▶ open ──▶ a probe every `wait`, which doubles up to its most
//!      ◀──────────────────────────────────────────┘
//!                      a probe answered
//! ```
//!
//! A state machine without a clock: the caller says what time it is.

use std::time::{Duration, Instant};

/// When a breaker opens and how it probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Failures in a row that open it; at least 1.
    pub in_a_row: u32,
    /// Failures among the last [`RECENT`] calls that open it.
    pub of_recent: u32,
    /// The first wait between probes.
    pub wait: Duration,
    /// The longest.
    pub wait_most: Duration,
}

/// How many calls "recent" means.
pub const RECENT: u32 = 32;

impl Default for Rules {
    fn default() -> Self {
        Self {
            in_a_row: 5,
            of_recent: RECENT / 2,
            wait: Duration::from_millis(100),
            wait_most: Duration::from_secs(5),
        }
    }
}

/// What a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Ask, and wait for the answer.
    Ask,
    /// Go on without the agent, and send it a probe.
    Probe,
    /// Go on without the agent.
    Skip,
}

/// One breaker.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    rules: Rules,
    in_a_row: u32,
    /// The last calls, one bit each, set where it failed; the newest is the lowest.
    recent: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    wait: Duration,
    probe_at: Instant,
}

impl Breaker {
    /// Makes a closed one.
    pub const fn new(rules: Rules) -> Self {
        Self { rules, in_a_row: 0, recent: 0, open: None }
    }

    /// Tells whether requests go on without the agent.
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Tells whether the next request would be a probe.
    pub fn is_due(&self, now: Instant) -> bool {
        self.open.is_some_and(|open| now >= open.probe_at)
    }

    /// Says what the next request may do.
    pub fn leave(&mut self, now: Instant) -> Leave {
        let Some(open) = &mut self.open else { return Leave::Ask };
        if now < open.probe_at {
            return Leave::Skip;
        }
        open.wait = (open.wait * 2).min(self.rules.wait_most);
        open.probe_at = now + open.wait;
        Leave::Probe
    }

    /// Notes an answer, to a request or a probe.
    pub const fn answered(&mut self) {
        self.in_a_row = 0;
        self.recent <<= 1;
        if self.open.is_some() {
            self.open = None;
            self.recent = 0;
        }
    }

    /// Notes that a request or a probe got none.
    pub fn failed(&mut self, now: Instant) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.recent = self.recent << 1 | 1;
        let too_many =
            self.in_a_row >= self.rules.in_a_row || self.recent.count_ones() > self.rules.of_recent;
        if too_many && self.open.is_none() {
            self.open = Some(Open { wait: self.rules.wait, probe_at: now + self.rules.wait });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        crate::monotonic()
    }

    /// Runs a script: `a` an answer, `f` a failure; returns `+` where the next request asks and `-` where it goes on without.
    fn run(script: &str) -> String {
        let (mut breaker, now) = (Breaker::new(Rules::default()), start());
        let step = |turn| {
            if turn == 'a' {
                breaker.answered();
            } else {
                breaker.failed(now);
            }
            if breaker.is_open() { '-' } else { '+' }
        };
        script.chars().map(step).collect()
    }

    #[test]
    fn it_opens_after_failures_in_a_row_or_too_many_of_the_last() {
        for (script, expected) in [
            ("aaaa", "++++"),
            ("ffffa", "+++++"),
            ("fffff", "++++-"),
            ("fffffa", "++++-+"),
            ("ffaffaffa", "+++++++++"),
        ] {
            assert_eq!(run(script), expected, "{script}");
        }
        let mixed = "ffa".repeat(12);
        assert!(run(&mixed).contains('-'), "two of three failing open it: {}", run(&mixed));
    }

    #[test]
    fn an_open_one_probes_ever_more_rarely_and_an_answer_closes_it() {
        let (mut breaker, start) = (Breaker::new(Rules::default()), start());
        (0..5).for_each(|_| breaker.failed(start));
        let mut probes = Vec::new();
        for ms in 0..20_000 {
            let now = start + Duration::from_millis(ms);
            match breaker.leave(now) {
                Leave::Probe => {
                    probes.push(ms);
                    breaker.failed(now);
                }
                Leave::Skip => {}
                Leave::Ask => panic!("it is open"),
            }
        }
        assert_eq!(probes, [100, 300, 700, 1_500, 3_100, 6_300, 11_300, 16_300]);
        breaker.answered();
        assert_eq!(breaker.leave(start), Leave::Ask);
    }
}
