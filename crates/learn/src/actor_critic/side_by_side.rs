//! Work on independent items by several threads. Items share nothing and keep their places, so threads never show in a result.

/// Does `work` on every item, by up to `threads` threads, this one included.
pub(super) fn each<T: Send>(threads: usize, items: &mut [T], work: impl Fn(usize, &mut T) + Sync) {
    let share = items.len().div_ceil(threads.max(1)).max(1);
    if threads <= 1 || items.len() <= 1 {
        items.iter_mut().enumerate().for_each(|(place, item)| work(place, item));
        return;
    }
    let work = &work;
    let part = move |start: usize, items: &mut [T]| {
        items.iter_mut().enumerate().for_each(|(place, item)| work(start + place, item));
    };
    std::thread::scope(|scope| {
        let (first, rest) = items.split_at_mut(share);
        for (chunk, items) in rest.chunks_mut(share).enumerate() {
            scope.spawn(move || part((chunk + 1) * share, items));
        }
        part(0, first);
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_item_is_worked_on_once_whatever_the_threads() {
        for threads in [0, 1, 2, 3, 9] {
            let mut items = [0; 5];
            super::each(threads, &mut items, |place, item| *item += place + 1);
            assert_eq!(items, [1, 2, 3, 4, 5], "{threads} threads");
        }
    }
}
