"""A node that learns changes, from any revision on, knows what one knows that learns the whole."""

from hypothesis import given, settings
from hypothesis import strategies as st

from attimo.control import (
    Control,
    account_deletion,
    api_keys,
    caches,
    members,
    sessions,
    signing,
    url_keys,
    users,
)
from attimo.control import accounts as suspension
from attimo.control.directory import changes
from attimo.control.tx import Tx
from attimo.errors import AccountSuspended, CacheExists, NoSuchAccount, NoSuchCache
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
            "sign in",
            "sign out",
            "sign out everywhere",
            "switch",
            "demote",
            "remove",
            "suspend account",
            "resume account",
            "delete account",
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
        case (act, account_id, name) if act.startswith(("sign ", "switch", "demote", "remove")):
            take_as_member(tx, act, account_id, f"{name}@example.com")
        case (act, _, _) if act.endswith("account"):
            take_as_operator(tx, act)
        case (act, account_id, _):
            take_with_keys(tx, act, account_id)


def take_as_operator(tx: Tx, act: str) -> None:
    """Do something to the second account; once it is deleted, the transaction fails."""
    match act:
        case "suspend account":
            suspension.suspend(tx, 1, 2)
        case "resume account":
            suspension.resume(tx, 1, 2)
        case _:
            account_deletion.delete(tx, 1, 2)


def take_with_keys(tx: Tx, act: str, account_id: int) -> None:
    match act:
        case "new key":
            api_keys.create(tx, account_id)
        case "revoke":
            for key in api_keys.list_page(tx, account_id, limit=1).items:
                api_keys.revoke(tx, account_id, key.id)
        case "new url key":
            url_keys.create(tx, account_id, ttl_minutes=1)
        case "revoke url key":
            for url_key in url_keys.list_page(tx, account_id, limit=1).items:
                url_keys.revoke(tx, account_id, url_key.kid)
        case _:
            signing.create(tx)


def take_as_member(tx: Tx, act: str, account_id: int, email: str) -> None:
    """Have a user, who becomes a member of both accounts, do or suffer something."""
    user = users.of_email(tx, email) or users.create(tx, email, "no hash of anything")
    mine = {each.account_id for each in members.accounts_of(tx, user.id)}
    match act:
        case "sign in":
            if account_id not in mine:
                members.add(tx, account_id, user, "operator")
            sessions.create(tx, user, account_id)
        case "sign out":
            for session in of_user(tx, user.id)[:1]:
                sessions.end(tx, session)
        case "sign out everywhere":
            users.change_password(tx, user, "another")
        case "switch" if account_id in mine:
            for session in of_user(tx, user.id)[:1]:
                sessions.switch(tx, session, account_id)
        case "demote" if account_id in mine:
            members.change_role(tx, account_id, user.id, "viewer")
        case "remove" if account_id in mine:
            members.remove(tx, account_id, user.id)


def of_user(tx: Tx, user_id: int) -> list[sessions.Session]:
    query = "SELECT hash FROM sessions WHERE user_id = :user_id AND ended_at IS NULL"
    return [sessions.of_hash(tx, hash) for (hash,) in tx.db.rows(query, user_id=user_id)]


def play(control: Control, played: list[list[tuple[str, int, str]]]) -> None:
    for transaction in played:
        try:
            with control.begin() as tx:
                for step in transaction:
                    take(tx, step)
        except (CacheExists, NoSuchCache, NoSuchAccount, AccountSuspended):
            continue  # nothing of this transaction is kept


def known(node: Listener) -> tuple[object, ...]:
    keys = node.api_keys, node.url_keys, node.verifying_keys
    return node.revision, node.caches, keys, node.sessions, node.suspended


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
