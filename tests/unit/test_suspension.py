"""Suspended accounts: nothing of theirs is served, and nothing is lost.

What the data plane refuses by itself is in `conformance/http/test_suspension.py`.
"""

from typing import Any

import httpx
import pytest

from attimo.api.messages import auth_pb2
from attimo.control import Control, identity
from browsers import ANN, BOB, OTHER, PASSWORD, Browser, Post, joined
from fakes import Client, Listener

RULE = {"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"}
WORDS = "Account suspended: this server's operator has suspended the account; ask them"


def is_refused(answer: httpx.Response) -> bool:
    said = answer.json()
    return (answer.status_code, said.get("err"), said["code"], said["message"]) == (
        403,
        "account_suspended",
        "permission_denied",
        WORDS,
    )


def suspend(owner: Client, account_id: int) -> dict[str, Any]:
    answer = owner.ask("POST", f"/accounts/{account_id}/suspend")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def resume(owner: Client, account_id: int) -> dict[str, Any]:
    answer = owner.ask("POST", f"/accounts/{account_id}/resume")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def keyed(client: Client) -> Client:
    made = client.ask("POST", "/api-keys", {"description": "d"}).json()
    return Client(client.app, client.account_id, made["key_info"]["key_id"])


@pytest.fixture
def operator(app: Any) -> Client:
    return Client(app, account_id=1)


def account_of(browser: Browser) -> int:
    return int(browser.ask("GET", "/session").json()["account_id"])


def test_the_node_knows_who_is_suspended_before_the_answer(owner: Client, node: Listener) -> None:
    suspend(owner, 2)
    suspended = set(node.suspended)
    resume(owner, 2)

    assert (suspended, node.suspended) == ({2}, set())


def test_a_node_that_starts_is_told_of_all_who_are_suspended(
    owner: Client, control: Control, node: Listener
) -> None:
    suspend(owner, 2)
    node.forget()

    control.announce()

    assert node.suspended == {2}


def test_no_key_of_the_account_does_anything(owner: Client, neighbour: Client) -> None:
    key = keyed(neighbour)
    suspend(owner, 2)

    for method, path, body in (
        ("GET", "/caches", None),
        ("PUT", "/caches/a", None),
        ("POST", "/api-keys", {"description": "d"}),
        ("GET", "/usage", None),
        ("GET", "/limits", None),
        ("POST", "/tokens", {"permissions": {"rules": [RULE]}, "valid_for_seconds": 60}),
    ):
        assert is_refused(key.ask(method, path, body)), path
    grpc = key.call("/control_client.ScsControl/ListCaches", b"")
    assert (grpc.headers["grpc-status"], grpc.headers["err"]) == ("7", "account_suspended")
    assert owner.ask("GET", "/caches").status_code == 200


def test_nothing_is_lost_and_nothing_else_has_changed(
    owner: Client, neighbour: Client, node: Listener
) -> None:
    neighbour.ask("PUT", "/caches/kept")
    key = keyed(neighbour)
    paths = ("/caches", "/api-keys", "/roles", "/usage")
    before = [key.ask("GET", path).json() for path in paths]
    namespaces = {cache.name: cache.namespace for cache in node.caches.values()}

    suspend(owner, 2)
    resume(owner, 2)

    assert [key.ask("GET", path).json() for path in paths] == before
    assert {cache.name: cache.namespace for cache in node.caches.values()} == namespaces


def test_suspending_twice_is_suspending_once(owner: Client, clock: Any, node: Listener) -> None:
    first = suspend(owner, 2)
    heard = len(node.heard)
    clock.now += 60
    second = suspend(owner, 2)

    assert first == second
    assert second["suspended_at"] == clock.now - 60
    assert len(node.heard) == heard
    assert "suspended_at" not in resume(owner, 2)
    assert "suspended_at" not in resume(owner, 2)
    actions = [each["action"] for each in owner.ask("GET", "/audit").json()["entries"]]
    assert actions == ["account.resume", "account.suspend"]


def test_the_first_account_is_neither_suspended_nor_deleted(owner: Client) -> None:
    for method, path in (("POST", "/accounts/1/suspend"), ("DELETE", "/accounts/1")):
        refused = owner.ask(method, path)
        assert (refused.status_code, refused.json()["code"]) == (412, "failed_precondition")
        assert "operator's" in refused.json()["message"]
    assert owner.ask("GET", "/caches").status_code == 200


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_an_account_that_there_is_not_is_named(owner: Client, verb: str) -> None:
    answer = owner.ask("POST", f"/accounts/99/{verb}")

    assert (answer.status_code, answer.json()["message"]) == (404, "There is no account 99")


def test_a_session_does_nothing_there_and_its_user_can_still_leave(
    operator: Client, ann: Browser
) -> None:
    suspend(operator, account_of(ann))

    assert is_refused(ann.ask("GET", "/caches"))
    assert is_refused(ann.ask("PUT", "/caches/a"))
    assert is_refused(ann.ask("DELETE", "/members/1"))
    (mine,) = ann.ask("GET", "/session").json()["accounts"]
    assert mine["suspended"] is True
    assert ann.ask("DELETE", "/session").status_code == 204


def test_who_has_only_suspended_accounts_cannot_sign_in_and_a_wrong_password_tells_nothing(
    operator: Client, ann: Browser
) -> None:
    account_id = account_of(ann)
    suspend(operator, account_id)

    wrong = Browser(ann.app).sign_in(ANN, OTHER)
    right = Browser(ann.app).sign_in()

    assert (wrong.status_code, "suspended" in wrong.text) == (401, False)
    assert is_refused(right)
    resume(operator, account_id)
    assert Browser(ann.app).sign_in().status_code == 201


def test_a_member_of_two_accounts_works_in_the_other(
    operator: Client, ann: Browser, post: Post
) -> None:
    bob = Browser(ann.app)
    bob.sign_up(BOB)
    his, hers = account_of(bob), account_of(ann)
    assert ann.ask("POST", "/invitations", {"email": BOB}).status_code == 201
    asked = {"token": post.token(BOB), "password": PASSWORD}
    assert bob.ask("POST", "/invitations/accept", asked).status_code == 200
    suspend(operator, hers)

    assert is_refused(bob.ask("GET", "/caches"))
    assert bob.ask("PUT", "/session", {"account_id": his}).status_code == 200
    assert bob.ask("GET", "/caches").status_code == 200
    assert is_refused(bob.ask("PUT", "/session", {"account_id": hers}))
    suspend(operator, his)
    resume(operator, hers)
    again = Browser(ann.app)
    assert again.sign_in(BOB).json()["account_id"] == hers


def test_an_invitation_waits_until_the_account_is_resumed(
    operator: Client, ann: Browser, post: Post
) -> None:
    account_id = account_of(ann)
    ann.ask("POST", "/invitations", {"email": BOB})
    asked = {"token": post.token(BOB), "password": PASSWORD}
    suspend(operator, account_id)

    refused = Browser(ann.app).ask("POST", "/invitations/accept", asked)

    assert is_refused(refused)
    resume(operator, account_id)
    assert Browser(ann.app).ask("POST", "/invitations/accept", asked).status_code == 200


def test_a_refresh_token_waits_too(owner: Client, neighbour: Client) -> None:
    request = auth_pb2._GenerateApiTokenRequest()
    grant = request.permissions.explicit.permissions.add().cache_permissions
    grant.role = 2
    grant.all_caches.SetInParent()
    request.expires.valid_for_seconds = 600
    answer = neighbour.call("/auth.Auth/GenerateApiToken", request.SerializeToString())
    made = auth_pb2._GenerateApiTokenResponse.FromString(answer.content)
    asked = auth_pb2._RefreshApiTokenRequest(
        api_key=made.api_key, refresh_token=made.refresh_token
    ).SerializeToString()
    suspend(owner, 2)
    nobody = Client(owner.app, None)

    refused = nobody.call("/auth.Auth/RefreshApiToken", asked)

    assert (refused.headers["grpc-status"], refused.headers["err"]) == ("7", "account_suspended")
    resume(owner, 2)
    assert nobody.call("/auth.Auth/RefreshApiToken", asked).headers["grpc-status"] == "0"


def test_a_guest_of_a_suspended_account_keeps_the_membership(
    operator: Client, ann: Browser, post: Post
) -> None:
    guest = joined(ann, post, BOB)
    account_id = account_of(ann)
    suspend(operator, account_id)
    assert is_refused(guest.ask("GET", "/caches"))

    resume(operator, account_id)

    assert guest.ask("GET", "/caches").status_code == 200
    assert [each["email"] for each in ann.ask("GET", "/members").json()["members"]] == [ANN, BOB]


def test_no_founding_of_a_suspended_account(owner: Client) -> None:
    suspend(owner, 2)

    refused = owner.ask("POST", "/accounts/2/invitations", {"email": ANN})

    assert is_refused(refused)


def test_a_restored_copy_knows_who_is_suspended_and_whose_owner_must_be_invited_again(
    owner: Client, neighbour: Client, control: Control, node: Listener
) -> None:
    keyed(neighbour)
    assert owner.ask("POST", "/accounts/2/invitations", {"email": ANN}).status_code == 412
    suspend(owner, 2)

    with control.begin() as tx:
        identity.renew(tx)
    node.forget()
    control.announce()

    assert node.suspended == {2}
    (other,) = owner.ask("GET", "/accounts?name=neighbour").json()["accounts"]
    assert (other["api_keys"], "suspended_at" in other) == (0, True)
    resume(owner, 2)
    assert owner.ask("POST", "/accounts/2/invitations", {"email": ANN}).status_code == 201
