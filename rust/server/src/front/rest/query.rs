//! The query of a URL, parsed without copies: parameters by name, and their types.
//!
//! Bytes are given as `name` (percent-encoded) or as `name_base64`. Unknown parameters are ignored.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::str::FromStr;

use attimo_engine::{CollectionTtl, Order, Slice, Ttl};
use http::Uri;

use self::encoded::{Encoded, Form, Pairs};
use super::json;
use crate::error::{Error, Result};
use crate::message::Target;

mod encoded;
#[cfg(test)]
mod tests;

const BASE64: &str = "_base64";
const MILLISECONDS: u64 = 1_000;
const SECONDS: &str = "a whole number of seconds from 1 to 18446744073709551615";
/// What parameters of type `usize` and `u32` must be, for error messages.
pub(super) const WHOLE: &str = "a whole number from 0 to 18446744073709551615";
pub(super) const WHOLE_OF_32: &str = "a whole number from 0 to 4294967295";

/// The query of one request.
pub(in crate::front) struct Query<'a> {
    text: &'a str,
    pairs: OnceCell<Pairs<'a>>,
    pub(in crate::front) token: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// The query of `target`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it contains two tokens.
    pub(in crate::front) fn of(target: &'a Target) -> Result<Self> {
        let text = target.query().unwrap_or_default();
        let mut query = Query { text, pairs: Pairs::of(text).into(), token: None };
        query.token = query.text("token")?;
        Ok(query)
    }

    /// The same where nobody asks for the token: it is read only as far as it is needed.
    pub(super) fn without_token_of(target: &'a Target) -> Self {
        let text = target.query().unwrap_or_default();
        Query { text, pairs: OnceCell::new(), token: None }
    }

    /// The path and query of `target` as received, without the token, which must not be forwarded.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if the result is not a valid URI.
    pub(super) fn without_token(&self, target: &Target) -> Result<Uri> {
        let is_token = |pair: &&str| encoded::name_and_value(pair.as_bytes()).0.is("token");
        let forwarded = match (&self.token, target.path()) {
            (None, _) => Uri::try_from(target.path_and_query()),
            (Some(_), path) => {
                let kept: Vec<_> = self.text.split('&').filter(|pair| !is_token(pair)).collect();
                let mark = if kept.is_empty() { "" } else { "?" };
                Uri::try_from([path, mark, &kept.join("&")].concat())
            }
        };
        forwarded.map_err(|_| Error::Malformed("the URL cannot be read"))
    }

    fn pairs(&self) -> impl Iterator<Item = (Encoded<'a>, Encoded<'a>)> {
        self.pairs.get_or_init(|| Pairs::of(self.text)).iter()
    }

    fn value(&self, name: &str) -> Result<Option<Cow<'a, [u8]>>> {
        let mut values = self.pairs().filter(|pair| pair.0.is(name));
        let value = values.next().map(|(_, value)| value.decoded());
        match values.next() {
            Some(_) => Err(Error::Invalid(format!("{name} is given twice"))),
            None => Ok(value),
        }
    }

    /// The value of `name`, if given.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is given twice.
    pub(super) fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>> {
        Ok(self.value(name)?.map(|value| match value {
            Cow::Borrowed(value) => String::from_utf8_lossy(value),
            Cow::Owned(value) => String::from_utf8_lossy(&value).into_owned().into(),
        }))
    }

    /// Whether the parameter is given, as `name` or as `name_base64`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.pairs().any(|(given, _)| given.form(name).is_some())
    }

    /// The element `name` as received, if it is the only one and comes last.
    pub(super) fn last(&self, name: &'static str) -> Option<&'a [u8]> {
        let (given, value) = self.pairs().last()?;
        let mut all = self.pairs().filter(|(given, _)| given.form(name).is_some());
        let is_one = all.next().is_some() && all.next().is_none();
        (is_one && given.as_received() == name.as_bytes()).then(|| value.as_received())
    }

    /// The elements that are given as `name` and as `name_base64`, in order.
    pub(super) fn elements(
        &self,
        name: &'static str,
    ) -> impl Iterator<Item = Result<Cow<'a, [u8]>>> {
        self.pairs().filter_map(move |(given, value)| {
            Some(match given.form(name)? {
                Form::Plain => Ok(value.decoded()),
                Form::Base64 => {
                    let bytes = json::from_base64(&value.decoded());
                    let wrong = || Error::Invalid(format!("{name}_base64 is not base64url"));
                    bytes.map(Cow::from).ok_or_else(wrong)
                }
            })
        })
    }

    /// The one element that is given as `name` or as `name_base64`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there is none, or more than one.
    pub(super) fn element(&self, name: &'static str) -> Result<Cow<'a, [u8]>> {
        let mut elements = self.elements(name);
        match (elements.next(), elements.next()) {
            (Some(element), None) => element,
            _ => Err(Error::Invalid(format!("pass exactly one of {name} and {name}_base64"))),
        }
    }

    /// All elements that are given as `name` or as `name_base64`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there is none.
    pub(super) fn some_elements(&self, name: &'static str) -> Result<Vec<Cow<'a, [u8]>>> {
        let elements: Vec<_> = self.elements(name).collect::<Result<_>>()?;
        if elements.is_empty() {
            let none = format!("pass at least one {name} or {name}_base64");
            return Err(Error::Invalid(none));
        }
        Ok(elements)
    }

    /// Refuses parameters other than these and the token, where ignoring a misspelt one would
    /// delete more than intended.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`], which names the parameter.
    pub(super) fn only(&self, known: &[&str]) -> Result<()> {
        let is_known = |name: &str| {
            name.is_empty() || name == "token" || known.contains(&name.trim_end_matches(BASE64))
        };
        for (name, _) in self.pairs() {
            let name = name.decoded();
            let name = String::from_utf8_lossy(&name);
            if !is_known(&name) {
                return Err(Error::Invalid(format!("{name} means nothing to a DELETE here")));
            }
        }
        Ok(())
    }

    /// The parsed value of `name`, if given; `what` says what it must be.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it cannot be parsed.
    pub(super) fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Error::Invalid(format!("{name} must be {what}"))),
        }
    }

    /// How much to add to a number; 1 by default.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`].
    pub(super) fn amount(&self) -> Result<i64> {
        Ok(self.parsed("amount", "a whole number of 64 bits")?.unwrap_or(1))
    }

    /// A boolean parameter; `absent` if it is not given.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is neither `true` nor `false`.
    pub(super) fn flag(&self, name: &str, absent: bool) -> Result<bool> {
        Ok(self.parsed(name, "true or false")?.unwrap_or(absent))
    }

    /// A score, if given.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is not a number.
    pub(super) fn score(&self, name: &str) -> Result<Option<f64>> {
        let what = "a number, inf or -inf";
        match self.parsed::<f64>(name, what)? {
            Some(score) if score.is_nan() => Err(Error::Invalid(format!("{name} must be {what}"))),
            score => Ok(score),
        }
    }

    /// The TTL, if given.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is not a positive whole number of seconds.
    pub(super) fn optional_ttl(&self) -> Result<Option<Ttl>> {
        let seconds = self.parsed("ttl_seconds", SECONDS)?;
        seconds.map(lifetime).transpose()
    }

    /// The TTL of an item that may be created.
    ///
    /// # Errors
    ///
    /// [`Error`] if it is missing, or not a positive whole number of seconds.
    pub(super) fn ttl(&self) -> Result<Ttl> {
        self.optional_ttl()?.ok_or(Error::Malformed("ttl_seconds is missing"))
    }

    /// The TTL of a collection that may be created, and whether an existing one gets it, too.
    ///
    /// # Errors
    ///
    /// [`Error`], which names the parameter.
    pub(super) fn collection_ttl(&self) -> Result<CollectionTtl> {
        Ok(CollectionTtl { ttl: self.ttl()?, refresh: self.flag("refresh_ttl", true)? })
    }

    /// The `start` and `end` of a slice; both may be negative or absent.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`], which names the parameter.
    pub(super) fn slice(&self) -> Result<Slice> {
        let position = |name| self.parsed(name, "a whole number of 64 bits");
        Ok(Slice { start: position("start")?, end: position("end")? })
    }

    /// The sort order, if given.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`].
    pub(super) fn order(&self) -> Result<Option<Order>> {
        match self.text("order")?.as_deref() {
            None => Ok(None),
            Some("asc") => Ok(Some(Order::Ascending)),
            Some("desc") => Ok(Some(Order::Descending)),
            Some(_) => Err(Error::Malformed("order must be asc or desc")),
        }
    }

    /// The encoding of the elements in the response.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`].
    pub(super) fn encoding(&self) -> Result<json::Encoding> {
        match self.text("encoding")?.as_deref() {
            None => Ok(json::Encoding::Text),
            Some("base64") => Ok(json::Encoding::Base64),
            Some(_) => Err(Error::Malformed("encoding must be base64 if it is given")),
        }
    }
}

/// A TTL of at least one second.
///
/// # Errors
///
/// [`Error::Invalid`] for zero.
pub(super) fn lifetime(seconds: u64) -> Result<Ttl> {
    if seconds == 0 {
        return Err(Error::Invalid(format!("ttl_seconds must be {SECONDS}")));
    }
    Ok(Ttl(seconds.saturating_mul(MILLISECONDS)))
}
