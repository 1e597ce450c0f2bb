//! The records of a shard, in segments.
//!
//! A record is appended to the open segment of a queue; a segment that is full is closed and
//! becomes the last of its queue. So a queue is a log of records in the order in which they were
//! appended, at no cost for each. A removed record leaves a hole; a segment without records is
//! freed. Eviction empties the first segment of a queue (its *drained* one), and compaction the one
//! with most holes, by moving records to the end of a queue. (The log-structured memory of
//! `RAMCloud`, FAST 2014, and the queues of Segcache, NSDI 2021, are built alike.)

mod compaction;
mod queues;
mod segment;

use std::cmp::Reverse;

use prefetch_index::prefetch_index;
use segment::{Chain, LARGEST_SEGMENT, Notes, SEGMENTS, SMALLEST_SEGMENT, Segment, State};

pub(crate) use segment::{Drained, Position, Queue, Step};

use crate::header::{self, Header};
use crate::record::{self, GRAIN, Record};
use crate::{Moment, Namespace, size};

/// The binary logarithm of how many grains of a segment addresses can tell apart.
const SHIFT: u32 = (LARGEST_SEGMENT / GRAIN).ilog2();

/// The bytes that a processor reads at once.
const CACHE_LINE: usize = 64;

/// The records of one shard. An address is the number of a segment and an offset in it, so records
/// that are moved change their address.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Log {
    segments: Vec<Segment>,
    /// The bytes of live records.
    live: usize,
    /// The bytes of removed records.
    holes: usize,
    /// The bytes of unused ends of segments.
    ends: usize,
    /// Numbers that are in no queue.
    vacant: Vec<u32>,
    chains: [Chain; 2],
    /// The serial of the next segment.
    serial: u32,
    /// How many records were appended, without those that were moved.
    appended: u64,
    /// The time of the last eviction.
    now: Moment,
    /// Up to where a segment is compacted.
    compacted: Option<Position>,
}

impl Log {
    /// The bytes that hold no record, without open and drained segments.
    pub(crate) fn unused(&self) -> u64 {
        (self.holes + self.ends) as u64
    }

    /// The bytes of live records.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// The number of live records in a queue.
    pub(crate) fn records(&self, queue: Queue) -> usize {
        self.chains[queue as usize].records
    }

    /// The bytes of live records in a queue.
    pub(crate) fn bytes_in(&self, queue: Queue) -> usize {
        self.chains[queue as usize].bytes
    }

    /// The size of the next segment, in bytes.
    pub(crate) fn segment_bytes(&self) -> usize {
        let wanted = (self.live / SEGMENTS).clamp(SMALLEST_SEGMENT, LARGEST_SEGMENT);
        1 << wanted.ilog2()
    }

    /// The queue of a record.
    pub(crate) fn queue(&self, at: u32) -> Queue {
        self.segments[Self::split(at).0].queue
    }

    /// How many records were appended since the segment of this one was opened.
    pub(crate) fn age(&self, at: u32) -> u64 {
        self.appended - self.segments[Self::split(at).0].notes.appended
    }

    pub(crate) fn header(&self, at: u32) -> Header {
        record::split_header(self.bytes(at)).0
    }

    pub(crate) fn record(&self, at: u32) -> Record<'_> {
        Record::read(self.bytes(at))
    }

    /// Has the processor read the start of a record, without waiting for it.
    pub(crate) fn prefetch(&self, at: u32) {
        let (segment, offset) = Self::split(at);
        let records = &self.segments[segment].records;
        prefetch_index(records, offset);
        prefetch_index(records, offset + CACHE_LINE);
    }

    /// Changes a header.
    pub(crate) fn update(&mut self, at: u32, change: impl FnOnce(&mut Header)) {
        let bytes = self.bytes_mut(at);
        let (mut header, _) = record::split_header(bytes);
        change(&mut header);
        bytes[..header::BYTES].copy_from_slice(&header.write());
    }

    /// Counts a use of an item, unless it is among the newest.
    pub(crate) fn touch(&mut self, at: u32) {
        let (number, offset) = Self::split(at);
        let segment = &mut self.segments[number];
        if segment.counts {
            Header::touch(&mut segment.records[offset..]);
        }
    }

    /// Replaces a value in place; whether that was possible.
    pub(crate) fn replace_value(&mut self, at: u32, value: &[u8]) -> bool {
        record::replace_value(self.bytes_mut(at), value)
    }

    /// Adds a record at the end of a queue, and returns its address.
    pub(crate) fn append(
        &mut self,
        queue: Queue,
        mut header: Header,
        key: &[u8],
        value: &[u8],
    ) -> u32 {
        header.set_spare(0);
        self.appended += 1;
        let len = record::len(key, value);
        let (to, offset) = self.reserve(queue, len, header.namespace);
        record::append(&mut self.segments[to].records, header, key, value);
        Self::join(to, offset)
    }

    /// Moves a record to the end of a queue, and returns its new address.
    pub(crate) fn relocate(&mut self, at: u32, queue: Queue) -> u32 {
        let (from, start) = Self::split(at);
        let Record { header, .. } = self.record(at);
        let record = start..start + self.record(at).len();
        let (to, offset) = self.reserve(queue, record.len(), header.namespace);
        if from == to {
            self.segments[to].records.extend_from_within(record);
        } else {
            let [from, to] = self.segments.get_disjoint_mut([from, to]).expect("they are two");
            to.records.extend_from_slice(&from.records[record]);
        }
        self.remove(at);
        Self::join(to, offset)
    }

    /// Removes a record.
    pub(crate) fn remove(&mut self, at: u32) {
        let len = self.record(at).len();
        self.update(at, Header::kill);
        let (number, _) = Self::split(at);
        let segment = &mut self.segments[number];
        segment.live -= len;
        segment.items -= 1;
        self.live -= len;
        let chain = &mut self.chains[segment.queue as usize];
        chain.records -= 1;
        chain.bytes -= len;
        if segment.state != State::Drained {
            self.holes += len;
        }
        if segment.live == 0 {
            self.free(number);
        }
    }

    /// The record at or after a position, live or not, and the position after it.
    pub(crate) fn next(&self, mut from: Position) -> Option<(u32, Header, Position)> {
        loop {
            let segment = self.segments.get(from.segment)?;
            if segment.serial != from.serial {
                from = Position { offset: 0, serial: segment.serial, ..from };
            }
            if let Some(bytes) = segment.records.get(from.offset..).filter(|it| !it.is_empty()) {
                let record = Record::read(bytes);
                let after = Position { offset: from.offset + record.len(), ..from };
                return Some((Self::join(from.segment, from.offset), record.header, after));
            }
            from = Position { segment: from.segment + 1, ..Position::default() };
        }
    }

    /// The serial of the newest segment.
    pub(crate) fn newest(&self) -> u32 {
        self.serial
    }

    /// Closes the open segments, so that later records come to newer ones, and returns the starts
    /// of those with records, the oldest first: of all, or of the ones that are newer than a serial.
    pub(crate) fn by_age(&mut self, newer_than: Option<u32>) -> Vec<Position> {
        while self.close(Queue::Small) || self.close(Queue::Main) {}
        let age = |serial: u32| self.serial.wrapping_sub(serial);
        let is_wanted = |it: &&Segment| newer_than.is_none_or(|than| age(it.serial) < age(than));
        let start = |(segment, it): (usize, &Segment)| {
            let it = Some(it).filter(|it| it.live > 0).filter(is_wanted)?;
            Some(Position { segment, offset: 0, serial: it.serial })
        };
        let mut starts: Vec<_> = self.segments.iter().enumerate().filter_map(start).collect();
        starts.sort_unstable_by_key(|start| Reverse(age(start.serial)));
        starts
    }

    /// The live records of the segment that starts there, and their queue; none if it was freed.
    pub(crate) fn records_from(
        &self,
        start: Position,
    ) -> impl Iterator<Item = (Queue, Record<'_>)> {
        let segment = self.segments.get(start.segment).filter(|it| it.serial == start.serial);
        segment.into_iter().flat_map(|it| it.live_records().map(|record| (it.queue, record)))
    }

    /// Frees what is not needed to keep the records.
    pub(crate) fn shrink(&mut self) {
        if self.live == 0 {
            *self = Self { serial: self.serial, ..Self::default() };
        }
    }

    /// The segment and the offset of a record that is about to be added to a queue.
    fn reserve(&mut self, queue: Queue, len: usize, namespace: Namespace) -> (usize, usize) {
        let number = self.segment_with_room(queue, len);
        let segment = &mut self.segments[number];
        segment.notes.owners.add(namespace.of_cache());
        segment.items += 1;
        segment.live += len;
        self.live += len;
        let chain = &mut self.chains[queue as usize];
        chain.records += 1;
        chain.bytes += len;
        (number, segment.records.len())
    }

    /// An open segment with room for a record, or a new one. There are up to two, so that small records
    /// fill the end of one in which others had no more room.
    fn segment_with_room(&mut self, queue: Queue, len: usize) -> usize {
        let open = &self.chains[queue as usize].open;
        let has_room = |number: &&u32| {
            let records = &self.segments[**number as usize].records;
            records.len() + len <= records.capacity() && records.len() < LARGEST_SEGMENT
        };
        if let Some(&number) = open.iter().find(has_room) {
            return number as usize;
        }
        if open.len() == 2 {
            self.close(queue);
        }
        let number = self.add(queue, len.max(self.segment_bytes()));
        self.chains[queue as usize].open.push_back(number);
        if queue == Queue::Small {
            self.start_counting();
        }
        number as usize
    }

    fn add(&mut self, queue: Queue, bytes: usize) -> u32 {
        let segment = Segment {
            records: Vec::with_capacity(allocated(bytes)),
            live: 0,
            items: 0,
            notes: Box::new(Notes {
                appended: self.appended,
                opened: self.now,
                ..Notes::default()
            }),
            queue,
            state: State::Open,
            serial: self.next_serial(),
            counts: queue == Queue::Main,
        };
        if let Some(number) = self.vacant.pop() {
            self.segments[number as usize] = segment;
            return number;
        }
        self.segments.push(segment);
        u32::try_from(self.segments.len() - 1).expect("segments are numbered in 32 bits")
    }

    fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    fn bytes(&self, at: u32) -> &[u8] {
        let (segment, offset) = Self::split(at);
        &self.segments[segment].records[offset..]
    }

    fn bytes_mut(&mut self, at: u32) -> &mut [u8] {
        let (segment, offset) = Self::split(at);
        &mut self.segments[segment].records[offset..]
    }

    fn split(at: u32) -> (usize, usize) {
        let at = at as usize;
        (at >> SHIFT, (at & ((1 << SHIFT) - 1)) * GRAIN)
    }

    fn join(segment: usize, offset: usize) -> u32 {
        u32::try_from((segment << SHIFT) | (offset / GRAIN))
            .expect("a shard has fewer than 2^16 segments")
    }
}

/// What the allocator uses for so many bytes.
fn allocated(bytes: usize) -> usize {
    usize::try_from(size::of_heap(bytes)).expect("it is about as many")
}

#[cfg(test)]
mod tests;
