//! The keys of a cache, a page at a time.

use serde::Serialize;

use super::json::{self, Each, Encoding};
use super::query::Query;
use super::request::{CacheRequest, Handler};
use crate::error::{Error, Result};
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

/// The keys that start with the query's prefix; none are looked for if only the head is sent.
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
        if request.is_head {
            call.check_listing(prefix, token.as_deref())?;
            return Ok(json::head());
        }
        let page = call.list(prefix, most, token.as_deref())?;
        // As text, a key of megabytes could take six times as much.
        let encoding = if page.is_long { Encoding::Base64 } else { encoding };
        let keys = || page.keys.iter().map(|key| encoding.show(key));
        json::long_reply(&Keys { keys: Each(keys), next_token: page.next_token }, request.steps)
    })
}

/// How much a page has at most: what the query asks for, at most `most`, or else `default`.
pub(super) fn limit(query: &Query<'_>, default: usize, most: usize) -> Result<usize> {
    let Some(text) = query.text("limit")? else { return Ok(default) };
    let asked = text.parse().ok().filter(|asked| (1..=most).contains(asked));
    let wrong = || Error::Invalid(format!("limit must be a whole number from 1 to {most}"));
    asked.ok_or_else(wrong)
}
