//! What is done with collections: requests as templates, answers as what they must look like.
//!
//! Key number `n` is member `n % members` of collection `n / members`. Names, members and scores
//! have the same length for every key, so a request is a copy with some bytes put in.

use crate::choices::Work;
use crate::items::{Items, KEY_BYTES};
use crate::options::Options;
use crate::tally::Outcome;
use crate::workload::{Op, Verb};

/// How many values a range has.
pub const RANGE: u32 = 10;

/// What is put into a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The collection's name.
    Name,
    /// The element, field or value of a sorted set.
    Member,
    /// The key itself, with which a value begins.
    Key,
    /// A score as eight bytes, the lowest first.
    Score,
    /// A score in fifteen digits.
    Digits,
}

/// What an answer must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expects {
    /// Anything but a refusal.
    Any,
    /// These bytes, from this place on.
    Bytes(usize, Vec<u8>),
    /// At the end, the value of the key and then so many bytes.
    Value(usize),
    /// At least so many bytes.
    Length(usize),
    /// This byte at that place for what was there, another for a miss.
    Found(usize, u8),
}

/// One kind of request.
pub struct Template {
    bytes: Vec<u8>,
    places: Vec<(usize, Part)>,
    expects: Expects,
    /// How the names of collections begin: the kind, and how many digits their size has.
    initials: [u8; 2],
}

impl Template {
    /// Appends the request for an operation.
    pub fn write(&self, op: Op, members: u32, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        for &(at, part) in &self.places {
            let to = &mut out[start + at..];
            match part {
                Part::Name => {
                    to[..KEY_BYTES].copy_from_slice(&Items::key(op.key / members));
                    to[..2].copy_from_slice(&self.initials);
                }
                Part::Member => to[..KEY_BYTES].copy_from_slice(&Items::key(op.key % members)),
                Part::Key => to[..KEY_BYTES].copy_from_slice(&Items::key(op.key)),
                Part::Score => to[..8].copy_from_slice(&f64::from(score(op)).to_le_bytes()),
                Part::Digits => to[..15].copy_from_slice(&Items::key(score(op))[1..]),
            }
        }
    }

    /// Bytes of a request.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What an answer means.
    pub fn judge(&self, items: &Items, op: Op, answer: &[u8]) -> Outcome {
        let right = match &self.expects {
            Expects::Any => true,
            Expects::Bytes(at, bytes) => answer.get(*at..).is_some_and(|a| a.starts_with(bytes)),
            Expects::Length(least) => answer.len() >= *least,
            Expects::Value(tail) => {
                let end = answer.len().saturating_sub(*tail);
                let value = &answer[end.saturating_sub(items.value_bytes)..end];
                return items.check(op.key, value);
            }
            Expects::Found(at, byte) if answer.get(*at) == Some(byte) => true,
            Expects::Found(..) => return Outcome::Miss,
        };
        if right { Outcome::Right } else { Outcome::Wrong("answer") }
    }
}

/// A new score at every write, so that a member moves.
fn score(op: Op) -> u32 {
    let mixed = (u64::from(op.key) ^ op.due).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 40) as u32
}

/// The two templates of a work, as a protocol writes them.
pub struct Script {
    /// How many members a collection has.
    pub members: u32,
    read: Template,
    write: Template,
}

impl Script {
    /// What the options ask for, if that is about collections.
    pub fn of(
        options: &Options,
        items: &Items,
        template: impl Fn(Work, Verb, &Items) -> Template,
    ) -> Option<Self> {
        if options.work == Work::Item {
            return None;
        }
        let digits = b'0' + options.members.ilog10() as u8;
        let named = |verb| Template {
            initials: [options.work.letter(), digits],
            ..template(options.work, verb, items)
        };
        let [read, write] = [Verb::Get, Verb::Set].map(named);
        Some(Self { members: options.members, read, write })
    }

    /// The template of an operation.
    pub fn template(&self, verb: Verb) -> &Template {
        if verb == Verb::Get { &self.read } else { &self.write }
    }
}

/// Builds a template piece by piece.
#[derive(Default)]
pub struct Builder {
    /// What has been written.
    pub bytes: Vec<u8>,
    places: Vec<(usize, Part)>,
}

impl Builder {
    /// Leaves room for a part.
    pub fn part(&mut self, part: Part) {
        self.places.push((self.bytes.len(), part));
        let length = match part {
            Part::Name | Part::Member | Part::Key => KEY_BYTES,
            Part::Score => 8,
            Part::Digits => 15,
        };
        self.bytes.resize(self.bytes.len() + length, 0);
    }

    /// Puts another template behind this one.
    pub fn append(&mut self, other: Builder) {
        let start = self.bytes.len();
        self.bytes.extend(other.bytes);
        self.places.extend(other.places.into_iter().map(|(at, part)| (start + at, part)));
    }

    /// The template, and what its answer must look like.
    pub fn expecting(self, expects: Expects) -> Template {
        Template { bytes: self.bytes, places: self.places, expects, initials: *b"k0" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_where_they_belong() {
        let mut builder = Builder::default();
        builder.bytes.push(b'<');
        builder.part(Part::Name);
        builder.part(Part::Member);
        let template = builder.expecting(Expects::Any);
        let mut out = b"before".to_vec();

        template.write(Op { verb: Verb::Get, key: 1234, due: 0 }, 100, &mut out);

        assert_eq!(out, b"before<k000000000000012k000000000000034");
        assert_eq!(template.len(), 33);
    }

    #[test]
    fn a_value_is_looked_for_at_the_end() {
        let items = Items::new(20, None);
        let template = Builder::default().expecting(Expects::Value(2));
        let mut answer = b"$20\r\n".to_vec();
        items.write_value(7, &mut answer);
        answer.extend_from_slice(b"\r\n");
        let judged = |key| template.judge(&items, Op { verb: Verb::Get, key, due: 0 }, &answer);

        assert_eq!(judged(7), Outcome::Right);
        assert_eq!(judged(8), Outcome::Wrong("value"));
    }
}
