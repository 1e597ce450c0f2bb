//! A sequence of elements in blocks, for lists.
//!
//! Both ends are O(1). Elements in the middle are found by skipping the blocks before them.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::capacity::{self, FULL};
use crate::remains::{Pile, Remains, Removed};
use crate::{Element, End, size};

/// Blocks that are freed together.
const FREED_TOGETHER: usize = 4;

#[derive(Debug, Clone, Default)]
struct Block {
    elements: Vec<Element>,
    /// The size of all its elements, and their heap memory.
    bytes: u64,
    heap: u64,
}

impl Block {
    fn insert(&mut self, at: End, element: Element) {
        self.bytes += element.len() as u64;
        self.heap += element.heap();
        let at = if at == End::Front { 0 } else { self.elements.len() };
        capacity::insert(&mut self.elements, at, element);
    }

    fn remove(&mut self, at: End) -> Element {
        let at = if at == End::Front { 0 } else { self.elements.len() - 1 };
        let element = capacity::remove(&mut self.elements, at);
        self.bytes -= element.len() as u64;
        self.heap -= element.heap();
        element
    }

    fn weight(&self) -> u64 {
        let own = size::of_heap(capacity::ARC + size_of::<Self>());
        own + capacity::weight::<Element>(self.elements.len()) + self.heap
    }
}

/// The sequence. No block is empty.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    blocks: VecDeque<Arc<Block>>,
    len: usize,
    /// The memory of blocks and elements.
    weight: u64,
    bytes: u64,
}

/// A snapshot of a part of a sequence.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    blocks: Vec<Arc<Block>>,
    /// How many elements of the first block precede the part.
    skip: usize,
    len: usize,
}

/// What is left of a sequence, or of a part.
impl Remains for VecDeque<Arc<Block>> {
    fn take(&mut self) -> Option<(Box<dyn Send>, usize)> {
        let blocks: Vec<_> = self.drain(..FREED_TOGETHER.min(self.len())).collect();
        let len = blocks.iter().map(|block| block.elements.len()).sum();
        (len > 0).then(|| (Box::new(blocks) as Box<dyn Send>, len))
    }
}

impl Removed for Sequence {
    fn len(&self) -> usize {
        self.len
    }

    fn piles(self) -> [Option<Pile>; 2] {
        [Some(Pile::new(self.blocks, self.len, self.weight)), None]
    }
}

impl Removed for Part {
    fn len(&self) -> usize {
        self.len
    }

    /// Its blocks count as those of the sequence, or not any more.
    fn piles(self) -> [Option<Pile>; 2] {
        [Some(Pile::new(VecDeque::from(self.blocks), self.len, 0)), None]
    }
}

impl Part {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Element> {
        self.blocks.iter().flat_map(|block| &block.elements).skip(self.skip).take(self.len)
    }
}

impl Sequence {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Its memory, in bytes.
    pub(crate) fn weight(&self) -> u64 {
        let row = size::of_heap(self.blocks.capacity() * size_of::<Arc<Block>>());
        row + self.weight
    }

    /// The size of all elements.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds an element at one end.
    pub(crate) fn push(&mut self, at: End, element: Element) {
        let room = self.end(at).is_some_and(|block| block.elements.len() < FULL);
        let mut block = if room { self.take(at) } else { None }.unwrap_or_default();
        Arc::make_mut(&mut block).insert(at, element);
        self.give(at, block);
    }

    /// Removes the element at one end.
    pub(crate) fn pop(&mut self, at: End) -> Option<Element> {
        let mut block = self.take(at)?;
        let element = Arc::make_mut(&mut block).remove(at);
        if !block.elements.is_empty() {
            self.give(at, block);
        }
        Some(element)
    }

    /// Removes elements from one end until at most `len` are left; returns most of them, since it may
    /// take long to free them.
    #[must_use]
    pub(crate) fn truncate(&mut self, from: End, len: usize) -> Self {
        let mut removed = Self::default();
        while self.len > len {
            let whole = |block: &Arc<Block>| self.len - block.elements.len() >= len;
            if self.end(from).is_some_and(whole) {
                self.take(from).into_iter().for_each(|block| removed.give(from.other(), block));
            } else {
                self.pop(from);
            }
        }
        if self.blocks.len() < self.blocks.capacity() / 4 {
            self.blocks.shrink_to(self.blocks.len() * 2);
        }
        removed
    }

    /// The elements at these positions, which must exist.
    pub(crate) fn part(&self, positions: Range<usize>) -> Part {
        let (mut skip, mut blocks) = (positions.start, Vec::new());
        let mut end = positions.end;
        for block in &self.blocks {
            if end == 0 {
                break;
            }
            end = end.saturating_sub(block.elements.len());
            if !blocks.is_empty() || skip < block.elements.len() {
                blocks.push(block.clone());
            } else {
                skip -= block.elements.len();
            }
        }
        Part { blocks, skip, len: positions.len() }
    }

    /// Keeps the elements for which `keep` returns true; it is called in order. Returns what was there
    /// before, since it may take long to free that.
    #[must_use]
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(usize, &[u8]) -> bool) -> Self {
        let (mut kept, mut at) = (Self::default(), 0);
        let mut stays = Vec::with_capacity(FULL);
        for block in &self.blocks {
            stays.clear();
            stays.extend((at..).zip(&block.elements).map(|(at, it)| keep(at, it)));
            at += block.elements.len();
            if block.elements.len() > FULL / 2 && stays.iter().all(|&stays| stays) {
                kept.give(End::Back, block.clone());
            } else {
                let elements = block.elements.iter().zip(&stays).filter(|(_, stays)| **stays);
                elements.for_each(|(element, _)| kept.push(End::Back, element.clone()));
            }
        }
        std::mem::replace(self, kept)
    }

    fn end(&self, at: End) -> Option<&Arc<Block>> {
        match at {
            End::Front => self.blocks.front(),
            End::Back => self.blocks.back(),
        }
    }

    /// Removes a whole block.
    fn take(&mut self, at: End) -> Option<Arc<Block>> {
        let block = match at {
            End::Front => self.blocks.pop_front(),
            End::Back => self.blocks.pop_back(),
        }?;
        self.len -= block.elements.len();
        self.bytes -= block.bytes;
        self.weight -= block.weight();
        Some(block)
    }

    /// Adds a whole block.
    fn give(&mut self, at: End, block: Arc<Block>) {
        self.len += block.elements.len();
        self.bytes += block.bytes;
        self.weight += block.weight();
        match at {
            End::Front => self.blocks.push_front(block),
            End::Back => self.blocks.push_back(block),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Push(bool, u8),
        Pop(bool),
        Truncate(bool, usize),
        Retain(u8),
        Keep,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            9 => (any::<bool>(), any::<u8>()).prop_map(|(front, n)| Step::Push(front, n)),
            20 => any::<bool>().prop_map(Step::Pop),
            1 => (any::<bool>(), 0..300_usize).prop_map(|(front, n)| Step::Truncate(front, n)),
            1 => any::<u8>().prop_map(Step::Retain),
            1 => Just(Step::Keep),
        ]
    }

    fn end(front: bool) -> End {
        if front { End::Front } else { End::Back }
    }

    #[derive(Debug, Clone, Default)]
    struct Both {
        sequence: Sequence,
        plain: VecDeque<Vec<u8>>,
    }

    impl Both {
        fn step(&mut self, step: Step) {
            match step {
                Step::Push(front, n) => (0..n).for_each(|i| {
                    let element = vec![i; usize::from(i % 30)];
                    self.sequence.push(end(front), element[..].into());
                    if front {
                        self.plain.push_front(element);
                    } else {
                        self.plain.push_back(element);
                    }
                }),
                Step::Pop(front) => {
                    let popped = if front { self.plain.pop_front() } else { self.plain.pop_back() };
                    assert_eq!(self.sequence.pop(end(front)).map(|it| it.to_vec()), popped);
                }
                Step::Truncate(front, len) => {
                    let before = self.sequence.bytes;
                    let removed = self.sequence.truncate(end(front), len);
                    assert!(removed.bytes <= before - self.sequence.bytes);
                    while self.plain.len() > len {
                        if front {
                            self.plain.pop_front()
                        } else {
                            self.plain.pop_back()
                        };
                    }
                }
                Step::Retain(n) => {
                    let keep =
                        |at: usize, it: &[u8]| it.first() != Some(&n) && !at.is_multiple_of(3);
                    let before = self.sequence.retain(keep);
                    assert_eq!(before.len, self.plain.len());
                    let mut at = 0;
                    self.plain.retain(|it| {
                        at += 1;
                        keep(at - 1, it)
                    });
                }
                Step::Keep => {}
            }
        }

        fn check(&self) {
            let (sequence, len) = (&self.sequence, self.plain.len());
            assert_eq!(sequence.len(), len);
            for positions in [0..len, len / 3..len / 2, len / 2..len] {
                let part = sequence.part(positions.clone());
                assert_eq!(part.len(), positions.len());
                assert!(part.iter().map(|it| it.to_vec()).eq(self.plain.range(positions).cloned()));
            }
            let heap: u64 = sequence.part(0..len).iter().map(Element::heap).sum();
            assert_eq!(sequence.blocks.iter().map(|block| block.heap).sum::<u64>(), heap);
            let weight: u64 = sequence.blocks.iter().map(|block| block.weight()).sum();
            assert_eq!(sequence.weight, weight);
            assert_eq!(sequence.bytes, self.plain.iter().map(|it| it.len() as u64).sum::<u64>());
        }
    }

    proptest! {
        #[test]
        fn a_sequence_matches_a_plain_one(steps in prop::collection::vec(step(), 1..60)) {
            let (mut both, mut kept) = (Both::default(), Both::default());
            for step in steps {
                if let Step::Keep = step {
                    kept = both.clone();
                }
                both.step(step);
            }
            both.check();
            kept.check();
        }
    }
}
