//! grpc-web: gRPC for pages, which see neither HTTP/2 nor trailers.
//!
//! A request is one framed message in a body of plain HTTP. The answer's messages
//! are followed by a frame that holds the trailers; a status without a message stands
//! in the headers. In text mode both bodies are base64, since old browsers read text
//! only, and the official client still asks for that.

use attimo_engine::work_of;
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::Method;
use http::header::{self, HeaderValue};

use super::frame::PREFIX;
use super::reply::Reply;
use super::status::Status;
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::limits::REQUEST_BYTES;
use crate::message::{Parts, Response};
use crate::stats::Via;
use crate::steps::Steps;

/// The trailers of a reply that succeeded, as the last frame of its body.
const TRAILERS: &[u8] = b"\x80\0\0\0\x0fgrpc-status:0\r\n";
const BINARY_NAMES: [&[u8]; 2] = [b"application/grpc-web", b"application/grpc-web+proto"];
const TEXT_NAMES: [&[u8]; 3] = [
    b"application/grpc-web-text",
    b"application/grpc-web-text+proto",
    b"application/grpc-web-text-base64",
];
/// Clients may leave out the padding at the end.
const TEXT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How many bytes of base64 are read or written at a time.
const PIECE: usize = 16 * 1024;
/// How many of them are a unit of work.
const TEXT_BYTES: usize = 16;

/// How bodies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As they are.
    Binary,
    /// In base64.
    Text,
}

impl Mode {
    /// How the body of a request is written; `None` if it is no grpc-web.
    pub(crate) fn of(parts: &Parts) -> Option<Self> {
        if parts.method != Method::POST {
            return None;
        }
        let mode = Mode::called(parts.headers.get(header::CONTENT_TYPE)?.as_bytes());
        mode.filter(|_| super::is_method(parts.target.path().as_bytes()))
    }

    /// How the answer is to be written: as the client says that it takes it, else as it wrote.
    pub(super) fn of_answer(self, parts: &Parts) -> Self {
        let accept = parts.headers.get(header::ACCEPT).map_or(&b""[..], HeaderValue::as_bytes);
        accept.split(|byte| *byte == b',').find_map(Mode::called).unwrap_or(self)
    }

    fn called(kind: &[u8]) -> Option<Self> {
        let name = kind.split(|byte| *byte == b';').next()?.trim_ascii();
        let is = |known: &&[u8]| name.eq_ignore_ascii_case(known);
        if BINARY_NAMES.iter().any(is) {
            return Some(Mode::Binary);
        }
        TEXT_NAMES.iter().any(is).then_some(Mode::Text)
    }

    /// How many bytes the body of a request may have.
    pub(crate) fn limit(self) -> usize {
        match self {
            Mode::Binary => REQUEST_BYTES + PREFIX,
            Mode::Text => (REQUEST_BYTES + PREFIX).div_ceil(3) * 4,
        }
    }

    pub(super) fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Mode::Binary => "application/grpc-web+proto",
            Mode::Text => "application/grpc-web-text+proto",
        })
    }

    pub(super) fn read(self, body: Bytes, steps: &Steps<'_>) -> Result<Bytes> {
        match self {
            Mode::Binary => Ok(body),
            Mode::Text => decoded(&body, steps).map(Bytes::from),
        }
    }

    fn write(self, reply: Reply, steps: &Steps<'_>) -> Bytes {
        let mut body = Vec::with_capacity(reply.len() + TRAILERS.len());
        for data in reply.into_data() {
            steps.work(work_of(data.len()));
            body.extend_from_slice(&data);
        }
        body.extend_from_slice(TRAILERS);
        match self {
            Mode::Binary => body.into(),
            Mode::Text => encoded(&body, steps).into(),
        }
    }
}

/// Writes base64, in steps.
fn encoded(body: &[u8], steps: &Steps<'_>) -> String {
    let mut text = String::with_capacity(body.len().div_ceil(3) * 4);
    for piece in body.chunks(PIECE / 4 * 3) {
        steps.work(PIECE / TEXT_BYTES);
        BASE64_STANDARD.encode_string(piece, &mut text);
    }
    text
}

/// Reads base64 that may have been written piece by piece: each piece ends with padding of its own.
fn decoded(text: &[u8], steps: &Steps<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len().div_ceil(4) * 3);
    let mut rest = text;
    while !rest.is_empty() {
        steps.work(PIECE / TEXT_BYTES);
        let near = &rest[..rest.len().min(PIECE)];
        let padding = near.iter().position(|byte| *byte == b'=').unwrap_or(near.len());
        let end = ((padding / 4 + 1) * 4).min(near.len());
        let (piece, after) = rest.split_at(end);
        let read = TEXT.decode_vec(piece, &mut bytes);
        read.map_err(|_| Error::Malformed("the body is not base64"))?;
        rest = after;
    }
    Ok(bytes)
}

/// Answers a request for the data plane.
pub(crate) fn answer(
    client: &Client,
    parts: &Parts,
    mode: Mode,
    body: Result<Bytes>,
    now: Now,
    steps: &Steps<'_>,
) -> Response {
    let body = body.and_then(|body| mode.read(body, steps));
    let reply = super::answer(client, Via::GrpcWeb, parts, None, body, now, steps);
    response(mode.of_answer(parts), reply, steps)
}

/// Answers a request that waits.
pub(crate) async fn answer_async(
    client: &Client,
    parts: &Parts,
    mode: Mode,
    body: Result<Bytes>,
) -> Response {
    let steps = Steps::one();
    let body = body.and_then(|body| mode.read(body, &steps));
    let reply = super::answer_async(client, Via::GrpcWeb, parts, body).await;
    response(mode.of_answer(parts), reply, &steps)
}

/// The response of `error`.
pub(crate) fn refusal(client: &Client, parts: &Parts, mode: Mode, error: Error) -> Response {
    refused(mode.of_answer(parts), super::refused(client, Via::GrpcWeb, error))
}

/// The response of a status.
pub(super) fn refused(mode: Mode, status: Status) -> Response {
    response(mode, Err(status), &Steps::one())
}

fn response(mode: Mode, reply: std::result::Result<Reply, Status>, steps: &Steps<'_>) -> Response {
    let mut response = Response::new(Bytes::new());
    response.headers.insert(header::CONTENT_TYPE, mode.name());
    match reply {
        Ok(reply) => response.body = mode.write(reply, steps),
        Err(status) => status.write(&mut response.headers),
    }
    response
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(kind: &str, accept: &str) -> Parts {
        let request = Request::post("/a.B/C").header("content-type", kind).header("accept", accept);
        request.into()
    }

    #[test]
    fn a_request_says_how_it_is_written() {
        for (kind, mode) in [
            ("application/grpc-web", Some(Mode::Binary)),
            ("application/grpc-web+proto", Some(Mode::Binary)),
            ("Application/gRPC-Web; charset=utf-8", Some(Mode::Binary)),
            ("application/grpc-web-text", Some(Mode::Text)),
            ("application/grpc-web-text+proto;a=b", Some(Mode::Text)),
            ("application/grpc-web+json", None),
            ("application/grpc-webs", None),
            ("application/grpc", None),
            ("application/json", None),
            ("", None),
        ] {
            assert_eq!(Mode::of(&parts(kind, "")), mode, "{kind}");
        }
    }

    #[test]
    fn the_answer_is_written_as_the_client_takes_it() {
        let kind = "application/grpc-web";
        for (accept, mode) in [
            ("application/grpc-web-text", Mode::Text),
            ("text/html, application/grpc-web-text;q=0.9", Mode::Text),
            ("application/grpc-web+proto", Mode::Binary),
            ("*/*", Mode::Binary),
            ("", Mode::Binary),
        ] {
            assert_eq!(Mode::Binary.of_answer(&parts(kind, accept)), mode, "{accept}");
        }
        assert_eq!(Mode::Text.of_answer(&parts(kind, "*/*")), Mode::Text);
    }

    #[test]
    fn pieces_with_padding_of_their_own_are_one_text() {
        for text in ["aGVsbG8=", "aGVsbG8", "aA==ZWxsbw==", "aGU=bGxv", "aA==ZQ==bA==bG8="] {
            assert_eq!(decoded(text.as_bytes(), &Steps::one()).unwrap(), b"hello", "{text}");
        }
        assert_eq!(decoded(b"", &Steps::one()).unwrap(), b"");
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["a", "=", "====", "aGVsbG8=\n", "aG Vs", "aGVs-_==", "aGU=l", "aGU=="] {
            assert!(decoded(text.as_bytes(), &Steps::one()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_largest_message_is_within_the_limit_in_text_too() {
        let body = vec![0; REQUEST_BYTES + PREFIX];
        assert_eq!(BASE64_STANDARD.encode(body).len(), Mode::Text.limit());
    }

    #[test]
    fn the_length_of_the_trailers_is_that_of_the_trailers() {
        let length = u32::from_be_bytes(TRAILERS[1..PREFIX].try_into().unwrap());
        assert_eq!(length as usize, TRAILERS.len() - PREFIX);
    }

    #[test]
    fn long_bodies_are_read_and_written_as_if_in_one_piece() {
        for length in [PIECE / 4 * 3 - 1, PIECE, 5 * PIECE + 2] {
            let body: Vec<u8> = (0..length).map(|at| at.to_le_bytes()[0]).collect();
            let text = encoded(&body, &Steps::one());

            assert!(text == BASE64_STANDARD.encode(&body), "{length}");
            let twice = [text.clone(), text].concat();
            let read = decoded(twice.as_bytes(), &Steps::one()).unwrap();
            assert!(read == [&body[..], &body].concat(), "{length}");
        }
    }
}
