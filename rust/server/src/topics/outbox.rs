//! Messages of topics with webhooks, until the control plane takes them.
//!
//! It takes them in batches, which it writes to its database before anything is sent. Nobody waits for
//! it: what it does not take in time is dropped, and it is told how many messages of a topic those were.
//! Accounts take turns, and so do the topics of each, so that none delays another or takes its place.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};

use super::message::Message;
use super::topic::TopicName;
use crate::clock::epoch_milliseconds;
use crate::directory::{AccountId, CacheId};

/// The most bytes that wait of a topic, of its account and of all together, summed: one topic alone has
/// a third of it at most, an account less than half, and each leaves room for others.
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

/// What waits.
#[derive(Default)]
struct Waiting {
    accounts: HashMap<AccountId, OfAccount>,
    turns: VecDeque<AccountId>,
    bytes: usize,
}

#[derive(Default)]
struct OfAccount {
    topics: HashMap<CacheId, HashMap<Arc<str>, OfTopic>>,
    turns: VecDeque<(CacheId, Arc<str>)>,
    bytes: usize,
}

#[derive(Default)]
struct OfTopic {
    messages: VecDeque<TopicMessage>,
    bytes: usize,
    dropped: u64,
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
    /// Adds a message; false if it is dropped. To be called in the order of the numbers of a topic.
    pub(super) fn push(&self, topic: TopicName<'_>, message: &Message) -> bool {
        let added = self.waiting.lock().add(topic, message);
        self.news.notify_one();
        added
    }

    /// Takes a batch, and returns how many bytes of memory it took; waits for the first message at most
    /// for `patience`.
    pub(super) fn take(&self, patience: Duration) -> (TopicBatch, usize) {
        let mut waiting = self.waiting.lock();
        if waiting.turns.is_empty() {
            self.news.wait_for(&mut waiting, patience);
        }
        let before = waiting.bytes;
        let batch = waiting.take();
        (batch, before - waiting.bytes)
    }
}

impl Waiting {
    fn add(
        &mut self,
        TopicName { account, cache, name }: TopicName<'_>,
        message: &Message,
    ) -> bool {
        let weight = weight(message);
        let of_account = self.accounts.entry(account).or_default();
        if of_account.turns.is_empty() {
            self.turns.push_back(account);
        }
        let used = self.bytes + of_account.bytes;
        let of_topic = of_account.topic(cache, name);
        // It counts for its topic, for its account and for all.
        if used + of_topic.bytes + 3 * weight > MOST_BYTES {
            of_topic.dropped += 1;
            return false;
        }
        of_topic.bytes += weight;
        of_topic.messages.push_back(TopicMessage::of(message, cache, name));
        of_account.bytes += weight;
        self.bytes += weight;
        true
    }

    fn take(&mut self) -> TopicBatch {
        let (mut batch, mut bytes) = (TopicBatch::default(), 0);
        while batch.messages.len() < BATCH_MESSAGES && bytes < BATCH_BYTES {
            let Some(account) = self.turns.pop_front() else { break };
            let Some(of_account) = self.accounts.get_mut(&account) else { continue };
            let before = of_account.bytes;
            bytes += of_account.take(&mut batch);
            self.bytes -= before - of_account.bytes;
            if of_account.turns.is_empty() {
                self.accounts.remove(&account);
            } else {
                self.turns.push_back(account);
            }
        }
        batch
    }
}

impl OfAccount {
    /// A topic, which has a turn from now on.
    fn topic(&mut self, cache: CacheId, name: &str) -> &mut OfTopic {
        let topics = self.topics.entry(cache).or_default();
        if !topics.contains_key(name) {
            let name: Arc<str> = name.into();
            topics.insert(name.clone(), OfTopic::default());
            self.turns.push_back((cache, name));
        }
        topics.get_mut(name).expect("it was inserted if it was not there")
    }

    /// Moves the oldest message of the next topic to a batch; returns how many bytes it has.
    fn take(&mut self, batch: &mut TopicBatch) -> usize {
        let Some((cache, name)) = self.turns.pop_front() else { return 0 };
        let Some(topics) = self.topics.get_mut(&cache) else { return 0 };
        let Some(of_topic) = topics.get_mut(&name) else { return 0 };
        if of_topic.dropped > 0 {
            batch.dropped.push((cache, name.clone(), std::mem::take(&mut of_topic.dropped)));
        }
        let message = of_topic.messages.pop_front();
        let weight = message.as_ref().map_or(0, TopicMessage::weight);
        of_topic.bytes -= weight;
        self.bytes -= weight;
        if of_topic.messages.is_empty() {
            topics.remove(&name);
            if topics.is_empty() {
                self.topics.remove(&cache);
            }
        } else {
            self.turns.push_back((cache, name));
        }
        let bytes = message.as_ref().map_or(0, |message| message.value.len());
        batch.messages.extend(message);
        bytes
    }
}

/// The memory of a message in the outbox, in bytes: not encoded, it takes no more.
pub(super) fn weight(message: &Message) -> usize {
    Message::weight_of(message.value.bytes.len())
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

    fn push(outbox: &Outbox, account: u64, name: &str, number: u64, bytes: usize) -> bool {
        let value = Value { bytes: vec![0; bytes].into(), is_text: false };
        let mut message = Message::new(value, "".into(), Moment(0), &encodings());
        (message.page, message.number) = (1, number);
        // Each account has one cache.
        let (account, cache) = (AccountId(account), CacheId(account));
        outbox.push(TopicName { account, cache, name }, &message)
    }

    /// How many messages of these bytes a topic may have.
    fn fill(outbox: &Outbox, account: u64, name: &str, bytes: usize) -> u64 {
        let most = (MOST_BYTES / bytes) as u64;
        (1..=most).take_while(|number| push(outbox, account, name, *number, bytes)).count() as u64
    }

    fn take(outbox: &Outbox) -> TopicBatch {
        outbox.take(NEVER).0
    }

    fn numbers(batch: &TopicBatch) -> Vec<(u64, u64)> {
        batch.messages.iter().map(|message| (message.cache.0, message.number)).collect()
    }

    #[test]
    fn neither_an_account_nor_a_topic_with_many_messages_delays_another() {
        let outbox = Outbox::default();
        (1..=1_000).for_each(|number| _ = push(&outbox, 1, "busy", number, 10));
        push(&outbox, 2, "calm", 11, 10);
        push(&outbox, 1, "also calm", 12, 10);

        let batch = take(&outbox);

        assert_eq!(numbers(&batch)[..5], [(1, 1), (2, 11), (1, 12), (1, 2), (1, 3)]);
        assert_eq!(batch.messages.len(), BATCH_MESSAGES);
        assert_eq!(numbers(&take(&outbox)).first(), Some(&(1, 499)));
    }

    #[test]
    fn a_topic_leaves_room_for_other_topics_and_an_account_for_other_accounts() {
        let outbox = Outbox::default();
        let of_topic = fill(&outbox, 1, "large", 1 << 20);
        let all_topics: u64 = (0..20).map(|at| fill(&outbox, 1, &format!("{at}"), 1 << 16)).sum();
        assert_eq!((of_topic, all_topics > 0), (10, true));
        assert!(push(&outbox, 1, "new", 1, 1 << 10));

        assert!(outbox.waiting.lock().bytes <= MOST_BYTES / 2);
        assert!(fill(&outbox, 2, "one", 1 << 20) >= 5);
        for account in 3..6 {
            (0..3).for_each(|at| _ = fill(&outbox, account, &format!("{at}"), 1 << 16));
        }
        assert!(push(&outbox, 6, "new", 1, 1 << 16));
        assert!(outbox.waiting.lock().bytes <= MOST_BYTES);
    }

    #[test]
    fn what_is_too_much_is_dropped_and_counted_by_topic() {
        let outbox = Outbox::default();
        let most = fill(&outbox, 1, "large", 1 << 20);
        assert!(!push(&outbox, 1, "large", most + 2, 1 << 20));
        push(&outbox, 1, "small", 1, 10);
        push(&outbox, 2, "other", 1, 1 << 20);

        let (batch, bytes) = outbox.take(NEVER);
        assert_eq!(batch.dropped, [(CacheId(1), "large".into(), 2)]);
        assert_eq!((numbers(&batch), bytes), (vec![(1, 1)], Message::weight_of(1 << 20)));
        let rest: Vec<_> = (0..=most).flat_map(|_| numbers(&take(&outbox))).collect();
        assert_eq!(rest[..3], [(2, 1), (1, 1), (1, 2)]);
        assert_eq!(rest.len() as u64, most + 1);
        assert!(take(&outbox).is_empty());
        let waiting = outbox.waiting.lock();
        assert_eq!((waiting.bytes, waiting.accounts.len(), waiting.turns.len()), (0, 0, 0));
    }

    #[test]
    fn a_batch_waits_for_the_first_message() {
        let outbox = Outbox::default();
        std::thread::scope(|scope| {
            scope.spawn(|| push(&outbox, 1, "one", 1, 10));
            assert_eq!(numbers(&outbox.take(Duration::from_mins(1)).0), [(1, 1)]);
        });
        assert!(outbox.waiting.lock().accounts.is_empty());
    }
}
