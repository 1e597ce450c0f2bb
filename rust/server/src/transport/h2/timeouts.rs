//! The timeouts of a connection.

use std::task::{Context, Poll};
use std::time::Duration;

use super::connection::{Connection, Stage};
use crate::clock::{Clock, Now};
use crate::deadline::Deadline;
use crate::limits::{HANDSHAKE, HEAD, IDLE, STALLED};
use crate::memory_budget::{IDLE_AFTER, PROGRESS, Reservation, Rest};
use crate::stats::Closed;

/// The timeouts of one connection.
pub(super) struct Timeouts {
    clock: Clock,
    doing: Phase,
    /// The number of frames at the last check.
    frames: u64,
    deadline: Deadline,
    /// How many bytes were sent when the client last read, if the rest has been unread since.
    unread_since: Option<usize>,
    /// Both are allocated when first needed, and kept.
    stalled: Option<Box<Deadline>>,
    streams: Option<Box<Deadline>>,
}

/// What the client is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its first frame is incomplete.
    Opening,
    /// It sends nothing, or data, which has its own timeout.
    Idle,
    /// A frame is incomplete.
    Frame,
    /// A header block is incomplete.
    Block,
}

impl Timeouts {
    /// A client that has sent nothing.
    pub(super) fn new(clock: Clock) -> Self {
        Timeouts {
            clock,
            doing: Phase::Opening,
            frames: 0,
            deadline: Deadline::within(clock, HANDSHAKE),
            unread_since: None,
            stalled: None,
            streams: None,
        }
    }

    /// Ready with the reason when the connection times out. Ends streams that have timed out.
    pub(super) fn poll(
        &mut self,
        connection: &mut Connection,
        is_inside: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Closed> {
        let stalled = self.poll_stalled(connection, cx);
        self.poll_streams(connection, cx);
        if stalled.is_ready() {
            return Poll::Ready(Closed::Stalled);
        }
        self.poll_silence(connection, is_inside, cx)
    }

    /// Whether others took the reservation of a client that is idle in the middle of a frame or
    /// response.
    pub(super) fn is_flooding(
        &mut self,
        reservation: &mut Reservation,
        now: Now,
        cx: &Context<'_>,
    ) -> bool {
        let since = self.deadline.began(HEAD);
        match reservation.rest(since, now.moment.0, cx.waker()) {
            Rest::Until(moment) => self.deadline.wake_at(moment),
            Rest::Offered => {}
            Rest::Lost => return true,
        }
        false
    }

    fn poll_streams(&mut self, connection: &mut Connection, cx: &mut Context<'_>) {
        while connection.until < u64::MAX {
            let clock = self.clock;
            let deadline =
                self.streams.get_or_insert_with(|| Box::new(Deadline::within(clock, IDLE)));
            deadline.set(attimo_engine::Moment(connection.until), Duration::ZERO);
            // A timer is never ready for a task that has used up its cooperative budget, as a
            // client that sends without pause makes it do. So compare the times, too.
            if deadline.poll(cx).is_pending() && connection.now.moment.0 < connection.until {
                return;
            }
            connection.now = clock.now();
            connection.expire();
        }
    }

    fn poll_stalled(&mut self, connection: &mut Connection, cx: &mut Context<'_>) -> Poll<()> {
        if !connection.is_unread() {
            self.unread_since = None;
            connection.unread_at = u64::MAX;
            return Poll::Pending;
        }
        let (clock, sent) = (self.clock, connection.output.sent_in_all());
        let deadline =
            self.stalled.get_or_insert_with(|| Box::new(Deadline::within(clock, STALLED)));
        if self.unread_since.is_none_or(|before| sent.wrapping_sub(before) >= PROGRESS) {
            self.unread_since = Some(sent);
            connection.unread_at = connection.now.moment.0;
            connection.note(connection.unread_at + IDLE_AFTER);
            deadline.set(connection.now.moment, STALLED);
        }
        deadline.poll(cx)
    }

    fn poll_silence(
        &mut self,
        connection: &Connection,
        is_inside: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Closed> {
        let doing = Phase::now(connection, is_inside);
        let has_said = connection.flood_guard.frames() != self.frames && doing != Phase::Block;
        // A client that waits for a response may send nothing for as long as that takes.
        let is_served = doing == Phase::Idle && connection.serves();
        if (doing != self.doing || has_said || is_served) && doing != Phase::Opening {
            let time = if doing == Phase::Idle { IDLE } else { HEAD };
            self.deadline.set(connection.now.moment, time);
        }
        (self.frames, self.doing) = (connection.flood_guard.frames(), doing);
        let closed = match doing {
            Phase::Idle => Closed::Idle,
            Phase::Opening => Closed::HandshakeTimeout,
            Phase::Frame | Phase::Block => Closed::HeadTimeout,
        };
        self.deadline.poll(cx).map(|()| closed)
    }
}

impl Phase {
    fn now(connection: &Connection, is_inside: bool) -> Self {
        match connection.stage {
            Stage::Preface | Stage::Settings => Phase::Opening,
            _ if connection.block.is_some() => Phase::Block,
            _ if is_inside => Phase::Frame,
            _ => Phase::Idle,
        }
    }
}
