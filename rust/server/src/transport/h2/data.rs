//! DATA frames (RFC 9113 §6.1).

use bytes::{Buf, BytesMut};

use super::connection::Connection;
use super::error::{ErrorCode, Fault, Outcome};
use super::frame::{self, END_STREAM, HEAD, Head, PADDED};
use super::stream::{State, Stream};
use super::unfinished::Data;
use crate::limits::UNAUTHENTICATED_BYTES;

impl Connection {
    /// Begins a DATA frame. Its whole length counts towards the windows, padding included (§6.9.1).
    pub(super) fn begin_data(&mut self, head: &Head) -> Outcome<()> {
        let (id, ends, is_padded) = (head.stream, head.has(END_STREAM), head.has(PADDED));
        if id == 0 || id > self.last || (is_padded && head.length == 0) {
            return Err(Fault::PROTOCOL);
        }
        let is_open = self.streams.get(id).is_some_and(|stream| !stream.has_ended);
        if !is_open && !self.was_reset(id) {
            return Err(Fault::Connection(ErrorCode::StreamClosed));
        }
        self.flood_guard.note_data(is_open, head.length)?;
        self.data = Some(Data { stream: id, left: head.length, padding: 0, is_padded, ends });
        self.count(id, head.length, ends)
    }

    /// Discards the message of a refused call, which nearly always has arrived with the headers. If
    /// not, the stream stays open for a while.
    pub(super) fn discard_message(&mut self, id: u32, input: &mut BytesMut) -> Outcome<()> {
        let is_message = |head: &Head| {
            let is_whole = input.len() >= HEAD + head.length;
            head.is_plain_data(id) && head.has(END_STREAM) && is_whole
        };
        let Some(head) = Head::read(input).filter(is_message) else {
            self.let_linger(Stream::new(id, State::Deferred(None), self.window));
            return Ok(());
        };
        self.check(&head)?;
        self.flood_guard.note_data(true, head.length)?;
        input.advance(HEAD + head.length);
        self.count_all(head.length)
    }

    /// Counts received content towards the window of the connection.
    fn count_all(&mut self, length: usize) -> Outcome<()> {
        if !self.inbound.take(length) {
            return Err(Fault::Connection(ErrorCode::FlowControlError));
        }
        if let Some(more) = self.inbound.give_back() {
            frame::write_window_update(self.output.bytes(), 0, more);
        }
        Ok(())
    }

    fn count(&mut self, id: u32, length: usize, ends: bool) -> Outcome<()> {
        self.count_all(length)?;
        let Some(stream) = self.streams.get(id) else { return Ok(()) };
        if !stream.inbound.take(length) {
            return Err(Fault::Stream(id, ErrorCode::FlowControlError));
        }
        if matches!(stream.state, State::Tunnel(_)) {
            return Ok(()); // Its WebSocket may read later.
        }
        if let (Some(more), false) = (stream.inbound.give_back(), ends) {
            frame::write_window_update(self.output.bytes(), id, more);
        }
        Ok(())
    }

    /// Handles what has arrived of a DATA frame; false if the frame is incomplete.
    pub(super) fn take_data(&mut self, mut data: Data, input: &mut BytesMut) -> Outcome<bool> {
        if data.is_padded {
            if !data.take_padding(input)? {
                self.data = Some(data);
                return Ok(false);
            }
            self.skip_padding(data.stream, data.padding + 1);
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
            self.flood_guard.note_useless_frame()?;
        }
        Ok(is_over)
    }

    /// Takes `length` bytes of `input` as content of a stream, whether it is open or not.
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
            State::Body(_) => return self.take_body(id, ends, input, length),
            State::Lingering { left, .. } => {
                *left = left.saturating_sub(length);
                let is_enough = *left == 0;
                self.end_lingering(id, ends, is_enough);
            }
            State::Connecting | State::Tunnel(_) => {
                let taken = self.take_of_tunnel(id, ends, &input[..length]);
                input.advance(length);
                return taken;
            }
            State::Waiting(..) | State::Deferred(_) | State::Sending(_) | State::Streaming(_) => {}
        }
        input.advance(length);
        Ok(())
    }

    fn take_body(
        &mut self,
        id: u32,
        ends: bool,
        input: &mut BytesMut,
        length: usize,
    ) -> Outcome<()> {
        let Some(receiving) = self.streams.get(id).and_then(Stream::receiving) else {
            return Ok(());
        };
        if !receiving.accepts(length, ends) {
            let (fits, error) = (receiving.body.fits(length, ends), receiving.too_large());
            input.advance(length);
            return if fits {
                self.complete(id, Err(error));
                Ok(())
            } else {
                Err(Fault::Stream(id, ErrorCode::ProtocolError))
            };
        }
        if ends {
            let body = receiving.body.end(input, length);
            self.complete(id, Ok(body));
            return Ok(());
        }
        let is_kept = receiving.add(&input[..length], self.now);
        let is_long = receiving.policy.is_none() && receiving.body.len() > UNAUTHENTICATED_BYTES;
        input.advance(length);
        match (is_kept, is_long) {
            (false, _) => self.end_lost(id),
            (true, true) => self.admit_one(id),
            (true, false) => self.count_body(id),
        }
        Ok(())
    }

    fn end_lingering(&mut self, id: u32, ends: bool, is_enough: bool) {
        if ends {
            self.streams.take(id);
        } else if is_enough {
            self.end_stream(id, ErrorCode::NoError);
        }
    }
}

impl Data {
    /// Reads the length of the padding; false if it has not arrived.
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
