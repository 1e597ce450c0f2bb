//! Topics: messages that subscribers of a cache receive in one order.
//!
//! A topic comes into being when it is first used. Its messages are numbered from 1, and the newest
//! are kept for a while, with or without subscribers (`topic`). All topics are in one `Hub`. A message
//! that is published goes to the inbox of each data thread with subscribers of its topic (`inbox`),
//! and from there into the thread's own feed of the topic (`feed`), from which all of its subscribers
//! read, each at its own pace (`reader`). So a message is stored once for all of them, and a slow
//! subscriber delays nobody: once it is too far behind for the feed it reads what the topic still
//! keeps, and is told exactly which messages it misses.

mod fair;
mod feed;
mod hub;
mod inbox;
mod listing;
mod local;
mod message;
mod outbox;
mod reader;
mod ready;
mod shard;
mod subscriptions;
#[cfg(test)]
mod tests;
mod topic;
mod unfinished;
mod watcher;
mod watchers;

pub(crate) use self::hub::Hub;
pub(crate) use self::listing::ListedTopic;
pub(crate) use self::local::LocalTopics;
pub(crate) use self::message::{Encoded, Form, Message, Value};
pub use self::outbox::{TopicBatch, TopicMessage};
pub(crate) use self::reader::{Delivery, Reader};
pub(crate) use self::ready::{Notifier, Ready};
pub(crate) use self::subscriptions::{Places, SubscriptionGuard};
pub(crate) use self::topic::{Gap, Resume, TopicName};
pub(crate) use self::watcher::Watcher;
