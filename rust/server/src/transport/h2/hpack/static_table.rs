//! The static table (RFC 7541, Appendix A).

use http::header::{HeaderName, HeaderValue};

use super::entry::{Entry, Name, OVERHEAD};

/// Index 1 is the first.
pub(super) static STATIC: [Entry; 61] = [
    pseudo(Name::Authority, ":authority", ""),
    pseudo(Name::Method, ":method", "GET"),
    pseudo(Name::Method, ":method", "POST"),
    pseudo(Name::Path, ":path", "/"),
    pseudo(Name::Path, ":path", "/index.html"),
    pseudo(Name::Scheme, ":scheme", "http"),
    pseudo(Name::Scheme, ":scheme", "https"),
    pseudo(Name::Unknown, ":status", "200"),
    pseudo(Name::Unknown, ":status", "204"),
    pseudo(Name::Unknown, ":status", "206"),
    pseudo(Name::Unknown, ":status", "304"),
    pseudo(Name::Unknown, ":status", "400"),
    pseudo(Name::Unknown, ":status", "404"),
    pseudo(Name::Unknown, ":status", "500"),
    plain("accept-charset", ""),
    plain("accept-encoding", "gzip, deflate"),
    plain("accept-language", ""),
    plain("accept-ranges", ""),
    plain("accept", ""),
    plain("access-control-allow-origin", ""),
    plain("age", ""),
    plain("allow", ""),
    plain("authorization", ""),
    plain("cache-control", ""),
    plain("content-disposition", ""),
    plain("content-encoding", ""),
    plain("content-language", ""),
    plain("content-length", ""),
    plain("content-location", ""),
    plain("content-range", ""),
    plain("content-type", ""),
    plain("cookie", ""),
    plain("date", ""),
    plain("etag", ""),
    plain("expect", ""),
    plain("expires", ""),
    plain("from", ""),
    plain("host", ""),
    plain("if-match", ""),
    plain("if-modified-since", ""),
    plain("if-none-match", ""),
    plain("if-range", ""),
    plain("if-unmodified-since", ""),
    plain("last-modified", ""),
    plain("link", ""),
    plain("location", ""),
    plain("max-forwards", ""),
    plain("proxy-authenticate", ""),
    plain("proxy-authorization", ""),
    plain("range", ""),
    plain("referer", ""),
    plain("refresh", ""),
    plain("retry-after", ""),
    plain("server", ""),
    plain("set-cookie", ""),
    plain("strict-transport-security", ""),
    plain("transfer-encoding", ""),
    plain("user-agent", ""),
    plain("vary", ""),
    plain("via", ""),
    plain("www-authenticate", ""),
];

const fn pseudo(name: Name, text: &str, value: &'static str) -> Entry {
    let size = text.len() + value.len() + OVERHEAD;
    Entry { name, name_length: text.len(), value: Some(HeaderValue::from_static(value)), size }
}

const fn plain(name: &'static str, value: &'static str) -> Entry {
    pseudo(Name::Header(HeaderName::from_static(name)), name, value)
}
