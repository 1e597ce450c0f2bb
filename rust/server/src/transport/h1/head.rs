//! The head of a request on HTTP/1.1: request line and header fields (RFC 9112).
//!
//! A request whose body has an ambiguous length is refused and the connection ends: what one side
//! takes for a body, the other might take for the next request (request smuggling). `httparse`
//! refuses folded headers, blanks before a colon and control characters. It would accept a line
//! that ends without a carriage return; this module refuses that.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Uri, Version};
use httparse::{Error as ParseError, Status};

use crate::front::cause::{self, Cause};
use crate::front::rest::paths::NOT_ASCII;
use crate::limits::HEADER_BYTES;
use crate::message::{Headers, Parts, Target};
use crate::transport::content_length::decimal;

/// The most header fields of a request.
const HEADERS: usize = 100;

/// A request without its body.
pub(super) struct Head {
    /// As it was received.
    pub(super) text: Bytes,
    pub(super) parts: Parts,
    pub(super) framing: Framing,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(super) expects: bool,
    /// Whether the connection stays open after the response.
    pub(super) keeps: bool,
}

impl Head {
    /// Whether a client may send the same again to be answered in the same way: nothing follows, and the
    /// connection stays open.
    pub(super) fn is_repeatable(&self) -> bool {
        let is_last_of_it = self.framing == Framing::Length(0) && !self.expects;
        is_last_of_it && self.keeps && self.parts.version == Version::HTTP_11
    }
}

/// How the end of the body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// After this many bytes.
    Length(usize),
    /// After a chunk of zero bytes.
    Chunked,
}

/// Why a head is refused; the connection ends, since the start of the next one is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) Cause, pub(super) &'static str);

const fn bad(why: &'static str) -> Refusal {
    Refusal(cause::MALFORMED_HEAD, why)
}

type Result<T> = std::result::Result<T, Refusal>;

/// The position of a header in the head.
struct FieldRange {
    name: (usize, usize),
    value: (usize, usize),
}

/// Takes a head from the front of `input`; `None` if it is incomplete.
///
/// # Errors
///
/// [`Refusal`].
pub(super) fn take(input: &mut BytesMut) -> Result<Option<Head>> {
    let mut space = [const { MaybeUninit::uninit() }; HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(input, &mut space) {
        Ok(Status::Complete(length)) if length <= HEADER_BYTES as usize => length,
        Ok(Status::Partial) if input.len() <= HEADER_BYTES as usize => return Ok(None),
        Ok(_) => return Err(too_large(input)),
        Err(error) => return Err(refusal(error)),
    };
    let offset = |part: &[u8]| {
        let start = part.as_ptr() as usize - input.as_ptr() as usize;
        (start, start + part.len())
    };
    let range = |header: &httparse::Header<'_>| FieldRange {
        name: offset(header.name.as_bytes()),
        value: offset(header.value),
    };
    let ranges: Vec<_> = request.headers.iter().map(range).collect();
    let target = offset(request.path.unwrap_or_default().as_bytes());
    let method = method(request.method.unwrap_or_default())?;
    let is_old = request.version == Some(0);
    let head = input.split_to(length).freeze();
    no_bare_line_feed(&head)?;
    let target = read_target(&head.slice(target.0..target.1), &method)?;
    let version = if is_old { Version::HTTP_10 } else { Version::HTTP_11 };
    let headers = headers(&head, &ranges)?;
    finish(head, Parts { method, target, version, headers }).map(Some)
}

fn too_large(input: &[u8]) -> Refusal {
    if input[..HEADER_BYTES as usize].contains(&b'\n') {
        Refusal(cause::HEADERS_TOO_LARGE, "the headers are over the limit of 32768 bytes")
    } else {
        Refusal(cause::URI_TOO_LONG, "the URL is over the limit of 32768 bytes")
    }
}

fn refusal(error: ParseError) -> Refusal {
    match error {
        ParseError::TooManyHeaders => Refusal(
            cause::HEADERS_TOO_LARGE,
            "the request has over 100 headers, which is the limit",
        ),
        ParseError::Version => Refusal(cause::HTTP_VERSION, "HTTP/1.1 is spoken here"),
        _ => bad("the head of the request is not HTTP/1.1"),
    }
}

/// Implementations differ on whether a lone line feed ends a line.
fn no_bare_line_feed(head: &[u8]) -> Result<()> {
    let bare = |at: usize| at == 0 || head[at - 1] != b'\r';
    if memchr::memchr_iter(b'\n', head).any(bare) {
        return Err(bad("a line of the head ends without a carriage return"));
    }
    Ok(())
}

fn method(name: &str) -> Result<Method> {
    let method = Method::from_bytes(name.as_bytes()).map_err(|_| bad("this is no method"))?;
    match method {
        Method::GET
        | Method::HEAD
        | Method::PUT
        | Method::POST
        | Method::DELETE
        | Method::PATCH
        | Method::OPTIONS => Ok(method),
        _ => Err(Refusal(cause::NOT_IMPLEMENTED, "this method is not served here")),
    }
}

/// A path, an absolute URL as sent to proxies, or `*` for the whole server.
fn read_target(text: &[u8], method: &Method) -> Result<Target> {
    const UNREADABLE: Refusal = bad("the URL cannot be read");
    if !text.is_ascii() {
        return Err(bad(NOT_ASCII));
    }
    if text.starts_with(b"/") {
        return Target::of_path(text).ok_or(UNREADABLE);
    }
    let uri = Uri::try_from(text).map_err(|_| UNREADABLE)?;
    if matches!(uri.scheme_str(), Some("http" | "https")) {
        return Ok(uri.into());
    }
    if text == b"*" && method == Method::OPTIONS {
        return Ok(Target::whole_server());
    }
    Err(bad("the URL is neither a path nor whole"))
}

fn headers(head: &Bytes, ranges: &[FieldRange]) -> Result<Headers> {
    let mut headers = Headers::with_capacity(ranges.len());
    for FieldRange { name, value } in ranges {
        let name = HeaderName::from_bytes(&head[name.0..name.1]);
        let value = HeaderValue::from_maybe_shared(head.slice(value.0..value.1));
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(bad("a header cannot be read"));
        };
        headers.append(name, value);
    }
    Ok(headers)
}

/// Evaluates the headers about the body and the connection.
fn finish(text: Bytes, mut parts: Parts) -> Result<Head> {
    let is_old = parts.version == Version::HTTP_10;
    let mut hosts = parts.headers.get_all("host");
    let is_good = hosts.next().map_or(is_old, is_host);
    if !is_good || hosts.next().is_some() {
        return Err(bad("send one `host` header with a name or an address"));
    }
    // An absolute URL takes precedence over `Host` (RFC 9112 §3.2.2).
    let host = parts.target.authority();
    if !host.is_empty() {
        let host = HeaderValue::from_str(host).ok().filter(is_host);
        parts.headers.insert(header::HOST, host.ok_or(bad("the URL has no host"))?);
    }
    let (expects, framing) = (expects(&parts)?, framing(&parts.headers, is_old)?);
    let keeps = keeps(&parts.headers, is_old);
    Ok(Head { text, parts, framing, expects, keeps })
}

/// Whether a value is a name or an address, with an optional port.
fn is_host(value: &HeaderValue) -> bool {
    let host = value.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%:[]".contains(byte);
    let port = match memchr::memrchr(b':', host) {
        Some(colon) if !host.ends_with(b"]") => &host[colon + 1..],
        _ => b"",
    };
    !host.is_empty() && host.iter().all(is_part) && port.iter().all(u8::is_ascii_digit)
}

fn framing(headers: &Headers, is_old: bool) -> Result<Framing> {
    let mut codings = headers.get_all("transfer-encoding");
    let mut lengths = headers.get_all("content-length");
    match (codings.next(), lengths.next()) {
        (None, None) => Ok(Framing::Length(0)),
        (Some(_), Some(_)) => Err(bad("send `content-length` or `transfer-encoding`, not both")),
        (Some(_), None) if is_old => Err(bad("HTTP/1.0 has no `transfer-encoding`")),
        (Some(coding), None) => {
            if codings.next().is_none() && coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
                return Ok(Framing::Chunked);
            }
            let why = "no `transfer-encoding` but `chunked` is understood";
            Err(Refusal(cause::NOT_IMPLEMENTED, why))
        }
        (None, Some(length)) => {
            let length = lengths.next().is_none().then(|| decimal(length.as_bytes())).flatten();
            length.map(Framing::Length).ok_or(bad("`content-length` must be one whole number"))
        }
    }
}

fn expects(parts: &Parts) -> Result<bool> {
    match parts.headers.get("expect") {
        None => Ok(false),
        Some(value) if value.as_bytes().eq_ignore_ascii_case(b"100-continue") => {
            Ok(parts.version == Version::HTTP_11)
        }
        Some(_) => Err(Refusal(cause::EXPECTATION, "`expect` is not understood")),
    }
}

/// HTTP/1.1 connections stay open unless `close` is sent, HTTP/1.0 ones only if `keep-alive` is.
fn keeps(headers: &Headers, is_old: bool) -> bool {
    let mut keeps = !is_old;
    for value in headers.get_all("connection") {
        for token in value.as_bytes().split(|byte| *byte == b',') {
            match token.trim_ascii() {
                close if close.eq_ignore_ascii_case(b"close") => return false,
                keep if keep.eq_ignore_ascii_case(b"keep-alive") => keeps = true,
                _ => {}
            }
        }
    }
    keeps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Head>> {
        take(&mut BytesMut::from(text))
    }

    fn status(text: &str) -> u16 {
        read(text).map(|_| ()).unwrap_err().0.status()
    }

    #[test]
    fn a_head_is_taken_and_what_follows_it_stays() {
        let mut input = BytesMut::from(
            "PUT /cache/c?key=k HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiGET",
        );
        let head = take(&mut input).unwrap().unwrap();

        assert_eq!(head.parts.method, Method::PUT);
        assert_eq!(head.parts.target.path_and_query(), "/cache/c?key=k");
        assert_eq!(head.parts.headers[header::HOST], "h");
        assert_eq!((head.framing, head.keeps, head.expects), (Framing::Length(2), true, false));
        assert_eq!(input, "hiGET");
    }

    #[test]
    fn an_incomplete_head_is_waited_for() {
        for half in ["", "GET", "GET / HTTP/1.1\r\nhost: h\r\n", "\r\n"] {
            assert!(read(half).unwrap().is_none(), "{half:?}");
        }
    }

    #[test]
    fn an_ambiguous_body_length_is_refused() {
        for headers in [
            "content-length: 1\r\ntransfer-encoding: chunked",
            "content-length: 1\r\ncontent-length: 1",
            "content-length: 1, 1",
            "content-length: +1",
            "content-length: ",
            "content-length: 1 1",
            "content-length: 9999999999999999999",
            "transfer-encoding: chunked\r\ncontent-length: 0",
        ] {
            assert_eq!(status(&format!("GET / HTTP/1.1\r\nhost: h\r\n{headers}\r\n\r\n")), 400);
        }
        for coding in ["gzip, chunked", "chunked, chunked", "identity", "xchunked", "chunked;q=1"] {
            let text = format!("GET / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: {coding}\r\n\r\n");
            assert_eq!(status(&text), 501, "{coding}");
        }
    }

    #[test]
    fn what_others_might_parse_differently_is_refused() {
        for text in [
            "GET / HTTP/1.1\nhost: h\n\n",
            "GET / HTTP/1.1\r\nhost: h\nx: y\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\nx: a\r\n b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost : h\r\n\r\n",
            "GET / HTTP/1.1\r\n host: h\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\nx: a\0b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\nhost: h\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET  / HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET localhost:80 HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET * HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET /\u{e9} HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET /?key=\u{e9} HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET ftp://h/ HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET http://u:p@h/ HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: u@h\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h:x\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: \r\n\r\n",
            "GET / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n",
        ] {
            assert_eq!(status(text), 400, "{text:?}");
        }
        assert_eq!(status("GET / HTTP/3.0\r\nhost: h\r\n\r\n"), 505);
        assert_eq!(status("TRACE / HTTP/1.1\r\nhost: h\r\n\r\n"), 501);
        assert_eq!(status("GET / HTTP/1.1\r\nhost: h\r\nexpect: more\r\n\r\n"), 417);
    }

    #[test]
    fn the_error_for_a_long_head_names_the_long_part() {
        let long = "a".repeat(40_000);
        assert_eq!(status(&format!("GET /{long}")), 414);
        assert_eq!(status(&format!("GET / HTTP/1.1\r\nhost: h\r\nx: {long}")), 431);
        let many = "x: y\r\n".repeat(101);
        assert_eq!(status(&format!("GET / HTTP/1.1\r\n{many}\r\n")), 431);
    }

    #[test]
    fn version_and_connection_header_decide_whether_the_connection_stays_open() {
        for (version, connection, keeps) in [
            ("1.1", "", true),
            ("1.1", "connection: x, Close\r\n", false),
            ("1.0", "", false),
            ("1.0", "connection: Keep-Alive\r\n", true),
        ] {
            let text = format!("GET / HTTP/{version}\r\nhost: h\r\n{connection}\r\n");
            assert_eq!(read(&text).unwrap().unwrap().keeps, keeps, "{text}");
        }
    }

    #[test]
    fn the_host_of_an_absolute_url_takes_precedence() {
        let head = read("GET http://a:1/x HTTP/1.1\r\nhost: b\r\n\r\n").unwrap().unwrap();
        assert_eq!(
            (head.parts.target.path(), &head.parts.headers[header::HOST]),
            ("/x", &"a:1".parse().unwrap())
        );
    }
}
