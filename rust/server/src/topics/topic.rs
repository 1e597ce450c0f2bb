//! One topic: its numbers and the newest of its messages.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use attimo_engine::Moment;

use super::message::Message;
use crate::clock::after;
use crate::directory::{AccountId, CacheId};
use crate::retention::Retention;

/// How long a topic without messages and subscribers keeps its numbers.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(10);

/// A topic by its name, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TopicName<'a> {
    pub(crate) account: AccountId,
    pub(crate) cache: CacheId,
    pub(crate) name: &'a str,
}

/// Where a subscriber begins.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resume {
    /// The number of the message that it wants first; 0 for the newest one.
    pub(crate) number: u64,
    /// The page that the number belongs to; 0 if it does not know.
    pub(crate) page: u64,
}

/// Messages that a subscriber misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The number before the first that is missed, in the page that the subscriber knew.
    pub(crate) last: u64,
    /// The number of the last that is missed; the next message has the one after it.
    pub(crate) new: u64,
    /// The page of `new`.
    pub(crate) page: u64,
}

/// A topic.
#[derive(Debug)]
pub(super) struct Topic {
    /// Greater than that of every topic before, and so no other topic's.
    pub(super) page: u64,
    /// The number of the newest message; 0 if there is none yet.
    pub(super) last: u64,
    /// Kept messages: the newest ones, without a gap.
    history: VecDeque<Arc<Message>>,
    /// Their weight.
    bytes: usize,
    /// What the server and the plan of the account allow, as of the newest message.
    keeps: Retention,
    /// The data threads with subscribers.
    pub(super) threads: Vec<usize>,
    /// How many subscribers there are.
    pub(super) subscribers: u64,
    used_at: Moment,
}

impl Topic {
    /// A topic without messages.
    pub(super) fn new(page: u64, keeps: Retention, now: Moment) -> Self {
        let (history, threads) = (VecDeque::new(), Vec::new());
        Topic { page, last: 0, history, bytes: 0, keeps, threads, subscribers: 0, used_at: now }
    }

    /// Gives a message its number and keeps it; from now on, the topic keeps as much as `keeps` says.
    pub(super) fn publish(&mut self, mut message: Arc<Message>, keeps: Retention) -> Arc<Message> {
        self.last += 1;
        self.used_at = message.at;
        // Nobody else has it yet.
        if let Some(message) = Arc::get_mut(&mut message) {
            (message.number, message.page) = (self.last, self.page);
        }
        self.bytes += message.weight();
        self.history.push_back(message.clone());
        self.keeps = keeps;
        self.trim(message.at);
        message
    }

    /// Drops the messages that are too many or too old. The newest is kept however large it is, until it
    /// is too old: a subscriber that comes a moment later must get it.
    pub(super) fn trim(&mut self, now: Moment) {
        let keeps = self.keeps;
        while let Some(oldest) = self.history.front() {
            let is_large = self.bytes > keeps.bytes && self.history.len() > 1;
            let is_too_much = is_large || self.history.len() > keeps.messages;
            if !is_too_much && after(oldest.at.0, keeps.time) > now.0 {
                return;
            }
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.history.pop_front() {
            self.bytes -= oldest.weight();
        }
        if self.history.is_empty() {
            self.history = VecDeque::new();
        }
    }

    /// Drops the older half of what is kept.
    pub(super) fn halve(&mut self) {
        for _ in 0..self.history.len().div_ceil(2) {
            self.drop_oldest();
        }
    }

    /// The memory of what is kept, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many messages are kept that are not too old, and their memory in bytes.
    pub(super) fn kept(&self, now: Moment) -> (usize, usize) {
        let is_old = |message: &Arc<Message>| after(message.at.0, self.keeps.time) <= now.0;
        let old = self.history.partition_point(is_old);
        let of_old: usize = self.history.iter().take(old).map(|message| message.weight()).sum();
        (self.history.len() - old, self.bytes - of_old)
    }

    /// Notes that it is used.
    pub(super) fn touch(&mut self, now: Moment) {
        self.used_at = self.used_at.max(now);
    }

    /// Whether nothing would be lost with it but its numbers.
    pub(super) fn is_idle(&self) -> bool {
        self.history.is_empty() && self.threads.is_empty()
    }

    /// Whether it has been idle for so long that it is forgotten.
    pub(super) fn is_over(&self, now: Moment) -> bool {
        self.is_idle() && after(self.used_at.0, FORGOTTEN_AFTER) <= now.0
    }

    /// The number of the oldest message that is kept, or of the next one.
    pub(super) fn first(&self) -> u64 {
        self.last + 1 - self.history.len() as u64
    }

    /// The number of the first message for a subscriber, and what it misses before that.
    pub(super) fn start(&self, resume: Resume) -> (u64, Option<Gap>) {
        let Resume { number, page } = resume;
        if number == 0 {
            return (self.last.max(self.first()), None);
        }
        let is_of_this = page == 0 || page == self.page;
        if is_of_this && (self.first()..=self.last + 1).contains(&number) {
            return (number, None);
        }
        // It has another topic's number, or one that is not kept.
        let first = self.first();
        (first, Some(Gap { last: number - 1, new: first - 1, page: self.page }))
    }

    /// Kept messages from `number` on, of at most about `most` bytes but at least one, if it is
    /// kept.
    pub(super) fn read(&self, number: u64, most: usize) -> impl Iterator<Item = &Arc<Message>> {
        let skipped = number.saturating_sub(self.first());
        let mut left = most;
        let from = usize::try_from(skipped).unwrap_or(usize::MAX);
        self.history.iter().skip(from).take_while(move |message| {
            let fits = left > 0;
            left = left.saturating_sub(message.weight());
            fits
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::message::{Value, encodings};
    use super::*;

    const KEEPS: Retention = Retention { messages: 3, time: Duration::from_secs(1), bytes: 4_500 };
    const PAGE: u64 = 7;

    fn message(bytes: usize, at: u64) -> Arc<Message> {
        let value = Value { bytes: Bytes::from(vec![0; bytes]), is_text: false };
        Message::new(value, "".into(), Moment(at), &encodings()).into()
    }

    fn topic(messages: u64) -> Topic {
        let mut topic = Topic::new(PAGE, KEEPS, Moment(0));
        for _ in 0..messages {
            topic.publish(message(1, 0), KEEPS);
        }
        topic
    }

    fn numbers(topic: &Topic, from: u64, most: usize) -> Vec<u64> {
        topic.read(from, most).map(|message| message.number).collect()
    }

    #[test]
    fn messages_are_numbered_from_one_and_the_newest_are_kept() {
        let topic = topic(5);

        assert_eq!((topic.first(), topic.last), (3, 5));
        assert_eq!(numbers(&topic, 0, 5_000), [3, 4, 5]);
        assert_eq!(numbers(&topic, 5, 5_000), [5]);
        assert_eq!(numbers(&topic, 6, 5_000), [0; 0]);
    }

    #[test]
    fn what_is_too_old_or_too_much_is_dropped() {
        let mut topic = topic(1);
        topic.publish(message(2_000, 500), KEEPS);
        assert_eq!(topic.history.len(), 2);
        topic.publish(message(2_000, 500), KEEPS);
        assert_eq!((topic.history.len(), topic.first()), (1, 3));
        topic.trim(Moment(1_499));
        assert_eq!(topic.history.len(), 1);
        topic.trim(Moment(1_500));
        assert_eq!((topic.history.len(), topic.bytes(), topic.first()), (0, 0, 4));
        assert!(topic.is_idle() && !topic.is_over(Moment(1_500)));
    }

    #[test]
    fn at_least_one_message_is_read_whatever_its_size() {
        assert_eq!(numbers(&topic(3), 1, 1), [1]);
        assert_eq!(numbers(&topic(3), 1, 300), [1, 2]);
    }

    #[test]
    fn a_subscriber_begins_where_it_asks_or_learns_what_it_misses() {
        let gap = |last, new| Some(Gap { last, new, page: PAGE });
        for (number, page, expected) in [
            (0, 0, (5, None)),
            (0, PAGE, (5, None)),
            (3, PAGE, (3, None)),
            (6, PAGE, (6, None)),
            (4, 0, (4, None)),
            (1, PAGE, (3, gap(0, 2))),
            (7, PAGE, (3, gap(6, 2))),
            (4, 99, (3, gap(3, 2))),
        ] {
            assert_eq!(topic(5).start(Resume { number, page }), expected, "{number} {page}");
        }
    }

    #[test]
    fn a_subscriber_of_a_topic_without_messages_waits_for_the_first() {
        assert_eq!(topic(0).start(Resume::default()), (1, None));
        assert_eq!(topic(0).start(Resume { number: 1, page: PAGE }), (1, None));
        let gap = Some(Gap { last: 8, new: 0, page: PAGE });
        assert_eq!(topic(0).start(Resume { number: 9, page: 3 }), (1, gap));
    }
}
