"""Roles over HTTP: made, changed, held and deleted; and nobody hands out more than he has."""

from typing import Any

import pytest

from attimo.control import Control, api_keys, roles
from fakes import Client, Listener

ALL_CACHES = {"type": "cache", "permissions": ["read", "write"], "caches": "*", "items": "*"}
ONE_CACHE = {"type": "cache", "permissions": ["read"], "caches": {"name": "a"}, "items": "*"}
KEEPER = {"type": "auth_management", "permissions": ["read", "write", "list"], "items": "*"}


def role(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"role_name": name, "permissions": {"rules": list(rules or [ONE_CACHE])}}


def made(owner: Client, name: str, *rules: dict[str, Any]) -> str:
    answer = owner.ask("POST", "/roles", role(name, *rules))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["role_id"])


def keyed(owner: Client, role_id: str) -> Client:
    """A caller with a new key of a role."""
    answer = owner.ask("POST", "/api-keys", {"role_id": role_id})
    assert answer.status_code == 200, answer.text
    return Client(owner.app, owner.account_id, answer.json()["key_info"]["key_id"])


def test_a_role_is_created_shown_changed_and_deleted(owner: Client, node: Listener) -> None:
    role_id = made(owner, "reader")
    wanted = role("writer", ALL_CACHES)

    changed = owner.ask("PUT", f"/roles/{role_id}", wanted | {"description": "writes"}).json()
    kept = owner.ask("PUT", f"/roles/{role_id}", wanted).json()

    assert changed == owner.ask("GET", f"/roles/{role_id}").json() == kept
    assert changed["permissions"] == {"rules": [ALL_CACHES]}
    assert (changed["role_name"], changed["description"]) == ("writer", "writes")
    assert '"write"' in node.roles[role_id].permissions
    assert owner.ask("DELETE", f"/roles/{role_id}").json() == {"status": "deleted"}
    assert owner.ask("GET", f"/roles/{role_id}").status_code == 404
    assert role_id not in node.roles


def test_roles_are_listed_in_pages_the_systems_first(owner: Client) -> None:
    mine = {made(owner, f"role {number}") for number in range(3)}
    found: list[str] = []
    query = "?limit=2"
    while True:
        page = owner.ask("GET", f"/roles{query}").json()
        found += [each["role_id"] for each in page["roles"]]
        if "next_token" not in page:
            break
        query = f"?limit=2&next_token={page['next_token']}"

    assert found[:3] == ["operator", "owner", "viewer"]
    assert set(found[3:]) == mine
    assert len(owner.ask("GET", "/roles?type=system").json()["roles"]) == 3
    assert len(owner.ask("GET", "/roles?type=custom").json()["roles"]) == 3


def test_a_role_that_is_held_stays_and_tells_how_many_hold_it(owner: Client) -> None:
    role_id = made(owner, "held")
    holder = keyed(owner, role_id)

    blocked = owner.ask("DELETE", f"/roles/{role_id}").json()
    owner.ask("DELETE", f"/api-keys/{holder.key_id}")

    counts = {"account_members": 0, "invitations": 0, "api_keys": 1}
    assert blocked == {"status": "blocked"} | counts
    assert owner.ask("DELETE", f"/roles/{role_id}").json() == {"status": "deleted"}


@pytest.mark.parametrize("name", ["taken", "Owner", "viewer"])
def test_a_name_that_is_taken_is_refused(owner: Client, name: str) -> None:
    made(owner, "taken")
    other = made(owner, "other")

    assert owner.ask("POST", "/roles", role(name)).status_code == 409
    assert owner.ask("PUT", f"/roles/{other}", role(name)).status_code == 409


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_systems_roles_cannot_be_changed(owner: Client, method: str) -> None:
    refused = owner.ask(method, "/roles/viewer", role("mine") if method == "PUT" else None)

    assert refused.status_code == 412
    assert refused.json()["code"] == "failed_precondition"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (role(""), "role_name must not be blank"),
        (role("x" * 65), "role_name must be at most 64"),
        (role("a\nb"), "role_name must be of characters that can be shown"),
        (role("a") | {"description": "x" * 257}, "description must be at most 256"),
        (role("a") | {"description": "\ud800"}, "description"),
        (role("a") | {"extra": 1}, "extra: Extra inputs"),
        (role("a") | {"\ud800": 1}, "body: Input should be a valid string"),
        (role("a", {"type": "cache", "\ud800": 1}), "rules[0].? is not a field"),
        ({"role_name": "a"}, "permissions: Field required"),
        (role("a", {"type": "x"}), "permissions.rules[0].type must be one of"),
    ],
)
def test_a_role_that_cannot_be_is_refused(owner: Client, wanted: object, message: str) -> None:
    refused = owner.ask("POST", "/roles", wanted)

    assert refused.status_code == 400
    assert message in refused.json()["message"]


def test_an_account_has_so_many_roles_and_no_more(owner: Client) -> None:
    for number in range(roles.MOST):
        made(owner, f"role {number}")

    refused = owner.ask("POST", "/roles", role("one more"))

    assert (refused.status_code, refused.json()["code"]) == (429, "resource_exhausted")


def test_a_neighbours_role_is_nobody_elses(owner: Client, neighbour: Client) -> None:
    role_id = made(owner, "mine")

    assert neighbour.ask("GET", f"/roles/{role_id}").status_code == 404
    assert neighbour.ask("PUT", f"/roles/{role_id}", role("yours")).status_code == 404
    assert neighbour.ask("DELETE", f"/roles/{role_id}").status_code == 404
    assert neighbour.ask("POST", "/api-keys", {"role_id": role_id}).status_code == 404


def test_nobody_hands_out_more_than_he_has(owner: Client) -> None:
    keeper = keyed(owner, made(owner, "keeper", KEEPER, ONE_CACHE))
    wide = made(owner, "wide", ALL_CACHES)
    narrow = made(owner, "narrow")

    assert keeper.ask("POST", "/api-keys", {"role_id": narrow}).status_code == 200
    assert keeper.ask("POST", "/roles", role("own")).status_code == 200
    for method, path, body in [
        ("POST", "/api-keys", {"role_id": "owner"}),
        ("POST", "/api-keys", {"role_id": wide}),
        ("POST", "/api-keys", None),
        ("POST", "/roles", role("wider", ALL_CACHES)),
        ("PUT", f"/roles/{narrow}", role("narrow", ALL_CACHES)),
        ("PUT", f"/roles/{wide}", role("wide")),
        ("DELETE", f"/roles/{wide}", None),
        ("POST", "/tokens", {"permissions": {"rules": [ALL_CACHES]}, "valid_for_seconds": 60}),
    ]:
        refused = keeper.ask(method, path, body if body is not None else {"role_id": "owner"})
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied"), path


def test_a_change_of_a_role_is_felt_by_its_keys_at_once(owner: Client) -> None:
    role_id = made(owner, "changing", KEEPER)
    holder = keyed(owner, role_id)
    assert holder.ask("GET", "/api-keys").status_code == 200

    owner.ask("PUT", f"/roles/{role_id}", role("changing"))

    assert holder.ask("GET", "/api-keys").status_code == 403


def test_a_key_that_is_revoked_meanwhile_is_nobody(owner: Client) -> None:
    holder = keyed(owner, "owner")
    owner.ask("DELETE", f"/api-keys/{holder.key_id}")

    assert holder.ask("GET", "/api-keys").status_code == 401


def test_the_last_use_of_a_key_is_shown(owner: Client, control: Control) -> None:
    holder = keyed(owner, "viewer")
    with control.begin() as tx:
        api_keys.used(tx, {holder.key_id})
        now = tx.now

    (shown,) = owner.ask("GET", "/api-keys").json()["key_info"]

    assert shown["last_used_at_epoch_seconds"] == now
