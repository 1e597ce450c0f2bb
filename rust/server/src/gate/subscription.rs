//! Topics: publishing, and subscriptions that end when their token, its permission or their cache
//! does (`permits`).

use std::rc::Rc;
use std::sync::Arc;

use attimo_engine::{Received, chunks};

use super::permits::Permits;
use super::standing::Standing;
use super::{Authorization, Call, Credential};
use crate::clock::Now;
use crate::directory::CacheId;
use crate::error::{Error, Result};
use crate::limits::{TOPIC_MESSAGE_BYTES, TOPIC_NAME_BYTES};
use crate::methods::Api;
use crate::plan::{Exceeded, Taken};
use crate::retention::Retention;
use crate::topics::{
    Delivery, ListedTopic, LocalTopics, Message, Notifier, Places, Reader, Resume,
    SubscriptionGuard, TopicName, Value,
};

/// What a subscriber gets next.
pub(crate) enum Next {
    /// Nothing yet.
    Nothing,
    Delivery(Delivery),
    /// Nothing any more, for this reason.
    Over(Error),
}

/// A subscription to a topic.
pub(crate) struct Subscription {
    reader: Reader,
    standing: Standing,
    topic: Box<str>,
    _guard: Rc<SubscriptionGuard>,
}

impl Subscription {
    /// What comes next; it counts as delivered.
    pub(crate) fn next(&mut self, now: Now) -> Next {
        if let Some(error) = self.over() {
            return Next::Over(error);
        }
        let Some(delivery) = self.reader.next() else { return Next::Nothing };
        if let Delivery::Message(message) = &delivery {
            self.count(message.value.bytes.len(), now);
        }
        Next::Delivery(delivery)
    }

    /// The name of the topic.
    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// The number of the next message, and its page; `None` if what it misses before that comes
    /// next.
    pub(crate) fn position(&self) -> Option<Resume> {
        self.reader.position()
    }

    /// Why it is over, if it is, whether or not there is something to read.
    pub(crate) fn over(&mut self) -> Option<Error> {
        self.standing.over(|authorization| {
            let granted = authorization.grants.to(Api::Subscribe.access());
            let holds = granted.hold(self.topic.as_bytes());
            if holds { Ok(()) } else { Err(authorization.denied_topic(&self.topic)) }
        })
    }

    /// Takes back the message that came last, for [`Subscription::again`]; see [`Reader::put_back`].
    pub(crate) fn put_back(&mut self, unfinished: Option<Arc<Message>>) {
        self.reader.put_back(unfinished);
    }

    /// The message that was put back, unless it is not kept any more; it was counted.
    pub(crate) fn again(&mut self) -> Option<Arc<Message>> {
        self.reader.again()
    }

    /// Holds nothing while the client does not read.
    pub(crate) fn rest(&mut self) {
        self.reader.rest();
    }

    fn count(&self, bytes: usize, now: Now) {
        let (operations, bytes_out) = (chunks(bytes).max(1), bytes as u64);
        let authorization = &self.standing.authorization;
        authorization.counters.count_delivery(bytes_out, operations);
        if let Some(limits) = &authorization.limits {
            limits.charge(Taken::delivery(operations, bytes_out), now.micros);
        }
    }
}

impl Authorization {
    /// The refusal of a subscription whose permission was taken away.
    #[cold]
    fn denied_topic(&self, topic: &str) -> Error {
        let (holder, topic) = (&self.holder, crate::permissions::shown(topic.as_bytes(), ""));
        Error::Denied(format!("{holder} may not Subscribe to topic {topic} any more").into())
    }
}

/// A subscription that is asked for.
pub(crate) struct Subscribe<'a> {
    /// Whose it is, as it was authorized.
    pub(crate) credential: Credential<'a>,
    pub(crate) authorization: &'a Rc<Authorization>,
    /// The names of the cache and the topic.
    pub(crate) cache: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) resume: Resume,
    /// Where it says that there is something to read.
    pub(crate) notifier: Notifier,
    /// Its place, with those of the other subscriptions of its stream.
    pub(crate) places: &'a Places,
}

impl Call<'_> {
    /// Publishes to a topic, which need not exist; returns the page and the number of the message.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`], also for a topic of the server's, [`Error::NoSuchCache`], [`Error::Malformed`]
    /// for a name that is empty or too long, [`Error::MessageTooLarge`], [`Error::Limited`].
    pub(crate) fn publish(&mut self, topic: &str, value: Value) -> Result<(u64, u64)> {
        self.allow(topic.as_bytes())?;
        let cache = self.topic_cache(topic)?;
        if topic.starts_with(OF_SERVER) {
            return Err(Error::denied(NOT_TO_PUBLISH));
        }
        self.used.received += Received::item(value.bytes.len());
        if value.bytes.len() > TOPIC_MESSAGE_BYTES {
            return Err(Error::MessageTooLarge);
        }
        let Authorization { account, limits, publisher, .. } = self.authorization();
        if let Some(limits) = limits {
            limits.admit_message(self.now().micros).map_err(Error::Limited)?;
        }
        let most = limits.as_ref().map_or_else(Retention::default, |limits| limits.history());
        let topic = TopicName { account: *account, cache, name: topic };
        Ok(self.gate.hub.publish(topic, value, publisher.clone(), most, self.now()))
    }

    /// Subscribes to a topic, which need not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`], [`Error::NoSuchCache`], [`Error::Malformed`] for a name that is empty or too
    /// long, [`Error::Limited`].
    pub(crate) fn subscribe(
        &mut self,
        asked: Subscribe<'_>,
        permits: &Permits,
        topics: &Rc<LocalTopics>,
    ) -> Result<Subscription> {
        let Subscribe { credential, authorization, cache, topic, resume, notifier, places } = asked;
        self.allow(topic.as_bytes())?;
        let id = self.topic_cache(topic)?;
        let Authorization { account, limits, .. } = &**authorization;
        let enter = |count| {
            let admit =
                |open| limits.as_ref().map_or(Ok(()), |it| it.admit_subscriptions(count, open));
            self.gate.hub.subscriptions().enter(*account, count, admit)
        };
        let guard = places.take(enter).map_err(|met| refused(places.count(), met))?;
        let permit = permits.permit(credential, cache.as_bytes(), authorization, topics);
        let name = TopicName { account: *account, cache: id, name: topic };
        Ok(Subscription {
            reader: Reader::subscribe(topics, name, resume, notifier, self.now()),
            standing: Standing::new(permit, id, authorization),
            topic: topic.into(),
            _guard: guard,
        })
    }

    /// The first `most` topics whose names begin with `prefix` and come after `after`, and whether there
    /// are more. Counts the prefix as received and the names as sent.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`] unless the caller may subscribe to every topic with this prefix;
    /// [`Error::NoSuchCache`].
    pub(crate) fn list_topics(
        &mut self,
        prefix: &str,
        after: &str,
        most: usize,
    ) -> Result<(Vec<ListedTopic>, bool)> {
        self.allow_all(prefix.as_bytes())?;
        let cache = self.authorization().cache.ok_or(Error::NoSuchCache)?.id;
        self.used.commands += 1;
        self.used.received += Received::item(prefix.len());
        let mut listed = self.gate.hub.list(cache, prefix, after, most + 1, self.now());
        let has_more = listed.len() > most;
        listed.truncate(most);
        let names = || listed.iter().map(|topic| topic.name.len());
        self.used.looked.bytes += names().sum::<usize>() as u64;
        self.used.looked.chunks += names().map(chunks).sum::<u64>();
        Ok((listed, has_more))
    }

    /// The cache of a topic whose name is valid.
    fn topic_cache(&self, topic: &str) -> Result<CacheId> {
        let cache = self.authorization().cache.ok_or(Error::NoSuchCache)?;
        if topic.is_empty() || topic.len() > TOPIC_NAME_BYTES {
            return Err(Error::Malformed(TOPIC_NAME));
        }
        Ok(cache.id)
    }
}

/// The refusal of a stream of `count` topics. One that never fits is no request to send again and again.
#[cold]
fn refused(count: u64, met: Exceeded) -> Error {
    let Exceeded { value, .. } = met;
    if value == 0 || count <= value {
        return Error::Limited(met);
    }
    let text = "the account may have no more subscriptions at a time";
    Error::Invalid(format!("pass at most {value} topics: {text} (subscriptions: {value})"))
}

/// How the names of topics begin to which the server itself publishes.
const OF_SERVER: &str = "$attimo.";
const NOT_TO_PUBLISH: &str = "only the server publishes to topics whose names begin with `$attimo.`: \
                              choose another name";
const TOPIC_NAME: &str = "the topic's name must have 1 to 1,024 bytes";
