//! A connection that speaks HTTP/2, whatever is said over it.

use std::mem;

use super::Wire;
use super::calls::Calls;
use super::frames::{self, Frame, flag, kind, setting};
use super::headers::{Field, Meaning, Replies, TABLE_BYTES};
use crate::fault::Fault;
use crate::options::Options;
use crate::tally::Outcome;
use crate::workload::{Op, Verb};

type Ended = Option<(Op, Outcome)>;

/// What is said over HTTP/2: the headers and the body of a call, and what its answer means.
pub trait Dialect {
    /// Writes a block of headers.
    fn write_headers(&mut self, op: Op, out: &mut Vec<u8>);

    /// Bytes of a request's body; 0 if it has none.
    fn body_bytes(&self, verb: Verb) -> usize;

    /// Writes the body.
    fn write_body(&self, op: Op, out: &mut Vec<u8>);

    /// What a body means that came back; nothing if it has not arrived in full.
    fn judge(&self, op: Op, body: &[u8]) -> Option<Outcome>;

    /// How a call ended, by its headers and trailers and by what `judge` said of the body.
    fn outcome(&self, verb: Verb, heads: Meaning, body: Option<Outcome>) -> Outcome;
}

/// The pseudo-headers of every dialect but `:path`. They come before all other headers.
pub fn pseudo(options: &Options, method: &str) -> Vec<Field> {
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    vec![
        (":method", method.to_owned()),
        (":scheme", scheme.to_owned()),
        (":authority", options.address.to_string()),
    ]
}

/// Who asks.
pub const USER_AGENT: &str = concat!("attimo-load/", env!("CARGO_PKG_VERSION"));

/// A connection on which calls are made in `D`.
pub struct Channel<D> {
    dialect: D,
    replies: Replies,
    calls: Calls,
    /// Whether the server has said what it allows.
    open: bool,
    /// The longest body of a request.
    most_bytes: i64,
    /// How many bytes the server lets us send on the connection.
    window: i64,
    /// How many bytes the server has sent since we gave it more.
    received: u32,
    /// Headers that go on in CONTINUATION frames, and whether they end their stream.
    unfinished: (Vec<u8>, bool),
}

impl<D: Dialect> Channel<D> {
    /// At most `depth` calls at a time.
    pub fn new(dialect: D, depth: usize) -> Self {
        let most = dialect.body_bytes(Verb::Get).max(dialect.body_bytes(Verb::Set));
        Self {
            dialect,
            replies: Replies::new(),
            calls: Calls::new(depth),
            open: false,
            most_bytes: most as i64,
            window: i64::from(frames::FIRST_WINDOW),
            received: 0,
            unfinished: (Vec::new(), false),
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
            kind::PING => frames::answer_ping(frame, out),
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
                setting::INITIAL_WINDOW_SIZE if i64::from(value) < self.most_bytes => {
                    "bytes of a request"
                }
                _ => continue,
            };
            return Err(Fault::Limit(what, value));
        }
        self.open = true;
        frames::write_head(kind::SETTINGS, flag::ACK, 0, 0, out);
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
        if self.received >= frames::WINDOW / 2 {
            frames::write_window_update(0, self.received, out);
            self.received = 0;
        }
        let call = self.calls.find(frame.stream).ok_or(Fault::Protocol("data for no call"))?;
        call.hear(|op, body| self.dialect.judge(op, body), frame.content()?);
        Ok(self.end_if(frame.has(flag::END_STREAM), frame.stream))
    }

    fn take_reset(&mut self, frame: &Frame) -> Result<Ended, Fault> {
        let code = frame.number(0)?;
        Ok(self.calls.end(frame.stream).map(|call| (call.op, Outcome::Reset(code))))
    }

    fn end_if(&mut self, ends: bool, stream: u32) -> Ended {
        let call = if ends { self.calls.end(stream) } else { None }?;
        Some((call.op, self.dialect.outcome(call.op.verb, call.heads, call.body)))
    }
}

impl<D: Dialect> Wire for Channel<D> {
    fn open(&mut self, out: &mut Vec<u8>) {
        frames::write_opening(out);
    }

    fn room(&self) -> usize {
        if self.open && self.window >= self.most_bytes { self.calls.room() } else { 0 }
    }

    fn begin(&mut self, op: Op, out: &mut Vec<u8>) {
        let stream = self.calls.begin(op);
        let bytes = self.dialect.body_bytes(op.verb);
        let ends = if bytes == 0 { flag::END_STREAM } else { 0 };
        let head = out.len();
        frames::write_head(kind::HEADERS, flag::END_HEADERS | ends, stream, 0, out);
        self.dialect.write_headers(op, out);
        let [.., high, low] = (out.len() - head - frames::HEAD_BYTES).to_be_bytes();
        (out[head + 1], out[head + 2]) = (high, low);
        if bytes > 0 {
            frames::write_head(kind::DATA, flag::END_STREAM, stream, bytes, out);
            self.dialect.write_body(op, out);
            self.window -= bytes as i64;
        }
    }

    fn hear(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        answered: &mut impl FnMut(Op, Outcome),
    ) -> Result<usize, Fault> {
        let mut used = 0;
        while let Some(frame) = Frame::read(&bytes[used..]) {
            used += frames::HEAD_BYTES + frame.payload.len();
            if let Some((op, outcome)) = self.take(&frame, out)? {
                answered(op, outcome);
            }
        }
        Ok(used)
    }
}
