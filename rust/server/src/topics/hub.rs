//! All topics of the server.

mod memory;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use attimo_engine::Moment;
use parking_lot::{Mutex, MutexGuard};

use super::feed::TopicKey;
use super::inbox::Inbox;
use super::message::{Encodings, Message, Value};
use super::outbox::{self, Outbox, TopicBatch};
use super::shard::Shard;
use super::subscriptions::Subscriptions;
use super::topic::{Gap, Resume, Topic, TopicName};
use crate::backend::Backend;
use crate::clock::{Clock, Now, epoch_microseconds};
use crate::directory::{AccountId, CacheId};
use crate::retention::Retention;

/// How many parts the topics are in, so that threads seldom wait for each other.
const SHARDS: usize = 64;

/// All topics.
pub(crate) struct Hub {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    inboxes: Box<[Inbox]>,
    keeps: Retention,
    /// The newest page.
    page: AtomicU64,
    clock: Clock,
    backend: Arc<Backend>,
    memory_bytes: u64,
    /// The memory that is reserved for topics, in bytes.
    reserved: AtomicU64,
    /// The same for feeds, subscriptions and the outbox.
    of_feeds: AtomicU64,
    encodings: Arc<Encodings>,
    /// The memory of messages alone, in bytes.
    messages: AtomicU64,
    /// The shard that loses messages next, and the one that is swept next.
    turn: AtomicUsize,
    swept: AtomicUsize,
    subscriptions: Arc<Subscriptions>,
    outbox: Outbox,
}

/// Where a new subscriber begins.
pub(super) struct Joined {
    pub(super) page: u64,
    /// The number of its first message, and what it misses before that.
    pub(super) start: (u64, Option<Gap>),
    /// The number that the next message will get.
    pub(super) next: u64,
}

impl Hub {
    /// No topics yet, for so many data threads; none keeps more than `keeps`. They share the memory of
    /// `backend`, which is `memory_bytes` in all.
    pub(crate) fn new(
        keeps: Retention,
        threads: usize,
        clock: Clock,
        (backend, memory_bytes): (Arc<Backend>, u64),
    ) -> Arc<Self> {
        let hub = Arc::new(Hub {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            inboxes: (0..threads.max(1)).map(|_| Inbox::default()).collect(),
            keeps,
            page: AtomicU64::new(0),
            clock,
            encodings: Encodings::new(backend.clone()),
            backend,
            memory_bytes,
            reserved: AtomicU64::new(0),
            of_feeds: AtomicU64::new(0),
            messages: AtomicU64::new(0),
            turn: AtomicUsize::new(0),
            swept: AtomicUsize::new(0),
            subscriptions: Arc::default(),
            outbox: Outbox::default(),
        });
        let lender = Arc::downgrade(&hub);
        hub.backend.borrow_from(Box::new(move |bytes| {
            if let Some(hub) = lender.upgrade() {
                hub.yield_memory(bytes);
            }
        }));
        hub
    }

    /// Without topics, for tests of what has none.
    #[cfg(test)]
    pub(crate) fn unused(backend: &Arc<Backend>) -> Arc<Self> {
        Hub::new(Retention::default(), 1, Clock::start(), (backend.clone(), 1 << 24))
    }

    /// The parts of all topics.
    pub(super) fn shards(&self) -> &[Mutex<Shard>] {
        &self.shards
    }

    fn shard(&self, cache: CacheId, name: &str) -> MutexGuard<'_, Shard> {
        self.shards[self.shard_of(cache, name)].lock()
    }

    fn shard_of(&self, cache: CacheId, name: &str) -> usize {
        let hash = self.hasher.hash_one((cache, name));
        // The result is below the number of shards.
        usize::try_from(hash % SHARDS as u64).unwrap_or_default()
    }

    /// Publishes to a topic, which keeps at most what its account's plan allows; returns the page and the
    /// number of the message.
    pub(crate) fn publish(
        &self,
        topic: TopicName<'_>,
        value: Value,
        publisher: Arc<str>,
        most: Retention,
        now: Now,
    ) -> (u64, u64) {
        let message = Arc::new(Message::new(value, publisher, now.moment, &self.encodings));
        let TopicName { cache, name, .. } = topic;
        let mut shard = self.shard(cache, name);
        let (message, threads) = self.add(&mut shard, topic, message, self.keeps.within(most));
        if shard.has_webhooks(cache, name) {
            self.post(topic, &message);
        }
        self.added(shard, &threads);
        (message.page, message.number)
    }

    /// Publishes what the server tells to a topic of this name in each cache of an account that has it:
    /// somebody has subscribed to it lately.
    pub(crate) fn tell(&self, account: AccountId, name: &str, value: &Value, now: Now) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let mut threads = Vec::new();
            for cache in shard.caches_with(account, name) {
                let message = Message::new(value.clone(), "".into(), now.moment, &self.encodings);
                let topic = TopicName { account, cache, name };
                threads.extend(self.add(&mut shard, topic, message.into(), self.keeps).1);
            }
            self.added(shard, &threads);
        }
    }

    /// Adds a message to a topic, and to the inbox of each thread with subscribers, which are returned.
    fn add(
        &self,
        shard: &mut Shard,
        topic: TopicName<'_>,
        message: Arc<Message>,
        keeps: Retention,
    ) -> (Arc<Message>, Vec<usize>) {
        let at = message.at;
        let make = || Topic::new(self.next_page(), keeps, at);
        shard.change(topic, make, |topic| {
            let message = topic.publish(message, keeps);
            // Under the lock, so that each inbox gets them in the order of their numbers.
            topic.threads.iter().for_each(|thread| self.inboxes[*thread].push(&message));
            (message, topic.threads.clone())
        })
    }

    /// Counts what was added to a shard, and notifies threads.
    fn added(&self, mut shard: MutexGuard<'_, Shard>, threads: &[usize]) {
        let has_grown = self.reserve(&mut shard);
        drop(shard);
        if has_grown {
            self.relieve();
        }
        for thread in threads {
            self.inboxes[*thread].notify();
        }
    }

    /// Registers a thread as one with subscribers of a topic, and tells where one begins.
    pub(super) fn join(
        &self,
        topic: TopicName<'_>,
        thread: usize,
        resume: Resume,
        now: Now,
    ) -> Joined {
        let mut shard = self.shard(topic.cache, topic.name);
        let make = || Topic::new(self.next_page(), self.keeps, now.moment);
        let joined = shard.change(topic, make, |topic| {
            topic.touch(now.moment);
            topic.trim(now.moment);
            topic.subscribers += 1;
            if !topic.threads.contains(&thread) {
                topic.threads.push(thread);
            }
            Joined { page: topic.page, start: topic.start(resume), next: topic.last + 1 }
        });
        let has_grown = self.reserve(&mut shard);
        drop(shard);
        if has_grown {
            self.relieve();
        }
        joined
    }

    /// Notes that a subscriber of a topic is gone; `is_last` is whether its thread has no others.
    pub(super) fn leave(&self, key: &TopicKey, thread: usize, is_last: bool) {
        let mut shard = self.shard(key.cache, &key.name);
        if let Some(topic) = shard.get(key) {
            topic.subscribers -= 1;
            topic.threads.retain(|one| !is_last || *one != thread);
            topic.touch(self.clock.now().moment);
        }
    }

    /// Reads kept messages from `number` on, of about `most` bytes but at least one; returns the
    /// number of the first one that is kept from there on, or of the next one. `None` if the topic is
    /// gone.
    pub(super) fn read(
        &self,
        key: &TopicKey,
        number: u64,
        most: usize,
        to: &mut impl Extend<Arc<Message>>,
    ) -> Option<u64> {
        let mut shard = self.shard(key.cache, &key.name);
        let topic = shard.get(key)?;
        to.extend(topic.read(number, most).cloned());
        Some(topic.first().max(number))
    }

    /// The number that the next message of a topic will get.
    pub(super) fn next(&self, key: &TopicKey) -> Option<u64> {
        self.shard(key.cache, &key.name).get(key).map(|topic| topic.last + 1)
    }

    /// The inbox of a data thread.
    pub(super) fn inbox(&self, thread: usize) -> &Inbox {
        &self.inboxes[thread]
    }

    /// Adds a message to the outbox, with memory reserved for it before it can be taken.
    fn post(&self, topic: TopicName<'_>, message: &Message) {
        let bytes = outbox::weight(message) as u64;
        self.adjust(0, bytes);
        if !self.outbox.push(topic, message) {
            self.adjust(bytes, 0);
        }
    }

    /// Takes messages that were published to topics with webhooks; waits for the first one at most for
    /// `patience`.
    pub(crate) fn take_messages(&self, patience: Duration) -> TopicBatch {
        let (batch, bytes) = self.outbox.take(patience);
        self.adjust(bytes as u64, 0);
        batch
    }

    /// Sets which topics have webhooks; messages that are published after the return are in the outbox.
    pub(crate) fn set_webhooks(&self, topics: impl Iterator<Item = (CacheId, Box<str>)>) {
        let mut of_shards = vec![HashMap::<_, HashSet<_>>::new(); SHARDS];
        for (cache, name) in topics {
            of_shards[self.shard_of(cache, &name)].entry(cache).or_default().insert(name);
        }
        for (shard, topics) in self.shards.iter().zip(of_shards) {
            shard.lock().with_webhooks = topics;
        }
    }

    /// How many subscriptions accounts have.
    pub(crate) fn subscriptions(&self) -> &Arc<Subscriptions> {
        &self.subscriptions
    }

    /// Forgets the topics of caches that do not exist.
    pub(crate) fn retain(&self, exists: impl Fn(CacheId) -> bool) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.retain(&exists);
            self.release(&mut shard);
        }
    }

    /// Drops what is too old from the next shard.
    pub(crate) fn sweep(&self, now: Moment) {
        let at = self.swept.fetch_add(1, Ordering::Relaxed) % SHARDS;
        let mut shard = self.shards[at].lock();
        shard.sweep(now);
        self.release(&mut shard);
    }

    /// Pages are microseconds since 1970, so that they grow through restarts, too.
    fn next_page(&self) -> u64 {
        let next = |last: u64| (last + 1).max(epoch_microseconds());
        let mut page = 0;
        let greatest = |last: u64| {
            page = next(last);
            Some(page)
        };
        let _ = self.page.try_update(Ordering::Relaxed, Ordering::Relaxed, greatest);
        page
    }
}
