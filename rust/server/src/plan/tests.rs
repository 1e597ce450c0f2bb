//! Which limits requests meet, in which words, and what other numbers, caches and keys change.

use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use attimo_engine::{Limits, Ttl};

use super::*;
use crate::retention::Retention;

const SECOND: u64 = 1_000_000;
const ONE: Taken = Taken { operations: 1, bytes_in: 0, bytes_out: 0 };

fn plan(numbers: &[(&str, u64)]) -> Plan {
    Plan::new(Numbers::new(numbers.iter().copied()).into())
}

fn applied(plan: &Plan, cache: u64, key: &str, now: u64) -> Rc<Applied> {
    plan.apply(Some(cache), Some(&Arc::from(key)), (&Limits::default(), Vec::new), now)
}

/// How many requests are admitted at `now`, each of which takes as much, and why the next is not.
fn admitted(limits: &Rc<Applied>, taken: Taken, now: u64) -> (usize, String) {
    for at in 0..10_000 {
        match limits.admit(now) {
            Ok(()) => limits.charge(taken, now),
            Err(met) => return (at, met.to_string()),
        }
    }
    (usize::MAX, String::new())
}

#[test]
fn each_limit_refuses_by_its_name_and_number_in_words_that_official_clients_know() {
    let taken = Taken { operations: 1, bytes_in: 1, bytes_out: 1 };
    let whole = [Limit::Blocked, Limit::OverBudget, Limit::Publishes, Limit::Subscriptions];
    for limit in Limit::ALL.iter().filter(|limit| !whole.contains(limit)) {
        let limits = applied(&plan(&[(limit.name(), 20)]), 1, "k", 0);
        let (times, text) = admitted(&limits, taken, 0);

        assert_eq!(times, if *limit == Limit::Throttled { 10 } else { 20 }, "{limit:?}");
        let word = if limit.is_of_operations() { "operations" } else { "throughput" };
        assert!(text.contains(" 20 ") && text.contains(limit.name()), "{text}");
        // Clients take the first of these words that they find.
        let words = ["subscri", "operations", "throughput"];
        let told = words.into_iter().find(|word| text.replace(limit.name(), "").contains(word));
        assert_eq!(told, Some(word), "{text}");
        let of_name = words.into_iter().find(|word| text.contains(word));
        assert_eq!(of_name, Some(word), "{text}");
    }
}

#[test]
fn messages_and_subscriptions_have_limits_of_their_own_in_words_that_official_clients_know() {
    let limits = applied(&plan(&[("publishes_per_second", 5), ("subscriptions", 2)]), 1, "k", 0);
    assert_eq!(admitted(&limits, ONE, 0).0, usize::MAX, "other requests are not limited");
    let published = (0..9).find_map(|at| Some((at, limits.admit_message(0).err()?))).unwrap();
    assert_eq!((published.0, published.1.limit, published.1.value), (5, Limit::Publishes, 5));
    assert_eq!(limits.admit_message(SECOND), Ok(()));
    let text = published.1.to_string();
    assert!(text.contains("operations") && !text.contains("subscri"), "{text}");

    assert_eq!([0, 1].map(|open| limits.admit_subscriptions(1, open)), [Ok(()); 2]);
    let text = limits.admit_subscriptions(1, 2).unwrap_err().to_string();
    assert!(text.contains("subscribers") && text.ends_with("(subscriptions: 2)"), "{text}");

    let none = applied(&plan(&[("publishes_per_second", 0), ("subscriptions", 0)]), 1, "k", 0);
    assert_eq!(none.admit(0), Ok(()));
    assert_eq!(none.admit_message(5 * SECOND).unwrap_err().value, 0);
    assert_eq!(none.admit_subscriptions(1, 0).unwrap_err().value, 0);
}

#[test]
fn an_account_that_is_blocked_is_told_which_transfer_it_has_used_up() {
    let numbers = [("transfer_bytes_per_month", 50), ("blocked", 1)];
    let met = applied(&plan(&numbers), 1, "k", 0).admit(0).unwrap_err();
    assert_eq!((met.limit, met.value, met.retry_after), (Limit::Blocked, 50, 3_600));
    assert!(met.to_string().contains("throughput") && met.to_string().contains("50 bytes"));

    for numbers in [[("transfer_bytes_per_month", 50), ("blocked", 0)], [("caches", 3), ("x", 1)]] {
        assert_eq!(Numbers::new(numbers).blocked, None);
        assert_eq!(applied(&plan(&numbers), 1, "k", 0).admit(0), Ok(()));
    }
}

#[test]
fn an_account_that_has_spent_its_budget_is_told_so_and_of_no_transfer() {
    let met = applied(&plan(&[("over_budget", 80)]), 1, "k", 0).admit(0).unwrap_err();

    assert_eq!((met.limit, met.value, met.retry_after), (Limit::OverBudget, 80, 3_600));
    let text = met.to_string();
    assert!(text.contains("throughput") && text.contains("80 % of the account's own budget"));
}

#[test]
fn a_debt_is_paid_at_the_rate_that_follows_times_without_a_limit_or_with_none_admitted() {
    for between in [vec![("caches", 1)], vec![("bytes_out_per_second", 0)]] {
        let mut plan = plan(&[("bytes_out_per_second", 1)]);
        let limits = applied(&plan, 1, "k", 0);
        limits.charge(Taken { operations: 1, bytes_in: 0, bytes_out: 5_000 }, 0);
        end_turn();
        for numbers in [between, vec![("bytes_out_per_second", 5_000)]] {
            plan.change(Numbers::new(numbers).into());
            applied(&plan, 1, "k", 0);
        }

        assert_eq!(applied(&plan, 1, "k", SECOND).admit(SECOND), Ok(()));
    }
}

#[test]
fn a_limit_of_zero_admits_nothing() {
    let limits = applied(&plan(&[("cache_operations_per_second", 0)]), 1, "k", 0);
    let met = limits.admit(5 * SECOND).unwrap_err();
    assert_eq!((met.limit, met.value), (Limit::CacheOperations, 0));
}

#[test]
fn caches_and_keys_have_buckets_of_their_own_and_share_that_of_the_account() {
    let numbers = [
        ("operations_per_second", 10),
        ("cache_operations_per_second", 6),
        ("key_operations_per_second", 4),
    ];
    let plan = plan(&numbers);
    let times = |cache, key| admitted(&applied(&plan, cache, key, 0), ONE, 0).0;

    assert_eq!(times(1, "a"), 4, "the key's");
    assert_eq!(times(1, "b"), 2, "the cache's");
    assert_eq!(times(2, "b"), 2, "the key's, which has used two");
    assert_eq!(times(2, "c"), 2, "the account's");
    let tokens = plan.apply(Some(3), None, (&Limits::default(), Vec::new), SECOND);
    assert_eq!(admitted(&tokens, ONE, SECOND).0, 6, "without a key, no limit of keys");
    let missing = plan.apply(None, None, (&Limits::default(), Vec::new), SECOND);
    assert_eq!(admitted(&missing, ONE, SECOND).0, 4, "without a cache, only the account's");
}

#[test]
fn who_is_refused_by_one_limit_takes_nothing_from_the_others() {
    let numbers = [("operations_per_second", 10), ("key_operations_per_second", 4)];
    let plan = plan(&numbers);
    let limits = applied(&plan, 1, "a", 0);
    for _ in 0..100 {
        let _ = limits.admit(0);
    }
    assert_eq!(admitted(&applied(&plan, 1, "b", 0), ONE, 0).0, 4);
    assert_eq!(admitted(&applied(&plan, 1, "c", 0), ONE, 0).0, 2);
}

#[test]
fn what_is_known_afterwards_is_a_debt() {
    let numbers = [("operations_per_second", 10), ("bytes_out_per_second", 1_000)];
    let limits = applied(&plan(&numbers), 1, "k", 0);

    assert_eq!(limits.admit(0), Ok(()));
    limits.charge(Taken { operations: 1, bytes_in: 5_000, bytes_out: 3_500 }, 0);
    let met = limits.admit(0).unwrap_err();
    assert_eq!((met.limit, met.retry_after), (Limit::BytesOut, 3));
    assert_eq!(limits.admit(2 * SECOND + SECOND / 2 + 1), Ok(()));
    limits.charge(Taken { operations: 35, bytes_in: 0, bytes_out: 0 }, 3 * SECOND);
    let met = limits.admit(3 * SECOND).unwrap_err();
    assert_eq!((met.limit, met.retry_after), (Limit::Operations, 3));
}

#[test]
fn threads_whose_requests_come_many_at_once_get_together_what_one_request_at_a_time_would() {
    const RATE: u64 = 5_000;
    for threads in [2, 8, 64] {
        let (plan, barrier) = (plan(&[("operations_per_second", RATE)]), Barrier::new(threads));
        let serve = |thread: u64| {
            let limits = applied(&plan, 1, "k", 0);
            let turn = |at: u64| {
                barrier.wait();
                let sum =
                    (0..thread % 7 * 40 + 60).filter(|_| limits.admit(at * SECOND / 100).is_ok());
                let sum = sum.count();
                end_turn();
                sum
            };
            (0..1_000).map(turn).sum::<usize>()
        };
        let sum: usize = std::thread::scope(|scope| {
            let all: Vec<_> =
                (0..threads).map(|at| scope.spawn(move || serve(at as u64))).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        let rest = admitted(&applied(&plan, 1, "k", 0), ONE, 10 * SECOND - SECOND / 100).0;
        assert_eq!((sum + rest) as u64, RATE * 11 - RATE / 100, "{threads} threads");
    }
}

#[test]
fn what_was_admitted_in_advance_and_not_needed_goes_back_at_the_end_of_the_turn() {
    let plan = plan(&[("operations_per_second", 1_000), ("key_operations_per_second", 2_000)]);
    let limits = applied(&plan, 1, "k", 0);
    for _ in 0..100 {
        assert_eq!(limits.admit(0), Ok(()));
        assert_eq!(limits.admit(0), Ok(()));
        end_turn();
    }
    assert_eq!(admitted(&applied(&plan, 1, "other", 0), ONE, 0).0, 800);
}

#[test]
fn many_requests_at_once_use_no_more_bytes_than_one_beyond_the_limit() {
    for (limit, taken) in [("bytes_out_per_second", [0, 700]), ("bytes_in_per_second", [700, 0])] {
        let limits =
            applied(&plan(&[(limit, 100_000), ("operations_per_second", 10_000)]), 1, "k", 0);
        let [bytes_in, bytes_out] = taken;
        let taken = Taken { operations: 1, bytes_in, bytes_out };
        assert_eq!(admitted(&limits, taken, 0).0, 143, "{limit}");
        end_turn();
        assert_eq!(admitted(&limits, taken, SECOND).0, 143, "{limit}");
    }
}

#[test]
fn other_numbers_change_the_rate_and_refill_nothing() {
    let slow = [("operations_per_second", 10), ("cache_operations_per_second", 10)];
    let mut plan = plan(&slow);
    assert_eq!(admitted(&applied(&plan, 1, "k", 0), ONE, 0).0, 10);

    for rate in [10, 1_000, 20] {
        plan.change(Numbers::new([("operations_per_second", rate)]).into());
        assert_eq!(admitted(&applied(&plan, 1, "k", 0), ONE, 0).0, 0, "{rate}");
    }
    assert_eq!(admitted(&applied(&plan, 1, "k", SECOND), ONE, SECOND).0, 20);
}

#[test]
fn buckets_of_caches_and_keys_that_are_gone_are_freed() {
    let numbers = [("cache_operations_per_second", 3), ("key_operations_per_second", 5)];
    let plan = plan(&numbers);
    let times = |cache, key| admitted(&applied(&plan, cache, key, 0), ONE, 0).0;
    assert_eq!([times(1, "a"), times(1, "b")], [3, 0]);

    plan.forget_cache(1);
    assert_eq!([times(1, "a"), times(1, "b")], [2, 1]);
    plan.forget_key("a");
    assert_eq!(times(2, "a"), 3);
    plan.retain(|cache| cache != 2, |key| key != "a");
    assert_eq!(times(2, "a"), 3);
    plan.retain(|_| true, |_| true);
    assert_eq!(times(2, "a"), 0);
}

#[test]
fn a_plan_says_what_topics_keep() {
    let numbers =
        [("topic_history_messages", 7), ("topic_history_seconds", 8), ("topic_history_bytes", 9)];
    let history = |numbers: &[(&str, u64)]| applied(&plan(numbers), 1, "k", 0).history();
    let all = Retention { messages: 7, time: Duration::from_secs(8), bytes: 9 };
    assert_eq!(history(&numbers), all);
    assert_eq!(history(&numbers[..1]), Retention { messages: 7, ..Retention::default() });
    assert_eq!(history(&[("topic_history_bytes", u64::MAX)]), Retention::default());
}

#[test]
fn items_are_limited_by_the_plan_and_by_the_server_and_lifetimes_by_the_plan() {
    let numbers = [("item_bytes", 100), ("element_bytes", u64::MAX), ("ttl_seconds", 60)];
    let limits = applied(&plan(&numbers), 1, "k", 0);
    let server = Limits::default();
    assert_eq!(*limits.items(), Limits { item_bytes: 100, ..server });
    assert_eq!(limits.exceeded_ttl(Ttl(60_000)), None);
    assert_eq!(limits.exceeded_ttl(Ttl(60_001)), Some(60));
    assert_eq!(applied(&plan(&[("x", 1)]), 1, "k", 0).exceeded_ttl(Ttl::FOREVER), None);
}

#[test]
fn numbers_without_a_meaning_here_are_no_plan() {
    let numbers = [("caches", 10), ("cache_throttle_bytes_per_second", 1), ("key_", 1)];
    assert_eq!(Numbers::new(numbers), Numbers::default());
}
