//! Host names, compared as in URLs (RFC 3986 §6.2, RFC 9110 §4.2.3): ignoring case,
//! percent-decoded, and with the default port of the scheme optional.
//!
//! `a` and `a.` are different names: only DNS treats them as one (RFC 3986 §3.2.2).

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use http::header;
use percent_encoding::percent_decode_str;

use crate::message::Parts;

const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// The host that the request names, with its port; empty if it names none.
pub(crate) fn of(parts: &Parts) -> &str {
    let header = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    header.unwrap_or(parts.target.authority())
}

/// The host and the port of `name:port`; the port is empty if there is none.
pub(crate) fn split(authority: &str) -> (&str, &str) {
    match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (authority, ""),
    }
}

/// Whether two `name:port` are equal in URLs of `scheme`.
pub(crate) fn are_one(scheme: &str, one: &str, other: &str) -> bool {
    one == other || normal(scheme, one) == normal(scheme, other)
}

/// The name in lower case and the number of the port; `None` if that is no number.
fn normal<'a>(scheme: &str, authority: &'a str) -> (Cow<'a, [u8]>, Option<u16>) {
    let (name, port) = split(authority);
    let port = match (port, scheme) {
        ("", "https") => Some(HTTPS),
        ("", _) => Some(HTTP),
        (port, _) => port.parse().ok(),
    };
    (percent_decode_str(name).collect::<Vec<u8>>().to_ascii_lowercase().into(), port)
}

/// Whether a host is an address or a name that always means this machine. No DNS entry can make
/// one of those point elsewhere.
pub(crate) fn is_loopback(host: &str) -> bool {
    let (name, _) = split(host);
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let is_named = name == "localhost" || name.ends_with(".localhost");
    is_named || address(&name).is_some_and(|address| address.to_canonical().is_loopback())
}

/// Whether a host is an address, which no DNS can lead elsewhere.
pub(crate) fn is_address(host: &str) -> bool {
    address(split(host).0).is_some()
}

fn address(name: &str) -> Option<IpAddr> {
    let six = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    six.map_or_else(|| name.parse().ok(), |six| six.parse::<Ipv6Addr>().ok().map(IpAddr::V6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_the_same_however_it_is_written() {
        for (scheme, one, other) in [
            ("http", "a.example", "a.example"),
            ("http", "a.example", "A.EXAMPLE"),
            ("http", "a.example:80", "a.example"),
            ("http", "a.example", "a.example:"),
            ("http", "a.example:080", "a.example"),
            ("https", "a.example:443", "A.example"),
            ("https", "a.example:8443", "a.example:8443"),
            ("http", "%61.example", "a.example"),
            ("http", "[::1]:80", "[::1]"),
            ("http", "[FE80::1]:8080", "[fe80::1]:8080"),
        ] {
            assert!(are_one(scheme, one, other), "{scheme} {one} {other}");
        }
        for (scheme, one, other) in [
            ("http", "a.example", "b.example"),
            ("http", "a.example:443", "a.example"),
            ("https", "a.example:80", "a.example"),
            ("http", "a.example:8080", "a.example"),
            ("http", "a.example.", "a.example"),
            ("http", "a.example:x", "a.example"),
            ("http", "[::1]:8080", "[::1]"),
            ("http", "a", "a.example"),
            ("http", "", "a"),
        ] {
            assert!(!are_one(scheme, one, other), "{scheme} {one} {other}");
        }
    }

    #[test]
    fn only_what_always_means_this_machine_is_loopback() {
        for host in [
            "localhost",
            "LocalHost:8080",
            "localhost.",
            "cache.localhost:1",
            "127.0.0.1",
            "127.8.9.1:80",
            "[::1]",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "10.0.0.1",
            "[::2]",
            "0.0.0.0",
            "2130706433",
            "127.1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
        assert!(is_address("10.0.0.1:80") && is_address("[::2]") && !is_address("a.example"));
    }
}
