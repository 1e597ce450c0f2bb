//! The topics of a cache, a page at a time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::json::{self, Each};
use super::listing::{PREFIX, limit};
use super::request::{CacheRequest, Handler};
use crate::error::{Error, Result};
use crate::limits::PAGE_TOPICS;
use crate::message::Response;
use crate::methods::Api;
use crate::topics::ListedTopic;

/// The path below a cache; with a prefix in the query, it is not a key.
pub(super) const PATH: &str = "topics";

/// The topics in a page whose request has no limit.
const DEFAULT_TOPICS: usize = 100;
const FOREIGN_TOKEN: Error =
    Error::Malformed("next_token is not of a listing of topics: start again without it");

const NOT_UTF8: Error = Error::Malformed("prefix must be UTF-8, as names of topics are");

/// The handler of a method; `None` if it is not in this module.
pub(super) fn handler(api: Api) -> Option<Handler> {
    (api == Api::ListTopics).then_some(topics)
}

#[derive(Serialize)]
struct Topics<T> {
    topics: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
struct Topic<'a> {
    name: &'a str,
    sequence_page: u64,
    last_topic_sequence: u64,
    subscribers: u64,
    messages: usize,
    bytes: usize,
}

impl<'a> Topic<'a> {
    fn of(topic: &'a ListedTopic) -> Self {
        Topic {
            name: &topic.name,
            sequence_page: topic.page,
            last_topic_sequence: topic.last,
            subscribers: topic.subscribers,
            messages: topic.messages,
            bytes: topic.bytes,
        }
    }
}

/// The topics whose names start with the query's prefix, in their order.
fn topics(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::ListTopics, |call| {
        let prefix = request.query.element(PREFIX)?;
        let prefix = std::str::from_utf8(&prefix).map_err(|_| NOT_UTF8)?;
        let most = limit(&request.query, DEFAULT_TOPICS, PAGE_TOPICS)?;
        let after = match request.query.text("next_token")? {
            Some(token) => name(&token).ok_or(FOREIGN_TOKEN)?,
            None => String::new(),
        };
        let (listed, has_more) = call.list_topics(prefix, &after, most)?;
        let next_token = listed.last().filter(|_| has_more).map(|last| token(&last.name));
        if request.is_head {
            return Ok(json::head());
        }
        let topics = Each(|| listed.iter().map(Topic::of));
        json::long_reply(&Topics { topics, next_token }, request.steps)
    })
}

/// The token of the page after a topic, by which nobody should build names.
fn token(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

fn name(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}
