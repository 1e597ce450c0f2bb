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

    /// Changes what follows the first `stem` bytes of path and query, if `text` begins with the same bytes
    /// and the rest is plain, as [`Target::stem`] says. False, and nothing has changed, otherwise.
    pub(crate) fn set_tail(&mut self, stem: usize, text: &[u8]) -> bool {
        let Some((start, tail)) = text.split_at_checked(stem) else { return false };
        let Ok(tail) = str::from_utf8(tail) else { return false };
        if self.text.as_bytes().get(..stem) != Some(start) || !is_plain(tail.as_bytes()) {
            return false;
        }
        let is_in_path = self.path == self.text.len();
        self.text.truncate(stem);
        self.text.push_str(tail);
        if is_in_path {
            self.path = self.text.len();
        }
        true
    }

    /// How many bytes of path and query precede `tail`, which ends them; `None` unless it is plain: not
    /// empty, and only of bytes that stand for themselves wherever they are in a path or a value.
    pub(crate) fn stem(&self, tail: &[u8]) -> Option<usize> {
        is_plain(tail).then(|| self.text.len().saturating_sub(tail.len()))
    }

    /// What follows the first `stem` bytes of path and query.
    pub(crate) fn tail(&self, stem: usize) -> &[u8] {
        self.text.as_bytes().get(stem..).unwrap_or_default()
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
/// Where a byte may have another meaning than itself.
const NOT_PLAIN: u8 = 4;

static BYTES: [u8; 256] = bytes();

const fn bytes() -> [u8; 256] {
    let (mut bytes, mut byte) = ([0; 256], 0_u8);
    loop {
        bytes[byte as usize] = match byte {
            0..=b' ' | b'#' | b'<' | b'>' | 0x7f => NOT_IN_PATHS | NOT_IN_QUERIES | NOT_PLAIN,
            b'?' | b'`' => NOT_IN_PATHS | NOT_PLAIN,
            b'"' => NOT_IN_QUERIES | NOT_PLAIN,
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b':'
            | b'/'
            | b'@'
            | b'='
            | b','
            | b';' => 0,
            _ => NOT_PLAIN,
        };
        if byte == 255 {
            return bytes;
        }
        byte += 1;
    }
}

/// Whether all bytes stand for themselves, and there are some.
fn is_plain(text: &[u8]) -> bool {
    let found = text.iter().fold(0, |found, byte| found | BYTES[usize::from(*byte)]);
    found & NOT_PLAIN == 0 && !text.is_empty()
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

    proptest! {
        #[test]
        fn a_target_whose_tail_changes_is_as_one_that_is_read_anew(
            stem in "/cache/[a-z]{1,3}(/|\\?key=|\\?a=%20&key=)",
            old in "[a-z0-9:/]{1,20}",
            new in "([a-z0-9:/@=,;._~-]{0,20}|[ -\u{ff}]{0,4})",
        ) {
            let mut target = Target::of_path([&stem, &*old].concat().as_bytes()).unwrap();
            prop_assert_eq!(target.stem(old.as_bytes()), Some(stem.len()));

            let text = [&stem, &*new].concat();
            let before = target.clone();
            if target.set_tail(stem.len(), text.as_bytes()) {
                prop_assert_eq!(target.tail(stem.len()), new.as_bytes());
                prop_assert_eq!(Some(target), Target::of_path(text.as_bytes()));
                prop_assert!(!new.bytes().any(|byte| b"%+&?#".contains(&byte) || !byte.is_ascii_graphic()));
            } else {
                prop_assert_eq!(target, before);
                prop_assert!(!new.bytes().all(|byte| byte.is_ascii_alphanumeric()) || new.is_empty());
            }
        }

        #[test]
        fn a_tail_is_not_changed_behind_another_stem(text in "/cache/[a-d]{1,4}/[a-d]{1,4}") {
            let mut target = Target::of_path(b"/cache/abc/x").unwrap();
            let is_same = text.starts_with("/cache/abc/");
            prop_assert_eq!(target.set_tail(11, text.as_bytes()), is_same);
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
