"""Who is removed or demoted keeps no keys: what they made ends, unless it is to be kept."""

import base64
import json
from typing import Any

import pytest
from momento_wire_types import controlclient_pb2 as pb

from browsers import ANN, BOB, EVE, Browser, Post, joined
from fakes import Client, Listener

KEYS = {"type": "auth_management", "permissions": ["read", "write", "list"], "items": "*"}
PEOPLE = {"type": "account_management", "permissions": ["read", "write", "list"]}
DATA = {"type": "cache", "permissions": ["read", "write", "list"], "caches": "*", "items": "*"}
SMALL = DATA | {"permissions": ["read"], "caches": {"name": "a"}}


def user_id(browser: Browser) -> int:
    return int(browser.ask("GET", "/session").json()["user_id"])


def role(ann: Browser, name: str, *rules: dict[str, Any]) -> str:
    wanted = {"role_name": name, "permissions": {"rules": list(rules)}}
    return str(ann.ask("POST", "/roles", wanted).json()["role_id"])


def key(caller: Browser | Client, role_id: str) -> str:
    answer = caller.ask("POST", "/api-keys", {"role_id": role_id, "description": role_id})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["key_info"]["key_id"])


def with_key(ann: Browser, key_id: str) -> Client:
    return Client(ann.app, int(ann.ask("GET", "/session").json()["account_id"]), key_id)


def living(ann: Browser) -> set[str]:
    return {each["key_id"] for each in ann.ask("GET", "/api-keys").json()["key_info"]}


def token_issuer(caller: Browser) -> str:
    asked = {"permissions": {"rules": [SMALL]}, "valid_for_seconds": 60}
    made = caller.ask("POST", "/tokens", asked).json()["token"]
    return str(json.loads(base64.urlsafe_b64decode(made.split(".")[1] + "=="))["id"])


def test_a_removed_member_leaves_no_key_token_or_invitation(
    ann: Browser, post: Post, node: Listener
) -> None:
    host = role(ann, "host", KEYS, PEOPLE, DATA)
    bob = joined(ann, post, BOB, host)
    first = key(bob, host)
    second = key(with_key(ann, first), host)
    third = key(with_key(ann, second), host)
    anns = key(ann, host)
    signing = pb._CreateSigningKeyRequest(ttl_minutes=5).SerializeToString()
    with_key(ann, second).call("/control_client.ScsControl/CreateSigningKey", signing)
    bob.ask("POST", "/invitations", {"email": EVE, "role_id": host})
    issuer = token_issuer(bob)
    assert issuer in node.api_keys

    told = ann.ask("GET", f"/members/{user_id(bob)}").json()["made"]
    removed = ann.ask("DELETE", f"/members/{user_id(bob)}")

    assert {each["key_id"] for each in told["api_keys"]} == {first, second, third}
    assert len(told["url_keys"]) == len(told["invitations"]) == 1
    assert removed.status_code == 204
    assert living(ann) & {first, second, third, anns} == {anns}
    assert not {first, second, third, issuer} & node.api_keys.keys()
    assert ann.ask("GET", "/invitations").json()["invitations"] == []
    listed = with_key(ann, anns).call("/control_client.ScsControl/ListSigningKeys", b"").content
    assert not pb._ListSigningKeysResponse.FromString(listed).signing_key
    actions = {each["action"] for each in ann.ask("GET", "/audit").json()["entries"]}
    assert {"member.remove", "key.revoke", "url-key.revoke", "invitation.take-back"} <= actions


def test_keys_can_be_kept_but_neither_tokens_nor_invitations(
    ann: Browser, post: Post, node: Listener
) -> None:
    host = role(ann, "host", KEYS, PEOPLE, DATA)
    bob = joined(ann, post, BOB, host)
    bobs, issuer = key(bob, host), token_issuer(bob)
    bob.ask("POST", "/invitations", {"email": EVE, "role_id": host})

    ann.ask("DELETE", f"/members/{user_id(bob)}?keep_keys=true")

    assert bobs in living(ann)
    assert issuer not in node.api_keys
    assert ann.ask("GET", "/invitations").json()["invitations"] == []


def test_a_demoted_member_keeps_the_keys_that_the_new_role_covers(
    ann: Browser, post: Post, node: Listener
) -> None:
    small = role(ann, "small", SMALL)
    bob = joined(ann, post, BOB, "operator")
    wide, narrow, issuer = key(bob, "operator"), key(bob, small), token_issuer(bob)
    path = f"/members/{user_id(bob)}"

    promoted = ann.ask("PUT", path, {"role_id": "owner"}).json()["ended"]
    ended = ann.ask("PUT", path, {"role_id": "viewer"}).json()["ended"]

    assert promoted == {"api_keys": [], "url_keys": [], "invitations": []}
    assert [each["key_id"] for each in ended["api_keys"]] == [wide]
    assert living(ann) & {wide, narrow} == {narrow}
    assert issuer not in node.api_keys


def test_a_demoted_member_can_be_let_keep_keys(ann: Browser, post: Post) -> None:
    bob = joined(ann, post, BOB, "operator")
    wide = key(bob, "operator")

    answer = ann.ask("PUT", f"/members/{user_id(bob)}?keep_keys=true", {"role_id": "viewer"})

    assert answer.json()["ended"]["api_keys"] == []
    assert wide in living(ann)


def test_who_leaves_takes_their_keys_along(ann: Browser, post: Post) -> None:
    bob = joined(ann, post, BOB, "operator")
    wide = key(bob, "operator")
    ann.ask("PUT", f"/members/{user_id(bob)}?keep_keys=true", {"role_id": "viewer"})

    assert bob.ask("DELETE", f"/members/{user_id(bob)}").status_code == 204

    assert wide not in living(ann)


def test_who_may_not_end_a_members_key_cannot_remove_the_member_with_it(
    ann: Browser, post: Post
) -> None:
    host = role(ann, "host", PEOPLE, SMALL)
    bob = joined(ann, post, BOB, "operator")
    wide = key(bob, "operator")
    ann.ask("PUT", f"/members/{user_id(bob)}?keep_keys=true", {"role_id": host})
    eve = joined(ann, post, EVE, host)

    refused = eve.ask("DELETE", f"/members/{user_id(bob)}")

    assert refused.status_code == 403
    assert wide in living(ann)
    kept = eve.ask("DELETE", f"/members/{user_id(bob)}?keep_keys=true")
    assert kept.status_code == 204


def test_a_member_of_two_accounts_loses_the_keys_of_one(ann: Browser, post: Post) -> None:
    bob = Browser(ann.app)
    bob.sign_up(BOB)
    own = key(bob, "owner")
    ann.ask("POST", "/invitations", {"email": BOB, "role_id": "operator"})
    accepted = {"token": post.token(BOB), "password": "correct horse battery"}
    bob.ask("POST", "/invitations/accept", accepted)
    here = key(bob, "operator")

    ann.ask("DELETE", f"/members/{user_id(bob)}")

    assert here not in living(ann)
    bob.sign_in(BOB)
    assert own in living(bob)


def test_listings_say_who_made_a_key(ann: Browser, post: Post) -> None:
    mine = key(ann, "operator")
    further = key(with_key(ann, mine), "operator")

    listed = {each["key_id"]: each for each in ann.ask("GET", "/api-keys").json()["key_info"]}

    assert (listed[mine]["made_by"], listed[mine].get("made_by_key_id")) == (ANN, None)
    assert (listed[further]["made_by"], listed[further]["made_by_key_id"]) == (ANN, mine)


def test_a_refreshed_key_has_the_same_maker(ann: Browser, post: Post) -> None:
    from momento_wire_types import auth_pb2

    bob = joined(ann, post, BOB, "operator")
    client = with_key(ann, key(bob, "operator"))
    granted = {"cache_permissions": {"role": 1, "all_caches": {}, "all_items": {}}}
    asked = auth_pb2._GenerateApiTokenRequest(
        permissions={"explicit": {"permissions": [granted]}}, expires={"valid_for_seconds": 60}
    )
    answer = client.call("/auth.Auth/GenerateApiToken", asked.SerializeToString())
    made = auth_pb2._GenerateApiTokenResponse.FromString(answer.content)
    again = auth_pb2._RefreshApiTokenRequest(api_key=made.api_key, refresh_token=made.refresh_token)
    client.call("/auth.Auth/RefreshApiToken", again.SerializeToString())

    ann.ask("DELETE", f"/members/{user_id(bob)}")

    assert {each["made_by"] for each in ann.ask("GET", "/api-keys").json()["key_info"]} == {ANN}


@pytest.mark.parametrize("role_id", ["viewer", "operator"])
def test_a_role_and_a_member_that_are_not_there_end_nothing(ann: Browser, role_id: str) -> None:
    mine = key(ann, "owner")

    assert ann.ask("PUT", "/members/99", {"role_id": role_id}).status_code == 404
    assert ann.ask("DELETE", "/members/99").status_code == 404
    assert ann.ask("GET", "/members/99").status_code == 404

    assert mine in living(ann)


def test_a_role_that_is_narrowed_ends_what_its_holders_made_beyond_it(
    ann: Browser, post: Post, node: Listener
) -> None:
    small = role(ann, "small", SMALL)
    host = role(ann, "host", KEYS, DATA)
    bob = joined(ann, post, BOB, host)
    bobs, of_key = key(bob, host), key(ann, host)
    copy = role(ann, "copy", KEYS, DATA)
    wide = [key(bob, copy), key(with_key(ann, bobs), copy), key(with_key(ann, of_key), copy)]
    narrow, issuer = key(bob, small), token_issuer(bob)
    others = key(ann, copy)
    less = {"role_name": "host", "permissions": {"rules": [KEYS, SMALL]}}
    more = {"role_name": "host", "permissions": {"rules": [KEYS, DATA, PEOPLE]}}

    assert "ended_api_keys" not in ann.ask("PUT", f"/roles/{host}", more).json()
    kept = ann.ask("PUT", f"/roles/{host}?keep_keys=true", less).json()
    assert "ended_api_keys" not in kept
    ann.ask("PUT", f"/roles/{host}", more)
    ended = ann.ask("PUT", f"/roles/{host}", less).json()["ended_api_keys"]

    assert sorted(ended) == sorted(wide)
    assert living(ann) >= {bobs, of_key, narrow, others}
    assert not living(ann) & set(wide)
    assert issuer not in node.api_keys


def test_a_key_can_be_revoked_with_all_that_was_made_with_it(ann: Browser) -> None:
    first = key(ann, "operator")
    second = key(with_key(ann, first), "operator")
    third = key(with_key(ann, second), "operator")
    other = key(ann, "operator")
    ann.ask("DELETE", f"/api-keys/{second}")

    assert living(ann) >= {first, third, other}
    ann.ask("DELETE", f"/api-keys/{first}?with_made=true")

    assert living(ann) & {first, second, third, other} == {other}
