//! The state of a response that goes on, independent of its connection.

use std::time::Duration;

use super::super::pieces::{Filled, Pieces};
use crate::clock::Now;
use crate::error::Error;
use crate::front::streamed::{End, Streamed};
use crate::limits::{LINGER, STALLED};
use crate::memory_budget::PROGRESS;
use crate::topics::Encoded;

/// A response that goes on.
pub(super) struct Streaming {
    pub(super) pieces: Pieces,
    /// Whether it is in the queue of streams to send.
    pub(super) is_queued: bool,
    /// When it ends unless the client reads, in milliseconds since the server started; or
    /// `u64::MAX`.
    ends_at: u64,
    /// How many bytes the client took since that was set.
    progress: usize,
    /// Whether it ends then even if the client reads.
    is_ending: bool,
}

/// How long the rest of a message may take once the subscription is over: so that, with the check of
/// it, a second is enough for all.
const REST: Duration = Duration::from_millis(400);

impl Streaming {
    /// One that begins with a heartbeat.
    pub(super) fn new(streamed: Box<Streamed>) -> Self {
        let pieces = Pieces::new(streamed);
        Streaming { pieces, is_queued: true, ends_at: u64::MAX, progress: 0, is_ending: false }
    }

    /// See [`Pieces::fill`].
    pub(super) fn fill(&mut self, now: Now) -> Filled {
        let filled = self.pieces.fill(now);
        if filled == Filled::Nothing {
            self.has_read();
        }
        filled
    }

    /// The next `length` bytes of the piece.
    pub(super) fn take(&mut self, length: usize) -> Encoded {
        self.progress += length;
        if self.progress >= PROGRESS {
            self.has_read();
        }
        self.pieces.take(length)
    }

    /// The client must read within a time, which is returned in milliseconds since the server started.
    pub(super) fn limit(&mut self, now: Now) -> u64 {
        if self.ends_at == u64::MAX {
            (self.ends_at, self.progress) = (now.after(STALLED), 0);
        }
        self.ends_at
    }

    /// The client has read; that gains no time for a stream that is ending.
    fn has_read(&mut self) {
        if !self.is_ending {
            self.ends_at = u64::MAX;
        }
    }

    /// Ends once everything that is there was sent, and soon; if that is new, returns when.
    pub(super) fn leave(&mut self, now: Now) -> Option<u64> {
        self.pieces.streamed.leave().then(|| self.end_within(now, LINGER))
    }

    /// Ends after the rest of a message, and soon; returns when.
    pub(super) fn end_after_rest(&mut self, now: Now) -> u64 {
        self.end_within(now, REST)
    }

    fn end_within(&mut self, now: Now, time: Duration) -> u64 {
        (self.ends_at, self.is_ending) = (self.ends_at.min(now.after(time)), true);
        self.ends_at
    }

    /// When it ends unless the client reads, in milliseconds since the server started.
    pub(super) fn until(&self) -> Option<u64> {
        (self.ends_at < u64::MAX).then_some(self.ends_at)
    }

    /// How it ends then.
    pub(super) fn late(&mut self) -> End {
        let streamed = &mut self.pieces.streamed;
        let why = if streamed.leaves() { Error::Stopping } else { Error::NotRead };
        streamed.over().unwrap_or_else(|| streamed.end(why))
    }
}
