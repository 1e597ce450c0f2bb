//! Requests on their way in: their data, and for how long it is waited for (RFC 9113 §6.1).

use std::rc::Rc;

use bytes::{Buf, Bytes, BytesMut};

use super::answer;
use super::body::Body;
use super::connection::Connection;
use super::fault::{Fault, Outcome, Reason};
use super::frame::{self, END_STREAM, Head, Kind, PADDED};
use super::request::{Request, Route};
use super::stream::{Receiving, State, Stream, Terms};
use crate::error::{Error, Overload, Result};
use crate::front::http as plain;
use crate::front::room::Held;
use crate::limits::{
    AT_ONCE_BYTES, BODY, STRANGER_BODY, STRANGER_BYTES, STRANGERS_PER_CONNECTION, UNSENT_BYTES,
};

/// A DATA frame that is not all here.
pub(super) struct Data {
    stream: u32,
    /// How much of its content is still to come, in bytes.
    left: usize,
    /// How much of its padding.
    padding: usize,
    /// Whether the length of the padding is still to come.
    is_padded: bool,
    ends: bool,
}

impl Connection {
    /// Takes in the head of a DATA frame. All of it counts for the windows, padding included.
    pub(super) fn begin_data(&mut self, head: &Head) -> Outcome<()> {
        let (id, ends, is_padded) = (head.stream, head.has(END_STREAM), head.has(PADDED));
        if id == 0 || id > self.last || (is_padded && head.length == 0) {
            return Err(Fault::PROTOCOL);
        }
        self.calm.note(Kind::Data)?;
        let is_open = self.streams.get(id).is_some_and(|stream| !stream.has_ended);
        if !is_open && !self.was_reset(id) {
            return Err(Fault::Connection(Reason::StreamClosed));
        }
        self.data = Some(Data { stream: id, left: head.length, padding: 0, is_padded, ends });
        self.count(id, head.length, ends)
    }

    fn count(&mut self, id: u32, length: usize, ends: bool) -> Outcome<()> {
        if !self.inbound.take(length) {
            return Err(Fault::Connection(Reason::FlowControlError));
        }
        if let Some(more) = self.inbound.give_back() {
            frame::write_window_update(self.output.bytes(), 0, more);
        }
        let Some(stream) = self.streams.get(id) else { return Ok(()) };
        if !stream.inbound.take(length) {
            return Err(Fault::Stream(id, Reason::FlowControlError));
        }
        if let (Some(more), false) = (stream.inbound.give_back(), ends) {
            frame::write_window_update(self.output.bytes(), id, more);
        }
        Ok(())
    }

    /// Takes in what is there of a DATA frame; false if that is not all of it.
    pub(super) fn take_data(&mut self, mut data: Data, input: &mut BytesMut) -> Outcome<bool> {
        if data.is_padded && !data.take_padding(input)? {
            self.data = Some(data);
            return Ok(false);
        }
        let length = data.left.min(input.len());
        data.left -= length;
        let ends = data.left == 0 && std::mem::take(&mut data.ends);
        let is_vain = length == 0 && data.left == 0 && !ends && data.padding == 0;
        let id = data.stream;
        let is_over = data.left == 0 && data.padding <= input.len() - length;
        let padding = data.padding.min(input.len() - length);
        data.padding -= padding;
        if !is_over {
            self.data = Some(data);
        }
        let taken = self.take_content(id, ends, input, length);
        input.advance(padding);
        taken?;
        if is_vain {
            self.calm.in_vain()?;
        }
        Ok(is_over)
    }

    /// Takes in the next `length` bytes of `input` as content of a stream, whatever comes of them.
    pub(super) fn take_content(
        &mut self,
        id: u32,
        ends: bool,
        input: &mut BytesMut,
        length: usize,
    ) -> Outcome<()> {
        let Some(stream) = self.streams.get(id) else {
            input.advance(length);
            return Ok(());
        };
        stream.has_ended |= ends;
        match &mut stream.state {
            State::Body(receiving) if ends && receiving.accepts(length, true) => {
                let body = receiving.body.end(input, length);
                self.complete(id, Ok(body));
            }
            State::Body(receiving) if receiving.accepts(length, ends) => {
                receiving.body.add(&input[..length]);
                input.advance(length);
                if let Err(error) = receiving.hold() {
                    self.complete(id, Err(error));
                }
            }
            State::Body(receiving) => {
                input.advance(length);
                if !receiving.body.fits(length, ends) {
                    return Err(Fault::Stream(id, Reason::ProtocolError));
                }
                let error = receiving.too_large();
                self.complete(id, Err(error));
            }
            State::Lingering { left, .. } => {
                input.advance(length);
                *left = left.saturating_sub(length);
                if ends {
                    self.streams.take(id);
                } else if *left == 0 {
                    self.end_stream(id, Reason::NoError);
                }
            }
            State::Waiting(..) | State::Elsewhere { .. } | State::Sending(_) => {
                input.advance(length);
            }
        }
        Ok(())
    }

    /// Takes in a request whose headers are all there.
    pub(super) fn begin_request(
        &mut self,
        id: u32,
        ends: bool,
        request: Rc<Request>,
    ) -> Outcome<()> {
        let body = Body::new(request.limit, request.length, request.route == Route::Grpc);
        if ends && !body.fits(0, true) {
            return Err(Fault::Stream(id, Reason::ProtocolError));
        }
        let state = State::Body(Receiving { request, body, terms: None });
        let mut stream = Stream::new(id, state, self.window);
        stream.has_ended = ends;
        self.streams.put(stream);
        if ends {
            self.complete(id, Ok(Bytes::new()));
        }
        Ok(())
    }

    /// Refuses headers that are too much, which only the client could know.
    pub(super) fn refuse_headers(&mut self, id: u32, ends: bool, route: Route) -> Outcome<()> {
        let state = State::Elsewhere { is_known: true };
        let mut stream = Stream::new(id, state, self.window);
        stream.has_ended = ends;
        let answer = answer::of_headers(&self.visit, route, Error::HeadersTooLarge);
        self.answer(stream, answer);
        self.calm.mistaken().map_err(Fault::Connection)
    }

    /// A request is all there, or nothing more of it will be taken.
    fn complete(&mut self, id: u32, body: Result<Bytes>) {
        let Some(mut stream) = self.streams.take(id) else { return };
        let State::Body(receiving) = stream.state else { return self.streams.put(stream) };
        let Receiving { request, terms, .. } = receiving;
        let held = terms.map(|terms| terms.held);
        if self.leaves_much() {
            stream.state = State::Waiting(request, body, held);
            self.streams.put(stream);
            self.waiting.push_back(id);
        } else {
            stream.state = State::Elsewhere { is_known: true };
            self.serve(stream, request, body, held);
        }
    }

    /// Whether the client has so much to read that it need not ask for more.
    fn leaves_much(&self) -> bool {
        self.output.is_full() || self.visit.unsent.get() > UNSENT_BYTES
    }

    /// Whether one of those that wait need wait no longer.
    pub(super) fn can_serve(&self) -> bool {
        !self.waiting.is_empty() && !self.leaves_much()
    }

    /// Serves those that have waited until the client read.
    pub(super) fn serve_waiting(&mut self) {
        while !self.leaves_much()
            && let Some(id) = self.waiting.pop_front()
        {
            let Some(mut stream) = self.streams.take(id) else { continue };
            let elsewhere = State::Elsewhere { is_known: true };
            match std::mem::replace(&mut stream.state, elsewhere) {
                State::Waiting(request, body, held) => self.serve(stream, request, body, held),
                _ => unreachable!("what waits does nothing else"),
            }
        }
    }

    fn serve(
        &mut self,
        stream: Stream,
        request: Rc<Request>,
        body: Result<Bytes>,
        held: Option<Held>,
    ) {
        if request.route == Route::Http && request.names_two_hosts() {
            let error = Error::Malformed("`:authority` and `host` must name one host");
            let answer = answer::refusal(&self.visit, &request, error);
            return self.answer(stream, answer);
        }
        if request.waits {
            return self.ask(stream, request, body, held);
        }
        let answer = answer::now(&self.visit, &request, body, self.now);
        self.answer(stream, answer);
    }

    /// Has somebody else answer.
    fn ask(
        &mut self,
        mut stream: Stream,
        request: Rc<Request>,
        body: Result<Bytes>,
        held: Option<Held>,
    ) {
        let is_known = self.visit.knows(&request.parts);
        if !is_known && self.has_many_strangers() {
            return self.answer(stream, answer::refusal(&self.visit, &request, STRANGERS));
        }
        let (id, visit, late) = (stream.id, self.visit.clone(), self.late.clone());
        stream.state = State::Elsewhere { is_known };
        self.streams.put(stream);
        tokio::task::spawn_local(async move {
            late.push(id, answer::later(&visit, request, body).await);
            drop(held);
        });
    }

    fn has_many_strangers(&self) -> bool {
        let strangers = self.streams.iter().filter(|stream| stream.is_of_stranger());
        strangers.count() >= STRANGERS_PER_CONNECTION
    }

    /// Decides about those that are new and not all there.
    pub(super) fn admit(&mut self) {
        if self.last == self.seen {
            return;
        }
        let new = self.streams.iter().take_while(|stream| stream.id > self.seen);
        let ids: Vec<_> = new.filter(|stream| stream.is_unseen()).map(|stream| stream.id).collect();
        for id in ids.into_iter().rev() {
            self.admit_one(id);
        }
        self.seen = self.last;
    }

    fn admit_one(&mut self, id: u32) {
        let has_many_strangers = self.has_many_strangers();
        let Some(receiving) = self.streams.get(id).and_then(Stream::receiving) else { return };
        let request = receiving.request.clone();
        let is_known = self.visit.knows(&request.parts);
        if !is_known && !request.waits && !plain::is_public(&request.parts.uri) {
            // The answer will be that we do not know him, whatever he sends.
            return self.complete(id, Err(Error::RequestTooLarge));
        }
        if !is_known && has_many_strangers {
            return self.refuse(id, STRANGERS);
        }
        let time = if is_known { BODY } else { STRANGER_BODY };
        let until = self.now.after(time);
        self.note(until);
        let held = Held::for_body(&self.visit.worker.core.room);
        if let Err(error) = self.set_terms(id, Terms { is_known, until, held }) {
            self.complete(id, Err(error));
        }
    }

    fn set_terms(&mut self, id: u32, terms: Terms) -> Result<()> {
        let Some(receiving) = self.streams.get(id).and_then(Stream::receiving) else {
            return Ok(());
        };
        if !terms.is_known {
            receiving.body.limit_to(STRANGER_BYTES);
        }
        receiving.terms = Some(terms);
        if !receiving.body.has_room_for(0) {
            return Err(receiving.too_large());
        }
        receiving.hold()
    }

    fn refuse(&mut self, id: u32, error: Error) {
        let Some(mut stream) = self.streams.take(id) else { return };
        if let Some(receiving) = stream.receiving() {
            let answer = answer::refusal(&self.visit, &receiving.request, error);
            self.answer(stream, answer);
        }
    }

    /// Ends what has had its time.
    pub(super) fn expire(&mut self) {
        let now = self.now.moment.0;
        let until = |stream: &Stream| stream.until();
        let over: Vec<_> = self
            .streams
            .iter()
            .filter(|stream| until(stream).is_some_and(|until| until <= now))
            .map(|stream| stream.id)
            .collect();
        for id in over {
            match self.streams.get(id).map(|stream| &stream.state) {
                Some(State::Body(_)) => self.complete(id, Err(Error::TooSlow)),
                Some(State::Sending(_)) => self.end_stream(id, Reason::Cancel),
                _ => self.end_stream(id, Reason::NoError),
            }
        }
        self.until = self.streams.iter().filter_map(until).min().unwrap_or(u64::MAX);
    }
}

const STRANGERS: Error = Error::Overloaded(Overload::Strangers);

impl Data {
    /// Takes in how long the padding is; false if not even that is there.
    fn take_padding(&mut self, input: &mut BytesMut) -> Outcome<bool> {
        if input.is_empty() {
            return Ok(false);
        }
        self.padding = input.get_u8().into();
        self.left = (self.left - 1).checked_sub(self.padding).ok_or(Fault::PROTOCOL)?;
        self.is_padded = false;
        Ok(true)
    }
}

impl Receiving {
    fn accepts(&self, more: usize, ends: bool) -> bool {
        self.body.fits(more, ends) && self.body.has_room_for(more)
    }

    fn too_large(&self) -> Error {
        match &self.terms {
            Some(terms) if !terms.is_known => Error::StrangerTooLarge,
            _ => Error::RequestTooLarge,
        }
    }

    /// Counts what is in memory.
    fn hold(&mut self) -> Result<()> {
        let bytes = self.body.held();
        match &mut self.terms {
            Some(terms) if bytes > AT_ONCE_BYTES => terms.held.hold(bytes),
            _ => Ok(()),
        }
    }
}
