//! Sets of unique elements.

use attimo_engine::Elements;
use attimo_engine::commands::set::{Contains, Delete, Fetch, Length, Pop, Remove, Sample, Union};
use serde::{Deserialize, Serialize};

use super::body;
use super::collection::{head, length_found, slices};
use super::json::{self, Each, Element, Encoding};
use super::query::WHOLE;
use super::reply::no_content;
use super::request::{CacheRequest, Handler};
use super::status;
use crate::error::{Error, Result};
use crate::message::Response;
use crate::methods::Api;
use crate::steps::Steps;

/// The handler of a method; `None` if it is not in this module.
pub(super) fn handler(api: Api) -> Option<Handler> {
    Some(match api {
        Api::SetFetch => fetch,
        Api::SetSample => sample,
        Api::SetUnion => add,
        Api::SetDifference => delete,
        Api::SetContains => contains,
        Api::SetLength => length,
        Api::SetPop => pop,
        _ => return None,
    })
}

/// All elements.
fn fetch(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::SetFetch, |call| {
        let (key, encoding) = (&*request.query.element("key")?, request.query.encoding()?);
        if request.is_head {
            return Ok(head(call.run(Length::new(key))?));
        }
        let elements = call.run(Fetch { key })?;
        found(elements, encoding, request.steps)
    })
}

/// Random elements, which stay in the set.
fn sample(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::SetSample, |call| {
        let (key, encoding) = (&*request.query.element("key")?, request.query.encoding()?);
        let limit = request.query.parsed("limit", WHOLE)?;
        let limit = limit.ok_or(Error::Malformed("limit is missing"))?;
        let elements = call.run(Sample { key, limit })?;
        found(elements, encoding, request.steps)
    })
}

/// Removes and returns random elements.
fn pop(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::SetPop, |call| {
        let (key, encoding) = (&*request.query.element("key")?, request.query.encoding()?);
        let count = request.query.parsed("count", WHOLE)?.unwrap_or(1);
        let elements = call.run(Pop { key, count })?;
        found(elements, encoding, request.steps)
    })
}

fn found(elements: Option<Elements>, encoding: Encoding, steps: &Steps<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Found<T> {
        elements: T,
    }
    let Some(elements) = elements else { return Ok(status::key_not_found()) };
    let elements = || elements.iter().map(|element| encoding.show(element));
    json::long_reply(&Found { elements: Each(elements) }, steps)
}

/// Adds elements.
fn add(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Given<'a> {
        #[serde(borrow)]
        elements: Vec<Element<'a>>,
    }
    request.run(Api::SetUnion, |call| {
        let (key, ttl) = (&*request.query.element("key")?, request.query.collection_ttl()?);
        let given: Given<'_> = body::read(request.json()?, request.steps)?;
        let elements = slices(&given.elements);
        call.run(Union { key, elements, ttl })?;
        Ok(no_content())
    })
}

/// Removes the elements that the query names, or all of it.
fn delete(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::SetDifference, |call| {
        request.query.only(&["key", "element"])?;
        let key = &*request.query.element("key")?;
        if request.query.has("element") {
            let elements = request.query.some_elements("element")?;
            let elements = slices(&elements);
            call.run(Remove::new(key, elements))?;
        } else {
            call.run(Delete::new(key))?;
        }
        Ok(no_content())
    })
}

/// How many elements there are.
fn length(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::SetLength, |call| {
        let key = &*request.query.element("key")?;
        let length = call.run(Length::new(key))?;
        length_found(length)
    })
}

/// Which of the elements that the query names are there.
fn contains(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Contained {
        contains: Vec<bool>,
    }
    request.run(Api::SetContains, |call| {
        let key = &*request.query.element("key")?;
        let elements = request.query.some_elements("element")?;
        let elements = slices(&elements);
        let mut contains = Vec::with_capacity(elements.len());
        let read = |is_in: bool| contains.push(is_in);
        if !call.run(Contains { key, elements, read })? {
            return Ok(status::key_not_found());
        }
        json::long_reply(&Contained { contains }, request.steps)
    })
}
