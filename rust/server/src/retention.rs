//! How much of its newest messages a topic keeps.

use std::time::Duration;

/// What is kept: whichever is reached first. The default is everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Retention {
    /// The number of messages.
    pub messages: usize,
    /// How long each is kept.
    pub time: Duration,
    /// The memory of all, in bytes: of each, what it has and an overhead.
    pub bytes: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Retention { messages: usize::MAX, time: Duration::MAX, bytes: usize::MAX }
    }
}

impl Retention {
    /// What both keep.
    #[must_use]
    pub(crate) fn within(self, other: Self) -> Self {
        Retention {
            messages: self.messages.min(other.messages),
            time: self.time.min(other.time),
            bytes: self.bytes.min(other.bytes),
        }
    }
}
