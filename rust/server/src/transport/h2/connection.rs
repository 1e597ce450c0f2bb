//! The state of a connection and how it handles frames, independent of the socket.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf, BytesMut};

use super::deferred::DeferredAnswers;
use super::encoded_status::EncodedStatus;
use super::error::{ErrorCode, Fault, Outcome};
use super::flood_guard::FloodGuard;
use super::frame::{self, ACK, HEAD, Head, Kind, LARGEST};
use super::header_block_cache::HeaderBlockCache;
use super::hpack::{Decoder, Encoder};
use super::output::Output;
use super::pause::Pause;
use super::settings::{self, CONNECTION_WINDOW};
use super::stream::{State, Stream, Streams};
use super::unfinished::{Block, Data, Short};
use super::window::{self, Inbound, Outbound};
use crate::clock::Now;
use crate::front::client::Client;
use crate::limits::STREAMS_PER_CONNECTION;
use crate::plan;

/// The connection preface of a client (§3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The highest stream identifier.
pub(super) const LAST_STREAM: u32 = (1 << 31) - 1;
/// How many reset streams are remembered: frames that the client sent before it received the reset
/// are no error.
const REMEMBERED: usize = 1_000;

/// One connection, without its socket.
pub(super) struct Connection {
    pub(super) client: Rc<Client>,
    /// The time at which this thread woke up.
    pub(super) now: Now,
    pub(super) stage: Stage,
    pub(super) decoder: Decoder,
    pub(super) memory: HeaderBlockCache,
    /// An incomplete header block.
    pub(super) block: Option<Box<Block>>,
    /// An incomplete DATA frame.
    pub(super) data: Option<Data>,
    /// The call that was refused when the last frame was read.
    pub(super) refused: Option<u32>,
    pub(super) streams: Streams,
    /// Whether the client has sent GOAWAY.
    pub(super) client_leaves: bool,
    /// The latest time to send GOAWAY, and the time until which the client must have reacted to it;
    /// in milliseconds since the server started.
    pub(super) goaway_at: u64,
    pub(super) leaves_at: u64,
    /// The newest stream when the shutdown was noticed; 0 if a request was in progress.
    pub(super) last_before: u32,
    /// The last stream that is served, as GOAWAY announced it.
    pub(super) last_served: u32,
    /// How many streams the client may have open.
    pub(super) most_streams: u32,
    /// When all subscriptions send a heartbeat, in milliseconds since the server started, and how
    /// often.
    pub(super) heartbeat_at: u64,
    pub(super) heartbeat_every: Duration,
    /// The newest stream that the client has opened.
    pub(super) last: u32,
    /// The newest stream that was admitted or refused.
    pub(super) seen: u32,
    /// Streams that the server reset while the client was sending.
    pub(super) reset: VecDeque<u32>,
    /// Requests that wait until the client has read earlier responses.
    pub(super) waiting: VecDeque<u32>,
    /// Large requests that wait until others of this connection are done.
    pub(super) waiting_large: VecDeque<u32>,
    /// Held by each large request that other tasks serve, cancelled ones too.
    pub(super) large: Rc<()>,
    /// Streams with a response to send, in the order of their turns.
    pub(super) sending: VecDeque<u32>,
    /// Responses from other tasks.
    pub(super) deferred: Rc<DeferredAnswers>,
    pub(super) inbound: Inbound,
    pub(super) outbound: Outbound,
    /// The initial send window of a new stream, in bytes.
    pub(super) window: u32,
    pub(super) output: Output,
    /// How many bytes of responses wait for flow control; short responses are not counted.
    pub(super) unsent: Rc<Cell<usize>>,
    pub(super) encoder: Encoder,
    pub(super) pause: Pause,
    /// The statuses of the limits that were met last.
    pub(super) statuses: Vec<EncodedStatus>,
    pub(super) flood_guard: FloodGuard,
    /// When the next stream times out.
    pub(super) until: u64,
    /// Since when the client has not read from the socket, in milliseconds since the server was
    /// made; `u64::MAX` if nothing is buffered.
    pub(super) unread_at: u64,
    /// Whether the reservation of a stream is offered to others.
    pub(super) has_offered: bool,
    /// The body that waits for memory, if any.
    pub(super) short: Option<Box<Short>>,
}

/// The stage of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The client has sent no preface.
    Preface,
    /// It has not sent its settings.
    Settings,
    Open,
    /// A GOAWAY was sent, and the client has not acknowledged it.
    Leaving,
    /// The client has acknowledged it: no new streams are served.
    Left,
}

impl Connection {
    /// A new connection; the server's settings are buffered.
    pub(super) fn new(client: Rc<Client>) -> Self {
        let now = client.worker.core.clock.now();
        let mut output = Output::default();
        settings::greet(output.bytes());
        Connection {
            client,
            now,
            stage: Stage::Preface,
            decoder: Decoder::default(),
            memory: HeaderBlockCache::default(),
            block: None,
            data: None,
            refused: None,
            streams: Streams::default(),
            client_leaves: false,
            goaway_at: u64::MAX,
            leaves_at: u64::MAX,
            last_before: 0,
            last_served: LAST_STREAM,
            most_streams: STREAMS_PER_CONNECTION,
            heartbeat_at: u64::MAX,
            heartbeat_every: Duration::MAX,
            last: 0,
            seen: 0,
            reset: VecDeque::new(),
            waiting: VecDeque::new(),
            waiting_large: VecDeque::new(),
            large: Rc::default(),
            sending: VecDeque::new(),
            deferred: Rc::default(),
            inbound: Inbound::new(CONNECTION_WINDOW),
            outbound: Outbound::new(window::DEFAULT),
            window: window::DEFAULT,
            output,
            unsent: Rc::default(),
            encoder: Encoder::new(),
            pause: Pause::NONE,
            statuses: Vec::new(),
            flood_guard: FloodGuard::new(now),
            until: u64::MAX,
            unread_at: u64::MAX,
            has_offered: false,
            short: None,
        }
    }

    /// Called whenever the thread wakes up.
    pub(super) fn wake_up(&mut self) {
        self.now = self.client.worker.core.clock.now();
        self.flood_guard.wake_up(self.now);
    }

    /// Handles all complete frames of `input`, and answers the requests that are complete.
    ///
    /// # Errors
    ///
    /// The reason to end the connection.
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Result<(), ErrorCode> {
        loop {
            match self.step(input) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(Fault::Connection(reason)) => return Err(reason),
                Err(Fault::Stream(id, reason)) => self.fail(id, reason)?,
            }
        }
    }

    /// Handles a frame or a part of one; false if more input is needed.
    fn step(&mut self, input: &mut BytesMut) -> Outcome<bool> {
        if self.stage == Stage::Preface {
            return self.take_preface(input);
        }
        if self.short.is_some() {
            return Ok(false);
        }
        if let Some(data) = self.data.take() {
            return self.take_data(data, input);
        }
        let Some(head) = Head::read(input) else { return Ok(false) };
        self.check(&head)?;
        if head.kind == Kind::Data {
            input.advance(HEAD);
            return self.begin_data(&head).map(|()| true);
        }
        let whole = HEAD + head.length;
        if input.len() < whole {
            return Ok(false);
        }
        self.flood_guard.note(head.kind)?;
        let taken = self.take_frame(&head, &input[HEAD..whole]);
        input.advance(whole);
        taken?;
        match self.refused.take() {
            Some(id) => self.discard_message(id, input).map(|()| true),
            None => Ok(true),
        }
    }

    fn take_preface(&mut self, input: &mut BytesMut) -> Outcome<bool> {
        let length = input.len().min(PREFACE.len());
        if input[..length] != PREFACE[..length] {
            return Err(Fault::PROTOCOL);
        }
        if length < PREFACE.len() {
            return Ok(false);
        }
        input.advance(length);
        self.stage = Stage::Settings;
        Ok(true)
    }

    /// Whether a frame is allowed in this state.
    pub(super) fn check(&self, head: &Head) -> Outcome<()> {
        if head.length > LARGEST {
            return Err(Fault::SIZE);
        }
        let is_settings = head.kind == Kind::Settings && !head.has(ACK);
        let is_out_of_order = self.stage == Stage::Settings && !is_settings
            || self.block.is_some() && head.kind != Kind::Continuation;
        if is_out_of_order { Err(Fault::PROTOCOL) } else { Ok(()) }
    }

    fn take_frame(&mut self, head: &Head, content: &[u8]) -> Outcome<()> {
        match head.kind {
            Kind::Headers => self.take_headers(head, content),
            Kind::Continuation => self.take_continuation(head, content),
            Kind::Priority => self.take_priority(head.stream, content),
            Kind::Reset => self.take_reset(head.stream, content),
            Kind::Settings => self.take_settings(head, content),
            Kind::Ping => self.take_ping(head, content),
            Kind::GoAway => self.take_go_away(head.stream, content),
            Kind::WindowUpdate => self.take_window_update(head.stream, content),
            Kind::Push => Err(Fault::PROTOCOL),
            Kind::Data | Kind::Unknown => Ok(()),
        }
    }

    /// Resets a stream after an error of the client.
    fn fail(&mut self, id: u32, reason: ErrorCode) -> Result<(), ErrorCode> {
        self.end_stream(id, reason);
        self.flood_guard.note_reset()
    }

    /// Resets a stream.
    pub(super) fn end_stream(&mut self, id: u32, reason: ErrorCode) {
        let stream = self.remove(id);
        frame::write_reset(self.output.bytes(), id, reason);
        if stream.is_none_or(|stream| !stream.has_ended) {
            self.ignore_stream(id);
        }
    }

    /// Removes a stream.
    pub(super) fn remove(&mut self, id: u32) -> Option<Stream> {
        let stream = self.streams.take(id)?;
        match &stream.state {
            State::Sending(_) | State::Streaming(_) | State::Tunnel(_) => {
                self.sending.retain(|one| *one != id);
            }
            State::Waiting(..) => {
                self.waiting.retain(|one| *one != id);
                self.waiting_large.retain(|one| *one != id);
            }
            _ => {}
        }
        Some(stream)
    }

    /// Ignores further frames on a stream.
    pub(super) fn ignore_stream(&mut self, id: u32) {
        if self.reset.len() == REMEMBERED {
            self.reset.pop_front();
        }
        self.reset.push_back(id);
    }

    /// Whether frames on a closed stream may have been sent before the client received its reset.
    pub(super) fn was_reset(&self, id: u32) -> bool {
        self.reset.contains(&id)
    }

    /// Does what is possible after all available input is handled.
    pub(super) fn make_progress(&mut self) {
        if self.has_offered {
            let next = self.rest();
            self.note(next);
        }
        self.answer_async();
        self.admit();
        self.serve_waiting();
        self.queue_ready();
        self.go_on_sending();
        plan::end_turn();
    }

    /// Whether there is more to do once everything is sent.
    pub(super) fn can_go_on(&self) -> bool {
        self.can_serve() || self.can_send()
    }

    /// Whether the client has to read before there is progress.
    pub(super) fn is_unread(&self) -> bool {
        let is_shut = !self.sending.is_empty() && self.outbound.room() == 0;
        is_shut || !(self.output.is_sent() && self.waiting.is_empty())
    }

    /// Whether a request is in progress.
    pub(super) fn serves(&self) -> bool {
        self.streams.len() > 0
    }

    /// Whether the client sends too many useless frames.
    pub(super) fn is_flooding(&mut self) -> bool {
        self.flood_guard.is_flooding(self.output.sent_in_all())
    }

    /// Whether the connection has nothing left to do.
    pub(super) fn is_over(&self) -> bool {
        let is_leaving = self.stage == Stage::Left || self.client_leaves;
        is_leaving && self.streams.len() == 0 && self.output.is_sent()
    }

    /// Sends GOAWAY with the last stream that may have been processed.
    pub(super) fn go_away(&mut self, reason: ErrorCode) {
        self.last_served = self.last_served.min(self.last);
        frame::write_go_away(self.output.bytes(), self.last_served, reason);
    }

    /// Sets the next wake-up to `until` if that is sooner, in milliseconds since the server was
    /// made.
    pub(super) fn note(&mut self, until: u64) {
        self.until = self.until.min(until);
    }
}
