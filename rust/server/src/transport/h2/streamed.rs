//! The state of a response that goes on, independent of its connection.

use bytes::Bytes;

use crate::clock::Now;
use crate::front::streamed::{End, Piece, Streamed};
use crate::memory_budget::Reservation;
use crate::topics::Encoded;

/// A response that goes on.
pub(super) struct Streaming {
    pub(super) streamed: Box<Streamed>,
    /// The rest of the piece that is being written.
    parts: Encoded,
    /// Whether some of it is written.
    pub(super) has_begun: bool,
    /// The end, if that is the last piece.
    pub(super) end: Option<End>,
    /// Whether a heartbeat is due.
    pub(super) is_due: bool,
    /// Whether it is in the queue of streams to send.
    pub(super) is_queued: bool,
    /// For a piece that the client does not take.
    pub(super) reservation: Option<Reservation>,
    /// Since when it does not, in milliseconds since the server started.
    pub(super) blocked_at: u64,
}

impl Streaming {
    /// One that begins with a heartbeat.
    pub(super) fn new(streamed: Box<Streamed>) -> Self {
        Streaming {
            streamed,
            parts: Encoded::default(),
            has_begun: false,
            end: None,
            is_due: true,
            is_queued: true,
            reservation: None,
            blocked_at: 0,
        }
    }

    /// How many bytes of the piece are left.
    pub(super) fn left(&self) -> usize {
        self.parts[0].len() + self.parts[1].len()
    }

    /// Whether there is something to write, which may be an end without content.
    pub(super) fn fill(&mut self, now: Now) -> bool {
        if self.left() > 0 || self.end.is_some() {
            return true;
        }
        (self.reservation, self.has_begun) = (None, false);
        if std::mem::take(&mut self.is_due) {
            self.parts[0] = self.streamed.heartbeat();
            return true;
        }
        match self.streamed.next(now) {
            Piece::Nothing => return false,
            Piece::Data(parts) => self.parts = parts,
            Piece::Last(mut end) => {
                self.parts[0] = std::mem::take(&mut end.data);
                self.end = Some(end);
            }
        }
        true
    }

    /// The next `length` bytes of the piece.
    pub(super) fn take(&mut self, length: usize) -> [Bytes; 2] {
        self.has_begun = true;
        let [first, second] = &mut self.parts;
        let of_first = length.min(first.len());
        [first.split_to(of_first), second.split_to(length - of_first)]
    }
}
