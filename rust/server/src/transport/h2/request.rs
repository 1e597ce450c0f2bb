//! A request without its body, as the header block cache keeps it.

use bytes::Bytes;
use http::header::{self, HeaderValue};

use crate::error::Error;
use crate::front::client::Client;
use crate::front::known::Known;
use crate::front::rest::paths;
use crate::front::{dispatch, grpc, rest};
use crate::limits::REQUEST_BYTES;
use crate::message::Parts;
use crate::methods::Length;

/// How much a body may exceed its message: the gRPC prefix, and slack.
const FRAMING: usize = 64;

/// Which protocol a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Grpc,
    Http,
}

impl Route {
    fn waits(self, client: &Client, parts: &Parts) -> bool {
        match self {
            Route::Grpc => grpc::is_async(client, parts),
            Route::Http => dispatch::is_async(client, parts),
        }
    }

    fn takes(self, parts: &Parts) -> Length {
        match self {
            Route::Grpc => grpc::length(parts.target.path()),
            Route::Http => dispatch::length(parts),
        }
    }
}

/// A request without its body. Clients repeat requests, so cached ones are shared.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) parts: Parts,
    pub(super) route: Route,
    /// Whether the path can only be a gRPC method.
    is_method: bool,
    /// Why the headers are refused, although they form a request.
    error: Option<Error>,
    /// The largest body that it may have, in bytes.
    pub(super) limit: usize,
    /// Its `content-length`, in bytes.
    pub(super) length: Option<usize>,
    /// Whether another task answers it: the control plane, a remote store or an injected delay.
    pub(super) waits: bool,
    /// Whether it may take long.
    takes: Length,
    /// What was called with these headers before: by gRPC, and by plain HTTP.
    pub(super) known: Known<grpc::KnownCall>,
    pub(super) known_rest: Known<rest::KnownCall>,
}

impl Request {
    /// A request without its body, with its `content-length` in bytes, and why it is refused.
    pub(super) fn new(
        client: &Client,
        parts: Parts,
        route: Route,
        (length, error): (Option<usize>, Option<Error>),
    ) -> Self {
        let limit = match route {
            Route::Grpc => REQUEST_BYTES + FRAMING,
            Route::Http => dispatch::limit(&parts),
        };
        let (waits, takes) = (route.waits(client, &parts), route.takes(&parts));
        let is_method = grpc::is_method(parts.target.path().as_bytes());
        Request {
            parts,
            route,
            is_method,
            error,
            limit,
            length,
            waits,
            takes,
            known: Known::default(),
            known_rest: Known::default(),
        }
    }

    /// Changes the path. `None` if that is invalid or might change the route.
    pub(super) fn set_path(&mut self, path: &[u8], client: &Client) -> Option<()> {
        let stem = self.known_rest.and_then(|call| Some(call.stem()));
        if stem.is_some_and(|stem| self.parts.target.set_tail(stem, path)) {
            return Some(()); // The same call about another item.
        }
        if grpc::is_method(path) != self.is_method {
            return None; // It may be for another route.
        }
        self.parts.target.set_path(path)?;
        self.known.clear();
        self.known_rest.clear();
        self.waits = self.route.waits(client, &self.parts);
        self.takes = self.route.takes(&self.parts);
        Some(())
    }

    /// Whether it is served in steps.
    pub(super) fn is_long(&self, body: &Result<Bytes, Error>) -> bool {
        self.takes.is_long(body.as_ref().map_or(0, Bytes::len))
    }

    /// Whether it is tried before it is served in steps.
    pub(super) fn is_tried(&self, body: &Result<Bytes, Error>) -> bool {
        let length = body.as_ref().map_or(0, Bytes::len);
        self.route == Route::Grpc && self.takes.is_tried(length)
    }

    /// Whether it calls a gRPC method that does not exist.
    pub(super) fn is_unknown_method(&self) -> bool {
        self.route == Route::Grpc && grpc::is_unknown_method(self.parts.target.path())
    }

    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
    pub(super) fn expects_continue(&self) -> bool {
        let expected = self.parts.headers.get(header::EXPECT).map(HeaderValue::as_bytes);
        expected.is_some_and(|expected| expected.eq_ignore_ascii_case(b"100-continue"))
    }

    /// Refuses plain HTTP requests that are malformed but can be answered.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] and [`Error::UnknownProtocol`].
    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let is_ascii = self.parts.target.path_and_query().is_ascii();
        if is_ascii { Ok(()) } else { Err(Error::Malformed(paths::NOT_ASCII)) }
    }
}
