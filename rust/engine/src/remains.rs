//! What is left of values that are no longer needed, in parts that are freed at once.

use std::fmt;

/// What is left of a collection.
pub(crate) trait Remains: Send {
    /// Takes out some hundred elements, to be dropped, and tells how many they were; `None` once
    /// nothing is left.
    fn take(&mut self) -> Option<(Box<dyn Send>, usize)>;
}

/// The remains of one collection.
pub(crate) struct Pile {
    remains: Box<dyn Remains>,
    /// How many elements are left, and the bytes that are counted for them.
    elements: usize,
    bytes: u64,
}

impl fmt::Debug for Pile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pile").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Pile {
    pub(crate) fn new(remains: impl Remains + 'static, elements: usize, bytes: u64) -> Self {
        Self { remains: Box::new(remains), elements, bytes }
    }

    /// The bytes that are counted for what is left.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Counts at most so many; how many then.
    pub(crate) fn count_at_most(&mut self, bytes: u64) -> u64 {
        self.bytes = self.bytes.min(bytes);
        self.bytes
    }

    /// Takes a part out; how many bytes were counted for it.
    pub(crate) fn take(&mut self) -> Option<(Box<dyn Send>, u64)> {
        let (part, elements) = self.remains.take()?;
        let left = self.elements.saturating_sub(elements);
        let share = u128::from(self.bytes) * left as u128 / self.elements.max(1) as u128;
        let bytes = self.bytes - u64::try_from(share).expect("it is a part of the bytes");
        (self.elements, self.bytes) = (left, self.bytes - bytes);
        Some((part, bytes))
    }
}

/// Something that may take long to free.
pub(crate) trait Removed {
    fn len(&self) -> usize;
    /// What of it is freed in portions: what nobody shares, unless it is small.
    fn piles(self) -> [Option<Pile>; 2];
}
