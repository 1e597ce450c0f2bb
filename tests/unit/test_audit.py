"""The audit trail: everything that changes is in it, and nothing in it changes."""

import pytest

from attimo.control import Control, audit, directory, signing, url_keys
from attimo.control.permissions import FIRST_ACCOUNT
from attimo.errors import FailedPrecondition, InvalidArgument, NoSuchSigningKey
from attimo.store.connection import RowRefused
from fakes import NOON, Client, Clock, Listener


def actions(owner: Client, query: str = "") -> list[str]:
    return [entry["action"] for entry in owner.ask("GET", f"/audit{query}").json()["entries"]]


def test_what_is_done_is_told_with_who_when_and_from_where(owner: Client, clock: Clock) -> None:
    owner.ask("PUT", "/caches/a")
    clock.now += 60
    owner.ask("DELETE", "/caches/a")

    newest, oldest = owner.ask("GET", "/audit").json()["entries"]

    assert newest == {
        "at": NOON + 60,
        "actor": "local",
        "peer": "192.0.2.7",
        "action": "cache.delete",
        "subject": "a",
        "details": {},
    }
    assert (oldest["action"], oldest["at"]) == ("cache.create", NOON)


def test_what_fails_or_only_looks_is_not_told(owner: Client) -> None:
    owner.ask("DELETE", "/caches/none")
    owner.ask("GET", "/caches")
    owner.ask("GET", "/api-keys")

    assert actions(owner) == []


def test_the_trail_is_told_in_parts(owner: Client, clock: Clock) -> None:
    for name in "abc":
        clock.now += 1
        owner.ask("PUT", f"/caches/{name}")
    key_id = owner.ask("POST", "/api-keys", {"description": "d"}).json()["key_info"]["key_id"]
    owner.ask("DELETE", f"/api-keys/{key_id}")

    page = owner.ask("GET", "/audit?limit=2").json()

    assert [entry["action"] for entry in page["entries"]] == ["key.revoke", "key.create"]
    rest = actions(owner, f"?next_token={page['next_token']}")
    assert rest == ["cache.create"] * 3
    assert actions(owner, "?action=cache") == ["cache.create"] * 3
    assert actions(owner, "?action=cache.create") == ["cache.create"] * 3
    assert actions(owner, "?action=cach") == actions(owner, "?action=%25") == []
    assert len(actions(owner, f"?action=cache&since={NOON + 2}")) == 2
    assert owner.ask("GET", "/audit?next_token=eA==").status_code == 400


def test_nobody_reads_anothers_trail(owner: Client, neighbour: Client) -> None:
    owner.ask("PUT", "/caches/a")

    assert actions(neighbour) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        pytest.param(
            "INSERT OR REPLACE INTO audit SELECT id, account_id, at, 'x', '', action, subject, "
            "details FROM audit",
            marks=pytest.mark.sqlite,
        ),
    ],
)
def test_the_database_itself_refuses_to_change_the_trail(
    owner: Client, control: Control, change: str
) -> None:
    owner.ask("PUT", "/caches/a")

    with (
        pytest.raises(RowRefused, match="append-only"),
        control.database.begin() as connection,
    ):
        connection.execute(change)


def test_a_new_signing_key_signs_and_the_old_one_verifies_until_it_is_retired(
    control: Control, node: Listener
) -> None:
    with control.begin() as tx:
        first = signing.current(tx)
    with control.begin() as tx:
        second = signing.rotate(tx, FIRST_ACCOUNT)
        assert signing.current(tx).kid == second.kid
    assert {first.kid, second.kid} == set(node.verifying_keys)

    with control.begin() as tx:
        signing.retire(tx, FIRST_ACCOUNT, first.kid)

    assert set(node.verifying_keys) == {second.kid}
    for kid, error in [(second.kid, FailedPrecondition), (first.kid, NoSuchSigningKey)]:
        with pytest.raises(error), control.begin() as tx:
            signing.retire(tx, FIRST_ACCOUNT, kid)


def test_only_the_operators_account_touches_the_signing_keys(
    owner: Client, neighbour: Client
) -> None:
    assert owner.ask("POST", "/signing-keys").status_code == 201
    kid = owner.ask("POST", "/signing-keys").json()["kid"]
    newest, older = owner.ask("GET", "/signing-keys").json()["signing_keys"]
    assert (newest["kid"], newest["signs"], older["signs"]) == (kid, True, False)

    for method, path in [("GET", ""), ("POST", ""), ("DELETE", ""), ("DELETE", f"/{older['kid']}")]:
        assert neighbour.ask(method, f"/signing-keys{path}").status_code == 403


def test_all_old_signing_keys_are_retired_at_once(
    owner: Client, control: Control, node: Listener
) -> None:
    for _ in range(3):
        owner.ask("POST", "/signing-keys")
    newest, *older = owner.ask("GET", "/signing-keys").json()["signing_keys"]
    assert len(older) == 2

    for _ in range(2):  # the second time there is nothing left to do
        assert owner.ask("DELETE", "/signing-keys").status_code == 204

    assert owner.ask("GET", "/signing-keys").json()["signing_keys"] == [newest]
    assert set(node.verifying_keys) == {newest["kid"]}
    with control.read() as tx:
        retired = audit.list_page(tx, 1, 100, action="signing.retire").items
    assert {each.subject for each in retired} == {key["kid"] for key in older}


def test_a_node_knows_the_keys_for_signed_urls_that_live(
    control: Control, node: Listener, clock: Clock
) -> None:
    with control.begin() as tx:
        brief, lasting, revoked = (url_keys.create(tx, 1, minutes).key for minutes in (1, 2, 2))
    assert set(node.url_keys) == {brief.kid, lasting.kid, revoked.kid}
    assert node.url_keys[brief.kid].expires_at == brief.expires_at
    assert len(node.url_keys[brief.kid].public_key) == 32

    with control.begin() as tx:
        url_keys.revoke(tx, 1, revoked.kid)
    assert set(node.url_keys) == {brief.kid, lasting.kid}
    clock.now += 60
    with control.read() as tx:
        node.learn(directory.changes(tx, None))
    assert set(node.url_keys) == {lasting.kid}


def test_a_url_key_ends_or_is_revoked(control: Control, clock: Clock) -> None:
    with control.begin() as tx:
        made = [url_keys.create(tx, 1, minutes) for minutes in (1, 2)]
        listed = url_keys.list_page(tx, 1, 10).items
    assert sorted(listed, key=lambda key: key.kid) == sorted(
        (each.key for each in made), key=lambda key: key.kid
    )
    assert '"d"' in made[0].jwk
    assert made[0].jwk not in repr(made[0])

    clock.now += 60
    with control.begin() as tx:
        assert [key.kid for key in url_keys.list_page(tx, 1, 10).items] == [made[1].key.kid]
        url_keys.revoke(tx, 1, made[1].key.kid)
        assert url_keys.list_page(tx, 1, 10).items == []
    for account_id, kid in [(1, made[1].key.kid), (2, made[0].key.kid)]:
        with pytest.raises(NoSuchSigningKey), control.begin() as tx:
            url_keys.revoke(tx, account_id, kid)


@pytest.mark.parametrize("minutes", [0, url_keys.LONGEST_MINUTES + 1])
def test_a_url_key_lives_within_its_limit(control: Control, minutes: int) -> None:
    with pytest.raises(InvalidArgument, match="ttl_minutes"), control.begin() as tx:
        url_keys.create(tx, 1, minutes)
