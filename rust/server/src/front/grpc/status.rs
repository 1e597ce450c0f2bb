//! Errors over gRPC.

use std::borrow::Cow;

use http::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::code::Code;
use crate::error::Error;
use crate::front::cause::Cause;
use crate::front::request_id::REQUEST_ID;
use crate::message::Headers;
use crate::plan::Exceeded;

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// Where the official clients read which limit was exceeded.
const ERR: HeaderName = HeaderName::from_static("err");
/// The status of every limit.
const LIMITED: Code = Code::ResourceExhausted;
/// The characters that a status message must encode (gRPC's "Percent-Encoded").
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// A status other than OK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// That of a limit of the account's plan. It is always the same, so it is not made until written:
    /// connections keep it.
    Limited(Exceeded),
    Other(Fields),
}

/// A status as the fields that are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    code: HeaderValue,
    message: HeaderValue,
    /// Details of few errors: the limit that was exceeded, the request id.
    more: Vec<(HeaderName, HeaderValue)>,
}

impl Fields {
    fn new(code: Code, message: &str, err: Option<&'static str>) -> Self {
        let message = Cow::from(utf8_percent_encode(message, ENCODED));
        Fields {
            code: HeaderValue::from(code as u16),
            message: HeaderValue::from_str(&message).unwrap_or(HeaderValue::from_static("")),
            more: err.map(|err| (ERR, HeaderValue::from_static(err))).into_iter().collect(),
        }
    }

    fn of(error: &Error) -> Self {
        let cause = Cause::from(error);
        Fields::new(cause.grpc, &error.to_string(), cause.trailer())
    }
}

impl Status {
    /// A status that a test asked for.
    pub(super) fn injected(code: Code) -> Self {
        let message = "this error was asked for by the request's metadata";
        Status::Other(Fields::new(code, message, None))
    }

    /// The status that the control plane answered with.
    pub(super) fn of_answer(headers: &Headers) -> Result<(), Status> {
        match headers.get(STATUS) {
            Some(code) if code == "0" => Ok(()),
            Some(code) => Err(Status::Other(Fields {
                code: code.clone(),
                message: headers.get(MESSAGE).cloned().unwrap_or(HeaderValue::from_static("")),
                more: headers.get(ERR).map(|err| (ERR, err.clone())).into_iter().collect(),
            })),
            None => {
                let failed = Fields::new(Code::Internal, "the control plane failed", None);
                Err(Status::Other(failed))
            }
        }
    }

    /// The same, with the id of the request.
    pub(super) fn named(self, request_id: HeaderValue) -> Self {
        let mut fields = self.into_fields();
        fields.more.push((REQUEST_ID, request_id));
        Status::Other(fields)
    }

    /// Its number.
    pub(super) fn code(&self) -> u16 {
        match self {
            Status::Limited(_) => LIMITED as u16,
            Status::Other(Fields { code, .. }) => code
                .to_str()
                .ok()
                .and_then(|code| code.parse().ok())
                .unwrap_or(Code::Unknown as u16),
        }
    }

    fn into_fields(self) -> Fields {
        match self {
            Status::Limited(met) => Fields::of(&Error::Limited(met)),
            Status::Other(fields) => fields,
        }
    }

    /// Adds the status to the headers of a response without a message.
    pub(crate) fn write(self, headers: &mut Headers) {
        let Fields { code, message, more } = self.into_fields();
        headers.insert(STATUS, code);
        headers.insert(MESSAGE, message);
        headers.extend(more);
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Limited(met) => Status::Limited(met),
            error => Status::Other(Fields::of(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Limit;

    #[test]
    fn the_status_of_a_limit_says_the_same_whether_it_is_written_or_counted() {
        for limit in Limit::ALL {
            let met = Exceeded { limit: *limit, value: 7, retry_after: 1 };
            let (counted, mut headers) = (Status::Limited(met).code(), Headers::default());
            Status::from(Error::Limited(met)).write(&mut headers);

            assert_eq!(headers[STATUS], counted.to_string());
            assert_eq!(headers[MESSAGE], met.to_string().replace('%', "%25"));
            assert!(headers[ERR].to_str().unwrap().ends_with("_limit_exceeded"));
        }
    }
}
