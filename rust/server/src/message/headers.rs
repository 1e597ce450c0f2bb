//! Header fields of a request or a response (RFC 9110 §5), in the order in which they came.
//!
//! A message has a handful of them, so a list is quicker to make and to search than a hash map. Most
//! look-ups are for fields that few requests have (`range`, `if-match`, `origin`): one word of bits,
//! a Bloom filter of one hash, answers those without a search.

use std::ops::Index;
use std::slice;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

/// Header fields, of which several may have one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    list: Vec<Field>,
    /// A bit for each name that is or was there; several names may share one.
    names: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// The bit of the name, by which most other names differ.
    bit: u64,
    name: HeaderName,
    value: HeaderValue,
}

impl Field {
    fn is(&self, bit: u64, name: &str) -> bool {
        self.bit == bit && self.name.as_str() == name
    }
}

impl Headers {
    /// None, with room for `capacity` fields.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Headers { list: Vec::with_capacity(capacity), names: 0 }
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The first value of the field `name`, which is in lower case.
    #[inline]
    pub(crate) fn get(&self, name: impl AsRef<str>) -> Option<&HeaderValue> {
        self.get_all(name).next()
    }

    /// The values of all fields called `name`, in order.
    #[inline]
    pub(crate) fn get_all<N: AsRef<str>>(&self, name: N) -> Values<'_, N> {
        let bit = bit(name.as_ref());
        let rest = if self.names & bit == 0 { &[] } else { &self.list[..] };
        Values { rest: rest.iter(), bit, name }
    }

    /// Whether a field is called `name`.
    #[inline]
    pub(crate) fn contains_key(&self, name: impl AsRef<str>) -> bool {
        self.get(name).is_some()
    }

    /// Adds a field behind those that there are.
    pub(crate) fn append(&mut self, name: HeaderName, value: HeaderValue) {
        let bit = bit(name.as_str());
        self.names |= bit;
        self.list.push(Field { bit, name, value });
    }

    /// Adds a field in place of those of its name.
    pub(crate) fn insert(&mut self, name: HeaderName, value: HeaderValue) {
        self.remove(&name);
        self.append(name, value);
    }

    /// Takes out all fields called `name`.
    pub(crate) fn remove(&mut self, name: impl AsRef<str>) {
        let (name, bit) = (name.as_ref(), bit(name.as_ref()));
        if self.names & bit != 0 {
            self.list.retain(|field| !field.is(bit, name));
        }
    }

    /// Takes out the fields whose names `keep` refuses.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.list.retain(|field| keep(field.name.as_str()));
    }

    /// The fields, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.list.iter().map(|field| (&field.name, &field.value))
    }

    /// The names of the fields, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &HeaderName> {
        self.list.iter().map(|field| &field.name)
    }
}

/// The values of the fields of one name.
pub(crate) struct Values<'a, N> {
    rest: slice::Iter<'a, Field>,
    bit: u64,
    name: N,
}

impl<'a, N: AsRef<str>> Iterator for Values<'a, N> {
    type Item = &'a HeaderValue;

    fn next(&mut self) -> Option<&'a HeaderValue> {
        let (bit, name) = (self.bit, self.name.as_ref());
        self.rest.find(|field| field.is(bit, name)).map(|field| &field.value)
    }
}

/// The bit of a name in the filter. The factors are such that no name that is looked for and seldom
/// there has the bit of one that programs nearly always send.
#[inline]
fn bit(name: &str) -> u64 {
    let byte = |at: usize| name.as_bytes().get(at).copied().map_or(0, usize::from);
    1 << ((name.len() + 5 * byte(0) + 4 * byte(name.len() / 2)) % 64)
}

impl Index<HeaderName> for Headers {
    type Output = HeaderValue;

    /// # Panics
    ///
    /// If there is no such field.
    fn index(&self, name: HeaderName) -> &HeaderValue {
        self.get(name).expect("the field is there")
    }
}

impl FromIterator<(HeaderName, HeaderValue)> for Headers {
    fn from_iter<I: IntoIterator<Item = (HeaderName, HeaderValue)>>(fields: I) -> Self {
        let mut headers = Headers::default();
        headers.extend(fields);
        headers
    }
}

impl Extend<(HeaderName, HeaderValue)> for Headers {
    fn extend<I: IntoIterator<Item = (HeaderName, HeaderValue)>>(&mut self, fields: I) {
        for (name, value) in fields {
            self.append(name, value);
        }
    }
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        let mut last = None;
        let mut headers = Headers::with_capacity(map.len());
        // The map says the name of several fields once.
        for (name, value) in map {
            last = name.or(last);
            headers.extend(last.clone().map(|name| (name, value)));
        }
        headers
    }
}

impl From<Headers> for HeaderMap {
    fn from(headers: Headers) -> Self {
        let mut map = HeaderMap::with_capacity(headers.len());
        for Field { name, value, .. } in headers.list {
            map.append(name, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> Headers {
        let field = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        fields.iter().map(field).collect()
    }

    #[test]
    fn fields_of_one_name_stay_in_order() {
        let headers = headers(&[("a", "1"), ("host", "x"), ("a", "2")]);

        assert_eq!(headers.get("a").unwrap(), "1");
        assert_eq!(headers.get_all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(headers.get(header::HOST).unwrap(), "x");
        assert_eq!((headers.get("b"), headers.contains_key(header::RANGE)), (None, false));
    }

    #[test]
    fn a_field_that_is_inserted_takes_the_place_of_all_of_its_name() {
        let mut headers = headers(&[("a", "1"), ("b", "2"), ("a", "3")]);
        headers.insert(HeaderName::from_static("a"), HeaderValue::from_static("4"));

        assert_eq!(headers, super::tests::headers(&[("b", "2"), ("a", "4")]));
    }

    #[test]
    fn a_field_that_is_taken_out_is_gone() {
        let mut headers = headers(&[("cookie", "1"), ("b", "2"), ("cookie", "3")]);
        headers.remove(header::COOKIE);
        assert!(!headers.contains_key("cookie") && headers.len() == 1);

        headers.retain(|name| name != "b");
        assert!(headers.is_empty());
    }

    #[test]
    fn every_field_goes_to_the_map_of_a_library_and_back() {
        let fields = [("a", "1"), ("a", "2"), ("b", "3")];
        let map = HeaderMap::from(headers(&fields));

        assert_eq!(map.get_all("a").iter().count(), 2);
        let back = Headers::from(map);
        assert_eq!(back.get_all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((back.get("b").unwrap().as_bytes(), back.len()), (&b"3"[..], 3));
    }

    #[test]
    fn what_is_seldom_sent_shares_no_bit_with_what_always_is() {
        const USUAL: [&str; 12] = [
            "host",
            "user-agent",
            "accept",
            "accept-encoding",
            "authorization",
            "content-length",
            "content-type",
            "te",
            "cache",
            "agent",
            "grpc-timeout",
            "grpc-accept-encoding",
        ];
        const SELDOM: [&str; 13] = [
            "origin",
            "range",
            "if-match",
            "if-none-match",
            "if-range",
            "content-encoding",
            "content-range",
            "transfer-encoding",
            "expect",
            "cookie",
            "error-rpcs",
            "delay-rpcs",
            "x-free-remaining-bytes",
        ];
        let usual = USUAL.iter().fold(0, |bits, name| bits | bit(name));
        let shared: Vec<_> = SELDOM.iter().filter(|name| usual & bit(name) != 0).collect();
        assert!(shared.is_empty(), "{shared:?}");
    }
}
