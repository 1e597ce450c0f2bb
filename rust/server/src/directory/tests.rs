//! What a directory contains after changes, and which namespaces they retire.

use std::process::Command;

use super::*;
use crate::plan;
use crate::process::resident_bytes;

const OWNER: AccountId = AccountId(1);

fn cache(id: u64, name: &str, namespace: u32) -> Cache {
    Cache {
        id: CacheId(id),
        account: OWNER,
        name: name.to_owned(),
        namespace: Namespace(namespace),
        expires_at: u64::MAX,
    }
}

fn step(since: Option<u64>, revision: u64, caches: Vec<Cache>, gone: &[u64]) -> Changes {
    let deleted_caches = gone.iter().map(|id| CacheId(*id)).collect();
    Changes { revision, since, caches, deleted_caches, ..Changes::default() }
}

#[test]
fn a_cache_is_found_by_its_account_and_name_only() {
    let directory = Directory::default();
    directory.learn(step(None, 1, vec![cache(7, "sessions", 70)], &[])).unwrap();

    let found = CacheRef { id: CacheId(7), namespace: Namespace(70), expires_at: u64::MAX };
    assert_eq!(directory.cache(OWNER, "sessions"), Some(found));
    assert_eq!(directory.cache(AccountId(2), "sessions"), None);
    assert_eq!(directory.cache(OWNER, "session"), None);
}

#[test]
fn a_flush_and_a_delete_retire_the_namespace() {
    let directory = Directory::default();
    directory.learn(step(None, 1, vec![cache(7, "a", 70), cache(8, "b", 80)], &[])).unwrap();

    let flushed = directory.learn(step(Some(1), 2, vec![cache(7, "a", 71)], &[])).unwrap();
    let deleted = directory.learn(step(Some(2), 3, vec![], &[8])).unwrap();

    assert_eq!(flushed, [Namespace(70)]);
    assert_eq!(deleted, [Namespace(80)]);
    assert_eq!(directory.cache(OWNER, "b"), None);
}

#[test]
fn counts_of_a_namespace_belong_to_its_cache_even_after_it_was_retired() {
    let directory = Directory::default();
    directory.learn(step(None, 1, vec![cache(7, "a", 70), cache(8, "b", 80)], &[])).unwrap();
    directory.learn(step(Some(1), 2, vec![cache(7, "a", 71)], &[8])).unwrap();
    let sums = || {
        let counts = HashMap::from([70, 71, 80].map(|namespace| (Namespace(namespace), 10)));
        directory.by_cache(counts)
    };

    for _ in 0..2 {
        assert_eq!(sums(), HashMap::from([(CacheId(7), 20), (CacheId(8), 10)]));
    }
    assert_eq!(sums(), HashMap::from([(CacheId(7), 10)]));
    directory.learn(step(None, 9, vec![cache(7, "a", 72)], &[])).unwrap();
    assert_eq!(sums(), HashMap::from([(CacheId(7), 10)]));
    assert_eq!(directory.state.read().former.len(), 1);
}

#[test]
fn a_new_cache_takes_the_name_of_a_deleted_one_in_one_step() {
    let directory = Directory::default();
    directory.learn(step(None, 1, vec![cache(7, "a", 70)], &[])).unwrap();
    directory.learn(step(Some(1), 3, vec![cache(9, "a", 90)], &[7])).unwrap();

    assert_eq!(directory.cache(OWNER, "a").map(|found| found.id), Some(CacheId(9)));
}

#[test]
fn old_changes_are_ignored_and_a_gap_is_refused() {
    let directory = Directory::default();
    directory.learn(step(None, 5, vec![cache(7, "a", 70)], &[])).unwrap();

    assert_eq!(directory.learn(step(Some(3), 4, vec![], &[7])), Ok(vec![]));
    assert!(directory.cache(OWNER, "a").is_some());
    let gap = directory.learn(step(Some(6), 7, vec![], &[7]));
    assert_eq!(gap, Err(LearnError::Gap { since: 6, known: 5 }));
}

#[test]
fn the_whole_directory_replaces_what_was_known() {
    let directory = Directory::default();
    directory.learn(step(None, 1, vec![cache(7, "a", 70), cache(8, "b", 80)], &[])).unwrap();

    let left = directory.learn(step(None, 9, vec![cache(7, "a", 70)], &[])).unwrap();

    assert_eq!(left, [Namespace(80)]);
    assert_eq!(directory.cache(OWNER, "b"), None);
}

#[test]
fn an_account_is_suspended_until_it_is_resumed_or_missing_from_a_whole_directory() {
    let directory = Directory::default();
    let other = AccountId(2);
    let learn = |changes: Changes| {
        directory.learn(changes).unwrap();
        [OWNER, other].map(|account| directory.is_suspended(account))
    };
    let accounts = vec![other];
    let suspended =
        Changes { suspended_accounts: accounts.clone(), ..step(Some(1), 2, vec![], &[]) };
    let resumed = Changes { resumed_accounts: accounts.clone(), ..step(Some(2), 3, vec![], &[]) };
    let all = Changes { suspended_accounts: accounts, ..step(None, 4, vec![], &[]) };

    assert_eq!(learn(step(None, 1, vec![], &[])), [false, false]);
    assert_eq!(learn(suspended), [false, true]);
    assert_eq!(learn(resumed), [false, false]);
    assert_eq!(learn(all), [false, true]);
    assert_eq!(learn(step(None, 5, vec![], &[])), [false, false]);
}

const ACCOUNTS: u64 = 10_000;
const MOST_BYTES: u64 = 12 << 20;

/// Takes the memory of limits: two caches and two keys of each account are in use.
#[test]
#[ignore = "measures its process: the next test runs it alone in one"]
fn limits_of_ten_thousand_accounts() {
    let of_account = |account: u64| [2 * account, 2 * account + 1];
    let name = |id: u64| Arc::<str>::from(format!("key-{id}"));
    let cache_of = |id: u64| Cache { account: AccountId(id / 2), ..cache(id, "c", 1) };
    let key = |id: u64| ApiKey {
        id: name(id),
        account: AccountId(id / 2),
        expires_at: u64::MAX,
        role: "r".into(),
    };
    let caches = (0..2 * ACCOUNTS).map(cache_of).collect();
    let api_keys = (0..2 * ACCOUNTS).map(key).collect();
    let directory = Directory::default();
    directory.learn(Changes { revision: 1, caches, api_keys, ..Changes::default() }).unwrap();
    let rates = ["operations", "bytes_in", "bytes_out"].map(|what| format!("{what}_per_second"));
    let numbers: Vec<_> = ["", "cache_", "key_"]
        .iter()
        .flat_map(|whose| rates.iter().map(move |rate| (format!("{whose}{rate}"), 1_000)))
        .collect();
    let before = resident_bytes().unwrap();

    let limits = |id| AccountLimits { account: AccountId(id), numbers: numbers.clone() };
    for account in 0..ACCOUNTS {
        let (revision, limits) = (2 + account, vec![limits(account)]);
        let since = Some(1 + account);
        directory.learn(Changes { revision, since, limits, ..Changes::default() }).unwrap();
        for id in of_account(account) {
            let (account, server) = (AccountId(account), Limits::default());
            let applied = directory.limits(account, Some(CacheId(id)), &name(id), &server, 0);
            assert_eq!(applied.unwrap().admit(0), Ok(()));
            plan::end_turn();
        }
    }

    let took = resident_bytes().unwrap() - before;
    assert!((1 << 20..MOST_BYTES).contains(&took), "{took} bytes");
}

#[test]
fn limits_of_ten_thousand_accounts_take_less_than_12_mib() {
    let mut alone = Command::new(std::env::current_exe().unwrap());
    let name = "directory::tests::limits_of_ten_thousand_accounts";
    let output = alone.args([name, "--exact", "--ignored"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
