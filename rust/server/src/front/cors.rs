//! Pages: scripts of other origins, which use this server from within a browser.
//!
//! A browser lets a page read an answer only if the answer says so (CORS). What
//! opens here is the token, so the pages that may are those which the operator
//! allows, all by default; what a browser adds by itself, the owner's place on this
//! machine and cookies, is never for them.

use ::http::header::{self, HeaderName, HeaderValue};
use ::http::request::Parts;
use ::http::{Method, Response, StatusCode};
use bytes::Bytes;

use super::{Visit, host, http as plain};
use crate::error::{Error, Result};

/// Any origin, as it is written among the origins that are allowed.
const ANY: &str = "*";
const NOT_ALLOWED: Error = Error::Denied("pages of this origin may not use this server");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// What a page may read beside the few headers that it may always read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "grpc-status, grpc-message, err, etag, retry-after, allow, date, content-length, content-range, \
     accept-ranges, location, www-authenticate, x-request-id",
);
/// Two hours, in seconds: browsers remember what we said for no longer.
const REMEMBERED: HeaderValue = HeaderValue::from_static("7200");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const WANTS_PRIVATE: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOWS_PRIVATE: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// The origins whose pages may use this server.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    any: bool,
    named: Vec<String>,
    /// The public name of this server, whose own pages need not be named.
    server: String,
}

impl Origins {
    /// Those that are `allowed`: origins as browsers write them, or `*` for all; and those of the
    /// `server` itself, by its public name without a port.
    pub(crate) fn new(allowed: &[String], server: &str) -> Self {
        let named = allowed.iter().filter(|origin| *origin != ANY).cloned().collect();
        let any = allowed.iter().any(|origin| origin == ANY);
        Origins { any, named, server: server.to_ascii_lowercase() }
    }

    /// Whether a page of this server's own has sent this. The host that the client says is not enough
    /// for that: any name can be made to point here.
    fn are_of(&self, parts: &Parts, secure: bool) -> bool {
        let host = host(parts);
        let name = host::split(host).0.to_ascii_lowercase();
        let rest = name.strip_suffix(&self.server).filter(|_| !self.server.is_empty());
        let is_public = rest.is_some_and(|below| below.is_empty() || below.ends_with('.'));
        let is_ours = is_public || host::is_loopback(host) || host::is_address(host);
        is_ours && !is_foreign(parts, secure)
    }

    fn name(&self, origin: &HeaderValue) -> bool {
        self.named.iter().any(|named| named.as_bytes() == origin.as_bytes())
    }

    /// What an answer to a page of `origin` bears; `None` if the page may not read it.
    fn allowing(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.name(origin) {
            return Some(origin.clone());
        }
        self.any.then_some(HeaderValue::from_static(ANY))
    }
}

/// Where the page is that had a browser send this; pages cannot change it.
const SITE: &str = "sec-fetch-site";

/// Whether a page may have sent this whom nobody has named: its own origin gives it away, or what
/// the browser says of it, or a host name that it made point here.
pub(super) fn is_of_a_page(origins: &Origins, parts: &Parts) -> bool {
    if let Some(origin) = parts.headers.get(header::ORIGIN) {
        return !origins.name(origin);
    }
    if parts.headers.get(SITE).is_some_and(|site| site != "none" && site != "same-origin") {
        return true;
    }
    let host = host(parts);
    !(host.is_empty() || host::is_loopback(host))
}

/// Refuses a page whose origin is not allowed, before anything is done for it.
///
/// # Errors
///
/// [`Error::Denied`].
pub(super) fn admit(visit: &Visit, parts: &Parts) -> Result<()> {
    let origins = &visit.worker.core.origins;
    let allows = |origin| origins.name(origin) || origins.are_of(parts, visit.secure);
    match parts.headers.get(header::ORIGIN) {
        Some(origin) if !origins.any && !allows(origin) => Err(NOT_ALLOWED),
        _ => Ok(()),
    }
}

/// Whether a page that did not come from here has sent this. What ends TLS before us hides the
/// scheme, so on a connection without TLS either will do.
pub(super) fn is_foreign(parts: &Parts, secure: bool) -> bool {
    let Some(origin) = parts.headers.get(header::ORIGIN) else { return false };
    let Some((scheme, place)) = origin.to_str().ok().and_then(|it| it.split_once("://")) else {
        return true;
    };
    let is_possible = scheme == "https" || (scheme == "http" && !secure);
    place.is_empty() || !is_possible || !host::are_one(scheme, place, host(parts))
}

/// Whether a browser asks what a page may ask, before it lets it.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(header::ORIGIN)
        && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Tells a browser what a page may ask: everything, if its origin is allowed. The names of headers
/// open nothing, so any may be sent.
pub(super) fn preflight(origins: &Origins, parts: &Parts) -> Response<Bytes> {
    let origin = parts.headers.get(header::ORIGIN);
    let Some(allowed) = origin.and_then(|origin| origins.allowing(origin)) else {
        return opened(origins, origin, plain::error_response(&NOT_ALLOWED));
    };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
    if let Some(wanted) = parts.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    // A page of the internet is let into a private network only by name.
    if parts.headers.contains_key(WANTS_PRIVATE) && origin.is_some_and(|it| origins.name(it)) {
        headers.insert(ALLOWS_PRIVATE, TRUE);
    }
    response
}

/// The response, readable for a page of `origin` if that is allowed.
pub(super) fn opened(
    origins: &Origins,
    origin: Option<&HeaderValue>,
    mut response: Response<Bytes>,
) -> Response<Bytes> {
    let Some(origin) = origin else { return response };
    if let Some(allowed) = origins.allowing(origin) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

#[cfg(test)]
mod tests {
    use ::http::Request;

    use super::*;

    fn parts(origin: &str, host: &str) -> Parts {
        let request = Request::get("/").header("origin", origin).header("host", host);
        request.body(()).unwrap().into_parts().0
    }

    fn allowing(allowed: &[&str], origin: &str) -> Option<HeaderValue> {
        let allowed: Vec<_> = allowed.iter().map(|each| (*each).to_owned()).collect();
        Origins::new(&allowed, "cache.example").allowing(&origin.parse().unwrap())
    }

    #[test]
    fn an_origin_is_allowed_as_a_whole_and_by_its_letters() {
        let allowed = ["https://app.example", "http://localhost:3000"];

        assert_eq!(allowing(&allowed, "https://app.example").unwrap(), "https://app.example");
        assert_eq!(allowing(&allowed, "http://localhost:3000").unwrap(), "http://localhost:3000");
        for other in [
            "http://app.example",
            "https://app.example:8443",
            "https://app.example.evil.example",
            "https://evil-app.example",
            "https://sub.app.example",
            "https://APP.example",
            "http://localhost",
            "http://localhost:30000",
            "null",
            "*",
            "",
        ] {
            assert_eq!(allowing(&allowed, other), None, "{other}");
        }
    }

    #[test]
    fn a_star_allows_all_without_their_names() {
        for origin in ["https://app.example", "null"] {
            assert_eq!(allowing(&["*"], origin).unwrap(), "*");
            assert_eq!(allowing(&[], origin), None);
        }
    }

    #[test]
    fn who_is_named_is_no_mere_page() {
        let origins = Origins::new(&["*".to_owned(), "http://localhost:3000".to_owned()], "");

        assert!(!is_of_a_page(&origins, &parts("http://localhost:3000", "localhost:8080")));
        assert!(is_of_a_page(&origins, &parts("http://localhost:8080", "localhost:8080")));
        assert!(is_of_a_page(&origins, &parts("null", "localhost:8080")));
    }

    #[test]
    fn a_page_is_foreign_unless_it_came_from_here() {
        for (origin, host, plaintext, secure) in [
            ("http://a:1", "a:1", false, true),
            ("https://a:1", "a:1", false, false),
            ("https://a", "A", false, false),
            ("https://a:1", "a", true, true),
            ("https://a", "a.b", true, true),
            ("https://a.b", "a", true, true),
            ("ftp://a", "a", true, true),
            ("null", "", true, true),
            ("https://", "a", true, true),
            ("https://", "", true, true),
            ("http://a", "a:80", false, true),
            ("https://a", "a:443", false, false),
            ("https://a", "a:80", true, true),
            ("https://A", "a", false, false),
        ] {
            let parts = parts(origin, host);
            let found = (is_foreign(&parts, false), is_foreign(&parts, true));
            assert_eq!(found, (plaintext, secure), "{origin} at {host}");
        }
    }

    #[test]
    fn a_page_of_this_server_is_known_by_a_name_that_nobody_else_can_have() {
        let origins = Origins::new(&[], "Cache.example");
        for (host, is_own) in [
            ("cache.example", true),
            ("web.cache.example:8443", true),
            ("CACHE.example", true),
            ("127.0.0.1:8080", true),
            ("10.0.0.7:8080", true),
            ("[::1]:8080", true),
            ("localhost:8080", true),
            ("evilcache.example", false),
            ("evil.example", false),
            ("cache.example.evil.example", false),
        ] {
            assert_eq!(
                origins.are_of(&parts(&format!("https://{host}"), host), true),
                is_own,
                "{host}"
            );
            assert!(!origins.are_of(&parts("https://evil.example", host), true), "{host}");
        }
        assert!(!Origins::default().are_of(&parts("https://evil.example", "evil.example"), true));
    }
}
