//! The head of an earlier request, for those that differ only in the key at the end of their URLs:
//! clients repeat all else with each request.

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use super::head;
use crate::front::known::Known;
use crate::front::rest::KnownCall;
use crate::message::Parts;

/// The longest head that is kept or taken, in bytes: an idle connection keeps it.
const LONGEST: usize = 1024;
/// The most headers in one that is kept: each takes more memory than its text.
const HEADERS: usize = 32;
/// After how many other heads in a row the last one is kept in its place: to keep one takes as long as to
/// read it.
const PATIENCE: u8 = 8;

/// The head that a connection keeps.
#[derive(Default)]
pub(super) struct RepeatedHead {
    kept: Option<Box<KnownHead>>,
    /// How many heads were others since it was seen.
    missed: u8,
}

/// A head whose request has no body, and its call.
pub(super) struct KnownHead {
    /// As it was received; the headers share its memory.
    text: Bytes,
    /// Where in it the URL begins.
    target: usize,
    /// Where in it the key is, which ends the URL.
    key: Range<usize>,
    pub(super) parts: Parts,
    pub(super) call: Known<KnownCall>,
}

impl RepeatedHead {
    /// Takes a head off the front of `input` that is the one that is kept but for the key, which it has
    /// then. `None`, and nothing was taken, if it is another or incomplete.
    #[inline]
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Option<&KnownHead> {
        let known = self.kept.as_mut()?;
        if !known.take(input) {
            return None;
        }
        self.missed = 0;
        Some(known)
    }

    /// Takes note of another head, whose bytes are `text`, and of its call.
    pub(super) fn note(&mut self, text: &[u8], call: Known<KnownCall>) {
        self.missed += 1;
        if self.missed == PATIENCE {
            self.missed = 0;
            self.kept = KnownHead::of(text, call).map(Box::new).or(self.kept.take());
        }
    }
}

impl KnownHead {
    /// Keeps a head, if its call is known. Nothing of it keeps the buffer that it was read to.
    fn of(text: &[u8], call: Known<KnownCall>) -> Option<Self> {
        let stem = call.and_then(|call| Some(call.stem()))?;
        if text.len() > LONGEST {
            return None;
        }
        let head = head::take(&mut BytesMut::from(text)).ok().flatten()?;
        if !head.is_repeatable() || head.parts.headers.len() > HEADERS {
            return None;
        }
        let (text, parts) = (head.text, head.parts);
        // Empty lines may come before the request line, and a URL may name its host.
        let url = text.strip_prefix(parts.method.as_str().as_bytes())?.strip_prefix(b" ")?;
        let behind = url.strip_prefix(parts.target.path_and_query().as_bytes())?;
        if !behind.starts_with(b" ") {
            return None;
        }
        let target = text.len() - url.len();
        let key = target + stem..text.len() - behind.len();
        Some(KnownHead { text, target, key, parts, call })
    }

    fn take(&mut self, input: &mut BytesMut) -> bool {
        let (start, rest) = (&self.text[..self.key.start], &self.text[self.key.end..]);
        let Some(behind) = input.strip_prefix(start) else { return false };
        let end = start.len() + memchr(b' ', behind).unwrap_or(behind.len());
        let length = end + rest.len();
        let is_it = length <= LONGEST
            && input[end..].starts_with(rest)
            && self.parts.target.set_tail(start.len() - self.target, &input[self.target..end]);
        if is_it {
            input.advance(length);
        }
        is_it
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADERS: &str = " HTTP/1.1\r\nhost: a\r\nauthorization: t\r\n\r\n";

    fn known(text: &str, stem: usize) -> KnownHead {
        let head = head::take(&mut BytesMut::from(text)).ok().flatten().unwrap();
        let key = text.find("KEY").unwrap();
        let (text, parts, call) = (head.text, head.parts, Known::default());
        KnownHead { text, target: key - stem, key: key..key + 3, parts, call }
    }

    fn get() -> KnownHead {
        known(&["GET /cache/c?key=KEY", HEADERS].concat(), 13)
    }

    #[test]
    fn a_head_with_another_key_is_taken_and_nothing_behind_it() {
        let mut known = get();
        let mut input = BytesMut::from(&*["GET /cache/c?key=a:1", HEADERS, "GET /"].concat());

        assert!(known.take(&mut input));
        assert_eq!(known.parts.target.path_and_query(), "/cache/c?key=a:1");
        assert_eq!(input, "GET /");
    }

    #[test]
    fn another_or_an_incomplete_head_stays_where_it_is() {
        let whole = ["GET /cache/c?key=a", HEADERS].concat();
        let mut others: Vec<_> = (0..whole.len()).map(|end| whole[..end].to_owned()).collect();
        others.push(["GET /cache/c?key=", &*"a".repeat(LONGEST), HEADERS].concat());
        for key in ["", "a%20", "a+b", "a&key=b", "a b", "a#b", "\u{e9}"] {
            others.push(["GET /cache/c?key=", key, HEADERS].concat());
        }
        for (from, to) in [("GET", "HEAD"), ("/c?", "/d?"), ("1.1", "1.0"), (": t", ": u")] {
            others.push(whole.replace(from, to));
        }
        for other in others {
            let (mut known, mut input) = (get(), BytesMut::from(&*other));
            assert!(!known.take(&mut input), "{other}");
            assert_eq!(input, other);
            assert_eq!(known.parts.target.path_and_query(), "/cache/c?key=KEY");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_would_have_been_read(
            key in "[a-z%+&#? =:/~\u{e9}-]{0,12}",
            headers in prop_oneof![3 => Just(HEADERS), 1 => Just(" HTTP/1.1\r\nhost: b\r\n\r\n")],
            behind in "[ -~]{0,9}",
        ) {
            let text = ["GET /cache/c?key=", &key, headers, &behind].concat();
            let (mut known, mut input) = (get(), BytesMut::from(&*text));
            if known.take(&mut input) {
                let mut whole = BytesMut::from(&*text);
                let read = head::take(&mut whole).ok().flatten().unwrap().parts;
                prop_assert_eq!(&known.parts.target, &read.target);
                prop_assert_eq!(&known.parts.headers, &read.headers);
                prop_assert_eq!(input, whole);
            } else {
                prop_assert_eq!(input, text);
            }
        }
    }
}
