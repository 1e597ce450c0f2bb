//! Responses that go on: subscriptions.
//!
//! A stream writes only what the windows allow and the socket soon takes; what its client does not
//! read stays where it is stored, and no stream holds it. All streams of a connection send their
//! heartbeats together.

use super::super::pieces::Filled;
use super::connection::Connection;
use super::error::ErrorCode;
use super::frame::{self, LARGEST, begin_headers, end_headers};
use super::sending::Part;
use super::settings;
use super::stream::{State, Stream};
use super::streamed::Streaming;
use crate::front::streamed::{End, Streamed};
use crate::limits::SUBSCRIBER_STREAMS;
use crate::message::Headers;

/// The most pieces that a stream writes before others take turns.
const AT_A_TIME: usize = 16;

impl Connection {
    /// Begins a response that goes on, with a heartbeat.
    pub(super) fn begin_stream(&mut self, mut stream: Stream, mut streamed: Box<Streamed>) {
        self.allow_many_streams();
        let (id, response) = (stream.id, streamed.take_head());
        let start = self.begin_head(id, false, response.status);
        self.write_response_headers(&response);
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
    pub(super) fn allow_many_streams(&mut self) {
        if self.most_streams < SUBSCRIBER_STREAMS {
            self.most_streams = SUBSCRIBER_STREAMS;
            settings::raise_streams(self.output.bytes(), SUBSCRIBER_STREAMS);
        }
    }

    /// Queues the streams that have something to send, and ends those that are over.
    pub(super) fn queue_ready(&mut self) {
        while let Some(id) = self.deferred.pop_ready() {
            self.look_at_tunnel(id);
            let Some(stream) = self.streams.get(id) else { continue };
            if matches!(stream.state, State::Tunnel(_)) && stream.queues() {
                self.sending.push_back(id);
                continue;
            }
            let State::Streaming(streaming) = &mut stream.state else { continue };
            let end = streaming.pieces.streamed.over();
            let is_inside = streaming.pieces.is_inside();
            let until = (end.is_some() && is_inside).then(|| streaming.end_after_rest(self.now));
            if stream.queues() {
                self.sending.push_back(id);
            }
            if let Some(until) = until {
                self.note(until);
            } else if let Some(end) = end {
                self.cut_stream(id, end);
            }
        }
    }

    /// Sends a heartbeat on each stream.
    pub(super) fn beat(&mut self) {
        self.heartbeat_at = u64::MAX;
        for stream in self.streams.iter_mut() {
            let State::Streaming(streaming) = &mut stream.state else { continue };
            streaming.pieces.is_due = true;
            self.heartbeat_at = self.now.after(self.heartbeat_every);
            if stream.queues() {
                self.sending.push_back(stream.id);
            }
        }
        self.go_on_sending();
    }

    /// Writes what a stream has; `None` if that is nothing, or its window is empty.
    pub(super) fn send_stream(&mut self, id: u32) -> Option<Part> {
        let part = self.send_pieces(id);
        if let Some(State::Streaming(streaming)) = self.streams.get(id).map(|it| &mut it.state) {
            streaming.pieces.put_back();
        }
        part
    }

    fn send_pieces(&mut self, id: u32) -> Option<Part> {
        let now = self.now;
        for _ in 0..AT_A_TIME {
            let stream = self.streams.get(id)?;
            let State::Streaming(streaming) = &mut stream.state else { return None };
            match streaming.fill(now) {
                Filled::Some => {}
                Filled::Nothing => {
                    streaming.is_queued = false;
                    return None;
                }
                Filled::Lost => {
                    // The client should subscribe again.
                    self.end_stream(id, ErrorCode::RefusedStream);
                    return None;
                }
            }
            let (left, room) = (streaming.pieces.left(), self.outbound.room());
            let length = left.min(LARGEST).min(stream.outbound.room()).min(room);
            if length == 0 && left > 0 {
                return if room == 0 { Some(Part::Other) } else { self.block(id) };
            }
            let is_end = length == left && streaming.pieces.end.is_some();
            let has_trailers =
                streaming.pieces.end.as_ref().is_some_and(|end| end.trailers.is_some());
            if length > 0 || !has_trailers {
                let parts = streaming.take(length).into_iter();
                self.output.data(id, is_end && !has_trailers, length, parts);
                stream.outbound.take(length);
                self.outbound.take(length);
            }
            if is_end {
                return Some(Part::End(streaming.pieces.end.take().unwrap_or_default()));
            }
        }
        Some(Part::Other)
    }

    /// Waits until the client opens the window of the stream.
    fn block(&mut self, id: u32) -> Option<Part> {
        let (now, stream) = (self.now, self.streams.get(id)?);
        let State::Streaming(streaming) = &mut stream.state else { return None };
        streaming.is_queued = false;
        let until = streaming.limit(now);
        self.note(until);
        None
    }

    /// Ends all streams, since the server stops: after what is there, if the client takes it soon.
    pub(super) fn end_streams(&mut self) {
        let mut until = u64::MAX;
        for stream in self.streams.iter_mut() {
            let State::Streaming(streaming) = &mut stream.state else { continue };
            let Some(ends_at) = streaming.leave(self.now) else { continue };
            until = until.min(ends_at);
            if stream.queues() {
                self.sending.push_back(stream.id);
            }
        }
        self.note(until);
        self.go_on_sending();
    }

    /// Ends a stream whose client did not read in time.
    pub(super) fn end_late(&mut self, id: u32) {
        let Some(stream) = self.streams.get(id) else { return };
        let State::Streaming(streaming) = &mut stream.state else { return };
        let end = streaming.late();
        self.cut_stream(id, end);
    }

    /// Ends a stream at once, whatever its client takes: with a reset if a piece is written in part, or
    /// if the end has content for which the windows are too small.
    fn cut_stream(&mut self, id: u32, End { data, trailers }: End) {
        let Some(mut stream) = self.remove(id) else { return };
        let room = stream.outbound.room().min(self.outbound.room()).min(LARGEST);
        let is_inside = matches!(&stream.state, State::Streaming(it) if it.pieces.is_inside());
        if is_inside || data.len() > room {
            self.streams.put(stream);
            return self.end_stream(id, ErrorCode::RefusedStream);
        }
        let (length, is_end) = (data.len(), trailers.is_none());
        if length > 0 || is_end {
            stream.outbound.take(length);
            self.outbound.take(length);
            self.output.data(id, is_end, length, std::iter::once(data));
        }
        self.finish_stream(stream, End { trailers, ..End::default() });
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
