//! What JSON says in requests and answers, elements above all; a body as a whole is read by `body`.
//!
//! An element is any bytes. In JSON it is a string if the bytes are text, and otherwise
//! `{"base64": "…"}`; a request may write either.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::ops::Deref;

use base64::Engine as _;
use base64::alphabet::{STANDARD as ALPHABET, URL_SAFE};
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use super::status::JSON;
use crate::error::{Error, Result};
use crate::limits::REPLY_BYTES;
use crate::message::Response;
use crate::steps::Steps;

/// How many bytes of a string are written in one unit of work.
const WRITTEN_BYTES: usize = 16;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const READS_STANDARD: GeneralPurpose = GeneralPurpose::new(&ALPHABET, ANY_PADDING);
const READS_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, ANY_PADDING);

/// The bytes of base64 in either alphabet, with or without padding: clients differ.
pub(super) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let is_url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let reads = if is_url_safe { &READS_URL_SAFE } else { &READS_STANDARD };
    reads.decode(text).ok()
}

/// The response with `value` as JSON, which is short.
///
/// # Errors
///
/// [`Error::ReplyTooLarge`].
pub(super) fn reply(value: &impl Serialize) -> Result<Response> {
    long_reply(value, &Steps::one())
}

/// The same, of any length.
///
/// # Errors
///
/// [`Error::ReplyTooLarge`].
pub(super) fn long_reply(value: &impl Serialize, steps: &Steps<'_>) -> Result<Response> {
    let refusal = Error::ReplyTooLarge(REPLY_BYTES);
    let mut written = Limited { bytes: Vec::new(), steps, refusal };
    // Everything can be written as JSON, so what fails is the writer.
    if serde_json::to_writer(&mut written, value).is_err() {
        return Err(written.refusal);
    }
    let mut response = Response::new(Bytes::from(written.bytes));
    response.headers.insert(header::CONTENT_TYPE, JSON);
    Ok(response)
}

/// The answer to `HEAD` where `GET` has one in JSON, which nobody has made.
pub(super) fn head() -> Response {
    let mut response = Response::without_content();
    response.headers.insert(header::CONTENT_TYPE, JSON);
    response
}

/// A writer that fails beyond the size limit of a reply, or if there is no memory for it.
struct Limited<'a> {
    bytes: Vec<u8>,
    steps: &'a Steps<'a>,
    /// Why it fails.
    refusal: Error,
}

impl io::Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > REPLY_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if let Err(refusal) = self.steps.hold(self.bytes.len() + bytes.len()) {
            self.refusal = refusal;
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.steps.work(1 + bytes.len() / WRITTEN_BYTES);
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An element of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element<'a>(Cow<'a, [u8]>);

impl Deref for Element<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Element<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ElementVisitor)
    }
}

struct ElementVisitor;

impl<'de> Visitor<'de> for ElementVisitor {
    type Value = Element<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a string or {"base64": "…"}"#)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Self::Value, E> {
        Ok(Element(text.as_bytes().into()))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Self::Value, E> {
        Ok(Element(text.as_bytes().to_owned().into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Self::Value, A::Error> {
        let encoded = Encoded::deserialize(MapAccessDeserializer::new(map))?;
        let bytes = from_base64(encoded.base64.as_bytes());
        bytes.map(|bytes| Element(bytes.into())).ok_or_else(|| A::Error::custom("it is not base64"))
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Encoded<'a> {
    #[serde(borrow)]
    base64: Cow<'a, str>,
}

/// How the elements of an answer are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Those that are text as text.
    Text,
    /// All of them in base64.
    Base64,
}

impl Encoding {
    /// An element as it is written.
    pub(super) fn show(self, bytes: &[u8]) -> Shown<'_> {
        Shown { bytes, encoding: self }
    }
}

/// An element of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match str::from_utf8(self.bytes) {
            Ok(text) if self.encoding == Encoding::Text => serializer.serialize_str(text),
            _ => {
                let base64 = InBase64(self.bytes);
                serde::Serialize::serialize(&Base64Object { base64 }, serializer)
            }
        }
    }
}

#[derive(serde::Serialize)]
struct Base64Object<'a> {
    base64: InBase64<'a>,
}

/// Bytes as a string of base64.
pub(super) struct InBase64<'a>(pub(super) &'a [u8]);

impl Serialize for InBase64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

/// An iterator as an array; it is created anew each time that it is serialized.
pub(super) struct Each<F>(pub(super) F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: IntoIterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// A score: JSON has no infinity, so that is a string.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score(pub(super) f64);

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            f64::INFINITY => serializer.serialize_str("inf"),
            f64::NEG_INFINITY => serializer.serialize_str("-inf"),
            score => serializer.serialize_f64(score),
        }
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ScoreVisitor)
    }
}

struct ScoreVisitor;

impl Visitor<'_> for ScoreVisitor {
    type Value = Score;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a number, "inf" or "-inf""#)
    }

    fn visit_f64<E>(self, score: f64) -> std::result::Result<Score, E> {
        Ok(Score(score))
    }

    #[expect(clippy::cast_precision_loss, reason = "a score is the double next to the number")]
    fn visit_i64<E>(self, score: i64) -> std::result::Result<Score, E> {
        Ok(Score(score as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "a score is the double next to the number")]
    fn visit_u64<E>(self, score: u64) -> std::result::Result<Score, E> {
        Ok(Score(score as f64))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Score, E> {
        match text {
            "inf" => Ok(Score(f64::INFINITY)),
            "-inf" => Ok(Score(f64::NEG_INFINITY)),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::body;
    use super::*;

    fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T> {
        body::read(json, &Steps::one())
    }

    #[test]
    fn an_element_is_text_or_base64_in_either_alphabet() {
        for (json, bytes) in [
            (r#""text""#, &b"text"[..]),
            (r#""a\"b\u0000é""#, "a\"b\0é".as_bytes()),
            (r#"{"base64": "+/8="}"#, b"\xfb\xff"),
            (r#"{"base64": "-_8"}"#, b"\xfb\xff"),
            (r#"{"base64": ""}"#, b""),
        ] {
            assert_eq!(*read::<Element<'_>>(json.as_bytes()).unwrap(), *bytes, "{json}");
        }
    }

    #[test]
    fn an_element_that_is_nothing_of_the_kind_is_refused() {
        for json in [
            "1",
            "null",
            "[]",
            "{}",
            r#"{"base64": "!"}"#,
            r#"{"base64": "", "x": 1}"#,
            r#""a" 1"#,
            "",
        ] {
            assert!(read::<Element<'_>>(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn what_is_written_reads_as_the_same_bytes() {
        for bytes in [&b""[..], b"text", b"\"\\\n\0", "é".as_bytes(), b"\xff\x00"] {
            for encoding in [Encoding::Text, Encoding::Base64] {
                let json = serde_json::to_vec(&encoding.show(bytes)).unwrap();
                assert_eq!(*read::<Element<'_>>(&json).unwrap(), *bytes);
                let is_text = encoding == Encoding::Text && bytes != b"\xff\x00";
                assert_eq!(json[0], if is_text { b'"' } else { b'{' });
            }
        }
    }

    #[test]
    fn a_score_reads_as_it_was_written() {
        for score in [0.1 + 0.2, -1.5, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY] {
            let json = serde_json::to_vec(&Score(score)).unwrap();
            assert_eq!(read::<Score>(&json), Ok(Score(score)));
        }
        assert_eq!([read(b"3"), read(b"-3")], [Ok(Score(3.0)), Ok(Score(-3.0))]);
        assert!(read::<Score>(b"\"nan\"").is_err() && read::<Score>(b"1e999").is_err());
    }
}
