use std::collections::HashMap;

use super::compaction::MOST_HOLES;
use super::*;
use crate::Namespace;
use crate::random::Random;
use crate::time::Deadline;

fn header(i: u32) -> Header {
    Header::new(Namespace(1), i, Deadline::NEVER)
}

fn append(log: &mut Log, queue: Queue, i: u32, bytes: usize) -> u32 {
    let value = vec![i.to_le_bytes()[0]; bytes];
    log.append(queue, header(i), &i.to_le_bytes(), &value)
}

/// What the log should contain: the address and the size of the value of each key.
#[derive(Default)]
struct Model(HashMap<u32, (u32, usize)>);

impl Model {
    fn any(&self, random: &mut Random) -> Option<u32> {
        let mut keys: Vec<_> = self.0.keys().copied().collect();
        keys.sort_unstable();
        (!keys.is_empty()).then(|| keys[random.below(keys.len())])
    }

    fn moved(&mut self, log: &Log, at: u32) {
        let key = log.header(at).hash;
        self.0.get_mut(&key).expect("only live records are moved").0 = at;
    }

    fn check(&self, log: &Log) {
        let mut found = 0;
        let mut from = Position::default();
        while let Some((at, header, next)) = log.next(from) {
            from = next;
            if header.is_live() {
                assert_eq!(self.0[&header.hash].0, at);
                found += 1;
            }
        }
        assert_eq!(found, self.0.len());
        for (key, (at, bytes)) in &self.0 {
            let record = log.record(*at);
            assert_eq!(record.key, key.to_le_bytes());
            assert_eq!(record.value, vec![key.to_le_bytes()[0]; *bytes]);
        }
        let records = self.0.values().map(|(at, _)| log.record(*at).len());
        assert_eq!(log.live, records.sum::<usize>());
        let closed = log.segments.iter().filter(|it| it.state == State::Closed);
        assert_eq!(log.ends, closed.map(Segment::end).sum::<usize>());
        let counted = |it: &&Segment| matches!(it.state, State::Open | State::Closed);
        let holes = log.segments.iter().filter(counted).map(Segment::holes);
        assert_eq!(log.holes, holes.sum::<usize>());
    }
}

#[test]
fn records_are_found_at_their_address_whatever_is_added_moved_and_removed() {
    for seed in 0..30 {
        let (mut random, mut log, mut model) =
            (Random::new(seed), Log::default(), Model::default());
        for i in 0..2000 {
            let queue = if random.next().is_multiple_of(3) { Queue::Main } else { Queue::Small };
            match (random.next() % 10, model.any(&mut random)) {
                (0..4, _) | (_, None) => {
                    let most = if random.next().is_multiple_of(20) { 9_000 } else { 300 };
                    let bytes = random.below(most);
                    model.0.insert(i, (append(&mut log, queue, i, bytes), bytes));
                }
                (4..7, Some(key)) => log.remove(model.0.remove(&key).unwrap().0),
                (7, Some(key)) => {
                    let at = log.relocate(model.0[&key].0, queue);
                    model.moved(&log, at);
                }
                (8, _) => {
                    if let Some(at) = log.first(queue) {
                        model.0.remove(&log.header(at).hash);
                        log.remove(at);
                    }
                }
                _ => {
                    if let Some(at) = log.next_to_compact() {
                        let at = log.relocate(at, queue);
                        model.moved(&log, at);
                    }
                }
            }
            if i % 50 == 0 {
                model.check(&log);
            }
        }
        model.check(&log);
    }
}

#[test]
fn the_first_records_of_a_queue_are_the_oldest() {
    let mut log = Log::default();
    for i in 0..500 {
        append(&mut log, Queue::Small, 2 * i, 50);
        append(&mut log, Queue::Main, 2 * i + 1, 50);
    }
    for i in 0..500 {
        for (queue, key) in [(Queue::Small, 2 * i), (Queue::Main, 2 * i + 1)] {
            let at = log.first(queue).unwrap();
            assert_eq!(log.header(at).hash, key);
            log.remove(at);
        }
    }
    assert_eq!((log.first(Queue::Small), log.first(Queue::Main)), (None, None));
}

#[test]
fn a_record_larger_than_a_segment_is_the_first_in_its_turn() {
    let mut log = Log::default();
    for (i, bytes) in [10, 9_000, 10].into_iter().enumerate() {
        append(&mut log, Queue::Small, u32::try_from(i).unwrap(), bytes);
    }
    for i in 0..3 {
        let at = log.first(Queue::Small).unwrap();
        assert_eq!(log.header(at).hash, i);
        log.remove(at);
    }
}

#[test]
fn compaction_leaves_few_holes() {
    let mut log = Log::default();
    let mut at: Vec<u32> = (0..2000).map(|i| append(&mut log, Queue::Main, i, 100)).collect();
    for gone in at.iter().step_by(3) {
        log.remove(*gone);
    }
    assert!(log.holes > log.live / 3);
    let mut moves = 0;
    while let Some(from) = log.next_to_compact() {
        let to = log.relocate(from, Queue::Main);
        at[log.header(to).hash as usize] = to;
        moves += 1;
    }

    assert!(log.holes <= log.live / MOST_HOLES + log.segment_bytes());
    assert!(moves < 1333, "not everything was moved");
    let kept = (0..2000).filter(|i| i % 3 > 0);
    assert!(
        kept.into_iter().all(|i| log.record(at[i]).key == u32::try_from(i).unwrap().to_le_bytes())
    );
}

#[test]
fn a_log_without_records_has_no_segments() {
    let mut log = Log::default();
    let all: Vec<u32> = (0..2000).map(|i| append(&mut log, Queue::Small, i, 100)).collect();
    for at in all {
        log.remove(at);
    }
    assert!(log.segments.iter().all(|it| it.state == State::Open || it.records.capacity() == 0));

    log.shrink();

    assert_eq!((log.segments.len(), log.unused()), (0, 0));
}

#[test]
fn a_position_in_a_segment_that_was_reused_is_that_of_its_start() {
    let mut log = Log::default();
    let gone = append(&mut log, Queue::Small, 1, 5);
    append(&mut log, Queue::Small, 2, 5);
    let (_, _, within) = log.next(Position::default()).unwrap();
    log.remove(gone);
    let second = log.first(Queue::Small).unwrap();
    log.remove(second);
    log.shrink();
    append(&mut log, Queue::Small, 3, 100);

    assert_eq!(log.next(within).unwrap().1.hash, 3);
}

#[test]
fn a_record_larger_than_a_segment_has_one_of_its_size() {
    let mut log = Log::default();
    let large = append(&mut log, Queue::Small, 1, 100_000);
    let small = append(&mut log, Queue::Small, 2, 10);
    assert_eq!(log.record(large).value.len(), 100_000);
    let moved = log.relocate(large, Queue::Main);

    assert_eq!(log.record(moved).value.len(), 100_000);
    assert_eq!(log.record(small).key, 2_u32.to_le_bytes());
    assert_eq!(log.unused(), 0);
}
