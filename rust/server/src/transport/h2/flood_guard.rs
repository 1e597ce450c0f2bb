//! Limits frames that cost work and carry no request.

use super::error::{ErrorCode, Fault, Outcome};
use super::frame::Kind;
use crate::clock::Now;
use crate::limits::IDLE_FRAMES_PER_SECOND;

const SECOND: u64 = 1_000;
/// One frame without data is allowed for this many bytes sent: a client that receives much sends
/// `WINDOW_UPDATE` and PING frames.
const BYTES_PER_ANSWER: usize = 2 * 1024;
/// The most frames that can be allowed in advance: some clients send two `WINDOW_UPDATE` frames,
/// for the stream and for the connection, for each 4 KiB that they read.
const MOST_CREDIT: i64 = 16 * 1024;
/// How many requests a client may cancel per second before they are served.
const GIVEN_UP_PER_SECOND: u32 = 50;
/// How many streams the server resets per second before it closes the connection.
const MISTAKES_PER_SECOND: u32 = 100;
/// DATA frames with fewer bytes are short.
const SHORT: usize = 1024;

/// Counts frames and resets.
#[derive(Debug)]
pub(super) struct FloodGuard {
    /// When this second began, in milliseconds since the server started.
    second: u64,
    /// All frames.
    frames: u64,
    /// Frames without data, minus those that are allowed.
    idle: i64,
    given_up: u32,
    mistakes: u32,
    /// How many bytes were sent at the last check.
    sent: usize,
}

impl FloodGuard {
    /// Starts with all counts at zero.
    pub(super) fn new(now: Now) -> Self {
        FloodGuard { second: now.moment.0, frames: 0, idle: 0, given_up: 0, mistakes: 0, sent: 0 }
    }

    /// Starts a new second if the last one is over.
    pub(super) fn wake_up(&mut self, now: Now) {
        if now.moment.0 >= self.second + SECOND {
            (self.second, self.idle) = (now.moment.0, self.idle.clamp(-MOST_CREDIT, 0));
            (self.given_up, self.mistakes) = (0, 0);
        }
    }

    /// How many frames have begun.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Counts a frame without data; a HEADERS frame allows one other frame.
    ///
    /// # Errors
    ///
    /// The client exceeds the limit.
    pub(super) fn note(&mut self, kind: Kind) -> Outcome<()> {
        self.frames += 1;
        self.count(if kind == Kind::Headers { -1 } else { 1 })
    }

    /// Counts a DATA frame: on an open stream it allows one other frame; a short one on a stream
    /// that was reset counts as useless.
    ///
    /// # Errors
    ///
    /// The client exceeds the limit.
    pub(super) fn note_data(&mut self, is_open: bool, bytes: usize) -> Outcome<()> {
        self.frames += 1;
        match (is_open, bytes) {
            (true, _) => self.count(-1),
            (false, ..SHORT) => self.count(1),
            (false, _) => Ok(()),
        }
    }

    /// Counts a request that was refused before it was read, or a DATA frame without data.
    ///
    /// # Errors
    ///
    /// The client exceeds the limit.
    pub(super) fn note_useless_frame(&mut self) -> Outcome<()> {
        self.count(2)
    }

    fn count(&mut self, more: i64) -> Outcome<()> {
        self.idle += more;
        // Twice the limit: a client that sends a burst of them has not yet received what allows
        // them.
        if self.idle > 2 * IDLE_FRAMES_PER_SECOND { Err(Fault::FLOOD) } else { Ok(()) }
    }

    /// Counts a request that was cancelled right after it was sent.
    ///
    /// # Errors
    ///
    /// The client exceeds the limit.
    pub(super) fn given_up(&mut self) -> Outcome<()> {
        self.given_up += 1;
        if self.given_up > GIVEN_UP_PER_SECOND { Err(Fault::FLOOD) } else { Ok(()) }
    }

    /// Counts a stream that the server reset.
    ///
    /// # Errors
    ///
    /// The client exceeds the limit.
    pub(super) fn note_reset(&mut self) -> Result<(), ErrorCode> {
        self.mistakes += 1;
        if self.mistakes > MISTAKES_PER_SECOND { Err(ErrorCode::EnhanceYourCalm) } else { Ok(()) }
    }

    /// Whether the client exceeds the limit, with `sent_in_all` bytes sent.
    pub(super) fn is_flooding(&mut self, sent_in_all: usize) -> bool {
        let answers = sent_in_all.wrapping_sub(self.sent) / BYTES_PER_ANSWER;
        self.sent = self.sent.wrapping_add(answers * BYTES_PER_ANSWER);
        self.idle -= i64::try_from(answers).unwrap_or(i64::MAX);
        self.idle > IDLE_FRAMES_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn later(now: Now, milliseconds: u64) -> Now {
        Now { moment: attimo_engine::Moment(now.moment.0 + milliseconds), ..now }
    }

    #[test]
    fn frames_without_data_are_limited_per_second() {
        let now = Clock::start().now();
        let mut flood_guard = FloodGuard::new(now);
        let mut pings = |count| (0..count).try_for_each(|_| flood_guard.note(Kind::Ping));

        assert_eq!(pings(2 * IDLE_FRAMES_PER_SECOND), Ok(()));
        assert_eq!(pings(1), Err(Fault::FLOOD));
        assert!(flood_guard.is_flooding(0));
        flood_guard.wake_up(later(now, SECOND - 1));
        assert!(flood_guard.is_flooding(0));
        flood_guard.wake_up(later(now, SECOND));
        assert!(!flood_guard.is_flooding(0));
    }

    #[test]
    fn requests_and_responses_allow_more_frames() {
        let now = Clock::start().now();
        let mut flood_guard = FloodGuard::new(now);
        for _ in 0..5_000 {
            flood_guard.note(Kind::Headers).unwrap();
            flood_guard.note(Kind::Ping).unwrap();
        }
        (0..1_500).for_each(|_| flood_guard.note(Kind::WindowUpdate).unwrap());
        assert!(!flood_guard.is_flooding(600 * BYTES_PER_ANSWER));
        (0..200).for_each(|_| flood_guard.note(Kind::WindowUpdate).unwrap());
        assert!(flood_guard.is_flooding(600 * BYTES_PER_ANSWER));
    }

    #[test]
    fn resets_are_limited_per_second() {
        let now = Clock::start().now();
        let mut flood_guard = FloodGuard::new(now);
        for second in 0..10 {
            (0..GIVEN_UP_PER_SECOND).for_each(|_| flood_guard.given_up().unwrap());
            (0..MISTAKES_PER_SECOND).for_each(|_| flood_guard.note_reset().unwrap());
            flood_guard.wake_up(later(now, (second + 1) * SECOND));
        }
        (0..=GIVEN_UP_PER_SECOND).map(|_| flood_guard.given_up()).last().unwrap().unwrap_err();
        (0..MISTAKES_PER_SECOND).for_each(|_| flood_guard.note_reset().unwrap());
        assert_eq!(flood_guard.note_reset(), Err(ErrorCode::EnhanceYourCalm));
    }

    #[test]
    fn data_on_closed_streams_allows_no_frames() {
        let mut flood_guard = FloodGuard::new(Clock::start().now());
        let most = 2 * IDLE_FRAMES_PER_SECOND;
        for _ in 0..most {
            flood_guard.note_data(true, 1).unwrap();
            flood_guard.note(Kind::Ping).unwrap();
            flood_guard.note_data(false, SHORT).unwrap();
        }
        (0..most).for_each(|_| flood_guard.note_data(false, 1).unwrap());
        assert_eq!(flood_guard.note_data(false, 1), Err(Fault::FLOOD));
    }
}
