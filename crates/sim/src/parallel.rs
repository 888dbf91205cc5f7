//! Independent worlds side by side. Results come in the order of the jobs, whatever finished first, so the number of
//! threads never shows in them.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

/// Runs jobs on up to `threads` threads and returns their results in order.
///
/// # Panics
/// When a job does.
pub fn parallel<J: Sync, R: Send>(jobs: &[J], threads: usize, work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<R>>> = Mutex::new(jobs.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(place) else { break };
                    let result = work(job);
                    let mut results = results.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    results[place] = Some(result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_iter().map(|result| result.expect("every job was taken and finished")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        let jobs: Vec<u64> = (0..100).collect();
        let expected: Vec<u64> = jobs.iter().map(|job| job * job).collect();
        for threads in [1, 2, 7] {
            assert_eq!(parallel(&jobs, threads, |job| job * job), expected);
        }
    }
}
