//! Lists: elements in order.

use std::num::NonZeroU32;

use attimo_engine::commands::list::{
    Beside, Delete, Fetch, Insert, Inserted, Length, Pop, Push, RemoveValue, Retain,
};
use attimo_engine::{CollectionTtl, End, Ttl};
use serde::{Deserialize, Serialize};

use super::body;
use super::collection::{self, length_found, slices};
use super::json::{self, Each, Element, Shown};
use super::reply::no_content;
use super::request::{CacheRequest, Handler};
use super::status;
use crate::error::{Error, Result};
use crate::front::cause;
use crate::message::Response;
use crate::methods::Api;

/// The handler of a method; `None` if it is not in this module.
pub(super) fn handler(api: Api) -> Option<Handler> {
    Some(match api {
        Api::ListPopFront => pop_front,
        Api::ListPopBack => pop_back,
        Api::ListErase | Api::ListRemove => delete,
        Api::ListFetch => fetch,
        Api::ListLength => length,
        Api::ListConcatenateFront => push_front,
        Api::ListConcatenateBack => push_back,
        Api::ListRetain => retain,
        Api::ListInsert => insert,
        _ => return None,
    })
}

/// The elements from `start` to `end`.
fn fetch(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Values<T> {
        values: T,
    }
    request.run(Api::ListFetch, |call| {
        let (key, encoding) = (&*request.query.element("key")?, request.query.encoding()?);
        let slice = request.query.slice()?;
        if request.is_head && slice.is_whole() {
            return Ok(collection::head(call.run(Length::new(key))?));
        }
        let Some(values) = call.run(Fetch { key, slice })? else {
            return Ok(status::key_not_found());
        };
        let values = || values.iter().map(|value| encoding.show(value));
        json::long_reply(&Values { values: Each(values) }, request.steps)
    })
}

/// Removes all elements that are equal to the query's value, or the whole list.
fn delete(request: &CacheRequest<'_>) -> Result<Response> {
    let api = if request.query.has("value") { Api::ListRemove } else { Api::ListErase };
    request.run(api, |call| {
        request.query.only(&["key", "value"])?;
        let key = &*request.query.element("key")?;
        if api == Api::ListRemove {
            let value = &*request.query.element("value")?;
            call.run(RemoveValue { key, value })?;
        } else {
            call.run(Delete::new(key))?;
        }
        Ok(no_content())
    })
}

/// How many elements there are.
fn length(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::ListLength, |call| {
        let key = &*request.query.element("key")?;
        let length = call.run(Length::new(key))?;
        length_found(length)
    })
}

/// Adds values behind the last one.
fn push_back(request: &CacheRequest<'_>) -> Result<Response> {
    push(request, Api::ListConcatenateBack, End::Back)
}

/// Adds values before the first one, in the order in which they are given.
fn push_front(request: &CacheRequest<'_>) -> Result<Response> {
    push(request, Api::ListConcatenateFront, End::Front)
}

fn push(request: &CacheRequest<'_>, api: Api, at: End) -> Result<Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Given<'a> {
        #[serde(borrow)]
        values: Vec<Element<'a>>,
    }
    request.run(api, |call| {
        let (key, ttl) = (&*request.query.element("key")?, request.query.collection_ttl()?);
        let truncate = request
            .query
            .parsed("truncate_to", "a whole number from 0 (no limit) to 4294967295")?;
        let given: Given<'_> = body::read(request.json()?, request.steps)?;
        let values = slices(&given.values);
        let truncate = truncate.and_then(NonZeroU32::new);
        collection::length(call.run(Push { key, at, values, truncate, ttl })?)
    })
}

/// Takes the last element off.
fn pop_back(request: &CacheRequest<'_>) -> Result<Response> {
    pop(request, Api::ListPopBack, End::Back)
}

/// Takes the first element off.
fn pop_front(request: &CacheRequest<'_>) -> Result<Response> {
    pop(request, Api::ListPopFront, End::Front)
}

fn pop(request: &CacheRequest<'_>, api: Api, at: End) -> Result<Response> {
    #[derive(Serialize)]
    struct Popped<'a> {
        value: Shown<'a>,
        length: usize,
    }
    request.run(api, |call| {
        let (key, encoding) = (&*request.query.element("key")?, request.query.encoding()?);
        let Some((value, length)) = call.run(Pop { key, at })? else {
            return Ok(status::key_not_found());
        };
        json::reply(&Popped { value: encoding.show(&value), length })
    })
}

/// Removes all but the elements from `start` to `end`. It creates nothing, so a TTL is needed
/// only to change that of the list.
fn retain(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::ListRetain, |call| {
        let (key, slice) = (&*request.query.element("key")?, request.query.slice()?);
        let ttl = later_ttl(request)?;
        match call.run(Retain { key, slice, ttl })? {
            Some(left) => collection::length(left),
            None => Ok(status::key_not_found()),
        }
    })
}

/// Adds a value before or after the first element that is equal to another one. The list must exist,
/// so a TTL is optional.
fn insert(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Given<'a> {
        #[serde(borrow)]
        value: Element<'a>,
        #[serde(borrow)]
        before: Option<Element<'a>>,
        #[serde(borrow)]
        after: Option<Element<'a>>,
    }
    request.run(Api::ListInsert, |call| {
        let (key, ttl) = (&*request.query.element("key")?, later_ttl(request)?);
        let Given { value, before, after } = body::read(request.json()?, request.steps)?;
        let beside = match (&before, &after) {
            (Some(element), None) => Beside::Before(element),
            (None, Some(element)) => Beside::After(element),
            _ => return Err(Error::Malformed("body: pass exactly one of before and after")),
        };
        match call.run(Insert { key, value: &value, beside, ttl })? {
            Inserted::Length(length) => collection::length(length),
            Inserted::NoList => Ok(status::key_not_found()),
            Inserted::NoElement => Ok(no_such_element()),
        }
    })
}

fn no_such_element() -> Response {
    let message = "no element of the list is equal to before or after; the list is unchanged";
    status::problem(&cause::CONDITION, message)
}

/// The lifetime of a list that must exist: it stays as it is unless the request has another one.
fn later_ttl(request: &CacheRequest<'_>) -> Result<CollectionTtl> {
    Ok(match request.query.optional_ttl()? {
        Some(ttl) => CollectionTtl { ttl, refresh: request.query.flag("refresh_ttl", true)? },
        None => CollectionTtl { ttl: Ttl::FOREVER, refresh: false },
    })
}
