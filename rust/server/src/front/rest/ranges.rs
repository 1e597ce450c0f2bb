//! Parts of a value: `Range`, `If-Range` and what answers them (RFC 9110 §14).

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use http::StatusCode;
use http::header::{self, HeaderValue};

use super::conditions;
use super::content_type::ContentType;
use super::status;
use crate::front::cause;
use crate::message::{Common, EntityTag, Headers, Response};

/// Of a value of which more parts than this are asked for, all is sent
/// (<https://www.rfc-editor.org/rfc/rfc9110#section-14.2-8>).
const MOST: usize = 16;
const UNIT: &[u8] = b"bytes=";

/// The part of a value that a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    All,
    /// One part.
    One(Range<usize>),
    /// Several parts, fewer bytes than all of it.
    Many(Vec<Range<usize>>),
    /// Parts that are out of range.
    Nothing,
}

impl Wanted {
    /// How many bytes of `value` are sent.
    pub(super) fn len(&self, value: &Bytes) -> usize {
        match self {
            Self::All => value.len(),
            Self::One(part) => part.len(),
            Self::Many(parts) => parts.iter().map(Range::len).sum(),
            Self::Nothing => 0,
        }
    }

    /// What `headers` ask for of a value that has this tag and so many bytes. What cannot be
    /// understood asks for all of it, as does an `If-Range` that names another value.
    pub(super) fn of(headers: &Headers, etag: &EntityTag, length: usize) -> Self {
        let mut ranges = headers.get_all("range");
        let (Some(said), None) = (ranges.next(), ranges.next()) else { return Self::All };
        if !conditions::is_in_range(headers, etag) {
            return Self::All;
        }
        let Some(specs) = specs(said.as_bytes()) else { return Self::All };
        let mut parts: Vec<_> = specs.iter().filter_map(|spec| spec.within(length)).collect();
        match parts.len() {
            // A suffix of an empty value is there, but has no place to name.
            0 if length == 0 && specs.iter().any(|spec| matches!(spec, Spec::Last(1..))) => {
                Self::All
            }
            0 => Self::Nothing,
            1 => Self::One(parts.remove(0)),
            _ if parts.iter().map(Range::len).sum::<usize>() >= length => Self::All,
            _ => Self::Many(parts),
        }
    }
}

/// One range as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spec {
    /// From this byte on, up to and with that one.
    From(usize, usize),
    /// So many bytes at the end.
    Last(usize),
}

impl Spec {
    /// The bytes of a value of so many that it means, if there is one.
    fn within(self, length: usize) -> Option<Range<usize>> {
        let range = match self {
            Spec::From(first, last) => first..last.saturating_add(1).min(length),
            Spec::Last(count) => length.saturating_sub(count)..length,
        };
        (!range.is_empty()).then_some(range)
    }
}

/// The ranges of a header; `None` if they are of another unit, malformed, or too many.
fn specs(said: &[u8]) -> Option<Vec<Spec>> {
    let (unit, list) = said.split_at_checked(UNIT.len())?;
    if !unit.eq_ignore_ascii_case(UNIT) {
        return None;
    }
    let mut specs = Vec::new();
    for spec in list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
        // Empty elements of a list are ignored (RFC 9110 §5.6.1.2).
        if spec.is_empty() {
            continue;
        }
        if specs.len() == MOST {
            return None;
        }
        specs.push(read(spec)?);
    }
    (!specs.is_empty()).then_some(specs)
}

fn read(spec: &[u8]) -> Option<Spec> {
    let dash = spec.iter().position(|byte| *byte == b'-')?;
    let (first, last) = (&spec[..dash], &spec[dash + 1..]);
    match (first.is_empty(), last.is_empty()) {
        (true, true) => None,
        (true, false) => Some(Spec::Last(number(last)?)),
        (false, true) => Some(Spec::From(number(first)?, usize::MAX)),
        (false, false) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Spec::From(first, last))
        }
    }
}

/// Parses digits, saturating.
fn number(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0_usize, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| usize::from(digit - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

/// The response with the whole value.
pub(super) fn all(value: Bytes, media: ContentType) -> Response {
    media.response(StatusCode::OK, value)
}

/// The response with one part.
pub(super) fn one(value: &Bytes, part: Range<usize>, media: ContentType) -> Response {
    let place = HeaderValue::try_from(place(&part, value.len())).expect("digits are visible");
    let mut response = media.response(StatusCode::PARTIAL_CONTENT, value.slice(part));
    response.headers.insert(header::CONTENT_RANGE, place);
    response
}

/// The response with several parts, in the requested order
/// (RFC 9110 §14.6). The digest in the tag of a value bounds them: it cannot stand in the value.
pub(super) fn many(
    value: &Bytes,
    parts: &[Range<usize>],
    media: &ContentType,
    etag: &EntityTag,
) -> Response {
    let boundary = String::from_utf8_lossy(etag.digits());
    let mut body = BytesMut::new();
    for part in parts {
        let place = place(part, value.len());
        body.put_slice(format!("\r\n--{boundary}\r\nContent-Type: ").as_bytes());
        body.put_slice(media.as_bytes());
        body.put_slice(format!("\r\nContent-Range: {place}\r\n\r\n").as_bytes());
        body.put_slice(&value[part.clone()]);
    }
    body.put_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let mut response = Response::of(StatusCode::PARTIAL_CONTENT, body.freeze());
    // A multipart response must not be shown as a page of this origin.
    response.common = &[Common::NoSniff, Common::Ranges];
    let kind = format!("multipart/byteranges; boundary={boundary}");
    let kind = HeaderValue::try_from(kind).expect("a boundary is visible");
    response.headers.insert(header::CONTENT_TYPE, kind);
    response
}

/// The response that tells how long the value is, of which no part was asked for.
pub(super) fn none(length: usize) -> Response {
    let message = format!("Range names no part of a value of {length} bytes");
    let mut response = status::problem(&cause::RANGE, &message);
    let place = HeaderValue::try_from(format!("bytes */{length}")).expect("digits are visible");
    response.headers.insert(header::CONTENT_RANGE, place);
    response
}

fn place(part: &Range<usize>, length: usize) -> String {
    format!("bytes {}-{}/{length}", part.start, part.end - 1)
}

#[cfg(test)]
mod tests {
    use attimo_engine::ValueHash;

    use super::*;

    fn wanted(said: &[(header::HeaderName, &str)], length: usize) -> Wanted {
        let headers = said.iter().map(|(name, said)| (name.clone(), said.parse().unwrap()));
        Wanted::of(&headers.collect(), &conditions::etag(ValueHash::of(b"")), length)
    }

    fn range(said: &str, length: usize) -> Wanted {
        wanted(&[(header::RANGE, said)], length)
    }

    #[test]
    fn one_range_is_one_part_as_far_as_the_value_goes() {
        for (said, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-4", 2..5),
            ("BYTES=2-", 2..10),
            ("bytes=8-99", 8..10),
            ("bytes=-3", 7..10),
            ("bytes=-99", 0..10),
            ("bytes= 1-2 ,", 1..3),
            ("bytes=0-99999999999999999999999", 0..10),
            ("bytes=99-,4-5", 4..6),
        ] {
            assert_eq!(range(said, 10), Wanted::One(part), "{said}");
        }
    }

    #[test]
    fn several_ranges_are_parts_in_their_order_unless_all_is_less() {
        assert_eq!(range("bytes=8-9,0-1", 10), Wanted::Many(vec![8..10, 0..2]));
        assert_eq!(range("bytes=0-1,-1,99-", 10), Wanted::Many(vec![0..2, 9..10]));
        assert_eq!(range("bytes=0-,0-,0-", 10), Wanted::All);
        assert_eq!(range(&format!("bytes={}", vec!["0-0"; 17].join(",")), 99), Wanted::All);
    }

    #[test]
    fn what_is_no_range_of_bytes_is_passed_over() {
        for said in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=5-4",
            "bytes=a-b",
            "bytes=1",
            "bytes=1-2-3",
            "bytes=+1-2",
            "bytes 0-1",
            "items=0-1",
            "bytes=0-1,x",
            "bytes=1 - 2",
        ] {
            assert_eq!(range(said, 10), Wanted::All, "{said:?}");
        }
        let twice = [(header::RANGE, "bytes=0-1"), (header::RANGE, "bytes=2-3")];
        let mut headers = Headers::default();
        for (name, said) in twice {
            headers.append(name, said.parse().unwrap());
        }
        assert_eq!(Wanted::of(&headers, &conditions::etag(ValueHash::of(b"")), 10), Wanted::All);
    }

    #[test]
    fn what_the_value_does_not_have_cannot_be_sent() {
        for said in ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(range(said, 10), Wanted::Nothing, "{said}");
        }
        assert_eq!(
            [range("bytes=0-", 0), range("bytes=-0", 0)],
            [Wanted::Nothing, Wanted::Nothing]
        );
        assert_eq!(range("bytes=-5", 0), Wanted::All);
    }

    #[test]
    fn if_range_must_name_this_value_by_a_strong_tag() {
        let tag = conditions::etag(ValueHash::of(b""));
        let tag = str::from_utf8(tag.as_bytes()).unwrap();
        let request =
            |said: &str| wanted(&[(header::RANGE, "bytes=0-0"), (header::IF_RANGE, said)], 10);

        assert_eq!(request(tag), Wanted::One(0..1));
        for other in [
            &format!("W/{tag}"),
            "\"x\"",
            "*",
            "",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            &format!("{tag}, {tag}"),
        ] {
            assert_eq!(request(other), Wanted::All, "{other}");
        }
    }
}
