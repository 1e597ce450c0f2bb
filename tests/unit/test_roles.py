"""Roles over HTTP: made, changed, held and deleted; and nobody hands out more than he has."""

from typing import Any

import pytest

from attimo.control import Control, api_keys, invitations, members, roles, users
from fakes import NOON, Client, Listener

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
    answer = owner.ask("POST", "/api-keys", {"role_id": role_id, "description": "d"})
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


def test_a_role_that_is_held_stays_and_tells_who_holds_it(owner: Client, control: Control) -> None:
    role_id = made(owner, "held")
    holder = keyed(owner, role_id)
    with control.begin() as tx:
        members.add(tx, 1, users.create(tx, "jane@example.com", "hash"), role_id)
        invited = invitations.create(tx, 1, "sam@example.com", role_id).invitation

    blocked = owner.ask("DELETE", f"/roles/{role_id}").json()
    owner.ask("DELETE", f"/api-keys/{holder.key_id}")
    with control.begin() as tx:
        members.remove(tx, 1, 1)
        invitations.take_back(tx, 1, invited.id)

    as_member = {"role_id": role_id, "role_name": "held"}
    sam = {"user_name": "sam@example.com"} | as_member
    assert blocked == {
        "status": "blocked",
        "account_members": [{"user_name": "jane@example.com"} | as_member],
        "invitations": [{"id": invited.id, "account_member": sam}],
        "api_keys": [
            {
                "key_id": holder.key_id,
                "account_id": "1",
                "description": "d",
                "role_id": role_id,
                "issued_at_epoch_seconds": NOON,
            }
        ],
    }
    assert owner.ask("DELETE", f"/roles/{role_id}").json() == {"status": "deleted"}


def test_a_role_is_shown_as_the_reference_has_it(owner: Client) -> None:
    shown = owner.ask("POST", "/roles", role("plain")).json()
    described = owner.ask("POST", "/roles", role("other") | {"description": "for tests"}).json()
    system = owner.ask("GET", "/roles?type=system").json()["roles"]

    assert shown["role_type"] == "custom"
    assert "description" not in shown
    assert described["description"] == "for tests"
    assert {each["role_type"] for each in system} == {"system"}


def test_every_rule_of_the_reference_comes_back_as_it_was(owner: Client) -> None:
    def rule(type: str, verbs: list[str], **selectors: object) -> dict[str, Any]:
        return {"type": type, "permissions": verbs} | selectors

    all_of = ["read", "write", "list"]
    rules = [
        rule("account_management", ["read", "list"]),
        rule("auth_management", all_of, items="*"),
        rule("resource_management", all_of, resources="*"),
        rule("cache", all_of, caches="*", items="*"),
        rule("cache", ["write"], caches={"name": "prod"}, items={"key": "flags"}),
        rule("topic", all_of, caches="*", topics="*"),
        rule("topic", ["write"], caches={"name": "chat"}, topics={"prefix": "room-"}),
        rule("store", all_of, stores="*", items="*"),
        rule("store", ["read"], stores={"name": "prefs"}, items={"key_prefix": "org:42:"}),
        rule("function", ["invoke"], caches={"name": "edge"}, functions={"name": "resize"}),
    ]
    ranges = ["10.0.0.0/8", "192.168.1.0/24", "2001:db8::/32"]
    wanted = {"rules": rules, "conditions": [{"ip_filter": {"allowed_cidr_ranges": ranges}}]}

    made = owner.ask("POST", "/roles", {"role_name": "reference", "permissions": wanted}).json()

    assert made["permissions"] == wanted


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
        (role("a\nb"), "role_name must be printable text on one line"),
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
    assert (
        neighbour.ask("POST", "/api-keys", {"role_id": role_id, "description": "d"}).status_code
        == 404
    )


def test_nobody_hands_out_more_than_he_has(owner: Client) -> None:
    keeper = keyed(owner, made(owner, "keeper", KEEPER, ONE_CACHE))
    wide = made(owner, "wide", ALL_CACHES)
    narrow = made(owner, "narrow")

    assert (
        keeper.ask("POST", "/api-keys", {"role_id": narrow, "description": "d"}).status_code == 200
    )
    assert keeper.ask("POST", "/roles", role("own")).status_code == 200
    for method, path, body in [
        ("POST", "/api-keys", {"role_id": "owner", "description": "d"}),
        ("POST", "/api-keys", {"role_id": wide, "description": "d"}),
        ("POST", "/api-keys", {"description": "d"}),
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


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "word"),
    [
        ("POST", "/roles", {"role_name": "a"}, "invalid_argument", "Bad Request"),
        ("DELETE", "/roles/none", None, "not_found", "NotFound"),
        ("DELETE", "/api-keys/none", None, "not_found", "NotFound"),
        ("DELETE", "/roles/owner", None, "failed_precondition", "FailedPrecondition"),
        ("POST", "/roles", role("Owner"), "already_exists", "AlreadyExists"),
    ],
)
def test_refusals_have_the_word_of_the_reference_beside_ours(
    owner: Client, method: str, path: str, body: object, code: str, word: str
) -> None:
    refused = owner.ask(method, path, body).json()

    assert (refused["code"], refused["momento_code"]) == (code, word)


def test_a_denial_has_the_word_of_the_reference(owner: Client) -> None:
    refused = keyed(owner, made(owner, "small")).ask("GET", "/roles").json()

    assert (refused["code"], refused["momento_code"]) == ("permission_denied", "PermissionDenied")
