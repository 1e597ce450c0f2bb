//! The declared media type and encoding of a body: honoured or refused with 415, never ignored.
//!
//! The pages of the console send forms, messages of topics may be text; everything else is JSON.
//! JSON is UTF-8 (RFC 8259 §8.1), by whatever name of its media type. A body without a type
//! is taken for what the path expects (RFC 9110 §8.3).

use http::header::{self, HeaderValue};

use crate::error::{Error, Result};
use crate::message::Headers;

pub(super) const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

const TWO: Error = Error::Malformed("send one `content-type` header");
const TEXT: &[u8] = b"text/";
const NOT_JSON: Error =
    Error::MediaType("body: must be JSON with the header `Content-Type: application/json`");
const NOT_A_FORM: Error =
    Error::MediaType("body: must be a form of a page (application/x-www-form-urlencoded)");
const NOT_UTF8: Error = Error::MediaType("body: JSON is UTF-8, and no other charset is read");
const NOT_UTF8_TEXT: Error =
    Error::MediaType("body: text must be UTF-8, and no other charset is read");
const PART: Error = Error::Malformed("`content-range`: send whole values, not parts of them");

/// Checks that a body may be read as JSON.
///
/// # Errors
///
/// [`Error::MediaType`] if it is declared to be something else, and those of [`whole`].
pub(super) fn json(headers: &Headers) -> Result<()> {
    whole(headers)?;
    one_kind(headers)?.map_or(Ok(()), of_json)
}

/// Checks that a body is a form, as browsers send it.
///
/// # Errors
///
/// [`Error::MediaType`] if it is declared to be something else, or nothing, and those of [`whole`].
pub(super) fn form(headers: &Headers) -> Result<()> {
    whole(headers)?;
    if one_kind(headers)? == Some(&FORM) { Ok(()) } else { Err(NOT_A_FORM) }
}

/// What a message is declared to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageKind {
    Text,
    Bytes,
    /// Text if it is UTF-8.
    Either,
}

/// What a message of a topic is declared to be.
///
/// # Errors
///
/// [`Error::MediaType`] if it is text in another charset than UTF-8, and those of [`whole`].
pub(super) fn message(headers: &Headers) -> Result<MessageKind> {
    whole(headers)?;
    let kind = one_kind(headers)?.map_or(&b""[..], HeaderValue::as_bytes);
    let mut parts = kind.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().unwrap_or_default();
    let is_text = name.get(..TEXT.len()).is_some_and(|start| start.eq_ignore_ascii_case(TEXT));
    if is_text && !parts.all(allows_utf8) {
        return Err(NOT_UTF8_TEXT);
    }
    Ok(if name.eq_ignore_ascii_case(b"text/plain") {
        MessageKind::Text
    } else if name.eq_ignore_ascii_case(b"application/octet-stream") {
        MessageKind::Bytes
    } else {
        MessageKind::Either
    })
}

/// The media type of a body, if it has one.
fn one_kind(headers: &Headers) -> Result<Option<&HeaderValue>> {
    let mut kinds = headers.get_all(header::CONTENT_TYPE);
    let kind = kinds.next();
    if kinds.next().is_some() { Err(TWO) } else { Ok(kind) }
}

/// Whether a parameter of a media type is no charset, or one that UTF-8 includes.
fn allows_utf8(parameter: &[u8]) -> bool {
    let mut sides = parameter.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
    if !sides.next().is_some_and(|name| name.eq_ignore_ascii_case(b"charset")) {
        return true;
    }
    let charset = sides.next().unwrap_or_default();
    let charset =
        charset.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\"")).unwrap_or(charset);
    // US-ASCII is a part of UTF-8.
    [&b"utf-8"[..], b"utf8", b"us-ascii", b"ascii"]
        .iter()
        .any(|known| charset.eq_ignore_ascii_case(known))
}

/// Checks that a body is neither compressed nor partial.
///
/// # Errors
///
/// [`Error::Compressed`], and [`Error::Malformed`] (RFC 9110 §14.5).
pub(super) fn whole(headers: &Headers) -> Result<()> {
    let codings = headers.get_all("content-encoding");
    let mut codings = codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let is_none = |coding: &[u8]| {
        let coding = coding.trim_ascii();
        coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
    };
    if !codings.all(is_none) {
        return Err(Error::Compressed);
    }
    if headers.contains_key("content-range") { Err(PART) } else { Ok(()) }
}

fn of_json(kind: &HeaderValue) -> Result<()> {
    let kind = kind.to_str().map_err(|_| NOT_JSON)?.to_ascii_lowercase();
    let mut parts = kind.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let is_json = match name.split_once('/') {
        None => name.is_empty(),
        Some(("application" | "text", "json")) => true,
        Some((_, subtype)) => subtype.ends_with("+json"),
    };
    if !is_json {
        return Err(NOT_JSON);
    }
    if parts.map(str::as_bytes).all(allows_utf8) { Ok(()) } else { Err(NOT_UTF8) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, values: &[&str]) -> Headers {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    fn declared(kinds: &[&str]) -> Result<()> {
        json(&headers(header::CONTENT_TYPE, kinds))
    }

    #[test]
    fn json_is_json_by_whatever_name() {
        for kind in [
            "application/json",
            "Application/JSON",
            "text/json",
            "application/json;charset=utf-8",
            "application/json ; Charset=\"UTF-8\"",
            "application/json; charset=us-ascii",
            "application/json; version=1",
            "application/problem+json",
            "application/vnd.api+json; charset=UTF8",
            "",
        ] {
            assert_eq!(declared(&[kind]), Ok(()), "{kind}");
        }
        assert_eq!(declared(&[]), Ok(()));
    }

    #[test]
    fn what_is_declared_to_be_something_else_is_refused() {
        for kind in [
            "application/x-www-form-urlencoded",
            "text/plain;charset=UTF-8",
            "application/grpc",
            "application/jsonl",
            "application/xml",
            "multipart/form-data; boundary=x",
            "json",
            "+json",
            "*/*",
        ] {
            assert_eq!(declared(&[kind]), Err(NOT_JSON), "{kind}");
        }
        for charset in ["utf-16", "latin1", "iso-8859-1", "\"utf-16le\"", ""] {
            let kind = format!("application/json; charset={charset}");
            assert_eq!(declared(&[&kind]), Err(NOT_UTF8), "{kind}");
        }
        assert_eq!(declared(&["application/json", "application/json"]), Err(TWO));
    }

    #[test]
    fn a_form_is_a_form_by_its_only_name() {
        let of = |kinds: &[&str]| form(&headers(header::CONTENT_TYPE, kinds));

        assert_eq!(of(&["application/x-www-form-urlencoded"]), Ok(()));
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
            assert_eq!(of(&[kind]), Err(NOT_A_FORM), "{kind}");
        }
        assert_eq!(of(&[]), Err(NOT_A_FORM));
        assert_eq!(of(&["application/x-www-form-urlencoded"; 2]), Err(TWO));
    }

    #[test]
    fn a_message_is_text_or_bytes_as_its_type_says() {
        let of = |kinds: &[&str]| message(&headers(header::CONTENT_TYPE, kinds));

        for kind in ["text/plain", "Text/Plain ; Charset=\"UTF-8\"", "text/plain;charset=ascii"] {
            assert_eq!(of(&[kind]), Ok(MessageKind::Text), "{kind}");
        }
        assert_eq!(of(&["application/octet-stream"]), Ok(MessageKind::Bytes));
        for kind in ["", "application/json", "text/csv", "image/png; charset=x", "\"", "a, b"] {
            assert_eq!(of(&[kind]), Ok(MessageKind::Either), "{kind}");
        }
        assert_eq!(of(&[]), Ok(MessageKind::Either));
    }

    #[test]
    fn a_message_in_another_charset_is_refused() {
        for charset in ["utf-16", "utf-16le", "latin1", "iso-8859-1", "\"utf-16\"", "", "\""] {
            for kind in ["text/plain", "text/html", "TEXT/csv; header=present"] {
                let kind = format!("{kind}; charset={charset}");
                let declared = headers(header::CONTENT_TYPE, &[&kind]);
                assert_eq!(message(&declared), Err(NOT_UTF8_TEXT), "{kind}");
            }
        }
        let two = ["text/plain", "application/octet-stream"];
        assert_eq!(message(&headers(header::CONTENT_TYPE, &two)), Err(TWO));
    }

    #[test]
    fn a_body_that_is_compressed_or_a_part_is_refused() {
        for coding in ["gzip", "br", "deflate", "zstd", "identity, gzip", "aws-chunked"] {
            assert_eq!(
                whole(&headers(header::CONTENT_ENCODING, &[coding])),
                Err(Error::Compressed)
            );
        }
        assert_eq!(whole(&headers(header::CONTENT_ENCODING, &["identity"])), Ok(()));
        assert_eq!(whole(&headers(header::CONTENT_ENCODING, &["", "Identity,"])), Ok(()));
        assert_eq!(whole(&headers(header::CONTENT_RANGE, &["bytes 0-1/2"])), Err(PART));
    }
}
