//! The calls in flight on one channel.

use super::headers::Meaning;
use crate::tally::Outcome;
use crate::workload::Op;

/// One call.
pub struct Call {
    /// What was asked.
    pub op: Op,
    /// What its headers and trailers said.
    pub heads: Meaning,
    /// What its body meant, once that was all there.
    pub body: Option<Outcome>,
    /// The start of a body that came in more than one frame.
    begun: Vec<u8>,
}

impl Call {
    fn new(op: Op) -> Self {
        Self { op, heads: Meaning::default(), body: None, begun: Vec::new() }
    }

    /// Takes a block of headers or trailers.
    pub fn learn(&mut self, meaning: Meaning) {
        self.heads.http = self.heads.http.or(meaning.http);
        self.heads.grpc = self.heads.grpc.or(meaning.grpc);
    }

    /// Takes a part of the body; `judge` says what a whole one means, and nothing of a part.
    pub fn hear(&mut self, judge: impl Fn(Op, &[u8]) -> Option<Outcome>, part: &[u8]) {
        // The end of a stream often comes in a frame of its own, with nothing in it.
        if part.is_empty() {
            return;
        }
        if self.body.is_some() {
            self.body = Some(Outcome::Wrong("body"));
            return;
        }
        if self.begun.is_empty() {
            self.body = judge(self.op, part);
        }
        if self.body.is_none() {
            self.begun.extend_from_slice(part);
            self.body = judge(self.op, &self.begun);
        }
    }
}

/// Calls by stream. Streams are numbered in order and end almost in order, so a ring holds them.
pub struct Calls {
    ring: Vec<Option<Call>>,
    /// How many may be in flight.
    pub depth: usize,
    in_flight: usize,
    next: u32,
}

impl Calls {
    /// At most `depth` calls at a time.
    pub fn new(depth: usize) -> Self {
        let ring = (0..(depth * 4).next_power_of_two()).map(|_| None).collect();
        Self { ring, depth, in_flight: 0, next: 1 }
    }

    /// How many more may begin. None, while a call that is far behind holds its place in the ring.
    pub fn room(&self) -> usize {
        if self.ring[self.place(self.next)].is_some() { 0 } else { self.depth - self.in_flight }
    }

    /// Begins a call and returns its stream.
    pub fn begin(&mut self, op: Op) -> u32 {
        let stream = self.next;
        let place = self.place(stream);
        self.ring[place] = Some(Call::new(op));
        self.in_flight += 1;
        self.next += 2;
        stream
    }

    /// The call on a stream.
    pub fn find(&mut self, stream: u32) -> Option<&mut Call> {
        let place = self.place(stream);
        self.ring[place].as_mut()
    }

    /// Ends the call on a stream.
    pub fn end(&mut self, stream: u32) -> Option<Call> {
        let place = self.place(stream);
        let call = self.ring[place].take();
        self.in_flight -= usize::from(call.is_some());
        call
    }

    fn place(&self, stream: u32) -> usize {
        (stream >> 1) as usize & (self.ring.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Verb;

    fn call() -> Call {
        Call::new(Op { verb: Verb::Get, key: 0, due: 0 })
    }

    fn judge(_: Op, body: &[u8]) -> Option<Outcome> {
        let outcome = if body == b"value" { Outcome::Right } else { Outcome::Wrong("body") };
        (body.len() >= 5).then_some(outcome)
    }

    #[test]
    fn a_body_counts_in_however_many_frames_it_comes() {
        for parts in [&["value", ""][..], &["va", "lue"], &["", "v", "", "alue", ""]] {
            let mut call = call();
            for part in parts {
                call.hear(judge, part.as_bytes());
            }
            assert_eq!(call.body, Some(Outcome::Right), "{parts:?}");
        }
    }

    #[test]
    fn half_a_body_is_none_and_more_than_one_is_wrong() {
        let wrong = Some(Outcome::Wrong("body"));
        for (parts, body) in
            [(["va", "lu"], None), (["value", "s"], wrong), (["val", "ues"], wrong)]
        {
            let mut call = call();
            for part in parts {
                call.hear(judge, part.as_bytes());
            }
            assert_eq!(call.body, body, "{parts:?}");
        }
    }
}
