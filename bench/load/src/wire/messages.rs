//! Subscriptions of Redis: `SUBSCRIBE`, and messages as they come.

use std::rc::Rc;

use super::{BEGUN, InOrder, Wire};
use crate::fault::Fault;
use crate::items::Items;
use crate::options::Options;
use crate::tally::Outcome;
use crate::workload::Op;

/// A connection with one subscription.
pub struct Messages {
    in_order: InOrder,
    topic: String,
    /// How the confirmation of the subscription looks, and what stands before each value.
    confirmation: Vec<u8>,
    head: Vec<u8>,
    value_bytes: usize,
    may_begin: bool,
    is_confirmed: bool,
}

impl Messages {
    /// Of the topic of the options.
    pub fn new(options: &Options, items: &Rc<Items>) -> Self {
        let Options { topic, value_bytes, .. } = options;
        let name = format!("${}\r\n{topic}\r\n", topic.len());
        Self {
            in_order: InOrder::new(items),
            topic: topic.clone(),
            confirmation: format!("*3\r\n$9\r\nsubscribe\r\n{name}:1\r\n").into_bytes(),
            head: format!("*3\r\n$7\r\nmessage\r\n{name}${value_bytes}\r\n").into_bytes(),
            value_bytes: *value_bytes,
            may_begin: true,
            is_confirmed: false,
        }
    }

    /// Reads the first message; its length, and what it means.
    fn read(&mut self, bytes: &[u8]) -> Result<Option<(usize, Op, Outcome)>, Fault> {
        let head = if self.is_confirmed { &self.head } else { &self.confirmation };
        let known = head.len().min(bytes.len());
        if bytes[..known] != head[..known] {
            return Err(Fault::Protocol("a message of another kind"));
        }
        let value = if self.is_confirmed { self.value_bytes + 2 } else { 0 };
        let length = head.len() + value;
        let Some(message) = bytes.get(..length) else { return Ok(None) };
        if !std::mem::replace(&mut self.is_confirmed, true) {
            return Ok(Some((length, BEGUN, Outcome::Right)));
        }
        let (op, outcome) = self.in_order.hear(&message[self.head.len()..length - 2]);
        Ok(Some((length, op, outcome)))
    }
}

impl Wire for Messages {
    fn open(&mut self, _out: &mut Vec<u8>) {}

    fn room(&self) -> usize {
        usize::from(self.may_begin)
    }

    fn begin(&mut self, _op: Op, out: &mut Vec<u8>) {
        self.may_begin = false;
        let Self { topic, .. } = self;
        let command = format!("*2\r\n$9\r\nSUBSCRIBE\r\n${}\r\n{topic}\r\n", topic.len());
        out.extend_from_slice(command.as_bytes());
    }

    fn hear(
        &mut self,
        bytes: &[u8],
        _out: &mut Vec<u8>,
        answered: &mut impl FnMut(Op, Outcome),
    ) -> Result<usize, Fault> {
        let mut used = 0;
        while let Some((length, op, outcome)) = self.read(&bytes[used..])? {
            answered(op, outcome);
            used += length;
        }
        Ok(used)
    }
}
