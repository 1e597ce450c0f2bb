//! Cross-origin requests: scripts of web pages that use this server from a browser.
//!
//! A browser lets a page read an answer only if the answer says so (CORS). A page
//! needs a token, and its origin must be one that the operator allows (all by
//! default). Credentials that a browser adds by itself, such as cookies or a
//! loopback address, never count for a page.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use super::client::Client;
use super::origins::Origins;
use super::rest::status;
use crate::error::{Error, Result};
use crate::message::{Parts, Response};

const NOT_ALLOWED: Error = Error::denied("pages of this origin may not use this server");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// The headers that a page may read, beside those that are always readable.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "grpc-status, grpc-message, err, etag, retry-after, allow, date, content-length, content-range, \
     accept-ranges, location, www-authenticate, x-request-id, x-free-remaining-bytes",
);
/// Two hours, in seconds: browsers cache a preflight answer for no longer.
const REMEMBERED: HeaderValue = HeaderValue::from_static("7200");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const WANTS_PRIVATE: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOWS_PRIVATE: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Refuses a page whose origin is not allowed, before its request is served.
///
/// # Errors
///
/// [`Error::Denied`].
pub(super) fn admit(client: &Client, parts: &Parts) -> Result<()> {
    let origins = &client.worker.core.origins;
    if origins.any {
        return Ok(());
    }
    let allows = |origin| origins.name(origin) || origins.are_of(parts, client.secure);
    match parts.headers.get("origin") {
        Some(origin) if !allows(origin) => Err(NOT_ALLOWED),
        _ => Ok(()),
    }
}

/// Whether the request is a CORS preflight.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key("origin")
        && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers a preflight: a page may send everything if its origin is allowed. Header names grant
/// nothing, so any is allowed.
pub(super) fn preflight(origins: &Origins, parts: &Parts) -> Response {
    let origin = parts.headers.get(header::ORIGIN);
    let Some(allowed) = origin.and_then(|origin| origins.allowing(origin)) else {
        return opened(origins, origin, status::response(&NOT_ALLOWED));
    };
    let mut response = Response::of(StatusCode::NO_CONTENT, Bytes::new());
    let headers = &mut response.headers;
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
    if let Some(wanted) = parts.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    // A public page may reach a private network only if its origin is listed by name.
    if parts.headers.contains_key(WANTS_PRIVATE) && origin.is_some_and(|it| origins.name(it)) {
        headers.insert(ALLOWS_PRIVATE, TRUE);
    }
    response
}

/// The response, readable for a page of `origin` if that is allowed.
pub(super) fn opened(
    origins: &Origins,
    origin: Option<&HeaderValue>,
    mut response: Response,
) -> Response {
    let Some(origin) = origin else { return response };
    if let Some(allowed) = origins.allowing(origin) {
        let headers = &mut response.headers;
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}
