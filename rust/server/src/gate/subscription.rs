//! Topics: publishing, and subscriptions that end when their token, its permission or their cache
//! does.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use attimo_engine::{Received, chunks};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Authorization, Call, Credential, Gate};
use crate::clock::{Clock, Now};
use crate::directory::CacheId;
use crate::error::{Error, Result};
use crate::limits::{TOPIC_MESSAGE_BYTES, TOPIC_NAME_BYTES};
use crate::meter::ThreadMeter;
use crate::methods::Api;
use crate::plan::Taken;
use crate::topics::{Delivery, LocalTopics, Reader, Resume, Seat, SubscriptionGuard, Value};

/// How often a thread looks whether subscriptions have to end.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// The credential of subscriptions, and what it gives them in a cache for now.
struct Permit {
    authorization: RefCell<Result<Rc<Authorization>>>,
    /// Counts the checks that may have changed something.
    version: Cell<u64>,
}

/// A [`Credential`] and the name of a cache.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    token: Box<[u8]>,
    local: bool,
    peer: IpAddr,
    cache: Box<[u8]>,
}

/// The credentials of all subscriptions of a data thread.
#[derive(Default)]
pub(crate) struct Permits {
    all: RefCell<HashMap<Key, Weak<Permit>>>,
    /// The revision of the directory that they were checked by.
    revision: Cell<u64>,
    begun: Notify,
}

impl Permits {
    /// That of `credential` in the cache called `cache`, which was authorized just now.
    fn permit(
        &self,
        credential: Credential<'_>,
        cache: &[u8],
        authorization: &Rc<Authorization>,
    ) -> Rc<Permit> {
        let Credential { token, local, peer } = credential;
        let key = Key { token: token.into(), local, peer, cache: cache.into() };
        let mut all = self.all.borrow_mut();
        if let Some(permit) = all.get(&key).and_then(Weak::upgrade) {
            return permit;
        }
        let authorization = RefCell::new(Ok(authorization.clone()));
        let permit = Rc::new(Permit { authorization, version: Cell::new(0) });
        all.insert(key, Rc::downgrade(&permit));
        self.begun.notify_one();
        permit
    }

    /// Checks all credentials that may have changed; whether there was one.
    fn check(&self, gate: &Gate, meter: &ThreadMeter, now: Now) -> bool {
        let revision = gate.directory.revision();
        let is_new = self.revision.replace(revision) != revision;
        let mut has_changed = false;
        self.all.borrow_mut().retain(|key, permit| {
            let Some(permit) = permit.upgrade() else { return false };
            if is_new || permit.has_expired(now) {
                let Key { token, local, peer, cache } = key;
                let credential = Credential { token, local: *local, peer: *peer };
                let authorization = gate.open(meter, credential, cache, now).map(Rc::new);
                *permit.authorization.borrow_mut() = authorization;
                permit.version.set(permit.version.get() + 1);
                has_changed = true;
            }
            true
        });
        has_changed
    }

    /// Ends subscriptions for ever.
    pub(crate) async fn run(
        &self,
        gate: &Gate,
        meter: &ThreadMeter,
        clock: Clock,
        topics: &LocalTopics,
    ) {
        loop {
            if topics.is_empty() {
                self.begun.notified().await;
            }
            sleep(CHECK_EVERY).await;
            if self.check(gate, meter, clock.now()) {
                topics.notify_all();
            }
            topics.sweep();
        }
    }
}

impl Permit {
    fn has_expired(&self, now: Now) -> bool {
        let authorization = self.authorization.borrow();
        authorization.as_ref().is_ok_and(|authorization| authorization.until <= now.epoch_seconds)
    }
}

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
    permit: Rc<Permit>,
    /// The version of the permit that it was checked by.
    version: u64,
    cache: CacheId,
    topic: Box<str>,
    /// Counts its deliveries.
    authorization: Rc<Authorization>,
    _guard: SubscriptionGuard,
}

impl Subscription {
    /// What comes next; it counts as delivered.
    pub(crate) fn next(&mut self, now: Now) -> Next {
        if self.permit.version.get() != self.version
            && let Err(error) = self.check()
        {
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

    fn check(&mut self) -> Result<()> {
        self.authorization = self.permit.authorization.borrow().clone()?;
        let access = Api::Subscribe.access();
        if !self.authorization.grants.to(access).hold(self.topic.as_bytes()) {
            return Err(self.authorization.denied_topic(&self.topic));
        }
        // Another cache of that name is another one.
        if self.authorization.cache.map(|cache| cache.id) != Some(self.cache) {
            return Err(Error::NoSuchCache);
        }
        self.version = self.permit.version.get();
        Ok(())
    }

    fn count(&self, bytes: usize, now: Now) {
        let (operations, bytes_out) = (chunks(bytes).max(1), bytes as u64);
        self.authorization.counters.count_delivery(bytes_out, operations);
        if let Some(limits) = &self.authorization.limits {
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
    pub(crate) seat: Seat,
}

impl Call<'_> {
    /// Publishes to a topic, which need not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`], [`Error::NoSuchCache`], [`Error::Malformed`] for a name that is empty or too
    /// long, [`Error::MessageTooLarge`], [`Error::Limited`].
    pub(crate) fn publish(&mut self, topic: &str, value: Value) -> Result<()> {
        self.allow(topic.as_bytes())?;
        let cache = self.topic_cache(topic)?;
        self.used.received += Received::item(value.bytes.len());
        if value.bytes.len() > TOPIC_MESSAGE_BYTES {
            return Err(Error::MessageTooLarge);
        }
        let Authorization { limits, publisher, .. } = self.authorization();
        if let Some(limits) = limits {
            limits.admit_message(self.now().micros).map_err(Error::Limited)?;
        }
        self.gate.hub.publish((cache, topic), value, publisher.clone(), self.now());
        Ok(())
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
        let Subscribe { credential, authorization, cache, topic, resume, seat } = asked;
        self.allow(topic.as_bytes())?;
        let id = self.topic_cache(topic)?;
        let Authorization { account, limits, .. } = &**authorization;
        let admit = |open| limits.as_ref().map_or(Ok(()), |it| it.admit_subscription(open));
        let guard = self.gate.hub.subscriptions().enter(*account, admit).map_err(Error::Limited)?;
        let permit = permits.permit(credential, cache.as_bytes(), authorization);
        Ok(Subscription {
            reader: Reader::subscribe(topics, (id, topic), resume, seat, self.now()),
            version: permit.version.get(),
            permit,
            cache: id,
            topic: topic.into(),
            authorization: authorization.clone(),
            _guard: guard,
        })
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

const TOPIC_NAME: &str = "the topic's name must have 1 to 1,024 bytes";
