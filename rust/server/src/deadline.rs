//! A moment by which something must have happened on a connection.
//!
//! Moving it is a store: the timer behind it is set again only when it fires too
//! early, or when a nearer moment is wanted. So a connection that serves a request
//! every millisecond touches its timer about once in six minutes.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock::Clock;

/// A moment, and the timer that fires then.
pub(crate) struct Deadline {
    clock: Clock,
    /// In milliseconds since the server started, as requests read the clock.
    at: u64,
    rings_at: u64,
    timer: Pin<Box<Sleep>>,
}

impl Deadline {
    /// A deadline `time` from now.
    pub(crate) fn within(clock: Clock, time: Duration) -> Self {
        let at = clock.now().moment.0 + milliseconds(time);
        let timer = Box::pin(sleep_until(Instant::from_std(clock.instant(at))));
        Deadline { clock, at, rings_at: at, timer }
    }

    /// Moves it to `time` after `moment`, which was read from the clock before.
    pub(crate) fn set(&mut self, moment: attimo_engine::Moment, time: Duration) {
        self.at = moment.0 + milliseconds(time);
        if self.at < self.rings_at {
            self.arm();
        }
    }

    /// When the `time` that it limits began, in milliseconds since the server started.
    pub(crate) fn began(&self, time: Duration) -> u64 {
        self.at.saturating_sub(milliseconds(time))
    }

    /// Wakes the polling task at `moment` as well, if that is earlier; in milliseconds since the
    /// server was made.
    pub(crate) fn wake_at(&mut self, moment: u64) {
        if moment < self.at && (moment < self.rings_at || self.timer.is_elapsed()) {
            self.ring_at(moment);
        }
    }

    /// Ready when it has passed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            if self.rings_at >= self.at {
                return Poll::Ready(());
            }
            self.arm();
        }
        Poll::Pending
    }

    fn arm(&mut self) {
        self.ring_at(self.at);
    }

    fn ring_at(&mut self, moment: u64) {
        self.rings_at = moment;
        self.timer.as_mut().reset(Instant::from_std(self.clock.instant(moment)));
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn a_deadline_that_was_moved_rings_when_it_was_moved_to() {
        let clock = Clock::start();
        let start = clock.now().moment;
        let began = Instant::now();
        let mut deadline = Deadline::within(clock, SECOND);

        deadline.set(start, 5 * SECOND);
        poll_fn(|cx| deadline.poll(cx)).await;
        assert!((4..6).contains(&began.elapsed().as_secs()));
        deadline.set(start, 400 * SECOND);
        deadline.set(start, 7 * SECOND);
        poll_fn(|cx| deadline.poll(cx)).await;
        assert!((6..8).contains(&began.elapsed().as_secs()));
    }

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn who_wants_to_be_woken_before_is_and_the_deadline_stays() {
        let clock = Clock::start();
        let (start, began) = (clock.now().moment, Instant::now());
        let mut deadline = Deadline::within(clock, 10 * SECOND);
        let mut woken = 0;

        poll_fn(|cx| {
            woken += 1;
            let seconds = began.elapsed().as_secs();
            let next = [3, 5, 12].into_iter().find(|next| seconds < *next).unwrap();
            deadline.wake_at(start.0 + next * 1_000);
            deadline.poll(cx)
        })
        .await;
        assert_eq!(woken, 4);
        assert!((9..12).contains(&began.elapsed().as_secs()));
        assert!(start.0.abs_diff(deadline.began(10 * SECOND)) < 1_000);
    }
}
