//! The queues of the log: closing their last segment, and emptying their first.

use super::segment::{LARGEST_SEGMENT, Owners, State};
use super::{Drained, Log, Queue, Step, allocated};
use crate::{Moment, Namespace};

/// Uses do not count in the newest part of the small queue: one in this many of its bytes, or of all,
/// or so many segments.
const NEWEST_OF_SMALL: usize = 4;
const NEWEST_OF_ALL: usize = 32;
const NEWEST: usize = 2;

impl Log {
    /// Notes the time, for segments that are opened.
    pub(crate) fn set_time(&mut self, now: Moment) {
        self.now = now;
    }

    /// The next step of draining a queue; `None` if it has no records.
    pub(crate) fn drain(&mut self, queue: Queue) -> Option<Step> {
        while self.chains[queue as usize].closed.is_empty() && self.close(queue) {}
        let chain = &mut self.chains[queue as usize];
        let number = *chain.closed.front()?;
        let segment = &mut self.segments[number as usize];
        if segment.state == State::Closed {
            segment.state = State::Drained;
            self.holes -= segment.holes();
            self.ends -= segment.unused_end();
        }
        if let Some(offset) = segment.next_live(chain.passed) {
            chain.passed = offset;
            return Some(Step::Record(Self::join(number as usize, offset)));
        }
        let (age, opened) = (self.appended - segment.notes.appended, segment.notes.opened);
        self.vacant.extend(chain.closed.pop_front());
        chain.freed -= 1;
        chain.passed = 0;
        Some(Step::End(Drained { age, opened }))
    }

    /// How many bytes at the end of the small queue are so new that uses of their items do not count,
    /// if the queue is small.
    pub(crate) fn newest_bytes(&self) -> usize {
        (NEWEST * self.segment_bytes()).max(self.live / NEWEST_OF_ALL)
    }

    /// The small queue has a new segment: uses in those that are no longer among the newest count.
    pub(super) fn start_counting(&mut self) {
        let newest = self.newest_bytes();
        let small = &self.chains[Queue::Small as usize];
        let (newest, mut newer) = (newest.max(small.bytes / NEWEST_OF_SMALL), 0);
        for &number in small.open.iter().rev().chain(small.closed.iter().rev()) {
            let segment = &mut self.segments[number as usize];
            if segment.counts {
                break;
            }
            segment.counts = newer >= newest;
            newer += segment.records.len();
        }
    }

    /// Makes the first segment of a queue the last one of the main queue, if all of its records are of
    /// caches for which `protects` is true; whether it did.
    pub(crate) fn requeue_protected(
        &mut self,
        queue: Queue,
        protects: impl FnMut(Namespace) -> bool,
    ) -> bool {
        while self.chains[queue as usize].closed.is_empty() && self.close(queue) {}
        let Some(&number) = self.chains[queue as usize].closed.front() else { return false };
        let segment = &mut self.segments[number as usize];
        if segment.state != State::Closed || !segment.notes.owners.all(protects) {
            return false;
        }
        (segment.queue, segment.counts) = (Queue::Main, true);
        let (items, bytes) = (segment.items, segment.live);
        let from = &mut self.chains[queue as usize];
        from.closed.pop_front();
        from.records -= items;
        from.bytes -= bytes;
        let to = &mut self.chains[Queue::Main as usize];
        to.closed.push_back(number);
        to.records += items;
        to.bytes += bytes;
        true
    }

    /// Makes the segment of a record the first of its queue; whether that was possible.
    pub(crate) fn bring_first(&mut self, at: u32) -> bool {
        let (number, _) = Self::split(at);
        let segment = &self.segments[number];
        let chain = &mut self.chains[segment.queue as usize];
        let place = chain.closed.iter().position(|&it| it as usize == number);
        let Some(place) = place.filter(|_| segment.state == State::Closed) else { return false };
        let number = chain.closed.remove(place).expect("it was found there");
        chain.closed.push_front(number);
        chain.passed = 0;
        true
    }

    /// Closes the first open segment; whether there was one. Without records, it is freed.
    pub(super) fn close(&mut self, queue: Queue) -> bool {
        let chain = &mut self.chains[queue as usize];
        let Some(number) = chain.open.pop_front() else { return false };
        let segment = &mut self.segments[number as usize];
        if segment.live == 0 {
            segment.state = State::Freed;
            segment.records = Vec::new();
            self.vacant.push(number);
            return true;
        }
        chain.closed.push_back(number);
        segment.state = State::Closed;
        let needed = allocated(segment.records.len());
        if needed < segment.records.capacity() {
            segment.records.shrink_to(needed);
        }
        self.ends += segment.unused_end();
        true
    }

    /// Frees the memory of a segment without live records.
    pub(super) fn free(&mut self, number: usize) {
        let serial = self.next_serial();
        let segment = &mut self.segments[number];
        segment.serial = serial;
        if segment.state == State::Open {
            self.holes -= segment.holes();
            segment.records.clear();
            segment.notes.owners = Owners::default();
            if segment.records.capacity() > LARGEST_SEGMENT {
                // It was for one record; others would exceed what an address can tell.
                segment.records = Vec::new();
            }
            return;
        }
        if segment.state == State::Closed {
            self.holes -= segment.holes();
            self.ends -= segment.unused_end();
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
}
