//! What a request asks for (RFC 9112 §3.2, RFC 9113 §8.3.1): a path, a query, and the host if the
//! target names it.
//!
//! Bytes are accepted as the crate `http` accepts them. Its `Uri` cannot change its path, so each
//! request of a connection would allocate one.

use http::Uri;
use http::uri::{Authority, Scheme};

/// The target of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The path and the query, without a fragment.
    text: String,
    /// The length of the path, in bytes.
    path: usize,
    site: Option<(Scheme, Authority)>,
}

impl Target {
    /// A target of this path and query, which begin with `/`.
    pub(crate) fn of_path(text: &[u8]) -> Option<Self> {
        let mut target = Target { text: String::new(), path: 0, site: None };
        target.set_path(text).map(|()| target)
    }

    /// `*`: the whole server.
    pub(crate) fn whole_server() -> Self {
        Target { text: "*".to_owned(), path: 1, site: None }
    }

    /// The same at this host.
    pub(crate) fn at(self, scheme: Scheme, authority: Authority) -> Self {
        Target { site: Some((scheme, authority)), ..self }
    }

    /// Changes path and query, which begin with `/`. `None`, and nothing has changed, if they hold
    /// a byte that no URL may hold, or are not UTF-8.
    pub(crate) fn set_path(&mut self, text: &[u8]) -> Option<()> {
        let end = first(text, NOT_IN_PATHS);
        let all = match text.get(end) {
            Some(b'?') => end + 1 + first(&text[end + 1..], NOT_IN_QUERIES),
            _ => end,
        };
        // A fragment is not sent on.
        if !text.starts_with(b"/") || !matches!(text.get(all), None | Some(b'#')) {
            return None;
        }
        let text = &text[..all];
        let text = str::from_utf8(text).ok()?;
        self.text.clear();
        self.text.push_str(text);
        self.path = end;
        Some(())
    }

    /// The path, as received.
    pub(crate) fn path(&self) -> &str {
        &self.text[..self.path]
    }

    /// The query, as received.
    pub(crate) fn query(&self) -> Option<&str> {
        self.text[self.path..].strip_prefix('?')
    }

    /// Path and query, as received.
    pub(crate) fn path_and_query(&self) -> &str {
        &self.text
    }

    /// The host and the port that the target names; empty if it names none.
    pub(crate) fn authority(&self) -> &str {
        self.site.as_ref().map_or("", |(_, authority)| authority.as_str())
    }

    /// The scheme, if the target names a host; else empty.
    pub(crate) fn scheme(&self) -> &str {
        self.site.as_ref().map_or("", |(scheme, _)| scheme.as_str())
    }
}

impl Default for Target {
    fn default() -> Self {
        Target { text: "/".to_owned(), path: 1, site: None }
    }
}

impl From<Uri> for Target {
    fn from(uri: Uri) -> Self {
        let (mut text, path) = (uri.path().to_owned(), uri.path().len());
        if let Some(query) = uri.query() {
            text.push('?');
            text.push_str(query);
        }
        let parts = uri.into_parts();
        Target { text, path, site: parts.scheme.zip(parts.authority) }
    }
}

/// Where a byte may not be, or ends what is before it.
const NOT_IN_PATHS: u8 = 1;
const NOT_IN_QUERIES: u8 = 2;

static BYTES: [u8; 256] = bytes();

const fn bytes() -> [u8; 256] {
    let (mut bytes, mut byte) = ([0; 256], 0_u8);
    loop {
        bytes[byte as usize] = match byte {
            0..=b' ' | b'#' | b'<' | b'>' | 0x7f => NOT_IN_PATHS | NOT_IN_QUERIES,
            b'?' | b'`' => NOT_IN_PATHS,
            b'"' => NOT_IN_QUERIES,
            _ => 0,
        };
        if byte == 255 {
            return bytes;
        }
        byte += 1;
    }
}

/// Where the first byte is that may not be there; the end, if all may.
fn first(text: &[u8], not_in: u8) -> usize {
    let is_it = |byte: &u8| BYTES[usize::from(*byte)] & not_in != 0;
    text.iter().position(is_it).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use http::uri::PathAndQuery;
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &[u8]) -> Option<(String, Option<String>)> {
        let target = Target::of_path(text)?;
        Some((target.path().to_owned(), target.query().map(str::to_owned)))
    }

    /// What the crate `http` makes of it.
    fn expected(text: &[u8]) -> Option<(String, Option<String>)> {
        let both = PathAndQuery::try_from(text).ok()?;
        Some((both.path().to_owned(), both.query().map(str::to_owned)))
    }

    #[test]
    fn every_byte_is_taken_or_refused_as_by_the_crate_http() {
        for byte in 0..=255 {
            for text in [&[b'/', byte][..], &[b'/', b'?', byte], &[b'/', b'a', byte, b'b']] {
                let long = [&[b'/'; 16], text, &[b'a'; 16]].concat();
                for text in [text, &long, &long[..16 + text.len()]] {
                    assert_eq!(parts(text), expected(text), "{text:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_target_is_split_as_by_the_crate_http(text in "/[a-z/?#&=%é \"`]{0,40}") {
            prop_assert_eq!(parts(text.as_bytes()), expected(text.as_bytes()));
        }
    }

    #[test]
    fn a_refused_path_changes_nothing() {
        let mut target = Target::of_path(b"/a?b").unwrap();
        for text in [&b""[..], b"a", b"/ ", b"/?\xff", b"?a"] {
            assert_eq!(target.set_path(text), None, "{text:?}");
        }
        assert_eq!(target, Target::of_path(b"/a?b").unwrap());
    }

    #[test]
    fn a_whole_url_names_a_host() {
        let target = Target::from(Uri::from_static("http://a:1?b"));
        assert_eq!((target.scheme(), target.authority()), ("http", "a:1"));
        assert_eq!(target.path_and_query(), "/?b");
    }
}
