//! Lists the topics of a cache, a page at a time, in the order of their names.

use std::sync::Arc;

use super::hub::Hub;
use crate::clock::Now;
use crate::directory::CacheId;

/// A topic as it is listed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListedTopic {
    pub(crate) name: Arc<str>,
    pub(crate) page: u64,
    /// The number of the newest message; 0 if there is none yet.
    pub(crate) last: u64,
    pub(crate) subscribers: u64,
    /// How many messages are kept, and their memory in bytes.
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

impl Hub {
    /// The first `most` topics of a cache whose names begin with `prefix` and come after `after`. Looks at
    /// that many topics in each shard at most.
    pub(crate) fn list(
        &self,
        cache: CacheId,
        prefix: &str,
        after: &str,
        most: usize,
        now: Now,
    ) -> Vec<ListedTopic> {
        let mut listed: Vec<ListedTopic> = Vec::new();
        for shard in self.shards() {
            let last = listed.get(most.wrapping_sub(1)).map(|topic| topic.name.clone());
            let shard = shard.lock();
            let found = shard.list(cache, (prefix, after), most);
            let found = found.take_while(|(name, _)| last.as_ref().is_none_or(|last| *name < last));
            listed.extend(found.map(|(name, topic)| {
                let (messages, bytes) = topic.kept(now.moment);
                let (name, page, last) = (name.clone(), topic.page, topic.last);
                ListedTopic { name, page, last, subscribers: topic.subscribers, messages, bytes }
            }));
            drop(shard);
            listed.sort_unstable_by(|one, other| one.name.cmp(&other.name));
            listed.truncate(most);
        }
        listed
    }
}
