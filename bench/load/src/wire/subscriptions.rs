//! Subscriptions to a topic over gRPC, as the SDKs' channels open them: many streams on a connection.

use std::rc::Rc;

use super::channel::{USER_AGENT, pseudo};
use super::frames::{self, Frame, flag, kind, setting};
use super::headers::{Replies, Requests};
use super::protobuf::{self, Sent};
use super::{ALIVE, BEGUN, InOrder, Wire};
use crate::fault::Fault;
use crate::items::Items;
use crate::options::Options;
use crate::tally::Outcome;
use crate::workload::Op;

/// A connection with many subscriptions.
pub struct Subscriptions {
    items: Rc<Items>,
    requests: Requests,
    replies: Replies,
    /// The message of each request.
    request: Vec<u8>,
    streams: Vec<Stream>,
    /// How many there are to be.
    most: usize,
    /// Whether the server has said what it allows.
    is_open: bool,
    /// How many bytes the server has sent since we gave it more.
    received: u32,
}

/// One subscription.
struct Stream {
    in_order: InOrder,
    has_begun: bool,
    /// The start of a message that goes on in the next frame.
    begun: Vec<u8>,
    received: u32,
}

impl Subscriptions {
    /// So many of the topic of the options.
    pub fn new(options: &Options, items: &Rc<Items>, most: usize) -> Self {
        let mut fields = pseudo(options, "POST");
        fields.extend([
            (":path", "/cache_client.pubsub.Pubsub/Subscribe".to_owned()),
            ("te", "trailers".to_owned()),
            ("content-type", "application/grpc".to_owned()),
            ("user-agent", USER_AGENT.to_owned()),
            ("authorization", options.token.clone()),
        ]);
        let mut request = Vec::new();
        protobuf::write_subscribe(&options.cache, &options.topic, &mut request);
        Self {
            items: Rc::clone(items),
            requests: Requests::new(vec![fields]),
            replies: Replies::new(),
            request,
            streams: Vec::with_capacity(most),
            most,
            is_open: false,
            received: 0,
        }
    }

    fn take(
        &mut self,
        frame: &Frame,
        out: &mut Vec<u8>,
        answered: &mut impl FnMut(Op, Outcome),
    ) -> Result<(), Fault> {
        match frame.kind {
            kind::DATA => return self.take_data(frame, out, answered),
            kind::HEADERS => {
                let meaning = self.replies.read(frame.content()?)?;
                if let Some(status) = meaning.grpc {
                    return Err(Fault::Answer(Outcome::Status(status)));
                }
            }
            kind::RST_STREAM => return Err(Fault::Answer(Outcome::Reset(frame.number(0)?))),
            kind::GOAWAY => return Err(Fault::GoAway(frame.number(4)?)),
            kind::SETTINGS if !frame.has(flag::ACK) => self.take_settings(frame, out)?,
            kind::PING => frames::answer_ping(frame, out),
            _ => {}
        }
        Ok(())
    }

    fn take_settings(&mut self, frame: &Frame, out: &mut Vec<u8>) -> Result<(), Fault> {
        for (id, value) in frame.settings() {
            if id == setting::MAX_CONCURRENT_STREAMS && (value as usize) < self.most {
                return Err(Fault::Limit("streams", value));
            }
        }
        self.is_open = true;
        frames::write_head(kind::SETTINGS, flag::ACK, 0, 0, out);
        Ok(())
    }

    fn take_data(
        &mut self,
        frame: &Frame,
        out: &mut Vec<u8>,
        answered: &mut impl FnMut(Op, Outcome),
    ) -> Result<(), Fault> {
        let bytes = frame.payload.len() as u32;
        give_back(0, bytes, &mut self.received, out);
        let stream = self.streams.get_mut((frame.stream >> 1) as usize);
        let stream = stream.ok_or(Fault::Protocol("data for no call"))?;
        give_back(frame.stream, bytes, &mut stream.received, out);
        stream.take(frame.content()?, answered);
        Ok(())
    }
}

/// Counts bytes, and gives a window back when half of it is used.
fn give_back(stream: u32, bytes: u32, received: &mut u32, out: &mut Vec<u8>) {
    *received += bytes;
    if *received >= frames::WINDOW / 2 {
        frames::write_window_update(stream, *received, out);
        *received = 0;
    }
}

impl Stream {
    /// Takes the content of a frame.
    fn take(&mut self, content: &[u8], answered: &mut impl FnMut(Op, Outcome)) {
        let mut begun = std::mem::take(&mut self.begun);
        let mut rest = content;
        if !begun.is_empty() {
            begun.extend_from_slice(content);
            rest = &begun;
        }
        while let Some((message, length)) = protobuf::first_message(rest) {
            let (op, outcome) = self.judge(message);
            answered(op, outcome);
            rest = &rest[length..];
        }
        self.begun = rest.to_vec();
    }

    /// What a message means.
    fn judge(&mut self, message: &[u8]) -> (Op, Outcome) {
        match protobuf::read_sent(message) {
            Sent::Text(text) => self.in_order.hear(text),
            Sent::Heartbeat => {
                let is_first = !std::mem::replace(&mut self.has_begun, true);
                (if is_first { BEGUN } else { ALIVE }, Outcome::Right)
            }
            Sent::Other => (BEGUN, Outcome::Wrong("item")),
        }
    }
}

impl Wire for Subscriptions {
    fn open(&mut self, out: &mut Vec<u8>) {
        frames::write_opening(out);
    }

    fn room(&self) -> usize {
        if self.is_open { self.most - self.streams.len() } else { 0 }
    }

    fn begin(&mut self, _op: Op, out: &mut Vec<u8>) {
        let id = self.streams.len() as u32 * 2 + 1;
        let in_order = InOrder::new(&self.items);
        self.streams.push(Stream { in_order, has_begun: false, begun: Vec::new(), received: 0 });
        let mut block = Vec::new();
        self.requests.write(0, &mut block);
        frames::write_head(kind::HEADERS, flag::END_HEADERS, id, block.len(), out);
        out.extend_from_slice(&block);
        frames::write_head(kind::DATA, flag::END_STREAM, id, self.request.len(), out);
        out.extend_from_slice(&self.request);
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
            self.take(&frame, out, answered)?;
        }
        Ok(used)
    }
}
