//! Responses that go on: subscriptions.
//!
//! A stream writes only what the windows allow and the socket soon takes; what its client does not
//! read stays where it is stored. All streams of a connection send their heartbeats together.

use super::connection::Connection;
use super::error::ErrorCode;
use super::frame::{self, LARGEST, begin_headers, end_headers};
use super::sending::Part;
use super::settings;
use super::stream::{State, Stream};
use super::streamed::Streaming;
use crate::front::streamed::{End, Streamed};
use crate::limits::SUBSCRIBER_STREAMS;
use crate::memory_budget::IDLE_AFTER;
use crate::message::Headers;

/// The most pieces that a stream writes before others take turns.
const AT_A_TIME: usize = 16;
/// Memory is reserved for at least so many bytes that the client does not take.
const LARGE: usize = 4 * 1024;

impl Connection {
    /// Begins a response that goes on, with a heartbeat.
    pub(super) fn begin_stream(&mut self, mut stream: Stream, streamed: Box<Streamed>) {
        self.allow_many_streams();
        let (id, response) = (stream.id, &streamed.response);
        let start = self.begin_head(id, false, response.status);
        self.write_response_headers(&response.headers);
        end_headers(self.output.bytes(), start);
        self.heartbeat_every = self.heartbeat_every.min(streamed.heartbeat_every);
        let heartbeat_at = self.heartbeat_at.min(self.now.after(self.heartbeat_every));
        self.heartbeat_at = heartbeat_at;
        self.note(heartbeat_at);
        stream.state = State::Streaming(Box::new(Streaming::new(streamed)));
        self.streams.put(stream);
        self.sending.push_back(id);
    }

    /// Lets the client open more streams, since it subscribes.
    fn allow_many_streams(&mut self) {
        if self.most_streams < SUBSCRIBER_STREAMS {
            self.most_streams = SUBSCRIBER_STREAMS;
            settings::raise_streams(self.output.bytes(), SUBSCRIBER_STREAMS);
        }
    }

    /// Queues the streams that have something to send.
    pub(super) fn queue_ready(&mut self) {
        while let Some(id) = self.deferred.pop_ready() {
            if self.streams.get(id).is_some_and(Stream::queues) {
                self.sending.push_back(id);
            }
        }
    }

    /// Sends a heartbeat on each stream.
    pub(super) fn beat(&mut self) {
        self.heartbeat_at = u64::MAX;
        for stream in self.streams.iter_mut() {
            let State::Streaming(streaming) = &mut stream.state else { continue };
            streaming.is_due = true;
            self.heartbeat_at = self.now.after(self.heartbeat_every);
            if stream.queues() {
                self.sending.push_back(stream.id);
            }
        }
        self.go_on_sending();
    }

    /// Writes what a stream has; `None` if that is nothing, or its window is empty.
    pub(super) fn send_stream(&mut self, id: u32) -> Option<Part> {
        let now = self.now;
        for _ in 0..AT_A_TIME {
            let stream = self.streams.get(id)?;
            let State::Streaming(streaming) = &mut stream.state else { return None };
            if streaming.reservation.as_mut().is_some_and(|reservation| !reservation.keep()) {
                self.end_lost(id);
                return None;
            }
            if !streaming.fill(now) {
                streaming.is_queued = false;
                return None;
            }
            let (left, room) = (streaming.left(), self.outbound.room());
            let length = left.min(LARGEST).min(stream.outbound.room()).min(room);
            if length == 0 && left > 0 {
                return if room == 0 { Some(Part::Other) } else { self.block(id, left) };
            }
            let is_end = length == left && streaming.end.is_some();
            let has_trailers = streaming.end.as_ref().is_some_and(|end| end.trailers.is_some());
            if length > 0 || !has_trailers {
                let parts = streaming.take(length).into_iter();
                self.output.data(id, is_end && !has_trailers, length, parts);
                stream.outbound.take(length);
                self.outbound.take(length);
            }
            if is_end {
                return Some(Part::End(streaming.end.take().unwrap_or_default()));
            }
        }
        Some(Part::Other)
    }

    /// Keeps a piece until the client opens the window of its stream.
    fn block(&mut self, id: u32, left: usize) -> Option<Part> {
        let needed = (left >= LARGE).then(|| self.reserve(left));
        let (now, stream) = (self.now.moment.0, self.streams.get(id)?);
        let State::Streaming(streaming) = &mut stream.state else { return None };
        streaming.is_queued = false;
        match needed {
            Some(Err(_)) if streaming.reservation.is_none() => {
                self.end_stream(id, ErrorCode::RefusedStream);
            }
            Some(Ok(reservation)) if streaming.reservation.is_none() => {
                (streaming.reservation, streaming.blocked_at) = (Some(reservation), now);
                self.note(now + IDLE_AFTER);
            }
            _ => {}
        }
        None
    }

    /// Ends all streams, since the server stops: after what is there, if the client takes it.
    pub(super) fn end_streams(&mut self) {
        for stream in self.streams.iter_mut() {
            let State::Streaming(streaming) = &mut stream.state else { continue };
            if streaming.streamed.leave() && stream.queues() {
                self.sending.push_back(stream.id);
            }
        }
        self.go_on_sending();
        let is_blocked = |stream: &&Stream| match &stream.state {
            State::Streaming(streaming) => !streaming.is_queued,
            _ => false,
        };
        let blocked: Vec<_> = self.streams.iter().filter(is_blocked).map(|it| it.id).collect();
        for id in blocked {
            self.cut_stream(id);
        }
    }

    /// Ends a stream whose client takes nothing.
    fn cut_stream(&mut self, id: u32) {
        let Some(mut stream) = self.streams.take(id) else { return };
        let State::Streaming(streaming) = &mut stream.state else { return };
        let end = streaming.streamed.stop();
        // A message that is partly written cannot be followed by an end.
        if !streaming.has_begun && end.data.is_empty() {
            if end.trailers.is_none() {
                self.output.data(id, true, 0, std::iter::empty());
            }
            self.finish_stream(stream, end);
        } else {
            self.streams.put(stream);
            self.end_stream(id, ErrorCode::RefusedStream);
        }
    }

    /// Ends a stream whose content is written.
    pub(super) fn finish_stream(&mut self, stream: Stream, end: End) {
        if let Some(trailers) = end.trailers {
            self.write_all_trailers(stream.id, &trailers);
        }
        self.let_linger(stream);
    }

    fn write_all_trailers(&mut self, id: u32, trailers: &Headers) {
        let to = self.output.bytes();
        let start = begin_headers(to, true, id);
        self.encoder.begin(to);
        for (name, value) in trailers.iter() {
            self.encoder.header(name, value, to);
        }
        frame::end_headers(to, start);
    }
}
