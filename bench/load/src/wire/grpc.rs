//! Momento's `cache_client.Scs` over HTTP/2 in plaintext, framed as the SDKs' channels do.

use std::mem;
use std::rc::Rc;

use super::Wire;
use super::calls::Calls;
use super::headers::{Field, Replies, Requests, TABLE_BYTES};
use super::http2::{self, Frame, flag, kind, setting};
use super::{grpc_work, protobuf};
use crate::fault::Fault;
use crate::items::Items;
use crate::options::Options;
use crate::tally::Outcome;
use crate::work::Script;
use crate::workload::{Op, Verb};

type Ended = Option<(Op, Outcome)>;

/// A channel.
pub struct Grpc {
    items: Rc<Items>,
    script: Option<Script>,
    requests: Requests,
    replies: Replies,
    calls: Calls,
    /// Whether the server has said what it allows.
    open: bool,
    set_bytes: usize,
    /// How many bytes the server lets us send on the connection.
    window: i64,
    /// How many bytes the server has sent since we gave it more.
    received: u32,
    /// Headers that go on in CONTINUATION frames, and whether they end their stream.
    unfinished: (Vec<u8>, bool),
}

impl Grpc {
    /// A channel as the options say.
    pub fn new(options: &Options, items: &Rc<Items>) -> Self {
        Self {
            items: Rc::clone(items),
            script: Script::of(options, items, grpc_work::template),
            requests: Requests::new(metadata(options), grpc_work::paths(options.work).to_vec()),
            replies: Replies::new(),
            calls: Calls::new(options.depth),
            open: false,
            set_bytes: protobuf::set_bytes(items),
            window: i64::from(http2::FIRST_WINDOW),
            received: 0,
            unfinished: (Vec::new(), false),
        }
    }

    fn most_bytes(&self) -> i64 {
        let most = self.script.as_ref().map_or(self.set_bytes, Script::most_bytes);
        most.max(protobuf::GET_BYTES) as i64
    }

    fn length(&self, verb: Verb) -> usize {
        match (&self.script, verb) {
            (Some(script), _) => script.template(verb).len(),
            (None, Verb::Get) => protobuf::GET_BYTES,
            (None, Verb::Set) => self.set_bytes,
        }
    }

    fn write(&self, op: Op, bytes: usize, out: &mut Vec<u8>) {
        match (&self.script, op.verb) {
            (Some(script), verb) => script.template(verb).write(op, script.members, out),
            (None, Verb::Get) => protobuf::write_get(op.key, out),
            (None, Verb::Set) => protobuf::write_set(&self.items, op.key, bytes, out),
        }
    }

    /// Takes one frame; returns the call that it ends.
    fn take(&mut self, frame: &Frame, out: &mut Vec<u8>) -> Result<Ended, Fault> {
        match frame.kind {
            kind::DATA => return self.take_data(frame, out),
            kind::HEADERS | kind::CONTINUATION => return self.take_headers(frame),
            kind::RST_STREAM => return self.take_reset(frame),
            kind::GOAWAY => return Err(Fault::GoAway(frame.number(4)?)),
            kind::SETTINGS if !frame.has(flag::ACK) => self.take_settings(frame, out)?,
            kind::PING if !frame.has(flag::ACK) => {
                http2::write_head(kind::PING, flag::ACK, 0, frame.payload.len(), out);
                out.extend_from_slice(frame.payload);
            }
            kind::WINDOW_UPDATE if frame.stream == 0 => self.window += i64::from(frame.number(0)?),
            _ => {}
        }
        Ok(None)
    }

    fn take_settings(&mut self, frame: &Frame, out: &mut Vec<u8>) -> Result<(), Fault> {
        for (id, value) in frame.settings() {
            let what = match id {
                setting::HEADER_TABLE_SIZE if value < TABLE_BYTES => "bytes of header table",
                setting::MAX_CONCURRENT_STREAMS if (value as usize) < self.calls.depth => "streams",
                setting::INITIAL_WINDOW_SIZE if i64::from(value) < self.most_bytes() => {
                    "bytes of a request"
                }
                _ => continue,
            };
            return Err(Fault::Limit(what, value));
        }
        self.open = true;
        http2::write_head(kind::SETTINGS, flag::ACK, 0, 0, out);
        Ok(())
    }

    fn take_headers(&mut self, frame: &Frame) -> Result<Ended, Fault> {
        let content = frame.content()?;
        let mut ends = frame.kind == kind::HEADERS && frame.has(flag::END_STREAM);
        let meaning = if frame.kind == kind::HEADERS && frame.has(flag::END_HEADERS) {
            self.replies.read(content)?
        } else {
            self.unfinished.0.extend_from_slice(content);
            self.unfinished.1 |= ends;
            if !frame.has(flag::END_HEADERS) {
                return Ok(None);
            }
            let block;
            (block, ends) = mem::take(&mut self.unfinished);
            self.replies.read(&block)?
        };
        let call = self.calls.find(frame.stream).ok_or(Fault::Protocol("headers for no call"))?;
        call.learn(meaning);
        Ok(self.end_if(ends, frame.stream))
    }

    fn take_data(&mut self, frame: &Frame, out: &mut Vec<u8>) -> Result<Ended, Fault> {
        self.received += frame.payload.len() as u32;
        if self.received >= http2::WINDOW / 2 {
            http2::write_window_update(self.received, out);
            self.received = 0;
        }
        let call = self.calls.find(frame.stream).ok_or(Fault::Protocol("data for no call"))?;
        let (items, script) = (&self.items, self.script.as_ref());
        call.hear(|op, message| judge(items, script, op, message), frame.content()?);
        Ok(self.end_if(frame.has(flag::END_STREAM), frame.stream))
    }

    fn take_reset(&mut self, frame: &Frame) -> Result<Ended, Fault> {
        let code = frame.number(0)?;
        Ok(self.calls.end(frame.stream).map(|call| (call.op, Outcome::Reset(code))))
    }

    fn end_if(&mut self, ends: bool, stream: u32) -> Ended {
        let call = if ends { self.calls.end(stream) } else { None };
        call.map(|call| (call.op, call.outcome()))
    }
}

impl Wire for Grpc {
    fn open(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(http2::PREFACE);
        http2::write_head(kind::SETTINGS, 0, 0, 12, out);
        http2::write_setting(setting::ENABLE_PUSH, 0, out);
        http2::write_setting(setting::INITIAL_WINDOW_SIZE, http2::WINDOW, out);
        http2::write_window_update(http2::WINDOW - http2::FIRST_WINDOW, out);
    }

    fn room(&self) -> usize {
        if self.open && self.window >= self.most_bytes() { self.calls.room() } else { 0 }
    }

    fn begin(&mut self, op: Op, out: &mut Vec<u8>) {
        let stream = self.calls.begin(op);
        let head = out.len();
        http2::write_head(kind::HEADERS, flag::END_HEADERS, stream, 0, out);
        self.requests.write(usize::from(op.verb == Verb::Set), out);
        let [.., high, low] = (out.len() - head - http2::HEAD_BYTES).to_be_bytes();
        (out[head + 1], out[head + 2]) = (high, low);
        let bytes = self.length(op.verb);
        http2::write_head(kind::DATA, flag::END_STREAM, stream, bytes, out);
        self.write(op, bytes, out);
        self.window -= bytes as i64;
    }

    fn hear(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        answered: &mut impl FnMut(Op, Outcome),
    ) -> Result<usize, Fault> {
        let mut used = 0;
        while let Some(frame) = Frame::read(&bytes[used..]) {
            used += http2::HEAD_BYTES + frame.payload.len();
            if let Some((op, outcome)) = self.take(&frame, out)? {
                answered(op, outcome);
            }
        }
        Ok(used)
    }
}

/// What a message means; nothing if it has not arrived in full.
fn judge(items: &Items, script: Option<&Script>, op: Op, bytes: &[u8]) -> Option<Outcome> {
    match (script, op.verb) {
        (Some(script), verb) => {
            protobuf::message(bytes).map(|_| script.template(verb).judge(items, op, bytes))
        }
        (None, Verb::Get) => protobuf::read_get(items, op.key, bytes),
        (None, Verb::Set) => protobuf::read_set(bytes),
    }
}

/// The headers of each call, in the order in which gRPC's own clients send them.
fn metadata(options: &Options) -> Vec<Field> {
    vec![
        (":authority", options.address.to_string()),
        ("te", "trailers".to_owned()),
        ("content-type", "application/grpc".to_owned()),
        ("user-agent", concat!("attimo-load/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("grpc-accept-encoding", "identity, deflate, gzip".to_owned()),
        ("grpc-timeout", "5S".to_owned()),
        ("authorization", options.token.clone()),
        ("cache", options.cache.clone()),
    ]
}
