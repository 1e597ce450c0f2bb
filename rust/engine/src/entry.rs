//! The entry of an item in its shard, in 32 bytes.

use crate::time::Deadline;
use crate::{Moment, Namespace, block};

const LIVE: u64 = 1;
const QUEUED: u64 = 1 << 1;
const ASIDE: u64 = 1 << 2;
const FREQUENCY: u64 = 0b11 << FREQUENCY_AT;
const FREQUENCY_AT: u32 = 3;
const DUE_SMALL: u64 = 1 << 5;
const DUE_MAIN: u64 = 1 << 6;
const DEADLINE_AT: u32 = 16;
const FLAGS: u64 = (1 << DEADLINE_AT) - 1;

/// The two queues of the eviction algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    /// For new items.
    Small,
    /// For items that were used again.
    Main,
}

/// An item, or a vacant slot.
///
/// The deadline (48 bits) and the flags share one word.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Key and value; see [`block`].
    pub(crate) block: Box<[u8]>,
    word: u64,
    pub(crate) namespace: Namespace,
    /// In a vacant slot: the index of the next vacant one.
    pub(crate) hash: u32,
}

impl Entry {
    pub(crate) fn new(
        namespace: Namespace,
        hash: u32,
        block: Box<[u8]>,
        deadline: Deadline,
    ) -> Self {
        Self { block, word: deadline.0 << DEADLINE_AT | LIVE, namespace, hash }
    }

    /// Makes the slot vacant and returns its block; keeps only whether a queue still contains the
    /// slot.
    pub(crate) fn vacate(&mut self, next_vacant: u32) -> Box<[u8]> {
        self.word &= QUEUED;
        self.hash = next_vacant;
        std::mem::take(&mut self.block)
    }

    /// Puts a new item into the slot. A queue that still contains the slot keeps it.
    pub(crate) fn occupy(&mut self, new: Self) {
        let queued = self.word & QUEUED;
        *self = new;
        self.word |= queued;
    }

    pub(crate) fn key(&self) -> &[u8] {
        block::split(&self.block).0
    }

    pub(crate) fn is_live(&self) -> bool {
        self.word & LIVE != 0
    }

    pub(crate) fn deadline(&self) -> Deadline {
        Deadline(self.word >> DEADLINE_AT)
    }

    pub(crate) fn set_deadline(&mut self, deadline: Deadline) {
        self.word = self.word & FLAGS | deadline.0 << DEADLINE_AT;
    }

    pub(crate) fn has_expired(&self, now: Moment) -> bool {
        self.deadline().has_passed(now)
    }

    /// The index of an out-of-line value; the block then ends with it.
    pub(crate) fn aside(&self) -> Option<u32> {
        (self.word & ASIDE != 0).then(|| {
            let index = block::split(&self.block).1;
            u32::from_le_bytes(index.try_into().expect("an index has four bytes"))
        })
    }

    pub(crate) fn set_aside(&mut self, aside: bool) {
        self.set(ASIDE, aside);
    }

    /// Counts a use, for eviction.
    pub(crate) fn touch(&mut self) {
        if self.word & FREQUENCY != FREQUENCY {
            self.word += 1 << FREQUENCY_AT;
        }
    }

    /// The number of uses noted, at most three.
    pub(crate) fn frequency(&self) -> u64 {
        (self.word & FREQUENCY) >> FREQUENCY_AT
    }

    pub(crate) fn set_frequency(&mut self, frequency: u64) {
        self.word = self.word & !FREQUENCY | frequency << FREQUENCY_AT;
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.word & QUEUED != 0
    }

    pub(crate) fn set_queued(&mut self, queued: bool) {
        self.set(QUEUED, queued);
    }

    /// Marks the item to be moved to this queue when its slot comes up in the queue that still
    /// contains it.
    pub(crate) fn set_due(&mut self, queue: Queue) {
        self.set(if queue == Queue::Small { DUE_SMALL } else { DUE_MAIN }, true);
    }

    pub(crate) fn take_due(&mut self) -> Option<Queue> {
        let due = self.word & (DUE_SMALL | DUE_MAIN);
        self.word &= !due;
        match due {
            0 => None,
            DUE_SMALL => Some(Queue::Small),
            _ => Some(Queue::Main),
        }
    }

    fn set(&mut self, flag: u64, on: bool) {
        self.word = if on { self.word | flag } else { self.word & !flag };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry::new(Namespace(1), 7, block::join(b"key", b"value"), Deadline(5))
    }

    #[test]
    fn an_entry_takes_thirty_two_bytes() {
        assert_eq!(size_of::<Entry>(), 32);
    }

    #[test]
    fn deadline_and_flags_are_independent() {
        let mut entry = entry();
        (0..9).for_each(|_| entry.touch());
        entry.set_queued(true);
        entry.set_deadline(Deadline::NEVER);

        assert_eq!(entry.frequency(), 3);
        assert_eq!(entry.deadline(), Deadline::NEVER);
        assert!(entry.is_live() && entry.is_queued());
    }

    #[test]
    fn a_new_item_in_an_old_slot_keeps_only_its_place_in_the_queue() {
        let mut slot = entry();
        slot.set_queued(true);
        slot.touch();
        slot.vacate(0);
        assert!(!slot.is_live());

        slot.occupy(entry());

        assert!(slot.is_live() && slot.is_queued());
        assert_eq!(slot.frequency(), 0);
    }
}
