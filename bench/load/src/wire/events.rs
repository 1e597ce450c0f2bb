//! A subscription to a topic as server-sent events, over HTTP/1.1.

use std::rc::Rc;

use super::line::line;
use super::{BEGUN, InOrder, Wire};
use crate::fault::Fault;
use crate::items::Items;
use crate::options::Options;
use crate::tally::Outcome;
use crate::workload::Op;

/// What stands before the value in the data of a message; the letters of values are never escaped.
const TEXT: &[u8] = b"\"text\":\"";

/// A connection with one stream of events.
pub struct Events {
    in_order: InOrder,
    request: Vec<u8>,
    may_begin: bool,
    has_head: bool,
    /// The start of an event that goes on in the next chunk.
    begun: Vec<u8>,
}

impl Events {
    /// Of the topic of the options.
    pub fn new(options: &Options, items: &Rc<Items>) -> Self {
        let Options { cache, topic, address, token, .. } = options;
        let request = format!(
            "GET /topics/{cache}/{topic} HTTP/1.1\r\nhost: {address}\r\n\
             accept: text/event-stream\r\nauthorization: {token}\r\n\r\n"
        );
        Self {
            in_order: InOrder::new(items),
            request: request.into_bytes(),
            may_begin: true,
            has_head: false,
            begun: Vec::new(),
        }
    }

    /// Reads the head of the answer; its length, if it is all there.
    fn read_head(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let Some(end) = find(bytes, b"\r\n\r\n") else { return Ok(0) };
        if !bytes.starts_with(b"HTTP/1.1 200") {
            return Err(Fault::Answer(Outcome::Refused));
        }
        self.has_head = true;
        Ok(end + 4)
    }

    /// Takes the content of a chunk.
    fn take(&mut self, chunk: &[u8], answered: &mut impl FnMut(Op, Outcome)) {
        let mut begun = std::mem::take(&mut self.begun);
        let mut rest = chunk;
        if !begun.is_empty() {
            begun.extend_from_slice(chunk);
            rest = &begun;
        }
        while let Some(end) = find(rest, b"\n\n") {
            if let Some((op, outcome)) = self.judge(&rest[..end]) {
                answered(op, outcome);
            }
            rest = &rest[end + 2..];
        }
        self.begun = rest.to_vec();
    }

    /// What an event means; nothing, if it is a sign of life.
    fn judge(&mut self, event: &[u8]) -> Option<(Op, Outcome)> {
        if event.starts_with(b":") {
            return None;
        }
        if let Some(at) = find(event, TEXT) {
            let value = &event[at + TEXT.len()..];
            let end = value.iter().position(|&byte| byte == b'"').unwrap_or(0);
            return Some(self.in_order.hear(&value[..end]));
        }
        let is_start = find(event, b"event: begin").is_some();
        Some((BEGUN, if is_start { Outcome::Right } else { Outcome::Wrong("event") }))
    }
}

impl Wire for Events {
    fn open(&mut self, _out: &mut Vec<u8>) {}

    fn room(&self) -> usize {
        usize::from(self.may_begin)
    }

    fn begin(&mut self, _op: Op, out: &mut Vec<u8>) {
        self.may_begin = false;
        out.extend_from_slice(&self.request);
    }

    fn hear(
        &mut self,
        bytes: &[u8],
        _out: &mut Vec<u8>,
        answered: &mut impl FnMut(Op, Outcome),
    ) -> Result<usize, Fault> {
        let mut used = 0;
        if !self.has_head {
            used = self.read_head(bytes)?;
        }
        while self.has_head
            && let Some((text, head)) = line(&bytes[used..])
        {
            let length =
                std::str::from_utf8(text).ok().and_then(|t| usize::from_str_radix(t, 16).ok());
            let length = length.ok_or(Fault::Protocol("a chunk without its length"))?;
            let start = used + head;
            let Some(chunk) = bytes.get(start..start + length + 2) else { break };
            if length == 0 {
                return Err(Fault::Closed);
            }
            self.take(&chunk[..length], answered);
            used = start + length + 2;
        }
        Ok(used)
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn heard(events: &mut Events, bytes: &[u8]) -> (usize, Vec<(u32, Outcome)>) {
        let mut found = Vec::new();
        let used = events.hear(bytes, &mut Vec::new(), &mut |op, out| found.push((op.key, out)));
        (used.unwrap(), found)
    }

    #[test]
    fn events_count_in_order_in_however_many_chunks_they_come() {
        let items = Rc::new(Items::new(16, None));
        let words = ["load", "127.0.0.1:1", "--protocol=events"];
        let mut events = Events::new(&Options::parse_from(words), &items);
        let head = b"HTTP/1.1 200 OK\r\n\r\nb\r\n:heartbeat\n\r\n1\r\n\n\r\n";
        assert_eq!(heard(&mut events, head), (head.len(), vec![]));

        let event = b"17\r\nevent: begin\ndata: {}\n\n\r\n5\r\ndata:";
        assert_eq!(heard(&mut events, event), (29, vec![(0, Outcome::Right)]));
        let parts = b"5\r\ndata:\r\n1e\r\n {\"text\":\"k000000000000001\"}\n\n\r\n";
        assert_eq!(heard(&mut events, parts), (parts.len(), vec![(1, Outcome::Right)]));
        let again = b"23\r\ndata: {\"text\":\"k000000000000001\"}\n\n\r\n";
        assert_eq!(heard(&mut events, again), (again.len(), vec![(2, Outcome::Wrong("value"))]));
    }
}
