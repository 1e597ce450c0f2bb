//! Header blocks: the headers of a request, and the trailers of its body (RFC 9113 §4.3, §6.2,
//! §6.10).

use std::rc::Rc;

use bytes::BytesMut;
use http::header::HeaderValue;

use super::connection::{Connection, Stage};
use super::error::{ErrorCode, Fault, Outcome};
use super::frame::{END_HEADERS, END_STREAM, Head, PRIORITY, without_padding};
use super::hpack::{Name, Unpacked};
use super::request::Request;
use super::request_builder::{Refusal, RequestBuilder};
use super::unfinished::Block;
use crate::limits::HEADER_BYTES;

/// The longest block that is decoded, to keep the tables in step; its headers may still exceed the
/// limit.
const LONGEST: usize = 2 * HEADER_BYTES as usize;
/// The most frames per block.
const PIECES: usize = 64;

impl Connection {
    pub(super) fn take_headers(&mut self, head: &Head, content: &[u8]) -> Outcome<()> {
        if head.stream.is_multiple_of(2) {
            return Err(Fault::PROTOCOL);
        }
        let (mut start, end) = without_padding(head, content).ok_or(Fault::PROTOCOL)?;
        if head.has(PRIORITY) {
            start += 5;
        }
        let block = content.get(start..end).ok_or(Fault::SIZE)?;
        let ends = head.has(END_STREAM);
        if head.has(END_HEADERS) {
            return self.take_block(head.stream, ends, block);
        }
        let (stream, bytes) = (head.stream, block.to_vec());
        self.block = Some(Box::new(Block { stream, ends_stream: ends, bytes, pieces: 1 }));
        Ok(())
    }

    pub(super) fn take_continuation(&mut self, head: &Head, content: &[u8]) -> Outcome<()> {
        let mut block = self.block.take().ok_or(Fault::PROTOCOL)?;
        if block.stream != head.stream {
            return Err(Fault::PROTOCOL);
        }
        block.pieces += 1;
        if block.pieces > PIECES || block.bytes.len() + content.len() > LONGEST {
            return Err(Fault::FLOOD);
        }
        block.bytes.extend_from_slice(content);
        if head.has(END_HEADERS) {
            return self.take_block(block.stream, block.ends_stream, &block.bytes);
        }
        self.block = Some(block);
        Ok(())
    }

    fn take_block(&mut self, id: u32, ends: bool, block: &[u8]) -> Outcome<()> {
        if id <= self.last {
            return self.take_trailers(id, ends, block);
        }
        self.last = id;
        let request = self.request(block)?;
        if self.stage == Stage::Left {
            // The client knows that the request was not processed, and retries on another
            // connection.
            self.ignore_stream(id);
            return Ok(());
        }
        if self.streams.len() >= self.most_streams as usize {
            self.end_stream(id, ErrorCode::RefusedStream);
            return self.flood_guard.note_useless_frame();
        }
        match request {
            Ok(request) if request.known.was_refused() && self.refuse_again(id, ends, &request) => {
                Ok(())
            }
            Ok(request) => self.begin_request(id, ends, request),
            Err(Refusal::TooLarge(route)) => self.refuse_headers(id, ends, route),
            Err(Refusal::Malformed) => Err(Fault::Stream(id, ErrorCode::ProtocolError)),
        }
    }

    /// The request that a block decodes to.
    fn request(&mut self, block: &[u8]) -> Outcome<Result<Rc<Request>, Refusal>> {
        if let Some(request) = self.memory.get(block, &self.client) {
            return Ok(Ok(request));
        }
        let (headers, unpacked) = self.unpack(block)?;
        let request = headers.into_request(&self.client).map(Rc::new);
        if let (Ok(request), true) = (&request, unpacked.is_unchanged) {
            self.memory.insert(block, unpacked.path, request);
        }
        Ok(request)
    }

    /// Decodes a block, which may change the dynamic table.
    fn unpack(&mut self, block: &[u8]) -> Outcome<(RequestBuilder, Unpacked)> {
        let mut headers = RequestBuilder::default();
        let take =
            |name: &Name, value: Option<&HeaderValue>, bytes| headers.take(name, value, bytes);
        let unpacked = self.decoder.decode(block, take);
        let unpacked = unpacked.map_err(|_| Fault::Connection(ErrorCode::CompressionError))?;
        if !unpacked.is_unchanged {
            self.memory.forget();
        }
        Ok((headers, unpacked))
    }

    fn take_trailers(&mut self, id: u32, ends: bool, block: &[u8]) -> Outcome<()> {
        let (trailers, _) = self.unpack(block)?;
        let Some(stream) = self.streams.get(id) else {
            let closed = Fault::Connection(ErrorCode::StreamClosed);
            return if self.was_reset(id) { Ok(()) } else { Err(closed) };
        };
        if stream.has_ended {
            return Err(Fault::Connection(ErrorCode::StreamClosed));
        }
        // On a stream that is connected, only DATA is allowed (§8.5).
        if !ends || !trailers.are_trailers() || stream.is_connect() {
            return Err(Fault::Stream(id, ErrorCode::ProtocolError));
        }
        self.take_content(id, true, &mut BytesMut::new(), 0)
    }
}
