//! Independent worlds side by side.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Plays every world of `seeds` on up to `threads` threads and returns the results in the order of the seeds.
///
/// A world sees its own seed and nothing else, so the results do not depend on `threads`.
///
/// ```
/// let squares = motet_arena::worlds(&[1, 2, 3], 2, |seed| seed * seed);
/// assert_eq!(squares, [1, 4, 9]);
/// ```
pub fn worlds<T: Send>(seeds: &[u64], threads: usize, play: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(&seed) = seeds.get(index) else { return done };
            done.push((index, play(seed)));
        }
    };
    let mut results: Vec<(usize, T)> = if threads <= 1 {
        work()
    } else {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.min(seeds.len())).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(join).collect()
        })
    };
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn join<T>(worker: std::thread::ScopedJoinHandle<'_, T>) -> T {
    match worker.join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
