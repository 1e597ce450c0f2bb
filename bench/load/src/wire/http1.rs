//! The HTTP API over HTTP/1.1.

use std::rc::Rc;

use super::line::{Waiting, decimal, line};
use super::{Wire, api};
use crate::fault::Fault;
use crate::items::Items;
use crate::options::Options;
use crate::tally::Outcome;
use crate::workload::{Op, Verb};

/// A conversation with Attimo's HTTP API.
pub struct Http1 {
    items: Rc<Items>,
    waiting: Waiting,
    get_head: Vec<u8>,
    get_tail: Vec<u8>,
    put_head: Vec<u8>,
    put_tail: Vec<u8>,
}

impl Http1 {
    /// Requests as the options say.
    pub fn new(options: &Options, items: &Rc<Items>) -> Self {
        let bearer = match options.token.as_str() {
            "" => String::new(),
            token => format!("authorization: {token}\r\n"),
        };
        let get_tail = format!(" HTTP/1.1\r\nhost: {}\r\n{bearer}", options.address);
        let head = |method, verb| format!("{method} {}", api::target(options, items, verb));
        let length = items.value_bytes;
        Self {
            items: Rc::clone(items),
            waiting: Waiting::new(options.depth),
            get_head: head("GET", Verb::Get).into_bytes(),
            put_head: head("PUT", Verb::Set).into_bytes(),
            put_tail: format!("{get_tail}content-length: {length}\r\n\r\n").into_bytes(),
            get_tail: format!("{get_tail}\r\n").into_bytes(),
        }
    }
}

impl Wire for Http1 {
    fn open(&mut self, _out: &mut Vec<u8>) {}

    fn room(&self) -> usize {
        self.waiting.room()
    }

    fn begin(&mut self, op: Op, out: &mut Vec<u8>) {
        let (head, tail) = match op.verb {
            Verb::Get => (&self.get_head, &self.get_tail),
            Verb::Set => (&self.put_head, &self.put_tail),
        };
        out.extend_from_slice(head);
        out.extend_from_slice(&Items::key(op.key));
        out.extend_from_slice(tail);
        if op.verb == Verb::Set {
            self.items.write_value(op.key, out);
        }
        self.waiting.push(op);
    }

    fn hear(
        &mut self,
        bytes: &[u8],
        _out: &mut Vec<u8>,
        answered: &mut impl FnMut(Op, Outcome),
    ) -> Result<usize, Fault> {
        let items = &self.items;
        self.waiting.hear(bytes, |op, bytes| read(items, op, bytes), answered)
    }
}

fn read(items: &Items, op: Op, bytes: &[u8]) -> Result<Option<(Outcome, usize)>, Fault> {
    let Some(head) = head(bytes)? else { return Ok(None) };
    let Some(body) = bytes.get(head.length..head.length + head.body) else { return Ok(None) };
    let outcome = api::outcome(op.verb, head.status, || items.check(op.key, body));
    Ok(Some((outcome, head.length + head.body)))
}

struct Head {
    status: u16,
    body: usize,
    length: usize,
}

fn head(bytes: &[u8]) -> Result<Option<Head>, Fault> {
    let Some((first, mut length)) = line(bytes) else { return Ok(None) };
    let status = first.strip_prefix(b"HTTP/1.1 ").and_then(|rest| decimal(rest.get(..3)?));
    let status = status.ok_or(Fault::Protocol("no HTTP/1.1 status line"))? as u16;
    let mut body = None;
    loop {
        let Some((header, used)) = line(&bytes[length..]) else { return Ok(None) };
        length += used;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_at(header.iter().position(|&b| b == b':').unwrap_or(0));
        if name.eq_ignore_ascii_case(b"content-length") {
            body = decimal(&value[1..]);
        }
    }
    let body = if status == 204 { Some(0) } else { body };
    let body = body.ok_or(Fault::Protocol("an answer without content-length"))?;
    Ok(Some(Head { status, body, length }))
}
