//! What is said on a WebSocket: the client subscribes, unsubscribes and publishes, each with a number
//! that its acknowledgement repeats; the server sends items as a stream of events does.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::query::Query;
use super::super::whole::Whole;
use super::super::{body, json, status};
use super::encoded;
use super::item::Item;
use super::publish::publish;
use super::subscribe::{Wanted, subscribe};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::front::web_socket::{Endpoint, Outgoing};
use crate::gate::{Next, Presence, Subscription};
use crate::limits::SUBSCRIBER_STREAMS;
use crate::message::Parts;
use crate::stats::guarded;
use crate::steps::Steps;
use crate::topics::{Delivery, Notifier, Resume, Value};

const ONE_OF: Error = Error::Malformed("send one of subscribe, unsubscribe and publish");
const ONE_VALUE: Error = Error::Malformed("publish.value: send one of text and binary");
const NOT_BASE64: Error = Error::Malformed("publish.value.binary: must be base64");
const ALREADY: Error = Error::Malformed("subscribe.topic: this WebSocket has subscribed to it");
const NOT_YET: Error =
    Error::Malformed("unsubscribe.topic: this WebSocket has not subscribed to it");

/// A message of a client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request<'a> {
    /// What the acknowledgement repeats; without it, only errors are told.
    id: Option<Whole<u64>>,
    #[serde(borrow)]
    subscribe: Option<From<'a>>,
    #[serde(borrow)]
    unsubscribe: Option<Topic<'a>>,
    #[serde(borrow)]
    publish: Option<Publish<'a>>,
}

/// The number of a message that cannot be read otherwise.
#[derive(Deserialize)]
struct Numbered {
    id: Option<Whole<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct From<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(default)]
    sequence_number: Whole<u64>,
    #[serde(default)]
    sequence_page: Whole<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Publish<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow)]
    value: Given<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    binary: Option<Cow<'a, str>>,
}

impl Given<'_> {
    fn value(self) -> Result<Value> {
        match (self.text, self.binary) {
            (Some(text), None) => {
                Ok(Value { bytes: Bytes::copy_from_slice(text.as_bytes()), is_text: true })
            }
            (None, Some(binary)) => {
                let bytes = json::from_base64(binary.as_bytes()).ok_or(NOT_BASE64)?;
                Ok(Value { bytes: bytes.into(), is_text: false })
            }
            _ => Err(ONE_VALUE),
        }
    }
}

/// What the server says apart from items.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply<'a> {
    Ack(Ack),
    Error(Refusal<'a>),
}

#[derive(Serialize)]
struct Ack {
    id: u64,
    #[serde(flatten)]
    at: Option<At>,
}

/// A message: the one that was published, or the one before the first that a subscriber gets.
#[derive(Serialize)]
struct At {
    topic_sequence_number: u64,
    sequence_page: u64,
}

#[derive(Serialize)]
struct Refusal<'a> {
    id: Option<u64>,
    #[serde(flatten)]
    problem: &'a serde_json::Map<String, serde_json::Value>,
}

/// One WebSocket.
pub(super) struct Session {
    /// The request that began it, whose credential is that of all that follows.
    parts: Parts,
    cache: String,
    notifier: Notifier,
    presence: Presence,
    subscriptions: HashMap<u32, Subscription>,
    /// The number of the last subscription.
    last: u32,
    /// The subscriptions that may have something to send.
    active: VecDeque<u32>,
    replies: VecDeque<Bytes>,
    /// Why it is over, if it is.
    over: Option<Error>,
    leaves: bool,
}

impl Session {
    /// One about the topics of a cache, for the sender of a request.
    pub(super) fn new(parts: Parts, cache: String, notifier: Notifier, presence: Presence) -> Self {
        Session {
            parts,
            cache,
            notifier,
            presence,
            subscriptions: HashMap::new(),
            last: 0,
            active: VecDeque::new(),
            replies: VecDeque::new(),
            over: None,
            leaves: false,
        }
    }

    fn answer(&mut self, client: &Client, request: Request<'_>) -> Result<Option<At>> {
        match (request.subscribe, request.unsubscribe, request.publish) {
            (Some(from), None, None) => self.subscribe(client, from),
            (None, Some(Topic { topic }), None) => {
                let (token, _) = self.of(&topic).ok_or(NOT_YET)?;
                self.subscriptions.remove(&token);
                Ok(None)
            }
            (None, None, Some(Publish { topic, value })) => {
                let (now, steps) = (client.worker.core.clock.now(), Steps::one());
                let to = (&*self.cache, &*topic);
                let (sequence_page, topic_sequence_number) =
                    publish(client, &self.parts, to, value.value(), (now, &steps))?;
                Ok(Some(At { topic_sequence_number, sequence_page }))
            }
            _ => Err(ONE_OF),
        }
    }

    fn subscribe(&mut self, client: &Client, from: From<'_>) -> Result<Option<At>> {
        let From { topic, sequence_number: Whole(number), sequence_page: Whole(page) } = from;
        if self.of(&topic).is_some() {
            return Err(ALREADY);
        }
        if self.subscriptions.len() >= SUBSCRIBER_STREAMS as usize {
            let most = format!("a WebSocket has at most {SUBSCRIBER_STREAMS} subscriptions");
            return Err(Error::Invalid(most));
        }
        self.last = self.last.wrapping_add(1);
        let notifier = Notifier { token: self.last, ..self.notifier.clone() };
        let query = Query::of(&self.parts.target)?;
        let wanted = Ok(vec![Wanted { topic, resume: Resume { number, page } }]);
        let made = subscribe(client, &self.parts, &query, (&self.cache, wanted), &notifier)?;
        let at = made
            .first()
            .and_then(Subscription::position)
            .map(|next| At { topic_sequence_number: next.number - 1, sequence_page: next.page });
        self.subscriptions.extend(made.into_iter().map(|one| (self.last, one)));
        self.active.push_back(self.last);
        Ok(at)
    }

    /// The subscription to a topic.
    fn of(&self, topic: &str) -> Option<(u32, &Subscription)> {
        let mut all = self.subscriptions.iter().map(|(token, one)| (*token, one));
        all.find(|(_, subscription)| subscription.topic() == topic)
    }

    fn reply(&mut self, reply: &Reply<'_>) {
        // All of it can be written as JSON.
        self.replies.push_back(serde_json::to_vec(reply).unwrap_or_default().into());
    }

    fn refuse(&mut self, id: Option<u64>, error: &Error) {
        let problem = serde_json::from_slice(&status::response(error).body).unwrap_or_default();
        self.reply(&Reply::Error(Refusal { id, problem: &problem }));
    }
}

/// The number of a message that cannot be read, so that its client knows which one is refused.
fn number(text: &str) -> Option<u64> {
    let numbered: Numbered = body::read(text.as_bytes(), &Steps::one()).ok()?;
    numbered.id.map(|Whole(id)| id)
}

impl Endpoint for Session {
    fn receive(&mut self, client: &Client, text: &str) {
        let request: Request<'_> = match body::read(text.as_bytes(), &Steps::one()) {
            Ok(request) => request,
            Err(error) => return self.refuse(number(text), &error),
        };
        let id = request.id.map(|Whole(id)| id);
        match (guarded(|| self.answer(client, request)), id) {
            (Ok(at), Some(id)) => self.reply(&Reply::Ack(Ack { id, at })),
            (Ok(_), None) => {}
            (Err(error), id) => self.refuse(id, &error),
        }
    }

    fn has_news(&mut self, subscription: u32) {
        self.active.push_back(subscription);
    }

    fn next(&mut self, now: Now) -> Outgoing {
        if let Some(reply) = self.replies.pop_front() {
            return Outgoing::Text(reply);
        }
        while let Some(token) = self.active.pop_front() {
            let Some(subscription) = self.subscriptions.get_mut(&token) else { continue };
            match subscription.next(now) {
                Next::Nothing => {}
                Next::Delivery(delivery) => {
                    self.active.push_back(token);
                    return Outgoing::Text(text(subscription.topic(), &delivery));
                }
                Next::Over(why) => self.over = self.over.take().or(Some(why)),
            }
        }
        if self.over.is_none() {
            self.over = self.presence.over();
        }
        match &self.over {
            Some(why) => Outgoing::Close(why.clone()),
            None if self.leaves => Outgoing::Close(Error::Stopping),
            None => Outgoing::Nothing,
        }
    }

    fn is_over(&mut self) -> bool {
        let subscriptions = &mut self.subscriptions;
        self.presence.over().is_some()
            || subscriptions.values_mut().any(|subscription| subscription.over().is_some())
    }

    fn leave(&mut self) {
        self.leaves = true;
    }
}

/// A delivery; its text is that of streams of events, without a copy.
fn text(topic: &str, delivery: &Delivery) -> Bytes {
    encoded::json(&match delivery {
        Delivery::Message(message) => encoded::message(topic, message)[1].clone(),
        Delivery::Gap(gap) => encoded::data(&Item::gap(Some(topic), *gap), 0),
    })
}
