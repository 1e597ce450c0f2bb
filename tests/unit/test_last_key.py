"""The last key that can manage keys is not revoked by the way, and every use of a key counts."""

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from attimo.api import create_app
from attimo.control import Control, api_keys
from browsers import Browser
from fakes import NOON, Client, Clock, Listener, new_control

MANAGER = {"type": "auth_management", "permissions": ["read", "write", "list"], "items": "*"}
READER = {"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"}


def key(caller: Client, role_id: str = "owner", **more: object) -> Client:
    asked = {"role_id": role_id, "description": "d"} | more
    made = caller.ask("POST", "/api-keys", asked)
    assert made.status_code == 200, made.text
    return Client(caller.app, caller.account_id, made.json()["key_info"]["key_id"])


def role(owner: Client, *rules: dict[str, Any]) -> str:
    wanted = {"role_name": "a role", "permissions": {"rules": list(rules)}}
    return str(owner.ask("POST", "/roles", wanted).json()["role_id"])


def revoke(caller: Client, of: Client, query: str = "") -> int:
    return caller.ask("DELETE", f"/api-keys/{of.key_id}{query}").status_code


def test_the_last_key_that_manages_keys_stays_unless_it_is_forced(owner: Client) -> None:
    last = key(owner)
    key(owner, "viewer")
    key(owner, role(owner, READER))

    refused = last.ask("DELETE", f"/api-keys/{last.key_id}")

    assert (refused.status_code, refused.json()["code"]) == (412, "failed_precondition")
    assert "last API key that can manage" in refused.json()["message"]
    assert last.ask("GET", "/api-keys").status_code == 200
    assert revoke(last, last, "?force=true") == 200
    assert last.ask("GET", "/api-keys").status_code == 401


def test_the_signature_of_the_last_key_that_manages_keys_stays_unless_it_is_forced(
    owner: Client,
) -> None:
    last = key(owner)
    (kid,) = kids(last)
    last.ask("POST", "/signing-keys")
    key(owner, "viewer")

    for path in (f"/signing-keys/{kid}", "/signing-keys"):
        refused = last.ask("DELETE", path)
        assert (refused.status_code, refused.json()["code"]) == (412, "failed_precondition")
        assert "last API key that can manage" in refused.json()["message"]
    assert len(kids(last)) == 2
    assert last.ask("DELETE", f"/signing-keys/{kid}?force=true").status_code == 204


def test_all_that_signed_before_stays_unless_it_is_forced(owner: Client) -> None:
    last = key(owner)
    for _ in range(2):
        last.ask("POST", "/signing-keys")

    assert last.ask("DELETE", "/signing-keys").status_code == 412
    assert last.ask("DELETE", "/signing-keys?force=true").status_code == 204
    assert len(kids(owner)) == 1
    assert owner.ask("DELETE", "/signing-keys").status_code == 204


def test_with_a_key_that_another_has_signed_a_signature_can_go(owner: Client, clock: Clock) -> None:
    """Also where all of it happens in one second."""
    first = key(owner)
    for seconds in (0, 60):
        clock.now += seconds
        (kid,) = kids(first)
        first.ask("POST", "/signing-keys")
        another = key(first)
        assert first.ask("DELETE", f"/signing-keys/{kid}").status_code == 204
        first = another


def test_a_key_whose_signature_is_retired_is_no_other(owner: Client, clock: Clock) -> None:
    key(owner)
    (oldest,) = kids(owner)
    clock.now += 1
    owner.ask("POST", "/signing-keys")
    lost = kids(owner)[0]
    key(owner)
    clock.now += 1
    owner.ask("POST", "/signing-keys")
    last = key(owner)
    assert last.ask("DELETE", f"/signing-keys/{lost}").status_code == 204
    clock.now += 1
    owner.ask("POST", "/signing-keys")
    assert last.ask("DELETE", f"/signing-keys/{oldest}").status_code == 204

    assert last.ask("DELETE", "/signing-keys").status_code == 412


def test_who_signs_in_or_needs_no_key_retires_what_they_like(owner: Client) -> None:
    key(owner)
    owner.ask("POST", "/signing-keys")

    assert owner.ask("DELETE", "/signing-keys").status_code == 204


def kids(caller: Client) -> list[str]:
    found = caller.ask("GET", "/signing-keys").json()["signing_keys"]
    return [each["kid"] for each in found]


def test_a_key_that_has_expired_is_no_other(owner: Client, clock: Clock) -> None:
    last = key(owner)
    key(owner, expiry=NOON + 60)
    clock.now += 60

    assert revoke(last, last) == 412


@pytest.mark.parametrize("role_id", ["owner", "operator"])
def test_with_another_key_that_manages_keys_it_can_go(owner: Client, role_id: str) -> None:
    first = key(owner)
    key(owner, role_id)

    assert revoke(first, first) == 200


def test_a_key_of_another_account_is_no_other(owner: Client, neighbour: Client) -> None:
    last = key(owner)
    key(neighbour)

    assert revoke(last, last) == 412


def test_who_is_signed_in_can_make_another_and_is_not_asked(ann: Browser) -> None:
    (only,) = ann.ask("GET", "/api-keys").json()["key_info"]

    assert ann.ask("DELETE", f"/api-keys/{only['key_id']}").status_code == 200


def test_control_requests_are_uses_of_a_key(owner: Client, control: Control, clock: Clock) -> None:
    first, second = key(owner), key(owner)

    def used() -> dict[str, int | None]:
        listed = owner.ask("GET", "/api-keys").json()["key_info"]
        return {each["key_id"]: each.get("last_used_at_epoch_seconds") for each in listed}

    assert used() == {first.key_id: None, second.key_id: None}
    first.ask("GET", "/caches")
    assert used() == {first.key_id: NOON, second.key_id: None}
    clock.now += 10
    second.ask("PUT", "/caches/a")
    clock.now += 10
    second.call("/control_client.ScsControl/ListCaches", b"")
    assert used() == {first.key_id: NOON, second.key_id: NOON + 20}
    control.record_uses()
    control.record_uses()
    assert used() == {first.key_id: NOON, second.key_id: NOON + 20}
    with control.begin() as tx:
        assert api_keys.get(tx, 1, second.key_id).last_used_at == NOON + 20


def test_a_request_that_is_refused_is_a_use_too(owner: Client) -> None:
    reader = key(owner, role(owner, READER))

    assert reader.ask("GET", "/api-keys").status_code == 403

    listed = owner.ask("GET", "/api-keys").json()["key_info"]
    assert listed[0]["last_used_at_epoch_seconds"] == NOON


def test_uses_are_there_after_a_restart(home: Path, node: Listener, clock: Clock) -> None:
    before = new_control(home, node, clock)
    user = key(Client(create_app(before, "e"), 1))
    user.ask("GET", "/caches")
    before.record_uses()

    after: Starlette = create_app(Control(before.database, node.learn, clock), "e")

    listed = Client(after, 1).ask("GET", "/api-keys").json()["key_info"]
    assert listed[0]["last_used_at_epoch_seconds"] == NOON
    before.database.close()
