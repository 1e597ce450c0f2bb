//! Errors in HTTP's words: a status and `{"code", "message", "err"?}`.

use attimo_engine as engine;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::error::Error;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[derive(Serialize)]
struct Problem<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    err: Option<&'a str>,
}

/// The response that tells of `error`.
pub(in crate::front) fn response(error: &Error) -> Response<Bytes> {
    let (status, code, err) = match error {
        Error::Malformed(_) | Error::Compressed => {
            (StatusCode::BAD_REQUEST, "invalid_argument", None)
        }
        Error::RequestTooLarge | Error::ReplyTooLarge(_) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "resource_exhausted",
            Some("request_size_limit_exceeded"),
        ),
        Error::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "unauthenticated", None),
        Error::TooSlow => (StatusCode::REQUEST_TIMEOUT, "deadline_exceeded", None),
        Error::Overloaded(overload) => {
            (StatusCode::TOO_MANY_REQUESTS, "resource_exhausted", Some(overload.err()))
        }
        Error::Denied(_) => (StatusCode::FORBIDDEN, "permission_denied", None),
        Error::NoSuchCache => (StatusCode::NOT_FOUND, "not_found", None),
        Error::Unimplemented(_) => (StatusCode::METHOD_NOT_ALLOWED, "unimplemented", None),
        Error::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", None),
        Error::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", None),
        Error::Engine(engine::Error::ItemTooLarge { .. }) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "resource_exhausted", Some("item_size_limit_exceeded"))
        }
        Error::Engine(_) => (StatusCode::BAD_REQUEST, "failed_precondition", None),
    };
    let mut response = problem(status, code, &error.to_string(), err);
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The response that tells of a key that is not there.
pub(super) fn key_not_found() -> Response<Bytes> {
    problem(StatusCode::NOT_FOUND, "not_found", "Key Not Found", None)
}

/// The response that tells of something for which there is no [`Error`].
pub(in crate::front) fn problem(
    status: StatusCode,
    code: &str,
    message: &str,
    err: Option<&str>,
) -> Response<Bytes> {
    let body = serde_json::to_vec(&Problem { code, message, err }).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}
