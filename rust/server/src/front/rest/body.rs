//! Reads JSON bodies, with error messages of our own.
//!
//! serde's messages are about Rust types, and it accepts an array for an object; so everything is
//! read through [`Ours`].

use std::fmt::{self, Display};
use std::io;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, Expected, IgnoredAny, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::error::{Error, Result};
use crate::steps::Steps;

/// How much work it is to read an element or the name of a field, in units of [`Steps::work`].
const READING: usize = 8;

/// Reads the body of a request.
///
/// # Errors
///
/// [`Error::Invalid`], with the place in the body.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8], steps: &Steps<'_>) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    match T::deserialize(Ours(&mut reader, steps)) {
        Ok(read) if reader.end().is_ok() => Ok(read),
        _ => Err(Error::Invalid(complaint::<T>(body, steps))),
    }
}

/// The error, found by reading again: tracking the place has a cost.
fn complaint<'a, T: Deserialize<'a>>(body: &'a [u8], steps: &Steps<'_>) -> String {
    if let Err(error) = serde_json::from_reader::<_, IgnoredAny>(InSteps(body, steps)) {
        let (line, column) = (error.line(), error.column());
        return if error.is_eof() {
            "body: the JSON ends too early".to_owned()
        } else {
            format!("body: cannot be read as JSON at line {line}, column {column}")
        };
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(Ours(&mut reader, steps)) {
        Err(error) if error.path().iter().next().is_some() => error.to_string(),
        Err(error) => format!("body: {}", error.inner()),
        Ok(_) => "body: cannot be read".to_owned(),
    }
}

/// The error of a value whose place is known.
#[derive(Debug)]
struct Wrong(String);

impl Wrong {
    /// An error of an inner reader, which adds its own place.
    fn below(error: impl Display) -> Self {
        let mut said = error.to_string();
        if let Some((words, place)) = said.rsplit_once(" at line ")
            && place.bytes().all(|byte| byte.is_ascii_digit() || b" column".contains(&byte))
        {
            said.truncate(words.len());
        }
        Wrong(said)
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl serde::de::Error for Wrong {
    fn custom<T: Display>(words: T) -> Self {
        Wrong(words.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, allowed: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(value) => value.to_string(),
            Unexpected::Unsigned(number) => number.to_string(),
            Unexpected::Signed(number) => number.to_string(),
            Unexpected::Float(number) => format!("{number:?}"), // 1e300, not 301 digits
            Unexpected::Unit | Unexpected::Option => "null".to_owned(),
            Unexpected::Seq => "an array".to_owned(),
            Unexpected::Map => "an object".to_owned(),
            _ => "a string".to_owned(),
        };
        Wrong(format!("must be {}, not {found}", in_json(allowed)))
    }

    fn invalid_value(_: Unexpected<'_>, allowed: &dyn Expected) -> Self {
        Wrong(format!("must be {}", in_json(allowed)))
    }

    fn unknown_variant(_: &str, allowed: &'static [&'static str]) -> Self {
        Wrong(format!("must be one of {}", allowed.join(", ")))
    }

    fn unknown_field(_: &str, allowed: &'static [&'static str]) -> Self {
        Wrong(format!("is not a known field; known are {}", allowed.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Wrong(format!("{field} is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Wrong(format!("{field} is there twice"))
    }
}

/// The expected type, in JSON terms instead of Rust's.
fn in_json(allowed: &dyn Expected) -> String {
    let words = allowed.to_string();
    match words.as_str() {
        "a sequence" => "an array".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        _ if words.starts_with("struct ") => "an object".to_owned(),
        _ => words,
    }
}

/// Bytes that are read in steps.
struct InSteps<'a>(&'a [u8], &'a Steps<'a>);

impl io::Read for InSteps<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(to)?;
        self.1.work(1 + read);
        Ok(read)
    }
}

/// Wraps another deserializer to produce our error messages, and to read elements in steps.
struct Ours<'s, R>(R, &'s Steps<'s>);

impl<'de, R: Deserializer<'de>> Deserializer<'de> for Ours<'_, R> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Told<V::Value> {
        self.0.deserialize_any(Telling::new(visitor, true, self.1)).map_err(Wrong::below)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Told<V::Value> {
        self.0.deserialize_any(Telling::new(visitor, false, self.1)).map_err(Wrong::below)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Told<V::Value> {
        self.0.deserialize_option(Telling::new(visitor, true, self.1)).map_err(Wrong::below)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Told<V::Value> {
        visitor.visit_enum(String::deserialize(self)?.into_deserializer())
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

type Told<T> = std::result::Result<T, Wrong>;

/// Passes what another deserializer finds to `visitor`, and returns its result.
struct Telling<'s, V> {
    visitor: V,
    takes_array: bool,
    steps: &'s Steps<'s>,
}

impl<'s, V> Telling<'s, V> {
    fn new(visitor: V, takes_array: bool, steps: &'s Steps<'s>) -> Self {
        Telling { visitor, takes_array, steps }
    }
}

/// Passes one kind of value to the visitor unchanged.
macro_rules! take {
    ($($visit:ident($value:ty))*) => {$(
        fn $visit<E: serde::de::Error>(self, value: $value) -> std::result::Result<V::Value, E> {
            self.visitor.$visit(value).map_err(|wrong: Wrong| E::custom(wrong))
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Telling<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    take! {
        visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64)
        visit_str(&str) visit_borrowed_str(&'de str)
    }

    fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<V::Value, E> {
        self.visitor.visit_unit().map_err(|wrong: Wrong| E::custom(wrong))
    }

    fn visit_none<E: serde::de::Error>(self) -> std::result::Result<V::Value, E> {
        self.visitor.visit_none().map_err(|wrong: Wrong| E::custom(wrong))
    }

    fn visit_some<R: Deserializer<'de>>(
        self,
        reader: R,
    ) -> std::result::Result<V::Value, R::Error> {
        self.visitor.visit_some(Ours(reader, self.steps)).map_err(R::Error::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> std::result::Result<V::Value, A::Error> {
        if !self.takes_array {
            let wrong = Wrong::invalid_type(Unexpected::Seq, &self.visitor);
            return Err(A::Error::custom(wrong));
        }
        self.visitor.visit_seq(Ours(array, self.steps)).map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> std::result::Result<V::Value, A::Error> {
        self.visitor.visit_map(Ours(object, self.steps)).map_err(A::Error::custom)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Ours<'_, A> {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Told<Option<S::Value>> {
        self.1.work(READING);
        self.0.next_element_seed(Ours(seed, self.1)).map_err(Wrong::below)
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Ours<'_, A> {
    type Error = Wrong;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Told<Option<S::Value>> {
        self.1.work(READING);
        self.0.next_key_seed(Ours(seed, self.1)).map_err(Wrong::below)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Told<S::Value> {
        self.0.next_value_seed(Ours(seed, self.1)).map_err(Wrong::below)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Ours<'_, S> {
    type Value = S::Value;

    fn deserialize<R: Deserializer<'de>>(
        self,
        reader: R,
    ) -> std::result::Result<S::Value, R::Error> {
        self.0.deserialize(Ours(reader, self.1)).map_err(R::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer<'a> {
        #[serde(borrow)]
        inner: Vec<Inner<'a>>,
        by: Option<By>,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
        number: Option<f32>,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum By {
        Sum,
        Min,
    }

    #[test]
    fn what_is_right_is_read_and_text_is_not_copied() {
        let body = br#" {"by": "min", "inner": [{"text": "a"}, {"number": 1, "text": "\n"}]} "#;
        let read: Outer<'_> = read(body, &Steps::one()).unwrap();

        assert_eq!(read.by, Some(By::Min));
        assert!(matches!(read.inner[0].text, Cow::Borrowed("a")));
        assert_eq!(read.inner[1], Inner { text: "\n".into(), number: Some(1.0) });
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_allowed() {
        for (body, words) in [
            ("", "body: the JSON ends too early"),
            ("{]", "body: cannot be read as JSON at line 1, column 2"),
            (r#"{"inner": []}}"#, "body: cannot be read as JSON at line 1, column 14"),
            (r#"{"inner": [{"number": 1e999}]}"#, "inner[0].number: number out of range"),
            ("7", "body: must be an object, not 7"),
            ("[[]]", "body: must be an object, not an array"),
            ("{}", "body: inner is missing"),
            (r#"{"inner": null}"#, "inner: must be an array, not null"),
            (r#"{"inner": [["a"]]}"#, "inner[0]: must be an object, not an array"),
            (r#"{"inner": [{}]}"#, "inner[0]: text is missing"),
            (r#"{"inner": [{"text": {}}]}"#, "inner[0].text: must be a string, not an object"),
            (
                r#"{"inner": [{"text": "", "number": "1"}]}"#,
                "inner[0].number: must be a number, not a string",
            ),
            (r#"{"inner": [], "by": "max"}"#, "by: must be one of sum, min"),
            (r#"{"inner": [], "by": {"sum": null}}"#, "by: must be a string, not an object"),
            (r#"{"inner": [], "x": 1}"#, "x: is not a known field; known are inner, by"),
            (r#"{"inner": [], "inner": []}"#, "body: inner is there twice"),
        ] {
            let error = read::<Outer<'_>>(body.as_bytes(), &Steps::one()).unwrap_err();
            assert_eq!(error.to_string(), words, "{body}");
        }
    }

    #[test]
    fn a_place_is_taken_off_only_if_it_is_one() {
        for (said, words) in [
            ("a at line 1 column 20", "a"),
            ("a at line x", "a at line x"),
            ("a at line 1 at line 2 column 3", "a at line 1"),
        ] {
            assert_eq!(Wrong::below(said).to_string(), words);
        }
    }
}
