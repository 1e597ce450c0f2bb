//! Clients that leave their answers unread.

use std::task::{Context, Poll};

use crate::clock::{Clock, Now};
use crate::front::deadline::Deadline;
use crate::limits::STALLED;

/// Less than this in a minute is no reading: pongs are sent to anybody.
const PROGRESS: usize = 4 * 1024;

/// Tells who has read nothing for too long.
pub(super) struct Stall {
    clock: Clock,
    /// How much was sent when the client read last, if it has left something unread since.
    sent: Option<usize>,
    /// Made for whoever leaves something unread for the first time, and kept.
    deadline: Option<Box<Deadline>>,
}

impl Stall {
    pub(super) fn new(clock: Clock) -> Self {
        Stall { clock, sent: None, deadline: None }
    }

    /// Ready when something `is_unread` for too long and hardly anything was `sent` meanwhile.
    pub(super) fn poll(
        &mut self,
        is_unread: bool,
        sent: usize,
        now: Now,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if !is_unread {
            self.sent = None;
            return Poll::Pending;
        }
        let deadline =
            self.deadline.get_or_insert_with(|| Box::new(Deadline::within(self.clock, STALLED)));
        if self.sent.is_none_or(|before| sent.wrapping_sub(before) >= PROGRESS) {
            self.sent = Some(sent);
            deadline.set(now.moment, STALLED);
        }
        deadline.poll(cx)
    }
}
