//! The text protocol of memcached: `get` and `set`.

use std::rc::Rc;

use super::Wire;
use super::line::{Waiting, decimal, line};
use crate::fault::Fault;
use crate::items::Items;
use crate::options::Options;
use crate::tally::Outcome;
use crate::workload::{Op, Verb};

/// A conversation with memcached.
pub struct Memcache {
    items: Rc<Items>,
    waiting: Waiting,
    set_tail: Vec<u8>,
}

impl Memcache {
    /// Requests as the options say.
    pub fn new(options: &Options, items: &Rc<Items>) -> Self {
        let ttl = items.ttl_seconds.unwrap_or(0);
        let set_tail = format!(" 0 {ttl} {}\r\n", items.value_bytes).into_bytes();
        Self { items: Rc::clone(items), waiting: Waiting::new(options.depth), set_tail }
    }
}

impl Wire for Memcache {
    fn open(&mut self, _out: &mut Vec<u8>) {}

    fn room(&self) -> usize {
        self.waiting.room()
    }

    fn begin(&mut self, op: Op, out: &mut Vec<u8>) {
        match op.verb {
            Verb::Get => {
                out.extend_from_slice(b"get ");
                out.extend_from_slice(&Items::key(op.key));
            }
            Verb::Set => {
                out.extend_from_slice(b"set ");
                out.extend_from_slice(&Items::key(op.key));
                out.extend_from_slice(&self.set_tail);
                self.items.write_value(op.key, out);
            }
        }
        out.extend_from_slice(b"\r\n");
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
    let Some((text, length)) = line(bytes) else { return Ok(None) };
    match (op.verb, text) {
        (Verb::Set, b"STORED") => Ok(Some((Outcome::Right, length))),
        (Verb::Get, b"END") => Ok(Some((Outcome::Miss, length))),
        (Verb::Get, [b'V', b'A', b'L', b'U', b'E', b' ', rest @ ..]) => {
            let count = rest.rsplit(|&byte| byte == b' ').next().and_then(decimal);
            let end = length + count.ok_or(Fault::Protocol("a value without length"))?;
            let Some(rest) = bytes.get(end..end + b"\r\nEND\r\n".len()) else { return Ok(None) };
            if rest != b"\r\nEND\r\n" {
                return Err(Fault::Protocol("a value without END"));
            }
            Ok(Some((items.check(op.key, &bytes[length..end]), end + rest.len())))
        }
        (_, b"ERROR") => Ok(Some((Outcome::Refused, length))),
        (_, text) if text.starts_with(b"SERVER_ERROR") => Ok(Some((Outcome::Refused, length))),
        _ => Err(Fault::Protocol("an answer of another kind")),
    }
}
