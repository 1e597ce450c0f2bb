//! A part of all topics, under one lock, and the memory that is reserved for them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use attimo_engine::Moment;

use super::feed::TopicKey;
use super::topic::{Retention, Topic};
use crate::directory::CacheId;

/// Memory overhead of a topic in bytes, apart from its name and its messages.
const TOPIC_BYTES: usize = 320;
/// Granularity of reservations, in bytes.
const STEP: u64 = 8 * 1024;

/// A part of all topics.
#[derive(Default)]
pub(super) struct Shard {
    caches: HashMap<CacheId, HashMap<Arc<str>, Topic>>,
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
        let topic = self.caches.get_mut(&key.cache)?.get_mut(&key.name)?;
        (topic.page == key.page).then_some(topic)
    }

    /// Applies `change` to a topic, created by `make` if missing, and updates its memory count.
    pub(super) fn change<T>(
        &mut self,
        cache: CacheId,
        name: &str,
        make: impl FnOnce() -> Topic,
        change: impl FnOnce(&mut Topic) -> T,
    ) -> T {
        let topics = self.caches.entry(cache).or_default();
        if !topics.contains_key(name) {
            topics.insert(name.into(), make());
            self.used += of_topic(name);
        }
        let topic = topics.get_mut(name).expect("it was inserted if it was not there");
        let before = topic.bytes() as u64;
        let done = change(topic);
        let after = topic.bytes() as u64;
        self.used = self.used + after - before;
        self.messages = self.messages + after - before;
        done
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

    /// Drops messages beyond `keeps`, and topics that have been idle for long.
    pub(super) fn sweep(&mut self, now: Moment, keeps: Retention) {
        self.keep(|topic| {
            topic.trim(now, keeps);
            !topic.is_over(now)
        });
    }

    /// Drops the older half of the messages of each topic, and topics that are idle.
    pub(super) fn halve(&mut self) {
        self.keep(|topic| {
            topic.halve();
            !topic.is_idle()
        });
    }

    fn keep(&mut self, keep: impl Fn(&mut Topic) -> bool) {
        self.caches.retain(|_, topics| {
            topics.retain(|_, topic| keep(topic));
            !topics.is_empty()
        });
        self.count();
    }

    fn count(&mut self) {
        let topics = || self.caches.values().flatten();
        let messages = topics().map(|(_, topic)| topic.bytes() as u64).sum();
        self.used = topics().map(|(name, _)| of_topic(name)).sum::<u64>() + messages;
        self.messages = messages;
    }

    /// By how many bytes the memory of messages has grown since this was called last; modulo 2⁶⁴, if
    /// it has shrunk.
    pub(super) fn growth(&mut self) -> u64 {
        let growth = self.messages.wrapping_sub(self.told);
        self.told = self.messages;
        growth
    }
}

fn of_topic(name: &str) -> u64 {
    (TOPIC_BYTES + name.len()) as u64
}
