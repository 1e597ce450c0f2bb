//! A copy of an item, on which a command works that takes too long for the lock of a shard.
//!
//! Collections share what was not changed since a copy was made, so making one takes no time; what
//! is changed is copied then. The copy has a shard of its own, so commands work on it as on any item.

use crate::garbage::Garbage;
use crate::pace::INSERTION;
use crate::place::{Place, Rules, Version};
use crate::shard::{Content, Shard};
use crate::time::Deadline;
use crate::{Limits, Moment, Namespace, Pace, Received};

/// The most memory that a change of one leaf copies, with the nodes above it, in bytes.
const COPIED: u64 = 8 * 1024;
/// The memory of a new element beside its content, in bytes.
const NEW: u64 = 64;

/// The copy, and the version that it was made from.
pub(crate) struct Draft<'a> {
    original: Version,
    /// `None` once it is dropped.
    shard: Option<Shard>,
    at: (Namespace, u32),
    now: Moment,
    garbage: &'a Garbage,
    /// How much memory is used at most for what it copies of the original, and for what it adds.
    copied: u64,
    added: u64,
}

impl<'a> Draft<'a> {
    /// Of the item at a place, for a command that uses it.
    pub(crate) fn of(
        place: &mut Place<'_>,
        at: (Namespace, u32),
        key: &[u8],
        garbage: &'a Garbage,
    ) -> Self {
        place.touch();
        let mut shard = Shard::new(place.random(), std::sync::Arc::default());
        let original = place.version();
        let (content, deadline) = match &original {
            // What it holds is not asked, since no command that takes long is about it.
            Version::Scalar => (Some(Content::Short(&[])), Deadline::NEVER),
            Version::ValueSlab(value, dies) => (Some(Content::ValueSlab(value.clone())), *dies),
            Version::None => (None, Deadline::NEVER),
        };
        if let Some(content) = content {
            shard.insert(at.0, at.1, key, content, deadline);
        }
        Self { original, shard: Some(shard), at, now: place.now(), garbage, copied: 0, added: 0 }
    }

    /// The place where a command finds the copy.
    pub(crate) fn place<'p>(
        &'p mut self,
        (rules, limits): (&'p Rules, &'p Limits),
        key: &[u8],
        pace: &'p dyn Pace,
    ) -> Place<'p> {
        let shard = self.shard.as_mut().expect("it is not dropped");
        Place::find(shard, (rules, limits), self.at, key, self.now).paced(pace)
    }

    /// About how much memory is used for it, in bytes, by a command of so much work that has received
    /// so much. The work of a pop tells how many elements it changes; others receive each of them.
    pub(crate) fn memory(&mut self, work: usize, received: Received) -> u64 {
        let all = self.original.weight();
        let elements = received.elements.max(work.div_ceil(INSERTION) as u64);
        self.copied = match self.original.leaves() {
            None => all,
            Some(leaves) => all.min(elements.saturating_mul(leaves * COPIED)),
        };
        self.added = 2 * received.bytes + elements * NEW;
        self.copied + self.added
    }

    /// Ends it: what it has become is the item now.
    pub(crate) fn finish(mut self) {
        self.added = 0;
    }

    /// The version that it was made from.
    pub(crate) fn original(&self) -> &Version {
        &self.original
    }
}

impl Drop for Draft<'_> {
    /// What is not in the item is freed in portions; no more of it counts than was held.
    fn drop(&mut self) {
        let mut most = self.copied + self.added;
        let original = std::mem::replace(&mut self.original, Version::None);
        if let Some(value) = original.into_value() {
            most -= self.garbage.add(value, self.copied);
        }
        for value in self.shard.take().into_iter().flat_map(Shard::into_values) {
            most -= self.garbage.add(value, most);
        }
    }
}
