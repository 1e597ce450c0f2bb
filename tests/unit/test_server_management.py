"""The right to manage a server's accounts: the first account's, and nobody else's by any door."""

from typing import Any

import pytest
from starlette.applications import Starlette

from attimo.control import Control, access, api_keys, permissions, roles
from attimo.control.permissions import SERVER_MANAGEMENT
from attimo.control.system_roles import OPERATOR, OWNER, VIEWER, Role
from browsers import ANN, BOB, Browser, Post, joined
from fakes import Client

VERBS = ["read", "write", "list"]
SERVER = {"type": "server_management", "permissions": VERBS}
KEYS = {"type": "auth_management", "permissions": VERBS, "items": "*"}
PEOPLE = {"type": "account_management", "permissions": VERBS}

ROUTES = [
    ("GET", "/accounts", None, "list"),
    ("POST", "/accounts", {"name": "mine"}, "write"),
    ("GET", "/accounts/1", None, "list"),
    ("PUT", "/accounts/1", {"name": "mine"}, "write"),
    ("POST", "/accounts/2/suspend", None, "write"),
    ("POST", "/accounts/2/resume", None, "write"),
    ("POST", "/accounts/2/invitations", {"email": BOB}, "write"),
    ("DELETE", "/accounts/2", None, "write"),
    ("GET", "/usage?accounts=*", None, "read"),
    ("GET", "/audit?accounts=1,2", None, "read"),
]


def keyed(client: Client, *rules: dict[str, Any]) -> Client:
    """A key of the client's account with these rules."""
    role = {"role_name": f"role {len(rules)}", "permissions": {"rules": list(rules)}}
    made = client.ask("POST", "/roles", role)
    assert made.status_code == 200, made.text
    asked = {"role_id": made.json()["role_id"], "description": "d"}
    answer = client.ask("POST", "/api-keys", asked)
    assert answer.status_code == 200, answer.text
    return Client(client.app, client.account_id, answer.json()["key_info"]["key_id"])


def refusals(client: Client | Browser) -> dict[str, tuple[int, bool]]:
    """Each route, with its status and whether the message names the verb."""
    found = {}
    for method, path, body, verb in ROUTES:
        answer = client.ask(method, path, body)
        named = f"lacks server:{verb}" in answer.text
        found[f"{method} {path}"] = (answer.status_code, named)
    return found


def test_the_owner_of_another_account_is_refused_on_each_route(
    owner: Client, neighbour: Client
) -> None:
    before = owner.ask("GET", "/accounts").json()

    assert set(refusals(neighbour).values()) == {(403, True)}
    assert owner.ask("GET", "/accounts").json() == before


def test_a_refusal_does_not_tell_whether_there_is_such_an_account(neighbour: Client) -> None:
    there, missing = (neighbour.ask("GET", f"/accounts/{id}") for id in (1, 999))

    assert (there.status_code, there.json()) == (missing.status_code, missing.json())


def test_who_signs_up_owns_an_account_and_not_the_server(ann: Browser) -> None:
    assert set(refusals(ann).values()) == {(403, True)}


@pytest.mark.parametrize("role", [OPERATOR, VIEWER])
def test_no_other_role_of_the_system_has_it(owner: Client, role: Role) -> None:
    made = owner.ask("POST", "/api-keys", {"role_id": role.id, "description": "d"})
    client = Client(owner.app, 1, made.json()["key_info"]["key_id"])

    assert set(refusals(client).values()) == {(403, True)}


def test_the_owner_of_the_first_account_gives_it_to_a_role_and_its_keys(owner: Client) -> None:
    clerk = keyed(owner, SERVER)

    assert clerk.ask("GET", "/accounts").status_code == 200
    assert clerk.ask("POST", "/accounts", {"name": "team"}).status_code == 201
    assert clerk.ask("GET", "/audit?accounts=*").status_code == 200
    # It says nothing about the first account itself.
    assert clerk.ask("GET", "/audit").status_code == 403
    assert clerk.ask("GET", "/caches").status_code == 403
    assert clerk.ask("GET", "/members").status_code == 403


def test_each_verb_opens_what_it_is_for_and_nothing_else(owner: Client) -> None:
    for verb in VERBS:
        client = keyed(owner, SERVER | {"permissions": [verb]}, *[KEYS] * VERBS.index(verb))
        for route, (status, named) in refusals(client).items():
            wanted = next(each[3] for each in ROUTES if f"{each[0]} {each[1]}" == route)
            assert (status == 403 and named) == (wanted != verb), (verb, route)


def test_who_may_only_write_is_answered_all_the_same(owner: Client) -> None:
    clerk = keyed(owner, SERVER | {"permissions": ["write"]})

    invited = clerk.ask("POST", "/accounts/2/invitations", {"email": BOB})

    assert (invited.status_code, "token" in invited.json()) == (201, True)
    assert clerk.ask("PUT", "/accounts/2", {"name": "squad"}).json()["name"] == "squad"


def test_who_may_only_write_finds_accounts_by_their_names_and_lists_none(owner: Client) -> None:
    clerk = keyed(owner, SERVER | {"permissions": ["write"]})
    reader = keyed(owner, SERVER | {"permissions": ["read"]}, KEYS)

    found = clerk.ask("GET", "/accounts?name=neighbour").json()["accounts"]

    assert [each["account_id"] for each in found] == [2]
    assert clerk.ask("GET", "/accounts?name=nobody").json() == {"accounts": []}
    assert clerk.ask("GET", "/accounts").status_code == 403
    assert reader.ask("GET", "/accounts?name=neighbour").status_code == 403


def test_nobody_in_the_first_account_gives_what_they_do_not_have(owner: Client) -> None:
    """By a role, a key, a member's role or an invitation."""
    manager = keyed(owner, KEYS, PEOPLE)
    given = owner.ask("POST", "/roles", {"role_name": "r", "permissions": {"rules": [SERVER]}})
    role_id = given.json()["role_id"]

    for method, path, body in (
        ("POST", "/roles", {"role_name": "mine", "permissions": {"rules": [SERVER]}}),
        ("PUT", f"/roles/{role_id}", {"role_name": "r", "permissions": {"rules": [KEYS]}}),
        ("DELETE", f"/roles/{role_id}", None),
        ("POST", "/api-keys", {"role_id": role_id, "description": "d"}),
        ("POST", "/api-keys", {"role_id": "owner", "description": "d"}),
        ("POST", "/invitations", {"email": BOB, "role_id": role_id}),
        ("POST", "/invitations", {"email": BOB, "role_id": "owner"}),
    ):
        answer = manager.ask(method, path, body)
        assert answer.status_code == 403, (method, path, answer.text)
        assert "more permissions than you have" in answer.json()["message"]


def test_another_accounts_owner_cannot_write_it_into_a_role(neighbour: Client) -> None:
    refused = neighbour.ask(
        "POST", "/roles", {"role_name": "r", "permissions": {"rules": [SERVER]}}
    )

    assert refused.status_code == 403
    assert "more permissions than you have" in refused.json()["message"]


def test_the_role_owner_has_it_in_the_first_account_only(owner: Client, neighbour: Client) -> None:
    def types(client: Client, path: str) -> set[str]:
        return {rule["type"] for rule in client.ask("GET", path).json()["permissions"]["rules"]}

    assert types(owner, "/roles/owner") - types(neighbour, "/roles/owner") == {"server_management"}
    listed = neighbour.ask("GET", "/roles?type=system").json()["roles"]
    assert not any(
        rule["type"] == SERVER_MANAGEMENT
        for role in listed
        for rule in role["permissions"]["rules"]
    )


def test_even_a_row_that_says_so_gives_it_to_no_other_account(
    control: Control, neighbour: Client
) -> None:
    """As a database that was restored or edited could have it."""
    rules = permissions.read({"rules": [SERVER, KEYS]})
    with control.begin() as tx:
        role = roles.create(tx, 2, "edited", rules)
        key = api_keys.create(tx, 2, "d", role_id=role.id).key
    client = Client(neighbour.app, 2, key.id)

    assert set(refusals(client).values()) == {(403, True)}
    with control.read() as tx:
        assert not access.of_key(tx, 2, key.id, "").permissions.allows(SERVER_MANAGEMENT, "list")


def test_an_invited_owner_of_the_first_account_has_it(owner: Client, post: Post) -> None:
    """Signed in, with a cookie."""
    made = owner.ask("POST", "/invitations", {"email": BOB, "role_id": "owner"}).json()
    bob = Browser(owner.app)
    asked = {"token": made["token"], "password": "correct horse battery"}
    assert bob.ask("POST", "/invitations/accept", asked).status_code == 200

    assert bob.ask("GET", "/accounts").status_code == 200


def test_a_member_with_two_accounts_has_it_where_the_session_is(
    owner: Client, app: Starlette, ann: Browser, post: Post
) -> None:
    ann_id = ann.ask("GET", "/session").json()["account_id"]
    bob = joined(ann, post, BOB, role_id="owner")
    first = Client(app, 1)
    made = first.ask("POST", "/invitations", {"email": BOB, "role_id": "owner"}).json()
    asked = {"token": made["token"], "password": "correct horse battery"}
    assert bob.ask("POST", "/invitations/accept", asked).status_code == 200

    assert bob.ask("GET", "/accounts").status_code == 200
    assert bob.ask("PUT", "/session", {"account_id": ann_id}).status_code == 200
    assert bob.ask("GET", "/accounts").status_code == 403


def test_a_member_who_loses_it_loses_the_keys_that_have_it(owner: Client, app: Starlette) -> None:
    made = owner.ask("POST", "/invitations", {"email": BOB, "role_id": "owner"}).json()
    bob = Browser(app)
    asked = {"token": made["token"], "password": "correct horse battery"}
    assert bob.ask("POST", "/invitations/accept", asked).status_code == 200
    user_id = bob.ask("GET", "/session").json()["user_id"]
    role = {"role_name": "clerk", "permissions": {"rules": [SERVER]}}
    role_id = bob.ask("POST", "/roles", role).json()["role_id"]
    clerk, reader = (
        bob.ask("POST", "/api-keys", {"role_id": each, "description": "d"}).json()["key_info"]
        for each in (role_id, "viewer")
    )
    first = Client(app, 1)

    changed = first.ask("PUT", f"/members/{user_id}", {"role_id": "operator"})

    # The last owner keeps the role; the account has another one first.
    assert changed.status_code == 412
    other = first.ask("POST", "/invitations", {"email": ANN, "role_id": "owner"}).json()
    asked = {"token": other["token"], "password": "correct horse battery"}
    assert Browser(app).ask("POST", "/invitations/accept", asked).status_code == 200
    ended = first.ask("PUT", f"/members/{user_id}", {"role_id": "operator"}).json()["ended"]
    assert [key["key_id"] for key in ended["api_keys"]] == [clerk["key_id"]]
    assert Client(app, 1, clerk["key_id"]).ask("GET", "/accounts").status_code == 401
    assert Client(app, 1, reader["key_id"]).ask("GET", "/caches").status_code == 200


def test_owner_is_everything_and_in_other_accounts_everything_but_that() -> None:
    first, other = (OWNER.permissions.within(id) for id in (1, 2))

    assert first.covers(other)
    assert not other.covers(first)
    assert {rule.type for rule in first.rules} - {rule.type for rule in other.rules} == {
        SERVER_MANAGEMENT
    }
