//! The origins of pages: which may use this server, and which are its own.

use http::header::{self, HeaderValue};

use super::host;
use crate::message::Parts;

/// Stands for any origin in the list of allowed origins.
const ANY: &str = "*";

/// The origins whose pages may use this server.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    pub(super) any: bool,
    named: Vec<String>,
    /// The public names of this server, whose own pages need not be named.
    servers: Vec<String>,
}

impl Origins {
    /// Those that are `allowed`: origins as browsers write them, or `*` for all; and those of the
    /// server itself, by its public names (`servers`) without a port.
    pub(crate) fn new<'a>(
        allowed: &[String],
        servers: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let named = allowed.iter().filter(|origin| *origin != ANY).cloned().collect();
        let any = allowed.iter().any(|origin| origin == ANY);
        let servers = servers.into_iter().map(|server| server.to_ascii_lowercase()).collect();
        Origins { any, named, servers }
    }

    /// Whether a page of this server sent the request. The host that the client names is no proof:
    /// any DNS name can point here.
    pub(super) fn are_of(&self, parts: &Parts, secure: bool) -> bool {
        let host = host::of(parts);
        let name = host::split(host).0.to_ascii_lowercase();
        let is_public = self.servers.iter().any(|server| {
            let rest = name.strip_suffix(server.as_str()).filter(|_| !server.is_empty());
            rest.is_some_and(|below| below.is_empty() || below.ends_with('.'))
        });
        let is_ours = is_public || host::is_loopback(host) || host::is_address(host);
        is_ours && !is_foreign(parts, secure)
    }

    pub(super) fn name(&self, origin: &HeaderValue) -> bool {
        self.named.iter().any(|named| named.as_bytes() == origin.as_bytes())
    }

    /// The `access-control-allow-origin` for `origin`; `None` if its pages may not read the answer.
    pub(super) fn allowing(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.name(origin) {
            return Some(origin.clone());
        }
        self.any.then_some(HeaderValue::from_static(ANY))
    }
}

/// Fetch metadata of browsers, which pages cannot change.
const SITE: &str = "sec-fetch-site";

/// Whether a web page may have sent the request without the origin being allowed, as `Origin`,
/// fetch metadata or a foreign host name (DNS rebinding) shows.
pub(super) fn is_of_a_page(origins: &Origins, parts: &Parts) -> bool {
    if let Some(origin) = parts.headers.get(header::ORIGIN) {
        return !origins.name(origin);
    }
    if parts.headers.get(SITE).is_some_and(|site| site != "none" && site != "same-origin") {
        return true;
    }
    let host = host::of(parts);
    !(host.is_empty() || host::is_loopback(host))
}

/// Whether a page of another origin sent the request. A proxy that terminates TLS hides the scheme,
/// so on a connection without TLS either scheme matches.
pub(super) fn is_foreign(parts: &Parts, secure: bool) -> bool {
    let Some(origin) = parts.headers.get(header::ORIGIN) else { return false };
    let Some((scheme, place)) = origin.to_str().ok().and_then(|it| it.split_once("://")) else {
        return true;
    };
    let is_possible = scheme == "https" || (scheme == "http" && !secure);
    place.is_empty() || !is_possible || !host::are_one(scheme, place, host::of(parts))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(origin: &str, host: &str) -> Parts {
        let request = Request::get("/").header("origin", origin).header("host", host);
        request.into()
    }

    fn allowing(allowed: &[&str], origin: &str) -> Option<HeaderValue> {
        let allowed: Vec<_> = allowed.iter().map(|each| (*each).to_owned()).collect();
        Origins::new(&allowed, &["cache.example".to_owned()]).allowing(&origin.parse().unwrap())
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
        let origins = Origins::new(&["*".to_owned(), "http://localhost:3000".to_owned()], &[]);

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
        let names = ["Cache.example".to_owned(), "former.example".to_owned()];
        let origins = Origins::new(&[], &names);
        for (host, is_own) in [
            ("cache.example", true),
            ("web.cache.example:8443", true),
            ("CACHE.example", true),
            ("web.former.example", true),
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
