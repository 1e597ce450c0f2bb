//! The topics that have subscribers on one data thread.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::task::yield_now;

use super::feed::{Cursor, Feed, TopicKey};
use super::hub::{Hub, Joined};
use super::inbox::Arrived;
use super::message::Message;
use super::ready::Notifier;
use super::topic::{Gap, Resume, TopicName};
use super::watchers::Watchers;
use crate::clock::Now;

/// The memory of a subscription and of a feed in bytes, without the name of the topic, which both have.
const SUBSCRIPTION_BYTES: usize = 1024;
const FEED_BYTES: usize = 512;
/// How many subscribers are notified before others run.
const NOTIFIED_AT_A_TIME: usize = 256;
/// Memory is reserved in steps of so many bytes.
const STEP: u64 = 64 * 1024;

/// The topics that have subscribers on one data thread, by page.
pub(crate) struct LocalTopics {
    hub: Arc<Hub>,
    thread: usize,
    feeds: RefCell<HashMap<u64, Rc<RefCell<Feed>>>>,
    watchers: Watchers,
    /// What is held for subscriptions, feeds, credentials and watchers, in bytes.
    held: Cell<u64>,
    /// The bytes of the messages in all feeds.
    bytes: Cell<usize>,
    /// Of these, those that are kept only for subscribers that have them in part.
    unfinished: Cell<usize>,
    reserved: Cell<u64>,
}

impl LocalTopics {
    /// Those of the data thread with this number.
    pub(crate) fn new(hub: Arc<Hub>, thread: usize) -> Rc<Self> {
        Rc::new(LocalTopics {
            hub,
            thread,
            feeds: RefCell::default(),
            watchers: Watchers::default(),
            held: Cell::default(),
            bytes: Cell::default(),
            unfinished: Cell::default(),
            reserved: Cell::default(),
        })
    }

    /// Adds a subscriber to the feed of a topic; returns what it misses, too.
    pub(super) fn enter(
        &self,
        topic: TopicName<'_>,
        resume: Resume,
        notifier: Notifier,
        now: Now,
    ) -> (Rc<RefCell<Feed>>, Rc<Cursor>, Option<Gap>) {
        let Joined { page, start, next } = self.hub.join(topic, self.thread, resume, now);
        let TopicName { cache, name, .. } = topic;
        let key = || TopicKey { cache, name: name.into(), page };
        let mut feeds = self.feeds.borrow_mut();
        let feed = feeds.entry(page).or_insert_with(|| RefCell::new(Feed::new(key(), next)).into());
        let cursor = Cursor::new(start.0, notifier);
        if feed.borrow_mut().enter(cursor.clone()) {
            self.hold(of_feed(name));
        }
        self.hold(of_subscription(name));
        (feed.clone(), cursor, start.1)
    }

    /// Keeps a message for a subscriber that has it in part, until [`LocalTopics::finish`].
    pub(super) fn keep_unfinished(&self, feed: &RefCell<Feed>, message: Arc<Message>) {
        self.change(feed, |feed| feed.keep_unfinished(message));
    }

    /// Keeps it no more.
    pub(super) fn finish(&self, feed: &RefCell<Feed>, number: u64) {
        self.change(feed, |feed| feed.finish(number));
    }

    /// Ends a subscription, which has no message in part.
    pub(super) fn leave(&self, feed: &Rc<RefCell<Feed>>, cursor: &Cursor) {
        let mut left = feed.borrow_mut();
        let is_last = left.leave(cursor);
        self.hub.leave(&left.key, self.thread, is_last);
        if is_last {
            self.feeds.borrow_mut().remove(&left.key.page);
            self.bytes.set(self.bytes.get() - left.bytes());
            self.let_go(of_feed(&left.key.name));
        }
        self.let_go(of_subscription(&left.key.name));
    }

    /// Counts so many bytes that belong to subscriptions, until [`LocalTopics::let_go`].
    pub(crate) fn hold(&self, bytes: u64) {
        self.held.set(self.held.get() + bytes);
        self.count();
    }

    /// Counts so many bytes less.
    pub(crate) fn let_go(&self, bytes: u64) {
        self.held.set(self.held.get() - bytes);
        self.count();
    }

    /// Who is told whenever credentials may have changed.
    pub(super) fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// All topics of the server.
    pub(super) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Passes messages on for ever.
    pub(crate) async fn run(&self) {
        let mut emptied = Vec::new();
        loop {
            self.hub.inbox(self.thread).notified().await;
            emptied = self.take_news(emptied);
            // More may have arrived meanwhile, and a notification costs no budget of the runtime.
            yield_now().await;
        }
    }

    /// Passes on what has arrived; `emptied` is a vector to use again, as is what it returns.
    pub(super) fn take_news(&self, emptied: Vec<Arc<Message>>) -> Vec<Arc<Message>> {
        let Arrived { mut messages, has_lost, .. } = self.hub.inbox(self.thread).take(emptied);
        if has_lost {
            self.resume();
        }
        // Messages of one topic often come together.
        let mut last: Option<Rc<RefCell<Feed>>> = None;
        for message in messages.drain(..) {
            let page = message.page;
            let is_same = |feed: &Rc<RefCell<Feed>>| feed.borrow().key.page == page;
            if !last.as_ref().is_some_and(is_same) {
                let feed = self.feeds.borrow().get(&page).cloned();
                self.announce(std::mem::replace(&mut last, feed));
            }
            if let Some(feed) = &last {
                self.change(feed, |feed| feed.push(message));
            }
        }
        self.announce(last);
        messages
    }

    fn announce(&self, feed: Option<Rc<RefCell<Feed>>>) {
        if let Some(feed) = feed {
            self.change(&feed, Feed::announce);
        }
    }

    /// Has all subscribers look at what topics keep, since messages for this thread were lost.
    fn resume(&self) {
        for feed in self.feeds.borrow().values() {
            let key = feed.borrow().key.clone();
            if let Some(next) = self.hub.next(&key) {
                self.change(feed, |feed| feed.reset(next));
                self.change(feed, Feed::announce);
            }
        }
    }

    /// Drops messages that all subscribers have read.
    pub(crate) fn sweep(&self) {
        for feed in self.feeds.borrow().values() {
            self.change(feed, Feed::drop_read);
        }
    }

    /// Notifies all subscribers and watchers, in portions between which others run.
    pub(crate) async fn notify_all(&self) {
        let mut notified = Some(0);
        while let Some(last) = notified {
            notified = self.watchers.notify_some(last, NOTIFIED_AT_A_TIME);
            yield_now().await;
        }
        let feeds: Vec<_> = self.feeds.borrow().values().cloned().collect();
        let mut room = NOTIFIED_AT_A_TIME;
        for feed in feeds {
            let mut left = feed.borrow().subscribers();
            while left > 0 {
                let before = left;
                left = feed.borrow().notify_some(left, room);
                room = room.saturating_sub(before - left);
                if room == 0 {
                    yield_now().await;
                    room = NOTIFIED_AT_A_TIME;
                }
            }
        }
    }

    fn change(&self, feed: &RefCell<Feed>, change: impl FnOnce(&mut Feed)) {
        self.apply(&mut feed.borrow_mut(), change);
        if self.bytes.get() > self.hub.most_in_feeds() {
            self.relieve();
        }
        if self.unfinished.get() > self.most_unfinished() {
            self.drop_unfinished();
        }
        self.count();
    }

    fn apply(&self, feed: &mut Feed, change: impl FnOnce(&mut Feed)) {
        let (before, unfinished) = (feed.bytes(), feed.unfinished_bytes());
        change(feed);
        self.bytes.set(self.bytes.get() + feed.bytes() - before);
        self.unfinished.set(self.unfinished.get() + feed.unfinished_bytes() - unfinished);
    }

    /// Drops the older half of the largest feeds, whose slowest subscribers are furthest behind, until
    /// a quarter is free.
    fn relieve(&self) {
        let (enough, all) = (self.hub.most_in_feeds() / 4 * 3, self.feeds.borrow());
        let mut feeds: Vec<_> = all.values().collect();
        feeds.sort_unstable_by_key(|feed| Reverse(feed.borrow().bytes()));
        for feed in feeds {
            if self.bytes.get() <= enough {
                return;
            }
            self.apply(&mut feed.borrow_mut(), Feed::halve);
        }
    }

    /// Of the memory of feeds, this is for messages that subscribers have in part; the rest stays for those
    /// that go on reading.
    fn most_unfinished(&self) -> usize {
        self.hub.most_in_feeds() / 2
    }

    /// Drops what subscribers have in part, where that is most, until it fits.
    fn drop_unfinished(&self) {
        let all = self.feeds.borrow();
        let mut feeds: Vec<_> = all.values().collect();
        feeds.sort_unstable_by_key(|feed| Reverse(feed.borrow().unfinished_bytes()));
        for feed in feeds {
            if self.unfinished.get() <= self.most_unfinished() {
                return;
            }
            self.apply(&mut feed.borrow_mut(), Feed::drop_unfinished);
        }
    }

    /// Reserves memory for what is held, and for what is in feeds.
    fn count(&self) {
        let used = self.bytes.get() as u64 + self.held.get();
        let reserved = self.reserved.get();
        // Less is released only when that is much less.
        if used > reserved || reserved - used >= 2 * STEP {
            let next = used.next_multiple_of(STEP);
            self.hub.adjust(reserved, next);
            self.reserved.set(next);
        }
    }
}

fn of_subscription(name: &str) -> u64 {
    (SUBSCRIPTION_BYTES + name.len()) as u64
}

fn of_feed(name: &str) -> u64 {
    (FEED_BYTES + name.len()) as u64
}
