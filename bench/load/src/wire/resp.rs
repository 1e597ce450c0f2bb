//! RESP, as Redis clients send it.

use std::rc::Rc;

use super::line::{Waiting, decimal, line};
use super::{Wire, resp_work};
use crate::fault::Fault;
use crate::items::Items;
use crate::options::Options;
use crate::tally::Outcome;
use crate::work::Script;
use crate::workload::{Op, Verb};

/// A conversation with a Redis server.
pub struct Resp {
    items: Rc<Items>,
    script: Option<Script>,
    waiting: Waiting,
    set_head: Vec<u8>,
    set_value: Vec<u8>,
    set_tail: Vec<u8>,
}

impl Resp {
    /// Requests as the options say.
    pub fn new(options: &Options, items: &Rc<Items>) -> Self {
        let (words, tail) = match items.ttl_seconds.map(|ttl| ttl.to_string()) {
            None => (3, "\r\n".to_owned()),
            Some(ttl) => (5, format!("\r\n$2\r\nEX\r\n${}\r\n{ttl}\r\n", ttl.len())),
        };
        Self {
            items: Rc::clone(items),
            script: Script::of(options, items, |work, verb, items| {
                resp_work::template(options, work, verb, items)
            }),
            waiting: Waiting::new(options.depth),
            set_head: format!("*{words}\r\n$3\r\nSET\r\n$16\r\n").into_bytes(),
            set_value: format!("\r\n${}\r\n", items.value_bytes).into_bytes(),
            set_tail: tail.into_bytes(),
        }
    }
}

impl Wire for Resp {
    fn open(&mut self, _out: &mut Vec<u8>) {}

    fn room(&self) -> usize {
        self.waiting.room()
    }

    fn begin(&mut self, op: Op, out: &mut Vec<u8>) {
        match (&self.script, op.verb) {
            (Some(script), verb) => script.template(verb).write(op, script.members, out),
            (None, Verb::Get) => {
                out.extend_from_slice(b"*2\r\n$3\r\nGET\r\n$16\r\n");
                out.extend_from_slice(&Items::key(op.key));
                out.extend_from_slice(b"\r\n");
            }
            (None, Verb::Set) => {
                out.extend_from_slice(&self.set_head);
                out.extend_from_slice(&Items::key(op.key));
                out.extend_from_slice(&self.set_value);
                self.items.write_value(op.key, out);
                out.extend_from_slice(&self.set_tail);
            }
        }
        self.waiting.push(op);
    }

    fn hear(
        &mut self,
        bytes: &[u8],
        _out: &mut Vec<u8>,
        answered: &mut impl FnMut(Op, Outcome),
    ) -> Result<usize, Fault> {
        let (items, script) = (&self.items, self.script.as_ref());
        let read = |op, bytes: &[u8]| match script {
            Some(script) => read_work(items, script, op, bytes),
            None => read(items, op, bytes),
        };
        self.waiting.hear(bytes, read, answered)
    }
}

type Answer = Result<Option<(Outcome, usize)>, Fault>;

fn read_work(items: &Items, script: &Script, op: Op, bytes: &[u8]) -> Answer {
    let Some(length) = resp_work::length(bytes)? else { return Ok(None) };
    let outcome = match bytes[0] {
        b'-' => Outcome::Refused,
        _ => script.template(op.verb).judge(items, op, &bytes[..length]),
    };
    Ok(Some((outcome, length)))
}

fn read(items: &Items, op: Op, bytes: &[u8]) -> Answer {
    let Some((text, length)) = line(bytes) else { return Ok(None) };
    match (op.verb, text) {
        (Verb::Set, b"+OK") => Ok(Some((Outcome::Right, length))),
        (Verb::Get, b"$-1" | b"_") => Ok(Some((Outcome::Miss, length))),
        (Verb::Get, [b'$', count @ ..]) => {
            let count = decimal(count).ok_or(Fault::Protocol("a bulk string without length"))?;
            let end = length + count + 2;
            if bytes.len() < end {
                return Ok(None);
            }
            Ok(Some((items.check(op.key, &bytes[length..end - 2]), end)))
        }
        (_, [b'-', ..]) => Ok(Some((Outcome::Refused, length))),
        _ => Err(Fault::Protocol("an answer of another kind")),
    }
}
