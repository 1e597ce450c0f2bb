"""Deleting an account: everything in it ends, and its bookkeeping stays."""

import threading
from typing import Any

import pytest

from attimo.control import Control, caches, roles, usage
from attimo.control.permissions import of_text
from browsers import ANN, BOB, PASSWORD, Browser, Post, joined
from fakes import Batch, Client, Listener, Used


@pytest.fixture
def operator(app: Any) -> Client:
    return Client(app, account_id=1)


def account_of(browser: Browser) -> int:
    return int(browser.ask("GET", "/session").json()["account_id"])


def test_everything_in_it_ends_in_one_change(
    operator: Client, ann: Browser, post: Post, control: Control, node: Listener
) -> None:
    account_id = account_of(ann)
    joined(ann, post, BOB)
    ann.ask("POST", "/invitations", {"email": "eve@example.com"})
    waiting = {"token": post.token("eve@example.com"), "password": PASSWORD}
    with control.begin() as tx:
        rules = '{"rules":[{"type":"cache","permissions":["read"],"caches":"*","items":"*"}]}'
        role = roles.create(tx, account_id, "r", of_text(rules))
    assert account_id in {key.account_id for key in node.api_keys.values()}
    heard = len(node.heard)

    assert operator.ask("DELETE", f"/accounts/{account_id}").status_code == 204

    assert len(node.heard) == heard + 1
    assert account_id not in {key.account_id for key in node.api_keys.values()}
    assert account_id not in {each.account_id for each in node.sessions.values()}
    assert (node.names(account_id), role.id in node.roles) == (set(), False)
    assert ann.ask("GET", "/caches").status_code == 401
    assert ann.ask("GET", "/session").status_code == 401
    assert Browser(ann.app).ask("POST", "/invitations/accept", waiting).status_code == 401
    assert operator.ask("GET", f"/accounts/{account_id}").status_code == 404
    assert operator.ask("DELETE", f"/accounts/{account_id}").status_code == 404
    names = [each["name"] for each in operator.ask("GET", "/accounts").json()["accounts"]]
    assert names == ["owner", "neighbour"]
    with control.read() as tx:
        assert tx.db.scalar("SELECT count(*) FROM members") == 0
        assert tx.db.scalar("SELECT count(*) FROM invitations") == 0


def test_its_ledger_and_audit_log_stay_for_the_operator(
    owner: Client, neighbour: Client, control: Control
) -> None:
    with control.begin() as tx:
        cache = caches.create(tx, 2, "theirs")
        usage.record(tx, Batch("node", 1, [Used(cache.id, "k", "Get", 5)]))

    owner.ask("DELETE", "/accounts/2")

    used = owner.ask("GET", "/usage?accounts=2&group_by=account,cache").json()["usage"]
    assert [(each["account"], each["cache"], each["requests"]) for each in used] == [
        ("neighbour", "theirs", 5)
    ]
    entries = owner.ask("GET", "/audit?accounts=2").json()["entries"]
    assert [each["action"] for each in entries] == ["account.delete", "cache.create"]
    assert entries[0]["account"] == "neighbour"
    assert entries[0]["details"] == {"caches": 1, "api_keys": 0, "members": 0}


def test_what_is_counted_after_it_was_deleted_is_in_its_ledger(
    owner: Client, control: Control
) -> None:
    with control.begin() as tx:
        cache = caches.create(tx, 2, "theirs")
    owner.ask("DELETE", "/accounts/2")

    with control.begin() as tx:
        usage.record(tx, Batch("node", 1, [Used(cache.id, "k", "Get", 3)]))

    (line,) = owner.ask("GET", "/usage?accounts=2&group_by=account").json()["usage"]
    assert (line["account_id"], line["requests"]) == (2, 3)


def test_its_name_is_free_again_and_the_next_of_it_is_another(owner: Client) -> None:
    owner.ask("DELETE", "/accounts/2")

    made = owner.ask("POST", "/accounts", {"name": "neighbour"}).json()

    assert made["account_id"] == 3
    assert [
        cache["name"] for cache in Client(owner.app, 3).ask("GET", "/caches").json()["caches"]
    ] == ["default-cache"]
    assert (
        owner.ask("GET", "/audit?accounts=3&action=cache").json()["entries"][0]["account_id"] == 3
    )


def test_a_suspended_account_is_deleted_and_no_longer_told_as_suspended(
    owner: Client, node: Listener
) -> None:
    owner.ask("POST", "/accounts/2/suspend")

    assert owner.ask("DELETE", "/accounts/2").status_code == 204

    assert node.suspended == set()


def test_its_people_keep_their_users_and_other_accounts(
    operator: Client, ann: Browser, post: Post
) -> None:
    bob = Browser(ann.app)
    bob.sign_up(BOB)
    hers = account_of(ann)
    ann.ask("POST", "/invitations", {"email": BOB})
    bob.ask("POST", "/invitations/accept", {"token": post.token(BOB), "password": PASSWORD})

    operator.ask("DELETE", f"/accounts/{hers}")

    assert Browser(ann.app).sign_in(BOB).json()["accounts"][0]["account_name"] == BOB
    without = Browser(ann.app).sign_in(ANN)
    assert (without.status_code, without.json()["account_id"]) == (201, 0)


def test_no_cache_is_created_behind_a_deletion(
    owner: Client, neighbour: Client, node: Listener
) -> None:
    """Whichever comes first: a request is either done before, and deleted with it, or refused."""
    keys = [
        neighbour.ask("POST", "/api-keys", {"description": "d"}).json()["key_info"]["key_id"]
        for _ in range(4)
    ]
    begin = threading.Barrier(len(keys) + 1)
    statuses: list[int] = []

    def write(key_id: str) -> None:
        client = Client(owner.app, 2, key_id)
        begin.wait()
        for number in range(20):
            statuses.append(client.ask("PUT", f"/caches/{key_id}-{number}").status_code)

    threads = [threading.Thread(target=write, args=(key_id,)) for key_id in keys]
    for thread in threads:
        thread.start()
    begin.wait()
    deleted = owner.ask("DELETE", "/accounts/2").status_code
    for thread in threads:
        thread.join()

    assert deleted == 204
    assert set(statuses) <= {201, 401}
    assert statuses[-1] == 401
    assert node.names(2) == set()
    assert owner.ask("GET", "/accounts/2").status_code == 404
