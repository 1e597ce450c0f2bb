//! The query of a URL: what is ours in it.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::error::{Error, Result};

const TWICE: Error = Error::Malformed("a query parameter is given twice");

/// What we read from queries, decoded.
pub(in crate::front) struct Query<'a> {
    /// A key may be any bytes, so it is not read as text.
    pub(super) key: Option<Vec<u8>>,
    pub(super) key_base64: Option<Cow<'a, str>>,
    pub(super) ttl_seconds: Option<Cow<'a, str>>,
    pub(in crate::front) token: Option<Cow<'a, str>>,
    /// Path and query as they came, but for the token, which nobody else is to see.
    pub(super) path_without_token: Uri,
}

impl<'a> Query<'a> {
    /// Reads the query of `uri`.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if a name of ours occurs twice.
    pub(in crate::front) fn of(uri: &'a Uri) -> Result<Self> {
        let text = uri.query().unwrap_or_default();
        let mut query = Query {
            key: None,
            key_base64: None,
            ttl_seconds: None,
            token: None,
            path_without_token: Uri::default(),
        };
        for pair in text.split('&') {
            let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
                continue;
            };
            if name == "key" {
                if query.key.replace(bytes_of_value(pair)).is_some() {
                    return Err(TWICE);
                }
                continue;
            }
            let place = match &*name {
                "key_base64" => &mut query.key_base64,
                "ttl_seconds" => &mut query.ttl_seconds,
                "token" => &mut query.token,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(TWICE);
            }
        }
        if query.token.is_some() {
            query.path_without_token = without_token(uri.path(), text)?;
        } else if let Some(path) = uri.path_and_query() {
            query.path_without_token = path.clone().into();
        }
        Ok(query)
    }
}

/// The value of `name=value`, decoded to the bytes that it stands for.
fn bytes_of_value(pair: &str) -> Vec<u8> {
    let value = pair.split_once('=').map_or("", |(_, value)| value).replace('+', " ");
    percent_decode_str(&value).collect()
}

fn without_token(path: &str, text: &str) -> Result<Uri> {
    let name_of = |pair: &str| {
        form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name.into_owned())
    };
    let kept: Vec<_> =
        text.split('&').filter(|pair| name_of(pair).as_deref() != Some("token")).collect();
    let target =
        if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    target.parse().map_err(|_| Error::Malformed("the query cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded() {
        let uri = "/cache/c?key=a%2Fb+c&ttl_seconds=60&other=1".parse().unwrap();
        let query = Query::of(&uri).unwrap();

        assert_eq!(query.key.as_deref(), Some(&b"a/b c"[..]));
        assert_eq!(query.ttl_seconds.as_deref(), Some("60"));
        assert_eq!(query.path_without_token, uri);
    }

    #[test]
    fn keys_that_are_no_text_stay_apart() {
        for (given, key) in [("%ff", &b"\xff"[..]), ("%EF%BF%BD", "\u{fffd}".as_bytes()), ("", b"")]
        {
            let uri = format!("/cache/c?key={given}").parse().unwrap();
            assert_eq!(Query::of(&uri).unwrap().key.as_deref(), Some(key));
        }
    }

    #[test]
    fn the_token_goes_no_further() {
        for (given, kept) in [
            ("/caches?token=t", "/caches"),
            ("/caches?limit=2&token=t&next_token=n", "/caches?limit=2&next_token=n"),
            ("/caches?%74oken=t", "/caches"),
        ] {
            let uri = given.parse().unwrap();
            let query = Query::of(&uri).unwrap();
            assert_eq!(query.token.as_deref(), Some("t"));
            assert_eq!(query.path_without_token, kept);
        }
    }

    #[test]
    fn a_name_given_twice_is_refused() {
        assert!(Query::of(&"/cache/c?key=a&key=b".parse().unwrap()).is_err());
    }
}
