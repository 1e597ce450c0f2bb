//! Names and values of a query as received, percent-encoded.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use percent_encoding::percent_decode;

const BASE64: &str = "_base64";

/// How many pairs are read when a request arrives: most have no more.
const READ: usize = 4;

/// A name and its value.
type Pair<'a> = (Encoded<'a>, Encoded<'a>);

/// The names and values of a query, in order. The first are read once and kept, since each parameter
/// is looked for.
pub(super) struct Pairs<'a> {
    first: [Pair<'a>; READ],
    count: usize,
    rest: Option<&'a [u8]>,
}

impl<'a> Pairs<'a> {
    pub(super) fn of(query: &'a str) -> Self {
        let none = (Encoded(b""), Encoded(b""));
        let mut pairs = Pairs { first: [none; READ], count: 0, rest: None };
        let mut rest = Some(query.as_bytes());
        while pairs.count < READ
            && let Some(pair) = next(&mut rest)
        {
            pairs.first[pairs.count] = pair;
            pairs.count += 1;
        }
        pairs.rest = rest;
        pairs
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Pair<'a>> {
        let mut rest = self.rest;
        let first = self.first[..self.count].iter().copied();
        first.chain(std::iter::from_fn(move || next(&mut rest)))
    }
}

/// Reads a pair off the front of `rest`.
fn next<'a>(rest: &mut Option<&'a [u8]>) -> Option<Pair<'a>> {
    let (pair, others) = split_once((*rest)?, b'&');
    *rest = others;
    Some(name_and_value(pair))
}

/// The name and the value of one pair.
pub(super) fn name_and_value(pair: &[u8]) -> Pair<'_> {
    let (name, value) = split_once(pair, b'=');
    (Encoded(name), Encoded(value.unwrap_or_default()))
}

/// Splits `text` at the first `byte`; the second part is `None` without one.
fn split_once(text: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(byte, text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// How bytes are given.
pub(super) enum Form {
    Plain,
    Base64,
}

/// A percent-encoded name or value, as received.
#[derive(Clone, Copy)]
pub(super) struct Encoded<'a>(&'a [u8]);

impl<'a> Encoded<'a> {
    /// The bytes as received.
    pub(super) fn as_received(self) -> &'a [u8] {
        self.0
    }

    /// Whether it needs no decoding, like nearly every name.
    fn is_plain(self) -> bool {
        memchr2(b'%', b'+', self.0).is_none()
    }

    /// Whether it may decode to a text that begins with `name`, which it does not by itself.
    fn may_hide(self, name: &str) -> bool {
        // Encoding makes a name longer.
        self.0.len() > name.len() && !self.is_plain()
    }

    /// The decoded bytes; not copied if they need no decoding.
    pub(super) fn decoded(self) -> Cow<'a, [u8]> {
        if self.is_plain() {
            return Cow::Borrowed(self.0);
        }
        let spaced: Vec<_> =
            self.0.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        Cow::Owned(percent_decode(&spaced).collect())
    }

    /// Whether it decodes to `name`.
    pub(super) fn is(self, name: &str) -> bool {
        self.0 == name.as_bytes() || (self.may_hide(name) && *self.decoded() == *name.as_bytes())
    }

    /// The form in which it gives the parameter `name`, if it does.
    pub(super) fn form(self, name: &str) -> Option<Form> {
        let form = |text: &[u8]| match text.strip_prefix(name.as_bytes())? {
            b"" => Some(Form::Plain),
            end if end == BASE64.as_bytes() => Some(Form::Base64),
            _ => None,
        };
        form(self.0).or_else(|| if self.is_plain() { None } else { form(&self.decoded()) })
    }
}
