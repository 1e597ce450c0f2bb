//! `/topics/{cache}/{topic}`: publishing, and subscribing by long polls.
//!
//! A poll waits until there is a message, or half a minute. Its answer has the numbers by which the
//! next one goes on: so a client that polls in a loop misses nothing that the topic keeps.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use attimo_engine::LARGE_VALUE_BYTES;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use memchr::memchr;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use tokio::time::timeout;

use super::query::{Query, WHOLE};
use super::{json, media, paths, reply, status};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::front::{admission, basic};
use crate::gate::{DataRequest, Next, Subscribe, Subscription};
use crate::message::{Parts, Response};
use crate::methods::{Api, Verb};
use crate::stats::{Via, guarded};
use crate::steps::Steps;
use crate::topics::{Delivery, Gap, Message, Ready, Resume, Seat, Value};

/// How long a poll waits for a message.
const WAIT: Duration = Duration::from_secs(30);
/// The most items of an answer, and about how many bytes of messages they have at most.
const MOST_ITEMS: usize = 100;
const MOST_BYTES: usize = 1 << 20;
const NOT_UTF8: Error = Error::Malformed("body: `text/plain` must be UTF-8");
const NOT_A_NAME: Error = Error::Malformed("the names of the cache and the topic must be UTF-8");

/// The names of a cache and of a topic.
struct Place {
    cache: String,
    topic: String,
}

impl Place {
    /// Of a path; `None` if it has no topic.
    fn of(parts: &Parts) -> Option<Result<Self>> {
        let path = parts.target.path().strip_prefix(paths::TOPICS)?;
        let at = memchr(b'/', path.as_bytes())?;
        let name = |part| percent_decode_str(part).decode_utf8().map(String::from);
        let names = (name(&path[..at]), name(&path[at + 1..]));
        Some(match names {
            (Ok(cache), Ok(topic)) => Ok(Place { cache, topic }),
            _ => Err(NOT_A_NAME),
        })
    }
}

/// Publishes a message.
///
/// # Errors
///
/// Those of [`crate::gate::Call::publish`], and [`Error::Malformed`].
pub(super) fn publish(
    client: &Client,
    parts: &Parts,
    body: Result<Bytes>,
    now: Now,
    steps: &Steps<'_>,
) -> Result<Response> {
    let Some(place) = Place::of(parts) else { return Ok(status::no_such_path()) };
    let Place { cache, topic } = place?;
    let query = Query::of(&parts.target)?;
    let basic = basic::password(&parts.headers);
    let credential =
        admission::credential(client, parts, query.token.as_deref(), basic.as_deref())?;
    let worker = &client.worker;
    let gate = &worker.core.gate;
    let mut authorizations = client.authorizations.borrow_mut();
    let authorized =
        authorizations.authorize(gate, &worker.meter, credential, cache.as_bytes(), now);
    let authorization = &client.noting(authorized)?;
    let call = DataRequest { authorization, api: Api::Publish, via: Via::Http, now, steps };
    let value = body.and_then(|body| value(parts, &body));
    gate.serve(call, &worker.stats, value, |call, value| call.publish(&topic, value))?;
    Ok(reply::no_content())
}

/// The message in a body: text or bytes as its type says, or else text if it is UTF-8.
fn value(parts: &Parts, body: &Bytes) -> Result<Value> {
    media::whole(&parts.headers)?;
    let kind = parts.headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let is_utf8 = std::str::from_utf8(body).is_ok();
    let is_text = match kind.to_ascii_lowercase().as_slice() {
        b"application/octet-stream" => false,
        b"text/plain" if !is_utf8 => return Err(NOT_UTF8),
        _ => is_utf8,
    };
    // A short one would keep the read buffer that it is in.
    let is_long = body.len() >= LARGE_VALUE_BYTES;
    let bytes = if is_long { body.clone() } else { Bytes::copy_from_slice(body) };
    Ok(Value { bytes, is_text })
}

/// Subscribes, and waits for messages.
///
/// # Errors
///
/// Those of [`crate::gate::Call::subscribe`], and the reason if the subscription ends meanwhile.
pub(super) async fn poll(client: &Client, parts: &Parts) -> Result<Response> {
    let is_topic = Place::of(parts).is_some();
    if is_topic && Verb::of(&parts.method) != Some(Verb::Get) {
        let allowed = [Verb::Get, Verb::Post];
        return Ok(status::not_allowed(&parts.method, allowed.into_iter()));
    }
    let seat = Seat::default();
    let ready = seat.ready.clone();
    let Some(mut subscription) = guarded(|| subscribe(client, parts, seat))? else {
        return Ok(status::no_such_path());
    };
    let mut stopped = client.worker.stopped.clone();
    let found = tokio::select! {
        found = timeout(WAIT, items(client, &mut subscription, &ready)) => found,
        // An error means that the server itself is gone, which is a stop as well.
        _ = stopped.wait_for(|stop| *stop) => Ok(Ok(Vec::new())),
    };
    json::reply(&Items { items: found.unwrap_or_else(|_| Ok(Vec::new()))? })
}

fn subscribe(client: &Client, parts: &Parts, seat: Seat) -> Result<Option<Subscription>> {
    let Some(place) = Place::of(parts) else { return Ok(None) };
    let Place { cache, topic } = &place?;
    let query = Query::of(&parts.target)?;
    let number = query.parsed("sequence_number", WHOLE)?.unwrap_or(0);
    let page = query.parsed("sequence_page", WHOLE)?.unwrap_or(0);
    let basic = basic::password(&parts.headers);
    let credential =
        admission::credential(client, parts, query.token.as_deref(), basic.as_deref())?;
    let worker = &client.worker;
    let (now, steps, gate) = (worker.core.clock.now(), Steps::one(), &worker.core.gate);
    let mut authorizations = client.authorizations.borrow_mut();
    let authorized =
        authorizations.authorize(gate, &worker.meter, credential, cache.as_bytes(), now);
    let authorization = &client.noting(authorized)?;
    let (api, via) = (Api::Subscribe, Via::Http);
    let call = DataRequest { authorization, api, via, now, steps: &steps };
    let subscription = gate.serve(call, &worker.stats, Ok(()), |call, ()| {
        let resume = Resume { number, page };
        let asked = Subscribe { credential, authorization, cache, topic, resume, seat };
        call.subscribe(asked, &worker.permits, &worker.topics)
    })?;
    Ok(Some(subscription))
}

/// Waits until there are items.
async fn items(
    client: &Client,
    subscription: &mut Subscription,
    ready: &Ready,
) -> Result<Vec<Item>> {
    loop {
        let items = available(client, subscription)?;
        if !items.is_empty() {
            return Ok(items);
        }
        poll_fn(|cx| {
            ready.wake(cx);
            if ready.pop().is_some() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

fn available(client: &Client, subscription: &mut Subscription) -> Result<Vec<Item>> {
    let (now, mut items, mut bytes) = (client.worker.core.clock.now(), Vec::new(), 0);
    while items.len() < MOST_ITEMS && bytes < MOST_BYTES {
        match subscription.next(now) {
            Next::Delivery(Delivery::Message(message)) => {
                bytes += message.value.bytes.len();
                items.push(Item::Item(Shown::of(&message)));
            }
            Next::Delivery(Delivery::Gap(gap)) => items.push(Item::Discontinuity(gap.into())),
            // What is there is delivered first; the next poll is refused.
            Next::Over(why) if items.is_empty() => return Err(why),
            Next::Nothing | Next::Over(_) => break,
        }
    }
    Ok(items)
}

/// The answer to a poll.
#[derive(Serialize)]
struct Items {
    items: Vec<Item>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Item {
    Item(Shown),
    Discontinuity(Discontinuity),
}

#[derive(Serialize)]
struct Shown {
    topic_sequence_number: u64,
    sequence_page: u64,
    value: ShownValue,
    #[serde(skip_serializing_if = "String::is_empty")]
    publisher_id: String,
}

/// Text as it is, or bytes in base64.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ShownValue {
    Text(String),
    Binary(String),
}

impl Shown {
    fn of(message: &Message) -> Self {
        let Message { number, page, value, publisher, .. } = message;
        let value = match std::str::from_utf8(&value.bytes) {
            Ok(text) if value.is_text => ShownValue::Text(text.to_owned()),
            _ => ShownValue::Binary(STANDARD.encode(&value.bytes)),
        };
        Shown {
            topic_sequence_number: *number,
            sequence_page: *page,
            value,
            publisher_id: publisher.as_ref().to_owned(),
        }
    }
}

/// What was missed. Unlike over gRPC, `new_topic_sequence` is the number of the next message.
#[derive(Serialize)]
struct Discontinuity {
    last_topic_sequence: u64,
    new_topic_sequence: u64,
    new_sequence_page: u64,
}

impl From<Gap> for Discontinuity {
    fn from(gap: Gap) -> Self {
        Discontinuity {
            last_topic_sequence: gap.last,
            new_topic_sequence: gap.new + 1,
            new_sequence_page: gap.page,
        }
    }
}
