//! Listing: the items of a namespace, a page at a time.
//!
//! A page walks items in an order that nothing changes: by shard and then by hash, which each item
//! has for as long as it exists. So an item that exists throughout a listing is returned exactly
//! once, whatever is written, removed or evicted between two pages, and however tables grow or
//! shrink. One that is created or removed meanwhile may be missing.
//!
//! Listing is not a use of an item: it changes nothing that eviction decides by.

use std::cmp::Ordering;

use crate::record::Record;
use crate::remains::Removed;
use crate::shard::Shard;
use crate::table::CELLS;
use crate::time::Deadline;
use crate::{Engine, ItemType, Moment, Namespace, Ttl};

/// Lines of a table visited under one lock: about as many cells as records in a sweep.
const LINES: usize = 256 / CELLS;

/// Where a listing continues; by default, at its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// The number of the shard.
    pub shard: u32,
    /// The whole hash of a key, with the half first that orders the items of a shard.
    pub hash: u64,
}

/// Which items are listed.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// What their keys start with.
    pub prefix: &'a [u8],
    /// Whether leaderboards are listed, too, whose keys are a space of their own.
    pub leaderboards: bool,
}

/// What a page may take.
#[derive(Debug, Clone, Copy)]
pub struct PageLimits {
    /// How many items it has at most; at least one.
    pub keys: usize,
    /// How many bytes their keys have together at most, unless one key alone has more.
    pub bytes: usize,
    /// After how many cells of hash tables it ends.
    pub cells: usize,
}

/// An item as it was when its page was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: Box<[u8]>,
    /// Its type.
    pub item_type: ItemType,
    /// The bytes of its key and of its value or elements, as the limits count them.
    pub bytes: u64,
    /// How many elements a collection has; `None` for a single value.
    pub elements: Option<usize>,
    /// What is left of its life; `None` if it never expires.
    pub ttl: Option<Ttl>,
}

/// A part of a listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The items, in no meaningful order.
    pub items: Vec<Listed>,
    /// The total length of their keys.
    pub bytes: usize,
    /// Where the next page starts; `None` if this is the last one. A page without items may have a
    /// next one.
    pub next: Option<Position>,
}

impl Engine {
    /// The selected items, from a position on: those of every type, without expired ones.
    ///
    /// A lock is held for about 256 cells at a time. Shards in which the namespace stores nothing
    /// are skipped.
    pub fn list(
        &self,
        namespace: Namespace,
        selection: Selection<'_>,
        from: Position,
        limits: PageLimits,
        now: Moment,
    ) -> Page {
        let next = Some(from).filter(|from| (from.shard as usize) < self.shards());
        let page = Page { next, ..Page::default() };
        let mut walk = Walk { engine: self, namespace, selection, now, limits, page, cells: 0 };
        while walk.cells < limits.cells && walk.step() {}
        walk.page
    }
}

/// The making of a page.
struct Walk<'a> {
    engine: &'a Engine,
    namespace: Namespace,
    selection: Selection<'a>,
    now: Moment,
    limits: PageLimits,
    page: Page,
    /// Visited so far.
    cells: usize,
}

impl Walk<'_> {
    /// Visits a few lines; whether there are more, and room for their items.
    fn step(&mut self) -> bool {
        let Some(at) = self.page.next else { return false };
        let shard = self.engine.lock(at.shard as usize);
        // A lock alone takes about as long as a cell.
        self.cells += 1;
        let Some(cache) = shard.cache(self.namespace) else {
            self.page.next = self.next_shard(at);
            return true;
        };
        let first = first_half(at.hash);
        let end = cache.hash_after(first, LINES);
        let hashes = first..=end.map_or(u32::MAX, |end| end - 1);
        self.cells += cache.cells_of(&hashes);
        let items = cache.addresses_of(&hashes).map(|at| shard.record(at));
        let wanted = |item: &Record<'_>| hashes.contains(&item.header.hash) && self.wants(item, at);
        let found = items.filter(wanted).collect();
        if let Some(rest) = self.add(&shard, found) {
            self.page.next = Some(Position { hash: rest, ..at });
            return false;
        }
        let more = end.map(|end| Position { hash: u64::from(end) << 32, ..at });
        self.page.next = more.or_else(|| self.next_shard(at));
        true
    }

    fn wants(&self, item: &Record<'_>, from: Position) -> bool {
        let all = self.selection.leaderboards;
        let namespace = item.header.namespace;
        (if all { namespace.of_cache() } else { namespace }) == self.namespace
            && item.key.starts_with(self.selection.prefix)
            && !item.header.has_expired(self.now)
            // Of the first hash, a page before may have had some.
            && (u64::from(item.header.hash) << 32 >= from.hash || self.hash(item) >= from.hash)
    }

    /// Adds items to the page; returns the hash of the first one that has no room.
    fn add(&mut self, shard: &Shard, mut found: Vec<Record<'_>>) -> Option<u64> {
        let bytes = found.iter().map(|item| item.key.len()).sum();
        if !self.has_room(found.len(), bytes) {
            found.sort_by(|one, other| self.compare(one, other));
        }
        for item in found {
            let key = item.key;
            if !self.page.items.is_empty() && !self.has_room(1, key.len()) {
                return Some(self.hash(&item));
            }
            self.page.bytes += key.len();
            self.page.items.push(self.listed(shard, &item));
        }
        None
    }

    fn listed(&self, shard: &Shard, item: &Record<'_>) -> Listed {
        let value = shard.value_of(item);
        let (item_type, content) = value
            .map_or((ItemType::Scalar, item.value.len() as u64), |it| {
                (it.item_type(), it.size().data)
            });
        let deadline = item.header.deadline();
        Listed {
            key: item.key.into(),
            item_type,
            bytes: item.key.len() as u64 + content,
            elements: value.filter(|_| item_type != ItemType::Scalar).map(Removed::len),
            ttl: (deadline != Deadline::NEVER).then(|| deadline.left(self.now)),
        }
    }

    fn has_room(&self, keys: usize, bytes: usize) -> bool {
        self.page.items.len() + keys <= self.limits.keys
            && self.page.bytes + bytes <= self.limits.bytes
    }

    fn hash(&self, item: &Record<'_>) -> u64 {
        let (high, low) = self.engine.hashing().of_key(item.header.namespace, item.key);
        u64::from(low) << 32 | u64::from(high)
    }

    /// Compares whole hashes. Keys may have megabytes and a lock is held, so those whose stored
    /// halves differ are not hashed.
    fn compare(&self, one: &Record<'_>, other: &Record<'_>) -> Ordering {
        one.header.hash.cmp(&other.header.hash).then_with(|| self.hash(one).cmp(&self.hash(other)))
    }

    fn next_shard(&self, at: Position) -> Option<Position> {
        let shard = at.shard + 1;
        ((shard as usize) < self.engine.shards()).then_some(Position { shard, hash: 0 })
    }
}

fn first_half(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::leaderboard::Upsert;
    use crate::commands::list::Push;
    use crate::commands::scalar::{Delete, Set};
    use crate::{CollectionTtl, Config, End, LARGE_VALUE_BYTES, Limits};

    const OURS: Namespace = Namespace(1);
    const OTHERS: Namespace = Namespace(2);
    const ALL: PageLimits = PageLimits { keys: 1 << 20, bytes: 1 << 30, cells: usize::MAX };

    fn engine(shards: usize) -> Engine {
        let (seed, limits) = ([1, 2, 3, 4], Limits::default());
        Engine::new(Config { memory_bytes: 1 << 30, shards, seed, limits })
    }

    fn set(engine: &Engine, namespace: Namespace, key: &[u8], ttl: u64) {
        let set = Set { key, value: b"v"[..].into(), ttl: Ttl(ttl) };
        engine.run(namespace, set, Moment(0)).unwrap();
    }

    fn key(i: u32) -> Box<[u8]> {
        format!("key {i}").into_bytes().into()
    }

    fn keys(range: std::ops::Range<u32>) -> Vec<Box<[u8]>> {
        let mut keys: Vec<_> = range.map(key).collect();
        keys.sort();
        keys
    }

    /// All pages of our keys with a prefix; `between` runs before each.
    fn listed(
        engine: &Engine,
        prefix: &[u8],
        limits: PageLimits,
        mut between: impl FnMut(usize),
    ) -> Vec<Page> {
        let selection = Selection { prefix, leaderboards: false };
        let (mut pages, mut next) = (Vec::new(), Some(Position::default()));
        while let Some(from) = next {
            between(pages.len());
            let page = engine.list(OURS, selection, from, limits, Moment(5));
            next = page.next;
            pages.push(page);
        }
        pages
    }

    fn sorted(pages: Vec<Page>) -> Vec<Box<[u8]>> {
        let items = pages.into_iter().flat_map(|page| page.items);
        let mut keys: Vec<_> = items.map(|item| item.key).collect();
        keys.sort();
        keys
    }

    #[test]
    fn every_live_key_of_the_namespace_with_the_prefix_is_listed() {
        let engine = engine(4);
        (0..3000).for_each(|i| set(&engine, OURS, &key(i), 10));
        (0..3000).for_each(|i| set(&engine, OTHERS, &key(i), 10));
        (3000..4000).for_each(|i| set(&engine, OURS, &key(i), 5));
        for key in [&b""[..], b"\xff", b"kex"] {
            set(&engine, OURS, key, 10);
        }

        let listed = |prefix: &[u8]| sorted(listed(&engine, prefix, ALL, |_| ()));

        assert_eq!(listed(b"key "), keys(0..3000));
        assert_eq!(listed(b"").len(), 3003);
        assert_eq!(listed(b"key 1000x"), Vec::<Box<[u8]>>::new());
        assert_eq!(listed(b"\xff"), [Box::from(&b"\xff"[..])]);
    }

    #[test]
    fn a_page_keeps_to_its_limits_and_the_next_continues_there() {
        let engine = engine(4);
        (0..1000).for_each(|i| set(&engine, OURS, &key(i), 10));
        for (limits, most) in [
            (PageLimits { keys: 1, ..ALL }, 1),
            (PageLimits { keys: 7, ..ALL }, 7),
            (PageLimits { bytes: 70, ..ALL }, 14),
            (PageLimits { bytes: 1, ..ALL }, 1),
            (PageLimits { cells: 1, ..ALL }, LINES * CELLS),
        ] {
            let pages = listed(&engine, b"", limits, |_| ());

            assert!(pages.iter().all(|page| page.items.len() <= most), "{limits:?}");
            let bytes = |page: &Page| page.items.iter().map(|item| item.key.len()).sum::<usize>();
            assert!(pages.iter().all(|page| page.bytes == bytes(page)));
            assert!(pages.len() >= 1000 / most, "{limits:?}");
            assert_eq!(sorted(pages), keys(0..1000), "{limits:?}");
        }
    }

    #[test]
    fn a_page_with_all_keys_is_the_last_one_although_it_is_full() {
        let engine = engine(4);
        (0..10).for_each(|i| set(&engine, OURS, &key(i), 10));

        let pages = listed(&engine, b"", PageLimits { keys: 10, ..ALL }, |_| ());

        assert_eq!(pages.len(), 1);
    }

    #[test]
    fn a_listing_visits_nobody_elses_items() {
        let engine = engine(4);
        (0..20_000).for_each(|i| set(&engine, OTHERS, &key(i), 10));
        (0..50).for_each(|i| set(&engine, OURS, &key(i), 10));
        let little = PageLimits { cells: 20 * CELLS, ..ALL };

        let pages = listed(&engine, b"", little, |_| ());

        assert_eq!(pages.len(), 1);
        assert_eq!(sorted(pages), keys(0..50));
    }

    #[test]
    fn what_stays_is_listed_once_while_tables_grow_and_shrink() {
        let engine = engine(2);
        let few = PageLimits { keys: 20, ..ALL };
        (0..300).for_each(|i| set(&engine, OURS, &key(i), 10));
        let cells_in = |shard| engine.lock(shard).cache(OURS).unwrap().cells_of(&(0..=u32::MAX));
        let cells = || (0..2).map(cells_in).sum::<usize>();
        let mut sizes = Vec::new();

        let pages = listed(&engine, b"key ", few, |page| {
            for i in 0..10_000 {
                let key = format!("other {i}").into_bytes();
                if page % 2 == 0 {
                    set(&engine, OURS, &key, 10);
                } else {
                    engine.run(OURS, Delete { key: &key }, Moment(0)).unwrap();
                }
            }
            engine.sweep(Moment(0), usize::MAX);
            sizes.push(cells());
        });

        assert_eq!(sorted(pages), keys(0..300));
        assert!(sizes.len() >= 15 && sizes[0] > 10_000 && sizes[1] < 1_000, "{sizes:?}");
    }

    #[test]
    fn a_position_after_the_last_shard_is_the_end() {
        let from = Position { shard: 4, hash: 0 };

        let selection = Selection { prefix: b"", leaderboards: true };

        assert_eq!(engine(4).list(OURS, selection, from, ALL, Moment(0)), Page::default());
    }

    #[test]
    fn an_item_is_listed_with_its_type_size_elements_and_life() {
        let engine = engine(4);
        let long = vec![7; LARGE_VALUE_BYTES];
        set(&engine, OURS, b"short", 10);
        let set = Set { key: b"long", value: long[..].into(), ttl: Ttl(20) };
        engine.run(OURS, set, Moment(0)).unwrap();
        let ttl = CollectionTtl { ttl: Ttl(30), refresh: true };
        let values = [&b"ab"[..], b"c"];
        let push = Push { key: b"same", at: End::Back, values, truncate: None, ttl };
        engine.run(OURS, push, Moment(0)).unwrap();
        let ttl = CollectionTtl { ttl: Ttl::FOREVER, refresh: true };
        let upsert = Upsert { key: b"same", elements: [(1, 0.5)], ttl };
        engine.run(OURS, upsert, Moment(0)).unwrap();

        let listed = |leaderboards| {
            let selection = Selection { prefix: b"", leaderboards };
            let page = engine.list(OURS, selection, Position::default(), ALL, Moment(5));
            let told = |it: Listed| (it.key.to_vec(), it.item_type, it.bytes, it.elements, it.ttl);
            let mut items: Vec<_> = page.items.into_iter().map(told).collect();
            items.sort_by_key(|item| (item.0.clone(), item.4.is_none()));
            items
        };

        let long = 4 + LARGE_VALUE_BYTES as u64;
        let all = [
            (b"long".to_vec(), ItemType::Scalar, long, None, Some(Ttl(14))),
            (b"same".to_vec(), ItemType::List, 4 + 3, Some(2), Some(Ttl(24))),
            (b"same".to_vec(), ItemType::Leaderboard, 4 + 12, Some(1), None),
            (b"short".to_vec(), ItemType::Scalar, 5 + 1, None, Some(Ttl(4))),
        ];
        let is_item = |it: &&(Vec<u8>, ItemType, u64, Option<usize>, Option<Ttl>)| {
            it.1 != ItemType::Leaderboard
        };
        assert_eq!(listed(false), all.iter().filter(is_item).cloned().collect::<Vec<_>>());
        assert_eq!(listed(true), all);
    }
}
