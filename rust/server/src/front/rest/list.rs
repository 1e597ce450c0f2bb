//! Lists: elements in order.

use std::num::NonZeroU32;

use attimo_engine::commands::list::{EraseAll, Fetch, Length, Pop, Push, RemoveValue, Retain};
use attimo_engine::{CollectionTtl, End, Ttl};
use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};

use super::body;
use super::collection::{self, length_found, slices};
use super::json::{self, Each, Element, Shown};
use super::reply::no_content;
use super::request::Asked;
use super::status;
use crate::api::Api;
use crate::error::Result;

/// The elements from `start` to `end`.
pub(super) fn fetch(asked: &Asked<'_>) -> Result<Response<Bytes>> {
    #[derive(Serialize)]
    struct Values<T> {
        values: T,
    }
    asked.run(Api::ListFetch, |call| {
        let (key, encoding) = (&*asked.query.element("key")?, asked.query.encoding()?);
        let slice = asked.query.slice()?;
        let Some(values) = call.run(Fetch { key, slice })? else {
            return Ok(status::key_not_found());
        };
        let values = || values.iter().map(|value| encoding.show(value));
        json::reply(&Values { values: Each(values) })
    })
}

/// Removes all elements that are equal to the query's value, or the whole list.
pub(super) fn delete(asked: &Asked<'_>) -> Result<Response<Bytes>> {
    let api = if asked.query.has("value") { Api::ListRemove } else { Api::ListErase };
    asked.run(api, |call| {
        asked.query.only(&["key", "value"])?;
        let key = &*asked.query.element("key")?;
        if api == Api::ListRemove {
            let value = &*asked.query.element("value")?;
            call.run(RemoveValue { key, value })?;
        } else {
            call.run(EraseAll { key })?;
        }
        Ok(no_content())
    })
}

/// How many elements there are.
pub(super) fn length(asked: &Asked<'_>) -> Result<Response<Bytes>> {
    asked.run(Api::ListLength, |call| {
        let key = &*asked.query.element("key")?;
        let length = call.run(Length { key })?;
        length_found(length)
    })
}

/// Adds values behind the last one.
pub(super) fn push_back(asked: &Asked<'_>) -> Result<Response<Bytes>> {
    push(asked, Api::ListConcatenateBack, End::Back)
}

/// Adds values before the first one, in the order in which they are given.
pub(super) fn push_front(asked: &Asked<'_>) -> Result<Response<Bytes>> {
    push(asked, Api::ListConcatenateFront, End::Front)
}

fn push(asked: &Asked<'_>, api: Api, at: End) -> Result<Response<Bytes>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Given<'a> {
        #[serde(borrow)]
        values: Vec<Element<'a>>,
    }
    asked.run(api, |call| {
        let (key, ttl) = (&*asked.query.element("key")?, asked.query.collection_ttl()?);
        let truncate =
            asked.query.parsed("truncate_to", "a whole number from 0 (no limit) to 4294967295")?;
        let given: Given<'_> = body::read(asked.json()?)?;
        let values = slices(&given.values);
        let truncate = truncate.and_then(NonZeroU32::new);
        collection::length(call.run(Push { key, at, values, truncate, ttl })?)
    })
}

/// Takes the last element off.
pub(super) fn pop_back(asked: &Asked<'_>) -> Result<Response<Bytes>> {
    pop(asked, Api::ListPopBack, End::Back)
}

/// Takes the first element off.
pub(super) fn pop_front(asked: &Asked<'_>) -> Result<Response<Bytes>> {
    pop(asked, Api::ListPopFront, End::Front)
}

fn pop(asked: &Asked<'_>, api: Api, at: End) -> Result<Response<Bytes>> {
    #[derive(Serialize)]
    struct Popped<'a> {
        value: Shown<'a>,
        length: usize,
    }
    asked.run(api, |call| {
        let (key, encoding) = (&*asked.query.element("key")?, asked.query.encoding()?);
        let Some((value, length)) = call.run(Pop { key, at })? else {
            return Ok(status::key_not_found());
        };
        json::reply(&Popped { value: encoding.show(&value), length })
    })
}

/// Removes all but the elements from `start` to `end`. It makes nothing, so a time is needed only
/// by who wants to give the list another one.
pub(super) fn retain(asked: &Asked<'_>) -> Result<Response<Bytes>> {
    asked.run(Api::ListRetain, |call| {
        let (key, slice) = (&*asked.query.element("key")?, asked.query.slice()?);
        let ttl = match asked.query.optional_ttl()? {
            Some(ttl) => CollectionTtl { ttl, refresh: asked.query.flag("refresh_ttl", true)? },
            None => CollectionTtl { ttl: Ttl::FOREVER, refresh: false },
        };
        match call.run(Retain { key, slice, ttl })? {
            Some(left) => collection::length(left),
            None => Ok(status::key_not_found()),
        }
    })
}
