//! A request's head and a response, as the modules pass them on (RFC 9110 §6).

use bytes::Bytes;
use http::{Method, StatusCode, Version};

mod common;
mod entity_tag;
mod headers;
mod target;

pub(crate) use self::common::{COMMON, Common};
pub(crate) use self::entity_tag::EntityTag;
pub(crate) use self::headers::Headers;
pub(crate) use self::target::Target;

/// A request without its content.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) version: Version,
    pub(crate) headers: Headers,
}

impl Parts {
    /// Whether it asks for a stream of an HTTP/2 connection, for a WebSocket (RFC 8441 §4): no other
    /// `CONNECT` of HTTP/2 is passed on.
    pub(crate) fn is_for_stream(&self) -> bool {
        self.version == Version::HTTP_2 && self.method == Method::CONNECT
    }
}

/// What a request is answered with. The connection adds what every answer bears.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    /// Fields by their names alone, before [`Response::headers`].
    pub(crate) common: &'static [Common],
    pub(crate) etag: Option<EntityTag>,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    /// Whether the length of the body is told: not to `HEAD` if it would have to be worked out.
    pub(crate) tells_length: bool,
}

impl Response {
    /// An answer of 200 with this content, and no headers yet.
    pub(crate) fn new(body: Bytes) -> Self {
        let (status, headers) = (StatusCode::OK, Headers::default());
        Response { status, common: &[], etag: None, headers, body, tells_length: true }
    }

    /// An answer of 200 to `HEAD`, whose content nobody has made (RFC 9110 §9.3.2).
    pub(crate) fn without_content() -> Self {
        Response { tells_length: false, ..Response::new(Bytes::new()) }
    }

    /// The same with another status.
    pub(crate) fn of(status: StatusCode, body: Bytes) -> Self {
        Response { status, ..Response::new(body) }
    }
}

impl From<http::Response<Bytes>> for Response {
    fn from(response: http::Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Response { headers: parts.headers.into(), ..Response::of(parts.status, body) }
    }
}

/// What tests make requests of.
#[cfg(test)]
impl From<http::request::Builder> for Parts {
    fn from(builder: http::request::Builder) -> Self {
        let http::request::Parts { method, uri, version, headers, .. } =
            builder.body(()).expect("a request").into_parts().0;
        Parts { method, target: uri.into(), version, headers: headers.into() }
    }
}
