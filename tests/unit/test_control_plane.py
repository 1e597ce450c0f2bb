"""Transactions, and what the node hears of them."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from attimo.control import Control, accounts, api_keys, caches, limit_use, plans
from attimo.control.directory import Changes
from attimo.errors import CacheExists, StoreUnavailable
from attimo.store.database import open_database
from fakes import Clock, Listener, open_in


def test_only_what_changed_is_told(control: Control, node: Listener) -> None:
    with control.begin() as tx:
        caches.create(tx, 1, "old")
    with control.begin() as tx:
        caches.create(tx, 1, "new")

    assert [cache.name for cache in node.heard[-1].caches] == ["new"]
    assert node.heard[-1].since == node.heard[-2].revision


def test_one_transaction_is_one_revision(control: Control, node: Listener) -> None:
    before = len(node.heard)
    with control.begin() as tx:
        for name in ("a", "b", "c"):
            caches.create(tx, 1, name)
        api_keys.create(tx, 1)

    assert len(node.heard) == before + 1
    assert node.names(1) == {"a", "b", "c"}
    assert len(node.api_keys) == 1


def test_what_no_node_must_know_is_not_told(control: Control, node: Listener) -> None:
    before = len(node.heard)
    with control.begin() as tx:
        accounts.rename(tx, 1, 2, "third")

    assert len(node.heard) == before


def test_a_transaction_that_fails_keeps_and_tells_nothing(control: Control, node: Listener) -> None:
    def create_twice() -> None:
        with control.begin() as tx:
            caches.create(tx, 1, "lost")
            caches.create(tx, 1, "lost")

    with pytest.raises(CacheExists):
        create_twice()

    with control.read() as tx:
        assert caches.list_page(tx, 1, limit=1).items == []
    assert node.names(1) == set()


def test_a_node_that_has_lost_its_place_is_told_the_whole(control: Control, node: Listener) -> None:
    with control.begin() as tx:
        caches.create(tx, 1, "old")
    node.forget()

    with control.begin() as tx:
        caches.create(tx, 1, "new")

    assert node.heard[-1].since is None
    assert node.names(1) == {"old", "new"}


def test_a_started_node_is_told_the_whole_without_what_is_gone(
    control: Control, node: Listener
) -> None:
    with control.begin() as tx:
        caches.create(tx, 1, "kept")
        caches.create(tx, 1, "deleted")
        key = api_keys.create(tx, 1).key
    with control.begin() as tx:
        caches.delete(tx, 1, "deleted")
        api_keys.revoke(tx, 1, key.id)

    control.announce()

    whole = node.heard[-1]
    assert whole.since is None
    assert [cache.name for cache in whole.caches] == ["kept"]
    assert (whole.api_keys, whole.revoked_keys, whole.deleted_caches) == ([], [], [])


def test_what_a_node_did_not_take_is_told_with_the_next_change(
    control: Control, node: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Changes) -> None:
        raise OSError("the node is gone")

    control.announce()
    monkeypatch.setattr(control, "publish", refuse)
    with pytest.raises(OSError, match="gone"), control.begin() as tx:
        caches.create(tx, 1, "first")
    monkeypatch.setattr(control, "publish", node.learn)
    with control.begin() as tx:
        caches.create(tx, 1, "second")

    assert node.heard[-1].since is not None
    assert node.names(1) == {"first", "second"}


def test_changes_from_many_threads_reach_the_node_in_their_order(
    control: Control, node: Listener
) -> None:
    def create(number: int) -> None:
        with control.begin() as tx:
            caches.create(tx, 1 + number % 2, f"cache-{number}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(create, range(100)))

    revisions = [changes.revision for changes in node.heard]
    assert revisions == sorted(revisions)
    assert len(node.caches) == 100


def test_of_many_who_want_a_name_one_gets_it(control: Control) -> None:
    def create(_: int) -> bool:
        try:
            with control.begin() as tx:
                caches.create(tx, 1, "wanted")
        except CacheExists:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(create, range(16))) == 1


def test_a_reader_waits_for_no_writer_and_sees_what_was(control: Control) -> None:
    written, read = Event(), Event()

    def write() -> None:
        with control.begin() as tx:
            caches.create(tx, 1, "unfinished")
            written.set()
            assert read.wait(10)

    with ThreadPoolExecutor(1) as thread:
        writer = thread.submit(write)
        assert written.wait(10)
        with control.read() as tx:
            assert caches.list_page(tx, 1, limit=1).items == []
        read.set()
        writer.result()


def test_a_writer_that_never_ends_does_not_hold_the_others_for_ever(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attimo.control.plane.BUSY_SECONDS", 0)

    with control.begin(), pytest.raises(StoreUnavailable), control.begin():
        pass


def test_a_reading_transaction_has_the_moment_of_the_clock(control: Control, clock: Clock) -> None:
    clock.now = 5
    with control.read() as tx:
        assert tx.now == 5


def test_everything_is_there_again_after_a_new_start(
    control: Control, node: Listener, home: Path
) -> None:
    with control.begin() as tx:
        caches.create(tx, 1, "sessions")
        api_keys.create(tx, 1)
    control.database.close()

    again = Listener()
    control = Control(open_in(home), again.learn)
    control.announce()
    control.database.close()

    assert again.caches == node.caches
    assert again.api_keys == node.api_keys
    assert again.verifying_keys == node.verifying_keys


def test_what_thousands_of_accounts_have_in_common_is_kept_once(tmp_path: Path) -> None:
    control = Control(open_database(tmp_path / "attimo.db"), lambda _: None)
    limits = dict.fromkeys(("caches", "keys", *limit_use.RATES), 10**6)
    with control.begin() as tx:
        for number in range(2_000):
            accounts.create(tx, f"account {number}")
    with control.begin() as tx:
        plans.change(tx, 1, "free", limits)

    tracemalloc.start()
    with control.begin() as tx:
        plans.change(tx, 1, "free", limits | {"caches": 1})
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert control.limits_of(2_000)["caches"] == 1
    assert kept / 2_000 < 150  # bytes
    control.database.close()
