//! Dictionaries: values by field.

use attimo_engine::commands::dictionary::{Delete, Fetch, Increment, Length, Remove, Set};
use serde::{Deserialize, Serialize};

use super::body;
use super::collection::{head, length_found, slices};
use super::json::{self, Each, Element, Shown};
use super::reply::{Number, no_content};
use super::request::{CacheRequest, Handler};
use super::status;
use crate::error::Result;
use crate::message::Response;
use crate::methods::Api;

/// The handler of a method; `None` if it is not in this module.
pub(super) fn handler(api: Api) -> Option<Handler> {
    Some(match api {
        Api::DictionaryGet | Api::DictionaryFetch => get,
        Api::DictionarySet => set,
        Api::DictionaryIncrement => increment,
        Api::DictionaryDelete => delete,
        Api::DictionaryLength => length,
        _ => return None,
    })
}

#[derive(Serialize)]
struct Fields<T> {
    fields: T,
}

/// All fields, or those that the query names.
fn get(request: &CacheRequest<'_>) -> Result<Response> {
    if request.query.has("field") { some(request) } else { all(request) }
}

fn all(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Field<'a> {
        field: Shown<'a>,
        value: Shown<'a>,
    }
    request.run(Api::DictionaryFetch, |call| {
        let (key, encoding) = (&*request.query.element("key")?, request.query.encoding()?);
        if request.is_head {
            return Ok(head(call.run(Length::new(key))?));
        }
        let Some(pairs) = call.run(Fetch { key })? else { return Ok(status::key_not_found()) };
        let field =
            |(field, value)| Field { field: encoding.show(field), value: encoding.show(value) };
        json::long_reply(&Fields { fields: Each(|| pairs.iter().map(field)) }, request.steps)
    })
}

fn some(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Sought<'a> {
        field: Shown<'a>,
        found: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Shown<'a>>,
    }
    request.run(Api::DictionaryGet, |call| {
        let (key, encoding) = (&*request.query.element("key")?, request.query.encoding()?);
        let fields = request.query.some_elements("field")?;
        let Some(values) = call.fields(key, slices(&fields), |value| value)? else {
            // It is counted already.
            return Ok(status::key_not_found());
        };
        let items = || {
            slices(&fields).zip(&values).map(|(field, value)| Sought {
                field: encoding.show(field),
                found: value.is_some(),
                value: value.as_deref().map(|value| encoding.show(value)),
            })
        };
        json::long_reply(&Fields { fields: Each(items) }, request.steps)
    })
}

/// Writes fields; the others stay.
fn set(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Given<'a> {
        #[serde(borrow)]
        fields: Vec<Pair<'a>>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair<'a> {
        #[serde(borrow)]
        field: Element<'a>,
        #[serde(borrow)]
        value: Element<'a>,
    }
    request.run(Api::DictionarySet, |call| {
        let (key, ttl) = (&*request.query.element("key")?, request.query.collection_ttl()?);
        let given: Given<'_> = body::read(request.json()?, request.steps)?;
        let pairs = given.fields.iter().map(|pair| (&*pair.field, &*pair.value));
        call.run(Set { key, pairs, ttl })?;
        Ok(no_content())
    })
}

/// Removes the fields that the query names, or all of it.
fn delete(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::DictionaryDelete, |call| {
        request.query.only(&["key", "field"])?;
        let key = &*request.query.element("key")?;
        if request.query.has("field") {
            let fields = request.query.some_elements("field")?;
            let fields = slices(&fields);
            call.run(Remove::new(key, fields))?;
        } else {
            call.run(Delete::new(key))?;
        }
        Ok(no_content())
    })
}

/// How many fields there are.
fn length(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::DictionaryLength, |call| {
        let key = &*request.query.element("key")?;
        let length = call.run(Length::new(key))?;
        length_found(length)
    })
}

/// Adds to the whole number in a field.
fn increment(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::DictionaryIncrement, |call| {
        let (key, field) = (&*request.query.element("key")?, &*request.query.element("field")?);
        let (amount, ttl) = (request.query.amount()?, request.query.collection_ttl()?);
        let value = call.run(Increment { key, field, amount, ttl })?;
        json::reply(&Number { value })
    })
}
