//! Builds requests from the headers of HTTP/2 (RFC 9113 §8.2, §8.3; RFC 8441 §4).

use http::header::{self, HeaderName, HeaderValue};
use http::uri::{Authority, Scheme};
use http::{Method, Version};

use super::hpack::Name;
use super::request::{Request, Route};
use crate::error::Error;
use crate::front::client::Client;
use crate::front::{grpc, host};
use crate::limits::HEADER_BYTES;
use crate::message::{Headers, Parts, Target};
use crate::transport::content_length::decimal;

/// Capacity for the headers of most requests.
const HEADERS: usize = 12;
const TWO_HOSTS: Error = Error::Malformed("`:authority` and `host` must name one host");

/// Why headers are refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The headers do not form a request.
    Malformed,
    /// The headers exceed the limit. The route is a guess if the header that decides it is missing.
    TooLarge(Route),
}

/// Collects the headers of a request.
#[derive(Debug, Default)]
pub(super) struct RequestBuilder {
    method: Option<HeaderValue>,
    scheme: Option<HeaderValue>,
    authority: Option<HeaderValue>,
    path: Option<HeaderValue>,
    protocol: Option<HeaderValue>,
    others: Headers,
    bytes: usize,
    has_pseudo: bool,
    is_malformed: bool,
}

impl RequestBuilder {
    /// Adds a header; `bytes` is its size as §6.5.2 counts it.
    pub(super) fn take(&mut self, name: &Name, value: Option<&HeaderValue>, bytes: usize) {
        self.bytes += bytes;
        if self.bytes > HEADER_BYTES as usize {
            return;
        }
        let Some(value) = value else {
            self.is_malformed = true;
            return;
        };
        match name {
            Name::Header(name) => self.take_other(name, value),
            Name::Method => self.take_pseudo(|request| &mut request.method, value),
            Name::Scheme => self.take_pseudo(|request| &mut request.scheme, value),
            Name::Authority => self.take_pseudo(|request| &mut request.authority, value),
            Name::Path => self.take_pseudo(|request| &mut request.path, value),
            Name::Protocol => self.take_pseudo(|request| &mut request.protocol, value),
            Name::Unknown | Name::Malformed => self.is_malformed = true,
        }
    }

    /// Pseudo-headers come first, each at most once.
    fn take_pseudo(
        &mut self,
        place: impl FnOnce(&mut Self) -> &mut Option<HeaderValue>,
        value: &HeaderValue,
    ) {
        let is_late = !self.others.is_empty();
        let is_second = place(self).replace(value.clone()).is_some();
        self.is_malformed |= is_late || is_second;
        self.has_pseudo = true;
    }

    fn take_other(&mut self, name: &HeaderName, value: &HeaderValue) {
        if is_of_connection(name, value) {
            self.is_malformed = true;
            return;
        }
        if self.others.is_empty() {
            self.others = Headers::with_capacity(HEADERS);
        }
        self.others.append(name.clone(), value.clone());
    }

    /// Whether these headers are valid trailers (§8.1). Their values are not used.
    pub(super) fn are_trailers(&self) -> bool {
        !self.has_pseudo && !self.is_malformed
    }

    /// Builds the request.
    ///
    /// # Errors
    ///
    /// [`Refusal`].
    pub(super) fn into_request(self, client: &Client) -> Result<Request, Refusal> {
        let route = self.route();
        if self.bytes > HEADER_BYTES as usize {
            return Err(Refusal::TooLarge(route));
        }
        let is_web_socket = |it: &HeaderValue| it.as_bytes().eq_ignore_ascii_case(b"websocket");
        let is_for_other = self.protocol.as_ref().is_some_and(|it| !is_web_socket(it));
        let parts = self.into_parts().ok_or(Refusal::Malformed)?;
        let length = length(&parts.headers)?;
        if length.is_some() && parts.is_for_stream() {
            // It has no content (RFC 9110 §9.3.6).
            return Err(Refusal::Malformed);
        }
        let error = if is_for_other { Some(Error::UnknownProtocol) } else { two_hosts(&parts) };
        Ok(Request::new(client, parts, route, (length, error)))
    }

    /// A gRPC request is a `POST` to a method's path with a gRPC content type. None of these alone
    /// makes a request gRPC.
    fn route(&self) -> Route {
        let is = |header: &Option<HeaderValue>, wanted: fn(&[u8]) -> bool| {
            header.as_ref().is_some_and(|value| wanted(value.as_bytes()))
        };
        let is_grpc = is(&self.method, |method| method == b"POST")
            && is(&self.path, grpc::is_method)
            && grpc::is_grpc(&self.others);
        if is_grpc { Route::Grpc } else { Route::Http }
    }

    fn into_parts(mut self) -> Option<Parts> {
        let is_connect = self.method.as_ref().is_some_and(|method| method == "CONNECT");
        // The server is no proxy (§8.5): it connects only for a protocol, and to itself.
        if self.is_malformed || is_connect != self.protocol.is_some() {
            return None;
        }
        if is_connect && self.authority.is_none() {
            return None;
        }
        join_cookies(&mut self.others);
        let method = Method::from_bytes(self.method.as_ref()?.as_bytes()).ok()?;
        let target = self.target(&method)?;
        Some(Parts { method, target, version: Version::HTTP_2, headers: self.others })
    }

    fn target(&self, method: &Method) -> Option<Target> {
        let scheme = Scheme::try_from(self.scheme.as_ref()?.as_bytes()).ok()?;
        let path = self.path.as_ref()?.as_bytes();
        let target = match path {
            b"*" if method == Method::OPTIONS => Target::whole_server(),
            path => Target::of_path(path)?,
        };
        match self.authority.as_ref().map_or(&b""[..], HeaderValue::as_bytes) {
            b"" => Some(target),
            authority => Some(target.at(scheme, Authority::try_from(authority).ok()?)),
        }
    }
}

/// The refusal if `:authority` and `host` name different hosts, or `:authority` contains user information
/// (§8.3.1). Clients and proxies may spell the same host differently.
fn two_hosts(Parts { target, headers, .. }: &Parts) -> Option<Error> {
    let authority = target.authority();
    let mut hosts = headers.get_all(header::HOST);
    let is_one = |host: &HeaderValue| {
        host.to_str().is_ok_and(|host| host::are_one(target.scheme(), authority, host))
    };
    let is_other = hosts.next().is_some_and(|host| !authority.is_empty() && !is_one(host));
    let is_wrong = is_other || hosts.next().is_some() || authority.contains('@');
    is_wrong.then_some(TWO_HOSTS)
}

/// Connection-specific headers of HTTP/1.1 are not allowed (§8.2.2).
fn is_of_connection(name: &HeaderName, value: &HeaderValue) -> bool {
    match name.as_str() {
        "connection" | "keep-alive" | "proxy-connection" | "transfer-encoding" | "upgrade" => true,
        "te" => !value.as_bytes().eq_ignore_ascii_case(b"trailers"),
        _ => false,
    }
}

/// The `content-length`, if there is one; it may be repeated with the same value.
fn length(headers: &Headers) -> Result<Option<usize>, Refusal> {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH);
    let Some(first) = lengths.next() else { return Ok(None) };
    let length = decimal(first.as_bytes()).filter(|_| lengths.all(|other| other == first));
    length.map(Some).ok_or(Refusal::Malformed)
}

/// A client may send each cookie in its own header; they are joined into one (§8.2.3).
fn join_cookies(headers: &mut Headers) {
    let mut cookies = headers.get_all(header::COOKIE);
    if cookies.next().is_none() || cookies.next().is_none() {
        return;
    }
    let crumbs: Vec<_> = headers.get_all(header::COOKIE).map(HeaderValue::as_bytes).collect();
    if let Ok(whole) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(header::COOKIE, whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: [(&str, &str); 4] =
        [(":method", "GET"), (":scheme", "http"), (":path", "/a?b=c"), (":authority", "host")];

    fn parts(headers: &[(&str, &str)]) -> Option<Parts> {
        let mut taken = RequestBuilder::default();
        for (name, value) in headers {
            let name = match *name {
                ":method" => Name::Method,
                ":scheme" => Name::Scheme,
                ":path" => Name::Path,
                ":authority" => Name::Authority,
                ":protocol" => Name::Protocol,
                name => Name::Header(HeaderName::from_lowercase(name.as_bytes()).unwrap()),
            };
            taken.take(&name, Some(&HeaderValue::from_str(value).unwrap()), 40);
        }
        taken.into_parts()
    }

    fn with(more: &[(&str, &str)]) -> Option<Parts> {
        parts(&[&GET[..], more].concat())
    }

    #[test]
    fn headers_form_a_request() {
        let parts = with(&[("x", "1"), ("te", "trailers"), ("x", "2")]).unwrap();

        assert_eq!((parts.method, parts.version), (Method::GET, Version::HTTP_2));
        assert_eq!((parts.target.authority(), parts.target.path_and_query()), ("host", "/a?b=c"));
        assert_eq!(parts.headers.get_all("x").count(), 2);
    }

    #[test]
    fn a_request_without_authority_has_only_a_path() {
        let target = parts(&[GET[0], GET[1], GET[2]]).unwrap().target;
        assert_eq!((target.path(), target.authority()), ("/a", ""));
    }

    #[test]
    fn invalid_headers_form_no_request() {
        for missing in 0..3 {
            let some: Vec<_> = (0..4).filter(|at| *at != missing).map(|at| GET[at]).collect();
            assert!(parts(&some).is_none(), "{missing}");
        }
        for more in [
            ("connection", "close"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            (":path", "/b"),
        ] {
            assert!(with(&[more]).is_none(), "{more:?}");
        }
        assert!(parts(&[GET[0], GET[1], GET[2], ("x", "1"), GET[3]]).is_none());
        for path in ["", "a", "*", "/a b"] {
            assert!(parts(&[GET[0], GET[1], (":path", path)]).is_none(), "{path:?}");
        }
    }

    #[test]
    fn only_a_protocol_makes_connect_a_request() {
        let connect = [(":method", "CONNECT"), GET[1], GET[2], GET[3]];
        let protocol = (":protocol", "websocket");
        let found = parts(&[&connect[..], &[protocol]].concat()).unwrap();
        assert!(found.is_for_stream() && found.target.path() == "/a");

        assert!(parts(&connect).is_none(), "the server is no proxy");
        assert!(with(&[protocol]).is_none(), "a protocol without CONNECT");
        for missing in 0..4 {
            let some = (0..4).filter(|at| *at != missing).map(|at| connect[at]);
            let some: Vec<_> = some.chain([protocol]).collect();
            assert!(parts(&some).is_none(), "{missing}");
        }
        for more in [protocol, ("upgrade", "websocket"), ("connection", "upgrade")] {
            assert!(parts(&[&connect[..], &[protocol, more]].concat()).is_none(), "{more:?}");
        }
    }

    #[test]
    fn a_length_is_digits_and_the_same_in_every_header() {
        for (given, known) in [
            (&["12"][..], Some(12)),
            (&["12", "12"], Some(12)),
            (&["12", "13"], None),
            (&["+1"], None),
            (&[""], None),
            (&["1234567890123456789"], None),
        ] {
            let mut headers = Headers::default();
            for value in given {
                headers.append(header::CONTENT_LENGTH, value.parse().unwrap());
            }
            assert_eq!(length(&headers), known.map(Some).ok_or(Refusal::Malformed), "{given:?}");
        }
    }

    #[test]
    fn a_length_is_optional() {
        assert_eq!(length(&Headers::default()), Ok(None));
    }

    #[test]
    fn cookies_become_one_header() {
        let parts = with(&[("cookie", "a=1"), ("cookie", "b=2")]).unwrap();
        let cookies: Vec<_> = parts.headers.get_all("cookie").collect();

        assert_eq!(cookies, ["a=1; b=2"]);
    }
}
