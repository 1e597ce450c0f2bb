//! Whatever happens in between, a subscriber gets the messages of a topic in their order, and is told
//! exactly which ones it misses.
//!
//! The model keeps every message that was ever published, which is all that there is to know.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use attimo_engine::{Config, Limits};
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::backend::Backend;
use crate::clock::{Clock, Now};
use crate::directory::{AccountId, CacheId};
use crate::retention::Retention;

mod limits;

const THREADS: usize = 2;
const MEMORY: u64 = 4 << 20;
const KEEPS: Retention = Retention { messages: 5, time: Duration::from_mins(1), bytes: 1 << 20 };
static ZEROS: &[u8] = &[0; 3 << 20];
const NAMES: [&str; 2] = ["one", "two"];

#[derive(Debug, Clone)]
enum Step {
    Publish {
        cache: u64,
        topic: usize,
        messages: u8,
        bytes: usize,
    },
    /// Begin at the newest message, at a number from the newest one back, or at a number of another
    /// topic.
    Subscribe {
        thread: usize,
        cache: u64,
        topic: usize,
        back: Option<u64>,
        is_lost: bool,
    },
    /// Pass on what has arrived for a thread.
    News {
        thread: usize,
    },
    /// Let a subscriber read some messages, the last of which it may not take yet, or in part.
    Read {
        which: prop::sample::Index,
        most: usize,
        puts_back: Option<bool>,
    },
    Unsubscribe {
        which: prop::sample::Index,
    },
    Delete {
        cache: u64,
    },
    Wait {
        seconds: u64,
    },
    /// Items need memory.
    Yield,
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<prop::sample::Index>;
    let topic = || (1..=2_u64, 0..NAMES.len());
    prop_oneof![
        4 => (topic(), 1..9_u8, prop_oneof![Just(3), Just(60_000), Just(2_000_000)]).prop_map(
            |((cache, topic), messages, bytes)| Step::Publish { cache, topic, messages, bytes }),
        3 => (0..THREADS, topic(), prop::option::of(0..12_u64), any::<bool>()).prop_map(
            |(thread, (cache, topic), back, is_lost)|
                Step::Subscribe { thread, cache, topic, back, is_lost }),
        4 => (0..THREADS).prop_map(|thread| Step::News { thread }),
        4 => (which(), 1..20_usize, any::<Option<bool>>()).prop_map(
            |(which, most, puts_back)| Step::Read { which, most, puts_back }),
        1 => which().prop_map(|which| Step::Unsubscribe { which }),
        1 => (1..=2_u64).prop_map(|cache| Step::Delete { cache }),
        1 => (1..90_u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Yield),
    ]
}

/// Each cache is another account's.
fn topic_name(cache: u64, name: &str) -> TopicName<'_> {
    TopicName { account: AccountId(cache), cache: CacheId(cache), name }
}

struct Subscriber {
    reader: Reader,
    thread: usize,
    page: u64,
    /// The number of the message that it gets next, unless it is told otherwise.
    next: u64,
    /// Whether it may get the one before first.
    is_new: bool,
    /// Whether it may be told of another page.
    has_other_page: bool,
    last: Last,
}

/// The last delivery.
enum Last {
    Message(Arc<Message>),
    /// A message that it has put back.
    PutBack,
    Other,
}

impl Subscriber {
    /// Does not take the last message, if it has read one since `before`; `is_begun` is whether it
    /// has a part of it.
    fn put_back(&mut self, before: u64, is_begun: bool) {
        if self.next <= before {
            return;
        }
        match std::mem::replace(&mut self.last, Last::PutBack) {
            Last::Message(message) => self.reader.put_back(is_begun.then_some(message)),
            last => self.last = last,
        }
    }

    /// Takes the message that it has put back: the same one, or what was missed comes next.
    fn take_again(&mut self, published: &HashMap<u64, Vec<usize>>) {
        if !matches!(self.last, Last::PutBack) {
            return;
        }
        self.last = if let Some(message) = self.reader.again() {
            assert_eq!((message.page, message.number), (self.page, self.next - 1));
            assert_eq!(message.value.bytes.len(), length(published, &message));
            Last::Message(message)
        } else {
            self.next -= 1;
            Last::Other
        };
    }
}

fn length(published: &HashMap<u64, Vec<usize>>, message: &Message) -> usize {
    published[&message.page][usize::try_from(message.number).unwrap() - 1]
}

struct World {
    hub: Arc<Hub>,
    backend: Arc<Backend>,
    locals: Vec<Rc<LocalTopics>>,
    readies: Vec<Rc<Ready>>,
    subscribers: HashMap<u32, Subscriber>,
    tokens: u32,
    /// All messages of a page: the length of each, by which they differ.
    published: HashMap<u64, Vec<usize>>,
    pages: HashMap<(u64, usize), u64>,
    now: Now,
    messages: usize,
}

impl World {
    fn new() -> Self {
        Self::with_memory(MEMORY)
    }

    fn with_memory(memory_bytes: u64) -> Self {
        let limits = Limits::default();
        let config = Config { memory_bytes, shards: 1, seed: [1; 4], limits };
        let (backend, clock) = (Arc::new(Backend::new(config)), Clock::start());
        let hub = Hub::new(KEEPS, THREADS, clock, (backend.clone(), memory_bytes));
        let locals = (0..THREADS).map(|thread| LocalTopics::new(hub.clone(), thread));
        World {
            locals: locals.collect(),
            readies: (0..THREADS).map(|_| Rc::default()).collect(),
            hub,
            backend,
            subscribers: HashMap::new(),
            tokens: 0,
            published: HashMap::new(),
            pages: HashMap::new(),
            now: clock.now(),
            messages: 0,
        }
    }

    fn publish(&mut self, cache: u64, topic: usize, bytes: usize) {
        self.messages += 1;
        let length = bytes + self.messages;
        let value = Value { bytes: Bytes::from_static(ZEROS).slice(..length), is_text: false };
        let topic = topic_name(cache, NAMES[topic]);
        let (page, number) =
            self.hub.publish(topic, value, "".into(), Retention::default(), self.now);
        let published = self.published.entry(page).or_default();
        published.push(length);
        assert_eq!(published.len() as u64, number);
    }

    /// The page of a topic now.
    fn page(&mut self, cache: u64, topic: usize) -> u64 {
        let name = topic_name(cache, NAMES[topic]);
        let joined = self.hub.join(name, 0, Resume::default(), self.now);
        let is_here = self.subscribers.values().any(|s| s.thread == 0 && s.page == joined.page);
        let (id, name, page) = (CacheId(cache), NAMES[topic].into(), joined.page);
        self.hub.leave(&feed::TopicKey { cache: id, name, page }, 0, !is_here);
        self.pages.insert((cache, topic), joined.page);
        joined.page
    }

    fn subscribe(&mut self, thread: usize, (cache, topic): (u64, usize), resume: Resume) {
        self.tokens += 1;
        let (token, ready) = (self.tokens, self.readies[thread].clone());
        let place = topic_name(cache, NAMES[topic]);
        let notifier = Notifier { ready, token };
        let reader = Reader::subscribe(&self.locals[thread], place, resume, notifier, self.now);
        let page = self.pages[&(cache, topic)];
        let all = self.published.get(&page).map_or(0, Vec::len) as u64;
        let is_of_this = resume.page == page && resume.number <= all + 1;
        let (next, has_other_page) = (resume.number, !is_of_this);
        // It gets the newest message first, if that is kept.
        let is_new = next == 0;
        let next = if is_new { all + 1 } else { next };
        let subscriber =
            Subscriber { reader, thread, page, next, is_new, has_other_page, last: Last::Other };
        self.subscribers.insert(token, subscriber);
        self.read(token, 1);
    }

    /// Reads as a connection does: until nothing is left, or for as long as its client takes more.
    fn read(&mut self, token: u32, most: usize) -> bool {
        let Some(subscriber) = self.subscribers.get_mut(&token) else { return false };
        subscriber.take_again(&self.published);
        for _ in 0..most {
            let delivery = subscriber.reader.next();
            let before = match &delivery {
                None => return false,
                Some(Delivery::Gap(gap)) => gap.last + 1,
                Some(Delivery::Message(message)) => message.number,
            };
            if std::mem::take(&mut subscriber.is_new) && before + 1 == subscriber.next {
                subscriber.next -= 1;
            }
            subscriber.last = match &delivery {
                Some(Delivery::Message(message)) => Last::Message(message.clone()),
                _ => Last::Other,
            };
            match delivery {
                None => {}
                Some(Delivery::Gap(gap)) => {
                    assert_eq!(gap.page, subscriber.page);
                    assert_eq!(gap.last, subscriber.next.saturating_sub(1));
                    assert!(gap.new >= subscriber.next || subscriber.has_other_page);
                    subscriber.next = gap.new + 1;
                }
                Some(Delivery::Message(message)) => {
                    assert_eq!((message.page, message.number), (subscriber.page, subscriber.next));
                    assert_eq!(message.value.bytes.len(), length(&self.published, &message));
                    subscriber.next += 1;
                }
            }
            subscriber.has_other_page = false;
        }
        true
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Publish { cache, topic, messages, bytes } => {
                (0..messages).for_each(|_| self.publish(cache, topic, bytes));
            }
            Step::Subscribe { thread, cache, topic, back, is_lost } => {
                let page = self.page(cache, topic);
                let all = self.published.get(&page).map_or(0, Vec::len) as u64;
                let number = back.map_or(0, |back| (all + 1).saturating_sub(back));
                let page = if is_lost { page + 1_000 } else { page };
                self.subscribe(thread, (cache, topic), Resume { number, page });
            }
            Step::News { thread } => {
                self.locals[thread].take_news(Vec::new());
            }
            Step::Read { which, most, puts_back } => {
                if let Some(token) = self.chosen(which) {
                    let before = self.subscribers[&token].next;
                    let reads = self.read(token, most);
                    if let Some(is_begun) = puts_back.filter(|_| reads) {
                        let subscriber = self.subscribers.get_mut(&token).unwrap();
                        subscriber.put_back(before, is_begun);
                    }
                }
            }
            Step::Unsubscribe { which } => {
                let gone = self.chosen(which);
                gone.and_then(|token| self.subscribers.remove(&token));
            }
            Step::Delete { cache } => {
                self.hub.retain(|id| id != CacheId(cache));
                let pages = &mut self.pages;
                let dead: Vec<_> = pages.keys().filter(|(id, _)| *id == cache).copied().collect();
                let dead: Vec<_> = dead.iter().filter_map(|key| pages.remove(key)).collect();
                self.subscribers.retain(|_, subscriber| !dead.contains(&subscriber.page));
            }
            Step::Wait { seconds } => {
                self.now.moment.0 += seconds * 1_000;
                self.now.epoch_seconds += seconds;
                (0..64).for_each(|_| self.hub.sweep(self.now.moment));
                self.locals.iter().for_each(|local| local.sweep());
            }
            Step::Yield => self.hub.yield_memory(u64::MAX),
        }
    }

    fn chosen(&self, which: prop::sample::Index) -> Option<u32> {
        let mut tokens: Vec<_> = self.subscribers.keys().copied().collect();
        tokens.sort_unstable();
        (!tokens.is_empty()).then(|| *which.get(&tokens))
    }

    /// Every subscriber gets what is left, if it reads whenever it is told to.
    fn settle(&mut self) {
        for (local, ready) in self.locals.clone().into_iter().zip(self.readies.clone()) {
            local.take_news(Vec::new());
            while let Some(token) = ready.pop() {
                while self.read(token, 10) {}
            }
        }
        for subscriber in self.subscribers.values() {
            let all = self.published.get(&subscriber.page).map_or(0, Vec::len) as u64;
            assert_eq!(subscriber.next, all + 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_subscriber_gets_messages_in_order_and_is_told_what_it_misses(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        for token in world.subscribers.keys().copied().collect::<Vec<_>>() {
            while world.read(token, 10) {}
        }
        world.settle();
        for topic in [(1, 0), (1, 1), (2, 0), (2, 1)] {
            if world.pages.contains_key(&topic) {
                world.publish(topic.0, topic.1, 3);
            }
        }
        world.settle();
        world.subscribers.clear();
        world.hub.retain(|_| false);
        prop_assert_eq!(world.hub.reserved(), 0);
        // Threads keep a step or two of theirs.
        prop_assert!(world.backend.reserved() <= (THREADS * 3 * 64 * 1024) as u64);
    }
}
