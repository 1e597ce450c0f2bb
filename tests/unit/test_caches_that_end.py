"""Caches that end by themselves: exactly then, whoever is late."""

import threading
from pathlib import Path

import pytest

from attimo.control import Control, audit, caches, directory
from attimo.control.actor import Actor
from attimo.control.audit import Entry
from attimo.control.caches import LONGEST_LIFE, MOST_AT_ONCE, Cache
from attimo.control.directory import Changes
from attimo.control.permissions import everything
from attimo.errors import InvalidArgument, NoSuchCache, StoreUnavailable
from attimo.serve.reaper import LONGEST_SLEEP, Reaper
from fakes import NOON, Clock, Listener, new_control, open_in


def create(control: Control, name: str, expires_in: int | None = None) -> Cache:
    with control.begin() as tx:
        tx.actor = Actor("key k", "192.0.2.7", everything())
        return caches.create(tx, 1, name, expires_in)


def names(control: Control) -> list[str]:
    with control.read() as tx:
        return [cache.name for cache in caches.list_page(tx, 1, limit=100).items]


def notes(control: Control, action: str) -> list[Entry]:
    with control.read() as tx:
        return audit.list_page(tx, 1, 100, action=action).items


def test_a_cache_is_there_to_its_last_second_and_not_longer(control: Control, clock: Clock) -> None:
    made = create(control, "brief", expires_in=60)
    assert made.expires_at == NOON + 60

    clock.now = NOON + 59
    assert names(control) == ["brief"]
    clock.now = NOON + 60
    assert names(control) == []
    for action in (caches.flush, caches.delete):
        with pytest.raises(NoSuchCache), control.begin() as tx:
            action(tx, 1, "brief")


def test_the_name_is_free_again_though_nobody_has_deleted_the_cache(
    control: Control, node: Listener, clock: Clock
) -> None:
    old = create(control, "brief", expires_in=60)
    clock.now = NOON + 60

    new = create(control, "brief")

    assert new.id > old.id
    assert node.caches.keys() == {new.id}
    clock.now += LONGEST_LIFE
    assert names(control) == ["brief"]


def extend(control: Control, name: str, expires_in: int) -> Cache:
    with control.begin() as tx:
        tx.actor = Actor("key k", "192.0.2.7", everything())
        return caches.extend(tx, 1, name, expires_in)


def test_a_cache_that_is_extended_ends_later_and_never_earlier(
    control: Control, node: Listener, clock: Clock
) -> None:
    made = create(control, "brief", expires_in=60)
    clock.now += 30

    assert extend(control, "brief", 60).expires_at == NOON + 90
    assert extend(control, "brief", 10).expires_at == NOON + 90
    assert node.caches[made.id].expires_at == NOON + 90
    create(control, "lasting")
    assert extend(control, "lasting", 60).expires_at is None
    assert [each.details for each in notes(control, "cache.extend")] == [
        {},
        {"until": NOON + 90},
        {"until": NOON + 90},
    ]
    clock.now = NOON + 90
    for name in ("brief", "never there"):
        with pytest.raises(NoSuchCache):
            extend(control, name, 60)


@pytest.mark.parametrize("expires_in", [0, -1, LONGEST_LIFE + 1])
def test_the_limits_are_in_the_refusal(control: Control, expires_in: int) -> None:
    with pytest.raises(InvalidArgument, match="expires_in must be 1 to 315360000 seconds"):
        create(control, "brief", expires_in)


def test_the_node_is_told_the_end(control: Control, node: Listener) -> None:
    brief, lasting = create(control, "brief", 60), create(control, "lasting")

    with control.read() as tx:
        told = {cache.id: cache for cache in directory.changes(tx, since=None).caches}

    assert told == node.caches
    assert (told[brief.id].expires_at, told[lasting.id].expires_at) == (NOON + 60, None)


def test_the_reaper_deletes_what_is_due_and_sleeps_until_the_next_end(
    control: Control, node: Listener, clock: Clock
) -> None:
    reaper = Reaper(control)
    assert reaper.reap() == LONGEST_SLEEP
    create(control, "soon", expires_in=10)
    create(control, "late", expires_in=30)
    create(control, "lasting")
    assert reaper.reap() == 10

    clock.now = NOON + 12
    assert reaper.reap() == 0

    assert node.names(1) == {"late", "lasting"}
    assert reaper.reap() == 18
    clock.now = NOON + 10**6
    assert [reaper.reap(), reaper.reap()] == [0, LONGEST_SLEEP]


def test_an_end_is_noted_as_the_servers_own_doing(control: Control, clock: Clock) -> None:
    create(control, "reaped", expires_in=10)
    create(control, "replaced", expires_in=10)
    clock.now = NOON + 10
    create(control, "replaced")
    Reaper(control).reap()

    expired = notes(control, "cache.expire")
    assert {(note.actor, note.peer, note.subject) for note in expired} == {
        ("system", "", "reaped"),
        ("system", "", "replaced"),
    }
    assert [note.details for note in expired] == [{"until": NOON + 10}] * 2
    assert {note.actor for note in notes(control, "cache.create")} == {"key k"}


def test_many_that_end_at_once_are_ended_by_and_by(control: Control, clock: Clock) -> None:
    with control.begin() as tx:
        for number in range(MOST_AT_ONCE + 1):
            caches.create(tx, 1, f"brief-{number}", expires_in=1)
    clock.now += 1
    reaper = Reaper(control)

    assert [reaper.reap() for _ in range(3)] == [0, 0, LONGEST_SLEEP]


def test_what_ended_while_nobody_ran_is_deleted_at_the_start(home: Path, clock: Clock) -> None:
    before = new_control(home, Listener(), clock)
    create(before, "brief", expires_in=60)
    before.database.close()
    clock.now = NOON + 60
    heard, deleted = Listener(), threading.Event()

    def publish(changes: Changes) -> None:
        heard.learn(changes)
        if changes.deleted_caches:
            deleted.set()

    after = Control(open_in(home), publish, clock)
    after.announce()
    reaper = Reaper(after)
    reaper.start()

    assert deleted.wait(20)
    assert heard.names(1) == set()
    reaper.stop()
    after.database.close()


def test_a_new_end_wakes_the_reaper(control: Control, node: Listener, clock: Clock) -> None:
    deleted, reaper = threading.Event(), Reaper(control)

    def publish(changes: Changes) -> None:
        node.learn(changes)
        reaper.on_changes(changes)
        if changes.deleted_caches:
            deleted.set()
        elif changes.caches:
            clock.now += 60  # it ends as soon as it is made

    control.publish = publish
    reaper.start()
    create(control, "brief", expires_in=60)

    assert deleted.wait(20)
    reaper.stop()
    assert node.names(1) == set()


def test_a_failure_is_told_and_ends_no_thread(
    control: Control, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    create(control, "brief", expires_in=1)
    clock.now += 1
    asked = threading.Event()

    def refuse(changes: Changes) -> None:
        asked.set()
        raise StoreUnavailable("the disk is full")

    control.publish = refuse
    reaper = Reaper(control)
    reaper.start()
    assert asked.wait(20)
    reaper.stop()

    assert "cannot be deleted yet: the disk is full" in caplog.text
