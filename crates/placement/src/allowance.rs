//! How long a remote agent is waited for: what it has lately taken, with room, within what the request has left.
//!
//! A fixed time would be too long for a fast agent that hangs and too short for a slow one. So each agent is given a
//! multiple of its 99th percentile over its last calls; until enough are known, and never more than, its share of the
//! request's time.

use std::time::Duration;

/// How the time of one call is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// The multiple of the 99th percentile given.
    pub factor: f64,
    /// The least that is given where the request has it.
    pub least: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { factor: 3.0, least: Duration::from_millis(3) }
    }
}

/// Calls after which the percentiles count.
const ENOUGH: u32 = 64;
/// Calls after which all counts are halved, so that the last thousands weigh most.
const HALVE_AT: u32 = 4_096;
/// Buckets: each is a quarter of a doubling above the one before, from 16 µs on; the last holds all above 9 s.
const BUCKETS: usize = 80;
const FIRST_US: f64 = 16.0;
const PER_DOUBLING: f64 = 4.0;

/// What one agent's calls have lately taken.
#[derive(Clone, Debug)]
pub struct Latencies {
    counts: [u32; BUCKETS],
    total: u32,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], total: 0 }
    }
}

fn bucket(took: Duration) -> usize {
    let doublings = (took.as_secs_f64() * 1e6 / FIRST_US).max(1.0).log2();
    ((doublings * PER_DOUBLING).ceil() as usize).min(BUCKETS - 1)
}

/// Returns the highest time a bucket holds.
fn top(bucket: usize) -> Duration {
    Duration::from_secs_f64(FIRST_US * 1e-6 * (bucket as f64 / PER_DOUBLING).exp2())
}

impl Latencies {
    /// Notes a call that was answered, however late. One that never was is noted as what was waited for it.
    pub fn note(&mut self, took: Duration) {
        self.counts[bucket(took)] += 1;
        self.total += 1;
        if self.total >= HALVE_AT {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().sum();
        }
    }

    /// Returns a percentile, 0 to 1, from above by at most a fifth; `None` while too few calls are known.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        if self.total < ENOUGH {
            return None;
        }
        let rank = (share * f64::from(self.total)).ceil() as u32;
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        place.map(top)
    }

    /// Returns how long the next call is waited for, given its share of the request's time.
    pub fn allowance(&self, rules: Rules, share: Duration) -> Duration {
        let usual = self.percentile(0.99).map(|p99| p99.mul_f64(rules.factor).max(rules.least));
        usual.map_or(share, |usual| usual.min(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn an_unknown_agent_gets_its_share_and_a_known_one_what_it_needs() {
        let (mut latencies, rules) = (Latencies::default(), Rules::default());
        assert_eq!(latencies.allowance(rules, ms(15)), ms(15));
        (0..200).for_each(|_| latencies.note(ms(2)));
        let allowed = latencies.allowance(rules, ms(15));
        assert!((ms(6)..ms(8)).contains(&allowed), "{allowed:?}");
        assert_eq!(latencies.allowance(rules, ms(4)), ms(4), "never more than the share");
        let mut quick = Latencies::default();
        (0..200).for_each(|_| quick.note(Duration::from_micros(200)));
        assert_eq!(quick.allowance(rules, ms(15)), rules.least);
    }

    #[test]
    fn percentiles_are_right_to_a_fifth_and_follow_a_change() {
        let mut latencies = Latencies::default();
        (1..=1_000).for_each(|n| latencies.note(Duration::from_micros(n * 10)));
        for share in [0.5, 0.9, 0.99] {
            let (found, exact) = (latencies.percentile(share).unwrap().as_secs_f64(), share * 0.01);
            assert!((1.0..1.2).contains(&(found / exact)), "{share}: {found} for {exact}");
        }
        (0..20_000).for_each(|_| latencies.note(ms(40)));
        assert!(latencies.percentile(0.5).unwrap() >= ms(40));
    }
}
