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

/// The first record of a queue.
fn first(log: &mut Log, queue: Queue) -> Option<u32> {
    loop {
        if let Step::Record(at) = log.drain(queue)? {
            return Some(at);
        }
    }
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
        assert_eq!(log.ends, closed.map(Segment::unused_end).sum::<usize>());
        let counted = |it: &&Segment| matches!(it.state, State::Open | State::Closed);
        let holes = log.segments.iter().filter(counted).map(Segment::holes);
        assert_eq!(log.holes, holes.sum::<usize>());
        for queue in [Queue::Small, Queue::Main] {
            let those = log.segments.iter().filter(|it| it.queue == queue);
            let [mut items, mut bytes] = [0, 0];
            those.for_each(|it| (items, bytes) = (items + it.items, bytes + it.live));
            assert_eq!((log.records(queue), log.bytes_in(queue)), (items, bytes));
        }
    }
}

#[test]
fn records_are_found_at_their_address_whatever_is_added_moved_and_removed() {
    for seed in 0..30 {
        let (mut random, mut log, mut model) =
            (Random::new(seed), Log::default(), Model::default());
        for i in 0..2000 {
            let queue = if random.next().is_multiple_of(3) { Queue::Main } else { Queue::Small };
            match (random.next() % 11, model.any(&mut random)) {
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
                    if let Some(at) = first(&mut log, queue) {
                        model.0.remove(&log.header(at).hash);
                        log.remove(at);
                    }
                }
                (9, _) => {
                    log.requeue_protected(queue, |_| true);
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
            let at = first(&mut log, queue).unwrap();
            assert_eq!(log.header(at).hash, key);
            log.remove(at);
        }
    }
    assert_eq!((first(&mut log, Queue::Small), first(&mut log, Queue::Main)), (None, None));
}

#[test]
fn a_record_larger_than_a_segment_is_the_first_in_its_turn() {
    let mut log = Log::default();
    for (i, bytes) in [4_000, 9_000, 4_000].into_iter().enumerate() {
        append(&mut log, Queue::Small, u32::try_from(i).unwrap(), bytes);
    }
    for i in 0..3 {
        let at = first(&mut log, Queue::Small).unwrap();
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
    let second = first(&mut log, Queue::Small).unwrap();
    log.remove(second);
    log.shrink();
    append(&mut log, Queue::Small, 3, 100);

    assert_eq!(log.next(within).unwrap().1.hash, 3);
}

#[test]
fn a_record_larger_than_a_segment_has_one_of_its_size() {
    let mut log = Log::default();
    let large = append(&mut log, Queue::Small, 1, 300_000);
    let small = append(&mut log, Queue::Small, 2, 10);
    assert_eq!(log.record(large).value.len(), 300_000);
    let moved = log.relocate(large, Queue::Main);

    assert_eq!(log.record(moved).value.len(), 300_000);
    assert_eq!(log.record(small).key, 2_u32.to_le_bytes());
    assert_eq!(log.unused(), 0);
}

#[test]
fn the_first_segment_is_kept_in_the_main_queue_if_it_is_only_of_caches_that_keep_theirs() {
    let (mut log, mut model) = (Log::default(), Model::default());
    for i in 0..900 {
        let namespace = Namespace(i / 300);
        let header = Header::new(namespace, i, Deadline::NEVER);
        let value = vec![i.to_le_bytes()[0]; 50];
        model.0.insert(i, (log.append(Queue::Small, header, &i.to_le_bytes(), &value), 50));
    }
    let protects = |namespace| namespace != Namespace(1);

    while log.requeue_protected(Queue::Small, protects) {}
    let kept = log.records(Queue::Main);

    model.check(&log);
    assert!((200..300).contains(&kept));
    assert_eq!(log.records(Queue::Small), 900 - kept);
    let of_small = first(&mut log, Queue::Small).unwrap();
    assert_eq!(log.header(of_small).hash as usize, kept);
    let of_main = first(&mut log, Queue::Main).unwrap();
    assert_eq!(log.header(of_main).hash, 0);
}

#[test]
fn a_segment_with_records_of_many_caches_is_not_kept_as_a_whole() {
    let mut log = Log::default();
    for i in 0..300 {
        let header = Header::new(Namespace(i % 100), i, Deadline::NEVER);
        log.append(Queue::Small, header, &i.to_le_bytes(), b"value");
    }

    assert!(!log.requeue_protected(Queue::Small, |_| true));
}

#[test]
fn uses_of_items_in_the_newest_segments_of_the_small_queue_do_not_count() {
    let mut log = Log::default();
    let ats: Vec<u32> = (0..2000).map(|i| append(&mut log, Queue::Small, i, 50)).collect();
    let main = append(&mut log, Queue::Main, 2000, 50);

    ats.iter().chain([&main]).for_each(|&at| log.touch(at));

    let counted: Vec<bool> = ats.iter().map(|&at| log.header(at).uses() == 1).collect();
    let old = counted.iter().filter(|&&it| it).count();
    assert!((1000..1600).contains(&old), "about three quarters: {old}");
    assert!(counted[..old].iter().all(|&it| it), "the newest are those that do not count");
    assert_eq!(log.header(main).uses(), 1);
}
