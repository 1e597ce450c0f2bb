"""Creating, listing, flushing and deleting caches."""

import pytest

from attimo.control import Control, caches
from attimo.control.caches import Cache
from attimo.errors import (
    CacheExists,
    Exhausted,
    InvalidArgument,
    InvalidName,
    NoSuchAccount,
    NoSuchCache,
)
from fakes import NOON, Listener


def create(control: Control, name: str, account_id: int = 1) -> Cache:
    with control.begin() as tx:
        return caches.create(tx, account_id, name)


def flush(control: Control, name: str, account_id: int = 1) -> None:
    with control.begin() as tx:
        caches.flush(tx, account_id, name)


def delete(control: Control, name: str, account_id: int = 1) -> None:
    with control.begin() as tx:
        caches.delete(tx, account_id, name)


def names(control: Control, account_id: int = 1) -> list[str]:
    with control.read() as tx:
        return [cache.name for cache in caches.list_page(tx, account_id, limit=100).items]


def test_a_created_cache_is_known_to_the_node_at_once(control: Control, node: Listener) -> None:
    cache = create(control, "sessions")

    assert cache.created_at == NOON
    assert node.caches[cache.id].name == "sessions"
    assert node.caches[cache.id].account_id == 1


def test_a_refused_create_tells_the_node_nothing(control: Control, node: Listener) -> None:
    create(control, "sessions")
    heard = len(node.heard)

    with pytest.raises(CacheExists, match="'sessions'"):
        create(control, "sessions")

    assert len(node.heard) == heard


def test_two_accounts_may_have_caches_of_one_name(control: Control) -> None:
    mine, theirs = create(control, "sessions", 1), create(control, "sessions", 2)

    assert mine.id != theirs.id
    assert names(control, 1) == names(control, 2) == ["sessions"]


def test_an_account_sees_its_own_caches_only(control: Control, node: Listener) -> None:
    create(control, "mine", account_id=1)

    assert names(control, account_id=2) == []
    with pytest.raises(NoSuchCache):
        flush(control, "mine", account_id=2)
    with pytest.raises(NoSuchCache):
        delete(control, "mine", account_id=2)
    assert node.names(account_id=1) == {"mine"}


@pytest.mark.parametrize("name", ["a", "a b", "x" * 255, "~", "a.b", "...", "%2F", "a\\b"])
def test_names_that_are_allowed(control: Control, name: str) -> None:
    create(control, name)

    assert names(control) == [name]


@pytest.mark.parametrize(
    "name",
    ["", " ", "\t", " a", "a ", "a/b", ".", "..", "a\n", "a\0", "ä", "x" * 256, "\x7f", "a\n\n"],
)
def test_names_that_are_refused(control: Control, name: str) -> None:
    for attempt in (create, flush, delete):
        with pytest.raises(InvalidName, match="is not a cache name: 1 to 255 printable ASCII"):
            attempt(control, name)


def test_a_cache_needs_an_account(control: Control) -> None:
    with pytest.raises(NoSuchAccount, match="no account 3"):
        create(control, "sessions", account_id=3)


def test_a_flushed_cache_keeps_its_id_and_gets_a_new_namespace(
    control: Control, node: Listener
) -> None:
    cache = create(control, "sessions")
    before = node.caches[cache.id].namespace

    flush(control, "sessions")

    assert node.caches[cache.id].namespace > before


def test_all_caches_of_all_accounts_are_flushed_at_once(control: Control, node: Listener) -> None:
    made = [create(control, "sessions"), create(control, "pages"), create(control, "sessions", 2)]
    delete(control, "pages")
    before = {id: cache.namespace for id, cache in node.caches.items()}

    with control.begin() as tx:
        caches.flush_all(tx)

    assert node.caches.keys() == {made[0].id, made[2].id}
    after = {node.caches[id].namespace for id in before}
    assert len(after) == 2
    assert min(after) > max(before.values())


def test_a_deleted_cache_is_gone_and_its_name_is_free(control: Control, node: Listener) -> None:
    old = create(control, "sessions")
    delete(control, "sessions")

    assert old.id not in node.caches
    assert names(control) == []
    with pytest.raises(NoSuchCache):
        delete(control, "sessions")
    with pytest.raises(NoSuchCache):
        flush(control, "sessions")
    assert create(control, "sessions").id > old.id


def test_a_namespace_is_never_used_twice(control: Control, node: Listener) -> None:
    seen = set()
    for _ in range(3):
        cache = create(control, "sessions")
        seen.add(node.caches[cache.id].namespace)
        flush(control, "sessions")
        seen.add(node.caches[cache.id].namespace)
        delete(control, "sessions")

    assert len(seen) == 6


def test_no_number_is_left_after_32_bits(control: Control) -> None:
    with control.database.begin() as connection:
        connection.execute("UPDATE directory SET last_namespace = :number", number=2**32 - 2)
    create(control, "the last")

    with pytest.raises(Exhausted):
        create(control, "one too many")
    assert names(control) == ["the last"]


def test_a_list_comes_in_pages_by_name(control: Control) -> None:
    for name in ("d", "b", "e", "a", "c"):
        create(control, name)

    found: list[list[str]] = []
    token: str | None = None
    with control.read() as tx:
        while not found or token:
            page = caches.list_page(tx, 1, limit=2, next_token=token)
            found.append([cache.name for cache in page.items])
            token = page.next_token

    assert found == [["a", "b"], ["c", "d"], ["e"]]


def test_a_page_that_is_just_full_is_the_last(control: Control) -> None:
    create(control, "a")

    with control.read() as tx:
        assert caches.list_page(tx, 1, limit=1).next_token is None


@pytest.mark.parametrize("token", ["x", "====", "YQ", "ä", "/w=="])
def test_a_token_that_no_list_returned_is_refused(control: Control, token: str) -> None:
    with pytest.raises(InvalidArgument, match="next_token"), control.read() as tx:
        caches.list_page(tx, 1, limit=1, next_token=token)
