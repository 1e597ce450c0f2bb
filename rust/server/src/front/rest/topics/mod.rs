//! `/topics/{cache}/{topic}`: publishing, and subscribing by long polls or as a stream of events;
//! `/topics/{cache}`: streams of several topics, or a WebSocket.

use attimo_engine::LARGE_VALUE_BYTES;
use bytes::Bytes;

use self::topic_path::TopicPath;
use super::media::{self, MessageKind};
use super::{events, reply};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::front::streamed::Answered;
use crate::message::{Parts, Response};
use crate::methods::Verb;
use crate::stats::guarded;
use crate::steps::Steps;
use crate::topics::{Notifier, Value};

mod encoded;
mod event_stream;
mod item;
mod poll;
mod position;
mod publish;
mod session;
mod subscribe;
mod topic_path;
mod web_socket;

const NOT_UTF8: Error = Error::Malformed("body: `text/plain` must be UTF-8");

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
    let path = TopicPath::of(parts)?;
    let TopicPath { cache, topic: Some(topic) } = &path else { return Ok(path.not_allowed(parts)) };
    let value = body.and_then(|body| value(parts, &body));
    publish::publish(client, parts, (cache, topic), value, (now, steps))?;
    Ok(reply::no_content())
}

/// The message in a body: text or bytes as its type says, or else text if it is UTF-8.
fn value(parts: &Parts, body: &Bytes) -> Result<Value> {
    let is_utf8 = std::str::from_utf8(body).is_ok();
    let is_text = match media::message(&parts.headers)? {
        MessageKind::Bytes => false,
        MessageKind::Text if !is_utf8 => return Err(NOT_UTF8),
        MessageKind::Text | MessageKind::Either => is_utf8,
    };
    // A short one would keep the read buffer that it is in.
    let is_long = body.len() >= LARGE_VALUE_BYTES;
    let bytes = if is_long { body.clone() } else { Bytes::copy_from_slice(body) };
    Ok(Value { bytes, is_text })
}

/// Subscribes: answers a poll, or begins a stream or a WebSocket, which tell `notifier` when they have
/// something to send.
///
/// # Errors
///
/// Those of [`crate::gate::Call::subscribe`], and the reason if the subscription of a poll ends.
pub(super) async fn subscribe(
    client: &Client,
    parts: &Parts,
    notifier: Notifier,
) -> Result<Answered> {
    let path = TopicPath::of(parts)?;
    if web_socket::is_wanted(parts) {
        return guarded(|| web_socket::begin(client, parts, path, notifier));
    }
    if Verb::of(&parts.method) != Some(Verb::Get) {
        return Ok(Answered::Whole(path.not_allowed(parts)));
    }
    match &path.topic {
        Some(topic) if !events::is_wanted(parts) => {
            poll::poll(client, parts, (&path.cache, topic)).await.map(Answered::Whole)
        }
        topic => guarded(|| {
            event_stream::begin(client, parts, (&path.cache, topic.as_deref()), notifier)
        }),
    }
}
