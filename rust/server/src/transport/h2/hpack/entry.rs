//! A decoded header: parsed once, used many times.

use http::header::{HeaderName, HeaderValue};

/// The overhead of an entry beside its name and value, in bytes (RFC 7541 §4.1).
pub(super) const OVERHEAD: usize = 32;

/// The name of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::transport::h2) enum Name {
    /// `:method`.
    Method,
    /// `:scheme`.
    Scheme,
    /// `:authority`.
    Authority,
    /// `:path`.
    Path,
    /// `:protocol` (RFC 8441 §4).
    Protocol,
    /// A pseudo-header that requests do not have, such as `:status`.
    Unknown,
    /// A regular header.
    Header(HeaderName),
    /// A name that HTTP/2 does not allow: empty, or with uppercase letters, blanks or colons (RFC
    /// 9113 §8.2.1).
    Malformed,
}

impl Name {
    /// Parses a name.
    pub(super) fn of(text: &[u8]) -> Self {
        match text {
            b":method" => Name::Method,
            b":scheme" => Name::Scheme,
            b":authority" => Name::Authority,
            b":path" => Name::Path,
            b":protocol" => Name::Protocol,
            [b':', ..] => Name::Unknown,
            _ => HeaderName::from_lowercase(text).map_or(Name::Malformed, Name::Header),
        }
    }
}

/// A decoded header.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Name,
    /// In bytes. Of a malformed name, only the length is kept.
    pub(super) name_length: usize,
    /// `None` if it has bytes that no value may have (RFC 9113 §8.2.1). Leading and trailing blanks
    /// are accepted, although the RFC forbids them.
    pub(super) value: Option<HeaderValue>,
    /// Its size in a table (RFC 7541 §4.1) and in a header list (RFC 9113 §6.5.2).
    pub(super) size: usize,
}

impl Entry {
    /// A header whose name has `name_length` bytes. The value is copied, so that it does not keep
    /// the read buffer alive.
    pub(super) fn new(name: Name, name_length: usize, value: &[u8]) -> Self {
        let size = name_length + value.len() + OVERHEAD;
        Entry { name, name_length, value: HeaderValue::from_bytes(value).ok(), size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(value: &str) -> Entry {
        Entry::new(Name::of(b"x"), 1, value.as_bytes())
    }

    #[test]
    fn names_that_http_2_does_not_allow_are_malformed() {
        assert_eq!(Name::of(b"te"), Name::Header(http::header::TE));
        assert_eq!(Name::of(b"x-y_z.1!"), Name::Header(HeaderName::from_static("x-y_z.1!")));
        assert_eq!(Name::of(b":authority"), Name::Authority);
        assert_eq!(Name::of(b":protocol"), Name::Protocol);
        for unknown in [":status", ":protocols", ":Path", ":"] {
            assert_eq!(Name::of(unknown.as_bytes()), Name::Unknown, "{unknown}");
        }
        for malformed in ["", "Te", "a b", " a", "a:", "a\0", "ä", "a\r\n"] {
            assert_eq!(Name::of(malformed.as_bytes()), Name::Malformed, "{malformed:?}");
        }
    }

    #[test]
    fn values_that_http_does_not_allow_are_none() {
        for allowed in ["", " a ", "\ta", "ä", "a: b"] {
            assert_eq!(entry(allowed).value.unwrap().as_bytes(), allowed.as_bytes());
        }
        for refused in ["\0", "a\r", "\n", "a\x1bb", "\x7f"] {
            let entry = entry(refused);
            assert_eq!((entry.value, entry.size), (None, 33 + refused.len()), "{refused:?}");
        }
    }
}
