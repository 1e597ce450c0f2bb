//! Several single values in one request, in the order of the request.

use attimo_engine::commands::scalar::{Get, KeyExists, Set};
use attimo_engine::{Found, Ttl};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::body;
use super::json::{self, Each, Element, Shown};
use super::query::lifetime;
use super::reply::no_content;
use super::request::{CacheRequest, Handler};
use super::whole::Whole;
use crate::error::{Error, Result};
use crate::gate::Call;
use crate::limits::REPLY_BYTES;
use crate::message::Response;
use crate::methods::Api;

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
        call.allow_each(keys.keys.iter().map(|key| Ok(&**key)))?;
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
        let copied = |found: Found<'_>| found.to_bytes();
        let commands = keys.iter().map(|key| Ok(Get::new(key, copied)));
        call.run_each(commands, REPLY_BYTES, |value| {
            let bytes = value.as_ref().map_or(0, Bytes::len);
            values.push(value);
            Ok(bytes)
        })?;
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
        call.allow_each(items.iter().map(|item| Ok(&*item.key)))?;
        let mut ttls: Vec<Ttl> = Vec::with_capacity(items.len());
        for item in &items {
            let own = item.ttl_seconds.map(|Whole(seconds)| lifetime(seconds)).transpose()?;
            let none = "ttl_seconds is missing: an item has none, nor has the query";
            let ttl = own.or(default).ok_or(Error::Malformed(none))?;
            ttls.push(ttl);
        }
        let values = items.iter().zip(&ttls);
        call.admit(values.map(|(item, ttl)| (&*item.key, &*item.value, *ttl)))?;
        let commands = items.iter().zip(ttls).map(|(Item { key, value, .. }, ttl)| {
            let value: &[u8] = value;
            Ok(Set { key, value: value.into(), ttl })
        });
        call.run_each(commands, REPLY_BYTES, |()| Ok(0))?;
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
        let commands = keys.iter().map(|key| Ok(KeyExists { key }));
        call.run_each(commands, REPLY_BYTES, |found| {
            exists.push(found);
            Ok(size_of_val(&found))
        })?;
        json::long_reply(&Exists { exists }, request.steps)
    })
}
