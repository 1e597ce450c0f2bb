//! Conditions on single values: `ETag`, `If-Match` and `If-None-Match` (RFC 9110 §13).
//!
//! The entity tag of a value is the digest by which `GetWithHash` tells values apart, in
//! hexadecimal.

use attimo_engine::ValueHash;
use attimo_engine::commands::scalar::{Condition, HashCondition};
use http::header;

use crate::error::{Error, Result};
use crate::message::{EntityTag, Headers};

/// The entity tag of a value.
pub(super) fn etag(hash: ValueHash) -> EntityTag {
    EntityTag::of(hash.0)
}

/// Whether `If-Match` accepts the value with this tag. Weak tags never match.
pub(super) fn is_wanted(headers: &Headers, etag: &EntityTag) -> bool {
    !headers.contains_key("if-match") || names(headers, "if-match", etag, |tag| !tag.is_weak)
}

/// Whether `If-None-Match` names the value with this tag.
pub(super) fn matches_etag(headers: &Headers, etag: &EntityTag) -> bool {
    names(headers, "if-none-match", etag, |_| true)
}

/// Whether `If-Range`, if it is there, names the value with this tag. It takes one strong tag; a
/// date is never that of a value, for values have none (RFC 9110 §13.1.5).
pub(super) fn is_in_range(headers: &Headers, etag: &EntityTag) -> bool {
    let mut said = headers.get_all(header::IF_RANGE);
    match (said.next(), said.next()) {
        (None, _) => true,
        (Some(tag), None) => tag.as_bytes().trim_ascii() == etag.as_bytes(),
        (Some(_), Some(_)) => false,
    }
}

/// Whether one of the tags in a header that count is this one.
fn names(
    headers: &Headers,
    header: &str,
    etag: &EntityTag,
    counts: impl Fn(&Tag<'_>) -> bool,
) -> bool {
    headers.get_all(header).any(|value| {
        let mut rest = value.as_bytes();
        if rest.trim_ascii() == b"*" {
            return true;
        }
        while let Some((tag, after)) = next_tag(rest) {
            if *tag.text == *etag.digits() && counts(&tag) {
                return true;
            }
            rest = after;
        }
        false
    })
}

/// The condition of a `PUT`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing.
    Nothing,
    /// A condition on whether the item exists.
    Item(Condition<'static>),
    /// A condition on its value.
    Value(ValueCondition),
}

/// A condition on a value; a foreign tag matches no value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ValueCondition {
    /// It exists and has this digest.
    Match(Option<ValueHash>),
    /// It does not exist, or has another digest.
    NoneMatch(Option<ValueHash>),
}

impl ValueCondition {
    /// As the command takes it.
    pub(super) fn on_hash(&self) -> HashCondition<'_> {
        let (Self::Match(hash) | Self::NoneMatch(hash)) = self;
        let hash = hash.as_ref().map_or(&[][..], |hash| &hash.0);
        match self {
            Self::Match(_) => HashCondition::PresentAndEqual(hash),
            Self::NoneMatch(_) => HashCondition::AbsentOrNotEqual(hash),
        }
    }
}

impl Wanted {
    /// What the headers of a `PUT` ask for.
    ///
    /// # Errors
    ///
    /// [`Error`] if they ask for more than one thing, or cannot be read.
    pub(super) fn of(headers: &Headers) -> Result<Self> {
        match (one(headers, "if-match")?, one(headers, "if-none-match")?) {
            (None, None) => Ok(Self::Nothing),
            (Some(Tagged::Any), None) => Ok(Self::Item(Condition::Present)),
            (None, Some(Tagged::Any)) => Ok(Self::Item(Condition::Absent)),
            // Weak tags never match in `If-Match`.
            (Some(Tagged::One(tag)), None) => {
                Ok(Self::Value(ValueCondition::Match(tag.hash().filter(|_| !tag.is_weak))))
            }
            (None, Some(Tagged::One(tag))) => {
                Ok(Self::Value(ValueCondition::NoneMatch(tag.hash())))
            }
            (Some(_), Some(_)) => Err(Error::Malformed("send If-Match or If-None-Match, not both")),
        }
    }
}

/// Refuses conditional headers where they are not supported: ignoring them could do harm.
///
/// # Errors
///
/// [`Error::Malformed`].
pub(super) fn refuse(headers: &Headers) -> Result<()> {
    if headers.contains_key("if-match") || headers.contains_key("if-none-match") {
        let only = "If-Match and If-None-Match are for the GET and PUT of a single value";
        return Err(Error::Malformed(only));
    }
    Ok(())
}

enum Tagged<'a> {
    Any,
    One(Tag<'a>),
}

struct Tag<'a> {
    is_weak: bool,
    text: &'a [u8],
}

impl Tag<'_> {
    /// The digest in it, if it is one of ours.
    fn hash(&self) -> Option<ValueHash> {
        let is_ours = self.text.len() == 2 * size_of::<ValueHash>()
            && self.text.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let digits = str::from_utf8(self.text).ok().filter(|_| is_ours)?;
        let hash = u128::from_str_radix(digits, 16).ok()?;
        Some(ValueHash(hash.to_be_bytes()))
    }
}

/// What a header asks for that may name one tag.
#[inline]
fn one<'a>(headers: &'a Headers, name: &str) -> Result<Option<Tagged<'a>>> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = || Error::Invalid(format!("{name} must be * or one entity tag in quotes"));
    if values.next().is_some() {
        return Err(wrong());
    }
    let value = value.as_bytes().trim_ascii();
    if value == b"*" {
        return Ok(Some(Tagged::Any));
    }
    match next_tag(value) {
        Some((tag, b"")) => Ok(Some(Tagged::One(tag))),
        _ => Err(wrong()),
    }
}

/// The first entity tag of a list, and what comes after it.
fn next_tag(list: &[u8]) -> Option<(Tag<'_>, &[u8])> {
    let start = list.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b','))?;
    let tag = &list[start..];
    let strong = tag.strip_prefix(b"W/");
    let quoted = strong.unwrap_or(tag).strip_prefix(b"\"")?;
    let end = quoted.iter().position(|byte| *byte == b'"')?;
    Some((Tag { is_weak: strong.is_some(), text: &quoted[..end] }, &quoted[end + 1..]))
}

#[cfg(test)]
mod tests {
    use http::header::HeaderName;

    use super::*;

    const EMPTY: &str = "\"99aa06d3014798d86001c324468d497f\"";

    fn headers(said: &[(HeaderName, &str)]) -> Headers {
        said.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_tag_of_a_value_is_its_digest() {
        assert_eq!(etag(ValueHash::of(b"")).as_bytes(), EMPTY.as_bytes());
    }

    #[test]
    fn a_client_has_the_value_if_one_of_its_tags_says_so() {
        let known = |said: &str| {
            matches_etag(&headers(&[(header::IF_NONE_MATCH, said)]), &etag(ValueHash::of(b"")))
        };

        for said in ["*", EMPTY, &format!("W/{EMPTY}"), &format!("\"a,b\" , W/\"c\",{EMPTY}")] {
            assert!(known(said), "{said}");
        }
        for said in ["", "\"\"", "\"*\"", &EMPTY[1..], "garbage", &EMPTY.to_uppercase()] {
            assert!(!known(said), "{said}");
        }
    }

    #[test]
    fn a_value_is_wanted_if_nothing_is_said_or_a_strong_tag_says_so() {
        let wanted =
            |said: &[(HeaderName, &str)]| is_wanted(&headers(said), &etag(ValueHash::of(b"")));

        assert!(wanted(&[]));
        for said in ["*", EMPTY, &format!("W/\"c\",{EMPTY}")] {
            assert!(wanted(&[(header::IF_MATCH, said)]), "{said}");
        }
        for said in ["", "\"*\"", "garbage", &format!("W/{EMPTY}"), &EMPTY.to_uppercase()] {
            assert!(!wanted(&[(header::IF_MATCH, said)]), "{said}");
        }
    }

    #[test]
    fn a_put_asks_for_one_thing() {
        let hash = Some(ValueHash::of(b""));
        let weak = format!("W/{EMPTY}");
        let wanted = |name, said: &str| Wanted::of(&headers(&[(name, said)]));
        let value = |condition| Ok(Wanted::Value(condition));

        assert_eq!(Wanted::of(&Headers::default()), Ok(Wanted::Nothing));
        assert_eq!(wanted(header::IF_MATCH, "*"), Ok(Wanted::Item(Condition::Present)));
        assert_eq!(wanted(header::IF_NONE_MATCH, "*"), Ok(Wanted::Item(Condition::Absent)));
        assert_eq!(wanted(header::IF_MATCH, EMPTY), value(ValueCondition::Match(hash)));
        assert_eq!(wanted(header::IF_MATCH, &weak), value(ValueCondition::Match(None)));
        assert_eq!(wanted(header::IF_MATCH, "\"x\""), value(ValueCondition::Match(None)));
        assert_eq!(wanted(header::IF_NONE_MATCH, &weak), value(ValueCondition::NoneMatch(hash)));
        for said in ["", "x", "\"a\", \"b\"", "\"a\"x", "\"a"] {
            assert!(wanted(header::IF_MATCH, said).is_err(), "{said}");
        }
        let both = [(header::IF_MATCH, "*"), (header::IF_NONE_MATCH, "*")];
        assert!(Wanted::of(&headers(&both)).is_err());
    }
}
