//! Messages of topics with webhooks, until the control plane takes them.
//!
//! It takes them in batches, which it writes to its database before anything is sent. Nobody waits for
//! it: what it does not take in time is dropped, and it is told how many messages of a topic those were.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};

use super::message::Message;
use crate::clock::epoch_milliseconds;
use crate::directory::CacheId;

/// The most bytes of messages that wait, of one cache and in all: a cache with many messages cannot
/// take the place of others.
const MOST_BYTES_OF_CACHE: usize = 4 << 20;
const MOST_BYTES: usize = 32 << 20;
/// The most messages of a batch, and about how many bytes they have.
const BATCH_MESSAGES: usize = 500;
const BATCH_BYTES: usize = 1 << 20;

/// The outbox of all topics.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    news: Condvar,
}

/// What waits. Caches take turns, so that one with many messages does not delay the others.
#[derive(Default)]
struct Waiting {
    caches: HashMap<CacheId, OfCache>,
    turns: VecDeque<CacheId>,
    bytes: usize,
}

#[derive(Default)]
struct OfCache {
    messages: VecDeque<TopicMessage>,
    bytes: usize,
    dropped: HashMap<Arc<str>, u64>,
}

/// A published message.
#[derive(Debug, Clone)]
pub struct TopicMessage {
    /// The cache of the topic.
    pub cache: CacheId,
    /// The name of the topic.
    pub topic: Arc<str>,
    /// The page that the number belongs to; no other topic has had it.
    pub page: u64,
    /// The number of the message in the topic.
    pub number: u64,
    /// When it was published, in milliseconds since 1970.
    pub published_at: u64,
    /// The name that the publisher's token gives its holder; empty if there is none.
    pub publisher: Arc<str>,
    /// Whether the value is text.
    pub is_text: bool,
    /// What was published.
    pub value: Bytes,
}

/// What the control plane takes at once.
#[derive(Debug, Default)]
pub struct TopicBatch {
    /// Messages; those of a topic are in the order of their numbers.
    pub messages: Vec<TopicMessage>,
    /// How many messages of a topic were dropped before these.
    pub dropped: Vec<(CacheId, Arc<str>, u64)>,
}

impl TopicBatch {
    /// Whether nothing was published.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.dropped.is_empty()
    }
}

impl Outbox {
    /// Adds a message. To be called in the order of the numbers of a topic.
    pub(super) fn push(&self, cache: CacheId, topic: &str, message: &Message) {
        // Not encoded, it takes no more.
        let weight = Message::weight_of(message.value.bytes.len());
        let mut waiting = self.waiting.lock();
        let is_full = waiting.bytes + weight > MOST_BYTES;
        let of_cache = waiting.caches.entry(cache).or_default();
        let is_first = of_cache.messages.is_empty() && of_cache.dropped.is_empty();
        if is_full || of_cache.bytes + weight > MOST_BYTES_OF_CACHE {
            *of_cache.dropped.entry(topic.into()).or_default() += 1;
        } else {
            of_cache.bytes += weight;
            of_cache.messages.push_back(TopicMessage::of(message, cache, topic));
            waiting.bytes += weight;
        }
        if is_first {
            waiting.turns.push_back(cache);
        }
        drop(waiting);
        self.news.notify_one();
    }

    /// Takes a batch; waits for the first message at most for `patience`.
    pub(crate) fn take(&self, patience: Duration) -> TopicBatch {
        let mut waiting = self.waiting.lock();
        if waiting.turns.is_empty() {
            self.news.wait_for(&mut waiting, patience);
        }
        waiting.take()
    }
}

impl Waiting {
    fn take(&mut self) -> TopicBatch {
        let (mut batch, mut bytes) = (TopicBatch::default(), 0);
        while batch.messages.len() < BATCH_MESSAGES && bytes < BATCH_BYTES {
            let Some(cache) = self.turns.pop_front() else { break };
            let Some(of_cache) = self.caches.get_mut(&cache) else { continue };
            let dropped = of_cache.dropped.drain();
            batch.dropped.extend(dropped.map(|(topic, messages)| (cache, topic, messages)));
            if let Some(message) = of_cache.messages.pop_front() {
                bytes += message.value.len();
                of_cache.bytes -= message.weight();
                self.bytes -= message.weight();
                batch.messages.push(message);
            }
            if of_cache.messages.is_empty() {
                self.caches.remove(&cache);
            } else {
                self.turns.push_back(cache);
            }
        }
        batch
    }
}

impl TopicMessage {
    fn of(message: &Message, cache: CacheId, topic: &str) -> Self {
        TopicMessage {
            cache,
            topic: topic.into(),
            page: message.page,
            number: message.number,
            published_at: epoch_milliseconds(),
            publisher: message.publisher.clone(),
            is_text: message.value.is_text,
            value: message.value.bytes.clone(),
        }
    }

    /// As [`Message::weight`].
    fn weight(&self) -> usize {
        Message::weight_of(self.value.len())
    }
}

#[cfg(test)]
mod tests {
    use attimo_engine::Moment;

    use super::super::message::{Value, encodings};
    use super::*;

    const NEVER: Duration = Duration::ZERO;

    fn push(outbox: &Outbox, cache: u64, topic: &str, number: u64, bytes: usize) {
        let value = Value { bytes: vec![0; bytes].into(), is_text: false };
        let mut message = Message::new(value, "".into(), Moment(0), &encodings());
        (message.page, message.number) = (1, number);
        outbox.push(CacheId(cache), topic, &message);
    }

    fn numbers(batch: &TopicBatch) -> Vec<(u64, u64)> {
        batch.messages.iter().map(|message| (message.cache.0, message.number)).collect()
    }

    #[test]
    fn a_cache_with_many_messages_does_not_delay_another() {
        let outbox = Outbox::default();
        (1..=1_000).for_each(|number| push(&outbox, 1, "busy", number, 10));
        push(&outbox, 2, "calm", 1, 10);

        let batch = outbox.take(NEVER);

        assert_eq!(numbers(&batch)[..4], [(1, 1), (2, 1), (1, 2), (1, 3)]);
        assert_eq!(batch.messages.len(), BATCH_MESSAGES);
        assert_eq!(numbers(&outbox.take(NEVER)).first(), Some(&(1, 500)));
    }

    #[test]
    fn what_is_too_much_is_dropped_and_counted_by_topic() {
        let outbox = Outbox::default();
        (1..=5).for_each(|number| push(&outbox, 1, "large", number, 1 << 20));
        push(&outbox, 1, "small", 1, 10);
        push(&outbox, 2, "other", 1, 1 << 20);

        let batch = outbox.take(NEVER);
        assert_eq!(batch.dropped, [(CacheId(1), "large".into(), 2)]);
        assert_eq!(numbers(&batch), [(1, 1)]);
        let rest: Vec<_> = (0..4).flat_map(|_| numbers(&outbox.take(NEVER))).collect();
        assert_eq!(rest, [(2, 1), (1, 2), (1, 3), (1, 1)]);
        assert!(outbox.take(NEVER).is_empty());
    }

    #[test]
    fn a_batch_waits_for_the_first_message() {
        let outbox = Outbox::default();
        std::thread::scope(|scope| {
            scope.spawn(|| push(&outbox, 1, "one", 1, 10));
            assert_eq!(numbers(&outbox.take(Duration::from_mins(1))), [(1, 1)]);
        });
        assert!(outbox.waiting.lock().caches.is_empty());
    }
}
