//! The pieces of a response that goes on, in parts as its client takes them.
//!
//! A message of which the client does not take the rest for now is put back: the feed of the topic has
//! it, once for all subscribers, and the connection holds nothing of it.

use bytes::Buf;

use crate::clock::Now;
use crate::front::streamed::{End, Piece, Streamed};
use crate::topics::Encoded;

/// A response that goes on, and the piece that is being written.
pub(super) struct Pieces {
    pub(super) streamed: Box<Streamed>,
    /// The rest of the piece; empty while it is put back.
    parts: Encoded,
    /// How many bytes of the piece are written.
    written: usize,
    /// Whether the piece is a message, and whether it is put back.
    is_message: bool,
    is_put_back: bool,
    /// The end, if that is the last piece.
    pub(super) end: Option<End>,
    /// Whether a heartbeat is due.
    pub(super) is_due: bool,
}

/// What there is to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    Nothing,
    /// A piece, which may be an end without content.
    Some,
    /// Nothing any more: there was no memory to keep the rest of a message.
    Lost,
}

impl Pieces {
    /// Those of a response, which begins with a heartbeat.
    pub(super) fn new(streamed: Box<Streamed>) -> Self {
        Pieces {
            streamed,
            parts: Encoded::default(),
            written: 0,
            is_message: false,
            is_put_back: false,
            end: None,
            is_due: true,
        }
    }

    /// How many bytes of the piece are left.
    pub(super) fn left(&self) -> usize {
        self.parts[0].len() + self.parts[1].len()
    }

    /// Whether a piece is written in part, so that nothing else can follow.
    pub(super) fn is_inside(&self) -> bool {
        self.written > 0 && (self.is_put_back || self.left() > 0)
    }

    /// Sees to it that there is a piece, if there is something to write.
    pub(super) fn fill(&mut self, now: Now) -> Filled {
        if std::mem::take(&mut self.is_put_back) && !self.take_again() && self.written > 0 {
            return Filled::Lost;
        }
        if self.left() > 0 || self.end.is_some() {
            return Filled::Some;
        }
        (self.written, self.is_message) = (0, false);
        if std::mem::take(&mut self.is_due) {
            self.parts[0] = self.streamed.heartbeat();
            return Filled::Some;
        }
        match self.streamed.next(now) {
            Piece::Nothing => return Filled::Nothing,
            Piece::Message(parts) => (self.parts, self.is_message) = (parts, true),
            Piece::Gap(parts) => self.parts = parts,
            Piece::Last(mut end) => {
                self.parts[0] = std::mem::take(&mut end.data);
                self.end = Some(end);
            }
        }
        Filled::Some
    }

    /// Goes on with the message that was put back; false if it is not kept any more.
    fn take_again(&mut self) -> bool {
        let Some([mut first, mut second]) = self.streamed.again() else { return false };
        if first.len() + second.len() <= self.written {
            return false;
        }
        let of_first = self.written.min(first.len());
        first.advance(of_first);
        second.advance(self.written - of_first);
        self.parts = [first, second];
        true
    }

    /// The next `length` bytes of the piece.
    pub(super) fn take(&mut self, length: usize) -> Encoded {
        self.written += length;
        let [first, second] = &mut self.parts;
        let of_first = length.min(first.len());
        [first.split_to(of_first), second.split_to(length - of_first)]
    }

    /// Holds no message, since the client does not take more for now.
    pub(super) fn put_back(&mut self) {
        if self.left() == 0 {
            return self.streamed.forget();
        }
        if self.is_message {
            self.parts = Encoded::default();
            self.is_put_back = true;
            self.streamed.put_back(self.written > 0);
        }
        self.streamed.rest();
    }
}
