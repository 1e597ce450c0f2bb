"""Who am I: what a key, a session and a token are told about themselves, and what a 403 tells."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from attimo.control import Control
from browsers import ANN, BOB, Browser, Post, joined
from fakes import NOON, Client, Clock

READ: dict[str, Any] = {
    "type": "cache",
    "permissions": ["read"],
    "caches": {"name": "prod"},
    "items": "*",
}
WRITE = READ | {"permissions": ["read", "write"], "items": {"key_prefix": "user/"}}
TOKENS = {"type": "token_management", "permissions": ["write"]}
LISTS = {"type": "resource_management", "permissions": ["list"], "resources": "*"}
AT_HOME = [{"ip_filter": {"allowed_cidr_ranges": ["192.0.2.0/24"]}}]


def keyed(client: Client, *rules: dict[str, Any], **more: Any) -> Client:
    """A key of a role of its own, called `flask-app`."""
    permitted = {"rules": list(rules)} | more
    role = client.ask("POST", "/roles", {"role_name": "flask-app", "permissions": permitted})
    assert role.status_code == 200, role.text
    asked = {
        "role_id": role.json()["role_id"],
        "description": "the shop",
        "expiry": NOON + 3600,
    }
    made = client.ask("POST", "/api-keys", asked)
    assert made.status_code == 200, made.text
    return Client(client.app, client.account_id, made.json()["key_info"]["key_id"])


def with_token(client: Client, made: dict[str, Any]) -> httpx.Response:
    """Ask as the data plane does for the holder of a token: with its claims, and no account."""
    claims = made["token"].split(".")[1]
    return header(client, claims)


def header(client: Client, claims: str) -> httpx.Response:
    browser = Browser(client.app, more={"attimo-token": claims})
    return browser.ask("GET", "/whoami")


def vended(client: Client, *rules: dict[str, Any]) -> dict[str, Any]:
    body = {"permissions": {"rules": list(rules)}, "valid_for_seconds": 60, "token_id": "ada"}
    answer = client.ask("POST", "/tokens", body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_key_without_any_right_of_the_control_plane_is_told_who_it_is(owner: Client) -> None:
    key = keyed(owner, READ, conditions=AT_HOME)

    told = key.ask("GET", "/whoami")

    assert told.status_code == 200
    role = told.json().pop("role")
    assert role["role_name"] == "flask-app"
    assert told.json() == {
        "kind": "api_key",
        "id": key.key_id,
        "description": "the shop",
        "account": {"account_id": 1, "name": "owner"},
        "role": role,
        "permissions": {"rules": [READ], "conditions": AT_HOME},
        "allowed": ["read:prod"],
        "issued_at": "2027-01-15T12:00:00Z",
        "expires_at": "2027-01-15T13:00:00Z",
    }
    assert key.ask("GET", "/api-keys").status_code == 403


def test_a_key_made_with_another_says_with_which(owner: Client) -> None:
    asked = {"role_id": "owner", "description": "first"}
    first = owner.ask("POST", "/api-keys", asked).json()["key_info"]["key_id"]
    maker = Client(owner.app, 1, first)
    second = maker.ask("POST", "/api-keys", asked).json()["key_info"]["key_id"]

    told = Client(owner.app, 1, second).ask("GET", "/whoami").json()

    assert (told["made_by_key_id"], told["role"]["role_name"]) == (first, "Owner")
    assert "expires_at" not in told


def test_the_permissions_are_those_of_the_role_now(owner: Client) -> None:
    key = keyed(owner, READ, LISTS)
    role_id = key.ask("GET", "/whoami").json()["role"]["role_id"]

    narrower = {"role_name": "narrow", "permissions": {"rules": [READ]}}
    owner.ask("PUT", f"/roles/{role_id}", narrower)

    told = key.ask("GET", "/whoami").json()
    assert (told["role"]["role_name"], told["allowed"]) == ("narrow", ["read:prod"])


def test_the_owner_of_a_local_server_is_told_so(owner: Client) -> None:
    told = owner.ask("GET", "/whoami").json()

    assert (told["kind"], told["account"]["name"]) == ("local", "owner")
    assert {"id", "role", "expires_at"}.isdisjoint(told)


def test_a_member_is_told_their_address_and_role(ann: Browser, post: Post) -> None:
    bob = joined(ann, post, BOB)

    told = bob.ask("GET", "/whoami").json()

    assert (told["kind"], told["email"]) == ("session", BOB)
    assert told["role"] == {"role_id": "viewer", "role_name": "Viewer"}
    assert told["issued_at"] == "2027-01-15T12:00:00Z"
    assert told["expires_at"] == "2027-01-16T12:00:00Z"
    assert told["account"] == ann.ask("GET", "/whoami").json()["account"]


def test_a_session_is_told_even_without_an_account(ann: Browser, post: Post) -> None:
    bob = joined(ann, post, BOB)
    user_id = bob.ask("GET", "/session").json()["user_id"]
    ann.ask("DELETE", f"/members/{user_id}")
    assert bob.sign_in(BOB).status_code == 201

    told = bob.ask("GET", "/whoami").json()

    assert (told["email"], told["permissions"], told["allowed"]) == (BOB, {"rules": []}, [])
    assert {"account", "role"}.isdisjoint(told)


def test_a_token_is_told_its_own_permissions_and_who_made_it(owner: Client) -> None:
    vendor = keyed(owner, WRITE, TOKENS)
    made = vended(vendor, WRITE)

    told = with_token(owner, made)

    assert told.status_code == 200
    assert told.json() == {
        "kind": "token",
        "id": "ada",
        "account": {"account_id": 1, "name": "owner"},
        "permissions": {"rules": [WRITE]},
        "allowed": ["read,write:prod/user/*"],
        "issued_at": "2027-01-15T12:00:00Z",
        "expires_at": "2027-01-15T12:01:00Z",
        "made_by_key_id": vendor.key_id,
    }


def test_a_token_is_told_only_what_its_maker_still_has(owner: Client) -> None:
    vendor = keyed(owner, WRITE, TOKENS)
    made = vended(vendor, WRITE)
    role_id = vendor.ask("GET", "/whoami").json()["role"]["role_id"]

    def allowed_after(*rules: dict[str, Any]) -> list[str]:
        permitted = {"rules": list(rules), "conditions": AT_HOME}
        changed = {"role_name": "flask-app", "permissions": permitted}
        assert owner.ask("PUT", f"/roles/{role_id}", changed).status_code == 200
        told = with_token(owner, made).json()
        assert told["permissions"].get("conditions", AT_HOME) == AT_HOME
        found: list[str] = told["allowed"]
        return found

    assert allowed_after(READ, TOKENS) == ["read:prod/user/*"]
    assert allowed_after(WRITE) == []
    assert allowed_after(READ | {"caches": {"name": "other"}}, TOKENS) == []


def test_a_token_of_a_member_names_the_member_and_no_key(ann: Browser) -> None:
    body = {"permissions": {"rules": [READ]}, "valid_for_seconds": 60}
    made = ann.ask("POST", "/tokens", body).json()

    told = Browser(ann.app, more={"attimo-token": made["token"].split(".")[1]})

    assert told.ask("GET", "/whoami").json()["made_by"] == ANN
    assert "made_by_key_id" not in told.ask("GET", "/whoami").json()


@pytest.mark.parametrize("claims", ["", "!", "e30", "eyJ0IjoiZyIsImlkIjoieCIsImFjYyI6MX0"])
def test_claims_that_are_not_of_a_disposable_token_are_refused(owner: Client, claims: str) -> None:
    assert header(owner, claims).status_code == 401


def test_claims_open_nothing_but_who_am_i(owner: Client) -> None:
    claims = {"t": "d", "acc": 1, "iat": NOON, "exp": NOON + 60, "p": {"rules": [LISTS]}}
    encoded = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    holder = Browser(owner.app, more={"attimo-token": encoded})

    assert holder.ask("GET", "/whoami").status_code == 200
    for path in ("/caches", "/api-keys", "/roles", "/members", "/usage", "/audit"):
        assert holder.ask("GET", path).status_code == 401, path


def test_nobody_is_told_to_send_a_token(nobody: Client) -> None:
    refused = nobody.ask("GET", "/whoami")

    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


def test_a_key_that_was_revoked_meanwhile_is_refused(owner: Client) -> None:
    key = keyed(owner, READ)
    owner.ask("DELETE", f"/api-keys/{key.key_id}")

    assert key.ask("GET", "/whoami").status_code == 401


def message(answer: httpx.Response) -> str:
    assert answer.status_code == 403, answer.text
    said: str = answer.json()["message"]
    return said


def test_a_refusal_names_the_key_its_role_what_it_lacks_and_what_it_has(owner: Client) -> None:
    owner.ask("PUT", "/caches/prod")
    key = keyed(owner, READ)
    who = f"Insufficient permissions: key {key.key_id[:8]}… (role flask-app)"

    assert message(key.ask("PUT", "/caches/new")) == (
        f"{who} lacks caches:write on cache `new`; it has read:prod"
    )
    assert message(key.ask("GET", "/api-keys")) == (
        f"{who} lacks auth_management:list; it has read:prod"
    )
    assert message(key.ask("POST", "/tokens", {"permissions": {"rules": [READ]}} | LIFE)) == (
        f"{who} lacks tokens; it has read:prod"
    )


LIFE = {"valid_for_seconds": 60}


def test_a_refusal_lists_what_is_of_the_same_kind_first_and_never_more_than_four(
    owner: Client,
) -> None:
    others = [READ | {"caches": {"name": name}} for name in "abcde"]
    key = keyed(owner, *others, LISTS)

    said = message(key.ask("PUT", "/caches/prod"))

    assert said.endswith("it has caches:list:*, read:a, read:b, read:c and 2 more")


def test_a_refusal_to_hand_out_more_says_what_is_missing(owner: Client) -> None:
    vendor = keyed(owner, READ, TOKENS)

    said = message(vendor.ask("POST", "/tokens", {"permissions": {"rules": [WRITE]}} | LIFE))

    assert said == (
        "Insufficient permissions: the token would have more permissions than you have: key "
        f"{vendor.key_id[:8]}… (role flask-app) lacks read,write:prod/user/*"
    )


def test_a_member_is_named_by_their_address(ann: Browser, post: Post) -> None:
    bob = joined(ann, post, BOB)

    said = message(bob.ask("PUT", "/caches/new"))

    assert said.startswith(
        f"Insufficient permissions: member {BOB} (role Viewer) lacks caches:write on cache `new`; "
        "it has caches:read,list:*, "
    )


def test_a_key_with_permissions_of_its_own_and_one_with_none_are_named_without_a_role(
    control: Control, owner: Client, app: Starlette, clock: Clock
) -> None:
    key = keyed(owner, READ)
    role_id = key.ask("GET", "/whoami").json()["role"]["role_id"]
    clock.now += 3600  # from now on its role can be deleted
    assert owner.ask("DELETE", f"/roles/{role_id}").json()["status"] == "deleted"

    said = message(key.ask("GET", "/api-keys"))

    assert said == (
        f"Insufficient permissions: key {key.key_id[:8]}… lacks auth_management:list; it has no "
        "permissions"
    )
