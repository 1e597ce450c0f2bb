"""Actions bring their permission and their audit entry, whoever calls them."""

import pytest

from attimo.control import Control, Tx, api_keys, audit, caches, sessions
from attimo.control.actions import SERVER, reads, writes
from attimo.control.actor import Actor
from attimo.control.callers import Visitor
from attimo.control.permissions import NOTHING, Permissions, Right, Rule
from attimo.control.selectors import ALL
from attimo.errors import PermissionDenied

CACHES = Permissions((Rule("resource_management", frozenset({"write"}), (ALL,)),))
MANAGE = Right("resource_management", "write")


def insert(tx: Tx, name: str) -> None:
    tx.db.insert("accounts", name=name, created_at=tx.now)


@writes("account.keep", MANAGE)
def keep_quiet(tx: Tx, name: str) -> None:
    insert(tx, name)


@writes("account.keep", MANAGE)
def keep(tx: Tx, name: str) -> None:
    insert(tx, name)
    audit.note(tx, 1, name)


@writes("account.both", MANAGE)
def keep_both(tx: Tx) -> None:
    of_server(tx, "one")
    keep(tx, "two")


@writes("account.own", SERVER, audited=False)
def of_server(tx: Tx, name: str) -> None:
    insert(tx, name)


@reads("account.peek", MANAGE)
def peek_and_write(tx: Tx) -> None:
    insert(tx, "slipped in")


def names(control: Control) -> list[str]:
    with control.read() as tx:
        return [name for (name,) in tx.db.rows("SELECT name FROM accounts ORDER BY id")][2:]


def entries(control: Control) -> list[str]:
    with control.read() as tx:
        return [entry.action for entry in audit.list_page(tx, 1, 10).items]


def actor(permissions: Permissions) -> Actor:
    return Actor("somebody", "192.0.2.7", permissions)


def test_an_action_checks_its_permission_whoever_calls_it(control: Control) -> None:
    with control.begin() as tx:
        tx.actor = actor(NOTHING)
        with pytest.raises(PermissionDenied, match="lacks caches:write on all caches"):
            keep(tx, "refused")
        tx.actor = actor(CACHES)
        keep(tx, "kept")

    assert names(control) == ["kept"]


def test_an_action_within_another_needs_no_permission_of_its_own(control: Control) -> None:
    control.perform(lambda _: actor(CACHES), keep_both)

    assert (names(control), entries(control)) == (["one", "two"], ["account.keep"])


def test_what_only_the_server_does_is_refused_to_everybody_else(control: Control) -> None:
    with pytest.raises(PermissionDenied, match="only the server"):
        control.perform(lambda _: actor(CACHES), of_server, "mine")

    with control.begin() as tx:
        of_server(tx, "the server's")
    assert names(control) == ["the server's"]


def test_somebody_unknown_performs_nothing_that_needs_a_permission(control: Control) -> None:
    visitor = Visitor(control, "192.0.2.7")

    for perform in (
        lambda: visitor.perform(caches.create, 1, "mine"),
        lambda: visitor.perform(api_keys.list_page, 1, 10),
        lambda: visitor.perform(sessions.create, None),  # type: ignore[arg-type]
    ):
        with pytest.raises(PermissionDenied):
            perform()


def test_what_is_written_outside_an_action_is_not_kept(control: Control) -> None:
    with pytest.raises(RuntimeError, match="outside an action"), control.begin() as tx:
        insert(tx, "outside")

    assert names(control) == []


def test_what_leaves_no_audit_entry_is_not_kept(control: Control) -> None:
    with pytest.raises(RuntimeError, match=r"account\.keep wrote rows and no audit entry"):
        control.perform(lambda _: actor(CACHES), keep_quiet, "quiet")

    assert names(control) == []


@pytest.mark.sqlite
def test_an_action_that_only_reads_writes_nothing(control: Control) -> None:
    with pytest.raises(RuntimeError, match="outside an action"):
        control.perform(lambda _: actor(CACHES), peek_and_write)

    assert names(control) == []


def test_an_entry_has_the_name_of_the_action_that_runs(control: Control) -> None:
    control.perform(lambda _: actor(CACHES), caches.create, 1, "sessions")

    assert entries(control) == ["cache.create"]
