//! The records of a shard, in segments.
//!
//! A record is appended to the open segment of a queue; a segment that is full is closed and
//! becomes the last of its queue. So a queue is a log of records in the order in which they were
//! appended, at no cost for each. A removed record leaves a hole; a segment without records is
//! freed. Eviction empties the first segment of a queue (its *drained* one), and compaction the one
//! with most holes, by moving records to the end of a queue. (The log-structured memory of
//! `RAMCloud`, FAST 2014, and the queues of Segcache, NSDI 2021, are built alike.)

mod compaction;
mod segment;

use std::cmp::Reverse;

use segment::{Chain, LARGEST_SEGMENT, SEGMENTS, SMALLEST_SEGMENT, Segment, State, WORTH_FREEING};

pub(crate) use segment::{Position, Queue};

use crate::header::{self, Header};
use crate::record::{self, GRAIN, Record};

/// The binary logarithm of how many grains of a segment addresses can tell apart.
const SHIFT: u32 = (LARGEST_SEGMENT / GRAIN).ilog2();

/// The records of one shard. An address is the number of a segment and an offset in it, so records
/// that are moved change their address.
#[derive(Debug, Default)]
pub(crate) struct Log {
    segments: Vec<Segment>,
    /// Numbers that are in no queue.
    vacant: Vec<u32>,
    chains: [Chain; 2],
    /// The serial of the next segment.
    serial: u32,
    /// The bytes of live records.
    live: usize,
    /// The bytes of removed records.
    holes: usize,
    /// The bytes of unused ends of segments.
    ends: usize,
    /// Up to where a segment is compacted.
    compacted: Option<Position>,
}

impl Log {
    /// The bytes that hold no record, without open and drained segments.
    pub(crate) fn unused(&self) -> u64 {
        (self.holes + self.ends) as u64
    }

    /// The number of live records in a queue.
    pub(crate) fn records(&self, queue: Queue) -> usize {
        self.chains[queue as usize].records
    }

    /// The size of the next segment, in bytes.
    fn segment_bytes(&self) -> usize {
        let wanted = (self.live / SEGMENTS).clamp(SMALLEST_SEGMENT, LARGEST_SEGMENT);
        1 << wanted.ilog2()
    }

    /// The queue of a record.
    pub(crate) fn queue(&self, at: u32) -> Queue {
        self.segments[Self::split(at).0].queue
    }

    pub(crate) fn header(&self, at: u32) -> Header {
        record::split_header(self.bytes(at)).0
    }

    pub(crate) fn record(&self, at: u32) -> Record<'_> {
        Record::read(self.bytes(at))
    }

    /// Changes a header.
    pub(crate) fn update(&mut self, at: u32, change: impl FnOnce(&mut Header)) {
        let bytes = self.bytes_mut(at);
        let (mut header, _) = record::split_header(bytes);
        change(&mut header);
        bytes[..header::BYTES].copy_from_slice(&header.write());
    }

    /// Counts a use of an item.
    pub(crate) fn touch(&mut self, at: u32) {
        Header::touch(self.bytes_mut(at));
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
        let len = record::len(key, value);
        let (to, offset) = self.end(queue, len);
        record::append(&mut self.segments[to].records, header, key, value);
        Self::join(to, offset)
    }

    /// Moves a record to the end of a queue, and returns its new address.
    pub(crate) fn relocate(&mut self, at: u32, queue: Queue) -> u32 {
        let (from, start) = Self::split(at);
        let record = start..start + self.record(at).len();
        let (to, offset) = self.end(queue, record.len());
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
        self.live -= len;
        let chain = &mut self.chains[segment.queue as usize];
        chain.records -= 1;
        if segment.state != State::Drained {
            self.holes += len;
        }
        if segment.live == 0 {
            self.free(number);
        }
    }

    /// The first record of a queue. From now on its segment is drained.
    pub(crate) fn first(&mut self, queue: Queue) -> Option<u32> {
        loop {
            if self.chains[queue as usize].closed.is_empty() {
                self.close(queue);
            }
            let chain = &mut self.chains[queue as usize];
            let number = *chain.closed.front()? as usize;
            let segment = &mut self.segments[number];
            if segment.state == State::Closed {
                segment.state = State::Drained;
                self.holes -= segment.holes();
                self.ends -= segment.end();
            }
            if let Some(offset) = segment.next_live(chain.passed) {
                chain.passed = offset;
                return Some(Self::join(number, offset));
            }
            self.vacant.extend(chain.closed.pop_front());
            chain.freed -= 1;
            chain.passed = 0;
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

    /// The starts of all segments with records, the oldest segment first.
    pub(crate) fn by_age(&self) -> Vec<Position> {
        let age = |start: &Position| self.serial.wrapping_sub(start.serial);
        let start = |(segment, it): (usize, &Segment)| {
            (it.live > 0).then_some(Position { segment, offset: 0, serial: it.serial })
        };
        let mut starts: Vec<_> = self.segments.iter().enumerate().filter_map(start).collect();
        starts.sort_unstable_by_key(|start| Reverse(age(start)));
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
    fn end(&mut self, queue: Queue, len: usize) -> (usize, usize) {
        let number = self.segment_with_room(queue, len);
        let segment = &mut self.segments[number];
        segment.live += len;
        self.live += len;
        let chain = &mut self.chains[queue as usize];
        chain.records += 1;
        (number, segment.records.len())
    }

    fn segment_with_room(&mut self, queue: Queue, len: usize) -> usize {
        let open = self.chains[queue as usize].open;
        let has_room = |number: u32| {
            let records = &self.segments[number as usize].records;
            records.len() + len <= records.capacity()
        };
        if let Some(number) = open.filter(|number| has_room(*number)) {
            return number as usize;
        }
        self.close(queue);
        let number = self.add(queue, len.max(self.segment_bytes()));
        self.chains[queue as usize].open = Some(number);
        number as usize
    }

    fn add(&mut self, queue: Queue, bytes: usize) -> u32 {
        let segment = Segment {
            records: Vec::with_capacity(bytes),
            live: 0,
            queue,
            state: State::Open,
            serial: self.next_serial(),
        };
        if let Some(number) = self.vacant.pop() {
            self.segments[number as usize] = segment;
            return number;
        }
        self.segments.push(segment);
        u32::try_from(self.segments.len() - 1).expect("segments are numbered in 32 bits")
    }

    /// Closes the open segment, if there is one; without records, it is freed.
    fn close(&mut self, queue: Queue) {
        let chain = &mut self.chains[queue as usize];
        let Some(number) = chain.open.take() else { return };
        let segment = &mut self.segments[number as usize];
        if segment.live == 0 {
            segment.state = State::Freed;
            segment.records = Vec::new();
            self.vacant.push(number);
            return;
        }
        chain.closed.push_back(number);
        segment.state = State::Closed;
        if segment.end() * WORTH_FREEING > segment.records.capacity() {
            segment.records.shrink_to_fit();
        }
        self.ends += segment.end();
    }

    /// Frees the memory of a segment without live records.
    fn free(&mut self, number: usize) {
        let serial = self.next_serial();
        let segment = &mut self.segments[number];
        segment.serial = serial;
        if segment.state == State::Open {
            self.holes -= segment.holes();
            segment.records.clear();
            if segment.records.capacity() > LARGEST_SEGMENT {
                // It was for one record; others would exceed what an address can tell.
                segment.records = Vec::new();
            }
            return;
        }
        if segment.state == State::Closed {
            self.holes -= segment.holes();
            self.ends -= segment.end();
        }
        segment.state = State::Freed;
        segment.records = Vec::new();
        let queue = segment.queue;
        self.chains[queue as usize].freed += 1;
        self.forget_freed(queue);
    }

    /// Removes freed segments from a queue, except the first one, if it mostly consists of them.
    fn forget_freed(&mut self, queue: Queue) {
        let chain = &mut self.chains[queue as usize];
        if chain.freed * 2 <= chain.closed.len() {
            return;
        }
        let is_freed = |number: u32| self.segments[number as usize].state == State::Freed;
        let first = chain.closed.front().copied();
        chain.closed.retain(|&number| {
            let goes = is_freed(number) && first != Some(number);
            self.vacant.extend(goes.then_some(number));
            !goes
        });
        chain.freed = usize::from(first.is_some_and(is_freed));
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
            .expect("a shard has fewer than 2^19 segments")
    }
}

#[cfg(test)]
mod tests;
