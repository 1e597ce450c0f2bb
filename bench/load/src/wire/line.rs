//! What the line protocols share: answers come in the order of the requests.

use std::collections::VecDeque;

use crate::fault::Fault;
use crate::tally::Outcome;
use crate::workload::Op;

/// The requests of one connection that wait for an answer, the oldest first.
pub struct Waiting {
    ops: VecDeque<Op>,
    depth: usize,
}

impl Waiting {
    /// At most `depth` at a time.
    pub fn new(depth: usize) -> Self {
        Self { ops: VecDeque::with_capacity(depth), depth }
    }

    /// How many more may wait.
    pub fn room(&self) -> usize {
        self.depth - self.ops.len()
    }

    /// Adds a request.
    pub fn push(&mut self, op: Op) {
        self.ops.push_back(op);
    }

    /// Reads answers while they are complete. `read` gets the oldest operation and the bytes, and
    /// returns the outcome and the length of the answer, or nothing if bytes are missing.
    ///
    /// # Errors
    /// The server answered what nobody asked, or `read` found a fault.
    pub fn hear(
        &mut self,
        bytes: &[u8],
        read: impl Fn(Op, &[u8]) -> Result<Option<(Outcome, usize)>, Fault>,
        answered: &mut impl FnMut(Op, Outcome),
    ) -> Result<usize, Fault> {
        let mut used = 0;
        while used < bytes.len() {
            let op = *self.ops.front().ok_or(Fault::Protocol("an answer to no question"))?;
            let Some((outcome, length)) = read(op, &bytes[used..])? else { break };
            self.ops.pop_front();
            answered(op, outcome);
            used += length;
        }
        Ok(used)
    }
}

/// Splits off the first line, without its CR LF; the second part is its length with them.
pub fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let text = &bytes[..end];
    Some((text.strip_suffix(b"\r").unwrap_or(text), end + 1))
}

/// A decimal number.
pub fn decimal(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}
