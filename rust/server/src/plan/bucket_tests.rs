//! How many tokens a bucket gives, whatever the rate, the clock and the number of threads.

use std::sync::Barrier;

use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000;

fn rate(per_second: u64) -> Rate {
    Rate::new(per_second).unwrap()
}

/// How many requests for one token are admitted at `now`.
fn burst(bucket: &Bucket, rate: Rate, now: u64) -> u64 {
    std::iter::from_fn(|| bucket.take(rate, 1, now).ok()).map(|()| 1).sum()
}

#[test]
fn a_full_bucket_gives_the_tokens_of_one_second_and_then_none() {
    for per_second in [1, 2, 3, 7, 10, 999, 1_000, 65_537, 1_000_000] {
        for start in [0, 5, 12_345_678_901] {
            assert_eq!(burst(&Bucket::default(), rate(per_second), start), per_second);
        }
    }
}

#[test]
fn an_empty_bucket_gives_what_the_time_has_brought() {
    let (bucket, ten) = (Bucket::default(), rate(10));
    assert_eq!(burst(&bucket, ten, SECOND), 10);
    assert_eq!(burst(&bucket, ten, SECOND + 99_000), 1, "a part of a token is enough, once");
    assert_eq!(burst(&bucket, ten, SECOND + 100_000), 0);
    assert_eq!(burst(&bucket, ten, 2 * SECOND), 9);
    assert_eq!(burst(&bucket, ten, 9 * SECOND), 10, "a burst is never more than a second's");
}

#[test]
fn who_is_refused_is_told_for_how_many_seconds() {
    let (bucket, ten) = (Bucket::default(), rate(10));
    bucket.charge(ten, 10, 0);
    assert_eq!(bucket.check(0), Err(Empty(1)));
    bucket.charge(ten, 25, 0);
    assert_eq!(bucket.check(0), Err(Empty(3)));
    assert_eq!(bucket.check(2 * SECOND), Err(Empty(1)));
    assert_eq!(bucket.check(2 * SECOND + SECOND / 2 + 1), Ok(()));
}

#[test]
fn more_than_a_burst_is_admitted_once_and_paid_before_the_next() {
    let (bucket, ten) = (Bucket::default(), rate(10));
    assert_eq!(bucket.take(ten, 1_000, 0), Ok(()));
    assert_eq!(bucket.take(ten, 1, 0), Err(Empty(100)));
    assert_eq!(bucket.take(ten, 1, 98 * SECOND), Err(Empty(2)));
    assert_eq!(bucket.take(ten, 1, 99 * SECOND + 1), Ok(()));
}

#[test]
fn what_is_given_back_was_never_taken() {
    let (bucket, ten) = (Bucket::default(), rate(10));
    for _ in 0..1_000 {
        assert_eq!(bucket.take(ten, 1, SECOND), Ok(()));
        bucket.give_back(ten, 1);
    }
    assert_eq!(burst(&bucket, ten, SECOND), 10);
}

#[test]
fn another_rate_neither_refills_a_bucket_nor_changes_how_many_tokens_are_owed() {
    let (bucket, slow, fast) = (Bucket::default(), rate(10), rate(1_000));
    assert_eq!(burst(&bucket, slow, 0), 10);
    bucket.adjust(slow, fast, 0);
    assert_eq!(burst(&bucket, fast, 0), 0);
    assert_eq!(burst(&bucket, fast, SECOND / 100), 10);

    let bucket = Bucket::default();
    bucket.charge(slow, 1_010, 0);
    bucket.adjust(slow, fast, 0);
    assert_eq!(bucket.check(SECOND - 1), Err(Empty(1)));
    assert_eq!(bucket.check(SECOND + 1), Ok(()));
    bucket.charge(fast, 2_000, SECOND);
    bucket.adjust(fast, slow, SECOND);
    assert_eq!(bucket.check(SECOND), Err(Empty(201)));
}

#[test]
fn nothing_overflows() {
    for per_second in [1, u64::MAX] {
        let (bucket, rate) = (Bucket::default(), rate(per_second));
        bucket.charge(rate, u64::MAX, u64::MAX);
        bucket.charge(rate, u64::MAX, 0);
        bucket.adjust(rate, Rate::new(1).unwrap(), 0);
        bucket.adjust(Rate::new(u64::MAX).unwrap(), Rate::new(1).unwrap(), u64::MAX);
        assert!(bucket.check(0).is_err());
        bucket.give_back(rate, u64::MAX);
        assert_eq!(Bucket::default().take(rate, u64::MAX, u64::MAX), Ok(()));
    }
    assert_eq!(Rate::new(0), None);
}

#[test]
fn threads_together_get_what_one_would_get() {
    const SECONDS: u64 = 10;
    const STEP: u64 = 10_000;
    for threads in [2, 8, 64] {
        let (bucket, rate, barrier) = (Bucket::default(), rate(5_000), Barrier::new(threads));
        let admitted = |thread: usize| {
            // The clocks of some threads are behind.
            let behind = thread as u64 % 3 * 700;
            let at = |step: u64| {
                barrier.wait();
                burst(&bucket, rate, (step * STEP).saturating_sub(behind))
            };
            (0..=SECONDS * SECOND / STEP).map(at).sum::<u64>()
        };
        let sum: u64 = std::thread::scope(|scope| {
            let start = |thread| scope.spawn(move || admitted(thread));
            let all: Vec<_> = (0..threads).map(start).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(sum, 5_000 * (SECONDS + 1), "{threads} threads");
    }
}

/// What a client does after the clock has moved, by microseconds and in any direction.
#[derive(Debug, Clone, Copy)]
enum Step {
    Take(i64, u64),
    Charge(i64, u64),
    Vain(i64, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let jump = prop_oneof![
        8 => 0_i64..200_000,
        1 => -3_000_000_i64..0,
        1 => 0_i64..100_000_000,
    ];
    let step = (jump, 0_u64..50, 0_u8..3).prop_map(|(jump, tokens, kind)| match kind {
        0 => Step::Take(jump, tokens),
        1 => Step::Charge(jump, tokens),
        _ => Step::Vain(jump, tokens),
    });
    prop::collection::vec(step, 1..200)
}

proptest! {
    #[test]
    fn a_bucket_never_admits_more_than_its_rate_and_one_burst(
        per_second in 1_u64..2_000,
        steps in steps(),
    ) {
        let (bucket, rate) = (Bucket::default(), rate(per_second));
        let (mut now, mut latest, mut taken) = (0_u64, 0_u64, 0_u64);
        for step in steps {
            let (Step::Take(jump, _) | Step::Charge(jump, _) | Step::Vain(jump, _)) = step;
            now = now.saturating_add_signed(jump);
            latest = latest.max(now);
            match step {
                Step::Take(_, tokens) if bucket.take(rate, tokens, now).is_ok() => {
                    prop_assert!(taken * SECOND <= per_second * (latest + SECOND));
                    taken += tokens;
                }
                Step::Charge(_, tokens) => {
                    bucket.charge(rate, tokens, now);
                    taken += tokens;
                }
                Step::Vain(_, tokens) if bucket.take(rate, tokens, now).is_ok() => {
                    bucket.give_back(rate, tokens);
                }
                Step::Take(..) | Step::Vain(..) => {}
            }
        }
    }

    #[test]
    fn a_steady_client_gets_its_rate_within_one_percent(
        per_second in 1_u64..5_000,
        excess in 2_u64..20,
        start in 0_u64..1_000_000_000,
    ) {
        let (bucket, rate) = (Bucket::default(), rate(per_second));
        prop_assert_eq!(burst(&bucket, rate, start), per_second);
        let offered = 10 * per_second * excess;
        let at = |n: &u64| start + n * 10 * SECOND / offered;
        let admitted = (1..=offered).filter(|n| bucket.take(rate, 1, at(n)).is_ok()).count() as u64;
        prop_assert!(admitted.abs_diff(10 * per_second) <= (per_second / 10).max(1), "{}", admitted);
    }
}
