"""A node that learns changes, from any revision on, knows what one knows that learns the whole."""

from hypothesis import given, settings
from hypothesis import strategies as st

from attimo.control import Control, api_keys, caches, signing, url_keys
from attimo.control.directory import changes
from attimo.control.tx import Tx
from attimo.errors import CacheExists, NoSuchCache
from fakes import Clock, Listener, new_control, swift_directory

accounts = st.integers(1, 2)
names = st.sampled_from(["a", "b", "c"])
steps = st.tuples(
    st.sampled_from(
        [
            "create",
            "flush",
            "delete",
            "new key",
            "revoke",
            "new url key",
            "revoke url key",
            "sign",
        ]
    ),
    accounts,
    names,
)
transactions = st.lists(st.lists(steps, min_size=1, max_size=3), max_size=12)


def take(tx: Tx, step: tuple[str, int, str]) -> None:
    match step:
        case ("create", account_id, name):
            caches.create(tx, account_id, name)
        case ("flush", account_id, name):
            caches.flush(tx, account_id, name)
        case ("delete", account_id, name):
            caches.delete(tx, account_id, name)
        case ("new key", account_id, _):
            api_keys.create(tx, account_id)
        case ("revoke", account_id, _):
            for key in api_keys.list_page(tx, account_id, limit=1).items:
                api_keys.revoke(tx, account_id, key.id)
        case ("new url key", account_id, _):
            url_keys.create(tx, account_id, ttl_minutes=1)
        case ("revoke url key", account_id, _):
            for url_key in url_keys.list_page(tx, account_id, limit=1).items:
                url_keys.revoke(tx, account_id, url_key.kid)
        case _:
            signing.create(tx)


def play(control: Control, played: list[list[tuple[str, int, str]]]) -> None:
    for transaction in played:
        try:
            with control.begin() as tx:
                for step in transaction:
                    take(tx, step)
        except (CacheExists, NoSuchCache):
            continue  # nothing of this transaction is kept


def known(node: Listener) -> tuple[object, ...]:
    return node.revision, node.caches, node.api_keys, node.url_keys, node.verifying_keys


def told(control: Control, since: int | None, node: Listener) -> Listener:
    with control.read() as tx:
        node.learn(changes(tx, since))
    return node


@settings(deadline=None, max_examples=50)
@given(transactions, transactions)
def test_changes_since_any_revision_lead_to_the_whole(
    before: list[list[tuple[str, int, str]]], after: list[list[tuple[str, int, str]]]
) -> None:
    with swift_directory() as directory:
        always, since = Listener(), Listener()
        control = new_control(directory, always, Clock())
        play(control, before)
        told(control, None, since)
        play(control, after)

        whole = told(control, None, Listener())
        told(control, since.revision, since)
        again = told(control, 0, told(control, None, Listener()))
        control.database.close()

    assert known(since) == known(whole)
    assert known(again) == known(whole)
    assert known(always)[1:] == known(whole)[1:]


@settings(deadline=None, max_examples=30)
@given(transactions)
def test_a_listening_node_is_never_behind(played: list[list[tuple[str, int, str]]]) -> None:
    with swift_directory() as directory:
        node = Listener()
        control = new_control(directory, node, Clock())
        control.announce()
        for transaction in played:
            play(control, [transaction])
            assert known(told(control, None, Listener())) == known(node)
        control.database.close()

    namespaces = [cache.namespace for cache in node.caches.values()]
    assert len(set(namespaces)) == len(namespaces)
