//! Several single values in one request, in the order of the request.

use attimo_engine::commands::scalar::{Get, KeyExists, Set};
use attimo_engine::{Found, Ttl, work_of};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::body;
use super::json::{self, Each, Element, Shown, Whole};
use super::query::lifetime;
use super::reply::no_content;
use super::request::{CacheRequest, Handler};
use crate::error::{Error, Result};
use crate::gate::{Call, PREFETCHED};
use crate::limits::REPLY_BYTES;
use crate::message::Response;
use crate::methods::Api;
use crate::steps::COMMAND;

/// The handler of a method; `None` if it is not in this module.
pub(super) fn handler(api: Api) -> Option<Handler> {
    Some(match api {
        Api::KeysExist => exists,
        Api::GetBatch => get,
        Api::SetBatch => put,
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys<'a> {
    #[serde(borrow)]
    keys: Vec<Element<'a>>,
}

impl<'a> Keys<'a> {
    /// The keys in `body`, all of which the caller must be allowed to use.
    fn of(body: &'a [u8], call: &Call<'_>) -> Result<Self> {
        let keys: Self = body::read(body, call.steps())?;
        keys.keys.iter().try_for_each(|key| call.allow(key))?;
        Ok(keys)
    }
}

/// The value at each key.
fn get(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Items<T> {
        items: T,
    }
    #[derive(Serialize)]
    struct Item<'a> {
        key: Shown<'a>,
        found: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Shown<'a>>,
    }
    request.run(Api::GetBatch, |call| {
        let encoding = request.query.encoding()?;
        let Keys { keys } = Keys::of(request.json()?, call)?;
        let mut values = Vec::with_capacity(keys.len());
        let mut reply_bytes = 0;
        for (at, key) in keys.iter().enumerate() {
            prefetch(call, at, &keys, |key| key);
            call.steps().work(COMMAND);
            let value = call.run(Get::new(key, |found: Found<'_>| found.to_bytes()))?;
            reply_bytes += value.as_ref().map_or(0, Bytes::len);
            if reply_bytes > REPLY_BYTES {
                return Err(Error::ReplyTooLarge(REPLY_BYTES));
            }
            call.steps().hold(reply_bytes)?;
            values.push(value);
        }
        let items = || {
            keys.iter().zip(&values).map(|(key, value)| Item {
                key: encoding.show(key),
                found: value.is_some(),
                value: value.as_ref().map(|value| encoding.show(value)),
            })
        };
        json::long_reply(&Items { items: Each(items) }, request.steps)
    })
}

/// Writes values, each with its own lifetime or the query's. Whatever can be refused is refused
/// before the first is written.
fn put(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Items<'a> {
        #[serde(borrow)]
        items: Vec<Item<'a>>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item<'a> {
        #[serde(borrow)]
        key: Element<'a>,
        #[serde(borrow)]
        value: Element<'a>,
        ttl_seconds: Option<Whole<u64>>,
    }
    request.run(Api::SetBatch, |call| {
        let Items { items } = body::read(request.json()?, request.steps)?;
        let default = request.query.optional_ttl()?;
        for item in &items {
            call.allow(&item.key)?;
        }
        let mut ttls: Vec<Ttl> = Vec::with_capacity(items.len());
        for item in &items {
            let own = item.ttl_seconds.map(|Whole(seconds)| lifetime(seconds)).transpose()?;
            let none = "ttl_seconds is missing: an item has none, nor has the query";
            let ttl = own.or(default).ok_or(Error::Malformed(none))?;
            ttls.push(ttl);
        }
        let values = items.iter().zip(&ttls);
        call.admit(values.map(|(item, ttl)| (&*item.key, &*item.value, *ttl)))?;
        for (at, (Item { key, value, .. }, ttl)) in items.iter().zip(ttls).enumerate() {
            prefetch(call, at, &items, |item| &item.key);
            call.steps().work(COMMAND + work_of(value.len()));
            let value: &[u8] = value;
            call.run(Set { key, value: value.into(), ttl })?;
        }
        Ok(no_content())
    })
}

/// Whether there is an item at each key.
fn exists(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Exists {
        exists: Vec<bool>,
    }
    request.run(Api::KeysExist, |call| {
        let Keys { keys } = Keys::of(request.json()?, call)?;
        let mut exists = Vec::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            prefetch(call, at, &keys, |key| key);
            call.steps().work(COMMAND);
            let found = call.run(KeyExists { key })?;
            exists.push(found);
        }
        json::long_reply(&Exists { exists }, request.steps)
    })
}

/// Prefetches the next items of a request, once for as many as that is possible for.
fn prefetch<T>(call: &Call<'_>, at: usize, items: &[T], key: impl Fn(&T) -> &[u8]) {
    if at.is_multiple_of(PREFETCHED) {
        call.prefetch(items[at..].iter().map(key));
    }
}
