//! A part of all topics, under one lock, and the memory that is reserved for them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound::{self, Unbounded};
use std::sync::Arc;

use attimo_engine::Moment;

use super::feed::TopicKey;
use super::topic::{Topic, TopicName};
use crate::directory::{AccountId, CacheId};

/// Memory overhead of a topic in bytes, apart from its name and its messages.
const TOPIC_BYTES: usize = 320;
/// Granularity of reservations, in bytes.
const STEP: u64 = 8 * 1024;

/// The topics of a cache.
struct Topics {
    account: AccountId,
    /// In the order of names, by which they are listed.
    by_name: BTreeMap<Arc<str>, Topic>,
    /// Their memory and that of their messages, in bytes.
    used: u64,
}

/// A part of all topics.
#[derive(Default)]
pub(super) struct Shard {
    caches: HashMap<CacheId, Topics>,
    /// Topics with webhooks, whether they exist by now or not.
    pub(super) with_webhooks: HashMap<CacheId, HashSet<Box<str>>>,
    /// The memory of topics and messages, in bytes.
    used: u64,
    /// That of messages alone, and what of it was told to all shards.
    messages: u64,
    told: u64,
    /// How many bytes are reserved for them.
    pub(super) reserved: u64,
}

impl Shard {
    /// Returns the topic if it still exists.
    pub(super) fn get(&mut self, key: &TopicKey) -> Option<&mut Topic> {
        let topic = self.caches.get_mut(&key.cache)?.by_name.get_mut(&key.name)?;
        (topic.page == key.page).then_some(topic)
    }

    /// Applies `change` to a topic, created by `make` if missing, and updates its memory count.
    pub(super) fn change<T>(
        &mut self,
        TopicName { account, cache, name }: TopicName<'_>,
        make: impl FnOnce() -> Topic,
        change: impl FnOnce(&mut Topic) -> T,
    ) -> T {
        let none = || Topics { account, by_name: BTreeMap::new(), used: 0 };
        let Topics { by_name: topics, used, .. } = self.caches.entry(cache).or_insert_with(none);
        if !topics.contains_key(name) {
            topics.insert(name.into(), make());
            *used += of_topic(name);
            self.used += of_topic(name);
        }
        let topic = topics.get_mut(name).expect("it was inserted if it was not there");
        let before = topic.bytes() as u64;
        let done = change(topic);
        let after = topic.bytes() as u64;
        *used = *used + after - before;
        self.used = self.used + after - before;
        self.messages = self.messages + after - before;
        done
    }

    /// The caches of an account with a topic of this name.
    pub(super) fn caches_with(&self, account: AccountId, name: &str) -> Vec<CacheId> {
        let has_it =
            |topics: &Topics| topics.account == account && topics.by_name.contains_key(name);
        let found = self.caches.iter().filter(|(_, topics)| has_it(topics));
        found.map(|(cache, _)| *cache).collect()
    }

    /// The first `most` topics of a cache whose names begin with `prefix` and come after `after`, in
    /// the order of their names.
    pub(super) fn list<'a>(
        &'a self,
        cache: CacheId,
        (prefix, after): (&'a str, &'a str),
        most: usize,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Topic)> {
        let topics = self.caches.get(&cache).map(|topics| &topics.by_name);
        let from = if prefix > after { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let range: (Bound<&'a str>, Bound<&'a str>) = (from, Unbounded);
        let listed = topics.into_iter().flat_map(move |it| it.range::<str, _>(range));
        listed.take_while(move |(name, _)| name.starts_with(prefix)).take(most)
    }

    /// Whether a topic has webhooks.
    pub(super) fn has_webhooks(&self, cache: CacheId, name: &str) -> bool {
        self.with_webhooks.get(&cache).is_some_and(|topics| topics.contains(name))
    }

    /// How many more bytes must be reserved, rounded up to whole steps.
    pub(super) fn lacks(&self) -> u64 {
        self.used.saturating_sub(self.reserved).next_multiple_of(STEP)
    }

    /// How many reserved bytes are unused, rounded down to whole steps.
    pub(super) fn spares(&self) -> u64 {
        (self.reserved - self.used.min(self.reserved)) / STEP * STEP
    }

    /// Drops the topics of caches for which `exists` is false.
    pub(super) fn retain(&mut self, exists: impl Fn(CacheId) -> bool) {
        self.caches.retain(|cache, _| exists(*cache));
        self.count();
    }

    /// Drops messages that are too old, and topics that have been idle for long.
    pub(super) fn sweep(&mut self, now: Moment) {
        self.keep(|topic| {
            topic.trim(now);
            !topic.is_over(now)
        });
    }

    /// Adds what each account uses.
    pub(super) fn add_used(&self, to: &mut HashMap<AccountId, u64>) {
        for topics in self.caches.values() {
            *to.entry(topics.account).or_default() += topics.used;
        }
    }

    /// Drops the older half of the messages of each topic of the accounts for which `times` says how
    /// often, and their idle topics.
    pub(super) fn halve(&mut self, times: &HashMap<AccountId, u32>) {
        self.caches.retain(|_, topics| {
            let Some(times) = times.get(&topics.account) else { return true };
            topics.keep(|topic| {
                (0..*times).for_each(|_| topic.halve());
                !topic.is_idle()
            })
        });
        self.count();
    }

    fn keep(&mut self, keep: impl Fn(&mut Topic) -> bool) {
        self.caches.retain(|_, topics| topics.keep(&keep));
        self.count();
    }

    fn count(&mut self) {
        let topics = || self.caches.values().flat_map(|topics| &topics.by_name);
        self.messages = topics().map(|(_, topic)| topic.bytes() as u64).sum();
        self.used = self.caches.values().map(|topics| topics.used).sum();
    }

    /// By how many bytes the memory of messages has grown since this was called last; modulo 2⁶⁴, if
    /// it has shrunk.
    pub(super) fn growth(&mut self) -> u64 {
        let growth = self.messages.wrapping_sub(self.told);
        self.told = self.messages;
        growth
    }
}

impl Topics {
    /// Drops the topics that are not kept; whether one is left.
    fn keep(&mut self, keep: impl Fn(&mut Topic) -> bool) -> bool {
        self.by_name.retain(|_, topic| keep(topic));
        let used = |(name, topic): (&Arc<str>, &Topic)| of_topic(name) + topic.bytes() as u64;
        self.used = self.by_name.iter().map(used).sum();
        !self.by_name.is_empty()
    }
}

fn of_topic(name: &str) -> u64 {
    (TOPIC_BYTES + name.len()) as u64
}
