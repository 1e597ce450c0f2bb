//! Errors over gRPC.

use std::borrow::Cow;

use http::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::code::Code;
use crate::error::Error;
use crate::front::cause::Cause;
use crate::front::request_id::REQUEST_ID;
use crate::message::Headers;

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// Where the official clients read which limit was exceeded.
const ERR: HeaderName = HeaderName::from_static("err");
/// The characters that a status message must encode (gRPC's "Percent-Encoded").
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// A status other than OK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    code: HeaderValue,
    message: HeaderValue,
    /// Details of few errors: the limit that was exceeded, the request id.
    more: Vec<(HeaderName, HeaderValue)>,
}

impl Status {
    fn new(code: Code, message: &str, err: Option<&'static str>) -> Self {
        let message = Cow::from(utf8_percent_encode(message, ENCODED));
        Status {
            code: HeaderValue::from(code as u16),
            message: HeaderValue::from_str(&message).unwrap_or(HeaderValue::from_static("")),
            more: err.map(|err| (ERR, HeaderValue::from_static(err))).into_iter().collect(),
        }
    }

    /// A status that a test asked for.
    pub(super) fn injected(code: Code) -> Self {
        Status::new(code, "this error was asked for by the request's metadata", None)
    }

    /// The status that the control plane answered with.
    pub(super) fn of_answer(headers: &Headers) -> Result<(), Status> {
        match headers.get(STATUS) {
            Some(code) if code == "0" => Ok(()),
            Some(code) => Err(Status {
                code: code.clone(),
                message: headers.get(MESSAGE).cloned().unwrap_or(HeaderValue::from_static("")),
                more: headers.get(ERR).map(|err| (ERR, err.clone())).into_iter().collect(),
            }),
            None => Err(Status::new(Code::Internal, "the control plane failed", None)),
        }
    }

    /// The same, with the id of the request.
    pub(super) fn named(mut self, request_id: HeaderValue) -> Self {
        self.more.push((REQUEST_ID, request_id));
        self
    }

    /// Its number.
    pub(super) fn code(&self) -> u16 {
        self.code.to_str().ok().and_then(|code| code.parse().ok()).unwrap_or(Code::Unknown as u16)
    }

    /// Adds the status to the headers of a response without a message.
    pub(crate) fn write(self, headers: &mut Headers) {
        headers.insert(STATUS, self.code);
        headers.insert(MESSAGE, self.message);
        headers.extend(self.more);
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let cause = Cause::from(&error);
        Status::new(cause.grpc, &error.to_string(), cause.trailer())
    }
}
