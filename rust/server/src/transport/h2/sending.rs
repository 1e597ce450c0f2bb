//! Sends responses as fast as the client reads them (RFC 9113 §5.2, §6.9).
//!
//! A short response that fits the windows is written at once. A longer one stays with its stream
//! and is written in turns as the client grants credit, so that no more is buffered than the socket
//! soon takes.

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};

use super::answer::Answer;
use super::connection::Connection;
use super::error::ErrorCode;
use super::frame::{LARGEST, begin_headers, end_headers};
use super::stream::{Outgoing, State, Stream, Trailers};
use super::window::Outbound;
use crate::front::grpc::{CONTENT_TYPE, Status};
use crate::front::rest;
use crate::front::streamed::{End, Streamed};
use crate::front::web_socket::Upgrade;
use crate::limits::{AT_ONCE_BYTES, LINGER, LINGER_BYTES};
use crate::memory_budget::{IDLE_AFTER, Reservation};
use crate::message::{Common, Headers, Response};
use crate::transport::date::date;

/// A part of a response.
pub(super) enum Part {
    Last(Trailers),
    /// The last of one that went on.
    End(End),
    Other,
}

/// The outcome of writing a response.
enum Sent {
    All,
    Later(Outgoing),
    Streamed(Box<Streamed>),
    Upgraded(Box<Upgrade>),
    /// There is no memory to keep what the client does not read.
    Dropped,
}

impl Connection {
    /// Answers the request of `stream`, which was taken out of the open ones.
    pub(super) fn answer(&mut self, mut stream: Stream, answer: Answer) {
        let id = stream.id;
        match self.write(&stream, answer) {
            Sent::All => self.let_linger(stream),
            Sent::Later(outgoing) => {
                self.note(outgoing.read_at + IDLE_AFTER);
                stream.state = State::Sending(Box::new(outgoing));
                self.streams.put(stream);
                self.sending.push_back(id);
            }
            Sent::Streamed(streamed) => self.begin_stream(stream, streamed),
            Sent::Upgraded(upgrade) => self.begin_tunnel(stream, *upgrade),
            Sent::Dropped => {
                self.streams.put(stream);
                self.end_stream(id, ErrorCode::EnhanceYourCalm);
            }
        }
    }

    /// Writes the responses of other tasks.
    pub(super) fn answer_async(&mut self) {
        while let Some((id, answer)) = self.deferred.pop() {
            // A cancelled stream is not open any more.
            match (self.streams.take(id), answer) {
                (Some(stream), Some(answer)) => self.answer(stream, answer),
                (Some(stream), None) => {
                    self.streams.put(stream);
                    self.end_stream(id, ErrorCode::InternalError);
                }
                (None, _) => {}
            }
        }
    }

    /// Lets a client that already has its response finish sending, for a while.
    pub(super) fn let_linger(&mut self, mut stream: Stream) {
        if stream.has_ended {
            return;
        }
        let until = self.now.after(LINGER);
        stream.state = State::Lingering { left: LINGER_BYTES, until };
        // Nothing more is sent on this stream, whatever credit the client grants.
        stream.outbound = Outbound::new(0);
        self.note(until);
        self.streams.put(stream);
    }

    fn write(&mut self, stream: &Stream, answer: Answer) -> Sent {
        match answer {
            Answer::Grpc(Ok(reply)) => match self.room_for(reply.len()) {
                Ok(reservation) => {
                    let start = self.begin_head(stream.id, false, StatusCode::OK);
                    let to = self.output.bytes();
                    self.encoder.common(Common::Grpc, to);
                    end_headers(to, start);
                    let bytes = reply.len();
                    self.write_body(stream, bytes, reply.into_data(), Trailers::GrpcOk, reservation)
                }
                Err(error) => self.write_status(stream.id, error.into()),
            },
            Answer::Grpc(Err(Status::Limited(met))) => {
                self.write_limited(stream.id, met);
                Sent::All
            }
            Answer::Grpc(Err(status)) => self.write_status(stream.id, status),
            Answer::Http { response, head_only } => {
                self.write_response(stream, response, head_only)
            }
            Answer::Streamed(streamed) => Sent::Streamed(streamed),
            Answer::Upgraded(upgrade) => Sent::Upgraded(upgrade),
        }
    }

    /// Reserves memory for a response; none is needed for one that is sent at once.
    fn room_for(&self, bytes: usize) -> crate::error::Result<Option<Reservation>> {
        if bytes <= AT_ONCE_BYTES { Ok(None) } else { self.reserve(bytes).map(Some) }
    }

    pub(super) fn reserve(&self, bytes: usize) -> crate::error::Result<Reservation> {
        Reservation::for_answer(&self.client.worker.core.memory_budget, &self.unsent, bytes)
    }

    fn write_status(&mut self, id: u32, status: Status) -> Sent {
        let mut headers = Headers::with_capacity(4);
        let (name, value) = &CONTENT_TYPE;
        headers.insert(name.clone(), value.clone());
        status.write(&mut headers);
        self.write_head(id, true, StatusCode::OK, headers.iter());
        Sent::All
    }

    fn write_response(&mut self, stream: &Stream, mut response: Response, head_only: bool) -> Sent {
        let reservation = self.room_for(response.body.len()).unwrap_or_else(|error| {
            response = rest::refused(&self.client, &error);
            None
        });
        let ends = response.body.is_empty() || head_only;
        let start = self.begin_head(stream.id, ends, response.status);
        self.write_response_headers(&response);
        let Response { status, body, tells_length, .. } = response;
        let to = self.output.bytes();
        if tells_length && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            self.encoder.content_length(body.len(), to);
        }
        end_headers(to, start);
        if ends {
            return Sent::All;
        }
        let bytes = body.len();
        self.write_body(stream, bytes, std::iter::once(body), Trailers::None, reservation)
    }

    /// Writes headers, and those that every response has.
    pub(super) fn write_response_headers(&mut self, response: &Response) {
        let Response { common, etag, headers, .. } = response;
        let to = self.output.bytes();
        for which in *common {
            self.encoder.common(*which, to);
        }
        for (name, value) in headers.iter() {
            self.encoder.header(name, value, to);
        }
        if let Some(etag) = etag {
            self.encoder.etag(etag, to);
        }
        if !headers.contains_key("cache-control") {
            self.encoder.common(Common::Private, to);
        }
        self.encoder.common(Common::Varies, to);
        self.encoder.date(&date(self.now.epoch_seconds), to);
    }

    /// Begins the headers of a response and returns where they start.
    pub(super) fn begin_head(&mut self, id: u32, ends: bool, status: StatusCode) -> usize {
        let to = self.output.bytes();
        let start = begin_headers(to, ends, id);
        self.encoder.begin(to);
        self.encoder.status(status, to);
        start
    }

    pub(super) fn write_head<'a>(
        &mut self,
        id: u32,
        ends: bool,
        status: StatusCode,
        headers: impl IntoIterator<Item = (&'a HeaderName, &'a HeaderValue)>,
    ) {
        let start = self.begin_head(id, ends, status);
        let to = self.output.bytes();
        for (name, value) in headers {
            self.encoder.header(name, value, to);
        }
        end_headers(to, start);
    }

    fn write_body(
        &mut self,
        stream: &Stream,
        bytes: usize,
        parts: impl Iterator<Item = Bytes>,
        trailers: Trailers,
        reservation: Option<Reservation>,
    ) -> Sent {
        let room = stream.outbound.room().min(self.outbound.room()).min(LARGEST);
        // A short response goes before long ones, but leaves them a part of the window.
        let leaves_some = self.sending.is_empty() || self.outbound.room() >= 2 * LARGEST;
        if bytes <= room && reservation.is_none() && leaves_some {
            self.outbound.take(bytes);
            self.output.data(stream.id, trailers == Trailers::None, bytes, parts);
            self.write_trailers(stream.id, trailers);
            return Sent::All;
        }
        let Ok(reservation) = reservation.map_or_else(|| self.reserve(bytes), Ok) else {
            return Sent::Dropped;
        };
        let parts = parts.filter(|part| !part.is_empty()).collect();
        let read_at = self.now.moment.0;
        Sent::Later(Outgoing {
            parts,
            left: bytes,
            trailers,
            reservation,
            read_at,
            progress: 0,
            is_queued: true,
        })
    }

    fn write_trailers(&mut self, id: u32, trailers: Trailers) {
        if trailers == Trailers::None {
            return;
        }
        let to = self.output.bytes();
        let start = begin_headers(to, true, id);
        self.encoder.begin(to);
        self.encoder.common(Common::GrpcOk, to);
        end_headers(to, start);
    }

    /// Writes what the windows allow, in turns, until enough is buffered for the socket.
    pub(super) fn go_on_sending(&mut self) {
        while self.can_send()
            && !self.output.is_full()
            && let Some(id) = self.sending.pop_front()
        {
            match self.send_part(id) {
                Some(Part::Last(trailers)) => {
                    self.write_trailers(id, trailers);
                    if let Some(stream) = self.streams.take(id) {
                        self.let_linger(stream);
                    }
                }
                Some(Part::End(end)) => {
                    if let Some(stream) = self.streams.take(id) {
                        self.finish_stream(stream, end);
                    }
                }
                Some(Part::Other) => self.sending.push_back(id),
                None => {}
            }
        }
    }

    /// Whether there is something to send and the window of the connection is open.
    pub(super) fn can_send(&self) -> bool {
        !self.sending.is_empty() && self.outbound.room() > 0
    }

    /// Writes the next part of a response; `None` if the stream is closed or its window is empty.
    fn send_part(&mut self, id: u32) -> Option<Part> {
        let stream = self.streams.get(id)?;
        let outgoing = match &mut stream.state {
            State::Sending(outgoing) => outgoing,
            State::Tunnel(_) => return self.send_of_tunnel(id),
            _ => return self.send_stream(id),
        };
        let length =
            outgoing.left.min(LARGEST).min(stream.outbound.room()).min(self.outbound.room());
        if length == 0 {
            outgoing.is_queued = false;
            let next = outgoing.read_at + IDLE_AFTER;
            self.note(next);
            return None;
        }
        if !outgoing.reservation.keep() {
            self.end_lost(id);
            return None;
        }
        outgoing.note(length, self.now);
        let (trailers, is_last) = (outgoing.trailers, outgoing.left == length);
        let ends = is_last && trailers == Trailers::None;
        self.output.data(id, ends, length, outgoing.next(length));
        stream.outbound.take(length);
        self.outbound.take(length);
        Some(if is_last { Part::Last(trailers) } else { Part::Other })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_of_grpc_is_the_common_one() {
        let (name, value) = &CONTENT_TYPE;
        let (common, text) = Common::Grpc.field();
        assert_eq!((common, text.as_bytes()), (name, value.as_bytes()));
    }
}
