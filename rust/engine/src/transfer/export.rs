//! Walks over all items, and writes each.

use super::wire::{put_bytes, put_number};
use crate::collections::kinds::{Dictionary, Leaderboard, List, Set, SortedSet};
use crate::log::{Position, Queue};
use crate::record::Record;
use crate::time::Deadline;
use crate::value_slab::Value;
use crate::{Engine, ItemType, Moment, Namespace, Order};

/// A walk over the items of some shards, from old ones to new ones: a piece of each shard in turn.
///
/// It is meant for an engine that nobody writes to. What is written meanwhile is given in its old
/// or its new state, or in both, the old one first. What eviction or compaction moves meanwhile is
/// given once or twice.
#[derive(Debug)]
pub struct Export<'a> {
    engine: &'a Engine,
    shards: Vec<Pieces>,
    /// The index of the shard that is next.
    turn: usize,
}

/// The segments of one shard that are left.
#[derive(Debug)]
struct Pieces {
    shard: usize,
    left: std::vec::IntoIter<Position>,
    /// The newest segment when they were listed.
    newest: Option<u32>,
}

impl Pieces {
    /// The next; after the last one, what was written or moved to newer segments meanwhile.
    fn next(&mut self, engine: &Engine) -> Option<Position> {
        self.left.next().or_else(|| {
            self.list(engine);
            self.left.next()
        })
    }

    fn list(&mut self, engine: &Engine) {
        let mut shard = engine.lock(self.shard);
        let before = shard.memory();
        let log = shard.log_mut();
        (self.left, self.newest) = (log.by_age(self.newest).into_iter(), Some(log.newest()));
        engine.count(before, shard.memory());
    }
}

impl Engine {
    /// A walk over one of `parts` parts of the items, which threads can do side by side.
    pub fn export(&self, part: usize, parts: usize) -> Export<'_> {
        let mine = (0..self.shards()).skip(part).step_by(parts.max(1));
        let pieces = |shard| Pieces { shard, left: Vec::new().into_iter(), newest: None };
        Export { engine: self, shards: mine.map(pieces).collect(), turn: 0 }
    }
}

impl Export<'_> {
    /// Calls `each` for the next items, at most those of a segment, under the lock of their shard;
    /// false if there are none left. Expired items and those of retired namespaces are left out.
    pub fn step(&mut self, now: Moment, mut each: impl FnMut(&Outgoing<'_>)) -> bool {
        let Some((number, from)) = self.next() else { return false };
        let shard = self.engine.lock(number);
        let judge = self.engine.retired().judge(now);
        for (queue, record) in shard.log().records_from(from) {
            if judge.fate(record.header).is_none() {
                each(&Outgoing { record, value: shard.value_of(&record), queue, now });
            }
        }
        true
    }

    /// The next piece: of the next shard that has one.
    fn next(&mut self) -> Option<(usize, Position)> {
        while !self.shards.is_empty() {
            self.turn %= self.shards.len();
            let pieces = &mut self.shards[self.turn];
            if let Some(piece) = pieces.next(self.engine) {
                self.turn += 1;
                return Some((pieces.shard, piece));
            }
            self.shards.remove(self.turn);
        }
        None
    }
}

/// An item that is given away.
#[derive(Debug)]
pub struct Outgoing<'a> {
    record: Record<'a>,
    value: Option<&'a Value>,
    queue: Queue,
    now: Moment,
}

impl Outgoing<'_> {
    /// The namespace of its cache.
    pub fn namespace(&self) -> Namespace {
        self.record.header.namespace.of_cache()
    }

    /// Appends the item, without its namespace, as [`Engine::read`](crate::Engine::read) takes it.
    pub fn write(&self, to: &mut Vec<u8>) {
        let header = self.record.header;
        to.push(head(self.item_type(), self.queue, header.all_uses()));
        put_number(to, left(header.deadline(), self.now));
        put_bytes(to, self.record.key);
        match self.value {
            None => put_bytes(to, self.record.value),
            Some(Value::Long(value)) => put_bytes(to, value),
            Some(Value::Dictionary(it)) => put_dictionary(to, it),
            Some(Value::Set(it)) => put_set(to, it),
            Some(Value::List(it)) => put_list(to, it),
            Some(Value::SortedSet(it)) => put_sorted_set(to, it),
            Some(Value::Leaderboard(it)) => put_leaderboard(to, it),
        }
    }

    fn item_type(&self) -> ItemType {
        self.value.map_or(ItemType::Scalar, Value::item_type)
    }
}

/// The milliseconds that an item has left; 0 if it never expires.
fn left(deadline: Deadline, now: Moment) -> u64 {
    if deadline == Deadline::NEVER { 0 } else { deadline.0.saturating_sub(now.0).max(1) }
}

/// The first byte: three bits for the type, one for the queue, and four for the uses.
fn head(item_type: ItemType, queue: Queue, uses: u64) -> u8 {
    let item_type = match item_type {
        ItemType::Scalar => 0,
        ItemType::Dictionary => 1,
        ItemType::Set => 2,
        ItemType::List => 3,
        ItemType::SortedSet => 4,
        ItemType::Leaderboard => 5,
    };
    item_type | u8::from(queue == Queue::Main) << 3 | uses.to_le_bytes()[0] << 4
}

fn put_dictionary(to: &mut Vec<u8>, dictionary: &Dictionary) {
    put_number(to, dictionary.len() as u64);
    for (field, value) in dictionary.iter() {
        put_bytes(to, field);
        put_bytes(to, value);
    }
}

fn put_set(to: &mut Vec<u8>, set: &Set) {
    put_number(to, set.len() as u64);
    set.iter().for_each(|(name, ())| put_bytes(to, name));
}

fn put_list(to: &mut Vec<u8>, list: &List) {
    put_number(to, list.len() as u64);
    list.part(0..list.len()).iter().for_each(|element| put_bytes(to, element));
}

fn put_sorted_set(to: &mut Vec<u8>, set: &SortedSet) {
    put_number(to, set.len() as u64);
    for (_, score, member) in set.ranks(0..set.len(), Order::Ascending).iter() {
        to.extend_from_slice(&score.get().to_le_bytes());
        put_bytes(to, member);
    }
}

fn put_leaderboard(to: &mut Vec<u8>, board: &Leaderboard) {
    put_number(to, board.len() as u64);
    for (_, score, id) in board.ranks(0..board.len(), Order::Ascending).iter() {
        to.extend_from_slice(&score.get().to_le_bytes());
        to.extend_from_slice(&id.0.to_le_bytes());
    }
}
