//! Frees removed values in portions, without the lock of a shard: by calls from outside and by writers
//! that need the memory. Until then, it counts as memory of items.

use crate::pace::AT_ONCE;
use crate::value_slab::Value;
use crate::{Engine, Pace};

/// Values of so many bytes together are freed at once: some tens of microseconds at most.
const FREED_AT_ONCE: u64 = 32 * 1024;
/// How much is freed in one call from outside, and at least for each part: a hundred microseconds at
/// most.
const FREED_AT_A_TIME: u64 = 128 * 1024;
const PART: u64 = 32 * 1024;

impl Engine {
    /// The memory of removed items that is not freed yet, in bytes. It counts as that of items.
    pub fn garbage(&self) -> u64 {
        self.budget.garbage.bytes()
    }

    /// Frees some of what was removed, for a hundred microseconds at most; whether more is left.
    ///
    /// To be called regularly. Writers free what they need themselves.
    pub fn free_some(&self) -> bool {
        let mut freed = 0;
        while freed < FREED_AT_A_TIME {
            let Some(bytes) = self.budget.garbage.free_some() else { return false };
            freed += bytes.max(PART);
        }
        !self.budget.garbage.is_empty()
    }

    /// Frees garbage as long as that is needed, after so many bytes; how many it were in all.
    pub(crate) fn free_while(&self, is_needed: impl Fn(u64) -> bool, pace: &dyn Pace) -> u64 {
        let mut freed = 0;
        while is_needed(freed) {
            let Some(bytes) = self.budget.garbage.free_some() else { break };
            freed += bytes;
            pace.work(AT_ONCE);
        }
        freed
    }

    /// Frees removed values, now or later; how many bytes became garbage. No shard may be locked.
    pub(crate) fn free(&self, values: Vec<Value>) -> u64 {
        let (mut left, mut garbage) = (FREED_AT_ONCE, 0);
        for value in values {
            let bytes = value.weight();
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None => garbage += self.budget.garbage.add(value, bytes),
            }
        }
        garbage
    }
}
