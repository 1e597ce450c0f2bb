//! Single values, and items as a whole.

use attimo_engine::commands::scalar::{
    Delete, Get, Increment, ItemGetTtl, ItemGetType, Set, SetIf, SetIfHash, TtlChange, TtlChanged,
    UpdateTtl,
};
use attimo_engine::{Found, ItemType, Ttl, ValueHash};
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;

use super::conditions::{self, Wanted};
use super::content_type::ContentType;
use super::reply::{Number, empty, no_content};
use super::request::{CacheRequest, Handler};
use super::{json, listing, ranges, status};
use crate::error::{Error, Result};
use crate::message::{EntityTag, Response};
use crate::methods::Api;

/// The handler of a method; `None` if it is not in this module.
pub(super) fn handler(api: Api) -> Option<Handler> {
    Some(match api {
        Api::Get => get,
        Api::Set | Api::SetIf | Api::SetIfHash => put,
        Api::Delete => delete,
        Api::Increment => increment,
        Api::UpdateTtl => update_ttl,
        Api::ItemGetTtl => ttl,
        Api::ItemGetType => item_type,
        _ => return None,
    })
}

/// The value as it is, or the parts of it that the client asks for; 412 if it wants another, 304 if
/// it has this one.
fn get(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::Get, |call| {
        let key = request.key()?;
        let found = call.run(Get::new(&key, |found: Found<'_>| found.to_bytes()))?;
        let Some(value) = found else {
            return Ok(status::key_not_found());
        };
        // Unless it goes on to the end, the answer bears nothing of it.
        call.bears(0);
        // The digest is worked out here, where no lock is held.
        let etag = conditions::etag(ValueHash::of(&value));
        if !conditions::is_wanted(request.headers, &etag) {
            return Ok(status::condition_failed());
        }
        if conditions::matches_etag(request.headers, &etag) {
            return Ok(empty(StatusCode::NOT_MODIFIED, Some(etag)));
        }
        let wanted = if request.is_head {
            ranges::Wanted::All
        } else {
            ranges::Wanted::of(request.headers, &etag, value.len())
        };
        call.bears(wanted.len(&value));
        Ok(bearing(value, &wanted, etag, request.media()))
    })
}

/// The response with the requested part of `value`.
fn bearing(value: Bytes, wanted: &ranges::Wanted, etag: EntityTag, media: ContentType) -> Response {
    let mut response = match wanted {
        ranges::Wanted::All => ranges::all(value, media),
        ranges::Wanted::One(part) => ranges::one(&value, part.clone(), media),
        ranges::Wanted::Many(parts) => ranges::many(&value, parts, &media, &etag),
        ranges::Wanted::Nothing => return ranges::none(value.len()),
    };
    response.etag = Some(etag);
    response
}

/// Writes the value, if the conditions in the headers hold.
fn put(request: &CacheRequest<'_>) -> Result<Response> {
    let wanted = Wanted::of(request.headers);
    let api = match &wanted {
        Ok(Wanted::Nothing) | Err(_) => Api::Set,
        Ok(Wanted::Item(_)) => Api::SetIf,
        Ok(Wanted::Value(_)) => Api::SetIfHash,
    };
    request.run(api, |call| {
        let key = &*request.key()?;
        let (body, ttl) = (request.value()?, request.query.ttl()?);
        let value = body.into();
        let new_hash = match wanted? {
            Wanted::Nothing => {
                call.run(Set { key, value, ttl })?;
                return Ok(no_content());
            }
            Wanted::Item(condition) => {
                let stored = call.run(SetIf { key, condition, value, ttl })?;
                stored.then(|| ValueHash::of(body))
            }
            Wanted::Value(condition) => {
                call.run(SetIfHash::new(key, condition.on_hash(), value, ttl))?
            }
        };
        Ok(match new_hash {
            Some(hash) => empty(StatusCode::NO_CONTENT, Some(conditions::etag(hash))),
            None => status::condition_failed(),
        })
    })
}

/// Removes items of any type; all of them, or none if one is not the caller's to remove.
fn delete(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::Delete, |call| {
        let keys = request.keys()?;
        for key in &keys {
            call.allow(key)?;
        }
        for key in &keys {
            call.run(Delete { key })?;
        }
        Ok(no_content())
    })
}

/// Adds to the integer value.
fn increment(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::Increment, |call| {
        let key = &*request.query.element("key")?;
        let (amount, ttl) = (request.query.amount()?, request.query.ttl()?);
        let value = call.run(Increment { key, amount, ttl })?;
        json::reply(&Number { value })
    })
}

/// The remaining TTL of the item.
fn ttl(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Left {
        ttl_milliseconds: u64,
    }
    request.run(Api::ItemGetTtl, |call| {
        let key = &*request.query.element("key")?;
        match call.run(ItemGetTtl { key })? {
            Some(Ttl(ttl_milliseconds)) => json::reply(&Left { ttl_milliseconds }),
            None => Ok(status::key_not_found()),
        }
    })
}

/// Changes the TTL of the item.
fn update_ttl(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Updated {
        updated: bool,
    }
    request.run(Api::UpdateTtl, |call| {
        let key = &*request.query.element("key")?;
        let (ttl, only) = (request.query.ttl()?, request.query.text("only")?);
        let change = match only.as_deref() {
            None => TtlChange::Overwrite(ttl),
            Some("longer") => TtlChange::Increase(ttl),
            Some("shorter") => TtlChange::Decrease(ttl),
            Some(_) => return Err(Error::Malformed("only must be longer or shorter")),
        };
        match call.run(UpdateTtl { key, change })? {
            TtlChanged::Set => json::reply(&Updated { updated: true }),
            TtlChanged::NotSet => json::reply(&Updated { updated: false }),
            TtlChanged::Missing => Ok(status::key_not_found()),
        }
    })
}

/// The type of the item.
fn item_type(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Is {
        r#type: &'static str,
    }
    request.run(Api::ItemGetType, |call| {
        let key = &*request.query.element("key")?;
        let r#type = match call.run(ItemGetType { key })? {
            // A leaderboard never lies under a cache's key: they are kept apart.
            Some(ItemType::Leaderboard) | None => return Ok(status::key_not_found()),
            Some(found) => listing::name(found),
        };
        json::reply(&Is { r#type })
    })
}
