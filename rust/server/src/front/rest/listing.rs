//! The items of a cache, a page at a time: their keys, or what can be said of each without its
//! value.

use attimo_engine::{ItemType, Listed, Selection, Ttl};
use serde::Serialize;

use super::json::{self, Each, Encoding, Shown};
use super::query::Query;
use super::request::{CacheRequest, Handler};
use crate::error::{Error, Result};
use crate::gate::ItemPage;
use crate::limits::PAGE_KEYS;
use crate::message::Response;
use crate::methods::Api;

/// The path below a cache; with a prefix in the query, it is not a key.
pub(super) const PATH: &str = "keys";
/// The parameter with the start of the keys.
pub(super) const PREFIX: &str = "prefix";

/// The keys in a page whose request has no limit.
const DEFAULT_KEYS: usize = 1_000;

/// The handler of a method; `None` if it is not in this module.
pub(super) fn handler(api: Api) -> Option<Handler> {
    (api == Api::ListKeys).then_some(keys)
}

/// The items whose keys start with the query's prefix; none are looked for if only the head is sent.
fn keys(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Keys<T> {
        keys: T,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
    request.run(Api::ListKeys, |call| {
        let (prefix, encoding) = (&*request.query.element(PREFIX)?, request.query.encoding()?);
        let most = limit(&request.query, DEFAULT_KEYS, PAGE_KEYS)?;
        let token = request.query.text("next_token")?;
        let with_details = request.query.flag("details", false)?;
        if request.is_head {
            call.check_listing(prefix, token.as_deref())?;
            return Ok(json::head());
        }
        let selection = Selection { prefix, leaderboards: with_details };
        let page = call.list(selection, most, token.as_deref())?;
        // As text, a key of megabytes could take six times as much.
        let encoding = if page.is_long { Encoding::Base64 } else { encoding };
        if with_details {
            return described(page, encoding, request);
        }
        let keys = || page.items.iter().map(|item| encoding.show(&item.key));
        json::long_reply(&Keys { keys: Each(keys), next_token: page.next_token }, request.steps)
    })
}

/// The page, with what is known of each item beside its value.
fn described(page: ItemPage, encoding: Encoding, request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Items<T> {
        items: T,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
    let items = || page.items.iter().map(|item| Described::of(item, encoding));
    json::long_reply(&Items { items: Each(items), next_token: page.next_token }, request.steps)
}

#[derive(Serialize)]
struct Described<'a> {
    key: Shown<'a>,
    r#type: &'static str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_milliseconds: Option<u64>,
}

impl<'a> Described<'a> {
    fn of(item: &'a Listed, encoding: Encoding) -> Self {
        Described {
            key: encoding.show(&item.key),
            r#type: name(item.item_type),
            bytes: item.bytes,
            length: item.elements,
            ttl_milliseconds: item.ttl.map(|Ttl(milliseconds)| milliseconds),
        }
    }
}

/// The word for a type in answers.
pub(super) fn name(item_type: ItemType) -> &'static str {
    match item_type {
        ItemType::Scalar => "scalar",
        ItemType::Dictionary => "dictionary",
        ItemType::Set => "set",
        ItemType::List => "list",
        ItemType::SortedSet => "sorted-set",
        ItemType::Leaderboard => "leaderboard",
    }
}

/// How much a page has at most: what the query asks for, at most `most`, or else `default`.
pub(super) fn limit(query: &Query<'_>, default: usize, most: usize) -> Result<usize> {
    let Some(text) = query.text("limit")? else { return Ok(default) };
    let asked = text.parse().ok().filter(|asked| (1..=most).contains(asked));
    let wrong = || Error::Invalid(format!("limit must be a whole number from 1 to {most}"));
    asked.ok_or_else(wrong)
}
