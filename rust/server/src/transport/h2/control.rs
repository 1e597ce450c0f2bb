//! Frames that control the connection and its streams (RFC 9113 §6.3 to
//! §6.9).

use std::time::Duration;

use super::connection::{Connection, LAST_STREAM, Stage};
use super::error::{ErrorCode, Fault, Outcome};
use super::frame::{self, ACK, Head, Kind};
use super::settings::{self, Setting};
use crate::limits::LINGER;

/// How long to wait for a request when the server stops, so that GOAWAY is sent together with an
/// answer.
const TELL: Duration = Duration::from_secs(1);
/// The ping whose acknowledgement shows that a client has received GOAWAY.
const LEAVING: [u8; 8] = *b"leaving!";
impl Connection {
    /// Priorities are ignored; only malformed ones are refused (RFC 7540 §5.3.1).
    pub(super) fn take_priority(&mut self, id: u32, content: &[u8]) -> Outcome<()> {
        let [a, b, c, d, _weight] = *content else { return Err(Fault::SIZE) };
        match id {
            0 => Err(Fault::PROTOCOL),
            _ if frame::number([a, b, c, d]) == id && self.streams.get(id).is_some() => {
                Err(Fault::Stream(id, ErrorCode::ProtocolError))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn take_reset(&mut self, id: u32, content: &[u8]) -> Outcome<()> {
        if content.len() != 4 {
            return Err(Fault::SIZE);
        }
        if id > self.last || id.is_multiple_of(2) {
            return Err(Fault::PROTOCOL);
        }
        let was_open = self.remove(id).is_some();
        // One that was answered before cost no more than any other.
        if was_open && id > self.seen { self.flood_guard.given_up() } else { Ok(()) }
    }

    pub(super) fn take_settings(&mut self, head: &Head, content: &[u8]) -> Outcome<()> {
        if head.stream != 0 {
            return Err(Fault::PROTOCOL);
        }
        if !content.len().is_multiple_of(6) || (head.has(ACK) && !content.is_empty()) {
            return Err(Fault::SIZE);
        }
        if head.has(ACK) {
            return Ok(());
        }
        let mut window = self.window;
        for setting in settings::read(content) {
            match setting? {
                Setting::TableSize(size) => self.encoder.resize(size),
                Setting::Window(size) => window = size,
            }
        }
        self.change_window(window)?;
        if self.stage == Stage::Settings {
            self.stage = Stage::Open;
        }
        frame::write(self.output.bytes(), Kind::Settings, ACK, 0, &[]);
        Ok(())
    }

    /// What the client takes on new streams counts for those that are open as well (§6.9.2).
    fn change_window(&mut self, window: u32) -> Outcome<()> {
        let more = i64::from(window) - i64::from(self.window);
        if more == 0 {
            return Ok(());
        }
        self.window = window;
        for stream in self.streams.iter_mut() {
            stream.outbound.grow(more, Fault::Connection)?;
            if stream.queues() {
                self.sending.push_back(stream.id);
            }
        }
        Ok(())
    }

    pub(super) fn take_ping(&mut self, head: &Head, content: &[u8]) -> Outcome<()> {
        if head.stream != 0 {
            return Err(Fault::PROTOCOL);
        }
        if content.len() != 8 {
            return Err(Fault::SIZE);
        }
        if !head.has(ACK) {
            frame::write(self.output.bytes(), Kind::Ping, ACK, 0, content);
        } else if self.stage == Stage::Leaving && content == LEAVING {
            self.leave_for_good();
        }
        Ok(())
    }

    pub(super) fn take_go_away(&mut self, id: u32, content: &[u8]) -> Outcome<()> {
        if id != 0 {
            return Err(Fault::PROTOCOL);
        }
        if content.len() < 8 {
            return Err(Fault::SIZE);
        }
        self.client_leaves = true;
        Ok(())
    }

    pub(super) fn take_window_update(&mut self, id: u32, content: &[u8]) -> Outcome<()> {
        let more = frame::number(content.try_into().map_err(|_| Fault::SIZE)?);
        let is_idle = id > self.last || (id > 0 && id.is_multiple_of(2));
        if is_idle || (id, more) == (0, 0) {
            return Err(Fault::PROTOCOL);
        }
        if id == 0 {
            return self.outbound.grow(more.into(), Fault::Connection);
        }
        // A closed stream needs no window.
        let Some(stream) = self.streams.get(id) else { return Ok(()) };
        if more == 0 {
            return Err(Fault::Stream(id, ErrorCode::ProtocolError));
        }
        stream.outbound.grow(more.into(), |reason| Fault::Stream(id, reason))?;
        if stream.queues() {
            self.sending.push_back(id);
        }
        Ok(())
    }

    /// Sends GOAWAY once the client has sent its settings. Requests that the client sends before it
    /// receives that are answered.
    ///
    /// Some clients read nothing after a GOAWAY, not even an answer in progress (hyper-h2, which
    /// httpx uses). So to a client that sends one request at a time it is sent together with an
    /// answer.
    ///
    /// Subscriptions end at once, so that their clients subscribe elsewhere.
    pub(super) fn leave(&mut self) {
        self.end_streams();
        if matches!(self.stage, Stage::Leaving | Stage::Left) {
            return;
        }
        if self.leaves_at == u64::MAX {
            self.last_before = if self.serves() { 0 } else { self.last };
            self.goaway_at = self.now.after(TELL);
            self.leaves_at = self.now.after(LINGER);
            self.note(self.goaway_at);
        }
        let has_answered = !self.serves() && self.last > self.last_before;
        let is_time = has_answered || self.goaway_at <= self.now.moment.0;
        if self.stage != Stage::Open || !is_time {
            return;
        }
        self.stage = Stage::Leaving;
        self.goaway_at = u64::MAX;
        let to = self.output.bytes();
        frame::write(to, Kind::Ping, 0, 0, &LEAVING);
        frame::write_go_away(to, LAST_STREAM, ErrorCode::NoError);
    }

    /// Whether the server stops and the client did not send its preface and settings in time.
    pub(super) fn never_began(&self) -> bool {
        let is_opening = matches!(self.stage, Stage::Preface | Stage::Settings);
        is_opening && self.leaves_at <= self.now.moment.0
    }

    /// Serves no new streams: the client has acknowledged the GOAWAY, or did not in time.
    pub(super) fn leave_for_good(&mut self) {
        self.stage = Stage::Left;
        (self.goaway_at, self.leaves_at) = (u64::MAX, u64::MAX);
        self.go_away(ErrorCode::NoError);
    }
}
