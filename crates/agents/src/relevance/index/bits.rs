//! Sets of ad slots: dense bits read in blocks, or a sorted list where a value is rare.

/// Words of 64 slots in one block, the unit a query is worked out in.
pub(super) const WORDS: usize = 16;
/// Slots in one block.
pub(super) const SLOTS: u32 = WORDS as u32 * 64;

/// The slots of one block.
pub(super) type Block = [u64; WORDS];

/// A growing set of slots as bits; what lies beyond its end is not in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn set(&mut self, slot: u32) {
        let word = slot as usize / 64;
        if word >= self.0.len() {
            self.0.resize((word / WORDS + 1) * WORDS, 0);
        }
        self.0[word] |= 1 << (slot % 64);
    }

    pub(super) fn clear(&mut self, slot: u32) {
        if let Some(word) = self.0.get_mut(slot as usize / 64) {
            *word &= !(1 << (slot % 64));
        }
    }

    pub(super) fn put(&mut self, slot: u32, within: bool) {
        if within { self.set(slot) } else { self.clear(slot) }
    }

    pub(super) fn block(&self, block: u32) -> Option<&Block> {
        let from = block as usize * WORDS;
        self.0.get(from..from + WORDS)?.try_into().ok()
    }

    pub(super) fn empty(&mut self) {
        self.0.clear();
    }
}

/// The slots that have one value.
#[derive(Clone, Debug)]
pub(super) enum Posting {
    /// Few: their numbers, rising.
    Rare(Vec<u32>),
    /// Many: bits.
    Common(Bits),
}

impl Default for Posting {
    fn default() -> Self {
        Self::Rare(Vec::new())
    }
}

/// A list longer than this may become bits.
const LIST_LEAST: usize = 32;

impl Posting {
    /// Adds a slot above all slots it holds. A list becomes bits once it holds one slot in 128: from there on the
    /// bits are quicker to read and at most four times as large.
    pub(super) fn push(&mut self, slot: u32) {
        match self {
            Self::Common(bits) => bits.set(slot),
            Self::Rare(list) => {
                list.push(slot);
                if list.len() > LIST_LEAST && list.len() * 128 > slot as usize {
                    let mut bits = Bits::default();
                    for slot in &*list {
                        bits.set(*slot);
                    }
                    *self = Self::Common(bits);
                }
            }
        }
    }

    pub(super) fn empty(&mut self) {
        match self {
            Self::Rare(list) => list.clear(),
            Self::Common(bits) => bits.empty(),
        }
    }
}

/// Where a query stands in a list.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    list: &'a [u32],
    place: usize,
    /// The slot at `place`, at hand so that a block without one costs no look at the list.
    next: u32,
    /// The block asked for last.
    block: u32,
}

/// Above every slot.
const END: u32 = u32::MAX;

impl<'a> Cursor<'a> {
    /// Starts without a look at the list: many cursors are never asked.
    pub(super) const fn new(list: &'a [u32]) -> Self {
        Self { list, place: 0, next: END, block: END }
    }

    /// Adds the list's slots of a block. Cheap when blocks rise, a search by halves when they jump.
    pub(super) fn add_to(&mut self, block: u32, into: &mut Block) {
        let first = block * SLOTS;
        if block <= self.block {
            self.go_to(0, first);
        } else if self.next < first {
            self.go_to(self.place, first);
        }
        self.block = block;
        while self.next - first < SLOTS {
            let within = self.next - first;
            into[within as usize / 64] |= 1 << (within % 64);
            self.place += 1;
            self.next = self.list.get(self.place).copied().unwrap_or(END);
        }
    }

    /// Moves to the first slot from `first` on, looking from `from`: by doubling steps, then by halves.
    fn go_to(&mut self, from: usize, first: u32) {
        let rest = &self.list[from..];
        let mut step = 4;
        while rest.get(step).is_some_and(|slot| *slot < first) {
            step *= 4;
        }
        let near = &rest[..rest.len().min(step)];
        self.place = from + near.partition_point(|slot| *slot < first);
        self.next = self.list.get(self.place).copied().unwrap_or(END);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_bits_read_the_same_in_any_order_of_blocks() {
        let slots: Vec<u32> = (0..4_000).filter(|s| s % 97 == 3 || s % 1_024 == 0).collect();
        let mut bits = Bits::default();
        for slot in &slots {
            bits.set(*slot);
        }
        let mut cursor = Cursor::new(&slots);
        for block in [0, 1, 2, 3, 1, 0, 3, 3] {
            let mut read = [0; WORDS];
            cursor.add_to(block, &mut read);
            assert_eq!(Some(&read), bits.block(block), "block {block}");
        }
    }
}
