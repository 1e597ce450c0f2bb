//! Streams over grpc-web: framed messages, as they come, in base64 where the client asks for text.
//!
//! A stream that is over ends with a frame of trailers. If the server stops, the body just ends: the
//! official client comes back after that, and not after a status.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header;

use super::grpc_web::{self, Mode};
use super::pubsub::{HEARTBEAT, framed};
use super::status::Status;
use super::subscribe::{self, To};
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::front::streamed::{Answered, End, From, Wire};
use crate::message::{Headers, Parts, Response};
use crate::stats::Via;
use crate::steps::Steps;
use crate::topics::{Delivery, Encoded, Form, Notifier};

/// The flag of a frame of trailers.
const TRAILERS: u8 = 0x80;

/// Begins a stream.
pub(crate) async fn subscribe(
    client: &Client,
    parts: &Parts,
    mode: Mode,
    body: Result<Bytes>,
    notifier: Notifier,
) -> Answered {
    let body = body.and_then(|body| mode.read(body, &Steps::one()));
    let mode = mode.of_answer(parts);
    let mut response = Response::new(Bytes::new());
    response.headers.insert(header::CONTENT_TYPE, mode.name());
    let (wire, ends): (Box<dyn Wire>, fn(Status) -> End) = match mode {
        Mode::Binary => (Box::new(Binary), |status| ended(trailers(status))),
        Mode::Text => (Box::new(Text), |status| ended(text(&trailers(status)))),
    };
    let to = To { response, wire, ends, notifier };
    match subscribe::begin(client, Via::GrpcWeb, parts, body, to).await {
        Ok(streamed) => Answered::Streamed(streamed.into()),
        Err(status) => Answered::Whole(grpc_web::refused(mode, status)),
    }
}

struct Binary;

impl Wire for Binary {
    fn delivery(&mut self, _: From<'_>, delivery: &Delivery) -> Encoded {
        framed(delivery)
    }

    fn heartbeat(&self) -> Bytes {
        Bytes::from_static(HEARTBEAT)
    }

    fn end(&self, why: Error) -> End {
        ended(last(why))
    }
}

struct Text;

impl Wire for Text {
    fn delivery(&mut self, _: From<'_>, delivery: &Delivery) -> Encoded {
        let encode = || {
            let [head, value] = framed(delivery);
            [Bytes::new(), text(&[head, value].concat())]
        };
        match delivery {
            Delivery::Message(message) => message.encoded(Form::GrpcText, |_| encode()).clone(),
            Delivery::Gap(_) => encode(),
        }
    }

    fn heartbeat(&self) -> Bytes {
        text(HEARTBEAT)
    }

    fn end(&self, why: Error) -> End {
        ended(text(&last(why)))
    }
}

/// Base64 with padding: each piece is a text of its own.
fn text(bytes: &[u8]) -> Bytes {
    BASE64_STANDARD.encode(bytes).into()
}

fn ended(data: Bytes) -> End {
    End { data, trailers: None }
}

/// The last frame of a stream; empty if the client should come back.
fn last(why: Error) -> Bytes {
    match why {
        Error::Stopping | Error::NotRead => Bytes::new(),
        why => trailers(why.into()),
    }
}

/// A frame of trailers.
fn trailers(status: Status) -> Bytes {
    let mut headers = Headers::default();
    status.write(&mut headers);
    let mut lines = Vec::new();
    for (name, value) in headers.iter() {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.push(b':');
        lines.extend_from_slice(value.as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
    let length = u32::try_from(lines.len()).unwrap_or_default();
    [&[TRAILERS][..], &length.to_be_bytes(), &lines].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_is_over_ends_with_trailers_and_one_that_should_come_back_with_nothing() {
        let End { data, trailers } = Binary.end(Error::NoSuchCache);
        assert!(data.starts_with(b"\x80\0\0\0") && trailers.is_none());
        assert_eq!(usize::from(data[4]), data.len() - 5);
        assert!(data[5..].starts_with(b"grpc-status:5\r\ngrpc-message:"));

        let same = BASE64_STANDARD.decode(Text.end(Error::NoSuchCache).data).unwrap();
        assert_eq!(same, data);
        for wire in [&Binary as &dyn Wire, &Text] {
            assert!(wire.end(Error::Stopping).data.is_empty());
        }
    }
}
